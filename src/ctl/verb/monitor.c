/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "base/log.h"
#include "base/time.h"
#include "ctl/connection.h"
#include "ctl/names.h"
#include "ctl/output.h"
#include "ctl/property.h"
#include "ctl/text.h"

#include <json-c/linkhash.h>
#include <time.h>
#include <unistd.h>

typedef struct Monitor {
        Ctl *ctl;
        char *const *patterns;
        json_object *known; /* by unit: its properties as they were told last */
        int result;         /* of the last line that was printed */
} Monitor;

/* The arguments of each signal of the manager, by name. "unit": the name that patterns are held
 * against; one without is shown always. */
static const struct Signal {
        const char *member;
        const char *arguments[5];
} signals[] = {
        {"UnitNew", {"unit", "path"}},
        {"UnitRemoved", {"unit", "path"}},
        {"JobNew", {"job", "path", "unit"}},
        {"JobRemoved", {"job", "path", "unit", "result"}},
        {"ExecExited", {"id", "unit", "code", "status", "result"}},
        {"Reloading", {"active"}},
};

static const struct Signal *signal_find(const char *member) {
        for (size_t i = 0; i < ELEMENTS(signals); i++) {
                if (streq(signals[i].member, member)) {
                        return &signals[i];
                }
        }
        return NULL;
}

/* All arguments of a signal, under their names. What a later sbxd adds comes as "argument". */
static int read_manager(sd_bus_message *message, const struct Signal *known, json_object *event) {
        for (size_t i = 0;; i++) {
                const char *name = known && i < ELEMENTS(known->arguments) && known->arguments[i]
                                           ? known->arguments[i]
                                           : "argument";
                json_object *value = NULL;
                int r;

                r = sd_bus_message_at_end(message, true);
                if (r != 0) {
                        return r < 0 ? r : 0;
                }
                r = message_to_json(message, &value);
                r = r < 0 ? r : json_set(event, name, value);
                if (r < 0) {
                        return r;
                }
        }
}

/* sa{sv}as of PropertiesChanged. */
static int read_properties(sd_bus_message *message, json_object *event) {
        json_object *changed = NULL, *invalidated = NULL;
        _cleanup_free_ char *name = NULL;
        const char *interface;
        int r;

        if (sd_bus_path_decode(sd_bus_message_get_path(message), SBX_SANDBOX_PREFIX, &name) > 0) {
                r = json_set_text(event, "unit", name);
                if (r < 0) {
                        return r;
                }
        }
        r = sd_bus_message_read(message, "s", &interface);
        r = r < 0 ? r : message_to_json(message, &changed);
        r = r < 0 ? r : json_set(event, "changed", changed);
        r = r < 0 ? r : message_to_json(message, &invalidated);
        return r < 0 ? r : json_set(event, "invalidated", invalidated);
}

