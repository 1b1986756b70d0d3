/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/sandbox.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/lookup.h"
#include "helper/exec.h"
#include "helper/helper.h"
#include "kern/process.h"

#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const phase_names[_PHASE_MAX] = {
        [PHASE_BUILDING] = "building", [PHASE_HELD] = "held",     [PHASE_RUNNING] = "running",
        [PHASE_ENDING] = "ending",     [PHASE_EXITED] = "exited",
};

const char *sandbox_phase_name(SandboxPhase phase) {
        return lookup_name(phase_names, ELEMENTS(phase_names), (int) phase);
}

int child_open(int pidfd, Process *ret) {
        pid_t pid;
        int r;

        r = process_pid(pidfd, &pid);
        if (r < 0) {
                return r;
        }
        *ret = (Process){.pid = pid, .pidfd = pidfd};
        return 0;
}

void child_close(Process *process) {
        process->pidfd = fd_close(process->pidfd);
        process->pid = 0;
}

void child_kill(const Process *process) {
        if (child_is_alive(process) && process->pidfd >= 0) {
                (void) process_signal(process->pidfd, SIGKILL);
        }
}

bool sandbox_has_pid_namespace(const Sandbox *sandbox) {
        const Op *op = sandbox->plan ? plan_find(sandbox->plan, OP_NAMESPACES) : NULL;

        return op && (op->args[0].u64 & CLONE_NEWPID) != 0;
}

Sandbox *sandbox_free(Sandbox *sandbox) {
        if (!sandbox) {
                return NULL;
        }
        sessions_free(sandbox);
        sandbox->retry = watch_free(sandbox->retry);
        sandbox->reports = watch_free(sandbox->reports);
        launch_done(&sandbox->launch);
        child_close(&sandbox->builder);
        child_close(&sandbox->init);
        child_close(&sandbox->relay);
        child_close(&sandbox->keeper);
        (void) fd_close(sandbox->workload);
        (void) fd_close(sandbox->attach);
        (void) fd_close(sandbox->devpts);
        freezer_done(&sandbox->freezer);
        oom_watch_done(&sandbox->oom);
        (void) fd_close(sandbox->cgroup);
        (void) fd_close(sandbox->payload);
        (void) fd_close(sandbox->memory_events);
        sandbox->console = console_free(sandbox->console);
        sandbox->output = output_free(sandbox->output);
        /* Without removing what the lock stands for: with a helper that leaves, sandboxes stay. */
        (void) fd_close(sandbox->lease.lock);
        cgroup_set_done(&sandbox->cgroups);
        plan_free(sandbox->plan);
        free(sandbox->name);
        free(sandbox);
        return NULL;
}

void sandbox_fail(Sandbox *sandbox, Step step, int fault, int64_t op, const char *object) {
        if (sandbox->failure.fault == 0) {
                sandbox->failure.step = step;
                sandbox->failure.fault = abs(fault);
                sandbox->failure.op = op;
                (void) snprintf(sandbox->failure.object, sizeof(sandbox->failure.object), "%s",
                                object ? object : "");
        }
        sandbox_end(sandbox);
}

void sandbox_end(Sandbox *sandbox) {
        if (sandbox->phase >= PHASE_ENDING) {
                return;
        }
        log_debug("%s: %s -> ending", sandbox->name, sandbox_phase_name(sandbox->phase));
        sandbox->phase = PHASE_ENDING;
        child_kill(&sandbox->builder);
        child_kill(&sandbox->init);
        child_kill(&sandbox->relay);
        child_kill(&sandbox->keeper);
        sessions_end(sandbox);
        if (!sandbox->executed || !sandbox_has_pid_namespace(sandbox)) {
                /* Else init takes all with it; what else is there, clean_up() finds. */
                cgroup_set_kill(&sandbox->cgroups);
        }
        if (sandbox->cgroup >= 0 && !sandbox_has_pid_namespace(sandbox)) {
                (void) cgroup_kill(sandbox->cgroup);
        }
}

void sandbox_abandon(Sandbox *sandbox) {
        sessions_abandon(sandbox);
        if (!sandbox->go && sandbox->phase < PHASE_EXITED) {
                sandbox->quiet = true;
                sandbox_fail(sandbox, STEP_SCOPE, ECANCELED, -1, NULL);
        }
}

