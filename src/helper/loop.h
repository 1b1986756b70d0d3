/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The event loop: epoll, one event a turn. A callback may free any watch, its own too: nothing of
 * the turn is touched after it returns. Level-triggered throughout. */

#include "base/time.h"

#include <sys/epoll.h>

typedef struct Loop Loop;
typedef struct Watch Watch;
typedef void (*WatchFn)(void *userdata, uint32_t events);

/* lifecycle. Every watch must be freed before its loop. */
int loop_new(Loop **ret);
Loop *loop_free(Loop *loop);
DEFINE_CLEANUP(Loop *, loop_free)

/* Called after every event: for what must not happen inside a callback. */
void loop_set_settle(Loop *loop, void (*fn)(void *userdata), void *userdata);
/* Runs until loop_stop(), may be run again; 0 or -errno. */
int loop_run(Loop *loop);
void loop_stop(Loop *loop);

/* Watches a descriptor that stays the caller's, who frees the watch before closing it: a copy in a
 * forked child would keep it in the epoll set. */
int watch_new(Loop *loop, int fd, uint32_t events, WatchFn fn, void *userdata, Watch **ret);
int watch_set_events(Watch *watch, uint32_t events);
/* Calls fn once, after this time. The watch stays until it is freed. */
int watch_new_timer(Loop *loop, usec_t after_usec, WatchFn fn, void *userdata, Watch **ret);
Watch *watch_free(Watch *watch); /* gives NULL */
DEFINE_CLEANUP(Watch *, watch_free)
