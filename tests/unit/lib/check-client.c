/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libsbx against a manager that does no work. */

#include "base/fd.h"
#include "base/str.h"
#include "sbx/bus.h"
#include "sbx/sbx.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MSEC 5000
#define SECOND 1000000u

typedef struct Bed {
        char directory[32], socket[64]; /* with what has a meaning in addresses */
        pid_t pid;
        sbx_client *client;
} Bed;

static void bed_open(Bed *bed) {
        char program[512];
        const char *build = getenv("SBX_BUILD_ROOT");
        int r = -ENOENT;

        *bed = (Bed){.directory = "/tmp/sbx-lib-XXXXXX"};
        ck_assert_ptr_nonnull(mkdtemp(bed->directory));
        (void) snprintf(bed->socket, sizeof(bed->socket), "%s/a,b;c%%=d", bed->directory);
        (void) snprintf(program, sizeof(program), "%s/tests/fake-sbxd", build ? build : ".");
        bed->pid = fork();
        ck_assert_int_ge(bed->pid, 0);
        if (bed->pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) !freopen("/dev/null", "w", stdout);
                (void) execl(program, "fake-sbxd", bed->socket, NULL);
                _exit(EXIT_FAILURE);
        }
        for (int i = 0; i < WAIT_MSEC && r < 0; i++) {
                struct timespec pause = {.tv_nsec = 1000000};

                r = sbx_client_new_private(bed->socket, &bed->client);
                (void) nanosleep(&pause, NULL);
        }
        ck_assert_int_eq(r, 0);
        ck_assert_str_eq(sbx_client_error(bed->client), "");
}

static void bed_close(Bed *bed) {
        ck_assert_ptr_null(sbx_client_free(bed->client));
        (void) kill(bed->pid, SIGKILL);
        ck_assert_int_eq(waitpid(bed->pid, NULL, 0), bed->pid);
        ck_assert_int_eq(unlink(bed->socket), 0);
        ck_assert_int_eq(rmdir(bed->directory), 0);
}

/* -- reading -- */

START_TEST(units_are_listed) {
        sbx_unit *units;
        size_t n;
        Bed bed;

        bed_open(&bed);
        ck_assert_int_eq(sbx_list(bed.client, &units, &n), 0);
        ck_assert_uint_eq(n, 5);
        ck_assert_str_eq(units[0].name, "web.sandbox");
        ck_assert_str_eq(units[0].load_state, "loaded");
        ck_assert_str_eq(units[0].active_state, "active");
        ck_assert_str_eq(units[0].sub_state, "running");
        ck_assert_str_eq(units[4].load_state, "bad-setting");
        sbx_units_free(units, n);
        bed_close(&bed);
}
END_TEST

START_TEST(properties_are_read) {
        char **texts, *text;
        int64_t number;
        uint64_t size;
        Bed bed;

        bed_open(&bed);
        ck_assert_int_eq(sbx_get_string(bed.client, "web.sandbox", "ActiveState", &text), 0);
        ck_assert_str_eq(text, "active");
        free(text);
        ck_assert_int_eq(sbx_get_u64(bed.client, "web.sandbox", "MemoryMax", &size), 0);
        ck_assert_uint_eq(size, 67108864);
        ck_assert_int_eq(sbx_get_u64(bed.client, "web.sandbox", "MainPID", &size), 0);
        ck_assert_uint_eq(size, 1);
        ck_assert_int_eq(sbx_get_i64(bed.client, "web.sandbox", "FailedErrno", &number), 0);
        ck_assert_int_eq(number, ENOENT);
        /* UINT64_MAX is infinity, and no int64_t */
        ck_assert_int_eq(sbx_get_u64(bed.client, "idle.sandbox", "MemoryCurrent", &size), 0);
        ck_assert_uint_eq(size, UINT64_MAX);
        ck_assert_int_eq(sbx_get_i64(bed.client, "idle.sandbox", "MemoryCurrent", &number),
                         -ERANGE);
        ck_assert_int_eq(sbx_get_strv(bed.client, "web.sandbox", "Layers", &texts), 0);
        ck_assert_str_eq(texts[0], "busybox");
        ck_assert_str_eq(texts[1], "site");
        ck_assert_ptr_null(texts[2]);
        strv_free(texts);
        ck_assert_int_eq(sbx_get_strv(bed.client, "web.sandbox", "LoadDiagnostics", &texts), 0);
        ck_assert_ptr_null(texts[0]);
        strv_free(texts);
        bed_close(&bed);
}
END_TEST

