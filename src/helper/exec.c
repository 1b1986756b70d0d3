/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/exec.h"

#include "base/fd.h"
#include "base/log.h"
#include "helper/helper.h"
#include "helper/oom.h"
#include "kern/process.h"
#include "wire/plan.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPORT_FDS_MAX 4

struct Session {
        Session *next;
        Sandbox *sandbox;
        uint64_t id;
        uint32_t serial;
        bool abandoned;
        bool executed;
        Launch launch;
        Watch *reports;
        Process joiner, program;
        int terminal;
        Failure failure;
        int code, status;
};

static Session *session_free(Session *session) {
        if (session) {
                session->reports = watch_free(session->reports);
                launch_done(&session->launch);
                child_close(&session->joiner);
                child_close(&session->program);
                (void) fd_close(session->terminal);
                free(session);
        }
        return NULL;
}

static void session_kill_all(Session *session) {
        child_kill(&session->joiner);
        child_kill(&session->program);
}

static void session_fail(Session *session, Step step, int fault, int64_t op, const char *object) {
        if (session->failure.fault == 0) {
                session->failure = (Failure){.step = step, .fault = abs(fault), .op = op};
                (void) snprintf(session->failure.object, sizeof(session->failure.object), "%s",
                                object ? object : "");
        }
        session_kill_all(session);
}

static void send_running(Session *session) {
        ControlMessage message = {.type = CONTROL_EXEC_RUNNING,
                                  .serial = session->serial,
                                  .id = session->sandbox->id};

        message.numbers[EXEC_RUNNING_ID] = session->id;
        message.numbers[EXEC_RUNNING_PID] = (uint64_t) session->program.pid;
        if (session->terminal >= 0) {
                message.fds[message.n_fds++] = session->terminal;
        }
        if (!session->abandoned) {
                helper_send(session->sandbox->helper, &message);
        }
        session->terminal = fd_close(session->terminal);
}

static void send_end(const Session *session) {
        ControlMessage message = {.serial = session->serial, .id = session->sandbox->id};

        if (session->abandoned) {
                return;
        }
        if (session->executed) {
                /* what was killed for want of memory is to be known before its end is */
                oom_watch_look(session->sandbox);
                message.type = CONTROL_EXEC_EXITED;
                message.numbers[EXEC_EXITED_ID] = session->id;
                message.numbers[EXEC_EXITED_CODE] = (uint64_t) session->code;
                message.numbers[EXEC_EXITED_STATUS] = (uint64_t) session->status;
        } else {
                message.type = CONTROL_EXEC_FAILED;
                message.numbers[EXEC_FAILED_ID] = session->id;
                message.numbers[EXEC_FAILED_STEP] = session->failure.step;
                message.numbers[EXEC_FAILED_ERRNO] = (uint64_t) session->failure.fault;
                message.numbers[EXEC_FAILED_OP] = (uint64_t) session->failure.op;
                (void) snprintf(message.strings[0], sizeof(message.strings[0]), "%s",
                                session->failure.object);
        }
        helper_send(session->sandbox->helper, &message);
}

static void reports_ended(Session *session) {
        session->reports = watch_free(session->reports);
        if (session->failure.fault != 0) {
                return;
        }
        if (session->program.pidfd < 0) {
                session_fail(session, STEP_SPAWN, ECHILD, -1, "the start ended without a word");
                return;
        }
        session->executed = true;
        send_running(session);
}

static void handle_report(Session *session, const Report *report, int *fds) {
        int r;

        switch (report->type) {
        case REPORT_WORKLOAD:
                if (session->program.pidfd >= 0 || fds[0] < 0) {
                        return;
                }
                r = child_open(fds[0], &session->program);
                if (r < 0) {
                        session_fail(session, STEP_SPAWN, r, -1, NULL);
                        return;
                }
                (void) fd_take(&fds[0]);
                session->terminal = fd_take(&fds[1]);
                if (session->sandbox->phase >= PHASE_ENDING || session->failure.fault != 0) {
                        session_kill_all(session);
                }
                break;
        case REPORT_FAILED:
                session_fail(session, report->step < _STEP_MAX ? (Step) report->step : STEP_SPAWN,
                             report->fault != 0 ? report->fault : EIO, report->op, report->object);
                break;
        default:
                break;
        }
}

