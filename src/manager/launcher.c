/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/launcher.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "manager/exec.h"
#include "manager/failure.h"
#include "manager/freezer.h"
#include "manager/helper-client.h"
#include "manager/joins.h"
#include "manager/manager.h"
#include "manager/scope-check.h"
#include "manager/set-property.h"
#include "unit/environment.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define SCOPE_FAULT_WAIT_USEC USEC_PER_SEC

/* -- to the helper -- */

static int send_plain(Sandbox *sandbox, ControlType type, uint64_t first, uint64_t second) {
        ControlMessage message = {.type = type, .id = sandbox->run.id};

        message.numbers[0] = first;
        message.numbers[1] = second;
        return helper_client_send(sandbox->manager->helper, &message);
}

static void send_go(Sandbox *sandbox) {
        int r;

        r = send_plain(sandbox, CONTROL_GO, 0, 0);
        if (r < 0) {
                /* the connection is gone: LIST tells what is to be done once it is back */
                errno = -r;
                sandbox_log(sandbox, LOG_WARNING, "Failed to send GO to sbx-helper: %m");
                return;
        }
        timeline_note(&sandbox->run.timeline, TIMELINE_RELEASED);
}

/* -- SPAWN
 * ------------------------------------------------------------------------------------------- */

/* A start that cannot succeed now: says why and takes the way that a failed set-up takes. */
static void spawn_fail(Sandbox *sandbox, Result result, const char *text) {
        sandbox_set_result(sandbox, result, text);
        sandbox_handle(sandbox, SANDBOX_ON_SETUP_FAILED);
}

static void spawn_fail_errno(Sandbox *sandbox, int fault, const char *what) {
        _cleanup_free_ char *text = strf("%s failed: %s.", what, strerror(-fault));

        spawn_fail(sandbox, RESULT_RESOURCES, text);
}

static void spawn_fail_diags(Sandbox *sandbox, const DiagList *diags) {
        _cleanup_(str_done) Str text = STR_INIT;

        /* the unit and the host stay what they are: trying again would only fill the log */
        sandbox->no_restart = true;
        sandbox->run.failed_directive = failure_diags_directive(diags);
        (void) failure_format_diags(diags, &text);
        spawn_fail(sandbox, RESULT_RESOURCES, str_text(&text));
}

/* Nothing is begun: what is known of the last run, above all why it ended, stays to be seen. */
static void spawn_fail_limit(Sandbox *sandbox) {
        _cleanup_free_ char *last = TAKE(sandbox->status_text), *text = NULL;

        if (last && sandbox->result == RESULT_START_LIMIT_HIT) {
                text = TAKE(last); /* it says so already, and would grow with each try */
        } else {
                text = strf("It was started %u times within ten seconds: use reset-failed, or "
                            "wait, once the cause is dealt with.%s%s",
                            START_LIMIT_BURST, last ? " The last time: " : "", last ? last : "");
        }
        sandbox->no_restart = true;
        sandbox->result = RESULT_SUCCESS;
        spawn_fail(sandbox, RESULT_START_LIMIT_HIT, text);
}

static unsigned sandbox_n_streams(const Sandbox *sandbox) {
        return sandbox->streams.fds[0] >= 0 ? SANDBOX_STREAMS : 0;
}

/* 0, a positive outcome with diags, or -errno. */
static int sandbox_prepare(Sandbox *sandbox, DiagList *diags) {
        Manager *manager = sandbox->manager;
        _cleanup_(layer_sources_done) LayerSources layers = {};
        _cleanup_(device_sources_done) DeviceSources devices = {};
        PlanInput input = {
                .unit_name = sandbox->name,
                .spec = sandbox->run.spec,
                .host = &manager->host,
                .backend = manager->backend,
                .terminal = sandbox->streams.terminal,
                .n_streams = sandbox_n_streams(sandbox),
                .filters = manager->filters,
        };
        _cleanup_(strv_freep) char **files = NULL;
        int r;

        r = unit_read_environment(&manager->search, sandbox->run.spec, diags, &files);
        r = r != 0 ? r : unit_resolve_layers(&manager->search, sandbox->unit, diags, &layers);
        r = r != 0 ? r : unit_resolve_devices(sandbox->run.spec, NULL, diags, &devices);
        if (r != 0) {
                return r;
        }
        input.variables = (PlanVariables){.manager = environ, .files = files};
        host_facts_look_again(&manager->host);
        if (!prepared_plan_fits(sandbox->prepared, &input, &layers, &devices)) {
                sandbox->prepared = prepared_plan_unref(sandbox->prepared);
                r = prepared_plan_new(&input, &layers, &devices, diags, &sandbox->prepared);
                if (r != 0) {
                        return r;
                }
        }
        sandbox->run.prepared = prepared_plan_ref(sandbox->prepared);
        return strv_copy(sandbox->prepared->launch->degraded, &sandbox->degraded);
}

