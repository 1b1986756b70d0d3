/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/scope.h"

#include "base/str.h"
#include "bus/setting.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"
#define SYSTEMD_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"

typedef enum JobStage {
        JOB_STARTING, /* StartTransientUnit, then its job */
        JOB_CLEARING, /* StopUnit of the stale unit that stood in the way */
        JOB_STOPPING, /* StopUnit for its own sake */
        JOB_SETTING,  /* SetUnitProperties, which makes no job */
} JobStage;

struct ScopeJob {
        ScopeClient *client;
        ScopeJob *next;
        JobStage stage;
        bool retried;
        bool no_oom_policy; /* this systemd, before 253, has none for scopes */
        bool survives_oom;
        bool over;
        ScopeDone done;
        void *userdata;
        sd_bus_slot *slot;
        sd_event_source *timer;
        char *path; /* of systemd's job; NULL until the reply is there */

        /* JobRemoved can overtake the reply of the call that made the job */
        char *early_path;
        char *early_result;

        char *name;
        pid_t *pids;
        size_t n_pids;
        ScopeSetting *settings;
        size_t n_settings;
};

typedef struct Listing {
        ScopeListed listed;
        void *userdata;
} Listing;

struct ScopeClient {
        sd_bus *bus;
        usec_t job_timeout_usec;
        sd_bus_slot *match;
        sd_bus_slot *subscribe;
        sd_bus_slot *list;
        Listing listing;
        ScopeJob *jobs;
};

static int job_call(ScopeJob *job);

/* -- jobs -- */

static void job_forget_call(ScopeJob *job) {
        job->slot = sd_bus_slot_unref(job->slot);
        free(job->path);
        free(job->early_path);
        free(job->early_result);
        job->path = job->early_path = job->early_result = NULL;
}

static void job_unlink(ScopeJob *job) {
        for (ScopeJob **link = &job->client->jobs; *link; link = &(*link)->next) {
                if (*link == job) {
                        *link = job->next;
                        return;
                }
        }
}

ScopeJob *scope_job_free(ScopeJob *job) {
        if (!job) {
                return NULL;
        }
        if (!job->over) {
                job_unlink(job);
        }
        job_forget_call(job);
        sd_event_source_disable_unref(job->timer);
        for (size_t i = 0; i < job->n_settings; i++) {
                free((char *) job->settings[i].name);
                free((char *) job->settings[i].text);
                value_list_done(&job->settings[i].list);
        }
        free(job->settings);
        free(job->pids);
        free(job->name);
        free(job);
        return NULL;
}
DEFINE_CLEANUP(ScopeJob *, scope_job_free)

/* The callback may free the job: nothing of it is touched afterwards. */
static void job_complete(ScopeJob *job, int result, const char *text) {
        job_unlink(job);
        job->over = true;
        job_forget_call(job);
        job->timer = sd_event_source_disable_unref(job->timer);
        job->done(job->userdata, result, text);
}

static int job_result_fault(const char *result) {
        static const struct {
                const char *result;
                int fault;
        } table[] = {{"done", 0},
                     {"skipped", 0},
                     {"canceled", -ECANCELED},
                     {"timeout", -ETIMEDOUT},
                     {"dependency", -EHOSTUNREACH}};

        for (size_t i = 0; i < ELEMENTS(table); i++) {
                if (streq(table[i].result, result)) {
                        return table[i].fault;
                }
        }
        return -EPROTO;
}

static void job_call_again(ScopeJob *job, JobStage stage) {
        int r;

        job_forget_call(job);
        job->stage = stage;
        r = job_call(job);
        if (r < 0) {
                job_complete(job, r, "Failed to ask systemd again.");
        }
}

static void job_removed(ScopeJob *job, const char *result) {
        _cleanup_free_ char *text = NULL;
        int fault = job_result_fault(result);

        if (job->stage == JOB_CLEARING && fault == 0) {
                job_call_again(job, JOB_STARTING);
                return;
        }
        if (fault < 0) {
                text = strf("systemd's job for %s ended with \"%s\".", job->name, result);
        }
        job_complete(job, fault, text);
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        ScopeClient *client = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0) {
                return 0; /* a signal that is not as it should be is no signal */
        }
        for (ScopeJob *job = client->jobs; job; job = job->next) {
                if (job->path && streq(job->path, path)) {
                        job_removed(job, result);
                        return 0;
                }
                if (!job->path && streq(job->name, unit)) {
                        free(job->early_path);
                        free(job->early_result);
                        job->early_path = strdup(path);
                        job->early_result = strdup(result);
                }
        }
        return 0;
}

