/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The filters as the kernel runs them: each probe is one system call in a child that has loaded
 * them. */

#include "plan/filter.h"

#include "plan/filter-cache.h"
#include "plan/simplify.h"
#include "spec/syscalls.h"

#include <asm/ioctls.h>
#include <check.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HIGH (UINT64_C(1) << 32)
#define ALLOWED (-1) /* the filter lets it through, whatever the kernel then says */
#define KILLED 255
#define SYS_CLONE3 435
#define SYS_FCHMODAT2 452
#define SYS_IO_URING_SETUP 425 /* enter and register follow */
#define X32_BIT 0x40000000

static OpBlob arguments, calls;
static Spec *defaults;

/* As a start loads it. */
static void make(int (*filter)(const Spec *spec, OpBlob *ret), const Spec *spec, OpBlob *ret) {
        ck_assert_int_eq(filter(spec, ret), 0);
        ck_assert_int_eq(filter_simplify(ret), 0);
}

static void compile(void) {
        ck_assert_int_eq(spec_new(&defaults), 0);
        make(filter_arguments, defaults, &arguments);
        make(filter_calls, defaults, &calls);
}

static void release(void) {
        defaults = spec_free(defaults);
        free(arguments.bytes);
        free(calls.bytes);
        arguments = calls = (OpBlob){};
}

/* A spec with assignments such as "RestrictNamespaces=pid", parted by newlines. */
static Spec *spec_with(const char *assignments) {
        _cleanup_free_ char *copy = strdup(assignments);
        Spec *spec;

        ck_assert_ptr_nonnull(copy);
        ck_assert_int_eq(spec_new(&spec), 0);
        for (char *line = copy, *next; line && *line; line = next) {
                char *equals = strchr(line, '=');
                DiagList diags = {};
                const Directive *directive;

                next = strchr(line, '\n');
                if (next) {
                        *next++ = '\0';
                }
                ck_assert_ptr_nonnull(equals);
                *equals = '\0';
                directive = directive_find_name(line);
                ck_assert_msg(directive, "%s", line);
                ck_assert_int_eq(
                        spec_assign(spec, directive, NULL, equals + 1, &PLACE_NONE, &diags), 0);
                ck_assert_msg(!diag_list_has_errors(&diags), "%s", diags.diags[0].text);
                diag_list_done(&diags);
        }
        return spec;
}

