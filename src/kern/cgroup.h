/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Making, writing, emptying and removing cgroups, by descriptors of their directories. Nothing here
 * decides which: that is the helper's (helper/cgroups.h). Reading is base/cgroup.h. cgroups(7). */

#include "base/cgroup.h"

/* Makes the directory name below parent_fd. The descriptor (readable, so that it can be locked and
 * listed), -EEXIST where it is there already, -EINVAL for a name that is not one plain component.
 */
int cgroup_make(int parent_fd, const char *name);
/* Opens what is there: the same descriptor, or -ENOENT. */
int cgroup_open_at(int parent_fd, const char *name);
/* True for one plain path component that cannot be mistaken for a file of the kernel's. */
bool cgroup_name_is_valid(const char *name) _pure_;

/* Makes somebody else its manager: they can make cgroups below it, enable controllers for those,
 * and move processes in and among them, but not touch a limit of its own. cgroups(7), delegation.
 */
int cgroup_give(int cgroup_fd, uid_t user, gid_t group);
/* Moves the whole process in. */
int cgroup_attach(int cgroup_fd, pid_t pid);
/* Opens the file for writing to which the caller, who must have one thread only, writes "0" in
 * order to move there itself. On v1 that is "tasks": cgroup.procs would make it wait for a grace
 * period of the kernel's, 10 ms after a pause, that only a process with more threads needs. */
int cgroup_open_join(int cgroup_fd);
/* True for a directory of cgroup2, into which a process can also be born. */
bool cgroup_is_unified(int cgroup_fd);
/* v2: lets the children of this cgroup use these controllers (mask of 1 << CgroupHierarchy). Tries
 * each: gives the first error, and what worked stays. -EBUSY: processes stand in it. */
int cgroup_enable(int cgroup_fd, uint32_t controllers);

/* Whether the kernel asks anybody before a process of this cgroup opens a device: on v1 by its own
 * list, on cgroup2 by a BPF program. 0; -EOPNOTSUPP: every device may be opened; -EPERM: not ours
 * to know. */
int cgroup_check_device_filter(int cgroup_fd);
/* The same for the packets of its sockets, in both directions. */
int cgroup_check_address_filter(int unified_fd);
/* cgroup2 alone (any process may stand below): freezes or thaws everything in and below it. The
 * kernel does it by and by: cgroup.events says when, and wakes who polls it for EPOLLPRI. */
int cgroup_freeze(int unified_fd, bool freeze);
int cgroup_open_events(int unified_fd);
/* Reads "frozen N" from it, from its beginning. */
int cgroup_read_frozen(int events_fd, bool *ret);
/* Signals everything in and below the cgroup but the processes of a list. */
int cgroup_signal(int cgroup_fd, int signal, const pid_t *except, size_t n_except);
/* Sends SIGKILL to everything in and below the cgroup: cgroup.kill where the file is there (cgroup2
 * since 5.14), else process by process until the list stays empty, at most some rounds (-EAGAIN).
 */
int cgroup_kill(int cgroup_fd);
/* True where neither it nor a cgroup below holds a process; unreadable counts as not empty. */
bool cgroup_is_empty(int cgroup_fd);

/* Removes name and every cgroup below it. 0 also where it is not there; -EBUSY while processes
 * stand in it (also dead ones, for some milliseconds). */
int cgroup_remove(int parent_fd, const char *name);

/* Opens the file that counts kills for want of memory: memory.events (v2), memory.oom_control (v1).
 */
int cgroup_open_memory_events(int cgroup_fd, CgroupMode mode);
/* v1: the eventfd is signalled whenever memory runs out in the cgroup, just before something is
 * killed. events_fd: of the function above. */
int cgroup_notify_oom(int cgroup_fd, int notifier, int events_fd);
/* v2: who is killed for want of memory takes all others in the cgroup along. */
int cgroup_group_oom(int cgroup_fd);
/* Reads "oom_kill N" from it, from its beginning. */
int cgroup_read_oom_kills(int events_fd, uint32_t *ret);
