/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "op/limit.h"

#include <check.h>
#include <unistd.h>

#define ALL UINT32_MAX

START_TEST(every_limit_has_its_place) {
        const Limit *limit = &limit_table[_i];
        CgroupHierarchy hierarchy;
        const char *file;

        ck_assert_int_eq((int) limit->id, _i);
        ck_assert_ptr_eq(limit_find(limit->scope_property), limit);
        for (CgroupMode mode = 0; mode < _CGROUP_MODE_MAX; mode++) {
                bool unified =
                        mode == CGROUP_UNIFIED ||
                        /* what needs no controller is there in hybrid too */
                        (mode == CGROUP_HYBRID && limit->v2_hierarchy == CGROUP_HIERARCHY_UNIFIED);
                int r = limit_locate(limit, mode, ALL, &hierarchy, &file);

                if (mode == CGROUP_NONE || (!unified && !limit->v1_file)) {
                        ck_assert_int_eq(r, -EOPNOTSUPP);
                        continue;
                }
                ck_assert_int_eq(r, 0);
                ck_assert_str_eq(file, unified ? limit->v2_file : limit->v1_file);
                ck_assert_int_eq(limit_locate(limit, mode, ALL & ~(UINT32_C(1) << hierarchy),
                                              &hierarchy, &file),
                                 hierarchy == CGROUP_HIERARCHY_UNIFIED ? 0 : -EOPNOTSUPP);
        }
        ck_assert_ptr_null(limit_find("NoSuchMax"));
}
END_TEST

static const struct {
        LimitId id;
        CgroupMode mode;
        uint64_t value;
        const char *text; /* NULL: -ERANGE */
} format_cases[] = {
        {LIMIT_MEMORY_MAX, CGROUP_UNIFIED, 67108864, "67108864"},
        {LIMIT_MEMORY_MAX, CGROUP_UNIFIED, LIMIT_INFINITY, "max"},
        {LIMIT_MEMORY_MAX, CGROUP_HYBRID, LIMIT_INFINITY, "-1"},
        {LIMIT_TASKS_MAX, CGROUP_UNIFIED, 32, "32"},
        {LIMIT_TASKS_MAX, CGROUP_V1, LIMIT_INFINITY, "max"},
        {LIMIT_TASKS_MAX, CGROUP_UNIFIED, 4194304, "4194304"},
        {LIMIT_TASKS_MAX, CGROUP_UNIFIED, 4194305, NULL},
        {LIMIT_CPU_QUOTA, CGROUP_UNIFIED, 500000, "50000 100000"},
        {LIMIT_CPU_QUOTA, CGROUP_V1, 500000, "50000"},
        {LIMIT_CPU_QUOTA, CGROUP_UNIFIED, LIMIT_INFINITY, "max 100000"},
        {LIMIT_CPU_QUOTA, CGROUP_V1, LIMIT_INFINITY, "-1"},
        {LIMIT_CPU_QUOTA, CGROUP_V1, 10000, "1000"},
        {LIMIT_CPU_QUOTA, CGROUP_V1, 9999, NULL},
        {LIMIT_CPU_QUOTA, CGROUP_V1, 0, NULL},
        {LIMIT_CPU_QUOTA, CGROUP_V1, UINT64_MAX - 1, NULL},
        {LIMIT_CPU_PERIOD, CGROUP_V1, 999, NULL},
        {LIMIT_CPU_PERIOD, CGROUP_V1, 1000, "1000"},
        {LIMIT_CPU_PERIOD, CGROUP_V1, 1000000, "1000000"},
        {LIMIT_CPU_PERIOD, CGROUP_V1, 1000001, NULL},
        {LIMIT_CPU_WEIGHT, CGROUP_UNIFIED, 1, "1"},
        {LIMIT_CPU_WEIGHT, CGROUP_UNIFIED, 10000, "10000"},
        {LIMIT_CPU_WEIGHT, CGROUP_V1, 100, "1024"},
        {LIMIT_CPU_WEIGHT, CGROUP_V1, 1, "10"},
        {LIMIT_CPU_WEIGHT, CGROUP_V1, LIMIT_WEIGHT_IDLE, "3"},
        {LIMIT_CPU_WEIGHT, CGROUP_UNIFIED, LIMIT_WEIGHT_IDLE, "0"},
        {LIMIT_CPU_WEIGHT, CGROUP_V1, 10001, NULL},
        {LIMIT_CPU_WEIGHT, CGROUP_V1, LIMIT_INFINITY, NULL},
};

