/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What clients of org.sbx1 see: objects, signals, jobs, the log's control, and what becomes of all
 * that when the bus goes away. */

#include "base/fd.h"
#include "daemon-bed.h"
#include "manager/peers.h"
#include "spec/spec.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define LOG_PATH "/org/freedesktop/LogControl1"
#define LOG_INTERFACE "org.freedesktop.LogControl1"
#define SEEN_MAX 256

static int call(Bed *bed, const char *method, sd_bus_error *error, sd_bus_message **ret,
                const char *types, ...) {
        va_list args;
        int r;

        va_start(args, types);
        r = sd_bus_call_methodv(bed->bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, method,
                                error, ret, types, args);
        va_end(args);
        return r;
}

/* -- the object manager -- */

/* How often each directive came, by number. */
typedef struct Managed {
        unsigned directives[_DIRECTIVE_MAX];
        unsigned sandboxes, jobs, states;
} Managed;

static void read_interface(sd_bus_message *reply, Managed *managed) {
        const char *name;

        ck_assert_int_ge(sd_bus_message_enter_container(reply, 'a', "{sv}"), 0);
        while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
                const Directive *directive;

                ck_assert_int_ge(sd_bus_message_read(reply, "s", &name), 0);
                directive = directive_find_name(name);
                if (directive) {
                        managed->directives[directive - directive_table]++;
                }
                managed->states += streq(name, "ActiveState") ? 1 : 0;
                ck_assert_int_ge(sd_bus_message_skip(reply, "v"), 0);
                ck_assert_int_ge(sd_bus_message_exit_container(reply), 0);
        }
        ck_assert_int_ge(sd_bus_message_exit_container(reply), 0);
}

static void read_managed(Bed *bed, Managed *ret) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        const char *path, *interface;
        int r;

        *ret = (Managed){};
        r = sd_bus_call_method(bed->bus, NULL, SBX_OBJECT_PATH, OBJECT_MANAGER, "GetManagedObjects",
                               &error, &reply, NULL);
        ck_assert_msg(r >= 0, "%s", error.message);
        ck_assert_int_ge(sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}"), 0);
        while (sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}") > 0) {
                ck_assert_int_ge(sd_bus_message_read(reply, "o", &path), 0);
                ck_assert_int_ge(sd_bus_message_enter_container(reply, 'a', "{sa{sv}}"), 0);
                while (sd_bus_message_enter_container(reply, 'e', "sa{sv}") > 0) {
                        ck_assert_int_ge(sd_bus_message_read(reply, "s", &interface), 0);
                        ret->sandboxes += streq(interface, SBX_INTERFACE_SANDBOX) ? 1 : 0;
                        ret->jobs += streq(interface, SBX_INTERFACE_JOB) ? 1 : 0;
                        read_interface(reply, ret);
                        ck_assert_int_ge(sd_bus_message_exit_container(reply), 0);
                }
                ck_assert_int_ge(sd_bus_message_exit_container(reply), 0);
                ck_assert_int_ge(sd_bus_message_exit_container(reply), 0);
        }
        sd_bus_message_unref(reply);
}

/* One that runs, one that is only loaded, and a job. */
START_TEST(managed_objects) {
        Managed managed;
        Bed bed;

        bed_open(&bed, false, FAKE_DONE);
        bring_up(&bed, "no");
        write_unit(&bed, "other.sandbox", "[Sandbox]\nExecStart=/bin/true\n");
        ck_assert_int_ge(load_unit(&bed, "other.sandbox"), 0);
        read_managed(&bed, &managed);
        ck_assert_uint_eq(managed.sandboxes, 2);
        ck_assert_uint_eq(managed.states, 2);
        ck_assert_uint_eq(managed.jobs, 0);
        for (int i = 0; i < _DIRECTIVE_MAX; i++) {
                ck_assert_msg(directive_table[i].record || managed.directives[i] == 2,
                              "%s= came %u times", directive_table[i].name, managed.directives[i]);
        }
        call_stop(&bed); /* nobody answers the kill: the job stays */
        read_managed(&bed, &managed);
        ck_assert_uint_eq(managed.jobs, 1);
        bed_close(&bed);
}
END_TEST

