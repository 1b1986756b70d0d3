/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/exec.h"

#include "base/fd.h"
#include "base/log.h"
#include "manager/failure.h"
#include "manager/freezer.h"
#include "manager/helper-client.h"
#include "manager/manager.h"
#include "manager/notify.h"
#include "plan/build.h"
#include "sbx/bus.h"
#include "unit/environment.h"
#include "wire/plan.h"

#include <fcntl.h>
#include <signal.h>

struct ExecRequest {
        ExecRequest *next;
        uint32_t id;
        uint32_t serial;
        char *client;            /* client_name() */
        sd_bus_message *message; /* not answered yet; NULL: it runs */
        uint64_t oom_kills;      /* of the sandbox, before it */
        Plan *plan;
};

static void exec_free(ExecRequest *request) {
        sd_bus_message_unref(request->message);
        plan_free(request->plan);
        free(request->client);
        free(request);
}

static void exec_drop(Sandbox *sandbox, ExecRequest *request) {
        for (ExecRequest **link = &sandbox->execs; *link; link = &(*link)->next) {
                if (*link == request) {
                        *link = request->next;
                        break;
                }
        }
        exec_free(request);
}

static ExecRequest *exec_find(const Sandbox *sandbox, uint64_t id) {
        for (ExecRequest *request = sandbox->execs; request; request = request->next) {
                if (request->id == id) {
                        return request;
                }
        }
        return NULL;
}

Sandbox *exec_find_sandbox(Manager *manager, uint32_t id) {
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                if (exec_find(manager->sandboxes[i], id)) {
                        return manager->sandboxes[i];
                }
        }
        return NULL;
}

/* -- asking -- */

static int exec_plan(const Sandbox *sandbox, char *const *argv, const ExecOptions *options,
                     Plan **ret, sd_bus_error *reterr) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(str_done) Str text = STR_INIT;
        ExecInput input = {
                .unit_name = sandbox->name,
                .spec = sandbox_spec(sandbox),
                .argv = argv,
                .environment = options->environment,
                .user = options->user,
                .directory = options->directory,
                .terminal = options->terminal,
                .rows = options->rows,
                .columns = options->columns,
                .filters = sandbox->manager->filters,
        };
        _cleanup_(strv_freep) char **files = NULL;
        int r;

        r = unit_read_environment(&sandbox->manager->search, input.spec, &diags, &files);
        input.variables = (PlanVariables){.manager = environ, .files = files};
        r = r != 0 ? r : exec_plan_build(&input, &diags, ret);
        if (r <= 0) {
                return r;
        }
        (void) failure_format_diags(&diags, &text);
        return sd_bus_error_set(reterr, SBX_ERROR_UNSUPPORTED, str_text(&text));
}

static int exec_send(Sandbox *sandbox, ExecRequest *request, const ExecOptions *options) {
        ControlMessage message = {.type = CONTROL_EXEC, .id = sandbox->run.id};
        _cleanup_fd_ int plan_fd = -EBADF, null_fd = -EBADF;
        int r;

        plan_fd = wire_plan_seal(request->plan);
        null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (plan_fd < 0 || null_fd < 0) {
                return plan_fd < 0 ? plan_fd : negative_errno();
        }
        message.numbers[EXEC_ID] = request->id;
        message.fds[message.n_fds++] = plan_fd;
        for (size_t i = 0; i < SANDBOX_STREAMS && !options->terminal; i++) {
                message.fds[message.n_fds++] = options->fds[i] >= 0 ? options->fds[i] : null_fd;
        }
        r = helper_client_send(sandbox->manager->helper, &message);
        request->serial = message.serial;
        return r;
}

static size_t exec_count(const Sandbox *sandbox) {
        size_t n = 0;

        for (const ExecRequest *request = sandbox->execs; request; request = request->next) {
                n++;
        }
        return n;
}

size_t exec_count_of(const Sandbox *sandbox, const char *client) {
        size_t n = 0;

        for (const ExecRequest *request = sandbox->execs; request; request = request->next) {
                n += streq(request->client, client) ? 1 : 0;
        }
        return n;
}

int exec_start(Sandbox *sandbox, sd_bus_message *message, char *const *argv,
               const ExecOptions *options, sd_bus_error *reterr) {
        ExecRequest *request;
        int r;

        assert(sandbox);
        assert(argv && argv[0]);

        if (sandbox->state != SANDBOX_RUNNING) {
                return sd_bus_error_setf(reterr, SBX_ERROR_NOT_ACTIVE, "%s is not running.",
                                         sandbox->name);
        }
        if (sandbox->run.freezer != FREEZER_RUNNING) {
                return sd_bus_error_setf(reterr, SBX_ERROR_FROZEN,
                                         "%s is %s, and a program that joined it would stand still "
                                         "too. Let it go on first: sbxctl thaw %s",
                                         sandbox->name, freezer_state_name(sandbox), sandbox->name);
        }
        if (exec_count(sandbox) >= EXECS_MAX) {
                return sd_bus_error_setf(reterr, SBX_ERROR_LIMITS_EXCEEDED,
                                         "Too many programs were started in %s.", sandbox->name);
        }
        r = clients_check(sandbox->manager, message, CLIENT_EXECS, reterr);
        if (r < 0) {
                return r;
        }
        request = calloc(1, sizeof(*request));
        if (!request) {
                return -ENOMEM;
        }
        request->client = strdup(client_name(message));
        if (!request->client) {
                exec_free(request);
                return -ENOMEM;
        }
        request->id = ++sandbox->manager->last_exec;
        request->oom_kills = sandbox->run.oom_kills;
        r = exec_plan(sandbox, argv, options, &request->plan, reterr);
        if (r == 0) {
                r = exec_send(sandbox, request, options);
        }
        if (r < 0) {
                exec_free(request);
                return r;
        }
        request->message = sd_bus_message_ref(message);
        request->next = sandbox->execs;
        sandbox->execs = request;
        return 0;
}

