/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bodies of the methods that take containers, as clients may make them: the right types, wrong
 * ones, everything twice. Each input is read as each body. The messages are made over a bus that
 * nothing is ever sent on. */

#include "bus-grammar.h"

#include "base/fd.h"
#include "manager/bodies.h"

#include <sys/socket.h>

#define TEXT_MAX 16u
#define DEPTH_MAX 4u
#define VALUES_MAX 6000u /* in one message */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef struct Input {
        const uint8_t *bytes;
        size_t size;
        unsigned n_values, depth;
        sd_bus_message *message;
} Input;

static sd_bus *bus;
static int far_end; /* of its socket: a descriptor to be passed */

static uint8_t take_byte(Input *input) {
        if (input->size == 0) {
                return 0;
        }
        input->size--;
        return *input->bytes++;
}

static const char *take_text(Input *input, char text[TEXT_MAX]) {
        size_t length = take_byte(input) % TEXT_MAX;

        for (size_t i = 0; i < length; i++) {
                text[i] = (char) take_byte(input);
        }
        text[length] = '\0';
        return text;
}

static size_t take_length(Input *input) {
        uint8_t byte = take_byte(input);

        return byte == GRAMMAR_MANY ? BODY_ASSIGNMENTS_MAX + 1 : byte % (GRAMMAR_LENGTH_MAX + 1);
}

static const char *take_type(Input *input) {
        return grammar_types[take_byte(input) % ELEMENTS(grammar_types)].type;
}

/* -- making -- */

static size_t type_length(const char *type) {
        size_t length = 1;

        if (*type == 'a') {
                return 1 + type_length(type + 1);
        }
        if (*type == '(' || *type == '{') {
                while (type[length] != ')' && type[length] != '}') {
                        length += type_length(type + length);
                }
                length++;
        }
        return length;
}

static int append_text(Input *input, char type) {
        static const char *const objects[] = {"/", "/a", "/a/b"};
        static const char *const signatures[] = {"", "s", "a{sv}"};
        char text[TEXT_MAX];
        const char *value = take_text(input, text);

        if (type == 'o') {
                value = objects[strlen(value) % ELEMENTS(objects)];
        } else if (type == 'g') {
                value = signatures[strlen(value) % ELEMENTS(signatures)];
        }
        return sd_bus_message_append_basic(input->message, type, value);
}

static int append_basic(Input *input, char type) {
        union {
                uint8_t bytes[8];
                int number;
        } value = {};

        if (type == 's' || type == 'o' || type == 'g') {
                return append_text(input, type);
        }
        if (type == 'h') {
                value.number = far_end;
        } else if (type == 'b') {
                value.number = take_byte(input) & 1;
        } else {
                for (size_t i = 0; i < sizeof(value); i++) {
                        value.bytes[i] = take_byte(input);
                }
        }
        return sd_bus_message_append_basic(input->message, type, &value);
}

static int append_value(Input *input, const char *type, size_t length);

static int append_all(Input *input, const char *types, size_t length) {
        int r = 0;

        for (size_t i = 0; i < length && r >= 0;) {
                size_t one = type_length(types + i);

                r = append_value(input, types + i, one);
                i += one;
        }
        return r;
}

static int append_container(Input *input, char kind, const char *contents, size_t length) {
        _cleanup_free_ char *text = strndup(contents, length);
        size_t n = kind == 'a' ? take_length(input) : 1;
        int r;

        assert(text);
        r = sd_bus_message_open_container(input->message, kind, text);
        for (size_t i = 0; i < n && r >= 0 && input->n_values < VALUES_MAX; i++) {
                r = append_all(input, contents, length);
        }
        return r < 0 ? r : sd_bus_message_close_container(input->message);
}

static int append_variant(Input *input) {
        const char *type = input->depth < DEPTH_MAX ? take_type(input) : "s";
        int r;

        input->depth++;
        r = append_container(input, 'v', type, strlen(type));
        input->depth--;
        return r;
}

static int append_value(Input *input, const char *type, size_t length) {
        input->n_values++;
        switch (*type) {
        case 'v':
                return append_variant(input);
        case 'a':
                return append_container(input, 'a', type + 1, length - 1);
        case '(':
                return append_container(input, 'r', type + 1, length - 2);
        case '{':
                return append_container(input, 'e', type + 1, length - 2);
        default:
                return append_basic(input, *type);
        }
}

static int append_name(Input *input) {
        const char *name = grammar_names[take_byte(input) % ELEMENTS(grammar_names)];
        char text[TEXT_MAX];

        return sd_bus_message_append(input->message, "s", name ? name : take_text(input, text));
}

