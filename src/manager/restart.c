/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/restart.h"

#include <signal.h>

static const char *const result_names[_RESULT_MAX] = {
        [RESULT_SUCCESS] = "success",
        [RESULT_EXIT_CODE] = "exit-code",
        [RESULT_SIGNAL] = "signal",
        [RESULT_CORE_DUMP] = "core-dump",
        [RESULT_TIMEOUT] = "timeout",
        [RESULT_OOM_KILL] = "oom-kill",
        [RESULT_RESOURCES] = "resources",
        [RESULT_PROTOCOL] = "protocol",
        [RESULT_START_LIMIT_HIT] = "start-limit-hit",
};
DEFINE_LOOKUP(result, Result, result_names)

static bool signal_is_clean(int signal) {
        return signal == SIGHUP || signal == SIGINT || signal == SIGTERM || signal == SIGPIPE;
}

Result result_of_exit(int code, int status, uint64_t oom_kills) {
        /* A shell or an init in between turns the signal into an exit status: 137 counts as well.
         */
        bool killed = (code == CLD_KILLED && status == SIGKILL) ||
                      (code == CLD_EXITED && status == 128 + SIGKILL);

        if (oom_kills > 0 && killed) {
                return RESULT_OOM_KILL;
        }
        switch (code) {
        case CLD_EXITED:
                return status == 0 ? RESULT_SUCCESS : RESULT_EXIT_CODE;
        case CLD_KILLED:
                return signal_is_clean(status) ? RESULT_SUCCESS : RESULT_SIGNAL;
        case CLD_DUMPED:
                return RESULT_CORE_DUMP;
        default:
                return RESULT_PROTOCOL;
        }
}

bool restart_wanted(RestartMode mode, Result result) {
        static const struct {
                bool clean, exit_code, abnormal, abort;
        } table[_RESTART_MODE_MAX] = {
                [RESTART_NO] = {},
                [RESTART_ON_SUCCESS] = {.clean = true},
                [RESTART_ON_FAILURE] = {.exit_code = true, .abnormal = true, .abort = true},
                [RESTART_ON_ABNORMAL] = {.abnormal = true, .abort = true},
                [RESTART_ON_ABORT] = {.abort = true},
                [RESTART_ALWAYS] = {true, true, true, true},
        };

        assert(mode < _RESTART_MODE_MAX);

        switch (result) {
        case RESULT_SUCCESS:
                return table[mode].clean;
        case RESULT_EXIT_CODE:
                return table[mode].exit_code;
        case RESULT_SIGNAL:
        case RESULT_CORE_DUMP:
                return table[mode].abort;
        case RESULT_TIMEOUT:
        case RESULT_OOM_KILL:
        case RESULT_RESOURCES:
        case RESULT_PROTOCOL:
                return table[mode].abnormal;
        case RESULT_START_LIMIT_HIT:
        case _RESULT_MAX:
                break;
        }
        return false;
}

bool start_limit_check(StartLimit *limit, usec_t now_usec) {
        assert(limit);

        if (limit->n == 0 || now_usec - limit->begin_usec > START_LIMIT_INTERVAL_USEC) {
                limit->begin_usec = now_usec;
                limit->n = 0;
        }
        if (limit->n >= START_LIMIT_BURST) {
                return false;
        }
        limit->n++;
        return true;
}
