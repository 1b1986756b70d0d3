/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/namespace.h"

#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAP_TEXT_MAX (ID_RANGES_MAX * 34) /* three numbers of ten digits, blanks, the end */

pid_t process_clone(uint64_t flags, int into_cgroup, int *ret_pidfd) {
        int pidfd = -EBADF;
        struct clone_args args = {
                .flags = flags | (ret_pidfd ? CLONE_PIDFD : 0) |
                         (into_cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
                .pidfd = (uint64_t) (uintptr_t) &pidfd,
                /* A sibling inherits the caller's. */
                .exit_signal = (flags & CLONE_PARENT) ? 0 : SIGCHLD,
                .cgroup = into_cgroup >= 0 ? (uint64_t) into_cgroup : 0,
        };
        long pid = syscall(SYS_clone3, &args, sizeof(args));

        if (pid < 0) {
                return negative_errno();
        }
        if (pid > 0 && ret_pidfd) {
                *ret_pidfd = pidfd;
        }
        return (pid_t) pid;
}

bool id_map_find(const IdMap *map, uint32_t inside, uint32_t *ret) {
        for (size_t i = 0; i < map->n; i++) {
                const IdRange *range = &map->ranges[i];

                if (inside >= range->inside && inside - range->inside < range->count) {
                        if (ret) {
                                *ret = range->outside + (inside - range->inside);
                        }
                        return true;
                }
        }
        return false;
}

bool id_map_is_identity(const IdMap *map) {
        for (size_t i = 0; i < map->n; i++) {
                if (map->ranges[i].inside != map->ranges[i].outside) {
                        return false;
                }
        }
        return true;
}

static int open_proc(int dirfd, const char *path, int flags, uint64_t resolve) {
        struct open_how how = {
                .flags = (uint64_t) (unsigned) flags | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | resolve,
        };
        long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

        return fd < 0 ? negative_errno() : (int) fd;
}

int process_directory(int proc, pid_t pid) {
        char name[16];

        (void) snprintf(name, sizeof(name), "%d", pid);
        return open_proc(proc, name, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

static int write_proc(int directory, const char *name, const char *text, size_t length) {
        _cleanup_fd_ int fd = open_proc(directory, name, O_WRONLY, RESOLVE_NO_SYMLINKS);
        ssize_t n;

        if (fd < 0) {
                return fd;
        }
        n = write(fd, text, length);
        if (n < 0) {
                return negative_errno();
        }
        return (size_t) n == length ? 0 : -EIO;
}

static int write_map(int directory, const char *name, const IdMap *map) {
        Str text = STR_INIT;
        int r = map->n > 0 ? 0 : -EINVAL;

        if (map->n > ID_RANGES_MAX) {
                return -E2BIG;
        }
        for (size_t i = 0; i < map->n && r == 0; i++) {
                const IdRange *range = &map->ranges[i];

                r = str_appendf(&text, "%u %u %u\n", range->inside, range->outside, range->count);
        }
        if (r == 0) {
                r = write_proc(directory, name, str_text(&text), text.length);
        }
        str_done(&text);
        return r;
}

int namespace_write_maps(int directory, const IdMap *users, const IdMap *groups) {
        int r = write_map(directory, "uid_map", users);

        return r < 0 ? r : write_map(directory, "gid_map", groups);
}

static int parse_map(char *text, IdRange *ranges, size_t *ret) {
        uint32_t numbers[3];
        size_t n = 0, n_numbers = 0;
        char *rest;

        for (char *word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
                if (n == ID_RANGES_MAX || parse_u32(word, &numbers[n_numbers++]) < 0) {
                        return -EBADMSG;
                }
                if (n_numbers == ELEMENTS(numbers)) {
                        ranges[n++] = (IdRange){numbers[0], numbers[1], numbers[2]};
                        n_numbers = 0;
                }
        }
        *ret = n;
        return 0;
}

static int read_map(int directory, const char *name, IdRange *ranges, IdMap *ret) {
        _cleanup_fd_ int fd = open_proc(directory, name, O_RDONLY, RESOLVE_NO_SYMLINKS);
        _cleanup_free_ char *text = NULL;
        int r;

        if (fd < 0) {
                return fd;
        }
        r = fd_read_all(fd, MAP_TEXT_MAX, &text, NULL);
        if (r < 0) {
                return r;
        }
        *ret = (IdMap){.ranges = ranges};
        return parse_map(text, ranges, &ret->n);
}

int namespace_read_maps(int directory, IdRange *ranges, IdMap *ret_users, IdMap *ret_groups) {
        int r = read_map(directory, "uid_map", ranges, ret_users);

        return r < 0 ? r : read_map(directory, "gid_map", ranges + ID_RANGES_MAX, ret_groups);
}

int namespace_open(int directory, const char *kind) {
        char path[32];
        int fd;

        /* A magic link by nature, and one that leads to another file system. */
        (void) snprintf(path, sizeof(path), "ns/%s", kind);
        fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

/* The kernel wants seconds and a positive rest. */
static void split_nsec(int64_t nsec, int64_t *ret_sec, int64_t *ret_rest) {
        const int64_t second = (int64_t) NSEC_PER_SEC;

        *ret_sec = nsec / second;
        *ret_rest = nsec % second;
        if (*ret_rest < 0) {
                *ret_rest += second;
                (*ret_sec)--;
        }
}

int namespace_set_time(int proc, int64_t boottime_nsec, int64_t monotonic_nsec) {
        _cleanup_fd_ int fd = -EBADF;
        int64_t boot_sec, boot_rest, mono_sec, mono_rest;
        char text[128];
        int n;

        split_nsec(boottime_nsec, &boot_sec, &boot_rest);
        split_nsec(monotonic_nsec, &mono_sec, &mono_rest);
        n = snprintf(text, sizeof(text), "boottime %lld %lld\nmonotonic %lld %lld\n",
                     (long long) boot_sec, (long long) boot_rest, (long long) mono_sec,
                     (long long) mono_rest);
        /* "self" is a link, and our own. */
        fd = open_proc(proc, "self/timens_offsets", O_WRONLY, 0);
        if (fd < 0) {
                return fd;
        }
        return write(fd, text, (size_t) n) == n ? 0 : negative_errno();
}
