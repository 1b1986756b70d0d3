/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/cursor.h"

#include <endian.h>

int wire_take(WireReader *reader, size_t n, const uint8_t **ret) {
        assert(reader);
        assert(ret);

        if (n > reader->left) {
                return -EBADMSG;
        }
        *ret = reader->next;
        reader->next += n;
        reader->left -= n;
        return 0;
}

static int read_number(WireReader *reader, size_t n, uint64_t *ret) {
        const uint8_t *bytes;
        uint64_t value = 0;
        int r;

        r = wire_take(reader, n, &bytes);
        if (r < 0) {
                return r;
        }
        for (size_t i = n; i > 0; i--) {
                value = value << 8 | bytes[i - 1];
        }
        *ret = value;
        return 0;
}

int wire_read_u8(WireReader *reader, uint8_t *ret) {
        uint64_t value;
        int r = read_number(reader, sizeof(*ret), &value);

        if (r == 0) {
                *ret = (uint8_t) value;
        }
        return r;
}

int wire_read_u16(WireReader *reader, uint16_t *ret) {
        uint64_t value;
        int r = read_number(reader, sizeof(*ret), &value);

        if (r == 0) {
                *ret = (uint16_t) value;
        }
        return r;
}

int wire_read_u32(WireReader *reader, uint32_t *ret) {
        uint64_t value;
        int r = read_number(reader, sizeof(*ret), &value);

        if (r == 0) {
                *ret = (uint32_t) value;
        }
        return r;
}

int wire_read_u64(WireReader *reader, uint64_t *ret) {
        return read_number(reader, sizeof(*ret), ret);
}

int wire_read_string(WireReader *reader, size_t n, const char **ret) {
        const uint8_t *bytes;
        int r;

        assert(ret);

        if (n == 0) {
                return -EBADMSG;
        }
        r = wire_take(reader, n, &bytes);
        if (r < 0) {
                return r;
        }
        if (memchr(bytes, '\0', n) != bytes + n - 1) {
                return -EBADMSG;
        }
        *ret = (const char *) bytes;
        return 0;
}

int wire_put(WireWriter *writer, const void *bytes, size_t n) {
        assert(writer);

        if (writer->bytes) {
                if (n > writer->capacity - writer->size) {
                        return -ENOSPC;
                }
                if (n > 0) {
                        memcpy(writer->bytes + writer->size, bytes, n);
                }
        }
        writer->size += n;
        return 0;
}

int wire_write_u8(WireWriter *writer, uint8_t value) {
        return wire_put(writer, &value, sizeof(value));
}

int wire_write_u16(WireWriter *writer, uint16_t value) {
        value = htole16(value);
        return wire_put(writer, &value, sizeof(value));
}

int wire_write_u32(WireWriter *writer, uint32_t value) {
        value = htole32(value);
        return wire_put(writer, &value, sizeof(value));
}

int wire_write_u64(WireWriter *writer, uint64_t value) {
        value = htole64(value);
        return wire_put(writer, &value, sizeof(value));
}
