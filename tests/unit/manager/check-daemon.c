/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sbxd as it is, with a helper that is this test and a systemd that is a script: what it asks for,
 * in which order, and what becomes of it when the others do not play along. */

#include "base/fd.h"
#include "fake/systemd1.h"
#include "manager/state-file.h"
#include "op/step.h"
#include "sbx/bus.h"
#include "wire/control.h"
#include "wire/plan.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#define UNIT "t.sandbox"
#define SCOPE "sbx-t.scope"
#define OBJECT SBX_SANDBOX_PREFIX "/t_2esandbox"
#define WAIT_MSEC 5000

typedef struct Bed {
        char directory[64];
        FakeBus fake;
        bool scopes;
        int listener, helper; /* the socket that sbxd connects to, its connection */
        pid_t sbxd, child;
        sd_bus *bus;
        SandboxId id;
} Bed;

/* -- the bed -- */

static void bed_path(const Bed *bed, const char *name, char *ret, size_t size) {
        ck_assert_int_lt(snprintf(ret, size, "%s/%s", bed->directory, name), (int) size);
}

static int connect_or_bind(const char *path, int type, bool listening) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        ck_assert_int_ge(fd, 0);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (listening) {
                ck_assert_int_eq(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
                ck_assert_int_eq(listen(fd, 4), 0);
        } else if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
                return fd_close(fd);
        }
        return fd;
}

static void exec_sbxd(const Bed *bed) {
        char program[512], runtime[128], socket_path[128], bus[160], units[128];
        const char *build = getenv("SBX_BUILD_ROOT");

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) snprintf(program, sizeof(program), "%s/src/sbxd", build ? build : ".");
        (void) snprintf(runtime, sizeof(runtime), "--runtime-dir=%s", bed->directory);
        (void) snprintf(socket_path, sizeof(socket_path), "--helper-socket=%s/helper.socket",
                        bed->directory);
        (void) snprintf(bus, sizeof(bus), "--bus-address=%s",
                        bed->scopes ? bed->fake.address : "unix:path=/nonexistent");
        (void) snprintf(units, sizeof(units), "--unit-path=%s/units", bed->directory);
        (void) execl(program, "sbxd", runtime, socket_path, bus, units, "--log-level=crit",
                     bed->scopes ? "--backend=scope" : "--backend=direct", "--scope-timeout=500ms",
                     NULL);
        _exit(EXIT_FAILURE);
}

/* Takes sbxd's connection and its HELLO; LIST waits. */
static void bed_accept(Bed *bed) {
        struct pollfd ready = {.fd = bed->listener, .events = POLLIN};

        ck_assert_int_eq(poll(&ready, 1, WAIT_MSEC), 1);
        fd_close(bed->helper);
        bed->helper = accept4(bed->listener, NULL, NULL, SOCK_CLOEXEC);
        ck_assert_int_ge(bed->helper, 0);
}

static void bed_spawn(Bed *bed) {
        bed->sbxd = fork();
        ck_assert_int_ge(bed->sbxd, 0);
        if (bed->sbxd == 0) {
                exec_sbxd(bed);
        }
        bed_accept(bed);
}

static void receive(Bed *bed, ControlType type, ControlMessage *ret) {
        struct pollfd ready = {.fd = bed->helper, .events = POLLIN};

        ck_assert_msg(poll(&ready, 1, WAIT_MSEC) == 1, "sbxd did not send %s",
                      control_table[type].name);
        ck_assert_int_eq(control_receive(bed->helper, CONTROL_DOWN, ret, 0), 1);
        ck_assert_msg(ret->type == type, "sbxd sent %s, not %s", control_table[ret->type].name,
                      control_table[type].name);
}

static void expect(Bed *bed, ControlType type) {
        ControlMessage *message = calloc(1, sizeof(*message));

        ck_assert_ptr_nonnull(message);
        receive(bed, type, message);
        control_message_done(message);
        free(message);
}

static void say(Bed *bed, ControlType type, const uint64_t *numbers, const char *text,
                const int *fds, size_t n_fds) {
        ControlMessage *message = calloc(1, sizeof(*message));

        ck_assert_ptr_nonnull(message);
        message->type = type;
        message->id = bed->id;
        if (numbers) {
                memcpy(message->numbers, numbers, sizeof(message->numbers));
        }
        (void) snprintf(message->strings[0], sizeof(message->strings[0]), "%s", text ? text : "");
        for (size_t i = 0; i < n_fds; i++) {
                message->fds[message->n_fds++] = fds[i];
        }
        ck_assert_int_eq(control_send(bed->helper, message, 0), 0);
        free(message);
}