/* Everybody in the cgroup but init, who was told already, and what is ours. */
static void signal_others(const Sandbox *sandbox, int signal) {
        const pid_t ours[] = {sandbox->init.pid, sandbox->relay.pid, sandbox->keeper.pid};

        if (sandbox->cgroup >= 0) {
                (void) cgroup_signal(sandbox->cgroup, signal, ours, ELEMENTS(ours));
        }
}

int sandbox_kill(Sandbox *sandbox, int signal, bool all) {
        int r;

        switch (sandbox->phase) {
        case PHASE_BUILDING:
        case PHASE_HELD:
                if (!all) {
                        return -ESRCH;
                }
                /* There is no workload that could take another signal than the end. */
                sandbox_fail(sandbox, sandbox->built ? STEP_SCOPE : STEP_SPAWN, ECANCELED, -1,
                             NULL);
                return 0;
        case PHASE_RUNNING:
                if (!all) {
                        return sandbox->workload >= 0 ? process_signal(sandbox->workload, signal)
                                                      : -ESRCH;
                }
                if (signal == SIGKILL) {
                        sandbox_end(sandbox);
                        return 0;
                }
                r = process_signal(sandbox->init.pidfd, signal);
                if (!sandbox_has_pid_namespace(sandbox)) {
                        signal_others(sandbox, signal);
                }
                return r;
        case PHASE_ENDING:
                return all ? 0 : -ESRCH;
        case PHASE_EXITED:
        case _PHASE_MAX:
        default:
                return -ESRCH;
        }
}

static void send_failed(Sandbox *sandbox) {
        ControlMessage message = {
                .type = CONTROL_FAILED, .serial = sandbox->start_serial, .id = sandbox->id};

        message.numbers[FAILED_STEP] = sandbox->failure.step;
        message.numbers[FAILED_ERRNO] = (uint64_t) sandbox->failure.fault;
        message.numbers[FAILED_OP] = (uint64_t) sandbox->failure.op;
        (void) snprintf(message.strings[0], sizeof(message.strings[0]), "%s",
                        sandbox->failure.object);
        helper_send(sandbox->helper, &message);
}

void sandbox_send_exited(Sandbox *sandbox) {
        ControlMessage message = {.type = CONTROL_EXITED, .id = sandbox->id};

        message.numbers[EXITED_CODE] = (uint64_t) sandbox->exit_code;
        message.numbers[EXITED_STATUS] = (uint64_t) sandbox->exit_status;
        message.numbers[EXITED_OOM_KILLS] =
                oom_kills_at(&sandbox->oom, sandbox->oom_kills, sandbox->exited_usec);
        message.numbers[EXITED_USEC] = sandbox->exited_usec;
        message.numbers[EXITED_STEP] = sandbox->unrun.step;
        message.numbers[EXITED_ERRNO] = (uint64_t) sandbox->unrun.fault;
        message.numbers[EXITED_OP] = (uint64_t) sandbox->unrun.op;
        (void) snprintf(message.strings[0], sizeof(message.strings[0]), "%s",
                        sandbox->unrun.object);
        helper_send(sandbox->helper, &message);
}

unsigned sandbox_list(Sandbox *sandbox, uint32_t serial) {
        ControlMessage message = {.type = CONTROL_SANDBOX, .serial = serial, .id = sandbox->id};

        if (sandbox->quiet) {
                return 0;
        }
        message.numbers[SANDBOX_STATE] = sandbox->phase == PHASE_EXITED     ? SANDBOX_IS_EXITED
                                         : sandbox->executed                ? SANDBOX_IS_RUNNING
                                         : sandbox->phase == PHASE_BUILDING ? SANDBOX_IS_BUILDING
                                                                            : SANDBOX_IS_HELD;
        message.numbers[SANDBOX_PID] = (uint64_t) sandbox->init.pid;
        message.numbers[SANDBOX_MAIN_PID] = (uint64_t) sandbox->workload_pid;
        message.numbers[SANDBOX_RELAY_PID] = (uint64_t) sandbox->relay.pid;
        message.numbers[SANDBOX_UID_BASE] = sandbox->lease.base;
        message.numbers[SANDBOX_SPAWNED_USEC] = sandbox->spawned_usec;
        message.numbers[SANDBOX_FREEZER] = freezer_state(&sandbox->freezer);
        (void) snprintf(message.strings[0], sizeof(message.strings[0]), "%s", sandbox->name);
        if (sandbox->init.pidfd >= 0) {
                message.fds[message.n_fds++] = sandbox->init.pidfd;
                if (sandbox->executed && sandbox->workload >= 0) {
                        message.fds[message.n_fds++] = sandbox->workload;
                }
        }
        helper_send(sandbox->helper, &message);
        oom_watch_repeat(sandbox);
        if (sandbox->phase == PHASE_EXITED) {
                sandbox_send_exited(sandbox);
        }
        return 1;
}