void launcher_spawn(Sandbox *sandbox) {
        _cleanup_(diag_list_done) DiagList diags = {};
        int r;

        if (!start_limit_check(&sandbox->start_limit, usec_now(CLOCK_MONOTONIC))) {
                spawn_fail_limit(sandbox);
                return;
        }
        r = sandbox_begin_run(sandbox);
        if (r < 0) {
                spawn_fail_errno(sandbox, r, "Preparing the start");
                return;
        }
        if (sandbox->load_state != LOAD_LOADED) {
                spawn_fail_diags(sandbox, &sandbox->diags);
                return;
        }
        r = sandbox_prepare(sandbox, &diags);
        if (r > 0) {
                spawn_fail_diags(sandbox, &diags);
                return;
        }
        if (r < 0) {
                spawn_fail_errno(sandbox, r, "Making the launch plan");
                return;
        }
        timeline_note(&sandbox->run.timeline, TIMELINE_PLANNED);
        launcher_send_start(sandbox);
}

static void streams_drop(Sandbox *sandbox) {
        /* Whoever reads the other end waits for the last writer: sbxd must not be one for longer
         * than it needs to. */
        if (sandbox->run.spec && sandbox->run.spec->restart == RESTART_NO) {
                sandbox_streams_done(&sandbox->streams);
        }
}

void launcher_send_start(Sandbox *sandbox) {
        ControlMessage message = {.type = CONTROL_START, .id = sandbox->run.id};
        const SandboxId *joined = NULL;
        _cleanup_free_ char *why = NULL;
        _cleanup_fd_ int plan_fd = -EBADF;
        int r;

        if (!helper_client_is_ready(sandbox->manager->helper)) {
                return; /* sent once it is; TimeoutStartSec= runs */
        }
        r = joins_resolve(sandbox, &joined, &why);
        if (r != 0) {
                spawn_fail(sandbox, RESULT_RESOURCES, r > 0 ? why : NULL);
                return;
        }
        plan_fd = prepared_plan_seal(sandbox->run.prepared, sandbox->run.id_text,
                                     sandbox->streams.rows, sandbox->streams.columns, joined);
        if (plan_fd < 0) {
                spawn_fail_errno(sandbox, plan_fd, "Sealing the launch plan");
                return;
        }
        message.fds[message.n_fds++] = plan_fd;
        for (size_t i = 0; i < sandbox_n_streams(sandbox); i++) {
                message.fds[message.n_fds++] = sandbox->streams.fds[i];
        }
        if (sandbox->streams.attached >= 0) {
                message.fds[message.n_fds++] = sandbox->streams.attached;
        }
        (void) strncpy(message.strings[0], sandbox->name, sizeof(message.strings[0]) - 1);

        /* First on disk, then asked for: after a crash in between there is nothing, after a crash
         * behind it there is a record that names what the helper lists. */
        sandbox->run.sent = true;
        sandbox_persist(sandbox);
        r = helper_client_send(sandbox->manager->helper, &message);
        if (r < 0) {
                sandbox->run.sent = false;
                spawn_fail_errno(sandbox, r, "Sending the launch plan to sbx-helper");
                return;
        }
        timeline_note(&sandbox->run.timeline, TIMELINE_SENT);
        if (sandbox->manager->backend == BACKEND_DIRECT) {
                /* Nothing outside of the helper is waited for: it makes the cgroups itself, and
                 * holds init until it stands there and the limits were read back. */
                send_go(sandbox);
        }
        /* one more copy of it would keep whoever is attached from seeing the end */
        sandbox->streams.attached = fd_close(sandbox->streams.attached);
        streams_drop(sandbox);
}

