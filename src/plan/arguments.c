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
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define LOW UINT32_MAX
/* fcntl.h has it together with O_DIRECTORY */
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
/* Newer than the libseccomp of Debian 12; the number is the same on every architecture. */
#define FCHMODAT2_NUMBER 452
/* AF_ and NETLINK_ numbers below this are spelled out one by one. */
#define SMALL_MAX 64u

const DirectiveId filter_arguments_directives[] = {
        DIRECTIVE_RestrictNamespaces, DIRECTIVE_RestrictAddressFamilies, DIRECTIVE_RestrictRealtime,
        DIRECTIVE_RestrictSUIDSGID,   DIRECTIVE_MemoryDenyWriteExecute,  DIRECTIVE_Personality,
        DIRECTIVE_LockPersonality,    DIRECTIVE_SystemCallArchitectures, _DIRECTIVE_MAX,
};

typedef struct Denial {
        const char *call;
        unsigned argument;
        uint32_t mask, value; /* 0: whatever the argument is */
} Denial;

/* Denied with EPERM, whatever the unit says. */
static const Denial denials[] = {
        /* What a terminal of the caller's would be fooled with. */
        {"ioctl", 1, LOW, TIOCSTI},
        {"ioctl", 1, LOW, TIOCLINUX},
        {"ioctl", 1, LOW, TIOCSETD},
        {"ioctl", 1, LOW, TIOCCONS},
        /* Device nodes. */
        {"mknod", 1, S_IFMT, S_IFCHR},
        {"mknod", 1, S_IFMT, S_IFBLK},
        {"mknodat", 2, S_IFMT, S_IFCHR},
        {"mknodat", 2, S_IFMT, S_IFBLK},
};

/* Real-time policies can keep a processor from everybody else. The mask drops SCHED_RESET_ON_FORK.
 */
static const Denial realtime_denials[] = {
        {"sched_setscheduler", 1, LOW & ~(uint32_t) SCHED_RESET_ON_FORK, SCHED_FIFO},
        {"sched_setscheduler", 1, LOW & ~(uint32_t) SCHED_RESET_ON_FORK, SCHED_RR},
        {"sched_setscheduler", 1, LOW & ~(uint32_t) SCHED_RESET_ON_FORK, SCHED_DEADLINE},
        {"sched_setattr", 0, 0, 0}, /* the policy is behind a pointer */
};

