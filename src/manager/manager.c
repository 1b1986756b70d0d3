/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/manager.h"

#include "base/fd.h"
#include "base/log.h"
#include "manager/adopt.h"
#include "manager/helper-client.h"
#include "manager/janitor.h"
#include "manager/launcher.h"
#include "manager/notify.h"
#include "manager/peers.h"
#include "manager/privileges.h"
#include "manager/spawner.h"
#include "wire/control.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

void manager_options_done(ManagerOptions *options) {
        free(options->runtime_directory);
        free(options->helper);
        free(options->helper_socket);
        free(options->relay);
        free(options->bus_address);
        free(options->unit_path);
        free(options->layer_path);
        *options = (ManagerOptions){};
}

/* -- registry
 * ---------------------------------------------------------------------------------------- */

Sandbox *manager_find(Manager *manager, const char *name) {
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                if (streq(manager->sandboxes[i]->name, name)) {
                        return manager->sandboxes[i];
                }
        }
        return NULL;
}

Sandbox *manager_find_run(Manager *manager, const SandboxId *id) {
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                if (sandbox_has_run(manager->sandboxes[i], id)) {
                        return manager->sandboxes[i];
                }
        }
        return NULL;
}

Sandbox *manager_find_path(Manager *manager, const char *object_path) {
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                if (streq(manager->sandboxes[i]->object_path, object_path)) {
                        return manager->sandboxes[i];
                }
        }
        return NULL;
}

static void manager_drop(Manager *manager, size_t index) {
        Sandbox *sandbox = manager->sandboxes[index];

        notify_sandbox_removed(sandbox);
        manager->n_sandboxes--;
        memmove(manager->sandboxes + index, manager->sandboxes + index + 1,
                (manager->n_sandboxes - index) * sizeof(*manager->sandboxes));
        (void) state_file_remove(manager->state_fd, sandbox->name);
        sandbox_free(sandbox);
}

/* Anybody may have units loaded, and a template has no end of names: what only lies there goes
 * first. */
static bool manager_make_room(Manager *manager) {
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                const Sandbox *sandbox = manager->sandboxes[i];

                if (sandbox->state == SANDBOX_INACTIVE && !sandbox->transient && !sandbox->job) {
                        manager_drop(manager, i);
                        return true;
                }
        }
        return false;
}

int manager_add(Manager *manager, const char *name, Sandbox **ret) {
        Sandbox *sandbox, **grown;
        int r;

        if (manager->n_sandboxes >= MANAGER_SANDBOXES_MAX && !manager_make_room(manager)) {
                return -EDQUOT;
        }
        r = sandbox_new(manager, name, &sandbox);
        if (r < 0) {
                return r;
        }
        grown = reallocarray(manager->sandboxes, manager->n_sandboxes + 1, sizeof(*grown));
        if (!grown) {
                sandbox_free(sandbox);
                return -ENOMEM;
        }
        manager->sandboxes = grown;
        grown[manager->n_sandboxes++] = sandbox;
        notify_sandbox_new(sandbox);
        *ret = sandbox;
        return 0;
}

/* Takes unit and diags. The last good definition stays where the new one is none and it runs. */
static void sandbox_define(Sandbox *sandbox, int outcome, Unit *unit, DiagList *diags) {
        diag_list_done(&sandbox->diags);
        sandbox->diags = *diags;
        *diags = (DiagList){};
        sandbox->load_state = outcome == UNIT_E_MASKED      ? LOAD_MASKED
                              : outcome == UNIT_E_NOT_FOUND ? LOAD_NOT_FOUND
                              : outcome != 0                ? LOAD_BAD_SETTING
                                                            : LOAD_LOADED;
        if (outcome != 0 && sandbox->unit && sandbox_is_live(sandbox)) {
                /* the files as they are have been read: reading them again would change nothing */
                sandbox->unit->stamp = unit ? unit->stamp : sandbox->unit->stamp;
                unit_free(unit);
                return;
        }
        unit_free(sandbox->unit);
        sandbox->unit = unit;
        sandbox->prepared = prepared_plan_unref(sandbox->prepared);
}

int manager_load(Manager *manager, const char *name, Sandbox **ret) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        Sandbox *sandbox;
        const char *real;
        int outcome, r;

        sandbox = manager_find(manager, name);
        if (sandbox && sandbox->load_state == LOAD_LOADED) {
                *ret = sandbox;
                return 0;
        }
        outcome = unit_load(&manager->search, name, &diags, &unit);
        if (outcome < 0 || outcome == UNIT_E_BAD_NAME) {
                return outcome;
        }
        if (outcome == UNIT_E_NOT_FOUND) {
                *ret = sandbox; /* it may still run, or have failed */
                return sandbox ? 0 : outcome;
        }
        real = unit ? unit->name : name; /* an alias is the unit that it stands for */
        sandbox = manager_find(manager, real);
        if (sandbox && sandbox->load_state == LOAD_LOADED) {
                *ret = sandbox;
                return 0;
        }
        r = sandbox ? 0 : manager_add(manager, real, &sandbox);
        if (r < 0) {
                return r;
        }
        sandbox_define(sandbox, outcome, TAKE(unit), &diags);
        *ret = sandbox;
        return outcome;
}

