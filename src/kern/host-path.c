/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Links that somebody else could have put on the way to what a sandbox is given. A sandbox that
 * writes to a folder of the host could make a part of it a link to anything, and be given that with
 * its next start: so could a user, in a folder of theirs. */

#include "kern/host-path.h"

#include "base/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel has it */

typedef struct Walk {
        const FileId *others;
        size_t n_others;
        int here; /* O_PATH */
        bool among_others;
        unsigned n_links;
        char rest[PATH_MAX];
} Walk;

int file_id(int fd, FileId *ret) {
        struct stat st;

        if (fstat(fd, &st) < 0) {
                return negative_errno();
        }
        *ret = (FileId){.device = st.st_dev, .inode = st.st_ino};
        return 0;
}

static bool is_others(const Walk *walk, const struct stat *st) {
        for (size_t i = 0; i < walk->n_others; i++) {
                if (walk->others[i].device == st->st_dev && walk->others[i].inode == st->st_ino) {
                        return true;
                }
        }
        return false;
}

/* In a sticky directory nobody replaces a link of root's. */
static bool is_roots(const struct stat *st) {
        return st->st_uid == 0 && (S_ISLNK(st->st_mode) || (st->st_mode & S_ISVTX) != 0 ||
                                   (st->st_mode & (S_IWGRP | S_IWOTH)) == 0);
}

static int walk_from_root(Walk *walk) {
        (void) fd_close(walk->here);
        walk->here = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        walk->among_others = false;
        return walk->here < 0 ? negative_errno() : 0;
}

/* link: O_PATH | O_NOFOLLOW, below walk->here. */
static int walk_link(Walk *walk, int link, const struct stat *st) {
        char target[PATH_MAX], joined[PATH_MAX];
        struct stat directory;
        struct statfs fs;
        size_t length;
        ssize_t n;

        if (fstat(walk->here, &directory) < 0 || fstatfs(link, &fs) < 0) {
                return negative_errno();
        }
        if (walk->among_others || !is_roots(st) || !is_roots(&directory) ||
            fs.f_type == PROC_SUPER_MAGIC || ++walk->n_links > LINKS_MAX) {
                return -ELOOP;
        }
        n = readlinkat(link, "", target, sizeof(target));
        if (n <= 0) {
                return n < 0 ? negative_errno() : -ENOENT;
        }
        length = strlen(walk->rest);
        if ((size_t) n + 1 + length >= sizeof(joined)) {
                return -ENAMETOOLONG;
        }
        memcpy(joined, target, (size_t) n);
        joined[n] = '/';
        memcpy(joined + n + 1, walk->rest, length + 1);
        memcpy(walk->rest, joined, (size_t) n + 1 + length + 1);
        return target[0] == '/' ? walk_from_root(walk) : 0;
}

/* The next component off the rest; false: there is none. */
static bool walk_name(Walk *walk, char name[static NAME_MAX + 2]) {
        size_t start = strspn(walk->rest, "/");
        size_t length = strcspn(walk->rest + start, "/");

        if (length == 0) {
                return false;
        }
        /* one byte too long is enough for the kernel to say so */
        memcpy(name, walk->rest + start, MIN(length, (size_t) NAME_MAX + 1));
        name[MIN(length, (size_t) NAME_MAX + 1)] = '\0';
        memmove(walk->rest, walk->rest + start + length, strlen(walk->rest + start + length) + 1);
        return true;
}

static int walk_on(Walk *walk) {
        char name[NAME_MAX + 2];

        while (walk_name(walk, name)) {
                _cleanup_fd_ int next = openat(walk->here, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
                struct stat st;
                int r;

                if (next < 0 || fstat(next, &st) < 0) {
                        return negative_errno();
                }
                if (S_ISLNK(st.st_mode)) {
                        r = walk_link(walk, next, &st);
                        if (r < 0) {
                                return r;
                        }
                        continue;
                }
                walk->among_others = walk->among_others || is_others(walk, &st);
                (void) fd_close(walk->here);
                walk->here = fd_take(&next);
        }
        return 0;
}

int host_open_past(const char *path, bool directory, const FileId *others, size_t n_others) {
        Walk walk = {.others = others, .n_others = n_others, .here = -EBADF};
        size_t length = strlen(path);
        struct stat st;
        int r;

        assert(path[0] == '/');

        if (length >= sizeof(walk.rest)) {
                return -ENAMETOOLONG;
        }
        memcpy(walk.rest, path, length + 1);
        r = walk_from_root(&walk);
        r = r < 0 ? r : walk_on(&walk);
        if (r == 0 && fstat(walk.here, &st) < 0) {
                r = negative_errno();
        }
        if (r == 0 && directory && !S_ISDIR(st.st_mode)) {
                r = -ENOTDIR;
        }
        if (r < 0) {
                (void) fd_close(walk.here);
                return r;
        }
        return walk.here;
}