static bool load(const OpBlob *blob) {
        const struct sock_fprog program = {
                .len = (unsigned short) (blob->size / sizeof(struct sock_filter)),
                .filter = (struct sock_filter *) (void *) blob->bytes,
        };

        return blob->size == 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

typedef struct Call {
        long number;
        uint64_t arguments[4];
        bool narrow; /* by the gate of 32-bit x86, and its number */
} Call;

static long make_call(const Call *call) {
#ifdef __x86_64__
        if (call->narrow) {
                long r = call->number;

                __asm__ volatile("int $0x80"
                                 : "+a"(r)
                                 : "b"(call->arguments[0]), "c"(call->arguments[1]),
                                   "d"(call->arguments[2]), "S"(call->arguments[3])
                                 : "memory", "r8", "r9", "r10", "r11");
                errno = r < 0 ? (int) -r : 0;
                return r < 0 ? -1 : r;
        }
#endif
        return syscall(call->number, call->arguments[0], call->arguments[1], call->arguments[2],
                       call->arguments[3]);
}

/* The errno of each call in a confined child, which comes back through shared memory: what a child
 * may report otherwise depends on the filter. KILLED where it died of it. */
static int probe(const OpBlob *first, const OpBlob *second, const Call *what) {
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                long r;

                if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !load(first) ||
                    (second && !load(second))) {
                        _exit(254);
                }
                r = make_call(what);
                syscall(SYS_exit_group, r < 0 ? errno : 0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        if (WIFSIGNALED(status)) {
                return KILLED;
        }
        ck_assert_int_ne(WEXITSTATUS(status), 254);
        return WEXITSTATUS(status);
}

static const struct {
        const char *what;
        Call call;
        int expected; /* errno; 0: success */
} probes[] = {
        {"getppid", {SYS_getppid, {}}, 0},
        {"TIOCSTI", {SYS_ioctl, {0, TIOCSTI}}, EPERM},
        {"TIOCSTI with a high bit", {SYS_ioctl, {0, HIGH | TIOCSTI}}, EPERM},
        {"TIOCLINUX", {SYS_ioctl, {0, TIOCLINUX}}, EPERM},
        {"TIOCLINUX with a high bit", {SYS_ioctl, {0, HIGH | TIOCLINUX}}, EPERM},
        {"TIOCSETD", {SYS_ioctl, {0, TIOCSETD}}, EPERM},
        {"TIOCCONS", {SYS_ioctl, {0, TIOCCONS}}, EPERM},
        {"FIONREAD of no descriptor", {SYS_ioctl, {(uint64_t) -1, FIONREAD}}, EBADF},
        {"unshare", {SYS_unshare, {CLONE_NEWNS}}, EPERM},
        {"setns", {SYS_setns, {(uint64_t) -1, 0}}, EPERM},
        {"mount", {SYS_mount, {}}, EPERM},
        {"umount2", {SYS_umount2, {}}, EPERM},
        {"pivot_root", {SYS_pivot_root, {}}, EPERM},
        {"chroot", {SYS_chroot, {}}, EPERM},
        {"open_tree", {428, {(uint64_t) -1}}, EPERM},
        {"move_mount", {429, {(uint64_t) -1}}, EPERM},
        {"fsopen", {430, {}}, EPERM},
        {"fsconfig", {431, {(uint64_t) -1}}, EPERM},
        {"fsmount", {432, {(uint64_t) -1}}, EPERM},
        {"fspick", {433, {(uint64_t) -1}}, EPERM},
        {"mount_setattr", {442, {(uint64_t) -1}}, EPERM},
        {"clone3", {SYS_CLONE3, {0, 0}}, ENOSYS},
        {"io_uring_setup", {425, {1, 0}}, EPERM},
        {"io_uring_enter", {426, {(uint64_t) -1}}, EPERM},
        {"io_uring_register", {427, {(uint64_t) -1}}, EPERM},
        {"bpf", {SYS_bpf, {}}, EPERM},
        {"perf_event_open", {SYS_perf_event_open, {}}, EPERM},
        {"ptrace", {SYS_ptrace, {}}, EPERM},
        {"process_vm_readv", {SYS_process_vm_readv, {}}, EPERM},
        {"pidfd_getfd", {438, {(uint64_t) -1}}, EPERM},
        {"keyctl", {SYS_keyctl, {}}, EPERM},
        {"add_key", {SYS_add_key, {}}, EPERM},
        {"request_key", {SYS_request_key, {}}, EPERM},
        {"userfaultfd", {SYS_userfaultfd, {}}, EPERM},
        {"name_to_handle_at", {SYS_name_to_handle_at, {}}, EPERM},
        {"open_by_handle_at", {SYS_open_by_handle_at, {}}, EPERM},
        {"init_module", {SYS_init_module, {}}, EPERM},
        {"kexec_load", {SYS_kexec_load, {}}, EPERM},
        {"reboot", {SYS_reboot, {}}, EPERM},
        {"kcmp", {SYS_kcmp, {}}, EPERM},
        {"sched_setattr", {SYS_sched_setattr, {}}, EPERM},
        {"SCHED_FIFO", {SYS_sched_setscheduler, {0, SCHED_FIFO, 0}}, EPERM},
        {"SCHED_RR, reset on fork", {SYS_sched_setscheduler, {0, 0x40000000 | SCHED_RR, 0}}, EPERM},
        {"SCHED_DEADLINE", {SYS_sched_setscheduler, {0, 6, 0}}, EPERM},
        {"SCHED_NORMAL without parameters", {SYS_sched_setscheduler, {0, SCHED_NORMAL, 0}}, EINVAL},
        {"personality: question", {SYS_personality, {0xffffffff}}, 0},
        {"personality: Linux", {SYS_personality, {0}}, 0},
        {"personality: no randomisation", {SYS_personality, {0x0040000}}, EPERM},
        {"personality: read implies exec", {SYS_personality, {0x0400000}}, EPERM},
        {"personality: all but bit 31", {SYS_personality, {0x7fffffff}}, EPERM},
        {"personality: all but bit 0", {SYS_personality, {0xfffffffe}}, EPERM},
        {"personality: bit 0", {SYS_personality, {1}}, EPERM},
        {"fchmodat set-user-id", {SYS_fchmodat, {AT_FDCWD & 0xffffffff, 0, 04755}}, EPERM},
        {"fchmodat plain", {SYS_fchmodat, {(uint64_t) AT_FDCWD, 0, 0755}}, EFAULT},
        {"fchmod set-group-id", {SYS_fchmod, {(uint64_t) -1, 02755}}, EPERM},
        {"fchmod plain", {SYS_fchmod, {(uint64_t) -1, 01755}}, EBADF},
        {"mkdirat set-group-id", {SYS_mkdirat, {(uint64_t) AT_FDCWD, 0, 02755}}, EPERM},
        {"openat set-user-id", {SYS_openat, {(uint64_t) AT_FDCWD, 0, O_CREAT, 04755}}, EPERM},
        {"openat, mode not used", {SYS_openat, {(uint64_t) AT_FDCWD, 0, O_RDONLY, 04755}}, EFAULT},
        {"openat O_TMPFILE set-group-id",
         {SYS_openat, {(uint64_t) AT_FDCWD, 0, O_TMPFILE | O_WRONLY, 02755}},
         EPERM},
        {"openat O_DIRECTORY, mode not used",
         {SYS_openat, {(uint64_t) AT_FDCWD, 0, O_DIRECTORY, 02755}},
         EFAULT},
        {"openat2 hides its mode", {SYS_openat2, {(uint64_t) AT_FDCWD, 0, 0, 24}}, ENOSYS},
        {"mknodat character", {SYS_mknodat, {(uint64_t) AT_FDCWD, 0, S_IFCHR | 0600, 0}}, EPERM},
        {"mknodat block", {SYS_mknodat, {(uint64_t) AT_FDCWD, 0, S_IFBLK | 0600, 0}}, EPERM},
        {"mknodat FIFO", {SYS_mknodat, {(uint64_t) AT_FDCWD, 0, S_IFIFO | 0600, 0}}, EFAULT},
        {"mknodat FIFO set-user-id",
         {SYS_mknodat, {(uint64_t) AT_FDCWD, 0, S_IFIFO | 04600, 0}},
         EPERM},
        {"socketpair of local sockets", {SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, 0}}, EFAULT},
        {"socketpair of VSOCK", {SYS_socketpair, {AF_VSOCK, SOCK_STREAM, 0, 0}}, EAFNOSUPPORT},
        {"netlink for audit", {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_AUDIT}}, EINVAL},
        {"netlink for audit, high bits",
         {SYS_socket, {HIGH | AF_NETLINK, SOCK_RAW, HIGH | NETLINK_AUDIT}},
         EINVAL},
        {"netlink route", {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}}, 0},
        {"fchmodat2 is newer than libseccomp",
         {SYS_FCHMODAT2, {(uint64_t) AT_FDCWD, 0, 04755, 0}},
         EPERM},
