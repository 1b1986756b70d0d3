/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sbxd as it is, with a helper that is this test and a systemd that is a script: what it asks for,
 * in which order, and what becomes of it when the others do not play along. */

#include "base/fd.h"
#include "daemon-bed.h"
#include "op/step.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

START_TEST(start_and_stop) {
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        wait_for(&bed, "SubState", "running");
        call_stop(&bed);
        expect_kill(&bed, SIGTERM);
        SAY(&bed, CONTROL_EXITED, CLD_KILLED, SIGTERM);
        expect(&bed, CONTROL_FORGET);
        wait_for(&bed, "ActiveState", "inactive");
        wait_for(&bed, "Result", "success");
        bed_close(&bed);
}
END_TEST

START_TEST(failed_step_is_named) {
        const uint64_t numbers[CONTROL_NUMBERS_MAX] = {STEP_EXEC, ENOENT, UINT64_MAX};
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        call_start(&bed, "no");
        take_start(&bed);
        say_held(&bed);
        expect(&bed, CONTROL_GO);
        say(&bed, CONTROL_FAILED, numbers, "/bin/sleep", NULL, 0);
        wait_for(&bed, "ActiveState", "failed");
        wait_for(&bed, "Result", "exit-code");
        wait_for(&bed, "FailedStep", "exec");
        assert_contains(&bed, "StatusText", "/bin/sleep");
        bed_close(&bed);
}
END_TEST

START_TEST(stop_cancels_a_start) {
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        call_start(&bed, "always");
        take_start(&bed);
        expect(&bed, CONTROL_GO);
        call_stop(&bed);
        expect_kill(&bed, SIGKILL);
        SAY(&bed, CONTROL_FAILED, STEP_SPAWN, ECANCELED, UINT64_MAX);
        wait_for(&bed, "ActiveState", "inactive");
        wait_for(&bed, "Result", "success");
        bed_close(&bed);
}
END_TEST

START_TEST(failure_restarts) {
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "on-failure");
        SAY(&bed, CONTROL_EXITED, CLD_EXITED, 1);
        expect(&bed, CONTROL_FORGET);
        take_start(&bed);
        say_held(&bed);
        expect(&bed, CONTROL_GO);
        say_running(&bed);
        wait_for(&bed, "ActiveState", "active");
        call_stop(&bed);
        expect_kill(&bed, SIGTERM);
        SAY(&bed, CONTROL_EXITED, CLD_EXITED, 1);
        expect(&bed, CONTROL_FORGET); /* and no START: it was stopped on purpose */
        wait_for(&bed, "ActiveState", "failed");
        bed_close(&bed);
}
END_TEST

/* A new helper that knows of nothing: what ran is lost. */
START_TEST(helper_that_forgot) {
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        bed.helper = fd_close(bed.helper);
        bed_accept(&bed);
        bed_greet(&bed);
        SAY(&bed, CONTROL_LISTED, 0);
        wait_for(&bed, "ActiveState", "failed");
        assert_contains(&bed, "StatusText", "sbx-helper ended");
        bed_close(&bed);
}
END_TEST

/* The same helper after a hiccup of the connection: nothing happened. */
START_TEST(helper_that_remembers) {
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        bed.helper = fd_close(bed.helper);
        bed_accept(&bed);
        bed_greet(&bed);
        say_listed_running(&bed);
        wait_for(&bed, "ActiveState", "active");
        bring_down(&bed);
        wait_for(&bed, "ActiveState", "inactive");
        bed_close(&bed);
}
END_TEST

START_TEST(sbxd_is_killed_and_comes_back) {
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        kill_sbxd(&bed);
        bed_spawn(&bed);
        bed_greet(&bed);
        say_listed_running(&bed);
        bed_connect(&bed);
        wait_for(&bed, "ActiveState", "active");
        wait_for(&bed, "LoadState", "loaded");
        bring_down(&bed);
        bed_close(&bed);
}
END_TEST

/* GO went with START: the program may run before sbxd has heard of a process. */
START_TEST(sbxd_is_killed_while_it_starts) {
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        call_start(&bed, "no");
        take_start(&bed);
        expect(&bed, CONTROL_GO);
        kill_sbxd(&bed);
        bed_spawn(&bed);
        bed_greet(&bed);
        say_listed_running(&bed);
        bed_connect(&bed);
        wait_for(&bed, "ActiveState", "active");
        wait_for(&bed, "Result", "success");
        bring_down(&bed);
        bed_close(&bed);
}
END_TEST

