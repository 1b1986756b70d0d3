/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/condition.h"

#include "sbx/exit.h"

int verb_is_active(Ctl *ctl, char **args) {
        static const char *const states[] = {"active", "reloading", NULL};
        const Condition condition = {states, SBX_EXIT_NOT_ACTIVE};

        return condition_check(ctl, args, &condition);
}