#ifdef SYS_chmod
        {"chmod set-user-id", {SYS_chmod, {0, 04755}}, EPERM},
        {"open set-user-id", {SYS_open, {0, O_CREAT, 04755}}, EPERM},
        {"open, mode not used", {SYS_open, {0, O_RDONLY, 04755}}, EFAULT},
        {"creat set-group-id", {SYS_creat, {0, 02755}}, EPERM},
        {"mknod character", {SYS_mknod, {0, S_IFCHR, 0}}, EPERM},
#endif
#ifdef __x86_64__
        {"x32 getpid", {X32_BIT | SYS_getpid, {}}, KILLED},
        {"iopl", {SYS_iopl, {3}}, EPERM},
#endif
};

START_TEST(probe_gives_what_the_profile_says) {
        int fault = probe(&arguments, &calls, &probes[_i].call);

        ck_assert_msg(fault == probes[_i].expected, "%s: %s instead of %s", probes[_i].what,
                      fault == KILLED ? "killed" : strerrorname_np(fault),
                      probes[_i].expected == KILLED ? "killed"
                                                    : strerrorname_np(probes[_i].expected));
}
END_TEST

static const uint64_t namespace_flags[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                           CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
                                           CLONE_NEWNET};

START_TEST(clone_with_a_namespace_is_denied) {
        const Call call = {SYS_clone, {namespace_flags[_i] | SIGCHLD, 0, 0, 0}};
        const Call high = {SYS_clone, {HIGH | namespace_flags[_i] | CLONE_VM | CLONE_VFORK, 0}};

        ck_assert_int_eq(probe(&arguments, &calls, &call), EPERM);
        ck_assert_int_eq(probe(&arguments, &calls, &high), EPERM);
}
END_TEST

START_TEST(clone_as_fork_works) {
        const Call call = {SYS_clone, {SIGCHLD, 0, 0, 0}};

        ck_assert_int_eq(probe(&arguments, &calls, &call), 0);
}
END_TEST