/* -- signals -- */

typedef struct Seen {
        char lines[SEEN_MAX][160];
        size_t n;
} Seen;

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        const char *member = sd_bus_message_get_member(message), *last = "", *path = "";
        Seen *seen = userdata;
        char type;

        if (!sd_bus_message_is_signal(message, NULL, NULL) || seen->n >= SEEN_MAX) {
                return 0;
        }
        (void) sd_bus_message_peek_type(message, &type, NULL);
        if (type == 'o') {
                (void) sd_bus_message_read(message, "o", &path);
        } else if (streq(member, "JobRemoved")) {
                (void) sd_bus_message_read(message, "uoss", NULL, NULL, &path, &last);
        } else if (streq(member, "JobNew")) {
                (void) sd_bus_message_read(message, "uos", NULL, NULL, &path);
        } else if (type == 's') {
                (void) sd_bus_message_read(message, "s", &path);
        } else if (type == 'b') {
                int flag = 0;

                (void) sd_bus_message_read(message, "b", &flag);
                path = flag ? "yes" : "no";
        }
        (void) snprintf(seen->lines[seen->n++], sizeof(seen->lines[0]), "%s %s%s%s", member, path,
                        *last ? " " : "", last);
        return 0;
}

static void watch(sd_bus *bus, Seen *seen) {
        *seen = (Seen){};
        ck_assert_int_ge(sd_bus_add_match(bus, NULL, "type='signal'", on_signal, seen), 0);
}

/* The lines come, in this order; others may lie between. */
static void expect_signals(Bed *bed, Seen *seen, const char *const *lines) {
        size_t at = 0;

        for (; *lines; lines++) {
                bool found = false;

                for (int i = 0; i < WAIT_MSEC / 5 && !found; i++) {
                        for (; at < seen->n && !found; at++) {
                                found = streq(seen->lines[at], *lines);
                        }
                        if (!found && sd_bus_process(bed->bus, NULL) == 0) {
                                (void) sd_bus_wait(bed->bus, 5000);
                        }
                }
                ck_assert_msg(found, "\"%s\" did not come (%zu signals did)", *lines, seen->n);
        }
        seen->n = 0;
}

START_TEST(signals_in_their_order) {
        static const char *const started[] = {"InterfacesAdded " OBJECT,
                                              "UnitNew " UNIT,
                                              "InterfacesAdded " SBX_JOB_PREFIX "/1",
                                              "JobNew " UNIT,
                                              "PropertiesChanged " SBX_INTERFACE_SANDBOX,
                                              "InterfacesRemoved " SBX_JOB_PREFIX "/1",
                                              "JobRemoved " UNIT " done",
                                              NULL};
        static const char *const stopped[] = {"JobNew " UNIT,
                                              "PropertiesChanged " SBX_INTERFACE_SANDBOX,
                                              "JobRemoved " UNIT " done", NULL};
        static const char *const released[] = {"InterfacesRemoved " OBJECT, "UnitRemoved " UNIT,
                                               NULL};
        static const char *const reloaded[] = {"Reloading yes", "Reloading no", NULL};
        Seen *seen = calloc(1, sizeof(*seen));
        Bed bed;

        ck_assert_ptr_nonnull(seen);
        bed_open(&bed, false, FAKE_DONE);
        watch(bed.bus, seen);
        ck_assert_int_ge(call(&bed, "Subscribe", NULL, NULL, NULL), 0);
        bring_up(&bed, "no");
        expect_signals(&bed, seen, started);
        bring_down(&bed);
        expect_signals(&bed, seen, stopped);
        ck_assert_int_ge(call(&bed, "UnrefUnit", NULL, NULL, "s", UNIT), 0);
        expect_signals(&bed, seen, released);
        ck_assert_int_ge(call(&bed, "Reload", NULL, NULL, NULL), 0);
        expect_signals(&bed, seen, reloaded);
        bed_close(&bed);
        free(seen);
}
END_TEST