static void read_reports(Session *session, bool all) {
        while (session->reports) {
                int fds[REPORT_FDS_MAX] = {-EBADF, -EBADF, -EBADF, -EBADF}, r;
                size_t n_fds = ELEMENTS(fds);
                Report report = {};

                r = launch_read_report(session->launch.report_fd, &report, fds, &n_fds);
                if (r == -EAGAIN && !all) {
                        return;
                }
                if (r <= 0) {
                        reports_ended(session);
                        return;
                }
                report.object[sizeof(report.object) - 1] = '\0';
                handle_report(session, &report, fds);
                for (size_t k = 0; k < ELEMENTS(fds); k++) {
                        fds[k] = fd_close(fds[k]);
                }
        }
}

static void on_reports(void *userdata, uint32_t events) {
        read_reports(userdata, /* all= */ false);
}

/* The directories of the workload's cgroups, but for those that are the helper's own: where it
 * stands as we do there is nothing to join. */
static size_t open_cgroups(const Sandbox *sandbox, int *fds) {
        CgroupMode mode = cgroup_mode_detect();
        size_t n = 0;

        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                _cleanup_free_ char *own = NULL, *path = NULL;
                int fd;

                if (mode == CGROUP_UNIFIED && i != CGROUP_HIERARCHY_UNIFIED) {
                        break;
                }
                if (cgroup_of_pid(mode, 0, (CgroupHierarchy) i, &own) < 0 ||
                    cgroup_of_pid(mode, sandbox->workload_pid, (CgroupHierarchy) i, &path) < 0 ||
                    streq(own, path)) {
                        continue;
                }
                fd = cgroup_open(mode, (CgroupHierarchy) i, path);
                if (fd >= 0) {
                        fds[n++] = fd;
                }
        }
        return n;
}

/* A workload that manages its cgroup may have made an inner one of it, which holds no processes:
 * then there is a place where its own first one stands. */
static int join_launch(const Sandbox *sandbox, JoinInput *input, Launch *ret) {
        int cgroups[_CGROUP_HIERARCHY_MAX], r = -EBUSY;

        if (sandbox->payload >= 0) {
                input->cgroups = &sandbox->payload;
                input->n_cgroups = 1;
                r = launch_join(input, ret);
        }
        if (r == -EBUSY || r == -EOPNOTSUPP) {
                input->cgroups = cgroups;
                input->n_cgroups = open_cgroups(sandbox, cgroups);
                r = launch_join(input, ret);
                for (size_t i = 0; i < input->n_cgroups; i++) {
                        (void) fd_close(cgroups[i]);
                }
        }
        return r;
}

static int join(Session *session, const Plan *plan, const ControlMessage *message) {
        Sandbox *sandbox = session->sandbox;
        JoinInput input = {
                .plan = plan,
                .name = sandbox->name,
                .ground = &sandbox->helper->ground,
                .target = sandbox->workload,
                .devpts_fd = sandbox->devpts,
                .streams = message->fds + 1,
                .n_streams = message->n_fds - 1,
                .log = -EBADF,
        };
        int r;

        r = join_launch(sandbox, &input, &session->launch);
        if (r < 0) {
                session->launch = (Launch){.report_fd = -EBADF, .status_fd = -EBADF};
                return r;
        }
        session->joiner.pid = session->launch.builder;
        session->joiner.pidfd = process_open(session->joiner.pid);
        if (session->joiner.pidfd < 0) {
                return session->joiner.pidfd;
        }
        r = fd_set_nonblock(session->launch.report_fd, true);
        return r < 0 ? r
                     : watch_new(sandbox->helper->loop, session->launch.report_fd, EPOLLIN,
                                 on_reports, session, &session->reports);
}

static Session *session_find(const Sandbox *sandbox, uint64_t id) {
        for (Session *session = sandbox->sessions; session; session = session->next) {
                if (session->id == id && !session->abandoned) {
                        return session;
                }
        }
        return NULL;
}

