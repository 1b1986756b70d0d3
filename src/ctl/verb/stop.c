/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"

int verb_stop(Ctl *ctl, char **args) {
        _cleanup_(strv_freep) char **units = NULL;
        int r;

        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = names_expand(ctl, args, &units);
        return r != 0 ? r : jobs_run(ctl, "stop", "StopUnit", units);
}
