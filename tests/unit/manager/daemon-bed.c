/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon-bed.h"

#include "base/fd.h"
#include "op/step.h"
#include "wire/plan.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void bed_path(const Bed *bed, const char *name, char *ret, size_t size) {
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
                     bed->option, NULL);
        _exit(EXIT_FAILURE);
}

void bed_accept(Bed *bed) {
        struct pollfd ready = {.fd = bed->listener, .events = POLLIN};

        ck_assert_int_eq(poll(&ready, 1, WAIT_MSEC), 1);
        fd_close(bed->helper);
        bed->helper = accept4(bed->listener, NULL, NULL, SOCK_CLOEXEC);
        ck_assert_int_ge(bed->helper, 0);
}

void bed_spawn(Bed *bed) {
        bed->sbxd = fork();
        ck_assert_int_ge(bed->sbxd, 0);
        if (bed->sbxd == 0) {
                exec_sbxd(bed);
        }
        bed_accept(bed);
}

void receive(Bed *bed, ControlType type, ControlMessage *ret) {
        struct pollfd ready = {.fd = bed->helper, .events = POLLIN};

        ck_assert_msg(poll(&ready, 1, WAIT_MSEC) == 1, "sbxd did not send %s",
                      control_table[type].name);
        ck_assert_int_eq(control_receive(bed->helper, CONTROL_DOWN, ret, 0), 1);
        ck_assert_msg(ret->type == type, "sbxd sent %s, not %s", control_table[ret->type].name,
                      control_table[type].name);
}

void expect(Bed *bed, ControlType type) {
        ControlMessage *message = calloc(1, sizeof(*message));

        ck_assert_ptr_nonnull(message);
        receive(bed, type, message);
        control_message_done(message);
        free(message);
}

void say(Bed *bed, ControlType type, const uint64_t *numbers, const char *text, const int *fds,
         size_t n_fds) {
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

void bed_greet(Bed *bed) {
        expect(bed, CONTROL_HELLO);
        SAY(bed, CONTROL_HELLO, CONTROL_PROTOCOL_VERSION, WIRE_PLAN_VERSION);
        expect(bed, CONTROL_LIST);
}

sd_bus *bed_private(const Bed *bed) {
        sd_bus *bus = NULL;
        char path[128];
        int fd = -EBADF;

        bed_path(bed, "private", path, sizeof(path));
        for (int i = 0; i < WAIT_MSEC && fd < 0; i++) {
                struct timespec pause = {.tv_nsec = 1000000};

                fd = connect_or_bind(path, SOCK_STREAM, false);
                (void) nanosleep(&pause, NULL);
        }
        ck_assert_int_ge(fd, 0);
        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(bus, fd, fd), 0);
        ck_assert_int_ge(sd_bus_start(bus), 0);
        return bus;
}

void bed_connect(Bed *bed) {
        bed->bus = sd_bus_close_unref(bed->bus);
        bed->bus = bed_private(bed);
}

