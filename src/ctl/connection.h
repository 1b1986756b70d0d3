/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The way to sbxd: its private socket, or the system bus; and what to say when a call fails. */

#include "ctl/ctl.h"

#include "sbx/bus.h"
#include "sbx/exit.h"

/* Connects once; later calls find the connection. Says on stderr what is wrong and how to mend it.
 * 0 or -errno (already reported). */
int ctl_connect(Ctl *ctl);
/* The sender that signals must come from: anybody may send them on the system bus. NULL on the
 * private socket, where there is but one. */
const char *ctl_sender(const Ctl *ctl);

/* Calls a method of the manager. 0 or -errno with error filled in. ret_reply may be NULL. */
int ctl_call(Ctl *ctl, const char *method, sd_bus_error *error, sd_bus_message **ret_reply,
             const char *types, ...);

/* A call of one name (NULL: of nothing) whose answer nobody waits for. */
int ctl_tell(Ctl *ctl, const char *method, const char *name);

/* Prints what a failed call means, once, and gives the exit status. what: "start web.sandbox". */
int ctl_report(const Ctl *ctl, const char *what, const sd_bus_error *error, int fault);
