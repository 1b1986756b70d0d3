/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* SetUnitProperties(): limits of a unit, changed in its definition and, where it runs, in force at
 * once. All or nothing: what cannot be put in force, or kept, leaves everything as it was. */

#include "manager/sandbox.h"

/* assignments: "Directive=value" each, as in a unit file. runtime: forgotten with the next boot.
 * Answers message, now or when it is done; below 0 it is not answered yet. */
int property_change(Sandbox *sandbox, bool runtime, char *const *assignments,
                    sd_bus_message *message, sd_bus_error *reterr);

/* From the helper: LIMITED, or (false: it was another's message) REFUSED. */
void property_change_limited(Sandbox *sandbox, const ControlMessage *message);
bool property_change_refused(Sandbox *sandbox, const ControlMessage *message);
/* The connection to the helper was lost and is back: what became of it is not known. */
void property_change_lost(Sandbox *sandbox);
/* The run is over. */
void property_change_end(Sandbox *sandbox);
