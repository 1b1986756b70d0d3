/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/log-store.h"

#include "base/fd.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct LogFile {
        char *name;
        uint64_t size;
        struct timespec written;
} LogFile;

typedef struct LogFiles {
        LogFile *files;
        size_t n;
        uint64_t bytes;
} LogFiles;

static void log_files_done(LogFiles *list) {
        for (size_t i = 0; i < list->n; i++) {
                free(list->files[i].name);
        }
        free(list->files);
}

static int log_files_add(LogFiles *list, const char *name, const struct stat *st) {
        LogFile *files = reallocarray(list->files, list->n + 1, sizeof(*files));
        char *copy;

        if (!files) {
                return -ENOMEM;
        }
        list->files = files;
        copy = strdup(name);
        if (!copy) {
                return -ENOMEM;
        }
        list->files[list->n++] =
                (LogFile){.name = copy, .size = (uint64_t) st->st_size, .written = st->st_mtim};
        list->bytes += (uint64_t) st->st_size;
        return 0;
}

static int by_age(const void *a, const void *b) {
        const struct timespec *x = &((const LogFile *) a)->written,
                              *y = &((const LogFile *) b)->written;

        if (x->tv_sec != y->tv_sec) {
                return x->tv_sec < y->tv_sec ? -1 : 1;
        }
        return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static int log_files_read(int directory, LogFiles *ret) {
        _cleanup_dir_ DIR *dir = fd_list(directory);
        int r = 0;

        if (!dir) {
                return negative_errno();
        }
        for (const struct dirent *entry; r == 0 && (entry = readdir(dir));) {
                struct stat st;

                if (fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISREG(st.st_mode)) {
                        r = log_files_add(ret, entry->d_name, &st);
                }
        }
        if (r == 0 && ret->n > 1) {
                qsort(ret->files, ret->n, sizeof(*ret->files), by_age);
        }
        return r;
}

/* Whoever writes to a file holds a lock on it. */
static bool remove_unused(int directory, const char *name) {
        _cleanup_fd_ int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(directory, name, 0) == 0;
}

/* To three quarters of the bounds, so that it is not done again with the next line. */
static void make_room(LogStore *store) {
        _cleanup_(log_files_done) LogFiles list = {};
        size_t left;

        if (log_files_read(store->directory, &list) < 0) {
                return;
        }
        left = list.n;
        for (size_t i = 0; i < list.n && (list.bytes > LOG_STORE_MAX / 4 * 3 ||
                                          left > LOG_STORE_FILES_MAX / 4 * 3);
             i++) {
                if (remove_unused(store->directory, list.files[i].name)) {
                        list.bytes -= list.files[i].size;
                        left--;
                }
        }
        store->bytes = list.bytes;
        /* What is all in use cannot be helped: no look with each line, then. */
        store->bytes_limit = MAX((uint64_t) LOG_STORE_MAX, list.bytes + LOG_STORE_MAX / 16);
        store->files = (unsigned) left;
}

void log_store_init(LogStore *store, int directory) {
        *store = (LogStore){.directory = directory, .bytes_limit = LOG_STORE_MAX};
        make_room(store);
}

void log_store_done(LogStore *store) {
        store->directory = fd_close(store->directory);
}

int log_store_open(LogStore *store, const char *name, uint64_t *ret_size) {
        _cleanup_free_ char *path = strf("%s.log", name);
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        if (!path) {
                return -ENOMEM;
        }
        fd = openat(store->directory, path,
                    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0 || fstat(fd, &st) < 0) {
                return negative_errno();
        }
        if (!S_ISREG(st.st_mode)) {
                return -EINVAL;
        }
        if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
                return negative_errno();
        }
        if (st.st_size == 0 && ++store->files > LOG_STORE_FILES_MAX) {
                make_room(store);
        }
        *ret_size = (uint64_t) st.st_size;
        return fd_take(&fd);
}

int log_store_rotate(LogStore *store, const char *name) {
        _cleanup_free_ char *path = strf("%s.log", name), *old = strf("%s.log.1", name);

        if (!path || !old) {
                return -ENOMEM;
        }
        return renameat(store->directory, path, store->directory, old) < 0 ? negative_errno() : 0;
}

uint64_t log_store_file_max(const LogStore *store) {
        /* each has two files */
        uint64_t share = LOG_STORE_MAX / 2 / MAX(store->writers, 1u);

        return MIN(MAX(share, (uint64_t) LOG_FILE_MIN), (uint64_t) LOG_FILE_MAX);
}

void log_store_account(LogStore *store, uint64_t bytes) {
        store->bytes += bytes;
        if (store->bytes > store->bytes_limit) {
                make_room(store);
        }
}
