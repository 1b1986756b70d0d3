/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The builder: forked per start, so that the helper's loop never waits for a disk. It opens what
 * the plan names in the host's mount namespace, makes init as the helper's child, writes the id
 * maps and assembles the root. */

#include "helper/parts.h"
#include "kern/cgroup.h"
#include "kern/descriptors.h"
#include "kern/privilege.h"
#include "kern/process.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define HOST_NULL_MAJOR 1
#define HOST_NULL_MINOR 3

static int read_maps(Build *build) {
        size_t n = 0, index = 0;
        const Op *op;

        while (plan_next(build->plan, OP_ID_MAP, &index)) {
                n++;
        }
        if (n == 0) {
                return (build->namespaces & CLONE_NEWUSER) ? -EINVAL : 0;
        }
        build->ranges = calloc(n * 2, sizeof(*build->ranges));
        if (!build->ranges) {
                return -ENOMEM;
        }
        build->users.ranges = build->ranges;
        build->groups.ranges = build->ranges + n;
        for (index = 0; (op = plan_next(build->plan, OP_ID_MAP, &index));) {
                const IdRange range = {
                        .inside = (uint32_t) op->args[1].u64,
                        .outside = op->args[2].u64 == OP_ID_PICK ? build->id_base
                                                                 : (uint32_t) op->args[2].u64,
                        .count = (uint32_t) op->args[3].u64,
                };

                if (op->args[0].u64 != OP_ID_GROUP) {
                        build->ranges[build->users.n++] = range;
                }
                if (op->args[0].u64 != OP_ID_USER) {
                        build->ranges[n + build->groups.n++] = range;
                }
        }
        build->idmapped =
                (build->namespaces & CLONE_NEWUSER) &&
                !(id_map_is_identity(&build->users) && id_map_is_identity(&build->groups));
        return 0;
}

static int read_joins(Build *build) {
        for (size_t i = 0; i < build->plan->n_ops; i++) {
                const Op *op = &build->plan->ops[i];
                bool sandbox = op->kind == OP_JOIN_SANDBOX;

                if (!sandbox && op->kind != OP_JOIN_PATH) {
                        continue;
                }
                if (build->n_joins == JOINS_MAX) {
                        return -E2BIG;
                }
                build->joins[build->n_joins++] = (Foreign){
                        .kinds = op->args[0].u64,
                        .op = (int) i,
                        .fd = -EBADF,
                        .object = op->args[sandbox ? 3 : 1].string,
                };
                build->joined |= op->args[0].u64;
        }
        return 0;
}

/* Lets go of everything of the helper's that this start does not need: its connections, other
 * sandboxes' descriptors, other starts' reports. */
static int drop_foreign(Build *build, const int *cgroups) {
        int keep[16 + IMAGES_KEPT + FD_PASS_MAX];
        size_t n = 0;

        if (build->n_streams + build->n_cgroups > FD_PASS_MAX) {
                return -E2BIG;
        }
        keep[n++] = build->report;
        keep[n++] = build->status;
        keep[n++] = build->log;
        keep[n++] = build->id_lock;
        keep[n++] = build->target;
        keep[n++] = build->ground->empty_ns;
        keep[n++] = build->ground->proc;
        keep[n++] = build->ground->relay_exe;
        for (size_t i = 0; i < build->n_streams; i++) {
                keep[n++] = build->streams[i];
        }
        for (size_t i = 0; i < build->n_cgroups; i++) {
                keep[n++] = cgroups[i];
        }
        for (size_t i = 0; build->images && i < build->images->n; i++) {
                keep[n++] = build->images->kept[i].tree;
        }
        return descriptors_keep(keep, n);
}

/* cgroup2 is entered at birth; the files of v1 hierarchies are opened here, with the builder's
 * credentials, which is what the kernel checks, and written by whoever is to move. */
static int open_cgroups(Build *build, const int *cgroups) {
        size_t n = 0;

        if (build->n_cgroups == 0) {
                return 0;
        }
        build->cgroups = calloc(build->n_cgroups, sizeof(*build->cgroups));
        if (!build->cgroups) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < build->n_cgroups; i++) {
                int fd;

                if (build->into_cgroup < 0 && cgroup_is_unified(cgroups[i])) {
                        build->into_cgroup = cgroups[i];
                        continue;
                }
                fd = cgroup_open_join(cgroups[i]);
                if (fd < 0) {
                        return fd;
                }
                build->cgroups[n++] = fd;
        }
        build->n_cgroups = n;
        return 0;
}

static int open_host_files(Build *build) {
        struct stat st;
        int op = -1, r;

        build->null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (build->null < 0 || fstat(build->null, &st) < 0) {
                return negative_errno();
        }
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(HOST_NULL_MAJOR, HOST_NULL_MINOR)) {
                return -ENODEV;
        }
        r = journal_open(build->plan, build->name, &build->journal, &op);
        return r < 0 ? build_fault(build, r, STEP_STDIO, op, JOURNAL_SOCKET) : 0;
}