/* -- SCOPE
 * ------------------------------------------------------------------------------------------- */

static void scope_fault_end(Run *run) {
        run->scope_waiter = sd_event_source_disable_unref(run->scope_waiter);
        free(run->scope_fault);
        run->scope_fault = NULL;
}

static void scope_fail(Sandbox *sandbox) {
        Run *run = &sandbox->run;

        /* a process that died says itself how: EXITED is on its way */
        if (scope_leader_is_alive(sandbox)) {
                sandbox_set_result(sandbox, RESULT_RESOURCES, run->scope_fault);
        }
        scope_fault_end(run);
        sandbox_handle(sandbox, SANDBOX_ON_SCOPE_FAILED);
}

static int on_scope_waited(sd_event_source *source, uint64_t usec, void *userdata) {
        Sandbox *sandbox = userdata;

        if (sandbox->state == SANDBOX_SCOPING) {
                scope_fail(sandbox);
        } else {
                scope_fault_end(&sandbox->run);
        }
        return 0;
}

/* A process that is being killed leaves its cgroup before its pidfd says so, and the helper tells
 * why it kills it only once nothing is left: what it says in time is the cause. */
static void scope_fail_later(Sandbox *sandbox, const char *fault) {
        Run *run = &sandbox->run;
        int r = 0;

        scope_fault_end(run);
        run->scope_fault = fault ? strdup(fault) : NULL;
        if (scope_leader_is_alive(sandbox)) {
                r = sd_event_add_time_relative(sandbox->manager->event, &run->scope_waiter,
                                               CLOCK_MONOTONIC, SCOPE_FAULT_WAIT_USEC,
                                               /* accuracy= */ 1000, on_scope_waited, sandbox);
        }
        if (r < 0 || !run->scope_waiter) {
                scope_fail(sandbox);
        }
}

static void scope_verify(Sandbox *sandbox) {
        _cleanup_(str_done) Str reason = STR_INIT;
        int r;

        r = scope_check(sandbox, &reason);
        if (r == 0) {
                timeline_note(&sandbox->run.timeline, TIMELINE_VERIFIED);
                sandbox_handle(sandbox, SANDBOX_ON_SCOPE_READY);
                return;
        }
        scope_fail_later(sandbox, str_text(&reason));
}

static void on_scope(void *userdata, int result, const char *text) {
        Sandbox *sandbox = userdata;
        _cleanup_free_ char *reason = NULL;

        timeline_note(&sandbox->run.timeline, TIMELINE_SCOPE_READY);
        if (result < 0) {
                errno = -result;
                reason = strf("Making the scope %s failed: %s", sandbox->scope_name,
                              text ? text : strerror(-result));
        }
        sandbox->run.scope_job = scope_job_free(sandbox->run.scope_job);
        if (result == 0) {
                scope_verify(sandbox);
                return;
        }
        scope_fail_later(sandbox, reason);
}

int launcher_scope_settings(const LaunchPlan *launch, ScopeSetting **ret) {
        ScopeSetting *settings = calloc(launch->n_properties + 1, sizeof(*settings));

        if (!settings) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < launch->n_properties; i++) {
                const ScopeProperty *property = &launch->properties[i];

                settings[i] = (ScopeSetting){property->name, property->signature, property->number,
                                             property->text, property->list,      property->set};
        }
        *ret = settings;
        return 0;
}

static int scope_request(Sandbox *sandbox) {
        _cleanup_free_ ScopeSetting *settings = NULL;
        const LaunchPlan *launch = sandbox->run.prepared->launch;
        pid_t pids[] = {sandbox->run.leader_pid, sandbox->run.relay_pid};
        ScopeStart start = {
                .name = sandbox->scope_name,
                .pids = pids,
                .n_pids = sandbox->run.relay_pid > 0 ? 2 : 1,
                .n_settings = launch->n_properties,
                .survives_oom = sandbox->manager->host.cgroup_mode == CGROUP_UNIFIED &&
                                sandbox_spec(sandbox)->oom_policy == OOM_POLICY_CONTINUE,
        };
        int r;

        r = launcher_scope_settings(launch, &settings);
        if (r < 0) {
                return r;
        }
        start.settings = settings;
        sandbox->run.scope_asked = true;
        sandbox_persist(sandbox);
        timeline_note(&sandbox->run.timeline, TIMELINE_SCOPE_REQUESTED);
        return scope_start(sandbox->manager->scopes, &start, on_scope, sandbox,
                           &sandbox->run.scope_job);
}

