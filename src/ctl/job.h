/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Jobs of sbxd and how they end; and the loop that start, stop and restart share. */

#include "ctl/ctl.h"

typedef struct Job {
        char *path;
        char *unit;
        char *result; /* NULL until it ended: "done", "failed", "canceled", "timeout", "dependency"
                       */
} Job;

typedef struct Jobs {
        Job *jobs;
        size_t n;
        sd_bus_slot *slot;
} Jobs;

void jobs_done(Jobs *jobs);
/* Watches for ends of jobs. Must stand before the call that makes the first one: a job may have
 * ended before its call's answer is read. */
int jobs_watch(Ctl *ctl, Jobs *jobs);
int jobs_add(Jobs *jobs, const char *path, const char *unit);
/* True once all have ended. */
bool jobs_ended(const Jobs *jobs);
/* Handles messages until all have ended. -errno where the connection broke. */
int jobs_wait(Ctl *ctl, const Jobs *jobs);

/* Prints why a job failed: the unit's StatusText and diagnostics, and what to look at. Gives the
 * exit status. what: "start". */
int job_report(Ctl *ctl, const char *what, const char *unit, const char *result);
/* A call on a unit failed: ctl_report(), and for a unit with mistakes all of its diagnostics. */
int unit_report(Ctl *ctl, const char *what, const char *unit, const sd_bus_error *error, int fault);

/* What was read of the unit is not what its files say now. */
void unit_report_changed(const char *unit);

/* Connects, and calls a method that takes a name on every unit, patterns included. Reports failures
 * and gives the exit status, or -errno. */
int units_call(Ctl *ctl, const char *verb, const char *method, char *const *args);

/* Calls method (StartUnit, StopUnit, RestartUnit) on every unit, waits for the jobs unless
 * --no-block, reports failures. Gives the exit status, or -errno. verb: "start". */
int jobs_run(Ctl *ctl, const char *verb, const char *method, char *const *units);
