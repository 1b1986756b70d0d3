/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake-sbxd SOCKET: org.sbx1 on a private socket, with units that always do the same. For tests of
 * sbxctl without root and without sandboxes. It says on stdout what it was asked for.
 *
 *     web     is active            broken  fails to start       bad     has mistakes
 *     idle    is inactive          ends    starts and has ended at once
 *     stuck   its jobs do not end  crash   it dies after it named the job
 *
 * Programs of Exec and run are not run: the first word says how they end ("exit-42", "signal-9",
 * "missing", "echo": copies stdin to stdout, "wait": ends by a signal that is passed on). */
#include "fake-sbxd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct Unit {
        const char *name, *load, *active, *sub, *result, *text;
        uint32_t pid;
} units[] = {
        {"web.sandbox", "loaded", "active", "running", "success", "", 1},
        {"idle.sandbox", "loaded", "inactive", "dead", "success", "", 0},
        {"ends.sandbox", "loaded", "inactive", "dead", "success", "", 0},
        {"broken.sandbox", "loaded", "failed", "failed", "exit-code",
         "Executing failed on \"\033[5m/bin/x\".", 0},
        {"bad.sandbox", "bad-setting", "inactive", "dead", "success", "", 0},
};

static const struct Unit *unit_find(const char *name) {
        for (size_t i = 0; i < ELEMENTS(units); i++) {
                if (streq(units[i].name, name)) {
                        return &units[i];
                }
        }
        return NULL;
}

static int no_such_unit(sd_bus_error *error, const char *name) {
        return sd_bus_error_setf(error, SBX_ERROR_NO_SUCH_UNIT, "There is no unit %s.", name);
}

void say(const char *what, const char *unit, const char *more) {
        printf("%s %s%s%s\n", what, unit, *more ? " " : "", more);
        (void) fflush(stdout);
}

/* -- methods -- */

int reply_job(Fake *fake, sd_bus_message *message, const char *unit, const char *result) {
        _cleanup_free_ char *path = strf("/org/sbx1/job/%u", ++fake->last_id);
        int r;

        r = sd_bus_reply_method_return(message, "o", path);
        return r < 0 ? r
                     : sd_bus_emit_signal(fake->bus, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                          "JobRemoved", "uoss", fake->last_id, path, unit, result);
}

static int on_job(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Fake *fake = userdata;
        const char *name, *mode, *member = sd_bus_message_get_member(message);
        int r;

        r = sd_bus_message_read(message, "ss", &name, &mode);
        if (r < 0) {
                return r;
        }
        say(member, name, mode);
        if (streq(name, "stuck.sandbox") || streq(name, "crash.sandbox")) {
                r = sd_bus_reply_method_return(message, "o", "/org/sbx1/job/1");
                return streq(name, "stuck.sandbox") ? r : sd_event_exit(fake->event, 0);
        }
        if (!unit_find(name) && !streq_ptr(name, fake->unit)) {
                return no_such_unit(error, name);
        }
        if (streq(name, "bad.sandbox")) {
                return sd_bus_error_set_const(error, SBX_ERROR_BAD_UNIT_SETTING,
                                              "bad.sandbox has mistakes.");
        }
        if (streq(name, "web.sandbox")) {
                (void) sd_bus_emit_properties_changed(fake->bus,
                                                      SBX_SANDBOX_PREFIX "/web_2esandbox",
                                                      SBX_INTERFACE_SANDBOX, "ActiveState", NULL);
        }
        return reply_job(fake, message, name, streq(name, "broken.sandbox") ? "failed" : "done");
}

static int on_load(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_free_ char *path = NULL;
        Fake *fake = userdata;
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0 && !unit_find(name) && !streq_ptr(name, fake->unit)) {
                return no_such_unit(error, name);
        }
        r = r < 0 ? r : sd_bus_path_encode(SBX_SANDBOX_PREFIX, name, &path);
        return r < 0 ? r : sd_bus_reply_method_return(message, "o", path);
}

