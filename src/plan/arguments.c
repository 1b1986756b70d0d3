/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The denials of single arguments. All comparisons are of the low 32 bits: the kernel takes these
 * arguments as int and drops the rest, and what a 64-bit comparison does not match it lets through
 * (CVE-2019-10063). libseccomp compares for equality under a mask; what has to be a complement is
 * spelled out in bits. */

#include "plan/filter.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define LOW UINT32_MAX
/* fcntl.h has it together with O_DIRECTORY */
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
/* Newer than the libseccomp of Debian 12; the number is the same on every architecture. */
#define FCHMODAT2_NUMBER 452
/* AF_ and NETLINK_ numbers below this are spelled out one by one. */
#define SMALL_MAX 32u

typedef struct Denial {
        const char *call;
        unsigned argument;
        uint32_t mask, value;
} Denial;

/* Denied with EPERM. */
static const Denial denials[] = {
        /* What a terminal of the caller's would be fooled with. */
        {"ioctl", 1, LOW, TIOCSTI},
        {"ioctl", 1, LOW, TIOCLINUX},
        {"ioctl", 1, LOW, TIOCSETD},
        {"ioctl", 1, LOW, TIOCCONS},
        /* New namespaces: the way to most of the kernel's attack surface. */
        {"clone", 0, CLONE_NEWNS, CLONE_NEWNS},
        {"clone", 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP},
        {"clone", 0, CLONE_NEWUTS, CLONE_NEWUTS},
        {"clone", 0, CLONE_NEWIPC, CLONE_NEWIPC},
        {"clone", 0, CLONE_NEWUSER, CLONE_NEWUSER},
        {"clone", 0, CLONE_NEWPID, CLONE_NEWPID},
        {"clone", 0, CLONE_NEWNET, CLONE_NEWNET},
        {"unshare", 0, CLONE_NEWTIME, CLONE_NEWTIME},
        {"unshare", 0, CLONE_NEWNS, CLONE_NEWNS},
        {"unshare", 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP},
        {"unshare", 0, CLONE_NEWUTS, CLONE_NEWUTS},
        {"unshare", 0, CLONE_NEWIPC, CLONE_NEWIPC},
        {"unshare", 0, CLONE_NEWUSER, CLONE_NEWUSER},
        {"unshare", 0, CLONE_NEWPID, CLONE_NEWPID},
        {"unshare", 0, CLONE_NEWNET, CLONE_NEWNET},
        {"setns", 1, 0, 0}, /* any: a pidfd or a file says the kind */
        /* Device nodes. */
        {"mknod", 1, S_IFMT, S_IFCHR},
        {"mknod", 1, S_IFMT, S_IFBLK},
        {"mknodat", 2, S_IFMT, S_IFCHR},
        {"mknodat", 2, S_IFMT, S_IFBLK},
        /* Real-time policies can keep a processor from everybody else. The mask drops
         * SCHED_RESET_ON_FORK. */
        {"sched_setscheduler", 1, LOW & ~(uint32_t) SCHED_RESET_ON_FORK, SCHED_FIFO},
        {"sched_setscheduler", 1, LOW & ~(uint32_t) SCHED_RESET_ON_FORK, SCHED_RR},
        {"sched_setscheduler", 1, LOW & ~(uint32_t) SCHED_RESET_ON_FORK, SCHED_DEADLINE},
        {"sched_setattr", 0, 0, 0}, /* the policy is behind a pointer */
};

/* Calls that take a mode, and which argument it is. With flags the mode counts only where a file
 * may be made; the register holds anything else. */
static const struct {
        const char *call;
        unsigned mode;
        int flags; /* argument, or -1 */
} mode_calls[] = {
        {"chmod", 1, -1},   {"fchmod", 1, -1}, {"fchmodat", 2, -1}, {"fchmodat2", 2, -1},
        {"creat", 1, -1},   {"mkdir", 1, -1},  {"mkdirat", 2, -1},  {"mknod", 1, -1},
        {"mknodat", 2, -1}, {"open", 2, 1},    {"openat", 3, 2},
};

static void free_context(scmp_filter_ctx *context) {
        if (*context) {
                seccomp_release(*context);
        }
}
#define _cleanup_context_ _cleanup_(free_context)

