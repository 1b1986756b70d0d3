/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/janitor.h"

#include "base/log.h"
#include "manager/helper-client.h"
#include "manager/manager.h"

#define SCOPE_PATTERN "sbx-*.scope"

struct JanitorJob {
        Manager *manager;
        JanitorJob *next;
        char *scope;
        ScopeJob *job;
};

static void janitor_job_free(JanitorJob *job) {
        for (JanitorJob **link = &job->manager->janitors; *link; link = &(*link)->next) {
                if (*link == job) {
                        *link = job->next;
                        break;
                }
        }
        scope_job_free(job->job);
        free(job->scope);
        free(job);
}

static void on_stopped(void *userdata, int result, const char *text) {
        JanitorJob *job = userdata;

        if (result < 0) {
                log_warning("Failed to stop the left-over scope %s: %s", job->scope,
                            text ? text : strerror(-result));
        }
        janitor_job_free(job);
}

static int stop_scope(Manager *manager, const char *scope) {
        JanitorJob *job = calloc(1, sizeof(*job));
        int r;

        if (!job) {
                return -ENOMEM;
        }
        job->manager = manager;
        job->next = manager->janitors;
        manager->janitors = job;
        job->scope = strdup(scope);
        r = job->scope ? scope_stop(manager->scopes, scope, on_stopped, job, &job->job) : -ENOMEM;
        if (r < 0) {
                janitor_job_free(job);
        }
        return r;
}

static bool scope_has_owner(const Manager *manager, const char *scope) {
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                const Sandbox *sandbox = manager->sandboxes[i];

                if (sandbox_is_live(sandbox) && streq(sandbox->scope_name, scope)) {
                        return true;
                }
        }
        return false;
}

static void on_listed(void *userdata, char *const *names) {
        Manager *manager = userdata;

        if (!names) {
                log_warning("systemd does not say which scopes there are; left-over ones stay.");
                return;
        }
        STRV_FOREACH (name, names) {
                int r;

                if (scope_has_owner(manager, *name)) {
                        continue;
                }
                log_notice("Stopping %s, whose sandbox is gone.", *name);
                r = stop_scope(manager, *name);
                if (r < 0) {
                        (void) log_warning_fault(r, "Failed to stop %s: %m", *name);
                }
        }
}

void janitor_run(Manager *manager) {
        int r;

        if (!manager->scopes || !manager->joined || !helper_client_is_ready(manager->helper)) {
                return;
        }
        r = scope_list(manager->scopes, SCOPE_PATTERN, on_listed, manager);
        if (r < 0) {
                (void) log_warning_fault(r, "Failed to ask systemd for its scopes: %m");
        }
}

void janitor_forget(Manager *manager) {
        while (manager->janitors) {
                janitor_job_free(manager->janitors);
        }
}
