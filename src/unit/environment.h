/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files of environment variables, EnvironmentFile=. Not a part of the unit: they are read anew at
 * each start, by who starts it. */

#include "unit/unit.h"

#define ENVIRONMENT_FILE_MAX (1u << 20)
#define ENVIRONMENT_FILES_MAX 64u /* that one unit reads */
#define ENVIRONMENT_VARIABLES_MAX \
        900u                        /* of them all: a plan takes 1024, with those of sbx itself */
#define ENVIRONMENT_WORD_MAX 65535u /* bytes of one NAME=VALUE */

/* The bytes of a file, by the rules of systemd.exec(5), behind the assignments of *list; a later
 * one of a name replaces the earlier. path: what places show. Mistakes go to diags, under
 * directive; -ENOMEM. */
int environment_read(const char *path, const char *bytes, size_t size, DiagList *diags,
                     char ***list);

/* All files of the unit's EnvironmentFile=, in their order. With search->check_owner a file has to
 * be root's, closed to other writers, and its parents too. 0, UNIT_E_INVALID with diags, or
 * -ENOMEM. */
int unit_read_environment(const UnitSearch *search, const Spec *spec, DiagList *diags, char ***ret);
