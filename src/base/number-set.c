/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/number-set.h"

#include "base/parse.h"

#include <stdio.h>

static bool has(const NumberSet *set, unsigned n) {
        return n < NUMBER_SET_MAX && (set->bytes[n / 8] >> (n % 8) & 1);
}

/* Decimal digits up to the first other byte, which *text then points to. */
static int take_number(const char **text, unsigned *ret) {
        char digits[16];
        size_t n = strspn(*text, "0123456789");
        uint32_t value;
        int r;

        if (n == 0 || n >= sizeof(digits)) {
                return n == 0 ? -EINVAL : -ERANGE;
        }
        memcpy(digits, *text, n);
        digits[n] = '\0';
        r = parse_u32(digits, &value);
        if (r < 0) {
                return r;
        }
        *text += n;
        *ret = value;
        return value < NUMBER_SET_MAX ? 0 : -ERANGE;
}

static int take_range(const char **text, NumberSet *set) {
        unsigned first, last;
        int r;

        r = take_number(text, &first);
        if (r < 0) {
                return r;
        }
        last = first;
        if (**text == '-') {
                (*text)++;
                r = take_number(text, &last);
        }
        if (r < 0 || last < first) {
                return r < 0 ? r : -ERANGE;
        }
        for (unsigned i = first; i <= last; i++) {
                set->bytes[i / 8] |= (uint8_t) (1u << (i % 8));
        }
        return 0;
}

int number_set_parse(const char *text, NumberSet *ret) {
        static const char separators[] = " \t\n,";
        NumberSet set = {};

        assert(text);
        assert(ret);

        for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
                int r = take_range(&text, &set);

                if (r < 0) {
                        return r;
                }
                if (*text && !strchr(separators, *text)) {
                        return -EINVAL;
                }
        }
        *ret = set;
        return 0;
}

int number_set_format(const NumberSet *set, char separator, Str *out) {
        bool first = true;

        assert(set);
        assert(out);

        for (unsigned i = 0; i < NUMBER_SET_MAX; i++) {
                unsigned last = i;
                int r;

                if (!has(set, i)) {
                        continue;
                }
                while (has(set, last + 1)) {
                        last++;
                }
                r = first ? 0 : str_append_char(out, separator);
                if (r == 0) {
                        r = last > i ? str_appendf(out, "%u-%u", i, last)
                                     : str_appendf(out, "%u", i);
                }
                if (r < 0) {
                        return r;
                }
                first = false;
                i = last;
        }
        return 0;
}

size_t number_set_size(const NumberSet *set) {
        size_t n = sizeof(set->bytes);

        assert(set);

        while (n > 0 && set->bytes[n - 1] == 0) {
                n--;
        }
        return n;
}

bool number_set_is_empty(const NumberSet *set) {
        return number_set_size(set) == 0;
}
