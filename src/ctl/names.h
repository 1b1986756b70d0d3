/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names of units as users give them. */

#include "ctl/ctl.h"

/* "web" → "web.sandbox" for each; a bad one is reported. 0; SBX_EXIT_FAILURE, reported; or -errno.
 */
int names_mangle(char *const *args, char ***ret);
/* The same, with patterns of glob(7) replaced by the loaded units that match, in the order of the
 * manager's list. A pattern that matches nothing stands for nothing. */
int names_expand(Ctl *ctl, char *const *args, char ***ret);
bool name_is_pattern(const char *text);
/* True where name matches one of patterns, which may leave out ".sandbox"; no patterns match all.
 */
bool name_matches(const char *name, char *const *patterns);
