/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delegate= on cgroups below the own one, where this host has cgroup2: the way it goes, and each
 * step failing. Needs root. */

#include "helper/delegate.h"

#include "base/fd.h"
#include "helper/helper.h"
#include "kern/process.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "delegated.sandbox"

static Helper helper;
static Sandbox sandbox;
static int above = -EBADF; /* the base of all sandboxes in cgroup2 */

static Plan *plan_with(uint32_t controllers, bool all) {
        Plan *plan = plan_new();
        Op *op;

        ck_assert_ptr_nonnull(plan);
        ck_assert_int_eq(plan_add_empty(plan, OP_CGROUP, OP_ORIGIN_NONE, &op), 0);
        op->args[0].string = strdup(NAME);
        ck_assert_int_eq(plan_add_empty(plan, OP_DELEGATE, OP_ORIGIN_NONE, &op), 0);
        op->args[0].u64 = controllers;
        op->args[1].u64 = all;
        return plan;
}

static pid_t fork_waiting(void) {
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        while (pid == 0) {
                (void) pause();
        }
        return pid;
}

static void set_up(void) {
        CgroupFault fault;

        helper = (Helper){};
        sandbox = (Sandbox){.helper = &helper,
                            .cgroup = -EBADF,
                            .payload = -EBADF,
                            .init = PROCESS_NONE,
                            .relay = PROCESS_NONE};
        helper.ground.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(helper.ground.proc, 0);
        cgroup_base_init(&helper.cgroups);
        ck_assert_int_eq(cgroup_base_make(&helper.cgroups), 0);
        above = helper.cgroups.fds[CGROUP_HIERARCHY_UNIFIED];
        ck_assert_msg(above >= 0, "this host has no cgroup2");
        sandbox.plan = plan_with(0, true);
        ck_assert_int_eq(cgroup_set_make(&helper.cgroups, sandbox.plan, &sandbox.cgroups, &fault),
                         0);
        sandbox.cgroup = cgroup_open_at(above, NAME);
        ck_assert_int_ge(sandbox.cgroup, 0);
        sandbox.init.pid = fork_waiting();
        sandbox.relay.pid = fork_waiting();
        ck_assert_int_eq(cgroup_attach(sandbox.cgroup, sandbox.init.pid), 0);
        ck_assert_int_eq(cgroup_attach(sandbox.cgroup, sandbox.relay.pid), 0);
}

/* Whatever a test did: it ends with the cgroup. */
static void tear_down(void) {
        ck_assert_int_eq(cgroup_kill(sandbox.cgroup), 0);
        ck_assert_int_eq(kill(sandbox.init.pid, 0), 0);
        ck_assert_int_eq(waitpid(sandbox.init.pid, NULL, 0), sandbox.init.pid);
        ck_assert_int_eq(waitpid(sandbox.relay.pid, NULL, 0), sandbox.relay.pid);
        (void) fd_close(sandbox.payload);
        (void) fd_close(sandbox.cgroup);
        if (cgroup_set_is_empty(&sandbox.cgroups)) {
                ck_assert_int_eq(cgroup_remove(above, NAME), 0);
        } else {
                ck_assert_int_eq(cgroup_set_remove(&helper.cgroups, &sandbox.cgroups), 0);
        }
        ck_assert_int_eq(cgroup_open_at(above, NAME), -ENOENT);
        cgroup_base_done(&helper.cgroups);
        (void) fd_close(helper.ground.proc);
        plan_free(sandbox.plan);
}

static int make(LaunchGo *go, int64_t *op, const char **object) {
        *go = LAUNCH_GO_NONE;
        *op = -1;
        *object = NULL;
        return delegate_make(&sandbox, go, op, object);
}

/* What failed, on what, and that nobody is let go. */
static void make_fails(int fault, const char *on) {
        const char *object;
        int64_t op;
        LaunchGo go;

        ck_assert_int_eq(make(&go, &op, &object), fault);
        ck_assert_int_eq(sandbox.plan->ops[op].kind, OP_DELEGATE);
        ck_assert_str_eq(object, on);
        ck_assert(go.payload < 0 && go.enter < 0 && go.leave < 0);
}

static size_t count(int cgroup_fd) {
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;

        ck_assert_int_eq(cgroup_read_pids(cgroup_fd, &pids, &n), 0);
        return n;
}

static void check_number(const char *file, const char *number) {
        _cleanup_free_ char *text = NULL;

        ck_assert_int_eq(file_read_at(sandbox.cgroup, file, 64, &text, NULL), 0);
        ck_assert_str_eq(text, number);
}

