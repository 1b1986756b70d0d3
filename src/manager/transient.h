/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sandboxes without a file: their directives come as properties of StartTransientUnit(). */

#include "manager/sandbox.h"

#define TRANSIENT_MAX 2048u

/* Reads name, mode, a(sv) and aux off the message; makes or redefines the sandbox. Negative with
 * *reterr set. */
int transient_read(Manager *manager, sd_bus_message *message, Sandbox **ret, int *ret_mode,
                   sd_bus_error *reterr);
/* Holds an ended one for whoever made it, until it disconnects or says UnrefUnit(). */
int transient_set_owner(Sandbox *sandbox, sd_bus_message *message);
