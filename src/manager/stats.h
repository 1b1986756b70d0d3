/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel counts for a sandbox, read from the cgroup that its first process stands in. */

#include "manager/sandbox.h"

typedef enum StatsKind {
        STATS_MEMORY,
        STATS_TASKS,
        STATS_CPU,
        STATS_IO_READ,
        STATS_IO_WRITE,
        _STATS_MAX
} StatsKind;

/* Bytes, tasks, nanoseconds, bytes from and to block devices; UINT64_MAX where it is not known, as
 * systemd says it. */
uint64_t stats_read(const Sandbox *sandbox, StatsKind kind);
/* The cgroup's path ("/sbx.slice/sbx-web.scope"); NULL where there is none. The caller frees it. */
char *stats_cgroup(const Sandbox *sandbox);
