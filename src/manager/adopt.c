/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/adopt.h"

#include "base/fd.h"
#include "base/log.h"
#include "manager/freezer.h"
#include "manager/helper-client.h"
#include "manager/launcher.h"
#include "manager/manager.h"
#include "manager/set-property.h"
#include "manager/spec-text.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define TEXT_INTERRUPTED "sbxd or its connection to sbx-helper was restarted during the start."

/* -- from the files -- */

/* 0, or the outcome of loading. A transient unit exists in the record alone. */
static int adopt_definition(Manager *manager, const SandboxRecord *record, Sandbox **ret) {
        _cleanup_(diag_list_done) DiagList diags = {};
        Sandbox *sandbox;
        int r;

        if (!record->transient) {
                r = manager_load(manager, record->name, ret);
                if (r < 0 || *ret) {
                        return r;
                }
        }
        r = manager_add(manager, record->name, &sandbox);
        if (r < 0) {
                return r;
        }
        *ret = sandbox;
        sandbox->transient = record->transient;
        if (!sandbox->transient) {
                return UNIT_E_NOT_FOUND;
        }
        r = strv_copy(record->definition, &sandbox->definition);
        if (r == 0) {
                r = unit_load_transient(&manager->search, record->name, record->definition, &diags,
                                        &sandbox->unit);
        }
        if (r == 0) {
                sandbox->load_state = LOAD_LOADED;
        }
        return r;
}

static int adopt_run(Sandbox *sandbox, SandboxRecord *record) {
        Run *run = &sandbox->run;
        int r;

        r = spec_text_read(record->assignments, &run->spec);
        if (r < 0) {
                return r;
        }
        run->assignments = TAKE(record->assignments);
        run->sent = true;
        run->scope_asked = record->scope[0] != '\0';
        run->leader_pid = (pid_t) record->leader_pid;
        run->relay_pid = (pid_t) record->relay_pid;
        run->main_pid = (pid_t) record->main_pid;
        run->uid_base = (uint32_t) record->uid_base;
        run->main_code = (int) record->main_code;
        run->main_status = (int) record->main_status;
        run->main_start_usec = record->main_start_usec;
        run->main_exit_usec = record->main_exit_usec;
        sandbox_set_id(sandbox, &record->id);
        sandbox->result = (Result) record->result;
        sandbox->stop_requested = record->stop_requested;
        sandbox->n_restarts = (uint32_t) record->n_restarts;
        if (record->status_text[0] != '\0') {
                sandbox->status_text = TAKE(record->status_text);
        }
        sandbox->degraded = TAKE(record->degraded);
        return 0;
}

/* Whether a scope was being stopped is nothing to rely on: it is stopped again. */
static SandboxState adopted_state(uint64_t state) {
        return state == SANDBOX_CLEANING ? SANDBOX_KILLING : (SandboxState) state;
}

static int adopt_record(Manager *manager, SandboxRecord *record) {
        Sandbox *sandbox = NULL;
        int r;

        if (!unit_name_is_valid(record->name) || record->state >= _SANDBOX_STATE_MAX ||
            record->result >= _RESULT_MAX) {
                return -EBADMSG;
        }
        r = adopt_definition(manager, record, &sandbox);
        if (!sandbox) {
                return r < 0 ? r : -ENOENT;
        }
        if (sandbox->run.id_text[0] != '\0') {
                return -EEXIST; /* a file of the same sandbox was read before: an alias since then
                                 */
        }
        r = adopt_run(sandbox, record);
        if (r < 0) {
                return r;
        }
        sandbox_set_state(sandbox, adopted_state(record->state));
        sandbox->active_enter_usec = record->active_enter_usec;
        sandbox->active_exit_usec = record->active_exit_usec;
        sandbox->inactive_enter_usec = record->inactive_enter_usec;
        sandbox->state_change_usec = record->state_change_usec;
        return 0;
}

static void adopt_file(Manager *manager, const char *file) {
        _cleanup_(sandbox_record_done) SandboxRecord record = {};
        int r;

        r = state_file_load(manager->state_fd, file, &record);
        if (r == 0) {
                r = adopt_record(manager, &record);
        }
        if (r == 0) {
                return;
        }
        (void) log_warning_fault(r, "State file %s cannot be used, moving it to quarantine: %m",
                                 file);
        r = state_file_quarantine(manager->state_fd, file);
        if (r < 0) {
                (void) log_warning_fault(r, "Failed to move %s to quarantine: %m", file);
        }
}

int adopt_load(Manager *manager) {
        _cleanup_dir_ DIR *dir = NULL;
        _cleanup_(strv_freep) char **files = NULL;

        assert(manager);

        dir = fd_list(manager->state_fd);
        if (!dir) {
                return negative_errno();
        }
        /* The names first: what is written meanwhile would come up as well. */
        for (struct dirent *entry; (entry = readdir(dir));) {
                if (endswith(entry->d_name, ".state") && strv_append(&files, entry->d_name) < 0) {
                        return -ENOMEM;
                }
        }
        STRV_FOREACH (file, files) {
                adopt_file(manager, *file);
        }
        return 0;
}

/* -- from the helper -- */

static void kill_stranger(Manager *manager, const ControlMessage *message, const char *why) {
        ControlMessage kill = {.type = CONTROL_KILL, .id = message->id};

        log_warning("sbx-helper holds a sandbox %s that is not ours (%s), ending it.",
                    message->strings[0], why);
        kill.numbers[KILL_SIGNAL] = SIGKILL;
        kill.numbers[KILL_WHOM] = KILL_ALL;
        (void) helper_client_send(manager->helper, &kill);
}