static struct scmp_arg_cmp masked(unsigned argument, uint32_t mask, uint32_t value) {
        return (struct scmp_arg_cmp){
                .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static int deny(scmp_filter_ctx context, const char *call, int error, unsigned n,
                const struct scmp_arg_cmp *comparisons) {
        int number = seccomp_syscall_resolve_name(call);

        if (number < 0 && streq(call, "fchmodat2")) {
                number = FCHMODAT2_NUMBER;
        }
        if (number < 0) {
                return 0; /* not on this architecture (mknod, open, chmod on arm64) */
        }
        return seccomp_rule_add_exact_array(context, SCMP_ACT_ERRNO((uint32_t) error), number, n,
                                            comparisons);
}

static int deny_table(scmp_filter_ctx context) {
        for (size_t i = 0; i < ELEMENTS(denials); i++) {
                const Denial *denial = &denials[i];
                struct scmp_arg_cmp comparison =
                        masked(denial->argument, denial->mask, denial->value);
                int r = deny(context, denial->call, EPERM, denial->mask == 0 ? 0 : 1, &comparison);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

static int deny_modes(scmp_filter_ctx context) {
        static const uint32_t bits[] = {S_ISUID, S_ISGID};
        static const uint32_t makes[] = {O_CREAT, TMPFILE_BIT};

        for (size_t i = 0; i < ELEMENTS(mode_calls) * ELEMENTS(bits) * ELEMENTS(makes); i++) {
                size_t call = i / (ELEMENTS(bits) * ELEMENTS(makes));
                uint32_t bit = bits[i / ELEMENTS(makes) % ELEMENTS(bits)];
                uint32_t make = makes[i % ELEMENTS(makes)];
                bool flags = mode_calls[call].flags >= 0;
                struct scmp_arg_cmp comparisons[2] = {
                        masked(mode_calls[call].mode, bit, bit),
                        masked(flags ? (unsigned) mode_calls[call].flags : 0, make, make),
                };
                int r;

                if (!flags && make != makes[0]) {
                        continue;
                }
                r = deny(context, mode_calls[call].call, EPERM, flags ? 2 : 1, comparisons);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

static bool family_is_allowed(uint32_t family) {
        return family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
}

/* Families are an allow-list, so that the next one is denied too. */
static int deny_families(scmp_filter_ctx context, const char *call) {
        for (uint32_t family = 0; family < SMALL_MAX; family++) {
                struct scmp_arg_cmp comparison = masked(0, LOW, family);
                int r = family_is_allowed(family)
                                ? 0
                                : deny(context, call, EAFNOSUPPORT, 1, &comparison);

                if (r < 0) {
                        return r;
                }
        }
        for (uint32_t bit = SMALL_MAX; bit != 0; bit <<= 1) {
                struct scmp_arg_cmp comparison = masked(0, bit, bit);
                int r = deny(context, call, EAFNOSUPPORT, 1, &comparison);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* Of netlink routing alone. PAM and libaudit take EPERM for audit as fatal and EINVAL as "not
 * there". */
static int deny_netlink(scmp_filter_ctx context) {
        for (uint32_t protocol = NETLINK_ROUTE + 1; protocol < SMALL_MAX; protocol++) {
                struct scmp_arg_cmp comparisons[2] = {masked(0, LOW, AF_NETLINK),
                                                      masked(2, LOW, protocol)};
                int r = deny(context, "socket",
                             protocol == NETLINK_AUDIT ? EINVAL : EPROTONOSUPPORT, 2, comparisons);

                if (r < 0) {
                        return r;
                }
        }
        for (uint32_t bit = SMALL_MAX; bit != 0; bit <<= 1) {
                struct scmp_arg_cmp comparisons[2] = {masked(0, LOW, AF_NETLINK),
                                                      masked(2, bit, bit)};
                int r = deny(context, "socket", EPROTONOSUPPORT, 2, comparisons);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* All but 0 (PER_LINUX) and 0xffffffff (a question): a number is one of the two exactly where every
 * bit equals bit 0. */
static int deny_personalities(scmp_filter_ctx context) {
        for (uint32_t bit = 2; bit != 0; bit <<= 1) {
                const uint32_t values[] = {1, bit};

                for (size_t i = 0; i < ELEMENTS(values); i++) {
                        struct scmp_arg_cmp comparison = masked(0, bit | 1, values[i]);
                        int r = deny(context, "personality", EPERM, 1, &comparison);

                        if (r < 0) {
                                return r;
                        }
                }
        }
        return 0;
}

int filter_arguments(OpBlob *ret) {
        _cleanup_context_ scmp_filter_ctx context = NULL;
        int r;

        assert(ret);

        context = seccomp_init(SCMP_ACT_ALLOW);
        if (!context) {
                return -ENOMEM;
        }
        r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r == 0) {
                r = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
        }
        if (r == 0) {
                r = deny_table(context);
        }
        if (r == 0) {
                /* Also without an allow-list: its flags are behind a pointer. */
                r = deny(context, "clone3", ENOSYS, 0, NULL);
        }
        if (r == 0) {
                /* The mode is behind a pointer: without this it makes set-user-id files, which in a
                 * directory that the host lent are the host's. Who gets ENOSYS uses openat(2). */
                r = deny(context, "openat2", ENOSYS, 0, NULL);
        }
        if (r == 0) {
                r = deny_modes(context);
        }
        if (r == 0) {
                r = deny_families(context, "socket");
        }
        if (r == 0) {
                r = deny_families(context, "socketpair");
        }
        if (r == 0) {
                r = deny_netlink(context);
        }
        if (r == 0) {
                r = deny_personalities(context);
        }
        return r < 0 ? r : filter_export(context, ret);
}
