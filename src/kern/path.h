/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Paths below a root descriptor, resolved with openat2(2) so that no link in a layer, however made,
 * leads out of the root. Magic links are never followed. Paths are absolute and safe
 * (path_is_safe()); "/" is the root itself. */

#include "base/macros.h"

#include <sys/types.h>

/* links: how symbolic links are met: LINKS_INSIDE follows them within the root, LINKS_REFUSED is
 * -ELOOP for one anywhere in the path. */
typedef enum Links { LINKS_INSIDE, LINKS_REFUSED } Links;

/* flags: open(2); O_CLOEXEC is added. */
int root_open(int root, const char *path, int flags, Links links);
/* Opens (O_PATH) the directory or makes it, with every missing parent (mode 0755). -ENOTDIR where
 * something else stands there. */
int root_make_directory(int root, const char *path, mode_t mode, Links links);
/* Opens (O_PATH) what is there, if it is no directory, or makes an empty regular file and missing
 * parents. -EISDIR. */
int root_make_file(int root, const char *path, mode_t mode, Links links);
/* The path below root that leads to what fd stands on, without links: as it is now, and to be
 * opened again with LINKS_REFUSED. proc: a procfs instance, root of it. -EXDEV: it is not below
 * root; -EINVAL: it has a name that is not safe. */
int root_path_of(int proc, int root, int fd, char **ret);
/* Makes a symbolic link unless something has that name. */
int root_make_link(int root, const char *path, const char *target);

/* A path of the host's (absolute, or relative to the working directory): symbolic links are
 * followed, magic links are not. flags: open(2). */
int host_open(const char *path, int flags);
/* The same without any link on the way: -ELOOP. */
int host_open_straight(const char *path, int flags);
