/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From START to GO: what a plan needs on the host's side, the launch, and what it reports. */

#include "base/fd.h"
#include "base/log.h"
#include "helper/delegate.h"
#include "helper/exec.h"
#include "helper/filters.h"
#include "helper/helper.h"
#include "helper/keeper.h"
#include "kern/process.h"
#include "wire/plan.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#define NAME_LENGTH_MAX 250
/* Reports taken in one turn of the loop, so that one sandbox does not hold up the others. */
#define REPORTS_MAX 8
#define REPORT_FDS_MAX 4

static void on_reports(void *userdata, uint32_t events) {
        sandbox_read_reports(userdata, /* all= */ false);
}

/* A unit's name, and safe as part of a file's: it names the log. */
static bool name_is_valid(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > NAME_LENGTH_MAX || name[0] == '.') {
                return false;
        }
        return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                            ":-_.\\@") == n;
}

static bool id_is_null(const SandboxId *id) {
        static const SandboxId null;

        return memcmp(id, &null, sizeof(null)) == 0;
}

static int sandbox_new(Helper *helper, const ControlMessage *message, Sandbox **ret) {
        _cleanup_(sandbox_freep) Sandbox *sandbox = calloc(1, sizeof(*sandbox));

        if (!sandbox) {
                return -ENOMEM;
        }
        sandbox->helper = helper;
        sandbox->id = message->id;
        sandbox->start_serial = message->serial;
        sandbox->failure.op = -1;
        sandbox->builder = sandbox->init = sandbox->relay = sandbox->keeper = PROCESS_NONE;
        sandbox->launch = (Launch){.report_fd = -EBADF, .status_fd = -EBADF};
        sandbox->workload = sandbox->attach = sandbox->devpts = -EBADF;
        sandbox->cgroup = sandbox->payload = sandbox->memory_events = -EBADF;
        sandbox->lease = ID_LEASE_NONE;
        sandbox->freezer = FREEZER_NONE;
        sandbox->oom = OOM_WATCH_NONE;
        cgroup_set_init(&sandbox->cgroups);
        sandbox->name = strdup(message->strings[0]);
        if (!sandbox->name) {
                return -ENOMEM;
        }
        *ret = TAKE(sandbox);
        return 0;
}

/* 1 where the plan wants a range of the helper's, 0 where not, -EINVAL: more than a range holds. */
static int plan_wants_range(const Plan *plan, size_t *ret_op) {
        int wants = 0;

        for (size_t i = 0; i < plan->n_ops; i++) {
                const Op *op = &plan->ops[i];

                if (op->kind != OP_ID_MAP || op->args[2].u64 != OP_ID_PICK) {
                        continue;
                }
                *ret_op = i;
                if (op->args[3].u64 > ID_RANGE_SIZE) {
                        return -EINVAL;
                }
                wants = 1;
        }
        return wants;
}

/* What the plan names itself of the ids that ranges are handed out of. Ids that are the same inside
 * and outside are the host's, and meant to be. */
static size_t plan_names_ids(const Plan *plan, IdSpan *ret_spans, size_t *ret_op) {
        const uint64_t end = (uint64_t) ID_RANGE_LAST + ID_RANGE_SIZE;
        size_t n = 0, index = 0;

        for (const Op *op; (op = plan_next(plan, OP_ID_MAP, &index));) {
                uint64_t first = MAX(op->args[2].u64, (uint64_t) ID_RANGE_FIRST);
                uint64_t last = MIN(op->args[2].u64 + op->args[3].u64, end);

                if (op->args[2].u64 == OP_ID_PICK || op->args[1].u64 == op->args[2].u64 ||
                    first >= last) {
                        continue;
                }
                *ret_op = index - 1;
                ret_spans[n++] =
                        (IdSpan){.first = (uint32_t) first, .count = (uint32_t) (last - first)};
        }
        return n;
}

