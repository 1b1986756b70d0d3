/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/parse.h"

#include <signal.h>
#include <strings.h>

#define BLANKS " \t"

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* Digits of a base up to the first other byte: -EINVAL where there is none, -ERANGE on overflow. */
static int take_digits(const char **text, unsigned base, uint64_t *ret) {
        const char *p = *text;
        uint64_t value = 0;

        for (; *p >= '0' && *p < (char) ('0' + base); p++) {
                if (__builtin_mul_overflow(value, (uint64_t) base, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*p - '0'), &value)) {
                        return -ERANGE;
                }
        }
        if (p == *text) {
                return -EINVAL;
        }
        *text = p;
        *ret = value;
        return 0;
}

static int parse_digits(const char *text, unsigned base, uint64_t max, uint64_t *ret) {
        uint64_t value;
        int r;

        r = take_digits(&text, base, &value);
        if (r < 0) {
                return r;
        }
        if (*text != '\0') {
                return -EINVAL;
        }
        if (value > max) {
                return -ERANGE;
        }
        *ret = value;
        return 0;
}

int parse_u64(const char *text, uint64_t *ret) {
        return parse_digits(text, 10, UINT64_MAX, ret);
}

int parse_u32(const char *text, uint32_t *ret) {
        uint64_t value;
        int r;

        r = parse_digits(text, 10, UINT32_MAX, &value);
        if (r >= 0) {
                *ret = (uint32_t) value;
        }
        return r;
}

int parse_octal(const char *text, uint32_t *ret) {
        uint64_t value;
        int r;

        r = parse_digits(text, 8, UINT32_MAX, &value);
        if (r >= 0) {
                *ret = (uint32_t) value;
        }
        return r;
}

int parse_boolean(const char *text, bool *ret) {
        static const struct {
                const char *word;
                bool value;
        } words[] = {
                {"1", true},  {"yes", true},    {"y", true},  {"true", true},
                {"t", true},  {"on", true},     {"0", false}, {"no", false},
                {"n", false}, {"false", false}, {"f", false}, {"off", false},
        };

        for (size_t i = 0; i < ELEMENTS(words); i++) {
                if (strcasecmp(text, words[i].word) == 0) {
                        *ret = words[i].value;
                        return 0;
                }
        }
        return -EINVAL;
}

/* A decimal number with an optional fraction, times scale, truncated. The fraction is computed in
 * integers: "0.1" of a scale is exact where the scale allows it. */
static int take_scaled(const char **text, uint64_t (*scale_of)(const char **), uint64_t *ret) {
        const char *p = *text, *fraction = NULL;
        uint64_t whole, scale, value;
        int r;

        r = take_digits(&p, 10, &whole);
        if (r < 0) {
                return r;
        }
        if (*p == '.') {
                fraction = ++p;
                if (!is_digit(*p)) {
                        return -EINVAL;
                }
                p += strspn(p, "0123456789");
        }
        scale = scale_of(&p);
        if (scale == 0) {
                return -EINVAL;
        }
        if (__builtin_mul_overflow(whole, scale, &value)) {
                return -ERANGE;
        }
        for (uint64_t part = scale; fraction && is_digit(*fraction); fraction++) {
                uint64_t digit = (uint64_t) (*fraction - '0');

                /* part * digit / 10 without overflow: part is at most 2^60 (E), digit at most 9 */
                value += part / 10 * digit + part % 10 * digit / 10;
                part /= 10;
        }
        *text = p;
        *ret = value;
        return 0;
}

static uint64_t size_suffix(const char **text) {
        static const char suffixes[] = "BKMGTPE";
        const char *p = *text + strspn(*text, BLANKS), *found;

        if (*p == '\0') {
                *text = p;
                return 1;
        }
        found = strchr(suffixes, *p);
        if (!found) {
                return 0;
        }
        *text = p + 1;
        return (uint64_t) 1 << (10 * (found - suffixes));
}

int parse_size(const char *text, uint64_t *ret) {
        uint64_t value;
        int r;

        r = take_scaled(&text, size_suffix, &value);
        if (r < 0) {
                return r;
        }
        if (*text != '\0') {
                return -EINVAL;
        }
        *ret = value;
        return 0;
}

