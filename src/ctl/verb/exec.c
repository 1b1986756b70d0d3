/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/job.h"
#include "ctl/names.h"
#include "ctl/session.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Ends are kept until the answer with the id is read: a short program ends before. */
enum { ENDS_MAX = 16 };

typedef struct End {
        uint32_t id;
        int32_t code, status;
        bool oom; /* killed because the sandbox's memory was used up */
} End;

typedef struct Exec {
        Session session;
        sd_bus_slot *slot;
        End ends[ENDS_MAX];
        size_t n_ends;
        char **environment;
} Exec;

static void exec_done(Exec *exec) {
        session_done(&exec->session);
        exec->slot = sd_bus_slot_unref(exec->slot);
        exec->environment = strv_free(exec->environment);
}

static int on_exited(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Exec *exec = userdata;
        const char *unit, *result;
        End end = {};

        if (sd_bus_message_read(message, "usiis", &end.id, &unit, &end.code, &end.status, &result) <
                    0 ||
            !streq(unit, exec->session.unit)) {
                return 0;
        }
        end.oom = streq(result, "oom-kill");
        /* others' programs end too: the newest are kept */
        if (exec->n_ends == ENDS_MAX) {
                memmove(exec->ends, exec->ends + 1, sizeof(End) * (ENDS_MAX - 1));
                exec->n_ends--;
        }
        exec->ends[exec->n_ends++] = end;
        return 0;
}

static const End *find_end(const Exec *exec) {
        for (size_t i = 0; i < exec->n_ends; i++) {
                if (exec->ends[i].id == exec->session.exec_id) {
                        return &exec->ends[i];
                }
        }
        return NULL;
}

static void forward(Session *session, int number) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        int r;

        r = ctl_call(session->ctl, "KillExec", &error, NULL, "ui", session->exec_id,
                     (int32_t) (session->n_interrupts < 3 ? number : SIGKILL));
        if (r < 0 && !sd_bus_error_has_name(&error, SBX_ERROR_NOT_ACTIVE)) {
                (void) ctl_report(session->ctl, "pass the signal on", &error, r);
        }
}

