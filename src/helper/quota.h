/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The quota of processor time and its period: two numbers that the kernel keeps in one file on
 * cgroup2 and in two on v1. Neither is changed by writing the other, and at no time is more than
 * what is asked for or what was there before given. */

#include "op/limit.h"

/* The period as it stands in the kernel. */
int quota_read_period(CgroupMode mode, int cgroup_fd, uint64_t *ret);
/* Sets the period; the share that the quota is of it stays. */
int quota_write_period(CgroupMode mode, int cgroup_fd, uint64_t period);