/* Memory that can be written first and executed then, as systemd has it. */
static const Denial write_execute_denials[] = {
        {"mmap", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC},
        {"mmap2", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC},
        {"mprotect", 2, PROT_EXEC, PROT_EXEC},
        {"pkey_mprotect", 2, PROT_EXEC, PROT_EXEC},
        {"shmat", 2, SHM_EXEC, SHM_EXEC},
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

static struct scmp_arg_cmp masked(unsigned argument, uint32_t mask, uint32_t value) {
        return (struct scmp_arg_cmp){
                .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static int deny(const Filter *filter, const char *call, int error, unsigned n,
                const struct scmp_arg_cmp *comparisons) {
        int number = seccomp_syscall_resolve_name(call);

        if (number == __NR_SCMP_ERROR && streq(call, "fchmodat2")) {
                number = FCHMODAT2_NUMBER;
        }
        if (number == __NR_SCMP_ERROR || (number < 0 && !filter->foreign)) {
                return 0; /* not on this architecture (mknod, open, chmod on arm64) */
        }
        return filter_add(filter, SCMP_ACT_ERRNO((uint32_t) error), number, n, comparisons);
}

/* One comparison, or none where the mask is 0. */
static int deny_one(const Filter *filter, const Denial *denial) {
        struct scmp_arg_cmp comparison = masked(denial->argument, denial->mask, denial->value);

        return deny(filter, denial->call, EPERM, denial->mask == 0 ? 0 : 1, &comparison);
}

static int deny_table(const Filter *filter, const Denial *table, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                r = deny_one(filter, &table[i]);
        }
        return r;
}

/* New namespaces: the way to most of the kernel's attack surface. clone(2) has no room for
 * CLONE_NEWTIME. */
static int deny_namespaces(const Filter *filter, uint64_t allowed) {
        int r = 0;

        if (allowed == FILTER_NAMESPACES_ALL) {
                return 0;
        }
        for (uint32_t flag = 1; flag != 0 && r == 0; flag <<= 1) {
                if ((FILTER_NAMESPACES_ALL & ~allowed & flag) == 0) {
                        continue;
                }
                r = deny_one(filter, &(Denial){"unshare", 0, flag, flag});
                if (r == 0 && flag != CLONE_NEWTIME) {
                        r = deny_one(filter, &(Denial){"clone", 0, flag, flag});
                }
                if (r == 0 && allowed != 0) {
                        r = deny_one(filter, &(Denial){"setns", 1, flag, flag});
                }
        }
        if (r < 0) {
                return r;
        }
        /* Without a kind it joins whatever the descriptor is of. */
        return deny_one(filter,
                        allowed == 0 ? &(Denial){"setns", 1, 0, 0} : &(Denial){"setns", 1, LOW, 0});
}

static int deny_modes(const Filter *filter) {
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
                r = deny(filter, mode_calls[call].call, EPERM, flags ? 2 : 1, comparisons);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

typedef struct Families {
        uint64_t allowed; /* 1 << AF_* */
        bool open;        /* so are families that are newer than this table, and all of netlink */
} Families;

static Families families_of(const Spec *spec) {
        const ValueList *list = &spec->restrict_address_families;
        Families families = {.allowed = UINT64_C(1) << AF_UNIX | UINT64_C(1) << AF_INET |
                                        UINT64_C(1) << AF_INET6 | UINT64_C(1) << AF_NETLINK};

        for (size_t i = 0; i < list->n; i++) {
                const ValueItem *item = &list->items[i];
                uint64_t bit = UINT64_C(1) << item->mode;

                if (item->text[0] == '\0') {
                        families = (Families){.allowed = UINT64_MAX, .open = true};
                } else if (item->flags & VALUE_INVERTED) {
                        families.allowed &= ~bit;
                } else {
                        if (i == 0 || item->mode == FAMILY_NONE) {
                                families = (Families){};
                        }
                        families.allowed |= item->mode == FAMILY_NONE ? 0 : bit;
                }
        }
        return families;
}

/* Families are an allow-list, so that the next one is denied too. */
static int deny_families(const Filter *filter, const Families *families, const char *call) {
        int r = 0;

        for (uint32_t family = 0; family < SMALL_MAX && r == 0; family++) {
                struct scmp_arg_cmp comparison = masked(0, LOW, family);

                if ((families->allowed >> family & 1) == 0) {
                        r = deny(filter, call, EAFNOSUPPORT, 1, &comparison);
                }
        }
        for (uint32_t bit = SMALL_MAX; bit != 0 && !families->open && r == 0; bit <<= 1) {
                struct scmp_arg_cmp comparison = masked(0, bit, bit);

                r = deny(filter, call, EAFNOSUPPORT, 1, &comparison);
        }
        return r;
}

/* Of netlink routing alone. PAM and libaudit take EPERM for audit as fatal and EINVAL as "not
 * there". */
static int deny_netlink(const Filter *filter) {
        for (uint32_t protocol = NETLINK_ROUTE + 1; protocol < SMALL_MAX; protocol++) {
                struct scmp_arg_cmp comparisons[2] = {masked(0, LOW, AF_NETLINK),
                                                      masked(2, LOW, protocol)};
                int r = deny(filter, "socket", protocol == NETLINK_AUDIT ? EINVAL : EPROTONOSUPPORT,
                             2, comparisons);

                if (r < 0) {
                        return r;
                }
        }
        for (uint32_t bit = SMALL_MAX; bit != 0; bit <<= 1) {
                struct scmp_arg_cmp comparisons[2] = {masked(0, LOW, AF_NETLINK),
                                                      masked(2, bit, bit)};
                int r = deny(filter, "socket", EPROTONOSUPPORT, 2, comparisons);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

static bool sockets_are_denied(const Spec *spec) {
        return families_of(spec).allowed != UINT64_MAX;
}

static int deny_sockets(const Filter *filter, const Spec *spec) {
        const Families families = families_of(spec);
        int r;

        if (!sockets_are_denied(spec)) {
                return 0;
        }
        r = deny_families(filter, &families, "socket");
        if (r == 0) {
                r = deny_families(filter, &families, "socketpair");
        }
        if (r == 0 && !families.open) {
                r = deny_netlink(filter);
        }
        /* That of 32-bit x86 has the family behind a pointer. */
        return r < 0 ? r : deny(filter, "socketcall", EAFNOSUPPORT, 0, NULL);
}

/* All but the given domain, whose bit 0 is clear, and 0xffffffff (a question): a number is one of
 * the two exactly where each bit is that of the domain if bit 0 is clear, and set if it is set. */
static int deny_personalities(const Filter *filter, uint32_t domain) {
        for (uint32_t bit = 2; bit != 0; bit <<= 1) {
                const uint32_t values[] = {1, (domain & bit) ^ bit};

                for (size_t i = 0; i < ELEMENTS(values); i++) {
                        struct scmp_arg_cmp comparison = masked(0, bit | 1, values[i]);
                        int r = deny(filter, "personality", EPERM, 1, &comparison);

                        if (r < 0) {
                                return r;
                        }
                }
        }
        return 0;
}

/* The mode of openat2(2) is behind a pointer: without this it makes set-user-id files, which in a
 * directory that the host lent are the host's. Who gets ENOSYS uses openat(2). */
static int deny_set_user_id(const Filter *filter) {
        int r = deny(filter, "openat2", ENOSYS, 0, NULL);

        return r < 0 ? r : deny_modes(filter);
}

/* Its requests are made of memory that no filter sees, and two of them do what is denied here: they
 * make sockets, of any family, and files, of any mode. systemd's @system-service has it. */
static int deny_requests(const Filter *filter, const Spec *spec) {
        static const char *const names[] = {"io_uring_setup", "io_uring_enter",
                                            "io_uring_register"};
        int r = 0;

        if (!spec->restrict_suid_sgid && !sockets_are_denied(spec)) {
                return 0;
        }
        for (size_t i = 0; i < ELEMENTS(names) && r == 0; i++) {
                r = deny(filter, names[i], EPERM, 0, NULL);
        }
        return r;
}

static int deny_all(const Filter *filter, const Spec *spec) {
        int r = deny_table(filter, denials, ELEMENTS(denials));

        if (r == 0) {
                /* Also without an allow-list: its flags are behind a pointer. */
                r = deny(filter, "clone3", ENOSYS, 0, NULL);
        }
        if (r == 0) {
                r = deny_namespaces(filter, filter_namespaces(spec));
        }
        if (r == 0) {
                r = deny_sockets(filter, spec);
        }
        if (r == 0 && spec->restrict_realtime) {
                r = deny_table(filter, realtime_denials, ELEMENTS(realtime_denials));
        }
        if (r == 0 && spec->restrict_suid_sgid) {
                r = deny_set_user_id(filter);
        }
        if (r == 0) {
                r = deny_requests(filter, spec);
        }
        if (r == 0 && spec->memory_deny_write_execute) {
                r = deny_table(filter, write_execute_denials, ELEMENTS(write_execute_denials));
        }
        if (r == 0 && spec->lock_personality) {
                r = deny_personalities(filter, filter_personality(spec));
        }
        return r;
}

int filter_arguments(const Spec *spec, OpBlob *ret) {
        _cleanup_filter_ Filter filter = {};
        int r;

        assert(spec);
        assert(ret);

        r = filter_open(spec, SCMP_ACT_ALLOW, &filter);
        r = r < 0 ? r : deny_all(&filter, spec);
        return r < 0 ? r : filter_export(&filter, ret);
}
