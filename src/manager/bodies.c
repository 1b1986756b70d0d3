/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/bodies.h"

#include "base/fd.h"
#include "sbx/bus.h"

static const char *const stream_names[SANDBOX_STREAMS] = {
        "StandardInputFileDescriptor",
        "StandardOutputFileDescriptor",
        "StandardErrorFileDescriptor",
};

/* SANDBOX_STREAMS: it is none. */
static size_t stream_find(const char *name) {
        size_t i = 0;

        while (i < SANDBOX_STREAMS && !streq(name, stream_names[i])) {
                i++;
        }
        return i;
}

/* Reads the variant that belongs to a name. */
typedef int EntryReader(sd_bus_message *message, const char *name, void *body);

static int read_entry(sd_bus_message *message, EntryReader *read, void *body) {
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0) {
                r = read(message, name, body);
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* a(sv) or, with an entry of type 'e', a{sv}. */
static int read_entries(sd_bus_message *message, char type, EntryReader *read, void *body) {
        int r;

        r = sd_bus_message_enter_container(message, 'a', type == 'e' ? "{sv}" : "(sv)");
        while (r >= 0) {
                r = sd_bus_message_enter_container(message, type, "sv");
                if (r <= 0) {
                        break;
                }
                r = read_entry(message, read, body);
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_texts(sd_bus_message *message, char ***ret) {
        _cleanup_(strv_freep) char **texts = NULL;
        int r;

        r = sd_bus_message_enter_container(message, 'v', "as");
        if (r >= 0) {
                r = sd_bus_message_read_strv(message, &texts);
        }
        if (r >= 0) {
                r = sd_bus_message_exit_container(message);
        }
        if (r < 0) {
                return r;
        }
        strv_free(*ret); /* the same name may come twice: the last counts */
        *ret = TAKE(texts);
        return 0;
}

/* -- directives -- */

static int add_assignment(char ***assignments, const char *name, const char *text) {
        if (strv_length(*assignments) >= BODY_ASSIGNMENTS_MAX) {
                return -E2BIG;
        }
        return strv_append_take(assignments, strf("%s=%s", name, text));
}

/* Text ('s') as in a unit file, or several ('as'). */
static int read_directive(sd_bus_message *message, const char *name, char ***assignments) {
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
        r = read_texts(message, &texts);
        STRV_FOREACH (item, texts) {
                if (r < 0) {
                        break;
                }
                r = add_assignment(assignments, name, *item);
        }
        return r;
}

/* -- StartTransientUnit() -- */

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

static int read_property(sd_bus_message *message, const char *name, void *userdata) {
        TransientBody *body = userdata;
        SandboxStreams *streams = &body->streams;
        size_t stream = stream_find(name);

        if (stream < SANDBOX_STREAMS) {
                return read_stream(message, &streams->fds[stream]);
        }
        if (streq(name, "TerminalFileDescriptor")) {
                streams->terminal = true;
                return read_stream(message, &streams->attached);
        }
        if (streq(name, "TerminalRows")) {
                return sd_bus_message_read(message, "v", "q", &streams->rows);
        }
        if (streq(name, "TerminalColumns")) {
                return sd_bus_message_read(message, "v", "q", &streams->columns);
        }
        return read_directive(message, name, &body->assignments);
}

int transient_body_read(sd_bus_message *message, TransientBody *body) {
        int r;

        assert(message && body);

        r = sd_bus_message_read(message, "ss", &body->name, &body->mode);
        if (r >= 0) {
                r = read_entries(message, 'r', read_property, body);
        }
        if (r >= 0) {
                r = sd_bus_message_skip(message, "a(sa(sv))");
        }
        return MIN(r, 0);
}

void transient_body_done(TransientBody *body) {
        body->assignments = strv_free(body->assignments);
        sandbox_streams_done(&body->streams);
}

/* -- Exec() -- */

static int read_option(sd_bus_message *message, const char *name, void *userdata) {
        ExecBody *body = userdata;
        ExecOptions *options = &body->options;
        size_t stream = stream_find(name);
        int flag = 0, r;

        if (stream < SANDBOX_STREAMS) {
                return sd_bus_message_read(message, "v", "h", &options->fds[stream]);
        }
        if (streq(name, "Terminal")) {
                r = sd_bus_message_read(message, "v", "b", &flag);
                options->terminal = flag != 0;
                return r;
        }
        if (streq(name, "Rows")) {
                return sd_bus_message_read(message, "v", "q", &options->rows);
        }
        if (streq(name, "Columns")) {
                return sd_bus_message_read(message, "v", "q", &options->columns);
        }
        if (streq(name, "User")) {
                return sd_bus_message_read(message, "v", "s", &options->user);
        }
        if (streq(name, "WorkingDirectory")) {
                return sd_bus_message_read(message, "v", "s", &options->directory);
        }
        if (streq(name, "Environment")) {
                return read_texts(message, &options->environment);
        }
        body->unknown = name;
        return -EOPNOTSUPP;
}

int exec_body_read(sd_bus_message *message, ExecBody *body) {
        int r;

        assert(message && body);

        r = sd_bus_message_read(message, "s", &body->name);
        if (r >= 0) {
                r = sd_bus_message_read_strv(message, &body->argv);
        }
        if (r >= 0) {
                r = read_entries(message, 'e', read_option, body);
        }
        return MIN(r, 0);
}

void exec_body_done(ExecBody *body) {
        body->argv = strv_free(body->argv);
        body->options.environment = strv_free(body->options.environment);
}

/* -- SetUnitProperties() -- */

static int read_change(sd_bus_message *message, const char *name, void *userdata) {
        ChangeBody *body = userdata;

        return read_directive(message, name, &body->assignments);
}

int change_body_read(sd_bus_message *message, ChangeBody *body) {
        int runtime = 0, r;

        assert(message && body);

        r = sd_bus_message_read(message, "sb", &body->name, &runtime);
        if (r >= 0) {
                body->runtime = runtime != 0;
                r = read_entries(message, 'r', read_change, body);
        }
        return MIN(r, 0);
}

void change_body_done(ChangeBody *body) {
        body->assignments = strv_free(body->assignments);
}

/* -- the answer -- */

int body_error(int fault, sd_bus_error *reterr) {
        if (fault == -E2BIG) {
                return sd_bus_error_setf(reterr, SBX_ERROR_LIMITS_EXCEEDED,
                                         "More than %u values of directives cannot be given.",
                                         BODY_ASSIGNMENTS_MAX);
        }
        if (fault == -ENXIO) {
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "A property or option is not of the type that it should "
                                        "be: the value of a directive is its text as in a unit "
                                        "file ('s'), or several ('as').");
        }
        return fault;
}
