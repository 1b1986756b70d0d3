/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Real cgroups below the own one, in whatever hierarchies this host has. Needs root. */

#include "helper/cgroups.h"

#include "base/fd.h"
#include "base/time.h"

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEBIBYTE (1024u * 1024u)

static CgroupBase base;

static void set_up(void) {
        cgroup_base_init(&base);
        ck_assert_int_eq(cgroup_base_make(&base), 0);
}

/* Nothing may be left: the base itself is removed only where it is empty. */
static void tear_down(void) {
        int own[_CGROUP_HIERARCHY_MAX];
        char name[64];

        (void) snprintf(name, sizeof(name), "%s", base.name);
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                own[i] = base.own[i] >= 0 ? fd_dup(base.own[i]) : -EBADF;
        }
        cgroup_base_done(&base);
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (own[i] >= 0) {
                        ck_assert_int_eq(cgroup_open_at(own[i], name), -ENOENT);
                        (void) fd_close(own[i]);
                }
        }
}

static Plan *plan_with(const char *name, int limit, uint64_t value) {
        Plan *plan = plan_new();
        Op *op;

        ck_assert_ptr_nonnull(plan);
        if (name) {
                /* Unchecked: what a hostile sbxd could send. */
                ck_assert_int_eq(plan_add_empty(plan, OP_CGROUP, OP_ORIGIN_NONE, &op), 0);
                op->args[0].string = strdup(name);
        }
        if (limit >= 0) {
                ck_assert_int_eq(plan_add(plan, OP_LIMIT, OP_ORIGIN_NONE, PLACE_NONE,
                                          (uint64_t) limit, value),
                                 0);
        }
        return plan;
}

static bool hierarchy_is_there(LimitId limit) {
        CgroupHierarchy hierarchy;
        const char *file;

        return limit_locate(&limit_table[limit], base.mode, base.controllers, &hierarchy, &file) ==
               0;
}

static void make(const char *name, int limit, uint64_t value, CgroupSet *ret) {
        _cleanup_(plan_freep) Plan *plan = plan_with(name, limit, value);
        CgroupFault fault;

        ck_assert_int_eq(cgroup_set_make(&base, plan, ret, &fault), 0);
        ck_assert(!cgroup_set_is_empty(ret));
}

static void remove_set(CgroupSet *set) {
        const struct timespec pause = {.tv_nsec = 2000000};
        int r = -EBUSY;

        cgroup_set_kill(set);
        for (int i = 0; i < 1000 && r == -EBUSY; i++) {
                r = cgroup_set_remove(&base, set);
                (void) nanosleep(&pause, NULL);
        }
        ck_assert_int_eq(r, 0);
        ck_assert(cgroup_set_is_empty(set));
}

/* A child that waits for a byte before it runs what: it is attached meanwhile. */
static int run_in(const CgroupSet *set, void (*what)(void)) {
        int pipes[2], status = 0;
        pid_t pid;

        ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                char byte;

                if (read(pipes[0], &byte, 1) != 1) {
                        _exit(99);
                }
                what();
                _exit(0);
        }
        ck_assert_int_eq(cgroup_set_attach(&base, set, pid), 0);
        ck_assert_int_eq(fd_write_all(pipes[1], "x", 1), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        (void) close(pipes[0]);
        (void) close(pipes[1]);
        return status;
}

static void touch_memory(void) {
        const size_t size = 128u * MEBIBYTE;
        char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED) {
                _exit(98);
        }
        for (size_t i = 0; i < size; i += 4096) {
                ((volatile char *) memory)[i] = 1;
        }
}

/* LIMIT_TEXT, with or without BEST_EFFORT before it. */
static int make_text(const char *name, TextLimitId limit, const char *text, bool best_effort,
                     CgroupSet *ret) {
        _cleanup_(plan_freep) Plan *plan = plan_with(name, -1, 0);
        CgroupFault fault;

        if (best_effort) {
                ck_assert_int_eq(plan_add(plan, OP_BEST_EFFORT, OP_ORIGIN_NONE, PLACE_NONE), 0);
        }
        ck_assert_int_eq(
                plan_add(plan, OP_LIMIT_TEXT, OP_ORIGIN_NONE, PLACE_NONE, (uint64_t) limit, text),
                0);
        return cgroup_set_make(&base, plan, ret, &fault);
}

static void say_processors(void) {
        cpu_set_t set;

        _exit(sched_getaffinity(0, sizeof(set), &set) < 0 ? 97 : CPU_COUNT(&set));
}