START_TEST(value_becomes_the_kernel_s_text) {
        const Limit *limit = &limit_table[format_cases[_i].id];
        CgroupMode mode = format_cases[_i].mode;
        _cleanup_free_ char *text = NULL;
        int r = limit_format(limit, mode, format_cases[_i].value, LIMIT_PERIOD_USEC, &text);
        uint64_t back;

        if (!format_cases[_i].text) {
                ck_assert_int_eq(r, -ERANGE);
                return;
        }
        ck_assert_int_eq(r, 0);
        ck_assert_str_eq(text, format_cases[_i].text);
        ck_assert_int_eq(limit_parse(limit, mode, text, "100000\n", &back), 0);
        ck_assert_uint_eq(back, format_cases[_i].value);
        ck_assert(limit_in_force(limit, mode, format_cases[_i].value, back));
}
END_TEST

static const struct {
        uint64_t asked, quota, period;
} periods[] = {
        {100000, 500000, 100000},
        {10000, 500000, 10000},
        {10, 5000000, 1000},
        {3000000, 500000, 1000000},
        {LIMIT_INFINITY, 500000, 100000},
        {10000, LIMIT_INFINITY, 100000}, /* as systemd: that of no quota is the kernel's */
        {10000, 10000, 100000},          /* a hundredth of 100 ms is the least that it takes */
        {100000, 5000, 200000},
        {100000, 1, 1000000},
        {20000, 0, 100000},
};

START_TEST(a_period_is_what_the_kernel_takes) {
        ck_assert_uint_eq(limit_period(periods[_i].asked, periods[_i].quota), periods[_i].period);
}
END_TEST

START_TEST(weights_come_back_from_shares) {
        const Limit *limit = &limit_table[LIMIT_CPU_WEIGHT];

        for (uint64_t weight = 1; weight <= 10000; weight++) {
                _cleanup_free_ char *text = NULL;
                uint64_t back;

                ck_assert_int_eq(limit_format(limit, CGROUP_V1, weight, 0, &text), 0);
                ck_assert_int_eq(limit_parse(limit, CGROUP_V1, text, NULL, &back), 0);
                ck_assert_uint_eq(back, weight);
        }
}
END_TEST

static const struct {
        LimitId id;
        CgroupMode mode;
        const char *text, *period;
        int expected;
        uint64_t value;
} parse_cases[] = {
        {LIMIT_MEMORY_MAX, CGROUP_V1, "9223372036854771712\n", NULL, 0, LIMIT_INFINITY},
        {LIMIT_MEMORY_MAX, CGROUP_UNIFIED, "max\n", NULL, 0, LIMIT_INFINITY},
        {LIMIT_MEMORY_MAX, CGROUP_UNIFIED, "4096\n", NULL, 0, 4096},
        {LIMIT_MEMORY_MAX, CGROUP_UNIFIED, "", NULL, -EINVAL, 0},
        {LIMIT_MEMORY_MAX, CGROUP_UNIFIED, "12x", NULL, -EINVAL, 0},
        {LIMIT_CPU_QUOTA, CGROUP_V1, "-1\n", "100000\n", 0, LIMIT_INFINITY},
        {LIMIT_CPU_QUOTA, CGROUP_V1, "5000\n", "10000\n", 0, 500000},
        {LIMIT_CPU_QUOTA, CGROUP_V1, "5000\n", "0\n", -EINVAL, 0},
        {LIMIT_CPU_QUOTA, CGROUP_V1, "5000\n", NULL, -EINVAL, 0},
        {LIMIT_CPU_QUOTA, CGROUP_V1, "18446744073709551615", "1", -ERANGE, 0},
        {LIMIT_CPU_QUOTA, CGROUP_UNIFIED, "max 100000\n", NULL, 0, LIMIT_INFINITY},
        {LIMIT_CPU_QUOTA, CGROUP_UNIFIED, "20000 100000\n", NULL, 0, 200000},
        {LIMIT_CPU_QUOTA, CGROUP_UNIFIED, "20000\n", NULL, -EINVAL, 0},
        {LIMIT_CPU_PERIOD, CGROUP_V1, "20000\n", NULL, 0, 20000},
        {LIMIT_CPU_PERIOD, CGROUP_UNIFIED, "max 20000\n", NULL, 0, 20000},
        {LIMIT_CPU_PERIOD, CGROUP_UNIFIED, "5000 20000\n", NULL, 0, 20000},
        {LIMIT_CPU_PERIOD, CGROUP_UNIFIED, "20000\n", NULL, -EINVAL, 0},
        {LIMIT_CPU_ACCOUNTING, CGROUP_UNIFIED, "usage_usec 5\nuser_usec 3\n", NULL, 0, 1},
        {LIMIT_IO_ACCOUNTING, CGROUP_UNIFIED, "", NULL, 0, 1},
        {LIMIT_CPU_WEIGHT, CGROUP_V1, "18446744073709551615", NULL, -ERANGE, 0},
        {LIMIT_CPU_WEIGHT, CGROUP_UNIFIED, "max", NULL, -EINVAL, 0},
};

