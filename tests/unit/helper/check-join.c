/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One more program in a running sandbox. */

#include "plans.h"

#include "kern/process.h"

#include <signal.h>
#include <unistd.h>

/* -- one more program inside -- */

static Plan *join_plan(const Want *want, const char *script) {
        Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        add_workload(plan, want, script);
        return plan;
}

START_TEST(test_join) {
        const Want want = {.shared = shares[_i]};
        Plan *plan = plan_make(&want, "for k in mnt pid ipc uts net user cgroup; do "
                                      "readlink /proc/self/ns/$k; done > /tmp/kinds; sleep 1000"),
             *more = join_plan(
                     &want, "set -e; while [ $(cat /tmp/kinds 2>/dev/null | grep -c :) != 7 ]; do "
                            "sleep 0.01; done; "
                            "for k in mnt pid ipc uts net user cgroup; do "
                            "readlink /proc/self/ns/$k; done > /tmp/mine; "
                            "cat /tmp/mine | while read k; do grep -qF $k /tmp/kinds || "
                            "echo $k; done; id -u; pwd; ls /proc/self/fd | grep -c .; "
                            "sed -n 's/^\\(CapEff\\|Seccomp\\):[[:space:]]*//p' "
                            "/proc/self/status");
        Outcome outcome, end;
        Census before;
        Live live;

        census_take(&before);
        live_start(&bed, plan, NULL, 0, &live);
        ck_assert(live.outcome.ran && !live.outcome.failed);
        live_join(&bed, &live, more, &outcome, NULL);
        ck_assert_msg(!outcome.failed, "step %s: %s", step_name((Step) outcome.failure.step),
                      strerror(outcome.failure.fault));
        ck_assert_int_gt(outcome.workload, 0);
        ck_assert_str_eq(outcome.output, "0\n/\n4\n0000000000000000\n2\n");
        ck_assert_int_eq(outcome.status, 0);
        outcome_done(&outcome);
        ck_assert_int_eq(process_signal(live.workload_pidfd, SIGKILL), 0);
        live_finish(&live, &end);
        outcome_done(&end);
        census_check(&before);
        census_done(&before);
        (void) plan_free(more);
        (void) plan_free(plan);
}
END_TEST

START_TEST(test_join_terminal) {
        char *argv[] = {(char *) "sh", (char *) "-c", (char *) "tty; stty size; stat -c %u $(tty)",
                        NULL};
        Plan *plan = plan_make(&(Want){}, "sleep 1000"), *more = plan_new();
        _cleanup_free_ char *text = NULL;
        Outcome outcome, end;
        Live live;

        ADD(more, OP_TERMINAL, U(33), U(77), U(0));
        ADD(more, OP_USER, "web", "");
        ADD(more, OP_EXEC, "/bin/sh", argv, U(0));
        live_start(&bed, plan, NULL, 0, &live);
        live_join(&bed, &live, more, &outcome, &text);
        ck_assert_str_eq(text, "/dev/pts/0\r\n33 77\r\n1000\r\n");
        ck_assert_int_eq(process_signal(live.workload_pidfd, SIGKILL), 0);
        live_finish(&live, &end);
        outcome_done(&outcome);
        outcome_done(&end);
        (void) plan_free(more);
        (void) plan_free(plan);
}
END_TEST

/* The unit's own program on a terminal: the master comes with the report. */
START_TEST(test_terminal) {
        char *argv[] = {(char *) "sh", (char *) "-c", (char *) "tty; stty size; echo $$ > /dev/tty",
                        NULL};
        Plan *plan = plan_new();
        _cleanup_free_ char *text = NULL;
        Outcome outcome;
        Live live;

        ADD(plan, OP_NAMESPACES, U(ALL));
        add_ids(plan, &(Want){});
        ADD(plan, OP_LAYER, U(OP_LAYER_IMAGE), bed.image);
        ADD(plan, OP_OVERLAY, U(OP_UPPER_TMPFS), U(0));
        add_mounts(plan);
        ADD(plan, OP_REAPER);
        ADD(plan, OP_TERMINAL, U(24), U(80), U(0));
        ADD(plan, OP_EXEC, "/bin/sh", argv, U(0));
        live_start(&bed, plan, NULL, 0, &live);
        ck_assert(live.outcome.ran && !live.outcome.failed);
        text = read_terminal(live.master);
        ck_assert_str_eq(text, "/dev/pts/0\r\n24 80\r\n2\r\n");
        live_finish(&live, &outcome);
        expect_success(&outcome);
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

START_TEST(test_join_missing_program) {
        Plan *plan = plan_make(&(Want){}, "sleep 1000"),
             *more = join_plan(&(Want){.program = "nothing-like-it"}, "");
        Outcome outcome, end;
        Live live;

        live_start(&bed, plan, NULL, 0, &live);
        live_join(&bed, &live, more, &outcome, NULL);
        ck_assert(outcome.failed);
        ck_assert_uint_eq(outcome.failure.step, STEP_EXEC);
        ck_assert_int_eq(outcome.failure.fault, ENOENT);
        ck_assert_str_eq(outcome.failure.object, "nothing-like-it");
        ck_assert_int_eq(process_signal(live.workload_pidfd, SIGKILL), 0);
        live_finish(&live, &end);
        outcome_done(&outcome);
        outcome_done(&end);
        (void) plan_free(more);
        (void) plan_free(plan);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("join");
        TCase *tests = tcase_create("join");

        tcase_add_unchecked_fixture(tests, set_up, tear_down);
        tcase_set_timeout(tests, 120);
        tcase_add_loop_test(tests, test_join, 0, ELEMENTS(shares));
        tcase_add_test(tests, test_join_terminal);
        tcase_add_test(tests, test_terminal);
        tcase_add_test(tests, test_join_missing_program);
        suite_add_tcase(suite, tests);
        return run_suite(suite);
}
