/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/client.h"

#include "base/time.h"

/* A job that is waited for. Its end may be read before its name is known only if sbxd broke its
 * word: JobRemoved follows the reply. */
typedef struct Waiter {
        const char *path;
        int result; /* -EINPROGRESS: not over */
} Waiter;

static int on_removed(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        static const char *const names[] = {
                [SBX_JOB_DONE] = "done",
                [SBX_JOB_FAILED] = "failed",
                [SBX_JOB_CANCELED] = "canceled",
        };
        const char *path, *unit, *result;
        Waiter *waiter = userdata;
        uint32_t id;

        if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0 || !waiter->path ||
            !streq(path, waiter->path)) {
                return 0;
        }
        waiter->result = SBX_JOB_FAILED;
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                if (streq(result, names[i])) {
                        waiter->result = (int) i;
                }
        }
        return 0;
}

static int on_gone(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Waiter *waiter = userdata;

        if (client_is_gone(message)) {
                waiter->result = -ECONNRESET;
        }
        return 0;
}

static int wait_for_end(sbx_client *client, Waiter *waiter, uint64_t timeout_usec) {
        usec_t now = usec_now(CLOCK_MONOTONIC);
        usec_t end = timeout_usec > UINT64_MAX - now ? UINT64_MAX : now + timeout_usec;
        int r;

        while (waiter->result == -EINPROGRESS) {
                r = sd_bus_process(client->bus, NULL);
                if (r < 0 || waiter->result != -EINPROGRESS) {
                        return r < 0 ? r : waiter->result;
                }
                if (r > 0) {
                        continue;
                }
                now = usec_now(CLOCK_MONOTONIC);
                if (now >= end) {
                        return -ETIMEDOUT;
                }
                r = sd_bus_wait(client->bus, end == UINT64_MAX ? UINT64_MAX : end - now);
                if (r < 0 && r != -EINTR) {
                        return r;
                }
        }
        return waiter->result;
}

static int run_job(sbx_client *client, const char *method, const char *unit,
                   uint64_t timeout_usec) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *removed = NULL, *gone = NULL;
        Waiter waiter = {.result = -EINPROGRESS};
        int r;

        if (!client || !unit) {
                return -EINVAL;
        }
        r = client_match(client, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "JobRemoved", on_removed,
                         &waiter, &removed);
        if (r >= 0) {
                r = client_match_gone(client, on_gone, &waiter, &gone);
        }
        if (r < 0) {
                return client_fail(client, r, NULL);
        }
        r = client_call(client, method, &reply, "ss", unit, "replace");
        if (r < 0) {
                return r;
        }
        r = sd_bus_message_read(reply, "o", &waiter.path);
        if (r >= 0) {
                r = wait_for_end(client, &waiter, timeout_usec);
        }
        return r < 0 ? client_fail(client, r, NULL) : r;
}

PUBLIC int sbx_start(sbx_client *client, const char *unit, uint64_t timeout_usec) {
        return run_job(client, "StartUnit", unit, timeout_usec);
}

PUBLIC int sbx_stop(sbx_client *client, const char *unit, uint64_t timeout_usec) {
        return run_job(client, "StopUnit", unit, timeout_usec);
}

PUBLIC int sbx_restart(sbx_client *client, const char *unit, uint64_t timeout_usec) {
        return run_job(client, "RestartUnit", unit, timeout_usec);
}

PUBLIC int sbx_kill(sbx_client *client, const char *unit, const char *whom, int signal) {
        return unit && whom
                       ? client_call(client, "KillUnit", NULL, "ssi", unit, whom, (int32_t) signal)
                       : -EINVAL;
}
