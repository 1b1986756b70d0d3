/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/files.h"

#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A sticky directory is no exception: who may write there can put a unit beside ours. */
static bool is_trusted(const struct stat *st) {
        return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* One component further; -EPERM where it is not trusted. */
static int open_component(int parent, const char *name, bool check_owner) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0) {
                return negative_errno();
        }
        if (check_owner && !is_trusted(&st)) {
                return -EPERM;
        }
        return fd_take(&fd);
}

int trusted_directory_open(const char *real, bool check_owner, char **reterr) {
        _cleanup_fd_ int fd = -EBADF;
        const char *last = path_last(real), *rest = real;

        assert(real[0] == '/');
        fd = open_component(AT_FDCWD, "/", check_owner);
        for (;;) {
                _cleanup_free_ char *name = NULL;
                int next;

                if (fd == -EPERM) {
                        *reterr = strndup(real, MAX((size_t) (rest - real), (size_t) 1));
                        return *reterr ? -EPERM : -ENOMEM;
                }
                if (fd < 0) {
                        return fd;
                }
                rest += strspn(rest, "/");
                if (rest >= last) {
                        return fd_take(&fd);
                }
                name = strndup(rest, strcspn(rest, "/"));
                if (!name) {
                        return -ENOMEM;
                }
                rest += strlen(name);
                next = open_component(fd, name, check_owner);
                (void) fd_close(fd);
                fd = next;
        }
}
