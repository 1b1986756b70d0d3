/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* example UNIT: starts a sandbox, watches it become active, says what it is, and stops it.
 *
 *     cc -o example example.c $(pkg-config --cflags --libs libsbx) */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sbx/sbx.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct Watched {
        const char *unit;
        bool active, inactive;
} Watched;

static int on_event(const sbx_event *event, void *userdata) {
        Watched *watched = userdata;

        if (event->type != SBX_EVENT_UNIT_CHANGED || strcmp(event->unit, watched->unit) != 0) {
                return 0;
        }
        (void) printf("%s is %s (%s)\n", event->unit, event->active_state, event->sub_state);
        watched->active = watched->active || strcmp(event->active_state, "active") == 0;
        watched->inactive = watched->active && strcmp(event->active_state, "inactive") == 0;
        return 0;
}

static int fail(sbx_client *client, const char *what, int r) {
        const char *text = sbx_client_error(client);

        (void) fprintf(stderr, "%s: %s\n", what, *text ? text : strerror(-r));
        return EXIT_FAILURE;
}

/* Until the flag is set, as an event loop would. */
static int watch_until(sbx_monitor *monitor, const bool *flag) {
        int r;

        while (!*flag) {
                struct pollfd fd = {sbx_monitor_fd(monitor), (short) sbx_monitor_events(monitor),
                                    0};

                r = sbx_monitor_process(monitor);
                if (r < 0 || *flag) {
                        return r < 0 ? r : 0;
                }
                if (r == 0 && poll(&fd, 1, 10000) == 0) {
                        return -ETIMEDOUT;
                }
        }
        return 0;
}

static int run(sbx_client *client, const char *unit) {
        __attribute__((cleanup(sbx_monitor_freep))) sbx_monitor *monitor = NULL;
        __attribute__((cleanup(sbx_textp))) char *failure = NULL;
        Watched watched = {.unit = unit};
        uint64_t pid;
        int r;

        r = sbx_monitor_new(client, on_event, &watched, &monitor);
        if (r < 0) {
                return fail(client, "watching", r);
        }
        r = sbx_start(client, unit, SBX_TIMEOUT_INFINITY);
        if (r < 0) {
                return fail(client, "starting", r);
        }
        if (r != SBX_JOB_DONE) {
                r = sbx_get_failure(client, unit, &failure);
                (void) fprintf(stderr, "%s failed: %s\n", unit, r < 0 ? "?" : failure);
                return EXIT_FAILURE;
        }
        r = watch_until(monitor, &watched.active);
        if (r >= 0) {
                r = sbx_get_u64(client, unit, "MainPID", &pid);
        }
        if (r < 0) {
                return fail(client, "reading", r);
        }
        (void) printf("MainPID=%" PRIu64 "\n", pid);
        r = sbx_stop(client, unit, SBX_TIMEOUT_INFINITY);
        if (r >= 0) {
                r = watch_until(monitor, &watched.inactive);
        }
        return r < 0 ? fail(client, "stopping", r) : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        __attribute__((cleanup(sbx_client_freep))) sbx_client *client = NULL;
        int r;

        if (argc != 2) {
                (void) fprintf(stderr, "usage: %s UNIT\n", argv[0]);
                return EXIT_FAILURE;
        }
        r = sbx_client_new_system(&client);
        return r < 0 ? fail(client, "connecting", r) : run(client, argv[1]);
}
