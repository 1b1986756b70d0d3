/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/scope.h"

#include "base/str.h"

#define PREFIX "sbx-"
#define SUFFIX ".scope"

static bool is_plain(const char *name, size_t i) {
        char c = name[i];

        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == ':' || c == '_' || (c == '.' && i > 0);
}

static size_t stem_length(const char *name) {
        const char *suffix = endswith(name, SANDBOX_SUFFIX);

        return suffix ? (size_t) (suffix - name) : strlen(name);
}

size_t scope_name_length(const char *sandbox) {
        size_t length = strlen(PREFIX SUFFIX);

        assert(sandbox);

        for (size_t i = 0; i < stem_length(sandbox); i++) {
                length += is_plain(sandbox, i) ? 1 : strlen("\\x2d");
        }
        return length;
}

char *scope_name(const char *sandbox) {
        _cleanup_(str_done) Str name = STR_INIT;
        int r;

        assert(sandbox);

        r = str_append(&name, PREFIX);
        for (size_t i = 0; i < stem_length(sandbox) && r >= 0; i++) {
                r = is_plain(sandbox, i)
                            ? str_append_char(&name, sandbox[i])
                            : str_appendf(&name, "\\x%02x", (unsigned char) sandbox[i]);
        }
        r = r < 0 ? r : str_append(&name, SUFFIX);
        return r < 0 ? NULL : str_take(&name);
}