static void read_unrun(Sandbox *sandbox, const Report *report) {
        if (!report_is_failure(report)) {
                return;
        }
        sandbox->unrun =
                (Failure){.step = (Step) report->step, .fault = report->fault, .op = report->op};
        memcpy(sandbox->unrun.object, report->object, sizeof(sandbox->unrun.object));
}

/* The two ways to know how it ended: init's word for the workload, else init's own end. */
static void read_exit(Sandbox *sandbox, int code, int status) {
        LaunchStatus said = {};
        ssize_t n = pread(sandbox->launch.status_fd, &said, sizeof(said), 0);

        sandbox->exited_usec = usec_now(CLOCK_MONOTONIC);
        sandbox->exit_code = code;
        sandbox->exit_status = status;
        if (n == (ssize_t) sizeof(said) && said.done == 1 && said.code >= CLD_EXITED &&
            said.code <= CLD_DUMPED && said.status >= 0 && said.status <= 255) {
                sandbox->exit_code = said.code;
                sandbox->exit_status = said.status;
                sandbox->oom_kills = said.oom_kills;
                read_unrun(sandbox, &said.failure);
        }
}

static void read_oom_kills(Sandbox *sandbox) {
        uint32_t kills;

        if (sandbox->memory_events >= 0 &&
            cgroup_read_oom_kills(sandbox->memory_events, &kills) == 0) {
                sandbox->oom_kills = MAX(sandbox->oom_kills, kills);
        }
}

static void init_ended(Sandbox *sandbox, int code, int status) {
        /* What it said last explains its end. Whoever still holds the other end has nothing to add.
         */
        sandbox_read_reports(sandbox, /* all= */ true);
        read_exit(sandbox, code, status);
        read_oom_kills(sandbox); /* while the keeper is there */
        if (!sandbox->executed) {
                sandbox_fail(sandbox, sandbox->built ? STEP_SCOPE : STEP_SPAWN, ECHILD, -1,
                             "the sandbox's first process ended before the program ran");
        }
        sandbox_end(sandbox);
}

static void relay_ended(Sandbox *sandbox) {
        if (sandbox->phase >= PHASE_ENDING) {
                return;
        }
        log_warning("%s: its relay ended, so the sandbox is ended too: its ports would be dead",
                    sandbox->name);
        if (sandbox->executed) {
                sandbox_end(sandbox);
        } else {
                sandbox_fail(sandbox, STEP_RELAY, EPIPE, -1, "the relay ended");
        }
}

bool sandbox_reap(Sandbox *sandbox, pid_t pid) {
        Process *process = pid == sandbox->builder.pid  ? &sandbox->builder
                           : pid == sandbox->init.pid   ? &sandbox->init
                           : pid == sandbox->relay.pid  ? &sandbox->relay
                           : pid == sandbox->keeper.pid ? &sandbox->keeper
                                                        : NULL;
        int code = CLD_KILLED, status = SIGKILL;

        if (!process) {
                return sessions_reap(sandbox, pid);
        }
        if (process_reap(process->pidfd, &code, &status) == 0) {
                return true; /* not dead: nothing to do, and it is ours */
        }
        child_close(process);
        if (process == &sandbox->builder && sandbox->phase >= PHASE_ENDING) {
                /* It may have made init just before it was killed. */
                sandbox_read_reports(sandbox, /* all= */ false);
        } else if (process == &sandbox->init) {
                init_ended(sandbox, code, status);
        } else if (process == &sandbox->relay) {
                relay_ended(sandbox);
        } else if (process == &sandbox->keeper && sandbox->phase < PHASE_ENDING) {
                log_warning("%s: its keeper ended before it", sandbox->name);
        }
        return true;
}

