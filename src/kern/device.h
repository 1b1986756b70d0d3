/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Devices, terminals and the loopback interface: small things that are reached through ioctl(2). */

#include "base/macros.h"

#include <sys/types.h>

/* Opens (O_PATH) the device at path, which must be this one: -ENODEV otherwise. -ELOOP for a
 * symbolic link anywhere in the path; -EACCES where its mount lets no device work. */
int device_open(const char *path, bool block, unsigned major, unsigned minor);

/* A new terminal of the devpts instance whose root is devpts, unlocked. Both close-on-exec. */
int terminal_open(int devpts, unsigned rows, unsigned columns, int *ret_master, int *ret_slave);
/* Starts a session with slave as its terminal. */
int terminal_take(int slave);

/* Brings "lo" of the caller's network namespace up. */
int loopback_up(void);
