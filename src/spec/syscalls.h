/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sets of system calls by name: systemd's @groups and the default profile. */

#include "base/macros.h"

typedef struct SyscallGroup {
        const char *name; /* "@file-system" */
        const char *summary;
        const char *const *members; /* names and other groups, NULL-terminated */
} SyscallGroup;

extern const SyscallGroup syscall_groups[];
extern const size_t n_syscall_groups;
/* The allow-list of the default profile, NULL-terminated. */
extern const char *const syscall_default_profile[];

extern const size_t n_syscall_default_profile;

/* "@file-system" to its group, or NULL. */
const SyscallGroup *syscall_group_find(const char *name);
/* True where libseccomp knows the name and this architecture has the call. */
bool syscall_is_known(const char *name);
/* True for every name that libseccomp, a group or the default profile names, on any architecture.
 */
bool syscall_is_name(const char *name);
/* The nearest name or group for "did you mean", or NULL. */
const char *syscall_suggest(const char *name);
/* Names with groups expanded, each once, sorted; unknown ones are left out. -ENOENT: no such group.
 */
int syscall_expand(const char *name, char ***ret);
