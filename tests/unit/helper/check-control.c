/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can be done to a sandbox while it runs: a real helper is asked for it over its socket. Needs
 * root. */

#include "desk.h"

#include "base/cgroup.h"
#include "base/str.h"
#include "op/limit.h"
#include "op/text-limit.h"
#include "wire/plan.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME DESK_NAME

static Desk desk;

static void set_up(void) {
        desk_make(&desk, NULL);
        desk_connect(&desk);
}

static void tear_down(void) {
        desk_remove(&desk);
}

static void freeze(uint64_t freeze) {
        ControlMessage message;

        desk_send(&desk, CONTROL_FREEZE, 1, freeze, 0);
        desk_expect(&desk, CONTROL_FROZEN, &message);
        ck_assert_uint_eq(message.serial, desk.serial);
        ck_assert_uint_eq(message.numbers[FROZEN_FROZEN], freeze);
}

/* What the kernel says of the cgroup of a process. */
static bool is_frozen(pid_t pid) {
        CgroupMode mode = cgroup_mode_detect();
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_fd_ int fd = -EBADF;

        ck_assert_int_eq(cgroup_of_pid(mode, pid, CGROUP_HIERARCHY_UNIFIED, &path), 0);
        fd = cgroup_open(mode, CGROUP_HIERARCHY_UNIFIED, path);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(file_read_at(fd, "cgroup.events", 4096, &text, NULL), 0);
        return strstr(text, "frozen 1") != NULL;
}

static bool is_silent(int msec) {
        struct pollfd wait = {.fd = desk.socket, .events = POLLIN};

        return poll(&wait, 1, msec) == 0;
}

static void expect_listed(uint64_t freezer) {
        ControlMessage message;

        desk_send(&desk, CONTROL_LIST, 0, 0, 0);
        desk_expect(&desk, CONTROL_SANDBOX, &message);
        ck_assert_uint_eq(message.numbers[SANDBOX_FREEZER], freezer);
        control_message_done(&message);
        desk_expect(&desk, CONTROL_LISTED, NULL);
}

START_TEST(frozen_stands_still_until_it_is_thawed) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");
        ControlMessage running;
        pid_t pid;

        desk_run(&desk, 1, NAME, plan, &running);
        pid = (pid_t) running.numbers[RUNNING_MAIN_PID];
        control_message_done(&running);
        ck_assert(!is_frozen(pid));
        expect_listed(FREEZER_RUNNING);
        freeze(1);
        ck_assert(is_frozen(pid));
        expect_listed(FREEZER_FROZEN);
        freeze(1); /* again: it is so */
        desk_exec(&desk, 1, 7, "exit 0");
        desk_expect_refused(&desk, EBUSY);
        desk_send(&desk, CONTROL_KILL, 1, SIGTERM, KILL_ALL);
        ck_assert(is_silent(300));
        desk_send(&desk, CONTROL_FREEZE, 1, 0, 0);
        desk_expect(&desk, CONTROL_FROZEN, NULL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGTERM);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(frozen_outlives_its_manager_and_can_be_killed) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");

        desk_run(&desk, 1, NAME, plan, NULL);
        freeze(1);
        desk_disconnect(&desk);
        desk_connect(&desk);
        expect_listed(FREEZER_FROZEN);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(freeze_out_of_turn_is_refused) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");

        desk_send(&desk, CONTROL_FREEZE, 1, 1, 0);
        desk_expect_refused(&desk, ENOENT);
        desk_start(&desk, 1, NAME, plan);
        desk_expect(&desk, CONTROL_HELD, NULL);
        desk_expect(&desk, CONTROL_READY, NULL);
        desk_send(&desk, CONTROL_FREEZE, 1, 1, 0); /* it could not hear GO */
        desk_expect_refused(&desk, EBUSY);
        desk_send(&desk, CONTROL_GO, 1, 0, 0);
        desk_expect(&desk, CONTROL_RUNNING, NULL);
        desk_send(&desk, CONTROL_FREEZE, 1, 2, 0);
        desk_expect_refused(&desk, EINVAL);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

