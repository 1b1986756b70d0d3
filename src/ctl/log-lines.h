/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lines of output where there is no journal: out of the records of sbxd's files, filtered, in order
 * of their time. What they say is not escaped yet. */

#include "base/record.h"

typedef struct LogLine {
        usec_t realtime_usec; /* 0: not known */
        unsigned priority;
        bool note;        /* about the output, not of the workload */
        const char *unit; /* borrowed */
        char *text;       /* size bytes, which may hold NUL */
        size_t size;
        size_t sequence; /* in the order of reading */
} LogLine;

typedef struct LogLines {
        LogLine *lines;
        size_t n;
} LogLines;
void log_lines_done(LogLines *lines);

typedef struct LogFilter {
        usec_t since_usec, until_usec; /* both included; USEC_INFINITY: no end */
        unsigned first_priority, last_priority;
} LogFilter;

#define LOG_FILTER_ALL \
        ((LogFilter){.until_usec = USEC_INFINITY, .last_priority = RECORD_PRIORITY_MAX})

/* "emerg" is 0; NULL: out of range. */
const char *log_priority_name(int priority);
/* "4", "warning", "emerg..err": from the most urgent up to this, or a range. -EINVAL. */
int log_filter_parse_priority(const char *text, LogFilter *filter);

/* Where the reading of one unit's log stands. */
typedef struct LogSource {
        const char *unit; /* borrowed */
        uint64_t cursor;
        Str pending; /* bytes of a record without its end */
        Str line;    /* parts of a line without its end; its time and priority are the first's */
        Record first;
} LogSource;
void log_source_done(LogSource *source);

/* Appends the lines that become whole by these bytes and pass the filter. 0 or -ENOMEM. */
int log_source_feed(LogSource *source, const char *bytes, size_t n, const LogFilter *filter,
                    LogLines *lines);
/* By time; what came first stays first where times are the same. */
void log_lines_sort(LogLines *lines);
/* Keeps the last n alone. */
void log_lines_tail(LogLines *lines, size_t n);
