/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Freezing and thawing of a whole sandbox, by cgroup.freeze of its cgroup2 directory: it works in
 * the hybrid layout too, where systemd's own FreezeUnit() refuses. */

#include "helper/loop.h"
#include "wire/control.h"

typedef struct Sandbox Sandbox;

typedef struct Freezer {
        int events;   /* cgroup.events; -EBADF until it was first needed */
        Watch *watch; /* until the kernel has done what was asked for */
        bool wanted;
        uint32_t serial; /* of who asked last */
} Freezer;
#define FREEZER_NONE ((Freezer){.events = -EBADF})

/* FREEZE: FROZEN follows as soon as every process is frozen, or none is any more. -errno: nothing
 * was done, *ret_why (static) says why. */
int freezer_set(Sandbox *sandbox, bool freeze, uint32_t serial, const char **ret_why);
/* FREEZER_RUNNING and so on, as LIST says it. */
uint64_t freezer_state(const Freezer *freezer) _pure_;
void freezer_done(Freezer *freezer);
