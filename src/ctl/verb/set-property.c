/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/str.h"
#include "ctl/assignments.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"

static int set_properties(Ctl *ctl, const char *unit, char *const *assignments,
                          sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(ctl->bus, &message, SBX_BUS_NAME, SBX_OBJECT_PATH,
                                           SBX_INTERFACE_MANAGER, "SetUnitProperties");
        r = r < 0 ? r : sd_bus_message_append(message, "sb", unit, ctl->options.runtime ? 1 : 0);
        r = r < 0 ? r : sd_bus_message_open_container(message, 'a', "(sv)");
        r = r < 0 ? r : assignments_append(assignments, message);
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_call(ctl->bus, message, 0, error, NULL);
}

int verb_set_property(Ctl *ctl, char **args) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(strv_freep) char **units = NULL;
        char *const name[] = {args[0], NULL};
        int r;

        STRV_FOREACH (assignment, args + 1) {
                if (!strchr(*assignment, '=') || **assignment == '=') {
                        log_error("'%s' is no DIRECTIVE=VALUE.", *assignment);
                        return SBX_EXIT_FAILURE;
                }
        }
        r = names_mangle(name, &units);
        if (r != 0) {
                return r;
        }
        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = set_properties(ctl, units[0], args + 1, &error);
        return r < 0 ? unit_report(ctl, "set properties of", units[0], &error, r) : SBX_EXIT_OK;
}
