/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/output.h"

#include "base/fd.h"
#include "base/record.h"
#include "base/scope.h"
#include "helper/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_SIZE 16384u
/* A pipe holds 64 KiB; more than that is there at the end only if somebody still writes. */
#define DRAIN_MAX (256u * 1024u)
/* The loop serves all sandboxes: 100 MiB/s of one writer take it some percent of a processor. */
#define PACE_BYTES (1024u * 1024u)
#define PACE_USEC (10 * USEC_PER_MSEC)

typedef struct Rate {
        usec_t since_usec;
        unsigned lines;
        unsigned suppressed;
} Rate;

typedef struct Pace {
        usec_t since_usec;
        size_t bytes;
        Watch *pause;
} Pace;

struct Output {
        Loop *loop;
        LogStore *store; /* NULL: the journal */
        int journal;
        char *name;
        int file;
        uint64_t size;
        int pipe;
        Watch *watch;
        Str line;    /* what has come of a line without its end */
        Str records; /* of this turn */
        Rate rate;
        Pace pace;
};

static int output_open(Output *output) {
        output->file = log_store_open(output->store, output->name, &output->size);
        return MIN(output->file, 0);
}

static int output_rotate(Output *output) {
        output->file = fd_close(output->file);
        (void) log_store_rotate(output->store, output->name);
        return output_open(output);
}

/* -- into the file -- */

static void output_flush(Output *output) {
        size_t n = output->records.length;

        if (n == 0) {
                return;
        }
        if (output->file >= 0 && output->size > 0 &&
            output->size + n > log_store_file_max(output->store)) {
                (void) output_rotate(output);
        }
        if (output->file >= 0 && fd_write_all(output->file, output->records.text, n) == 0) {
                output->size += n;
                log_store_account(output->store, n);
        }
        str_done(&output->records); /* idle sandboxes hold no buffer */
}

static void output_note(Output *output, usec_t now) {
        char text[96];
        int n = snprintf(text, sizeof(text), "Suppressed %u lines of output of %.40s",
                         output->rate.suppressed, output->name);
        const Record note = {.realtime_usec = now,
                             .priority = 4, /* warning */
                             .kind = RECORD_NOTE,
                             .message = text,
                             .size = MIN((size_t) MAX(n, 0), sizeof(text) - 1)};

        (void) record_append(&output->records, &note);
}

/* Whether one more line is within the rate. */
static bool rate_allows(Output *output, usec_t now) {
        Rate *rate = &output->rate;

        /* a clock that was set back begins anew */
        if (now < rate->since_usec || now - rate->since_usec >= OUTPUT_RATE_INTERVAL_USEC) {
                if (rate->suppressed > 0) {
                        output_note(output, now);
                }
                *rate = (Rate){.since_usec = now};
        }
        if (rate->lines >= OUTPUT_RATE_BURST) {
                rate->suppressed++;
                return false;
        }
        rate->lines++;
        return true;
}

static void output_record(Output *output, usec_t now, RecordKind kind, const char *text, size_t n) {
        Record record = {.realtime_usec = now,
                         .priority = RECORD_PRIORITY_DEFAULT,
                         .kind = kind,
                         .message = text,
                         .size = n};

        if (rate_allows(output, now)) {
                record_take_prefix(&record);
                (void) record_append(&output->records, &record);
        }
}

/* -- lines out of bytes -- */

/* A terminal ends lines with a return besides. */
static size_t line_length(const char *text, size_t n, bool complete) {
        return complete && n > 0 && text[n - 1] == '\r' ? n - 1 : n;
}

static void output_line(Output *output, usec_t now, const char *text, size_t n, bool complete) {
        RecordKind kind = complete ? RECORD_LINE : RECORD_PART;

        if (output->line.length == 0) {
                output_record(output, now, kind, text, line_length(text, n, complete));
                return;
        }
        (void) str_append_n(&output->line, text, n);
        output_record(output, now, kind, output->line.text,
                      line_length(output->line.text, output->line.length, complete));
        str_done(&output->line);
}

static void output_take(Output *output, usec_t now, const char *bytes, size_t n) {
        while (n > 0) {
                const char *end = memchr(bytes, '\n', n);
                size_t size = end ? (size_t) (end - bytes) : n;
                size_t room = OUTPUT_LINE_MAX - output->line.length;

                if (size > room) {
                        output_line(output, now, bytes, room, /* complete= */ false);
                        size = room;
                } else if (end) {
                        output_line(output, now, bytes, size, /* complete= */ true);
                        size++;
                } else {
                        (void) str_append_n(&output->line, bytes, size);
                }
                bytes += size;
                n -= size;
        }
}

