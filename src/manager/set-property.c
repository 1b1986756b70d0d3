/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/set-property.h"

#include "base/fd.h"
#include "base/log.h"
#include "manager/control-file.h"
#include "manager/failure.h"
#include "manager/helper-client.h"
#include "manager/launcher.h"
#include "manager/manager.h"
#include "manager/notify.h"
#include "manager/scope-check.h"
#include "manager/spec-text.h"
#include "plan/build.h"
#include "sbx/bus.h"
#include "wire/plan.h"

#define NOTE "# Made by \"sbxctl set-property\". Do not edit: the next call replaces it.\n"
/* systemd answers first and writes to the kernel later, but before it takes the next call. */
#define CHECKS_MAX 100u
#define CHECK_PAUSE_USEC (20 * USEC_PER_MSEC)

struct PropertyChange {
        Sandbox *sandbox;
        sd_bus_message *message;
        bool runtime;
        bool wanted[_DIRECTIVE_MAX];
        char **assignments;
        Spec *definition;          /* as it will be */
        Spec *run;                 /* the same of what runs; NULL: nothing does */
        DeviceSources devices;     /* of what is to be */
        DeviceSources devices_now; /* of what runs */
        LaunchPlan *plan, *undo;   /* with run */
        ControlFile *files;        /* written, not in their places yet */
        size_t n_files;
        uint32_t serial; /* of LIMIT; 0: none was sent */
        ScopeJob *job;
        sd_event_source *timer;
        unsigned n_checks;
        char *fault; /* why it failed, while it is being undone */
};

static PropertyChange *change_free(PropertyChange *change) {
        if (!change) {
                return NULL;
        }
        sd_bus_message_unref(change->message);
        strv_free(change->assignments);
        spec_free(change->definition);
        spec_free(change->run);
        device_sources_done(&change->devices);
        device_sources_done(&change->devices_now);
        launch_plan_free(change->plan);
        launch_plan_free(change->undo);
        for (size_t i = 0; i < change->n_files; i++) {
                control_file_done(&change->files[i]);
        }
        free(change->files);
        scope_job_free(change->job);
        sd_event_source_disable_unref(change->timer);
        free(change->fault);
        free(change);
        return NULL;
}
DEFINE_CLEANUP(PropertyChange *, change_free)

/* -- what is asked for -- */

/* Below 0: the directive is none that can change. */
static int check_assignment(const char *assignment, const Directive **ret, const char **ret_text,
                            sd_bus_error *reterr) {
        _cleanup_free_ char *name = strndup(assignment, strcspn(assignment, "="));
        const Directive *directive;

        if (!name) {
                return -ENOMEM;
        }
        directive = directive_find_name(name);
        if (!directive) {
                const Directive *suggested = directive_suggest("Sandbox", name);

                return sd_bus_error_setf(reterr, SBX_ERROR_BAD_UNIT_SETTING,
                                         "There is no directive %s=.%s%s%s", name,
                                         suggested ? " Did you mean " : "",
                                         suggested ? suggested->name : "", suggested ? "=?" : "");
        }
        if ((directive->flags & DIRECTIVE_RUNTIME) == 0) {
                return sd_bus_error_setf(reterr, SBX_ERROR_UNSUPPORTED,
                                         "%s= cannot change while a sandbox runs: change it in the "
                                         "unit's file, then restart the sandbox.",
                                         name);
        }
        *ret = directive;
        *ret_text = assignment + strlen(name) + 1;
        return 0;
}

/* What a line of a unit file could not hold. */
static bool text_is_one_line(const char *text) {
        for (const char *p = text; *p; p++) {
                if ((unsigned char) *p < ' ' || *p == 0x7f) {
                        return false;
                }
        }
        return !endswith(text, "\\");
}

static int error_diags(const DiagList *diags, const char *name, sd_bus_error *reterr) {
        _cleanup_(str_done) Str text = STR_INIT;

        (void) failure_format_diags(diags, &text);
        return sd_bus_error_set(reterr, name, str_text(&text));
}

