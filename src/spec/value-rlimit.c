/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#include "base/parse.h"

#include <inttypes.h>

/* RLIMIT: what LimitXXX= of systemd.exec(5) take. Which resource and unit it is stands in the row.
 */

#define NICE_LEAST 20u /* of -20..19; the kernel counts 1..40 upwards from the weakest */

static int parse_seconds(const char *text, uint64_t *ret) {
        usec_t value;
        int r = parse_timespan(text, &value);

        if (r == 0) {
                *ret = value / USEC_PER_SEC + (value % USEC_PER_SEC != 0);
        }
        return r;
}

static int parse_microseconds(const char *text, uint64_t *ret) {
        return parse_u64(text, ret) == 0 ? 0 : parse_timespan(text, ret);
}

static int parse_nice(const char *text, uint64_t *ret) {
        uint64_t value;
        int r;

        r = parse_u64(text[0] == '+' || text[0] == '-' ? text + 1 : text, &value);
        if (r < 0) {
                return r;
        }
        if (text[0] == '-') {
                *ret = NICE_LEAST + value;
                return value <= NICE_LEAST ? 0 : -ERANGE;
        }
        if (text[0] == '+') {
                *ret = NICE_LEAST - value;
                return value < NICE_LEAST ? 0 : -ERANGE;
        }
        *ret = value;
        return value <= 2 * NICE_LEAST ? 0 : -ERANGE;
}

static const struct {
        int (*parse)(const char *text, uint64_t *ret);
        const char *example;
} units[_RLIMIT_UNIT_MAX] = {
        [RLIMIT_UNIT_COUNT] = {parse_u64, "a number"},
        [RLIMIT_UNIT_BYTES] = {parse_size, "bytes, or a number with K, M, G or T (of 1024)"},
        [RLIMIT_UNIT_SECONDS] = {parse_seconds, "seconds, or a time span such as 1min 30s"},
        [RLIMIT_UNIT_MICROSECONDS] = {parse_microseconds,
                                      "microseconds, or a time span such as 500ms"},
        [RLIMIT_UNIT_NICE] = {parse_nice, "a nice level with its sign, -20 to +19, or 0 to 40"},
};

static int parse_one(const Directive *directive, const char *text, uint64_t *ret) {
        if (streq(text, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        return units[directive->rlimit_unit].parse(text, ret);
}

static int rlimit_parse(const Directive *directive, const char *text, const Place *place,
                        void *field, char **reterr, size_t *reterr_offset) {
        const char *colon = strchr(text, ':');
        _cleanup_free_ char *soft = strndup(text, colon ? (size_t) (colon - text) : strlen(text));
        Rlimit limit = {.set = text[0] != '\0'};
        int r = 0;

        if (!soft) {
                return -ENOMEM;
        }
        if (limit.set) {
                r = parse_one(directive, soft, &limit.soft);
                r = r < 0 ? r : parse_one(directive, colon ? colon + 1 : soft, &limit.hard);
        }
        if (r < 0) {
                return value_fail(reterr, r,
                                  QUOTED " is no value of %s=; write %s, or infinity; two of them "
                                         "as SOFT:HARD",
                                  text, directive->name, units[directive->rlimit_unit].example);
        }
        if (limit.soft > limit.hard) {
                return value_fail(reterr, -EINVAL, QUOTED ": the soft limit is above the hard one",
                                  text);
        }
        *(Rlimit *) field = limit;
        return 0;
}

static char *format_one(uint64_t value) {
        return value == UINT64_MAX ? strdup("infinity") : strf("%" PRIu64, value);
}

static int rlimit_format(const Directive *directive, const void *field, char ***ret) {
        const Rlimit *limit = field;
        _cleanup_free_ char *soft = NULL, *hard = NULL;

        if (!limit->set) {
                return value_one(strdup(""), ret);
        }
        soft = format_one(limit->soft);
        hard = format_one(limit->hard);
        if (!soft || !hard) {
                return -ENOMEM;
        }
        return value_one(limit->soft == limit->hard ? TAKE(soft) : strf("%s:%s", soft, hard), ret);
}

static int rlimit_copy(const void *field, void *ret) {
        *(Rlimit *) ret = *(const Rlimit *) field;
        return 0;
}

const ValueType value_type_RLIMIT = {
        .kind = VALUE_RLIMIT,
        .sample = "16:32",
        .label = "resource limit",
        .signature = "s",
        .grammar = "VALUE | SOFT:HARD | infinity",
        .size = sizeof(Rlimit),
        .parse = rlimit_parse,
        .format = rlimit_format,
        .done = value_plain_done,
        .copy = rlimit_copy,
};
