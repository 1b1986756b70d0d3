/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/ending.h"
#include "ctl/job.h"
#include "ctl/names.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Ctrl-C is a byte for the other side; what comes from elsewhere ends us and leaves it alone. */
static void forward(Session *session, int number) {
        session->terminal.detached = true;
}

static int take_terminal(Session *session, sd_bus_message *reply) {
        int fd, r;

        r = sd_bus_message_read(reply, "h", &fd);
        if (r >= 0) {
                /* the message's own is closed with it */
                fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                r = fd < 0 ? negative_errno() : 0;
        }
        r = r < 0 ? r : terminal_start_console(&session->terminal, session->event, fd);
        return r < 0 ? log_fault(r, "Failed to connect the terminal: %m") : 0;
}

/* The helper hangs up at once where there is no terminal, and at the end of one that there is. */
static int wait_for_hang_up(Session *session, Ending *ending) {
        while (!session->terminal.hung_up && !session->terminal.detached && !ending->changed) {
                if (session_step(session) < 0) {
                        return SBX_EXIT_RUN_FAILED;
                }
        }
        if (!session->terminal.hung_up || ending->changed) {
                return ending_wait(ending);
        }
        if (session->terminal.n_shown == 0) {
                terminal_done(&session->terminal);
                log_error("%s has no terminal, or too many are attached to it. "
                          "StandardInput=tty gives it one; 'sbxctl shell %s' runs a shell in it.",
                          session->unit, session->unit);
                return SBX_EXIT_RUN_FAILED;
        }
        return ending_wait(ending);
}

static int attach(Session *session, Ending *ending) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Ctl *ctl = session->ctl;
        int r;

        if (ending_watch(ending, session) < 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        /* loaded first: a unit that is only on disk is one that does not run */
        r = ctl_call(ctl, "LoadUnit", &error, NULL, "s", session->unit);
        if (r == 0) {
                do {
                        r = ctl_call(ctl, "AttachUnit", &error, &reply, "s", session->unit);
                } while (r < 0 && session_is_starting(session, &error));
        }
        if (r < 0) {
                (void) unit_report(ctl, "attach to", session->unit, &error, r);
                return SBX_EXIT_RUN_FAILED;
        }
        if (session_start(session) < 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        if (isatty(STDIN_FILENO) && !ctl->options.quiet) {
                log_info("Attached to %s. Press Ctrl-] three times within a second to detach.",
                         session->unit);
        }
        if (take_terminal(session, reply) < 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        return wait_for_hang_up(session, ending);
}

int verb_attach(Ctl *ctl, char **args) {
        Session session = {.ctl = ctl,
                           .terminal = TERMINAL_INIT,
                           .streams = STREAMS_INIT,
                           .forward = forward,
                           .pty = true};
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_(ending_done) Ending ending = {};
        int status;

        if (names_mangle(args, &units) != 0 || ctl_connect(ctl) < 0) {
                return SBX_EXIT_RUN_FAILED;
        }
        session.unit = units[0];
        status = attach(&session, &ending);
        session_done(&session);
        return status;
}
