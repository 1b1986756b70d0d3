/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* sbxd as it is, between a helper that is the test itself, a systemd that is a script where the bed
 * has scopes, and a client of its private socket. */

#include "fake/systemd1.h"
#include "sbx/bus.h"
#include "wire/control.h"

#include <systemd/sd-bus.h>

#define UNIT "t.sandbox"
#define SCOPE "sbx-t.scope"
#define OBJECT SBX_SANDBOX_PREFIX "/t_2esandbox"
#define WAIT_MSEC 5000

typedef struct Bed {
        char directory[64];
        FakeBus fake;
        bool scopes;
        const char *option;   /* one more of sbxd's, or NULL */
        int listener, helper; /* the socket that sbxd connects to, its connection */
        pid_t sbxd, child;
        sd_bus *bus;
        SandboxId id;
} Bed;

void bed_path(const Bed *bed, const char *name, char *ret, size_t size);
/* Takes sbxd's connection and its HELLO; LIST waits. */
void bed_accept(Bed *bed);
void bed_spawn(Bed *bed);
void receive(Bed *bed, ControlType type, ControlMessage *ret);
void expect(Bed *bed, ControlType type);
void say(Bed *bed, ControlType type, const uint64_t *numbers, const char *text, const int *fds,
         size_t n_fds);
#define SAY(bed, type, ...) \
        say(bed, type, (const uint64_t[CONTROL_NUMBERS_MAX]){__VA_ARGS__}, NULL, NULL, 0)
void bed_greet(Bed *bed);
/* Instead of the connection that it had. */
void bed_connect(Bed *bed);
/* One more. */
sd_bus *bed_private(const Bed *bed);
/* A helper that has greeted and knows of nothing, and a connection to the private socket. */
void bed_open(Bed *bed, bool scopes, FakeScript script);
void bed_open_with(Bed *bed, bool scopes, FakeScript script, const char *option);
void bed_close(Bed *bed);

/* what a client does */
void call_start(Bed *bed, const char *restart);
void call_stop(Bed *bed);
char *get_text(Bed *bed, const char *property);
void wait_for(Bed *bed, const char *property, const char *value);
void assert_contains(Bed *bed, const char *property, const char *part);

/* what a helper does */
void take_start(Bed *bed);
void say_held(Bed *bed);
void say_running(Bed *bed);
void say_listed_running(Bed *bed);
/* From the call to the workload that runs. */
void bring_up(Bed *bed, const char *restart);
/* StopUnit, SIGTERM, its exit with 0, FORGET. */
void bring_down(Bed *bed);
void expect_kill(Bed *bed, int signal);

/* SIGKILL; bed_spawn() starts the next. */
void kill_sbxd(Bed *bed);
/* Into the directory of units, which is not there before. */
void write_unit(const Bed *bed, const char *name, const char *text);
int load_unit(Bed *bed, const char *name);
