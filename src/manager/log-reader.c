/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/log-reader.h"

#include "base/fd.h"
#include "base/str.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_FILES 2u

typedef struct LogFile {
        int fd; /* -EBADF: not there */
        uint32_t inode;
        uint64_t size;
} LogFile;

typedef struct LogFiles {
        LogFile files[N_FILES]; /* the older one first */
} LogFiles;

static void log_files_done(LogFiles *logs) {
        for (size_t i = 0; i < N_FILES; i++) {
                logs->files[i].fd = fd_close(logs->files[i].fd);
        }
}

static int log_files_open(int log_fd, const char *name, LogFile *files) {
        static const char *const suffixes[N_FILES] = {".log.1", ".log"};
        struct stat st;

        for (size_t i = 0; i < N_FILES; i++) {
                _cleanup_free_ char *path = strf("%s%s", name, suffixes[i]);

                if (!path) {
                        return -ENOMEM;
                }
                files[i].fd = openat(log_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
                if (files[i].fd < 0) {
                        files[i].fd = -EBADF;
                        continue;
                }
                if (fstat(files[i].fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                        return -EINVAL;
                }
                files[i].inode = (uint32_t) st.st_ino;
                files[i].size = (uint64_t) st.st_size;
        }
        return files[0].fd < 0 && files[1].fd < 0 ? -ENOENT : 0;
}

static size_t find_start(const LogFile *files, uint64_t cursor, uint64_t *ret_offset) {
        uint32_t inode = (uint32_t) (cursor >> 32);

        for (size_t i = 0; i < N_FILES && cursor != 0; i++) {
                if (files[i].fd >= 0 && files[i].inode == inode) {
                        *ret_offset = cursor & UINT32_MAX;
                        return i;
                }
        }
        *ret_offset = 0; /* a file that is gone: on with the oldest that is left */
        return files[0].fd >= 0 ? 0 : 1;
}

int log_read(int log_fd, const char *name, uint64_t cursor, char **ret, size_t *ret_size,
             uint64_t *ret_next) {
        _cleanup_(log_files_done) LogFiles logs = {{{.fd = -EBADF}, {.fd = -EBADF}}};
        LogFile *files = logs.files;
        _cleanup_free_ char *bytes = NULL;
        uint64_t offset;
        ssize_t n;
        size_t i;
        int r;

        assert(name);
        assert(ret && ret_size && ret_next);

        r = log_files_open(log_fd, name, files);
        if (r < 0) {
                return r;
        }
        i = find_start(files, cursor, &offset);
        if (i == 0 && offset >= files[0].size && files[1].fd >= 0) {
                i = 1;
                offset = 0;
        }
        bytes = malloc(LOG_READ_MAX);
        if (!bytes) {
                return -ENOMEM;
        }
        n = pread(files[i].fd, bytes, LOG_READ_MAX, (off_t) offset);
        if (n < 0) {
                return negative_errno();
        }
        *ret_next = (uint64_t) files[i].inode << 32 | (offset + (uint64_t) n);
        *ret_size = (size_t) n;
        *ret = TAKE(bytes);
        return 0;
}
