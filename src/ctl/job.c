/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/job.h"

#include "base/log.h"
#include "base/str.h"
#include "ctl/connection.h"
#include "ctl/names.h"
#include "ctl/property.h"
#include "ctl/report.h"

void jobs_done(Jobs *jobs) {
        jobs->slot = sd_bus_slot_unref(jobs->slot);
        for (size_t i = 0; i < jobs->n; i++) {
                free(jobs->jobs[i].path);
                free(jobs->jobs[i].unit);
                free(jobs->jobs[i].result);
        }
        free(jobs->jobs);
        *jobs = (Jobs){};
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *path, *unit, *result;
        Jobs *jobs = userdata;
        uint32_t id;

        if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0) {
                return 0; /* not ours to end: another's mistake */
        }
        for (size_t i = 0; i < jobs->n; i++) {
                Job *job = &jobs->jobs[i];

                if (!job->result && streq(job->path, path)) {
                        job->result = strf("%s", result);
                        if (!job->result) {
                                return -ENOMEM;
                        }
                }
        }
        return 0;
}

int jobs_watch(Ctl *ctl, Jobs *jobs) {
        int r;

        r = sd_bus_match_signal(ctl->bus, &jobs->slot, ctl_sender(ctl), SBX_OBJECT_PATH,
                                SBX_INTERFACE_MANAGER, "JobRemoved", on_job_removed, jobs);
        return r < 0 ? log_fault(r, "Failed to watch for jobs: %m") : 0;
}

int jobs_add(Jobs *jobs, const char *path, const char *unit) {
        _cleanup_free_ char *path_copy = strf("%s", path), *unit_copy = strf("%s", unit);
        Job *grown;

        grown = path_copy && unit_copy ? reallocarray(jobs->jobs, jobs->n + 1, sizeof(Job)) : NULL;
        if (!grown) {
                return -ENOMEM;
        }
        jobs->jobs = grown;
        jobs->jobs[jobs->n++] = (Job){.path = TAKE(path_copy), .unit = TAKE(unit_copy)};
        return 0;
}

bool jobs_ended(const Jobs *jobs) {
        for (size_t i = 0; i < jobs->n; i++) {
                if (!jobs->jobs[i].result) {
                        return false;
                }
        }
        return true;
}

int jobs_wait(Ctl *ctl, const Jobs *jobs) {
        while (!jobs_ended(jobs)) {
                int r;

                r = sd_bus_process(ctl->bus, NULL);
                if (r == 0) {
                        r = sd_bus_wait(ctl->bus, UINT64_MAX);
                }
                if (r < 0 && r != -EINTR) {
                        return log_fault(
                                r, "The connection to sbxd broke while waiting for the job: %m");
                }
        }
        return 0;
}

/* Prints all diagnostics of a unit. Gives how many there are; 0 also where it cannot be asked. */
static size_t report_diagnostics(json_object *properties) {
        json_object *diagnostics = property_list(properties, "LoadDiagnostics");
        size_t n = diagnostics ? json_object_array_length(diagnostics) : 0;

        for (size_t i = 0; i < n; i++) {
                report_line(json_object_get_string(json_object_array_get_idx(diagnostics, i)));
        }
        return n;
}

static void report_reason(Ctl *ctl, const char *unit) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;
        const char *reason;

        if (properties_read_unit(ctl, unit, &error, &properties) < 0) {
                return;
        }
        reason = property_text(properties, "StatusText");
        if (*reason) {
                log_error("  %s", reason);
        }
        (void) report_diagnostics(properties);
}

static void report_hint(const char *unit) {
        const char *suffix = endswith(unit, ".sandbox");
        int n = (int) (suffix ? (size_t) (suffix - unit) : strlen(unit));

        log_info("See 'sbxctl status %.*s' and 'sbxctl logs %.*s'.", n, unit, n, unit);
}

int job_report(Ctl *ctl, const char *what, const char *unit, const char *result) {
        static const struct {
                const char *result, *text;
        } texts[] = {
                {"failed", "failed"},
                {"timeout", "took too long and was given up"},
                {"canceled", "was canceled by another job"},
                {"dependency", "failed, because a unit that it needs failed"},
        };
        const char *text = result;

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                if (streq(texts[i].result, result)) {
                        text = texts[i].text;
                }
        }
        log_error("The %s of %s %s:", what, unit, text);
        report_reason(ctl, unit);
        report_hint(unit);
        return SBX_EXIT_FAILURE;
}