/* FreezeUnit() and ThawUnit(): web alone runs. */
static int on_freezer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r < 0) {
                return r;
        }
        say(sd_bus_message_get_member(message), name, "");
        if (!unit_find(name)) {
                return no_such_unit(error, name);
        }
        if (!unit_find(name)->pid) {
                return sd_bus_error_setf(error, SBX_ERROR_NOT_ACTIVE, "%s is not running.", name);
        }
        return sd_bus_reply_method_return(message, NULL);
}

/* Says what it was asked for; what is no size is refused. */
static int on_set_properties(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_free_ char *text = NULL;
        const char *name, *directive, *value;
        int runtime, r;

        r = sd_bus_message_read(message, "sba(sv)", &name, &runtime, 1, &directive, "s", &value);
        if (r < 0) {
                return r;
        }
        text = strf("%s%s=%s", runtime ? "runtime " : "", directive, value);
        say("SetUnitProperties", name, text);
        if (!unit_find(name)) {
                return no_such_unit(error, name);
        }
        if (streq(value, "lots")) {
                return sd_bus_error_setf(error, SBX_ERROR_BAD_UNIT_SETTING,
                                         "set-property:1:1: error: %s=: no size", directive);
        }
        return sd_bus_reply_method_return(message, NULL);
}

static int on_effective(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r < 0) {
                return r;
        }
        if (!unit_find(name)) {
                return no_such_unit(error, name);
        }
        return sd_bus_reply_method_return(message, "a(ssssss)", 3, "MemoryMax", "", "64M", "64M",
                                          "/top\033[31m.slice", "32M", "TasksMax", "", "1024", "",
                                          "", "", "IOReadBandwidthMax", "/dev/\033sda", "",
                                          "infinity", "/top.slice", "5000000");
}

static int on_kill(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_free_ char *text = NULL;
        Fake *fake = userdata;
        const char *name, *whom;
        int32_t number;
        int r;

        r = sd_bus_message_read(message, "ssi", &name, &whom, &number);
        if (r < 0) {
                return r;
        }
        text = strf("%s %d", whom, number);
        say("KillUnit", name, text);
        if (streq_ptr(name, fake->unit)) {
                fake->over = true;
                fake->code = CLD_KILLED;
                fake->status = number;
                play(fake);
                r = emit_change(fake);
        }
        return r < 0 ? r : sd_bus_reply_method_return(message, NULL);
}

static int on_kill_exec(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Fake *fake = userdata;
        uint32_t id;
        int32_t number;
        int r;

        r = sd_bus_message_read(message, "ui", &id, &number);
        if (r < 0) {
                return r;
        }
        fake->over = true;
        fake->code = CLD_KILLED;
        fake->status = number;
        play(fake);
        r = sd_bus_reply_method_return(message, NULL);
        return r < 0 ? r : emit_exit(fake);
}

static int on_list(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "(ssssssouso)");
        for (size_t i = 0; r >= 0 && i < ELEMENTS(units); i++) {
                _cleanup_free_ char *path = NULL;

                r = sd_bus_path_encode(SBX_SANDBOX_PREFIX, units[i].name, &path);
                r = r < 0 ? r
                          : sd_bus_message_append(reply, "(ssssssouso)", units[i].name,
                                                  "What \033[31m it is", units[i].load,
                                                  units[i].active, units[i].sub, "", path,
                                                  (uint32_t) 0, "", "/");
        }
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int on_list_sandboxes(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "(sssssutsas)");
        for (size_t i = 0; r >= 0 && i < ELEMENTS(units); i++) {
                r = sd_bus_message_append(
                        reply, "(sssssutsas)", units[i].name, "What \033[31m it is", units[i].load,
                        units[i].active, units[i].sub, units[i].pid,
                        units[i].pid ? UINT64_C(1536) : UINT64_MAX, "running", 1, "8080");
        }
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int on_list_usage(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "(sttttt)");
        for (size_t i = 0; r >= 0 && i < ELEMENTS(units); i++) {
                if (units[i].pid > 0) {
                        r = sd_bus_message_append(reply, "(sttttt)", units[i].name, UINT64_C(3),
                                                  UINT64_C(1536), UINT64_C(5000000000),
                                                  UINT64_C(5000000000), UINT64_MAX);
                }
        }
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int on_list_files(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return sd_bus_reply_method_return(message, "a(ss)", 2, "/etc/sbx/system/web.sandbox",
                                          "enabled", "/etc/sbx/system/idle.sandbox", "disabled");
}

