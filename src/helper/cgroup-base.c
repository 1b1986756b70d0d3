/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/cgroups.h"

#include "base/fd.h"
#include "base/time.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* On v2 a cgroup whose children have controllers holds no process itself (cgroups(7)): what stood
 * in ours moves down into this one. */
#define LEAF_NAME "sbx-host"
#define BASES_MAX 16
#define ROUNDS_MAX 64
#define REMOVE_WAIT_USEC (2 * USEC_PER_SEC)

void cgroup_base_init(CgroupBase *base) {
        *base = (CgroupBase){};
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                base->own[i] = base->fds[i] = -EBADF;
        }
}

/* Without these a helper still works; a sandbox that needs them is refused. */
static bool hierarchy_is_optional(int hierarchy) {
        if (hierarchy == CGROUP_HIERARCHY_DEVICES) {
                return true;
        }
        for (size_t i = 0; i < ELEMENTS(text_limit_table); i++) {
                if ((int) text_limit_table[i].hierarchy == hierarchy) {
                        return true;
                }
        }
        return false;
}

/* Only these are ever made below a base. */
static bool hierarchy_is_used(CgroupMode mode, int hierarchy) {
        if (hierarchy == CGROUP_HIERARCHY_UNIFIED || mode == CGROUP_UNIFIED) {
                return hierarchy == CGROUP_HIERARCHY_UNIFIED;
        }
        for (size_t i = 0; i < ELEMENTS(limit_table); i++) {
                if ((int) limit_table[i].v1_hierarchy == hierarchy) {
                        return true;
                }
        }
        return hierarchy_is_optional(hierarchy);
}

static int open_own(CgroupBase *base, CgroupHierarchy hierarchy) {
        _cleanup_free_ char *path = NULL;
        char *leaf;
        int r;

        r = cgroup_of_pid(base->mode, 0, hierarchy, &path);
        if (r < 0) {
                return r;
        }
        leaf = strrchr(path, '/');
        if (base->mode == CGROUP_UNIFIED && leaf && streq(leaf, "/" LEAF_NAME)) {
                leaf[leaf == path ? 1 : 0] = '\0';
        }
        r = cgroup_open(base->mode, hierarchy, path);
        return r;
}

static int base_open_own(CgroupBase *base) {
        bool any = false;

        base->mode = cgroup_mode_detect();
        base->controllers = cgroup_controllers(base->mode, NULL);
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (base->own[i] < 0 && hierarchy_is_used(base->mode, i)) {
                        base->own[i] = open_own(base, (CgroupHierarchy) i);
                }
                any |= base->own[i] >= 0;
        }
        return any ? 0 : -EOPNOTSUPP;
}

/* 1: locked, *ret; 0: another helper has it; -ENOENT: not there and not to be made. */
static int base_lock(int own_fd, const char *name, bool make, int *ret) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat mine, there;

        fd = cgroup_open_at(own_fd, name);
        if (fd == -ENOENT && make) {
                fd = cgroup_make(own_fd, name);
        }
        if (fd < 0) {
                return fd;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                return errno == EWOULDBLOCK ? 0 : negative_errno();
        }
        /* A helper that ends removes its base: what was locked may be gone by now. */
        if (fstat(fd, &mine) < 0) {
                return negative_errno();
        }
        if (fstatat(own_fd, name, &there, AT_SYMLINK_NOFOLLOW) < 0 || mine.st_ino != there.st_ino) {
                return -EAGAIN;
        }
        *ret = fd_take(&fd);
        return 1;
}

static int first_hierarchy(const CgroupBase *base) {
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (base->own[i] >= 0) {
                        return i;
                }
        }
        return -ENODATA;
}

static int base_lock_some(CgroupBase *base, bool make) {
        int first = first_hierarchy(base);

        if (first < 0) {
                return first;
        }
        for (int i = 0; i < BASES_MAX; i++) {
                int r;

                if (i == 0) {
                        (void) snprintf(base->name, sizeof(base->name), "%s", CGROUPS_NAME);
                } else {
                        (void) snprintf(base->name, sizeof(base->name), "%s-%d", CGROUPS_NAME, i);
                }
                do {
                        r = base_lock(base->own[first], base->name, make, &base->fds[first]);
                } while (r == -EAGAIN);
                if (r != 0) {
                        return r;
                }
        }
        return -EBUSY;
}

/* Waiting is right here: at the start of the helper and nowhere else. */
static int remove_waiting(int parent_fd, const char *name) {
        const struct timespec pause = {.tv_nsec = 2000000};
        usec_t until = usec_now(CLOCK_MONOTONIC) + REMOVE_WAIT_USEC;
        int r;

        for (;;) {
                r = cgroup_remove(parent_fd, name);
                if (r != -EBUSY || usec_now(CLOCK_MONOTONIC) > until) {
                        return r;
                }
                (void) nanosleep(&pause, NULL);
        }
}

static int sweep(int base_fd) {
        _cleanup_dir_ DIR *directory = fd_list(base_fd);
        int result = 0;

        if (!directory) {
                return negative_errno();
        }
        for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
                _cleanup_fd_ int child = -EBADF;
                int r;

                if (entry->d_type != DT_DIR || !cgroup_name_is_valid(entry->d_name)) {
                        continue;
                }
                child = cgroup_open_at(base_fd, entry->d_name);
                if (child >= 0) {
                        (void) cgroup_kill(child);
                }
                r = remove_waiting(base_fd, entry->d_name);
                if (r < 0) {
                        result = r;
                }
        }
        return result;
}

