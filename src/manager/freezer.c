/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/freezer.h"

#include "base/log.h"
#include "manager/helper-client.h"
#include "manager/manager.h"
#include "sbx/bus.h"

const char *freezer_state_name(const Sandbox *sandbox) {
        static const char *const names[_FREEZER_MAX] = {
                [FREEZER_RUNNING] = "running",
                [FREEZER_FREEZING] = "freezing",
                [FREEZER_FROZEN] = "frozen",
                [FREEZER_THAWING] = "thawing",
        };

        return names[sandbox->run.freezer];
}

static void freezer_set_state(Sandbox *sandbox, uint64_t state) {
        if (sandbox->run.freezer == state) {
                return;
        }
        sandbox->run.freezer = state;
        if (state == FREEZER_FROZEN) {
                sandbox_log(sandbox, LOG_INFO, "Frozen.");
        } else if (state == FREEZER_RUNNING) {
                sandbox_log(sandbox, LOG_INFO, "Thawed.");
        }
        manager_sandbox_changed(sandbox);
}

/* name NULL: it is done. */
static void answer(Sandbox *sandbox, const char *name, const char *text) {
        sd_bus_message *message = TAKE(sandbox->run.freezer_message);

        if (!message) {
                return;
        }
        if (name) {
                (void) sd_bus_reply_method_errorf(message, name, "%s", text);
        } else {
                (void) sd_bus_reply_method_return(message, NULL);
        }
        sd_bus_message_unref(message);
}

static int send(Sandbox *sandbox, bool freeze) {
        ControlMessage message = {.type = CONTROL_FREEZE, .id = sandbox->run.id};
        int r;

        message.numbers[FREEZE_FREEZE] = freeze ? 1 : 0;
        r = helper_client_send(sandbox->manager->helper, &message);
        if (r < 0) {
                return r;
        }
        sandbox->run.freezer_serial = message.serial;
        freezer_set_state(sandbox, freeze ? FREEZER_FREEZING : FREEZER_THAWING);
        return 0;
}

static bool freezer_is_at(const Sandbox *sandbox, bool freeze) {
        return sandbox->run.freezer == (freeze ? FREEZER_FROZEN : FREEZER_RUNNING);
}

int freezer_request(Sandbox *sandbox, bool freeze, sd_bus_message *message, sd_bus_error *reterr) {
        const char *verb = freeze ? "frozen" : "thawed";
        CgroupMode mode = sandbox->manager->host.cgroup_mode;
        int r;

        assert(sandbox);
        assert(message);

        if (sandbox->state != SANDBOX_RUNNING) {
                return sd_bus_error_setf(reterr, SBX_ERROR_NOT_ACTIVE,
                                         "%s cannot be %s: it is not running.", sandbox->name,
                                         verb);
        }
        if (mode != CGROUP_HYBRID && mode != CGROUP_UNIFIED) {
                return sd_bus_error_setf(reterr, SBX_ERROR_UNSUPPORTED,
                                         "%s cannot be %s: this host has no cgroup2 hierarchy. "
                                         "Mount one at /sys/fs/cgroup/unified, or boot with "
                                         "systemd.unified_cgroup_hierarchy=1.",
                                         sandbox->name, verb);
        }
        if (freezer_is_at(sandbox, freeze)) {
                return sd_bus_reply_method_return(message, NULL);
        }
        r = send(sandbox, freeze);
        if (r == -ENOTCONN) {
                return sd_bus_error_setf(reterr, SBX_ERROR_HELPER_GONE,
                                         "%s cannot be %s: there is no connection to sbx-helper.",
                                         sandbox->name, verb);
        }
        if (r < 0) {
                return r;
        }
        answer(sandbox, SD_BUS_ERROR_FAILED, "Another request came in between.");
        sandbox->run.freezer_message = sd_bus_message_ref(message);
        return 1;
}

void freezer_thaw(Sandbox *sandbox) {
        assert(sandbox);

        answer(sandbox, SBX_ERROR_NOT_ACTIVE, "The sandbox is being stopped.");
        if (sandbox->run.freezer != FREEZER_RUNNING) {
                (void) send(sandbox, false);
        }
}

void freezer_said(Sandbox *sandbox, const ControlMessage *message) {
        assert(sandbox);
        assert(message);

        if (message->serial != sandbox->run.freezer_serial) {
                return; /* it was told otherwise since */
        }
        freezer_set_state(sandbox,
                          message->numbers[FROZEN_FROZEN] ? FREEZER_FROZEN : FREEZER_RUNNING);
        answer(sandbox, NULL, NULL);
}

bool freezer_refused(Sandbox *sandbox, const ControlMessage *message) {
        bool thawing = sandbox->run.freezer == FREEZER_THAWING;

        assert(message);

        if (sandbox->run.freezer_serial == 0 || message->serial != sandbox->run.freezer_serial) {
                return false;
        }
        freezer_set_state(sandbox, thawing ? FREEZER_FROZEN : FREEZER_RUNNING);
        answer(sandbox,
               message->numbers[REFUSED_ERRNO] == EOPNOTSUPP ? SBX_ERROR_UNSUPPORTED
                                                             : SD_BUS_ERROR_FAILED,
               message->strings[0]);
        return true;
}

/* What was asked for on a connection that broke is asked for again: its answer would not come. */
void freezer_adopt(Sandbox *sandbox, uint64_t state) {
        uint64_t before = sandbox->run.freezer;
        bool freeze = before == FREEZER_FREEZING || before == FREEZER_FROZEN;

        assert(sandbox);

        if (state >= _FREEZER_MAX) {
                return;
        }
        freezer_set_state(sandbox, state);
        if (sandbox->run.freezer_message || state == FREEZER_FREEZING || state == FREEZER_THAWING) {
                (void) send(sandbox,
                            sandbox->run.freezer_message ? freeze : state == FREEZER_FREEZING);
        }
}

void freezer_end(Sandbox *sandbox) {
        assert(sandbox);

        sandbox->run.freezer = FREEZER_RUNNING;
        sandbox->run.freezer_serial = 0;
        answer(sandbox, SBX_ERROR_NOT_ACTIVE, "The sandbox has ended.");
}