static bool has_seen(const Seen *seen, const char *line) {
        for (size_t i = 0; i < seen->n; i++) {
                if (streq(seen->lines[i], line)) {
                        return true;
                }
        }
        return false;
}

/* All that has been sent by now: an answer comes behind it. */
static void hear(sd_bus *bus) {
        ck_assert_int_ge(sd_bus_call_method(bus, NULL, SBX_OBJECT_PATH, "org.freedesktop.DBus.Peer",
                                            "Ping", NULL, NULL, NULL),
                         0);
        while (sd_bus_process(bus, NULL) > 0) {
        }
}

static void load_units(sd_bus *bus, unsigned first, unsigned last) {
        char name[32];

        for (unsigned i = first; i < last; i++) {
                (void) snprintf(name, sizeof(name), "n%u.sandbox", i);
                ck_assert_int_ge(sd_bus_call_method(bus, NULL, SBX_OBJECT_PATH,
                                                    SBX_INTERFACE_MANAGER, "LoadUnit", NULL, NULL,
                                                    "s", name),
                                 0);
        }
}

/* Where no bus daemon knows who wants to hear what: nobody is told of everything unasked, else so
 * many clients that start something tell each other about it. */
START_TEST(connections_hear_what_they_asked_for) {
        Seen *seen = calloc(3, sizeof(*seen));
        sd_bus *other, *many;
        Bed bed;

        ck_assert_ptr_nonnull(seen);
        bed_open(&bed, false, FAKE_DONE);
        other = bed_private(&bed);
        many = bed_private(&bed);
        watch(bed.bus, &seen[0]);
        watch(other, &seen[1]);
        watch(many, &seen[2]);
        for (unsigned i = 0; i < PEER_UNITS_MAX + 1; i++) {
                char name[32];

                (void) snprintf(name, sizeof(name), "n%u.sandbox", i);
                write_unit(&bed, name, "[Sandbox]\nExecStart=/bin/true\n");
        }
        ck_assert_int_ge(call(&bed, "Reload", NULL, NULL, NULL), 0);
        load_units(many, 0, PEER_UNITS_MAX);
        bring_up(&bed, "no");
        hear(bed.bus);
        hear(other);
        hear(many);
        ck_assert(has_seen(&seen[0], "JobRemoved " UNIT " done"));
        ck_assert(has_seen(&seen[0], "PropertiesChanged " SBX_INTERFACE_SANDBOX));
        ck_assert(!has_seen(&seen[0], "UnitNew n0.sandbox"));
        ck_assert_uint_eq(seen[1].n, 0);
        ck_assert(!has_seen(&seen[2], "JobRemoved " UNIT " done"));
        load_units(many, PEER_UNITS_MAX, PEER_UNITS_MAX + 1); /* one too many to keep apart */
        seen[2].n = 0;
        call_stop(&bed);
        hear(other);
        hear(many);
        ck_assert_uint_eq(seen[1].n, 0);
        ck_assert(has_seen(&seen[2], "JobNew " UNIT));
        sd_bus_close_unref(other);
        sd_bus_close_unref(many);
        bed_close(&bed);
        free(seen);
}
END_TEST

/* -- jobs -- */

static void assert_error(int r, sd_bus_error *error, const char *name) {
        ck_assert_int_lt(r, 0);
        ck_assert_str_eq(error->name, name);
        sd_bus_error_free(error);
}

static void assert_job_text(Bed *bed, const char *property, const char *value) {
        char *text = NULL;

        ck_assert_int_ge(sd_bus_get_property_string(bed->bus, NULL, SBX_JOB_PREFIX "/1",
                                                    SBX_INTERFACE_JOB, property, NULL, &text),
                         0);
        ck_assert_str_eq(text, value);
        free(text);
}