/* Everything that stands in the cgroup goes down into the leaf; new ones may come meanwhile. */
static int move_down(int own_fd) {
        _cleanup_fd_ int leaf = -EBADF;

        for (int round = 0; round < ROUNDS_MAX; round++) {
                _cleanup_free_ pid_t *pids = NULL;
                size_t n = 0;
                int r;

                r = cgroup_read_pids(own_fd, &pids, &n);
                if (r < 0 || n == 0) {
                        return r;
                }
                if (leaf < 0) {
                        leaf = cgroup_make(own_fd, LEAF_NAME);
                }
                if (leaf == -EEXIST) {
                        leaf = cgroup_open_at(own_fd, LEAF_NAME);
                }
                if (leaf < 0) {
                        return leaf;
                }
                for (size_t i = 0; i < n; i++) {
                        /* One that has just died is none of ours to fail for. */
                        r = cgroup_attach(leaf, pids[i]);
                        if (r < 0 && r != -ESRCH) {
                                return r;
                        }
                }
        }
        return -EBUSY;
}

/* The root alone has no type, and it alone may hold processes beside groups with controllers. */
static bool is_root(int own_fd) {
        return faccessat(own_fd, "cgroup.type", F_OK, 0) < 0 && errno == ENOENT;
}

static int enable_controllers(const CgroupBase *base) {
        int own = base->own[CGROUP_HIERARCHY_UNIFIED], r;
        uint32_t wanted = 0;

        for (size_t i = 0; i < ELEMENTS(limit_table); i++) {
                wanted |= UINT32_C(1) << limit_table[i].v2_hierarchy;
        }
        for (size_t i = 0; i < ELEMENTS(text_limit_table); i++) {
                wanted |= UINT32_C(1) << text_limit_table[i].hierarchy;
        }
        wanted &= base->controllers;
        if (wanted == 0) {
                return 0;
        }
        /* Not only when the kernel refuses: it lets a group with processes have pids and cpu, and
         * by that makes it a threaded one, whose children then hold no processes. */
        r = is_root(own) ? 0 : move_down(own);
        if (r >= 0) {
                r = cgroup_enable(own, wanted);
        }
        return r < 0 ? r : cgroup_enable(base->fds[CGROUP_HIERARCHY_UNIFIED], wanted);
}

/* The base in one hierarchy, made unless it is there. */
static int base_open(CgroupBase *base, int hierarchy) {
        int *fd = &base->fds[hierarchy], own = base->own[hierarchy], r = 0;

        if (*fd < 0) {
                *fd = cgroup_make(own, base->name);
        }
        if (*fd == -EEXIST) {
                *fd = cgroup_open_at(own, base->name);
        }
        if (*fd >= 0 && hierarchy == CGROUP_HIERARCHY_CPUSET) {
                r = cgroup_seed_cpuset(own, *fd);
        }
        if (r < 0) {
                *fd = fd_close(*fd);
                (void) unlinkat(own, base->name, AT_REMOVEDIR);
                return r;
        }
        return *fd;
}

/* make: 1, or 0 with nothing done where there is none to adopt. */
static int base_take(CgroupBase *base, bool make) {
        int r;

        if (base->ready) {
                return 1;
        }
        r = base_open_own(base);
        if (r >= 0) {
                r = base_lock_some(base, make);
        }
        if (r < 0) {
                return r == -ENOENT && !make ? 0 : r;
        }
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (base->own[i] < 0) {
                        continue;
                }
                r = base_open(base, i);
                if (r < 0 && !hierarchy_is_optional(i)) {
                        return r;
                }
        }
        /* cgroup2 comes first in the order: its cgroup.kill empties the others as well. */
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (base->fds[i] >= 0) {
                        r = sweep(base->fds[i]);
                        if (r < 0) {
                                return r;
                        }
                }
        }
        if (base->mode == CGROUP_UNIFIED) {
                r = enable_controllers(base);
                if (r < 0) {
                        return r;
                }
        }
        base->ready = true;
        return 1;
}

int cgroup_base_adopt(CgroupBase *base) {
        int r = base_take(base, false);

        if (r < 0) {
                cgroup_base_done(base);
        }
        /* No cgroup file system at all: nothing can be left in it. */
        return r < 0 && r != -EOPNOTSUPP && r != -ENODATA ? r : 0;
}

int cgroup_base_make(CgroupBase *base) {
        int r = base_take(base, true);

        if (r < 0) {
                /* The lock goes too: the next call must not meet its own. */
                cgroup_base_done(base);
                return r;
        }
        return 0;
}

void cgroup_base_done(CgroupBase *base) {
        for (int i = _CGROUP_HIERARCHY_MAX - 1; i >= 0; i--) {
                /* The first one carries the lock: it goes last. Not empty: it stays. */
                if (base->fds[i] >= 0) {
                        (void) unlinkat(base->own[i], base->name, AT_REMOVEDIR);
                }
                base->fds[i] = fd_close(base->fds[i]);
                base->own[i] = fd_close(base->own[i]);
        }
        base->ready = false;
}