/* Numbers that no process of this host can have. */
static int on_list_processes(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r < 0) {
                return r;
        }
        if (!streq(name, "web.sandbox")) {
                return sd_bus_reply_method_return(message, "a(uuuustts)u", 0, 0);
        }
        return sd_bus_reply_method_return(
                message, "a(uuuustts)u", 3, 5000001, 1, 1, 0, "S", UINT64_C(0), UINT64_C(4096),
                "init", 5000002, 5000001, 2, 33, "R", UINT64_C(1500000000), UINT64_C(1048576),
                "ht\\x1btpd", 5000003, 1, 0, UINT32_MAX, "S", UINT64_C(0), UINT64_C(0), "relay", 4);
}

/* What a client does first on a bus with a daemon, as over ssh. */
static int on_hello(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return sd_bus_reply_method_return(message, "s", ":1.7");
}

static int on_add_match(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return sd_bus_reply_method_return(message, NULL);
}

static const sd_bus_vtable driver_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", "", "s", on_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("AddMatch", "s", "", on_add_match, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RemoveMatch", "s", "", on_add_match, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static int on_read_log(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        static const char log[] = "1764100000.000001 6 . one\n"
                                  "1764100060.000002 3 + t\033[31m\n"
                                  "1764100061.000003 6 . wo\n"
                                  "1764100120.500000 7 . three\n";
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *name;
        uint64_t offset;
        size_t size = sizeof(log) - 1;
        int r;

        r = sd_bus_message_read(message, "st", &name, &offset);
        r = r < 0 ? r : sd_bus_message_new_method_return(message, &reply);
        if (r < 0) {
                return r;
        }
        offset = MIN(offset, (uint64_t) size);
        /* ten bytes a call: readers must come again */
        size = MIN(size - (size_t) offset, (size_t) 10);
        r = sd_bus_message_append_array(reply, 'y', log + offset, size);
        r = r < 0 ? r : sd_bus_message_append(reply, "t", offset + size);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* And tells at once of something that happened. */
static int on_subscribe(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_free_ char *path = NULL;
        Fake *fake = userdata;
        int r;

        r = sd_bus_path_encode(SBX_SANDBOX_PREFIX, "web.sandbox", &path);
        r = r < 0 ? r : sd_bus_reply_method_return(message, NULL);
        r = r < 0 ? r
                  : sd_bus_emit_signal(fake->bus, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "UnitNew",
                                       "so", "new\033[5m.sandbox", path);
        return r < 0 ? r
                     : sd_bus_emit_properties_changed(fake->bus, path, SBX_INTERFACE_SANDBOX,
                                                      "ActiveState", NULL);
}

static int on_simple(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name = "";

        if (sd_bus_message_has_signature(message, "s")) {
                int r = sd_bus_message_read(message, "s", &name);

                if (r < 0) {
                        return r;
                }
        }
        say(sd_bus_message_get_member(message), name, "");
        return sd_bus_reply_method_return(message, NULL);
}

/* -- properties -- */

static int get_manager(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        if (streq(property, "NUnits")) {
                return sd_bus_message_append(reply, "u", (uint32_t) ELEMENTS(units));
        }
        return sd_bus_message_append(reply, "s", streq(property, "Backend") ? "direct" : "0");
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        _cleanup_free_ char *name = NULL;
        const struct Unit *unit;
        Fake *fake = userdata;
        const char *text = "";

        if (sd_bus_path_decode(path, SBX_SANDBOX_PREFIX, &name) <= 0) {
                return -EINVAL;
        }
        unit = unit_find(name);
        if (streq(property, "Id")) {
                text = name;
        } else if (streq(property, "Description")) {
                text = "What it is";
        } else if (streq(property, "FailedStep")) {
                text = !unit && streq(fake->word, "missing") ? "exec" : "";
        } else if (unit) {
                text = streq(property, "LoadState")     ? unit->load
                       : streq(property, "ActiveState") ? unit->active
                       : streq(property, "SubState")    ? unit->sub
                       : streq(property, "Result")      ? unit->result
                       : streq(property, "StatusText")  ? unit->text
                                                        : "";
        } else {
                bool over = fake->over;

                text = streq(property, "LoadState")     ? "loaded"
                       : streq(property, "ActiveState") ? (over ? "inactive" : "active")
                       : streq(property, "Result")      ? "success"
                       : streq(property, "StatusText")  ? "it is missing"
                                                        : "";
        }
        return sd_bus_message_append(reply, "s", text);
}

static int get_number(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        _cleanup_free_ char *name = NULL;
        const struct Unit *unit;
        Fake *fake = userdata;

        if (sd_bus_path_decode(path, SBX_SANDBOX_PREFIX, &name) <= 0) {
                return -EINVAL;
        }
        unit = unit_find(name);
        if (streq(property, "MemoryCurrent")) {
                return sd_bus_message_append(reply, "t",
                                             unit && unit->pid ? UINT64_C(1536) : UINT64_MAX);
        }
        if (streq(property, "TasksCurrent")) {
                return sd_bus_message_append(reply, "t", UINT64_C(3));
        }
        if (streq(property, "CPUUsageNSec") || streq(property, "IOReadBytes")) {
                return sd_bus_message_append(reply, "t", UINT64_C(5000000000));
        }
        if (streq(property, "IOWriteBytes")) {
                return sd_bus_message_append(reply, "t", UINT64_MAX);
        }
        if (streq(property, "MemoryMax")) {
                return sd_bus_message_append(reply, "t", UINT64_C(67108864));
        }
        if (streq(property, "MainPID")) {
                return sd_bus_message_append(reply, "u", unit ? unit->pid : 0);
        }
        if (streq(property, "FailedErrno")) {
                return sd_bus_message_append(reply, "i", ENOENT);
        }
        return sd_bus_message_append(reply, "i",
                                     unit                              ? 0
                                     : streq(property, "ExecMainCode") ? fake->code
                                                                       : fake->status);
}

static int get_list(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        if (streq(property, "Ports")) {
                return sd_bus_message_append(reply, "a(sss)", 1, "http", "8080", "80");
        }
        if (streq(property, "Layers")) {
                return sd_bus_message_append(reply, "as", 2, "busybox", "site");
        }
        return sd_bus_message_append(reply, "as", endswith(path, "/bad_2esandbox") ? 1 : 0,
                                     "bad.sandbox:3:7: error: MemoryMax=: no size");
}

#define TEXT(name) SD_BUS_PROPERTY(name, "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

static const sd_bus_vtable sandbox_vtable[] = {
        SD_BUS_VTABLE_START(0),
        TEXT("Id"),
        TEXT("Description"),
        TEXT("LoadState"),
        TEXT("ActiveState"),
        TEXT("SubState"),
        TEXT("Result"),
        TEXT("StatusText"),
        TEXT("FailedStep"),
        SD_BUS_PROPERTY("FailedErrno", "i", get_number, 0, 0),
        SD_BUS_PROPERTY("MainPID", "u", get_number, 0, 0),
        SD_BUS_PROPERTY("ExecMainCode", "i", get_number, 0, 0),
        SD_BUS_PROPERTY("ExecMainStatus", "i", get_number, 0, 0),
        SD_BUS_PROPERTY("MemoryCurrent", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("TasksCurrent", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("CPUUsageNSec", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("IOReadBytes", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("IOWriteBytes", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("MemoryMax", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("Ports", "a(sss)", get_list, 0, 0),
        SD_BUS_PROPERTY("Layers", "as", get_list, 0, 0),
        SD_BUS_PROPERTY("LoadDiagnostics", "as", get_list, 0, 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_manager, 0, 0),
        SD_BUS_PROPERTY("Backend", "s", get_manager, 0, 0),
        SD_BUS_PROPERTY("NUnits", "u", get_manager, 0, 0),
        SD_BUS_METHOD("StartUnit", "ss", "o", on_job, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StopUnit", "ss", "o", on_job, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RestartUnit", "ss", "o", on_job, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("KillUnit", "ssi", "", on_kill, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FreezeUnit", "s", "", on_freezer, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ThawUnit", "s", "", on_freezer, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("SetUnitProperties", "sba(sv)", "", on_set_properties,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetEffectiveLimits", "s", "a(ssssss)", on_effective,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("LoadUnit", "s", "o", on_load, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListUnits", "", "a(ssssssouso)", on_list, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListSandboxes", "", "a(sssssutsas)", on_list_sandboxes,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListUsage", "", "a(sttttt)", on_list_usage, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListProcesses", "s", "a(uuuustts)u", on_list_processes,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListUnitFiles", "", "a(ss)", on_list_files, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", on_transient,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("AttachUnit", "s", "h", on_attach, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Exec", "sasa{sv}", "uuah", on_exec, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("KillExec", "ui", "", on_kill_exec, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ReadLog", "st", "ayt", on_read_log, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ResetFailedUnit", "s", "", on_simple, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("UnrefUnit", "s", "", on_simple, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Reload", "", "", on_simple, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Subscribe", "", "", on_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("UnitNew", "so", 0),
        SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
        SD_BUS_SIGNAL("ExecExited", "usiis", 0),
        SD_BUS_VTABLE_END,
};

static int find_sandbox(sd_bus *bus, const char *path, const char *interface, void *userdata,
                        void **ret, sd_bus_error *error) {
        *ret = userdata;
        return 1;
}

static int on_connection(sd_event_source *source, int listener, uint32_t events, void *userdata) {
        Fake *fake = userdata;
        int fd, r;

        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
                return negative_errno();
        }
        fake->bus = sd_bus_close_unref(fake->bus);
        r = sd_bus_new(&fake->bus);
        r = r < 0 ? r : sd_bus_set_fd(fake->bus, fd, fd);
        r = r < 0 ? r : sd_bus_set_server(fake->bus, true, (sd_id128_t){.bytes = {1}});
        r = r < 0 ? r : sd_bus_set_anonymous(fake->bus, true);
        r = r < 0 ? r : sd_bus_negotiate_fds(fake->bus, true);
        r = r < 0 ? r : sd_bus_start(fake->bus);
        r = r < 0 ? r
                  : sd_bus_add_object_vtable(fake->bus, NULL, SBX_OBJECT_PATH,
                                             SBX_INTERFACE_MANAGER, manager_vtable, fake);
        r = r < 0 ? r
                  : sd_bus_add_object_vtable(fake->bus, NULL, "/org/freedesktop/DBus",
                                             "org.freedesktop.DBus", driver_vtable, fake);
        r = r < 0 ? r
                  : sd_bus_add_fallback_vtable(fake->bus, NULL, SBX_SANDBOX_PREFIX,
                                               SBX_INTERFACE_SANDBOX, sandbox_vtable, find_sandbox,
                                               fake);
        return r < 0 ? r : sd_bus_attach_event(fake->bus, fake->event, SD_EVENT_PRIORITY_NORMAL);
}

int main(int argc, char **argv) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        Fake fake = {.fds = {-EBADF, -EBADF, -EBADF}, .master = -EBADF, .slave = -EBADF};
        int listener;

        if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
                return EXIT_FAILURE;
        }
        memcpy(address.sun_path, argv[1], strlen(argv[1]));
        (void) signal(SIGPIPE, SIG_IGN);
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener < 0 || bind(listener, (struct sockaddr *) &address, sizeof(address)) < 0 ||
            listen(listener, 8) < 0 || sd_event_default(&fake.event) < 0 ||
            sd_event_add_io(fake.event, NULL, listener, EPOLLIN, on_connection, &fake) < 0) {
                return EXIT_FAILURE;
        }
        return sd_event_loop(fake.event) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
