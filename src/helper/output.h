/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Output of a sandbox on a host without a journal: a pipe that the loop reads, into two files that
 * take turns, <unit>.log and <unit>.log.1, OUTPUT_FILE_MAX bytes each. What cannot be written is
 * dropped: a full disk must not stop a workload. */

#include "helper/loop.h"

#define OUTPUT_FILE_MAX (512u * 1024u)

typedef struct Output Output;

/* Makes the pipe; its write end, for the workload, is the caller's. unit: one safe path component.
 */
int output_new(Loop *loop, int directory_fd, const char *unit, int *ret_write_end, Output **ret);
/* Takes what is still in the pipe, then closes all. */
Output *output_free(Output *output);
DEFINE_CLEANUP(Output *, output_free)