START_TEST(wrong_questions_have_an_answer) {
        char **texts, *text;
        uint64_t size;
        Bed bed;

        bed_open(&bed);
        ck_assert_int_eq(sbx_get_u64(bed.client, "web.sandbox", "ActiveState", &size), -EBADMSG);
        ck_assert_int_eq(sbx_get_string(bed.client, "web.sandbox", "MemoryMax", &text), -EBADMSG);
        ck_assert_int_eq(sbx_get_strv(bed.client, "web.sandbox", "Ports", &texts), -EBADMSG);
        ck_assert_int_lt(sbx_get_u64(bed.client, "web.sandbox", "NoSuch", &size), 0);
        ck_assert_str_ne(sbx_client_error(bed.client), "");
        ck_assert_int_eq(sbx_get_u64(bed.client, "nosuch.sandbox", "MemoryMax", &size), -ENOENT);
        ck_assert_str_eq(sbx_client_error(bed.client), "There is no unit nosuch.sandbox.");
        ck_assert_int_eq(sbx_get_u64(NULL, "web.sandbox", "MemoryMax", &size), -EINVAL);
        ck_assert_int_eq(sbx_get_u64(bed.client, NULL, "MemoryMax", &size), -EINVAL);
        ck_assert_int_eq(sbx_get_u64(bed.client, "web.sandbox", "MemoryMax", NULL), -EINVAL);
        bed_close(&bed);
}
END_TEST

/* -- jobs -- */

START_TEST(jobs_are_waited_for) {
        char *text;
        Bed bed;

        bed_open(&bed);
        ck_assert_int_eq(sbx_start(bed.client, "web.sandbox", SBX_TIMEOUT_INFINITY), SBX_JOB_DONE);
        ck_assert_int_eq(sbx_restart(bed.client, "web.sandbox", SECOND), SBX_JOB_DONE);
        ck_assert_int_eq(sbx_stop(bed.client, "web.sandbox", SECOND), SBX_JOB_DONE);
        ck_assert_int_eq(sbx_start(bed.client, "broken.sandbox", SECOND), SBX_JOB_FAILED);
        ck_assert_int_eq(sbx_get_failure(bed.client, "broken.sandbox", &text), 0);
        ck_assert_ptr_nonnull(strstr(text, "/bin/x"));
        free(text);
        ck_assert_int_eq(sbx_get_failure(bed.client, "web.sandbox", &text), 0);
        ck_assert_str_eq(text, "");
        free(text);
        ck_assert_int_eq(sbx_kill(bed.client, "web.sandbox", "all", SIGUSR1), 0);
        ck_assert_int_eq(sbx_start(bed.client, "bad.sandbox", SECOND), -ENOEXEC);
        ck_assert_int_eq(sbx_start(bed.client, "nosuch.sandbox", SECOND), -ENOENT);
        ck_assert_int_eq(sbx_start(bed.client, NULL, SECOND), -EINVAL);
        bed_close(&bed);
}
END_TEST

START_TEST(a_job_without_an_end) {
        Bed bed;

        bed_open(&bed);
        ck_assert_int_eq(sbx_start(bed.client, "stuck.sandbox", 50000), -ETIMEDOUT);
        ck_assert_int_eq(sbx_start(bed.client, "web.sandbox", SECOND), SBX_JOB_DONE);
        ck_assert_int_eq(sbx_stop(bed.client, "crash.sandbox", 4 * SECOND), -ECONNRESET);
        ck_assert_int_lt(sbx_start(bed.client, "web.sandbox", SECOND), 0);
        bed_close(&bed);
}
END_TEST

/* -- watching -- */

typedef struct Watched {
        unsigned active, done, gone;
        int fault;
} Watched;

static int on_event(const sbx_event *event, void *userdata) {
        Watched *watched = userdata;

        if (event->type == SBX_EVENT_UNIT_CHANGED) {
                ck_assert_str_eq(event->unit, "web.sandbox");
                watched->active += streq(event->active_state, "active") ? 1 : 0;
        } else if (event->type == SBX_EVENT_JOB_REMOVED) {
                watched->done += streq(event->result, "done") ? 1 : 0;
        } else if (event->type == SBX_EVENT_SBXD_GONE) {
                watched->gone++;
        }
        return watched->fault;
}

static int process_until(sbx_monitor *monitor, const unsigned *count) {
        for (int i = 0; i < WAIT_MSEC / 10 && *count == 0; i++) {
                struct pollfd fd = {sbx_monitor_fd(monitor), (short) sbx_monitor_events(monitor),
                                    0};
                uint64_t until;
                int r;

                ck_assert_int_eq(sbx_monitor_timeout(monitor, &until), 0);
                (void) poll(&fd, 1, 10);
                r = sbx_monitor_process(monitor);
                if (r < 0) {
                        return r;
                }
        }
        return *count > 0 ? 0 : -ETIMEDOUT;
}