/* True where the error was an answer of its own and is dealt with. */
static bool job_error_handled(ScopeJob *job, const sd_bus_error *error) {
        if (job->stage == JOB_STARTING && !job->retried &&
            sd_bus_error_has_name(error, SYSTEMD_UNIT_EXISTS)) {
                job->retried = true;
                job_call_again(job, JOB_CLEARING);
                return true;
        }
        if (job->stage == JOB_STARTING && !job->no_oom_policy &&
            sd_bus_error_has_name(error, SD_BUS_ERROR_PROPERTY_READ_ONLY)) {
                job->no_oom_policy = true;
                job_call_again(job, JOB_STARTING);
                return true;
        }
        if ((job->stage == JOB_CLEARING || job->stage == JOB_STOPPING) &&
            sd_bus_error_has_name(error, SYSTEMD_NO_SUCH_UNIT)) {
                if (job->stage == JOB_CLEARING) {
                        job_call_again(job, JOB_STARTING);
                } else {
                        job_complete(job, 0, NULL);
                }
                return true;
        }
        return false;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        ScopeJob *job = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        const char *path;
        int r;

        job->slot = sd_bus_slot_unref(job->slot);
        if (error) {
                if (!job_error_handled(job, error)) {
                        r = sd_bus_error_get_errno(error);
                        job_complete(job, r > 0 ? -r : -EIO, error->message);
                }
                return 0;
        }
        if (job->stage == JOB_SETTING) {
                job_complete(job, 0, NULL);
                return 0;
        }
        r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0) {
                job->path = strdup(path);
                r = job->path ? 0 : -ENOMEM;
        }
        if (r < 0) {
                job_complete(job, r, "systemd gave an answer that could not be read.");
                return 0;
        }
        if (job->early_path && job->early_result && streq(job->early_path, job->path)) {
                _cleanup_free_ char *result = TAKE(job->early_result);

                job_removed(job, result);
        }
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        ScopeJob *job = userdata;
        _cleanup_free_ char *text =
                strf("systemd did not say in time what became of its job for %s.", job->name);

        job_complete(job, -ETIMEDOUT, text);
        return 0;
}

/* -- calls -- */

static int append_pids(sd_bus_message *message, const ScopeJob *job) {
        int r;

        r = sd_bus_message_open_container(message, 'r', "sv");
        if (r >= 0) {
                r = sd_bus_message_append(message, "s", "PIDs");
        }
        if (r >= 0) {
                r = sd_bus_message_open_container(message, 'v', "au");
        }
        if (r >= 0) {
                r = sd_bus_message_open_container(message, 'a', "u");
        }
        for (size_t i = 0; i < job->n_pids && r >= 0; i++) {
                r = sd_bus_message_append(message, "u", (uint32_t) job->pids[i]);
        }
        for (unsigned depth = 0; depth < 3 && r >= 0; depth++) {
                r = sd_bus_message_close_container(message);
        }
        return r;
}

static bool has_setting(const ScopeJob *job, const char *name) {
        for (size_t i = 0; i < job->n_settings; i++) {
                if (streq(job->settings[i].name, name)) {
                        return true;
                }
        }
        return false;
}

static int append_start(sd_bus_message *message, const ScopeJob *job) {
        bool uncounted = job->no_oom_policy && job->survives_oom;
        int r;

        r = sd_bus_message_append(message, "ss", job->name, "fail");
        if (r >= 0) {
                r = sd_bus_message_open_container(message, 'a', "(sv)");
        }
        if (r >= 0 && !job->no_oom_policy) {
                /* OOMPolicy= is carried out by us, with KillSignal= and what else the unit says */
                r = sd_bus_message_append(message, "(sv)", "OOMPolicy", "s", "continue");
        }
        if (r >= 0 && !has_setting(job, "CollectMode")) {
                /* else a failed scope stays loaded and the next start finds its name taken */
                r = sd_bus_message_append(message, "(sv)", "CollectMode", "s",
                                          "inactive-or-failed");
        }
        if (r >= 0 && uncounted) {
                /* it stops every scope in which memory runs out, if it counts its memory */
                r = sd_bus_message_append(message, "(sv)", "MemoryAccounting", "b", 0);
        }
        for (size_t i = 0; i < job->n_settings && r >= 0; i++) {
                if (!uncounted || !streq(job->settings[i].name, "MemoryAccounting")) {
                        r = setting_append(message, &job->settings[i]);
                }
        }
        if (r >= 0) {
                r = append_pids(message, job);
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(message);
        }
        return r >= 0 ? sd_bus_message_append(message, "a(sa(sv))", 0) : r;
}

