/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>

void str_done(Str *str) {
        free(str->text);
        *str = STR_INIT;
}

char *str_take(Str *str) {
        char *text = str->text ? str->text : strdup("");

        *str = STR_INIT;
        return text;
}

static int str_reserve(Str *str, size_t more) {
        size_t need, allocated;
        char *text;

        if (more > SIZE_MAX / 2 - str->length - 1) {
                return -ENOMEM;
        }
        need = str->length + more + 1;
        if (need <= str->allocated) {
                return 0;
        }
        allocated = MAX(need, MAX(str->allocated * 2, (size_t) 64));
        text = realloc(str->text, allocated);
        if (!text) {
                return -ENOMEM;
        }
        str->text = text;
        str->allocated = allocated;
        return 0;
}

int str_append_n(Str *str, const char *text, size_t n) {
        int r;

        r = str_reserve(str, n);
        if (r < 0) {
                return r;
        }
        if (n > 0) {
                memcpy(str->text + str->length, text, n);
        }
        str->length += n;
        str->text[str->length] = '\0';
        return 0;
}

int str_append(Str *str, const char *text) {
        return str_append_n(str, text, strlen(text));
}

int str_append_char(Str *str, char c) {
        return str_append_n(str, &c, 1);
}

int str_vappendf(Str *str, const char *format, va_list args) {
        va_list measured;
        int n, r;

        va_copy(measured, args);
        n = vsnprintf(NULL, 0, format, measured);
        va_end(measured);
        if (n < 0) {
                return -EINVAL;
        }
        r = str_reserve(str, (size_t) n);
        if (r < 0) {
                return r;
        }
        (void) vsnprintf(str->text + str->length, (size_t) n + 1, format, args);
        str->length += (size_t) n;
        return 0;
}

int str_appendf(Str *str, const char *format, ...) {
        va_list args;
        int r;

        va_start(args, format);
        r = str_vappendf(str, format, args);
        va_end(args);
        return r;
}

void str_truncate(Str *str, size_t length) {
        assert(length <= str->length);
        if (str->text) {
                str->length = length;
                str->text[length] = '\0';
        }
}

char *strf(const char *format, ...) {
        _cleanup_(str_done) Str str = STR_INIT;
        va_list args;
        int r;

        va_start(args, format);
        r = str_vappendf(&str, format, args);
        va_end(args);
        return r < 0 ? NULL : str_take(&str);
}

/* The bytes of one valid UTF-8 sequence at text, or 0: overlong forms, surrogates and values above
 * U+10FFFF are not valid (RFC 3629). */
static size_t utf8_sequence(const uint8_t *text, size_t n) {
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        uint32_t value;
        size_t length;

        if (text[0] < 0x80) {
                return 1;
        }
        length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc0 ? 2 : 0;
        if (length == 0 || length > n || text[0] > 0xf4) {
                return 0;
        }
        value = text[0] & (0x7fu >> length);
        for (size_t i = 1; i < length; i++) {
                if ((text[i] & 0xc0) != 0x80) {
                        return 0;
                }
                value = value << 6 | (text[i] & 0x3f);
        }
        if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
                return 0;
        }
        return length;
}

bool utf8_valid(const char *text, size_t n) {
        const uint8_t *bytes = (const uint8_t *) text;

        for (size_t i = 0; i < n;) {
                size_t length = bytes[i] == 0 ? 0 : utf8_sequence(bytes + i, n - i);

                if (length == 0) {
                        return false;
                }
                i += length;
        }
        return true;
}

int str_append_escaped(Str *str, const char *text, size_t n) {
        const uint8_t *bytes = (const uint8_t *) text;
        int r = 0;

        for (size_t i = 0; i < n && r >= 0;) {
                size_t length = utf8_sequence(bytes + i, n - i);
                /* U+0080 to U+009F are control characters too: a terminal may take them as escapes.
                 */
                bool control = length == 0 ||
                               (length == 1 && (bytes[i] < 0x20 || bytes[i] == 0x7f)) ||
                               (length == 2 && bytes[i] == 0xc2 && bytes[i + 1] < 0xa0);

                if (control) {
                        length = MAX(length, (size_t) 1);
                        for (size_t j = 0; j < length && r >= 0; j++) {
                                r = str_appendf(str, "\\x%02x", (unsigned) bytes[i + j]);
                        }
                } else if (bytes[i] == '\\') {
                        r = str_append(str, "\\\\");
                } else {
                        r = str_append_n(str, text + i, length);
                }
                i += length;
        }
        return r;
}

size_t strv_length(char *const *list) {
        size_t n = 0;

        STRV_FOREACH (item, list) {
                n++;
        }
        return n;
}

int strv_append_take(char ***list, char *text) {
        _cleanup_free_ char *owned = text;
        size_t n = strv_length(*list);
        char **grown;

        if (!owned) {
                return -ENOMEM;
        }
        grown = realloc(*list, (n + 2) * sizeof(char *));
        if (!grown) {
                return -ENOMEM;
        }
        grown[n] = TAKE(owned);
        grown[n + 1] = NULL;
        *list = grown;
        return 0;
}

int strv_append(char ***list, const char *text) {
        return strv_append_take(list, strdup(text));
}

int strv_extend(char ***list, char *const *other) {
        STRV_FOREACH (item, other) {
                int r = strv_append(list, *item);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

int strv_copy(char *const *list, char ***ret) {
        _cleanup_(strv_freep) char **copy = NULL;
        int r;

        r = strv_extend(&copy, list);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(copy);
        return 0;
}

bool strv_contains(char *const *list, const char *text) {
        STRV_FOREACH (item, list) {
                if (streq(*item, text)) {
                        return true;
                }
        }
        return false;
}

bool strv_equal(char *const *a, char *const *b) {
        size_t n = strv_length(a);

        if (n != strv_length(b)) {
                return false;
        }
        for (size_t i = 0; i < n; i++) {
                if (!streq(a[i], b[i])) {
                        return false;
                }
        }
        return true;
}

char *strv_join(char *const *list, const char *separator) {
        _cleanup_(str_done) Str joined = STR_INIT;

        STRV_FOREACH (item, list) {
                if (item != list && str_append(&joined, separator) < 0) {
                        return NULL;
                }
                if (str_append(&joined, *item) < 0) {
                        return NULL;
                }
        }
        return str_take(&joined);
}

char **strv_free(char **list) {
        STRV_FOREACH (item, list) {
                free(*item);
        }
        free(list);
        return NULL;
}

#define DISTANCE_MAX 64

size_t str_distance(const char *a, const char *b) {
        size_t n = strlen(a), m = strlen(b);
        size_t row[DISTANCE_MAX + 1];

        /* Names of directives are short; beyond the bound the two count as wholly different. */
        if (n > DISTANCE_MAX || m > DISTANCE_MAX) {
                return MAX(n, m);
        }
        for (size_t j = 0; j <= m; j++) {
                row[j] = j;
        }
        for (size_t i = 1; i <= n; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= m; j++) {
                        bool same = tolower((unsigned char) a[i - 1]) ==
                                    tolower((unsigned char) b[j - 1]);
                        size_t cost = diagonal + (same ? 0 : 1);

                        diagonal = row[j];
                        cost = MIN(cost, row[j] + 1);
                        row[j] = MIN(cost, row[j - 1] + 1);
                }
        }
        return row[m];
}
