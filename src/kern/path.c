/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/path.h"

#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIRECTORY_FLAGS (O_PATH | O_DIRECTORY)
#define PARENT_MODE 0755

static int open_how(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve) {
        struct open_how how = {
                .flags = (uint64_t) (unsigned) flags | O_CLOEXEC,
                .mode = (flags & O_CREAT) ? mode : 0,
                .resolve = resolve,
        };
        long fd;

        /* EAGAIN: a rename or mount anywhere raced with a ".." of the walk. */
        for (unsigned tries = 0; tries < 64; tries++) {
                fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
                if (fd >= 0) {
                        return (int) fd;
                }
                if (errno != EAGAIN && errno != EINTR) {
                        break;
                }
        }
        return negative_errno();
}

static int open_below(int root, const char *path, int flags, mode_t mode, Links links) {
        uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

        if (links == LINKS_REFUSED) {
                resolve |= RESOLVE_NO_SYMLINKS;
        }
        return open_how(root, path, flags, mode, resolve);
}

int root_open(int root, const char *path, int flags, Links links) {
        return open_below(root, path, flags, 0, links);
}

int host_open(const char *path, int flags) {
        return open_how(AT_FDCWD, path, flags, 0, RESOLVE_NO_MAGICLINKS);
}

int host_open_straight(const char *path, int flags) {
        return open_how(AT_FDCWD, path, flags, 0, RESOLVE_NO_SYMLINKS);
}

static int read_name(int proc, int fd, char name[static PATH_MAX]) {
        char link[32];
        ssize_t n;

        (void) snprintf(link, sizeof(link), "self/fd/%d", fd);
        n = readlinkat(proc, link, name, PATH_MAX - 1);
        if (n < 0) {
                return negative_errno();
        }
        name[n] = '\0';
        return n == PATH_MAX - 1 ? -ENAMETOOLONG : 0;
}

int root_path_of(int proc, int root, int fd, char **ret) {
        char prefix[PATH_MAX], name[PATH_MAX];
        const char *rest = name;
        int r = read_name(proc, root, prefix);

        assert(ret);

        r = r < 0 ? r : read_name(proc, fd, name);
        if (r < 0) {
                return r;
        }
        if (!path_is_below(name, prefix)) {
                return -EXDEV;
        }
        if (!streq(prefix, "/")) {
                rest = name[strlen(prefix)] ? name + strlen(prefix) : "/";
        }
        if (!path_is_safe(rest)) {
                return -EINVAL;
        }
        *ret = strdup(rest);
        return *ret ? 0 : -ENOMEM;
}

/* One missing level: name below an open directory. Whoever is faster with the same name is no
 * fault: what stands there then is looked at, not followed. */
static int make_level(int parent, const char *name, mode_t mode) {
        int fd;

        if (mkdirat(parent, name, mode) < 0 && errno != EEXIST) {
                return negative_errno();
        }
        fd = openat(parent, name, DIRECTORY_FLAGS | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

static int make_levels(int root, const char *path, mode_t mode, Links links) {
        _cleanup_fd_ int parent = -EBADF;
        char prefix[PATH_MAX];
        size_t length = strlen(path);

        if (length >= sizeof(prefix)) {
                return -ENAMETOOLONG;
        }
        memcpy(prefix, path, length + 1);
        parent = root_open(root, "/", DIRECTORY_FLAGS, links);
        if (parent < 0) {
                return parent;
        }
        for (size_t start = 1; start < length;) {
                size_t end = start + strcspn(prefix + start, "/");
                bool last = end == length;
                int next;

                prefix[end] = '\0';
                next = root_open(root, prefix, DIRECTORY_FLAGS, links);
                if (next == -ENOENT) {
                        next = make_level(parent, prefix + start, last ? mode : PARENT_MODE);
                }
                if (next < 0) {
                        return next;
                }
                (void) fd_close(parent);
                parent = next;
                if (!last) {
                        prefix[end] = '/';
                }
                start = end + 1;
        }
        return fd_take(&parent);
}

/* The directory that holds path, if it is there. */
static int open_parent(int root, const char *path, Links links) {
        char parent[PATH_MAX];
        size_t length = (size_t) (path_last(path) - path);

        if (length >= sizeof(parent)) {
                return -ENAMETOOLONG;
        }
        memcpy(parent, path, length);
        parent[length] = '\0';
        return root_open(root, parent, DIRECTORY_FLAGS, links);
}

int root_make_directory(int root, const char *path, mode_t mode, Links links) {
        _cleanup_fd_ int parent = -EBADF;
        int fd;

        assert(path_is_safe(path));

        fd = root_open(root, path, DIRECTORY_FLAGS, links);
        if (fd != -ENOENT) {
                return fd;
        }
        parent = open_parent(root, path, links);
        if (parent >= 0) {
                return make_level(parent, path_last(path), mode);
        }
        return parent == -ENOENT ? make_levels(root, path, mode, links) : parent;
}

/* The same, with every directory that is missing. */
static int make_parent(int root, const char *path, Links links) {
        _cleanup_free_ char *parent = NULL;
        int fd = open_parent(root, path, links);

        if (fd != -ENOENT) {
                return fd;
        }
        parent = strndup(path, (size_t) (path_last(path) - path));
        if (!parent) {
                return -ENOMEM;
        }
        return make_levels(root, path_simplify(parent), PARENT_MODE, links);
}

static int open_no_directory(int root, const char *path, Links links) {
        _cleanup_fd_ int fd = root_open(root, path, O_PATH, links);
        struct stat st;

        if (fd < 0) {
                return fd;
        }
        if (fstat(fd, &st) < 0) {
                return negative_errno();
        }
        return S_ISDIR(st.st_mode) ? -EISDIR : fd_take(&fd);
}

int root_make_file(int root, const char *path, mode_t mode, Links links) {
        _cleanup_fd_ int parent = -EBADF;
        const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
        int fd;

        assert(path_is_safe(path));

        /* Most targets are missing ones in a fresh /dev: one call makes them. */
        fd = open_below(root, path, flags, mode, links);
        if (fd >= 0 || (fd != -ENOENT && fd != -EEXIST && fd != -EROFS && fd != -EACCES)) {
                return fd;
        }
        if (fd != -ENOENT) {
                int found = open_no_directory(root, path, links);

                return found == -ENOENT ? fd : found;
        }
        parent = make_parent(root, path, links);
        if (parent < 0) {
                return parent;
        }
        fd = openat(parent, path_last(path), flags, mode);
        return fd < 0 ? negative_errno() : fd;
}

int root_make_link(int root, const char *path, const char *target) {
        _cleanup_fd_ int parent = -EBADF;

        assert(path_is_safe(path));

        parent = make_parent(root, path, LINKS_INSIDE);
        if (parent < 0) {
                return parent;
        }
        return symlinkat(target, parent, path_last(path)) < 0 && errno != EEXIST ? negative_errno()
                                                                                 : 0;
}