static int hold_ids(Sandbox *sandbox, size_t *ret_op) {
        _cleanup_free_ IdSpan *spans = calloc(sandbox->plan->n_ops, sizeof(*spans));
        size_t n;

        if (!spans) {
                return -ENOMEM;
        }
        n = plan_names_ids(sandbox->plan, spans, ret_op);
        return n == 0 ? 0 : id_lease_hold(sandbox->helper->ids, spans, n, &sandbox->lease);
}

static int hand_ids(Sandbox *sandbox) {
        _cleanup_(id_spans_done) IdSpans users = {};
        int r = id_spans_read(&users);

        return r < 0 ? r : id_lease_take(sandbox->helper->ids, &users, &sandbox->lease);
}

static bool plan_wants_log(const Plan *plan) {
        size_t i = 0;

        for (const Op *op; (op = plan_next(plan, OP_STDIO, &i));) {
                if (op->args[1].u64 == OP_STDIO_INHERIT && streq(op->args[2].string, "log")) {
                        return true;
                }
        }
        return false;
}

/* Each gives 0, or the failure is recorded and it gives -errno. */
static int prepare_range(Sandbox *sandbox) {
        size_t op = 0;
        int r;

        r = plan_wants_range(sandbox->plan, &op);
        if (r >= 0) {
                r = r > 0 ? hand_ids(sandbox) : hold_ids(sandbox, &op);
        }
        if (r < 0) {
                sandbox_fail(sandbox, STEP_RANGE, r, (int64_t) op, NULL);
        }
        return r;
}

static int prepare_cgroups(Sandbox *sandbox) {
        CgroupFault fault;
        int r;

        r = cgroup_set_make(&sandbox->helper->cgroups, sandbox->plan, &sandbox->cgroups, &fault);
        if (r < 0) {
                sandbox_fail(sandbox, STEP_CGROUP, r, (int64_t) fault.op, fault.object);
        }
        return r;
}

static int prepare_output(Sandbox *sandbox, int *ret_log) {
        int r;

        if (!plan_wants_log(sandbox->plan)) {
                return 0;
        }
        r = output_new(sandbox->helper->loop, &sandbox->helper->logs, sandbox->name, ret_log,
                       &sandbox->output);
        if (r < 0) {
                sandbox_fail(sandbox, STEP_STDIO, r, -1, "log");
        }
        return r;
}

static void put_number(uint8_t *bytes, uint64_t number) {
        for (int i = 7; i >= 0; i--) {
                bytes[i] = (uint8_t) number;
                number >>= 8;
        }
}

/* Its ids are in use for as long as one of the two lives. */
static int share_range(Sandbox *sandbox, const Sandbox *joined) {
        int lock;

        if (joined->lease.lock < 0) {
                return 0; /* none of ours */
        }
        lock = fd_dup(joined->lease.lock);
        if (lock < 0) {
                return lock;
        }
        sandbox->lease = (IdLease){.base = joined->lease.base, .lock = lock};
        return 0;
}

/* The sandbox whose namespaces are to be joined: it must be running. *ret: borrowed. */
static int prepare_joined(Sandbox *sandbox, int *ret) {
        const Op *op = plan_find(sandbox->plan, OP_JOIN_SANDBOX);
        const Sandbox *joined;
        SandboxId id;
        int r = 0;

        if (!op) {
                return 0;
        }
        put_number(id.bytes, op->args[1].u64);
        put_number(id.bytes + 8, op->args[2].u64);
        joined = helper_find(sandbox->helper, &id);
        if (!joined || joined->phase != PHASE_RUNNING || !child_is_alive(&joined->init)) {
                r = -ESRCH;
        } else if ((op->args[0].u64 & CLONE_NEWUSER) != 0) {
                r = share_range(sandbox, joined);
        }
        if (r < 0) {
                sandbox_fail(sandbox, STEP_JOIN, r, op - sandbox->plan->ops, op->args[3].string);
                return r;
        }
        *ret = joined->init.pidfd;
        return 0;
}