START_TEST(job_is_an_object) {
        static const char *const canceled[] = {"JobRemoved " UNIT " canceled", NULL};
        const char *name, *kind, *state, *path, *unit_path;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        Seen *seen = calloc(1, sizeof(*seen));
        sd_bus_message *reply = NULL;
        uint32_t id;
        Bed bed;

        ck_assert_ptr_nonnull(seen);
        bed_open(&bed, false, FAKE_DONE);
        watch(bed.bus, seen);
        call_start(&bed, "no");
        take_start(&bed); /* it waits for the helper now */
        ck_assert_int_ge(call(&bed, "ListJobs", NULL, &reply, NULL), 0);
        ck_assert_int_ge(sd_bus_message_enter_container(reply, 'a', "(usssoo)"), 0);
        ck_assert_int_gt(sd_bus_message_read(reply, "(usssoo)", &id, &name, &kind, &state, &path,
                                             &unit_path),
                         0);
        ck_assert_uint_eq(id, 1);
        ck_assert_str_eq(name, UNIT);
        ck_assert_str_eq(kind, "start");
        ck_assert_str_eq(state, "running");
        ck_assert_str_eq(path, SBX_JOB_PREFIX "/1");
        ck_assert_str_eq(unit_path, OBJECT);
        sd_bus_message_unref(reply);
        assert_job_text(&bed, "JobType", "start");
        assert_job_text(&bed, "State", "running");
        ck_assert_int_lt(sd_bus_get_property_string(bed.bus, NULL, SBX_JOB_PREFIX "/01",
                                                    SBX_INTERFACE_JOB, "State", &error,
                                                    (char *[]){NULL}),
                         0);
        sd_bus_error_free(&error);
        ck_assert_int_ge(call(&bed, "GetJob", NULL, NULL, "u", 1), 0);
        ck_assert_int_ge(sd_bus_call_method(bed.bus, NULL, SBX_JOB_PREFIX "/1", SBX_INTERFACE_JOB,
                                            "Cancel", NULL, NULL, NULL),
                         0);
        expect_signals(&bed, seen, canceled);
        assert_error(call(&bed, "GetJob", &error, NULL, "u", 1), &error, SBX_ERROR_NO_SUCH_JOB);
        assert_error(call(&bed, "CancelJob", &error, NULL, "u", 7), &error, SBX_ERROR_NO_SUCH_JOB);
        bed_close(&bed);
        free(seen);
}
END_TEST

/* -- the log -- */

static const struct LogCase {
        const char *property, *value, *now; /* now: NULL, it is refused */
} log_cases[] = {
        {"LogLevel", "debug", "debug"},      {"LogLevel", "4", "warning"},
        {"LogLevel", "loud", NULL},          {"LogLevel", "", NULL},
        {"LogTarget", "null", "null"},       {"LogTarget", "console", "console"},
        {"LogTarget", "auto", "console"},    {"LogTarget", "kmsg", NULL},
        {"SyslogIdentifier", "other", NULL},
};

START_TEST(log_is_controlled) {
        const struct LogCase *c = &log_cases[_i];
        char *before = NULL, *after = NULL;
        Bed bed;
        int r;

        bed_open(&bed, false, FAKE_DONE);
        ck_assert_int_ge(sd_bus_get_property_string(bed.bus, NULL, LOG_PATH, LOG_INTERFACE,
                                                    c->property, NULL, &before),
                         0);
        r = sd_bus_set_property(bed.bus, NULL, LOG_PATH, LOG_INTERFACE, c->property, NULL, "s",
                                c->value);
        ck_assert_int_eq(r >= 0, c->now != NULL);
        ck_assert_int_ge(sd_bus_get_property_string(bed.bus, NULL, LOG_PATH, LOG_INTERFACE,
                                                    c->property, NULL, &after),
                         0);
        ck_assert_str_eq(after, c->now ? c->now : before);
        free(before);
        free(after);
        bed_close(&bed);
}
END_TEST

