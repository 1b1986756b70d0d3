/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"
#include "manager/failure.h"
#include "manager/spec-text.h"

#include <check.h>
#include <linux/sched.h>

/* A plan with one op of each kind that the cases name, each from a directive at a place of its own.
 */
static Plan *example_plan(void) {
        static const Place place = {"/etc/sbx/system/web.sandbox", 6, 8};
        Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        ck_assert_int_eq(plan_add(plan, OP_LAYER, DIRECTIVE_Layers, place,
                                  (uint64_t) OP_LAYER_DIRECTORY, "/usr/lib/sbx/layers/site"),
                         0);
        ck_assert_int_eq(plan_add(plan, OP_PROC, DIRECTIVE_ProcSubset, PLACE_NONE, "/proc",
                                  (uint64_t) OP_PROC_PID),
                         0);
        ck_assert_int_eq(plan_add(plan, OP_LOOPBACK, OP_ORIGIN_NONE, PLACE_NONE), 0);
        ck_assert_int_eq(plan_add(plan, OP_TIME_OFFSETS, DIRECTIVE_TimeOffsetBootSec, place,
                                  INT64_MIN, INT64_C(0)),
                         0);
        ck_assert_int_eq(plan_add(plan, OP_JOIN_PATH, DIRECTIVE_UserNamespacePath, place,
                                  (uint64_t) CLONE_NEWUSER, "/run/user-ns"),
                         0);
        ck_assert_int_eq(plan_add(plan, OP_JOIN_SANDBOX, DIRECTIVE_JoinsNamespaceOf, place,
                                  (uint64_t) CLONE_NEWNET, UINT64_C(1), UINT64_C(2), "db.sandbox"),
                         0);
        return plan;
}

static const struct Case {
        Step step;
        int fault;
        int64_t op;
        const char *object;
        const char *parts[5]; /* each must be in the sentence */
} cases[] = {
        {STEP_SOURCE,
         EINVAL,
         0,
         "/usr/lib/sbx/layers/site",
         {"Opening layers", "/usr/lib/sbx/layers/site", "Invalid argument",
          "Layers= at /etc/sbx/system/web.sandbox:6:8", "erofs"}},
        {STEP_ROOT, EINVAL, 0, NULL, {"PrivateUsers=no or identity", "Layers="}},
        {STEP_MOUNT, EROFS, 1, "/proc", {"ProcSubset=, a default", "RootUpper=tmpfs"}},
        {STEP_NETWORK, EPERM, 2, NULL, {"Setting up network", "Operation not permitted"}},
        {STEP_EXEC, ENOENT, -1, "/bin/nothere", {"/bin/nothere", "not in the sandbox's root"}},
        {STEP_EXEC, ENOEXEC, -1, "/bin/x", {"not a program for this machine"}},
        {STEP_RELAY, EADDRINUSE, -1, "8080", {"8080", "already"}},
        {STEP_NICE, EACCES, -1, NULL, {"Setting the nice level", "CAP_SYS_NICE"}},
        {STEP_OOM_SCORE, EACCES, -1, NULL, {"OOM score", "CAP_SYS_RESOURCE"}},
        {STEP_GROUP, ENXIO, -1, "staff", {"groups", "staff", "use a number"}},
        {STEP_AFFINITY, EINVAL, -1, NULL, {"affinity", "none of these processors"}},
        {STEP_SPAWN, ENOSPC, -1, NULL, {"namespaces", "max_"}},
        {STEP_SPAWN, ERANGE, 3, "time", {"TimeOffsetBootSec= at", "below zero"}},
        {STEP_JOIN,
         EINVAL,
         4,
         "/run/user-ns",
         {"Joining namespaces", "UserNamespacePath= at", "of this kind"}},
        {STEP_JOIN, EEXIST, 4, "/run/user-ns", {"PrivateUsers=no"}},
        {STEP_JOIN, EUSERS, 4, "/run/user-ns", {"Id 0 is not mapped"}},
        {STEP_JOIN,
         ESRCH,
         5,
         "db.sandbox",
         {"db.sandbox", "JoinsNamespaceOf= at", "start it first"}},
        /* what the helper says is bounded, never believed */
        {(Step) 9999, EIO, 99999, "x", {"An unknown step", "Input/output error"}},
        {STEP_MOUNT, 4095, INT64_MAX, "\x1b[31m", {"\\x1b[31m", "4095"}},
        {STEP_MOUNT, EIO, INT64_MIN, "", {"Mounting failed:"}},
};

