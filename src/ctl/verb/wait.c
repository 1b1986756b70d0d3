/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/follow.h"
#include "ctl/names.h"
#include "ctl/property.h"

/* How it ended, under systemd's names. */
static int result_to_json(const char *unit, json_object *properties, json_object *document) {
        static const char *const names[] = {"ActiveState", "Result", "ExecMainCode",
                                            "ExecMainStatus"};
        _cleanup_json_ json_object *result = json_object_new_object();

        if (!result) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                json_object *value = NULL;

                if (json_object_object_get_ex(properties, names[i], &value) &&
                    json_object_object_add(result, names[i], json_object_get(value)) < 0) {
                        return -ENOMEM;
                }
        }
        return json_set(document, unit, TAKE(result));
}

static int wait_one(Ctl *ctl, const char *unit, bool *changed, json_object *document) {
        _cleanup_json_ json_object *properties = NULL;
        int r;

        r = unit_follow(ctl, unit, changed, &properties);
        if (r != SBX_EXIT_OK) {
                return r;
        }
        if (streq(property_text(properties, "LoadState"), "not-found")) {
                log_error("There is no unit %s. 'sbxctl list-unit-files' shows what there is.",
                          unit);
                return SBX_EXIT_NO_SUCH_UNIT;
        }
        return result_to_json(unit, properties, document);
}

int verb_wait(Ctl *ctl, char **args) {
        _cleanup_json_ json_object *document = json_object_new_object();
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        _cleanup_(strv_freep) char **units = NULL;
        int r, status = SBX_EXIT_OK;
        bool changed = false;

        if (!document) {
                return -ENOMEM;
        }
        if (ctl_connect(ctl) < 0 || changes_watch(ctl, &changed, &slot) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = names_expand(ctl, args, &units);
        if (r != 0) {
                return r;
        }
        STRV_FOREACH (unit, units) {
                r = wait_one(ctl, *unit, &changed, document);
                if (r < 0) {
                        return r;
                }
                status = r > 0 ? r : status;
        }
        r = ctl->json == JSON_OFF ? 0 : output_json(ctl, document);
        return r < 0 ? r : status;
}