START_TEST(processors_are_limited) {
        CgroupHierarchy hierarchy;
        const char *file;
        CgroupSet set;
        int r = make_text("processors", TEXT_LIMIT_ALLOWED_CPUS, "0", false, &set);

        if (text_limit_locate(&text_limit_table[TEXT_LIMIT_ALLOWED_CPUS], base.mode,
                              base.controllers, &hierarchy, &file) < 0) {
                ck_assert_int_eq(r, -EOPNOTSUPP);
                return;
        }
        ck_assert_int_eq(r, 0);
        ck_assert_uint_eq(set.n_degraded, 0);
        ck_assert_int_eq(WEXITSTATUS(run_in(&set, say_processors)), 1);
        remove_set(&set);
}
END_TEST

START_TEST(best_effort_goes_on_without) {
        CgroupSet set;

        /* a processor that no machine has here */
        ck_assert_int_lt(make_text("refused", TEXT_LIMIT_ALLOWED_CPUS, "1000", false, &set), 0);
        ck_assert_int_eq(make_text("lenient", TEXT_LIMIT_ALLOWED_CPUS, "1000", true, &set), 0);
        ck_assert_uint_eq(set.n_degraded, 1);
        ck_assert_uint_eq(set.degraded[0].origin, OP_ORIGIN_NONE);
        ck_assert_int_lt(set.degraded[0].fault, 0);
        remove_set(&set);
}
END_TEST

START_TEST(memory_limit_kills) {
        uint32_t kills = 0;
        CgroupSet set;
        int status, events;

        make("memory", LIMIT_MEMORY_MAX, 20u * MEBIBYTE, &set);
        status = run_in(&set, touch_memory);
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %#x",
                      (unsigned) status);
        events = cgroup_open_memory_events(
                set.fds[base.mode == CGROUP_UNIFIED ? CGROUP_HIERARCHY_UNIFIED
                                                    : CGROUP_HIERARCHY_MEMORY],
                base.mode);
        ck_assert_int_ge(events, 0);
        ck_assert_int_eq(cgroup_read_oom_kills(events, &kills), 0);
        ck_assert_uint_ge(kills, 1);
        (void) fd_close(events);
        remove_set(&set);
}
END_TEST

/* Forks until it is refused; says how many there were by its status. */
static void fork_many(void) {
        for (int i = 0; i < 50; i++) {
                pid_t pid = fork();

                if (pid < 0) {
                        _exit(errno == EAGAIN ? i : 97);
                }
                if (pid == 0) {
                        (void) pause();
                        _exit(0);
                }
        }
        _exit(96);
}

START_TEST(tasks_limit_refuses) {
        CgroupSet set;
        int status;

        make("forks", LIMIT_TASKS_MAX, 8, &set);
        status = run_in(&set, fork_many);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %#x",
                      (unsigned) status);
        /* Seven are still there: this is what kill and remove are for. */
        ck_assert_int_eq(cgroup_set_remove(&base, &set), -EBUSY);
        remove_set(&set);
}
END_TEST

