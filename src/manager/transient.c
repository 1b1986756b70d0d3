/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/transient.h"

#include "base/fd.h"
#include "manager/failure.h"
#include "manager/job.h"
#include "manager/manager.h"
#include "sbx/bus.h"

typedef struct TransientInput {
        char **assignments;
        SandboxStreams streams;
} TransientInput;

static void transient_input_done(TransientInput *input) {
        input->assignments = strv_free(input->assignments);
        sandbox_streams_done(&input->streams);
}

/* -- properties -- */

static const char *const stream_names[SANDBOX_STREAMS] = {
        "StandardInputFileDescriptor",
        "StandardOutputFileDescriptor",
        "StandardErrorFileDescriptor",
};

static int read_stream(sd_bus_message *message, int *stream) {
        int fd, r;

        r = sd_bus_message_read(message, "v", "h", &fd);
        if (r < 0) {
                return r;
        }
        fd_close(*stream);
        *stream = fd_dup(fd); /* the message owns its own */
        return *stream < 0 ? *stream : 0;
}

/* 1: it was one of these; 0: it is a directive. */
static int read_special(sd_bus_message *message, const char *name, SandboxStreams *streams) {
        int r;

        for (size_t i = 0; i < SANDBOX_STREAMS; i++) {
                if (streq(name, stream_names[i])) {
                        r = read_stream(message, &streams->fds[i]);
                        return r < 0 ? r : 1;
                }
        }
        if (streq(name, "TerminalFileDescriptor")) {
                r = read_stream(message, &streams->attached);
                streams->terminal = true;
                return r < 0 ? r : 1;
        }
        if (streq(name, "TerminalRows")) {
                r = sd_bus_message_read(message, "v", "q", &streams->rows);
                return r < 0 ? r : 1;
        }
        if (streq(name, "TerminalColumns")) {
                r = sd_bus_message_read(message, "v", "q", &streams->columns);
                return r < 0 ? r : 1;
        }
        return 0;
}

static int add_assignment(char ***assignments, const char *name, const char *text) {
        if (strv_length(*assignments) >= TRANSIENT_PROPERTIES_MAX) {
                return -E2BIG;
        }
        return strv_append_take(assignments, strf("%s=%s", name, text));
}

int transient_read_directive(sd_bus_message *message, const char *name, char ***assignments) {
        _cleanup_(strv_freep) char **texts = NULL;
        const char *contents, *text;
        int r;

        r = sd_bus_message_peek_type(message, NULL, &contents);
        if (r < 0) {
                return r;
        }
        if (streq(contents, "s")) {
                r = sd_bus_message_read(message, "v", "s", &text);
                return r < 0 ? r : add_assignment(assignments, name, text);
        }
        r = sd_bus_message_enter_container(message, 'v', "as");
        if (r >= 0) {
                r = sd_bus_message_read_strv(message, &texts);
        }
        if (r >= 0) {
                r = sd_bus_message_exit_container(message);
        }
        STRV_FOREACH (item, texts) {
                if (r < 0) {
                        break;
                }
                r = add_assignment(assignments, name, *item);
        }
        return r;
}

static int read_properties(sd_bus_message *message, TransientInput *input) {
        const char *name;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "(sv)");
        while (r >= 0) {
                r = sd_bus_message_enter_container(message, 'r', "sv");
                if (r <= 0) {
                        break;
                }
                r = sd_bus_message_read(message, "s", &name);
                if (r >= 0) {
                        r = read_special(message, name, &input->streams);
                }
                if (r == 0) {
                        r = transient_read_directive(message, name, &input->assignments);
                }
                if (r >= 0) {
                        r = sd_bus_message_exit_container(message);
                }
        }
        if (r >= 0) {
                r = sd_bus_message_exit_container(message);
        }
        return r < 0 ? r : sd_bus_message_skip(message, "a(sa(sv))");
}

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

static int transient_define(Manager *manager, const char *name, TransientInput *input,
                            Sandbox **ret, sd_bus_error *reterr) {
        _cleanup_(unit_freep) Unit *unit = NULL;
        Sandbox *sandbox;
        int r;

        r = check_name(manager, name, &sandbox, reterr);
        if (r == 0) {
                r = load_unit(manager, name, input->assignments, &unit, reterr);
        }
        if (r == 0 && !sandbox) {
                r = manager_add(manager, name, &sandbox);
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
        sandbox->definition = TAKE(input->assignments);
        sandbox_streams_done(&sandbox->streams);
        sandbox->streams = input->streams;
        input->streams = SANDBOX_STREAMS_NONE;
        *ret = sandbox;
        return 0;
}

int transient_read(Manager *manager, sd_bus_message *message, Sandbox **ret, int *ret_mode,
                   sd_bus_error *reterr) {
        _cleanup_(transient_input_done) TransientInput input = {.streams = SANDBOX_STREAMS_NONE};
        const char *name, *mode;
        int r;

        assert(manager);
        assert(message);

        r = sd_bus_message_read(message, "ss", &name, &mode);
        if (r < 0) {
                return r;
        }
        *ret_mode = job_mode_parse(mode);
        if (*ret_mode < 0) {
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "There is no job mode \"%s\".", mode);
        }
        r = read_properties(message, &input);
        if (r < 0) {
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "A property is not of the type that it should be.");
        }
        if (!streams_are_whole(&input.streams)) {
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "Pass all three streams, or a terminal, or neither.");
        }
        return transient_define(manager, name, &input, ret, reterr);
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
