/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What one client of sbxd can have, and that the others do not suffer from it. */

#include "base/time.h"
#include "daemon-bed.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 65534

static int call(sd_bus *bus, const char *method, sd_bus_error *error, const char *types, ...) {
        va_list args;
        int r;

        va_start(args, types);
        r = sd_bus_call_methodv(bus, SBX_BUS_NAME, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, method,
                                error, NULL, types, args);
        va_end(args);
        return r;
}

static void assert_limited(int r, sd_bus_error *error) {
        ck_assert_int_lt(r, 0);
        ck_assert_str_eq(error->name, SBX_ERROR_LIMITS_EXCEEDED);
        sd_bus_error_free(error);
}

static void write_units(const Bed *bed, unsigned n) {
        char name[32];

        for (unsigned i = 0; i < n; i++) {
                (void) snprintf(name, sizeof(name), "u%u.sandbox", i);
                write_unit(bed, name, "[Sandbox]\nExecStart=/bin/true\n");
        }
}

/* Nobody answers the helper's part: all jobs are pending. */
START_TEST(jobs_of_a_client) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *other;
        Bed bed;

        bed_open_with(&bed, false, FAKE_DONE, "--client-limits=jobs=2");
        write_units(&bed, 4);
        ck_assert_int_ge(call(bed.bus, "StartUnit", NULL, "ss", "u0.sandbox", "replace"), 0);
        ck_assert_int_ge(call(bed.bus, "StartUnit", NULL, "ss", "u1.sandbox", "replace"), 0);
        assert_limited(call(bed.bus, "StartUnit", &error, "ss", "u2.sandbox", "replace"), &error);
        ck_assert_int_ge(call(bed.bus, "StartUnit", NULL, "ss", "u1.sandbox", "replace"), 0);
        other = bed_private(&bed);
        ck_assert_int_ge(call(other, "StartUnit", NULL, "ss", "u2.sandbox", "replace"), 0);
        ck_assert_int_ge(call(bed.bus, "CancelJob", NULL, "u", 1), 0);
        ck_assert_int_ge(call(bed.bus, "StartUnit", NULL, "ss", "u3.sandbox", "replace"), 0);
        sd_bus_close_unref(other);
        bed_close(&bed);
}
END_TEST

static int start_transient(sd_bus *bus, const char *name, sd_bus_error *error) {
        return call(bus, "StartTransientUnit", error, "ssa(sv)a(sa(sv))", name, "replace", 1,
                    "ExecStart", "s", "/bin/true", 0);
}

START_TEST(transients_of_a_client) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *other;
        Bed bed;

        bed_open_with(&bed, false, FAKE_DONE, "--client-limits=transients=1");
        ck_assert_int_ge(start_transient(bed.bus, "a.sandbox", NULL), 0);
        assert_limited(start_transient(bed.bus, "b.sandbox", &error), &error);
        other = bed_private(&bed);
        ck_assert_int_ge(start_transient(other, "b.sandbox", NULL), 0);
        assert_limited(start_transient(other, "c.sandbox", &error), &error);
        sd_bus_close_unref(other);
        bed_close(&bed);
}
END_TEST

START_TEST(programs_of_a_client) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        Bed bed;

        bed_open_with(&bed, false, FAKE_DONE, "--client-limits=execs=1");
        bring_up(&bed, "no");
        ck_assert_int_ge(sd_bus_call_method_async(bed.bus, NULL, NULL, SBX_OBJECT_PATH,
                                                  SBX_INTERFACE_MANAGER, "Exec", NULL, NULL,
                                                  "sasa{sv}", UNIT, 1, "/bin/true", 0),
                         0);
        expect(&bed, CONTROL_EXEC);
        assert_limited(call(bed.bus, "Exec", &error, "sasa{sv}", UNIT, 1, "/bin/true", 0), &error);
        bed_close(&bed);
}
END_TEST

/* -- calls -- */

typedef struct Answers {
        unsigned good, limited, other;
} Answers;

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        Answers *answers = userdata;

        if (!error) {
                answers->good++;
        } else if (sd_bus_error_has_name(error, SBX_ERROR_LIMITS_EXCEEDED)) {
                answers->limited++;
        } else {
                answers->other++;
        }
        return 0;
}

static sd_bus *connect_to_bus(const Bed *bed) {
        sd_bus *bus = NULL;

        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_address(bus, bed->fake.address), 0);
        ck_assert_int_ge(sd_bus_set_bus_client(bus, 1), 0);
        ck_assert_int_ge(sd_bus_start(bus), 0);
        return bus;
}

