/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/sandbox.h"

#include "base/fd.h"
#include "base/log.h"
#include "manager/exec.h"
#include "manager/job.h"
#include "manager/launcher.h"
#include "manager/manager.h"
#include "manager/set-property.h"
#include "manager/spec-text.h"
#include "sbx/bus.h"

#include <stdio.h>
#include <sys/random.h>

static const char *const load_state_names[_LOAD_STATE_MAX] = {
        [LOAD_LOADED] = "loaded",
        [LOAD_BAD_SETTING] = "bad-setting",
        [LOAD_MASKED] = "masked",
        [LOAD_NOT_FOUND] = "not-found",
};
DEFINE_LOOKUP(load_state, LoadState, load_state_names)

#define KILL_TIMEOUT_USEC (90 * USEC_PER_SEC)

/* -- lifecycle -- */

static void run_init(Run *run) {
        *run = (Run){.leader_pidfd = -EBADF,
                     .main_pidfd = -EBADF,
                     .failed_step = _STEP_INVALID,
                     .failed_directive = UINT16_MAX};
}

static void run_done(Run *run) {
        spec_free(run->spec);
        strv_free(run->assignments);
        prepared_plan_unref(run->prepared);
        scope_job_free(run->scope_job);
        free(run->scope_fault);
        sd_event_source_disable_unref(run->scope_waiter);
        sd_bus_message_unref(run->freezer_message);
        fd_close(run->leader_pidfd);
        fd_close(run->main_pidfd);
        run_init(run);
}

void sandbox_streams_done(SandboxStreams *streams) {
        for (size_t i = 0; i < SANDBOX_STREAMS; i++) {
                streams->fds[i] = fd_close(streams->fds[i]);
        }
        streams->attached = fd_close(streams->attached);
}

int sandbox_new(Manager *manager, const char *name, Sandbox **ret) {
        _cleanup_(sandbox_freep) Sandbox *sandbox = NULL;
        int r;

        assert(manager);
        assert(unit_name_is_valid(name));
        assert(ret);

        sandbox = calloc(1, sizeof(*sandbox));
        if (!sandbox) {
                return -ENOMEM;
        }
        run_init(&sandbox->run);
        sandbox->streams = SANDBOX_STREAMS_NONE;
        sandbox->manager = manager;
        sandbox->load_state = LOAD_NOT_FOUND;
        sandbox->name = strdup(name);
        if (!sandbox->name) {
                return -ENOMEM;
        }
        r = unit_scope_name(name, &sandbox->scope_name);
        if (r != 0) {
                return r < 0 ? r : -EINVAL;
        }
        r = sd_bus_path_encode(SBX_SANDBOX_PREFIX, name, &sandbox->object_path);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(sandbox);
        return 0;
}

Sandbox *sandbox_free(Sandbox *sandbox) {
        if (!sandbox) {
                return NULL;
        }
        assert(!sandbox->handling);
        sandbox->handling = true; /* what ends below is told of, but no job begins any more */
        if (sandbox->job) {
                job_finish(sandbox->job, JOB_CANCELED);
        }
        exec_forget_all(sandbox);
        property_change_end(sandbox);
        run_done(&sandbox->run);
        sandbox_streams_done(&sandbox->streams);
        sd_event_source_disable_unref(sandbox->timer);
        unit_free(sandbox->unit);
        prepared_plan_unref(sandbox->prepared);
        diag_list_done(&sandbox->diags);
        strv_free(sandbox->definition);
        strv_free(sandbox->degraded);
        sd_bus_track_unref(sandbox->owner_track);
        free(sandbox->status_text);
        free(sandbox->object_path);
        free(sandbox->client);
        free(sandbox->scope_name);
        free(sandbox->name);
        free(sandbox);
        return NULL;
}

static void id_format(const SandboxId *id, char *ret) {
        for (size_t i = 0; i < sizeof(id->bytes); i++) {
                ret[2 * i] = "0123456789abcdef"[id->bytes[i] >> 4];
                ret[2 * i + 1] = "0123456789abcdef"[id->bytes[i] & 15];
        }
        ret[2 * sizeof(id->bytes)] = '\0';
}

void sandbox_set_id(Sandbox *sandbox, const SandboxId *id) {
        sandbox->run.id = *id;
        id_format(id, sandbox->run.id_text);
}

