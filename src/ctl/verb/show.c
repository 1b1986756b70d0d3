/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/effective.h"
#include "ctl/job.h"
#include "ctl/names.h"
#include "ctl/property.h"
#include "ctl/text.h"

#include <json-c/linkhash.h>

#include <unistd.h>

/* -p A,B -p C → A B C */
static int wanted_names(char *const *options, char ***ret) {
        STRV_FOREACH (option, options) {
                const char *text = *option;

                while (*text) {
                        size_t n = strcspn(text, ",");

                        if (n > 0 && strv_append_take(ret, strf("%.*s", (int) n, text)) < 0) {
                                return -ENOMEM;
                        }
                        text += n + strspn(text + n, ",");
                }
        }
        return 0;
}

/* One property, one line: a break within a value is escaped wherever it goes. A backslash is not:
 * names of scopes have them, and scripts hand them on. */
static int append_line(const char *text, size_t n, Str *out) {
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                size_t run = strcspn(text + i, "\\");

                run = MIN(run, n - i);
                r = str_append_escaped(out, text + i, run);
                i += run;
                if (r == 0 && i < n) {
                        r = str_append_char(out, '\\');
                }
        }
        return r;
}

static int show_property(const Ctl *ctl, const char *name, json_object *value, Str *out) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r = 0;

        r = property_format(name, value, &text);
        if (r == 0 && !ctl->options.value) {
                r = str_appendf(out, "%s=", name);
        }
        if (r == 0) {
                r = append_line(str_text(&text), text.length, out);
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

/* Picks what is wanted, in the order in which it was asked for. */
static int pick(json_object *properties, char *const *wanted, json_object **ret) {
        _cleanup_json_ json_object *picked = json_object_new_object();

        if (!picked) {
                return -ENOMEM;
        }
        STRV_FOREACH (name, wanted) {
                json_object *value = NULL;

                if (json_object_object_get_ex(properties, *name, &value) &&
                    json_object_object_add(picked, *name, json_object_get(value)) < 0) {
                        return -ENOMEM;
                }
        }
        *ret = TAKE(picked);
        return 0;
}

static int show_all(const Ctl *ctl, json_object *properties, Str *out) {
        json_object_object_foreach(properties, name, value) {
                int r;

                r = show_property(ctl, name, value, out);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* unit NULL: the manager. */
static int show_one(Ctl *ctl, const char *unit, char *const *wanted, json_object *document,
                    Str *out) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        int r;

        r = unit ? properties_read_unit(ctl, unit, &error, &properties)
                 : properties_read(ctl, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, &error,
                                   &properties);
        if (r < 0) {
                return unit ? unit_report(ctl, "show", unit, &error, r)
                            : ctl_report(ctl, "show the manager", &error, r);
        }
        if (wanted) {
                json_object *picked = NULL;

                r = pick(properties, wanted, &picked);
                if (r < 0) {
                        return r;
                }
                json_object_put(properties);
                properties = picked;
        }
        if (ctl->json != JSON_OFF) {
                return json_push(document, TAKE(properties));
        }
        if (out->length > 0 && str_append_char(out, '\n') < 0) {
                return -ENOMEM;
        }
        return show_all(ctl, properties, out);
}

static int show_effective(Ctl *ctl, char **args) {
        _cleanup_json_ json_object *document = json_object_new_object();
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        int r, status = SBX_EXIT_OK;

        if (!args[0]) {
                log_error("--effective shows the limits of sandboxes: name one.");
                return SBX_EXIT_FAILURE;
        }
        r = document ? names_expand(ctl, args, &units) : -ENOMEM;
        if (r != 0) {
                return r;
        }
        STRV_FOREACH (unit, units) {
                r = effective_show(ctl, *unit, document, &out);
                if (r < 0) {
                        return r;
                }
                status = r != 0 ? r : status;
        }
        r = ctl->json == JSON_OFF ? output_print(ctl, &out) : output_json(ctl, document);
        return r < 0 ? r : status;
}

int verb_show(Ctl *ctl, char **args) {
        _cleanup_json_ json_object *document = json_object_new_array();
        _cleanup_(strv_freep) char **units = NULL, **wanted = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        int r, status = SBX_EXIT_OK;

        if (!document) {
                return -ENOMEM;
        }
        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        if (ctl->options.effective) {
                return show_effective(ctl, args);
        }
        r = names_expand(ctl, args, &units);
        if (r == 0) {
                r = wanted_names(ctl->options.properties, &wanted);
        }
        if (r != 0) {
                return r;
        }
        if (!args[0]) {
                status = show_one(ctl, NULL, wanted, document, &out);
        }
        STRV_FOREACH (unit, units) {
                r = show_one(ctl, *unit, wanted, document, &out);
                status = r != 0 ? r : status;
        }
        if (status < 0) {
                return status;
        }
        if (ctl->json == JSON_OFF) {
                r = output_print(ctl, &out);
        } else if (status != 0 && json_object_array_length(document) == 0) {
                r = 0; /* what was asked for has been told on stderr */
        } else if (json_object_array_length(document) == 1 && !(args[0] && args[1])) {
                r = output_json(ctl, json_object_array_get_idx(document, 0));
        } else {
                r = output_json(ctl, document);
        }
        return r < 0 ? r : status;
}