#define SAY(bed, type, ...) \
        say(bed, type, (const uint64_t[CONTROL_NUMBERS_MAX]){__VA_ARGS__}, NULL, NULL, 0)

static void bed_greet(Bed *bed) {
        expect(bed, CONTROL_HELLO);
        SAY(bed, CONTROL_HELLO, CONTROL_PROTOCOL_VERSION, WIRE_PLAN_VERSION);
        expect(bed, CONTROL_LIST);
}

static void bed_connect(Bed *bed) {
        char path[128];
        int fd = -EBADF;

        bed_path(bed, "private", path, sizeof(path));
        for (int i = 0; i < WAIT_MSEC && fd < 0; i++) {
                struct timespec pause = {.tv_nsec = 1000000};

                fd = connect_or_bind(path, SOCK_STREAM, false);
                (void) nanosleep(&pause, NULL);
        }
        ck_assert_int_ge(fd, 0);
        bed->bus = sd_bus_close_unref(bed->bus);
        ck_assert_int_ge(sd_bus_new(&bed->bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(bed->bus, fd, fd), 0);
        ck_assert_int_ge(sd_bus_start(bed->bus), 0);
}

static void bed_open(Bed *bed, bool scopes, FakeScript script) {
        char path[128];

        *bed = (Bed){.directory = "/run/sbx-daemon-XXXXXX", .helper = -EBADF, .scopes = scopes};
        ck_assert_ptr_nonnull(mkdtemp(bed->directory));
        if (scopes) {
                fake_bus_start(&bed->fake, script, NULL);
        }
        bed_path(bed, "helper.socket", path, sizeof(path));
        bed->listener = connect_or_bind(path, SOCK_SEQPACKET, true);
        bed->child = fork();
        ck_assert_int_ge(bed->child, 0);
        if (bed->child == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (;;) {
                        (void) pause();
                }
        }
        bed_spawn(bed);
        bed_greet(bed);
        SAY(bed, CONTROL_LISTED, 0);
        bed_connect(bed);
}

/* sbxd has to end on SIGTERM, and well: whatever happened before. */
static void bed_close(Bed *bed) {
        int status;

        bed->bus = sd_bus_flush_close_unref(bed->bus);
        ck_assert_int_eq(kill(bed->sbxd, SIGTERM), 0);
        ck_assert_int_eq(waitpid(bed->sbxd, &status, 0), bed->sbxd);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "sbxd ended with %d", status);
        (void) kill(bed->child, SIGKILL);
        ck_assert_int_eq(waitpid(bed->child, NULL, 0), bed->child);
        fd_close(bed->helper);
        fd_close(bed->listener);
        if (bed->scopes) {
                fake_bus_stop(&bed->fake);
        }
        fake_remove_tree(bed->directory);
}

/* -- what a client does -- */

static void call_start(Bed *bed, const char *restart) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bed->bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                               "StartTransientUnit", &error, NULL, "ssa(sv)a(sa(sv))", UNIT,
                               "replace", 2, "ExecStart", "s", "/bin/sleep 1000", "Restart", "s",
                               restart, 0);
        ck_assert_msg(r >= 0, "%s", error.message);
}

static void call_stop(Bed *bed) {
        ck_assert_int_ge(sd_bus_call_method(bed->bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                            "StopUnit", NULL, NULL, "ss", UNIT, "replace"),
                         0);
}

static char *get_text(Bed *bed, const char *property) {
        char *text = NULL;

        (void) sd_bus_get_property_string(bed->bus, NULL, OBJECT, SBX_INTERFACE_SANDBOX, property,
                                          NULL, &text);
        return text ? text : strdup("");
}

static void wait_for(Bed *bed, const char *property, const char *value) {
        char *text = NULL;

        for (int i = 0; i < WAIT_MSEC / 5; i++) {
                struct timespec pause = {.tv_nsec = 5000000};

                free(text);
                text = get_text(bed, property);
                if (streq(text, value)) {
                        free(text);
                        return;
                }
                (void) nanosleep(&pause, NULL);
        }
        ck_abort_msg("%s is %s, not %s", property, text, value);
}

static void assert_contains(Bed *bed, const char *property, const char *part) {
        char *text = get_text(bed, property);

        ck_assert_msg(strstr(text, part), "%s has no \"%s\": %s", property, part, text);
        free(text);
}