int manager_reload(Manager *manager) {
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                Sandbox *sandbox = manager->sandboxes[i];
                _cleanup_(diag_list_done) DiagList diags = {};
                _cleanup_(unit_freep) Unit *unit = NULL;
                int r;

                if (sandbox->transient) {
                        continue;
                }
                r = unit_load(&manager->search, sandbox->name, &diags, &unit);
                if (r < 0) {
                        return r;
                }
                sandbox_define(sandbox, r, TAKE(unit), &diags);
                manager_sandbox_changed(sandbox);
        }
        manager_housekeep(manager);
        return 0;
}

/* -- jobs and housekeeping
 * --------------------------------------------------------------------------- */

Job *manager_find_job(const Manager *manager, uint32_t id) {
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                Job *job = manager->sandboxes[i]->job;

                if (job && job->id == id) {
                        return job;
                }
        }
        for (Job *job = manager->jobs_over; job; job = job->next) {
                if (job->id == id) {
                        return job;
                }
        }
        return NULL;
}

size_t manager_count_jobs(const Manager *manager) {
        size_t n = 0;

        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                n += manager->sandboxes[i]->job ? 1 : 0;
        }
        return n;
}

void manager_job_new(Job *job) {
        notify_job_new(job);
}

void manager_job_over(Job *job) {
        Manager *manager = job->manager;

        *manager->jobs_over_tail = job;
        manager->jobs_over_tail = &job->next;
        manager_housekeep(manager);
}

void manager_housekeep(Manager *manager) {
        if (manager->housekeeper) {
                (void) sd_event_source_set_enabled(manager->housekeeper, SD_EVENT_ONESHOT);
        }
}

void manager_sandbox_changed(Sandbox *sandbox) {
        sandbox->changed = true;
        manager_housekeep(sandbox->manager);
}

static void tell_changes(Manager *manager) {
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                if (manager->sandboxes[i]->changed) {
                        manager->sandboxes[i]->changed = false;
                        notify_sandbox_changed(manager->sandboxes[i]);
                }
        }
}

static bool sandbox_is_needed(const Sandbox *sandbox) {
        if (sandbox->job || !state_is_resting(sandbox->state)) {
                return true;
        }
        if (sandbox->transient) {
                if (sandbox->released) {
                        return false;
                }
                /* a failed one stays until somebody has looked at it */
                return sandbox->owner_bus || sandbox->owner_track ||
                       sandbox->state == SANDBOX_FAILED;
        }
        return sandbox->load_state != LOAD_NOT_FOUND || sandbox->state == SANDBOX_FAILED;
}

static int on_housekeep(sd_event_source *source, void *userdata) {
        Manager *manager = userdata;

        tell_changes(manager); /* who waits for the job then knows already how it ended */
        while (manager->jobs_over) {
                Job *job = manager->jobs_over;

                notify_job_removed(manager, job); /* it must still be found */
                manager->jobs_over = job->next;
                if (!manager->jobs_over) {
                        manager->jobs_over_tail = &manager->jobs_over;
                }
                job_free(job);
        }
        for (size_t i = manager->n_sandboxes; i > 0; i--) {
                if (!sandbox_is_needed(manager->sandboxes[i - 1])) {
                        manager_drop(manager, i - 1);
                }
        }
        peers_prune(manager->peers);
        return 0;
}

/* -- what connects
 * ----------------------------------------------------------------------------------- */

void manager_helper_ready(Manager *manager) {
        int r;

        helper_client_set_ready(manager->helper);
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                Sandbox *sandbox = manager->sandboxes[i];

                if (sandbox->state == SANDBOX_SPAWNING && !sandbox->run.sent) {
                        launcher_send_start(sandbox);
                }
        }
        if (!manager->joined) {
                manager->joined = true;
                r = peers_open(manager->peers);
                if (r < 0) {
                        (void) log_fault(r, "Failed to listen on the private socket: %m");
                        (void) sd_event_exit(manager->event, r);
                        return;
                }
        }
        janitor_run(manager);
        manager_check_ready(manager);
}