static int assign_all(PropertyChange *change, Spec *spec, sd_bus_error *reterr) {
        _cleanup_(diag_list_done) DiagList diags = {};
        bool seen[_DIRECTIVE_MAX] = {};
        int r = 0;

        STRV_FOREACH (assignment, change->assignments) {
                const Directive *directive;
                const char *text = NULL;
                Place place = {.file = file_intern("set-property"),
                               .line = (uint32_t) (assignment - change->assignments) + 1};

                r = check_assignment(*assignment, &directive, &text, reterr);
                if (r < 0) {
                        return r;
                }
                if (!text_is_one_line(text)) {
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                                 "The value of %s= is not one line of text.",
                                                 directive->name);
                }
                if (!seen[directive->id]) {
                        /* an earlier call had the same place: this is not the same file again */
                        spec->places[directive->id] = PLACE_NONE;
                }
                seen[directive->id] = change->wanted[directive->id] = true;
                r = spec_assign(spec, directive, NULL, text, &place, &diags);
                if (r < 0) {
                        return r;
                }
        }
        r = spec_check(spec, &diags);
        if (r == 0 && diag_list_has_errors(&diags)) {
                r = error_diags(&diags, SBX_ERROR_BAD_UNIT_SETTING, reterr);
        }
        return r;
}

/* Of what runs a device may be gone meanwhile. */
static int resolve_devices(PropertyChange *change, sd_bus_error *reterr) {
        const Spec *spec = change->run ? change->run : change->definition;
        _cleanup_(diag_list_done) DiagList diags = {};
        bool wanted[_DIRECTIVE_MAX];
        int r;

        memcpy(wanted, change->wanted, sizeof(wanted));
        wanted[DIRECTIVE_DeviceAllow] |= wanted[DIRECTIVE_DevicePolicy];
        r = unit_resolve_devices(spec, wanted, &diags, &change->devices);
        if (r > 0) {
                return error_diags(&diags, SBX_ERROR_BAD_UNIT_SETTING, reterr);
        }
        return r < 0 || !change->run ? r
                                     : unit_resolve_devices(change->sandbox->run.spec, wanted, NULL,
                                                            &change->devices_now);
}

static int plan_one(const PropertyChange *change, const LimitsInput *what, LaunchPlan **ret,
                    sd_bus_error *reterr) {
        const Manager *manager = change->sandbox->manager;
        _cleanup_(diag_list_done) DiagList diags = {};
        LimitsInput input = *what;
        int r;

        input.unit_name = change->sandbox->name;
        input.host = &manager->host;
        input.backend = manager->backend;
        input.wanted = change->wanted;
        r = limits_plan_build(&input, &diags, ret);
        return r > 0 ? error_diags(&diags, SBX_ERROR_UNSUPPORTED, reterr) : r;
}

static int plan_both(PropertyChange *change, sd_bus_error *reterr) {
        const LimitsInput forth = {.spec = change->run ? change->run : change->definition,
                                   .devices = &change->devices,
                                   .before = change->run ? change->sandbox->run.spec : NULL,
                                   .devices_before = &change->devices_now};
        const LimitsInput back = {.spec = forth.before,
                                  .devices = forth.devices_before,
                                  .before = forth.spec,
                                  .devices_before = forth.devices};
        int r;

        r = resolve_devices(change, reterr);
        r = r < 0 ? r : plan_one(change, &forth, &change->plan, reterr);
        return r < 0 || !change->run ? r : plan_one(change, &back, &change->undo, reterr);
}

/* -- what is kept -- */

/* The whole value, so that it does not matter what stood before it. */
static int drop_in_text(const Spec *spec, const Directive *directive, Str *out) {
        _cleanup_(strv_freep) char **texts = NULL;
        bool many = directive->type->list || directive->type->merges;
        int r;

        r = str_appendf(out, NOTE "[%s]\n", directive->section);
        if (r == 0 && (many || !spec->set[directive->id])) {
                r = str_appendf(out, "%s=\n", directive->name);
        }
        if (r == 0 && spec->set[directive->id]) {
                r = spec_format(spec, directive, &texts);
        }
        STRV_FOREACH (text, texts) {
                r = r < 0 ? r : str_appendf(out, "%s=%s\n", directive->name, *text);
        }
        return r;
}