int exec_kill(Sandbox *sandbox, uint32_t id, int signal) {
        ControlMessage message = {.type = CONTROL_EXEC_KILL, .id = sandbox->run.id};

        message.numbers[EXEC_KILL_ID] = id;
        message.numbers[EXEC_KILL_SIGNAL] = (uint64_t) signal;
        return helper_client_send(sandbox->manager->helper, &message);
}

/* -- being answered -- */

static int reply_running(const ExecRequest *request, uint32_t pid, const int *fds, size_t n_fds) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(request->message, &reply);
        if (r >= 0) {
                r = sd_bus_message_append(reply, "uu", request->id, pid);
        }
        if (r >= 0) {
                r = sd_bus_message_open_container(reply, 'a', "h");
        }
        for (size_t i = 0; i < n_fds && r >= 0; i++) {
                r = sd_bus_message_append(reply, "h", fds[i]);
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

void exec_running(Sandbox *sandbox, ControlMessage *message) {
        ExecRequest *request = exec_find(sandbox, message->numbers[EXEC_RUNNING_ID]);
        int r;

        if (!request || !request->message) {
                return;
        }
        r = reply_running(request, (uint32_t) message->numbers[EXEC_RUNNING_PID], message->fds,
                          message->n_fds);
        if (r < 0) {
                errno = -r;
                sandbox_log(sandbox, LOG_WARNING, "Failed to answer Exec(): %m");
        }
        request->message = sd_bus_message_unref(request->message);
}

static void exec_answer_error(ExecRequest *request, const char *name, const char *text) {
        if (request->message) {
                (void) sd_bus_reply_method_errorf(request->message, name, "%s", text);
                request->message = sd_bus_message_unref(request->message);
        }
}

static const char *exec_error_name(const ControlMessage *message) {
        if (message->numbers[EXEC_FAILED_STEP] != STEP_EXEC) {
                return SBX_ERROR_EXEC_FAILED;
        }
        return message->numbers[EXEC_FAILED_ERRNO] == ENOENT ? SBX_ERROR_EXEC_NOT_FOUND
                                                             : SBX_ERROR_EXEC_NOT_EXECUTABLE;
}

void exec_failed(Sandbox *sandbox, const ControlMessage *message) {
        ExecRequest *request = exec_find(sandbox, message->numbers[EXEC_FAILED_ID]);
        _cleanup_(str_done) Str text = STR_INIT;
        uint64_t step = message->numbers[EXEC_FAILED_STEP];
        Failure failure = {
                .step = step < _STEP_MAX ? (Step) step : _STEP_MAX,
                .fault = (int) (message->numbers[EXEC_FAILED_ERRNO] & 0xfff),
                .op = (int64_t) message->numbers[EXEC_FAILED_OP],
                .object = message->strings[0],
                .spec = sandbox->run.spec,
        };

        if (!request) {
                return;
        }
        failure.plan = request->plan;
        (void) failure_format(&failure, &text);
        exec_answer_error(request, exec_error_name(message), str_text(&text));
        exec_drop(sandbox, request);
}

static void tell_end(const Sandbox *sandbox, const ExecRequest *request, int code, int status) {
        uint64_t kills = sandbox->run.oom_kills, before = request->oom_kills;
        Result result = result_of_exit(code, status, kills > before ? kills - before : 0);

        notify_exec_exited(sandbox, request->id, code, status, result);
}

void exec_exited(Sandbox *sandbox, const ControlMessage *message) {
        ExecRequest *request = exec_find(sandbox, message->numbers[EXEC_EXITED_ID]);

        if (!request) {
                return;
        }
        exec_answer_error(request, SBX_ERROR_EXEC_FAILED, "The program ended before it ran.");
        tell_end(sandbox, request, (int) (message->numbers[EXEC_EXITED_CODE] & 0xff),
                 (int) (message->numbers[EXEC_EXITED_STATUS] & 0xffff));
        exec_drop(sandbox, request);
}

bool exec_refused(Sandbox *sandbox, const ControlMessage *message) {
        for (ExecRequest *request = sandbox->execs; request; request = request->next) {
                if (request->serial == message->serial && request->message) {
                        exec_answer_error(request, SBX_ERROR_EXEC_FAILED, message->strings[0]);
                        exec_drop(sandbox, request);
                        return true;
                }
        }
        return false;
}

void exec_end_all(Sandbox *sandbox) {
        while (sandbox->execs) {
                ExecRequest *request = sandbox->execs;

                if (request->message) {
                        exec_answer_error(request, SBX_ERROR_EXEC_FAILED,
                                          "The sandbox ended before the program ran.");
                } else {
                        tell_end(sandbox, request, CLD_KILLED, SIGKILL);
                }
                exec_drop(sandbox, request);
        }
}

void exec_forget_all(Sandbox *sandbox) {
        while (sandbox->execs) {
                exec_drop(sandbox, sandbox->execs);
        }
}
