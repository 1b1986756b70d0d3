/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rules for what is at and below a path inside, made of mounts: attributes of what is mounted
 * there, or of a copy of it that is put on top; covers of our own over what nobody is to open. The
 * most specific path wins, wherever links lead: so the paths are resolved first, and what is an
 * exception is copied before any rule reaches it. It is never made more than it was. */

#include "helper/parts.h"
#include "kern/mount.h"
#include "kern/path.h"

#include "base/path.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRICT (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

typedef struct Guard {
        int op;
        uint64_t rule;
        char *path; /* inside, without links; NULL: it is missing, and that is fine */
        int tree;   /* of an exception: a copy of what is there */
} Guard;

typedef struct Guards {
        Guard *guards; /* parents first */
        size_t n;
} Guards;

static void guards_done(Guards *guards) {
        for (size_t i = 0; i < guards->n; i++) {
                free(guards->guards[i].path);
                (void) fd_close(guards->guards[i].tree);
        }
        free(guards->guards);
}

#define FOREACH_GUARD(guard, list)                                                       \
        for (Guard *guard = (list)->guards; guard < (list)->guards + (list)->n; guard++) \
                if (guard->path)

static int guard_fault(Build *build, const Guard *guard, int r) {
        return build_fault(build, r, STEP_MOUNT, guard->op,
                           build->plan->ops[guard->op].args[0].string);
}

static bool is_exception(uint64_t rule) {
        return rule == OP_PROTECT_READ_WRITE || rule == OP_PROTECT_EXEC;
}

/* A path is longer than those that it lies below. Of two rules for one path the stricter comes
 * last. */
static int guard_compare(const void *a, const void *b) {
        const Guard *one = a, *other = b;
        size_t length = one->path ? strlen(one->path) : 0,
               other_length = other->path ? strlen(other->path) : 0;

        if (length != other_length) {
                return length < other_length ? -1 : 1;
        }
        return (int) is_exception(other->rule) - (int) is_exception(one->rule);
}

static int resolve(const Build *build, int root, const Op *op, char **ret) {
        _cleanup_fd_ int fd = root_open(root, op->args[0].string, O_PATH, LINKS_INSIDE);

        if (fd == -ENOENT && op->args[2].u64 != 0) {
                return 0;
        }
        return fd < 0 ? fd : root_path_of(build->ground->proc, root, fd, ret);
}

static int collect(Build *build, int root, Guards *ret) {
        size_t index = 0, n = 0;
        const Op *op;

        while (plan_next(build->plan, OP_PROTECT, &index)) {
                n++;
        }
        ret->guards = calloc(MAX(n, (size_t) 1), sizeof(Guard));
        if (!ret->guards) {
                return -ENOMEM;
        }
        for (index = 0; (op = plan_next(build->plan, OP_PROTECT, &index));) {
                Guard *guard = &ret->guards[ret->n++];
                int r;

                *guard = (Guard){
                        .op = (int) (op - build->plan->ops),
                        .rule = op->args[1].u64,
                        .tree = -EBADF,
                };
                r = resolve(build, root, op, &guard->path);
                if (r < 0) {
                        return guard_fault(build, guard, r);
                }
        }
        qsort(ret->guards, ret->n, sizeof(Guard), guard_compare);
        return 0;
}

static int open_guarded(int root, const Guard *guard) {
        return root_open(root, guard->path, O_PATH, LINKS_REFUSED);
}

/* Only below a rule there is something to except from. */
static bool exception_matters(const Guards *guards, const Guard *exception, uint64_t rule) {
        FOREACH_GUARD(guard, guards) {
                if (guard->rule == rule && path_is_below(exception->path, guard->path)) {
                        return true;
                }
        }
        return false;
}

static int copy_exception(int root, Guard *guard) {
        _cleanup_fd_ int fd = open_guarded(root, guard);

        if (fd < 0) {
                return fd;
        }
        guard->tree = mount_clone(fd, true);
        return MIN(guard->tree, 0);
}

static int put_exception(int root, Guard *guard) {
        _cleanup_fd_ int target = -EBADF;
        int r;

        if (guard->tree < 0) {
                return 0;
        }
        target = open_guarded(root, guard);
        r = target < 0 ? target : mount_attach(guard->tree, target);
        guard->tree = fd_close(guard->tree);
        return r;
}

static int put_rule(int root, const Guard *guard, uint64_t attribute) {
        _cleanup_fd_ int target = open_guarded(root, guard), tree = -EBADF;
        int r;

        if (target < 0) {
                return target;
        }
        r = mount_is_root(target);
        if (r != 0) {
                return r < 0 ? r : mount_set(target, attribute, true, false);
        }
        tree = mount_clone(target, true);
        r = tree < 0 ? tree : mount_set(tree, attribute, true, false);
        return r < 0 ? r : mount_attach(tree, target);
}

