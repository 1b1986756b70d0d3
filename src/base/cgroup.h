/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which cgroup hierarchies this host has, where a process stands in each, and what their files say.
 * Reading only: making and writing cgroups is the helper's (kern/cgroup.h). cgroups(7). */

#include "base/str.h"

#include <sys/types.h>

typedef enum CgroupMode {
        CGROUP_NONE,    /* nothing mounted at /sys/fs/cgroup */
        CGROUP_V1,      /* controllers in v1 hierarchies, no cgroup2 */
        CGROUP_HYBRID,  /* the same and an empty cgroup2 at /sys/fs/cgroup/unified */
        CGROUP_UNIFIED, /* cgroup2 alone at /sys/fs/cgroup */
        _CGROUP_MODE_MAX,
} CgroupMode;

const char *cgroup_mode_name(CgroupMode mode);
/* By statfs of /sys/fs/cgroup and below. */
CgroupMode cgroup_mode_detect(void);

/* The hierarchies, as bits; the unified one is CGROUP_HIERARCHY_UNIFIED. */
typedef enum CgroupHierarchy {
        CGROUP_HIERARCHY_UNIFIED,
        CGROUP_HIERARCHY_MEMORY,
        CGROUP_HIERARCHY_PIDS,
        CGROUP_HIERARCHY_CPU,
        CGROUP_HIERARCHY_CPUSET,
        CGROUP_HIERARCHY_IO, /* blkio on v1 */
        CGROUP_HIERARCHY_FREEZER,
        CGROUP_HIERARCHY_DEVICES,
        _CGROUP_HIERARCHY_MAX,
} CgroupHierarchy;

/* What can be given to a workload to manage, as a mask; and the most cgroups below one that is, and
 * how deep: whoever walks over them all comes to an end, and a path of the longest names is still
 * one that the kernel can tell (PATH_MAX). */
#define CGROUP_DELEGATED                                                                 \
        (UINT32_C(1) << CGROUP_HIERARCHY_MEMORY | UINT32_C(1) << CGROUP_HIERARCHY_PIDS | \
         UINT32_C(1) << CGROUP_HIERARCHY_CPU | UINT32_C(1) << CGROUP_HIERARCHY_CPUSET |  \
         UINT32_C(1) << CGROUP_HIERARCHY_IO)
#define CGROUP_DESCENDANTS_MAX 1024u
#define CGROUP_DEPTH_MAX 12u

/* "memory"; for the unified one "". */
const char *cgroup_hierarchy_name(CgroupHierarchy hierarchy);
/* Where the hierarchy is mounted in this mode ("/sys/fs/cgroup/memory"), or NULL. On v2 every
 * controller answers with /sys/fs/cgroup. */
const char *cgroup_mount_point(CgroupMode mode, CgroupHierarchy hierarchy);
/* The controllers that this host lets us use, as a mask of 1 << CgroupHierarchy: on v2 from
 * cgroup.controllers of a cgroup, NULL for the caller's own, on v1 from what is mounted. */
uint32_t cgroup_controllers(CgroupMode mode, const char *path);
/* cgroup2: those in cgroup.controllers of a directory. */
int cgroup_read_controllers(int cgroup_fd, uint32_t *ret);

/* The path of a process in one hierarchy, from /proc/PID/cgroup ("/system.slice/sbx-web.scope").
 * pid 0: the caller. -ESRCH: no such process; -ENODATA: not in such a hierarchy. */
int cgroup_of_pid(CgroupMode mode, pid_t pid, CgroupHierarchy hierarchy, char **ret);
/* The same, cut behind the first component that is called name, where there is one: a process of a
 * scope may stand in a cgroup below it. */
int cgroup_of_pid_above(CgroupMode mode, pid_t pid, CgroupHierarchy hierarchy, const char *name,
                        char **ret);
/* Opens the directory of a cgroup path in one hierarchy, O_PATH; -errno. */
int cgroup_open(CgroupMode mode, CgroupHierarchy hierarchy, const char *path);
/* The pids of cgroup.procs; the caller frees *ret. At most 65536. */
int cgroup_read_pids(int cgroup_fd, pid_t **ret, size_t *ret_n);
bool cgroup_pids_contain(const pid_t *pids, size_t n, pid_t pid) _pure_;

struct dirent;
/* True for a cgroup among the entries of a cgroup's directory, whatever it is called. */
bool cgroup_is_child(const struct dirent *entry) _pure_;