START_TEST(both_leaves_are_made) {
        _cleanup_fd_ int ours = -EBADF;
        const char *object;
        int64_t op;
        LaunchGo go;

        ck_assert_int_eq(make(&go, &op, &object), 0);
        ck_assert_int_eq(go.payload, sandbox.payload);
        ck_assert(go.enter >= 0 && go.leave >= 0);
        ours = cgroup_open_at(sandbox.cgroup, "supervisor");
        ck_assert_int_ge(ours, 0);
        ck_assert_uint_eq(count(sandbox.cgroup), 0);
        ck_assert_uint_eq(count(ours), 2);
        ck_assert_uint_eq(count(sandbox.payload), 0);
        check_number("cgroup.max.depth", "13\n");
        check_number("cgroup.max.descendants", "1026\n");
        /* To and fro. */
        ck_assert_int_eq(cgroup_attach(sandbox.payload, sandbox.init.pid), 0);
        ck_assert_uint_eq(count(sandbox.payload), 1);
        (void) fd_close(go.enter);
        (void) fd_close(go.leave);
}
END_TEST

/* Hidden, deep, and full of processes: found by those who signal, count and remove. */
START_TEST(what_the_workload_made_is_found) {
        _cleanup_fd_ int hidden = -EBADF;
        const char *object;
        int64_t op;
        LaunchGo go;

        ck_assert_int_eq(make(&go, &op, &object), 0);
        ck_assert_int_eq(mkdirat(sandbox.payload, "a", 0755), 0);
        ck_assert_int_eq(mkdirat(sandbox.payload, "a/.hidden", 0755), 0);
        ck_assert_int_eq(mkdirat(sandbox.payload, "a/.hidden/..deep", 0755), 0);
        hidden = openat(sandbox.payload, "a/.hidden/..deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(hidden, 0);
        ck_assert(!cgroup_is_empty(sandbox.cgroup));
        ck_assert_int_eq(cgroup_attach(hidden, sandbox.relay.pid), 0);
        ck_assert(!cgroup_is_empty(sandbox.payload));
        /* All but one, by a signal that the others die of. */
        ck_assert_int_eq(cgroup_signal(sandbox.cgroup, SIGUSR1, &sandbox.init.pid, 1), 0);
        ck_assert_int_eq(waitpid(sandbox.relay.pid, NULL, 0), sandbox.relay.pid);
        ck_assert_int_eq(waitpid(sandbox.init.pid, NULL, WNOHANG), 0);
        ck_assert(cgroup_is_empty(sandbox.payload));
        sandbox.relay.pid = fork_waiting();
        ck_assert_int_eq(cgroup_attach(hidden, sandbox.relay.pid), 0);
        (void) fd_close(go.enter);
        (void) fd_close(go.leave);
}
END_TEST

START_TEST(a_scope_that_is_not_marked_is_not_divided) {
        cgroup_set_done(&sandbox.cgroups);
        make_fails(-EPERM, "user.delegate");
        ck_assert_uint_eq(count(sandbox.cgroup), 2);
        ck_assert_int_eq(cgroup_open_at(sandbox.cgroup, "supervisor"), -ENOENT);
}
END_TEST

START_TEST(what_is_in_the_way_is_not_taken) {
        static const char *const leaves[] = {"supervisor", "payload"};

        ck_assert_int_eq(mkdirat(sandbox.cgroup, leaves[_i], 0755), 0);
        make_fails(-EEXIST, leaves[_i]);
}
END_TEST

START_TEST(a_missing_controller_is_named) {
        plan_free(sandbox.plan);
        /* Of no hierarchy that ever was on cgroup2. */
        sandbox.plan = plan_with(UINT32_C(1) << CGROUP_HIERARCHY_FREEZER, true);
        make_fails(-EOPNOTSUPP, "freezer");
        ck_assert_int_eq(cgroup_open_at(sandbox.cgroup, "payload"), -ENOENT);
}
END_TEST

START_TEST(without_an_init_nothing_is_divided) {
        pid_t pid = sandbox.init.pid;

        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        make_fails(-ESRCH, "supervisor");
        sandbox.init.pid = fork_waiting();
        ck_assert_int_eq(cgroup_attach(sandbox.cgroup, sandbox.init.pid), 0);
}
END_TEST

START_TEST(without_cgroup2_nothing_is_divided) {
        int unified = sandbox.cgroup;
        const char *object;
        int64_t op;
        LaunchGo go;

        sandbox.cgroup = -EBADF;
        ck_assert_int_eq(make(&go, &op, &object), -EOPNOTSUPP);
        sandbox.cgroup = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_eq(make(&go, &op, &object), -EOPNOTSUPP);
        (void) fd_close(sandbox.cgroup);
        sandbox.cgroup = unified;
}
END_TEST

int main(void) {
        Suite *suite = suite_create("helper/delegate");
        TCase *tcase = tcase_create("leaves");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, both_leaves_are_made);
        tcase_add_test(tcase, what_the_workload_made_is_found);
        tcase_add_test(tcase, a_scope_that_is_not_marked_is_not_divided);
        tcase_add_loop_test(tcase, what_is_in_the_way_is_not_taken, 0, 2);
        tcase_add_test(tcase, a_missing_controller_is_named);
        tcase_add_test(tcase, without_an_init_nothing_is_divided);
        tcase_add_test(tcase, without_cgroup2_nothing_is_divided);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
