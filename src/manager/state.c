/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/state.h"

#define GO(state, todo) \
        { STATE_GO, SANDBOX_##state, ACTION_##todo }
#define IG \
        { STATE_IGNORE }
#define NO \
        { STATE_REFUSE }

/* clang-format off */
/* What the helper says may cross with what it was just told: where a message is late and not wrong, it
 * is ignored. */
static const Transition matrix[_SANDBOX_STATE_MAX][_SANDBOX_EVENT_MAX] = {
        [SANDBOX_INACTIVE] = {
                [SANDBOX_ON_START] = GO(SPAWNING, SPAWN),
                [SANDBOX_ON_HELD] = NO,
                [SANDBOX_ON_SCOPE_READY] = NO,
                [SANDBOX_ON_SCOPE_FAILED] = NO,
                [SANDBOX_ON_BUILT] = NO,
                [SANDBOX_ON_EXECUTED] = NO,
                [SANDBOX_ON_SETUP_FAILED] = NO,
                [SANDBOX_ON_STOP] = IG,
                [SANDBOX_ON_TIMEOUT] = NO,
                [SANDBOX_ON_EXITED] = IG,
                [SANDBOX_ON_OOM_STOP] = IG,
                [SANDBOX_ON_OOM_KILL] = IG,
                [SANDBOX_ON_LOST] = IG,
                [SANDBOX_ON_ENDED_CLEAN] = NO,
                [SANDBOX_ON_ENDED_FAILED] = NO,
                [SANDBOX_ON_ENDED_RESTART] = NO,
                [SANDBOX_ON_RESET] = IG,
        },
        [SANDBOX_SPAWNING] = {
                [SANDBOX_ON_START] = IG,
                [SANDBOX_ON_HELD] = GO(SCOPING, SCOPE),
                [SANDBOX_ON_SCOPE_READY] = NO,
                [SANDBOX_ON_SCOPE_FAILED] = NO,
                [SANDBOX_ON_BUILT] = NO,
                [SANDBOX_ON_EXECUTED] = NO,
                [SANDBOX_ON_SETUP_FAILED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_STOP] = GO(KILLING, KILL),
                [SANDBOX_ON_TIMEOUT] = GO(KILLING, KILL),
                [SANDBOX_ON_EXITED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_OOM_STOP] = IG,
                [SANDBOX_ON_OOM_KILL] = IG,
                [SANDBOX_ON_LOST] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_ENDED_CLEAN] = NO,
                [SANDBOX_ON_ENDED_FAILED] = NO,
                [SANDBOX_ON_ENDED_RESTART] = NO,
                [SANDBOX_ON_RESET] = IG,
        },
        [SANDBOX_SCOPING] = {
                [SANDBOX_ON_START] = IG,
                [SANDBOX_ON_HELD] = NO,
                [SANDBOX_ON_SCOPE_READY] = GO(SETUP, RELEASE),
                [SANDBOX_ON_SCOPE_FAILED] = GO(KILLING, KILL),
                [SANDBOX_ON_BUILT] = IG,
                [SANDBOX_ON_EXECUTED] = NO,
                [SANDBOX_ON_SETUP_FAILED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_STOP] = GO(KILLING, KILL),
                [SANDBOX_ON_TIMEOUT] = GO(KILLING, KILL),
                [SANDBOX_ON_EXITED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_OOM_STOP] = IG,
                [SANDBOX_ON_OOM_KILL] = IG,
                [SANDBOX_ON_LOST] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_ENDED_CLEAN] = NO,
                [SANDBOX_ON_ENDED_FAILED] = NO,
                [SANDBOX_ON_ENDED_RESTART] = NO,
                [SANDBOX_ON_RESET] = IG,
        },
        [SANDBOX_SETUP] = {
                [SANDBOX_ON_START] = IG,
                [SANDBOX_ON_HELD] = NO,
                [SANDBOX_ON_SCOPE_READY] = NO,
                [SANDBOX_ON_SCOPE_FAILED] = NO,
                [SANDBOX_ON_BUILT] = IG,
                [SANDBOX_ON_EXECUTED] = GO(RUNNING, NONE),
                [SANDBOX_ON_SETUP_FAILED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_STOP] = GO(STOPPING, ASK),
                [SANDBOX_ON_TIMEOUT] = GO(KILLING, KILL),
                [SANDBOX_ON_EXITED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_OOM_STOP] = IG,
                [SANDBOX_ON_OOM_KILL] = IG,
                [SANDBOX_ON_LOST] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_ENDED_CLEAN] = NO,
                [SANDBOX_ON_ENDED_FAILED] = NO,
                [SANDBOX_ON_ENDED_RESTART] = NO,
                [SANDBOX_ON_RESET] = IG,
        },
        [SANDBOX_RUNNING] = {
                [SANDBOX_ON_START] = IG,
                [SANDBOX_ON_HELD] = NO,
                [SANDBOX_ON_SCOPE_READY] = NO,
                [SANDBOX_ON_SCOPE_FAILED] = NO,
                [SANDBOX_ON_BUILT] = NO,
                [SANDBOX_ON_EXECUTED] = IG,
                [SANDBOX_ON_SETUP_FAILED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_STOP] = GO(STOPPING, ASK),
                [SANDBOX_ON_TIMEOUT] = GO(STOPPING, ASK),
                [SANDBOX_ON_EXITED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_OOM_STOP] = GO(STOPPING, ASK),
                [SANDBOX_ON_OOM_KILL] = GO(KILLING, KILL),
                [SANDBOX_ON_LOST] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_ENDED_CLEAN] = NO,
                [SANDBOX_ON_ENDED_FAILED] = NO,
                [SANDBOX_ON_ENDED_RESTART] = NO,
                [SANDBOX_ON_RESET] = IG,
        },
        [SANDBOX_STOPPING] = {
                [SANDBOX_ON_START] = IG,
                [SANDBOX_ON_HELD] = NO,
                [SANDBOX_ON_SCOPE_READY] = NO,
                [SANDBOX_ON_SCOPE_FAILED] = NO,
                [SANDBOX_ON_BUILT] = IG,
                [SANDBOX_ON_EXECUTED] = IG,
                [SANDBOX_ON_SETUP_FAILED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_STOP] = IG,
                [SANDBOX_ON_TIMEOUT] = GO(KILLING, KILL),
                [SANDBOX_ON_EXITED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_OOM_STOP] = IG,
                [SANDBOX_ON_OOM_KILL] = GO(KILLING, KILL),
                [SANDBOX_ON_LOST] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_ENDED_CLEAN] = NO,
                [SANDBOX_ON_ENDED_FAILED] = NO,
                [SANDBOX_ON_ENDED_RESTART] = NO,
                [SANDBOX_ON_RESET] = IG,
        },
        [SANDBOX_KILLING] = {
                [SANDBOX_ON_START] = IG,
                [SANDBOX_ON_HELD] = IG,
                [SANDBOX_ON_SCOPE_READY] = IG,
                [SANDBOX_ON_SCOPE_FAILED] = IG,
                [SANDBOX_ON_BUILT] = IG,
                [SANDBOX_ON_EXECUTED] = IG,
                [SANDBOX_ON_SETUP_FAILED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_STOP] = IG,
                [SANDBOX_ON_TIMEOUT] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_EXITED] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_OOM_STOP] = IG,
                [SANDBOX_ON_OOM_KILL] = IG,
                [SANDBOX_ON_LOST] = GO(CLEANING, CLEAN),
                [SANDBOX_ON_ENDED_CLEAN] = NO,
                [SANDBOX_ON_ENDED_FAILED] = NO,
                [SANDBOX_ON_ENDED_RESTART] = NO,
                [SANDBOX_ON_RESET] = IG,
        },
        [SANDBOX_CLEANING] = {
                [SANDBOX_ON_START] = IG,
                [SANDBOX_ON_HELD] = IG,
                [SANDBOX_ON_SCOPE_READY] = IG,
                [SANDBOX_ON_SCOPE_FAILED] = IG,
                [SANDBOX_ON_BUILT] = IG,
                [SANDBOX_ON_EXECUTED] = IG,
                [SANDBOX_ON_SETUP_FAILED] = IG,
                [SANDBOX_ON_STOP] = IG,
                [SANDBOX_ON_TIMEOUT] = NO,
                [SANDBOX_ON_EXITED] = IG,
                [SANDBOX_ON_OOM_STOP] = IG,
                [SANDBOX_ON_OOM_KILL] = IG,
                [SANDBOX_ON_LOST] = IG,
                [SANDBOX_ON_ENDED_CLEAN] = GO(INACTIVE, NONE),
                [SANDBOX_ON_ENDED_FAILED] = GO(FAILED, NONE),
                [SANDBOX_ON_ENDED_RESTART] = GO(RESTARTING, NONE),
                [SANDBOX_ON_RESET] = IG,
        },
        [SANDBOX_RESTARTING] = {
                [SANDBOX_ON_START] = GO(SPAWNING, SPAWN),
                [SANDBOX_ON_HELD] = NO,
                [SANDBOX_ON_SCOPE_READY] = NO,
                [SANDBOX_ON_SCOPE_FAILED] = NO,
                [SANDBOX_ON_BUILT] = NO,
                [SANDBOX_ON_EXECUTED] = NO,
                [SANDBOX_ON_SETUP_FAILED] = NO,
                [SANDBOX_ON_STOP] = GO(INACTIVE, NONE),
                [SANDBOX_ON_TIMEOUT] = GO(SPAWNING, SPAWN),
                [SANDBOX_ON_EXITED] = IG,
                [SANDBOX_ON_OOM_STOP] = IG,
                [SANDBOX_ON_OOM_KILL] = IG,
                [SANDBOX_ON_LOST] = IG,
                [SANDBOX_ON_ENDED_CLEAN] = NO,
                [SANDBOX_ON_ENDED_FAILED] = NO,
                [SANDBOX_ON_ENDED_RESTART] = NO,
                [SANDBOX_ON_RESET] = IG,
        },
        [SANDBOX_FAILED] = {
                [SANDBOX_ON_START] = GO(SPAWNING, SPAWN),
                [SANDBOX_ON_HELD] = NO,
                [SANDBOX_ON_SCOPE_READY] = NO,
                [SANDBOX_ON_SCOPE_FAILED] = NO,
                [SANDBOX_ON_BUILT] = NO,
                [SANDBOX_ON_EXECUTED] = NO,
                [SANDBOX_ON_SETUP_FAILED] = NO,
                [SANDBOX_ON_STOP] = IG,
                [SANDBOX_ON_TIMEOUT] = NO,
                [SANDBOX_ON_EXITED] = IG,
                [SANDBOX_ON_OOM_STOP] = IG,
                [SANDBOX_ON_OOM_KILL] = IG,
                [SANDBOX_ON_LOST] = IG,
                [SANDBOX_ON_ENDED_CLEAN] = NO,
                [SANDBOX_ON_ENDED_FAILED] = NO,
                [SANDBOX_ON_ENDED_RESTART] = NO,
                [SANDBOX_ON_RESET] = GO(INACTIVE, NONE),
        },
};
/* clang-format on */

