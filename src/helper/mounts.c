/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything that is mounted below the root. Every target is found with openat2() below the root's
 * descriptor, so what a layer has planted there leads nowhere but into the sandbox. */

#include "helper/parts.h"
#include "kern/mount.h"
#include "kern/path.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRICT (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define TTY_GROUP 5 /* of Debian, and of everyone else */

/* Files of the whole procfs that tell about the host, whoever asks. What acts on the host is bound
 * read-only over this by the plan. */
static const char *const proc_masked[] = {
        "bootconfig",  "cmdline",      "config.gz",   "driver",     "dynamic_debug", "interrupts",
        "iomem",       "ioports",      "kallsyms",    "kcore",      "key-users",     "keys",
        "kmsg",        "kpagecgroup",  "kpagecount",  "kpageflags", "latency_stats", "modules",
        "mtrr",        "pagetypeinfo", "sched_debug", "schedstat",  "slabinfo",      "timer_list",
        "timer_stats", "vmallocinfo",  "zoneinfo",
};

static int make_tmpfs(const Op *op) {
        char mode[16], size[32];
        MountOption options[2] = {MOUNT_TEXT("mode", mode)};
        size_t n = 1;
        uint64_t flags = op->args[1].u64;
        uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                              (flags & OP_MOUNT_READ_ONLY ? MOUNT_ATTR_RDONLY : 0) |
                              (flags & OP_MOUNT_NO_EXEC ? MOUNT_ATTR_NOEXEC : 0);

        (void) snprintf(mode, sizeof(mode), "%o", (unsigned) op->args[3].u64);
        if (op->args[2].u64 != 0 && op->args[2].u64 != UINT64_MAX) {
                (void) snprintf(size, sizeof(size), "%llu", (unsigned long long) op->args[2].u64);
                options[n++] = MOUNT_TEXT("size", size);
        }
        return mount_make("tmpfs", options, n, attributes);
}

int mounts_make_proc(const Op *op) {
        const MountOption options[] = {MOUNT_TEXT("subset", "pid"),
                                       MOUNT_TEXT("hidepid", "invisible")};

        return mount_make("proc", options, op->args[1].u64 == OP_PROC_PID ? ELEMENTS(options) : 0,
                          STRICT);
}

