/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/timestamp.h"

#include "base/parse.h"

#include <string.h>

#define TEXT_MAX 128u

/* A day's beginning in the local time zone; the calendar knows how long days are. */
static int day_start(usec_t now, int days, usec_t *ret) {
        time_t seconds = (time_t) (now / USEC_PER_SEC);
        struct tm tm;

        if (!localtime_r(&seconds, &tm)) {
                return -ERANGE;
        }
        tm.tm_mday += days;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_isdst = -1;
        seconds = mktime(&tm);
        if (seconds < 0) {
                return -ERANGE;
        }
        *ret = (usec_t) seconds * USEC_PER_SEC;
        return 0;
}

static int parse_word(const char *text, usec_t now, usec_t *ret) {
        static const struct {
                const char *word;
                int days;
        } words[] = {{"today", 0}, {"yesterday", -1}, {"tomorrow", 1}};

        if (streq(text, "now")) {
                *ret = now;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                if (streq(text, words[i].word)) {
                        return day_start(now, words[i].days, ret);
                }
        }
        return -EINVAL;
}

static int shift(usec_t now, const char *span_text, bool back, usec_t *ret) {
        usec_t span;
        int r = parse_timespan(span_text, &span);

        if (r < 0) {
                return r;
        }
        if (span == USEC_INFINITY || (back ? span > now : span > USEC_INFINITY - 1 - now)) {
                return -ERANGE;
        }
        *ret = back ? now - span : now + span;
        return 0;
}

static int parse_relative(const char *text, usec_t now, usec_t *ret) {
        static const struct {
                const char *suffix;
                bool back;
        } suffixes[] = {{" ago", true}, {" left", false}};

        if (*text == '+' || *text == '-') {
                return shift(now, text + 1, *text == '-', ret);
        }
        for (size_t i = 0; i < ELEMENTS(suffixes); i++) {
                const char *end = endswith(text, suffixes[i].suffix);
                char span[TEXT_MAX] = "";

                if (end) {
                        memcpy(span, text, (size_t) (end - text));
                        return shift(now, span, suffixes[i].back, ret);
                }
        }
        return -EINVAL;
}

/* ".123456": at least one digit; what is finer than a microsecond is left out. */
static bool take_fraction(const char **text, usec_t *ret) {
        usec_t unit = USEC_PER_SEC;
        const char *p = *text;

        *ret = 0;
        if (*p != '.') {
                return true;
        }
        for (p++; *p >= '0' && *p <= '9'; p++) {
                unit /= 10;
                *ret += unit * (usec_t) (*p - '0');
        }
        if (p == *text + 1) {
                return false;
        }
        *text = p;
        return true;
}

static int parse_epoch(const char *text, usec_t *ret) {
        char seconds_text[TEXT_MAX] = "";
        const char *rest = text + strcspn(text, ".");
        uint64_t seconds;
        usec_t fraction;
        int r;

        memcpy(seconds_text, text, (size_t) (rest - text));
        r = parse_u64(seconds_text, &seconds);
        if (r < 0) {
                return r;
        }
        if (!take_fraction(&rest, &fraction) || *rest != '\0') {
                return -EINVAL;
        }
        if (seconds >= USEC_INFINITY / USEC_PER_SEC) {
                return -ERANGE;
        }
        *ret = seconds * USEC_PER_SEC + fraction;
        return 0;
}

typedef struct Calendar {
        struct tm tm;
        usec_t fraction;
        bool utc;
} Calendar;

static int calendar_time(const Calendar *calendar, int weekday, usec_t *ret) {
        struct tm tm = calendar->tm, asked = calendar->tm;
        time_t seconds;

        tm.tm_isdst = -1;
        seconds = calendar->utc ? timegm(&tm) : mktime(&tm);
        if (seconds < 0) {
                return -ERANGE;
        }
        /* "2026-02-31" is no day, though the library would take it for one of March */
        if (tm.tm_mday != asked.tm_mday || tm.tm_mon != asked.tm_mon) {
                return -EINVAL;
        }
        if (weekday >= 0 && tm.tm_wday != weekday) {
                return -EINVAL;
        }
        *ret = (usec_t) seconds * USEC_PER_SEC + calendar->fraction;
        return 0;
}

static int parse_calendar(const char *text, usec_t now, usec_t *ret) {
        static const struct {
                const char *format;
                bool date;
                bool seconds;
        } formats[] = {
                {"%Y-%m-%d %H:%M:%S", true, true}, {"%Y-%m-%d %H:%M", true, false},
                {"%Y-%m-%d", true, false},         {"%H:%M:%S", false, true},
                {"%H:%M", false, false},
        };
        time_t seconds = (time_t) (now / USEC_PER_SEC);
        struct tm weekday_tm = {.tm_wday = -1};
        const char *start = text;

        if (*text < '0' || *text > '9') {
                start = strptime(text, "%a ", &weekday_tm);
                if (!start) {
                        return -EINVAL;
                }
        }
        for (size_t i = 0; i < ELEMENTS(formats); i++) {
                Calendar calendar = {};
                const char *rest;

                if (!formats[i].date && !localtime_r(&seconds, &calendar.tm)) {
                        return -ERANGE;
                }
                calendar.tm.tm_hour = calendar.tm.tm_min = calendar.tm.tm_sec = 0;
                rest = strptime(start, formats[i].format, &calendar.tm);
                if (!rest || (formats[i].seconds && !take_fraction(&rest, &calendar.fraction))) {
                        continue;
                }
                calendar.utc = streq(rest, " UTC");
                if (calendar.utc || *rest == '\0') {
                        return calendar_time(&calendar, weekday_tm.tm_wday, ret);
                }
        }
        return -EINVAL;
}

int parse_timestamp(const char *text, usec_t now_usec, usec_t *ret) {
        int r;

        assert(text);
        assert(ret);

        if (strlen(text) >= TEXT_MAX) {
                return -EINVAL;
        }
        if (*text == '@') {
                return parse_epoch(text + 1, ret);
        }
        r = parse_word(text, now_usec, ret);
        if (r == -EINVAL) {
                r = parse_relative(text, now_usec, ret);
        }
        return r == -EINVAL ? parse_calendar(text, now_usec, ret) : r;
}
