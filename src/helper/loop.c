/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/loop.h"

#include "base/fd.h"

#include <sys/timerfd.h>
#include <unistd.h>

struct Loop {
        int epoll;
        bool stopped;
        size_t n_watches;
        void (*settle)(void *userdata);
        void *settle_userdata;
};

struct Watch {
        Loop *loop;
        int fd;
        bool owned; /* a timer's */
        uint32_t events;
        WatchFn fn;
        void *userdata;
};

int loop_new(Loop **ret) {
        Loop *loop;

        assert(ret);

        loop = calloc(1, sizeof(*loop));
        if (!loop) {
                return -ENOMEM;
        }
        loop->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (loop->epoll < 0) {
                int r = negative_errno();

                free(loop);
                return r;
        }
        *ret = loop;
        return 0;
}

Loop *loop_free(Loop *loop) {
        if (loop) {
                assert(loop->n_watches == 0);
                (void) fd_close(loop->epoll);
                free(loop);
        }
        return NULL;
}

void loop_set_settle(Loop *loop, void (*fn)(void *userdata), void *userdata) {
        loop->settle = fn;
        loop->settle_userdata = userdata;
}

void loop_stop(Loop *loop) {
        loop->stopped = true;
}

/* One event a turn: a second one of the same batch could name a watch that the first callback
 * freed. The kernel moves what it hands out to the end of its ready list, so nobody starves. */
int loop_run(Loop *loop) {
        loop->stopped = false;
        while (!loop->stopped) {
                struct epoll_event event;
                int n = epoll_wait(loop->epoll, &event, 1, -1);

                if (n < 0 && errno != EINTR) {
                        return negative_errno();
                }
                if (n > 0) {
                        Watch *watch = event.data.ptr;

                        watch->fn(watch->userdata, event.events);
                }
                if (loop->settle) {
                        loop->settle(loop->settle_userdata);
                }
        }
        return 0;
}

int watch_new(Loop *loop, int fd, uint32_t events, WatchFn fn, void *userdata, Watch **ret) {
        struct epoll_event event = {.events = events};
        _cleanup_free_ Watch *watch = NULL;

        assert(loop);
        assert(fn);
        assert(ret);

        watch = calloc(1, sizeof(*watch));
        if (!watch) {
                return -ENOMEM;
        }
        *watch = (Watch){.loop = loop, .fd = fd, .events = events, .fn = fn, .userdata = userdata};
        event.data.ptr = watch;
        if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
                return negative_errno();
        }
        loop->n_watches++;
        *ret = TAKE(watch);
        return 0;
}

int watch_set_events(Watch *watch, uint32_t events) {
        struct epoll_event event = {.events = events, .data.ptr = watch};

        if (watch->events == events) {
                return 0;
        }
        if (epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) < 0) {
                return negative_errno();
        }
        watch->events = events;
        return 0;
}

int watch_new_timer(Loop *loop, usec_t after_usec, WatchFn fn, void *userdata, Watch **ret) {
        struct itimerspec when = {
                .it_value.tv_sec = (time_t) (after_usec / USEC_PER_SEC),
                /* at least one: a zero time would disarm it */
                .it_value.tv_nsec = (long) (after_usec % USEC_PER_SEC * NSEC_PER_USEC) + 1,
        };
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (fd < 0 || timerfd_settime(fd, 0, &when, NULL) < 0) {
                return negative_errno();
        }
        /* Once: the callback need not read the descriptor. */
        r = watch_new(loop, fd, EPOLLIN | EPOLLONESHOT, fn, userdata, ret);
        if (r < 0) {
                return r;
        }
        (*ret)->owned = true;
        (void) fd_take(&fd);
        return 0;
}

Watch *watch_free(Watch *watch) {
        if (watch) {
                (void) epoll_ctl(watch->loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
                watch->loop->n_watches--;
                if (watch->owned) {
                        (void) fd_close(watch->fd);
                }
                free(watch);
        }
        return NULL;
}
