/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Cursors over bytes, little-endian. A reader that ran out, or a writer without room, is -EBADMSG
 * or -ENOSPC and stays where it is; wire_take() and wire_put() alone move them. */

#include "base/macros.h"

typedef struct WireReader {
        const uint8_t *next;
        size_t left;
} WireReader;

int wire_take(WireReader *reader, size_t n, const uint8_t **ret);
int wire_read_u8(WireReader *reader, uint8_t *ret);
int wire_read_u16(WireReader *reader, uint16_t *ret);
int wire_read_u32(WireReader *reader, uint32_t *ret);
int wire_read_u64(WireReader *reader, uint64_t *ret);
/* n bytes that are a string: exactly one NUL, at the end. Borrowed from the reader's bytes. */
int wire_read_string(WireReader *reader, size_t n, const char **ret);

/* A writer with bytes NULL only counts. */
typedef struct WireWriter {
        uint8_t *bytes;
        size_t size, capacity;
} WireWriter;

int wire_put(WireWriter *writer, const void *bytes, size_t n);
int wire_write_u8(WireWriter *writer, uint8_t value);
int wire_write_u16(WireWriter *writer, uint16_t value);
int wire_write_u32(WireWriter *writer, uint32_t value);
int wire_write_u64(WireWriter *writer, uint64_t value);
