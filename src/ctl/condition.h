/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* is-active, is-failed: whether one of some units is in a state, as systemctl(1) has it. */

#include "ctl/ctl.h"

typedef struct Condition {
        const char *const *states; /* of ActiveState, NULL-terminated */
        int otherwise;             /* the exit status where none is in one of them */
} Condition;

/* Prints the state of each. Exit status 0 where at least one fits, 4 where there is none of them.
 */
int condition_check(Ctl *ctl, char **args, const Condition *condition);
