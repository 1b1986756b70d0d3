/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the bodies of methods hold, as plain values: the one place where sbxd reads containers that
 * a client made. Asks nothing of the manager and judges no value. */

#include "manager/exec.h"

#define BODY_ASSIGNMENTS_MAX 4096u

/* StartTransientUnit() */
typedef struct TransientBody {
        const char *name, *mode; /* the message's */
        char **assignments;      /* "Directive=text" each */
        SandboxStreams streams;  /* copies */
} TransientBody;
#define TRANSIENT_BODY_INIT ((TransientBody){.streams = SANDBOX_STREAMS_NONE})

/* Exec() */
typedef struct ExecBody {
        const char *name,
                *unknown; /* the message's; unknown: an option that Exec() does not have */
        char **argv;
        ExecOptions options; /* its descriptors and texts are the message's */
} ExecBody;
#define EXEC_BODY_INIT ((ExecBody){.options.fds = {-EBADF, -EBADF, -EBADF}})

/* SetUnitProperties() */
typedef struct ChangeBody {
        const char *name; /* the message's */
        bool runtime;
        char **assignments;
} ChangeBody;

/* 0, -E2BIG, or another errno for what has not the type that it should have; what was read until
 * then is the body's, whose _done() is always due. */
int transient_body_read(sd_bus_message *message, TransientBody *body);
void transient_body_done(TransientBody *body);
int exec_body_read(sd_bus_message *message, ExecBody *body);
void exec_body_done(ExecBody *body);
int change_body_read(sd_bus_message *message, ChangeBody *body);
void change_body_done(ChangeBody *body);

/* The answer to a body that could not be read. */
int body_error(int fault, sd_bus_error *reterr);
