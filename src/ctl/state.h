/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The properties of a sandbox as status shows them: pure, so that tests can look at every line. */

#include "base/time.h"
#include "ctl/output.h"

/* Where the lines behind a label begin. */
enum { STATE_INDENT = 13 };

/* width: columns of the terminal, 0 for no bound. now: realtime, for "ago". main_comm: name of the
 * workload's process, or NULL. processes: lines below the cgroup (processes_append()), or NULL. */
typedef struct StateInput {
        json_object *properties;
        bool colours;
        size_t width;
        usec_t now;
        const char *main_comm;
        const char *processes;
} StateInput;

int state_format(const StateInput *input, Str *out);