static void on_retry(void *userdata, uint32_t events) {
        Sandbox *sandbox = userdata;

        /* Having woken the loop is all: sandbox_settle() follows every event. */
        sandbox->retry = watch_free(sandbox->retry);
}

/* Who joined its user namespace uses the same ids. */
static void release_range(Sandbox *sandbox) {
        for (const Sandbox *other = sandbox->helper->sandboxes; other; other = other->next) {
                if (other != sandbox && other->lease.lock >= 0 &&
                    other->lease.base == sandbox->lease.base) {
                        sandbox->lease.lock = fd_close(sandbox->lease.lock);
                        return;
                }
        }
        id_lease_release(sandbox->helper->ids, &sandbox->lease);
}

/* True once nothing of it is left on the host. */
static bool clean_up(Sandbox *sandbox) {
        const unsigned tries_max = 1000;
        const usec_t pause_usec = 5 * USEC_PER_MSEC;
        int r;

        read_oom_kills(sandbox);
        sandbox->memory_events = fd_close(sandbox->memory_events);
        sandbox->console = console_free(sandbox->console);
        oom_watch_done(&sandbox->oom);
        sandbox->output = output_free(sandbox->output);
        r = cgroup_set_remove(&sandbox->helper->cgroups, &sandbox->cgroups);
        if (r == -EBUSY) {
                /* Whoever came in since sandbox_end(); most often nobody, so it is not looked
                 * first. */
                cgroup_set_kill(&sandbox->cgroups);
                r = cgroup_set_remove(&sandbox->helper->cgroups, &sandbox->cgroups);
        }
        if (r == -EBUSY && ++sandbox->n_retries < tries_max &&
            watch_new_timer(sandbox->helper->loop, pause_usec, on_retry, sandbox,
                            &sandbox->retry) == 0) {
                return false;
        }
        if (r < 0) {
                log_warning_fault(r, "%s: failed to remove its cgroup %s: %m", sandbox->name,
                                  sandbox->cgroups.name);
        }
        release_range(sandbox);
        return true;
}

/* The record of a start that failed while no sbxd was there to hear it: as systemd would show it.
 */
static void exit_from_failure(Sandbox *sandbox) {
        sandbox->exit_code = CLD_EXITED;
        sandbox->exit_status = step_table[sandbox->failure.step].exit_status;
        sandbox->exited_usec = usec_now(CLOCK_MONOTONIC);
}

static bool say_failed(Sandbox *sandbox) {
        log_info("%s: start failed at step %s: %s%s%s", sandbox->name,
                 step_name(sandbox->failure.step), strerror(sandbox->failure.fault),
                 sandbox->failure.object[0] ? ": " : "", sandbox->failure.object);
        if (sandbox->quiet) {
                return true;
        }
        if (!sandbox->helper->connection) {
                exit_from_failure(sandbox);
                return false;
        }
        send_failed(sandbox);
        return true;
}

bool sandbox_settle(Sandbox *sandbox) {
        sessions_settle(sandbox);
        if (sandbox->phase == PHASE_EXITED) {
                return sandbox->forgotten;
        }
        if (sandbox->phase != PHASE_ENDING || sandbox->retry || child_is_alive(&sandbox->builder) ||
            child_is_alive(&sandbox->init) || child_is_alive(&sandbox->relay) ||
            child_is_alive(&sandbox->keeper) || sandbox->sessions) {
                return false;
        }
        if (!clean_up(sandbox)) {
                return false;
        }
        sandbox->phase = PHASE_EXITED;
        sandbox->reports = watch_free(sandbox->reports);
        launch_done(&sandbox->launch);
        sandbox->workload = fd_close(sandbox->workload);
        sandbox->attach = fd_close(sandbox->attach);
        sandbox->devpts = fd_close(sandbox->devpts);
        freezer_done(&sandbox->freezer);
        sandbox->cgroup = fd_close(sandbox->cgroup);
        sandbox->workload_pid = 0;
        launch_remove_paths(sandbox->plan);
        sandbox->plan = plan_free(sandbox->plan);
        if (!sandbox->executed) {
                return say_failed(sandbox);
        }
        log_debug("%s: exited, code %d, status %d", sandbox->name, sandbox->exit_code,
                  sandbox->exit_status);
        sandbox_send_exited(sandbox);
        return false;
}
