/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/state-file.h"

#include "base/fd.h"
#include "wire/cursor.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_FILE_MAGIC 0x53584253u /* "SBXS" */
#define HEADER_SIZE 12u
#define CHECKSUM_SIZE 8u
#define STRINGS_MAX 8192u

typedef enum FieldType { FIELD_ID, FIELD_STRING, FIELD_STRV, FIELD_U64 } FieldType;

typedef struct Field {
        FieldType type;
        size_t offset;
} Field;

#define FIELD(type, member) \
        { FIELD_##type, offsetof(SandboxRecord, member) }

/* The index is the tag: rows are added at the end and never moved, or the version is raised. */
static const Field fields[] = {
        FIELD(STRING, name),
        FIELD(ID, id),
        FIELD(STRING, scope),
        FIELD(STRING, status_text),
        FIELD(STRV, assignments),
        FIELD(STRV, definition),
        FIELD(STRV, degraded),
        FIELD(U64, state),
        FIELD(U64, result),
        FIELD(U64, transient),
        FIELD(U64, stop_requested),
        FIELD(U64, leader_pid),
        FIELD(U64, relay_pid),
        FIELD(U64, main_pid),
        FIELD(U64, uid_base),
        FIELD(U64, n_restarts),
        FIELD(U64, main_code),
        FIELD(U64, main_status),
        FIELD(U64, main_start_usec),
        FIELD(U64, main_exit_usec),
        FIELD(U64, active_enter_usec),
        FIELD(U64, active_exit_usec),
        FIELD(U64, inactive_enter_usec),
        FIELD(U64, state_change_usec),
};

void sandbox_record_done(SandboxRecord *record) {
        if (!record) {
                return;
        }
        free(record->name);
        free(record->scope);
        free(record->status_text);
        strv_free(record->assignments);
        strv_free(record->definition);
        strv_free(record->degraded);
        *record = (SandboxRecord){};
}

/* FNV-1a: every step is a bijection of the state, so that no change of a single byte goes unseen.
 */
static uint64_t checksum(const uint8_t *bytes, size_t n) {
        uint64_t hash = 0xcbf29ce484222325u;

        for (size_t i = 0; i < n; i++) {
                hash = (hash ^ bytes[i]) * 0x100000001b3u;
        }
        return hash;
}

/* -- encoding -- */

static int write_string(WireWriter *writer, const char *text) {
        size_t n;
        int r;

        text = text ? text : "";
        n = strlen(text) + 1;
        if (n > STATE_FILE_MAX) {
                return -E2BIG;
        }
        r = wire_write_u32(writer, (uint32_t) n);
        return r < 0 ? r : wire_put(writer, text, n);
}

static int write_field(WireWriter *writer, size_t tag, const SandboxRecord *record) {
        const void *member = (const uint8_t *) record + fields[tag].offset;
        char *const *strv;
        int r;

        r = wire_write_u16(writer, (uint16_t) tag);
        if (r < 0) {
                return r;
        }
        switch (fields[tag].type) {
        case FIELD_ID:
                return wire_put(writer, member, sizeof(SandboxId));
        case FIELD_STRING:
                return write_string(writer, *(char *const *) member);
        case FIELD_U64:
                return wire_write_u64(writer, *(const uint64_t *) member);
        case FIELD_STRV:
                break;
        }
        strv = *(char *const *const *) member;
        if (strv_length(strv) > STRINGS_MAX) {
                return -E2BIG;
        }
        r = wire_write_u32(writer, (uint32_t) strv_length(strv));
        for (; strv && *strv && r == 0; strv++) {
                r = write_string(writer, *strv);
        }
        return r;
}

static int write_record(WireWriter *writer, const SandboxRecord *record, uint32_t size) {
        int r;

        r = wire_write_u32(writer, STATE_FILE_MAGIC);
        if (r == 0) {
                r = wire_write_u32(writer, STATE_FILE_VERSION);
        }
        if (r == 0) {
                r = wire_write_u32(writer, size);
        }
        for (size_t tag = 0; tag < ELEMENTS(fields) && r == 0; tag++) {
                r = write_field(writer, tag, record);
        }
        if (r < 0) {
                return r;
        }
        return wire_write_u64(writer, writer->bytes ? checksum(writer->bytes, writer->size) : 0);
}

int state_file_encode(const SandboxRecord *record, void **ret, size_t *ret_size) {
        _cleanup_free_ uint8_t *bytes = NULL;
        WireWriter writer = {.capacity = STATE_FILE_MAX};
        int r;

        assert(record && record->name);
        assert(ret);
        assert(ret_size);

        r = write_record(&writer, record, 0);
        if (r < 0) {
                return r == -ENOSPC ? -E2BIG : r;
        }
        bytes = malloc(writer.size);
        if (!bytes) {
                return -ENOMEM;
        }
        writer = (WireWriter){.bytes = bytes, .capacity = writer.size};
        r = write_record(&writer, record, (uint32_t) writer.capacity);
        if (r < 0) {
                return r;
        }
        *ret_size = writer.size;
        *ret = TAKE(bytes);
        return 0;
}

/* -- decoding -- */

static int read_string(WireReader *reader, char **ret) {
        const char *text;
        uint32_t n;
        int r;

        r = wire_read_u32(reader, &n);
        if (r == 0) {
                r = wire_read_string(reader, n, &text);
        }
        if (r < 0) {
                return r;
        }
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

static int read_strv(WireReader *reader, char ***ret) {
        uint32_t n;
        int r;

        r = wire_read_u32(reader, &n);
        if (r < 0) {
                return r;
        }
        if (n > STRINGS_MAX) {
                return -EBADMSG;
        }
        for (uint32_t i = 0; i < n; i++) {
                char *text;

                r = read_string(reader, &text);
                if (r == 0) {
                        r = strv_append_take(ret, text);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

static int read_field(WireReader *reader, size_t tag, SandboxRecord *record) {
        void *member = (uint8_t *) record + fields[tag].offset;
        const uint8_t *bytes;
        uint16_t found;
        int r;

        r = wire_read_u16(reader, &found);
        if (r < 0) {
                return r;
        }
        if (found != tag) {
                return -EBADMSG;
        }
        switch (fields[tag].type) {
        case FIELD_ID:
                r = wire_take(reader, sizeof(SandboxId), &bytes);
                if (r == 0) {
                        memcpy(member, bytes, sizeof(SandboxId));
                }
                return r;
        case FIELD_STRING:
                return read_string(reader, member);
        case FIELD_U64:
                return wire_read_u64(reader, member);
        case FIELD_STRV:
                return read_strv(reader, member);
        }
        return -EBADMSG;
}

static int check_header(WireReader *reader, size_t size) {
        uint32_t magic, version, stated;
        int r;

        r = wire_read_u32(reader, &magic);
        if (r == 0) {
                r = wire_read_u32(reader, &version);
        }
        if (r == 0) {
                r = wire_read_u32(reader, &stated);
        }
        if (r < 0) {
                return r;
        }
        if (magic != STATE_FILE_MAGIC || stated != size) {
                return -EBADMSG;
        }
        return version == STATE_FILE_VERSION ? 0 : -EPROTONOSUPPORT;
}

/* The checksum comes first: nothing is believed of a file that fails it, its version neither. */
static int check_sum(const uint8_t *bytes, size_t size) {
        WireReader trailer;
        uint64_t sum;
        int r;

        if (size < HEADER_SIZE + CHECKSUM_SIZE || size > STATE_FILE_MAX) {
                return -EBADMSG;
        }
        trailer = (WireReader){bytes + size - CHECKSUM_SIZE, CHECKSUM_SIZE};
        r = wire_read_u64(&trailer, &sum);
        if (r < 0) {
                return r;
        }
        return sum == checksum(bytes, size - CHECKSUM_SIZE) ? 0 : -EBADMSG;
}

int state_file_decode(const void *bytes, size_t size, SandboxRecord *ret) {
        _cleanup_(sandbox_record_done) SandboxRecord record = {};
        WireReader reader;
        int r;

        assert(bytes || size == 0);
        assert(ret);

        r = check_sum(bytes, size);
        if (r < 0) {
                return r;
        }
        reader = (WireReader){bytes, size - CHECKSUM_SIZE};
        r = check_header(&reader, size);
        for (size_t tag = 0; tag < ELEMENTS(fields) && r == 0; tag++) {
                r = read_field(&reader, tag, &record);
        }
        if (r < 0) {
                return r;
        }
        if (reader.left > 0) {
                return -EBADMSG;
        }
        *ret = record;
        record = (SandboxRecord){};
        return 0;
}

/* -- files -- */

int state_file_save(int dirfd, const SandboxRecord *record) {
        _cleanup_free_ char *name = NULL, *temporary = NULL;
        _cleanup_free_ void *bytes = NULL;
        _cleanup_fd_ int fd = -EBADF;
        size_t size;
        int r;

        r = state_file_encode(record, &bytes, &size);
        if (r < 0) {
                return r;
        }
        name = strf("%s.state", record->name);
        temporary = strf(".%s.new", record->name);
        if (!name || !temporary) {
                return -ENOMEM;
        }
        fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
                return negative_errno();
        }
        r = fd_write_all(fd, bytes, size);
        if (r == 0 && fsync(fd) < 0) {
                r = negative_errno();
        }
        if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0) {
                r = negative_errno();
        }
        if (r < 0) {
                (void) unlinkat(dirfd, temporary, 0);
        }
        return r;
}

int state_file_load(int dirfd, const char *file, SandboxRecord *ret) {
        _cleanup_(sandbox_record_done) SandboxRecord record = {};
        _cleanup_free_ char *bytes = NULL, *expected = NULL;
        size_t size;
        int r;

        r = file_read_at(dirfd, file, STATE_FILE_MAX, &bytes, &size);
        if (r == 0) {
                r = state_file_decode(bytes, size, &record);
        }
        if (r < 0) {
                return r;
        }
        expected = strf("%s.state", record.name);
        if (!expected) {
                return -ENOMEM;
        }
        if (!streq(expected, file)) {
                return -EBADMSG; /* a copy under another name is another sandbox */
        }
        *ret = record;
        record = (SandboxRecord){};
        return 0;
}

int state_file_remove(int dirfd, const char *name) {
        _cleanup_free_ char *file = strf("%s.state", name);

        if (!file) {
                return -ENOMEM;
        }
        return unlinkat(dirfd, file, 0) < 0 && errno != ENOENT ? negative_errno() : 0;
}

int state_file_quarantine(int dirfd, const char *file) {
        _cleanup_free_ char *target = strf("quarantine/%s", file);

        if (!target) {
                return -ENOMEM;
        }
        if (mkdirat(dirfd, "quarantine", 0700) < 0 && errno != EEXIST) {
                return negative_errno();
        }
        return renameat(dirfd, file, dirfd, target) < 0 ? negative_errno() : 0;
}
