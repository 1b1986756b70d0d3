/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A workload that may mount could undo what it was given: what init mounts belongs to the sandbox's
 * own user namespace, whose root may make it writable, let devices be opened, or take a cover away.
 * The kernel locks all that (mount_namespaces(7)) only when a mount namespace is copied on behalf
 * of another user namespace. So the builder copies init's as the host's root, and that once more as
 * the sandbox's, and init moves there. Workloads without CAP_SYS_ADMIN are spared it, unless paths
 * are kept from them: somebody with that capability may be let into their user namespace. */

#include "helper/parts.h"
#include "kern/path.h"
#include "kern/privilege.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <unistd.h>

static bool locks_wanted(const Build *build) {
        const Op *op = plan_find(build->plan, OP_CAPABILITIES);

        return build_is_apart(build, CLONE_NEWUSER) && !(build->joined & CLONE_NEWNS) &&
               (!op || (op->args[0].u64 & UINT64_C(1) << CAP_SYS_ADMIN) ||
                plan_find(build->plan, OP_PROTECT));
}

static int copy_namespace(const Build *build) {
        int r;

        if (setns(build->init_pidfd, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0 ||
            setns(build->init_pidfd, CLONE_NEWUSER) < 0) {
                return negative_errno();
        }
        /* New credentials made us dumpable again. */
        r = privilege_hide();
        if (r < 0) {
                return r;
        }
        if (unshare(CLONE_NEWNS) < 0) {
                return negative_errno();
        }
        r = openat(build->ground->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
        return r < 0 ? negative_errno() : r;
}

int locks_give(Build *build) {
        _cleanup_fd_ int namespace = -EBADF;
        char tag = LINK_LOCK;
        size_t n_fds = 0;
        ssize_t n;
        int r;

        if (!locks_wanted(build)) {
                return 0;
        }
        n = fd_receive(build->link[0], &tag, sizeof(tag), NULL, &n_fds, 0);
        if (n != (ssize_t) sizeof(tag) || tag != LINK_LOCK) {
                return -EPIPE; /* init has said itself what it failed on */
        }
        namespace = copy_namespace(build);
        r = namespace < 0 ? namespace
                          : fd_send(build->link[0], &tag, sizeof(tag), &namespace, 1, 0);
        return r < 0 ? build_fault(build, r, STEP_MOUNT, -1, "locked mounts") : 0;
}

/* What is held of the old namespace leads into that one. */
static int open_again(Build *build, int *root) {
        const Op *op = plan_find(build->plan, OP_DEVPTS);

        *root = fd_close(*root);
        *root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (*root < 0) {
                return negative_errno();
        }
        if (op) {
                build->devpts = fd_close(build->devpts);
                build->devpts =
                        root_open(*root, op->args[0].string, O_PATH | O_DIRECTORY, LINKS_REFUSED);
                return MIN(build->devpts, 0);
        }
        return 0;
}

int locks_take(Build *build, int *root) {
        _cleanup_fd_ int namespace = -EBADF;
        char tag = LINK_LOCK;
        size_t n_fds = 1;
        int r;

        if (!locks_wanted(build)) {
                return 0;
        }
        r = fd_send(build->link[1], &tag, sizeof(tag), NULL, 0, 0);
        if (r < 0 ||
            fd_receive(build->link[1], &tag, sizeof(tag), &namespace, &n_fds, 0) != sizeof(tag) ||
            n_fds != 1) {
                _exit(EXIT_FAILURE); /* the builder has said itself what it failed on */
        }
        r = setns(namespace, CLONE_NEWNS) < 0 ? negative_errno() : open_again(build, root);
        return r < 0 ? build_fault(build, r, STEP_MOUNT, -1, "locked mounts") : 0;
}
