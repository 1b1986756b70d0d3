/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/lookup.h"

const char *lookup_name(const char *const *names, size_t n, int value) {
        return value >= 0 && (size_t) value < n ? names[value] : NULL;
}

int lookup_parse(const char *const *names, size_t n, const char *text) {
        for (size_t i = 0; i < n; i++) {
                if (names[i] && streq(names[i], text)) {
                        return (int) i;
                }
        }
        return -EINVAL;
}
