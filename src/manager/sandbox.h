/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A sandbox as sbxd knows it: a unit's definition, the state machine over it, and what the current
 * or last run made. sandbox_handle() is the only way in for events, sandbox_set_state() the only
 * writer of the state. */

#include "bus/scope.h"
#include "manager/prepared.h"
#include "manager/restart.h"
#include "manager/state-file.h"
#include "manager/state.h"
#include "manager/timeline.h"
#include "op/step.h"
#include "unit/unit.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

typedef struct Manager Manager;
typedef struct Sandbox Sandbox;
typedef struct Job Job;
typedef struct ExecRequest ExecRequest;
typedef struct PropertyChange PropertyChange;

#define SANDBOX_QUEUE_MAX 8u
#define SANDBOX_STREAMS 3u

typedef enum LoadState {
        LOAD_LOADED,
        LOAD_BAD_SETTING,
        LOAD_MASKED,
        LOAD_NOT_FOUND, /* its file was removed while it ran */
        _LOAD_STATE_MAX,
} LoadState;
DECLARE_LOOKUP(load_state, LoadState)

/* What comes with a transient unit and not from a file. */
typedef struct SandboxStreams {
        int fds[SANDBOX_STREAMS]; /* -EBADF: none; all or none are there */
        bool terminal;
        int attached; /* to the terminal, from its first start on; -EBADF: nobody */
        uint16_t rows, columns;
} SandboxStreams;
#define SANDBOX_STREAMS_NONE ((SandboxStreams){.fds = {-EBADF, -EBADF, -EBADF}, .attached = -EBADF})

/* One run: from START to the end of the scope. What is asked for after the end stays until the
 * next. */
typedef struct Run {
        SandboxId id;
        char id_text[33];
        Spec *spec;             /* in force: a copy, so that Reload() cannot change a running one */
        char **assignments;     /* the same as text, for the state file */
        PreparedPlan *prepared; /* NULL after adoption */
        bool sent;              /* START went to the helper */
        bool scope_asked;       /* a scope may exist */
        bool collected;         /* EXITED came */
        bool forgotten;         /* and was acknowledged */
        ScopeJob *scope_job;
        char *scope_fault;             /* found, not yet the result; or NULL */
        sd_event_source *scope_waiter; /* until it is */
        pid_t leader_pid, relay_pid, main_pid;
        int leader_pidfd, main_pidfd;
        uint32_t uid_base;
        int main_code, main_status;
        usec_t main_start_usec, main_exit_usec; /* CLOCK_REALTIME */
        uint64_t oom_kills;                     /* of its processes, as far as the helper told */
        Step failed_step;                       /* _STEP_INVALID: none */
        int failed_errno;
        uint16_t failed_directive; /* DirectiveId; anything else: none */
        Timeline timeline;
        bool seen;                       /* in the helper's answer to LIST */
        uint64_t freezer;                /* FREEZER_RUNNING and so on */
        uint32_t freezer_serial;         /* of the last FREEZE; 0: none */
        sd_bus_message *freezer_message; /* waits for its answer, or NULL */
} Run;

struct Sandbox {
        Manager *manager;
        char *name;
        char *object_path;
        char *scope_name;

        Unit *unit; /* as last loaded; NULL where it never was */
        LoadState load_state;
        DiagList diags;
        PreparedPlan *prepared; /* of unit, made at the first start */
        bool transient;
        char **definition; /* transient: the assignments */
        sd_bus *owner_bus; /* transient: the private connection that holds it (not counted), or NULL
                            */
        sd_bus_track
                *owner_track; /* transient: the name on the system bus that holds it, or NULL */
        char *client;         /* transient: who made it: client_name() */
        bool released;        /* transient: UnrefUnit() */
        SandboxStreams streams;

        SandboxState state;
        SandboxEvent queue[SANDBOX_QUEUE_MAX];
        unsigned n_queued;
        bool handling;
        bool changed; /* nobody has been told yet: manager_sandbox_changed() */
        bool stop_requested;
        bool no_restart; /* another start would end in the same way */
        sd_event_source *timer;
        StartLimit start_limit;
        uint32_t n_restarts;
        Result result;
        char *status_text;
        char **degraded;
        usec_t active_enter_usec, active_exit_usec, inactive_enter_usec, state_change_usec;
        Job *job;
        ExecRequest *execs;
        PropertyChange *change; /* under way, or NULL */
        Run run;
};

/* lifecycle; the manager's registry is the owner */
int sandbox_new(Manager *manager, const char *name, Sandbox **ret);
Sandbox *sandbox_free(Sandbox *sandbox);
DEFINE_CLEANUP(Sandbox *, sandbox_free)
/* Forgets the last run and makes a new id. */
int sandbox_begin_run(Sandbox *sandbox);

/* Events; one that comes while another is being handled waits for it. */
void sandbox_handle(Sandbox *sandbox, SandboxEvent event);
/* Sets the state, logs, arms the timer, persists, tells the bus. For sandbox_handle() and adoption.
 */
void sandbox_set_state(Sandbox *sandbox, SandboxState state);
/* The event with which the run is over, by result and Restart=. */
SandboxEvent sandbox_end_event(const Sandbox *sandbox);

/* The first of a run counts; text may be NULL. */
void sandbox_set_result(Sandbox *sandbox, Result result, const char *text);
void sandbox_persist(Sandbox *sandbox);

/* queries */
const Spec *sandbox_spec(const Sandbox *sandbox); /* in force, else the unit's, else the defaults */
/* The unit's, else the defaults: what the properties of directives show. */
const Spec *sandbox_definition(const Sandbox *sandbox);
const char *sandbox_active_name(const Sandbox *sandbox);
const char *sandbox_sub_name(const Sandbox *sandbox);
/* Started, as a job that waits for it sees it. */
bool sandbox_is_up(const Sandbox *sandbox);
bool sandbox_is_live(const Sandbox *sandbox); /* a process of it may exist */
bool sandbox_has_run(const Sandbox *sandbox, const SandboxId *id);

/* The id of a run that was adopted. */
void sandbox_set_id(Sandbox *sandbox, const SandboxId *id);
void sandbox_log(const Sandbox *sandbox, int priority, const char *format, ...) _printf_(3, 4);
void sandbox_streams_done(SandboxStreams *streams);
