/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/control.h"

#include "base/fd.h"
#include "base/log.h"
#include "manager/adopt.h"
#include "manager/exec.h"
#include "manager/failure.h"
#include "manager/freezer.h"
#include "manager/helper-client.h"
#include "manager/launcher.h"
#include "manager/manager.h"
#include "manager/notify.h"
#include "manager/set-property.h"
#include "wire/plan.h"

static void on_hello(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        if (message->numbers[HELLO_PROTOCOL] != CONTROL_PROTOCOL_VERSION ||
            message->numbers[HELLO_PLAN] != WIRE_PLAN_VERSION) {
                log_error("sbx-helper is of another version (protocol %llu, plan %llu): restart "
                          "sbx-helper.service once no sandbox runs.",
                          (unsigned long long) message->numbers[HELLO_PROTOCOL],
                          (unsigned long long) message->numbers[HELLO_PLAN]);
        }
}

static void on_held(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        Run *run = &sandbox->run;

        run->leader_pid = (pid_t) message->numbers[HELD_PID];
        run->relay_pid = (pid_t) message->numbers[HELD_RELAY_PID];
        run->uid_base = (uint32_t) message->numbers[HELD_UID_BASE];
        run->timeline.usec[TIMELINE_SPAWNED] = message->numbers[HELD_SPAWNED_USEC];
        timeline_note(&run->timeline, TIMELINE_HELD);
        fd_close(run->leader_pidfd);
        run->leader_pidfd = fd_take(&message->fds[0]);
        sandbox_handle(sandbox, SANDBOX_ON_HELD);
}

static void on_built(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        sandbox->run.timeline.usec[TIMELINE_BUILT] = message->numbers[READY_BUILT_USEC];
        if (message->strings[0][0] != '\0') {
                (void) strv_append(&sandbox->degraded, message->strings[0]);
        }
        sandbox_handle(sandbox, SANDBOX_ON_BUILT);
}

static void on_degraded(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        _cleanup_(str_done) Str text = STR_INIT;

        if (failure_format_degraded((uint16_t) message->numbers[DEGRADED_ORIGIN],
                                    (int) (message->numbers[DEGRADED_ERRNO] & 0xfff),
                                    message->strings[0], sandbox->run.spec, &text) == 0) {
                (void) strv_append(&sandbox->degraded, str_text(&text));
        }
}

static void on_failed(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        launcher_note_failure(sandbox, message);
        sandbox_handle(sandbox, SANDBOX_ON_SETUP_FAILED);
}

static void on_running(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        Run *run = &sandbox->run;

        run->main_pid = (pid_t) message->numbers[RUNNING_MAIN_PID];
        run->main_start_usec = usec_now(CLOCK_REALTIME);
        run->timeline.usec[TIMELINE_EXECUTED] = message->numbers[RUNNING_EXEC_USEC];
        fd_close(run->main_pidfd);
        run->main_pidfd = fd_take(&message->fds[0]);
        sandbox_handle(sandbox, SANDBOX_ON_EXECUTED);
}

static void on_exited(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        if (sandbox_is_live(sandbox) && sandbox->state != SANDBOX_CLEANING) {
                launcher_note_exit(sandbox, message);
        } else {
                /* it outlived SIGKILL and its run is closed: only the helper still knows of it */
                ControlMessage forget = {.type = CONTROL_FORGET, .id = message->id};

                (void) helper_client_send(manager->helper, &forget);
        }
        sandbox_handle(sandbox, SANDBOX_ON_EXITED);
}

static void on_refused(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        _cleanup_free_ char *text = NULL;

        if (exec_refused(sandbox, message) || freezer_refused(sandbox, message) ||
            property_change_refused(sandbox, message)) {
                return;
        }
        if (sandbox->state != SANDBOX_SPAWNING) {
                log_debug("%s: sbx-helper did not carry out a message: %s", sandbox->name,
                          message->strings[0]);
                return;
        }
        text = strf("sbx-helper refused the start: %s (%s).", message->strings[0],
                    strerror((int) (message->numbers[REFUSED_ERRNO] & 0xfff)));
        sandbox_set_result(sandbox, RESULT_RESOURCES, text);
        sandbox_handle(sandbox, SANDBOX_ON_SETUP_FAILED);
}

/* What is said of a sandbox whose run the registry does not have. */
static void on_stranger(Manager *manager, ControlMessage *message) {
        ControlMessage forget = {.type = CONTROL_FORGET, .id = message->id};

        if (message->type == CONTROL_EXITED) {
                (void) helper_client_send(manager->helper, &forget);
        }
}

static void on_frozen(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        freezer_said(sandbox, message);
}

static void on_oom(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        SandboxEvent event = launcher_note_oom(sandbox, message);

        if (event != _SANDBOX_EVENT_MAX) {
                sandbox_handle(sandbox, event);
        }
}

static void on_limited(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        property_change_limited(sandbox, message);
}

static void on_exec_running(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        exec_running(sandbox, message);
}

static void on_exec_failed(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        exec_failed(sandbox, message);
}

static void on_exec_exited(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        exec_exited(sandbox, message);
}

static void on_sandbox(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        adopt_sandbox(manager, message);
}

static void on_listed(Manager *manager, Sandbox *sandbox, ControlMessage *message) {
        adopt_finish(manager);
}

typedef struct ControlHandler {
        void (*handle)(Manager *manager, Sandbox *sandbox, ControlMessage *message);
        bool of_run; /* only of a sandbox whose run is known */
} ControlHandler;

void control_dispatch(Manager *manager, ControlMessage *message) {
        static const ControlHandler handlers[_CONTROL_MAX] = {
                [CONTROL_HELLO] = {on_hello},
                [CONTROL_HELD] = {on_held, true},
                [CONTROL_DEGRADED] = {on_degraded, true},
                [CONTROL_READY] = {on_built, true},
                [CONTROL_FAILED] = {on_failed, true},
                [CONTROL_RUNNING] = {on_running, true},
                [CONTROL_EXITED] = {on_exited, true},
                [CONTROL_FROZEN] = {on_frozen, true},
                [CONTROL_OOM] = {on_oom, true},
                [CONTROL_LIMITED] = {on_limited, true},
                [CONTROL_EXEC_RUNNING] = {on_exec_running, true},
                [CONTROL_EXEC_FAILED] = {on_exec_failed, true},
                [CONTROL_EXEC_EXITED] = {on_exec_exited, true},
                [CONTROL_SANDBOX] = {on_sandbox},
                [CONTROL_LISTED] = {on_listed},
                [CONTROL_REFUSED] = {on_refused, true},
        };
        const ControlHandler *handler;
        Sandbox *sandbox;

        assert(manager);
        assert(message && message->type < _CONTROL_MAX);

        handler = &handlers[message->type];
        if (!handler->handle) {
                return; /* DOWN: the decoder has refused it */
        }
        sandbox = handler->of_run ? manager_find_run(manager, &message->id) : NULL;
        if (handler->of_run && !sandbox) {
                on_stranger(manager, message);
                return;
        }
        handler->handle(manager, sandbox, message);
}