void manager_bus_changed(Manager *manager, sd_bus *bus) {
        int r;

        manager->scopes = scope_client_free(manager->scopes);
        if (bus && manager->backend == BACKEND_SCOPE) {
                r = scope_client_new(bus, manager->options.scope_timeout_usec, &manager->scopes);
                if (r < 0) {
                        (void) log_fault(r, "Failed to talk to systemd: %m");
                }
        }
        janitor_run(manager);
        manager_check_ready(manager);
}

void manager_check_ready(Manager *manager) {
        if (manager->ready || !manager->joined ||
            (manager->backend == BACKEND_SCOPE && !peers_has_name(manager->peers))) {
                return;
        }
        manager->ready = true;
        log_info("sbxd is ready (back end: %s).", backend_name(manager->backend));
        (void) sd_notifyf(0, "READY=1\nSTATUS=Back end: %s", backend_name(manager->backend));
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Manager *manager = userdata;

        (void) sd_notify(0, "STOPPING=1");
        return sd_event_exit(manager->event, 0);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        int r = manager_reload(userdata);

        if (r < 0) {
                (void) log_fault(r, "Failed to reload the units: %m");
        }
        return 0;
}

/* -- lifecycle
 * --------------------------------------------------------------------------------------- */

static int split_path(const char *text, char ***ret) {
        const char *next = text;
        int r;

        while (*next != '\0') {
                size_t n = strcspn(next, ":");

                if (n > 0) {
                        r = strv_append_take(ret, strndup(next, n));
                        if (r < 0) {
                                return r;
                        }
                }
                next += n + (next[n] == ':' ? 1 : 0);
        }
        return 0;
}

static int manager_set_search(Manager *manager) {
        UnitSearch *search = &manager->search;
        int r;

        r = unit_search_system(search);
        if (r == 0 && manager->options.unit_path) {
                search->directories = strv_free(search->directories);
                r = split_path(manager->options.unit_path, &search->directories);
                r = r < 0 ? r : unit_search_add_control(search, manager->options.runtime_directory);
        }
        if (r == 0 && manager->options.layer_path) {
                search->layer_directories = strv_free(search->layer_directories);
                r = split_path(manager->options.layer_path, &search->layer_directories);
        }
        search->check_owner = true;
        return r;
}

static int make_directory(int dirfd, const char *name, mode_t mode) {
        int fd;

        if (mkdirat(dirfd, name, mode) < 0 && errno != EEXIST) {
                return negative_errno();
        }
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? negative_errno() : fd;
}

static int manager_open_directories(Manager *manager) {
        _cleanup_fd_ int helper = -EBADF;
        int r;

        manager->runtime_fd = make_directory(AT_FDCWD, manager->options.runtime_directory, 0755);
        if (manager->runtime_fd < 0) {
                r = manager->runtime_fd;
                return log_fault(r, "Failed to make %s: %m", manager->options.runtime_directory);
        }
        /* the kernel drops the lock with the last descriptor: two managers would fight for the
         * helper */
        if (flock(manager->runtime_fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno == EWOULDBLOCK) {
                        return log_fault(errno, "Another sbxd works in %s already; stop it first.",
                                         manager->options.runtime_directory);
                }
                return log_fault(errno, "Failed to lock %s: %m",
                                 manager->options.runtime_directory);
        }
        manager->state_fd = make_directory(manager->runtime_fd, "state", 0700);
        if (manager->state_fd < 0) {
                r = manager->state_fd;
                return log_fault(r, "Failed to make %s/state: %m",
                                 manager->options.runtime_directory);
        }
        helper = make_directory(manager->runtime_fd, "helper", 0700);
        if (helper < 0) {
                return log_fault(helper, "Failed to make %s/helper: %m",
                                 manager->options.runtime_directory);
        }
        return 0;
}

/* Of the default profile, now: the first start need not wait for it. */
static int manager_compile_filters(Manager *manager) {
        const OpBlob *arguments, *calls;
        int r;

        r = filter_cache_new(&manager->filters);
        if (r == 0) {
                r = filter_cache_get(manager->filters, manager->defaults, &arguments, &calls);
        }
        return r < 0 ? log_fault(r, "Failed to compile the system call filters: %m") : 0;
}

static int manager_probe(Manager *manager) {
        int r;

        r = host_facts_probe(&manager->host);
        if (r < 0) {
                return log_fault(r, "Failed to look at the host: %m");
        }
        if (manager->options.backend >= 0) {
                manager->backend = (Backend) manager->options.backend;
        } else {
                manager->backend = manager->host.systemd_booted ? BACKEND_SCOPE : BACKEND_DIRECT;
        }
        host_facts_set_scopes(&manager->host, manager->backend == BACKEND_SCOPE);
        r = spec_new(&manager->defaults);
        return r < 0 ? r : manager_compile_filters(manager);
}

