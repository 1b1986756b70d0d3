/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a workload wrote: from the journal, or from the manager's bounded files. */

#include "ctl/ctl.h"
#include "ctl/log-lines.h"

/* True where output of sandboxes goes to the journal: scopes of a systemd that has one. */
int log_is_journal(Ctl *ctl);
/* All that the manager's files have behind the source's cursor, as lines that pass the filter. */
int log_read(Ctl *ctl, LogSource *source, const LogFilter *filter, sd_bus_error *error,
             LogLines *lines);
/* The last n lines, escaped, each with its line break, time and name. */
int log_tail(Ctl *ctl, const char *unit, size_t n, Str *out);
