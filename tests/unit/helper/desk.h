/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A desk from which a real sbx-helper is driven over its socket, as sbxd does it. Everything of it
 * lies in the bed's folder; cgroups below the own one. */

#include "bed.h"

#include "op/step.h"
#include "wire/control.h"

#define DESK_PATIENCE_MSEC 30000
#define DESK_NAME "desk.sandbox"

typedef struct Desk {
        Bed bed;
        char runtime[96];
        char socket_path[112];
        pid_t helper;
        int socket;
        uint32_t serial;
} Desk;

/* Starts the helper; not connected yet. extra: one more option, or NULL. */
void desk_make(Desk *desk, const char *extra);
/* Disconnects and sees the helper end by itself with 0, having left nothing. */
void desk_remove(Desk *desk);
/* Only looks at what must be gone; for a helper that has ended otherwise. */
void desk_check_clean(const Desk *desk);
/* SIGTERM; gives its status. */
int desk_terminate(Desk *desk);

int desk_open(const Desk *desk); /* a connection without HELLO */
void desk_connect(Desk *desk);   /* with it */
void desk_disconnect(Desk *desk);

SandboxId desk_id(unsigned number);
/* A plan with everything that a workload of busybox needs, up to its EXEC, which is not in it. */
Plan *desk_plan(const Desk *desk, const char *cgroup);
void plan_exec(Plan *plan, const char *script); /* /bin/sh -c */
/* Both, in the cgroup DESK_NAME. */
Plan *desk_plan_of(const Desk *desk, const char *script);

/* Sends one message; numbers as the table names them. */
void desk_send(Desk *desk, ControlType type, unsigned id, uint64_t first, uint64_t second);
void desk_start(Desk *desk, unsigned id, const char *name, const Plan *plan);
void desk_exec(Desk *desk, unsigned id, uint64_t exec, const char *script);
/* The next message, which must be of this type. Its descriptors are closed where keep is NULL. */
void desk_expect(Desk *desk, ControlType type, ControlMessage *keep);
/* The same after any number of messages of another type. */
void desk_expect_past(Desk *desk, ControlType past, ControlType type, ControlMessage *keep);
/* REFUSED, of the message that was sent last. */
void desk_expect_refused(Desk *desk, int fault);
/* FAILED; op: -1 for none. Nothing is left then. */
void desk_expect_failed(Desk *desk, Step step, int fault, int64_t op);
void desk_expect_exited(Desk *desk, unsigned id, int code, int status);
/* START, HELD, READY, GO, RUNNING. */
void desk_run(Desk *desk, unsigned id, const char *name, const Plan *plan, ControlMessage *running);
/* The other side must have closed. */
void desk_expect_end(int socket);
/* A file of a unit's log as it is, or NULL; and its messages alone, a line each. */
char *desk_log_records(const Desk *desk, const char *name);
char *desk_log(const Desk *desk, const char *name);
