/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/name.h"

#include "unit/unit.h"

#define UNIT_NAME_MAX 200u
#define SCOPE_NAME_MAX 255u /* systemd's own limit for unit names, and NAME_MAX */

static bool is_alphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static size_t stem_length(const char *name) {
        const char *suffix = endswith(name, UNIT_SUFFIX);

        return suffix ? (size_t) (suffix - name) : strlen(name);
}

bool unit_name_is_valid(const char *name) {
        size_t n = strlen(name), stem;

        if (n > UNIT_NAME_MAX || !endswith(name, UNIT_SUFFIX)) {
                return false;
        }
        stem = stem_length(name);
        if (stem == 0 || name[0] == '@' || name[0] == '.') {
                return false;
        }
        for (size_t i = 0; i < stem; i++) {
                if (!is_alphanumeric(name[i]) && !strchr(":_.@-", name[i])) {
                        return false;
                }
        }
        return scope_name_length(name) <= SCOPE_NAME_MAX;
}

int unit_name_mangle(const char *text, char **ret) {
        _cleanup_free_ char *name = NULL;

        assert(text);
        assert(ret);

        if (strlen(text) > UNIT_NAME_MAX) {
                return UNIT_E_BAD_NAME;
        }
        name = strf("%s%s", text, endswith(text, UNIT_SUFFIX) ? "" : UNIT_SUFFIX);
        if (!name) {
                return -ENOMEM;
        }
        if (!unit_name_is_valid(name)) {
                return UNIT_E_BAD_NAME;
        }
        *ret = TAKE(name);
        return 0;
}

int unit_scope_name(const char *name, char **ret) {
        assert(ret);

        *ret = scope_name(name);
        return *ret ? 0 : -ENOMEM;
}

const char *unit_name_at(const char *name) {
        return strchr(name, '@');
}

static size_t prefix_length(const char *name) {
        const char *at = unit_name_at(name);

        return at ? (size_t) (at - name) : stem_length(name);
}

char *unit_name_prefix(const char *name) {
        return strndup(name, prefix_length(name));
}

char *unit_name_instance(const char *name) {
        const char *at = unit_name_at(name);

        return at ? strndup(at + 1, stem_length(name) - (size_t) (at + 1 - name)) : strdup("");
}

char *unit_name_template(const char *name) {
        return unit_name_instantiate(name, "");
}

char *unit_name_instantiate(const char *name, const char *instance) {
        return strf("%.*s@%s" UNIT_SUFFIX, (int) prefix_length(name), name, instance);
}

char *unit_name_with_prefix(const char *name, const char *prefix, size_t n) {
        return strf("%.*s%s", (int) n, prefix, name + prefix_length(name));
}

bool unit_name_is_template(const char *name) {
        const char *at = unit_name_at(name);

        return at && streq(at + 1, UNIT_SUFFIX);
}

bool unit_name_is_instance(const char *name) {
        return unit_name_at(name) && !unit_name_is_template(name);
}

char *unit_name_unescape(const char *part) {
        char *text = strdup(part);

        for (char *c = text; c && *c; c++) {
                *c = *c == '-' ? '/' : *c;
        }
        return text;
}
