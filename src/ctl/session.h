/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What run and exec share: a loop over the bus, signals and, with --pty, the terminal, until a
 * program in a sandbox has ended; and its exit status. */

#include "ctl/ctl.h"
#include "ctl/streams.h"
#include "ctl/terminal.h"

#include <systemd/sd-event.h>

typedef struct Session Session;
struct Session {
        Ctl *ctl;
        sd_event *event;
        sd_event_source *signals[5];
        size_t n_signals;
        Terminal terminal;
        Streams streams; /* without --pty */
        /* Sends a signal to the program. */
        void (*forward)(Session *session, int signal);
        const char *unit;
        uint32_t exec_id;
        unsigned n_interrupts;
        int last_signal;
        bool came_up; /* session_is_starting() saw it */
        bool pty;
};

/* Connects the bus to a new loop, and takes SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGWINCH over. 0
 * or -errno, reported. */
int session_start(Session *session);
/* Pipes in the place of terminals, where the program is to have our streams. Reported. */
int session_open_streams(Session *session);
/* Prints what the program still had to say, and restores the terminal. */
void session_drain(Session *session);
/* Restores the terminal. */
void session_done(Session *session);
/* Handles events once. -errno where the connection broke, reported. */
int session_step(Session *session);

/* Whether what was refused with error is worth another try: the sandbox is only coming up. Waits a
 * moment then, and frees error. */
bool session_is_starting(Session *session, sd_bus_error *error);

/* --pty or --pipe, or what stdin and stdout are. -EINVAL where both were asked for, reported. */
int session_wants_pty(const Ctl *ctl, bool *ret);
/* The environment of -E, with NAME alone looked up, and TERM for a terminal. */
int session_environment(const Ctl *ctl, bool pty, char ***ret);
/* CLD_* and status to an exit status. */
int session_exit_status(int code, int status);
/* The exit status for a program that could not be executed: errno to 127, 126 or 125. */
int session_exec_status(int fault);
