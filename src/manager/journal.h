/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where stderr is the journal, messages go there with their fields (SBX_UNIT=, SBX_INVOCATION=,
 * OBJECT_PID=); anywhere else they stay on stderr. sd_journal_sendv(3). */

void journal_sink_install(void);
