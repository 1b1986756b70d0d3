/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/client.h"

#include <signal.h>

/* -- the list -- */

PUBLIC void sbx_units_free(sbx_unit *units, size_t n) {
        for (size_t i = 0; units && i < n; i++) {
                free(units[i].name);
                free(units[i].description);
                free(units[i].load_state);
                free(units[i].active_state);
                free(units[i].sub_state);
        }
        free(units);
}

static int copy(char **ret, const char *text) {
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

/* 0: there is no further one. */
static int read_unit(sd_bus_message *reply, sbx_unit *ret) {
        const char *name, *description, *load, *active, *sub;
        int r;

        r = sd_bus_message_read(reply, "(ssssssouso)", &name, &description, &load, &active, &sub,
                                NULL, NULL, NULL, NULL, NULL);
        if (r <= 0) {
                return r;
        }
        r = copy(&ret->name, name);
        if (r == 0) {
                r = copy(&ret->description, description);
        }
        if (r == 0) {
                r = copy(&ret->load_state, load);
        }
        if (r == 0) {
                r = copy(&ret->active_state, active);
        }
        if (r == 0) {
                r = copy(&ret->sub_state, sub);
        }
        return r < 0 ? r : 1;
}

static int read_units(sd_bus_message *reply, sbx_unit **units, size_t *n) {
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0) {
                sbx_unit *grown = reallocarray(*units, *n + 1, sizeof(*grown));

                if (!grown) {
                        return -ENOMEM;
                }
                *units = grown;
                grown[*n] = (sbx_unit){};
                r = read_unit(reply, &grown[*n]);
                if (r == 0) {
                        return 0;
                }
                *n += 1; /* one that is half read is freed with the others */
        }
        return r;
}

PUBLIC int sbx_list(sbx_client *client, sbx_unit **ret_units, size_t *ret_n) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        sbx_unit *units = NULL;
        size_t n = 0;
        int r;

        if (!ret_units || !ret_n) {
                return -EINVAL;
        }
        r = client_call(client, "ListUnits", &reply, NULL);
        if (r < 0) {
                return r;
        }
        r = read_units(reply, &units, &n);
        if (r < 0) {
                sbx_units_free(units, n);
                return client_fail(client, r, NULL);
        }
        *ret_units = units;
        *ret_n = n;
        return 0;
}

/* -- properties -- */

/* The reply is in the variant, at its value. */
static int get_property(sbx_client *client, const char *unit, const char *property,
                        sd_bus_message **ret_reply, char *ret_type, const char **ret_contents) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *loaded = NULL, *reply = NULL;
        const char *path, *contents;
        int r;

        if (!unit || !property) {
                return -EINVAL;
        }
        r = client_call(client, "LoadUnit", &loaded, "s", unit);
        if (r < 0) {
                return r;
        }
        r = sd_bus_message_read(loaded, "o", &path);
        if (r >= 0) {
                r = sd_bus_call_method(client->bus, SBX_BUS_NAME, path,
                                       "org.freedesktop.DBus.Properties", "Get", &error, &reply,
                                       "ss", SBX_INTERFACE_SANDBOX, property);
        }
        if (r >= 0) {
                r = sd_bus_message_peek_type(reply, NULL, &contents);
        }
        if (r >= 0) {
                r = sd_bus_message_enter_container(reply, 'v', contents);
        }
        if (r >= 0) {
                r = sd_bus_message_peek_type(reply, ret_type, ret_contents);
        }
        if (r < 0) {
                return client_fail(client, r, &error);
        }
        *ret_reply = TAKE(reply);
        return 0;
}

PUBLIC int sbx_get_string(sbx_client *client, const char *unit, const char *property, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *text, *contents;
        char type;
        int r;

        if (!ret) {
                return -EINVAL;
        }
        r = get_property(client, unit, property, &reply, &type, &contents);
        if (r < 0) {
                return r;
        }
        r = type == 's' ? sd_bus_message_read(reply, "s", &text) : -EBADMSG;
        if (r >= 0) {
                r = copy(ret, text);
        }
        return r < 0 ? client_fail(client, r, NULL) : 0;
}

