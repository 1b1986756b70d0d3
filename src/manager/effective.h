/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel really enforces: each limit as it was asked for, as it stands in the sandbox's
 * own cgroup, and the ancestor whose limit is tighter. Reads cgroup files, asks nobody. */

#include "manager/sandbox.h"

/* Values are texts as a unit has them; NULL: there is none, or it is not known. */
typedef struct EffectiveLimit {
        const Directive *directive;
        char *device; /* of what is limited for each disk: its path */
        char *set;
        char *in_force;  /* in the sandbox's own cgroup; of a set what is left of it by all */
        char *capped_by; /* the path of the tightest ancestor, or NULL: none is tighter */
        char *cap;
} EffectiveLimit;

typedef struct EffectiveLimits {
        EffectiveLimit *rows;
        size_t n;
} EffectiveLimits;

void effective_limits_done(EffectiveLimits *limits);
/* Every directive that is a limit, in the order of the table; one of disks once for each disk that
 * the unit or a cgroup on the way to the root limits. */
int effective_limits_read(const Sandbox *sandbox, EffectiveLimits *ret);
