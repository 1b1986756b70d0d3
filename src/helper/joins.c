/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Namespaces that are somebody else's. All are opened and looked at before anything is made. Those
 * that a process enters itself, the builder enters as root of the host, before there is a user
 * namespace of the sandbox's: from inside that one, none could be entered that it does not own. The
 * others say what init is born into; a midwife enters them, makes init as the helper's child and is
 * gone, so that the builder keeps the power that it needs for the root. */

#include "helper/parts.h"
#include "kern/mount.h"
#include "kern/privilege.h"
#include "kern/process.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define OF_BUILDER (CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWTIME)
#define OF_BIRTH (CLONE_NEWCGROUP | CLONE_NEWNS | CLONE_NEWPID)

/* What it has to say: 0 with the pidfd of init, or what went wrong with which op. */
typedef struct Birth {
        int32_t r;
        int32_t op;
} Birth;

static int join_fault(Build *build, int r, const Foreign *join) {
        return build_fault(build, r, STEP_JOIN, join->op, join->object);
}

/* -- opening -- */

/* 1 where it is our own user namespace. */
static int is_our_users(const Build *build, int fd) {
        struct stat ours, theirs;

        if (fstatat(build->ground->proc, "self/ns/user", &ours, 0) < 0 || fstat(fd, &theirs) < 0) {
                return negative_errno();
        }
        return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* Of the right kind, and below the user namespace of ours. */
static int check_namespace(const Build *build, int fd, uint64_t kind) {
        int type = ioctl(fd, NS_GET_NSTYPE), owner, r;

        if (type < 0) {
                return negative_errno();
        }
        if ((uint64_t) type != kind) {
                return -EINVAL;
        }
        if (kind == CLONE_NEWUSER) {
                r = is_our_users(build, fd);
                return r > 0 ? -EEXIST : r;
        }
        owner = ioctl(fd, NS_GET_USERNS);
        if (owner < 0) {
                return negative_errno();
        }
        (void) fd_close(owner);
        return 0;
}

/* Looked at before it is opened: opening alone can act, and wait, on what is no such file. Magic
 * links are welcome, /proc/PID/ns has nothing else. */
static int open_path(const Build *build, const Op *op) {
        _cleanup_fd_ int file = -EBADF, fd = -EBADF;
        struct statfs fs;
        char name[32];
        int r;

        file = open(op->args[1].string, O_PATH | O_CLOEXEC);
        if (file < 0 || fstatfs(file, &fs) < 0) {
                return negative_errno();
        }
        if (fs.f_type != NSFS_MAGIC) {
                return -EINVAL;
        }
        (void) snprintf(name, sizeof(name), "self/fd/%d", file);
        fd = openat(build->ground->proc, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
                return negative_errno();
        }
        r = check_namespace(build, fd, op->args[0].u64);
        return r < 0 ? r : fd_take(&fd);
}

int joins_open(Build *build) {
        for (size_t i = 0; i < build->n_joins; i++) {
                Foreign *join = &build->joins[i];
                const Op *op = &build->plan->ops[join->op];

                if (op->kind == OP_JOIN_PATH) {
                        join->fd = open_path(build, op);
                } else {
                        /* its first process is in all of its namespaces, that of time included */
                        join->fd = process_signal(build->target, 0);
                        join->fd = join->fd < 0 ? join->fd : build->target;
                }
                if (join->fd < 0) {
                        return join_fault(build, join->fd, join);
                }
        }
        return 0;
}

/* -- entering -- */

static int enter(Build *build, uint64_t kinds) {
        for (size_t i = 0; i < build->n_joins; i++) {
                Foreign *join = &build->joins[i];
                uint64_t which = join->kinds & kinds;

                if (which != 0 && setns(join->fd, (int) which) < 0) {
                        return join_fault(build, negative_errno(), join);
                }
        }
        return 0;
}

int joins_enter(Build *build) {
        return enter(build, OF_BUILDER);
}

bool joins_need_midwife(const Build *build) {
        return (build->joined & (OF_BIRTH | CLONE_NEWUSER)) != 0;
}

/* The cgroup, where init is born into one, comes before its namespace: from inside that, the kernel
 * may not let anybody name a place beyond its root. */
_noreturn_ static void midwife(Build *build, uint64_t flags, int socket) {
        int into = (build->joined & CLONE_NEWCGROUP) ? -EBADF : build->into_cgroup, pidfd = -EBADF;
        Birth birth = {.op = -1};

        birth.r = enter(build, OF_BIRTH);
        birth.r = birth.r < 0 ? birth.r : enter(build, CLONE_NEWUSER);
        /* new credentials make one dumpable again */
        birth.r = birth.r < 0 ? birth.r : privilege_hide();
        if (birth.r == 0) {
                pid_t pid = process_clone(flags | CLONE_PARENT, into, &pidfd);

                if (pid == 0) {
                        (void) fd_close(socket);
                        init_run(build);
                }
                birth.r = (int32_t) MIN(pid, 0);
        }
        birth.op = build->fault.op;
        _exit(fd_send(socket, &birth, sizeof(birth), &pidfd, birth.r == 0 ? 1 : 0, 0) < 0);
}

/* The fault that it has seen is told here, with the words that are known here too. */
static int birth_fault(Build *build, const Birth *birth) {
        for (size_t i = 0; i < build->n_joins; i++) {
                if (build->joins[i].op == birth->op) {
                        return join_fault(build, birth->r, &build->joins[i]);
                }
        }
        return build_fault(build, birth->r, STEP_SPAWN, -1, NULL);
}

/* The maps of a user namespace that is not ours to map. Read before anybody hears of init: what
 * they rule out is then said before a scope is asked for. */
static int read_maps(Build *build) {
        _cleanup_fd_ int directory = -EBADF;
        const Foreign *join = NULL;
        int r;

        for (size_t i = 0; i < build->n_joins; i++) {
                if (build->joins[i].kinds & CLONE_NEWUSER) {
                        join = &build->joins[i];
                }
        }
        if (!join) {
                return 0;
        }
        free(build->ranges);
        build->ranges = calloc((size_t) 2 * ID_RANGES_MAX, sizeof(*build->ranges));
        if (!build->ranges) {
                return join_fault(build, -ENOMEM, join);
        }
        directory = process_directory(build->ground->proc, build->init);
        /* bound to a process, and to ours if that still lives */
        r = directory < 0 ? directory : process_signal(build->init_pidfd, 0);
        r = r < 0 ? r
                  : namespace_read_maps(directory, build->ranges, &build->users, &build->groups);
        /* init is to become root there */
        if (r == 0 &&
            (!id_map_find(&build->users, 0, NULL) || !id_map_find(&build->groups, 0, NULL))) {
                r = -EUSERS;
        }
        build->idmapped =
                !(id_map_is_identity(&build->users) && id_map_is_identity(&build->groups));
        return r < 0 ? join_fault(build, r, join) : 0;
}

int joins_spawn(Build *build, uint64_t flags) {
        int into = (build->joined & CLONE_NEWCGROUP) ? build->into_cgroup : -EBADF, sockets[2], r;
        _cleanup_fd_ int ours = -EBADF, theirs = -EBADF;
        size_t n_fds = 1;
        Birth birth;
        ssize_t n;
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
                return build_fault(build, negative_errno(), STEP_SPAWN, -1, NULL);
        }
        ours = sockets[0];
        theirs = sockets[1];
        /* A child of the helper's, so that its own sibling is one too; the helper reaps it. */
        pid = process_clone(CLONE_PARENT, into, NULL);
        if (pid == 0) {
                (void) fd_close(ours);
                midwife(build, flags, theirs);
        }
        if (pid < 0) {
                return build_fault(build, (int) pid, STEP_SPAWN, -1, NULL);
        }
        theirs = fd_close(theirs);
        n = fd_receive(ours, &birth, sizeof(birth), &build->init_pidfd, &n_fds, 0);
        if (n == (ssize_t) sizeof(birth) && birth.r < 0) {
                return birth_fault(build, &birth);
        }
        if (n != (ssize_t) sizeof(birth) || n_fds != 1) {
                build->init_pidfd = -EBADF;
                return build_fault(build, -ECHILD, STEP_SPAWN, -1, NULL);
        }
        r = process_pid(build->init_pidfd, &build->init);
        return r < 0 ? build_fault(build, r, STEP_SPAWN, -1, NULL) : read_maps(build);
}

/* -- what only members can make -- */

typedef struct ProcRequest {
        Build *build;
        const Op *op;
} ProcRequest;

static int make_proc(void *userdata) {
        const ProcRequest *request = userdata;

        return mounts_make_proc(request->op);
}

/* The namespace of processes that was entered is that of children only. */
static int make_proc_inside(void *userdata) {
        ProcRequest *request = userdata;
        int r = enter(request->build, CLONE_NEWPID);

        return r < 0 ? r : process_fetch_fd(make_proc, request);
}

/* A procfs shows the process numbers of its mounter, and only who owns the namespace may mount it:
 * so a process that is in there, but is still root of the host. */
int joins_make_proc(Build *build, const Op *op) {
        ProcRequest request = {build, op};

        return process_fetch_fd(make_proc_inside, &request);
}
