/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#include "base/lookup.h"
#include "base/parse.h"

#include <inttypes.h>

/* Types whose field is a number: BOOL, ENUM, SIZE, COUNT, WEIGHT, QUOTA, TIMESPAN, OFFSET, MODE,
 * SIGNAL, INTEGER. */

#define DEFINE_COPY(prefix, Type)                                \
        static int prefix##_copy(const void *field, void *ret) { \
                *(Type *) ret = *(const Type *) field;           \
                return 0;                                        \
        }
DEFINE_COPY(bool, bool)
DEFINE_COPY(int, int)
DEFINE_COPY(u32, uint32_t)
DEFINE_COPY(u64, uint64_t)
DEFINE_COPY(i64, int64_t)
#undef DEFINE_COPY

/* -- BOOL -- */

static int bool_parse(const Directive *directive, const char *text, const Place *place, void *field,
                      char **reterr, size_t *reterr_offset) {
        bool value;

        if (parse_boolean(text, &value) < 0) {
                return value_fail(reterr, -EINVAL, QUOTED " is no boolean; write yes or no", text);
        }
        *(bool *) field = value;
        return 0;
}

static int bool_format(const Directive *directive, const void *field, char ***ret) {
        return value_one(strdup(*(const bool *) field ? "yes" : "no"), ret);
}

const ValueType value_type_BOOL = {
        .kind = VALUE_BOOL,
        .sample = "yes",
        .label = "boolean",
        .signature = "b",
        .grammar = "yes | no",
        .size = sizeof(bool),
        .parse = bool_parse,
        .format = bool_format,
        .done = value_plain_done,
        .copy = bool_copy,
};

/* -- ENUM -- */

static int enum_fail(const Directive *directive, const char *text, char **reterr) {
        _cleanup_(str_done) Str names = STR_INIT;

        for (size_t i = 0; i < directive->n_names; i++) {
                const char *separator = i == 0 ? "" : i + 1 == directive->n_names ? " or " : ", ";

                if (str_appendf(&names, "%s%s", separator, directive->names[i]) < 0) {
                        return -ENOMEM;
                }
        }
        return value_fail(reterr, -EINVAL, QUOTED " is none of the values of %s=; write %s", text,
                          directive->name, str_text(&names));
}

static int enum_parse(const Directive *directive, const char *text, const Place *place, void *field,
                      char **reterr, size_t *reterr_offset) {
        int value = lookup_parse(directive->names, directive->n_names, text);

        if (value < 0) {
                return enum_fail(directive, text, reterr);
        }
        *(int *) field = value;
        return 0;
}

static int enum_format(const Directive *directive, const void *field, char ***ret) {
        const char *name = lookup_name(directive->names, directive->n_names, *(const int *) field);

        assert(name);
        return value_one(strdup(name), ret);
}

const ValueType value_type_ENUM = {
        .kind = VALUE_ENUM,
        .label = "one of several words",
        .signature = "s",
        .grammar = "WORD",
        .size = sizeof(int),
        .parse = enum_parse,
        .format = enum_format,
        .done = value_plain_done,
        .copy = int_copy,
};

/* -- SIZE -- */

/* A part of a whole that has no exact percentage is rounded down, as systemd does. */
static uint64_t scale(uint64_t whole, uint32_t per_10000) {
        return (uint64_t) ((unsigned __int128) whole * per_10000 / 10000);
}