static int line_append(json_object *event, Str *out) {
        const char *signal = property_text(event, "signal"), *unit = property_text(event, "unit");
        json_object *changed = NULL;
        int r;

        r = str_appendf(out, "%-17s ", signal);
        r = r < 0 ? r : text_append(out, false, COLOUR_NONE, *unit ? unit : "-");
        if (json_object_object_get_ex(event, "changed", &changed)) {
                event = changed;
        }
        json_object_object_foreach(event, key, value) {
                _cleanup_(str_done) Str text = STR_INIT;

                if (r < 0 || streq(key, "signal") || streq(key, "unit") || streq(key, "time") ||
                    streq(key, "path")) {
                        continue;
                }
                r = property_format(key, value, &text);
                r = r < 0 ? r : str_append_char(out, ' ');
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, key);
                r = r < 0 ? r : str_append_char(out, '=');
                r = r < 0 ? r : text_append(out, false, COLOUR_NONE, str_text(&text));
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

static int time_append(Str *out) {
        usec_t now = usec_now(CLOCK_REALTIME);
        time_t seconds = (time_t) (now / USEC_PER_SEC);
        char text[32] = "";
        struct tm tm = {};

        if (localtime_r(&seconds, &tm)) {
                (void) strftime(text, sizeof(text), "%H:%M:%S", &tm);
        }
        return str_appendf(out, "%s.%03u ", text, (unsigned) (now % USEC_PER_SEC / USEC_PER_MSEC));
}

static bool value_is_empty(json_object *value) {
        switch (json_object_get_type(value)) {
        case json_type_null:
                return true;
        case json_type_string:
                return json_object_get_string_len(value) == 0;
        case json_type_array:
                return json_object_array_length(value) == 0;
        case json_type_int:
                return json_object_get_uint64(value) == 0;
        default:
                return false;
        }
}

/* sbxd tells all that can change each time. Leaves what has another value than was told before, and
 * of a unit that is new here what has one. False: nothing. */
static bool keep_news(const Monitor *monitor, json_object *event) {
        const char *unit = property_text(event, "unit");
        json_object *changed = NULL, *before = NULL, *news;

        if (streq(property_text(event, "signal"), "UnitRemoved")) {
                json_object_object_del(monitor->known, unit);
        }
        if (!json_object_object_get_ex(event, "changed", &changed)) {
                return true;
        }
        news = json_object_new_object();
        if (!json_object_object_get_ex(monitor->known, unit, &before)) {
                before = json_object_new_object();
                json_object_object_add(monitor->known, unit, before);
        }
        json_object_object_foreach(changed, key, value) {
                json_object *old = NULL;
                bool had = json_object_object_get_ex(before, key, &old);

                if (had ? !json_object_equal(old, value) : !value_is_empty(value)) {
                        json_object_object_add(news, key, json_object_get(value));
                }
                json_object_object_add(before, key, json_object_get(value));
        }
        json_object_object_add(event, "changed", news);
        return json_object_object_length(news) > 0;
}

static int print(const Monitor *monitor, json_object *event) {
        _cleanup_(str_done) Str out = STR_INIT;
        const char *text;
        int r;

        if (monitor->ctl->json == JSON_OFF) {
                if (!keep_news(monitor, event)) {
                        return 0;
                }
                r = time_append(&out);
                r = r < 0 ? r : line_append(event, &out);
        } else {
                text = json_object_to_json_string_ext(
                        event, monitor->ctl->json == JSON_PRETTY
                                       ? JSON_C_TO_STRING_NOSLASHESCAPE | JSON_C_TO_STRING_PRETTY |
                                                 JSON_C_TO_STRING_SPACED
                                       : JSON_C_TO_STRING_NOSLASHESCAPE | JSON_C_TO_STRING_PLAIN);
                r = text ? str_append(&out, text) : -ENOMEM;
                r = r < 0 ? r : str_append_char(&out, '\n');
        }
        /* at once: whoever reads waits for it */
        return r < 0 ? r : fd_write_all(STDOUT_FILENO, str_text(&out), out.length);
}

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_json_ json_object *event = json_object_new_object();
        const char *member = sd_bus_message_get_member(message), *unit;
        Monitor *monitor = userdata;
        int r;

        r = event ? json_set_text(event, "signal", member) : -ENOMEM;
        r = r < 0 ? r : json_set(event, "time", json_object_new_uint64(usec_now(CLOCK_REALTIME)));
        if (r == 0) {
                r = streq(member, "PropertiesChanged")
                            ? read_properties(message, event)
                            : read_manager(message, signal_find(member), event);
        }
        if (r < 0) {
                return 0; /* not as we know it: another's mistake */
        }
        unit = property_text(event, "unit");
        if (!*unit || name_matches(unit, monitor->patterns)) {
                monitor->result = print(monitor, event);
        }
        return 0;
}

static int watch(Ctl *ctl, Monitor *monitor) {
        int r;

        r = sd_bus_match_signal(ctl->bus, NULL, ctl_sender(ctl), NULL, SBX_INTERFACE_MANAGER, NULL,
                                on_signal, monitor);
        r = r < 0 ? r
                  : sd_bus_match_signal(ctl->bus, NULL, ctl_sender(ctl), NULL,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_signal, monitor);
        return r < 0 ? log_fault(r, "Failed to watch for signals: %m") : 0;
}

int verb_monitor(Ctl *ctl, char **args) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *known = json_object_new_object();
        Monitor monitor = {.ctl = ctl, .patterns = args, .known = known};
        int r;

        if (!known) {
                return -ENOMEM;
        }
        if (ctl_connect(ctl) < 0 || watch(ctl, &monitor) < 0) {
                return SBX_EXIT_FAILURE;
        }
        /* the answer also tells whether anybody is there */
        r = ctl_call(ctl, "Subscribe", &error, NULL, NULL);
        if (r < 0) {
                return ctl_report(ctl, "watch sbxd", &error, r);
        }
        while (monitor.result == 0) {
                r = sd_bus_process(ctl->bus, NULL);
                if (r == 0) {
                        r = sd_bus_wait(ctl->bus, UINT64_MAX);
                }
                if (r < 0 && r != -EINTR) {
                        (void) log_fault(r, "The connection to sbxd broke: %m");
                        return SBX_EXIT_FAILURE;
                }
        }
        return monitor.result;
}