/* As the real ones: they hold nothing of the helper's, its lock least of all. */
/* Back once the child has let go of what it inherited, our locks above all. */
static pid_t fork_waiting(void) {
        int closed[2];
        char byte;
        pid_t pid;

        ck_assert_int_eq(pipe2(closed, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                (void) close_range(3, ~0u, 0);
                (void) pause();
                _exit(0);
        }
        ck_assert_int_eq(close(closed[1]), 0);
        ck_assert_int_eq(read(closed[0], &byte, 1), 0);
        ck_assert_int_eq(close(closed[0]), 0);
        return pid;
}

static const struct Limited {
        LimitId limit;
        uint64_t value;
} limited[] = {
        {LIMIT_MEMORY_MAX, 64u * MEBIBYTE},
        {LIMIT_MEMORY_MAX, 64u * MEBIBYTE + 1}, /* the kernel rounds to pages */
        {LIMIT_MEMORY_MAX, LIMIT_INFINITY},
        {LIMIT_TASKS_MAX, 1},
        {LIMIT_TASKS_MAX, 1024},
        {LIMIT_TASKS_MAX, LIMIT_INFINITY},
        {LIMIT_CPU_QUOTA, 500000},
        {LIMIT_CPU_QUOTA, 50000},
        {LIMIT_CPU_QUOTA, 4000000},
        {LIMIT_CPU_QUOTA, LIMIT_INFINITY},
        {LIMIT_CPU_PERIOD, 5000},
        {LIMIT_CPU_PERIOD, 1000000},
        {LIMIT_CPU_ACCOUNTING, 1},
        {LIMIT_MEMORY_ACCOUNTING, 1},
        {LIMIT_TASKS_ACCOUNTING, 1},
        {LIMIT_IO_ACCOUNTING, 1},
        {LIMIT_CPU_WEIGHT, LIMIT_WEIGHT_IDLE},
        {LIMIT_CPU_WEIGHT, 1},
        {LIMIT_CPU_WEIGHT, 100},
        {LIMIT_CPU_WEIGHT, 10000},
};

START_TEST(limit_reads_back) {
        const struct Limited *c = &limited[_i];
        uint64_t now = 0;
        CgroupSet set;
        pid_t pid;

        ck_assert_msg(hierarchy_is_there(c->limit), "no controller for %s on this host",
                      limit_table[c->limit].scope_property);
        make("limited", (int) c->limit, c->value, &set);
        pid = fork_waiting();
        ck_assert_int_eq(cgroup_set_attach(&base, &set, pid), 0);
        /* By way of a process, as the manager proves it. */
        ck_assert_int_eq(limit_read(&limit_table[c->limit], base.mode, base.controllers, pid, &now),
                         0);
        ck_assert(limit_in_force(&limit_table[c->limit], base.mode, c->value, now));
        /* Once more changes nothing, and is no error. */
        ck_assert_int_eq(cgroup_set_attach(&base, &set, pid), 0);
        cgroup_set_kill(&set);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        remove_set(&set);
}
END_TEST

static void change(CgroupSet *set, LimitId limit, uint64_t value) {
        _cleanup_(plan_freep) Plan *plan = plan_with(NULL, (int) limit, value);
        CgroupFault fault;

        ck_assert_int_eq(cgroup_set_change(&base, set, plan, plan, &fault), 0);
}

static uint64_t value_of(LimitId limit, pid_t pid) {
        uint64_t value = 0;

        ck_assert_int_eq(limit_read(&limit_table[limit], base.mode, base.controllers, pid, &value),
                         0);
        return value;
}

/* One is changed and the other stays, whichever it is and whatever the direction. */
START_TEST(quota_and_period_are_two) {
        static const uint64_t periods[] = {5000, 50000, 1000000, 100000};
        CgroupSet set;
        pid_t pid;

        make("period", LIMIT_CPU_QUOTA, 500000, &set);
        pid = fork_waiting();
        ck_assert_int_eq(cgroup_set_attach(&base, &set, pid), 0);
        for (size_t i = 0; i < ELEMENTS(periods); i++) {
                change(&set, LIMIT_CPU_PERIOD, periods[i]);
                ck_assert_uint_eq(value_of(LIMIT_CPU_PERIOD, pid), periods[i]);
                ck_assert_uint_eq(value_of(LIMIT_CPU_QUOTA, pid), 500000);
                change(&set, LIMIT_CPU_QUOTA, 750000);
                ck_assert_uint_eq(value_of(LIMIT_CPU_PERIOD, pid), periods[i]);
                ck_assert_uint_eq(value_of(LIMIT_CPU_QUOTA, pid), 750000);
                change(&set, LIMIT_CPU_QUOTA, 500000);
        }
        change(&set, LIMIT_CPU_QUOTA, LIMIT_INFINITY);
        change(&set, LIMIT_CPU_PERIOD, 20000);
        ck_assert_uint_eq(value_of(LIMIT_CPU_QUOTA, pid), LIMIT_INFINITY);
        ck_assert_uint_eq(value_of(LIMIT_CPU_PERIOD, pid), 20000);
        cgroup_set_kill(&set);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        remove_set(&set);
}
END_TEST

/* What would be said of a scope for which systemd could not do it. */
START_TEST(what_is_not_filtered_is_told) {
        CgroupSet set;

        make("open", -1, 0, &set);
        ck_assert_int_eq(cgroup_check_address_filter(set.fds[CGROUP_HIERARCHY_UNIFIED]),
                         -EOPNOTSUPP);
        remove_set(&set);
}
END_TEST

static const struct Refused {
        const char *name;
        int limit;
        uint64_t value;
        int expect;
        size_t op;
} refused[] = {
        {"..", -1, 0, -EINVAL, 0},
        {".hidden", -1, 0, -EINVAL, 0},
        {"a/b", -1, 0, -EINVAL, 0},
        {"cgroup.procs", -1, 0, -EINVAL, 0},
        {"line\nbreak", -1, 0, -EINVAL, 0},
        {NULL, LIMIT_TASKS_MAX, 5, -EINVAL, 0},
        {"memory.stat", -1, 0, -ENOTDIR, 0},
        {"weight", LIMIT_CPU_WEIGHT, 10001, -ERANGE, 1},
        {"quota", LIMIT_CPU_QUOTA, 1, -ERANGE, 1},
};

START_TEST(bad_plan_leaves_nothing) {
        const struct Refused *c = &refused[_i];
        _cleanup_(plan_freep) Plan *plan = plan_with(c->name, c->limit, c->value);
        CgroupFault fault = {};
        CgroupSet set;

        ck_assert_int_eq(cgroup_set_make(&base, plan, &set, &fault), c->expect);
        ck_assert_uint_eq(fault.op, c->op);
        /* tear_down() looks at the rest */
}
END_TEST

START_TEST(plan_without_cgroup_gets_none) {
        _cleanup_(plan_freep) Plan *plan = plan_new();
        CgroupFault fault;
        CgroupSet set;

        ck_assert_int_eq(cgroup_set_make(&base, plan, &set, &fault), 0);
        ck_assert(cgroup_set_is_empty(&set));
        cgroup_set_done(&set);
}
END_TEST

/* What a helper that was killed left behind: cgroups with processes in them. */
START_TEST(janitor_kills_and_removes) {
        char name[64];
        CgroupSet set;
        int status = 0;
        pid_t pid;

        make("orphan", LIMIT_TASKS_MAX, 10, &set);
        pid = fork_waiting();
        ck_assert_int_eq(cgroup_set_attach(&base, &set, pid), 0);
        cgroup_set_done(&set);
        (void) snprintf(name, sizeof(name), "%s", base.name);
        cgroup_base_done(&base);
        /* The next helper. */
        cgroup_base_init(&base);
        ck_assert_int_eq(cgroup_base_adopt(&base), 0);
        ck_assert_str_eq(base.name, name);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (base.fds[i] >= 0) {
                        ck_assert_int_eq(cgroup_open_at(base.fds[i], "orphan"), -ENOENT);
                }
        }
}
END_TEST

