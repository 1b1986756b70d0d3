/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/streams.h"

#include "base/fd.h"
#include "base/time.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a pipe holds, and no more where somebody goes on writing. */
enum { DRAIN_MAX = 65536 };
/* How long a job in the background waits before it looks whether it may read the terminal. */
#define BACKGROUND_USEC (200 * USEC_PER_MSEC)

/* -- what is typed -- */

static void input_end(Streams *streams) {
        streams->sources[0] = sd_event_source_disable_unref(streams->sources[0]);
        streams->room = sd_event_source_disable_unref(streams->room);
        streams->pause = sd_event_source_disable_unref(streams->pause);
        streams->ours[0] = fd_close(streams->ours[0]);
        streams->n_typed = 0;
}

static int on_pause_over(sd_event_source *source, uint64_t usec, void *userdata) {
        Streams *streams = userdata;

        streams->pause = sd_event_source_disable_unref(streams->pause);
        return sd_event_source_set_enabled(streams->sources[0], SD_EVENT_ON);
}

/* In the background a read would stop us: what is typed is meant for somebody else. */
static int wait_for_foreground(Streams *streams) {
        int r = sd_event_source_set_enabled(streams->sources[0], SD_EVENT_OFF);

        return r < 0 ? r
                     : sd_event_add_time_relative(streams->event, &streams->pause, CLOCK_MONOTONIC,
                                                  BACKGROUND_USEC, 0, on_pause_over, streams);
}

/* Reads on once the program has taken what was read before. */
static int input_flush(Streams *streams) {
        int r;

        while (streams->n_typed > 0) {
                ssize_t n = write(streams->ours[0], streams->typed, streams->n_typed);

                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n < 0 && errno == EAGAIN) {
                        break;
                }
                if (n < 0) {
                        input_end(streams); /* nobody reads it any more */
                        return 0;
                }
                streams->n_typed -= (size_t) n;
                memmove(streams->typed, streams->typed + n, streams->n_typed);
        }
        r = sd_event_source_set_enabled(streams->sources[0],
                                        streams->n_typed == 0 ? SD_EVENT_ON : SD_EVENT_OFF);
        return r < 0 ? r
                     : sd_event_source_set_io_events(streams->room,
                                                     streams->n_typed > 0 ? EPOLLOUT : 0);
}

static int on_typed(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Streams *streams = userdata;
        pid_t foreground = tcgetpgrp(fd);
        ssize_t n;

        if (foreground > 0 && foreground != getpgrp()) {
                return wait_for_foreground(streams);
        }
        n = read(fd, streams->typed, sizeof(streams->typed));
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
                return 0;
        }
        if (n <= 0) {
                input_end(streams); /* Ctrl-D, or hung up */
                return 0;
        }
        streams->n_typed = (size_t) n;
        return input_flush(streams);
}

/* EPOLLERR: the last reader has closed it. */
static int on_room(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Streams *streams = userdata;

        if (events & EPOLLERR) {
                input_end(streams);
                return 0;
        }
        return input_flush(streams);
}

/* -- what is printed -- */

/* The bytes copied, 0 at the end, -errno. */
static ssize_t output_copy(const Streams *streams, int stream) {
        char bytes[4096];
        ssize_t n = read(streams->ours[stream], bytes, sizeof(bytes));
        int r;

        if (n <= 0) {
                return n < 0 ? negative_errno() : 0;
        }
        r = fd_write_all(stream, bytes, (size_t) n);
        return r < 0 ? r : n;
}

static int on_printed(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Streams *streams = userdata;
        int stream = fd == streams->ours[1] ? STDOUT_FILENO : STDERR_FILENO;
        ssize_t n = output_copy(streams, stream);

        if (n > 0 || n == -EAGAIN || n == -EINTR) {
                return 0;
        }
        streams->sources[stream] = sd_event_source_disable_unref(streams->sources[stream]);
        streams->ours[stream] = fd_close(streams->ours[stream]);
        return 0;
}

/* -- both -- */

static int open_input(Streams *streams) {
        int ends[2], r;

        if (pipe2(ends, O_CLOEXEC) < 0) {
                return negative_errno();
        }
        streams->theirs[0] = ends[0];
        streams->ours[0] = ends[1];
        r = fd_set_nonblock(ends[1], true);
        if (r == 0) {
                r = sd_event_add_io(streams->event, &streams->room, ends[1], 0, on_room, streams);
        }
        return r < 0 ? r
                     : sd_event_add_io(streams->event, &streams->sources[0], STDIN_FILENO, EPOLLIN,
                                       on_typed, streams);
}

static int open_output(Streams *streams, int stream) {
        int ends[2], r;

        if (pipe2(ends, O_CLOEXEC) < 0) {
                return negative_errno();
        }
        streams->theirs[stream] = ends[1];
        streams->ours[stream] = ends[0];
        r = fd_set_nonblock(ends[0], true);
        return r < 0 ? r
                     : sd_event_add_io(streams->event, &streams->sources[stream], ends[0], EPOLLIN,
                                       on_printed, streams);
}

/* Then one pipe keeps what is printed to both in its order. */
static bool outputs_are_one(void) {
        struct stat out, err;

        return isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && fstat(STDOUT_FILENO, &out) == 0 &&
               fstat(STDERR_FILENO, &err) == 0 && out.st_rdev == err.st_rdev;
}

int streams_open(Streams *streams, sd_event *event) {
        int r = 0;

        streams->event = event;
        if (isatty(STDIN_FILENO)) {
                r = open_input(streams);
        }
        if (r >= 0 && isatty(STDOUT_FILENO)) {
                r = open_output(streams, STDOUT_FILENO);
        }
        if (r >= 0 && outputs_are_one()) {
                streams->theirs[2] = streams->theirs[1];
        } else if (r >= 0 && isatty(STDERR_FILENO)) {
                r = open_output(streams, STDERR_FILENO);
        }
        return MIN(r, 0);
}

void streams_handed(Streams *streams) {
        if (streams->theirs[2] == streams->theirs[1]) {
                streams->theirs[2] = STDERR_FILENO;
        }
        for (int i = 0; i < STREAMS_N; i++) {
                if (streams->theirs[i] != i) {
                        (void) fd_close(streams->theirs[i]);
                        streams->theirs[i] = i;
                }
        }
}

void streams_drain(Streams *streams) {
        for (int i = STDOUT_FILENO; i < STREAMS_N; i++) {
                for (ssize_t taken = 0, n = 1; streams->ours[i] >= 0 && n > 0 && taken < DRAIN_MAX;
                     taken += n) {
                        n = output_copy(streams, i);
                }
        }
}

void streams_done(Streams *streams) {
        streams_handed(streams);
        input_end(streams);
        for (int i = STDOUT_FILENO; i < STREAMS_N; i++) {
                streams->sources[i] = sd_event_source_disable_unref(streams->sources[i]);
                streams->ours[i] = fd_close(streams->ours[i]);
        }
}
