/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include "base/parse.h"
#include "base/str.h"

#include <stdio.h>
#include <unistd.h>

static int max_priority = LOG_INFO;
static LogSink sink;

void log_set_level(int priority) {
        max_priority = priority;
}

LogSink log_sink(void) {
        return sink;
}

int log_level(void) {
        return max_priority;
}

void log_set_sink(LogSink new_sink) {
        sink = new_sink;
}

static const char *const level_names[] = {"emerg",   "alert",  "crit", "err",
                                          "warning", "notice", "info", "debug"};

const char *log_level_name(int priority) {
        return level_names[priority & LOG_PRIMASK];
}

int log_level_parse(const char *text, int *ret) {
        uint32_t number;

        for (size_t i = 0; i < ELEMENTS(level_names); i++) {
                if (streq(text, level_names[i])) {
                        *ret = (int) i;
                        return 0;
                }
        }
        if (parse_u32(text, &number) < 0 || number >= ELEMENTS(level_names)) {
                return -EINVAL;
        }
        *ret = (int) number;
        return 0;
}

static void log_stderr(int priority, const char *message) {
        _cleanup_(str_done) Str line = STR_INIT;

        /* sd-daemon(3): whoever collects stderr takes the priority from the prefix. */
        if (!isatty(STDERR_FILENO) && str_appendf(&line, "<%d>", priority) < 0) {
                return;
        }
        if (str_append_escaped(&line, message, strlen(message)) < 0 ||
            str_append_char(&line, '\n') < 0) {
                return;
        }
        /* One write a line: several processes share the stream. */
        (void) !write(STDERR_FILENO, line.text, line.length);
}

_printf_(3, 0) static void log_vfields(int priority, const char *const *fields, const char *format,
                                       va_list args) {
        _cleanup_(str_done) Str message = STR_INIT;
        int saved = errno;

        if (priority > max_priority) {
                return;
        }
        if (str_vappendf(&message, format, args) >= 0) {
                if (sink) {
                        sink(priority, str_text(&message), fields);
                } else {
                        log_stderr(priority, str_text(&message));
                }
        }
        errno = saved;
}

void log_fields(int priority, const char *const *fields, const char *format, ...) {
        va_list args;

        va_start(args, format);
        log_vfields(priority, fields, format, args);
        va_end(args);
}

int log_fault_fields(int priority, int fault, const char *const *fields, const char *format, ...) {
        va_list args;

        fault = fault < 0 ? fault : -fault;
        errno = -fault; /* for %m */
        va_start(args, format);
        log_vfields(priority, fields, format, args);
        va_end(args);
        return fault;
}