int value_parse_size(const char *text, uint64_t *ret) {
        uint32_t per_10000;

        if (streq(text, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        if (!endswith(text, "%")) {
                return parse_size(text, ret);
        }
        if (parse_percent(text, &per_10000) < 0) {
                return -EINVAL;
        }
        if (per_10000 > 10000) {
                return -ERANGE;
        }
        *ret = scale(host_memory(), per_10000);
        return 0;
}

static int size_parse(const Directive *directive, const char *text, const Place *place, void *field,
                      char **reterr, size_t *reterr_offset) {
        uint64_t value;
        int r;

        r = value_parse_size(text, &value);
        if (r == -ERANGE) {
                return value_fail(reterr, r, QUOTED " is too large; the most is 15E, or 100%%",
                                  text);
        }
        if (r < 0) {
                return value_fail(reterr, r,
                                  QUOTED
                                  " is no size; write bytes, a number with K, M, G or T (of 1024), "
                                  "a percentage of the host's memory, or infinity",
                                  text);
        }
        r = value_check_range(directive, value, text, reterr);
        if (r < 0) {
                return r;
        }
        *(uint64_t *) field = value;
        return 0;
}

static int number_format(const Directive *directive, const void *field, char ***ret) {
        uint64_t value = *(const uint64_t *) field;

        return value_one(value == UINT64_MAX ? strdup("infinity") : strf("%" PRIu64, value), ret);
}

const ValueType value_type_SIZE = {
        .kind = VALUE_SIZE,
        .sample = "64M",
        .label = "size",
        .signature = "t",
        .grammar = "BYTES | NUMBER K|M|G|T | PERCENT% | infinity",
        .size = sizeof(uint64_t),
        .parse = size_parse,
        .format = number_format,
        .done = value_plain_done,
        .copy = u64_copy,
};

/* -- COUNT -- */

static int count_read(const char *text, uint64_t *ret) {
        uint32_t per_10000;

        if (streq(text, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        if (!endswith(text, "%")) {
                return parse_u64(text, ret);
        }
        if (parse_percent(text, &per_10000) < 0 || per_10000 > 10000) {
                return -EINVAL;
        }
        *ret = scale(host_tasks(), per_10000);
        return 0;
}

static int count_parse(const Directive *directive, const char *text, const Place *place,
                       void *field, char **reterr, size_t *reterr_offset) {
        uint64_t value;
        int r;

        r = count_read(text, &value);
        if (r < 0) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no number of tasks; write digits, a percentage up to 100%%, "
                                  "or infinity",
                                  text);
        }
        r = value_check_range(directive, value, text, reterr);
        if (r < 0) {
                return r;
        }
        *(uint64_t *) field = value;
        return 0;
}

const ValueType value_type_COUNT = {
        .kind = VALUE_COUNT,
        .sample = "32",
        .label = "number",
        .signature = "t",
        .grammar = "NUMBER | PERCENT% | infinity",
        .size = sizeof(uint64_t),
        .parse = count_parse,
        .format = number_format,
        .done = value_plain_done,
        .copy = u64_copy,
};

/* -- WEIGHT -- */

static int weight_parse(const Directive *directive, const char *text, const Place *place,
                        void *field, char **reterr, size_t *reterr_offset) {
        uint64_t value = UINT64_MAX;
        int r;

        if (text[0]) {
                if (parse_u64(text, &value) < 0) {
                        return value_fail(reterr, -EINVAL, QUOTED " is no weight; write a number",
                                          text);
                }
                r = value_check_range(directive, value, text, reterr);
                if (r < 0) {
                        return r;
                }
        }
        *(uint64_t *) field = value;
        return 0;
}

static int cpu_weight_parse(const Directive *directive, const char *text, const Place *place,
                            void *field, char **reterr, size_t *reterr_offset) {
        if (streq(text, "idle")) {
                *(uint64_t *) field = 0;
                return 0;
        }
        return weight_parse(directive, text, place, field, reterr, reterr_offset);
}

static int weight_format(const Directive *directive, const void *field, char ***ret) {
        uint64_t value = *(const uint64_t *) field;

        return value_one(value == UINT64_MAX ? strdup("") : strf("%" PRIu64, value), ret);
}

const ValueType value_type_WEIGHT = {
        .kind = VALUE_WEIGHT,
        .sample = "200",
        .label = "weight",
        .signature = "t",
        .grammar = "NUMBER",
        .size = sizeof(uint64_t),
        .parse = weight_parse,
        .format = weight_format,
        .done = value_plain_done,
        .copy = u64_copy,
};

static int cpu_weight_format(const Directive *directive, const void *field, char ***ret) {
        return *(const uint64_t *) field == 0 ? value_one(strdup("idle"), ret)
                                              : weight_format(directive, field, ret);
}

const ValueType value_type_CPU_WEIGHT = {
        .kind = VALUE_CPU_WEIGHT,
        .sample = "200",
        .label = "weight",
        .signature = "t",
        .grammar = "NUMBER | idle",
        .size = sizeof(uint64_t),
        .parse = cpu_weight_parse,
        .format = cpu_weight_format,
        .done = value_plain_done,
        .copy = u64_copy,
};

/* -- QUOTA -- */

static int quota_parse(const Directive *directive, const char *text, const Place *place,
                       void *field, char **reterr, size_t *reterr_offset) {
        uint32_t per_10000;

        if (streq(text, "infinity")) {
                *(uint64_t *) field = UINT64_MAX;
                return 0;
        }
        if (parse_percent(text, &per_10000) < 0) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no quota; write a percentage such as 50%% (half of one "
                                  "processor) or 200%% (two)",
                                  text);
        }
        if (per_10000 == 0) {
                return value_fail(reterr, -ERANGE, QUOTED " is out of range; write more than 0%%",
                                  text);
        }
        *(uint64_t *) field = (uint64_t) per_10000 * (USEC_PER_SEC / 10000);
        return 0;
}

static int quota_format(const Directive *directive, const void *field, char ***ret) {
        uint64_t value = *(const uint64_t *) field;
        uint64_t per_10000 = value / (USEC_PER_SEC / 10000);

        if (value == UINT64_MAX) {
                return value_one(strdup("infinity"), ret);
        }
        if (per_10000 % 100 == 0) {
                return value_one(strf("%" PRIu64 "%%", per_10000 / 100), ret);
        }
        return value_one(strf("%" PRIu64 ".%02" PRIu64 "%%", per_10000 / 100, per_10000 % 100),
                         ret);
}

const ValueType value_type_QUOTA = {
        .kind = VALUE_QUOTA,
        .sample = "50%",
        .label = "percentage",
        .signature = "t",
        .grammar = "PERCENT% | infinity",
        .size = sizeof(uint64_t),
        .parse = quota_parse,
        .format = quota_format,
        .done = value_plain_done,
        .copy = u64_copy,
};

/* -- TIMESPAN -- */

static int timespan_fail(const char *text, char **reterr) {
        return value_fail(reterr, -EINVAL,
                          QUOTED
                          " is no time span; write seconds, or numbers with units: 500ms, 1min 30s",
                          text);
}

static int timespan_parse(const Directive *directive, const char *text, const Place *place,
                          void *field, char **reterr, size_t *reterr_offset) {
        usec_t value;
        int r;

        r = parse_timespan(text, &value);
        if (r == -ERANGE) {
                return value_fail(reterr, r, QUOTED " is too long a time; infinity is without end",
                                  text);
        }
        if (r < 0) {
                return timespan_fail(text, reterr);
        }
        r = value_check_range(directive, value, text, reterr);
        if (r < 0) {
                return r;
        }
        if (value == 0 && (directive->flags & DIRECTIVE_ZERO_IS_INFINITY)) {
                value = USEC_INFINITY;
        }
        *(uint64_t *) field = value;
        return 0;
}

static int timespan_format(const Directive *directive, const void *field, char ***ret) {
        return value_one(usec_format_span(*(const uint64_t *) field), ret);
}

const ValueType value_type_TIMESPAN = {
        .kind = VALUE_TIMESPAN,
        .sample = "1min 30s",
        .label = "time span",
        .signature = "t",
        .grammar = "SECONDS | NUMBER us|ms|s|min|h|d […] | infinity",
        .size = sizeof(uint64_t),
        .parse = timespan_parse,
        .format = timespan_format,
        .done = value_plain_done,
        .copy = u64_copy,
};

/* -- OFFSET -- */

static int offset_parse(const Directive *directive, const char *text, const Place *place,
                        void *field, char **reterr, size_t *reterr_offset) {
        int64_t value;
        int r;

        r = parse_signed_timespan_nsec(text, &value);
        if (r == -ERANGE) {
                return value_fail(reterr, r, QUOTED " is too far; clocks reach about 292 years",
                                  text);
        }
        if (r < 0) {
                return timespan_fail(text, reterr);
        }
        *(int64_t *) field = value;
        return 0;
}

static int offset_format(const Directive *directive, const void *field, char ***ret) {
        int64_t value = *(const int64_t *) field;
        uint64_t magnitude = value < 0 ? -(uint64_t) value : (uint64_t) value;
        _cleanup_free_ char *span = NULL;

        if (magnitude % NSEC_PER_USEC == 0) {
                span = usec_format_span(magnitude / NSEC_PER_USEC);
        } else {
                span = strf("%" PRIu64 "ns", magnitude);
        }
        if (!span) {
                return -ENOMEM;
        }
        return value_one(strf("%s%s", value < 0 ? "-" : "", span), ret);
}

const ValueType value_type_OFFSET = {
        .kind = VALUE_OFFSET,
        .sample = "-1h",
        .label = "signed time span",
        .signature = "x",
        .grammar = "[-]SECONDS | [-]NUMBER ns|us|ms|s|min|h|d […]",
        .size = sizeof(int64_t),
        .parse = offset_parse,
        .format = offset_format,
        .done = value_plain_done,
        .copy = i64_copy,
};

/* -- MODE -- */

static int mode_parse(const Directive *directive, const char *text, const Place *place, void *field,
                      char **reterr, size_t *reterr_offset) {
        uint32_t value;
        int r;

        if (parse_octal(text, &value) < 0) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED " is no mode; write octal digits such as 0022", text);
        }
        r = value_check_range(directive, value, text, reterr);
        if (r < 0) {
                return r;
        }
        *(uint32_t *) field = value;
        return 0;
}

