/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/capability.h>
#include <sys/capability.h>

#include "spec/value-type.h"

#include "base/parse.h"

/* CAPABILITIES: a set, merged assignment by assignment as systemd.exec(5) has it. */

#define CAPABILITY_ALL ((UINT64_C(2) << CAP_LAST_CAP) - 1)

static int capability_parse(const char *name) {
        cap_value_t value;
        uint32_t number;

        if (parse_u32(name, &number) >= 0) {
                return number <= CAP_LAST_CAP ? (int) number : -EINVAL;
        }
        /* cap_from_name() reads numbers too, but not strictly. */
        if (!(name[0] >= 'A' && name[0] <= 'Z') && !(name[0] >= 'a' && name[0] <= 'z')) {
                return -EINVAL;
        }
        if (cap_from_name(name, &value) < 0 || value < 0 || value > CAP_LAST_CAP) {
                return -EINVAL;
        }
        return value;
}

/* The name of a capability in capitals, as capabilities(7) writes it. */
static char *capability_format(int capability) {
        char *name = cap_to_name(capability);
        char *copy = name ? strf("%s", name) : NULL;

        (void) cap_free(name);
        for (char *c = copy; c && *c; c++) {
                if (*c >= 'a' && *c <= 'z') {
                        *c = (char) (*c - 'a' + 'A');
                }
        }
        return copy;
}

static int capability_fail(const char *word, char **reterr) {
        _cleanup_free_ char *nearest = NULL;
        size_t least = 4; /* CAP_ is shared by all, so a near one differs little */

        for (int i = 0; i <= CAP_LAST_CAP; i++) {
                _cleanup_free_ char *name = capability_format(i);
                size_t distance;

                if (!name) {
                        return -ENOMEM;
                }
                distance = MIN(str_distance(word, name), str_distance(word, name + 4));
                if (distance < least) {
                        least = distance;
                        free(nearest);
                        nearest = TAKE(name);
                }
        }
        return value_fail(reterr, -EINVAL, QUOTED " is no capability%s%s%s", word,
                          nearest ? "; did you mean " : "", nearest ? nearest : "",
                          nearest ? "?" : "; see capabilities(7)");
}

static int capabilities_parse(const Directive *directive, const char *text, const Place *place,
                              void *field, char **reterr, size_t *reterr_offset) {
        bool inverted = text[0] == '~';
        WordReader reader = {.text = text, .position = inverted ? 1 : 0};
        uint64_t *set = field, sum = 0;
        int r;

        while (word_reader_next(&reader)) {
                _cleanup_free_ char *word = NULL;

                r = word_reader_take(&reader, "", &word, reterr);
                if (r >= 0) {
                        r = capability_parse(word);
                        if (r < 0) {
                                r = capability_fail(word, reterr);
                        }
                }
                if (r < 0) {
                        *reterr_offset = reader.start;
                        return r;
                }
                sum |= UINT64_C(1) << r;
        }
        /* The merging of systemd: what is empty, or was, is replaced, all else joined or reduced.
         */
        if (sum == 0 || *set == 0) {
                *set = inverted ? CAPABILITY_ALL & ~sum : sum;
        } else {
                *set = inverted ? *set & ~sum : *set | sum;
        }
        return 0;
}

static int capabilities_format(const Directive *directive, const void *field, char ***ret) {
        uint64_t set = *(const uint64_t *) field;
        _cleanup_(str_done) Str text = STR_INIT;

        if (set == CAPABILITY_ALL) {
                return value_one(strdup("~"), ret);
        }
        for (int i = 0; i <= CAP_LAST_CAP; i++) {
                _cleanup_free_ char *name = NULL;

                if (!(set >> i & 1)) {
                        continue;
                }
                name = capability_format(i);
                if (!name || str_appendf(&text, "%s%s", text.length > 0 ? " " : "", name) < 0) {
                        return -ENOMEM;
                }
        }
        return value_one(str_take(&text), ret);
}

static int capabilities_copy(const void *field, void *ret) {
        *(uint64_t *) ret = *(const uint64_t *) field;
        return 0;
}

const ValueType value_type_CAPABILITIES = {
        .kind = VALUE_CAPABILITIES,
        .sample = "CAP_CHOWN CAP_NET_BIND_SERVICE",
        .label = "set of capabilities",
        .signature = "t",
        .grammar = "[~]CAP_NAME […]",
        .size = sizeof(uint64_t),
        .merges = true,
        .parse = capabilities_parse,
        .format = capabilities_format,
        .done = value_plain_done,
        .copy = capabilities_copy,
};
