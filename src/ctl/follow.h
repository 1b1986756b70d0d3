/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Waiting for sandboxes to end: start --wait, restart --wait. */

#include "ctl/ctl.h"

/* jobs_run(); then, with --wait, waits until none of the units is active any more. The exit status
 * is 1 where one of them failed. */
int jobs_run_and_follow(Ctl *ctl, const char *verb, const char *method, char *const *units);
