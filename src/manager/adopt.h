/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is alive when sbxd starts, or when the helper comes back: the state files say what sbxd
 * meant, the helper's answer to LIST says what is there. The helper is believed about processes,
 * the files about the rest; a file that cannot be read is put aside, never guessed at. */

#include "wire/control.h"

typedef struct Manager Manager;

/* Reads RUNTIME/state into the registry. */
int adopt_load(Manager *manager);
/* One SANDBOX of the answer. Takes the pidfds. */
void adopt_sandbox(Manager *manager, ControlMessage *message);
/* The end of the answer: what was not in it is lost. */
void adopt_finish(Manager *manager);
