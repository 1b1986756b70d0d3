/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Completion: what may stand where the cursor is. The shells' own files (completion/) are a few
 * lines each that ask this, so that all of them know what the tables know. */

#include "base/str.h"
#include "ctl/ctl.h"

/* words: those behind "sbxctl" up to the cursor; the last is the one that is being written, and may
 * be empty. Appends a line for each way to go on: the whole word, and behind a tab what it means,
 * safe for a terminal. A line that begins with a slash stands for what the shell itself knows:
 * /files, /command, /hosts. What cannot be found out is left out, in silence. */
int complete_format(Ctl *ctl, char *const *words, Str *out);
