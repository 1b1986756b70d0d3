/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/control.h"

#include "base/fd.h"
#include "wire/cursor.h"

#define HEADER_SIZE 24u

#define NUMBERS(...) \
        { __VA_ARGS__ }
#define STRINGS(...) \
        { __VA_ARGS__ }

const ControlSchema control_table[_CONTROL_MAX] = {
#define M(TYPE, Direction, Summary, Numbers, Strings, Least, Most) \
        [CONTROL_##TYPE] = {.name = #TYPE,                         \
                            .direction = CONTROL_##Direction,      \
                            .summary = (Summary),                  \
                            .numbers = Numbers,                    \
                            .strings = Strings,                    \
                            .fds_min = (Least),                    \
                            .fds_max = (Most)},
#include "wire/control.def"
#undef M
};

static bool type_is_known(ControlType type) {
        return type >= 0 && type < _CONTROL_MAX;
}

static bool fds_fit(ControlType type, size_t n_fds) {
        return n_fds >= control_table[type].fds_min && n_fds <= control_table[type].fds_max;
}

void control_message_done(ControlMessage *message) {
        assert(message);

        for (size_t i = 0; i < message->n_fds; i++) {
                message->fds[i] = fd_close(message->fds[i]);
        }
        message->n_fds = 0;
}

static int write_string(WireWriter *writer, const char *text) {
        size_t n = strnlen(text, CONTROL_STRING_MAX - 1);
        int r;

        r = wire_write_u16(writer, (uint16_t) (n + 1));
        if (r == 0) {
                r = wire_put(writer, text, n);
        }
        return r == 0 ? wire_write_u8(writer, 0) : r;
}

static int write_message(WireWriter *writer, const ControlMessage *message, size_t size) {
        const ControlSchema *schema = &control_table[message->type];
        int r;

        r = wire_write_u16(writer, (uint16_t) message->type);
        if (r == 0) {
                r = wire_write_u16(writer, (uint16_t) size);
        }
        if (r == 0) {
                r = wire_write_u32(writer, message->serial);
        }
        if (r == 0) {
                r = wire_put(writer, message->id.bytes, sizeof(message->id.bytes));
        }
        for (size_t i = 0; schema->numbers[i] && r == 0; i++) {
                r = wire_write_u64(writer, message->numbers[i]);
        }
        for (size_t i = 0; schema->strings[i] && r == 0; i++) {
                r = write_string(writer, message->strings[i]);
        }
        return r;
}

int control_encode(const ControlMessage *message, void *bytes, size_t *size) {
        WireWriter writer = {};
        int r;

        assert(message);
        assert(bytes);
        assert(size);

        if (!type_is_known(message->type) || !fds_fit(message->type, message->n_fds)) {
                return -EINVAL;
        }
        r = write_message(&writer, message, 0);
        if (r < 0) {
                return r;
        }
        if (writer.size > CONTROL_SIZE_MAX || writer.size > *size) {
                return -EINVAL;
        }
        {
                WireWriter filler = {.bytes = bytes, .capacity = *size};

                r = write_message(&filler, message, writer.size);
                if (r < 0) {
                        return r;
                }
                *size = filler.size;
        }
        return 0;
}

static int read_string(WireReader *reader, char *ret) {
        const char *text;
        uint16_t n;
        int r;

        r = wire_read_u16(reader, &n);
        if (r < 0) {
                return r;
        }
        if (n > CONTROL_STRING_MAX) {
                return -EBADMSG;
        }
        r = wire_read_string(reader, n, &text);
        if (r < 0) {
                return r;
        }
        memcpy(ret, text, n);
        return 0;
}

static int read_header(WireReader *reader, size_t size, ControlDirection direction,
                       ControlMessage *ret) {
        const uint8_t *id;
        uint16_t type, stated;
        int r;

        r = wire_read_u16(reader, &type);
        if (r == 0) {
                r = wire_read_u16(reader, &stated);
        }
        if (r == 0) {
                r = wire_read_u32(reader, &ret->serial);
        }
        if (r == 0) {
                r = wire_take(reader, sizeof(ret->id.bytes), &id);
        }
        if (r < 0) {
                return r;
        }
        if (type >= _CONTROL_MAX || stated != size ||
            (control_table[type].direction & direction) == 0) {
                return -EBADMSG;
        }
        ret->type = (ControlType) type;
        memcpy(ret->id.bytes, id, sizeof(ret->id.bytes));
        return 0;
}

int control_decode(const void *bytes, size_t size, ControlDirection direction,
                   ControlMessage *ret) {
        WireReader reader = {.next = bytes, .left = size};
        const ControlSchema *schema;
        int r;

        assert(bytes || size == 0);
        assert(ret);

        memset(ret, 0, sizeof(*ret));
        for (size_t i = 0; i < CONTROL_FDS_MAX; i++) {
                ret->fds[i] = -EBADF;
        }
        if (size > CONTROL_SIZE_MAX) {
                return -EBADMSG;
        }
        r = read_header(&reader, size, direction, ret);
        if (r < 0) {
                return r;
        }
        schema = &control_table[ret->type];
        for (size_t i = 0; schema->numbers[i] && r == 0; i++) {
                r = wire_read_u64(&reader, &ret->numbers[i]);
        }
        for (size_t i = 0; schema->strings[i] && r == 0; i++) {
                r = read_string(&reader, ret->strings[i]);
        }
        if (r < 0) {
                return r;
        }
        return reader.left == 0 ? 0 : -EBADMSG;
}

int control_send(int socket, const ControlMessage *message, int flags) {
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes);
        int r;

        assert(message);

        r = control_encode(message, bytes, &size);
        if (r < 0) {
                return r;
        }
        return fd_send(socket, bytes, size, message->fds, message->n_fds, flags);
}

int control_receive(int socket, ControlDirection direction, ControlMessage *ret, int flags) {
        uint8_t bytes[CONTROL_SIZE_MAX];
        int fds[CONTROL_FDS_MAX];
        size_t n_fds = ELEMENTS(fds);
        ssize_t n;
        int r;

        assert(ret);

        n = fd_receive(socket, bytes, sizeof(bytes), fds, &n_fds, flags);
        if (n < 0) {
                return n == -EMSGSIZE ? -EBADMSG : (int) n;
        }
        if (n == 0 && n_fds == 0) {
                return 0;
        }
        r = control_decode(bytes, (size_t) n, direction, ret);
        /* The message owns them from here on, also where it is refused. */
        memcpy(ret->fds, fds, n_fds * sizeof(int));
        ret->n_fds = n_fds;
        if (r == 0 && !fds_fit(ret->type, n_fds)) {
                r = -EBADMSG;
        }
        if (r < 0) {
                control_message_done(ret);
                return r;
        }
        return 1;
}