void launcher_scope(Sandbox *sandbox) {
        int r;

        if (sandbox->manager->backend == BACKEND_DIRECT) {
                /* the helper has made the cgroups and read the limits back before it said HELD */
                sandbox_handle(sandbox, SANDBOX_ON_SCOPE_READY);
                return;
        }
        if (!sandbox->manager->scopes) {
                sandbox_set_result(sandbox, RESULT_RESOURCES,
                                   "There is no connection to systemd over the system bus: is "
                                   "dbus.service running?");
                sandbox_handle(sandbox, SANDBOX_ON_SCOPE_FAILED);
                return;
        }
        r = scope_request(sandbox);
        if (r < 0) {
                _cleanup_free_ char *text = strf("Asking systemd for the scope %s failed: %s.",
                                                 sandbox->scope_name, strerror(-r));

                sandbox_set_result(sandbox, RESULT_RESOURCES, text);
                sandbox_handle(sandbox, SANDBOX_ON_SCOPE_FAILED);
        }
}

/* -- RELEASE, ASK, KILL
 * ------------------------------------------------------------------------------ */

void launcher_release(Sandbox *sandbox) {
        if (sandbox->manager->backend != BACKEND_DIRECT) {
                send_go(sandbox);
        }
}

/* systemd.kill(5); what a person types to gets it unasked, since shells wait for the terminal's end
 * alone. */
static bool wants_hangup(const Sandbox *sandbox) {
        const Spec *spec = sandbox_spec(sandbox);

        return spec->set[DIRECTIVE_SendSIGHUP]
                       ? spec->send_sighup
                       : spec->standard_input == STANDARD_INPUT_TTY || sandbox->streams.terminal;
}

void launcher_ask(Sandbox *sandbox) {
        (void) send_plain(sandbox, CONTROL_KILL, (uint64_t) sandbox_spec(sandbox)->kill_signal,
                          KILL_ALL);
        if (wants_hangup(sandbox)) {
                (void) send_plain(sandbox, CONTROL_KILL, SIGHUP, KILL_ALL);
        }
        /* afterwards: what is frozen meets the signal with its first step */
        freezer_thaw(sandbox);
}

void launcher_kill(Sandbox *sandbox) {
        if (!sandbox->run.sent) {
                sandbox_handle(sandbox, SANDBOX_ON_SETUP_FAILED); /* nobody else will say so */
                return;
        }
        (void) send_plain(sandbox, CONTROL_KILL, SIGKILL, KILL_ALL);
}

/* -- CLEAN
 * ------------------------------------------------------------------------------------------- */

static void cleaned(Sandbox *sandbox) {
        SandboxEvent event = sandbox_end_event(sandbox);

        timeline_note(&sandbox->run.timeline, TIMELINE_CLEANED);
        if (event != SANDBOX_ON_ENDED_RESTART) {
                sandbox_streams_done(&sandbox->streams);
        }
        sandbox_handle(sandbox, event);
}

static void on_cleaned(void *userdata, int result, const char *text) {
        Sandbox *sandbox = userdata;

        sandbox->run.scope_asked = result < 0;
        if (result < 0) {
                sandbox_log(sandbox, LOG_WARNING, "Stopping the scope %s failed: %s",
                            sandbox->scope_name, text ? text : strerror(-result));
        }
        sandbox->run.scope_job = scope_job_free(sandbox->run.scope_job);
        cleaned(sandbox);
}