/* Any number: its size, and whether it is below zero. */
static int read_number(sd_bus_message *reply, char type, uint64_t *ret, bool *ret_negative) {
        union {
                uint8_t y;
                uint16_t q;
                int16_t n;
                uint32_t u;
                int32_t i;
                int b;
                uint64_t t;
                int64_t x;
        } value = {0};
        int64_t number = 0;
        int r;

        if (!strchr("yqnuibtx", type)) {
                return -EBADMSG;
        }
        r = sd_bus_message_read_basic(reply, type, &value);
        if (r < 0) {
                return r;
        }
        switch (type) {
        case 'n':
                number = value.n;
                break;
        case 'i':
                number = value.i;
                break;
        case 'x':
                number = value.x;
                break;
        case 'y':
                number = value.y;
                break;
        case 'q':
                number = value.q;
                break;
        case 'b':
                number = value.b;
                break;
        case 'u':
                number = value.u;
                break;
        default:
                *ret = value.t;
                *ret_negative = false;
                return 0;
        }
        *ret = (uint64_t) number;
        *ret_negative = number < 0;
        return 0;
}

static int get_number(sbx_client *client, const char *unit, const char *property, uint64_t *ret,
                      bool *ret_negative) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *contents;
        char type;
        int r;

        r = get_property(client, unit, property, &reply, &type, &contents);
        if (r < 0) {
                return r;
        }
        r = read_number(reply, type, ret, ret_negative);
        return r < 0 ? client_fail(client, r, NULL) : 0;
}

PUBLIC int sbx_get_u64(sbx_client *client, const char *unit, const char *property, uint64_t *ret) {
        uint64_t number = 0;
        bool negative = false;
        int r;

        if (!ret) {
                return -EINVAL;
        }
        r = get_number(client, unit, property, &number, &negative);
        if (r < 0) {
                return r;
        }
        if (negative) {
                return client_fail(client, -ERANGE, NULL);
        }
        *ret = number;
        return 0;
}

PUBLIC int sbx_get_i64(sbx_client *client, const char *unit, const char *property, int64_t *ret) {
        uint64_t number = 0;
        bool negative = false;
        int r;

        if (!ret) {
                return -EINVAL;
        }
        r = get_number(client, unit, property, &number, &negative);
        if (r < 0) {
                return r;
        }
        if (!negative && number > INT64_MAX) {
                return client_fail(client, -ERANGE, NULL);
        }
        *ret = (int64_t) number;
        return 0;
}

PUBLIC int sbx_get_strv(sbx_client *client, const char *unit, const char *property, char ***ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *contents;
        char **texts = NULL;
        char type;
        int r;

        if (!ret) {
                return -EINVAL;
        }
        r = get_property(client, unit, property, &reply, &type, &contents);
        if (r < 0) {
                return r;
        }
        r = type == 'a' && streq(contents, "s") ? sd_bus_message_read_strv(reply, &texts)
                                                : -EBADMSG;
        if (r >= 0 && !texts) { /* an empty list is a list */
                texts = calloc(1, sizeof(*texts));
                r = texts ? 0 : -ENOMEM;
        }
        if (r < 0) {
                return client_fail(client, r, NULL);
        }
        *ret = texts;
        return 0;
}

PUBLIC int sbx_get_failure(sbx_client *client, const char *unit, char **ret) {
        char *state;
        int r;

        if (!ret) {
                return -EINVAL;
        }
        r = sbx_get_string(client, unit, "ActiveState", &state);
        if (r < 0) {
                return r;
        }
        r = streq(state, "failed") ? sbx_get_string(client, unit, "StatusText", ret)
                                   : copy(ret, "");
        free(state);
        return r;
}