int sandbox_begin_run(Sandbox *sandbox) {
        SandboxId id;
        int r;

        assert(sandbox);

        run_done(&sandbox->run);
        timeline_note(&sandbox->run.timeline, TIMELINE_REQUESTED);
        sandbox->result = RESULT_SUCCESS;
        sandbox->status_text = (free(sandbox->status_text), NULL);
        sandbox->degraded = strv_free(sandbox->degraded);
        sandbox->stop_requested = false;
        sandbox->no_restart = false;
        if (getrandom(&id, sizeof(id), 0) != (ssize_t) sizeof(id)) {
                return negative_errno();
        }
        sandbox_set_id(sandbox, &id);
        r = spec_copy(sandbox_definition(sandbox), &sandbox->run.spec);
        if (r < 0) {
                return r;
        }
        return spec_text_write(sandbox->run.spec, &sandbox->run.assignments);
}

/* -- queries -- */

const Spec *sandbox_definition(const Sandbox *sandbox) {
        assert(sandbox);

        return sandbox->unit && sandbox->unit->spec ? sandbox->unit->spec
                                                    : sandbox->manager->defaults;
}

const Spec *sandbox_spec(const Sandbox *sandbox) {
        return sandbox->run.spec ? sandbox->run.spec : sandbox_definition(sandbox);
}

static bool sandbox_is_oneshot(const Sandbox *sandbox) {
        return sandbox_spec(sandbox)->type == SERVICE_ONESHOT;
}

/* What a oneshot does while it runs is, for everyone who waits for it, its start. */
static SandboxState sandbox_shown_state(const Sandbox *sandbox) {
        if (sandbox->state == SANDBOX_RUNNING && sandbox_is_oneshot(sandbox)) {
                return SANDBOX_SETUP;
        }
        return sandbox->state;
}

const char *sandbox_active_name(const Sandbox *sandbox) {
        return state_active_name(sandbox_shown_state(sandbox));
}

const char *sandbox_sub_name(const Sandbox *sandbox) {
        return state_sub_name(sandbox_shown_state(sandbox));
}

bool sandbox_is_up(const Sandbox *sandbox) {
        return sandbox->state == SANDBOX_RUNNING && !sandbox_is_oneshot(sandbox);
}

bool sandbox_is_live(const Sandbox *sandbox) {
        return !state_is_resting(sandbox->state) && sandbox->state != SANDBOX_RESTARTING;
}

bool sandbox_has_run(const Sandbox *sandbox, const SandboxId *id) {
        return sandbox->run.id_text[0] != '\0' &&
               memcmp(sandbox->run.id.bytes, id->bytes, sizeof(id->bytes)) == 0;
}

void sandbox_log(const Sandbox *sandbox, int priority, const char *format, ...) {
        char unit[300], invocation[64], pid[32];
        const char *fields[] = {unit, invocation, pid, NULL};
        _cleanup_(str_done) Str text = STR_INIT;
        va_list args;
        int r;

        (void) snprintf(unit, sizeof(unit), "SBX_UNIT=%s", sandbox->name);
        (void) snprintf(invocation, sizeof(invocation), "SBX_INVOCATION=%s", sandbox->run.id_text);
        (void) snprintf(pid, sizeof(pid), "OBJECT_PID=%d", sandbox->run.leader_pid);
        if (sandbox->run.leader_pid <= 0) {
                fields[2] = NULL; /* journald looks the pid up: 0 would be nobody */
        }
        va_start(args, format);
        r = str_vappendf(&text, format, args);
        va_end(args);
        if (r == 0) {
                log_fields(priority, fields, "%s: %s", sandbox->name, str_text(&text));
        }
}

/* -- what outlives sbxd -- */

static void record_fill(const Sandbox *sandbox, SandboxRecord *ret) {
        const Run *run = &sandbox->run;

        /* borrows: not to be passed to sandbox_record_done() */
        *ret = (SandboxRecord){
                .name = sandbox->name,
                .id = run->id,
                .scope = run->scope_asked ? sandbox->scope_name : NULL,
                .status_text = sandbox->status_text,
                .assignments = run->assignments,
                .definition = sandbox->definition,
                .degraded = sandbox->degraded,
                .state = sandbox->state,
                .result = sandbox->result,
                .transient = sandbox->transient,
                .stop_requested = sandbox->stop_requested,
                .leader_pid = (uint64_t) run->leader_pid,
                .relay_pid = (uint64_t) run->relay_pid,
                .main_pid = (uint64_t) run->main_pid,
                .uid_base = run->uid_base,
                .n_restarts = sandbox->n_restarts,
                .main_code = (uint64_t) run->main_code,
                .main_status = (uint64_t) run->main_status,
                .main_start_usec = run->main_start_usec,
                .main_exit_usec = run->main_exit_usec,
                .active_enter_usec = sandbox->active_enter_usec,
                .active_exit_usec = sandbox->active_exit_usec,
                .inactive_enter_usec = sandbox->inactive_enter_usec,
                .state_change_usec = sandbox->state_change_usec,
        };
}

