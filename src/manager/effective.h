/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel really enforces: each limit as it was asked for, as it stands in the sandbox's
 * own cgroup, and the ancestor whose limit is tighter. Reads cgroup files, asks nobody. */

#include "manager/sandbox.h"

typedef struct EffectiveLimit {
        const Directive *directive;
        uint64_t set;
        bool read;         /* in_force is known: it runs, and this host has the controller */
        uint64_t in_force; /* in the sandbox's own cgroup */
        char *capped_by;   /* the path of the tightest ancestor, or NULL: none is tighter */
        uint64_t cap;
} EffectiveLimit;

void effective_limits_free(EffectiveLimit *limits, size_t n);
/* Every directive that is a limit, in the order of the table. */
int effective_limits_read(const Sandbox *sandbox, EffectiveLimit **ret, size_t *ret_n);
