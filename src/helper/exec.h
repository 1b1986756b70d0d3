/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Programs that EXEC started in a running sandbox. A session has the number that sbxd gave it,
 * until that sbxd goes away; then the program runs on, and nobody is told of its end. */

#include "helper/sandbox.h"

#define SESSIONS_MAX 64

/* EXEC; -errno and *ret_why: refused. What fails later is said by EXEC_FAILED. */
int session_start(Sandbox *sandbox, ControlMessage *message, const char **ret_why);
/* EXEC_KILL; -ESRCH */
int session_kill(Sandbox *sandbox, uint64_t id, int signal);

void sessions_abandon(Sandbox *sandbox);
void sessions_end(Sandbox *sandbox); /* SIGKILL for all */
bool sessions_reap(Sandbox *sandbox, pid_t pid);
void sessions_read_reports(Sandbox *sandbox);
void sessions_settle(Sandbox *sandbox); /* frees what has ended */
void sessions_free(Sandbox *sandbox);
