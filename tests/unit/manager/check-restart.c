/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/restart.h"

#include <check.h>
#include <signal.h>

static const struct Exit {
        int code, status;
        uint64_t oom_kills;
        Result expect;
} exits[] = {
        {CLD_EXITED, 0, 0, RESULT_SUCCESS},         {CLD_EXITED, 1, 0, RESULT_EXIT_CODE},
        {CLD_EXITED, 255, 0, RESULT_EXIT_CODE},     {CLD_KILLED, SIGTERM, 0, RESULT_SUCCESS},
        {CLD_KILLED, SIGHUP, 0, RESULT_SUCCESS},    {CLD_KILLED, SIGINT, 0, RESULT_SUCCESS},
        {CLD_KILLED, SIGPIPE, 0, RESULT_SUCCESS},   {CLD_KILLED, SIGKILL, 0, RESULT_SIGNAL},
        {CLD_KILLED, SIGUSR1, 0, RESULT_SIGNAL},    {CLD_DUMPED, SIGSEGV, 0, RESULT_CORE_DUMP},
        {CLD_KILLED, SIGKILL, 1, RESULT_OOM_KILL},  {CLD_EXITED, 137, 2, RESULT_OOM_KILL},
        {CLD_EXITED, 137, 0, RESULT_EXIT_CODE},     {CLD_EXITED, 0, 3, RESULT_SUCCESS},
        {CLD_KILLED, SIGTERM, 3, RESULT_SUCCESS},   {0, 0, 0, RESULT_PROTOCOL},
        {CLD_STOPPED, SIGSTOP, 0, RESULT_PROTOCOL}, {200, 0, 1, RESULT_PROTOCOL},
};

START_TEST(exit_gives_result) {
        const struct Exit *exit = &exits[_i];

        ck_assert_int_eq(result_of_exit(exit->code, exit->status, exit->oom_kills), exit->expect);
}
END_TEST

/* systemd.service(5), "Exit causes and the effect of the Restart= settings", row by row. */
static const struct Row {
        Result result;
        bool no, always, on_success, on_failure, on_abnormal, on_abort;
} rows[_RESULT_MAX] = {
        {RESULT_SUCCESS, false, true, true, false, false, false},
        {RESULT_EXIT_CODE, false, true, false, true, false, false},
        {RESULT_SIGNAL, false, true, false, true, true, true},
        {RESULT_CORE_DUMP, false, true, false, true, true, true},
        {RESULT_TIMEOUT, false, true, false, true, true, false},
        {RESULT_OOM_KILL, false, true, false, true, true, false},
        {RESULT_RESOURCES, false, true, false, true, true, false},
        {RESULT_PROTOCOL, false, true, false, true, true, false},
        {RESULT_START_LIMIT_HIT, false, false, false, false, false, false},
};

START_TEST(restart_follows_the_manual) {
        const struct Row *row = &rows[_i];

        ck_assert_int_eq(row->result, _i);
        ck_assert_int_eq(restart_wanted(RESTART_NO, row->result), row->no);
        ck_assert_int_eq(restart_wanted(RESTART_ALWAYS, row->result), row->always);
        ck_assert_int_eq(restart_wanted(RESTART_ON_SUCCESS, row->result), row->on_success);
        ck_assert_int_eq(restart_wanted(RESTART_ON_FAILURE, row->result), row->on_failure);
        ck_assert_int_eq(restart_wanted(RESTART_ON_ABNORMAL, row->result), row->on_abnormal);
        ck_assert_int_eq(restart_wanted(RESTART_ON_ABORT, row->result), row->on_abort);
}
END_TEST

START_TEST(results_have_names_both_ways) {
        ck_assert_int_eq(result_parse(result_name((Result) _i)), _i);
}
END_TEST

START_TEST(start_limit_counts_within_the_interval) {
        StartLimit limit = {};
        usec_t now = 1000 * USEC_PER_SEC;

        for (unsigned i = 0; i < START_LIMIT_BURST; i++) {
                ck_assert(start_limit_check(&limit, now + i * USEC_PER_SEC));
        }
        ck_assert(!start_limit_check(&limit, now + 9 * USEC_PER_SEC));
        ck_assert(!start_limit_check(&limit, now + START_LIMIT_INTERVAL_USEC));
        ck_assert(start_limit_check(&limit, now + START_LIMIT_INTERVAL_USEC + 1));
        ck_assert_uint_eq(limit.n, 1);
}
END_TEST

START_TEST(start_limit_works_at_boot) {
        StartLimit limit = {};

        for (unsigned i = 0; i < START_LIMIT_BURST; i++) {
                ck_assert(start_limit_check(&limit, 0));
        }
        ck_assert(!start_limit_check(&limit, 1));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("restart");
        TCase *tcase = tcase_create("restart");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, exit_gives_result, 0, ELEMENTS(exits));
        tcase_add_loop_test(tcase, restart_follows_the_manual, 0, _RESULT_MAX);
        tcase_add_loop_test(tcase, results_have_names_both_ways, 0, _RESULT_MAX);
        tcase_add_test(tcase, start_limit_counts_within_the_interval);
        tcase_add_test(tcase, start_limit_works_at_boot);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