const Transition *state_transition(SandboxState state, SandboxEvent event) {
        assert(state < _SANDBOX_STATE_MAX);
        assert(event < _SANDBOX_EVENT_MAX);

        return &matrix[state][event];
}

static const char *const state_names[_SANDBOX_STATE_MAX] = {
#define S(STATE, name, ...) [SANDBOX_##STATE] = name,
#include "manager/states.def"
#undef S
};
DEFINE_LOOKUP(sandbox_state, SandboxState, state_names)

static const char *const event_names[_SANDBOX_EVENT_MAX] = {
#define E(EVENT, name, ...) [SANDBOX_ON_##EVENT] = name,
#include "manager/events.def"
#undef E
};
DEFINE_LOOKUP(sandbox_event, SandboxEvent, event_names)

typedef struct StateWords {
        const char *active;
        const char *sub;
        const char *awaits;
} StateWords;

static const StateWords words[_SANDBOX_STATE_MAX] = {
#define S(STATE, name, active_name, sub_name, wait) \
        [SANDBOX_##STATE] = {active_name, sub_name, wait},
#include "manager/states.def"
#undef S
};

const char *state_active_name(SandboxState state) {
        return words[state].active;
}

const char *state_sub_name(SandboxState state) {
        return words[state].sub;
}

const char *state_awaits(SandboxState state) {
        return words[state].awaits;
}

bool state_is_resting(SandboxState state) {
        return state == SANDBOX_INACTIVE || state == SANDBOX_FAILED;
}

bool state_is_starting(SandboxState state) {
        return state == SANDBOX_SPAWNING || state == SANDBOX_SCOPING || state == SANDBOX_SETUP;
}

bool state_is_stopping(SandboxState state) {
        return state == SANDBOX_STOPPING || state == SANDBOX_KILLING || state == SANDBOX_CLEANING;
}
