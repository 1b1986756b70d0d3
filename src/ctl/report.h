/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What goes to stderr: the sink of the log, and diagnostics of units. */

#include "base/diag.h"

/* Messages as lines "…", in red where they are errors and stderr takes colours, made safe for a
 * terminal. To be given to log_set_sink(). */
void report_message(int priority, const char *message, const char *const *fields);
/* One diagnostic as text, "FILE:LINE:COLUMN: error: …", its severity in colour. */
void report_line(const char *line);
/* All of list, and how many were left out. */
int report_diags(const DiagList *list);
