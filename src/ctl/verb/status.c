/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"
#include "ctl/processes.h"
#include "ctl/property.h"
#include "ctl/state.h"
#include "ctl/text.h"
#include "ctl/traffic.h"
#include "ctl/workload-log.h"

#include <fcntl.h>
#include <inttypes.h>

enum { LINES_DEFAULT = 10, COMM_MAX = 64 };

/* The name of a process, or NULL where it has gone. */
static char *process_name(uint64_t pid) {
        _cleanup_free_ char *path = strf("/proc/%" PRIu64 "/comm", pid), *text = NULL;
        size_t size;

        if (pid == 0 || !path || file_read_at(AT_FDCWD, path, COMM_MAX, &text, &size) < 0) {
                return NULL;
        }
        if (size > 0 && text[size - 1] == '\n') {
                text[size - 1] = '\0';
        }
        return TAKE(text);
}

static int status_text(Ctl *ctl, json_object *properties, size_t lines, Str *out) {
        _cleanup_free_ char *comm =
                ctl->options.host ? NULL : process_name(property_number(properties, "MainPID"));
        StateInput input = {
                .properties = properties,
                .colours = ctl->colour,
                .width = ctl->options.full ? 0 : output_width(),
                .now = usec_now(CLOCK_REALTIME),
                .main_comm = comm,
        };
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(str_done) Str tail = STR_INIT, processes = STR_INIT;
        _cleanup_(process_list_done) ProcessList list = {};
        int r;

        /* what is shown is a help, not an answer: it may be missing */
        if (*property_text(properties, "ControlGroup") &&
            processes_read(ctl, property_text(properties, "Id"), &error, &list) == 0) {
                r = processes_format(&list, STATE_INDENT, input.width, ctl->colour, &processes);
                if (r < 0) {
                        return r;
                }
        }
        input.processes = str_text(&processes);
        r = state_format(&input, out);
        if (r < 0) {
                return r;
        }
        /* a log that cannot be read (not root) is no reason to show nothing at all */
        if (log_tail(ctl, property_text(properties, "Id"), lines, &tail) == 0 && tail.length > 0) {
                r = str_append_char(out, '\n');
                r = r < 0 ? r : str_append(out, str_text(&tail));
        }
        return r;
}

/* Gives the exit status. */
static int status_one(Ctl *ctl, const char *unit, size_t lines, json_object *document, Str *out) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        bool active;
        int r;

        r = properties_read_unit(ctl, unit, &error, &properties);
        if (r < 0) {
                return unit_report(ctl, "show the status of", unit, &error, r);
        }
        if (streq(property_text(properties, "LoadState"), "not-found")) {
                log_error("There is no unit %s. 'sbxctl list-unit-files' shows what there is.",
                          unit);
                return SBX_EXIT_NO_SUCH_UNIT;
        }
        active = streq(property_text(properties, "ActiveState"), "active") ||
                 streq(property_text(properties, "ActiveState"), "reloading");
        if (property_flag(properties, "NeedDaemonReload")) {
                unit_report_changed(unit);
        }
        r = traffic_add(ctl, properties);
        if (r == 0 && ctl->json != JSON_OFF) {
                r = json_push(document, TAKE(properties));
        } else if (r == 0) {
                r = out->length > 0 ? str_append_char(out, '\n') : 0;
                r = r < 0 ? r : status_text(ctl, properties, lines, out);
        }
        return r < 0 ? r : active ? SBX_EXIT_OK : SBX_EXIT_NOT_ACTIVE;
}

static int status_manager(Ctl *ctl, json_object *document, Str *out) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        int r;

        r = properties_read(ctl, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, &error, &properties);
        if (r < 0) {
                return ctl_report(ctl, "show the status of the manager", &error, r);
        }
        if (ctl->json != JSON_OFF) {
                return json_push(document, TAKE(properties));
        }
        r = str_appendf(out, "%s●%s sbxd %s\n", colour_code(ctl->colour, COLOUR_GREEN),
                        colour_code(ctl->colour, COLOUR_NONE),
                        property_text(properties, "Version"));
        r = r < 0 ? r : str_appendf(out, "    Backend: %s\n", property_text(properties, "Backend"));
        return r < 0 ? r
                     : str_appendf(out, "      Units: %" PRIu64 " loaded\n",
                                   property_number(properties, "NUnits"));
}

int verb_status(Ctl *ctl, char **args) {
        _cleanup_json_ json_object *document = json_object_new_array();
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        uint64_t lines = LINES_DEFAULT;
        int r, status = SBX_EXIT_OK;

        if (ctl->options.lines && parse_u64(ctl->options.lines, &lines) < 0) {
                log_error("-n takes a number, not '%s'.", ctl->options.lines);
                return SBX_EXIT_FAILURE;
        }
        if (!document) {
                return -ENOMEM;
        }
        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = names_expand(ctl, args, &units);
        if (r != 0) {
                return r;
        }
        if (!args[0]) {
                status = status_manager(ctl, document, &out);
        }
        STRV_FOREACH (unit, units) {
                r = status_one(ctl, *unit, (size_t) lines, document, &out);
                if (r < 0) {
                        return r;
                }
                status = MAX(status, r);
        }
        if (status < 0) {
                return status;
        }
        if (ctl->json == JSON_OFF) {
                r = output_print(ctl, &out);
        } else if (json_object_array_length(document) == 1 && !(args[0] && args[1])) {
                r = output_json(ctl, json_object_array_get_idx(document, 0));
        } else if (json_object_array_length(document) > 0) {
                r = output_json(ctl, document);
        }
        return r < 0 ? r : status;
}
