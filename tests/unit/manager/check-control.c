/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client can do to a sandbox that runs, and what sbxd asks of the helper for it. */

#include "daemon-bed.h"

#include "base/fd.h"

#include <check.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say_listed_frozen(Bed *bed) {
        uint64_t numbers[CONTROL_NUMBERS_MAX] = {
                SANDBOX_IS_RUNNING, (uint64_t) bed->child, (uint64_t) bed->child, 0, 524288, 1,
                FREEZER_FROZEN};
        int pidfds[] = {(int) syscall(SYS_pidfd_open, bed->child, 0),
                        (int) syscall(SYS_pidfd_open, bed->child, 0)};

        say(bed, CONTROL_SANDBOX, numbers, UNIT, pidfds, 2);
        SAY(bed, CONTROL_LISTED, 1);
        fd_close(pidfds[0]);
        fd_close(pidfds[1]);
}

static int call_freezer(Bed *bed, const char *method, sd_bus_error *error) {
        return sd_bus_call_method(bed->bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, method,
                                  error, NULL, "s", UNIT);
}

/* Not answered before the helper has said so. */
static void send_freezer(Bed *bed, const char *method, uint64_t freeze, ControlMessage *ret) {
        ck_assert_int_ge(sd_bus_call_method_async(bed->bus, NULL, NULL, SBX_OBJECT_PATH,
                                                  SBX_INTERFACE_MANAGER, method, NULL, NULL, "s",
                                                  UNIT),
                         0);
        ck_assert_int_ge(sd_bus_flush(bed->bus), 0);
        receive(bed, CONTROL_FREEZE, ret);
        ck_assert_uint_eq(ret->numbers[FREEZE_FREEZE], freeze);
}

static void say_frozen(Bed *bed, const ControlMessage *asked, uint64_t frozen) {
        ControlMessage *message = calloc(1, sizeof(*message));

        ck_assert_ptr_nonnull(message);
        message->type = CONTROL_FROZEN;
        message->id = bed->id;
        message->serial = asked->serial;
        message->numbers[FROZEN_FROZEN] = frozen;
        ck_assert_int_eq(control_send(bed->helper, message, 0), 0);
        free(message);
}

START_TEST(freeze_is_answered_when_it_is_so) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        ControlMessage *asked = calloc(1, sizeof(*asked));
        Bed bed;

        ck_assert_ptr_nonnull(asked);
        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        wait_for(&bed, "FreezerState", "running");
        send_freezer(&bed, "FreezeUnit", 1, asked);
        wait_for(&bed, "FreezerState", "freezing");
        say_frozen(&bed, asked, 1);
        wait_for(&bed, "FreezerState", "frozen");
        wait_for(&bed, "ActiveState", "active");
        ck_assert_int_ge(call_freezer(&bed, "FreezeUnit", NULL), 0); /* it is: nobody is asked */
        ck_assert_int_lt(sd_bus_call_method(bed.bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                            "Exec", &error, NULL, "sasa{sv}", UNIT, 1, "/bin/true",
                                            0),
                         0);
        ck_assert_str_eq(error.name, SBX_ERROR_FROZEN);
        ck_assert_ptr_nonnull(strstr(error.message, "sbxctl thaw"));
        sd_bus_error_free(&error);
        send_freezer(&bed, "ThawUnit", 0, asked);
        wait_for(&bed, "FreezerState", "thawing");
        say_frozen(&bed, asked, 0);
        wait_for(&bed, "FreezerState", "running");
        call_stop(&bed);
        expect_kill(&bed, SIGTERM);
        SAY(&bed, CONTROL_EXITED, CLD_EXITED, 0);
        expect(&bed, CONTROL_FORGET);
        wait_for(&bed, "ActiveState", "inactive");
        ck_assert_int_lt(call_freezer(&bed, "FreezeUnit", &error), 0);
        ck_assert(sd_bus_error_has_name(&error, SBX_ERROR_NOT_ACTIVE) ||
                  sd_bus_error_has_name(&error, SBX_ERROR_NO_SUCH_UNIT));
        sd_bus_error_free(&error);
        free(asked);
        bed_close(&bed);
}
END_TEST

/* The signal first: what is frozen meets it with its first step. */
START_TEST(stop_thaws_what_is_frozen) {
        ControlMessage *asked = calloc(1, sizeof(*asked));
        Bed bed;

        ck_assert_ptr_nonnull(asked);
        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        send_freezer(&bed, "FreezeUnit", 1, asked);
        say_frozen(&bed, asked, 1);
        wait_for(&bed, "FreezerState", "frozen");
        call_stop(&bed);
        expect_kill(&bed, SIGTERM);
        receive(&bed, CONTROL_FREEZE, asked);
        ck_assert_uint_eq(asked->numbers[FREEZE_FREEZE], 0);
        say_frozen(&bed, asked, 0);
        SAY(&bed, CONTROL_EXITED, CLD_KILLED, SIGTERM);
        expect(&bed, CONTROL_FORGET);
        wait_for(&bed, "ActiveState", "inactive");
        wait_for(&bed, "FreezerState", "running");
        free(asked);
        bed_close(&bed);
}
END_TEST

START_TEST(new_sbxd_knows_what_is_frozen) {
        ControlMessage *asked = calloc(1, sizeof(*asked));
        Bed bed;

        ck_assert_ptr_nonnull(asked);
        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        send_freezer(&bed, "FreezeUnit", 1, asked);
        say_frozen(&bed, asked, 1);
        wait_for(&bed, "FreezerState", "frozen");
        kill_sbxd(&bed);
        bed_spawn(&bed);
        bed_greet(&bed);
        say_listed_frozen(&bed);
        bed_connect(&bed);
        wait_for(&bed, "FreezerState", "frozen");
        wait_for(&bed, "ActiveState", "active");
        send_freezer(&bed, "ThawUnit", 0, asked);
        say_frozen(&bed, asked, 0);
        wait_for(&bed, "FreezerState", "running");
        free(asked);
        bed_close(&bed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("control");
        TCase *tcase = tcase_create("freezer");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, freeze_is_answered_when_it_is_so);
        tcase_add_test(tcase, stop_thaws_what_is_frozen);
        tcase_add_test(tcase, new_sbxd_knows_what_is_frozen);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