void output_feed(Output *output, const char *bytes, size_t n) {
        if (output->journal >= 0) {
                (void) send(output->journal, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
                return;
        }
        output_take(output, usec_now(CLOCK_REALTIME), bytes, n);
        output_flush(output);
}

/* The bytes taken, 0 at the end of file, -EAGAIN. */
static ssize_t output_turn(Output *output) {
        char bytes[CHUNK_SIZE];
        ssize_t n = read(output->pipe, bytes, sizeof(bytes));

        if (n < 0) {
                return negative_errno();
        }
        output_feed(output, bytes, (size_t) n);
        return n;
}

/* -- the pace -- */

static void on_pause_over(void *userdata, uint32_t events) {
        Output *output = userdata;

        output->pace.pause = watch_free(output->pace.pause);
        if (output->watch) {
                (void) watch_set_events(output->watch, EPOLLIN);
        }
}

/* Lets the pipe fill up, so that the writer waits, where it was emptied too fast. */
static void pace_keep(Output *output, size_t n) {
        usec_t now = usec_now(CLOCK_MONOTONIC);
        Pace *pace = &output->pace;

        if (now - pace->since_usec >= PACE_USEC) {
                pace->since_usec = now;
                pace->bytes = 0;
        }
        pace->bytes += n;
        if (pace->bytes >= PACE_BYTES && !pace->pause &&
            watch_new_timer(output->loop, PACE_USEC, on_pause_over, output, &pace->pause) == 0) {
                (void) watch_set_events(output->watch, 0);
        }
}

static void on_readable(void *userdata, uint32_t events) {
        Output *output = userdata;
        ssize_t n = output_turn(output);

        if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR)) {
                output->watch = watch_free(output->watch);
                output->pipe = fd_close(output->pipe);
        } else if (n > 0) {
                pace_keep(output, (size_t) n);
        }
}

/* -- lifecycle -- */

static int output_connect(Output *output, int *ret_write_end) {
        _cleanup_fd_ int write_end = -EBADF;
        int ends[2], r;

        if (pipe2(ends, O_CLOEXEC) < 0) {
                return negative_errno();
        }
        output->pipe = ends[0];
        write_end = ends[1];
        /* The reading end alone: the workload's must block as a file does. */
        r = fd_set_nonblock(output->pipe, true);
        if (r == 0) {
                r = watch_new(output->loop, output->pipe, EPOLLIN, on_readable, output,
                              &output->watch);
        }
        if (r < 0) {
                return r;
        }
        *ret_write_end = fd_take(&write_end);
        return 0;
}

static Output *output_alloc(void) {
        Output *output = calloc(1, sizeof(*output));

        if (output) {
                *output = (Output){.journal = -EBADF, .file = -EBADF, .pipe = -EBADF};
        }
        return output;
}

int output_new_fed(LogStore *store, const char *unit, Output **ret) {
        _cleanup_(output_freep) Output *output = output_alloc();
        int r;

        if (!output) {
                return -ENOMEM;
        }
        output->store = store;
        store->writers++;
        output->name = strdup(unit);
        if (!output->name) {
                return -ENOMEM;
        }
        r = output_open(output);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(output);
        return 0;
}

int output_new(Loop *loop, LogStore *store, const char *unit, int *ret_write_end, Output **ret) {
        _cleanup_(output_freep) Output *output = NULL;
        int r;

        r = output_new_fed(store, unit, &output);
        if (r < 0) {
                return r;
        }
        output->loop = loop;
        r = output_connect(output, ret_write_end);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(output);
        return 0;
}

int output_new_journal(const char *unit, Output **ret) {
        _cleanup_(output_freep) Output *output = output_alloc();
        _cleanup_free_ char *scope = scope_name(unit);

        if (!output || !scope) {
                return -ENOMEM;
        }
        output->journal = journal_connect(unit, scope, SOCK_NONBLOCK);
        if (output->journal < 0) {
                return output->journal;
        }
        *ret = TAKE(output);
        return 0;
}

/* What is left when all is over: a line without its end, and a note that waits for its interval. */
static void output_finish(Output *output) {
        usec_t now = usec_now(CLOCK_REALTIME);

        if (output->line.length > 0) {
                output_line(output, now, "", 0, /* complete= */ true);
        }
        if (output->rate.suppressed > 0) {
                output_note(output, now);
        }
        output_flush(output);
}

Output *output_free(Output *output) {
        if (!output) {
                return NULL;
        }
        for (size_t taken = 0; output->pipe >= 0 && taken < DRAIN_MAX;) {
                ssize_t n = output_turn(output);

                if (n <= 0) {
                        break;
                }
                taken += (size_t) n;
        }
        output_finish(output);
        output->pace.pause = watch_free(output->pace.pause);
        output->watch = watch_free(output->watch);
        (void) fd_close(output->pipe);
        (void) fd_close(output->file);
        (void) fd_close(output->journal);
        if (output->store) {
                output->store->writers--;
        }
        str_done(&output->line);
        str_done(&output->records);
        free(output->name);
        free(output);
        return NULL;
}
