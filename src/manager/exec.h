/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One more program in a running sandbox, with the confinement of the run that is in force
 * (from the manager's own record, never from what the inside says). */

#include "manager/sandbox.h"
#include "wire/control.h"

#define EXECS_MAX 256u

typedef struct ExecOptions {
        int fds[SANDBOX_STREAMS]; /* -EBADF: /dev/null; not looked at with terminal */
        bool terminal;
        uint16_t rows, columns;
        const char *user;
        const char *directory;
        char **environment;
} ExecOptions;

/* Asks the helper; the message is answered when the program runs or could not be started. Negative
 * with *reterr set where it is refused here. */
int exec_start(Sandbox *sandbox, sd_bus_message *message, char *const *argv,
               const ExecOptions *options, sd_bus_error *reterr);
int exec_kill(Sandbox *sandbox, uint32_t id, int signal);
/* The sandbox of a request, or NULL. */
Sandbox *exec_find_sandbox(Manager *manager, uint32_t id);

/* How many programs a client has in it: client_name(). */
size_t exec_count_of(const Sandbox *sandbox, const char *client);
/* What the helper says. */
void exec_running(Sandbox *sandbox, ControlMessage *message);
void exec_failed(Sandbox *sandbox, const ControlMessage *message);
void exec_exited(Sandbox *sandbox, const ControlMessage *message);
/* True where the message that was refused was an EXEC. */
bool exec_refused(Sandbox *sandbox, const ControlMessage *message);

/* The sandbox is gone: all of its programs are, and their callers are told. */
void exec_end_all(Sandbox *sandbox);
/* The same without a word. */
void exec_forget_all(Sandbox *sandbox);
