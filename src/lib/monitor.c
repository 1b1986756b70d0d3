/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/client.h"

struct sbx_monitor {
        sbx_client *client;
        sbx_event_handler handler;
        void *userdata;
        int fault, n; /* what the handler gave, how often it was called, since process() began */
        sd_bus_slot *slots[5];
};

static int tell(sbx_monitor *monitor, const sbx_event *event) {
        int r;

        if (monitor->fault < 0) {
                return 0;
        }
        monitor->n++;
        r = monitor->handler(event, monitor->userdata);
        monitor->fault = r < 0 ? r : 0;
        return 0;
}

/* -- what sbxd says -- */

static int on_unit(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        sbx_event event = {.active_state = "", .sub_state = "", .result = ""};

        event.type = streq(sd_bus_message_get_member(message), "UnitNew") ? SBX_EVENT_UNIT_NEW
                                                                          : SBX_EVENT_UNIT_REMOVED;
        return sd_bus_message_read(message, "s", &event.unit) < 0 ? 0 : tell(userdata, &event);
}

static int on_job(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        sbx_event event = {SBX_EVENT_JOB_REMOVED, "", "", "", ""};
        const char *path;
        uint32_t id;

        return sd_bus_message_read(message, "uoss", &id, &path, &event.unit, &event.result) < 0
                       ? 0
                       : tell(userdata, &event);
}

static int read_change(sd_bus_message *message, sbx_event *event) {
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0) {
                r = streq(name, SBX_INTERFACE_SANDBOX)
                            ? sd_bus_message_enter_container(message, 'a', "{sv}")
                            : -EBADMSG;
        }
        while (r >= 0) {
                const char **field;

                r = sd_bus_message_enter_container(message, 'e', "sv");
                if (r <= 0) {
                        return r;
                }
                r = sd_bus_message_read(message, "s", &name);
                if (r < 0) {
                        return r;
                }
                field = streq(name, "ActiveState") ? &event->active_state
                        : streq(name, "SubState")  ? &event->sub_state
                        : streq(name, "Result")    ? &event->result
                                                   : NULL;
                r = field ? sd_bus_message_read(message, "v", "s", field)
                          : sd_bus_message_skip(message, "v");
                if (r >= 0) {
                        r = sd_bus_message_exit_container(message);
                }
        }
        return r;
}

/* The name of the unit is in the path of the object. */
static int on_changed(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        sbx_event event = {SBX_EVENT_UNIT_CHANGED, "", "", "", ""};
        char *unit = NULL;
        int r;

        r = sd_bus_path_decode(sd_bus_message_get_path(message), SBX_SANDBOX_PREFIX, &unit);
        if (r > 0) {
                event.unit = unit;
                r = read_change(message, &event);
                if (r >= 0 && event.active_state[0] != '\0') {
                        r = tell(userdata, &event);
                }
        }
        free(unit);
        return 0;
}

static int on_gone(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        sbx_event event = {SBX_EVENT_SBXD_GONE, "", "", "", ""};

        return client_is_gone(message) ? tell(userdata, &event) : 0;
}

static int add_matches(sbx_monitor *monitor) {
        static const struct Match {
                const char *path, *interface, *member;
                sd_bus_message_handler_t handler;
        } matches[] = {
                {SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "UnitNew", on_unit},
                {SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "UnitRemoved", on_unit},
                {SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "JobRemoved", on_job},
                {NULL, "org.freedesktop.DBus.Properties", "PropertiesChanged", on_changed},
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(matches) && r >= 0; i++) {
                r = client_match(monitor->client, matches[i].path, matches[i].interface,
                                 matches[i].member, matches[i].handler, monitor,
                                 &monitor->slots[i]);
        }
        if (r >= 0 && monitor->client->peer) {
                r = client_call(monitor->client, "Subscribe", NULL, NULL);
        }
        return r < 0 ? r
                     : client_match_gone(monitor->client, on_gone, monitor,
                                         &monitor->slots[ELEMENTS(matches)]);
}

/* -- for the caller -- */

PUBLIC int sbx_monitor_new(sbx_client *client, sbx_event_handler handler, void *userdata,
                           sbx_monitor **ret) {
        sbx_monitor *monitor;
        int r;

        if (!client || !handler || !ret) {
                return -EINVAL;
        }
        monitor = calloc(1, sizeof(*monitor));
        if (!monitor) {
                return -ENOMEM;
        }
        monitor->client = client;
        monitor->handler = handler;
        monitor->userdata = userdata;
        r = add_matches(monitor);
        if (r < 0) {
                (void) sbx_monitor_free(monitor);
                return client_fail(client, r, NULL);
        }
        *ret = monitor;
        return 0;
}

PUBLIC sbx_monitor *sbx_monitor_free(sbx_monitor *monitor) {
        if (!monitor) {
                return NULL;
        }
        for (size_t i = 0; i < ELEMENTS(monitor->slots); i++) {
                sd_bus_slot_unref(monitor->slots[i]);
        }
        free(monitor);
        return NULL;
}

PUBLIC int sbx_monitor_fd(sbx_monitor *monitor) {
        return monitor ? sd_bus_get_fd(monitor->client->bus) : -EINVAL;
}

PUBLIC int sbx_monitor_events(sbx_monitor *monitor) {
        return monitor ? sd_bus_get_events(monitor->client->bus) : -EINVAL;
}

PUBLIC int sbx_monitor_timeout(sbx_monitor *monitor, uint64_t *ret_usec) {
        int r;

        if (!monitor || !ret_usec) {
                return -EINVAL;
        }
        r = sd_bus_get_timeout(monitor->client->bus, ret_usec);
        return r < 0 ? r : 0;
}

PUBLIC int sbx_monitor_process(sbx_monitor *monitor) {
        int r;

        if (!monitor) {
                return -EINVAL;
        }
        do {
                r = sd_bus_process(monitor->client->bus, NULL);
        } while (r > 0 && monitor->fault == 0);
        if (monitor->fault < 0) {
                r = monitor->fault;
        }
        monitor->fault = 0;
        if (r >= 0) {
                r = monitor->n;
        }
        monitor->n = 0;
        return r;
}