void sandbox_persist(Sandbox *sandbox) {
        SandboxRecord record;
        int r;

        if (sandbox->state == SANDBOX_INACTIVE) {
                r = state_file_remove(sandbox->manager->state_fd, sandbox->name);
        } else {
                record_fill(sandbox, &record);
                r = state_file_save(sandbox->manager->state_fd, &record);
        }
        if (r < 0) {
                errno = -r;
                sandbox_log(sandbox, LOG_WARNING,
                            "Failed to write the state file, a restart of sbxd would lose it: %m");
        }
}

/* -- the state machine -- */

void sandbox_set_result(Sandbox *sandbox, Result result, const char *text) {
        assert(sandbox);

        if (sandbox->result != RESULT_SUCCESS) {
                return; /* what follows from the first failure would hide it */
        }
        sandbox->result = result;
        if (text && !sandbox->status_text) {
                sandbox->status_text = strdup(text);
        }
        if (text && result != RESULT_SUCCESS) {
                sandbox_log(sandbox, LOG_ERR, "%s", text);
        }
}

static usec_t state_timeout(const Sandbox *sandbox) {
        const Spec *spec = sandbox_spec(sandbox);

        switch (sandbox->state) {
        case SANDBOX_SPAWNING:
                return spec->timeout_start_usec;
        case SANDBOX_STOPPING:
                return spec->timeout_stop_usec;
        case SANDBOX_KILLING:
                return KILL_TIMEOUT_USEC;
        case SANDBOX_RESTARTING:
                return spec->restart_usec;
        case SANDBOX_INACTIVE:
        case SANDBOX_SCOPING:
        case SANDBOX_SETUP:
        case SANDBOX_RUNNING:
        case SANDBOX_CLEANING:
        case SANDBOX_FAILED:
        case _SANDBOX_STATE_MAX:
                break;
        }
        return USEC_INFINITY;
}

/* SCOPING and SETUP go on with what TimeoutStartSec= left; so does a oneshot that was given one. */
static bool state_keeps_timer(const Sandbox *sandbox) {
        if (sandbox->state == SANDBOX_SCOPING || sandbox->state == SANDBOX_SETUP) {
                return true;
        }
        return sandbox->state == SANDBOX_RUNNING && sandbox_is_oneshot(sandbox) &&
               sandbox_spec(sandbox)->set[DIRECTIVE_TimeoutStartSec];
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Sandbox *sandbox = userdata;

        sandbox->timer = sd_event_source_disable_unref(sandbox->timer);
        if (sandbox->state == SANDBOX_RESTARTING) {
                sandbox->n_restarts++;
        } else {
                launcher_note_timeout(sandbox);
        }
        sandbox_handle(sandbox, SANDBOX_ON_TIMEOUT);
        return 0;
}

static void sandbox_arm_timer(Sandbox *sandbox) {
        usec_t timeout_usec = state_timeout(sandbox);
        int r;

        if (state_keeps_timer(sandbox)) {
                return;
        }
        sandbox->timer = sd_event_source_disable_unref(sandbox->timer);
        if (timeout_usec == USEC_INFINITY) {
                return;
        }
        r = sd_event_add_time_relative(sandbox->manager->event, &sandbox->timer, CLOCK_MONOTONIC,
                                       timeout_usec, /* accuracy= */ 1000, on_timer, sandbox);
        if (r < 0) {
                errno = -r;
                sandbox_log(sandbox, LOG_ERR, "Failed to arm the timer of state %s: %m",
                            sandbox_state_name(sandbox->state));
        }
}

