/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ending.h"

#include "base/log.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/property.h"
#include "op/step.h"

void ending_done(Ending *ending) {
        ending->slot = sd_bus_slot_unref(ending->slot);
        free(ending->path);
}

/* The state that a PropertiesChanged tells of; NULL where it tells of none. */
static const char *changed_state(sd_bus_message *message) {
        const char *name, *state = NULL;
        int r;

        r = sd_bus_message_skip(message, "s");
        if (r >= 0) {
                r = sd_bus_message_enter_container(message, 'a', "{sv}");
        }
        while (r >= 0 && sd_bus_message_enter_container(message, 'e', "sv") > 0) {
                r = sd_bus_message_read(message, "s", &name);
                if (r >= 0 && streq(name, "ActiveState")) {
                        return sd_bus_message_read(message, "v", "s", &state) < 0 ? NULL : state;
                }
                if (r >= 0) {
                        r = sd_bus_message_skip(message, "v");
                }
                if (r >= 0) {
                        r = sd_bus_message_exit_container(message);
                }
        }
        return NULL;
}

/* Only the end is worth a question: whoever runs something short waits for the answer. */
static int on_change(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *state = changed_state(message);
        Ending *ending = userdata;

        if (!state || streq(state, "inactive") || streq(state, "failed")) {
                ending->changed = true;
        }
        return 0;
}

int ending_watch(Ending *ending, Session *session) {
        Ctl *ctl = session->ctl;
        int r;

        ending->session = session;
        r = sd_bus_path_encode(SBX_SANDBOX_PREFIX, session->unit, &ending->path);
        if (r >= 0) {
                r = sd_bus_match_signal(ctl->bus, &ending->slot, ctl_sender(ctl), ending->path,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_change, ending);
        }
        return r < 0 ? log_fault(r, "Failed to watch %s: %m", session->unit) : 0;
}

/* The exit status for a start that failed: by the step and errno of the failure. */
static int failed_status(json_object *properties) {
        if (streq(property_text(properties, "FailedStep"), step_table[STEP_EXEC].name)) {
                return session_exec_status((int) property_number(properties, "FailedErrno"));
        }
        return SBX_EXIT_RUN_FAILED;
}

int ending_of_failed_start(Ending *ending, const char *job_result) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        const Session *session = ending->session;

        if (session->last_signal > 0) {
                return SBX_EXIT_SIGNAL_BASE + session->last_signal;
        }
        if (properties_read(session->ctl, ending->path, SBX_INTERFACE_SANDBOX, &error,
                            &properties) < 0) {
                log_error("The start of %s failed (%s).", session->unit, job_result);
                return SBX_EXIT_RUN_FAILED;
        }
        log_error("The start of %s failed:", session->unit);
        log_error("  %s", property_text(properties, "StatusText"));
        return failed_status(properties);
}

int ending_look(Ending *ending, int *ret_status) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        Session *session = ending->session;
        const char *state, *result;
        int r, code;

        ending->changed = false;
        r = properties_read(session->ctl, ending->path, SBX_INTERFACE_SANDBOX, &error, &properties);
        if (r < 0) {
                return log_fault(r, "Failed to look at %s: %s", session->unit,
                                 error.message ? error.message : "%m");
        }
        state = property_text(properties, "ActiveState");
        if (!streq(state, "inactive") && !streq(state, "failed")) {
                return 0;
        }
        session_drain(session);
        result = property_text(properties, "Result");
        code = (int) property_number(properties, "ExecMainCode");
        if (!streq(result, "success") && !streq(result, "exit-code") && !streq(result, "signal") &&
            !streq(result, "core-dump")) {
                log_error("%s ended (%s). %s", session->unit, result,
                          property_text(properties, "StatusText"));
        }
        *ret_status = code > 0 ? session_exit_status(
                                         code, (int) property_number(properties, "ExecMainStatus"))
                               : failed_status(properties);
        return 1;
}

static int left_alone(Session *session) {
        terminal_done(&session->terminal);
        log_info("Detached. 'sbxctl attach %s' comes back to it, 'sbxctl stop %s' ends it.",
                 session->unit, session->unit);
        return SBX_EXIT_OK;
}

int ending_wait(Ending *ending) {
        Session *session = ending->session;
        int r, status = SBX_EXIT_RUN_FAILED;

        for (;;) {
                if (session->terminal.detached) {
                        return left_alone(session);
                }
                r = ending->changed ? ending_look(ending, &status) : 0;
                if (r != 0) {
                        return r < 0 ? SBX_EXIT_RUN_FAILED : status;
                }
                if (session_step(session) < 0) {
                        return SBX_EXIT_RUN_FAILED;
                }
        }
}
