/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What changes the process itself: each test is one of its own. Needs root. */

#include "kern/descriptors.h"
#include "kern/namespace.h"
#include "kern/privilege.h"

#include "base/fd.h"

#include <check.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MASK(capability) (UINT64_C(1) << (capability))

START_TEST(test_maps) {
        static const IdRange ranges[] = {{0, 100000, 1000}, {5000, 0, 1}, {UINT32_MAX - 1, 7, 1}},
                             same[] = {{0, 0, 10}, {20, 20, 5}};
        const IdMap map = {ranges, ELEMENTS(ranges)}, identity = {same, ELEMENTS(same)}, none = {};
        uint32_t id;

        ck_assert(id_map_find(&map, 0, &id) && id == 100000);
        ck_assert(id_map_find(&map, 999, &id) && id == 100999);
        ck_assert(!id_map_find(&map, 1000, &id));
        ck_assert(id_map_find(&map, 5000, &id) && id == 0);
        ck_assert(!id_map_find(&map, 5001, NULL));
        ck_assert(id_map_find(&map, UINT32_MAX - 1, &id) && id == 7);
        ck_assert(!id_map_find(&map, UINT32_MAX, NULL));
        ck_assert(!id_map_find(&none, 0, NULL));
        ck_assert(!id_map_is_identity(&map));
        ck_assert(id_map_is_identity(&identity));
        ck_assert(id_map_is_identity(&none));
}
END_TEST

static const struct {
        size_t size;
        int r;
} filters[] = {
        {0, -EINVAL},
        {7, -EINVAL},
        {9, -EINVAL},
        {(BPF_MAXINSNS + 1) * sizeof(struct sock_filter), -EINVAL},
        {sizeof(struct sock_filter), 0},
        {2 * sizeof(struct sock_filter), 0},
};

START_TEST(test_filter_size) {
        _cleanup_free_ struct sock_filter *program = NULL;
        const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

        program = calloc(BPF_MAXINSNS + 1, sizeof(*program));
        ck_assert_ptr_nonnull(program);
        for (size_t i = 0; i <= BPF_MAXINSNS; i++) {
                program[i] = allow;
        }
        ck_assert_int_eq(privilege_no_new(), 0);
        ck_assert_int_eq(seccomp_load(program, filters[_i].size), filters[_i].r);
        ck_assert_int_eq(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), filters[_i].r == 0 ? 2 : 0);
}
END_TEST

START_TEST(test_capabilities) {
        const uint64_t keep = MASK(CAP_CHOWN) | MASK(CAP_KILL) | MASK(CAP_SETPCAP);
        const Capabilities wanted = {
                .permitted = keep, .effective = keep, .inheritable = MASK(CAP_CHOWN)};
        Capabilities now;

        ck_assert_int_eq(capabilities_get(&now), 0);
        ck_assert_uint_ne(now.permitted & MASK(CAP_SYS_ADMIN), 0);
        ck_assert_int_eq(capabilities_bound(keep), 0);
        ck_assert_int_eq(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0), 1);
        ck_assert_int_eq(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0), 0);
        ck_assert_int_eq(prctl(PR_CAPBSET_READ, CAP_CHECKPOINT_RESTORE, 0, 0, 0), 0);
        ck_assert_int_eq(capabilities_set(&wanted), 0);
        ck_assert_int_eq(capabilities_set_ambient(MASK(CAP_CHOWN)), 0);
        ck_assert_int_eq(
                prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, (unsigned long) CAP_CHOWN, 0, 0), 1);
        ck_assert_int_eq(capabilities_set_ambient(MASK(CAP_KILL)), -EPERM); /* not inheritable */
        ck_assert_int_eq(capabilities_get(&now), 0);
        ck_assert_uint_eq(now.permitted, keep);
        ck_assert_uint_eq(now.inheritable, MASK(CAP_CHOWN));
}
END_TEST

START_TEST(test_locked_root_gains_nothing) {
        const Capabilities none = {};
        Capabilities now;

        ck_assert_int_eq(capabilities_bound(0), 0);
        ck_assert_int_eq(privilege_lock_root(), 0);
        ck_assert_int_eq(privilege_become(0, 0, NULL, 0), 0);
        ck_assert_int_eq(capabilities_set(&none), 0);
        ck_assert_int_eq(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), -1);
        ck_assert_int_eq(capabilities_get(&now), 0);
        ck_assert_uint_eq(now.permitted, 0);
        ck_assert_int_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}
END_TEST

START_TEST(test_become) {
        const gid_t groups[] = {7, 8};
        gid_t have[8];
        uid_t r, e, s;

        ck_assert_int_eq(privilege_become(1234, 5678, groups, ELEMENTS(groups)), 0);
        ck_assert_int_eq(getresuid(&r, &e, &s), 0);
        ck_assert(r == 1234 && e == 1234 && s == 1234);
        ck_assert_int_eq((int) getgid(), 5678);
        ck_assert_int_eq(getgroups(ELEMENTS(have), have), 2);
        ck_assert_int_eq(privilege_become(0, 0, NULL, 0), -EPERM);
}
END_TEST

START_TEST(test_signals_reset) {
        struct sigaction action;
        sigset_t set;

        ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
        ck_assert(signal(SIGRTMIN + 3, SIG_IGN) != SIG_ERR);
        (void) sigfillset(&set);
        ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
        ck_assert_int_eq(signals_reset(), 0);
        ck_assert_int_eq(sigaction(SIGPIPE, NULL, &action), 0);
        ck_assert(action.sa_handler == SIG_DFL);
        ck_assert_int_eq(sigaction(SIGRTMIN + 3, NULL, &action), 0);
        ck_assert(action.sa_handler == SIG_DFL);
        ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &set), 0);
        ck_assert_int_eq(sigismember(&set, SIGTERM), 0);
}
END_TEST

/* In a child: the test itself needs its descriptors. */
START_TEST(test_keep) {
        int status;
        pid_t pid = process_clone(0, -EBADF, NULL);

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                int keep[] = {30, -EBADF, 10, 2, 11, 30};

                for (int i = 9; i < 32; i++) {
                        if (dup2(0, i) < 0) {
                                _exit(2);
                        }
                }
                if (descriptors_keep(keep, ELEMENTS(keep)) < 0) {
                        _exit(3);
                }
                for (int i = 0; i < 40; i++) {
                        bool open = fcntl(i, F_GETFD) >= 0;

                        if (open != (i < 3 || i == 10 || i == 11 || i == 30)) {
                                _exit(i + 50);
                        }
                }
                _exit(descriptor_place(30, 5) == 0 && fcntl(5, F_GETFD) == 0 &&
                                      descriptors_close_from(5) == 0 && fcntl(5, F_GETFD) < 0
                              ? 0
                              : 4);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
}
END_TEST

int main(void) {
        Suite *all = suite_create("privilege");
        TCase *tests = tcase_create("privilege");
        SRunner *runner;
        int failed;

        tcase_add_test(tests, test_maps);
        tcase_add_loop_test(tests, test_filter_size, 0, ELEMENTS(filters));
        tcase_add_test(tests, test_capabilities);
        tcase_add_test(tests, test_locked_root_gains_nothing);
        tcase_add_test(tests, test_become);
        tcase_add_test(tests, test_signals_reset);
        tcase_add_test(tests, test_keep);
        suite_add_tcase(all, tests);
        runner = srunner_create(all);
        srunner_set_fork_status(runner, CK_FORK); /* none of it can be taken back */
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