void launcher_clean(Sandbox *sandbox) {
        Run *run = &sandbox->run;
        int r;

        timeline_note(&run->timeline, TIMELINE_EXITED);
        if (run->freezer != FREEZER_RUNNING && run->scope_asked && sandbox->manager->scopes) {
                /* what a lost helper left frozen would let systemd's SIGTERM wait for its time-out
                 */
                (void) scope_kill(sandbox->manager->scopes, sandbox->scope_name, SIGKILL);
        }
        freezer_end(sandbox);
        property_change_end(sandbox);
        if (run->collected && !run->forgotten) {
                (void) send_plain(sandbox, CONTROL_FORGET, 0, 0);
                run->forgotten = true;
        }
        run->leader_pid = run->relay_pid = run->main_pid = 0;
        exec_end_all(sandbox);
        run->leader_pidfd = fd_close(run->leader_pidfd);
        run->main_pidfd = fd_close(run->main_pidfd);
        run->scope_job = scope_job_free(run->scope_job);
        scope_fault_end(run);
        if (!run->scope_asked || !sandbox->manager->scopes) {
                /* without a bus the janitor stops it when systemd can be reached again */
                cleaned(sandbox);
                return;
        }
        /* Also where the start failed: systemd keeps a scope for ever whose process died before it
         * was moved there. */
        r = scope_stop(sandbox->manager->scopes, sandbox->scope_name, on_cleaned, sandbox,
                       &run->scope_job);
        if (r < 0) {
                on_cleaned(sandbox, r, NULL);
        }
}

/* -- what became known
 * ------------------------------------------------------------------------------- */

void launcher_note_timeout(Sandbox *sandbox) {
        _cleanup_(str_done) Str text = STR_INIT;
        const Spec *spec = sandbox_spec(sandbox);
        const DirectiveId origin = sandbox->state == SANDBOX_STOPPING ? DIRECTIVE_TimeoutStopSec
                                                                      : DIRECTIVE_TimeoutStartSec;
        int r;

        if (sandbox->state == SANDBOX_KILLING) {
                sandbox_set_result(sandbox, RESULT_TIMEOUT,
                                   "It did not end after SIGKILL: a process may be stuck in the "
                                   "kernel.");
                return;
        }
        r = failure_format_origin(origin, NULL, spec, &text);
        if (r == 0) {
                r = str_appendf(&text, "%s ran out while waiting for %s.",
                                spec && spec->places[origin].file ? "" : ",",
                                state_awaits(sandbox->state));
        }
        sandbox_set_result(sandbox, RESULT_TIMEOUT, r == 0 ? str_text(&text) : NULL);
}

/* step, errno and op: as a message has them. */
static void note_failure(Sandbox *sandbox, uint64_t step, uint64_t fault, uint64_t op,
                         const char *object) {
        _cleanup_(str_done) Str text = STR_INIT;
        Run *run = &sandbox->run;
        Failure failure = {
                .step = step < _STEP_MAX ? (Step) step : _STEP_MAX,
                .fault = (int) (fault & 0xfff),
                .op = (int64_t) op,
                .object = object,
                .plan = run->prepared ? run->prepared->launch->plan : NULL,
                .spec = run->spec,
        };

        run->failed_step = step < _STEP_MAX ? (Step) step : _STEP_INVALID;
        run->failed_errno = failure.fault;
        run->failed_directive = failure_directive(&failure);
        if (run->failed_step >= 0) {
                run->main_code = CLD_EXITED;
                run->main_status = step_table[run->failed_step].exit_status;
                run->main_exit_usec = usec_now(CLOCK_REALTIME);
        }
        (void) failure_format(&failure, &text);
        sandbox_set_result(sandbox, RESULT_EXIT_CODE, str_text(&text));
}

void launcher_note_failure(Sandbox *sandbox, const ControlMessage *message) {
        if (sandbox->stop_requested) {
                return; /* it was killed on the way up, as was asked for */
        }
        note_failure(sandbox, message->numbers[FAILED_STEP], message->numbers[FAILED_ERRNO],
                     message->numbers[FAILED_OP], message->strings[0]);
}