static int append_options(const Exec *exec, sd_bus_message *message) {
        static const char *const names[] = {"StandardInputFileDescriptor",
                                            "StandardOutputFileDescriptor",
                                            "StandardErrorFileDescriptor"};
        const Options *options = &exec->session.ctl->options;
        uint16_t rows, columns;
        int r = 0;

        if (!exec->session.pty) {
                for (int i = 0; r >= 0 && i < (int) ELEMENTS(names); i++) {
                        r = sd_bus_message_append(message, "{sv}", names[i], "h",
                                                  exec->session.streams.theirs[i]);
                }
        } else {
                terminal_size(&rows, &columns);
                r = sd_bus_message_append(message, "{sv}", "Terminal", "b", true);
                if (r >= 0 && rows > 0 && columns > 0) {
                        r = sd_bus_message_append(message, "{sv}{sv}", "Rows", "q", rows, "Columns",
                                                  "q", columns);
                }
        }
        if (r >= 0 && options->user) {
                r = sd_bus_message_append(message, "{sv}", "User", "s", options->user);
        }
        if (r >= 0 && options->directory) {
                r = sd_bus_message_append(message, "{sv}", "WorkingDirectory", "s",
                                          options->directory);
        }
        if (r < 0 || !exec->environment) {
                return r;
        }
        r = sd_bus_message_open_container(message, 'e', "sv");
        r = r < 0 ? r : sd_bus_message_append(message, "s", "Environment");
        r = r < 0 ? r : sd_bus_message_open_container(message, 'v', "as");
        r = r < 0 ? r : sd_bus_message_append_strv(message, exec->environment);
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int request(Exec *exec, char **argv, sd_bus_error *error, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        sd_bus *bus = exec->session.ctl->bus;
        int r;

        r = sd_bus_message_new_method_call(bus, &message, SBX_BUS_NAME, SBX_OBJECT_PATH,
                                           SBX_INTERFACE_MANAGER, "Exec");
        r = r < 0 ? r : sd_bus_message_append(message, "s", exec->session.unit);
        r = r < 0 ? r : sd_bus_message_append_strv(message, argv);
        r = r < 0 ? r : sd_bus_message_open_container(message, 'a', "{sv}");
        r = r < 0 ? r : append_options(exec, message);
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_call(bus, message, 0, error, ret_reply);
}

/* Reads (u id, u pid, ah terminal), and connects the terminal. */
static int take_answer(Exec *exec, sd_bus_message *reply) {
        uint32_t pid;
        int master, r;

        r = sd_bus_message_read(reply, "uu", &exec->session.exec_id, &pid);
        r = r < 0 || !exec->session.pty ? r : sd_bus_message_enter_container(reply, 'a', "h");
        if (r < 0 || !exec->session.pty) {
                return r;
        }
        r = sd_bus_message_read(reply, "h", &master);
        if (r <= 0) {
                return r < 0 ? r : -EBADMSG;
        }
        master = fcntl(master, F_DUPFD_CLOEXEC, 3);
        if (master < 0) {
                return negative_errno();
        }
        return terminal_start(&exec->session.terminal, exec->session.event, master);
}

static int refused(Exec *exec, const sd_bus_error *error, int fault) {
        _cleanup_free_ char *what = strf("execute the command in %s", exec->session.unit);

        (void) ctl_report(exec->session.ctl, what ? what : "execute the command", error, fault);
        if (sd_bus_error_has_name(error, SBX_ERROR_EXEC_NOT_FOUND)) {
                return SBX_EXIT_NOT_FOUND;
        }
        return sd_bus_error_has_name(error, SBX_ERROR_EXEC_NOT_EXECUTABLE) ? SBX_EXIT_NOT_EXECUTABLE
                                                                           : SBX_EXIT_RUN_FAILED;
}

static int exec_command(Exec *exec, char **argv) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Ctl *ctl = exec->session.ctl;
        const End *end;
        int r;

        r = sd_bus_match_signal(ctl->bus, &exec->slot, ctl_sender(ctl), SBX_OBJECT_PATH,
                                SBX_INTERFACE_MANAGER, "ExecExited", on_exited, exec);
        if (r < 0) {
                log_fault(r, "Failed to watch for the end of the command: %m");
                return SBX_EXIT_RUN_FAILED;
        }
        /* loaded first: a unit that is only on disk is one that does not run */
        r = ctl_call(ctl, "LoadUnit", &error, NULL, "s", exec->session.unit);
        if (r < 0) {
                return refused(exec, &error, r);
        }
        if (session_start(&exec->session) < 0 ||
            (!exec->session.pty && session_open_streams(&exec->session) < 0)) {
                return SBX_EXIT_RUN_FAILED;
        }
        do {
                r = request(exec, argv, &error, &reply);
        } while (r < 0 && session_is_starting(&exec->session, &error));
        if (r < 0) {
                return refused(exec, &error, r);
        }
        streams_handed(&exec->session.streams);
        r = take_answer(exec, reply);
        if (r < 0) {
                terminal_done(&exec->session.terminal);
                log_fault(r, "Failed to connect to the command: %m");
                return SBX_EXIT_RUN_FAILED;
        }
        while (!(end = find_end(exec))) {
                if (session_step(&exec->session) < 0) {
                        return SBX_EXIT_RUN_FAILED;
                }
        }
        session_drain(&exec->session);
        if (end->oom) {
                log_error("The command was killed because the memory of %s was used up: raise its "
                          "MemoryMax=, or that of a cgroup above it.",
                          exec->session.unit);
        }
        return session_exit_status(end->code, end->status);
}

int verb_exec(Ctl *ctl, char **args) {
        _cleanup_(exec_done) Exec exec = {.session = {.ctl = ctl,
                                                      .terminal = TERMINAL_INIT,
                                                      .streams = STREAMS_INIT,
                                                      .forward = forward}};
        char *first[] = {args[0], NULL}, **argv = args + 1;
        _cleanup_(strv_freep) char **units = NULL;

        if (names_mangle(first, &units) != 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        exec.session.unit = units[0];
        /* the first "--" ended the options of sbxctl only where it stood before NAME */
        if (streq(*argv, "--") && argv[1]) {
                argv++;
        }
        if (argv == args + 1 && **argv == '-') {
                log_error("'%s' stands behind NAME, where the command begins: options of %s "
                          "stand before NAME.",
                          *argv, ctl->verb->name);
                return SBX_EXIT_RUN_FAILED;
        }
        if (session_wants_pty(ctl, &exec.session.pty) < 0 ||
            session_environment(ctl, exec.session.pty, &exec.environment) < 0 ||
            ctl_connect(ctl) < 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        return exec_command(&exec, argv);
}
