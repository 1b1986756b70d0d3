/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Making and joining namespaces, and the id maps. namespaces(7), user_namespaces(7), clone(2). */

#include "base/macros.h"

#include <sys/types.h>

/* fork() through clone3(2): 0 in the child. flags: CLONE_*; CLONE_PARENT makes the child a sibling.
 * into_cgroup: a cgroup2 directory in which the child begins, or -EBADF. *ret_pidfd (NULL: none) is
 * close-on-exec. Only for processes with one thread. */
pid_t process_clone(uint64_t flags, int into_cgroup, int *ret_pidfd);

/* One line of an id map. */
typedef struct IdRange {
        uint32_t inside;
        uint32_t outside;
        uint32_t count;
} IdRange;

#define ID_RANGES_MAX 340 /* the kernel's */

typedef struct IdMap {
        const IdRange *ranges;
        size_t n;
} IdMap;

/* True where the id inside is mapped; *ret (may be NULL) is the one outside. */
bool id_map_find(const IdMap *map, uint32_t inside, uint32_t *ret);
/* True where every id is mapped to itself. */
bool id_map_is_identity(const IdMap *map) _pure_;

/* The directory of a process in a procfs instance of our own, bound to that process: what is
 * opened below it is never another's. */
int process_directory(int proc, pid_t pid);
/* Writes uid_map and gid_map of the process of that directory. -E2BIG beyond ID_RANGES_MAX. */
int namespace_write_maps(int directory, const IdMap *users, const IdMap *groups);
/* Reads them; ranges has room for twice ID_RANGES_MAX, which the maps will point into. */
int namespace_read_maps(int directory, IdRange *ranges, IdMap *ret_users, IdMap *ret_groups);
/* kind: "user", "net", …; the descriptor for setns(2). */
int namespace_open(int directory, const char *kind);

/* Shifts the clocks of the time namespace that children of the caller will be in. -ERANGE: the
 * kernel takes no such shift. */
int namespace_set_time(int proc, int64_t boottime_nsec, int64_t monotonic_nsec);