/* With and without bits that the kernel does not look at. */
START_TEST(only_four_families_pass) {
        const bool allowed = _i == AF_UNIX || _i == AF_INET || _i == AF_INET6 || _i == AF_NETLINK;
        const uint64_t spellings[] = {(uint64_t) _i, HIGH | (uint64_t) _i};

        for (size_t i = 0; i < ELEMENTS(spellings); i++) {
                const Call call = {SYS_socket, {spellings[i], SOCK_RAW, 0}};
                int fault = probe(&arguments, NULL, &call);

                if (allowed) {
                        ck_assert_int_ne(fault, EAFNOSUPPORT);
                } else {
                        ck_assert_int_eq(fault, EAFNOSUPPORT);
                }
        }
}
END_TEST

START_TEST(large_families_do_not_wrap) {
        /* one bit far up and a family that is allowed at the bottom */
        const Call call = {SYS_socket, {UINT64_C(1) << _i | AF_INET, SOCK_DGRAM, 0}};

        ck_assert_int_eq(probe(&arguments, NULL, &call), _i < 32 ? EAFNOSUPPORT : 0);
}
END_TEST

START_TEST(netlink_is_routing_alone) {
        const Call call = {SYS_socket, {AF_NETLINK, SOCK_RAW, (uint64_t) _i}};
        int expected = _i == NETLINK_ROUTE ? 0 : _i == NETLINK_AUDIT ? EINVAL : EPROTONOSUPPORT;

        ck_assert_int_eq(probe(&arguments, &calls, &call), expected);
}
END_TEST

/* New calls come without anybody's asking (CVE-2021-41133): what this libseccomp does not know is
 * not there, and what it knows is denied unless the profile names it. */
START_TEST(new_numbers_are_not_let_through) {
        const Call call = {440 + _i, {(uint64_t) -1, (uint64_t) -1, 0, (uint64_t) -1}};
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int) call.number);
        bool named = false;

        for (const char *const *each = syscall_default_profile; name && *each; each++) {
                named |= streq(*each, name);
        }
        if (!named) {
                ck_assert_int_eq(probe(&calls, NULL, &call), name ? EPERM : ENOSYS);
        }
        free(name);
}
END_TEST

#define MAP (PROT_READ | PROT_WRITE)
#define NOWHERE ((uint64_t) -1)

