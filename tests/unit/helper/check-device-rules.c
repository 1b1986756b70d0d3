/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Device filters of real cgroups, asked from inside: the kernel's list of v1 where this host has
 * it, a program on cgroup2 in any case. Needs root. */

#include "helper/device-rules.h"

#include "base/fd.h"
#include "kern/device-filter.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static CgroupBase base;

static void set_up(void) {
        cgroup_base_init(&base);
        ck_assert_int_eq(cgroup_base_make(&base), 0);
}

static void tear_down(void) {
        cgroup_base_done(&base);
}

static const DeviceRule rules[] = {
        {false, 1, 3, DEVICE_ACCESS_ALL}, /* null */
        {false, 1, 5, DEVICE_READ},       /* zero */
        {true, 7, DEVICE_ANY, DEVICE_READ | DEVICE_MAKE},
};

static int ask(const char *path, unsigned access) {
        _cleanup_fd_ int fd = open(path, O_PATH | O_CLOEXEC);

        return fd < 0 ? -errno : device_filter_ask(fd, access);
}

static int try_open(const char *path, int flags) {
        _cleanup_fd_ int fd = open(path, flags | O_CLOEXEC);

        return fd < 0 ? -errno : 0;
}

/* What does not hold in a process of this cgroup, as a number; 0: all is as the rules say. */
static int look(int cgroup_fd) {
        if (cgroup_attach(cgroup_fd, getpid()) < 0) {
                return 1;
        }
        if (ask("/dev/null", DEVICE_READ | DEVICE_WRITE) != 0 ||
            try_open("/dev/null", O_RDWR) != 0) {
                return 2;
        }
        if (ask("/dev/zero", DEVICE_READ) != 0 || try_open("/dev/zero", O_RDONLY) != 0) {
                return 3;
        }
        if (ask("/dev/zero", DEVICE_WRITE) != -EPERM || try_open("/dev/zero", O_WRONLY) != -EPERM) {
                return 4;
        }
        if (ask("/dev/full", DEVICE_READ) != -EPERM || try_open("/dev/full", O_RDONLY) != -EPERM) {
                return 5;
        }
        return ask("/dev/full", DEVICE_MAKE) != 0 ? 6 : 0;
}

