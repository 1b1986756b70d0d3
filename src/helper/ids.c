/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/ids.h"

#include "base/fd.h"
#include "base/parse.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 16
#define MAP_NAME "map"
#define MAP_FLAGS (O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

static void range_name(uint32_t base, char name[static NAME_SIZE]) {
        (void) snprintf(name, NAME_SIZE, "%u", base);
}

/* 1 with the lock held; 0 where another holds it. */
static int range_lock(int directory_fd, const char *name, int *ret) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat mine, theirs;

        fd = openat(directory_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                    0600);
        if (fd < 0) {
                return negative_errno();
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                return errno == EWOULDBLOCK ? 0 : negative_errno();
        }
        /* Between open and lock its former holder may have removed the file: then the lock is on
         * nothing that the next one would see. */
        if (fstat(fd, &mine) < 0) {
                return negative_errno();
        }
        if (fstatat(directory_fd, name, &theirs, AT_SYMLINK_NOFOLLOW) < 0 ||
            mine.st_ino != theirs.st_ino || mine.st_dev != theirs.st_dev) {
                return 0;
        }
        *ret = fd_take(&fd);
        return 1;
}

/* -- ids of users -- */

#define DELEGATED_SIZE_MAX (1024u * 1024u)

void id_spans_done(IdSpans *spans) {
        free(spans->spans);
        *spans = (IdSpans){};
}

static int spans_add(IdSpans *spans, const IdSpan *span) {
        IdSpan *grown = reallocarray(spans->spans, spans->n + 1, sizeof(*grown));

        if (!grown) {
                return -ENOMEM;
        }
        spans->spans = grown;
        grown[spans->n++] = *span;
        return 0;
}

int id_spans_parse(char *text, IdSpans *spans) {
        char *rest, *field;
        int r = 0;

        assert(text);
        assert(spans);

        for (char *line = strtok_r(text, "\n", &rest); line && r == 0;
             line = strtok_r(NULL, "\n", &rest)) {
                const char *name = strtok_r(line, ":", &field),
                           *first = strtok_r(NULL, ":", &field),
                           *count = strtok_r(NULL, ":", &field);
                IdSpan span;

                if (name && first && count && parse_u32(first, &span.first) == 0 &&
                    parse_u32(count, &span.count) == 0) {
                        r = spans_add(spans, &span);
                }
        }
        return r;
}

static int spans_read_file(const char *path, IdSpans *spans) {
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_free_ char *text = NULL;
        int r;

        if (fd < 0) {
                return errno == ENOENT ? 0 : negative_errno();
        }
        r = fd_read_all(fd, DELEGATED_SIZE_MAX, &text, NULL);
        return r < 0 ? r : id_spans_parse(text, spans);
}

int id_spans_read(IdSpans *ret) {
        IdSpans spans = {};
        int r = spans_read_file("/etc/subuid", &spans);

        assert(ret);

        r = r < 0 ? r : spans_read_file("/etc/subgid", &spans);
        if (r < 0) {
                id_spans_done(&spans);
                return r;
        }
        *ret = spans;
        return 0;
}

static bool span_meets(const IdSpan *span, uint32_t base) {
        return span->first < (uint64_t) base + ID_RANGE_SIZE &&
               base < (uint64_t) span->first + span->count;
}

static bool spans_meet(const IdSpan *spans, size_t n, uint32_t base) {
        for (size_t i = 0; i < n; i++) {
                if (span_meets(&spans[i], base)) {
                        return true;
                }
        }
        return false;
}

/* -- ids that units name -- */

static struct flock map_lock(short type, uint64_t first, uint64_t count) {
        return (struct flock){.l_type = type,
                              .l_whence = SEEK_SET,
                              .l_start = (off_t) first,
                              .l_len = (off_t) count};
}

/* 1 where somebody else has named one of them. */
static int map_is_held(int directory_fd, uint64_t first, uint64_t count) {
        struct flock lock = map_lock(F_WRLCK, first, count);
        _cleanup_fd_ int fd = openat(directory_fd, MAP_NAME, MAP_FLAGS);

        if (fd < 0) {
                return errno == ENOENT ? 0 : negative_errno();
        }
        return fcntl(fd, F_OFD_GETLK, &lock) < 0 ? negative_errno() : lock.l_type != F_UNLCK;
}

