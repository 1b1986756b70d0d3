/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a process may do: capabilities, securebits, no_new_privs, seccomp, users, dumpability.
 * capabilities(7), prctl(2), seccomp(2). All act on the caller alone, which has one thread. */

#include "base/macros.h"

#include <sys/types.h>

/* Masks of 1 << CAP_*. */
typedef struct Capabilities {
        uint64_t permitted;
        uint64_t effective;
        uint64_t inheritable;
} Capabilities;

int capabilities_get(Capabilities *ret);
int capabilities_set(const Capabilities *capabilities);
/* Takes everything that is not in keep out of the bounding set; needs CAP_SETPCAP. */
int capabilities_bound(uint64_t keep);
/* Makes the ambient set exactly these; they must be permitted and inheritable. */
int capabilities_set_ambient(uint64_t ambient);
/* Uid 0 gains nothing by being uid 0, for good: NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE,
 * all locked. Needs CAP_SETPCAP. Changing users then no longer drops capabilities by itself. */
int privilege_lock_root(void);
/* Permitted capabilities outlive the next change from uid 0 to another. */
int privilege_keep_capabilities(void);

int privilege_no_new(void);
/* size: bytes of struct sock_filter, 1 to 4096 of them, else -EINVAL. Needs no_new_privs or an
 * effective CAP_SYS_ADMIN. */
int seccomp_load(const void *program, size_t size);

/* Group list, group and user, all three of each kind; the process is not dumpable afterwards, which
 * the kernel makes depend on fs.suid_dumpable. */
int privilege_become(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups);
/* Becomes nobody, for good: no capability, no group, and nothing that could give one. Needs
 * CAP_SETPCAP, CAP_SETUID and CAP_SETGID. */
int privilege_drop(void);
/* Keeps others off the memory and /proc entries of the process until it executes something. */
int privilege_hide(void);

/* PER_*, personality(2). */
int personality_set(unsigned long domain);

/* A new, empty session keyring without name. -ENOSYS where the kernel has no keyrings. */
int keyring_renew(void);
/* Links the user's keyring into the session's. */
int keyring_share(void);
