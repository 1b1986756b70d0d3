/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"

#include <signal.h>

int verb_kill(Ctl *ctl, char **args) {
        _cleanup_(strv_freep) char **units = NULL;
        const char *whom = ctl->options.whom ? ctl->options.whom : "all";
        int number = SIGTERM, r, status = SBX_EXIT_OK;

        if (ctl->options.signal && parse_signal(ctl->options.signal, &number) < 0) {
                log_error("'%s' is no signal: give a name such as TERM, or a number.",
                          ctl->options.signal);
                return SBX_EXIT_FAILURE;
        }
        if (!streq(whom, "all") && !streq(whom, "main")) {
                log_error("--kill-whom= takes all or main, not '%s'.", whom);
                return SBX_EXIT_FAILURE;
        }
        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = names_expand(ctl, args, &units);
        if (r != 0) {
                return r;
        }
        STRV_FOREACH (unit, units) {
                sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;

                /* loaded first: a unit that is only on disk is one that does not run */
                r = ctl_call(ctl, "LoadUnit", &error, NULL, "s", *unit);
                r = r < 0 ? r
                          : ctl_call(ctl, "KillUnit", &error, NULL, "ssi", *unit, whom,
                                     (int32_t) number);
                if (r < 0) {
                        status = unit_report(ctl, "kill", *unit, &error, r);
                }
        }
        return status;
}
