/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the state machine does: the actions of state.c, in the order of a run. Each either leads to
 * an event at once or leaves something asked for whose answer is one. */

#include "manager/sandbox.h"
#include "wire/control.h"

/* actions */
void launcher_spawn(Sandbox *sandbox);
void launcher_scope(Sandbox *sandbox);
void launcher_release(Sandbox *sandbox);
void launcher_ask(Sandbox *sandbox);
void launcher_kill(Sandbox *sandbox);
void launcher_clean(Sandbox *sandbox);

/* The properties of a plan as the scope client takes them; borrowed from it, the array is
 * malloc'ed. */
int launcher_scope_settings(const LaunchPlan *launch, ScopeSetting **ret);

/* Sends the START that waited for the helper. */
void launcher_send_start(Sandbox *sandbox);

/* What became known, noted before the event that goes with it. */
void launcher_note_timeout(Sandbox *sandbox);
void launcher_note_failure(Sandbox *sandbox, const ControlMessage *message);
/* Gives the event that OOMPolicy= makes of it: _SANDBOX_EVENT_MAX where it makes none. */
SandboxEvent launcher_note_oom(Sandbox *sandbox, const ControlMessage *message);
void launcher_note_exit(Sandbox *sandbox, const ControlMessage *message);