static int write_files(PropertyChange *change, sd_bus_error *reterr) {
        const Sandbox *sandbox = change->sandbox;
        const UnitSearch *search = &sandbox->manager->search;
        const char *directory = change->runtime ? search->runtime_control : search->control;

        if (sandbox->transient) {
                return 0; /* its state file holds what it is made of */
        }
        change->files = calloc(_DIRECTIVE_MAX, sizeof(ControlFile));
        if (!change->files) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                _cleanup_(str_done) Str text = STR_INIT;
                int r;

                if (!change->wanted[i]) {
                        continue;
                }
                r = drop_in_text(change->definition, &directive_table[i], &text);
                if (r == 0) {
                        r = control_file_write(directory, sandbox->name, directive_table[i].name,
                                               str_text(&text), &change->files[change->n_files]);
                }
                if (r < 0) {
                        return sd_bus_error_setf(
                                reterr, SD_BUS_ERROR_FAILED,
                                "%s= cannot be kept: writing a drop-in below %s failed: %s.%s",
                                directive_table[i].name, directory, strerror(-r),
                                change->runtime ? ""
                                                : " With --runtime it lasts until the next boot.");
                }
                change->n_files++;
        }
        return 0;
}

static int keep_files(PropertyChange *change) {
        Sandbox *sandbox = change->sandbox;
        bool fresh = sandbox->unit && !unit_needs_reload(&sandbox->manager->search, sandbox->unit);
        int r = 0;

        for (size_t i = 0; i < change->n_files && r == 0; i++) {
                r = control_file_keep(&change->files[i]);
        }
        if (r == 0 && fresh && change->n_files > 0) {
                /* what has just been written is loaded already */
                r = unit_refresh(&sandbox->manager->search, sandbox->unit);
        }
        if (r == 0 && sandbox->transient) {
                r = strv_extend(&sandbox->definition, change->assignments);
        }
        return r;
}

/* -- how it ends -- */

static void answer_fault(PropertyChange *change, const char *text) {
        (void) sd_bus_reply_method_errorf(change->message, SD_BUS_ERROR_FAILED, "%s", text);
}

static PropertyChange *change_over(PropertyChange *change) {
        change->sandbox->change = NULL;
        return change_free(change);
}

static void take_specs(PropertyChange *change) {
        Sandbox *sandbox = change->sandbox;

        spec_free(sandbox->unit->spec);
        sandbox->unit->spec = TAKE(change->definition);
        sandbox->prepared = prepared_plan_unref(sandbox->prepared);
        if (change->run) {
                spec_free(sandbox->run.spec);
                sandbox->run.spec = TAKE(change->run);
        }
}

static int commit(PropertyChange *change) {
        Sandbox *sandbox = change->sandbox;
        _cleanup_(strv_freep) char **assignments = NULL;
        int r = 0;

        if (change->run) {
                r = spec_text_write(change->run, &assignments);
        }
        if (r == 0) {
                r = keep_files(change);
        }
        if (r < 0) {
                return r;
        }
        take_specs(change);
        if (assignments) {
                strv_free(sandbox->run.assignments);
                sandbox->run.assignments = TAKE(assignments);
        }
        sandbox_persist(sandbox);
        notify_directives_changed(sandbox, change->wanted);
        return 0;
}

static void undo(PropertyChange *change, const char *why);

/* All of it is in force, or nothing runs. */
static void finish(PropertyChange *change) {
        int r = commit(change);

        if (r < 0) {
                _cleanup_free_ char *text = strf("Keeping the change failed: %s.", strerror(-r));

                undo(change, text ? text : "Keeping the change failed.");
                return;
        }
        (void) sd_bus_reply_method_return(change->message, NULL);
        (void) change_over(change);
}

static void fail(PropertyChange *change, const char *text) {
        sandbox_log(change->sandbox, LOG_WARNING, "Limits were not changed: %s", text);
        answer_fault(change, text);
        (void) change_over(change);
}

/* -- what the helper does, or below systemd's cgroups looks at -- */

static bool is_direct(const PropertyChange *change) {
        return change->sandbox->manager->backend == BACKEND_DIRECT;
}

/* The helper went back already, systemd did not. */
static void fail_limits(PropertyChange *change, const char *text) {
        if (is_direct(change)) {
                fail(change, text);
        } else {
                undo(change, text);
        }
}

static int send_limits(PropertyChange *change, const LaunchPlan *plan, const LaunchPlan *back) {
        ControlMessage message = {.type = CONTROL_LIMIT, .id = change->sandbox->run.id};
        _cleanup_fd_ int plan_fd = -EBADF, back_fd = -EBADF;
        int r;

        plan_fd = wire_plan_seal(plan->plan);
        back_fd = wire_plan_seal(back->plan);
        if (plan_fd < 0 || back_fd < 0) {
                return MIN(plan_fd, back_fd);
        }
        message.fds[message.n_fds++] = plan_fd;
        message.fds[message.n_fds++] = back_fd;
        r = helper_client_send(change->sandbox->manager->helper, &message);
        change->serial = message.serial;
        return r;
}

