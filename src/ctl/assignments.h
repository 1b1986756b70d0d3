/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `run -p Directive=value …` as the properties of a transient unit. */

#include "base/str.h"
#include "ctl/ctl.h"

/* The assignments of a transient unit, "Directive=value" each: those of -p, Type=exec unless given,
 * Environment= for each of environment, ExecStart= for argv. -EINVAL: one has no '=', reported. */
int assignments_make(char *const *properties, char *const *environment, char *const *argv,
                     char ***ret);
/* Appends them as a(sv), one entry a directive in the order of its first assignment: 's' where
 * there is one, 'as' where there are several. The array must be open. */
int assignments_append(char *const *assignments, sd_bus_message *message);
