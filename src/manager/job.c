/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/job.h"

#include "manager/manager.h"
#include "sbx/bus.h"

static const char *const kind_names[_JOB_KIND_MAX] = {
        [JOB_START] = "start",
        [JOB_STOP] = "stop",
        [JOB_RESTART] = "restart",
};
DEFINE_LOOKUP(job_kind, JobKind, kind_names)

static const char *const result_names[_JOB_RESULT_MAX] = {
        [JOB_DONE] = "done",
        [JOB_FAILED] = "failed",
        [JOB_CANCELED] = "canceled",
};
DEFINE_LOOKUP(job_result, JobResult, result_names)

static const char *const mode_names[_JOB_MODE_MAX] = {
        [JOB_REPLACE] = "replace",
        [JOB_FAIL] = "fail",
};
DEFINE_LOOKUP(job_mode, JobMode, mode_names)

Job *job_free(Job *job) {
        if (!job) {
                return NULL;
        }
        free(job->path);
        free(job->unit);
        free(job->client);
        free(job);
        return NULL;
}
DEFINE_CLEANUP(Job *, job_free)

void job_finish(Job *job, JobResult result) {
        assert(job && job->sandbox);

        job->result = result;
        job->sandbox->job = NULL;
        job->sandbox = NULL;
        job->next = NULL;
        manager_job_over(job);
}

static int job_new(Sandbox *sandbox, JobKind kind, Job **ret) {
        _cleanup_(job_freep) Job *job = NULL;
        Manager *manager = sandbox->manager;

        if (manager_count_jobs(manager) >= MANAGER_JOBS_MAX) {
                return -EDQUOT;
        }
        job = calloc(1, sizeof(*job));
        if (!job) {
                return -ENOMEM;
        }
        job->id = ++manager->last_job;
        job->kind = kind;
        job->manager = manager;
        job->sandbox = sandbox;
        job->unit = strdup(sandbox->name);
        job->path = strf(SBX_JOB_PREFIX "/%u", job->id);
        if (!job->unit || !job->path) {
                return -ENOMEM;
        }
        *ret = TAKE(job);
        return 0;
}

int job_request(Sandbox *sandbox, JobKind kind, JobMode mode, Job **ret) {
        Job *job, *old;
        int r;

        assert(sandbox);
        assert(ret);

        old = sandbox->job;
        if (old && (old->kind == kind || (old->kind == JOB_RESTART && kind == JOB_START))) {
                *ret = old;
                return 0;
        }
        if (old && mode == JOB_FAIL) {
                return -EBUSY;
        }
        r = job_new(sandbox, kind, &job);
        if (r < 0) {
                return r;
        }
        if (old) {
                job_finish(old, JOB_CANCELED);
        }
        sandbox->job = job;
        manager_job_new(job);
        *ret = job; /* a job that ends at once lives until the manager has told of it */
        job_advance(sandbox);
        return 0;
}

static void advance_start(Job *job, Sandbox *sandbox) {
        if (sandbox_is_up(sandbox)) {
                job_finish(job, JOB_DONE);
        } else if (!job->begun) {
                if (!state_is_stopping(sandbox->state)) {
                        job->begun = true;
                        sandbox->n_restarts = 0;
                        sandbox_handle(sandbox, SANDBOX_ON_START);
                }
        } else if (state_is_resting(sandbox->state)) {
                /* a oneshot that is over has done what it was started for */
                job_finish(job, sandbox->result == RESULT_SUCCESS && sandbox->run.collected
                                        ? JOB_DONE
                                        : JOB_FAILED);
        } else if (sandbox->state == SANDBOX_RESTARTING) {
                job_finish(job, JOB_FAILED);
        }
}

static void advance_stop(Job *job, Sandbox *sandbox) {
        if (state_is_resting(sandbox->state)) {
                job_finish(job, JOB_DONE);
        } else if (!job->begun) {
                job->begun = true;
                sandbox->stop_requested = true; /* also where the event itself is ignored */
                sandbox_handle(sandbox, SANDBOX_ON_STOP);
        }
}

void job_advance(Sandbox *sandbox) {
        Job *job;

        assert(sandbox);

        job = sandbox->job;
        if (!job || sandbox->handling) {
                return;
        }
        if (job->kind == JOB_RESTART && state_is_resting(sandbox->state)) {
                job->kind = JOB_START;
                job->begun = false;
        }
        if (job->kind == JOB_START) {
                advance_start(job, sandbox);
        } else {
                advance_stop(job, sandbox);
        }
}
