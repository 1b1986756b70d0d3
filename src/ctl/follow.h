/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Waiting for sandboxes to end: start --wait, restart --wait, wait. */

#include "ctl/ctl.h"
#include "ctl/output.h"

/* jobs_run(); then, with --wait, waits until none of the units is active any more. The exit status
 * is 1 where one of them failed. */
int jobs_run_and_follow(Ctl *ctl, const char *verb, const char *method, char *const *units);

/* Sets *changed at each change of a sandbox while *ret lives. Must stand before what causes them. 0
 * or -errno, reported. */
int changes_watch(Ctl *ctl, bool *changed, sd_bus_slot **ret);
/* Waits, with such a watch, until the unit is inactive or failed; gives its last properties. The
 * exit status, reported where it is not 0. */
int unit_follow(Ctl *ctl, const char *unit, bool *changed, json_object **ret);
