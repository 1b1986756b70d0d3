/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.sbx1.Manager. Each method: read the message, see who asks, call one function, answer. */

#include "base/fd.h"
#include "bus/errors.h"
#include "manager/bodies.h"
#include "manager/enabled.h"
#include "manager/exec.h"
#include "manager/failure.h"
#include "manager/helper-client.h"
#include "manager/job.h"
#include "manager/log-reader.h"
#include "manager/manager.h"
#include "manager/notify.h"
#include "manager/objects.h"
#include "manager/peers.h"
#include "manager/processes.h"
#include "manager/transient.h"
#include "sbx/bus.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#define METHOD(name) static int name(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
#define METHOD_ARGV_MAX 1024u

/* -- finding -- */

int bus_error_bad_unit(const Sandbox *sandbox, sd_bus_error *reterr) {
        _cleanup_(str_done) Str text = STR_INIT;

        if (sandbox->load_state == LOAD_MASKED) {
                return sd_bus_error_setf(reterr, SBX_ERROR_UNIT_MASKED, "%s is masked.",
                                         sandbox->name);
        }
        (void) failure_format_diags(&sandbox->diags, &text);
        return sd_bus_error_set(reterr, SBX_ERROR_BAD_UNIT_SETTING, str_text(&text));
}

static int error_no_unit(const char *name, sd_bus_error *reterr) {
        _cleanup_(str_done) Str escaped = STR_INIT;

        (void) str_append_escaped(&escaped, name, strlen(name));
        return sd_bus_error_setf(reterr, SBX_ERROR_NO_SUCH_UNIT, "There is no unit %s.",
                                 str_text(&escaped));
}

static int check_name(const char *name, sd_bus_error *reterr) {
        if (unit_name_is_valid(name) && !unit_name_is_template(name)) {
                return 0;
        }
        return sd_bus_error_set(reterr, SBX_ERROR_INVALID_NAME,
                                "This is not the name of a sandbox: it ends in .sandbox and a "
                                "template needs an instance.");
}

static int find_loaded(Manager *manager, const char *name, Sandbox **ret, sd_bus_error *reterr) {
        int r = check_name(name, reterr);

        if (r < 0) {
                return r;
        }
        *ret = manager_find(manager, name);
        return *ret ? 0 : error_no_unit(name, reterr);
}

int bus_find_or_load(Manager *manager, const char *name, Sandbox **ret, sd_bus_error *reterr) {
        int r = check_name(name, reterr);

        if (r < 0) {
                return r;
        }
        *ret = NULL;
        r = manager_load(manager, name, ret);
        if (r < 0) {
                return r;
        }
        return *ret ? 0 : error_no_unit(name, reterr);
}

/* -- jobs -- */

static int read_job(sd_bus_message *message, Manager *manager, JobKind kind, sd_bus_error *reterr) {
        const char *name, *text;
        Sandbox *sandbox;
        int mode, r;

        r = sd_bus_message_read(message, "ss", &name, &text);
        if (r >= 0) {
                r = bus_authorise(message, reterr);
        }
        if (r < 0) {
                return r;
        }
        mode = job_mode_parse(text);
        if (mode < 0) {
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "The job modes are \"replace\" and \"fail\".");
        }
        r = bus_find_or_load(manager, name, &sandbox, reterr);
        if (r < 0) {
                return r;
        }
        if (kind != JOB_STOP && sandbox->load_state == LOAD_NOT_FOUND) {
                return error_no_unit(name, reterr);
        }
        /* what runs by its last good definition must not be stopped for one that cannot start */
        if (sandbox->load_state != LOAD_LOADED &&
            (kind == JOB_RESTART || (kind == JOB_START && !sandbox_is_up(sandbox)))) {
                return bus_error_bad_unit(sandbox, reterr);
        }
        return bus_reply_job(message, sandbox, kind, (JobMode) mode, reterr);
}

METHOD(method_start_unit) {
        return read_job(message, userdata, JOB_START, reterr);
}

