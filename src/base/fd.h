/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Descriptors: closed by scope, close-on-exec from birth, read and written whole. A descriptor that
 * is not there is -EBADF, never 0 or -1. */

#include "base/macros.h"

#include <dirent.h>
#include <sys/types.h>

/* Closes fd unless it is negative; keeps errno; gives -EBADF. */
int fd_close(int fd);
static inline void fd_closep(int *fd) {
        *fd = fd_close(*fd);
}
#define _cleanup_fd_ _cleanup_(fd_closep)

/* The descriptor, leaving -EBADF behind. */
static inline int fd_take(int *fd) {
        int taken = *fd;

        *fd = -EBADF;
        return taken;
}

/* Duplicate at or above 3, close-on-exec. -errno on failure. */
int fd_dup(int fd);
int fd_set_cloexec(int fd, bool cloexec);
int fd_set_nonblock(int fd, bool nonblock);

/* The entries of the directory behind fd, from the first on, in a stream of their own; NULL with
 * errno. */
DIR *fd_list(int fd);
static inline void dir_closep(DIR **directory) {
        if (*directory) {
                (void) closedir(*directory);
        }
}
#define _cleanup_dir_ _cleanup_(dir_closep)

/* Raises the own soft limit on descriptors to the hard one: a daemon's sandboxes are many
 * descriptors. What cannot be raised stays. */
void fd_limit_raise(void);

/* Reads to the end of file, at most max bytes: -EFBIG where there are more. *ret has a NUL behind
 * its *ret_size bytes; the caller frees it. */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_size);
/* The same for a path relative to dirfd, opened O_NOFOLLOW|O_NONBLOCK; -EINVAL if not a regular
 * file. Files of procfs, sysfs and cgroupfs count as regular. */
int file_read_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_size);
/* Writes all of it; restarts after EINTR. */
int fd_write_all(int fd, const void *bytes, size_t n);
/* One write() of text to an existing file of procfs or cgroupfs: what such files want. */
int file_write_at(int dirfd, const char *path, const char *text);

/* A sealed memfd (SEAL|SHRINK|GROW|WRITE) with these bytes. Gives the fd or -errno. */
int memfd_sealed(const char *name, const void *bytes, size_t n);
/* 0 where fd is a memfd with all four seals; -EPERM otherwise. */
int memfd_check_sealed(int fd);

/* Unix datagrams with descriptors. At most FD_PASS_MAX of them. */
#define FD_PASS_MAX 128
/* Sends one datagram (MSG_NOSIGNAL, not blocking when flags say so). 0 or -errno. */
int fd_send(int socket, const void *bytes, size_t n, const int *fds, size_t n_fds, int flags);
/* Receives one datagram, descriptors close-on-exec. *n_fds: in capacity, out count. Gives the bytes
 * received, 0 at the end of file, -EMSGSIZE where either was cut (then all received are closed). */
ssize_t fd_receive(int socket, void *bytes, size_t size, int *fds, size_t *n_fds, int flags);
