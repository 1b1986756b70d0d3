/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which devices the processes of a cgroup may open: on v1 by the kernel's own list, on cgroup2 by a
 * small BPF program, made here. */

#include "base/macros.h"

#include <linux/bpf.h>

enum {
        DEVICE_READ = 1 << 0,
        DEVICE_WRITE = 1 << 1,
        DEVICE_MAKE = 1 << 2,
        DEVICE_ACCESS_ALL = (1 << 3) - 1,
};
#define DEVICE_ANY UINT32_MAX

/* Two rules of one device do not add up: what is opened for both needs one rule with both. */
typedef struct DeviceRule {
        bool block;
        uint32_t major, minor; /* DEVICE_ANY: all */
        unsigned access;       /* of DEVICE_…, at least one */
} DeviceRule;
#define DEVICE_RULES_MAX 256u
bool device_rule_fits(const DeviceRule *rule, bool block, uint32_t major, uint32_t minor) _pure_;

/* Instructions of a BPF_PROG_TYPE_CGROUP_DEVICE: 1 where a rule has all of the access, else 0.
 * Pure. ret: at least DEVICE_PROGRAM_MAX(n). Gives how many. */
#define DEVICE_PROGRAM_MAX(n) (8 + 8 * (size_t) (n))
size_t device_program_make(const DeviceRule *rules, size_t n, struct bpf_insn *ret);

/* Nothing can be opened but what the rules allow, whatever was so before; read back. -EOPNOTSUPP:
 * the kernel took something else. *ret_rule: the one at fault, n for none. -EPERM there: a cgroup
 * above denies it. devices_fd: of v1's hierarchy of devices, where all is denied for a moment, as
 * with systemd. */
int device_filter_list(int devices_fd, const DeviceRule *rules, size_t n, size_t *ret_rule);
/* The same on cgroup2, in one step. What programs of cgroups above deny stays denied, and only
 * opening tells. -EBUSY: there are programs of others. */
int device_filter_program(int unified_fd, const DeviceRule *rules, size_t n);
/* All can be opened that the cgroups above allow. -EPERM: on v1 they allow no more than a list. */
int device_filter_list_end(int devices_fd);
int device_filter_program_end(int unified_fd);

/* Whether the caller may load such a program; it is attached nowhere. */
int device_filter_probe(void);

/* Asks the kernel, without opening it, whether the caller may open the device behind fd (O_PATH).
 * -EPERM: a filter denies it. Modes and owners do not count. */
int device_filter_ask(int fd, unsigned access);
