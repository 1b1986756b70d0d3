/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The end of a sandbox, as whoever sits at its streams waits for it: run and attach. */

#include "ctl/session.h"

typedef struct Ending {
        Session *session; /* borrowed */
        char *path;       /* of the sandbox's object */
        sd_bus_slot *slot;
        bool changed; /* a property of the sandbox changed: look at its state */
} Ending;

/* Watches session->unit, which need not be there yet. 0 or -errno, reported. */
int ending_watch(Ending *ending, Session *session);
void ending_done(Ending *ending);

/* 1: it has ended, *ret_status is the exit status, and the user's terminal is restored; 0: not yet;
 * -errno, reported. What ended it is reported unless it is the program's own status. */
int ending_look(Ending *ending, int *ret_status);
/* The same for a start that failed, which is reported. */
int ending_of_failed_start(Ending *ending, const char *job_result);
/* Handles events until it has ended, or the terminal was left by its keys. Gives the exit status.
 */
int ending_wait(Ending *ending);
