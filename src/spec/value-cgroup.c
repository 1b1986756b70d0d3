/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#include "base/parse.h"
#include "base/path.h"

#include <inttypes.h>

/* Types of resource control that are more than a number: DEVICES, DEVICE_RATES, DEVICE_WEIGHTS,
 * DEVICE_TIMES, NUMBER_SET. */

#define DEVICE_ACCESS "rwm"
#define WEIGHT_MAX 10000u

/* -- DEVICES -- */

/* A node below /dev, or a driver of /proc/devices with the globs that systemd takes. */
static int device_node(char *word, char **ret, char **reterr) {
        const char *group = startswith(word, "char-");

        group = group ? group : startswith(word, "block-");
        if (group) {
                if (group[0] == '\0' || strchr(group, '/')) {
                        return value_fail(reterr, -EINVAL,
                                          QUOTED " names no driver; see /proc/devices", word);
                }
                *ret = strdup(word);
                return *ret ? 0 : -ENOMEM;
        }
        if (value_parse_path(word, ret, NULL) < 0 || !startswith(*ret, "/dev/")) {
                free(*ret);
                *ret = NULL;
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no device; write a node below /dev, char-NAME or block-NAME "
                                  "with a NAME of /proc/devices",
                                  word);
        }
        return 0;
}

/* "mr" is "rm": each letter once, in one order. */
static int device_access(const char *word, char **ret, char **reterr) {
        char access[sizeof(DEVICE_ACCESS)] = "";
        size_t n = 0;

        if (strspn(word, DEVICE_ACCESS) != strlen(word)) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no access; write letters of rwm (read, write, make a node)",
                                  word);
        }
        for (const char *letter = DEVICE_ACCESS; *letter; letter++) {
                if (strchr(word, *letter)) {
                        access[n++] = *letter;
                }
        }
        *ret = strdup(n > 0 ? access : DEVICE_ACCESS);
        return *ret ? 0 : -ENOMEM;
}

static int device_parse(WordReader *reader, ValueItem *item, char **reterr) {
        _cleanup_free_ char *node = NULL, *access = NULL;
        int r;

        r = word_reader_take(reader, "", &node, reterr);
        if (r == 0) {
                bool missing_ok = node[0] == '-';

                item->flags = missing_ok ? VALUE_MISSING_OK : 0;
                r = device_node(node + missing_ok, &item->text, reterr);
        }
        if (r == 0 && word_reader_next(reader)) {
                r = word_reader_take(reader, "", &access, reterr);
        }
        if (r == 0) {
                r = device_access(access ? access : "", &item->second, reterr);
        }
        if (r == 0 && word_reader_next(reader)) {
                reader->start = reader->position;
                return value_fail(reterr, -EINVAL,
                                  "There are more than two words; write NODE ACCESS, and one "
                                  "DeviceAllow= for each node");
        }
        return r;
}

/* Assignments of one device add up, as the kernel would do it with two lines of a list: systemd's
 * bus takes the last alone. */
static int device_merge(ValueItem *item, const ValueItem *more, char **reterr) {
        _cleanup_free_ char *both = strf("%s%s", item->second, more->second);
        char *access = NULL;
        int r = both ? device_access(both, &access, reterr) : -ENOMEM;

        if (r == 0) {
                free(item->second);
                item->second = access;
                item->flags &= more->flags;
        }
        return r;
}

static ValueItem *device_find(ValueList *list, const char *text) {
        for (size_t i = 0; i < list->n; i++) {
                if (streq(list->items[i].text, text)) {
                        return &list->items[i];
                }
        }
        return NULL;
}

static int devices_parse(const Directive *directive, const char *text, const Place *place,
                         void *field, char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        WordReader reader = {.text = text};
        ValueItem *item, *earlier;
        int r;

        if (!word_reader_next(&reader)) {
                return 0;
        }
        item = value_list_add(&list, place);
        if (!item) {
                return -ENOMEM;
        }
        r = device_parse(&reader, item, reterr);
        if (r < 0) {
                *reterr_offset = reader.start;
                return r;
        }
        earlier = device_find(field, item->text);
        return earlier ? device_merge(earlier, item, reterr)
                       : value_list_take(field, &list, reterr);
}

