/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/log-lines.h"

#include "base/lookup.h"
#include "base/parse.h"

static const char *const priority_names[RECORD_PRIORITY_MAX + 1] = {
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
};

static void line_done(LogLine *line) {
        free(line->text);
}

void log_lines_done(LogLines *lines) {
        for (size_t i = 0; i < lines->n; i++) {
                line_done(&lines->lines[i]);
        }
        free(lines->lines);
        *lines = (LogLines){};
}

void log_source_done(LogSource *source) {
        str_done(&source->pending);
        str_done(&source->line);
}

/* -- the filter -- */

const char *log_priority_name(int priority) {
        return lookup_name(priority_names, ELEMENTS(priority_names), priority);
}

static int parse_priority(const char *text, unsigned *ret) {
        int named = lookup_parse(priority_names, ELEMENTS(priority_names), text);
        uint32_t number = 0;

        if (named < 0 && (parse_u32(text, &number) < 0 || number > RECORD_PRIORITY_MAX)) {
                return -EINVAL;
        }
        *ret = named < 0 ? number : (unsigned) named;
        return 0;
}

int log_filter_parse_priority(const char *text, LogFilter *filter) {
        const char *dots = strstr(text, "..");
        _cleanup_free_ char *first = NULL;
        unsigned from = 0, to;

        if (dots) {
                first = strndup(text, (size_t) (dots - text));
                if (!first) {
                        return -ENOMEM;
                }
        }
        if ((first && parse_priority(first, &from) < 0) ||
            parse_priority(dots ? dots + 2 : text, &to) < 0) {
                return -EINVAL;
        }
        filter->first_priority = MIN(from, to);
        filter->last_priority = MAX(from, to);
        return 0;
}

static bool filter_passes(const LogFilter *filter, const Record *record) {
        return record->realtime_usec >= filter->since_usec &&
               record->realtime_usec <= filter->until_usec &&
               record->priority >= filter->first_priority &&
               record->priority <= filter->last_priority;
}

/* -- records to lines -- */

static int lines_add(LogLines *lines, const char *unit, const Record *record) {
        _cleanup_free_ char *text = malloc(record->size + 1);
        LogLine *grown;

        /* grows by powers of two */
        if (text && (lines->n & (lines->n - 1)) == 0) {
                grown = reallocarray(lines->lines, MAX(lines->n, (size_t) 1) * 2, sizeof(*grown));
                if (!grown) {
                        return -ENOMEM;
                }
                lines->lines = grown;
        }
        if (!text) {
                return -ENOMEM;
        }
        memcpy(text, record->message, record->size);
        text[record->size] = '\0';
        lines->lines[lines->n] = (LogLine){.realtime_usec = record->realtime_usec,
                                           .priority = record->priority,
                                           .note = record->kind == RECORD_NOTE,
                                           .unit = unit,
                                           .text = TAKE(text),
                                           .size = record->size,
                                           .sequence = lines->n};
        lines->n++;
        return 0;
}

/* A record with the parts before it, which stay what they are where it is none of them. */
static int source_record(LogSource *source, const Record *record, const LogFilter *filter,
                         LogLines *lines) {
        Record whole = *record;
        int r = 0;

        if (record->kind != RECORD_NOTE &&
            (record->kind == RECORD_PART || source->line.length > 0)) {
                if (source->line.length == 0) {
                        source->first = *record;
                }
                r = str_append_n(&source->line, record->message, record->size);
                if (r < 0 || record->kind == RECORD_PART) {
                        return r;
                }
                whole = source->first;
                whole.kind = RECORD_LINE;
                whole.message = str_text(&source->line);
                whole.size = source->line.length;
        }
        if (filter_passes(filter, &whole)) {
                r = lines_add(lines, source->unit, &whole);
        }
        if (record->kind != RECORD_NOTE) {
                str_truncate(&source->line, 0);
        }
        return r;
}

int log_source_feed(LogSource *source, const char *bytes, size_t n, const LogFilter *filter,
                    LogLines *lines) {
        size_t done = 0, size, left;
        Record record;
        int r;

        r = n > 0 ? str_append_n(&source->pending, bytes, n) : 0;
        while (r == 0 && (size = record_parse(str_text(&source->pending) + done,
                                              source->pending.length - done, &record)) > 0) {
                done += size;
                r = source_record(source, &record, filter, lines);
        }
        if (r == 0 && done > 0) {
                left = source->pending.length - done;
                memmove(source->pending.text, source->pending.text + done, left);
                str_truncate(&source->pending, left);
        }
        return r;
}

/* -- order -- */

static int by_time(const void *a, const void *b) {
        const LogLine *x = a, *y = b;

        if (x->realtime_usec != y->realtime_usec) {
                return x->realtime_usec < y->realtime_usec ? -1 : 1;
        }
        return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

void log_lines_sort(LogLines *lines) {
        if (lines->n > 1) {
                qsort(lines->lines, lines->n, sizeof(*lines->lines), by_time);
        }
}

void log_lines_tail(LogLines *lines, size_t n) {
        size_t drop = lines->n > n ? lines->n - n : 0;

        for (size_t i = 0; i < drop; i++) {
                line_done(&lines->lines[i]);
        }
        if (drop > 0) {
                lines->n -= drop;
                memmove(lines->lines, lines->lines + drop, lines->n * sizeof(*lines->lines));
        }
}