static void map_remove(int directory_fd) {
        if (map_is_held(directory_fd, 0, 0 /* to the end */) == 0) {
                (void) unlinkat(directory_fd, MAP_NAME, 0);
        }
}

/* -EBUSY where somebody holds the range of this name, and it meets one of the spans. */
static int check_range(int directory_fd, const char *name, const IdSpan *spans, size_t n) {
        _cleanup_fd_ int fd = -EBADF;
        uint32_t base;

        if (parse_u32(name, &base) < 0 || !spans_meet(spans, n, base)) {
                return 0;
        }
        fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0) {
                return errno == ENOENT ? 0 : negative_errno();
        }
        if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
                return errno == EWOULDBLOCK ? -EBUSY : negative_errno();
        }
        return 0;
}

static int check_ranges(int directory_fd, const IdSpan *spans, size_t n) {
        _cleanup_dir_ DIR *directory = fd_list(directory_fd);
        int r = 0;

        if (!directory) {
                return negative_errno();
        }
        for (struct dirent *entry; r == 0 && (entry = readdir(directory));) {
                r = check_range(directory_fd, entry->d_name, spans, n);
        }
        return r;
}

/* Its own locks first: who takes a range meanwhile does it in the same order. */
int id_lease_hold(int directory_fd, const IdSpan *spans, size_t n, IdLease *ret) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        assert(ret);

        fd = openat(directory_fd, MAP_NAME, MAP_FLAGS | O_CREAT, 0600);
        if (fd < 0) {
                return negative_errno();
        }
        for (size_t i = 0; i < n; i++) {
                struct flock lock = map_lock(F_RDLCK, spans[i].first, spans[i].count);

                if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
                        return negative_errno();
                }
        }
        r = check_ranges(directory_fd, spans, n);
        if (r < 0) {
                fd = fd_close(fd);
                map_remove(directory_fd);
                return r;
        }
        *ret = (IdLease){.lock = fd_take(&fd)};
        return 0;
}

/* -- ranges of ours -- */

int id_lease_take(int directory_fd, const IdSpans *except, IdLease *ret) {
        assert(except);
        assert(ret);

        for (uint32_t base = ID_RANGE_FIRST; base <= ID_RANGE_LAST; base += ID_RANGE_SIZE) {
                char name[NAME_SIZE];
                int r, lock;

                if (spans_meet(except->spans, except->n, base)) {
                        continue;
                }
                range_name(base, name);
                r = range_lock(directory_fd, name, &lock);
                if (r < 0) {
                        return r;
                }
                if (r == 0) {
                        continue;
                }
                *ret = (IdLease){.base = base, .lock = lock};
                r = map_is_held(directory_fd, base, ID_RANGE_SIZE);
                if (r == 0) {
                        return 0;
                }
                id_lease_release(directory_fd, ret);
                if (r < 0) {
                        return r;
                }
        }
        return -EUSERS;
}

void id_lease_release(int directory_fd, IdLease *range) {
        char name[NAME_SIZE];

        if (range->lock < 0) {
                return;
        }
        if (range->base == 0) {
                range->lock = fd_close(range->lock);
                map_remove(directory_fd);
                return;
        }
        /* Remove first, while nobody else can hold it. */
        range_name(range->base, name);
        (void) unlinkat(directory_fd, name, 0);
        range->lock = fd_close(range->lock);
}

void id_lease_sweep(int directory_fd) {
        _cleanup_dir_ DIR *directory = fd_list(directory_fd);

        if (!directory) {
                return;
        }
        for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
                IdLease range = ID_LEASE_NONE;

                if (parse_u32(entry->d_name, &range.base) == 0 &&
                    range_lock(directory_fd, entry->d_name, &range.lock) > 0) {
                        (void) unlinkat(directory_fd, entry->d_name, 0);
                        range.lock = fd_close(range.lock);
                }
        }
        map_remove(directory_fd);
}
