/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#include "base/fd.h"
#include "base/parse.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#define X(TYPE, signature) [VALUE_##TYPE] = &value_type_##TYPE,
const ValueType *const value_types[_VALUE_KIND_MAX] = {VALUE_TYPES(X)};
#undef X

int value_fail(char **reterr, int fault, const char *format, ...) {
        _cleanup_(str_done) Str text = STR_INIT;
        va_list args;
        int r;

        assert(fault < 0);

        if (!reterr) {
                return fault;
        }
        va_start(args, format);
        r = str_vappendf(&text, format, args);
        va_end(args);
        if (r < 0) {
                return r;
        }
        *reterr = str_take(&text);
        return *reterr ? fault : -ENOMEM;
}

int value_one(char *text, char ***ret) {
        _cleanup_(strv_freep) char **texts = NULL;
        int r;

        r = strv_append_take(&texts, text);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(texts);
        return 0;
}

int value_check_range(const Directive *directive, uint64_t value, const char *text, char **reterr) {
        if ((directive->min == 0 && directive->max == 0) ||
            (value >= directive->min && value <= directive->max)) {
                return 0;
        }
        if (directive->type->kind == VALUE_MODE) {
                return value_fail(reterr, -ERANGE,
                                  QUOTED " is out of range; it may be %04o to %04o", text,
                                  (unsigned) directive->min, (unsigned) directive->max);
        }
        if (directive->max == UINT64_MAX) {
                return value_fail(reterr, -ERANGE, QUOTED " is too small; the least is %" PRIu64,
                                  text, directive->min);
        }
        return value_fail(reterr, -ERANGE,
                          QUOTED " is out of range; it may be %" PRIu64 " to %" PRIu64, text,
                          directive->min, directive->max);
}

void value_plain_done(void *field) {
        (void) field;
}

void value_string_set(void *field, char *text) {
        char **string = field;

        free(*string);
        *string = text;
}

void value_string_done(void *field) {
        value_string_set(field, NULL);
}

int value_string_copy(const void *field, void *ret) {
        const char *text = *(char *const *) field;
        char *copy = NULL;

        if (text) {
                copy = strdup(text);
                if (!copy) {
                        return -ENOMEM;
                }
        }
        *(char **) ret = copy;
        return 0;
}

int value_string_format(const Directive *directive, const void *field, char ***ret) {
        const char *text = *(char *const *) field;

        return value_one(strdup(text ? text : ""), ret);
}

uint64_t host_memory(void) {
        long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

        return pages > 0 && size > 0 ? (uint64_t) pages * (uint64_t) size : 0;
}

/* The number in a file of procfs; fallback where there is none. */
static uint64_t read_number(const char *path, uint64_t fallback) {
        _cleanup_free_ char *text = NULL;
        uint64_t value;
        size_t size;

        if (file_read_at(AT_FDCWD, path, 64, &text, &size) < 0) {
                return fallback;
        }
        text[strcspn(text, "\n")] = '\0';
        return parse_u64(text, &value) < 0 ? fallback : value;
}

uint64_t host_tasks(void) {
        /* Both bound the number of tasks; the kernel's own defaults where procfs cannot be read. */
        return MIN(read_number("/proc/sys/kernel/threads-max", 32768),
                   read_number("/proc/sys/kernel/pid_max", 32768));
}
