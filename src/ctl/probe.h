/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host's kernel really does when it is asked: each probe is a child process, and what it
 * makes (namespaces, mounts that stand nowhere or in its own namespace) goes with it. */

#include "base/macros.h"

/* 0 or a positive outcome, or -errno. They must not return to anything of the caller's. */
typedef int (*Probe)(const void *argument);

/* Runs probe in a child. namespaces: CLONE_NEW* that it is to be in; who is not root gets a user
 * namespace as well. Its result; -ETIMEDOUT after 5 s; -ECHILD where it was killed. */
int probe_run(Probe probe, const void *argument, int namespaces);

int probe_nothing(const void *argument); /* the namespaces themselves */
int probe_overlay(
        const void *argument);     /* 1: layers by descriptor, 0: by name; needs CLONE_NEWNS */
int probe_idmap(const void *path); /* whether what lies at path can be mounted idmapped */
int probe_file_system(const void *type); /* -ENODEV: the kernel has no such file system */
int probe_seccomp(const void *argument);
int probe_nftables(const void *argument); /* needs CLONE_NEWNET */
/* The version of Landlock's ABI, or -errno. Needs no child. */
int probe_landlock(void);
