/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The filters as the kernel runs them: each probe is one system call in a child that has loaded
 * them. */

#include "plan/filter.h"

#include "plan/filter-cache.h"

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
#include <sys/prctl.h>
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
#define X32_BIT 0x40000000

static OpBlob arguments, calls;

static void compile(void) {
        const ValueList none = {};

        ck_assert_int_eq(filter_arguments(&arguments), 0);
        ck_assert_int_eq(filter_calls(&none, &calls), 0);
}

static void release(void) {
        free(arguments.bytes);
        free(calls.bytes);
        arguments = calls = (OpBlob){};
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
} Call;

/* The errno of each call in a confined child, which comes back through shared memory: what a child
 * may report otherwise depends on the filter. KILLED where it died of it. */
static int probe(const OpBlob *first, const OpBlob *second, const Call *call) {
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                long r;

                if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !load(first) ||
                    (second && !load(second))) {
                        _exit(254);
                }
                r = syscall(call->number, call->arguments[0], call->arguments[1],
                            call->arguments[2], call->arguments[3]);
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
                for (uint64_t type = SOCK_STREAM; type <= SOCK_RAW; type++) {
                        const Call call = {SYS_socket, {spellings[i], type, 0}};
                        int fault = probe(&arguments, NULL, &call);

                        if (allowed) {
                                ck_assert_int_ne(fault, EAFNOSUPPORT);
                        } else {
                                ck_assert_int_eq(fault, EAFNOSUPPORT);
                        }
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

typedef struct FilterCase {
        const char *items[4]; /* a leading ~: inverted */
        long number;
        int expected;
        int clone3; /* in any case */
} FilterCase;

static const FilterCase filter_cases[] = {
        {{"~@network-io"}, SYS_socket, EPERM, ENOSYS},
        {{"~@network-io"}, SYS_getppid, 0, ENOSYS},
        {{"@basic-io"}, SYS_getppid, 0, ENOSYS}, /* by the implied @default */
        {{"@basic-io"}, SYS_sync, EPERM, ENOSYS},
        {{"@basic-io", "sync"}, SYS_sync, 0, ENOSYS},
        {{"@sync", "~sync"}, SYS_sync, EPERM, ENOSYS},
        {{"~sync", "sync"}, SYS_sync, 0, ENOSYS},
        {{"@basic-io", "mount"}, SYS_mount, EFAULT, ENOSYS},
        {{"~"}, SYS_mount, EFAULT, ENOSYS},
        {{"~", "~mount"}, SYS_mount, EPERM, ENOSYS},
        {{"~", "~mount"}, SYS_sync, 0, ENOSYS},
        {{"~"}, 600, ENOSYS, ENOSYS},
        {{"~"}, SYS_unshare, 0, ENOSYS}, /* of nothing: no flag is denied */
};

START_TEST(lists_replace_and_subtract) {
        const FilterCase *each = &filter_cases[_i];
        ValueItem items[ELEMENTS(each->items)] = {};
        ValueList list = {.items = items};
        const Call call = {each->number, {}}, clone3 = {SYS_CLONE3, {}};
        OpBlob blob;

        for (; list.n < ELEMENTS(each->items) && each->items[list.n]; list.n++) {
                const char *text = each->items[list.n];

                items[list.n].flags = text[0] == '~' ? VALUE_INVERTED : 0;
                items[list.n].text = (char *) text + (text[0] == '~' ? 1 : 0);
        }
        ck_assert_int_eq(filter_calls(&list, &blob), 0);
        ck_assert_int_eq(probe(&arguments, &blob, &call), each->expected);
        ck_assert_int_eq(probe(&arguments, &blob, &clone3), each->clone3);
        free(blob.bytes);
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
        const ValueList none = {};
        OpBlob blob;

        ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &start), 0);
        ck_assert_int_eq(filter_calls(&none, &blob), 0);
        calls_ms = milliseconds_since(&start);
        /* The same spec gives the same bytes: plans can be compared and kept. */
        ck_assert_uint_eq(blob.size, calls.size);
        ck_assert_mem_eq(blob.bytes, calls.bytes, blob.size);
        free(blob.bytes);
        ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &start), 0);
        ck_assert_int_eq(filter_arguments(&blob), 0);
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

/* More lists than are kept, twice: what is thrown out is made again, and never another's given. */
START_TEST(a_cache_gives_what_is_compiled) {
        static const char *const names[] = {"read", "@file-system", "kexec_load", ""};
        _cleanup_(filter_cache_freep) FilterCache *cache = NULL;

        ck_assert_int_eq(filter_cache_new(&cache), 0);
        for (unsigned i = 0; i < 100; i++) {
                ValueItem items[6] = {};
                const ValueList list = {.items = items, .n = i % 50 % ELEMENTS(items)};
                const OpBlob *kept, *again;
                OpBlob blob;

                for (unsigned k = 0; k < list.n; k++) {
                        unsigned choice = (i % 50) >> k;

                        items[k].text = (char *) names[choice % ELEMENTS(names)];
                        items[k].flags = choice & 8 || !*items[k].text ? VALUE_INVERTED : 0;
                }
                ck_assert_int_eq(filter_calls(&list, &blob), 0);
                ck_assert_int_eq(filter_cache_calls(cache, &list, &kept), 0);
                ck_assert_int_eq(filter_cache_calls(cache, &list, &again), 0);
                ck_assert_ptr_eq(kept, again);
                ck_assert_uint_eq(kept->size, blob.size);
                ck_assert_mem_eq(kept->bytes, blob.bytes, blob.size);
                free(blob.bytes);
        }
        ck_assert_uint_eq(filter_cache_arguments(cache)->size, arguments.size);
        ck_assert_mem_eq(filter_cache_arguments(cache)->bytes, arguments.bytes, arguments.size);
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
        tcase_add_loop_test(tcase, lists_replace_and_subtract, 0, ELEMENTS(filter_cases));
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