static int mode_format(const Directive *directive, const void *field, char ***ret) {
        return value_one(strf("%04o", *(const uint32_t *) field), ret);
}

const ValueType value_type_MODE = {
        .kind = VALUE_MODE,
        .sample = "0077",
        .label = "octal mode",
        .signature = "u",
        .grammar = "OCTAL",
        .size = sizeof(uint32_t),
        .parse = mode_parse,
        .format = mode_format,
        .done = value_plain_done,
        .copy = u32_copy,
};

/* -- SIGNAL -- */

static int signal_parse(const Directive *directive, const char *text, const Place *place,
                        void *field, char **reterr, size_t *reterr_offset) {
        int value;

        if (parse_signal(text, &value) < 0) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no signal; write a name such as SIGTERM, SIGRTMIN+3, or a "
                                  "number of signal(7)",
                                  text);
        }
        *(int *) field = value;
        return 0;
}

static int signal_format(const Directive *directive, const void *field, char ***ret) {
        int value = *(const int *) field;
        const char *name = signal_name(value);

        return value_one(name ? strdup(name) : strf("%d", value), ret);
}

const ValueType value_type_SIGNAL = {
        .kind = VALUE_SIGNAL,
        .sample = "SIGTERM",
        .label = "signal",
        .signature = "i",
        .grammar = "NAME | NUMBER",
        .size = sizeof(int),
        .parse = signal_parse,
        .format = signal_format,
        .done = value_plain_done,
        .copy = int_copy,
};