static int launch(Sandbox *sandbox, const ControlMessage *message, int log, int joined) {
        int cgroups[_CGROUP_HIERARCHY_MAX];
        LaunchInput input = {
                .plan = sandbox->plan,
                .name = sandbox->name,
                .ground = &sandbox->helper->ground,
                .images = &sandbox->helper->images,
                .id_base = sandbox->lease.base,
                .id_lock = sandbox->lease.lock,
                .streams = message->fds + 1,
                .n_streams = message->n_fds - 1,
                .log = log,
                .target = joined,
                .cgroups = cgroups,
                .n_cgroups = cgroup_set_list(&sandbox->cgroups, cgroups),
        };
        int r;

        r = launch_start(&input, &sandbox->launch);
        if (r < 0) {
                sandbox->launch = (Launch){.report_fd = -EBADF, .status_fd = -EBADF};
                sandbox_fail(sandbox, STEP_SPAWN, r, -1, NULL);
                return r;
        }
        sandbox->builder.pid = sandbox->launch.builder;
        /* Unreaped, so the number is still its own. */
        sandbox->builder.pidfd = process_open(sandbox->builder.pid);
        r = sandbox->builder.pidfd < 0 ? sandbox->builder.pidfd
                                       : fd_set_nonblock(sandbox->launch.report_fd, true);
        if (r == 0) {
                r = watch_new(sandbox->helper->loop, sandbox->launch.report_fd, EPOLLIN, on_reports,
                              sandbox, &sandbox->reports);
        }
        if (r < 0) {
                sandbox_fail(sandbox, STEP_SPAWN, r, -1, NULL);
        }
        return r;
}

static void build(Sandbox *sandbox, ControlMessage *message) {
        _cleanup_fd_ int log = -EBADF;
        int joined = -EBADF, r;

        r = wire_plan_open(message->fds[0], &sandbox->plan);
        if (r == 0 && plan_use(sandbox->plan) != PLAN_USE_START) {
                r = -EINVAL; /* it would run without namespaces and root of its own */
        }
        if (r < 0) {
                sandbox_fail(sandbox, STEP_RECEIVE, r, -1, NULL);
                return;
        }
        if (plan_find(sandbox->plan, OP_TERMINAL) && message->n_fds > 1) {
                sandbox->attach = fd_take(&message->fds[1]);
                message->n_fds = 1;
        }
        if (prepare_range(sandbox) >= 0 && prepare_joined(sandbox, &joined) >= 0 &&
            prepare_cgroups(sandbox) >= 0 && prepare_output(sandbox, &log) >= 0) {
                (void) launch(sandbox, message, log, joined);
        }
}

int sandbox_start(Helper *helper, ControlMessage *message, const char **ret_why) {
        Sandbox *sandbox = NULL;
        int r;

        *ret_why = "";
        if (id_is_null(&message->id) || !name_is_valid(message->strings[0])) {
                *ret_why = "START needs an id and the name of a unit";
                return -EINVAL;
        }
        if (helper_find(helper, &message->id)) {
                *ret_why = "there is a sandbox with this id";
                return -EEXIST;
        }
        if (helper_find_alive(helper, message->strings[0])) {
                *ret_why = "there is a living sandbox of this name";
                return -EEXIST;
        }
        if (helper->n_sandboxes >= SANDBOXES_MAX) {
                *ret_why = "too many sandboxes";
                return -ENOSPC;
        }
        r = sandbox_new(helper, message, &sandbox);
        if (r < 0) {
                return r;
        }
        helper_register(helper, sandbox);
        build(sandbox, message);
        return 0;
}

static bool plan_has_relay(const Sandbox *sandbox) {
        return plan_find(sandbox->plan, OP_LISTEN) != NULL;
}

static void send_degraded(const Sandbox *sandbox) {
        for (size_t i = 0; i < sandbox->cgroups.n_degraded; i++) {
                const CgroupDegraded *degraded = &sandbox->cgroups.degraded[i];
                ControlMessage message = {
                        .type = CONTROL_DEGRADED,
                        .serial = sandbox->start_serial,
                        .id = sandbox->id,
                        .numbers = {[DEGRADED_ORIGIN] = degraded->origin,
                                    [DEGRADED_ERRNO] = (uint64_t) -degraded->fault},
                };

                (void) snprintf(message.strings[0], sizeof(message.strings[0]), "%s",
                                degraded->file);
                helper_send(sandbox->helper, &message);
        }
}