/* What the directives change, and what they leave. */
static const struct {
        const char *directives;
        Call call;
        int expected;
} cases[] = {
        {"SystemCallFilter=~@network-io", {SYS_socket, {}}, EPERM},
        {"SystemCallFilter=~@network-io", {SYS_getppid, {}}, 0},
        {"SystemCallFilter=@basic-io", {SYS_getppid, {}}, 0}, /* by the implied @default */
        {"SystemCallFilter=@basic-io", {SYS_sync, {}}, EPERM},
        {"SystemCallFilter=@basic-io sync", {SYS_sync, {}}, 0},
        {"SystemCallFilter=@sync\nSystemCallFilter=~sync", {SYS_sync, {}}, EPERM},
        {"SystemCallFilter=~sync\nSystemCallFilter=sync", {SYS_sync, {}}, 0},
        {"SystemCallFilter=@basic-io mount", {SYS_mount, {}}, EFAULT},
        {"SystemCallFilter=~", {SYS_mount, {}}, EFAULT},
        {"SystemCallFilter=~\nSystemCallFilter=~mount", {SYS_mount, {}}, EPERM},
        {"SystemCallFilter=~\nSystemCallFilter=~mount", {SYS_sync, {}}, 0},
        {"SystemCallFilter=~", {600, {}}, ENOSYS},
        {"SystemCallFilter=~", {SYS_CLONE3, {}}, ENOSYS},
        {"SystemCallFilter=@process", {SYS_CLONE3, {}}, ENOSYS},
        {"SystemCallFilter=~", {SYS_unshare, {}}, 0}, /* of nothing: no flag is denied */

        {"SystemCallFilter=~sync:EUCLEAN", {SYS_sync, {}}, EUCLEAN},
        {"SystemCallFilter=~sync:77", {SYS_sync, {}}, 77},
        {"SystemCallFilter=~sync:kill", {SYS_sync, {}}, KILLED},
        {"SystemCallFilter=~sync:kill", {SYS_mount, {}}, EPERM},
        {"SystemCallFilter=~@mount:EACCES chroot", {SYS_mount, {}}, EACCES},
        {"SystemCallFilter=~@mount:EACCES chroot", {SYS_chroot, {}}, EPERM},
        {"SystemCallFilter=@basic-io @sync sync:ENOSYS", {SYS_sync, {}}, ENOSYS},
        {"SystemCallFilter=~\nSystemCallFilter=~sync:EACCES", {SYS_sync, {}}, EACCES},
        {"SystemCallErrorNumber=EACCES", {SYS_mount, {}}, EACCES},
        {"SystemCallErrorNumber=ENOSYS", {SYS_mount, {}}, ENOSYS},
        {"SystemCallErrorNumber=kill", {SYS_mount, {}}, KILLED},
        {"SystemCallErrorNumber=kill", {SYS_getppid, {}}, 0},
        {"SystemCallErrorNumber=kill", {600, {}}, ENOSYS},
        {"SystemCallErrorNumber=kill\nSystemCallFilter=~sync:EBADF", {SYS_sync, {}}, EBADF},
        {"SystemCallErrorNumber=kill", {SYS_socket, {AF_VSOCK, SOCK_STREAM}}, EAFNOSUPPORT},

        {"RestrictNamespaces=no", {SYS_unshare, {CLONE_NEWNS}}, ALLOWED},
        {"RestrictNamespaces=no", {SYS_setns, {NOWHERE, 0}}, EBADF},
        {"RestrictNamespaces=no", {SYS_clone, {CLONE_NEWUTS | CLONE_FS | CLONE_NEWNS}}, EINVAL},
        {"RestrictNamespaces=pid net", {SYS_unshare, {CLONE_NEWPID}}, ALLOWED},
        {"RestrictNamespaces=pid net", {SYS_unshare, {CLONE_NEWNET}}, ALLOWED},
        {"RestrictNamespaces=pid net", {SYS_unshare, {CLONE_NEWUSER}}, EPERM},
        {"RestrictNamespaces=pid net", {SYS_unshare, {CLONE_NEWNET | CLONE_NEWUSER}}, EPERM},
        {"RestrictNamespaces=pid net", {SYS_unshare, {HIGH | CLONE_NEWUSER}}, EPERM},
        {"RestrictNamespaces=pid net", {SYS_clone, {CLONE_NEWUSER | SIGCHLD}}, EPERM},
        {"RestrictNamespaces=pid net", {SYS_setns, {NOWHERE, CLONE_NEWNET}}, EBADF},
        {"RestrictNamespaces=pid net", {SYS_setns, {NOWHERE, CLONE_NEWUSER}}, EPERM},
        {"RestrictNamespaces=pid net", {SYS_setns, {NOWHERE, 0}}, EPERM}, /* of any kind */
        {"RestrictNamespaces=pid net", {SYS_setns, {NOWHERE, HIGH}}, EPERM},
        {"RestrictNamespaces=pid\nRestrictNamespaces=uts", {SYS_unshare, {CLONE_NEWUTS}}, ALLOWED},
        {"RestrictNamespaces=~user", {SYS_unshare, {CLONE_NEWUSER}}, EPERM},
        {"RestrictNamespaces=~user", {SYS_unshare, {CLONE_NEWIPC}}, ALLOWED},
        {"RestrictNamespaces=~user mnt", {SYS_unshare, {CLONE_NEWNS}}, EPERM},
        {"RestrictNamespaces=yes\nRestrictNamespaces=~user", {SYS_setns, {NOWHERE, 0}}, EPERM},
        {"RestrictNamespaces=no", {SYS_CLONE3, {0, 0}}, ENOSYS},
        {"RestrictNamespaces=no\nSystemCallFilter=@basic-io", {SYS_unshare, {0}}, EPERM},
        {"RestrictNamespaces=no\nSystemCallFilter=~unshare", {SYS_unshare, {0}}, EPERM},
        {"RestrictNamespaces=~time", {SYS_unshare, {CLONE_NEWTIME}}, EPERM},

        {"RestrictAddressFamilies=AF_UNIX", {SYS_socket, {AF_INET, SOCK_DGRAM}}, EAFNOSUPPORT},
        {"RestrictAddressFamilies=AF_UNIX", {SYS_socket, {AF_UNIX, SOCK_DGRAM}}, 0},
        {"RestrictAddressFamilies=none", {SYS_socket, {AF_UNIX, SOCK_DGRAM}}, EAFNOSUPPORT},
        {"RestrictAddressFamilies=none", {SYS_socketpair, {AF_UNIX, SOCK_DGRAM}}, EAFNOSUPPORT},
        {"RestrictAddressFamilies=none\nRestrictAddressFamilies=AF_UNIX",
         {SYS_socket, {AF_UNIX, SOCK_DGRAM}},
         0},
        {"RestrictAddressFamilies=~AF_INET6", {SYS_socket, {AF_INET6, SOCK_DGRAM}}, EAFNOSUPPORT},
        {"RestrictAddressFamilies=~AF_INET6", {SYS_socket, {AF_INET, SOCK_DGRAM}}, 0},
        {"RestrictAddressFamilies=~AF_INET6", {SYS_socket, {AF_VSOCK, SOCK_DGRAM}}, EAFNOSUPPORT},
        {"RestrictAddressFamilies=AF_UNIX AF_PACKET",
         {SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
         ALLOWED},
        {"RestrictAddressFamilies=AF_UNIX AF_NETLINK",
         {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_XFRM}},
         EPROTONOSUPPORT},
        {"RestrictAddressFamilies=~", {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_GENERIC}}, 0},
        {"RestrictAddressFamilies=~", {SYS_socket, {200, SOCK_RAW, 0}}, EAFNOSUPPORT},
        {"RestrictAddressFamilies=~\nRestrictAddressFamilies=~AF_NETLINK",
         {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}},
         EAFNOSUPPORT},

        {"RestrictRealtime=no", {SYS_sched_setscheduler, {0, SCHED_FIFO, 0}}, EINVAL},
        {"RestrictRealtime=no", {SYS_sched_setattr, {0, 0}}, EINVAL},
        {"RestrictRealtime=no", {SYS_sched_setparam, {0, 0}}, EINVAL},
        {"", {SYS_sched_setparam, {0, 0}}, EPERM},
        {"RestrictSUIDSGID=no", {SYS_fchmod, {NOWHERE, 04755}}, EBADF},
        {"RestrictSUIDSGID=no", {SYS_openat2, {(uint64_t) AT_FDCWD, 0, 0, 24}}, EFAULT},
        {"RestrictSUIDSGID=no", {SYS_mknodat, {(uint64_t) AT_FDCWD, 0, S_IFCHR, 0}}, EPERM},
        {"SystemCallFilter=@system-service", {SYS_IO_URING_SETUP, {1, 0}}, EPERM},
        {"SystemCallFilter=~", {SYS_IO_URING_SETUP, {1, 0}}, EPERM},
        {"SystemCallFilter=~", {SYS_IO_URING_SETUP + 1, {NOWHERE}}, EPERM},
        {"SystemCallFilter=~\nRestrictSUIDSGID=no", {SYS_IO_URING_SETUP, {1, 0}}, EPERM},
        {"SystemCallFilter=~\nRestrictAddressFamilies=~", {SYS_IO_URING_SETUP, {1, 0}}, EPERM},
        {"SystemCallFilter=~\nRestrictSUIDSGID=no\nRestrictAddressFamilies=~",
         {SYS_IO_URING_SETUP, {1, 0}},
         ALLOWED},
        {"RestrictSUIDSGID=no\nRestrictAddressFamilies=~", {SYS_IO_URING_SETUP, {1, 0}}, EPERM},
        {"MemoryDenyWriteExecute=yes", {SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}}, EPERM},
        {"MemoryDenyWriteExecute=yes", {SYS_mprotect, {0, 0, MAP}}, 0},
        {"MemoryDenyWriteExecute=yes", {SYS_mmap, {0, 4096, MAP | PROT_EXEC, 2}}, EPERM},
        {"MemoryDenyWriteExecute=yes", {SYS_mmap, {0, 0, PROT_READ | PROT_EXEC, 2}}, EINVAL},
        {"MemoryDenyWriteExecute=yes", {SYS_shmat, {NOWHERE, 0, SHM_EXEC}}, EPERM},
        {"MemoryDenyWriteExecute=yes\nSystemCallFilter=~",
         {SYS_pkey_mprotect, {0, 0, PROT_EXEC, 0}},
         EPERM},
        {"", {SYS_mmap, {0, 0, MAP | PROT_EXEC, 2}}, EINVAL},
        {"", {SYS_mprotect, {0, 0, PROT_EXEC}}, 0},
        {"LockPersonality=no", {SYS_personality, {0x0040000}}, 0},