START_TEST(second_helper_takes_another_base) {
        CgroupBase other;

        cgroup_base_init(&other);
        ck_assert_int_eq(cgroup_base_make(&other), 0);
        ck_assert_str_ne(other.name, base.name);
        cgroup_base_done(&other);
}
END_TEST

/* Writing cgroup.freeze only asks for it. */
static void wait_frozen(int cgroup_fd) {
        const struct timespec pause = {.tv_nsec = 1000000};
        char text[64] = "";

        for (int i = 0; i < 5000 && !strstr(text, "frozen 1"); i++) {
                int fd = openat(cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
                ssize_t n;

                ck_assert_int_ge(fd, 0);
                n = read(fd, text, sizeof(text) - 1);
                ck_assert_int_gt(n, 0);
                text[n] = '\0';
                ck_assert_int_eq(close(fd), 0);
                (void) nanosleep(&pause, NULL);
        }
        ck_assert_ptr_nonnull(strstr(text, "frozen 1"));
}

static void leave(int signal) {
        _exit(signal);
}

START_TEST(frozen_stands_still) {
        /* A signal that is caught: one that kills wakes the frozen too. */
        const struct sigaction caught = {.sa_handler = leave};
        struct sigaction before;
        int fd, status;
        CgroupSet set;
        pid_t pid;

        make("frozen", -1, 0, &set);
        fd = set.fds[CGROUP_HIERARCHY_UNIFIED];
        if (base.mode == CGROUP_V1) {
                ck_assert_int_lt(fd, 0); /* there is no cgroup2: nothing to try */
                remove_set(&set);
                return;
        }
        ck_assert_int_eq(sigaction(SIGUSR1, &caught, &before), 0);
        pid = fork_waiting();
        ck_assert_int_eq(sigaction(SIGUSR1, &before, NULL), 0);
        ck_assert_int_eq(cgroup_set_attach(&base, &set, pid), 0);
        ck_assert_int_eq(cgroup_freeze(fd, true), 0);
        wait_frozen(fd);
        ck_assert_int_eq(kill(pid, SIGUSR1), 0);
        /* Delivered only once it runs again. */
        ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
        ck_assert_int_eq(cgroup_freeze(fd, false), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == SIGUSR1);
        remove_set(&set);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("helper/cgroups");
        TCase *tcase = tcase_create("direct");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, memory_limit_kills);
        tcase_add_test(tcase, processors_are_limited);
        tcase_add_test(tcase, best_effort_goes_on_without);
        tcase_add_test(tcase, tasks_limit_refuses);
        tcase_add_loop_test(tcase, limit_reads_back, 0, (int) ELEMENTS(limited));
        tcase_add_test(tcase, quota_and_period_are_two);
        tcase_add_test(tcase, what_is_not_filtered_is_told);
        tcase_add_loop_test(tcase, bad_plan_leaves_nothing, 0, (int) ELEMENTS(refused));
        tcase_add_test(tcase, plan_without_cgroup_gets_none);
        tcase_add_test(tcase, janitor_kills_and_removes);
        tcase_add_test(tcase, second_helper_takes_another_base);
        tcase_add_test(tcase, frozen_stands_still);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