static Answers ask(sd_bus *bus, unsigned n) {
        Answers answers = {};

        for (unsigned i = 0; i < n; i++) {
                ck_assert_int_ge(sd_bus_call_method_async(bus, NULL, SBX_BUS_NAME, SBX_OBJECT_PATH,
                                                          SBX_INTERFACE_MANAGER, "ListUnits",
                                                          on_answer, &answers, NULL),
                                 0);
        }
        while (answers.good + answers.limited + answers.other < n) {
                int r = sd_bus_process(bus, NULL);

                ck_assert_int_ge(r, 0);
                if (r == 0) {
                        ck_assert_int_ge(sd_bus_wait(bus, WAIT_MSEC * 1000), 0);
                }
        }
        return answers;
}

/* The burst of two seconds, and what came back since. */
static unsigned may_have(usec_t begin, unsigned rate) {
        return rate * (3 + (unsigned) ((usec_now(CLOCK_MONOTONIC) - begin) / USEC_PER_SEC));
}

/* As another uid: a burst is served, what is beyond is refused by name, and after a while all is
 * well again. A second connection of the same uid helps less and less. */
static void be_nobody(const Bed *bed) {
        struct timespec pause = {.tv_sec = 1};
        unsigned good = 0;
        Answers answers = {};
        usec_t begin;
        sd_bus *bus;

        if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0) {
                _exit(2);
        }
        bus = connect_to_bus(bed);
        (void) ask(bus, 1); /* who we are is known now */
        (void) nanosleep(&pause, NULL);
        begin = usec_now(CLOCK_MONOTONIC);
        for (int i = 0; i < 5; i++) { /* the bus itself has a limit for what is asked at once */
                Answers some = ask(bus, 100);

                answers.good += some.good;
                answers.limited += some.limited;
        }
        if (answers.good < 20 || answers.good > may_have(begin, 10) ||
            answers.limited != 500 - answers.good) {
                _exit(3);
        }
        (void) nanosleep(&pause, NULL);
        if (ask(bus, 5).good != 5) {
                _exit(4);
        }
        begin = usec_now(CLOCK_MONOTONIC);
        for (unsigned i = 0; i < 20; i++) {
                sd_bus *more = connect_to_bus(bed);

                (void) ask(more, 1);
                good += ask(more, 40).good;
                sd_bus_close_unref(more);
        }
        if (good > may_have(begin, 40)) { /* without the limit of the uid it were 400 at once */
                _exit(5);
        }
        _exit(0);
}

START_TEST(calls_of_a_uid) {
        struct timespec pause = {.tv_nsec = 10000000};
        Answers answers = {};
        sd_bus *bus;
        int status;
        pid_t pid;
        Bed bed;

        bed_open_with(&bed, true, FAKE_DONE, "--client-limits=calls=10");
        bus = connect_to_bus(&bed);
        for (int i = 0; i < 500 && answers.good == 0; i++) { /* until it has its name */
                answers = ask(bus, 1);
                (void) nanosleep(&pause, NULL);
        }
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                be_nobody(&bed);
        }
        for (int i = 0; i < 20; i++) { /* root is not slowed down meanwhile */
                ck_assert_uint_eq(ask(bus, 20).good, 20);
                (void) nanosleep(&pause, NULL);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the stranger ended with %d",
                      WEXITSTATUS(status));
        sd_bus_close_unref(bus);
        bed_close(&bed);
}
END_TEST

/* -- who does not read -- */

/* 0: all were sent and the connection still stands. */
static int send_without_reading(sd_bus *bus, const char *method, const char *interface,
                                unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                sd_bus_message *message = NULL;
                uint64_t cookie; /* who does not want it is not answered */
                int r;

                r = sd_bus_message_new_method_call(bus, &message, SBX_BUS_NAME, SBX_OBJECT_PATH,
                                                   interface, method);
                if (r >= 0) {
                        r = sd_bus_send(bus, message, &cookie);
                }
                if (r >= 0) {
                        r = sd_bus_flush(bus);
                }
                sd_bus_message_unref(message);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

START_TEST(who_does_not_read_is_dropped) {
        sd_bus *slow;
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        slow = bed_private(&bed);
        ck_assert_int_ge(call(slow, "ListUnits", NULL, NULL), 0);
        ck_assert_int_lt(send_without_reading(slow, "Introspect",
                                              "org.freedesktop.DBus.Introspectable", 50000),
                         0);
        ck_assert_int_ge(call(bed.bus, "ListUnits", NULL, NULL), 0); /* others are served */
        sd_bus_close_unref(slow);
        bed_close(&bed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("quota");
        TCase *tcase = tcase_create("quota");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, jobs_of_a_client);
        tcase_add_test(tcase, transients_of_a_client);
        tcase_add_test(tcase, programs_of_a_client);
        tcase_add_test(tcase, calls_of_a_uid);
        tcase_add_test(tcase, who_does_not_read_is_dropped);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
