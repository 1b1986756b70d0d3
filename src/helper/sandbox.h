/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One sandbox as its parent sees it: from START to FORGET. Every function here may be called in any
 * phase and does what fits there; none frees the sandbox: that is sandbox_settle()'s, which the
 * loop calls after each event. */

#include "helper/cgroups.h"
#include "helper/console.h"
#include "helper/freezer.h"
#include "helper/ids.h"
#include "helper/launch.h"
#include "helper/loop.h"
#include "helper/oom.h"
#include "helper/output.h"
#include "wire/control.h"

typedef struct Helper Helper;
typedef struct Session Session;

typedef enum SandboxPhase {
        PHASE_BUILDING, /* the builder works; nothing was said yet */
        PHASE_HELD,     /* HELD was said */
        PHASE_RUNNING,  /* execve() succeeded */
        PHASE_ENDING,   /* everything of it was killed; being reaped and cleaned up */
        PHASE_EXITED,   /* gone; the record waits for FORGET */
        _PHASE_MAX,
} SandboxPhase;
const char *sandbox_phase_name(SandboxPhase phase);

/* A child of ours. pid 0: there is none, or it was reaped (then the pidfd is closed). */
typedef struct Process {
        pid_t pid;
        int pidfd;
} Process;
#define PROCESS_NONE ((Process){.pidfd = -EBADF})

/* Takes pidfd. -EREMOTE, -ESRCH as process_pid(). */
int child_open(int pidfd, Process *ret);
void child_close(Process *process);
void child_kill(const Process *process);
static inline bool child_is_alive(const Process *process) {
        return process->pid > 0;
}

typedef struct Failure {
        Step step;
        int fault; /* positive errno; 0: none */
        int64_t op;
        char object[LAUNCH_OBJECT_MAX];
} Failure;

struct Sandbox {
        Helper *helper;
        Sandbox *next;
        SandboxId id;
        char *name;
        Plan *plan;
        SandboxPhase phase;

        bool go;       /* sbxd said so */
        bool released; /* and init was told */
        bool built;
        bool executed; /* the workload ran */
        bool quiet;    /* its sbxd went away before GO: nobody is told of its end */
        uint32_t start_serial, go_serial;
        bool forgotten; /* sbxd has collected the exit */
        Failure failure;

        char degraded[LAUNCH_OBJECT_MAX]; /* what init could only do in part */

        Launch launch;
        Watch *reports;
        Process builder, init, relay;
        Process keeper; /* where there has to be one */
        int workload;   /* pidfd */
        pid_t workload_pid;
        int devpts;
        Console *console; /* NULL: it has no terminal, or its program does not run yet */
        int attach;       /* of whoever comes with START, until there is a console */

        IdLease lease;
        CgroupSet cgroups;
        int cgroup;  /* where cgroup.kill reaches all of it, direct or scope; -EBADF before GO */
        int payload; /* the workload's leaf below it, where it is delegated; else -EBADF */
        int memory_events;
        Freezer freezer;
        OomWatch oom;
        Output *output;
        Session *sessions;

        Watch *retry; /* of removing the cgroups */
        unsigned n_retries;

        usec_t spawned_usec, built_usec, exited_usec;
        int exit_code, exit_status;
        Failure unrun; /* of a program behind the first: with it all of it ended */
        uint32_t oom_kills;
};

/* START: takes the message's descriptors. The sandbox is registered; where it cannot be built it
 * ends at once and FAILED follows. -errno: refused, *ret_why (static) says why, nothing is
 * registered. */
int sandbox_start(Helper *helper, ControlMessage *message, const char **ret_why);
Sandbox *sandbox_free(Sandbox *sandbox);
DEFINE_CLEANUP(Sandbox *, sandbox_free)

/* GO: now, or as soon as it is built. */
void sandbox_go(Sandbox *sandbox, uint32_t serial);
/* KILL; -ESRCH where there is nobody to take it. */
int sandbox_kill(Sandbox *sandbox, int signal, bool all);
/* ATTACH: takes the socket, on failure too. -ENOTTY: it has no terminal. */
int sandbox_attach(Sandbox *sandbox, int *socket);
/* Its sbxd is gone: ends what was not released, forgets the addresses of sessions. */
void sandbox_abandon(Sandbox *sandbox);
/* The start failed; the first cause stands. */
void sandbox_fail(Sandbox *sandbox, Step step, int fault, int64_t op, const char *object);
/* Kills all of it. */
void sandbox_end(Sandbox *sandbox);

/* Reports that have arrived; with all: to the last one, as nobody lives who could add to them. */
void sandbox_read_reports(Sandbox *sandbox, bool all);
/* Goes on from what has been reported: HELD, READY, GO to init. */
void sandbox_advance(Sandbox *sandbox);
/* One of its processes (sessions' included) ended: reaps it. False: pid is none of them. */
bool sandbox_reap(Sandbox *sandbox, pid_t pid);
/* Cleans up what has ended and says so. True: the record is done with, free it. */
bool sandbox_settle(Sandbox *sandbox);

/* The lines of LIST; nothing for one that is being abandoned. Gives how many sandboxes: 0 or 1. */
unsigned sandbox_list(Sandbox *sandbox, uint32_t serial);
void sandbox_send_exited(Sandbox *sandbox);
bool sandbox_has_pid_namespace(const Sandbox *sandbox) _pure_;
