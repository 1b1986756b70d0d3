/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel counts for a sandbox, read from its cgroup: that which its first process stands
 * in, or with Delegate= one above. */

#include "base/cgroup.h"
#include "manager/sandbox.h"

typedef enum StatsKind {
        STATS_MEMORY,
        STATS_TASKS,
        STATS_CPU,
        STATS_IO_READ,
        STATS_IO_WRITE,
        _STATS_MAX
} StatsKind;

/* Its path in one hierarchy, as cgroup_of_pid(). */
int stats_cgroup_of(const Sandbox *sandbox, CgroupHierarchy hierarchy, char **ret);
/* Bytes, tasks, nanoseconds, bytes from and to block devices; UINT64_MAX where it is not known, as
 * systemd says it. */
uint64_t stats_read(const Sandbox *sandbox, StatsKind kind);
/* The cgroup's path ("/sbx.slice/sbx-web.scope"); NULL where there is none. The caller frees it. */
char *stats_cgroup(const Sandbox *sandbox);