START_TEST(sentence_names_what_matters) {
        const struct Case *c = &cases[_i];
        _cleanup_(plan_freep) Plan *plan = example_plan();
        _cleanup_(str_done) Str text = STR_INIT;
        Failure failure = {c->step, c->fault, c->op, c->object, plan, NULL};

        ck_assert_int_eq(failure_format(&failure, &text), 0);
        for (size_t i = 0; i < ELEMENTS(c->parts) && c->parts[i]; i++) {
                ck_assert_msg(strstr(str_text(&text), c->parts[i]), "\"%s\" is not in: %s",
                              c->parts[i], str_text(&text));
        }
        ck_assert_ptr_null(strchr(str_text(&text), '\x1b'));
}
END_TEST

START_TEST(every_step_and_errno_gives_a_sentence) {
        for (int fault = 1; fault < 134; fault++) {
                _cleanup_(str_done) Str text = STR_INIT;
                Failure failure = {(Step) _i, fault, -1, "object", NULL, NULL};

                ck_assert_int_eq(failure_format(&failure, &text), 0);
                if (fault == ECHILD) {
                        ck_assert_ptr_nonnull(
                                strstr(str_text(&text), "was cut short. It was killed"));
                        continue;
                }
                ck_assert_ptr_nonnull(strstr(str_text(&text), "failed on \"object\""));
                ck_assert_ptr_nonnull(strstr(str_text(&text), strerror(fault)));
        }
}
END_TEST

START_TEST(limits_too_small_for_a_start_are_named) {
        _cleanup_(str_done) Str killed = STR_INIT, crowded = STR_INIT, free_of_limits = STR_INIT;
        _cleanup_(spec_freep) Spec *spec = NULL;
        Failure failure = {STEP_SCOPE, ECHILD, -1, NULL, NULL, NULL};

        ck_assert_int_eq(failure_format(&failure, &free_of_limits), 0);
        ck_assert_ptr_nonnull(strstr(str_text(&free_of_limits), "killed before"));
        ck_assert_ptr_null(strstr(str_text(&free_of_limits), "MemoryMax="));
        ck_assert_int_eq(spec_new(&spec), 0);
        spec->places[DIRECTIVE_MemoryMax] = (Place){"/etc/sbx/system/a.sandbox", 4, 11};
        spec->places[DIRECTIVE_TasksMax] = (Place){"/etc/sbx/system/a.sandbox", 5, 10};
        failure.spec = spec;
        ck_assert_int_eq(failure_format(&failure, &killed), 0);
        ck_assert_ptr_nonnull(
                strstr(str_text(&killed), "MemoryMax= at /etc/sbx/system/a.sandbox:4:11 may be"));
        failure.step = STEP_SPAWN;
        failure.fault = EAGAIN;
        ck_assert_int_eq(failure_format(&failure, &crowded), 0);
        ck_assert_ptr_nonnull(
                strstr(str_text(&crowded), "TasksMax= at /etc/sbx/system/a.sandbox:5:10 must"));
        ck_assert_ptr_null(strstr(str_text(&crowded), "sbx-helper.service"));
}
END_TEST

START_TEST(limit_not_in_force_is_named_with_its_place) {
        _cleanup_(str_done) Str text = STR_INIT, missing = STR_INIT;
        Place place = {"/etc/sbx/system/web.sandbox", 9, 11};
        const Limit *limit = limit_find("MemoryMax");

        ck_assert_ptr_nonnull(limit);
        ck_assert_int_eq(failure_format_limit(limit, 67108864, LIMIT_INFINITY, 0,
                                              DIRECTIVE_MemoryMax, &place, NULL, &text),
                         0);
        ck_assert_ptr_nonnull(strstr(str_text(&text), "MemoryMax= at "
                                                      "/etc/sbx/system/web.sandbox:9:11"));
        ck_assert_ptr_nonnull(strstr(str_text(&text), "67108864 bytes"));
        ck_assert_ptr_nonnull(strstr(str_text(&text), "not in force"));
        ck_assert_int_eq(failure_format_limit(limit, 1, 0, EOPNOTSUPP, DIRECTIVE_MemoryMax, NULL,
                                              NULL, &missing),
                         0);
        ck_assert_ptr_nonnull(strstr(str_text(&missing), "controller"));
}
END_TEST

/* As the unit has it, not as systemd calls it. */
START_TEST(limit_of_best_effort_is_named_as_in_the_unit) {
        _cleanup_(str_done) Str text = STR_INIT, nobody = STR_INIT;
        Spec spec = {.places = {[DIRECTIVE_IODeviceLatencyTargetSec] = {"web.sandbox", 9, 11}}};

        ck_assert_int_eq(failure_format_degraded(DIRECTIVE_IODeviceLatencyTargetSec, EOPNOTSUPP,
                                                 "io.latency", &spec, &text),
                         0);
        ck_assert_str_eq(str_text(&text), "IODeviceLatencyTargetSec= at web.sandbox:9:11 is not in "
                                          "force: io.latency: Operation not supported.");
        ck_assert_int_eq(failure_format_degraded(UINT16_MAX, EIO, "\033x", NULL, &nobody), 0);
        ck_assert_ptr_null(strchr(str_text(&nobody), '\033'));
}
END_TEST

