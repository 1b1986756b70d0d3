/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/plan.h"

#include "base/fd.h"
#include "wire/cursor.h"

#include <sys/stat.h>
#include <unistd.h>

/* -- bytes of a plan -- */

static int write_string(WireWriter *writer, const char *text) {
        size_t n = strlen(text) + 1;
        int r;

        r = wire_write_u32(writer, (uint32_t) n);
        return r < 0 ? r : wire_put(writer, text, n);
}

static int write_strv(WireWriter *writer, char *const *list) {
        int r;

        r = wire_write_u32(writer, (uint32_t) strv_length(list));
        STRV_FOREACH (word, list) {
                if (r == 0) {
                        r = write_string(writer, *word);
                }
        }
        return r;
}

static int write_arg(WireWriter *writer, OpArgType type, const OpArg *arg) {
        int r;

        r = wire_write_u8(writer, (uint8_t) type);
        if (r < 0) {
                return r;
        }
        switch (type) {
        case OP_ARG_U64:
                return wire_write_u64(writer, arg->u64);
        case OP_ARG_I64:
                return wire_write_u64(writer, (uint64_t) arg->i64);
        case OP_ARG_PATH:
        case OP_ARG_STRING:
                return write_string(writer, arg->string);
        case OP_ARG_STRV:
                return write_strv(writer, arg->strv);
        case OP_ARG_BLOB:
                r = wire_write_u32(writer, (uint32_t) arg->blob.size);
                return r < 0 ? r : wire_put(writer, arg->blob.bytes, arg->blob.size);
        case OP_ARG_NONE:
                break;
        }
        return -EINVAL;
}

static int write_op(WireWriter *writer, const Op *op) {
        size_t n_args = op_n_args(op->kind);
        int r;

        r = wire_write_u16(writer, (uint16_t) op->kind);
        if (r == 0) {
                r = wire_write_u16(writer, op->origin);
        }
        if (r == 0) {
                r = wire_write_u8(writer, (uint8_t) n_args);
        }
        for (size_t i = 0; i < n_args && r == 0; i++) {
                r = write_arg(writer, op_table[op->kind].args[i].type, &op->args[i]);
        }
        return r;
}

/* size: of the whole message, which stands in the header; 0 while it is being counted. */
static int write_plan(WireWriter *writer, const Plan *plan, size_t size) {
        int r;

        r = wire_write_u32(writer, WIRE_PLAN_MAGIC);
        if (r == 0) {
                r = wire_write_u32(writer, WIRE_PLAN_VERSION);
        }
        if (r == 0) {
                r = wire_write_u32(writer, (uint32_t) size);
        }
        if (r == 0) {
                r = wire_write_u32(writer, (uint32_t) plan->n_ops);
        }
        for (size_t i = 0; i < plan->n_ops && r == 0; i++) {
                r = write_op(writer, &plan->ops[i]);
        }
        return r;
}

int wire_plan_encode(const Plan *plan, void **ret, size_t *ret_size) {
        WireWriter writer = {};
        int r;

        assert(plan);
        assert(ret);
        assert(ret_size);

        /* The writer relies on what the check says: strings that are there, kinds of the table. */
        r = plan_check(plan, NULL);
        if (r < 0) {
                return r;
        }
        r = write_plan(&writer, plan, 0);
        if (r < 0) {
                return r;
        }
        if (writer.size > PLAN_SIZE_MAX) {
                return -E2BIG;
        }
        {
                _cleanup_free_ uint8_t *bytes = malloc(writer.size);
                WireWriter filler = {.bytes = bytes, .capacity = writer.size};

                if (!bytes) {
                        return -ENOMEM;
                }
                r = write_plan(&filler, plan, writer.size);
                if (r < 0) {
                        return r;
                }
                *ret = TAKE(bytes);
                *ret_size = filler.size;
        }
        return 0;
}

/* -- and back -- */

