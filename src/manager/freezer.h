/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* FreezeUnit() and ThawUnit(): what was asked of the helper, who waits for it, and what
 * FreezerState says. The helper keeps the truth: after a restart of sbxd its answer to LIST brings
 * it back. */

#include "manager/sandbox.h"

/* "running", "freezing", "frozen", "thawing", as systemd names them. */
const char *freezer_state_name(const Sandbox *sandbox);

/* Answers message at once where there is nothing to do, else when the helper has said that it is
 * so; a request that contradicts one before it takes its place. Below 0: refused, nothing is
 * answered yet. */
int freezer_request(Sandbox *sandbox, bool freeze, sd_bus_message *message, sd_bus_error *reterr);
/* Lets go what is frozen, so that it can be stopped. Nobody waits. */
void freezer_thaw(Sandbox *sandbox);

/* From the helper. */
void freezer_said(Sandbox *sandbox, const ControlMessage *message);
/* False: the message that it did not carry out was none of these. */
bool freezer_refused(Sandbox *sandbox, const ControlMessage *message);
void freezer_adopt(Sandbox *sandbox, uint64_t state);
/* The run is over. */
void freezer_end(Sandbox *sandbox);