static int format_limited(const PropertyChange *change, const ControlMessage *message, Str *out) {
        int fault = (int) (message->numbers[LIMITED_ERRNO] & 0xfff);
        uint64_t index = message->numbers[LIMITED_OP];
        const Plan *plan = change->plan->plan;
        const Op *op = index < plan->n_ops ? &plan->ops[index] : NULL;
        const char *object = message->strings[0], *advice;
        int r;

        advice = failure_advice(is_direct(change) ? STEP_CGROUP : STEP_SCOPE, op, fault);
        r = op ? failure_format_origin(op->origin, &op->place, change->run, out) : 0;
        r = r < 0 ? r : str_append(out, " is not in force: ");
        r = r < 0 ? r : str_append_escaped(out, object, strlen(object));
        r = r < 0 ? r
                  : str_appendf(out, "%s%s. Nothing was changed.%s", object[0] == '\0' ? "" : ": ",
                                strerror(fault),
                                fault == EBUSY ? " The sandbox uses more than that now." : "");
        return r < 0 || !advice ? r : str_appendf(out, " %s", advice);
}

void property_change_limited(Sandbox *sandbox, const ControlMessage *message) {
        PropertyChange *change = sandbox->change;
        _cleanup_(str_done) Str text = STR_INIT;

        if (!change || change->serial == 0 || message->serial != change->serial) {
                return;
        }
        if (message->numbers[LIMITED_ERRNO] == 0) {
                finish(change);
                return;
        }
        (void) format_limited(change, message, &text);
        fail_limits(change, str_text(&text));
}

bool property_change_refused(Sandbox *sandbox, const ControlMessage *message) {
        PropertyChange *change = sandbox->change;

        if (!change || change->serial == 0 || message->serial != change->serial) {
                return false;
        }
        fail_limits(change, message->strings[0]);
        return true;
}

void property_change_lost(Sandbox *sandbox) {
        PropertyChange *change = sandbox->change;

        if (change && change->serial != 0) {
                if (is_direct(change)) {
                        (void) send_limits(change, change->undo, change->undo);
                }
                fail_limits(change,
                            "The connection to sbx-helper broke, nothing was changed. Try again.");
        }
}

/* -- under systemd -- */

/* plan: NULL for a call that changes nothing, and is answered when all before it is done. */
static int set_scope(PropertyChange *change, const LaunchPlan *plan, ScopeDone done) {
        Sandbox *sandbox = change->sandbox;
        _cleanup_free_ ScopeSetting *settings = NULL;
        int r = 0;

        if (!sandbox->manager->scopes) {
                return -ENOTCONN;
        }
        if (plan) {
                r = launcher_scope_settings(plan, &settings);
        }
        if (r < 0) {
                return r;
        }
        change->job = scope_job_free(change->job);
        return scope_set(sandbox->manager->scopes, sandbox->scope_name, settings,
                         plan ? plan->n_properties : 0, done, change, &change->job);
}

static void on_undone(void *userdata, int result, const char *text) {
        PropertyChange *change = userdata;

        fail(change, change->fault);
}

static void undo(PropertyChange *change, const char *why) {
        change->timer = sd_event_source_disable_unref(change->timer);
        change->fault = strdup(why);
        if (!change->fault || !change->run) {
                fail(change, why);
                return;
        }
        if (is_direct(change)) {
                (void) send_limits(change, change->undo, change->undo);
                fail(change, why);
                return;
        }
        change->serial = 0;
        if (set_scope(change, change->undo, on_undone) < 0) {
                fail(change, why);
        }
}

static int on_check(sd_event_source *source, uint64_t usec, void *userdata) {
        PropertyChange *change = userdata;
        _cleanup_(str_done) Str reason = STR_INIT;
        int r;

        r = scope_check_change(change->sandbox, change->run, change->plan, &reason);
        if (r == 0 && change->plan->plan->n_ops == 0) {
                finish(change);
                return 0;
        }
        if (r == 0) {
                r = send_limits(change, change->plan, change->plan);
                if (r == 0) {
                        return 0;
                }
                (void) str_appendf(&reason, "Asking sbx-helper failed: %s.", strerror(-r));
                change->n_checks = CHECKS_MAX;
        }
        if (++change->n_checks < CHECKS_MAX) {
                r = sd_event_source_set_time_relative(source, CHECK_PAUSE_USEC);
                r = r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
                if (r >= 0) {
                        return 0;
                }
        }
        (void) str_append(&reason, " Nothing was changed.");
        undo(change, str_text(&reason));
        return 0;
}