static int settle(Build *build, const int *cgroups) {
        int r;

        (void) umask(0);
        r = privilege_hide();
        r = r < 0 ? r : drop_foreign(build, cgroups);
        r = r < 0 ? r : signals_reset();
        if (r < 0) {
                return build_fault(build, r, STEP_SPAWN, -1, NULL);
        }
        /* No supplementary group of the helper's reaches the sandbox. */
        if (setgroups(0, NULL) < 0) {
                return build_fault(build, negative_errno(), STEP_SPAWN, -1, NULL);
        }
        r = open_cgroups(build, cgroups);
        if (r < 0) {
                return build_fault(build, r, STEP_CGROUP, -1, NULL);
        }
        r = open_host_files(build);
        return r < 0 ? build_fault(build, r, STEP_SOURCE, -1, "/dev/null") : 0;
}

static int set_time(Build *build) {
        const Op *op = plan_find(build->plan, OP_TIME_OFFSETS);
        int r;

        if (!(build->namespaces & CLONE_NEWTIME)) {
                return op ? build_fault(build, -EINVAL, STEP_SPAWN, (int) (op - build->plan->ops),
                                        "time")
                          : 0;
        }
        /* Children are in it; the offsets freeze when the first one is there, so not by clone3().
         */
        if (unshare(CLONE_NEWTIME) < 0) {
                return build_fault(build, negative_errno(), STEP_SPAWN, -1, "time");
        }
        if (!op) {
                return 0;
        }
        r = namespace_set_time(build->ground->proc, op->args[0].i64, op->args[1].i64);
        return r < 0 ? build_fault(build, r, STEP_SPAWN, (int) (op - build->plan->ops), "time") : 0;
}

static int clone_init(Build *build, uint64_t flags) {
        build->init = process_clone(flags | CLONE_PARENT, build->into_cgroup, &build->init_pidfd);
        if (build->init == 0) {
                init_run(build);
        }
        return build->init < 0 ? build_fault(build, build->init, STEP_SPAWN, -1, NULL) : 0;
}

static int spawn_init(Build *build) {
        /* The network namespace takes as long as all the rest; init makes it itself, while the
         * builder goes on. */
        uint64_t flags = build->namespaces & ~(uint64_t) (CLONE_NEWTIME | CLONE_NEWNET);
        Report report = {.type = REPORT_SPAWNED, .op = -1};
        int r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, build->link) < 0) {
                return build_fault(build, negative_errno(), STEP_SPAWN, -1, NULL);
        }
        if (setns(build->ground->empty_ns, CLONE_NEWNS) < 0) {
                return build_fault(build, negative_errno(), STEP_SPAWN, -1, "mnt");
        }
        r = joins_need_midwife(build) ? joins_spawn(build, flags) : clone_init(build, flags);
        if (r < 0) {
                return r;
        }
        build->link[1] = fd_close(build->link[1]);
        build->relay_link = fd_close(build->relay_link);
        report.pid = build->init;
        r = report_send(build->report, &report, &build->init_pidfd, 1);
        return r < 0 ? build_fault(build, r, STEP_SPAWN, -1, NULL) : 0;
}

static int map_users(Build *build) {
        _cleanup_fd_ int directory = process_directory(build->ground->proc, build->init);
        int r;

        if (directory < 0) {
                return build_fault(build, directory, STEP_MAP, -1, NULL);
        }
        /* The directory is bound to a process; that it is ours, and not the next bearer of the
         * number, is known once ours still lives. */
        r = process_signal(build->init_pidfd, 0);
        if (r == 0 && (build->namespaces & CLONE_NEWUSER)) {
                r = namespace_write_maps(directory, &build->users, &build->groups);
        }
        if (r == 0 && build->idmapped) {
                build->userns = namespace_open(directory, "user");
                r = MIN(build->userns, 0);
        }
        return r < 0 ? build_fault(build, r, STEP_MAP, -1, NULL) : 0;
}

static int map_ids(Build *build) {
        const char mapped = LINK_MAPPED;
        int r = build_is_apart(build, CLONE_NEWUSER) ? map_users(build) : 0;

        if (r < 0) {
                return r;
        }
        r = fd_send(build->link[0], &mapped, sizeof(mapped), NULL, 0, 0);
        return r < 0 ? build_fault(build, r, STEP_MAP, -1, NULL) : 0;
}

static int hand_root_over(Build *build) {
        _cleanup_fd_ int root = root_assemble(build);
        const char tag = LINK_ROOT;
        Str text = STR_INIT;
        int r;

        if (root < 0) {
                return root;
        }
        r = str_append_char(&text, tag);
        r = r < 0 ? r : str_append(&text, build->degraded);
        r = r < 0 ? r : fd_send(build->link[0], text.text, text.length + 1, &root, 1, 0);
        str_done(&text);
        return r < 0 ? build_fault(build, r, STEP_ROOT, -1, NULL) : 0;
}