/* With the last process in it the kernel removes it, however a test ends. */
static void own_run(void) {
        static bool done;

        if (done) {
                return;
        }
        ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
        ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
        ck_assert_int_eq(mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"), 0);
        done = true;
}

void bed_open_with(Bed *bed, bool scopes, FakeScript script, const char *option) {
        char path[128];

        own_run();
        *bed = (Bed){.directory = "/run/sbx-daemon-XXXXXX",
                     .helper = -EBADF,
                     .scopes = scopes,
                     .option = option};
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

void bed_open(Bed *bed, bool scopes, FakeScript script) {
        bed_open_with(bed, scopes, script, NULL);
}

/* sbxd has to end on SIGTERM, and well: whatever happened before. */
void bed_close(Bed *bed) {
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

void call_start(Bed *bed, const char *restart) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bed->bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                               "StartTransientUnit", &error, NULL, "ssa(sv)a(sa(sv))", UNIT,
                               "replace", 2, "ExecStart", "s", "/bin/sleep 1000", "Restart", "s",
                               restart, 0);
        ck_assert_msg(r >= 0, "%s", error.message);
}

void call_stop(Bed *bed) {
        ck_assert_int_ge(sd_bus_call_method(bed->bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                            "StopUnit", NULL, NULL, "ss", UNIT, "replace"),
                         0);
}

char *get_text(Bed *bed, const char *property) {
        char *text = NULL;

        (void) sd_bus_get_property_string(bed->bus, NULL, OBJECT, SBX_INTERFACE_SANDBOX, property,
                                          NULL, &text);
        return text ? text : strdup("");
}

void wait_for(Bed *bed, const char *property, const char *value) {
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

void assert_contains(Bed *bed, const char *property, const char *part) {
        char *text = get_text(bed, property);

        ck_assert_msg(strstr(text, part), "%s has no \"%s\": %s", property, part, text);
        free(text);
}

/* -- what a helper does -- */

void take_start(Bed *bed) {
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

void say_held(Bed *bed) {
        uint64_t numbers[CONTROL_NUMBERS_MAX] = {(uint64_t) bed->child, 0, 524288, 1};
        int pidfd = (int) syscall(SYS_pidfd_open, bed->child, 0);

        ck_assert_int_ge(pidfd, 0);
        say(bed, CONTROL_HELD, numbers, NULL, &pidfd, 1);
        fd_close(pidfd);
}

void say_running(Bed *bed) {
        uint64_t numbers[CONTROL_NUMBERS_MAX] = {(uint64_t) bed->child, 2};
        int pidfd = (int) syscall(SYS_pidfd_open, bed->child, 0);

        ck_assert_int_ge(pidfd, 0);
        say(bed, CONTROL_RUNNING, numbers, NULL, &pidfd, 1);
        fd_close(pidfd);
}

void say_listed_running(Bed *bed) {
        uint64_t numbers[CONTROL_NUMBERS_MAX] = {
                SANDBOX_IS_RUNNING, (uint64_t) bed->child, (uint64_t) bed->child, 0, 524288, 1};
        int pidfds[] = {(int) syscall(SYS_pidfd_open, bed->child, 0),
                        (int) syscall(SYS_pidfd_open, bed->child, 0)};

        say(bed, CONTROL_SANDBOX, numbers, UNIT, pidfds, 2);
        SAY(bed, CONTROL_LISTED, 1);
        fd_close(pidfds[0]);
        fd_close(pidfds[1]);
}

void bring_up(Bed *bed, const char *restart) {
        call_start(bed, restart);
        take_start(bed);
        say_held(bed);
        expect(bed, CONTROL_GO);
        SAY(bed, CONTROL_READY, 3);
        say_running(bed);
        wait_for(bed, "ActiveState", "active");
}

void bring_down(Bed *bed) {
        call_stop(bed);
        expect_kill(bed, SIGTERM);
        SAY(bed, CONTROL_EXITED, CLD_EXITED, 0);
        expect(bed, CONTROL_FORGET);
}

void expect_kill(Bed *bed, int signal) {
        ControlMessage *message = calloc(1, sizeof(*message));

        ck_assert_ptr_nonnull(message);
        receive(bed, CONTROL_KILL, message);
        ck_assert_uint_eq(message->numbers[KILL_SIGNAL], (uint64_t) signal);
        ck_assert_uint_eq(message->numbers[KILL_WHOM], KILL_ALL);
        free(message);
}

void kill_sbxd(Bed *bed) {
        bed->bus = sd_bus_close_unref(bed->bus);
        ck_assert_int_eq(kill(bed->sbxd, SIGKILL), 0);
        ck_assert_int_eq(waitpid(bed->sbxd, NULL, 0), bed->sbxd);
}

void write_unit(const Bed *bed, const char *name, const char *text) {
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

int load_unit(Bed *bed, const char *name) {
        return sd_bus_call_method(bed->bus, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                  "LoadUnit", NULL, NULL, "s", name);
}
