/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/str.h"
#include "ctl/assignments.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/output.h"
#include "ctl/property.h"
#include "ctl/session.h"
#include "op/step.h"
#include "unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

typedef struct Run {
        Session session;
        Jobs jobs;
        sd_bus_slot *slot;
        char *unit;
        char *path;
        char **assignments;
        bool changed; /* a property of the sandbox changed: look at its state */
        bool running;
} Run;

static void run_done(Run *run) {
        session_done(&run->session);
        jobs_done(&run->jobs);
        run->slot = sd_bus_slot_unref(run->slot);
        free(run->unit);
        free(run->path);
        run->assignments = strv_free(run->assignments);
}

/* The state that a PropertiesChanged tells of; NULL where it tells of none. */
static const char *changed_state(sd_bus_message *message) {
        const char *name, *state = NULL;
        int r;

        r = sd_bus_message_skip(message, "s");
        if (r >= 0) {
                r = sd_bus_message_enter_container(message, 'a', "{sv}");
        }
        while (r >= 0 && sd_bus_message_enter_container(message, 'e', "sv") > 0) {
                r = sd_bus_message_read(message, "s", &name);
                if (r >= 0 && streq(name, "ActiveState")) {
                        return sd_bus_message_read(message, "v", "s", &state) < 0 ? NULL : state;
                }
                if (r >= 0) {
                        r = sd_bus_message_skip(message, "v");
                }
                if (r >= 0) {
                        r = sd_bus_message_exit_container(message);
                }
        }
        return NULL;
}

/* Only the end is worth a question: whoever runs something short waits for the answer. */
static int on_change(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *state = changed_state(message);
        Run *run = userdata;

        if (!state || streq(state, "inactive") || streq(state, "failed")) {
                run->changed = true;
        }
        return 0;
}

/* A first signal goes to the workload, or gives the start up; the third ends everything. */
static void forward(Session *session, int number) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        Run *run = (Run *) session;
        int r;

        if (!run->running) {
                r = ctl_call(session->ctl, "StopUnit", &error, NULL, "ss", run->unit, "replace");
        } else if (session->n_interrupts < 3) {
                r = ctl_call(session->ctl, "KillUnit", &error, NULL, "ssi", run->unit, "main",
                             (int32_t) number);
        } else {
                r = ctl_call(session->ctl, "KillUnit", &error, NULL, "ssi", run->unit, "all",
                             (int32_t) SIGKILL);
        }
        if (r < 0 && !sd_bus_error_has_name(&error, SBX_ERROR_NOT_ACTIVE)) {
                (void) ctl_report(session->ctl, "pass the signal on", &error, r);
        }
}

static int choose_name(const Ctl *ctl, char **ret) {
        sd_id128_t id;
        int r;

        if (ctl->options.name) {
                r = unit_name_mangle(ctl->options.name, ret);
                if (r == UNIT_E_BAD_NAME) {
                        log_error("--name=%s: this is no name of a sandbox.", ctl->options.name);
                        return -EINVAL;
                }
                return r;
        }
        r = sd_id128_randomize(&id);
        if (r < 0) {
                return r;
        }
        *ret = strf("run-r%02x%02x%02x%02x%02x%02x.sandbox", id.bytes[0], id.bytes[1], id.bytes[2],
                    id.bytes[3], id.bytes[4], id.bytes[5]);
        return *ret ? 0 : -ENOMEM;
}

static int append_streams(const Run *run, sd_bus_message *message) {
        static const char *const names[] = {"StandardInputFileDescriptor",
                                            "StandardOutputFileDescriptor",
                                            "StandardErrorFileDescriptor"};
        uint16_t rows, columns;
        int r = 0;

        if (run->session.ctl->options.no_block) {
                return 0; /* output goes to the log: nobody waits here to read it */
        }
        if (!run->session.pty) {
                for (int i = 0; r >= 0 && i < (int) ELEMENTS(names); i++) {
                        r = sd_bus_message_append(message, "(sv)", names[i], "h", i);
                }
                return r;
        }
        terminal_size(&rows, &columns);
        r = sd_bus_message_append(message, "(sv)", "Terminal", "b", true);
        if (r >= 0 && rows > 0 && columns > 0) {
                r = sd_bus_message_append(message, "(sv)(sv)", "TerminalRows", "q", rows,
                                          "TerminalColumns", "q", columns);
        }
        return r;
}

static int request(Run *run, sd_bus_error *error, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        sd_bus *bus = run->session.ctl->bus;
        int r;

        r = sd_bus_message_new_method_call(bus, &message, SBX_BUS_NAME, SBX_OBJECT_PATH,
                                           SBX_INTERFACE_MANAGER, "StartTransientUnit");
        r = r < 0 ? r : sd_bus_message_append(message, "ss", run->unit, "fail");
        r = r < 0 ? r : sd_bus_message_open_container(message, 'a', "(sv)");
        r = r < 0 ? r : assignments_append(run->assignments, message);
        r = r < 0 ? r : append_streams(run, message);
        r = r < 0 ? r : sd_bus_message_close_container(message);
        r = r < 0 ? r : sd_bus_message_append(message, "a(sa(sv))", 0);
        return r < 0 ? r : sd_bus_call(bus, message, 0, error, ret_reply);
}

/* The exit status for a start that failed: by the step and errno of the failure. */
static int failed_status(json_object *properties) {
        if (streq(property_text(properties, "FailedStep"), step_table[STEP_EXEC].name)) {
                return session_exec_status((int) property_number(properties, "FailedErrno"));
        }
        return SBX_EXIT_RUN_FAILED;
}

