/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/transient.h"

#include "manager/bodies.h"
#include "manager/failure.h"
#include "manager/job.h"
#include "manager/manager.h"
#include "sbx/bus.h"

/* All three or none: the plan knows no more kinds. */
static bool streams_are_whole(const SandboxStreams *streams) {
        size_t n = 0;

        for (size_t i = 0; i < SANDBOX_STREAMS; i++) {
                n += streams->fds[i] >= 0 ? 1 : 0;
        }
        return n == 0 || (n == SANDBOX_STREAMS && !streams->terminal);
}

/* -- the sandbox -- */

static size_t transient_count(const Manager *manager) {
        size_t n = 0;

        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                n += manager->sandboxes[i]->transient ? 1 : 0;
        }
        return n;
}

/* A name that a file has is the file's, loaded or not. */
static int check_name(Manager *manager, const char *name, Sandbox **ret_old, sd_bus_error *reterr) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        int r;

        if (!unit_name_is_valid(name) || unit_name_is_template(name)) {
                return sd_bus_error_set(reterr, SBX_ERROR_INVALID_NAME,
                                        "This is not the name of a sandbox.");
        }
        *ret_old = manager_find(manager, name);
        r = *ret_old ? 0 : unit_load(&manager->search, name, &diags, &unit);
        if (r < 0) {
                return r;
        }
        if ((!*ret_old && r != UNIT_E_NOT_FOUND) ||
            (*ret_old &&
             (!(*ret_old)->transient || (*ret_old)->job || !state_is_resting((*ret_old)->state)))) {
                return sd_bus_error_setf(reterr, SBX_ERROR_UNIT_EXISTS,
                                         "There is a unit %s already.", name);
        }
        if (!*ret_old && transient_count(manager) >= TRANSIENT_MAX) {
                return sd_bus_error_set(reterr, SBX_ERROR_LIMITS_EXCEEDED,
                                        "There are too many transient sandboxes.");
        }
        return 0;
}

static int load_unit(Manager *manager, const char *name, char *const *assignments, Unit **ret,
                     sd_bus_error *reterr) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        r = unit_load_transient(&manager->search, name, assignments, &diags, ret);
        if (r <= 0) {
                return r;
        }
        (void) failure_format_diags(&diags, &text);
        return sd_bus_error_set(reterr, SBX_ERROR_BAD_UNIT_SETTING, str_text(&text));
}

static int transient_define(Manager *manager, TransientBody *body, Sandbox **ret,
                            sd_bus_error *reterr) {
        _cleanup_(unit_freep) Unit *unit = NULL;
        Sandbox *sandbox;
        int r;

        r = check_name(manager, body->name, &sandbox, reterr);
        if (r == 0) {
                r = load_unit(manager, body->name, body->assignments, &unit, reterr);
        }
        if (r == 0 && !sandbox) {
                r = manager_add(manager, body->name, &sandbox);
        }
        if (r < 0) {
                return r;
        }
        unit_free(sandbox->unit);
        sandbox->unit = TAKE(unit);
        sandbox->load_state = LOAD_LOADED;
        sandbox->transient = true;
        sandbox->released = false;
        sandbox->start_limit = (StartLimit){};
        sandbox->prepared = prepared_plan_unref(sandbox->prepared);
        strv_free(sandbox->definition);
        sandbox->definition = TAKE(body->assignments);
        sandbox_streams_done(&sandbox->streams);
        sandbox->streams = body->streams;
        body->streams = SANDBOX_STREAMS_NONE;
        *ret = sandbox;
        return 0;
}

int transient_read(Manager *manager, sd_bus_message *message, Sandbox **ret, int *ret_mode,
                   sd_bus_error *reterr) {
        _cleanup_(transient_body_done) TransientBody body = TRANSIENT_BODY_INIT;
        int r;

        assert(manager);
        assert(message);

        r = transient_body_read(message, &body);
        if (r < 0) {
                return body_error(r, reterr);
        }
        *ret_mode = job_mode_parse(body.mode);
        if (*ret_mode < 0) {
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "There is no job mode \"%s\".", body.mode);
        }
        if (!streams_are_whole(&body.streams)) {
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "Pass all three streams, or a terminal, or neither.");
        }
        return transient_define(manager, &body, ret, reterr);
}

static int on_owner_gone(sd_bus_track *track, void *userdata) {
        Sandbox *sandbox = userdata;

        sandbox->owner_track = sd_bus_track_unref(sandbox->owner_track);
        manager_housekeep(sandbox->manager);
        return 0;
}

int transient_set_owner(Sandbox *sandbox, sd_bus_message *message) {
        sd_bus *bus = sd_bus_message_get_bus(message);
        char *client = strdup(client_name(message));
        int r;

        if (!client) {
                return -ENOMEM;
        }
        free(sandbox->client);
        sandbox->client = client;
        sandbox->owner_bus = NULL;
        sandbox->owner_track = sd_bus_track_unref(sandbox->owner_track);
        if (sd_bus_is_bus_client(bus) == 0) {
                sandbox->owner_bus = bus; /* peer to peer: the connection itself */
                return 0;
        }
        r = sd_bus_track_new(bus, &sandbox->owner_track, on_owner_gone, sandbox);
        return r < 0 ? r : sd_bus_track_add_sender(sandbox->owner_track, message);
}