static int make_devpts(const Build *build) {
        MountOption options[] = {MOUNT_TEXT("ptmxmode", "0666"), MOUNT_TEXT("mode", "0620"),
                                 MOUNT_TEXT("gid", "5")};
        bool tty = !build_is_apart(build, CLONE_NEWUSER) ||
                   id_map_find(&build->groups, TTY_GROUP, NULL);

        return mount_make("devpts", options, ELEMENTS(options) - (tty ? 0 : 1),
                          MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

/* A file system of a namespace can be mounted by who has power over that namespace: init where it
 * is the sandbox's own, the builder where it is the host's or somebody else's. */
static bool is_builders(const Build *build, OpKind kind) {
        switch (kind) {
        case OP_PROC:
                return !(build->namespaces & CLONE_NEWPID);
        case OP_SYSFS:
                return !(build->namespaces & CLONE_NEWNET);
        case OP_MQUEUE:
                return !(build->namespaces & CLONE_NEWIPC);
        default:
                return false;
        }
}

static int make_one(Build *build, const Op *op) {
        switch (op->kind) {
        case OP_TMPFS:
                return make_tmpfs(op);
        case OP_PROC:
                return build->joined & CLONE_NEWPID ? joins_make_proc(build, op)
                                                    : mounts_make_proc(op);
        case OP_SYSFS:
                return mount_make("sysfs", NULL, 0, STRICT | MOUNT_ATTR_RDONLY);
        case OP_DEVPTS:
                return make_devpts(build);
        case OP_MQUEUE:
                return mount_make("mqueue", NULL, 0, STRICT);
        default:
                return -EBADF;
        }
}

int mounts_make(Build *build, bool by_builder) {
        for (size_t i = 0; i < build->plan->n_ops; i++) {
                const Op *op = &build->plan->ops[i];
                int r;

                if (is_builders(build, op->kind) != by_builder) {
                        continue;
                }
                r = make_one(build, op);
                if (r == -EBADF) {
                        continue;
                }
                if (r < 0) {
                        return build_fault(build, r, STEP_MOUNT, (int) i, op->args[0].string);
                }
                build->sources[i] = r;
        }
        return 0;
}

/* Of what comes from the host the first argument is where from. */
static const char *target_of(const Op *op) {
        return op->args[op->kind == OP_BIND || op->kind == OP_DEVICE ? 1 : 0].string;
}

/* What stands for the sandbox's /proc, /sys, /dev must be found where the name says: a link there
 * is a trap. Where a user wants something bound, links inside the root are followed. */
static Links links_of(OpKind kind) {
        return kind == OP_BIND ? LINKS_INSIDE : LINKS_REFUSED;
}

static int open_target(int root, const Op *op, int tree, const char *path) {
        struct stat st;

        if (op->kind == OP_DEVICE) {
                return root_make_file(root, path, 0444, links_of(op->kind));
        }
        if (op->kind == OP_BIND) {
                if (fstat(tree, &st) < 0) {
                        return negative_errno();
                }
                if (!S_ISDIR(st.st_mode)) {
                        return root_make_file(root, path, 0444, links_of(op->kind));
                }
        }
        return root_make_directory(root, path, 0755, links_of(op->kind));
}

static int attach(int root, const Op *op, int tree, const char *path) {
        _cleanup_fd_ int target = open_target(root, op, tree, path);

        return target < 0 ? target : mount_attach(tree, target);
}

static int mask_one(int proc, const char *name, int directory, int file) {
        _cleanup_fd_ int target = -EBADF, tree = -EBADF;
        struct stat st;

        target = openat(proc, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0) {
                return errno == ENOENT ? 0 : negative_errno();
        }
        if (fstat(target, &st) < 0) {
                return negative_errno();
        }
        tree = mount_clone(S_ISDIR(st.st_mode) ? directory : file, false);
        return tree < 0 ? tree : mount_attach(tree, target);
}

/* Covers each with something empty of our own making, never with the sandbox's /dev/null; a
 * copy can be made of attached mounts only, so the covers stand on procfs themselves. */
static int mask_proc(int proc) {
        const MountOption options[] = {MOUNT_TEXT("mode", "0555"), MOUNT_TEXT("size", "4k"),
                                       MOUNT_TEXT("nr_inodes", "4")};
        _cleanup_fd_ int cover = -EBADF, target = -EBADF, file = -EBADF;
        int r;

        cover = mount_make("tmpfs", options, ELEMENTS(options), STRICT);
        if (cover < 0) {
                return cover;
        }
        target = openat(proc, "driver", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0) {
                return negative_errno();
        }
        r = mount_attach(cover, target);
        if (r < 0) {
                return r;
        }
        file = openat(cover, ".empty", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
        if (file < 0) {
                return negative_errno();
        }
        r = mount_set(cover, MOUNT_ATTR_RDONLY, false, false);
        for (size_t i = 0; i < ELEMENTS(proc_masked) && r == 0; i++) {
                if (!streq(proc_masked[i], "driver")) {
                        r = mask_one(proc, proc_masked[i], cover, file);
                }
        }
        return r;
}

static int attach_mount(Build *build, int root, size_t i) {
        const Op *op = &build->plan->ops[i];
        int tree = build->sources[i], r;

        if (tree < 0) {
                return 0; /* a bind whose source may be missing */
        }
        r = attach(root, op, tree, target_of(op));
        if (r < 0) {
                return r;
        }
        if (op->kind == OP_PROC && op->args[1].u64 == OP_PROC_ALL) {
                r = mask_proc(tree);
        }
        if (op->kind == OP_DEVPTS) {
                build->devpts = fd_take(&build->sources[i]);
                return r;
        }
        build->sources[i] = fd_close(tree);
        return r;
}

static int make_directory(int root, const Op *op) {
        int fd = root_make_directory(root, op->args[0].string, (mode_t) op->args[1].u64,
                                     LINKS_INSIDE);

        if (fd < 0) {
                return fd;
        }
        (void) fd_close(fd);
        return 0;
}

static int set_attributes(int root, const Op *op) {
        _cleanup_fd_ int fd = root_open(root, op->args[0].string, O_PATH, LINKS_INSIDE);
        uint64_t flags = op->args[1].u64;

        if (fd < 0) {
                return fd;
        }
        return mount_set(fd,
                         (flags & OP_MOUNT_READ_ONLY ? MOUNT_ATTR_RDONLY : 0) |
                                 (flags & OP_MOUNT_NO_EXEC ? MOUNT_ATTR_NOEXEC : 0),
                         flags & OP_MOUNT_RECURSIVE, false);
}

static int apply(Build *build, int root, size_t i) {
        const Op *op = &build->plan->ops[i];

        switch (op->kind) {
        case OP_TMPFS:
        case OP_BIND:
        case OP_PROC:
        case OP_SYSFS:
        case OP_DEVPTS:
        case OP_MQUEUE:
        case OP_DEVICE:
                return attach_mount(build, root, i);
        case OP_DIRECTORY:
                return make_directory(root, op);
        case OP_SYMLINK:
                return root_make_link(root, op->args[0].string, op->args[1].string);
        case OP_ATTRIBUTES:
                return set_attributes(root, op);
        default:
                return 0;
        }
}

int mounts_attach(Build *build, int root) {
        for (size_t i = 0; i < build->plan->n_ops; i++) {
                const Op *op = &build->plan->ops[i];
                int r = apply(build, root, i);

                if (r < 0) {
                        return build_fault(build, r, STEP_MOUNT, (int) i, target_of(op));
                }
        }
        return 0;
}

/* By the mode of a cover; no directory of our own sysfs has it. */
static int check_not_covered(int root, const char *path) {
        _cleanup_fd_ int fd = root_open(root, path, O_PATH, LINKS_REFUSED);
        struct stat st;

        if (fd < 0) {
                return fd == -ENOENT ? 0 : fd; /* it is still to be made */
        }
        if (fstat(fd, &st) < 0) {
                return negative_errno();
        }
        return (st.st_mode & 07777) == 0 ? -EACCES : 0;
}

int mounts_attach_cgroup(Build *build, int root) {
        const Op *op = plan_find(build->plan, OP_CGROUP_VIEW);
        _cleanup_fd_ int tree = -EBADF;
        int r;

        if (!op) {
                return 0;
        }
        r = check_not_covered(root, op->args[0].string);
        if (r == 0) {
                tree = mount_make("cgroup2", NULL, 0,
                                  plan_find(build->plan, OP_DELEGATE) ? STRICT
                                                                      : STRICT | MOUNT_ATTR_RDONLY);
                r = tree < 0 ? tree : attach(root, op, tree, op->args[0].string);
        }
        return r < 0 ? build_fault(build, r, STEP_NAMESPACE, (int) (op - build->plan->ops),
                                   op->args[0].string)
                     : 0;
}
