/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Output of a sandbox on a host without a journal: a pipe that the loop reads, into records
 * (base/record.h) in files that take turns (helper/log-store.h). What cannot be written is dropped,
 * a full disk must not stop a workload, and so is what comes too fast, with a note that says how
 * much. A workload that writes without end takes its own time, not the helper's. */

#include "helper/log-store.h"
#include "helper/loop.h"

/* A longer line is kept in parts, as the journal does. */
#define OUTPUT_LINE_MAX (48u * 1024u)
/* The journal's RateLimitIntervalSec= and RateLimitBurst=. */
#define OUTPUT_RATE_INTERVAL_USEC (30 * USEC_PER_SEC)
#define OUTPUT_RATE_BURST 10000u

typedef struct Output Output;

/* Makes the pipe; its write end, for the workload, is the caller's. unit: one safe path component.
 */
int output_new(Loop *loop, LogStore *store, const char *unit, int *ret_write_end, Output **ret);
/* The same without a pipe: output_feed() gives it what was printed. */
int output_new_fed(LogStore *store, const char *unit, Output **ret);
/* Into the journal, whose lines, rates and bounds are its own. */
int output_new_journal(const char *unit, Output **ret);
void output_feed(Output *output, const char *bytes, size_t n);
/* Takes what is still in the pipe, then closes all. */
Output *output_free(Output *output);
DEFINE_CLEANUP(Output *, output_free)