static void take_processes(Sandbox *sandbox, ControlMessage *message) {
        Run *run = &sandbox->run;

        run->seen = true;
        run->leader_pid = (pid_t) message->numbers[SANDBOX_PID];
        run->relay_pid = (pid_t) message->numbers[SANDBOX_RELAY_PID];
        run->uid_base = (uint32_t) message->numbers[SANDBOX_UID_BASE];
        freezer_adopt(sandbox, message->numbers[SANDBOX_FREEZER]);
        property_change_lost(sandbox);
        if (message->n_fds > 0) {
                fd_close(run->leader_pidfd);
                run->leader_pidfd = fd_take(&message->fds[0]);
        }
        if (message->numbers[SANDBOX_STATE] == SANDBOX_IS_RUNNING) {
                run->main_pid = (pid_t) message->numbers[SANDBOX_MAIN_PID];
                if (message->n_fds > 1) {
                        fd_close(run->main_pidfd);
                        run->main_pidfd = fd_take(&message->fds[1]);
                }
        }
}

/* The helper runs a sandbox whose state file is not there or could not be read. Its own word for
 * name and processes is enough to go on serving it and to stop it; what it was started with is not
 * known. */
static void adopt_unknown(Manager *manager, ControlMessage *message) {
        Sandbox *sandbox = NULL;
        int r;

        if (!unit_name_is_valid(message->strings[0])) {
                kill_stranger(manager, message, "its name is no unit's");
                return;
        }
        r = manager_load(manager, message->strings[0], &sandbox);
        if (!sandbox && (r == UNIT_E_NOT_FOUND || r == -ENOENT)) {
                r = manager_add(manager, message->strings[0], &sandbox);
        }
        if (!sandbox || sandbox_is_live(sandbox)) {
                kill_stranger(manager, message, sandbox ? "another one runs" : "it has no unit");
                return;
        }
        if (sandbox_begin_run(sandbox) < 0) {
                return;
        }
        sandbox_set_id(sandbox, &message->id);
        sandbox->run.sent = true;
        sandbox->run.scope_asked = manager->backend == BACKEND_SCOPE;
        (void) strv_append(&sandbox->degraded,
                           "The record of what it was started with is lost: shown is what its unit "
                           "says now.");
        take_processes(sandbox, message);
        log_warning("Adopted %s from sbx-helper without a record of its own.", sandbox->name);
        sandbox_set_state(sandbox, SANDBOX_RUNNING);
}

/* With direct cgroups GO goes together with START. */
static bool was_released(const Sandbox *sandbox) {
        return sandbox->state == SANDBOX_SETUP ||
               (sandbox->state == SANDBOX_SPAWNING && sandbox->manager->backend == BACKEND_DIRECT);
}

static void adopt_known(Sandbox *sandbox, ControlMessage *message) {
        uint64_t state = message->numbers[SANDBOX_STATE];

        take_processes(sandbox, message);
        if (state == SANDBOX_IS_EXITED) {
                return; /* EXITED follows */
        }
        if (sandbox->state == SANDBOX_STOPPING) {
                launcher_ask(sandbox); /* it may not have got there */
        } else if (sandbox->state == SANDBOX_KILLING) {
                launcher_kill(sandbox);
        } else if (was_released(sandbox) && state == SANDBOX_IS_RUNNING) {
                sandbox->run.main_start_usec = usec_now(CLOCK_REALTIME);
                if (sandbox->state == SANDBOX_SPAWNING) {
                        sandbox_handle(sandbox, SANDBOX_ON_HELD);
                }
                sandbox_handle(sandbox, SANDBOX_ON_EXECUTED);
        } else if (state_is_starting(sandbox->state)) {
                /* its answers went to a connection that is gone */
                sandbox_set_result(sandbox, RESULT_RESOURCES, TEXT_INTERRUPTED);
                sandbox_handle(sandbox, SANDBOX_ON_TIMEOUT);
        }
}

void adopt_sandbox(Manager *manager, ControlMessage *message) {
        Sandbox *sandbox;

        assert(manager);
        assert(message);

        sandbox = manager_find_run(manager, &message->id);
        if (sandbox && sandbox_is_live(sandbox)) {
                adopt_known(sandbox, message);
        } else if (message->numbers[SANDBOX_STATE] == SANDBOX_IS_EXITED) {
                return; /* EXITED follows and is collected as a stranger's */
        } else if (sandbox) {
                kill_stranger(manager, message, "its run was given up");
        } else {
                adopt_unknown(manager, message);
        }
}

void adopt_finish(Manager *manager) {
        assert(manager);

        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                Sandbox *sandbox = manager->sandboxes[i];
                bool lost = sandbox_is_live(sandbox) && sandbox->run.sent && !sandbox->run.seen;

                sandbox->run.seen = false;
                if (!lost) {
                        continue;
                }
                sandbox_set_result(sandbox, RESULT_RESOURCES,
                                   state_is_starting(sandbox->state)
                                           ? TEXT_INTERRUPTED
                                           : "sbx-helper ended and does not know the sandbox any "
                                             "more: see journalctl -u sbx-helper.");
                sandbox_handle(sandbox, SANDBOX_ON_LOST);
        }
        manager_helper_ready(manager);
}