/* -- limits -- */

static Plan *limits(LimitId first, uint64_t first_value, LimitId second, uint64_t second_value) {
        Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        ck_assert_int_eq(
                plan_add(plan, OP_LIMIT, OP_ORIGIN_NONE, PLACE_NONE, (uint64_t) first, first_value),
                0);
        if (second != first) {
                ck_assert_int_eq(plan_add(plan, OP_LIMIT, OP_ORIGIN_NONE, PLACE_NONE,
                                          (uint64_t) second, second_value),
                                 0);
        }
        return plan;
}

/* Takes both plans. */
static void send_limits(Plan *plan, Plan *undo) {
        ControlMessage message = {
                .type = CONTROL_LIMIT, .serial = ++desk.serial, .id = desk_id(1), .n_fds = 2};

        message.fds[0] = wire_plan_seal(plan);
        message.fds[1] = wire_plan_seal(undo);
        ck_assert_int_ge(message.fds[0], 0);
        ck_assert_int_ge(message.fds[1], 0);
        ck_assert_int_eq(control_send(desk.socket, &message, 0), 0);
        control_message_done(&message);
        plan_free(plan);
        plan_free(undo);
}

static void expect_limited(int fault, uint64_t op) {
        ControlMessage message;

        desk_expect(&desk, CONTROL_LIMITED, &message);
        ck_assert_uint_eq(message.serial, desk.serial);
        ck_assert_int_eq((int) message.numbers[LIMITED_ERRNO], fault);
        if (fault != 0) {
                ck_assert_uint_eq(message.numbers[LIMITED_OP], op);
        }
}

static uint64_t limit_of(pid_t pid, LimitId id) {
        CgroupMode mode = cgroup_mode_detect();
        uint64_t value = 0;

        ck_assert_int_eq(
                limit_read(&limit_table[id], mode, cgroup_controllers(mode, NULL), pid, &value), 0);
        return value;
}

START_TEST(limits_change_while_it_runs) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");
        ControlMessage running;
        pid_t pid;

        desk_run(&desk, 1, NAME, plan, &running);
        pid = (pid_t) running.numbers[RUNNING_MAIN_PID];
        control_message_done(&running);
        send_limits(limits(LIMIT_TASKS_MAX, 20, LIMIT_MEMORY_MAX, 64u << 20),
                    limits(LIMIT_TASKS_MAX, LIMIT_INFINITY, LIMIT_MEMORY_MAX, LIMIT_INFINITY));
        expect_limited(0, 0);
        ck_assert_uint_eq(limit_of(pid, LIMIT_TASKS_MAX), 20);
        ck_assert_uint_eq(limit_of(pid, LIMIT_MEMORY_MAX), 64u << 20);
        /* One that the kernel does not take: the first is as it was. */
        send_limits(limits(LIMIT_TASKS_MAX, 21, LIMIT_CPU_WEIGHT, 10001),
                    limits(LIMIT_TASKS_MAX, 20, LIMIT_CPU_WEIGHT, 100));
        expect_limited(ERANGE, 1);
        ck_assert_uint_eq(limit_of(pid, LIMIT_TASKS_MAX), 20);
        /* On v1 nobody stands in a cgroup of this hierarchy yet. */
        send_limits(limits(LIMIT_CPU_QUOTA, 500000, LIMIT_CPU_QUOTA, 0),
                    limits(LIMIT_CPU_QUOTA, LIMIT_INFINITY, LIMIT_CPU_QUOTA, 0));
        expect_limited(0, 0);
        ck_assert_uint_eq(limit_of(pid, LIMIT_CPU_QUOTA), 500000);
        send_limits(limits(LIMIT_CPU_QUOTA, LIMIT_INFINITY, LIMIT_CPU_QUOTA, 0),
                    limits(LIMIT_CPU_QUOTA, 500000, LIMIT_CPU_QUOTA, 0));
        expect_limited(0, 0);
        ck_assert_uint_eq(limit_of(pid, LIMIT_CPU_QUOTA), LIMIT_INFINITY);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

