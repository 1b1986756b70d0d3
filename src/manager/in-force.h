/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of a cgroup and of those above it say together of a limit that is more than one
 * number. Pure: whoever calls has read them. */

#include "op/text-limit.h"

/* The sandbox's own is the first of a list, the root's the last. */
typedef struct CgroupFile {
        char *path; /* of the cgroup */
        char *text; /* NULL: there is no such file */
} CgroupFile;

typedef struct SetInForce {
        NumberSet set;
        const char *capped_by; /* the path of an ancestor, or NULL: nobody takes of it */
        NumberSet cap;         /* what that one leaves */
} SetInForce;

/* Of files that tell what is left. asked NULL: all that there is. False where none says anything.
 * The ancestor is the one above which all that was asked for and is not in force was still there.
 */
bool set_in_force(const CgroupFile *files, size_t n, const NumberSet *asked, SetInForce *ret);

typedef struct DeviceInForce {
        uint32_t major, minor;
        uint64_t number;       /* the sandbox's own; LIMIT_INFINITY: none */
        const char *capped_by; /* the path of the tightest ancestor, or NULL: none is tighter */
        uint64_t cap;
} DeviceInForce;

/* A line for each device that has this limit anywhere along the way, in the order in which they are
 * found. The caller frees *ret. */
int devices_in_force(const TextLimit *limit, CgroupMode mode, const CgroupFile *files, size_t n,
                     DeviceInForce **ret, size_t *ret_n);