static uint64_t percent_sign(const char **text) {
        if (**text != '%') {
                return 0;
        }
        (*text)++;
        return 100;
}

int parse_percent(const char *text, uint32_t *ret_per_10000) {
        uint64_t value;
        int r;

        r = take_scaled(&text, percent_sign, &value);
        if (r < 0) {
                return r;
        }
        if (*text != '\0') {
                return -EINVAL;
        }
        if (value > UINT32_MAX) {
                return -ERANGE;
        }
        *ret_per_10000 = (uint32_t) value;
        return 0;
}

/* systemd.time(7); "M" is a month, "m" a minute. A number without a unit is in seconds. */
static const struct SpanUnit {
        const char *name;
        uint64_t nsec;
} span_units[] = {
        {"seconds", NSEC_PER_SEC},
        {"second", NSEC_PER_SEC},
        {"sec", NSEC_PER_SEC},
        {"s", NSEC_PER_SEC},
        {"minutes", 60 * NSEC_PER_SEC},
        {"minute", 60 * NSEC_PER_SEC},
        {"min", 60 * NSEC_PER_SEC},
        {"months", 2629800 * NSEC_PER_SEC},
        {"month", 2629800 * NSEC_PER_SEC},
        {"M", 2629800 * NSEC_PER_SEC},
        {"msec", 1000000},
        {"ms", 1000000},
        {"m", 60 * NSEC_PER_SEC},
        {"hours", 3600 * NSEC_PER_SEC},
        {"hour", 3600 * NSEC_PER_SEC},
        {"hr", 3600 * NSEC_PER_SEC},
        {"h", 3600 * NSEC_PER_SEC},
        {"days", 86400 * NSEC_PER_SEC},
        {"day", 86400 * NSEC_PER_SEC},
        {"d", 86400 * NSEC_PER_SEC},
        {"weeks", 604800 * NSEC_PER_SEC},
        {"week", 604800 * NSEC_PER_SEC},
        {"w", 604800 * NSEC_PER_SEC},
        {"years", 31557600 * NSEC_PER_SEC},
        {"year", 31557600 * NSEC_PER_SEC},
        {"y", 31557600 * NSEC_PER_SEC},
        {"usec", 1000},
        {"us", 1000},
        {"µs", 1000},
        {"μs", 1000}, /* the Greek letter too, as systemd */
        {"nsec", 1},
        {"ns", 1},
};

static uint64_t span_unit(const char **text) {
        const char *p = *text + strspn(*text, BLANKS);

        for (size_t i = 0; i < ELEMENTS(span_units); i++) {
                const char *rest = startswith(p, span_units[i].name);

                if (rest) {
                        *text = rest;
                        return span_units[i].nsec;
                }
        }
        /* What is no unit is the next number, the end, or a mistake that the caller meets. */
        return NSEC_PER_SEC;
}

static int parse_span_nsec(const char *text, uint64_t *ret) {
        uint64_t sum = 0;

        text += strspn(text, BLANKS);
        if (*text == '\0') {
                return -EINVAL;
        }
        while (*text) {
                uint64_t part;
                int r;

                r = take_scaled(&text, span_unit, &part);
                if (r < 0) {
                        return r;
                }
                if (__builtin_add_overflow(sum, part, &sum)) {
                        return -ERANGE;
                }
                text += strspn(text, BLANKS);
        }
        *ret = sum;
        return 0;
}

int parse_timespan(const char *text, usec_t *ret) {
        uint64_t nsec;
        int r;

        if (streq(text, "infinity")) {
                *ret = USEC_INFINITY;
                return 0;
        }
        r = parse_span_nsec(text, &nsec);
        if (r >= 0) {
                *ret = nsec / NSEC_PER_USEC;
        }
        return r;
}

int parse_signed_timespan_nsec(const char *text, int64_t *ret) {
        bool negative = *text == '-';
        uint64_t nsec;
        int r;

        text += *text == '-' || *text == '+';
        r = parse_span_nsec(text, &nsec);
        if (r < 0) {
                return r;
        }
        if (nsec > INT64_MAX) {
                return -ERANGE;
        }
        *ret = negative ? -(int64_t) nsec : (int64_t) nsec;
        return 0;
}

