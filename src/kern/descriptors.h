/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The caller's descriptor table as a whole, and its signals: what a process has to put in order
 * before it becomes something else. close_range(2). */

#include "base/macros.h"

/* Closes everything from 3 on but these; negative ones are skipped. keep is sorted in place. */
int descriptors_keep(int *keep, size_t n);
/* Closes everything from first on. */
int descriptors_close_from(unsigned first);
/* Makes fd the descriptor number, without close-on-exec: for 0, 1, 2 and those that are handed on.
 */
int descriptor_place(int fd, int number);

/* Every signal back to its default and none blocked. */
int signals_reset(void);