static void send_ready(const Sandbox *sandbox) {
        ControlMessage message = {
                .type = CONTROL_READY, .serial = sandbox->start_serial, .id = sandbox->id};

        message.numbers[READY_BUILT_USEC] = sandbox->built_usec;
        (void) snprintf(message.strings[0], sizeof(message.strings[0]), "%s", sandbox->degraded);
        send_degraded(sandbox);
        helper_send(sandbox->helper, &message);
}

/* Limits must be in force before anything of the sandbox can use what they limit. */
static void hold(Sandbox *sandbox) {
        ControlMessage message = {
                .type = CONTROL_HELD, .serial = sandbox->start_serial, .id = sandbox->id};
        int r = 0;

        if (!cgroup_set_is_empty(&sandbox->cgroups)) {
                r = cgroup_set_attach(&sandbox->helper->cgroups, &sandbox->cgroups,
                                      sandbox->init.pid);
                if (r == 0 && child_is_alive(&sandbox->relay)) {
                        r = cgroup_set_attach(&sandbox->helper->cgroups, &sandbox->cgroups,
                                              sandbox->relay.pid);
                }
        }
        if (r < 0) {
                sandbox_fail(sandbox, STEP_CGROUP, r, -1, "cgroup.procs");
                return;
        }
        sandbox->phase = PHASE_HELD;
        message.numbers[HELD_PID] = (uint64_t) sandbox->init.pid;
        message.numbers[HELD_RELAY_PID] = (uint64_t) sandbox->relay.pid;
        message.numbers[HELD_UID_BASE] = sandbox->lease.base;
        message.numbers[HELD_SPAWNED_USEC] = sandbox->spawned_usec;
        message.fds[message.n_fds++] = sandbox->init.pidfd;
        helper_send(sandbox->helper, &message);
        if (sandbox->built) {
                send_ready(sandbox);
        }
}

/* OOMPolicy= on memory.oom.group where the plan has it; and for all of its values sbxd is to be
 * told of kills. Without a memory cgroup of its own nothing kills in the sandbox alone. */
static int prepare_oom(Sandbox *sandbox, int memory_fd, CgroupMode mode) {
        const Op *op = plan_find(sandbox->plan, OP_OOM_GROUP);
        int r = 0;

        if (op) {
                r = memory_fd < 0 ? memory_fd : cgroup_group_oom(memory_fd);
        }
        if (r < 0) {
                sandbox_fail(sandbox, STEP_CGROUP, r, op - sandbox->plan->ops, "memory.oom.group");
                return r;
        }
        r = memory_fd < 0 ? 0 : oom_watch_start(sandbox, memory_fd, mode);
        if (r < 0) {
                sandbox_fail(sandbox, STEP_CGROUP, r, -1, "the count of kills for want of memory");
        }
        return r;
}

static void let_go(Sandbox *sandbox, CgroupMode mode) {
        LaunchGo go = LAUNCH_GO_NONE;
        const char *object = NULL;
        int64_t op = -1;
        int r;

        go.events = sandbox->memory_events;
        r = keeper_start(sandbox, mode);
        r = r < 0 ? r : delegate_make(sandbox, &go, &op, &object);
        if (r < 0) {
                sandbox_fail(sandbox, STEP_CGROUP, r, op, object);
        } else {
                r = launch_go(&sandbox->launch, &go);
                if (r < 0) {
                        sandbox_fail(sandbox, STEP_SCOPE, r, -1, NULL);
                }
        }
        (void) fd_close(go.enter);
        (void) fd_close(go.leave);
}