#ifdef __x86_64__
        {"Personality=x86", {SYS_personality, {8}}, 0},
        {"Personality=x86", {SYS_personality, {0xffffffff}}, 0},
        {"Personality=x86", {SYS_personality, {0}}, EPERM},
        {"Personality=x86", {SYS_personality, {0x0040008}}, EPERM},
        {"Personality=x86", {SYS_personality, {9}}, EPERM},
        {"Personality=x86-64", {SYS_personality, {8}}, EPERM},

        /* 20 getpid, 21 mount, 191 ugetrlimit, 195 stat64, 102 socketcall, 359 socket, 310 unshare
         */
        {"", {20, {}, .narrow = true}, KILLED},
        {"SystemCallArchitectures=native", {20, {}, .narrow = true}, KILLED},
        {"SystemCallArchitectures=arm", {20, {}, .narrow = true}, KILLED},
        {"SystemCallArchitectures=x86", {20, {}, .narrow = true}, 0},
        {"SystemCallArchitectures=x86", {SYS_getpid, {}}, 0},
        {"SystemCallArchitectures=x86", {SYS_mount, {}}, EPERM},
        {"SystemCallArchitectures=x86", {X32_BIT | SYS_getpid, {}}, KILLED},
        {"SystemCallArchitectures=x86 x32", {X32_BIT | SYS_getpid, {}}, ALLOWED},
        {"SystemCallArchitectures=x32", {X32_BIT | SYS_mount, {}}, EPERM},
        {"SystemCallArchitectures=x86", {21, {}, .narrow = true}, EPERM},
        {"SystemCallArchitectures=x86", {191, {}, .narrow = true}, EFAULT},
        {"SystemCallArchitectures=x86", {195, {}, .narrow = true}, EFAULT},
        {"SystemCallArchitectures=x86", {102, {1, 0}, .narrow = true}, EAFNOSUPPORT},
        {"SystemCallArchitectures=x86", {359, {AF_VSOCK, 1}, .narrow = true}, EAFNOSUPPORT},
        {"SystemCallArchitectures=x86", {359, {AF_INET, 1}, .narrow = true}, 0},
        {"SystemCallArchitectures=x86", {310, {CLONE_NEWNS}, .narrow = true}, EPERM},
        {"SystemCallArchitectures=x86", {120, {CLONE_NEWNS}, .narrow = true}, EPERM},
        {"SystemCallArchitectures=x86", {435, {0, 0}, .narrow = true}, ENOSYS},
        {"SystemCallArchitectures=x86", {15, {0, 04755}, .narrow = true}, EPERM},
        {"SystemCallArchitectures=x86\nSystemCallFilter=~stat64:EBADF",
         {195, {}, .narrow = true},
         EBADF},
        {"SystemCallArchitectures=x86\nRestrictAddressFamilies=~",
         {102, {1, 0}, .narrow = true},
         EFAULT},
        {"SystemCallArchitectures=x86\nSystemCallFilter=~", {21, {}, .narrow = true}, EFAULT},
