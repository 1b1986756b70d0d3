/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The log files that the helper writes where there is no journal: NAME.log and, older, NAME.log.1.
 */

#include "base/macros.h"

#define LOG_READ_MAX (64u << 10)

/* Reads on from a cursor: 0 is the oldest byte that is kept. The cursor holds the inode and the
 * position in it, so that a file that was rotated meanwhile is read to its end first. *ret_next is
 * the cursor behind what was read; nothing new gives no bytes and the same cursor. -ENOENT: there
 * is no log. */
int log_read(int log_fd, const char *name, uint64_t cursor, char **ret, size_t *ret_size,
             uint64_t *ret_next);
