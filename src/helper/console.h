/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The terminal of a sandbox, from the side of its master: what the workload prints goes to its log
 * and to whoever is attached, what those type goes in. Nobody need be attached; several may be.
 *
 * Whoever is attached holds the other end of a SOCK_SEQPACKET socket. It reads what was printed,
 * the last of what was printed before first; what it sends is a kind (ConsoleKind) in the first
 * byte, and behind it bytes that are typed, or two numbers of 16 bits, rows and columns. As with a
 * real terminal the workload waits for one that does not read. */

#include "helper/output.h"

#define CONSOLE_ATTACHED_MAX 8u
/* Bytes in one message. */
#define CONSOLE_CHUNK_MAX 4096u

typedef enum ConsoleKind {
        CONSOLE_TYPED,
        CONSOLE_SIZE,
} ConsoleKind;

typedef struct Console Console;

/* Takes the master and, unless it is NULL, the log; on failure too. */
int console_new(Loop *loop, int *master, Output **log, Console **ret);
/* Prints what the master still holds, then hangs up on everybody. */
Console *console_free(Console *console);
DEFINE_CLEANUP(Console *, console_free)

/* Takes the socket, on failure too. -EUSERS: too many are attached; -ENOTSOCK. */
int console_attach(Console *console, int *socket);
