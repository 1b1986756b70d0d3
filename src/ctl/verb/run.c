/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "ctl/assignments.h"
#include "ctl/connection.h"
#include "ctl/ending.h"
#include "ctl/job.h"
#include "ctl/output.h"
#include "ctl/session.h"
#include "unit/unit.h"

#include <signal.h>
#include <sys/socket.h>
#include <systemd/sd-id128.h>

typedef struct Run {
        Session session;
        Jobs jobs;
        Ending ending;
        char *unit;
        char **assignments;
        int console; /* our end of the terminal, until it is shown; -EBADF: none */
        bool running;
} Run;

static void run_done(Run *run) {
        session_done(&run->session);
        jobs_done(&run->jobs);
        ending_done(&run->ending);
        run->console = fd_close(run->console);
        free(run->unit);
        run->assignments = strv_free(run->assignments);
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

/* One end goes to the helper before the sandbox is made: not a byte of what it prints is lost. */
static int append_terminal(Run *run, sd_bus_message *message) {
        int ends[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
                return negative_errno();
        }
        run->console = ends[0];
        r = sd_bus_message_append(message, "(sv)", "TerminalFileDescriptor", "h", ends[1]);
        (void) fd_close(ends[1]); /* the message has its own */
        return r;
}

static int append_streams(Run *run, sd_bus_message *message) {
        static const char *const names[] = {"StandardInputFileDescriptor",
                                            "StandardOutputFileDescriptor",
                                            "StandardErrorFileDescriptor"};
        uint16_t rows, columns;
        int r = 0;

        if (run->session.ctl->options.no_block) {
                return 0; /* output goes to the log: nobody waits here to read it */
        }
        if (!run->session.pty) {
                r = session_open_streams(&run->session);
                for (int i = 0; r >= 0 && i < (int) ELEMENTS(names); i++) {
                        r = sd_bus_message_append(message, "(sv)", names[i], "h",
                                                  run->session.streams.theirs[i]);
                }
                return r;
        }
        r = append_terminal(run, message);
        terminal_size(&rows, &columns);
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

static int wait_for_end(Run *run) {
        while (!jobs_ended(&run->jobs)) {
                if (session_step(&run->session) < 0) {
                        return SBX_EXIT_RUN_FAILED;
                }
                if (run->session.terminal.detached) {
                        break;
                }
        }
        if (jobs_ended(&run->jobs) && !streq(run->jobs.jobs[0].result, "done")) {
                session_drain(&run->session);
                return ending_of_failed_start(&run->ending, run->jobs.jobs[0].result);
        }
        run->running = true;
        return ending_wait(&run->ending);
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
        streams_handed(&run->session.streams);
        r = jobs_add(&run->jobs, job, run->unit);
        if (r < 0 || run->console < 0) {
                return r;
        }
        r = terminal_start_console(&run->session.terminal, run->session.event,
                                   fd_take(&run->console));
        return r < 0 ? log_fault(r, "Failed to connect the terminal: %m") : 0;
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
        if (ctl_connect(ctl) < 0 || ending_watch(&run->ending, &run->session) < 0 ||
            jobs_watch(ctl, &run->jobs) < 0) {
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
        if (!run->session.terminal.detached) {
                /* nobody else can ask for its result: let the manager forget it */
                (void) ctl_tell(ctl, "UnrefUnit", run->unit);
        }
        return status;
}

int verb_run(Ctl *ctl, char **args) {
        _cleanup_(run_done) Run run = {
                .session = {.ctl = ctl, .terminal = TERMINAL_INIT, .streams = STREAMS_INIT},
                .console = -EBADF};

        return run_command(&run, args);
}
