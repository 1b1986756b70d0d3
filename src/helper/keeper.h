/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A process that stands in a scope's cgroup and does nothing else. systemd removes the cgroup as
 * soon as the last process has left it, and with it the count of kills for want of memory, which
 * tells how the sandbox ended. Where init may be killed with the rest, or is not there, this one
 * outlives them: the kernel never kills it for want of memory, and the helper ends it once it has
 * read. */

#include "base/cgroup.h"

typedef struct Sandbox Sandbox;

/* Before GO, and before the cgroup is delegated. Does nothing where init reads the count itself, or
 * the helper alone removes the cgroup. */
int keeper_start(Sandbox *sandbox, CgroupMode mode);