static int append_stop(sd_bus_message *message, const ScopeJob *job) {
        return sd_bus_message_append(message, "ss", job->name, "replace");
}

static int append_set(sd_bus_message *message, const ScopeJob *job) {
        int r;

        r = sd_bus_message_append(message, "sb", job->name, /* runtime= */ 1);
        if (r >= 0) {
                r = sd_bus_message_open_container(message, 'a', "(sv)");
        }
        for (size_t i = 0; i < job->n_settings && r >= 0; i++) {
                r = setting_append(message, &job->settings[i]);
        }
        return r >= 0 ? sd_bus_message_close_container(message) : r;
}

static int job_call(ScopeJob *job) {
        static const struct {
                const char *method;
                int (*append)(sd_bus_message *message, const ScopeJob *job);
        } calls[] = {
                [JOB_STARTING] = {"StartTransientUnit", append_start},
                [JOB_CLEARING] = {"StopUnit", append_stop},
                [JOB_STOPPING] = {"StopUnit", append_stop},
                [JOB_SETTING] = {"SetUnitProperties", append_set},
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        ScopeClient *client = job->client;
        int r;

        r = sd_bus_message_new_method_call(client->bus, &message, SYSTEMD_NAME, SYSTEMD_PATH,
                                           SYSTEMD_MANAGER, calls[job->stage].method);
        if (r < 0) {
                return r;
        }
        r = calls[job->stage].append(message, job);
        if (r < 0) {
                return r;
        }
        r = sd_bus_call_async(client->bus, &job->slot, message, on_reply, job,
                              client->job_timeout_usec);
        return r < 0 ? r : 0;
}

static int job_new(ScopeClient *client, const char *name, JobStage stage, ScopeDone done,
                   void *userdata, ScopeJob **ret) {
        ScopeJob *job = calloc(1, sizeof(*job));
        int r;

        if (!job) {
                return -ENOMEM;
        }
        job->client = client;
        job->stage = stage;
        job->done = done;
        job->userdata = userdata;
        job->next = client->jobs;
        client->jobs = job;
        job->name = strdup(name);
        r = job->name ? sd_event_add_time_relative(sd_bus_get_event(client->bus), &job->timer,
                                                   CLOCK_MONOTONIC, client->job_timeout_usec, 0,
                                                   on_timeout, job)
                      : -ENOMEM;
        if (r < 0) {
                scope_job_free(job);
                return r;
        }
        *ret = job;
        return 0;
}

static int job_copy_start(ScopeJob *job, const ScopeStart *start) {
        job->pids = calloc(start->n_pids + 1, sizeof(*job->pids));
        job->settings = calloc(start->n_settings + 1, sizeof(*job->settings));
        if (!job->pids || !job->settings) {
                return -ENOMEM;
        }
        if (start->n_pids > 0) {
                memcpy(job->pids, start->pids, start->n_pids * sizeof(*job->pids));
        }
        job->n_pids = start->n_pids;
        job->survives_oom = start->survives_oom;
        for (size_t i = 0; i < start->n_settings; i++) {
                ScopeSetting *copy = &job->settings[i];

                *copy = start->settings[i];
                copy->name = strdup(start->settings[i].name);
                copy->text = start->settings[i].text ? strdup(start->settings[i].text) : NULL;
                copy->list = (ValueList){};
                job->n_settings++;
                if (!copy->name || (start->settings[i].text && !copy->text) ||
                    value_list_copy(&start->settings[i].list, &copy->list) < 0) {
                        return -ENOMEM;
                }
        }
        return 0;
}

int scope_start(ScopeClient *client, const ScopeStart *start, ScopeDone done, void *userdata,
                ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *job = NULL;
        int r;

        assert(client);
        assert(start && start->name && start->n_pids > 0);
        assert(done);
        assert(ret);

        r = job_new(client, start->name, JOB_STARTING, done, userdata, &job);
        if (r < 0) {
                return r;
        }
        r = job_copy_start(job, start);
        if (r < 0) {
                return r;
        }
        r = job_call(job);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(job);
        return 0;
}

int scope_stop(ScopeClient *client, const char *name, ScopeDone done, void *userdata,
               ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *job = NULL;
        int r;

        assert(client);
        assert(name);
        assert(done);
        assert(ret);

        r = job_new(client, name, JOB_STOPPING, done, userdata, &job);
        if (r < 0) {
                return r;
        }
        r = job_call(job);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(job);
        return 0;
}

int scope_set(ScopeClient *client, const char *name, const ScopeSetting *settings,
              size_t n_settings, ScopeDone done, void *userdata, ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *job = NULL;
        const ScopeStart copied = {.settings = settings, .n_settings = n_settings};
        int r;

        assert(client);
        assert(name);
        assert(done);
        assert(ret);

        r = job_new(client, name, JOB_SETTING, done, userdata, &job);
        if (r == 0) {
                r = job_copy_start(job, &copied);
        }
        if (r == 0) {
                r = job_call(job);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(job);
        return 0;
}

int scope_kill(ScopeClient *client, const char *name, int signal) {
        int r;

        assert(client);
        assert(name);

        r = sd_bus_call_method_async(client->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                     "KillUnit", NULL, NULL, "ssi", name, "all", (int32_t) signal);
        return r < 0 ? r : 0;
}

/* -- the list of units -- */

static int read_unit_names(sd_bus_message *reply, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;
        const char *name;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0) {
                r = sd_bus_message_enter_container(reply, 'r', "ssssssouso");
                if (r <= 0) {
                        break;
                }
                r = sd_bus_message_read(reply, "s", &name);
                if (r >= 0) {
                        r = strv_append(&names, name);
                }
                if (r >= 0) {
                        r = sd_bus_message_skip(reply, "sssssouso");
                }
                if (r >= 0) {
                        r = sd_bus_message_exit_container(reply);
                }
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(names);
        return 0;
}

static int on_listed(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        _cleanup_(strv_freep) char **names = NULL;
        static char *const none[] = {NULL};
        ScopeClient *client = userdata;
        Listing listing = client->listing;
        bool known;

        client->list = sd_bus_slot_unref(client->list);
        known = !sd_bus_message_get_error(reply) && read_unit_names(reply, &names) >= 0;
        listing.listed(listing.userdata, !known ? NULL : names ? names : none);
        return 0;
}

int scope_list(ScopeClient *client, const char *pattern, ScopeListed listed, void *userdata) {
        int r;

        assert(client);
        assert(pattern);
        assert(listed);

        client->list = sd_bus_slot_unref(client->list);
        client->listing = (Listing){listed, userdata};
        r = sd_bus_call_method_async(client->bus, &client->list, SYSTEMD_NAME, SYSTEMD_PATH,
                                     SYSTEMD_MANAGER, "ListUnitsByPatterns", on_listed, client,
                                     "asas", 0, 1, pattern);
        return r < 0 ? r : 0;
}

/* -- lifecycle -- */

static int on_subscribed(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        return 0; /* where it failed, jobs run into their time-out, which says so */
}

int scope_client_new(sd_bus *bus, usec_t job_timeout_usec, ScopeClient **ret) {
        _cleanup_(scope_client_freep) ScopeClient *client = NULL;
        int r;

        assert(bus);
        assert(ret);

        client = calloc(1, sizeof(*client));
        if (!client) {
                return -ENOMEM;
        }
        client->bus = sd_bus_ref(bus);
        client->job_timeout_usec = job_timeout_usec;
        /* The bus keeps the order of what one connection sends, so this match stands before any
         * call that is made later. */
        r = sd_bus_match_signal_async(bus, &client->match, SYSTEMD_NAME, SYSTEMD_PATH,
                                      SYSTEMD_MANAGER, "JobRemoved", on_job_removed,
                                      /* install_callback= */ NULL, client);
        if (r < 0) {
                return r;
        }
        r = sd_bus_call_method_async(bus, &client->subscribe, SYSTEMD_NAME, SYSTEMD_PATH,
                                     SYSTEMD_MANAGER, "Subscribe", on_subscribed, client, NULL);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(client);
        return 0;
}

ScopeClient *scope_client_free(ScopeClient *client) {
        if (!client) {
                return NULL;
        }
        while (client->jobs) {
                job_complete(client->jobs, -ENOTCONN, "The connection to systemd was lost.");
        }
        sd_bus_slot_unref(client->list);
        sd_bus_slot_unref(client->subscribe);
        sd_bus_slot_unref(client->match);
        sd_bus_unref(client->bus);
        free(client);
        return NULL;
}