START_TEST(kernel_s_text_becomes_a_value) {
        uint64_t value = 0;

        ck_assert_int_eq(limit_parse(&limit_table[parse_cases[_i].id], parse_cases[_i].mode,
                                     parse_cases[_i].text, parse_cases[_i].period, &value),
                         parse_cases[_i].expected);
        ck_assert_uint_eq(value, parse_cases[_i].value);
}
END_TEST

static const struct {
        LimitId id;
        CgroupMode mode;
        uint64_t asked, read;
        bool expected;
} proof_cases[] = {
        {LIMIT_MEMORY_MAX, CGROUP_V1, 67108865, 67108864, true},
        {LIMIT_MEMORY_MAX, CGROUP_V1, 67108864, 67108865, false},
        {LIMIT_MEMORY_MAX, CGROUP_V1, 67108864, LIMIT_INFINITY, false},
        {LIMIT_MEMORY_MAX, CGROUP_V1, INT64_MAX, LIMIT_INFINITY, true},
        {LIMIT_MEMORY_MAX, CGROUP_UNIFIED, INT64_MAX, LIMIT_INFINITY, false},
        {LIMIT_MEMORY_MAX, CGROUP_UNIFIED, 67108864, 33554432, false},
        {LIMIT_TASKS_MAX, CGROUP_UNIFIED, 32, 32, true},
        {LIMIT_TASKS_MAX, CGROUP_UNIFIED, 32, 31, false},
        {LIMIT_TASKS_MAX, CGROUP_UNIFIED, 32, LIMIT_INFINITY, false},
        {LIMIT_CPU_QUOTA, CGROUP_UNIFIED, 333333, 333330, true},
        {LIMIT_CPU_QUOTA, CGROUP_UNIFIED, 333333, 333000, true}, /* of 1 ms */
        {LIMIT_CPU_QUOTA, CGROUP_UNIFIED, 333333, 332000, false},
        {LIMIT_CPU_PERIOD, CGROUP_UNIFIED, 20000, 20000, true},
        {LIMIT_CPU_PERIOD, CGROUP_UNIFIED, 20000, 20001, false},
        {LIMIT_MEMORY_ACCOUNTING, CGROUP_UNIFIED, 1, 1, true},
        {LIMIT_MEMORY_ACCOUNTING, CGROUP_UNIFIED, 1, 0, false},
        {LIMIT_CPU_QUOTA, CGROUP_UNIFIED, 333333, 333340, false},
        {LIMIT_CPU_WEIGHT, CGROUP_V1, 50, 51, false},
};

START_TEST(a_value_read_back_proves_the_limit_or_not) {
        ck_assert(limit_in_force(&limit_table[proof_cases[_i].id], proof_cases[_i].mode,
                                 proof_cases[_i].asked,
                                 proof_cases[_i].read) == proof_cases[_i].expected);
}
END_TEST

/* Of this process, on whatever this host has: a value, or a fault that says that there is none. */
START_TEST(limits_of_a_process_can_be_read) {
        const CgroupMode mode = cgroup_mode_detect();
        uint64_t value;
        int r = limit_read(&limit_table[_i], mode, cgroup_controllers(mode, NULL), getpid(),
                           &value);

        ck_assert_msg(r == 0 || r == -EOPNOTSUPP || r == -ENOENT || r == -ENODATA, "%s",
                      strerror(-r));
        ck_assert_int_eq(limit_read(&limit_table[_i], CGROUP_NONE, ALL, getpid(), &value),
                         -EOPNOTSUPP);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("op/limit");
        TCase *tcase = tcase_create("limits");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, every_limit_has_its_place, 0, _LIMIT_MAX);
        tcase_add_loop_test(tcase, value_becomes_the_kernel_s_text, 0, ELEMENTS(format_cases));
        tcase_add_loop_test(tcase, a_period_is_what_the_kernel_takes, 0, ELEMENTS(periods));
        tcase_add_test(tcase, weights_come_back_from_shares);
        tcase_add_loop_test(tcase, kernel_s_text_becomes_a_value, 0, ELEMENTS(parse_cases));
        tcase_add_loop_test(tcase, a_value_read_back_proves_the_limit_or_not, 0,
                            ELEMENTS(proof_cases));
        tcase_add_loop_test(tcase, limits_of_a_process_can_be_read, 0, _LIMIT_MAX);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
