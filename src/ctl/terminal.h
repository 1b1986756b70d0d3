/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The user's terminal joined to a program's: stdin goes in, what comes out goes to stdout. The
 * user's terminal is in raw mode meanwhile, and restored by terminal_done(). The other side is a
 * pseudo-terminal's master, or the helper's console (AttachUnit(), helper/console.h), which lives
 * on without us. */

#include "base/macros.h"

#include <systemd/sd-event.h>
#include <termios.h>

typedef struct Terminal {
        int master; /* or the console's socket */
        bool console;
        sd_event_source *input;  /* of stdin */
        sd_event_source *output; /* of master */
        struct termios saved;
        bool raw;
        char pending[4096]; /* read from stdin, not yet taken by the master */
        size_t n_pending;
        bool input_ended;
        uint64_t n_shown;        /* bytes that came out */
        bool hung_up;            /* nothing more will come out */
        bool detached;           /* by the keys for it */
        unsigned n_detach_keys;  /* in a row */
        uint64_t first_key_usec; /* CLOCK_MONOTONIC */
} Terminal;

#define TERMINAL_INIT ((Terminal){.master = -EBADF})

/* Size of the terminal at stdout or stdin; 0, 0 where there is none. */
void terminal_size(uint16_t *ret_rows, uint16_t *ret_columns);
/* Takes the master over. -errno; the terminal is then as it was. */
int terminal_start(Terminal *terminal, sd_event *event, int master);
/* The same for a console, which can be left alone again: Ctrl-] three times within a second. */
int terminal_start_console(Terminal *terminal, sd_event *event, int socket);
/* Passes the size of the user's terminal on: after SIGWINCH. */
void terminal_resize(const Terminal *terminal);
/* Prints what the master still holds. */
void terminal_drain(Terminal *terminal);
void terminal_done(Terminal *terminal);
