/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Facts about the host, probed once and passed down: the planner reads them and makes no system
 * call of its own. Nothing here needs privilege. */

#include "base/cgroup.h"

typedef struct HostFacts {
        uint32_t kernel_major, kernel_minor;
        CgroupMode cgroup_mode;
        uint32_t cgroup_controllers; /* mask of 1 << CgroupHierarchy */
        bool systemd_booted;         /* sd_booted(3): /run/systemd/system is a directory */
        bool journal;                /* /run/systemd/journal/stdout is a socket */
        bool oomd;                   /* systemd-oomd runs */
        bool time_namespace;         /* /proc/self/ns/time */
        bool cgroup_namespace;
        bool user_namespace;
} HostFacts;

/* With cgroup_controllers as under the host's own init. */
int host_facts_probe(HostFacts *ret);
/* For those that change while the host runs, which a daemon asks for more than once: oomd. */
void host_facts_look_again(HostFacts *facts);
/* The controllers that sandboxes can have. On v2 a service sees those that its own parent hands
 * down, and the helper makes groups below itself; a scope below another slice can have whatever the
 * root has. */
void host_facts_set_scopes(HostFacts *facts, bool scopes);
