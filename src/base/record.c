/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/record.h"

#include <string.h>

#define SECONDS_DIGITS 10u /* until the year 2286 */
#define FRACTION_DIGITS 6u
#define HEAD_SIZE (SECONDS_DIGITS + 1 + FRACTION_DIGITS + 1 + 1 + 1 + 1 + 1)

int record_append(Str *out, const Record *record) {
        int r = str_appendf(out, "%010llu.%06llu %u %c ",
                            (unsigned long long) (record->realtime_usec / USEC_PER_SEC),
                            (unsigned long long) (record->realtime_usec % USEC_PER_SEC),
                            record->priority, (char) record->kind);

        r = r < 0 ? r : str_append_n(out, record->message, record->size);
        return r < 0 ? r : str_append_char(out, '\n');
}

static bool take_digits(const char *text, size_t n, uint64_t *value) {
        for (size_t i = 0; i < n; i++) {
                if (text[i] < '0' || text[i] > '9') {
                        return false;
                }
                *value = *value * 10 + (uint64_t) (text[i] - '0');
        }
        return true;
}

static bool parse_head(const char *text, size_t n, Record *ret) {
        const char *fraction = text + SECONDS_DIGITS + 1, *rest = fraction + FRACTION_DIGITS;
        uint64_t seconds = 0, usec = 0;

        if (n < HEAD_SIZE || !take_digits(text, SECONDS_DIGITS, &seconds) ||
            text[SECONDS_DIGITS] != '.' || !take_digits(fraction, FRACTION_DIGITS, &usec) ||
            rest[0] != ' ' || rest[1] < '0' || rest[1] > '0' + (char) RECORD_PRIORITY_MAX ||
            rest[2] != ' ' ||
            (rest[3] != RECORD_LINE && rest[3] != RECORD_PART && rest[3] != RECORD_NOTE) ||
            rest[4] != ' ') {
                return false;
        }
        ret->realtime_usec = seconds * USEC_PER_SEC + usec;
        ret->priority = (unsigned) (rest[1] - '0');
        ret->kind = (RecordKind) rest[3];
        ret->message = text + HEAD_SIZE;
        ret->size = n - HEAD_SIZE;
        return true;
}

size_t record_parse(const char *text, size_t n, Record *ret) {
        const char *end = n > 0 ? memchr(text, '\n', n) : NULL;

        if (!end) {
                return 0;
        }
        if (!parse_head(text, (size_t) (end - text), ret)) {
                *ret = (Record){.priority = RECORD_PRIORITY_DEFAULT,
                                .kind = RECORD_LINE,
                                .message = text,
                                .size = (size_t) (end - text)};
        }
        return (size_t) (end - text) + 1;
}

void record_take_prefix(Record *record) {
        const char *text = record->message;

        if (record->size >= 3 && text[0] == '<' && text[1] >= '0' &&
            text[1] <= '0' + (char) RECORD_PRIORITY_MAX && text[2] == '>') {
                record->priority = (unsigned) (text[1] - '0');
                record->message += 3;
                record->size -= 3;
        }
}
