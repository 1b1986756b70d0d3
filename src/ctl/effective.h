/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `show --effective`: limits as they were asked for, as they stand in the kernel, and what caps
 * them. */

#include "base/str.h"
#include "ctl/ctl.h"

#include <json-c/json_object.h>

/* Of one unit: a table behind what is in out, or with --json one more member, named as the unit, of
 * document. Gives the exit status, or -errno. */
int effective_show(Ctl *ctl, const char *unit, json_object *document, Str *out);
