/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of the launch share: one struct that the builder fills and init, being its copy,
 * goes on with. See launch.h for what a launch is.
 *
 *     helper ── fork ──► builder: sources, maps, root ── clone(PARENT) ──► init: mounts, GO,
 * workload └── clone(PARENT) ──► relay
 *
 * Descriptors opened by the builder before it clones init are init's under the same numbers: the
 * builder goes on to idmap and assemble what init holds, and only the finished root is sent over.
 */

#include "helper/launch.h"
#include "kern/namespace.h"

#include "base/fd.h"

#define JOURNAL_SOCKET "/run/systemd/journal/stdout"
/* Connections to the journal by the number of their stream; -EBADF: it is none. */
typedef struct JournalStreams {
        int fds[3];
} JournalStreams;
#define JOURNAL_STREAMS_NONE ((JournalStreams){.fds = {-EBADF, -EBADF, -EBADF}})

/* Where and on what a launch failed. */
typedef struct Fault {
        Step step;
        int op; /* index into the plan, or -1 */
        bool known;
        char object[LAUNCH_OBJECT_MAX];
} Fault;

/* Namespaces of somebody else's, by one op. */
typedef struct Foreign {
        uint64_t kinds; /* CLONE_NEW* */
        int op;
        int fd; /* the namespace, or a pidfd of who is in it */
        const char *object;
} Foreign;
#define JOINS_MAX 9 /* a path a kind, and a sandbox */

typedef struct Build {
        const Plan *plan;
        const char *name;
        const LaunchGround *ground;
        const Images *images; /* NULL: nothing is kept */
        const int *streams;
        size_t n_streams;
        int log;
        int id_lock;
        uint32_t id_base;

        JournalStreams journal;
        int report;     /* where Reports are written, and 'G' is read */
        int status;     /* the memfd */
        int null;       /* the host's /dev/null */
        int devpts;     /* root of the sandbox's devpts, or -EBADF */
        LaunchGo go;    /* what came with it */
        int link[2];    /* builder's and init's end of what they tell each other */
        int relay_link; /* whoever has the sandbox's network namespace sends it here; -EBADF: no
                           relay */
        int relay;      /* pidfd */
        int *cgroups;   /* to be written to in order to join, opened by the builder */
        size_t n_cgroups;
        int into_cgroup; /* the cgroup2 directory, where CLONE_INTO_CGROUP does it without a write
                          */

        int *sources;        /* of each op: its detached mount, or -EBADF */
        uint64_t namespaces; /* CLONE_NEW*: new ones ... */
        uint64_t joined;     /* ... and somebody else's; what is in neither is the host's */
        Foreign joins[JOINS_MAX];
        size_t n_joins;
        int target;      /* pidfd of the first process of the sandbox that is joined, or -EBADF */
        IdRange *ranges; /* what users and groups point into */
        IdMap users, groups;
        bool idmapped; /* the maps shift something: layers need idmapped mounts */

        pid_t init;
        int init_pidfd;
        int userns;
        char degraded[LAUNCH_OBJECT_MAX];
        Fault fault;
} Build;

/* Whether this kind is another one than the host's. */
static inline bool build_is_apart(const Build *build, uint64_t kind) {
        return ((build->namespaces | build->joined) & kind) != 0;
}

/* Remembers where it failed, the first time; gives r. object may be NULL. */
int fault_set(Fault *fault, int r, Step step, int op, const char *object);
static inline int build_fault(Build *build, int r, Step step, int op, const char *object) {
        return fault_set(&build->fault, r, step, op, object);
}

/* report.c */
/* Waits for GO, in a process that ends where it fails. delegated: the plan has DELEGATE. */
int launch_take_go(int report_fd, bool delegated, LaunchGo *ret);
int report_send(int report_fd, const Report *report, const int *fds, size_t n_fds);
/* Sends FAILED; gives the exit status of the step. */
int report_failed(int report_fd, const Fault *fault, int r);
/* FAILED by write(2), which more filters let through than sendmsg(2), or, where the start is over
 * (report_fd -EBADF), in what init leaves behind. */
int report_failed_plainly(int report_fd, LaunchStatus *status, const Fault *fault, int r);

/* What the builder tells init: first that the maps are written, then (with the text of what is
 * degraded behind it) the root. */
enum { LINK_MAPPED = 'M', LINK_ROOT = 'R', LINK_LOCK = 'L' };

/* joins.c. First of all: opens and checks, enters what the builder has to be in. */
int joins_open(Build *build);
int joins_enter(Build *build);
/* What init is born into: where there is such, it is made by joins_spawn() instead of a clone, and
 * the maps of a joined user namespace are known then. */
bool joins_need_midwife(const Build *build);
int joins_spawn(Build *build, uint64_t flags);
/* A procfs of the joined PID namespace: the tree. */
int joins_make_proc(Build *build, const Op *op);

/* sources.c, in the host's mount namespace */
int sources_open(Build *build);
/* With the maps written: idmaps the binds that ask for it. */
int sources_idmap(Build *build);

/* root.c: gives the detached root */
int root_assemble(Build *build);

/* mounts.c: makes the detached mounts of all ops for which mine says so ... */
int mounts_make(Build *build, bool by_builder);
/* The tree of a procfs of the caller's PID namespace. */
int mounts_make_proc(const Op *op);
/* ... and, in init, puts everything in its place below root. */
int mounts_attach(Build *build, int root);
int mounts_attach_cgroup(Build *build, int root);

/* protect.c: init, with everything mounted but the view of the cgroup */
int protections_apply(Build *build, int root);

/* locks.c: the last that the builder does, when init asks for it, and init's side. */
int locks_give(Build *build);
/* What *root and the devpts name is found anew in the locked copy. */
int locks_take(Build *build, int *root);

/* journal.c: a connection for each STDIO that wants one, one for those that say the same. By root
 * of the host, in its mount namespace. name: the sandbox's, whose scope the messages belong to. */
int journal_open(const Plan *plan, const char *name, JournalStreams *ret, int *ret_op);

/* devices.c */
int device_source(const Op *op);

/* init.c */
_noreturn_ void init_run(Build *build);

/* priority.c: NICE and OOM_SCORE, by the caller for what it forks. proc: of the ground */
int priority_set(const Plan *plan, int proc, Fault *fault);

/* relay_start.c */
int relay_start(Build *build);
/* True where a target is a path: then the relay needs the sandbox's root, once there is one. */
bool relay_wants_root(const Plan *plan);
/* By whoever stands in the network. root: O_PATH, or -EBADF where it is not wanted. */
int relay_give_network(Build *build, int root);

/* workload.c: what a program needs that is not its own confinement's */
typedef struct Workload {
        const Plan *plan;
        int report;           /* -EBADF: nobody is told (any more) */
        LaunchStatus *status; /* of init: for those that nobody is told of; or NULL */
        int null;
        JournalStreams journal;
        const int *streams;
        size_t n_streams;
        int log;
        int slave; /* the terminal, or -EBADF */
        int enter; /* of LaunchGo, where it stands elsewhere; or -EBADF */
        int payload;
} Workload;

/* The n-th EXEC of the plan, or NULL; *ret_index its place. */
const Op *workload_exec(const Plan *plan, size_t n, int *ret_index);
/* Becomes the n-th program; first tells the helper so (with the terminal's master) where there is
 * somebody to tell. */
_noreturn_ void workload_start(const Workload *workload, size_t exec, int master);
