/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Delegate=: two leaves below the sandbox's cgroup. What is ours stands in the one, the workload in
 * the other, which is its own to manage; the limits are those of the cgroup above both. */

#include "helper/sandbox.h"

#define DELEGATE_OURS "supervisor"
#define DELEGATE_PAYLOAD "payload"

/* With init and relay in the sandbox's cgroup and nobody else: makes the leaves where the plan has
 * DELEGATE, moves both, and opens in *go what init needs to go to and fro (the caller closes enter
 * and leave). What failed on: *ret_op, and *ret_object (static). What it leaves behind goes with
 * the cgroup. -EPERM: the scope was not given to us; -EOPNOTSUPP: there is no such controller, or
 * no cgroup2. */
int delegate_make(Sandbox *sandbox, LaunchGo *go, int64_t *ret_op, const char **ret_object);