static int append_entry(Input *input, char kind) {
        int r = sd_bus_message_open_container(input->message, kind, "sv");

        r = r < 0 ? r : append_name(input);
        r = r < 0 ? r : append_variant(input);
        return r < 0 ? r : sd_bus_message_close_container(input->message);
}

static int append_entries(Input *input, char kind) {
        size_t n = take_length(input);
        int r = sd_bus_message_open_container(input->message, 'a', kind == 'e' ? "{sv}" : "(sv)");

        for (size_t i = 0; i < n && r >= 0 && input->n_values < VALUES_MAX; i++) {
                r = append_entry(input, kind);
        }
        return r < 0 ? r : sd_bus_message_close_container(input->message);
}

/* Before the entries, behind them, and what kind these are of. */
static const struct Shape {
        const char *head, *tail;
        char kind;
} shapes[_GRAMMAR_BODY_MAX] = {
        [GRAMMAR_TRANSIENT] = {"ss", "a(sa(sv))", 'r'},
        [GRAMMAR_EXEC] = {"sas", "", 'e'},
        [GRAMMAR_CHANGE] = {"sb", "", 'r'},
};

static int append_part(Input *input, const char *types) {
        if (take_byte(input) != GRAMMAR_AS_IT_SHOULD) {
                types = take_type(input);
        }
        return append_all(input, types, strlen(types));
}

static int make_message(Input *input) {
        const struct Shape *shape = &shapes[take_byte(input) % _GRAMMAR_BODY_MAX];
        int r;

        r = append_part(input, shape->head);
        if (r >= 0) {
                r = take_byte(input) == GRAMMAR_AS_IT_SHOULD ? append_entries(input, shape->kind)
                                                             : append_part(input, "");
        }
        if (r >= 0) {
                r = append_part(input, shape->tail);
        }
        return r < 0 ? r : sd_bus_message_seal(input->message, 1, 0);
}

/* -- reading -- */

static void check_assignments(char *const *assignments) {
        assert(strv_length(assignments) <= BODY_ASSIGNMENTS_MAX);
        STRV_FOREACH (assignment, assignments) {
                assert(strchr(*assignment, '='));
        }
}

/* What was read without a fault was read whole. The dispatcher calls a method with its signature
 * alone; the readers have to bear every other. */
static void check_end(sd_bus_message *message, const char *signature, int result) {
        assert(result <= 0);
        assert(result < 0 || sd_bus_message_has_signature(message, signature) == 0 ||
               sd_bus_message_at_end(message, 1) == 1);
}

static void read_transient(sd_bus_message *message) {
        TransientBody body = TRANSIENT_BODY_INIT;
        int r = transient_body_read(message, &body);

        check_end(message, "ssa(sv)a(sa(sv))", r);
        check_assignments(body.assignments);
        assert(r < 0 || (body.name && body.mode));
        transient_body_done(&body);
}

static void read_exec(sd_bus_message *message) {
        ExecBody body = EXEC_BODY_INIT;
        int r = exec_body_read(message, &body);

        check_end(message, "sasa{sv}", r);
        assert(r < 0 || (body.name && !body.unknown));
        exec_body_done(&body);
}

static void read_change(sd_bus_message *message) {
        ChangeBody body = {};
        int r = change_body_read(message, &body);

        check_end(message, "sba(sv)", r);
        check_assignments(body.assignments);
        assert(r < 0 || body.name);
        change_body_done(&body);
}

static void open_bus(void) {
        int ends[2];

        assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        assert(sd_bus_new(&bus) >= 0);
        assert(sd_bus_set_fd(bus, ends[0], ends[0]) >= 0);
        assert(sd_bus_negotiate_fds(bus, 1) >= 0);
        assert(sd_bus_start(bus) >= 0);
        far_end = ends[1];
}

static int lowest_fd(void) {
        int fd = fd_dup(far_end);

        assert(fd >= 0);
        fd_close(fd);
        return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
        static void (*const readers[])(sd_bus_message *) = {read_transient, read_exec, read_change};
        Input input = {.bytes = bytes, .size = size};
        int before;

        if (!bus) {
                open_bus();
        }
        before = lowest_fd();
        assert(sd_bus_message_new_method_call(bus, &input.message, "a.b", "/", "a.b", "C") >= 0);
        if (make_message(&input) >= 0) {
                for (size_t i = 0; i < ELEMENTS(readers); i++) {
                        assert(sd_bus_message_rewind(input.message, 1) >= 0);
                        readers[i](input.message);
                }
        }
        sd_bus_message_unref(input.message);
        assert(lowest_fd() == before);
        return 0;
}