static void release(Sandbox *sandbox) {
        CgroupMode mode = cgroup_mode_detect();
        _cleanup_fd_ int memory = -EBADF;
        int64_t op = -1;
        int r;

        memory = sandbox_open_cgroup(sandbox, mode, CGROUP_HIERARCHY_MEMORY);
        sandbox->memory_events = memory < 0 ? -EBADF : cgroup_open_memory_events(memory, mode);
        sandbox->cgroup = sandbox_open_cgroup(sandbox, mode,
                                              mode == CGROUP_V1 ? CGROUP_HIERARCHY_PIDS
                                                                : CGROUP_HIERARCHY_UNIFIED);
        sandbox->released = true;
        if (prepare_oom(sandbox, memory, mode) < 0) {
                return;
        }
        r = filters_check(sandbox, mode, sandbox->plan, &op);
        if (r < 0) {
                sandbox_fail(sandbox, STEP_SCOPE, r, op, NULL);
        } else {
                let_go(sandbox, mode);
        }
}

/* With a scope to come, as soon as there is somebody to put into it: that takes longer than
 * building. Into direct cgroups init goes by itself, first of all it does: written from here as
 * well, the kernel would wait for one more grace period, and the loop with it. Once it has built,
 * it stands there. */
static bool may_be_held(const Sandbox *sandbox) {
        if (!child_is_alive(&sandbox->init) ||
            (plan_has_relay(sandbox) && !child_is_alive(&sandbox->relay))) {
                return false;
        }
        return cgroup_set_is_empty(&sandbox->cgroups) || sandbox->built;
}

void sandbox_advance(Sandbox *sandbox) {
        if (sandbox->phase == PHASE_BUILDING && may_be_held(sandbox)) {
                hold(sandbox);
        }
        if (sandbox->phase == PHASE_HELD && sandbox->built && sandbox->go && !sandbox->released) {
                release(sandbox);
        }
}

void sandbox_go(Sandbox *sandbox, uint32_t serial) {
        sandbox->go = true;
        sandbox->go_serial = serial;
        sandbox_advance(sandbox);
}

static int take_child(const Sandbox *sandbox, Process *process, int *fd) {
        int r;

        if (process->pidfd >= 0 || *fd < 0) {
                return -EPROTO;
        }
        r = child_open(*fd, process);
        if (r < 0) {
                return r;
        }
        (void) fd_take(fd);
        if (sandbox->phase >= PHASE_ENDING) {
                /* The end came before it was known: it was not among those that were killed. */
                child_kill(process);
        }
        return 0;
}

static void on_built(Sandbox *sandbox, const Report *report, int *fds) {
        if (sandbox->built) {
                return;
        }
        sandbox->built = true;
        sandbox->devpts = fd_take(&fds[0]);
        memcpy(sandbox->degraded, report->object, sizeof(sandbox->degraded));
        sandbox->built_usec = usec_now(CLOCK_MONOTONIC);
        if (sandbox->phase == PHASE_HELD) {
                send_ready(sandbox);
        }
}

/* A log that cannot be had is no reason to be without a terminal: journald may restart just now. */
static int open_log(Sandbox *sandbox, Output **ret) {
        const Op *op = plan_find(sandbox->plan, OP_TERMINAL);
        int r = 0;

        if (!op) {
                return -EPROTO;
        }
        if (op->args[2].u64 == OP_TERMINAL_LOG_FILE) {
                r = output_new_fed(&sandbox->helper->logs, sandbox->name, ret);
        } else if (op->args[2].u64 == OP_TERMINAL_LOG_JOURNAL) {
                r = output_new_journal(sandbox->name, ret);
        }
        if (r < 0) {
                log_warning_fault(r, "%s: what its terminal shows cannot be logged: %m",
                                  sandbox->name);
        }
        return 0;
}

static int take_terminal(Sandbox *sandbox, int *master) {
        Output *log = NULL;
        int r;

        r = open_log(sandbox, &log);
        if (r == 0) {
                r = console_new(sandbox->helper->loop, master, &log, &sandbox->console);
        }
        if (r == 0 && sandbox->attach >= 0) {
                r = console_attach(sandbox->console, &sandbox->attach);
        }
        return r;
}

