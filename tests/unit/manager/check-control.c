/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client can do to a sandbox that runs, and what sbxd asks of the helper for it. */

#include "daemon-bed.h"

#include "base/fd.h"
#include "base/str.h"
#include "wire/plan.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
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
        bring_down(&bed);
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

/* -- SetUnitProperties() -- */

static int set_property(Bed *bed, bool runtime, const char *name, const char *value,
                        sd_bus_error *error) {
        return sd_bus_call_method(bed->bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                  "SetUnitProperties", error, NULL, "sba(sv)", UNIT, (int) runtime,
                                  1, name, "s", value);
}

static char *read_drop_in(const Bed *bed, const char *directory, const char *directive) {
        _cleanup_free_ char *path =
                strf("%s/%s/" UNIT ".d/50-%s.conf", bed->directory, directory, directive);
        char *text = NULL;

        return path && file_read_at(AT_FDCWD, path, 4096, &text, NULL) == 0 ? text : NULL;
}

static void assert_drop_in(const Bed *bed, const char *directory, const char *directive,
                           const char *text) {
        _cleanup_free_ char *file = read_drop_in(bed, directory, directive);

        ck_assert_msg(file && strstr(file, text), "%s: no \"%s\" in %s", directive, text,
                      file ? file : "nothing");
}

static uint64_t get_number(Bed *bed, const char *property) {
        uint64_t number = 0;

        ck_assert_int_ge(sd_bus_get_property_trivial(bed->bus, NULL, OBJECT, SBX_INTERFACE_SANDBOX,
                                                     property, NULL, 't', &number),
                         0);
        return number;
}

static const struct {
        const char *name, *value, *error, *text;
} refused[] = {
        {"ExecStart", "/bin/true", SBX_ERROR_UNSUPPORTED, "ExecStart= cannot change"},
        {"MemoryMx", "1M", SBX_ERROR_BAD_UNIT_SETTING, "Did you mean MemoryMax=?"},
        {"MemoryMax", "lots", SBX_ERROR_BAD_UNIT_SETTING, "MemoryMax="},
        {"TasksMax", "0", SBX_ERROR_BAD_UNIT_SETTING, "TasksMax="},
        {"TasksMax", "5\n[Sandbox]", SD_BUS_ERROR_INVALID_ARGS, "one line"},
        {"TasksMax", "5\\", SD_BUS_ERROR_INVALID_ARGS, "one line"},
        {"IOReadIOPSMax", "/no/such 5", SBX_ERROR_BAD_UNIT_SETTING, "/no/such"},
        {"DeviceAllow", "/dev/no-such r", SBX_ERROR_BAD_UNIT_SETTING, "/dev/no-such"},
        {"IPAddressDeny", "any", SBX_ERROR_UNSUPPORTED, "systemd"},
};

START_TEST(what_cannot_change_is_refused_by_name) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        write_unit(&bed, UNIT, "[Sandbox]\nExecStart=/bin/true\n");
        for (size_t i = 0; i < ELEMENTS(refused); i++) {
                ck_assert_int_lt(
                        set_property(&bed, false, refused[i].name, refused[i].value, &error), 0);
                ck_assert_str_eq(error.name, refused[i].error);
                ck_assert_msg(strstr(error.message, refused[i].text), "%s", error.message);
                sd_bus_error_free(&error);
                ck_assert_ptr_null(read_drop_in(&bed, "units.control", refused[i].name));
        }
        bed_close(&bed);
}
END_TEST

START_TEST(definition_is_changed_and_kept) {
        int flag = 1;
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        write_unit(&bed, UNIT, "[Sandbox]\nExecStart=/bin/true\nTasksMax=7\n");
        ck_assert_int_ge(set_property(&bed, false, "TasksMax", "9", NULL), 0);
        ck_assert_uint_eq(get_number(&bed, "TasksMax"), 9);
        assert_drop_in(&bed, "units.control", "TasksMax", "[Sandbox]\nTasksMax=9\n");
        ck_assert_int_ge(sd_bus_get_property_trivial(bed.bus, NULL, OBJECT, SBX_INTERFACE_SANDBOX,
                                                     "NeedDaemonReload", NULL, 'b', &flag),
                         0);
        ck_assert_int_eq(flag, 0);
        ck_assert_int_ge(sd_bus_call_method(bed.bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                            "Reload", NULL, NULL, NULL),
                         0);
        ck_assert_uint_eq(get_number(&bed, "TasksMax"), 9);
        /* An empty value is the default, not what the file says. */
        ck_assert_int_ge(set_property(&bed, false, "TasksMax", "", NULL), 0);
        ck_assert_uint_eq(get_number(&bed, "TasksMax"), 1024);
        ck_assert_int_ge(set_property(&bed, true, "CPUQuota", "50%", NULL), 0);
        assert_drop_in(&bed, "system.control", "CPUQuota", "CPUQuota=50%\n");
        ck_assert_ptr_null(read_drop_in(&bed, "units.control", "CPUQuota"));
        bed_close(&bed);
}
END_TEST