static int start_failed(Run *run, const char *result) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;

        if (run->session.last_signal > 0) {
                return SBX_EXIT_SIGNAL_BASE + run->session.last_signal;
        }
        if (properties_read(run->session.ctl, run->path, SBX_INTERFACE_SANDBOX, &error,
                            &properties) < 0) {
                log_error("The start of %s failed (%s).", run->unit, result);
                return SBX_EXIT_RUN_FAILED;
        }
        log_error("The start of %s failed:", run->unit);
        log_error("  %s", property_text(properties, "StatusText"));
        return failed_status(properties);
}

static int open_terminal(Run *run) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int master, r;

        r = ctl_call(run->session.ctl, "GetTerminal", &error, &reply, "s", run->unit);
        if (r < 0) {
                return ctl_report(run->session.ctl, "get the terminal", &error, r), r;
        }
        r = sd_bus_message_read(reply, "h", &master);
        if (r >= 0) {
                /* the message's own is closed with it */
                master = fcntl(master, F_DUPFD_CLOEXEC, 3);
                r = master < 0 ? negative_errno() : 0;
        }
        r = r < 0 ? r : terminal_start(&run->session.terminal, run->session.event, master);
        return r < 0 ? log_fault(r, "Failed to connect the terminal: %m") : 0;
}

/* 1: it has ended, *ret is the exit status; 0: not yet. */
static int look(Run *run, int *ret) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        const char *state, *result;
        int r, code;

        run->changed = false;
        r = properties_read(run->session.ctl, run->path, SBX_INTERFACE_SANDBOX, &error,
                            &properties);
        if (r < 0) {
                return log_fault(r, "Failed to look at %s: %s", run->unit,
                                 error.message ? error.message : "%m");
        }
        state = property_text(properties, "ActiveState");
        if (!streq(state, "inactive") && !streq(state, "failed")) {
                return 0;
        }
        terminal_drain(&run->session.terminal);
        terminal_done(&run->session.terminal);
        result = property_text(properties, "Result");
        code = (int) property_number(properties, "ExecMainCode");
        if (!streq(result, "success") && !streq(result, "exit-code") && !streq(result, "signal") &&
            !streq(result, "core-dump")) {
                log_error("%s ended (%s). %s", run->unit, result,
                          property_text(properties, "StatusText"));
        }
        *ret = code > 0 ? session_exit_status(code,
                                              (int) property_number(properties, "ExecMainStatus"))
                        : failed_status(properties);
        return 1;
}

static int wait_for_end(Run *run) {
        int r, status = SBX_EXIT_RUN_FAILED;

        while (!jobs_ended(&run->jobs)) {
                if (session_step(&run->session) < 0) {
                        return SBX_EXIT_RUN_FAILED;
                }
        }
        if (!streq(run->jobs.jobs[0].result, "done")) {
                return start_failed(run, run->jobs.jobs[0].result);
        }
        run->running = true;
        if (run->session.pty && open_terminal(run) < 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        for (;;) {
                r = run->changed ? look(run, &status) : 0;
                if (r != 0) {
                        return r < 0 ? SBX_EXIT_RUN_FAILED : status;
                }
                if (session_step(&run->session) < 0) {
                        return SBX_EXIT_RUN_FAILED;
                }
        }
}

static int watch(Run *run) {
        Ctl *ctl = run->session.ctl;
        int r;

        r = sd_bus_path_encode(SBX_SANDBOX_PREFIX, run->unit, &run->path);
        if (r >= 0) {
                r = sd_bus_match_signal(ctl->bus, &run->slot, ctl_sender(ctl), run->path,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_change, run);
        }
        if (r < 0) {
                return log_fault(r, "Failed to watch %s: %m", run->unit);
        }
        return jobs_watch(ctl, &run->jobs);
}

static int start(Run *run) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *job;
        int r;

        r = request(run, &error, &reply);
        r = r < 0 ? r : sd_bus_message_read(reply, "o", &job);
        if (r < 0) {
                return unit_report(run->session.ctl, "run the command in", run->unit, &error, r), r;
        }
        return jobs_add(&run->jobs, job, run->unit);
}

static int run_command(Run *run, char **args) {
        _cleanup_(strv_freep) char **environment = NULL;
        Ctl *ctl = run->session.ctl;
        int r, status;

        if (session_wants_pty(ctl, &run->session.pty) < 0 || choose_name(ctl, &run->unit) < 0 ||
            session_environment(ctl, run->session.pty && !ctl->options.no_block, &environment) <
                    0 ||
            assignments_make(ctl->options.properties, environment, args, &run->assignments) < 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        run->session.unit = run->unit;
        run->session.forward = forward;
        if (ctl_connect(ctl) < 0 || watch(run) < 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        r = session_start(&run->session);
        if (r < 0 || start(run) < 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        if (ctl->options.no_block) {
                _cleanup_(str_done) Str out = STR_INIT;

                r = ctl->options.quiet ? 0 : str_appendf(&out, "%s\n", run->unit);
                r = r < 0 ? r : output_print(ctl, &out);
                return r < 0 ? SBX_EXIT_RUN_FAILED : SBX_EXIT_OK;
        }
        status = wait_for_end(run);
        /* nobody else can ask for its result: let the manager forget it */
        (void) ctl_tell(ctl, "UnrefUnit", run->unit);
        return status;
}

int verb_run(Ctl *ctl, char **args) {
        _cleanup_(run_done) Run run = {.session = {.ctl = ctl, .terminal = TERMINAL_INIT}};

        return run_command(&run, args);
}
