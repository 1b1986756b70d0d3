/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/property.h"

#include "base/time.h"
#include "ctl/connection.h"
#include "spec/spec.h"

#include <inttypes.h>

/* No message of sbxd is deeper; a hostile one must not use up the stack. */
#define DEPTH_MAX 16

static int value_to_json(sd_bus_message *message, unsigned depth, json_object **ret);

static int basic_to_json(sd_bus_message *message, char type, json_object **ret) {
        union {
                uint8_t y;
                int b;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
                const char *s;
                int h;
        } value = {};
        int r;

        r = sd_bus_message_read_basic(message, type, &value);
        if (r < 0) {
                return r;
        }
        switch (type) {
        case 'y':
                *ret = json_object_new_int64(value.y);
                break;
        case 'b':
                *ret = json_object_new_boolean(value.b);
                break;
        case 'n':
                *ret = json_object_new_int64(value.n);
                break;
        case 'q':
                *ret = json_object_new_int64(value.q);
                break;
        case 'i':
                *ret = json_object_new_int64(value.i);
                break;
        case 'u':
                *ret = json_object_new_int64(value.u);
                break;
        case 'x':
                *ret = json_object_new_int64(value.x);
                break;
        case 't':
                *ret = json_object_new_uint64(value.t);
                break;
        case 'd':
                *ret = json_object_new_double(value.d);
                break;
        case 's':
        case 'o':
        case 'g':
                *ret = json_object_new_string(value.s);
                break;
        default:
                return -EOPNOTSUPP; /* descriptors are no properties */
        }
        return *ret ? 0 : -ENOMEM;
}

static int bytes_to_json(sd_bus_message *message, json_object **ret) {
        _cleanup_(str_done) Str text = STR_INIT;
        const void *bytes;
        size_t size;
        int r;

        r = sd_bus_message_read_array(message, 'y', &bytes, &size);
        if (r < 0) {
                return r;
        }
        for (size_t i = 0; i < size; i++) {
                r = str_appendf(&text, "%02x", ((const uint8_t *) bytes)[i]);
                if (r < 0) {
                        return r;
                }
        }
        *ret = json_object_new_string(str_text(&text));
        return *ret ? 0 : -ENOMEM;
}