START_TEST(events_come) {
        sbx_monitor *monitor = NULL;
        Watched watched = {};
        Bed bed;
        int r;

        bed_open(&bed);
        ck_assert_int_eq(sbx_monitor_new(bed.client, on_event, &watched, &monitor), 0);
        do { /* what the fake tells whoever subscribes */
                r = sbx_monitor_process(monitor);
        } while (r > 0);
        ck_assert_int_eq(r, 0);
        watched = (Watched){};
        ck_assert_int_eq(sbx_start(bed.client, "web.sandbox", SECOND), SBX_JOB_DONE);
        ck_assert_int_eq(process_until(monitor, &watched.active), 0);
        ck_assert_int_eq(process_until(monitor, &watched.done), 0);
        watched = (Watched){.fault = -EBUSY};
        (void) sd_bus_call_method_async(sbx_client_bus(bed.client), NULL, SBX_BUS_NAME,
                                        SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "StartUnit", NULL,
                                        NULL, "ss", "web.sandbox", "replace");
        ck_assert_int_eq(process_until(monitor, &watched.done), -EBUSY);
        ck_assert_int_eq(kill(bed.pid, SIGKILL), 0);
        watched = (Watched){};
        (void) process_until(monitor, &watched.gone);
        ck_assert_uint_eq(watched.gone, 1);
        ck_assert_ptr_null(sbx_monitor_free(monitor));
        bed_close(&bed);
}
END_TEST

START_TEST(monitors_are_removed) {
        sbx_monitor *monitor = NULL;
        Watched watched = {};
        Bed bed;

        bed_open(&bed);
        ck_assert_int_eq(sbx_monitor_new(bed.client, NULL, NULL, &monitor), -EINVAL);
        ck_assert_int_eq(sbx_monitor_new(bed.client, on_event, &watched, &monitor), 0);
        ck_assert_ptr_null(sbx_monitor_free(monitor));
        ck_assert_int_eq(sbx_start(bed.client, "web.sandbox", SECOND), SBX_JOB_DONE);
        ck_assert_uint_eq(watched.active + watched.done, 0);
        bed_close(&bed);
}
END_TEST

/* -- connections -- */

START_TEST(connections_that_are_none) {
        sbx_client *client = NULL;

        ck_assert_int_eq(sbx_client_new_private("/nonexistent/socket", &client), -ENOENT);
        ck_assert_int_lt(sbx_client_new_address("nonsense", &client), 0);
        ck_assert_int_eq(sbx_client_new_address(NULL, &client), -EINVAL);
        ck_assert_int_eq(sbx_client_new_bus(NULL, &client), -EINVAL);
        ck_assert_int_eq(sbx_client_new_system(NULL), -EINVAL);
        ck_assert_ptr_null(client);
        ck_assert_ptr_null(sbx_client_free(NULL));
        ck_assert_str_eq(sbx_client_error(NULL), "");
}
END_TEST

/* The caller's connection is still the caller's afterwards. */
START_TEST(a_connection_of_the_caller) {
        sbx_client *client;
        sd_bus *bus;
        Bed bed;

        bed_open(&bed);
        bus = sd_bus_ref(sbx_client_bus(bed.client));
        ck_assert_int_eq(sbx_client_new_bus(bus, &client), 0);
        ck_assert_int_eq(sbx_start(client, "web.sandbox", SECOND), SBX_JOB_DONE);
        ck_assert_ptr_null(sbx_client_free(client));
        ck_assert_int_gt(sd_bus_is_open(bus), 0);
        ck_assert_int_eq(sbx_start(bed.client, "web.sandbox", SECOND), SBX_JOB_DONE);
        sd_bus_unref(bus);
        bed_close(&bed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("client");
        TCase *tcase = tcase_create("client");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, units_are_listed);
        tcase_add_test(tcase, properties_are_read);
        tcase_add_test(tcase, wrong_questions_have_an_answer);
        tcase_add_test(tcase, jobs_are_waited_for);
        tcase_add_test(tcase, a_job_without_an_end);
        tcase_add_test(tcase, events_come);
        tcase_add_test(tcase, monitors_are_removed);
        tcase_add_test(tcase, connections_that_are_none);
        tcase_add_test(tcase, a_connection_of_the_caller);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