/* It ended while nobody was there: the exit waited with the helper. */
START_TEST(exit_is_collected_afterwards) {
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        kill_sbxd(&bed);
        bed_spawn(&bed);
        bed_greet(&bed);
        say(&bed, CONTROL_SANDBOX, (const uint64_t[CONTROL_NUMBERS_MAX]){SANDBOX_IS_EXITED}, UNIT,
            NULL, 0);
        SAY(&bed, CONTROL_EXITED, CLD_EXITED, 7);
        SAY(&bed, CONTROL_LISTED, 1);
        expect(&bed, CONTROL_FORGET);
        bed_connect(&bed);
        wait_for(&bed, "Result", "exit-code");
        assert_contains(&bed, "StatusText", "status 7");
        bed_close(&bed);
}
END_TEST

START_TEST(damaged_state_is_put_aside) {
        char path[160];
        Bed bed;
        int fd;

        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        kill_sbxd(&bed);
        bed_path(&bed, "state/" UNIT ".state", path, sizeof(path));
        ck_assert_int_eq(truncate(path, 100), 0);
        bed_spawn(&bed);
        bed_greet(&bed);
        say_listed_running(&bed);
        bed_connect(&bed);
        wait_for(&bed, "ActiveState", "active"); /* the helper's word for what runs */
        bed_path(&bed, "state/quarantine/" UNIT ".state", path, sizeof(path));
        fd = open(path, O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        fd_close(fd);
        bed_close(&bed);
}
END_TEST

static const struct ScopeCase {
        FakeScript script;
        const char *text; /* in StatusText */
        int stops;
} scope_cases[] = {
        /* "done" is no proof: the process is not in the scope's cgroup here */
        {FAKE_DONE, "not in it", 1},
        {FAKE_SLOW, "not in it", 1},
        {FAKE_FAILED, "ended with \"failed\"", 1},
        {FAKE_LOST, "in time", 1},
        {FAKE_REFUSED, "Cannot set property", 1},
        {FAKE_EXISTS, "already exists", 2},
};

START_TEST(scope_that_is_none_stops_the_start) {
        const struct ScopeCase *c = &scope_cases[_i];
        Bed bed;

        bed_open(&bed, true, c->script);
        call_start(&bed, "no");
        take_start(&bed);
        say_held(&bed);
        SAY(&bed, CONTROL_READY, 3);
        expect_kill(&bed, SIGKILL); /* and never GO */
        SAY(&bed, CONTROL_EXITED, CLD_KILLED, SIGKILL);
        expect(&bed, CONTROL_FORGET);
        wait_for(&bed, "ActiveState", "failed");
        wait_for(&bed, "Result", "resources");
        assert_contains(&bed, "StatusText", c->text);
        ck_assert_int_eq(fake_bus_count(&bed.fake, "StopUnit " SCOPE, c->stops), c->stops);
        bed_close(&bed);
}
END_TEST

/* The first process dies while systemd makes the scope: no scope stays, the death is named. */
START_TEST(death_during_the_scope) {
        Bed bed;

        bed_open(&bed, true, _i == 0 ? FAKE_SLOW : FAKE_LOST);
        call_start(&bed, "no");
        take_start(&bed);
        say_held(&bed);
        ck_assert_int_eq(fake_bus_count(&bed.fake, "StartTransientUnit " SCOPE, 1), 1);
        SAY(&bed, CONTROL_EXITED, CLD_KILLED, SIGKILL);
        expect(&bed, CONTROL_FORGET);
        wait_for(&bed, "ActiveState", "failed");
        wait_for(&bed, "Result", "signal");
        assert_contains(&bed, "StatusText", "SIGKILL before the program ran");
        ck_assert_int_eq(fake_bus_count(&bed.fake, "StopUnit " SCOPE, 1), 1);
        bed_close(&bed);
}
END_TEST

static void expect_nothing(const Bed *bed, int msec) {
        struct pollfd ready = {.fd = bed->helper, .events = POLLIN};

        ck_assert_int_eq(poll(&ready, 1, msec), 0);
}

static const FakeScript faulty_scripts[] = {FAKE_DONE, FAKE_FAILED, FAKE_REFUSED};

/* What the helper says of a step that failed while the scope was made comes behind the scope's own
 * fault, which follows from it, and is what counts. */
START_TEST(failed_step_before_the_scope) {
        const uint64_t numbers[CONTROL_NUMBERS_MAX] = {STEP_EXEC, ENOENT, UINT64_MAX};
        Bed bed;

        bed_open(&bed, true, faulty_scripts[_i]);
        call_start(&bed, "no");
        take_start(&bed);
        say_held(&bed);
        ck_assert_int_eq(fake_bus_count(&bed.fake, "StartTransientUnit " SCOPE, 1), 1);
        expect_nothing(&bed, 200);
        say(&bed, CONTROL_FAILED, numbers, "/bin/sleep", NULL, 0);
        wait_for(&bed, "ActiveState", "failed");
        wait_for(&bed, "Result", "exit-code");
        wait_for(&bed, "FailedStep", "exec");
        assert_contains(&bed, "StatusText", "/bin/sleep");
        expect_nothing(&bed, 1500); /* and the scope's fault is forgotten */
        wait_for(&bed, "Result", "exit-code");
        bed_close(&bed);
}
END_TEST

/* A stop in between does not wait, and is no failure. */
START_TEST(stop_while_the_scope_is_at_fault) {
        Bed bed;

        bed_open(&bed, true, FAKE_DONE);
        call_start(&bed, "no");
        take_start(&bed);
        say_held(&bed);
        ck_assert_int_eq(fake_bus_count(&bed.fake, "StartTransientUnit " SCOPE, 1), 1);
        expect_nothing(&bed, 200);
        call_stop(&bed);
        expect_kill(&bed, SIGKILL);
        expect_nothing(&bed, 1200);
        SAY(&bed, CONTROL_EXITED, CLD_KILLED, SIGKILL);
        expect(&bed, CONTROL_FORGET);
        wait_for(&bed, "ActiveState", "inactive");
        wait_for(&bed, "Result", "success");
        bed_close(&bed);
}
END_TEST

static void assert_flag(Bed *bed, const char *property, bool value) {
        int flag;

        ck_assert_int_ge(sd_bus_get_property_trivial(bed->bus, NULL, OBJECT, SBX_INTERFACE_SANDBOX,
                                                     property, NULL, 'b', &flag),
                         0);
        ck_assert_int_eq(flag != 0, value);
}

/* New files are found as they are; changed ones with Reload(); a broken one is there and says why.
 */
START_TEST(units_are_found_and_reloaded) {
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        ck_assert_int_lt(load_unit(&bed, UNIT), 0);
        write_unit(&bed, UNIT, "[Unit]\nDescription=one\n[Sandbox]\nExecStart=/bin/true\n");
        ck_assert_int_ge(load_unit(&bed, UNIT), 0);
        wait_for(&bed, "Description", "one");
        assert_flag(&bed, "NeedDaemonReload", false);
        write_unit(&bed, UNIT, "[Unit]\nDescription=two\n[Sandbox]\nExecStart=/bin/true\nX=1\n");
        assert_flag(&bed, "NeedDaemonReload", true);
        wait_for(&bed, "Description", "one");
        ck_assert_int_ge(sd_bus_call_method(bed.bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                            "Reload", NULL, NULL, NULL),
                         0);
        wait_for(&bed, "LoadState", "bad-setting");
        write_unit(&bed, UNIT, "[Unit]\nDescription=two\n[Sandbox]\nExecStart=/bin/true\n");
        ck_assert_int_ge(load_unit(&bed, UNIT), 0);
        wait_for(&bed, "LoadState", "loaded");
        wait_for(&bed, "Description", "two");
        bed_close(&bed);
}
END_TEST

/* Everybody may have units loaded: instances of a template without end must not fill the registry.
 */
START_TEST(registry_is_bounded) {
        uint32_t n;
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        write_unit(&bed, "many@.sandbox", "[Sandbox]\nExecStart=/bin/true\n");
        for (int i = 0; i < 4200; i++) {
                char name[64];

                (void) snprintf(name, sizeof(name), "many@%d.sandbox", i);
                ck_assert_int_ge(load_unit(&bed, name), 0);
        }
        ck_assert_int_ge(sd_bus_get_property_trivial(bed.bus, NULL, SBX_OBJECT_PATH,
                                                     SBX_INTERFACE_MANAGER, "NUnits", NULL, 'u',
                                                     &n),
                         0);
        ck_assert_uint_eq(n, 4096);
        wait_for(&bed, "ActiveState", "active"); /* what runs stays */
        bed_close(&bed);
}
END_TEST

START_TEST(bad_calls_are_answered) {
        static const char *const names[] = {"",           "x",           "../x.sandbox",
                                            "x@.sandbox", "a b.sandbox", "nosuch.sandbox"};
        sd_bus_error error = SD_BUS_ERROR_NULL;
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                ck_assert_int_lt(sd_bus_call_method(bed.bus, NULL, SBX_OBJECT_PATH,
                                                    SBX_INTERFACE_MANAGER, "StartUnit", &error,
                                                    NULL, "ss", names[i], "replace"),
                                 0);
                ck_assert(sd_bus_error_has_name(&error, SBX_ERROR_INVALID_NAME) ||
                          sd_bus_error_has_name(&error, SBX_ERROR_NO_SUCH_UNIT));
                sd_bus_error_free(&error);
        }
        ck_assert_int_lt(sd_bus_call_method(bed.bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                            "StartTransientUnit", &error, NULL, "ssa(sv)a(sa(sv))",
                                            UNIT, "replace", 2, "ExecStart", "s", "/bin/true",
                                            "MemoryMax", "s", "lots", 0),
                         0);
        ck_assert_str_eq(error.name, SBX_ERROR_BAD_UNIT_SETTING);
        ck_assert_ptr_nonnull(strstr(error.message, "MemoryMax"));
        sd_bus_error_free(&error);
        ck_assert_int_lt(sd_bus_call_method(bed.bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                            "StartTransientUnit", &error, NULL, "ssa(sv)a(sa(sv))",
                                            UNIT, "replace", 1, "ExecStart", "u", 1, 0),
                         0);
        ck_assert_str_eq(error.name, SD_BUS_ERROR_INVALID_ARGS);
        ck_assert_ptr_nonnull(strstr(error.message, "not of the type"));
        sd_bus_error_free(&error);
        ck_assert_int_lt(sd_bus_call_method(bed.bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                            "Exec", &error, NULL, "sasa{sv}", UNIT, 1, "/bin/true",
                                            1, "Colour", "s", "red"),
                         0);
        ck_assert_str_eq(error.name, SD_BUS_ERROR_INVALID_ARGS);
        ck_assert_ptr_nonnull(strstr(error.message, "\"Colour\""));
        sd_bus_error_free(&error);
        bring_up(&bed, "no"); /* and it lives on */
        bed_close(&bed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("daemon");
        TCase *tcase = tcase_create("daemon");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, start_and_stop);
        tcase_add_test(tcase, failed_step_is_named);
        tcase_add_test(tcase, stop_cancels_a_start);
        tcase_add_test(tcase, failure_restarts);
        tcase_add_test(tcase, helper_that_forgot);
        tcase_add_test(tcase, helper_that_remembers);
        tcase_add_test(tcase, sbxd_is_killed_and_comes_back);
        tcase_add_test(tcase, sbxd_is_killed_while_it_starts);
        tcase_add_test(tcase, exit_is_collected_afterwards);
        tcase_add_test(tcase, damaged_state_is_put_aside);
        tcase_add_loop_test(tcase, scope_that_is_none_stops_the_start, 0, ELEMENTS(scope_cases));
        tcase_add_loop_test(tcase, death_during_the_scope, 0, 2);
        tcase_add_loop_test(tcase, failed_step_before_the_scope, 0, ELEMENTS(faulty_scripts));
        tcase_add_test(tcase, stop_while_the_scope_is_at_fault);
        tcase_add_test(tcase, units_are_found_and_reloaded);
        tcase_add_test(tcase, registry_is_bounded);
        tcase_add_test(tcase, bad_calls_are_answered);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