/* -- the bus comes and goes -- */

static bool name_is_owned(const Bed *bed) {
        sd_bus *bus = NULL;
        bool owned = false;

        if (sd_bus_new(&bus) >= 0 && sd_bus_set_address(bus, bed->fake.address) >= 0 &&
            sd_bus_set_bus_client(bus, 1) >= 0 && sd_bus_start(bus) >= 0) {
                owned = sd_bus_get_name_creds(bus, SBX_BUS_NAME, 0, NULL) >= 0;
        }
        sd_bus_close_unref(bus);
        return owned;
}

static void wait_for_name(const Bed *bed) {
        for (int i = 0; i < WAIT_MSEC / 10; i++) {
                struct timespec pause = {.tv_nsec = 10000000};

                if (name_is_owned(bed)) {
                        return;
                }
                (void) nanosleep(&pause, NULL);
        }
        ck_abort_msg("nobody has the name " SBX_BUS_NAME);
}

/* Killed, gone for a while, and back: the private socket serves all the time, the name is taken
 * again, and systemd is heard again, which only a new match for its signals can bring about. */
START_TEST(bus_is_killed_and_comes_back) {
        struct timespec pause = {.tv_nsec = 500000000};
        Bed bed;

        bed_open(&bed, true, FAKE_DONE);
        wait_for_name(&bed);
        for (int i = 0; i < 2; i++) {
                fake_bus_kill(&bed.fake);
                (void) nanosleep(&pause, NULL);
                ck_assert_int_ge(call(&bed, "ListUnits", NULL, NULL, NULL), 0);
                fake_bus_again(&bed.fake, FAKE_SLOW);
                wait_for_name(&bed);
                call_start(&bed, "no");
                take_start(&bed);
                say_held(&bed);
                SAY(&bed, CONTROL_READY, 3);
                expect_kill(&bed, SIGKILL);
                SAY(&bed, CONTROL_EXITED, CLD_KILLED, SIGKILL);
                expect(&bed, CONTROL_FORGET);
                wait_for(&bed, "ActiveState", "failed");
                assert_contains(&bed, "StatusText", "not in it"); /* the job's end was seen */
        }
        bed_close(&bed);
}
END_TEST

/* Another one has the name: ours once it goes. */
START_TEST(name_is_waited_for) {
        sd_bus *other = NULL;
        Bed bed;

        bed_open(&bed, true, FAKE_DONE);
        wait_for_name(&bed);
        kill_sbxd(&bed);
        ck_assert_int_ge(sd_bus_new(&other), 0);
        ck_assert_int_ge(sd_bus_set_address(other, bed.fake.address), 0);
        ck_assert_int_ge(sd_bus_set_bus_client(other, 1), 0);
        ck_assert_int_ge(sd_bus_start(other), 0);
        ck_assert_int_ge(sd_bus_request_name(other, SBX_BUS_NAME, 0), 0);
        bed_spawn(&bed);
        bed_greet(&bed);
        SAY(&bed, CONTROL_LISTED, 0);
        bed_connect(&bed);
        ck_assert_int_ge(call(&bed, "ListUnits", NULL, NULL, NULL), 0);
        sd_bus_close_unref(other);
        wait_for_name(&bed);
        bed_close(&bed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("bus");
        TCase *tcase = tcase_create("bus");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, managed_objects);
        tcase_add_test(tcase, signals_in_their_order);
        tcase_add_test(tcase, connections_hear_what_they_asked_for);
        tcase_add_test(tcase, job_is_an_object);
        tcase_add_loop_test(tcase, log_is_controlled, 0, ELEMENTS(log_cases));
        tcase_add_test(tcase, bus_is_killed_and_comes_back);
        tcase_add_test(tcase, name_is_waited_for);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