/* The members of an entered array or struct. */
static int members_to_json(sd_bus_message *message, unsigned depth, json_object **ret) {
        _cleanup_json_ json_object *array = json_object_new_array();
        int r;

        if (!array) {
                return -ENOMEM;
        }
        for (;;) {
                json_object *item = NULL;

                r = sd_bus_message_at_end(message, false);
                if (r < 0) {
                        return r;
                }
                if (r > 0) {
                        break;
                }
                r = value_to_json(message, depth, &item);
                if (r == 0) {
                        r = json_push(array, item);
                }
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(array);
        return 0;
}

static int map_to_json(sd_bus_message *message, unsigned depth, json_object **ret) {
        _cleanup_json_ json_object *map = json_object_new_object();
        const char *contents, *key;
        int r;

        if (!map) {
                return -ENOMEM;
        }
        while ((r = sd_bus_message_peek_type(message, NULL, &contents)) > 0) {
                json_object *value = NULL;

                r = sd_bus_message_enter_container(message, 'e', contents);
                if (r >= 0) {
                        r = sd_bus_message_read(message, "s", &key);
                }
                if (r >= 0) {
                        r = value_to_json(message, depth, &value);
                }
                if (r >= 0) {
                        r = json_set(map, key, value);
                }
                if (r >= 0) {
                        r = sd_bus_message_exit_container(message);
                }
                if (r < 0) {
                        return r;
                }
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(map);
        return 0;
}

static int value_to_json(sd_bus_message *message, unsigned depth, json_object **ret) {
        _cleanup_json_ json_object *value = NULL;
        const char *contents;
        char type;
        int r;

        if (depth > DEPTH_MAX) {
                return -EBADMSG;
        }
        r = sd_bus_message_peek_type(message, &type, &contents);
        if (r <= 0) {
                return r < 0 ? r : -EBADMSG;
        }
        if (!strchr("arve", type)) {
                return basic_to_json(message, type, ret);
        }
        if (type == 'a' && streq(contents, "y")) {
                return bytes_to_json(message, ret);
        }
        r = sd_bus_message_enter_container(message, type, contents);
        if (r < 0) {
                return r;
        }
        if (type == 'v') {
                r = value_to_json(message, depth + 1, &value);
        } else if (type == 'a' && startswith(contents, "{s")) {
                r = map_to_json(message, depth + 1, &value);
        } else {
                r = members_to_json(message, depth + 1, &value);
        }
        if (r >= 0) {
                r = sd_bus_message_exit_container(message);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(value);
        return 0;
}

int message_to_json(sd_bus_message *message, json_object **ret) {
        assert(message);
        assert(ret);

        return value_to_json(message, 0, ret);
}

int properties_read(Ctl *ctl, const char *path, const char *interface, sd_bus_error *error,
                    json_object **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_call_method(ctl->bus, SBX_BUS_NAME, path, "org.freedesktop.DBus.Properties",
                               "GetAll", error, &reply, "s", interface);
        return r < 0 ? r : message_to_json(reply, ret);
}

int unit_path(Ctl *ctl, const char *unit, sd_bus_error *error, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;
        int r;

        r = ctl_call(ctl, "LoadUnit", error, &reply, "s", unit);
        if (r < 0) {
                return r;
        }
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0) {
                return r;
        }
        *ret = strf("%s", path);
        return *ret ? 0 : -ENOMEM;
}

int properties_read_unit(Ctl *ctl, const char *unit, sd_bus_error *error, json_object **ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = unit_path(ctl, unit, error, &path);
        return r < 0 ? r : properties_read(ctl, path, SBX_INTERFACE_SANDBOX, error, ret);
}

const char *property_text(json_object *properties, const char *name) {
        json_object *value = NULL;

        if (!json_object_object_get_ex(properties, name, &value) ||
            !json_object_is_type(value, json_type_string)) {
                return "";
        }
        return json_object_get_string(value);
}

uint64_t property_number(json_object *properties, const char *name) {
        json_object *value = NULL;

        return json_object_object_get_ex(properties, name, &value) ? json_object_get_uint64(value)
                                                                   : 0;
}

bool property_flag(json_object *properties, const char *name) {
        json_object *value = NULL;

        return json_object_object_get_ex(properties, name, &value) &&
               json_object_get_boolean(value);
}

json_object *property_list(json_object *properties, const char *name) {
        json_object *value = NULL;

        if (!json_object_object_get_ex(properties, name, &value) ||
            !json_object_is_type(value, json_type_array)) {
                return NULL;
        }
        return value;
}

/* A scalar directive that travels as a number: the value type knows how a unit file writes it. 1:
 * done; 0: not such a directive. */
static int directive_append(const Directive *directive, json_object *value, Str *out) {
        union {
                bool flag;
                int number;
                uint32_t mode;
                int64_t offset;
                uint64_t size;
        } field = {};
        _cleanup_(strv_freep) char **texts = NULL;
        int r;

        switch (directive->type->signature[0]) {
        case 'b':
                field.flag = json_object_get_boolean(value);
                break;
        case 'i':
                field.number = json_object_get_int(value);
                break;
        case 'u':
                field.mode = (uint32_t) json_object_get_uint64(value);
                break;
        case 'x':
                field.offset = json_object_get_int64(value);
                break;
        case 't':
                field.size = json_object_get_uint64(value);
                break;
        default:
                return 0;
        }
        r = directive->type->format(directive, &field, &texts);
        if (r < 0) {
                return r;
        }
        r = str_append(out, texts && texts[0] ? texts[0] : "");
        return r < 0 ? r : 1;
}

static int list_append(json_object *list, const char *separator, Str *out) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < json_object_array_length(list); i++) {
                json_object *item = json_object_array_get_idx(list, i);

                if (i > 0) {
                        r = str_append(out, separator);
                }
                if (r == 0 && json_object_is_type(item, json_type_array)) {
                        r = list_append(item, "=", out);
                } else if (r == 0) {
                        r = str_append(out, json_object_get_string(item));
                }
        }
        return r;
}

int property_format(const char *name, json_object *value, Str *out) {
        const Directive *directive = directive_find_name(name);
        uint64_t number;
        int r;

        if (directive) {
                r = directive_append(directive, value, out);
                if (r != 0) {
                        return r < 0 ? r : 0;
                }
        }
        switch (json_object_get_type(value)) {
        case json_type_boolean:
                return str_append(out, json_object_get_boolean(value) ? "yes" : "no");
        case json_type_array:
                return list_append(value, " ", out);
        case json_type_int:
                break;
        case json_type_object:
                return str_append(out, json_object_to_json_string_ext(
                                               value, JSON_C_TO_STRING_NOSLASHESCAPE |
                                                              JSON_C_TO_STRING_SPACED));
        default:
                return str_append(out, value ? json_object_get_string(value) : "");
        }
        number = json_object_get_uint64(value);
        if (endswith(name, "Timestamp")) {
                _cleanup_free_ char *text = number > 0 ? usec_format_timestamp(number) : NULL;

                return str_append(out, text ? text : "");
        }
        /* what the kernel does not count is UINT64_MAX on the bus, as with systemd */
        return number == UINT64_MAX ? str_append(out, "[not set]")
                                    : str_append(out, json_object_get_string(value));
}
