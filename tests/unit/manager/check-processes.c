/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/processes.h"

#include <check.h>

#define TAIL " 4710 1 1 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 1 0 99 1000 3 18446744073709551615 1\n"

/* The name of a process is the workload's to choose. */
static const struct {
        const char *text, *comm;
        int result;
} stats[] = {
        {"4711 (httpd) S" TAIL, "httpd", 0},
        {"4711 (a) R 1 (b) S" TAIL, "a) R 1 (b", 0},
        {"4711 (\n) (\033[5m) S" TAIL, "\n) (\033[5m", 0},
        {"4711 () S" TAIL, "", 0},
        {"4711 (a name that is much longer) S" TAIL, "a name that is m", 0},
        {"4711 (httpd) S 1", NULL, -EBADMSG},
        {"4711 httpd S" TAIL, NULL, -EBADMSG},
        {")(", NULL, -EBADMSG},
        {"", NULL, -EBADMSG},
};

START_TEST(stat_is_read_behind_the_name) {
        ProcessEntry entry = {};

        ck_assert_int_eq(process_parse_stat(stats[_i].text, 10, 4096, &entry), stats[_i].result);
        if (stats[_i].result == 0) {
                ck_assert_str_eq(entry.comm, stats[_i].comm);
                ck_assert_int_eq(entry.state, 'S');
                ck_assert_int_eq(entry.parent, 4710);
                ck_assert_uint_eq(entry.cpu_nsec, 2000);
                ck_assert_uint_eq(entry.memory_bytes, UINT64_C(3) * 4096);
        }
}
END_TEST

static const struct {
        const char *text;
        pid_t inner;
        uint32_t user;
        int result;
} statuses[] = {
        {"Name:\tx\nUid:\t524321\t1\t1\t1\nNSpid:\t4711\t2\n", 2, 524321, 0},
        {"Name:\tx\nUid:\t0\t0\t0\t0\nNSpid:\t4711\t2\t1\n", 2, 0, 0}, /* a namespace further in */
        {"Name:\tx\nUid:\t7\t7\t7\t7\nNSpid:\t4711\nSeccomp:\t2\n", 0, 7, 0},
        {"Name:\tx\nUid:\t7\t7\t7\t7\n", 0, 7, 0},
        {"Name:\tx\n", 0, 0, -EBADMSG},
};

START_TEST(status_gives_the_inner_number) {
        ProcessEntry entry = {};

        ck_assert_int_eq(process_parse_status(statuses[_i].text, &entry), statuses[_i].result);
        ck_assert_int_eq(entry.inner, statuses[_i].inner);
        ck_assert_uint_eq(entry.user, statuses[_i].user);
}
END_TEST

static const struct {
        const char *map;
        uint32_t outside, inside;
} maps[] = {
        {"         0     524288      65536\n", 524288, 0},
        {"         0     524288      65536\n", 524321, 33},
        {"         0     524288      65536\n", 589824, UINT32_MAX},
        {"         0     524288      65536\n", 65534, UINT32_MAX},
        {"0 1000 1\n5 2000 10\n", 2009, 14},
        {"0 0 4294967295\n", 4294967294, 4294967294},
        {"nonsense", 0, UINT32_MAX},
        {"", 0, UINT32_MAX},
};

START_TEST(users_are_mapped) {
        ck_assert_uint_eq(process_map_user(maps[_i].map, maps[_i].outside), maps[_i].inside);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("manager/processes");
        TCase *tcase = tcase_create("processes");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, stat_is_read_behind_the_name, 0, (int) ELEMENTS(stats));
        tcase_add_loop_test(tcase, status_gives_the_inner_number, 0, (int) ELEMENTS(statuses));
        tcase_add_loop_test(tcase, users_are_mapped, 0, (int) ELEMENTS(maps));
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