static void on_settled(void *userdata, int result, const char *text) {
        PropertyChange *change = userdata;
        int r = result;

        if (r == 0) {
                r = sd_event_add_time_relative(change->sandbox->manager->event, &change->timer,
                                               CLOCK_MONOTONIC, 0, 1, on_check, change);
        }
        if (r < 0) {
                undo(change, text ? text : strerror(-r));
        }
}

static void on_set(void *userdata, int result, const char *text) {
        PropertyChange *change = userdata;
        int r = result;

        if (r == 0) {
                r = set_scope(change, NULL, on_settled);
        }
        if (r < 0) {
                fail(change, text ? text : strerror(-r));
        }
}

/* -- beginning -- */

static int apply(PropertyChange *change, sd_bus_error *reterr) {
        bool direct = change->sandbox->manager->backend == BACKEND_DIRECT;
        int r;

        if (!change->run ||
            (direct ? change->plan->plan->n_ops == 0 : change->plan->n_properties == 0)) {
                finish(change); /* there is nothing to put in force */
                return 1;
        }
        r = direct ? send_limits(change, change->plan, change->undo)
                   : set_scope(change, change->plan, on_set);
        if (r < 0) {
                change->sandbox->change = NULL;
        }
        return r == -ENOTCONN ? sd_bus_error_setf(reterr, SBX_ERROR_HELPER_GONE,
                                                  "There is no connection to %s.",
                                                  direct ? "sbx-helper" : "systemd")
               : r < 0        ? r
                              : 1;
}

static int check_state(const Sandbox *sandbox, sd_bus_error *reterr) {
        if (sandbox->change) {
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_FAILED,
                                         "Another change of %s is under way.", sandbox->name);
        }
        if (sandbox_is_live(sandbox) && sandbox->state != SANDBOX_RUNNING) {
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_FAILED,
                                         "%s is being started or stopped: try again when that is "
                                         "over.",
                                         sandbox->name);
        }
        return 0;
}

static int change_new(Sandbox *sandbox, bool runtime, char *const *assignments,
                      PropertyChange **ret) {
        PropertyChange *change = calloc(1, sizeof(*change));
        int r;

        if (!change) {
                return -ENOMEM;
        }
        change->sandbox = sandbox;
        change->runtime = runtime;
        r = strv_copy(assignments, &change->assignments);
        if (r == 0) {
                r = spec_copy(sandbox_definition(sandbox), &change->definition);
        }
        if (r == 0 && sandbox->state == SANDBOX_RUNNING && sandbox->run.spec) {
                r = spec_copy(sandbox->run.spec, &change->run);
        }
        if (r < 0) {
                (void) change_free(change);
                return r;
        }
        *ret = change;
        return 0;
}

int property_change(Sandbox *sandbox, bool runtime, char *const *assignments,
                    sd_bus_message *message, sd_bus_error *reterr) {
        _cleanup_(change_freep) PropertyChange *change = NULL;
        int r;

        assert(sandbox);
        assert(message);

        r = check_state(sandbox, reterr);
        if (r == 0) {
                r = change_new(sandbox, runtime, assignments, &change);
        }
        if (r == 0) {
                r = assign_all(change, change->definition, reterr);
        }
        if (r == 0 && change->run) {
                r = assign_all(change, change->run, reterr);
        }
        if (r == 0) {
                r = plan_both(change, reterr);
        }
        if (r == 0) {
                r = write_files(change, reterr);
        }
        if (r < 0) {
                return r;
        }
        change->message = sd_bus_message_ref(message);
        sandbox->change = change;
        r = apply(change, reterr);
        if (r >= 0) {
                change = NULL; /* the sandbox's, or over */
        }
        return r;
}

void property_change_end(Sandbox *sandbox) {
        if (sandbox->change) {
                fail(sandbox->change,
                     "The sandbox ended meanwhile, nothing was changed. Try again.");
        }
}