START_TEST(diags_are_cut_and_counted) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(str_done) Str text = STR_INIT;

        for (int i = 0; i < 100; i++) {
                diag_add(&diags, DIAG_ERROR, &PLACE_NONE, "MemoryMax", "mistake %d", i);
        }
        ck_assert_int_eq(failure_format_diags(&diags, &text), 0);
        ck_assert_ptr_nonnull(strstr(str_text(&text), "mistake 7"));
        ck_assert_ptr_null(strstr(str_text(&text), "mistake 8"));
        ck_assert_ptr_nonnull(strstr(str_text(&text), "(92 more)"));
}
END_TEST

static const char *const specs[][8] = {
        {NULL},
        {"ExecStart=/bin/httpd -f \"a b\"", "Environment=A=%n", "Environment=\"B=x y\"",
         "MemoryMax=67108864", "Restart=on-failure", "Type=exec", NULL},
        {"ExecStart=/bin/true", "PrivateUsers=1000000:65536", "TimeOffsetBootSec=-5",
         "CapabilityBoundingSet=CAP_CHOWN CAP_KILL", "SystemCallFilter=~@mount",
         "TemporaryFileSystem=/x:size=1M", "BindPaths=-/srv:/mnt:norbind", NULL},
        {"ExecStart=/bin/true", "Port:http:Listen=127.0.0.1:8080", "Port:http:Target=80",
         "Port:a-b:Listen=[::1]:99", "UMask=0077", "KillSignal=SIGUSR1", NULL},
};

/* What is in force outlives sbxd as text: reading it back must give the same. */
START_TEST(spec_survives_as_text) {
        _cleanup_(strv_freep) char **list = NULL, **once = NULL, **twice = NULL;
        _cleanup_(spec_freep) Spec *first = NULL, *second = NULL;

        for (size_t i = 0; specs[_i][i]; i++) {
                ck_assert_int_eq(strv_append(&list, specs[_i][i]), 0);
        }
        ck_assert_int_eq(spec_text_read(list, &first), 0);
        ck_assert_int_eq(spec_text_write(first, &once), 0);
        ck_assert_int_eq(spec_text_read(once, &second), 0);
        ck_assert_int_eq(spec_text_write(second, &twice), 0);
        ck_assert(strv_equal(once, twice));
        ck_assert(strv_length(once) >= strv_length(list));
        ck_assert_uint_eq(first->n_ports, second->n_ports);
        for (unsigned i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];
                _cleanup_(strv_freep) char **a = NULL, **b = NULL;

                if (directive->record) {
                        continue;
                }
                ck_assert_int_eq(spec_format(first, directive, &a), 0);
                ck_assert_int_eq(spec_format(second, directive, &b), 0);
                ck_assert_msg(strv_equal(a, b), "%s differs", directive->name);
                ck_assert_int_eq(first->set[i], second->set[i]);
        }
}
END_TEST

static const char *const bad_texts[] = {"ExecStart", "NoSuch=1", "Port:x=1", "Port:x:NoSuch=1",
                                        "MemoryMax=lots"};

START_TEST(bad_text_is_refused) {
        char *list[] = {(char *) bad_texts[_i], NULL};
        Spec *spec = NULL;

        ck_assert_int_eq(spec_text_read(list, &spec), -EBADMSG);
        ck_assert_ptr_null(spec);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("failure");
        TCase *tcase = tcase_create("failure"), *text = tcase_create("spec-text");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, sentence_names_what_matters, 0, ELEMENTS(cases));
        tcase_add_loop_test(tcase, every_step_and_errno_gives_a_sentence, 0, _STEP_MAX);
        tcase_add_test(tcase, limits_too_small_for_a_start_are_named);
        tcase_add_test(tcase, limit_not_in_force_is_named_with_its_place);
        tcase_add_test(tcase, limit_of_best_effort_is_named_as_in_the_unit);
        tcase_add_test(tcase, diags_are_cut_and_counted);
        tcase_add_loop_test(text, spec_survives_as_text, 0, ELEMENTS(specs));
        tcase_add_loop_test(text, bad_text_is_refused, 0, ELEMENTS(bad_texts));
        suite_add_tcase(suite, tcase);
        suite_add_tcase(suite, text);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
