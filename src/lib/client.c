/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/client.h"

#include "base/str.h"
#include "bus/errors.h"

#include <stdarg.h>

#define DBUS_NAME "org.freedesktop.DBus"
#define LOCAL_PATH "/org/freedesktop/DBus/Local"
#define LOCAL_NAME "org.freedesktop.DBus.Local"

/* -- errors -- */

/* Without sd_bus_error_add_map(3), which would be for the whole process. */
static int error_number(const sd_bus_error *error) {
        for (const sd_bus_error_map *row = bus_error_map; row->name; row++) {
                if (streq(row->name, error->name)) {
                        return -row->code;
                }
        }
        return -sd_bus_error_get_errno(error);
}

int client_fail(sbx_client *client, int r, const sd_bus_error *error) {
        const char *text;

        if (sd_bus_error_is_set(error)) {
                r = error_number(error);
        }
        text = error && error->message ? error->message : NULL;
        free(client->error);
        client->error = text ? strdup(text) : NULL;
        return r;
}

PUBLIC const char *sbx_client_error(const sbx_client *client) {
        return client && client->error ? client->error : "";
}

/* -- connecting -- */

static int client_new(sd_bus *bus, sbx_client **ret) {
        sbx_client *client = calloc(1, sizeof(*client));
        int is_client;

        if (!client) {
                return -ENOMEM;
        }
        is_client = sd_bus_is_bus_client(bus);
        if (is_client < 0) {
                free(client);
                return is_client;
        }
        client->bus = sd_bus_ref(bus);
        client->peer = is_client == 0;
        *ret = client;
        return 0;
}

PUBLIC int sbx_client_new_bus(sd_bus *bus, sbx_client **ret) {
        return bus && ret ? client_new(bus, ret) : -EINVAL;
}

PUBLIC int sbx_client_new_system(sbx_client **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        if (!ret) {
                return -EINVAL;
        }
        r = sd_bus_open_system(&bus);
        if (r >= 0) {
                r = client_new(bus, ret);
        }
        if (r >= 0) {
                (void) sd_bus_unref(TAKE(bus)); /* open for the client, which has its own */
        }
        return r < 0 ? r : 0;
}

PUBLIC int sbx_client_new_address(const char *address, sbx_client **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        if (!address || !ret) {
                return -EINVAL;
        }
        r = sd_bus_new(&bus);
        if (r >= 0) {
                r = sd_bus_set_address(bus, address);
        }
        if (r >= 0) {
                r = sd_bus_start(bus);
        }
        if (r >= 0) {
                r = client_new(bus, ret);
        }
        if (r >= 0) {
                (void) sd_bus_unref(TAKE(bus));
        }
        return r < 0 ? r : 0;
}

/* What is neither a letter nor a digit nor one of a few signs has a meaning in an address. */
static int append_escaped_path(Str *out, const char *path) {
        int r = 0;

        for (const char *p = path; *p != '\0' && r == 0; p++) {
                bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                             (*p >= '0' && *p <= '9') || strchr("-_/.", *p);

                r = plain ? str_append_char(out, *p)
                          : str_appendf(out, "%%%02x", (unsigned char) *p);
        }
        return r;
}

PUBLIC int sbx_client_new_private(const char *socket_path, sbx_client **ret) {
        _cleanup_(str_done) Str address = STR_INIT;
        int r;

        r = str_append(&address, "unix:path=");
        if (r == 0) {
                r = append_escaped_path(&address, socket_path ? socket_path : SBX_PRIVATE_SOCKET);
        }
        return r < 0 ? r : sbx_client_new_address(str_text(&address), ret);
}

PUBLIC sbx_client *sbx_client_free(sbx_client *client) {
        if (!client) {
                return NULL;
        }
        sd_bus_unref(client->bus);
        free(client->error);
        free(client);
        return NULL;
}

PUBLIC sd_bus *sbx_client_bus(sbx_client *client) {
        return client ? client->bus : NULL;
}

/* -- talking -- */

int client_call(sbx_client *client, const char *method, sd_bus_message **ret_reply,
                const char *types, ...) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        va_list args;
        int r;

        if (!client) {
                return -EINVAL;
        }
        va_start(args, types);
        r = sd_bus_call_methodv(client->bus, SBX_BUS_NAME, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                method, &error, ret_reply, types, args);
        va_end(args);
        return r < 0 ? client_fail(client, r, &error) : 0;
}

/* -- hearing -- */

int client_match(sbx_client *client, const char *path, const char *interface, const char *member,
                 sd_bus_message_handler_t handler, void *userdata, sd_bus_slot **ret) {
        return sd_bus_match_signal(client->bus, ret, client->peer ? NULL : SBX_BUS_NAME, path,
                                   interface, member, handler, userdata);
}

int client_match_gone(sbx_client *client, sd_bus_message_handler_t handler, void *userdata,
                      sd_bus_slot **ret) {
        if (client->peer) {
                return sd_bus_match_signal(client->bus, ret, NULL, LOCAL_PATH, LOCAL_NAME,
                                           "Disconnected", handler, userdata);
        }
        return sd_bus_add_match(client->bus, ret,
                                "type='signal',sender='" DBUS_NAME "',interface='" DBUS_NAME "',"
                                "member='NameOwnerChanged',arg0='" SBX_BUS_NAME "'",
                                handler, userdata);
}

bool client_is_gone(sd_bus_message *message) {
        const char *name, *old, *new;

        if (sd_bus_message_is_signal(message, LOCAL_NAME, "Disconnected") > 0) {
                return true;
        }
        return sd_bus_message_read(message, "sss", &name, &old, &new) >= 0 && new[0] == '\0';
}