int sandbox_attach(Sandbox *sandbox, int *socket) {
        if (!sandbox->console) {
                *socket = fd_close(*socket);
                return -ENOTTY;
        }
        return console_attach(sandbox->console, socket);
}

static void handle_report(Sandbox *sandbox, const Report *report, int *fds) {
        int r = 0;

        switch (report->type) {
        case REPORT_SPAWNED:
                sandbox->spawned_usec = usec_now(CLOCK_MONOTONIC);
                r = take_child(sandbox, &sandbox->init, &fds[0]);
                break;
        case REPORT_RELAY:
                r = take_child(sandbox, &sandbox->relay, &fds[0]);
                break;
        case REPORT_BUILT:
                on_built(sandbox, report, fds);
                break;
        case REPORT_WORKLOAD:
                if (sandbox->workload < 0 && fds[0] >= 0) {
                        sandbox->workload = fd_take(&fds[0]);
                        r = fds[1] < 0 ? 0 : take_terminal(sandbox, &fds[1]);
                }
                break;
        case REPORT_IMAGE:
                r = fds[0] < 0 ? -EPROTO
                               : images_keep(&sandbox->helper->images, report->object,
                                             &report->image, &fds[0]);
                break;
        case REPORT_FAILED:
                sandbox_fail(sandbox, report->step < _STEP_MAX ? (Step) report->step : STEP_SPAWN,
                             report->fault != 0 ? report->fault : EIO, report->op, report->object);
                break;
        default:
                r = -EPROTO;
                break;
        }
        if (r < 0) {
                sandbox_fail(sandbox, STEP_SPAWN, r, -1, NULL);
        }
}

/* Every writer closed its end: the program runs, or nobody is left to say anything. */
static void reports_ended(Sandbox *sandbox) {
        ControlMessage message = {
                .type = CONTROL_RUNNING, .serial = sandbox->go_serial, .id = sandbox->id};

        sandbox->reports = watch_free(sandbox->reports);
        if (sandbox->failure.fault != 0 || sandbox->executed) {
                return;
        }
        if (sandbox->workload < 0) {
                sandbox_fail(sandbox, sandbox->built ? STEP_SCOPE : STEP_SPAWN, ECHILD, -1,
                             "the start ended without a word");
                return;
        }
        sandbox->executed = true;
        if (sandbox->phase < PHASE_RUNNING) {
                sandbox->phase = PHASE_RUNNING;
        }
        /* Already gone: 0. */
        (void) process_pid(sandbox->workload, &sandbox->workload_pid);
        message.numbers[RUNNING_MAIN_PID] = (uint64_t) sandbox->workload_pid;
        message.numbers[RUNNING_EXEC_USEC] = usec_now(CLOCK_MONOTONIC);
        message.fds[message.n_fds++] = sandbox->workload;
        helper_send(sandbox->helper, &message);
        oom_watch_look(sandbox);
}

void sandbox_read_reports(Sandbox *sandbox, bool all) {
        for (unsigned i = 0; sandbox->reports && (all || i < REPORTS_MAX); i++) {
                int fds[REPORT_FDS_MAX] = {-EBADF, -EBADF, -EBADF, -EBADF}, r;
                size_t n_fds = ELEMENTS(fds);
                Report report = {};

                r = launch_read_report(sandbox->launch.report_fd, &report, fds, &n_fds);
                if (r == -EAGAIN && !all) {
                        break;
                }
                if (r == 0 || r == -EAGAIN) {
                        reports_ended(sandbox);
                        break;
                }
                if (r < 0) {
                        sandbox_fail(sandbox, STEP_SPAWN, r, -1, NULL);
                        sandbox->reports = watch_free(sandbox->reports);
                        break;
                }
                report.object[sizeof(report.object) - 1] = '\0';
                handle_report(sandbox, &report, fds);
                for (size_t k = 0; k < ELEMENTS(fds); k++) {
                        fds[k] = fd_close(fds[k]);
                }
        }
        sandbox_advance(sandbox);
}