/* -- INTEGER: with a sign, of a RANGE() -- */

static int integer_parse(const Directive *directive, const char *text, const Place *place,
                         void *field, char **reterr, size_t *reterr_offset) {
        int64_t least = (int64_t) directive->min, most = (int64_t) directive->max, value;
        bool negative = text[0] == '-';
        uint32_t digits;
        int r = parse_u32(text + (negative || text[0] == '+' ? 1 : 0), &digits);

        if (r == -EINVAL) {
                return value_fail(reterr, r,
                                  QUOTED " is no number; write one from %" PRId64 " to %" PRId64,
                                  text, least, most);
        }
        value = r < 0 ? INT64_MAX : negative ? -(int64_t) digits : (int64_t) digits;
        if (value < least || value > most) {
                return value_fail(reterr, -ERANGE,
                                  QUOTED " is out of range; it may be %" PRId64 " to %" PRId64,
                                  text, least, most);
        }
        *(int *) field = (int) value;
        return 0;
}

static int integer_format(const Directive *directive, const void *field, char ***ret) {
        return value_one(strf("%d", *(const int *) field), ret);
}

const ValueType value_type_INTEGER = {
        .kind = VALUE_INTEGER,
        .sample = "10",
        .label = "integer",
        .signature = "i",
        .grammar = "[-]NUMBER",
        .size = sizeof(int),
        .parse = integer_parse,
        .format = integer_format,
        .done = value_plain_done,
        .copy = int_copy,
};
