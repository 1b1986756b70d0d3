/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/connection.h"
#include "ctl/follow.h"
#include "ctl/names.h"

#include "base/str.h"

int verb_start(Ctl *ctl, char **args) {
        _cleanup_(strv_freep) char **units = NULL;
        int r;

        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = names_expand(ctl, args, &units);
        if (r != 0) {
                return r;
        }
        return jobs_run_and_follow(ctl, "start", "StartUnit", units);
}
