/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The direct back end: sandboxes' cgroups below the helper's own, OWN/sbx/<name>, in every
 * hierarchy that a limit needs, and in those of memory, pids and cgroup2. Whoever holds the lock of
 * OWN/sbx owns all that is below; another helper in the same cgroup takes sbx-1, and so on. */

#include "kern/cgroup.h"
#include "op/limit.h"
#include "op/text-limit.h"

#define CGROUPS_NAME "sbx"

typedef struct CgroupBase {
        CgroupMode mode;
        uint32_t controllers;
        bool ready;
        char name[64];                  /* of the base below own */
        int own[_CGROUP_HIERARCHY_MAX]; /* own cgroup; -EBADF where there is no such hierarchy */
        int fds[_CGROUP_HIERARCHY_MAX]; /* the base; on v2 the unified one alone */
} CgroupBase;

/* A limit that only BestEffort= makes do without. */
typedef struct CgroupDegraded {
        uint16_t origin;  /* of the op */
        int fault;        /* -errno */
        const char *file; /* static */
} CgroupDegraded;

/* One sandbox's. */
typedef struct CgroupSet {
        char *name;
        CgroupDegraded *degraded;
        size_t n_degraded;
        int fds[_CGROUP_HIERARCHY_MAX];
} CgroupSet;

/* What failed while making a set. */
typedef struct CgroupFault {
        size_t op;          /* index into the plan */
        const char *object; /* static: the file, or NULL */
} CgroupFault;

/* lifecycle */
void cgroup_base_init(CgroupBase *base);
/* The janitor: where a base from an earlier helper is left, takes it over, kills and removes all
 * that is below it. Makes nothing where there was none. */
int cgroup_base_adopt(CgroupBase *base);
/* Makes the base unless it is there. -EBUSY: too many helpers. */
int cgroup_base_make(CgroupBase *base);
/* On v1 a cgroup without processors and memory nodes holds no process: those of the parent. */
int cgroup_seed_cpuset(int parent_fd, int cgroup_fd);
/* Removes the base where it is empty, and closes it. */
void cgroup_base_done(CgroupBase *base);

/* Makes the cgroups that the plan's CGROUP op names and writes and reads back its LIMITs. The first
 * call makes the base. Nothing is left behind on failure. 0 also, and an empty set, where the plan
 * has no CGROUP op; -EINVAL: LIMIT or LIMIT_TEXT without CGROUP. -EOPNOTSUPP: no controller, or the
 * kernel did not take the value. */
int cgroup_set_make(CgroupBase *base, const Plan *plan, CgroupSet *ret, CgroupFault *ret_fault);
/* Writes and reads back the limits and device rules of plan into cgroups where processes stand;
 * where one fails, those of undo, and gives its fault. */
int cgroup_set_change(CgroupBase *base, CgroupSet *set, const Plan *plan, const Plan *undo,
                      CgroupFault *ret_fault);
void cgroup_set_init(CgroupSet *set);
bool cgroup_set_is_empty(const CgroupSet *set);
/* The directories, at most _CGROUP_HIERARCHY_MAX of them; gives how many. */
size_t cgroup_set_list(const CgroupSet *set, int *fds);
/* Moves a process into all of them; nothing is written where it stands there already. */
int cgroup_set_attach(const CgroupBase *base, const CgroupSet *set, pid_t pid);
/* Kills what is left in them. */
void cgroup_set_kill(const CgroupSet *set);
/* Removes them and makes the set empty; -EBUSY: not yet, call again. */
int cgroup_set_remove(const CgroupBase *base, CgroupSet *set);
/* Gives the set up without removing. */
void cgroup_set_done(CgroupSet *set);
