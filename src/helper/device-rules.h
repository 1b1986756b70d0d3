/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* DevicePolicy= and DeviceAllow= without systemd: the rules of a plan, in force for its cgroups
 * before anybody stands there. */

#include "helper/cgroups.h"
#include "op/op.h"

/* 0 also where the plan has no DEVICE_RULES. */
int device_rules_apply(const Plan *plan, const CgroupSet *set, CgroupFault *fault);
/* By who stands in the cgroups and still is root of the host: whether the devices that the plan
 * binds can be opened as the rules say, or a cgroup above denies it. sources: by op. */
int device_rules_check(const Plan *plan, const int *sources, size_t *ret_op);
