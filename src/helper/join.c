/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One more program in a running sandbox: its cgroups first, then all its namespaces at once, by the
 * descriptor of its workload. Nothing is read from inside; the confinement is the plan's. */

#include "helper/parts.h"
#include "kern/cgroup.h"
#include "kern/descriptors.h"
#include "kern/device.h"
#include "kern/privilege.h"
#include "kern/process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOREIGN_MAX 8

typedef struct Join {
        const JoinInput *input;
        int report;
        int born_into; /* a cgroup2 directory, or -EBADF */
        bool new_user;
        Workload workload;
        int master;
        Fault fault;
} Join;

static int join_fault(Join *join, int r, Step step, int op, const char *object) {
        return fault_set(&join->fault, r, step, op, object);
}

static int drop_foreign(const Join *join) {
        const JoinInput *input = join->input;
        int keep[FOREIGN_MAX + FD_PASS_MAX];
        size_t n = 0;

        if (input->n_streams + input->n_cgroups > FD_PASS_MAX) {
                return -E2BIG;
        }
        keep[n++] = join->report;
        keep[n++] = input->target;
        keep[n++] = input->devpts_fd;
        keep[n++] = input->log;
        keep[n++] = input->ground->proc;
        for (size_t i = 0; i < input->n_streams; i++) {
                keep[n++] = input->streams[i];
        }
        for (size_t i = 0; i < input->n_cgroups; i++) {
                keep[n++] = input->cgroups[i];
        }
        return descriptors_keep(keep, n);
}

static int open_host_files(Join *join) {
        int op = -1, r;

        join->workload.null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (join->workload.null < 0) {
                return negative_errno();
        }
        r = journal_open(join->input->plan, join->input->name, &join->workload.journal, &op);
        return r < 0 ? join_fault(join, r, STEP_STDIO, op, JOURNAL_SOCKET) : 0;
}

/* Those that it was not born into. Before the user namespace is the sandbox's: then the right to
 * their files is gone. */
static int enter_cgroups(const Join *join) {
        const JoinInput *input = join->input;

        for (size_t i = 0; i < input->n_cgroups; i++) {
                _cleanup_fd_ int fd = -EBADF;

                if (input->cgroups[i] == join->born_into) {
                        continue;
                }
                fd = cgroup_open_join(input->cgroups[i]);
                if (fd < 0) {
                        return fd;
                }
                if (write(fd, "0", 1) < 0) {
                        return negative_errno();
                }
        }
        return 0;
}

static int find_unified(const JoinInput *input) {
        for (size_t i = 0; i < input->n_cgroups; i++) {
                if (cgroup_is_unified(input->cgroups[i])) {
                        return input->cgroups[i];
                }
        }
        return -EBADF;
}

/* Which kinds there are to join. Joining one's own user namespace is an error, and taking that
 * error for the answer would mean to go in as the host's root. */
static int find_kinds(Join *join, int *ret) {
        _cleanup_fd_ int directory = -EBADF;
        struct stat ours, theirs;
        pid_t pid;
        int r = process_pid(join->input->target, &pid);

        if (r < 0) {
                return r;
        }
        directory = process_directory(join->input->ground->proc, pid);
        if (directory < 0) {
                return directory;
        }
        r = process_signal(join->input->target, 0);
        if (r < 0) {
                return r;
        }
        if (fstatat(directory, "ns/user", &theirs, 0) < 0 ||
            fstatat(join->input->ground->proc, "self/ns/user", &ours, 0) < 0) {
                return negative_errno();
        }
        *ret = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
               CLONE_NEWCGROUP;
        join->new_user = ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino;
        if (join->new_user) {
                *ret |= CLONE_NEWUSER;
        }
        if (fstatat(directory, "ns/time", &theirs, 0) == 0) {
                *ret |= CLONE_NEWTIME;
        }
        return 0;
}

static int enter_namespaces(Join *join) {
        int kinds, r = find_kinds(join, &kinds);

        if (r < 0) {
                return r;
        }
        if (setns(join->input->target, kinds) < 0) {
                return negative_errno();
        }
        /* While still outside its PID namespace, where nobody inside can see us change. */
        return join->new_user ? privilege_become(0, 0, NULL, 0) : privilege_hide();
}

static int open_terminal(Join *join) {
        const Op *op = plan_find(join->input->plan, OP_TERMINAL);
        int r;

        if (!op) {
                return 0;
        }
        r = join->input->devpts_fd < 0
                    ? -ENOTTY
                    : terminal_open(join->input->devpts_fd, (unsigned) op->args[0].u64,
                                    (unsigned) op->args[1].u64, &join->master,
                                    &join->workload.slave);
        return r < 0 ? join_fault(join, r, STEP_STDIO, (int) (op - join->input->plan->ops), NULL)
                     : 0;
}

static int join_all(Join *join) {
        pid_t pid;
        int r;

        (void) umask(0022);
        r = privilege_hide();
        r = r < 0 ? r : drop_foreign(join);
        r = r < 0 ? r : signals_reset();
        if (r < 0) {
                return join_fault(join, r, STEP_SPAWN, -1, NULL);
        }
        r = open_host_files(join);
        if (r < 0) {
                return join_fault(join, r, STEP_STDIO, -1, NULL);
        }
        r = enter_cgroups(join);
        if (r < 0) {
                return join_fault(join, r, STEP_CGROUP, -1, NULL);
        }
        r = priority_set(join->input->plan, join->input->ground->proc, &join->fault);
        if (r < 0) {
                return r;
        }
        r = enter_namespaces(join);
        if (r < 0) {
                return join_fault(join, r, STEP_NAMESPACE, -1, NULL);
        }
        r = open_terminal(join);
        if (r < 0) {
                return r;
        }
        pid = process_clone(CLONE_PARENT, -EBADF, NULL);
        if (pid == 0) {
                workload_start(&join->workload, 0, join->master);
        }
        return pid < 0 ? join_fault(join, (int) pid, STEP_SPAWN, -1, NULL) : 0;
}

int launch_join(const JoinInput *input, Launch *ret) {
        _cleanup_fd_ int ours = -EBADF, theirs = -EBADF;
        int sockets[2], r, unified = find_unified(input);
        Join join;
        pid_t pid;

        assert(input && input->plan && input->ground);
        assert(ret);

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
                return negative_errno();
        }
        ours = sockets[0];
        theirs = sockets[1];
        pid = process_clone(0, unified, NULL);
        if (pid < 0) {
                return (int) pid;
        }
        if (pid > 0) {
                *ret = (Launch){
                        .builder = pid,
                        .report_fd = fd_take(&ours),
                        .status_fd = -EBADF,
                };
                return 0;
        }
        join = (Join){
                .input = input,
                .report = theirs,
                .born_into = unified,
                .master = -EBADF,
                .fault.op = -1,
                .workload =
                        {
                                .plan = input->plan,
                                .report = theirs,
                                .null = -EBADF,
                                .journal = JOURNAL_STREAMS_NONE,
                                .streams = input->streams,
                                .n_streams = input->n_streams,
                                .log = input->log,
                                .slave = -EBADF,
                                .enter = -EBADF,
                                .payload = -EBADF,
                        },
        };
        r = join_all(&join);
        _exit(r < 0 ? report_failed(join.report, &join.fault, r) : EXIT_SUCCESS);
}