METHOD(method_stop_unit) {
        return read_job(message, userdata, JOB_STOP, reterr);
}

METHOD(method_restart_unit) {
        return read_job(message, userdata, JOB_RESTART, reterr);
}

METHOD(method_start_transient_unit) {
        Sandbox *sandbox;
        int mode, r;

        r = bus_authorise(message, reterr);
        if (r == 0) {
                r = clients_check(userdata, message, CLIENT_TRANSIENTS, reterr);
        }
        if (r == 0) {
                r = clients_check(userdata, message, CLIENT_JOBS, reterr);
        }
        if (r == 0) {
                r = transient_read(userdata, message, &sandbox, &mode, reterr);
        }
        if (r == 0) {
                r = transient_set_owner(sandbox, message);
        }
        return r < 0 ? r : bus_reply_job(message, sandbox, JOB_START, (JobMode) mode, reterr);
}

/* -- units -- */

static int read_loaded(sd_bus_message *message, Manager *manager, Sandbox **ret,
                       sd_bus_error *reterr) {
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0) {
                r = bus_authorise(message, reterr);
        }
        return r < 0 ? r : find_loaded(manager, name, ret, reterr);
}

METHOD(method_get_unit) {
        const char *name;
        Sandbox *sandbox;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0) {
                r = find_loaded(userdata, name, &sandbox, reterr);
        }
        return r < 0 ? r : sd_bus_reply_method_return(message, "o", sandbox->object_path);
}

METHOD(method_load_unit) {
        const char *name;
        Sandbox *sandbox;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0) {
                r = bus_find_or_load(userdata, name, &sandbox, reterr);
        }
        r = r < 0 ? r : bus_listen(message, sandbox);
        return r < 0 ? r : sd_bus_reply_method_return(message, "o", sandbox->object_path);
}

METHOD(method_unref_unit) {
        Sandbox *sandbox;
        int r;

        r = read_loaded(message, userdata, &sandbox, reterr);
        if (r < 0) {
                return r;
        }
        if (!sandbox->transient) {
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS, "%s has a file.",
                                         sandbox->name);
        }
        sandbox->released = true;
        manager_housekeep(sandbox->manager);
        return sd_bus_reply_method_return(message, NULL);
}

METHOD(method_reset_failed_unit) {
        Sandbox *sandbox;
        int r;

        r = read_loaded(message, userdata, &sandbox, reterr);
        if (r < 0) {
                return r;
        }
        sandbox->start_limit = (StartLimit){};
        sandbox->n_restarts = 0;
        if (sandbox->state == SANDBOX_FAILED) {
                sandbox->result = RESULT_SUCCESS;
                sandbox->status_text = (free(sandbox->status_text), NULL);
        }
        sandbox_handle(sandbox, SANDBOX_ON_RESET);
        return sd_bus_reply_method_return(message, NULL);
}

static bool signal_is_valid(int32_t signal) {
        return signal > 0 && signal <= SIGRTMAX;
}

METHOD(method_kill_unit) {
        ControlMessage control = {.type = CONTROL_KILL};
        const char *name, *whom;
        Sandbox *sandbox;
        int32_t signal;
        int r;

        r = sd_bus_message_read(message, "ssi", &name, &whom, &signal);
        if (r >= 0) {
                r = bus_authorise(message, reterr);
        }
        if (r >= 0) {
                r = find_loaded(userdata, name, &sandbox, reterr);
        }
        if (r < 0) {
                return r;
        }
        if (!signal_is_valid(signal) || (!streq(whom, "all") && !streq(whom, "main"))) {
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_INVALID_ARGS,
                        "whom is \"all\" or \"main\", signal a number of signal(7).");
        }
        if (!sandbox_is_live(sandbox) || !sandbox->run.sent) {
                return sd_bus_error_setf(reterr, SBX_ERROR_NOT_ACTIVE, "%s is not running.", name);
        }
        control.id = sandbox->run.id;
        control.numbers[KILL_SIGNAL] = (uint64_t) signal;
        control.numbers[KILL_WHOM] = streq(whom, "main") ? KILL_MAIN : KILL_ALL;
        r = helper_client_send(sandbox->manager->helper, &control);
        return r < 0 ? r : sd_bus_reply_method_return(message, NULL);
}

