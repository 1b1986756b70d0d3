/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The launch of one sandbox: builder, init, workload. The helper's loop calls launch_start(), which
 * forks the builder and returns at once; everything that follows arrives as Reports on report_fd.
 * Nothing here is called with more than one thread in the process. */

#include "helper/images.h"
#include "op/op.h"
#include "op/step.h"

#include <sys/types.h>

#define LAUNCH_OBJECT_MAX 512

/* What the builder, init and the workload say, one SEQPACKET datagram each. After WORKLOAD, end of
 * file without FAILED means that execve() succeeded: every writer is close-on-exec, and init closes
 * its own. */
typedef enum ReportType {
        REPORT_SPAWNED, /* fds: pidfd of init. pid in the helper's numbering */
        REPORT_RELAY,   /* fds: pidfd of the relay. pid */
        REPORT_BUILT,   /* init waits for GO. fds: the sandbox's devpts root (O_PATH), if it has one
                         */
        REPORT_WORKLOAD, /* fds: pidfd of the workload; with TERMINAL its master too */
        REPORT_FAILED,   /* step, fault, op, object */
        REPORT_IMAGE, /* fds: the mount of a layer's image, to be kept. object: its path; image */
        _REPORT_MAX,
} ReportType;

typedef struct Report {
        uint32_t type;
        uint32_t step; /* Step */
        int32_t fault; /* positive errno */
        int32_t op;    /* index into the plan, or -1 */
        int32_t pid;
        ImageKey image;
        char object[LAUNCH_OBJECT_MAX]; /* NUL-terminated, cut: the path or name at fault */
} Report;

/* A FAILED that can be believed. */
bool report_is_failure(const Report *report) _pure_;

/* What init leaves behind for the helper in a shared memfd of one page. */
typedef struct LaunchStatus {
        uint32_t done; /* 1 once the rest is valid (written last) */
        int32_t code;  /* CLD_EXITED, CLD_KILLED, CLD_DUMPED */
        int32_t status;
        uint32_t oom_kills; /* of the cgroup, as init last read it */
        Report failure;     /* of type FAILED where a program behind the first never ran */
} LaunchStatus;

/* What the helper makes once at start and every launch uses. */
typedef struct LaunchGround {
        int empty_ns;       /* mount namespace E: tmpfs root, own fresh /proc and /sys */
        int proc;           /* a procfs instance of our own, checked */
        int relay_exe;      /* O_PATH of sbx-relay, or -EBADF */
        bool overlay_by_fd; /* probed: overlay takes its layers by descriptor (else short names) */
        bool image_by_file; /* try to mount images without a loop device first */
} LaunchGround;
/* relay_path NULL or missing: relay_exe is -EBADF, and plans with LISTEN are refused (ENOENT). */
int launch_ground_make(const char *relay_path, LaunchGround *ret);
void launch_ground_done(LaunchGround *ground);

/* The relay, for plans with LISTEN: one process, a child of the helper, reported before SPAWNED. It
 * stands in the host's namespaces but for the network, which is the sandbox's; uid and gid 65534,
 * no capability, no_new_privs, an empty environment, stdin and stdout /dev/null, stderr the
 * helper's. argv is { "sbx-relay", NAME, TARGET, NAME, TARGET, … }; descriptor 3 + i is the
 * listening socket of the i-th pair, blocking, close-on-exec cleared; behind them, where a TARGET
 * is a path, the sandbox's root (O_PATH). Nothing else is open. It runs until it is killed. */

typedef struct LaunchInput {
        const Plan *plan;
        const char *name; /* "web.sandbox", for identifiers */
        const LaunchGround *ground;
        const Images *images; /* what is kept of them; NULL: nothing is, nor is to be */
        uint32_t id_base;     /* of the picked range; 0 where the plan maps none */
        int id_lock;          /* held by init while it lives; -EBADF: none */
        const int *streams;   /* what STDIO inherit names */
        size_t n_streams;
        int log;            /* what STDIO inherit of "log" names; -EBADF: none */
        int target;         /* for JOIN_SANDBOX: pidfd of the first process of that sandbox */
        const int *cgroups; /* direct back end: directories to join, made by kern/cgroup; n_cgroups
                               0: none */
        size_t n_cgroups;
} LaunchInput;

typedef struct Launch {
        pid_t builder;
        int report_fd; /* read Reports; send one byte 'G' (with descriptors of LaunchGo) for GO */
        int status_fd; /* memfd with LaunchStatus */
} Launch;

/* A builder that is killed may leave a child of the caller's that no report has named; it ends by
 * itself, and the caller, who is its parent, reaps what it does not know. End of file before BUILT
 * without FAILED means just that. */
int launch_start(const LaunchInput *input, Launch *ret);
void launch_done(Launch *launch);
/* What comes with GO; -EBADF where there is none. */
typedef struct LaunchGo {
        int events;  /* memory.events (v2) or memory.oom_control (v1) of the sandbox's cgroup */
        int payload; /* for DELEGATE: the directory of the workload's leaf, ... */
        int enter;   /* ... where to write "0" to go there ... */
        int leave;   /* ... and to come back to where init is */
} LaunchGo;
#define LAUNCH_GO_FDS 4
#define LAUNCH_GO_NONE \
        ((LaunchGo){.events = -EBADF, .payload = -EBADF, .enter = -EBADF, .leave = -EBADF})
int launch_go(Launch *launch, const LaunchGo *go);
/* Removes the sockets that a launch made at paths, once their relay is gone: those that nobody
 * listens on any more. */
void launch_remove_paths(const Plan *plan);
/* Reads one Report: 1, 0 at the end of file, -EAGAIN. fds as fd_receive(). */
int launch_read_report(int report_fd, Report *ret, int *fds, size_t *n_fds);

/* One more program in a running sandbox: forks, joins target's cgroups (directories, or none) and
 * all its namespaces by pidfd, applies the plan's WORKLOAD ops, execs. Reports arrive as above
 * (SPAWNED is left out; WORKLOAD carries the pidfd in the helper's numbering). devpts_fd: for
 * TERMINAL. */
typedef struct JoinInput {
        const Plan *plan;
        const char *name;
        const LaunchGround *ground;
        int target; /* pidfd of the workload */
        int devpts_fd;
        const int *streams;
        size_t n_streams;
        int log;            /* as in LaunchInput */
        const int *cgroups; /* directory fds of the sandbox's cgroup in every hierarchy */
        size_t n_cgroups;
} JoinInput;
int launch_join(const JoinInput *input, Launch *ret);