static int format_exit(const Sandbox *sandbox, Result result, Str *out) {
        const Run *run = &sandbox->run;
        bool ran = run->main_start_usec > 0;
        const char *name = run->main_code == CLD_EXITED ? NULL : signal_name(run->main_status);
        int r;

        r = str_append(out, ran ? "The workload " : "The sandbox's first process ");
        if (r == 0) {
                r = name ? str_appendf(out, "was killed by %s", name)
                         : str_appendf(out, "exited with status %d", run->main_status);
        }
        if (r == 0 && run->main_code == CLD_DUMPED) {
                r = str_append(out, " and dumped core");
        }
        if (r == 0 && !ran) {
                r = str_appendf(out, " before the program ran, while waiting for %s",
                                state_awaits(sandbox->state));
        }
        if (r == 0 && result == RESULT_OOM_KILL) {
                r = str_append(out, " because its memory was used up: ");
                if (r == 0) {
                        r = failure_format_origin(DIRECTIVE_MemoryMax, NULL, run->spec, out);
                }
        }
        return r == 0 ? str_append(out, ".") : r;
}

static int format_oom(const Sandbox *sandbox, uint64_t kills, int policy, Str *out) {
        int r = str_appendf(out,
                            "The kernel killed %llu of its processes because memory was used up: ",
                            (unsigned long long) kills);

        if (r == 0) {
                r = failure_format_origin(DIRECTIVE_MemoryMax, NULL, sandbox->run.spec, out);
        }
        if (r == 0) {
                r = str_append(out, policy == OOM_POLICY_CONTINUE ? ". The others go on: "
                                    : policy == OOM_POLICY_KILL   ? ". All others are killed: "
                                                                  : ". The others are stopped: ");
        }
        if (r == 0) {
                r = failure_format_origin(DIRECTIVE_OOMPolicy, NULL, sandbox->run.spec, out);
        }
        return r == 0 ? str_append(out, ".") : r;
}

SandboxEvent launcher_note_oom(Sandbox *sandbox, const ControlMessage *message) {
        static const SandboxEvent events[_OOM_POLICY_MAX] = {
                [OOM_POLICY_CONTINUE] = _SANDBOX_EVENT_MAX,
                [OOM_POLICY_STOP] = SANDBOX_ON_OOM_STOP,
                [OOM_POLICY_KILL] = SANDBOX_ON_OOM_KILL,
        };
        _cleanup_(str_done) Str text = STR_INIT;
        int policy = sandbox_spec(sandbox)->oom_policy;

        sandbox->run.oom_kills = message->numbers[OOM_KILLS];
        (void) format_oom(sandbox, message->numbers[OOM_KILLS], policy, &text);
        if (policy == OOM_POLICY_CONTINUE) {
                sandbox_log(sandbox, LOG_WARNING, "%s", str_text(&text));
        } else if (sandbox->state == SANDBOX_RUNNING) {
                sandbox_set_result(sandbox, RESULT_OOM_KILL, str_text(&text));
        }
        return events[policy];
}

void launcher_note_exit(Sandbox *sandbox, const ControlMessage *message) {
        _cleanup_(str_done) Str text = STR_INIT;
        Run *run = &sandbox->run;
        Result result;

        run->collected = true;
        run->main_code = (int) (message->numbers[EXITED_CODE] & 0xff);
        run->main_status = (int) (message->numbers[EXITED_STATUS] & 0xffff);
        run->main_exit_usec = usec_now(CLOCK_REALTIME);
        if (sandbox->stop_requested && sandbox->state == SANDBOX_KILLING) {
                return; /* our own SIGKILL; a time-out that led to it has been noted */
        }
        if (message->numbers[EXITED_ERRNO] != 0) {
                note_failure(sandbox, message->numbers[EXITED_STEP], message->numbers[EXITED_ERRNO],
                             message->numbers[EXITED_OP], message->strings[0]);
                return;
        }
        result = result_of_exit(run->main_code, run->main_status,
                                message->numbers[EXITED_OOM_KILLS]);
        if (result == RESULT_SUCCESS && run->main_start_usec == 0 && !sandbox->stop_requested) {
                result = RESULT_PROTOCOL; /* it ended well without ever having run the program */
        }
        if (result == RESULT_SUCCESS) {
                return;
        }
        (void) format_exit(sandbox, result, &text);
        sandbox_set_result(sandbox, result, str_text(&text));
}