static int append_unit(sd_bus_message *reply, const Sandbox *sandbox) {
        const Spec *spec = sandbox_definition(sandbox);
        const Job *job = sandbox->job;

        return sd_bus_message_append(
                reply, "(ssssssouso)", sandbox->name, spec->description ? spec->description : "",
                load_state_name(sandbox->load_state), sandbox_active_name(sandbox),
                sandbox_sub_name(sandbox), "", sandbox->object_path, job ? job->id : 0,
                job ? job_kind_name(job->kind) : "", job ? job->path : "/");
}

METHOD(method_list_units) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Manager *manager = userdata;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0) {
                r = sd_bus_message_open_container(reply, 'a', "(ssssssouso)");
        }
        for (size_t i = 0; i < manager->n_sandboxes && r >= 0; i++) {
                r = append_unit(reply, manager->sandboxes[i]);
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int append_unit_file(sd_bus_message *reply, Manager *manager, const char *name) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        const char *state;
        int r;

        r = unit_load(&manager->search, name, &diags, &unit);
        if (r < 0 || !unit || !unit->fragment_path) {
                return r < 0 ? r : 0; /* removed since it was listed */
        }
        state = r == UNIT_E_MASKED ? "masked" : r != 0 ? "bad" : enabled_state(name, unit->spec);
        return sd_bus_message_append(reply, "(ss)", unit->fragment_path, state);
}

METHOD(method_list_unit_files) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(strv_freep) char **names = NULL;
        Manager *manager = userdata;
        int r;

        r = unit_list(&manager->search, &names);
        if (r >= 0) {
                r = sd_bus_message_new_method_return(message, &reply);
        }
        if (r >= 0) {
                r = sd_bus_message_open_container(reply, 'a', "(ss)");
        }
        STRV_FOREACH (name, names) {
                if (r < 0) {
                        break;
                }
                r = append_unit_file(reply, manager, *name);
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

METHOD(method_list_processes) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Sandbox *sandbox;
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        r = r < 0 ? r : find_loaded(userdata, name, &sandbox, reterr);
        r = r < 0 ? r : sd_bus_message_new_method_return(message, &reply);
        r = r < 0 ? r : processes_append(sandbox, reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

METHOD(method_reload) {
        Manager *manager = userdata;
        int r;

        r = bus_authorise(message, reterr);
        if (r < 0) {
                return r;
        }
        notify_reloading(manager, true);
        r = manager_reload(manager);
        notify_reloading(manager, false);
        return r < 0 ? r : sd_bus_reply_method_return(message, NULL);
}

static int subscribe(sd_bus_message *message, Manager *manager, bool subscribed) {
        peers_subscribe(manager->peers, sd_bus_message_get_bus(message), subscribed);
        return sd_bus_reply_method_return(message, NULL);
}

METHOD(method_subscribe) {
        return subscribe(message, userdata, true);
}

METHOD(method_unsubscribe) {
        return subscribe(message, userdata, false);
}

/* -- terminals, programs, logs -- */

/* One end of a new socket goes to the helper, the other to the caller: what helper/console.h says
 * of it. An end of file at once is the helper's no. */
METHOD(method_attach) {
        ControlMessage attach = {.type = CONTROL_ATTACH};
        _cleanup_fd_ int near_end = -EBADF, far_end = -EBADF;
        Manager *manager = userdata;
        Sandbox *sandbox;
        int ends[2], r;

        r = read_loaded(message, userdata, &sandbox, reterr);
        if (r < 0) {
                return r;
        }
        if (sandbox->state != SANDBOX_RUNNING) {
                return sd_bus_error_setf(reterr, SBX_ERROR_NOT_ACTIVE, "%s is not running.",
                                         sandbox->name);
        }
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
                return negative_errno();
        }
        near_end = ends[0];
        far_end = ends[1];
        attach.id = sandbox->run.id;
        attach.fds[attach.n_fds++] = far_end;
        r = helper_client_send(manager->helper, &attach);
        return r < 0 ? r : sd_bus_reply_method_return(message, "h", near_end);
}

METHOD(method_exec) {
        _cleanup_(exec_body_done) ExecBody body = EXEC_BODY_INIT;
        Sandbox *sandbox = NULL;
        int r;

        r = bus_authorise(message, reterr);
        if (r < 0) {
                return r;
        }
        r = exec_body_read(message, &body);
        if (r < 0) {
                return body.unknown
                               ? sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                                   "Exec() has no option \"%s\".", body.unknown)
                               : body_error(r, reterr);
        }
        r = find_loaded(userdata, body.name, &sandbox, reterr);
        if (r >= 0 && (strv_length(body.argv) == 0 || strv_length(body.argv) > METHOD_ARGV_MAX)) {
                r = sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                     "A program needs a name, and at most 1023 arguments.");
        }
        if (r >= 0) {
                r = exec_start(sandbox, message, body.argv, &body.options, reterr);
        }
        return r < 0 ? r : 1; /* answered when the helper has said what became of it */
}