/* -- what a helper does -- */

static void take_start(Bed *bed) {
        ControlMessage *message = calloc(1, sizeof(*message));
        Plan *plan = NULL;

        ck_assert_ptr_nonnull(message);
        receive(bed, CONTROL_START, message);
        ck_assert_str_eq(message->strings[0], UNIT);
        ck_assert_int_eq(wire_plan_open(message->fds[0], &plan), 0);
        ck_assert_ptr_nonnull(plan_find(plan, OP_EXEC));
        bed->id = message->id;
        plan_free(plan);
        control_message_done(message);
        free(message);
}

static void say_held(Bed *bed) {
        uint64_t numbers[CONTROL_NUMBERS_MAX] = {(uint64_t) bed->child, 0, 524288, 1};
        int pidfd = (int) syscall(SYS_pidfd_open, bed->child, 0);

        ck_assert_int_ge(pidfd, 0);
        say(bed, CONTROL_HELD, numbers, NULL, &pidfd, 1);
        fd_close(pidfd);
}

static void say_running(Bed *bed) {
        uint64_t numbers[CONTROL_NUMBERS_MAX] = {(uint64_t) bed->child, 2};
        int pidfd = (int) syscall(SYS_pidfd_open, bed->child, 0);

        ck_assert_int_ge(pidfd, 0);
        say(bed, CONTROL_RUNNING, numbers, NULL, &pidfd, 1);
        fd_close(pidfd);
}

static void say_listed_running(Bed *bed) {
        uint64_t numbers[CONTROL_NUMBERS_MAX] = {
                SANDBOX_IS_RUNNING, (uint64_t) bed->child, (uint64_t) bed->child, 0, 524288, 1};
        int pidfds[] = {(int) syscall(SYS_pidfd_open, bed->child, 0),
                        (int) syscall(SYS_pidfd_open, bed->child, 0)};

        say(bed, CONTROL_SANDBOX, numbers, UNIT, pidfds, 2);
        SAY(bed, CONTROL_LISTED, 1);
        fd_close(pidfds[0]);
        fd_close(pidfds[1]);
}

static void bring_up(Bed *bed, const char *restart) {
        call_start(bed, restart);
        take_start(bed);
        say_held(bed);
        expect(bed, CONTROL_GO);
        SAY(bed, CONTROL_READY, 3);
        say_running(bed);
        wait_for(bed, "ActiveState", "active");
}

static void expect_kill(Bed *bed, int signal) {
        ControlMessage *message = calloc(1, sizeof(*message));

        ck_assert_ptr_nonnull(message);
        receive(bed, CONTROL_KILL, message);
        ck_assert_uint_eq(message->numbers[KILL_SIGNAL], (uint64_t) signal);
        ck_assert_uint_eq(message->numbers[KILL_WHOM], KILL_ALL);
        free(message);
}

/* -- tests -- */

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
        call_stop(&bed);
        expect_kill(&bed, SIGTERM);
        SAY(&bed, CONTROL_EXITED, CLD_EXITED, 0);
        expect(&bed, CONTROL_FORGET);
        wait_for(&bed, "ActiveState", "inactive");
        bed_close(&bed);
}
END_TEST

static void kill_sbxd(Bed *bed) {
        bed->bus = sd_bus_close_unref(bed->bus);
        ck_assert_int_eq(kill(bed->sbxd, SIGKILL), 0);
        ck_assert_int_eq(waitpid(bed->sbxd, NULL, 0), bed->sbxd);
}

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
        call_stop(&bed);
        expect_kill(&bed, SIGTERM);
        SAY(&bed, CONTROL_EXITED, CLD_EXITED, 0);
        expect(&bed, CONTROL_FORGET);
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

static void write_unit(const Bed *bed, const char *name, const char *text) {
        char path[160];
        int fd;

        bed_path(bed, "units", path, sizeof(path));
        ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
        (void) snprintf(path, sizeof(path), "%s/units/%s", bed->directory, name);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
        fd_close(fd);
}

static int load_unit(Bed *bed, const char *name) {
        return sd_bus_call_method(bed->bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                  "LoadUnit", NULL, NULL, "s", name);
}

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
        tcase_add_test(tcase, exit_is_collected_afterwards);
        tcase_add_test(tcase, damaged_state_is_put_aside);
        tcase_add_loop_test(tcase, scope_that_is_none_stops_the_start, 0, ELEMENTS(scope_cases));
        tcase_add_loop_test(tcase, death_during_the_scope, 0, 2);
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
