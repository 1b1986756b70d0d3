/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/oom.h"

#include "base/fd.h"
#include "helper/helper.h"
#include "kern/cgroup.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* v1 signals before it kills, and most often it is the workload that dies: its end says so better.
 * So it is looked a little later, and again for as long as a process may take to die. */
#define LOOK_PAUSE_USEC (30 * USEC_PER_MSEC)
#define LOOKS_MAX 200u
/* How long the end of the workload may come after the count of its kill. */
#define DYING_USEC USEC_PER_SEC

/* 1: there was something new, and sbxd knows it; 0: not yet; -errno: there is nothing to be told
 * any more. */
static int look(Sandbox *sandbox) {
        ControlMessage message = {.type = CONTROL_OOM, .id = sandbox->id};
        OomWatch *oom = &sandbox->oom;
        uint32_t kills;
        int r;

        if (oom->counter < 0 || sandbox->phase >= PHASE_ENDING) {
                return -ESRCH;
        }
        r = cgroup_read_oom_kills(oom->counter, &kills);
        if (r < 0) {
                return r;
        }
        if (kills <= oom->said || !sandbox->executed || !sandbox->helper->connection) {
                return 0;
        }
        oom->before = oom->said;
        oom->said = kills;
        oom->said_usec = usec_now(CLOCK_MONOTONIC);
        message.numbers[OOM_KILLS] = kills;
        helper_send(sandbox->helper, &message);
        return 1;
}

void oom_watch_look(Sandbox *sandbox) {
        (void) look(sandbox);
}

void oom_watch_repeat(Sandbox *sandbox) {
        if (sandbox->oom.counter >= 0) {
                sandbox->oom.said = 0;
                (void) look(sandbox);
        }
}

static void on_time(void *userdata, uint32_t events);

static void look_later(Sandbox *sandbox) {
        if (!sandbox->oom.again && sandbox->oom.n_looks < LOOKS_MAX) {
                sandbox->oom.n_looks++;
                (void) watch_new_timer(sandbox->helper->loop, LOOK_PAUSE_USEC, on_time, sandbox,
                                       &sandbox->oom.again);
        }
}

static void on_time(void *userdata, uint32_t events) {
        Sandbox *sandbox = userdata;
        int r;

        sandbox->oom.again = watch_free(sandbox->oom.again);
        r = look(sandbox);
        if (r < 0) {
                oom_watch_done(&sandbox->oom);
        } else if (r == 0) {
                look_later(sandbox);
        }
}

/* It tells of more than kills, and again until it is read. */
static void on_events(void *userdata, uint32_t events) {
        Sandbox *sandbox = userdata;
        OomWatch *oom = &sandbox->oom;
        uint32_t kills;

        if (cgroup_read_oom_kills(oom->counter, &kills) < 0) {
                oom_watch_done(oom); /* the cgroup is gone, and its file would tell for ever */
        } else if (kills > oom->said) {
                oom->n_looks = 0;
                look_later(sandbox);
        }
}

static void on_signalled(void *userdata, uint32_t events) {
        Sandbox *sandbox = userdata;
        uint64_t count;

        if (read(sandbox->oom.notifier, &count, sizeof(count)) == (ssize_t) sizeof(count)) {
                sandbox->oom.n_looks = 0;
                look_later(sandbox);
        }
}

int oom_watch_start(Sandbox *sandbox, int memory_fd, CgroupMode mode) {
        OomWatch *oom = &sandbox->oom;
        Loop *loop = sandbox->helper->loop;
        int r;

        oom->counter = cgroup_open_memory_events(memory_fd, mode);
        if (oom->counter == -ENOENT) {
                /* cgroup2 without the controller: nothing is counted, nor killed by its limit. Who
                 * asked for a policy was refused before. */
                oom->counter = -EBADF;
                return 0;
        }
        if (oom->counter < 0) {
                return oom->counter;
        }
        if (mode == CGROUP_UNIFIED) {
                return watch_new(loop, oom->counter, EPOLLPRI, on_events, sandbox, &oom->watch);
        }
        oom->notifier = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (oom->notifier < 0) {
                return negative_errno();
        }
        r = cgroup_notify_oom(memory_fd, oom->notifier, oom->counter);
        return r < 0 ? r
                     : watch_new(loop, oom->notifier, EPOLLIN, on_signalled, sandbox, &oom->watch);
}

void oom_watch_done(OomWatch *oom) {
        oom->watch = watch_free(oom->watch);
        oom->again = watch_free(oom->again);
        oom->counter = fd_close(oom->counter);
        oom->notifier = fd_close(oom->notifier);
}

uint32_t oom_kills_at(const OomWatch *oom, uint32_t kills, usec_t then) {
        uint32_t survived = then < oom->said_usec + DYING_USEC ? oom->before : oom->said;

        return kills > survived ? kills - survived : 0;
}
