/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sets of processors, as systemd writes them: "0-3 5,7". */

#include "base/str.h"

#define CPUS_MAX 1024u

/* Bit n % 64 of word n / 64; the kernel's own layout on machines of 64 bits. */
typedef struct CpuSet {
        uint64_t words[CPUS_MAX / 64];
} CpuSet;

/* Adds numbers and ranges parted by blanks and commas. -EINVAL; -ERANGE: CPUS_MAX and beyond, or a
 * range that goes down. The set is untouched on failure. */
int cpu_set_add(CpuSet *set, const char *text);
bool cpu_set_is_empty(const CpuSet *set);
/* "0-3 5 7"; nothing for an empty set. */
int cpu_set_format(const CpuSet *set, Str *out);
