/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The mount API by descriptors: fsopen(2), open_tree(2), move_mount(2), mount_setattr(2). Every
 * function gives a descriptor or 0, or the call's own errno negated. A "tree" is a mount that
 * stands nowhere yet (detached), or one that was attached with mount_attach(): the descriptor stays
 * its root. */

#include "base/macros.h"

#include <sys/types.h>

/* One parameter of a file system: text, a descriptor, or (both absent) a flag. */
typedef struct MountOption {
        const char *key;
        const char *text; /* NULL: none */
        int fd;           /* counts where has_fd */
        bool has_fd;
} MountOption;

#define MOUNT_TEXT(k, t) ((MountOption){.key = (k), .text = (t)})
#define MOUNT_FLAG(k) ((MountOption){.key = (k)})
#define MOUNT_FD(k, f) ((MountOption){.key = (k), .fd = (f), .has_fd = true})

/* A new instance of a file system as a detached mount; attributes: MOUNT_ATTR_*. */
int mount_make(const char *type, const MountOption *options, size_t n_options, uint64_t attributes);

/* A detached copy of what fd (any descriptor of a file or directory, also O_PATH) stands on. */
int mount_clone(int fd, bool recursive);

/* Adds attributes; makes the mounts private too where asked, which is what cuts a copy of the
 * host's tree off from what is mounted there later (and the other way round). */
int mount_set(int tree, uint64_t attributes, bool recursive, bool make_private);
/* -EINVAL: the file system allows no idmapped mounts; -EPERM: the mount is idmapped already. */
int mount_idmap(int tree, int userns, uint64_t attributes, bool recursive);

/* Whether fd stands on the root of a mount: 1 or 0. */
int mount_is_root(int fd);

/* Puts a tree on top of a file or directory, named by descriptor as well. */
int mount_attach(int tree, int target);

/* Makes root, the root of an attached mount, the root of the mount namespace and the caller's
 * working directory, and lets go of the old one. */
int mount_pivot(int root);

/* True where overlayfs takes its layers by descriptor: needs CAP_SYS_ADMIN, mounts nothing. */
bool mount_probe_overlay_by_fd(void);

/* An image as a detached mount, read-only. type: "erofs", "squashfs", "ext4". by_file: without a
 * loop device where the kernel and both file systems allow it. proc: a procfs instance, root of it;
 * the caller's working directory is changed to it. Must be called where /dev is the host's. */
int mount_image(int image, const char *type, int proc, bool by_file, uint64_t attributes);
