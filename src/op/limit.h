/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of cgroup limits and the pure conversions between a value and the text of the kernel's
 * files. Writing is kern's, reading back is done by whoever needs the proof (helper, manager). */

#include "base/cgroup.h"
#include "op/op.h"

typedef enum LimitFormat {
        LIMIT_BYTES,
        LIMIT_COUNT,
        LIMIT_QUOTA,
        LIMIT_WEIGHT,
        LIMIT_PERIOD,
        LIMIT_ACCOUNTING,
} LimitFormat;

typedef struct Limit {
        LimitId id;
        const char *scope_property;
        CgroupHierarchy v1_hierarchy;
        const char *v1_file;
        CgroupHierarchy v2_hierarchy;
        const char *v2_file;
        LimitFormat format;
        const char *unit;
} Limit;

extern const Limit limit_table[_LIMIT_MAX];

const Limit *limit_find(const char *scope_property);
/* The hierarchy and file that prove the limit in this mode; -EOPNOTSUPP where none does (mode, or
 * controllers without it). */
int limit_locate(const Limit *limit, CgroupMode mode, uint32_t controllers,
                 CgroupHierarchy *ret_hierarchy, const char **ret_file);
/* The period of a quota, where nobody said anything. */
#define LIMIT_PERIOD_USEC 100000u
/* The period that is used where this one is asked for, as systemd chooses it: what the kernel
 * takes, and long enough that the part of it which the quota leaves is no less than what the kernel
 * takes. */
uint64_t limit_period(uint64_t asked, uint64_t quota);
/* What to write; of PERIOD, all that v1 takes. period: that of a QUOTA. -ERANGE where the kernel
 * takes no such value; -EOPNOTSUPP of ACCOUNTING, for which nothing is written. */
/* What the kernel takes where nobody said anything. */
#define LIMIT_WEIGHT_DEFAULT 100u
/* The kernel has a file of its own for it, and shows the weight of such a cgroup as 0, or on v1 as
 * 3 shares, which no weight is written as. */
#define LIMIT_WEIGHT_IDLE 0u
int limit_format(const Limit *limit, CgroupMode mode, uint64_t value, uint64_t period, char **ret);
/* The reverse, 1 for ACCOUNTING; for QUOTA on v1 period_text is the content of cpu.cfs_period_us,
 * else NULL. Kernel roundings are undone where they are exact (a page, "max"). */
int limit_parse(const Limit *limit, CgroupMode mode, const char *text, const char *period_text,
                uint64_t *ret);
/* True where a value read back proves that at least this limit is in force: equal but for the
 * kernel's rounding (pages, shares). */
bool limit_in_force(const Limit *limit, CgroupMode mode, uint64_t asked, uint64_t read_back);
/* Opens and reads the proving file of a cgroup: by its path, or that of pid. */
int limit_read_path(const Limit *limit, CgroupMode mode, uint32_t controllers, const char *path,
                    uint64_t *ret);
int limit_read(const Limit *limit, CgroupMode mode, uint32_t controllers, pid_t pid, uint64_t *ret);
