/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* sbxd: the registry of sandboxes and everything that lives as long as the program. */

#include "base/host.h"
#include "manager/clients.h"
#include "manager/job.h"
#include "manager/sandbox.h"

#include <systemd/sd-bus.h>

#define MANAGER_SANDBOXES_MAX 4096u
#define MANAGER_JOBS_MAX 4096u
#define MANAGER_RUNTIME_DIRECTORY "/run/sbx"

typedef struct HelperClient HelperClient;
typedef struct Peers Peers;
typedef struct Spawner Spawner;

typedef struct ManagerOptions {
        char *runtime_directory;
        char *helper;        /* the program, for hosts without systemd */
        char *helper_socket; /* NULL: below the runtime directory */
        char *relay;         /* passed to the helper; NULL: its own default */
        char *bus_address;   /* NULL: the system bus */
        char *unit_path;     /* ':'-separated; NULL: the system's */
        char *layer_path;
        int backend; /* Backend, or -1: by what PID 1 is */
        usec_t scope_timeout_usec;
        ClientLimits client_limits;
} ManagerOptions;

typedef struct JanitorJob JanitorJob;

struct Manager {
        ManagerOptions options;
        sd_event *event;
        sd_event_source *housekeeper;
        HostFacts host;
        Backend backend;
        UnitSearch search;
        Spec *defaults;
        FilterCache *filters;
        int runtime_fd, state_fd;

        Sandbox **sandboxes;
        size_t n_sandboxes;
        Job *jobs_over, **jobs_over_tail;
        uint32_t last_job;
        uint32_t last_exec;

        Spawner *spawner; /* NULL where systemd starts the helper */
        HelperClient *helper;
        Peers *peers;
        ScopeClient *scopes; /* NULL: not connected, or the direct back end */
        JanitorJob *janitors;
        bool joined; /* the helper's first LIST has been answered */
        bool ready;  /* sd_notify(READY=1) was sent */
};

/* lifecycle; options are taken */
int manager_new(ManagerOptions *options, Manager **ret);
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager *, manager_free)
/* Connects to everything; runs until SIGTERM or SIGINT. */
int manager_run(Manager *manager);
void manager_options_done(ManagerOptions *options);

/* registry */
Sandbox *manager_find(Manager *manager, const char *name);
Sandbox *manager_find_run(Manager *manager, const SandboxId *id);
Sandbox *manager_find_path(Manager *manager, const char *object_path);
/* Makes an empty object and tells of it. -EDQUOT: too many. */
int manager_add(Manager *manager, const char *name, Sandbox **ret);
/* The object of a name, loaded from its file where it was not known. Positive: the outcome of
 * unit_load(), with *ret set for UNIT_E_MASKED and UNIT_E_INVALID. */
int manager_load(Manager *manager, const char *name, Sandbox **ret);
/* Reads the definitions of all units again; what runs goes on as it was started. */
int manager_reload(Manager *manager);

/* jobs */
/* One whose end is not told of yet counts. */
Job *manager_find_job(const Manager *manager, uint32_t id);
size_t manager_count_jobs(const Manager *manager);
void manager_job_new(Job *job);
void manager_job_over(Job *job); /* takes it */

/* What has to wait until the event at hand is dealt with: tells of jobs that are over, drops
 * objects that nobody needs. */
void manager_housekeep(Manager *manager);
/* Told with the housekeeping: what the event at hand has to do for the sandbox comes first, and it
 * is told once, however many states it went through. */
void manager_sandbox_changed(Sandbox *sandbox);

/* The helper answers and is in agreement with the registry: starts that waited go on. */
void manager_helper_ready(Manager *manager);
/* The system bus is there, or is gone (bus NULL). */
void manager_bus_changed(Manager *manager, sd_bus *bus);
void manager_check_ready(Manager *manager);
