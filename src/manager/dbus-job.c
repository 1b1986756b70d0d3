/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.sbx1.Job, and what the Manager says of jobs. Names, signatures and meanings are those of
 * org.freedesktop.systemd1(5). */

#include "bus/errors.h"
#include "manager/job.h"
#include "manager/manager.h"
#include "manager/objects.h"
#include "manager/peers.h"
#include "sbx/bus.h"

#define METHOD(name) static int name(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
#define GETTER(name)                                                                 \
        static int name(sd_bus *bus, const char *path, const char *interface,        \
                        const char *property, sd_bus_message *reply, void *userdata, \
                        sd_bus_error *reterr)

static const char *job_state(const Job *job) {
        return job->begun ? "running" : "waiting";
}

/* The object may be gone, the job names it all the same. */
static int job_unit_path(const Job *job, char **ret) {
        return sd_bus_path_encode(SBX_SANDBOX_PREFIX, job->unit, ret);
}

int bus_listen(sd_bus_message *message, const Sandbox *sandbox) {
        return peers_listen(sandbox->manager->peers, sd_bus_message_get_bus(message),
                            sandbox->name);
}

int bus_reply_job(sd_bus_message *message, Sandbox *sandbox, JobKind kind, JobMode mode,
                  sd_bus_error *reterr) {
        Job *job;
        int r;

        if (!sandbox->job) {
                r = clients_check(sandbox->manager, message, CLIENT_JOBS, reterr);
                if (r < 0) {
                        return r;
                }
        }
        r = bus_listen(message, sandbox);
        r = r < 0 ? r : job_request(sandbox, kind, mode, &job);
        if (r == -EBUSY) {
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_FAILED,
                                         "Another job of %s is pending.", sandbox->name);
        }
        if (r == 0 && !job->client) {
                job->client = strdup(client_name(message));
                r = job->client ? 0 : -ENOMEM;
        }
        return r < 0 ? r : sd_bus_reply_method_return(message, "o", job->path);
}

/* -- the object -- */

GETTER(get_unit) {
        _cleanup_free_ char *unit_path = NULL;
        const Job *job = userdata;
        int r;

        r = job_unit_path(job, &unit_path);
        return r < 0 ? r : sd_bus_message_append(reply, "(so)", job->unit, unit_path);
}

GETTER(get_type) {
        const Job *job = userdata;

        return sd_bus_message_append(reply, "s", job_kind_name(job->kind));
}

GETTER(get_state) {
        return sd_bus_message_append(reply, "s", job_state(userdata));
}

static int cancel(sd_bus_message *message, Job *job, sd_bus_error *reterr) {
        if (!job || !job->sandbox) {
                return sd_bus_error_set(reterr, SBX_ERROR_NO_SUCH_JOB, "There is no such job.");
        }
        job_finish(job, JOB_CANCELED);
        return sd_bus_reply_method_return(message, NULL);
}

METHOD(method_cancel) {
        int r = bus_authorise(message, reterr);

        return r < 0 ? r : cancel(message, userdata, reterr);
}

/* clang-format off */
const sd_bus_vtable bus_job_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "u", NULL, offsetof(Job, id), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Unit", "(so)", get_unit, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("JobType", "s", get_type, 0, 0),
        SD_BUS_PROPERTY("State", "s", get_state, 0, 0),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
/* clang-format on */

/* -- the manager -- */

static int read_id(sd_bus_message *message, Manager *manager, Job **ret) {
        uint32_t id;
        int r;

        r = sd_bus_message_read(message, "u", &id);
        if (r < 0) {
                return r;
        }
        *ret = manager_find_job(manager, id);
        return 0;
}

METHOD(method_get_job) {
        Job *job;
        int r;

        r = read_id(message, userdata, &job);
        if (r < 0) {
                return r;
        }
        return job ? sd_bus_reply_method_return(message, "o", job->path)
                   : sd_bus_error_set(reterr, SBX_ERROR_NO_SUCH_JOB, "There is no such job.");
}

METHOD(method_cancel_job) {
        Job *job;
        int r;

        r = bus_authorise(message, reterr);
        if (r == 0) {
                r = read_id(message, userdata, &job);
        }
        return r < 0 ? r : cancel(message, job, reterr);
}

static int append_job(sd_bus_message *reply, const Job *job) {
        _cleanup_free_ char *unit_path = NULL;
        int r;

        r = job_unit_path(job, &unit_path);
        return r < 0 ? r
                     : sd_bus_message_append(reply, "(usssoo)", job->id, job->unit,
                                             job_kind_name(job->kind), job_state(job), job->path,
                                             unit_path);
}

METHOD(method_list_jobs) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Manager *manager = userdata;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0) {
                r = sd_bus_message_open_container(reply, 'a', "(usssoo)");
        }
        for (size_t i = 0; i < manager->n_sandboxes && r >= 0; i++) {
                if (manager->sandboxes[i]->job) {
                        r = append_job(reply, manager->sandboxes[i]->job);
                }
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* clang-format off */
const sd_bus_vtable bus_manager_job_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("GetJob", SD_BUS_ARGS("u", id), SD_BUS_RESULT("o", job), method_get_job,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CancelJob", SD_BUS_ARGS("u", id), SD_BUS_NO_RESULT, method_cancel_job,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListJobs", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(usssoo)", jobs),
                                method_list_jobs, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
