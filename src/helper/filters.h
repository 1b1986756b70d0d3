/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The cgroups that a sandbox stands in, and whether systemd put before them what it was asked for.
 */

#include "helper/sandbox.h"

/* The cgroup of init in one hierarchy, owned by the caller; -ENODATA where that is the helper's
 * own: then it says nothing about the sandbox, and killing all in it would be suicide. */
int sandbox_open_cgroup(const Sandbox *sandbox, CgroupMode mode, CgroupHierarchy hierarchy);

/* Asks the kernel for each filter that the plan has an op for: gives how many there are, all of
 * them in force, or -errno (*ret_op: which). -EOPNOTSUPP: there is none. */
int filters_check(const Sandbox *sandbox, CgroupMode mode, const Plan *plan, int64_t *ret_op);
