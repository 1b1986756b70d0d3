/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/time.h"

#include "base/str.h"

static const struct TimeUnit {
        const char *name;
        usec_t usec;
} span_units[] = {
        {"y", 31557600 * USEC_PER_SEC},
        {"month", 2629800 * USEC_PER_SEC},
        {"w", 604800 * USEC_PER_SEC},
        {"d", 86400 * USEC_PER_SEC},
        {"h", 3600 * USEC_PER_SEC},
        {"min", 60 * USEC_PER_SEC},
        {"s", USEC_PER_SEC},
        {"ms", USEC_PER_MSEC},
        {"us", 1},
};

usec_t usec_now(clockid_t clock) {
        struct timespec ts;

        if (clock_gettime(clock, &ts) < 0) {
                return 0;
        }
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / NSEC_PER_USEC;
}

/* The parts of a span from the largest unit down, at most max_parts of them. */
static int append_span(Str *out, usec_t span, unsigned max_parts) {
        unsigned parts = 0;

        for (size_t i = 0; i < ELEMENTS(span_units) && parts < max_parts; i++) {
                usec_t n = span / span_units[i].usec;
                int r;

                if (n == 0) {
                        continue;
                }
                r = str_appendf(out, "%s%llu%s", parts > 0 ? " " : "", (unsigned long long) n,
                                span_units[i].name);
                if (r < 0) {
                        return r;
                }
                span -= n * span_units[i].usec;
                parts++;
        }
        return parts == 0 ? str_append(out, "0") : 0;
}

char *usec_format_span(usec_t span) {
        _cleanup_(str_done) Str out = STR_INIT;

        if (span == USEC_INFINITY) {
                return strdup("infinity");
        }
        return append_span(&out, span, UINT32_MAX) < 0 ? NULL : str_take(&out);
}

char *usec_format_timestamp(usec_t realtime) {
        time_t seconds = (time_t) (realtime / USEC_PER_SEC);
        char text[64];
        struct tm tm;

        if (!localtime_r(&seconds, &tm) ||
            strftime(text, sizeof(text), "%a %Y-%m-%d %H:%M:%S %Z", &tm) == 0) {
                return strdup("n/a");
        }
        return strdup(text);
}

char *usec_format_ago(usec_t realtime, usec_t now) {
        _cleanup_(str_done) Str out = STR_INIT;
        bool past = now >= realtime;
        usec_t span = past ? now - realtime : realtime - now;

        /* As systemctl: what is under a second is told in full, else seconds are the finest. */
        if (span >= USEC_PER_SEC) {
                span -= span % USEC_PER_SEC;
        }
        if (append_span(&out, span, 2) < 0 || str_append(&out, past ? " ago" : " left") < 0) {
                return NULL;
        }
        return str_take(&out);
}