/* fn in a child; what it gives. */
static int in_child(int (*fn)(int cgroup_fd), int cgroup_fd) {
        pid_t pid = fork();
        int status;

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                _exit(fn(cgroup_fd));
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static Plan *plan_with_rules(bool filter, bool make) {
        Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        if (make) {
                ck_assert_int_eq(
                        plan_add(plan, OP_CGROUP, OP_ORIGIN_NONE, PLACE_NONE, "devices.sandbox"),
                        0);
        }
        if (filter) {
                ck_assert_int_eq(
                        plan_add(plan, OP_DEVICE_RULES, OP_ORIGIN_NONE, PLACE_NONE, (uint64_t) 0),
                        0);
        }
        for (size_t i = 0; i < ELEMENTS(rules) && filter; i++) {
                ck_assert_int_eq(plan_add(plan, OP_DEVICE_RULE, OP_ORIGIN_NONE, PLACE_NONE,
                                          (uint64_t) rules[i].block, (uint64_t) rules[i].major,
                                          (uint64_t) rules[i].minor, (uint64_t) rules[i].access),
                                 0);
        }
        return plan;
}

static void make_set(bool filter, CgroupSet *ret) {
        _cleanup_(plan_freep) Plan *plan = plan_with_rules(filter, true);
        CgroupFault fault = {};
        int r = cgroup_set_make(&base, plan, ret, &fault);

        ck_assert_msg(r == 0, "%s: %s", fault.object ? fault.object : "", strerror(-r));
}

static void remove_set(CgroupSet *set) {
        int r;

        do {
                r = cgroup_set_remove(&base, set);
        } while (r == -EBUSY);
        ck_assert_int_eq(r, 0);
}

static int filtered_fd(const CgroupSet *set) {
        int list = set->fds[CGROUP_HIERARCHY_DEVICES];

        return list >= 0 ? list : set->fds[CGROUP_HIERARCHY_UNIFIED];
}

START_TEST(the_rules_of_a_plan_are_in_force) {
        CgroupSet set;

        make_set(true, &set);
        ck_assert_int_ge(filtered_fd(&set), 0);
        ck_assert_int_eq(in_child(look, filtered_fd(&set)), 0);
        remove_set(&set);
}
END_TEST

START_TEST(without_rules_all_is_open) {
        CgroupSet set;

        make_set(false, &set);
        ck_assert_int_eq(in_child(look, set.fds[CGROUP_HIERARCHY_UNIFIED]), 4);
        remove_set(&set);
}
END_TEST

START_TEST(a_program_does_the_same) {
        CgroupSet set;
        int fd;

        make_set(false, &set);
        fd = set.fds[CGROUP_HIERARCHY_UNIFIED];
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(device_filter_program(fd, rules, ELEMENTS(rules)), 0);
        ck_assert_int_eq(in_child(look, fd), 0);
        /* the next takes its place, and none is left in the end */
        ck_assert_int_eq(device_filter_program(fd, rules, 1), 0);
        ck_assert_int_eq(in_child(look, fd), 3);
        ck_assert_int_eq(device_filter_program_end(fd), 0);
        ck_assert_int_eq(in_child(look, fd), 4);
        ck_assert_int_eq(device_filter_program_end(fd), 0);
        remove_set(&set);
}
END_TEST

START_TEST(rules_change_while_somebody_stands_there) {
        _cleanup_(plan_freep) Plan *filter = plan_with_rules(true, false), *open = plan_new();
        CgroupFault fault;
        CgroupSet set;

        ck_assert_ptr_nonnull(open);
        ck_assert_int_eq(plan_add(open, OP_DEVICE_RULES, OP_ORIGIN_NONE, PLACE_NONE, (uint64_t) 1),
                         0);
        ck_assert_int_eq(plan_use(filter), PLAN_USE_CHANGE);
        ck_assert_int_eq(plan_check(filter, NULL), 0);
        ck_assert_int_eq(plan_check(open, NULL), 0);
        make_set(false, &set);
        ck_assert_int_eq(cgroup_set_change(&base, &set, filter, open, &fault), 0);
        ck_assert_int_eq(in_child(look, filtered_fd(&set)), 0);
        ck_assert_int_eq(cgroup_set_change(&base, &set, open, filter, &fault), 0);
        ck_assert_int_eq(in_child(look, filtered_fd(&set)), 4);
        remove_set(&set);
}
END_TEST

static int look_below(int cgroup_fd) {
        if (cgroup_attach(cgroup_fd, getpid()) < 0) {
                return 1;
        }
        return ask("/dev/full", DEVICE_READ) == -EPERM && ask("/dev/null", DEVICE_READ) == 0 ? 0
                                                                                             : 2;
}

/* What a cgroup above denies cannot be had: v1 says so at once, a program by asking. */
START_TEST(a_denial_from_above_is_noticed) {
        static const DeviceRule more[] = {{false, 1, 3, DEVICE_ACCESS_ALL},
                                          {false, 1, 7, DEVICE_ACCESS_ALL}};
        CgroupSet set;
        size_t wrong = 0;
        int below;

        make_set(true, &set);
        below = cgroup_make(filtered_fd(&set), "below");
        ck_assert_int_ge(below, 0);
        if (set.fds[CGROUP_HIERARCHY_DEVICES] >= 0) {
                ck_assert_int_eq(device_filter_list(below, more, ELEMENTS(more), &wrong), -EPERM);
                ck_assert_uint_eq(wrong, 1);
        } else {
                ck_assert_int_eq(device_filter_program(below, more, ELEMENTS(more)), 0);
                ck_assert_int_eq(in_child(look_below, below), 0);
        }
        (void) fd_close(below);
        remove_set(&set);
}
END_TEST

START_TEST(no_rule_closes_all) {
        CgroupSet set;
        size_t wrong = 0;
        int fd;

        make_set(true, &set);
        fd = cgroup_make(filtered_fd(&set), "below");
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(set.fds[CGROUP_HIERARCHY_DEVICES] >= 0
                                 ? device_filter_list(fd, NULL, 0, &wrong)
                                 : device_filter_program(fd, NULL, 0),
                         0);
        ck_assert_int_eq(in_child(look, fd), 2);
        (void) fd_close(fd);
        remove_set(&set);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("helper/device-rules");
        TCase *tcase = tcase_create("direct");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, the_rules_of_a_plan_are_in_force);
        tcase_add_test(tcase, without_rules_all_is_open);
        tcase_add_test(tcase, a_program_does_the_same);
        tcase_add_test(tcase, rules_change_while_somebody_stands_there);
        tcase_add_test(tcase, a_denial_from_above_is_noticed);
        tcase_add_test(tcase, no_rule_closes_all);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
