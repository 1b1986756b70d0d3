/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a workload wrote: from the journal, or from the manager's bounded files. */

#include "base/str.h"
#include "ctl/ctl.h"

/* True where output of sandboxes goes to the journal: scopes of a systemd that has one. */
int log_is_journal(Ctl *ctl);
/* More of the manager's file of unit, from *offset, which moves on. out is not escaped. */
int log_read(Ctl *ctl, const char *unit, uint64_t *offset, sd_bus_error *error, Str *out);
/* The last n lines, escaped, each with its line break; those of the journal with time and name. */
int log_tail(Ctl *ctl, const char *unit, size_t n, Str *out);