/* One kind of rule with its exceptions, which keep what other kinds have done before. */
static int apply(Build *build, int root, const Guards *guards, uint64_t rule, uint64_t exception,
                 uint64_t attribute) {
        FOREACH_GUARD(guard, guards) {
                int r = guard->rule == exception && exception_matters(guards, guard, rule)
                                ? copy_exception(root, guard)
                                : 0;

                if (r < 0) {
                        return guard_fault(build, guard, r);
                }
        }
        FOREACH_GUARD(guard, guards) {
                int r = guard->rule == exception ? put_exception(root, guard)
                        : guard->rule == rule    ? put_rule(root, guard, attribute)
                                                 : 0;

                if (r < 0) {
                        return guard_fault(build, guard, r);
                }
        }
        return 0;
}

/* -- covers -- */

/* One of each type that an unprivileged process can make; a character device without a driver is
 * such a one. What stands for a block device is closed all the same. */
static const struct {
        mode_t type;
        const char *name;
} covers[] = {
        {S_IFDIR, "directory"}, {S_IFREG, "file"},   {S_IFIFO, "fifo"},
        {S_IFSOCK, "socket"},   {S_IFCHR, "device"}, {S_IFBLK, "device"},
};

static int make_cover(int directory, mode_t type, const char *name) {
        int r = type == S_IFDIR ? mkdirat(directory, name, 0) : mknodat(directory, name, type, 0);

        return r < 0 && errno != EEXIST ? negative_errno() : 0;
}

/* Copies can be made of attached mounts only: in the namespace that the root leaves behind. */
static int make_covers(int *ret) {
        const MountOption options[] = {MOUNT_TEXT("mode", "0700"), MOUNT_TEXT("size", "4k"),
                                       MOUNT_TEXT("nr_inodes", "8")};
        _cleanup_fd_ int tree = -EBADF, target = -EBADF;
        int r;

        tree = mount_make("tmpfs", options, ELEMENTS(options), STRICT);
        if (tree < 0) {
                return tree;
        }
        target = open("/scratch", O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = target < 0 ? negative_errno() : mount_attach(tree, target);
        for (size_t i = 0; i < ELEMENTS(covers) && r == 0; i++) {
                if (covers[i].type != S_IFBLK) {
                        r = make_cover(tree, covers[i].type, covers[i].name);
                }
        }
        /* Its owner could else give itself the right to open them. */
        r = r < 0 ? r : mount_set(tree, MOUNT_ATTR_RDONLY, false, false);
        if (r < 0) {
                return r;
        }
        *ret = fd_take(&tree);
        return 0;
}

static const char *cover_for(mode_t mode) {
        for (size_t i = 0; i < ELEMENTS(covers); i++) {
                if ((mode & S_IFMT) == covers[i].type) {
                        return covers[i].name;
                }
        }
        return "file";
}

static int cover(int root, const Guard *guard, int directory) {
        _cleanup_fd_ int target = open_guarded(root, guard), node = -EBADF, tree = -EBADF;
        struct stat st;

        if (target < 0) {
                return target;
        }
        if (fstat(target, &st) < 0) {
                return negative_errno();
        }
        node = openat(directory, cover_for(st.st_mode), O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (node < 0) {
                return negative_errno();
        }
        tree = mount_clone(node, false);
        return tree < 0 ? tree : mount_attach(tree, target);
}

static bool is_covered(const Guards *guards, const Guard *guard) {
        FOREACH_GUARD(other, guards) {
                if (other == guard) {
                        break;
                }
                if (other->rule == OP_PROTECT_INACCESSIBLE &&
                    path_is_below(guard->path, other->path)) {
                        return true;
                }
        }
        return false;
}

static int cover_all(Build *build, int root, const Guards *guards) {
        _cleanup_fd_ int directory = -EBADF;

        FOREACH_GUARD(guard, guards) {
                int r = 0;

                if (guard->rule != OP_PROTECT_INACCESSIBLE || is_covered(guards, guard)) {
                        continue;
                }
                /* By a link, which the plan's check cannot see. */
                r = streq(guard->path, "/") ? -EINVAL : 0;
                if (r == 0 && directory < 0) {
                        r = make_covers(&directory);
                }
                r = r < 0 ? r : cover(root, guard, directory);
                if (r < 0) {
                        return guard_fault(build, guard, r);
                }
        }
        return 0;
}

int protections_apply(Build *build, int root) {
        _cleanup_(guards_done) Guards guards = {};
        int r;

        if (!plan_find(build->plan, OP_PROTECT)) {
                return 0;
        }
        r = collect(build, root, &guards);
        r = r < 0 ? r
                  : apply(build, root, &guards, OP_PROTECT_READ_ONLY, OP_PROTECT_READ_WRITE,
                          MOUNT_ATTR_RDONLY);
        r = r < 0 ? r
                  : apply(build, root, &guards, OP_PROTECT_NO_EXEC, OP_PROTECT_EXEC,
                          MOUNT_ATTR_NOEXEC);
        r = r < 0 ? r : cover_all(build, root, &guards);
        return r < 0 ? build_fault(build, r, STEP_MOUNT, -1, NULL) : 0;
}
