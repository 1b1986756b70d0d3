/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where messages go. Where stderr is the journal they go there with their fields (SBX_UNIT=,
 * SBX_INVOCATION=, OBJECT_PID=); anywhere else they stay on stderr. sd_journal_sendv(3). */

#include "base/lookup.h"

#define JOURNAL_IDENTIFIER "sbxd"

/* The names are those of systemd(1). */
typedef enum LogTarget { TARGET_CONSOLE, TARGET_JOURNAL, TARGET_NULL, _LOG_TARGET_MAX } LogTarget;
DECLARE_LOOKUP(log_target, LogTarget)

LogTarget journal_target_default(void);
/* The one that is set now. */
LogTarget journal_target(void);
void journal_set_target(LogTarget target);
