/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager's own way, without a client's start-up: one connection to sbxd that stays.
 *
 *     starter ADDRESS unit|transient [NAME.sandbox]
 *
 * For each line on stdin one sandbox is started that runs /bin/true once, and the microseconds are
 * printed from the request to the end of its job, which for a oneshot is its being over and cleaned
 * away; behind them 0, or what the job ended with instead of "done". */

#include "sbx/bus.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define UNIT "bench-true.sandbox"
#define TRANSIENT "bench-transient.sandbox"

typedef struct Starter {
        sd_bus *bus;
        bool transient;
        const char *name;
        const char *job; /* what is waited for: others may start the unit, too */
        bool over;
        bool done;
} Starter;

static void must(int r, const char *what) {
        if (r < 0) {
                fprintf(stderr, "starter: %s: %s\n", what, strerror(-r));
                exit(EXIT_FAILURE);
        }
}

static int64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Starter *starter = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        must(sd_bus_message_read(message, "uoss", &id, &path, &unit, &result), "JobRemoved");
        if (strcmp(path, starter->job) == 0) {
                starter->over = true;
                starter->done = strcmp(result, "done") == 0;
        }
        return 0;
}

static void call(Starter *starter, const char *method) {
        must(sd_bus_call_method(starter->bus, SBX_BUS_NAME, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                method, NULL, NULL, "s", starter->name),
             method);
}

static sd_bus_message *make_request(const Starter *starter) {
        sd_bus_message *request;

        must(sd_bus_message_new_method_call(
                     starter->bus, &request, SBX_BUS_NAME, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                     starter->transient ? "StartTransientUnit" : "StartUnit"),
             "new request");
        must(sd_bus_message_append(request, "ss", starter->name, "replace"), "append");
        if (starter->transient) {
                must(sd_bus_message_append(request, "a(sv)a(sa(sv))", 3, "Type", "s", "oneshot",
                                           "Layers", "s", "busybox", "ExecStart", "s", "/bin/true",
                                           0),
                     "append");
        }
        return request;
}

static void start(Starter *starter) {
        sd_bus_message *request = make_request(starter), *reply;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int64_t begun;

        starter->over = false;
        begun = now_usec();
        if (sd_bus_call(starter->bus, request, 0, &error, &reply) < 0) {
                fprintf(stderr, "starter: %s\n", error.message);
                exit(EXIT_FAILURE);
        }
        must(sd_bus_message_read(reply, "o", &starter->job), "job");
        while (!starter->over) {
                int r = sd_bus_process(starter->bus, NULL);

                must(r, "process");
                if (r == 0) {
                        must(sd_bus_wait(starter->bus, UINT64_MAX), "wait");
                }
        }
        printf("%lld %d\n", (long long) (now_usec() - begun), starter->done ? 0 : 1);
        (void) fflush(stdout);
        sd_bus_message_unref(request);
        sd_bus_message_unref(reply);
        /* A transient one is gone then; a unit's may be started again at once, and again. */
        call(starter, starter->transient ? "UnrefUnit" : "ResetFailedUnit");
}

int main(int argc, char **argv) {
        Starter starter = {};
        char line[16];

        if (argc < 3 || argc > 4) {
                fprintf(stderr, "usage: starter ADDRESS unit|transient [NAME.sandbox]\n");
                return 2;
        }
        starter.transient = strcmp(argv[2], "transient") == 0;
        starter.name = argc > 3 ? argv[3] : starter.transient ? TRANSIENT : UNIT;
        must(sd_bus_new(&starter.bus), "new connection");
        must(sd_bus_set_address(starter.bus, argv[1]), "address");
        must(sd_bus_negotiate_fds(starter.bus, true), "fds");
        must(sd_bus_start(starter.bus), "connect");
        must(sd_bus_match_signal(starter.bus, NULL, NULL, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                 "JobRemoved", on_job_removed, &starter),
             "match");
        while (fgets(line, sizeof(line), stdin)) {
                start(&starter);
        }
        sd_bus_flush_close_unref(starter.bus);
        return 0;
}
