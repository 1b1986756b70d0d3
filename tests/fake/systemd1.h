/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A message bus of the test's own and, on it, an org.freedesktop.systemd1 that does what a script
 * says. */

#include <sys/types.h>

typedef enum FakeScript {
        FAKE_DONE,        /* JobRemoved=done */
        FAKE_EARLY,       /* the same, but JobRemoved comes before the reply */
        FAKE_SLOW,        /* the same, after 300 ms */
        FAKE_FAILED,      /* JobRemoved=failed */
        FAKE_LOST,        /* JobRemoved never comes */
        FAKE_REFUSED,     /* StartTransientUnit is an error */
        FAKE_EXISTS_ONCE, /* UnitExists until the unit was stopped */
        FAKE_EXISTS,      /* UnitExists always */
        _FAKE_SCRIPT_MAX,
} FakeScript;

typedef struct FakeBus {
        char directory[64];
        char address[128];
        char log[128]; /* a file: one line a call, "StartTransientUnit sbx-a.scope 12" */
        pid_t daemon;
        pid_t systemd;
} FakeBus;

/* Starts both; aborts the test where that fails. stale: the name of a unit that is there from the
 * beginning, or NULL. */
void fake_bus_start(FakeBus *bus, FakeScript script, const char *stale);
/* SIGKILL to both; fake_bus_again() starts the next two at the same address. */
void fake_bus_kill(FakeBus *bus);
void fake_bus_again(FakeBus *bus, FakeScript script);
void fake_bus_stop(FakeBus *bus);
/* How many lines of the log start with this text; waits up to a second for there to be n. */
int fake_bus_count(const FakeBus *bus, const char *prefix, int n);
/* rm -rf */
void fake_remove_tree(const char *path);
