/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sees that the kernel has killed a process of a sandbox for want of memory, and says so at once:
 * sbxd decides by OOMPolicy= what becomes of the rest. */

#include "base/cgroup.h"
#include "base/time.h"
#include "helper/loop.h"

typedef struct Sandbox Sandbox;

typedef struct OomWatch {
        int counter;  /* memory.events (v2) or memory.oom_control (v1); -EBADF: not watched */
        int notifier; /* v1: an eventfd */
        Watch *watch;
        Watch *again; /* v1 signals before it kills */
        unsigned n_looks;
        uint32_t said;   /* kills that sbxd was told of */
        uint32_t before; /* and those of them that were known before the last word */
        usec_t said_usec;
} OomWatch;
#define OOM_WATCH_NONE ((OomWatch){.counter = -EBADF, .notifier = -EBADF})

/* memory_fd: the sandbox's cgroup in the hierarchy of memory. 0 or -errno; done() follows either.
 */
int oom_watch_start(Sandbox *sandbox, int memory_fd, CgroupMode mode);
/* Ends the watching; what was said is still known. */
void oom_watch_done(OomWatch *oom);
/* Says what could not be said before the workload ran. */
void oom_watch_look(Sandbox *sandbox);
/* Says all of it, to an sbxd that may not have heard it. */
void oom_watch_repeat(Sandbox *sandbox);
/* Of all kills those that may have been the workload's, which ended then: not those that it lived
 * to see. */
uint32_t oom_kills_at(const OomWatch *oom, uint32_t kills, usec_t then);