static int build_all(Build *build, const int *cgroups) {
        int r = settle(build, cgroups);

        r = r < 0 ? r : joins_open(build);
        r = r < 0 ? r : relay_start(build);
        r = r < 0 ? r : sources_open(build);
        r = r < 0 ? r : joins_enter(build);
        r = r < 0 ? r : mounts_make(build, true);
        r = r < 0 ? r : set_time(build);
        r = r < 0 ? r : priority_set(build->plan, build->ground->proc, &build->fault);
        r = r < 0 ? r : spawn_init(build);
        r = r < 0 ? r : map_ids(build);
        if (r < 0 || (build->joined & CLONE_NEWNS)) {
                return r; /* the root is there already */
        }
        r = sources_idmap(build);
        r = r < 0 ? r : hand_root_over(build);
        return r < 0 ? r : locks_give(build);
}

/* Exits, with everything that it holds. */
_noreturn_ static void builder_run(Build *build, const int *cgroups) {
        int r = build_all(build, cgroups), status = EXIT_SUCCESS;

        if (r < 0) {
                /* Said before init is killed: the helper takes what lies in the socket when init
                 * ends for the whole story. Init says itself what it failed on; the broken pipe
                 * that follows here is no news. */
                status =
                        r == -EPIPE ? EXIT_FAILURE : report_failed(build->report, &build->fault, r);
                if (build->init_pidfd >= 0) {
                        (void) process_signal(build->init_pidfd, SIGKILL);
                }
                if (build->relay >= 0) {
                        (void) process_signal(build->relay, SIGKILL);
                }
        }
        _exit(status);
}

static int build_prepare(Build *build, const LaunchInput *input) {
        const Op *namespaces = plan_find(input->plan, OP_NAMESPACES);
        int r;

        *build = (Build){
                .plan = input->plan,
                .name = input->name,
                .ground = input->ground,
                .images = input->images,
                .streams = input->streams,
                .n_streams = input->n_streams,
                .log = input->log,
                .id_lock = input->id_lock,
                .id_base = input->id_base,
                .n_cgroups = input->n_cgroups,
                .target = plan_find(input->plan, OP_JOIN_SANDBOX) ? input->target : -EBADF,
                .report = -EBADF,
                .status = -EBADF,
                .null = -EBADF,
                .journal = JOURNAL_STREAMS_NONE,
                .devpts = -EBADF,
                .go = LAUNCH_GO_NONE,
                .link = {-EBADF, -EBADF},
                .relay_link = -EBADF,
                .relay = -EBADF,
                .into_cgroup = -EBADF,
                .init_pidfd = -EBADF,
                .userns = -EBADF,
                .fault.op = -1,
        };
        if (!namespaces) {
                return -EINVAL;
        }
        build->namespaces = namespaces->args[0].u64;
        r = read_joins(build);
        if (r < 0) {
                return r;
        }
        /* Without a mount namespace of its own init would rearrange ours. */
        return build_is_apart(build, CLONE_NEWNS) ? read_maps(build) : -EINVAL;
}

static void build_done(Build *build) {
        free(build->ranges);
        free(build->sources);
}

static int make_status(void) {
        _cleanup_fd_ int fd = memfd_create("sbx-status", MFD_CLOEXEC);

        if (fd < 0 || ftruncate(fd, sizeof(LaunchStatus)) < 0) {
                return negative_errno();
        }
        return fd_take(&fd);
}

int launch_start(const LaunchInput *input, Launch *ret) {
        _cleanup_(build_done) Build build;
        _cleanup_fd_ int ours = -EBADF, theirs = -EBADF, status = -EBADF;
        int sockets[2], r;
        pid_t pid;

        assert(input && input->plan && input->ground && input->name);
        assert(ret);

        r = build_prepare(&build, input);
        if (r < 0) {
                return r;
        }
        build.sources = malloc(build.plan->n_ops * sizeof(*build.sources));
        if (!build.sources) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < build.plan->n_ops; i++) {
                build.sources[i] = -EBADF;
        }
        status = make_status();
        if (status < 0) {
                return status;
        }
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
                return negative_errno();
        }
        ours = sockets[0];
        theirs = sockets[1];
        build.report = theirs;
        build.status = status;
        pid = fork();
        if (pid < 0) {
                return negative_errno();
        }
        if (pid == 0) {
                builder_run(&build, input->cgroups);
        }
        *ret = (Launch){
                .builder = pid,
                .report_fd = fd_take(&ours),
                .status_fd = fd_take(&status),
        };
        return 0;
}

void launch_done(Launch *launch) {
        launch->report_fd = fd_close(launch->report_fd);
        launch->status_fd = fd_close(launch->status_fd);
}
