/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/ids.h"

#include "base/fd.h"
#include "base/parse.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 16

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

int id_lease_take(int directory_fd, IdLease *ret) {
        assert(ret);

        for (uint32_t base = ID_RANGE_FIRST; base <= ID_RANGE_LAST; base += ID_RANGE_SIZE) {
                char name[NAME_SIZE];
                int r, lock;

                range_name(base, name);
                r = range_lock(directory_fd, name, &lock);
                if (r < 0) {
                        return r;
                }
                if (r > 0) {
                        *ret = (IdLease){.base = base, .lock = lock};
                        return 0;
                }
        }
        return -EUSERS;
}

void id_lease_release(int directory_fd, IdLease *range) {
        char name[NAME_SIZE];

        if (range->lock < 0) {
                return;
        }
        /* Remove first, while nobody else can hold it. */
        range_name(range->base, name);
        (void) unlinkat(directory_fd, name, 0);
        range->lock = fd_close(range->lock);
}

void id_lease_sweep(int directory_fd) {
        int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory;

        if (fd < 0) {
                return;
        }
        directory = fdopendir(fd);
        if (!directory) {
                (void) fd_close(fd);
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
        (void) closedir(directory);
}