METHOD(method_kill_exec) {
        Manager *manager = userdata;
        Sandbox *sandbox;
        int32_t signal;
        uint32_t id;
        int r;

        r = sd_bus_message_read(message, "ui", &id, &signal);
        if (r >= 0) {
                r = bus_authorise(message, reterr);
        }
        if (r < 0) {
                return r;
        }
        sandbox = exec_find_sandbox(manager, id);
        if (!sandbox) {
                return sd_bus_error_setf(reterr, SBX_ERROR_NOT_ACTIVE,
                                         "No program with number %u runs.", id);
        }
        if (!signal_is_valid(signal)) {
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "There is no such signal.");
        }
        r = exec_kill(sandbox, id, signal);
        return r < 0 ? r : sd_bus_reply_method_return(message, NULL);
}

METHOD(method_read_log) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *bytes = NULL;
        _cleanup_fd_ int log_fd = -EBADF;
        Manager *manager = userdata;
        uint64_t cursor, next = 0;
        const char *name;
        size_t size = 0;
        int r;

        r = sd_bus_message_read(message, "st", &name, &cursor);
        if (r >= 0) {
                r = bus_authorise(message, reterr); /* what a sandbox prints may be a secret */
        }
        if (r >= 0) {
                r = check_name(name, reterr);
        }
        if (r < 0) {
                return r;
        }
        log_fd =
                openat(manager->runtime_fd, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        r = log_fd < 0 ? negative_errno() : log_read(log_fd, name, cursor, &bytes, &size, &next);
        if (r < 0 && r != -ENOENT) {
                return r;
        }
        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0) {
                r = sd_bus_message_append_array(reply, 'y', bytes, size);
        }
        if (r >= 0) {
                r = sd_bus_message_append(reply, "t", size > 0 ? next : cursor);
        }
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* -- properties -- */

#define GETTER(name)                                                                 \
        static int name(sd_bus *bus, const char *path, const char *interface,        \
                        const char *property, sd_bus_message *reply, void *userdata, \
                        sd_bus_error *reterr)

GETTER(get_version) {
        return sd_bus_message_append(reply, "s", SBX_VERSION);
}

GETTER(get_backend) {
        const Manager *manager = userdata;

        return sd_bus_message_append(reply, "s", backend_name(manager->backend));
}

GETTER(get_n_units) {
        const Manager *manager = userdata;

        return sd_bus_message_append(reply, "u", (uint32_t) manager->n_sandboxes);
}

GETTER(get_n_jobs) {
        return sd_bus_message_append(reply, "u", (uint32_t) manager_count_jobs(userdata));
}

