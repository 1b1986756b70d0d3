/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The state machine of a sandbox as data: for every state and event what comes next and what is to
 * be done on the way. Pure: sandbox.c acts on it. A cell that nobody filled in is STATE_UNSET,
 * which a test refuses. */

#include "base/lookup.h"

typedef enum SandboxState {
#define S(STATE, ...) SANDBOX_##STATE,
#include "manager/states.def"
#undef S
        _SANDBOX_STATE_MAX,
} SandboxState;

typedef enum SandboxEvent {
#define E(EVENT, ...) SANDBOX_ON_##EVENT,
#include "manager/events.def"
#undef E
        _SANDBOX_EVENT_MAX,
} SandboxEvent;

typedef enum Verdict {
        STATE_UNSET,  /* a hole */
        STATE_REFUSE, /* cannot happen: logged, nothing changes */
        STATE_IGNORE, /* can happen, means nothing here */
        STATE_GO,     /* the state becomes next, then the action runs */
} Verdict;

typedef enum SandboxAction {
        ACTION_NONE,
        ACTION_SPAWN,   /* make the plan, ask the helper for the sandbox */
        ACTION_SCOPE,   /* ask systemd for the scope */
        ACTION_RELEASE, /* GO */
        ACTION_ASK,     /* KillSignal= */
        ACTION_KILL,    /* SIGKILL */
        ACTION_CLEAN,   /* stop the scope, wait, then decide how it ended */
        _SANDBOX_ACTION_MAX,
} SandboxAction;

typedef struct Transition {
        Verdict verdict;
        SandboxState next;
        SandboxAction action;
} Transition;

const Transition *state_transition(SandboxState state, SandboxEvent event);

DECLARE_LOOKUP(sandbox_state, SandboxState)
DECLARE_LOOKUP(sandbox_event, SandboxEvent)

/* The words of org.freedesktop.systemd1 for a state; never NULL. */
const char *state_active_name(SandboxState state) _const_;
const char *state_sub_name(SandboxState state) _const_;
/* "the scope to be there …": what a time-out in this state was waiting for. */
const char *state_awaits(SandboxState state) _const_;

/* Neither a process nor a timer of it exists. */
bool state_is_resting(SandboxState state) _const_;
/* On the way up: SPAWNING, SCOPING, SETUP. */
bool state_is_starting(SandboxState state) _const_;
/* On the way down: STOPPING, KILLING, CLEANING. */
bool state_is_stopping(SandboxState state) _const_;