/* n is bounded by max (bytes without NUL) before anything is allocated. */
static int read_string(WireReader *reader, uint64_t max, char **ret) {
        const char *text;
        uint32_t n;
        int r;

        r = wire_read_u32(reader, &n);
        if (r < 0) {
                return r;
        }
        if (n > max + 1) {
                return -EBADMSG;
        }
        r = wire_read_string(reader, n, &text);
        if (r < 0) {
                return r;
        }
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

static int read_strv(WireReader *reader, uint64_t max, char ***ret) {
        _cleanup_(strv_freep) char **list = NULL;
        uint32_t n;
        int r;

        r = wire_read_u32(reader, &n);
        if (r < 0) {
                return r;
        }
        /* A string takes 5 bytes at least, so that a count cannot ask for more than came. */
        if (n > max || n > reader->left / 5) {
                return -EBADMSG;
        }
        list = calloc((size_t) n + 1, sizeof(char *));
        if (!list) {
                return -ENOMEM;
        }
        for (uint32_t i = 0; i < n; i++) {
                r = read_string(reader, OP_WORD_MAX, &list[i]);
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(list);
        return 0;
}

static int read_blob(WireReader *reader, uint64_t max, OpBlob *ret) {
        const uint8_t *bytes;
        uint32_t n;
        int r;

        r = wire_read_u32(reader, &n);
        if (r < 0) {
                return r;
        }
        if (n > max) {
                return -EBADMSG;
        }
        r = wire_take(reader, n, &bytes);
        if (r < 0) {
                return r;
        }
        ret->bytes = malloc((size_t) n + 1);
        if (!ret->bytes) {
                return -ENOMEM;
        }
        memcpy(ret->bytes, bytes, n);
        ret->size = n;
        return 0;
}

static int read_arg(WireReader *reader, const OpArgSchema *schema, OpArg *arg) {
        uint8_t tag;
        int r;

        r = wire_read_u8(reader, &tag);
        if (r < 0) {
                return r;
        }
        if (tag != schema->type) {
                return -EBADMSG;
        }
        switch (schema->type) {
        case OP_ARG_U64:
                return wire_read_u64(reader, &arg->u64);
        case OP_ARG_I64:
                return wire_read_u64(reader, (uint64_t *) &arg->i64);
        case OP_ARG_PATH:
        case OP_ARG_STRING:
                return read_string(reader, schema->max, &arg->string);
        case OP_ARG_STRV:
                return read_strv(reader, schema->max, &arg->strv);
        case OP_ARG_BLOB:
                return read_blob(reader, schema->max, &arg->blob);
        case OP_ARG_NONE:
                break;
        }
        return -EBADMSG;
}

static int read_op(WireReader *reader, Plan *plan) {
        uint16_t kind, origin;
        uint8_t n_args;
        Op *op;
        int r;

        r = wire_read_u16(reader, &kind);
        if (r == 0) {
                r = wire_read_u16(reader, &origin);
        }
        if (r == 0) {
                r = wire_read_u8(reader, &n_args);
        }
        if (r < 0) {
                return r;
        }
        if (kind >= _OP_MAX || n_args != op_n_args((OpKind) kind)) {
                return -EBADMSG;
        }
        r = plan_add_empty(plan, (OpKind) kind, origin, &op);
        for (size_t i = 0; i < n_args && r == 0; i++) {
                r = read_arg(reader, &op_table[kind].args[i], &op->args[i]);
        }
        return r;
}

static int read_header(WireReader *reader, size_t size, uint32_t *ret_n_ops) {
        uint32_t magic, version, stated, n_ops;
        int r;

        r = wire_read_u32(reader, &magic);
        if (r == 0) {
                r = wire_read_u32(reader, &version);
        }
        if (r == 0) {
                r = wire_read_u32(reader, &stated);
        }
        if (r == 0) {
                r = wire_read_u32(reader, &n_ops);
        }
        if (r < 0) {
                return r;
        }
        if (magic != WIRE_PLAN_MAGIC) {
                return -EBADMSG;
        }
        if (version != WIRE_PLAN_VERSION) {
                return -EPROTONOSUPPORT;
        }
        if (stated != size || n_ops == 0 || n_ops > PLAN_OPS_MAX) {
                return -EBADMSG;
        }
        *ret_n_ops = n_ops;
        return 0;
}

int wire_plan_decode(const void *bytes, size_t size, Plan **ret) {
        _cleanup_(plan_freep) Plan *plan = NULL;
        WireReader reader = {.next = bytes, .left = size};
        uint32_t n_ops;
        int r;

        assert(bytes || size == 0);
        assert(ret);

        if (size > PLAN_SIZE_MAX) {
                return -EBADMSG;
        }
        r = read_header(&reader, size, &n_ops);
        if (r < 0) {
                return r;
        }
        plan = plan_new();
        if (!plan) {
                return -ENOMEM;
        }
        for (uint32_t i = 0; i < n_ops; i++) {
                r = read_op(&reader, plan);
                if (r < 0) {
                        return r;
                }
        }
        if (reader.left > 0) {
                return -EBADMSG;
        }
        r = plan_check(plan, NULL);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(plan);
        return 0;
}

/* -- in a sealed memfd -- */

int wire_plan_seal(const Plan *plan) {
        _cleanup_free_ void *bytes = NULL;
        size_t size;
        int r;

        r = wire_plan_encode(plan, &bytes, &size);
        if (r < 0) {
                return r;
        }
        return memfd_sealed("sbx-plan", bytes, size);
}

int wire_plan_open(int fd, Plan **ret) {
        _cleanup_free_ uint8_t *bytes = NULL;
        struct stat status;
        size_t n = 0;
        int r;

        assert(ret);

        /* Seals first: what is read afterwards cannot change any more. */
        r = memfd_check_sealed(fd);
        if (r < 0) {
                return r;
        }
        if (fstat(fd, &status) < 0) {
                return negative_errno();
        }
        if (status.st_size <= 0 || status.st_size > (off_t) PLAN_SIZE_MAX) {
                return -EBADMSG;
        }
        bytes = malloc((size_t) status.st_size);
        if (!bytes) {
                return -ENOMEM;
        }
        /* By position: the sender shares the file offset and could move it. */
        while (n < (size_t) status.st_size) {
                ssize_t k = pread(fd, bytes + n, (size_t) status.st_size - n, (off_t) n);

                if (k < 0 && errno == EINTR) {
                        continue;
                }
                if (k < 0) {
                        return negative_errno();
                }
                if (k == 0) {
                        return -EBADMSG;
                }
                n += (size_t) k;
        }
        return wire_plan_decode(bytes, n, ret);
}
