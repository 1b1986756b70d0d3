/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/follow.h"

#include "base/log.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/property.h"

static int on_change(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        bool *changed = userdata;

        *changed = true;
        return 0;
}

/* 1: ended well; -ECANCELED: it failed; 0: still up. */
static int unit_ended(Ctl *ctl, const char *unit) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        const char *state;
        int r;

        r = properties_read_unit(ctl, unit, &error, &properties);
        if (r < 0) {
                (void) unit_report(ctl, "look at", unit, &error, r);
                return r;
        }
        state = property_text(properties, "ActiveState");
        return streq(state, "failed") ? -ECANCELED : streq(state, "inactive") ? 1 : 0;
}

static int follow_unit(Ctl *ctl, const char *unit, bool *changed) {
        for (;;) {
                int r;

                *changed = false;
                r = unit_ended(ctl, unit);
                if (r == -ECANCELED) {
                        return job_report(ctl, "run", unit, "failed");
                }
                if (r != 0) {
                        return r < 0 ? SBX_EXIT_FAILURE : SBX_EXIT_OK;
                }
                while (!*changed) {
                        r = sd_bus_process(ctl->bus, NULL);
                        if (r == 0) {
                                r = sd_bus_wait(ctl->bus, UINT64_MAX);
                        }
                        if (r < 0 && r != -EINTR) {
                                return log_fault(
                                        r, "The connection to sbxd broke while waiting for %s: %m",
                                        unit);
                        }
                }
        }
}

int jobs_run_and_follow(Ctl *ctl, const char *verb, const char *method, char *const *units) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        bool changed = false;
        int r, status;

        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        if (ctl->options.wait) {
                /* before the start: what ends at once must be seen too */
                r = sd_bus_match_signal(ctl->bus, &slot, ctl_sender(ctl), NULL,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_change, &changed);
                if (r < 0) {
                        return log_fault(r, "Failed to watch for changes: %m");
                }
        }
        status = jobs_run(ctl, verb, method, units);
        if (status != 0 || !ctl->options.wait) {
                return status;
        }
        STRV_FOREACH (unit, units) {
                r = follow_unit(ctl, *unit, &changed);
                if (r < 0) {
                        return SBX_EXIT_FAILURE;
                }
                status = r > 0 ? r : status;
        }
        return status;
}
