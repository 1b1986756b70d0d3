/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"
#include "bus/scope.h"
#include "fake/systemd1.h"

#include <check.h>
#include <unistd.h>

#define SCOPE "sbx-web.scope"
#define TIMEOUT_USEC (700 * USEC_PER_MSEC)

typedef struct Bed {
        FakeBus fake;
        sd_event *event;
        sd_bus *bus;
        ScopeClient *client;
        ScopeJob *job;
        int calls, result;
        char *text;
        char **names;
} Bed;

static void bed_open(Bed *bed, FakeScript script, const char *stale) {
        *bed = (Bed){.result = 1};
        fake_bus_start(&bed->fake, script, stale);
        ck_assert_int_ge(sd_event_new(&bed->event), 0);
        ck_assert_int_ge(sd_bus_new(&bed->bus), 0);
        ck_assert_int_ge(sd_bus_set_address(bed->bus, bed->fake.address), 0);
        ck_assert_int_ge(sd_bus_set_bus_client(bed->bus, 1), 0);
        ck_assert_int_ge(sd_bus_start(bed->bus), 0);
        ck_assert_int_ge(sd_bus_attach_event(bed->bus, bed->event, 0), 0);
        ck_assert_int_eq(scope_client_new(bed->bus, TIMEOUT_USEC, &bed->client), 0);
}

static void bed_close(Bed *bed) {
        scope_job_free(bed->job);
        scope_client_free(bed->client);
        sd_bus_close_unref(bed->bus);
        sd_event_unref(bed->event);
        fake_bus_stop(&bed->fake);
        free(bed->text);
        strv_free(bed->names);
}

static void on_done(void *userdata, int result, const char *text) {
        Bed *bed = userdata;

        bed->calls++;
        bed->result = result;
        free(bed->text);
        bed->text = text ? strdup(text) : NULL;
}

static void bed_run(Bed *bed, usec_t usec) {
        usec_t end = usec_now(CLOCK_MONOTONIC) + usec;

        while (bed->calls == 0 && usec_now(CLOCK_MONOTONIC) < end) {
                ck_assert_int_ge(sd_event_run(bed->event, 50 * USEC_PER_MSEC), 0);
        }
}

static void bed_start(Bed *bed) {
        pid_t pids[] = {getpid(), getppid()};
        ScopeSetting settings[] = {{.name = "MemoryMax", .signature = "t", .number = 1 << 26},
                                   {.name = "Slice", .signature = "s", .text = "sbx.slice"},
                                   {.name = "Delegate", .signature = "b", .number = 1}};
        ScopeStart start = {SCOPE, pids, 2, settings, ELEMENTS(settings)};

        ck_assert_int_eq(scope_start(bed->client, &start, on_done, bed, &bed->job), 0);
        ck_assert_int_eq(bed->calls, 0); /* never from within the call */
}

static const struct Case {
        FakeScript script;
        const char *stale;
        int result;
        int starts, stops;
        const char *text;
} cases[] = {
        {FAKE_DONE, NULL, 0, 1, 0, NULL},
        {FAKE_EARLY, NULL, 0, 1, 0, NULL},
        {FAKE_SLOW, NULL, 0, 1, 0, NULL},
        {FAKE_FAILED, NULL, -EPROTO, 1, 0, "ended with \"failed\""},
        {FAKE_LOST, NULL, -ETIMEDOUT, 1, 0, "in time"},
        {FAKE_REFUSED, NULL, -EINVAL, 1, 0, "Cannot set property MemoryMax"},
        {FAKE_EXISTS_ONCE, SCOPE, 0, 2, 1, NULL},
        {FAKE_EXISTS, NULL, -EEXIST, 2, 1, "already exists"},
};

START_TEST(start_follows_the_script) {
        const struct Case *c = &cases[_i];
        Bed bed;

        bed_open(&bed, c->script, c->stale);
        bed_start(&bed);
        bed_run(&bed, 3 * USEC_PER_SEC);
        ck_assert_int_eq(bed.calls, 1);
        if (c->script == FAKE_EXISTS) {
                ck_assert_int_lt(bed.result, 0);
        } else {
                ck_assert_int_eq(bed.result, c->result);
        }
        if (c->text) {
                ck_assert_ptr_nonnull(bed.text);
                ck_assert_msg(strstr(bed.text, c->text), "%s", bed.text);
        }
        ck_assert_int_eq(fake_bus_count(&bed.fake, "StartTransientUnit " SCOPE, c->starts),
                         c->starts);
        ck_assert_int_eq(fake_bus_count(&bed.fake, "StopUnit " SCOPE, c->stops), c->stops);
        bed_close(&bed);
}
END_TEST

START_TEST(stop_of_nothing_is_a_success) {
        Bed bed;

        bed_open(&bed, FAKE_DONE, NULL);
        ck_assert_int_eq(scope_stop(bed.client, SCOPE, on_done, &bed, &bed.job), 0);
        bed_run(&bed, 3 * USEC_PER_SEC);
        ck_assert_int_eq(bed.calls, 1);
        ck_assert_int_eq(bed.result, 0);
        bed_close(&bed);
}
END_TEST

/* A start that is given up and a stop right behind it: the stop is what counts. */
START_TEST(stop_behind_a_start_that_was_given_up) {
        Bed bed;

        bed_open(&bed, FAKE_SLOW, NULL);
        bed_start(&bed);
        bed.job = scope_job_free(bed.job);
        ck_assert_int_eq(scope_stop(bed.client, SCOPE, on_done, &bed, &bed.job), 0);
        bed_run(&bed, 3 * USEC_PER_SEC);
        ck_assert_int_eq(bed.calls, 1);
        ck_assert_int_eq(bed.result, 0);
        ck_assert_int_eq(fake_bus_count(&bed.fake, "StopUnit " SCOPE, 1), 1);
        bed_close(&bed);
}
END_TEST

START_TEST(losing_the_bus_ends_every_job) {
        Bed bed;

        bed_open(&bed, FAKE_LOST, NULL);
        bed_start(&bed);
        bed_run(&bed, 100 * USEC_PER_MSEC);
        ck_assert_int_eq(bed.calls, 0);
        bed.client = scope_client_free(bed.client);
        ck_assert_int_eq(bed.calls, 1);
        ck_assert_int_eq(bed.result, -ENOTCONN);
        bed_close(&bed);
}
END_TEST

static void on_listed(void *userdata, char *const *names) {
        Bed *bed = userdata;

        ck_assert_ptr_nonnull(names);
        bed->calls++;
        ck_assert_int_eq(strv_copy(names, &bed->names), 0);
}

START_TEST(list_gives_the_names) {
        Bed bed;

        bed_open(&bed, FAKE_DONE, "sbx-stale.scope");
        ck_assert_int_eq(scope_list(bed.client, "sbx-*.scope", on_listed, &bed), 0);
        bed_run(&bed, 3 * USEC_PER_SEC);
        ck_assert_int_eq(bed.calls, 1);
        ck_assert_uint_eq(strv_length(bed.names), 1);
        ck_assert_str_eq(bed.names[0], "sbx-stale.scope");
        bed_close(&bed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("scope");
        TCase *tcase = tcase_create("scope");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 20);
        tcase_add_loop_test(tcase, start_follows_the_script, 0, ELEMENTS(cases));
        tcase_add_test(tcase, stop_of_nothing_is_a_success);
        tcase_add_test(tcase, stop_behind_a_start_that_was_given_up);
        tcase_add_test(tcase, losing_the_bus_ends_every_job);
        tcase_add_test(tcase, list_gives_the_names);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