static Plan *processors(const char *set, uint64_t tasks) {
        Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        ck_assert_int_eq(plan_add(plan, OP_LIMIT_TEXT, OP_ORIGIN_NONE, PLACE_NONE,
                                  (uint64_t) TEXT_LIMIT_ALLOWED_CPUS, set),
                         0);
        if (tasks > 0) {
                ck_assert_int_eq(plan_add(plan, OP_LIMIT, OP_ORIGIN_NONE, PLACE_NONE,
                                          (uint64_t) LIMIT_TASKS_MAX, tasks),
                                 0);
        }
        return plan;
}

static bool processors_are(pid_t pid, const char *set) {
        CgroupMode mode = cgroup_mode_detect();
        _cleanup_free_ char *text = NULL;

        ck_assert_int_eq(text_limit_read(&text_limit_table[TEXT_LIMIT_ALLOWED_CPUS], mode,
                                         cgroup_controllers(mode, NULL), pid, &text),
                         0);
        return text_limit_in_force(set, text);
}

START_TEST(sets_change_and_are_taken_back) {
        CgroupMode mode = cgroup_mode_detect();
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");
        ControlMessage running;
        CgroupHierarchy hierarchy;
        const char *file;
        pid_t pid;

        if (text_limit_locate(&text_limit_table[TEXT_LIMIT_ALLOWED_CPUS], mode,
                              cgroup_controllers(mode, NULL), &hierarchy, &file) < 0) {
                return; /* a host without it; check-changes has the plans */
        }
        desk_run(&desk, 1, NAME, plan, &running);
        pid = (pid_t) running.numbers[RUNNING_MAIN_PID];
        control_message_done(&running);
        send_limits(processors("0", 0), processors("", 0));
        expect_limited(0, 0);
        ck_assert(processors_are(pid, "0"));
        /* no host has so many: all is as it was, with what was changed before it */
        send_limits(processors("8000", 0), processors("0", 0));
        expect_limited(ERANGE, 0);
        ck_assert(processors_are(pid, "0"));
        send_limits(processors("", 20), processors("0", 20));
        expect_limited(0, 0);
        ck_assert(sysconf(_SC_NPROCESSORS_ONLN) == 1 || !processors_are(pid, "0"));
        ck_assert_uint_eq(limit_of(pid, LIMIT_TASKS_MAX), 20);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(only_limits_can_change) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");

        desk_run(&desk, 1, NAME, plan, NULL);
        send_limits(desk_plan_of(&desk, "exit 0"),
                    limits(LIMIT_TASKS_MAX, 20, LIMIT_TASKS_MAX, 20));
        desk_expect_refused(&desk, EINVAL);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

/* A plan for something else names neither namespaces nor a root: what it runs would be on the host.
 */
START_TEST(plan_of_another_use_is_a_failed_start) {
        static const char *const argv[] = {"/bin/true", NULL};
        _cleanup_(plan_freep) Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        if (_i == 0) {
                ck_assert_int_eq(plan_add(plan, OP_EXEC, OP_ORIGIN_NONE, PLACE_NONE, argv[0], argv,
                                          (uint64_t) 0),
                                 0);
        } else {
                ck_assert_int_eq(plan_add(plan, OP_LIMIT, OP_ORIGIN_NONE, PLACE_NONE,
                                          (uint64_t) LIMIT_TASKS_MAX, (uint64_t) 20),
                                 0);
        }
        desk_start(&desk, 1, NAME, plan);
        desk_expect_failed(&desk, STEP_RECEIVE, EINVAL, -1);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("helper/control");
        TCase *tcase = tcase_create("control");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 120);
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, frozen_stands_still_until_it_is_thawed);
        tcase_add_test(tcase, frozen_outlives_its_manager_and_can_be_killed);
        tcase_add_test(tcase, freeze_out_of_turn_is_refused);
        tcase_add_test(tcase, limits_change_while_it_runs);
        tcase_add_test(tcase, sets_change_and_are_taken_back);
        tcase_add_test(tcase, only_limits_can_change);
        tcase_add_loop_test(tcase, plan_of_another_use_is_a_failed_start, 0, 2);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
