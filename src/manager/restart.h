/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a run ended in systemd's words, whether Restart= wants another one, and how many starts are
 * too many. Pure. systemd.service(5), systemd.unit(5). */

#include "base/lookup.h"
#include "base/time.h"
#include "spec/spec.h"

typedef enum Result {
        RESULT_SUCCESS,
        RESULT_EXIT_CODE,
        RESULT_SIGNAL,
        RESULT_CORE_DUMP,
        RESULT_TIMEOUT,
        RESULT_OOM_KILL,
        RESULT_RESOURCES, /* sbxd itself could not do what was needed */
        RESULT_PROTOCOL,
        RESULT_START_LIMIT_HIT,
        _RESULT_MAX,
} Result;
DECLARE_LOOKUP(result, Result)

/* code and status as in siginfo_t of waitid(2); oom_kills: how often the kernel killed in the
 * cgroup. A code that is none gives RESULT_PROTOCOL. */
Result result_of_exit(int code, int status, uint64_t oom_kills);

/* The table of Restart= in systemd.service(5). What was stopped on purpose does not come here. */
bool restart_wanted(RestartMode mode, Result result);

/* StartLimitBurst= starts in StartLimitIntervalSec=, with systemd's defaults. */
#define START_LIMIT_BURST 5u
#define START_LIMIT_INTERVAL_USEC (10 * USEC_PER_SEC)

typedef struct StartLimit {
        usec_t begin_usec;
        unsigned n;
} StartLimit;

/* Counts a start at this time; false where it is one too many. */
bool start_limit_check(StartLimit *limit, usec_t now_usec);
