/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Jobs: what a method of the bus asked for and waits for. A sandbox has at most one; a newer one of
 * another kind cancels it. The end of a job is told by the signal JobRemoved after the reply that
 * named the job, never before. */

#include "manager/sandbox.h"

typedef enum JobKind { JOB_START, JOB_STOP, JOB_RESTART, _JOB_KIND_MAX } JobKind;
typedef enum JobResult { JOB_DONE, JOB_FAILED, JOB_CANCELED, _JOB_RESULT_MAX } JobResult;
DECLARE_LOOKUP(job_kind, JobKind)
DECLARE_LOOKUP(job_result, JobResult)

typedef enum JobMode { JOB_REPLACE, JOB_FAIL, _JOB_MODE_MAX } JobMode;
DECLARE_LOOKUP(job_mode, JobMode)

struct Job {
        uint32_t id;
        char *path;
        char *unit;
        char *client; /* who asked for it: client_name(); NULL: nobody */
        JobKind kind;
        JobResult result;
        Manager *manager;
        Sandbox *sandbox; /* NULL once it is over */
        bool begun;
        Job *next; /* in the manager's list of jobs that are over */
};

/* Makes a job, or gives the pending one of the same kind. *ret stays the manager's. -EBUSY: another
 * one is pending and the mode is JOB_FAIL. -EDQUOT: too many. */
int job_request(Sandbox *sandbox, JobKind kind, JobMode mode, Job **ret);
/* Looks at the state of the sandbox: begins the job, ends it, or neither. */
void job_advance(Sandbox *sandbox);
void job_finish(Job *job, JobResult result);
Job *job_free(Job *job);
