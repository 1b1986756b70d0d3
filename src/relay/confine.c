/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/confine.h"

#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534u

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

typedef scmp_filter_ctx Filter;
static inline void filter_freep(Filter *filter) {
        if (*filter) {
                seccomp_release(*filter);
        }
}

static int drop_ids(void) {
        if (geteuid() != 0) {
                return 0;
        }
        if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
            setresuid(NOBODY, NOBODY, NOBODY) < 0) {
                return negative_errno();
        }
        return 0;
}

static int drop_capabilities(void) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

        if (syscall(SYS_capset, &header, none) < 0 ||
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
                return negative_errno();
        }
        return 0;
}

static const int calls[] = {
        SCMP_SYS(accept4),       SCMP_SYS(brk),
        SCMP_SYS(clock_gettime), SCMP_SYS(close),
        SCMP_SYS(connect),       SCMP_SYS(epoll_ctl),
        SCMP_SYS(epoll_pwait),   SCMP_SYS(epoll_wait),
        SCMP_SYS(exit),          SCMP_SYS(exit_group),
        SCMP_SYS(munmap),        SCMP_SYS(pipe2),
        SCMP_SYS(read),          SCMP_SYS(restart_syscall),
        SCMP_SYS(rt_sigreturn),  SCMP_SYS(setsockopt),
        SCMP_SYS(shutdown),      SCMP_SYS(splice),
        SCMP_SYS(write),         SCMP_SYS(writev),
        SCMP_SYS(fcntl),
};

/* What the sanitizers' runtime calls besides. */
static const int sanitizer_calls[] = {
        SCMP_SYS(madvise),        SCMP_SYS(mmap),        SCMP_SYS(mprotect),
        SCMP_SYS(futex),          SCMP_SYS(getpid),      SCMP_SYS(gettid),
        SCMP_SYS(sigaltstack),    SCMP_SYS(sched_yield), SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(openat),      SCMP_SYS(prctl),
        SCMP_SYS(readlink),       SCMP_SYS(readlinkat),  SCMP_SYS(lseek),
        SCMP_SYS(newfstatat),     SCMP_SYS(fstat),       SCMP_SYS(getrlimit),
        SCMP_SYS(prlimit64),      SCMP_SYS(getrusage),   SCMP_SYS(clone),
        SCMP_SYS(wait4),          SCMP_SYS(tgkill),      SCMP_SYS(mremap),
};

static int filter_fill(Filter filter, bool rooted) {
        static const int families[] = {AF_INET, AF_INET6, AF_UNIX};
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(calls) && r == 0; i++) {
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
        }
        for (size_t i = 0; SANITIZED && i < ELEMENTS(sanitizer_calls) && r == 0; i++) {
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, sanitizer_calls[i], 0);
        }
        for (size_t i = 0; i < ELEMENTS(families) && r == 0; i++) {
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) families[i]));
        }
        if (r == 0 && rooted) {
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat2), 0);
        }
        if (r == 0 && !SANITIZED) {
                /* Memory, and never code. */
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        }
        if (r == 0) {
                /* Whether standard error is a terminal. */
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                     SCMP_A1(SCMP_CMP_EQ, TCGETS));
        }
        return r;
}

static int load_filter(bool rooted) {
        _cleanup_(filter_freep) Filter filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
        int r;

        if (!filter) {
                return -ENOMEM;
        }
        r = filter_fill(filter, rooted);
        return r < 0 ? r : seccomp_load(filter);
}

static int confine(bool rooted) {
        int r = drop_ids();

        if (r == 0) {
                r = drop_capabilities();
        }
        return r == 0 ? load_filter(rooted) : r;
}

int relay_confine(void) {
        return confine(false);
}

int relay_confine_rooted(void) {
        return confine(true);
}
