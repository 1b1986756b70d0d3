/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/mount.h"

#include "base/fd.h"
#include "kern/loop.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int set_option(int context, const MountOption *option) {
        int r;

        if (option->has_fd) {
                r = fsconfig(context, FSCONFIG_SET_FD, option->key, NULL, option->fd);
        } else if (option->text) {
                r = fsconfig(context, FSCONFIG_SET_STRING, option->key, option->text, 0);
        } else {
                r = fsconfig(context, FSCONFIG_SET_FLAG, option->key, NULL, 0);
        }
        return r < 0 ? negative_errno() : 0;
}

int mount_make(const char *type, const MountOption *options, size_t n_options,
               uint64_t attributes) {
        _cleanup_fd_ int context = -EBADF;
        int tree;

        assert(type);
        assert(options || n_options == 0);

        context = fsopen(type, FSOPEN_CLOEXEC);
        if (context < 0) {
                return negative_errno();
        }
        for (size_t i = 0; i < n_options; i++) {
                int r = set_option(context, &options[i]);

                if (r < 0) {
                        return r;
                }
        }
        if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
                return negative_errno();
        }
        tree = fsmount(context, FSMOUNT_CLOEXEC, (unsigned) attributes);
        return tree < 0 ? negative_errno() : tree;
}

int mount_clone(int fd, bool recursive) {
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                         (recursive ? AT_RECURSIVE : 0);
        int tree = open_tree(fd, "", flags);

        return tree < 0 ? negative_errno() : tree;
}

static int set_attributes(int tree, struct mount_attr *attr, bool recursive) {
        unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

        return mount_setattr(tree, "", flags, attr, sizeof(*attr)) < 0 ? negative_errno() : 0;
}

int mount_set(int tree, uint64_t attributes, bool recursive, bool make_private) {
        struct mount_attr attr = {
                .attr_set = attributes,
                .propagation = make_private ? MS_PRIVATE : 0,
        };

        return set_attributes(tree, &attr, recursive);
}

int mount_idmap(int tree, int userns, uint64_t attributes, bool recursive) {
        struct mount_attr attr = {
                .attr_set = attributes | MOUNT_ATTR_IDMAP,
                .propagation = MS_PRIVATE,
                .userns_fd = (uint64_t) userns,
        };

        return set_attributes(tree, &attr, recursive);
}

int mount_is_root(int fd) {
        struct statx st;

        if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &st) < 0) {
                return negative_errno();
        }
        if ((st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0) {
                return -EOPNOTSUPP;
        }
        return (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

int mount_attach(int tree, int target) {
        unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

        return move_mount(tree, "", target, "", flags) < 0 ? negative_errno() : 0;
}

int mount_pivot(int root) {
        if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) {
                return negative_errno();
        }
        /* The old root lies over the new one now, and "." still names it. */
        return umount2(".", MNT_DETACH) < 0 ? negative_errno() : 0;
}

bool mount_probe_overlay_by_fd(void) {
        _cleanup_fd_ int context = -EBADF, directory = -EBADF;
        MountOption option;

        context = fsopen("overlay", FSOPEN_CLOEXEC);
        directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (context < 0 || directory < 0) {
                return false;
        }
        /* Kernels before 6.13 refuse either the key or an O_PATH descriptor for it. */
        option = MOUNT_FD("lowerdir+", directory);
        return set_option(context, &option) == 0;
}

static int mount_block(const char *type, const char *source, uint64_t attributes) {
        /* A journal that was not closed cannot be replayed on a device that is never written to;
         * and an image may ask for a panic of the kernel where it is damaged. */
        const MountOption options[] = {MOUNT_TEXT("source", source), MOUNT_FLAG("ro"),
                                       MOUNT_FLAG("noload"), MOUNT_TEXT("errors", "remount-ro")};

        return mount_make(type, options, streq(type, "ext4") ? ELEMENTS(options) : 2, attributes);
}

int mount_image(int image, const char *type, int proc, bool by_file, uint64_t attributes) {
        _cleanup_fd_ int loop = -EBADF;
        char source[64];
        int r;

        /* The kernel opens the source by name: a descriptor's name in our own procfs is the one
         * name that nobody can make point elsewhere meanwhile. */
        if (fchdir(proc) < 0) {
                return negative_errno();
        }
        if (by_file && streq(type, "erofs")) {
                (void) snprintf(source, sizeof(source), "self/fd/%d", image);
                r = mount_block(type, source, attributes);
                if (r >= 0) {
                        return r;
                }
                /* ENOTBLK: not built in, or the image lies on a stacked file system. */
                if (r != -ENOTBLK && r != -EINVAL) {
                        return r;
                }
        }
        loop = loop_attach(image);
        if (loop < 0) {
                return loop;
        }
        (void) snprintf(source, sizeof(source), "self/fd/%d", loop);
        return mount_block(type, source, attributes);
}