GETTER(get_unit_path) {
        const Manager *manager = userdata;

        return sd_bus_message_append_strv(reply, manager->search.directories);
}

/* Every method looks itself who asks (bus_authorise()); those that only read let everybody in. */
#define OPEN SD_BUS_VTABLE_UNPRIVILEGED

/* clang-format off */
const sd_bus_vtable bus_manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
#define PROPERTY(name, ...) SD_BUS_PROPERTY(#name, __VA_ARGS__),
#include "bus/manager.def"
#undef PROPERTY

        SD_BUS_METHOD_WITH_ARGS("StartUnit", SD_BUS_ARGS("s", name, "s", mode), SD_BUS_RESULT("o", job),
                                method_start_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("StopUnit", SD_BUS_ARGS("s", name, "s", mode), SD_BUS_RESULT("o", job),
                                method_stop_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RestartUnit", SD_BUS_ARGS("s", name, "s", mode), SD_BUS_RESULT("o", job),
                                method_restart_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("StartTransientUnit",
                                SD_BUS_ARGS("s", name, "s", mode, "a(sv)", properties, "a(sa(sv))", aux),
                                SD_BUS_RESULT("o", job), method_start_transient_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("KillUnit", SD_BUS_ARGS("s", name, "s", whom, "i", signal), SD_BUS_NO_RESULT,
                                method_kill_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("FreezeUnit", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, bus_freeze_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ThawUnit", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, bus_thaw_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("SetUnitProperties",
                                SD_BUS_ARGS("s", name, "b", runtime, "a(sv)", properties), SD_BUS_NO_RESULT,
                                bus_set_unit_properties, OPEN),
        SD_BUS_METHOD_WITH_ARGS("GetEffectiveLimits", SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("a(ssssss)", limits), bus_get_effective_limits, OPEN),
        SD_BUS_METHOD_WITH_ARGS("GetUnit", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", unit),
                                method_get_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("LoadUnit", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", unit),
                                method_load_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("UnrefUnit", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                                method_unref_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ResetFailedUnit", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                                method_reset_failed_unit, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListUnits", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssssssouso)", units),
                                method_list_units, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListSandboxes", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssssutsas)", sandboxes),
                                bus_list_sandboxes, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListUsage", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sttttt)", usages),
                                bus_list_usage, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListProcesses", SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("a(uuuustts)", processes, "u", total),
                                method_list_processes, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListUnitFiles", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ss)", files),
                                method_list_unit_files, OPEN),
        SD_BUS_METHOD_WITH_ARGS("AttachUnit", SD_BUS_ARGS("s", name), SD_BUS_RESULT("h", terminal),
                                method_attach, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Exec", SD_BUS_ARGS("s", name, "as", argv, "a{sv}", options),
                                SD_BUS_RESULT("u", id, "u", pid, "ah", terminal), method_exec, OPEN),
        SD_BUS_METHOD_WITH_ARGS("KillExec", SD_BUS_ARGS("u", id, "i", signal), SD_BUS_NO_RESULT,
                                method_kill_exec, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ReadLog", SD_BUS_ARGS("s", name, "t", cursor),
                                SD_BUS_RESULT("ay", text, "t", next), method_read_log, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_reload, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Subscribe", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_subscribe, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Unsubscribe", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_unsubscribe, OPEN),

        SD_BUS_SIGNAL_WITH_ARGS("UnitNew", SD_BUS_ARGS("s", name, "o", unit), 0),
        SD_BUS_SIGNAL_WITH_ARGS("UnitRemoved", SD_BUS_ARGS("s", name, "o", unit), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobNew", SD_BUS_ARGS("u", id, "o", job, "s", unit), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobRemoved", SD_BUS_ARGS("u", id, "o", job, "s", unit, "s", result), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Reloading", SD_BUS_ARGS("b", active), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ExecExited", SD_BUS_ARGS("u", id, "s", unit, "i", code, "i", status, "s", result), 0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