#endif
};

START_TEST(directives_do_what_they_say) {
        Spec *spec = spec_with(cases[_i].directives);
        OpBlob first, second;
        int fault;

        make(filter_arguments, spec, &first);
        make(filter_calls, spec, &second);
        fault = probe(&first, &second, &cases[_i].call);
        if (cases[_i].expected == ALLOWED) {
                /* What the kernel says depends on who we are, and is not the filter's. */
                ck_assert_int_ne(fault, KILLED);
                ck_assert_int_eq(fault, probe(&(OpBlob){}, NULL, &cases[_i].call));
        } else {
                ck_assert_msg(fault == cases[_i].expected, "%s, call %ld: %d instead of %d",
                              cases[_i].directives, cases[_i].call.number, fault,
                              cases[_i].expected);
        }
        ck_assert_uint_le(first.size / sizeof(struct sock_filter), OP_SECCOMP_MAX);
        ck_assert_uint_le(second.size / sizeof(struct sock_filter), OP_SECCOMP_MAX);
        free(first.bytes);
        free(second.bytes);
        (void) spec_free(spec);
}
END_TEST

/* Not one filter lets a new namespace through, whatever the unit allows. */
START_TEST(namespaces_stay_denied_without_an_allow_list) {
        const Call call = {SYS_unshare, {namespace_flags[_i]}};

        ck_assert_int_eq(probe(&arguments, NULL, &call), EPERM);
}
END_TEST

static double milliseconds_since(const struct timespec *start) {
        struct timespec now;

        ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
        return (double) (now.tv_sec - start->tv_sec) * 1e3 +
               (double) (now.tv_nsec - start->tv_nsec) / 1e6;
}

