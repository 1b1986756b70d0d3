/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"

/* Gives up what is left: root's ids where it runs as root, capabilities, new privileges, and every
 * system call that the relay does not make. Bytes of strangers come after this. -errno: it did not
 * work, and nothing may be served. */
int relay_confine(void);
/* The same, but for openat2(2), which finds a socket by its path. */
int relay_confine_rooted(void);
