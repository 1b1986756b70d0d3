/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/parse.h"
#include "spec/value-type.h"

#include <inttypes.h>

/* What the kernel keeps of each process: INTEGER (with a sign, of a RANGE()), CPUS. */

/* -- INTEGER -- */

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

static int integer_copy(const void *field, void *ret) {
        *(int *) ret = *(const int *) field;
        return 0;
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
        .copy = integer_copy,
};

/* -- CPUS -- */

static int cpus_parse(const Directive *directive, const char *text, const Place *place, void *field,
                      char **reterr, size_t *reterr_offset) {
        int r;

        if (streq(text, "numa")) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED " needs NUMAMask=, which does not exist here; write the "
                                         "numbers of the processors, such as 0-3",
                                  text);
        }
        r = cpu_set_add(field, text);
        if (r == -ERANGE) {
                return value_fail(reterr, r,
                                  QUOTED " is out of range; processors have numbers from 0 to %u, "
                                         "and a range goes up",
                                  text, CPUS_MAX - 1);
        }
        if (r < 0) {
                return value_fail(reterr, r,
                                  QUOTED
                                  " is no list of processors; write numbers and ranges, such "
                                  "as 0-3 5",
                                  text);
        }
        return 0;
}

static int cpus_format(const Directive *directive, const void *field, char ***ret) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r = cpu_set_format(field, &text);

        return r < 0 ? r : value_one(strdup(str_text(&text)), ret);
}

static void cpus_done(void *field) {
        *(CpuSet *) field = (CpuSet){};
}

static int cpus_copy(const void *field, void *ret) {
        *(CpuSet *) ret = *(const CpuSet *) field;
        return 0;
}

const ValueType value_type_CPUS = {
        .kind = VALUE_CPUS,
        .sample = "0-1 3",
        .label = "list of processors",
        .signature = "s",
        .grammar = "NUMBER|FIRST-LAST […]",
        .size = sizeof(CpuSet),
        .merges = true,
        .parse = cpus_parse,
        .format = cpus_format,
        .done = cpus_done,
        .copy = cpus_copy,
};