static uint64_t first_limit(int fd) {
        Plan *plan = NULL;
        uint64_t value;

        ck_assert_int_eq(wire_plan_open(fd, &plan), 0);
        ck_assert_uint_eq(plan->n_ops, 1);
        ck_assert_int_eq(plan->ops[0].kind, OP_LIMIT);
        value = plan->ops[0].args[1].u64;
        plan_free(plan);
        return value;
}

/* Sends the call, and takes what the helper is asked for. */
static void send_property(Bed *bed, const char *name, const char *value, ControlMessage *ret) {
        ck_assert_int_ge(sd_bus_call_method_async(bed->bus, NULL, NULL, SBX_OBJECT_PATH,
                                                  SBX_INTERFACE_MANAGER, "SetUnitProperties", NULL,
                                                  NULL, "sba(sv)", UNIT, 1, 1, name, "s", value),
                         0);
        ck_assert_int_ge(sd_bus_flush(bed->bus), 0);
        receive(bed, CONTROL_LIMIT, ret);
}

static void say_limited(Bed *bed, ControlMessage *asked, int fault) {
        ControlMessage *message = calloc(1, sizeof(*message));

        ck_assert_ptr_nonnull(message);
        message->type = CONTROL_LIMITED;
        message->id = bed->id;
        message->serial = asked->serial;
        message->numbers[LIMITED_ERRNO] = (uint64_t) fault;
        memcpy(message->strings[0], "pids.max", sizeof("pids.max"));
        ck_assert_int_eq(control_send(bed->helper, message, 0), 0);
        free(message);
        control_message_done(asked);
}

START_TEST(what_runs_is_changed_at_once) {
        ControlMessage *asked = calloc(1, sizeof(*asked));
        Bed bed;

        ck_assert_ptr_nonnull(asked);
        bed_open(&bed, false, FAKE_DONE);
        write_unit(&bed, UNIT, "[Sandbox]\nExecStart=/bin/sleep 1000\nTasksMax=7\n");
        ck_assert_int_ge(sd_bus_call_method(bed.bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                            "StartUnit", NULL, NULL, "ss", UNIT, "replace"),
                         0);
        take_start(&bed);
        say_held(&bed);
        expect(&bed, CONTROL_GO);
        say_running(&bed);
        wait_for(&bed, "ActiveState", "active");
        send_property(&bed, "TasksMax", "9", asked);
        ck_assert_uint_eq(first_limit(asked->fds[0]), 9);
        ck_assert_uint_eq(first_limit(asked->fds[1]), 7);
        ck_assert_ptr_null(read_drop_in(&bed, "system.control", "TasksMax")); /* not yet */
        ck_assert_uint_eq(get_number(&bed, "TasksMax"), 7);
        say_limited(&bed, asked, 0);
        for (int i = 0; i < 500 && get_number(&bed, "TasksMax") != 9; i++) {
                (void) poll(NULL, 0, 10);
        }
        ck_assert_uint_eq(get_number(&bed, "TasksMax"), 9);
        assert_drop_in(&bed, "system.control", "TasksMax", "TasksMax=9\n");
        /* What the helper cannot do is nobody's. */
        send_property(&bed, "TasksMax", "5", asked);
        say_limited(&bed, asked, EBUSY);
        (void) poll(NULL, 0, 100);
        ck_assert_uint_eq(get_number(&bed, "TasksMax"), 9);
        assert_drop_in(&bed, "system.control", "TasksMax", "TasksMax=9\n");
        bring_down(&bed);
        free(asked);
        bed_close(&bed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("control");
        TCase *tcase = tcase_create("control");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, freeze_is_answered_when_it_is_so);
        tcase_add_test(tcase, stop_thaws_what_is_frozen);
        tcase_add_test(tcase, new_sbxd_knows_what_is_frozen);
        tcase_add_test(tcase, what_cannot_change_is_refused_by_name);
        tcase_add_test(tcase, definition_is_changed_and_kept);
        tcase_add_test(tcase, what_runs_is_changed_at_once);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
