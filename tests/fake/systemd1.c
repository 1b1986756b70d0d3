/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd1.h"

#include "base/fd.h"
#include "base/str.h"
#include "base/time.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define SLOW_USEC (300 * USEC_PER_MSEC)
#define WAIT_MSEC 5000

/* -- the fake -- */

typedef struct Fake {
        FakeScript script;
        sd_bus *bus;
        int log;
        uint32_t last_job;
        char **units;
} Fake;

typedef struct Delayed {
        Fake *fake;
        uint32_t id;
        char unit[256];
} Delayed;

static void fake_log(Fake *fake, const char *call, const char *unit, const char *more) {
        char *line = strf("%s %s%s\n", call, unit, more);

        ck_assert_ptr_nonnull(line);
        ck_assert_int_eq(fd_write_all(fake->log, line, strlen(line)), 0);
        free(line);
}

static void fake_forget_unit(Fake *fake, const char *unit) {
        char **left = NULL;

        STRV_FOREACH (item, fake->units) {
                if (!streq(*item, unit)) {
                        ck_assert_int_eq(strv_append(&left, *item), 0);
                }
        }
        strv_free(fake->units);
        fake->units = left;
}

static void fake_job_path(uint32_t id, char *ret, size_t size) {
        (void) snprintf(ret, size, "/org/freedesktop/systemd1/job/%u", id);
}

static void fake_removed(Fake *fake, uint32_t id, const char *unit, const char *result) {
        char path[64];

        fake_job_path(id, path, sizeof(path));
        ck_assert_int_ge(sd_bus_emit_signal(fake->bus, "/org/freedesktop/systemd1",
                                            "org.freedesktop.systemd1.Manager", "JobRemoved",
                                            "uoss", id, path, unit, result),
                         0);
}

static int on_delayed(sd_event_source *source, uint64_t usec, void *userdata) {
        Delayed *delayed = userdata;

        fake_removed(delayed->fake, delayed->id, delayed->unit, "done");
        free(delayed);
        return 0;
}

static void fake_delay(Fake *fake, uint32_t id, const char *unit) {
        Delayed *delayed = calloc(1, sizeof(*delayed));

        ck_assert_ptr_nonnull(delayed);
        delayed->fake = fake;
        delayed->id = id;
        (void) snprintf(delayed->unit, sizeof(delayed->unit), "%s", unit);
        ck_assert_int_ge(sd_event_add_time_relative(sd_bus_get_event(fake->bus), NULL,
                                                    CLOCK_MONOTONIC, SLOW_USEC, 1, on_delayed,
                                                    delayed),
                         0);
}

static int fake_start(Fake *fake, sd_bus_message *message, const char *unit) {
        uint32_t id = ++fake->last_job;
        char path[64];
        int r;

        fake_job_path(id, path, sizeof(path));
        ck_assert_int_eq(strv_append(&fake->units, unit), 0);
        if (fake->script == FAKE_EARLY) {
                fake_removed(fake, id, unit, "done");
        }
        r = sd_bus_reply_method_return(message, "o", path);
        if (fake->script == FAKE_FAILED) {
                fake_forget_unit(fake, unit);
                fake_removed(fake, id, unit, "failed");
        } else if (fake->script == FAKE_SLOW) {
                fake_delay(fake, id, unit);
        } else if (fake->script != FAKE_LOST && fake->script != FAKE_EARLY) {
                fake_removed(fake, id, unit, "done");
        }
        return r;
}

static int method_start(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Fake *fake = userdata;
        const char *unit, *mode;
        int r;

        r = sd_bus_message_read(message, "ss", &unit, &mode);
        if (r < 0) {
                return r;
        }
        fake_log(fake, "StartTransientUnit", unit, "");
        if (fake->script == FAKE_REFUSED) {
                return sd_bus_error_set_const(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                              "Cannot set property MemoryMax");
        }
        if (fake->script == FAKE_EXISTS || strv_contains(fake->units, unit)) {
                return sd_bus_error_setf(reterr, "org.freedesktop.systemd1.UnitExists",
                                         "Unit %s already exists.", unit);
        }
        return fake_start(fake, message, unit);
}

static int method_stop(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Fake *fake = userdata;
        uint32_t id = ++fake->last_job;
        const char *unit, *mode;
        char path[64];
        int r;

        r = sd_bus_message_read(message, "ss", &unit, &mode);
        if (r < 0) {
                return r;
        }
        fake_log(fake, "StopUnit", unit, "");
        if (!strv_contains(fake->units, unit) && fake->script != FAKE_EXISTS) {
                return sd_bus_error_setf(reterr, "org.freedesktop.systemd1.NoSuchUnit",
                                         "Unit %s not loaded.", unit);
        }
        fake_job_path(id, path, sizeof(path));
        r = sd_bus_reply_method_return(message, "o", path);
        fake_forget_unit(fake, unit);
        fake_removed(fake, id, unit, "done");
        return r;
}

static int method_list(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Fake *fake = userdata;
        sd_bus_message *reply = NULL;

        ck_assert_int_ge(sd_bus_message_new_method_return(message, &reply), 0);
        ck_assert_int_ge(sd_bus_message_open_container(reply, 'a', "(ssssssouso)"), 0);
        STRV_FOREACH (unit, fake->units) {
                ck_assert_int_ge(sd_bus_message_append(reply, "(ssssssouso)", *unit, "", "loaded",
                                                       "active", "running", "", "/x", 0, "", "/"),
                                 0);
        }
        ck_assert_int_ge(sd_bus_message_close_container(reply), 0);
        ck_assert_int_ge(sd_bus_send(NULL, reply, NULL), 0);
        sd_bus_message_unref(reply);
        return 1;
}

