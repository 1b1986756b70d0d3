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

int changes_watch(Ctl *ctl, bool *changed, sd_bus_slot **ret) {
        int r;

        r = sd_bus_match_signal(ctl->bus, ret, ctl_sender(ctl), NULL,
                                "org.freedesktop.DBus.Properties", "PropertiesChanged", on_change,
                                changed);
        /* Where nobody is there to hear it, the request that follows says so. */
        r = r < 0 ? r : ctl_tell(ctl, "Subscribe", NULL);
        return r < 0 ? log_fault(r, "Failed to watch for changes: %m") : 0;
}

static int wait_for_change(Ctl *ctl, const char *unit, const bool *changed) {
        while (!*changed) {
                int r;

                r = sd_bus_process(ctl->bus, NULL);
                if (r == 0) {
                        r = sd_bus_wait(ctl->bus, UINT64_MAX);
                }
                if (r < 0 && r != -EINTR) {
                        (void) log_fault(r, "The connection to sbxd broke while waiting for %s: %m",
                                         unit);
                        return SBX_EXIT_FAILURE;
                }
        }
        return SBX_EXIT_OK;
}

int unit_follow(Ctl *ctl, const char *unit, bool *changed, json_object **ret) {
        _cleanup_json_ json_object *last = NULL;

        for (;;) {
                sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
                _cleanup_json_ json_object *properties = NULL;
                const char *state;
                int r;

                *changed = false;
                r = properties_read_unit(ctl, unit, &error, &properties);
                if (r < 0 && last && sd_bus_error_has_name(&error, SBX_ERROR_NO_SUCH_UNIT)) {
                        *ret = TAKE(last); /* a transient one that its owner has let go */
                        return SBX_EXIT_OK;
                }
                if (r < 0) {
                        return unit_report(ctl, "look at", unit, &error, r);
                }
                state = property_text(properties, "ActiveState");
                if (streq(state, "failed") || streq(state, "inactive")) {
                        *ret = TAKE(properties);
                        return SBX_EXIT_OK;
                }
                json_putp(&last);
                last = TAKE(properties);
                r = wait_for_change(ctl, unit, changed);
                if (r != SBX_EXIT_OK) {
                        return r;
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
                r = changes_watch(ctl, &changed, &slot);
                if (r < 0) {
                        return SBX_EXIT_FAILURE;
                }
        }
        status = jobs_run(ctl, verb, method, units);
        if (status != 0 || !ctl->options.wait) {
                return status;
        }
        STRV_FOREACH (unit, units) {
                _cleanup_json_ json_object *properties = NULL;

                r = unit_follow(ctl, *unit, &changed, &properties);
                if (r == SBX_EXIT_OK && streq(property_text(properties, "ActiveState"), "failed")) {
                        r = job_report(ctl, "run", *unit, "failed");
                }
                status = r > 0 ? r : status;
        }
        return status;
}