static int manager_add_sources(Manager *manager) {
        sigset_t mask;
        int r;

        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigaddset(&mask, SIGINT);
        (void) sigaddset(&mask, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0) {
                return negative_errno();
        }
        r = sd_event_default(&manager->event);
        if (r >= 0) {
                r = sd_event_add_signal(manager->event, NULL, SIGTERM, on_signal, manager);
        }
        if (r >= 0) {
                r = sd_event_add_signal(manager->event, NULL, SIGINT, on_signal, manager);
        }
        if (r >= 0) {
                r = sd_event_add_signal(manager->event, NULL, SIGHUP, on_hangup, manager);
        }
        if (r >= 0) {
                r = sd_event_add_defer(manager->event, &manager->housekeeper, on_housekeep,
                                       manager);
        }
        if (r >= 0) {
                r = sd_event_source_set_enabled(manager->housekeeper, SD_EVENT_OFF);
        }
        return r < 0 ? r : sd_event_set_watchdog(manager->event, true);
}

/* Where systemd listens for the helper there is nothing to spawn. */
static int manager_make_spawner(Manager *manager, const char *socket_path) {
        SpawnerInput input = {
                .socket_path = socket_path,
                .helper = manager->options.helper,
                .relay = manager->options.relay,
                .runtime_directory = manager->options.runtime_directory,
        };

        if ((manager->host.systemd_booted && manager->backend == BACKEND_SCOPE) ||
            manager->options.helper_socket) {
                return 0;
        }
        return spawner_new(&input, &manager->spawner);
}

static int manager_start(Manager *manager) {
        _cleanup_free_ char *socket_path =
                manager->options.helper_socket
                        ? strdup(manager->options.helper_socket)
                        : strf("%s/helper/socket", manager->options.runtime_directory);
        int r;

        if (!socket_path) {
                return -ENOMEM;
        }
        r = manager_set_search(manager);
        if (r < 0) {
                return log_fault(r, "Failed to set the search path: %m");
        }
        r = manager_open_directories(manager);
        if (r < 0) {
                return r;
        }
        r = manager_probe(manager);
        if (r < 0) {
                return r;
        }
        r = manager_make_spawner(manager, socket_path);
        if (r < 0) {
                return log_fault(r, "Failed to prepare for starting sbx-helper: %m");
        }
        r = privileges_drop();
        if (r < 0) {
                return log_fault(r, "Failed to drop privileges: %m");
        }
        r = manager_add_sources(manager);
        if (r >= 0) {
                r = peers_new(manager, &manager->peers);
        }
        if (r >= 0) {
                r = helper_client_new(manager, socket_path, &manager->helper);
        }
        return r < 0 ? log_fault(r, "Failed to set up the event loop: %m") : 0;
}

int manager_new(ManagerOptions *options, Manager **ret) {
        _cleanup_(manager_freep) Manager *manager = NULL;
        int r;

        assert(options && options->runtime_directory && options->helper);
        assert(ret);

        manager = calloc(1, sizeof(*manager));
        if (!manager) {
                return -ENOMEM;
        }
        manager->runtime_fd = manager->state_fd = -EBADF;
        manager->jobs_over_tail = &manager->jobs_over;
        manager->options = *options;
        *options = (ManagerOptions){};
        r = manager_start(manager);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(manager);
        return 0;
}

int manager_run(Manager *manager) {
        int r;

        assert(manager);

        r = adopt_load(manager);
        if (r < 0) {
                return log_fault(r, "Failed to read the state of a former sbxd: %m");
        }
        peers_connect(manager->peers);
        helper_client_connect(manager->helper);
        return sd_event_loop(manager->event);
}

Manager *manager_free(Manager *manager) {
        if (!manager) {
                return NULL;
        }
        /* Sandboxes live on: nothing is stopped, and what is cut off here says nothing to anybody.
         */
        manager->housekeeper = sd_event_source_disable_unref(manager->housekeeper);
        manager->helper = helper_client_free(manager->helper);
        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                sandbox_free(manager->sandboxes[i]);
        }
        free(manager->sandboxes);
        while (manager->jobs_over) {
                Job *job = manager->jobs_over;

                manager->jobs_over = job->next;
                job_free(job);
        }
        janitor_forget(manager);
        manager->scopes = scope_client_free(manager->scopes);
        manager->peers = peers_free(manager->peers);
        spawner_free(manager->spawner);
        sd_event_unref(manager->event);
        fd_close(manager->state_fd);
        fd_close(manager->runtime_fd);
        unit_search_done(&manager->search);
        spec_free(manager->defaults);
        filter_cache_free(manager->filters);
        manager_options_done(&manager->options);
        free(manager);
        return NULL;
}
