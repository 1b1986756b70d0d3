/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/properties.h"

#include "base/str.h"

typedef int (*Append)(sd_bus_message *message, const Directive *directive, const void *field);

static int append_boolean(sd_bus_message *message, const Directive *directive, const void *field) {
        return sd_bus_message_append(message, "b", *(const bool *) field ? 1 : 0);
}

static int append_u64(sd_bus_message *message, const Directive *directive, const void *field) {
        return sd_bus_message_append(message, "t", *(const uint64_t *) field);
}

static int append_i64(sd_bus_message *message, const Directive *directive, const void *field) {
        return sd_bus_message_append(message, "x", *(const int64_t *) field);
}

static int append_u32(sd_bus_message *message, const Directive *directive, const void *field) {
        return sd_bus_message_append(message, "u", *(const uint32_t *) field);
}

static int append_i32(sd_bus_message *message, const Directive *directive, const void *field) {
        return sd_bus_message_append(message, "i", (int32_t) * (const int *) field);
}

static int append_text(sd_bus_message *message, const Directive *directive, const void *field) {
        _cleanup_(strv_freep) char **texts = NULL;
        int r;

        r = directive->type->format(directive, field, &texts);
        if (r < 0) {
                return r;
        }
        return sd_bus_message_append(message, "s", texts && texts[0] ? texts[0] : "");
}

static int append_texts(sd_bus_message *message, const Directive *directive, const void *field) {
        _cleanup_(strv_freep) char **texts = NULL;
        int r;

        r = directive->type->format(directive, field, &texts);
        if (r < 0) {
                return r;
        }
        return sd_bus_message_append_strv(message, texts);
}

/* By the type's own signature, so that a new value type needs nothing here. */
static Append append_find(const char *signature) {
        static const struct {
                const char *signature;
                Append append;
        } table[] = {
                {"b", append_boolean}, {"t", append_u64},  {"x", append_i64},    {"u", append_u32},
                {"i", append_i32},     {"s", append_text}, {"as", append_texts},
        };

        for (size_t i = 0; i < ELEMENTS(table); i++) {
                if (streq(table[i].signature, signature)) {
                        return table[i].append;
                }
        }
        return NULL;
}

int bus_append_directive(sd_bus_message *message, const Directive *directive, const void *field) {
        Append append;

        assert(message);
        assert(directive);
        assert(field);

        append = append_find(directive->type->signature);
        return append ? append(message, directive, field) : -EOPNOTSUPP;
}

static int get_directive(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *field, sd_bus_error *reterr) {
        const Directive *directive = directive_find_name(property);

        return directive ? bus_append_directive(reply, directive, field) : -ENOENT;
}

/* An array has a constant address, which the vtable's initialiser needs; value_types[] has not. */
#define X(TYPE, text) _unused_ static const char signature_##TYPE[] = text;
VALUE_TYPES(X)
#undef X

const sd_bus_vtable bus_spec_vtable[] = {
        SD_BUS_VTABLE_START(0),
#define PORT(...)
#define D(Section, Name, field, TYPE, ...)                                             \
        SD_BUS_PROPERTY(#Name, signature_##TYPE, get_directive, offsetof(Spec, field), \
                        SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
#include "spec/directives.def"
#undef D
#undef PORT
        SD_BUS_VTABLE_END,
};