static int devices_format(const Directive *directive, const void *field, char ***ret) {
        _cleanup_(strv_freep) char **texts = NULL;
        const ValueList *list = field;

        for (size_t i = 0; i < list->n; i++) {
                const ValueItem *item = &list->items[i];
                _cleanup_free_ char *prefixed =
                        strf("%s%s", item->flags & VALUE_MISSING_OK ? "-" : "", item->text);
                _cleanup_free_ char *node = prefixed ? value_quote_word(prefixed) : NULL;
                int r;

                if (!node) {
                        return -ENOMEM;
                }
                r = strv_append_take(&texts, strf("%s %s", node, item->second));
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(texts);
        return 0;
}

const ValueType value_type_DEVICES = {
        .kind = VALUE_DEVICES,
        .sample = "/dev/null rw",
        .label = "device and access",
        .signature = "as",
        .grammar = "[-]NODE|char-NAME|block-NAME [rwm]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = devices_parse,
        .format = devices_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};

/* -- DEVICE_RATES, DEVICE_WEIGHTS, DEVICE_TIMES: "PATH VALUE" -- */

/* Rates of disks have suffixes of 1000, as with systemd. */
static int rate_parse(const char *text, uint64_t *ret) {
        static const char suffixes[] = "KMGTPE";
        size_t n = strlen(text);
        const char *suffix = n > 0 ? strchr(suffixes, text[n - 1]) : NULL;
        _cleanup_free_ char *digits = strndup(text, suffix ? n - 1 : n);
        uint64_t value;
        int r;

        if (!digits) {
                return -ENOMEM;
        }
        if (streq(text, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        r = parse_u64(digits, &value);
        for (const char *s = suffixes; r == 0 && suffix && s <= suffix; s++) {
                r = __builtin_mul_overflow(value, UINT64_C(1000), &value) ? -ERANGE : 0;
        }
        if (r < 0 || value == 0) {
                return r < 0 ? r : -ERANGE;
        }
        *ret = value;
        return 0;
}

static int weight_number_parse(const char *text, uint64_t *ret) {
        int r = parse_u64(text, ret);

        return r == 0 && (*ret < 1 || *ret > WEIGHT_MAX) ? -ERANGE : r;
}

static int time_number_parse(const char *text, uint64_t *ret) {
        int r = parse_timespan(text, ret);

        return r == 0 && (*ret == 0 || *ret == USEC_INFINITY) ? -ERANGE : r;
}

static char *number_text(uint64_t value) {
        return value == UINT64_MAX ? strdup("infinity") : strf("%" PRIu64, value);
}

static const struct DeviceNumber {
        ValueKind kind;
        int (*parse)(const char *text, uint64_t *ret);
        char *(*format)(uint64_t value);
        const char *example;
} device_numbers[] = {
        {VALUE_DEVICE_RATES, rate_parse, number_text,
         "a number a second with K, M, G or T (of 1000), such as /dev/sda 5M"},
        {VALUE_DEVICE_WEIGHTS, weight_number_parse, number_text, "a weight from 1 to 10000"},
        {VALUE_DEVICE_TIMES, time_number_parse, usec_format_span, "a time span such as 25ms"},
};

static const struct DeviceNumber *device_number_of(const Directive *directive) {
        for (size_t i = 0; i < ELEMENTS(device_numbers); i++) {
                if (device_numbers[i].kind == directive->type->kind) {
                        return &device_numbers[i];
                }
        }
        return NULL;
}

char *value_device_number_text(const Directive *directive, uint64_t number) {
        const struct DeviceNumber *device_number = device_number_of(directive);

        assert(device_number);

        return device_number->format(number);
}

/* A time span may hold blanks: all behind the path is the number. */
static int device_number_parse(const struct DeviceNumber *number, WordReader *reader,
                               ValueItem *item, char **reterr) {
        _cleanup_free_ char *path = NULL;
        const char *text;
        int r;

        r = word_reader_take(reader, "", &path, reterr);
        if (r == 0) {
                r = value_parse_path(path, &item->text, reterr);
        }
        if (r < 0) {
                return r;
        }
        text = word_reader_next(reader) ? reader->text + reader->position : "";
        reader->start = reader->position;
        r = number->parse(text, &item->size);
        if (r == -ENOMEM) {
                return r;
        }
        return r < 0 ? value_fail(reterr, -EINVAL, QUOTED " cannot be used here; write PATH and %s",
                                  text, number->example)
                     : 0;
}

/* Of one path the last value counts. */
static void forget_path(ValueList *list, const char *path) {
        for (size_t i = 0; i < list->n; i++) {
                if (streq(list->items[i].text, path)) {
                        free(list->items[i].text);
                        memmove(&list->items[i], &list->items[i + 1],
                                (list->n - i - 1) * sizeof(ValueItem));
                        list->n--;
                        return;
                }
        }
}

static int device_numbers_parse(const Directive *directive, const char *text, const Place *place,
                                void *field, char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        WordReader reader = {.text = text};
        ValueItem *item;
        int r;

        if (!word_reader_next(&reader)) {
                return 0;
        }
        item = value_list_add(&list, place);
        if (!item) {
                return -ENOMEM;
        }
        r = device_number_parse(device_number_of(directive), &reader, item, reterr);
        if (r < 0) {
                *reterr_offset = reader.start;
                return r;
        }
        forget_path(field, item->text);
        return value_list_take(field, &list, reterr);
}

static int device_numbers_format(const Directive *directive, const void *field, char ***ret) {
        const struct DeviceNumber *number = device_number_of(directive);
        _cleanup_(strv_freep) char **texts = NULL;
        const ValueList *list = field;

        for (size_t i = 0; i < list->n; i++) {
                _cleanup_free_ char *path = value_quote_word(list->items[i].text);
                _cleanup_free_ char *value = number->format(list->items[i].size);
                int r;

                if (!path || !value) {
                        return -ENOMEM;
                }
                r = strv_append_take(&texts, strf("%s %s", path, value));
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(texts);
        return 0;
}

#define DEVICE_NUMBER_TYPE(Kind, Sample, Label, Value) \
        const ValueType value_type_##Kind = {          \
                .kind = VALUE_##Kind,                  \
                .sample = (Sample),                    \
                .label = (Label),                      \
                .signature = "as",                     \
                .grammar = "PATH " Value,              \
                .size = sizeof(ValueList),             \
                .list = true,                          \
                .parse = device_numbers_parse,         \
                .format = device_numbers_format,       \
                .done = value_list_field_done,         \
                .copy = value_list_field_copy,         \
        }

DEVICE_NUMBER_TYPE(DEVICE_RATES, "/dev/sda 5M", "disk and rate", "NUMBER K|M|G|T | infinity");
DEVICE_NUMBER_TYPE(DEVICE_WEIGHTS, "/dev/sda 200", "disk and weight", "NUMBER");
DEVICE_NUMBER_TYPE(DEVICE_TIMES, "/dev/sda 25ms", "disk and time", "NUMBER us|ms|s|min […]");

/* -- NUMBER_SET -- */

static int number_set_field_parse(const Directive *directive, const char *text, const Place *place,
                                  void *field, char **reterr, size_t *reterr_offset) {
        NumberSet parsed, *set = field;
        int r;

        if (streq(text, "numa")) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED " needs NUMAMask=, which does not exist here; write the "
                                         "numbers, such as 0-3",
                                  text);
        }
        r = number_set_parse(text, &parsed);
        if (r == -ERANGE) {
                return value_fail(reterr, r,
                                  QUOTED
                                  " is out of range; numbers are 0 to %u, and a range goes up",
                                  text, NUMBER_SET_MAX - 1);
        }
        if (r < 0) {
                return value_fail(reterr, r,
                                  QUOTED
                                  " is no set; write numbers and ranges, parted by blanks or "
                                  "commas: 0-3 5",
                                  text);
        }
        for (size_t i = 0; i < sizeof(set->bytes); i++) {
                set->bytes[i] |= parsed.bytes[i];
        }
        return 0;
}

static int number_set_field_format(const Directive *directive, const void *field, char ***ret) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r = number_set_format(field, ' ', &text);

        return r < 0 ? r : value_one(strdup(str_text(&text)), ret);
}

static int number_set_field_copy(const void *field, void *ret) {
        *(NumberSet *) ret = *(const NumberSet *) field;
        return 0;
}

const ValueType value_type_NUMBER_SET = {
        .kind = VALUE_NUMBER_SET,
        .sample = "0-3 5",
        .label = "set of numbers",
        .signature = "s",
        .grammar = "NUMBER|FIRST-LAST […]",
        .size = sizeof(NumberSet),
        .merges = true,
        .parse = number_set_field_parse,
        .format = number_set_field_format,
        .done = value_plain_done,
        .copy = number_set_field_copy,
};