static void sandbox_stamp(Sandbox *sandbox, SandboxState old) {
        usec_t now = usec_now(CLOCK_REALTIME);

        sandbox->state_change_usec = now;
        if (sandbox->state == SANDBOX_RUNNING) {
                sandbox->active_enter_usec = now;
        } else if (old == SANDBOX_RUNNING) {
                sandbox->active_exit_usec = now;
        }
        if (state_is_resting(sandbox->state)) {
                sandbox->inactive_enter_usec = now;
        }
}

void sandbox_set_state(Sandbox *sandbox, SandboxState state) {
        SandboxState old;

        assert(sandbox);
        assert(state < _SANDBOX_STATE_MAX);

        old = sandbox->state;
        sandbox->state = state;
        sandbox_stamp(sandbox, old);
        sandbox_log(sandbox, LOG_DEBUG, "Changed %s -> %s", sandbox_state_name(old),
                    sandbox_state_name(state));
        if (state == SANDBOX_RUNNING) {
                sandbox_log(sandbox, LOG_INFO, old == SANDBOX_SETUP ? "Started." : "Adopted.");
        } else if (state == SANDBOX_INACTIVE) {
                sandbox_log(sandbox, LOG_INFO, "Ended.");
        } else if (state == SANDBOX_FAILED) {
                sandbox_log(sandbox, LOG_WARNING, "Failed with result '%s'.",
                            result_name(sandbox->result));
        }
        sandbox_arm_timer(sandbox);
        if (state != SANDBOX_SPAWNING) {
                sandbox_persist(sandbox); /* a start does it itself once the run has its id */
        }
        manager_sandbox_changed(sandbox);
}

SandboxEvent sandbox_end_event(const Sandbox *sandbox) {
        const Spec *spec = sandbox_spec(sandbox);
        /* a oneshot that did its work is not run for ever, whatever Restart= says */
        bool finished = sandbox_is_oneshot(sandbox) && sandbox->result == RESULT_SUCCESS;

        if (!sandbox->stop_requested && !sandbox->no_restart && !finished &&
            restart_wanted((RestartMode) spec->restart, sandbox->result)) {
                return SANDBOX_ON_ENDED_RESTART;
        }
        return sandbox->result == RESULT_SUCCESS ? SANDBOX_ON_ENDED_CLEAN : SANDBOX_ON_ENDED_FAILED;
}

static void sandbox_act(Sandbox *sandbox, SandboxAction action) {
        static void (*const actions[_SANDBOX_ACTION_MAX])(Sandbox *) = {
                [ACTION_SPAWN] = launcher_spawn,     [ACTION_SCOPE] = launcher_scope,
                [ACTION_RELEASE] = launcher_release, [ACTION_ASK] = launcher_ask,
                [ACTION_KILL] = launcher_kill,       [ACTION_CLEAN] = launcher_clean,
        };

        if (actions[action]) {
                actions[action](sandbox);
        }
}

static void sandbox_handle_one(Sandbox *sandbox, SandboxEvent event) {
        const Transition *transition = state_transition(sandbox->state, event);

        if (event == SANDBOX_ON_STOP) {
                sandbox->stop_requested = true;
        }
        if (transition->verdict == STATE_GO) {
                sandbox_set_state(sandbox, transition->next);
                sandbox_act(sandbox, transition->action);
        } else if (transition->verdict != STATE_IGNORE) {
                sandbox_log(sandbox, LOG_WARNING,
                            "Event %s cannot happen in state %s, ignoring it.",
                            sandbox_event_name(event), sandbox_state_name(sandbox->state));
        }
}

void sandbox_handle(Sandbox *sandbox, SandboxEvent event) {
        assert(sandbox);
        assert(event < _SANDBOX_EVENT_MAX);

        if (sandbox->n_queued >= SANDBOX_QUEUE_MAX) {
                sandbox_log(sandbox, LOG_ERR, "Too many events at once, dropping %s.",
                            sandbox_event_name(event));
                return;
        }
        sandbox->queue[sandbox->n_queued++] = event;
        if (sandbox->handling) {
                return;
        }
        sandbox->handling = true;
        while (sandbox->n_queued > 0) {
                SandboxEvent next = sandbox->queue[0];

                sandbox->n_queued--;
                memmove(sandbox->queue, sandbox->queue + 1,
                        sandbox->n_queued * sizeof(sandbox->queue[0]));
                sandbox_handle_one(sandbox, next);
        }
        sandbox->handling = false;
        job_advance(sandbox);
        manager_housekeep(sandbox->manager);
}
