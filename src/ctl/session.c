/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/session.h"

#include "base/log.h"
#include "base/str.h"
#include "ctl/property.h"

#include "sbx/bus.h"
#include "sbx/exit.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum { START_PAUSE_USEC = 20000 };

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Session *session = userdata;
        int number = (int) info->ssi_signo;

        if (number == SIGWINCH) {
                terminal_resize(&session->terminal);
                return 0;
        }
        session->last_signal = number;
        session->n_interrupts++;
        session->forward(session, number);
        return 0;
}

int session_start(Session *session) {
        sigset_t set;
        int r;

        session->terminal = TERMINAL_INIT;
        session->streams = STREAMS_INIT;
        if (sigemptyset(&set) < 0 || sigaddset(&set, SIGWINCH) < 0) {
                return negative_errno();
        }
        for (size_t i = 0; i < ELEMENTS(forwarded); i++) {
                if (sigaddset(&set, forwarded[i]) < 0) {
                        return negative_errno();
                }
        }
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
                return negative_errno();
        }
        r = sd_event_new(&session->event);
        if (r >= 0) {
                r = sd_bus_attach_event(session->ctl->bus, session->event,
                                        SD_EVENT_PRIORITY_NORMAL);
        }
        for (size_t i = 0; r >= 0 && i <= ELEMENTS(forwarded); i++) {
                int number = i < ELEMENTS(forwarded) ? forwarded[i] : SIGWINCH;

                r = sd_event_add_signal(session->event, &session->signals[i], number, on_signal,
                                        session);
                session->n_signals += r >= 0;
        }
        return r < 0 ? log_fault(r, "Failed to set up the event loop: %m") : 0;
}

int session_open_streams(Session *session) {
        int r = streams_open(&session->streams, session->event);

        return r < 0 ? log_fault(r, "Failed to connect the streams of the command: %m") : 0;
}

void session_drain(Session *session) {
        terminal_drain(&session->terminal);
        terminal_done(&session->terminal);
        streams_drain(&session->streams);
}

void session_done(Session *session) {
        terminal_done(&session->terminal);
        streams_done(&session->streams);
        for (size_t i = 0; i < session->n_signals; i++) {
                session->signals[i] = sd_event_source_unref(session->signals[i]);
        }
        if (session->event) {
                (void) sd_bus_detach_event(session->ctl->bus);
        }
        session->event = sd_event_unref(session->event);
}

int session_step(Session *session) {
        int r;

        r = sd_event_run(session->event, UINT64_MAX);
        if (r < 0) {
                return log_fault(r, "Failed to wait for events: %m");
        }
        if (sd_bus_is_open(session->ctl->bus) <= 0) {
                /* the message must not be printed on a raw terminal */
                session_drain(session);
                log_error("The connection to sbxd broke. %s may run on; see 'sbxctl status %s'.",
                          session->unit, session->unit);
                return -ECONNRESET;
        }
        return 0;
}

int session_wants_pty(const Ctl *ctl, bool *ret) {
        if (ctl->options.pty && ctl->options.pipe) {
                log_error("--pty and --pipe exclude each other.");
                return -EINVAL;
        }
        *ret = ctl->options.pty ||
               (!ctl->options.pipe && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
        return 0;
}

int session_environment(const Ctl *ctl, bool pty, char ***ret) {
        const char *kind = secure_getenv("TERM");
        int r = 0;

        if (pty && kind && *kind) {
                r = strv_append_take(ret, strf("TERM=%s", kind));
        }
        STRV_FOREACH (item, ctl->options.environment) {
                const char *value = strchr(*item, '=') ? NULL : secure_getenv(*item);

                if (r < 0) {
                        return r;
                }
                if (strchr(*item, '=')) {
                        r = strv_append(ret, *item);
                } else if (value) {
                        r = strv_append_take(ret, strf("%s=%s", *item, value));
                } else {
                        log_error("-E %s: there is no such variable to copy; give %s=VALUE.", *item,
                                  *item);
                        return -EINVAL;
                }
        }
        return r;
}

bool session_is_starting(Session *session, sd_bus_error *error) {
        sd_bus_error other __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        const char *state;

        if (!sd_bus_error_has_name(error, SBX_ERROR_NOT_ACTIVE) || session->last_signal > 0 ||
            properties_read_unit(session->ctl, session->unit, &other, &properties) < 0) {
                return false;
        }
        state = property_text(properties, "ActiveState");
        if (streq(state, "active") && !session->came_up) {
                session->came_up = true; /* between the refusal and this look */
        } else if (!streq(state, "activating")) {
                return false;
        }
        sd_bus_error_free(error);
        if (!session->event) {
                (void) poll(NULL, 0, START_PAUSE_USEC / 1000);
        } else if (sd_event_run(session->event, START_PAUSE_USEC) < 0) {
                return false;
        }
        return true;
}

int session_exit_status(int code, int status) {
        switch (code) {
        case CLD_EXITED:
                return status & 0xff;
        case CLD_KILLED:
        case CLD_DUMPED:
                return SBX_EXIT_SIGNAL_BASE + status;
        default:
                return SBX_EXIT_RUN_FAILED;
        }
}

int session_exec_status(int fault) {
        switch (fault) {
        case ENOENT:
                return SBX_EXIT_NOT_FOUND;
        case EACCES:
        case ENOEXEC:
        case EISDIR:
        case ENOTDIR:
        case ELIBBAD:
        case ETXTBSY:
                return SBX_EXIT_NOT_EXECUTABLE;
        default:
                return SBX_EXIT_RUN_FAILED;
        }
}