START_TEST(programs_fit_and_are_made_in_time) {
        struct timespec start;
        double calls_ms, arguments_ms;
        OpBlob blob;

        ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &start), 0);
        make(filter_calls, defaults, &blob);
        calls_ms = milliseconds_since(&start);
        /* The same spec gives the same bytes: plans can be compared and kept. */
        ck_assert_uint_eq(blob.size, calls.size);
        ck_assert_mem_eq(blob.bytes, calls.bytes, blob.size);
        free(blob.bytes);
        ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &start), 0);
        make(filter_arguments, defaults, &blob);
        arguments_ms = milliseconds_since(&start);
        ck_assert_uint_eq(blob.size, arguments.size);
        ck_assert_mem_eq(blob.bytes, arguments.bytes, blob.size);
        free(blob.bytes);
        printf("calls: %zu instructions, %.2f ms; arguments: %zu instructions, %.2f ms\n",
               calls.size / sizeof(struct sock_filter), calls_ms,
               arguments.size / sizeof(struct sock_filter), arguments_ms);
        ck_assert_uint_le(calls.size / sizeof(struct sock_filter), OP_SECCOMP_MAX);
        ck_assert_uint_le(arguments.size / sizeof(struct sock_filter), OP_SECCOMP_MAX);
}
END_TEST

static void expect_kept(const OpBlob *kept, OpBlob *compiled) {
        ck_assert_uint_eq(kept->size, compiled->size);
        if (kept->size > 0) {
                ck_assert_mem_eq(kept->bytes, compiled->bytes, compiled->size);
        }
        free(compiled->bytes);
}

/* More programs than are kept, twice: what is thrown out is made again, and never another's given.
 */
START_TEST(a_cache_gives_what_is_compiled) {
        static const char *const parts[] = {
                "SystemCallFilter=~read:EBADF", "SystemCallFilter=@file-system",
                "RestrictNamespaces=pid",       "RestrictAddressFamilies=AF_UNIX",
                "SystemCallErrorNumber=kill",   "LockPersonality=no"};
        _cleanup_(filter_cache_freep) FilterCache *cache = NULL;

        ck_assert_int_eq(filter_cache_new(&cache), 0);
        for (unsigned i = 0; i < 100; i++) {
                _cleanup_(str_done) Str text = STR_INIT;
                _cleanup_(spec_freep) Spec *spec = NULL;
                const OpBlob *kept[4];
                OpBlob blob;

                for (unsigned k = 0; k < ELEMENTS(parts); k++) {
                        if ((i % 50) >> k & 1) {
                                ck_assert_int_eq(str_appendf(&text, "%s\n", parts[k]), 0);
                        }
                }
                spec = spec_with(str_text(&text));
                ck_assert_int_eq(filter_cache_get(cache, spec, &kept[0], &kept[1]), 0);
                ck_assert_int_eq(filter_cache_get(cache, spec, &kept[2], &kept[3]), 0);
                ck_assert_ptr_eq(kept[0], kept[2]);
                ck_assert_ptr_eq(kept[1], kept[3]);
                make(filter_arguments, spec, &blob);
                expect_kept(kept[0], &blob);
                make(filter_calls, spec, &blob);
                expect_kept(kept[1], &blob);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("plan/seccomp");
        TCase *tcase = tcase_create("filters");
        SRunner *runner;
        int failed;

        tcase_add_unchecked_fixture(tcase, compile, release);
        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, probe_gives_what_the_profile_says, 0, ELEMENTS(probes));
        tcase_add_loop_test(tcase, clone_with_a_namespace_is_denied, 0, ELEMENTS(namespace_flags));
        tcase_add_test(tcase, clone_as_fork_works);
        tcase_add_loop_test(tcase, only_four_families_pass, 0, 64);
        tcase_add_loop_test(tcase, large_families_do_not_wrap, 5, 63);
        tcase_add_loop_test(tcase, netlink_is_routing_alone, 0, 40);
        tcase_add_loop_test(tcase, new_numbers_are_not_let_through, 0, 170);
        tcase_add_loop_test(tcase, directives_do_what_they_say, 0, ELEMENTS(cases));
        tcase_add_loop_test(tcase, namespaces_stay_denied_without_an_allow_list, 0,
                            ELEMENTS(namespace_flags));
        tcase_add_test(tcase, programs_fit_and_are_made_in_time);
        tcase_add_test(tcase, a_cache_gives_what_is_compiled);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        /* Under the checker's own fork per test this would be two forks a probe. */
        srunner_set_fork_status(runner, CK_NOFORK);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