int session_start(Sandbox *sandbox, ControlMessage *message, const char **ret_why) {
        _cleanup_(plan_freep) Plan *plan = NULL;
        Session *session;
        size_t n = 0;
        int r;

        *ret_why = "";
        for (Session *other = sandbox->sessions; other; other = other->next) {
                n++;
        }
        if (n >= SESSIONS_MAX) {
                *ret_why = "too many programs in this sandbox";
                return -ENOSPC;
        }
        if (session_find(sandbox, message->numbers[EXEC_ID])) {
                *ret_why = "there is a program of this number";
                return -EEXIST;
        }
        if (sandbox->workload_pid <= 0 || process_signal(sandbox->workload, 0) < 0) {
                *ret_why = "the workload has ended";
                return -ESRCH;
        }
        if (freezer_state(&sandbox->freezer) != FREEZER_RUNNING) {
                *ret_why = "the sandbox is frozen";
                return -EBUSY;
        }
        session = calloc(1, sizeof(*session));
        if (!session) {
                return -ENOMEM;
        }
        *session = (Session){.next = sandbox->sessions,
                             .sandbox = sandbox,
                             .id = message->numbers[EXEC_ID],
                             .serial = message->serial,
                             .launch = {.report_fd = -EBADF, .status_fd = -EBADF},
                             .joiner = PROCESS_NONE,
                             .program = PROCESS_NONE,
                             .terminal = -EBADF};
        sandbox->sessions = session;
        r = wire_plan_open(message->fds[0], &plan);
        if (r == 0 && plan_use(plan) != PLAN_USE_EXEC) {
                r = -EINVAL;
        }
        if (r < 0) {
                session_fail(session, STEP_RECEIVE, r, -1, NULL);
                return 0;
        }
        r = join(session, plan, message);
        if (r < 0) {
                session_fail(session, STEP_SPAWN, r, -1, NULL);
        }
        return 0;
}

int session_kill(Sandbox *sandbox, uint64_t id, int signal) {
        Session *session = session_find(sandbox, id);

        if (!session || !session->executed || !child_is_alive(&session->program)) {
                return -ESRCH;
        }
        return process_signal(session->program.pidfd, signal);
}

void sessions_abandon(Sandbox *sandbox) {
        for (Session *session = sandbox->sessions; session; session = session->next) {
                session->abandoned = true;
        }
}

void sessions_end(Sandbox *sandbox) {
        for (Session *session = sandbox->sessions; session; session = session->next) {
                session_kill_all(session);
        }
}

static bool session_reap(Session *session, pid_t pid) {
        int code = CLD_KILLED, status = SIGKILL;

        if (pid == session->joiner.pid) {
                if (process_reap(session->joiner.pidfd, &code, &status) != 0) {
                        child_close(&session->joiner);
                }
                return true;
        }
        if (pid == session->program.pid) {
                if (process_reap(session->program.pidfd, &code, &status) != 0) {
                        read_reports(session, /* all= */ true);
                        session->code = code;
                        session->status = status;
                        session->program.pid = 0;
                }
                return true;
        }
        return false;
}

bool sessions_reap(Sandbox *sandbox, pid_t pid) {
        for (Session *session = sandbox->sessions; session; session = session->next) {
                if (session_reap(session, pid)) {
                        return true;
                }
        }
        return false;
}

void sessions_read_reports(Sandbox *sandbox) {
        for (Session *session = sandbox->sessions; session; session = session->next) {
                read_reports(session, /* all= */ false);
        }
}

void sessions_settle(Sandbox *sandbox) {
        for (Session **next = &sandbox->sessions; *next;) {
                Session *session = *next;

                if (child_is_alive(&session->joiner) || child_is_alive(&session->program) ||
                    session->reports) {
                        next = &session->next;
                        continue;
                }
                send_end(session);
                *next = session->next;
                (void) session_free(session);
        }
}

void sessions_free(Sandbox *sandbox) {
        while (sandbox->sessions) {
                Session *session = sandbox->sessions;

                sandbox->sessions = session->next;
                (void) session_free(session);
        }
}