/* Real-time signals are numbered from SIGRTMIN, which libc decides at run time: "RTMIN+3",
 * "RTMAX-1". */
static int parse_rt_signal(const char *text, int *ret) {
        const char *rest = startswith(text, "RTMIN");
        bool from_min = rest;
        uint32_t offset = 0;
        int r;

        if (!rest) {
                rest = startswith(text, "RTMAX");
        }
        if (!rest) {
                return -EINVAL;
        }
        if (*rest != '\0') {
                if (*rest != (from_min ? '+' : '-')) {
                        return -EINVAL;
                }
                r = parse_u32(rest + 1, &offset);
                if (r < 0) {
                        return r;
                }
        }
        if (offset > (uint32_t) (SIGRTMAX - SIGRTMIN)) {
                return -ERANGE;
        }
        *ret = from_min ? SIGRTMIN + (int) offset : SIGRTMAX - (int) offset;
        return 0;
}

const char *signal_name(int signal) {
        static const char *const names[] = {
                [SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT",
                [SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP",     [SIGABRT] = "SIGABRT",
                [SIGBUS] = "SIGBUS",       [SIGFPE] = "SIGFPE",       [SIGKILL] = "SIGKILL",
                [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV",     [SIGUSR2] = "SIGUSR2",
                [SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM",
                [SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD",     [SIGCONT] = "SIGCONT",
                [SIGSTOP] = "SIGSTOP",     [SIGTSTP] = "SIGTSTP",     [SIGTTIN] = "SIGTTIN",
                [SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",       [SIGXCPU] = "SIGXCPU",
                [SIGXFSZ] = "SIGXFSZ",     [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
                [SIGWINCH] = "SIGWINCH",   [SIGIO] = "SIGIO",         [SIGPWR] = "SIGPWR",
                [SIGSYS] = "SIGSYS",
        };
        /* The kernel's real-time signals from glibc's SIGRTMIN (34) on, written as people type
         * them. */
        static const char *const rt_names[] = {
                "SIGRTMIN",    "SIGRTMIN+1",  "SIGRTMIN+2",  "SIGRTMIN+3",  "SIGRTMIN+4",
                "SIGRTMIN+5",  "SIGRTMIN+6",  "SIGRTMIN+7",  "SIGRTMIN+8",  "SIGRTMIN+9",
                "SIGRTMIN+10", "SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14",
                "SIGRTMIN+15", "SIGRTMIN+16", "SIGRTMIN+17", "SIGRTMIN+18", "SIGRTMIN+19",
                "SIGRTMIN+20", "SIGRTMIN+21", "SIGRTMIN+22", "SIGRTMIN+23", "SIGRTMIN+24",
                "SIGRTMIN+25", "SIGRTMIN+26", "SIGRTMIN+27", "SIGRTMIN+28", "SIGRTMIN+29",
                "SIGRTMIN+30",
        };

        if (signal > 0 && (size_t) signal < ELEMENTS(names)) {
                return names[signal];
        }
        if (signal >= SIGRTMIN && (size_t) (signal - SIGRTMIN) < ELEMENTS(rt_names)) {
                return rt_names[signal - SIGRTMIN];
        }
        return NULL;
}

int parse_signal(const char *text, int *ret) {
        const char *name = startswith(text, "SIG");
        uint32_t number;

        if (parse_u32(text, &number) == 0) {
                if (number < 1 || number >= (uint32_t) NSIG) {
                        return -ERANGE;
                }
                *ret = (int) number;
                return 0;
        }
        name = name ? name : text;
        for (int i = 1; i < NSIG; i++) {
                const char *known = signal_name(i);

                /* 3: without "SIG". Not sigabbrev_np(3): that calls SIGIO "POLL". */
                if (known && streq(known + 3, name)) {
                        *ret = i;
                        return 0;
                }
        }
        return parse_rt_signal(name, ret);
}
