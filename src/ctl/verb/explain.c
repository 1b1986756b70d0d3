/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/explain.h"

#include "base/fd.h"
#include "base/host.h"
#include "base/log.h"
#include "base/parse.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"
#include "ctl/property.h"
#include "ctl/workload-log.h"

#include <fcntl.h>

enum { LINES = 10, FILE_MAX = 1 << 20 };

/* One line about the host that sbxd runs on; of another host no more than the back end is known. */
static char *host_text(Ctl *ctl) {
        _cleanup_free_ char *backend = NULL;
        HostFacts host = {};

        (void) sd_bus_get_property_string(ctl->bus, SBX_BUS_NAME, SBX_OBJECT_PATH,
                                          SBX_INTERFACE_MANAGER, "Backend", NULL, &backend);
        if (ctl->options.host || host_facts_probe(&host) < 0) {
                return strf("Back end: %s", backend ? backend : "unknown");
        }
        return strf("Linux %u.%u, cgroups: %s, %s, back end: %s. See also 'sbxctl doctor'.",
                    host.kernel_major, host.kernel_minor, cgroup_mode_name(host.cgroup_mode),
                    host.systemd_booted ? "systemd" : "no systemd", backend ? backend : "unknown");
}

/* The line of "FILE:LINE:COLUMN", as "LINE | text"; NULL where it cannot be read. */
static char *source_line(const char *place) {
        _cleanup_free_ char *path = strdup(place ? place : ""), *text = NULL;
        char *column = path ? strrchr(path, ':') : NULL, *line;
        uint32_t number;
        size_t size;

        if (!column) {
                return NULL;
        }
        *column = '\0';
        line = strrchr(path, ':');
        if (!line || parse_u32(line + 1, &number) < 0) {
                return NULL;
        }
        *line = '\0';
        if (file_read_at(AT_FDCWD, path, FILE_MAX, &text, &size) < 0) {
                return NULL;
        }
        line = text;
        for (uint32_t i = 1; i < number && *line; i++) {
                line += strcspn(line, "\n");
                line += *line == '\n';
        }
        return strf("%u | %.*s", number, (int) strcspn(line, "\n"), line);
}

/* Gives the exit status. */
static int explain_one(Ctl *ctl, const char *unit, const char *host, json_object *document,
                       Str *out) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL, *explanation = NULL;
        _cleanup_(str_done) Str tail = STR_INIT;
        _cleanup_free_ char *source = NULL;
        ExplainInput input = {.host = host};
        int r;

        r = properties_read_unit(ctl, unit, &error, &properties);
        if (r < 0) {
                return unit_report(ctl, "explain", unit, &error, r);
        }
        if (streq(property_text(properties, "LoadState"), "not-found")) {
                log_error("There is no unit %s. 'sbxctl list-unit-files' shows what there is.",
                          unit);
                return SBX_EXIT_NO_SUCH_UNIT;
        }
        /* a log that cannot be read (not root) is no reason to say nothing at all */
        (void) log_tail(ctl, unit, LINES, &tail);
        source = ctl->options.host ? NULL : source_line(explain_place(properties));
        input.properties = properties;
        input.log = str_text(&tail);
        input.source = source;
        r = explain_to_json(&input, &explanation);
        if (r == 0 && ctl->json != JSON_OFF) {
                return json_push(document, TAKE(explanation));
        }
        if (r == 0 && out->length > 0) {
                r = str_append_char(out, '\n');
        }
        return r < 0 ? r : explain_format(explanation, output_width(), ctl->colour, out);
}

int verb_explain(Ctl *ctl, char **args) {
        _cleanup_json_ json_object *document = json_object_new_array();
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_free_ char *host = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        int r, status = SBX_EXIT_OK;

        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = names_expand(ctl, args, &units);
        if (r != 0) {
                return r;
        }
        host = host_text(ctl);
        if (!document || !host) {
                return -ENOMEM;
        }
        STRV_FOREACH (unit, units) {
                r = explain_one(ctl, *unit, host, document, &out);
                if (r < 0) {
                        return r;
                }
                status = r > 0 ? r : status;
        }
        if (ctl->json == JSON_OFF) {
                r = output_print(ctl, &out);
        } else if (json_object_array_length(document) == 1 && !args[1]) {
                r = output_json(ctl, json_object_array_get_idx(document, 0));
        } else {
                r = output_json(ctl, document);
        }
        return r < 0 ? r : status;
}
