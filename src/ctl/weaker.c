/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/weaker.h"

#include "ctl/property.h"

/* value: as `show` prints it, NULL for anything but nothing. The first row of a directive that fits
 * is taken; without a meaning it is as good as the default. */
static const struct {
        const char *directive, *value, *meaning;
} rows[] = {
        {"PrivateUsers", "no", "Root inside is root on the host."},
        {"PrivateUsers", "identity", "User ids inside are those of the host."},
        {"PrivateUsers", "self", "Root inside is the host's root, other ids are not there."},
        {"PrivatePIDs", "no", "It sees the host's processes."},
        {"PrivateNetwork", "no", "It uses the host's network, its abstract sockets included."},
        {"PrivateIPC", "no", "It shares System V memory and message queues with the host."},
        {"PrivateDevices", "no", "It sees the host's devices."},
        {"DeviceAllow", NULL, "It may use these devices of the host."},
        {"PrivateTmp", "no", "Its temporary files lie where others can reach them."},
        {"ProtectHostname", "no", "The host's name is its own."},
        {"ProtectControlGroups", "no", "It sees the host's control groups."},
        {"Delegate", "no", NULL},
        {"Delegate", NULL, "It makes and manages control groups below its own."},
        {"ProcSubset", "all", "It sees all of /proc, not processes alone."},
        {"NoNewPrivileges", "no", "Programs inside can gain privileges by executing others."},
        {"CapabilityBoundingSet", NULL, "It may hold these capabilities."},
        {"AmbientCapabilities", NULL, "Its program starts with these capabilities."},
        {"TasksMax", "infinity", "It may make any number of processes."},
        {"LimitCORE", "infinity", "Its memory is written to disk when it crashes."},
};

/* A list that only takes away from the default one is not weaker. */
static bool filter_is_replaced(json_object *properties) {
        json_object *list = property_list(properties, "SystemCallFilter");
        const char *first = list && json_object_array_length(list) > 0
                                    ? json_object_get_string(json_object_array_get_idx(list, 0))
                                    : NULL;

        return first && first[0] != '~';
}

static int add(json_object *properties, const char *directive, const char *value,
               const char *meaning, json_object *weaker) {
        _cleanup_json_ json_object *item = json_object_new_object();
        json_object *places = NULL, *place = NULL;
        int r;

        if (json_object_object_get_ex(properties, "DirectivePlaces", &places)) {
                (void) json_object_object_get_ex(places, directive, &place);
        }
        r = item ? json_set_text(item, "directive", directive) : -ENOMEM;
        r = r < 0 ? r : json_set_text(item, "value", value);
        r = r < 0 ? r : json_set_text(item, "place", place ? json_object_get_string(place) : NULL);
        r = r < 0 ? r : json_set_text(item, "meaning", meaning);
        return r < 0 ? r : json_push(weaker, TAKE(item));
}

int weaker_find(json_object *properties, json_object *weaker) {
        const char *last = "";
        int r = 0;

        assert(properties);
        assert(weaker);

        for (size_t i = 0; r == 0 && i < ELEMENTS(rows); i++) {
                _cleanup_(str_done) Str text = STR_INIT;
                json_object *value = NULL;

                if (streq(rows[i].directive, last) ||
                    !json_object_object_get_ex(properties, rows[i].directive, &value)) {
                        continue;
                }
                r = property_format(rows[i].directive, value, &text);
                if (r == 0 &&
                    (rows[i].value ? streq(str_text(&text), rows[i].value) : text.length > 0)) {
                        last = rows[i].directive;
                        r = rows[i].meaning ? add(properties, last, str_text(&text),
                                                  rows[i].meaning, weaker)
                                            : 0;
                }
        }
        if (r == 0 && filter_is_replaced(properties)) {
                r = add(properties, "SystemCallFilter", "…",
                        "A list of its own replaces the default one of system calls.", weaker);
        }
        return r;
}