static int method_subscribe(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return sd_bus_reply_method_return(message, NULL);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", method_start,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StopUnit", "ss", "o", method_stop, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListUnitsByPatterns", "asas", "a(ssssssouso)", method_list,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Subscribe", "", "", method_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void fake_serve(const FakeBus *bus, FakeScript script, const char *stale, int ready) {
        Fake fake = {.script = script};
        sd_event *event;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        fake.log = open(bus->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        ck_assert_int_ge(fake.log, 0);
        if (stale) {
                ck_assert_int_eq(strv_append(&fake.units, stale), 0);
        }
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_ge(sd_bus_new(&fake.bus), 0);
        ck_assert_int_ge(sd_bus_set_address(fake.bus, bus->address), 0);
        ck_assert_int_ge(sd_bus_set_bus_client(fake.bus, 1), 0);
        ck_assert_int_ge(sd_bus_start(fake.bus), 0);
        ck_assert_int_ge(sd_bus_add_object_vtable(fake.bus, NULL, "/org/freedesktop/systemd1",
                                                  "org.freedesktop.systemd1.Manager", vtable,
                                                  &fake),
                         0);
        ck_assert_int_ge(sd_bus_request_name(fake.bus, "org.freedesktop.systemd1", 0), 0);
        ck_assert_int_ge(sd_bus_attach_event(fake.bus, event, 0), 0);
        ck_assert_int_eq(fd_write_all(ready, "r", 1), 0);
        (void) sd_event_loop(event);
        _exit(EXIT_FAILURE);
}

/* -- the bus -- */

static void write_configuration(const FakeBus *bus, char *path, size_t size) {
        static const char format[] =
                "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration "
                "1.0//EN\"\n"
                " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
                "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>\n"
                "<policy context=\"default\"><allow user=\"*\"/><allow send_destination=\"*\" "
                "eavesdrop=\"true\"/>\n"
                "<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n";
        char *text = strf(format, bus->address);
        int fd;

        (void) snprintf(path, size, "%s/bus.conf", bus->directory);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        ck_assert_ptr_nonnull(text);
        ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
        free(text);
        fd_close(fd);
}

/* The socket is there before anybody listens on it: only a connection proves that. */
static void wait_for_socket(const FakeBus *bus) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", bus->directory);
        for (int i = 0; i < WAIT_MSEC; i++) {
                struct timespec pause = {.tv_nsec = 1000000};
                _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

                ck_assert_int_ge(fd, 0);
                if (connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0) {
                        return;
                }
                (void) nanosleep(&pause, NULL);
        }
        ck_abort_msg("dbus-daemon did not come up");
}

static void fake_bus_spawn(FakeBus *bus, FakeScript script, const char *stale) {
        char configuration[128], byte;
        int ready[2];

        write_configuration(bus, configuration, sizeof(configuration));
        bus->daemon = fork();
        ck_assert_int_ge(bus->daemon, 0);
        if (bus->daemon == 0) {
                char *option = strf("--config-file=%s", configuration);

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) execlp("dbus-daemon", "dbus-daemon", "--nofork", option, NULL);
                _exit(EXIT_FAILURE);
        }
        wait_for_socket(bus);
        ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
        bus->systemd = fork();
        ck_assert_int_ge(bus->systemd, 0);
        if (bus->systemd == 0) {
                fake_serve(bus, script, stale, ready[1]);
        }
        fd_close(ready[1]);
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
        fd_close(ready[0]);
}

void fake_bus_start(FakeBus *bus, FakeScript script, const char *stale) {
        *bus = (FakeBus){.directory = "/tmp/sbx-bus-XXXXXX"};
        ck_assert_ptr_nonnull(mkdtemp(bus->directory));
        ck_assert_int_eq(chmod(bus->directory, 0755), 0); /* for clients of any uid */
        (void) snprintf(bus->address, sizeof(bus->address), "unix:path=%s/bus", bus->directory);
        (void) snprintf(bus->log, sizeof(bus->log), "%s/log", bus->directory);
        fake_bus_spawn(bus, script, stale);
}

void fake_bus_again(FakeBus *bus, FakeScript script) {
        fake_bus_spawn(bus, script, NULL);
}

void fake_remove_tree(const char *path) {
        char *arguments[] = {(char *) "rm", (char *) "-rf", (char *) "--", (char *) path, NULL};
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                (void) execvp("rm", arguments);
                _exit(EXIT_FAILURE);
        }
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

void fake_bus_kill(FakeBus *bus) {
        const pid_t pids[] = {bus->systemd, bus->daemon};

        for (size_t i = 0; i < ELEMENTS(pids); i++) {
                ck_assert_int_eq(kill(pids[i], SIGKILL), 0);
                ck_assert_int_eq(waitpid(pids[i], NULL, 0), pids[i]);
        }
}

void fake_bus_stop(FakeBus *bus) {
        fake_bus_kill(bus);
        fake_remove_tree(bus->directory);
}

static int count_lines(const FakeBus *bus, const char *prefix) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int n = 0;

        if (file_read_at(AT_FDCWD, bus->log, 1 << 20, &text, &size) < 0) {
                return 0;
        }
        for (const char *line = text; line && *line != '\0';
             line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                n += startswith(line, prefix) ? 1 : 0;
        }
        return n;
}

int fake_bus_count(const FakeBus *bus, const char *prefix, int n) {
        for (int i = 0; i < 1000 && count_lines(bus, prefix) < n; i++) {
                struct timespec pause = {.tv_nsec = 1000000};

                (void) nanosleep(&pause, NULL);
        }
        return count_lines(bus, prefix);
}
