/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Processes by pidfd: a number may pass to another process, a descriptor never does. pidfd_open(2).
 */

#include "base/macros.h"

#include <sys/types.h>

/* The pidfd of a process whose number cannot have passed on: an unreaped child, or one that the
 * caller checks afterwards. -ESRCH where it is gone. */
int process_open(pid_t pid);
/* -ESRCH where it is gone already. signal 0 only looks. */
int process_signal(int pidfd, int signal);
/* The number of the process in the caller's own pid namespace, from the descriptor's fdinfo.
 * -ESRCH: it is gone and reaped; -EREMOTE: it has no number here. */
int process_pid(int pidfd, pid_t *ret);
/* Reaps a child without waiting: 1 and *ret_code (CLD_*), *ret_status as waitid(2); 0 while it
 * lives; -ECHILD where it is no child of ours. */
int process_reap(int pidfd, int *ret_code, int *ret_status);

/* Of the caller, inherited by what it forks. -EACCES: lowering needs CAP_SYS_NICE. */
int process_set_nice(int level);
/* The same with CAP_SYS_RESOURCE, of the host, for pid: the caller or a child of its own. proc: a
 * checked procfs of the caller's pid namespace. */
int process_set_oom_score(int proc, pid_t pid, int adjust);
/* A mask of processors, as many bytes as the kernel's or more. -EINVAL: none of them can be used.
 */
int process_set_affinity(const void *mask, size_t size);
int process_ignore_sigpipe(void);
/* Where the kernel shows a process's arguments and environment, which stand there in one piece:
 * argv and environ as main() got them, before anything is changed. */
void process_title_take(char **argv, char **environment);
/* What ps(1) shows instead of the arguments, cut to what there is room for. The environment must be
 * one of copies by then, or empty. */
void process_title_set(const char *title);
/* What make() opens, in a child, which is waited for: for what takes a process that is elsewhere.
 * Gives the descriptor; -ECHILD: the child died. */
int process_fetch_fd(int (*make)(void *userdata), void *userdata);
