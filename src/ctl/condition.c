/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/condition.h"

#include "base/log.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"
#include "ctl/property.h"

/* The state, or "unknown" for a unit that there is not. */
static int state_of(Ctl *ctl, const char *unit, char **ret, bool *ret_exists) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        int r;

        r = properties_read_unit(ctl, unit, &error, &properties);
        if (r < 0 && !sd_bus_error_has_name(&error, SBX_ERROR_NO_SUCH_UNIT)) {
                return unit_report(ctl, "look at", unit, &error, r);
        }
        *ret_exists = r >= 0 && !streq(property_text(properties, "LoadState"), "not-found");
        *ret = strf("%s", r >= 0 ? property_text(properties, "ActiveState") : "unknown");
        return *ret ? 0 : -ENOMEM;
}

int condition_check(Ctl *ctl, char **args, const Condition *condition) {
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_json_ json_object *document = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        bool holds = false, exists = false;
        int r;

        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = names_expand(ctl, args, &units);
        if (r != 0) {
                return r;
        }
        document = json_object_new_object();
        if (!document) {
                return -ENOMEM;
        }
        STRV_FOREACH (unit, units) {
                _cleanup_free_ char *state = NULL;
                bool found = false;

                r = state_of(ctl, *unit, &state, &found);
                if (r == 0 && state) {
                        holds |= strv_contains((char *const *) condition->states, state);
                        exists |= found;
                        r = str_appendf(&out, "%s\n", state);
                }
                if (r == 0) {
                        r = json_set_text(document, *unit, state);
                }
                if (r != 0) {
                        return r;
                }
        }
        if (!ctl->options.quiet) {
                r = ctl->json != JSON_OFF ? output_json(ctl, document) : output_print(ctl, &out);
                if (r < 0) {
                        return r;
                }
        }
        return holds              ? SBX_EXIT_OK
               : exists || !units ? condition->otherwise
                                  : SBX_EXIT_NO_SUCH_UNIT;
}
