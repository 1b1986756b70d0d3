/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"

/* With no name: the units whose ActiveState is failed. */
static int failed_units(Ctl *ctl, char ***ret) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *unit, *description, *load, *active;
        int r;

        r = ctl_call(ctl, "ListUnits", &error, &reply, NULL);
        if (r < 0) {
                return ctl_report(ctl, "list sandboxes", &error, r);
        }
        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "ssssssouso")) > 0) {
                r = sd_bus_message_read(reply, "ssss", &unit, &description, &load, &active);
                if (r >= 0 && streq(active, "failed")) {
                        r = strv_append(ret, unit);
                }
                if (r >= 0) {
                        r = sd_bus_message_skip(reply, "ssouso");
                }
                if (r >= 0) {
                        r = sd_bus_message_exit_container(reply);
                }
        }
        return r < 0 ? r : 0;
}

int verb_reset_failed(Ctl *ctl, char **args) {
        _cleanup_(strv_freep) char **units = NULL;
        int r, status = SBX_EXIT_OK;

        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = args[0] ? names_expand(ctl, args, &units) : failed_units(ctl, &units);
        if (r != 0) {
                return r;
        }
        STRV_FOREACH (unit, units) {
                sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;

                r = ctl_call(ctl, "ResetFailedUnit", &error, NULL, "s", *unit);
                if (r < 0) {
                        status = unit_report(ctl, "reset", *unit, &error, r);
                }
        }
        return status;
}
