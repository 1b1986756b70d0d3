/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/condition.h"

#include "sbx/exit.h"

int verb_is_failed(Ctl *ctl, char **args) {
        static const char *const states[] = {"failed", NULL};
        const Condition condition = {states, SBX_EXIT_FAILURE};

        return condition_check(ctl, args, &condition);
}