/* A unit with mistakes: all of them, from the unit where it can be asked, since the error names the
 * first few only. */
static int report_mistakes(Ctl *ctl, const char *what, const char *unit,
                           const sd_bus_error *failure) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *properties = NULL;

        log_error("Failed to %s %s: it has mistakes:", what, unit);
        if (properties_read_unit(ctl, unit, &error, &properties) == 0 &&
            report_diagnostics(properties) > 0) {
                return SBX_EXIT_FAILURE;
        }
        for (const char *line = failure->message; line && *line;) {
                size_t n = strcspn(line, "\n");
                _cleanup_free_ char *text = strf("%.*s", (int) n, line);

                if (text) {
                        report_line(text);
                }
                line += n + (line[n] == '\n');
        }
        return SBX_EXIT_FAILURE;
}

int unit_report(Ctl *ctl, const char *what, const char *unit, const sd_bus_error *error,
                int fault) {
        _cleanup_free_ char *text = strf("%s %s", what, unit);

        if (sd_bus_error_has_name(error, SBX_ERROR_BAD_UNIT_SETTING)) {
                return report_mistakes(ctl, what, unit, error);
        }
        return ctl_report(ctl, text ? text : what, error, fault);
}

void unit_report_changed(const char *unit) {
        log_warning("The files of %s changed on disk. Run 'sbxctl daemon-reload' to load them.",
                    unit);
}

int units_call(Ctl *ctl, const char *verb, const char *method, char *const *args) {
        _cleanup_(strv_freep) char **units = NULL;
        int r, status = SBX_EXIT_OK;

        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = names_expand(ctl, args, &units);
        if (r != 0) {
                return r;
        }
        STRV_FOREACH (unit, units) {
                sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;

                r = ctl_call(ctl, method, &error, NULL, "s", *unit);
                if (r < 0) {
                        status = unit_report(ctl, verb, *unit, &error, r);
                }
        }
        return status;
}

static int on_reload_needed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *unit = userdata;
        int needed = 0;

        /* a unit that is not loaded yet has no such property, and will be read as it is */
        if (!sd_bus_message_is_method_error(message, NULL) &&
            sd_bus_message_read(message, "v", "b", &needed) >= 0 && needed) {
                unit_report_changed(unit);
        }
        return 0;
}

/* Asked along with the job: nobody waits for the answer, which comes before that about the job. */
static void ask_reload_needed(Ctl *ctl, const char *unit) {
        _cleanup_free_ char *path = NULL;

        if (sd_bus_path_encode(SBX_SANDBOX_PREFIX, unit, &path) >= 0) {
                (void) sd_bus_call_method_async(ctl->bus, NULL, SBX_BUS_NAME, path,
                                                "org.freedesktop.DBus.Properties", "Get",
                                                on_reload_needed, (void *) unit, "ss",
                                                SBX_INTERFACE_SANDBOX, "NeedDaemonReload");
        }
}

static int job_request(Ctl *ctl, Jobs *jobs, const char *verb, const char *method,
                       const char *unit) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;
        int r;

        if (!ctl->options.no_block && !streq(method, "StopUnit")) {
                ask_reload_needed(ctl, unit);
        }
        r = ctl_call(ctl, method, &error, &reply, "ss", unit, "replace");
        if (r >= 0) {
                r = sd_bus_message_read(reply, "o", &path);
        }
        if (r < 0) {
                return unit_report(ctl, verb, unit, &error, r);
        }
        return ctl->options.no_block ? 0 : jobs_add(jobs, path, unit);
}

int jobs_run(Ctl *ctl, const char *verb, const char *method, char *const *units) {
        _cleanup_(jobs_done) Jobs jobs = {};
        int r, status = SBX_EXIT_OK;

        r = jobs_watch(ctl, &jobs);
        if (r < 0) {
                return SBX_EXIT_FAILURE;
        }
        STRV_FOREACH (unit, units) {
                r = job_request(ctl, &jobs, verb, method, *unit);
                if (r < 0) {
                        return r;
                }
                status = r > 0 ? r : status;
        }
        if (jobs_wait(ctl, &jobs) < 0) {
                return SBX_EXIT_FAILURE;
        }
        for (size_t i = 0; i < jobs.n; i++) {
                if (!streq(jobs.jobs[i].result, "done") && !streq(jobs.jobs[i].result, "skipped")) {
                        status = job_report(ctl, verb, jobs.jobs[i].unit, jobs.jobs[i].result);
                }
        }
        return status;
}
