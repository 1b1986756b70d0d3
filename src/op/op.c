/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "op/op.h"

#include "base/lookup.h"

#define A_U64(name, max) \
        { OP_ARG_U64, (name), (max) }
#define A_I64(name) \
        { OP_ARG_I64, (name), 0 }
#define A_PATH(name) \
        { OP_ARG_PATH, (name), 4095 }
#define A_STRING(name, max) \
        { OP_ARG_STRING, (name), (max) }
#define A_STRV(name, max) \
        { OP_ARG_STRV, (name), (max) }
#define A_BLOB(name, max) \
        { OP_ARG_BLOB, (name), (max) }

const OpSchema op_table[_OP_MAX] = {
#define O(KIND, Name, PHASE, Summary, ...)        \
        [OP_##KIND] = {.kind = OP_##KIND,         \
                       .name = (Name),            \
                       .phase = OP_PHASE_##PHASE, \
                       .summary = (Summary),      \
                       .args = {__VA_ARGS__}},
#include "op/ops.def"
#undef O
};

static const char *const phase_names[_OP_PHASE_MAX] = {
        [OP_PHASE_SPAWN] = "spawn",     [OP_PHASE_ROOT] = "root", [OP_PHASE_MOUNT] = "mount",
        [OP_PHASE_NETWORK] = "network", [OP_PHASE_GATE] = "gate", [OP_PHASE_WORKLOAD] = "workload",
};

const char *op_phase_name(OpPhase phase) {
        return lookup_name(phase_names, ELEMENTS(phase_names), (int) phase);
}

const char *op_kind_name(OpKind kind) {
        return kind >= 0 && kind < _OP_MAX ? op_table[kind].name : NULL;
}

int op_kind_parse(const char *name) {
        assert(name);

        for (OpKind kind = 0; kind < _OP_MAX; kind++) {
                if (streq(op_table[kind].name, name)) {
                        return (int) kind;
                }
        }
        return -EINVAL;
}

size_t op_n_args(OpKind kind) {
        size_t n = 0;

        assert(kind >= 0 && kind < _OP_MAX);

        while (n < OP_ARGS_MAX && op_table[kind].args[n].type != OP_ARG_NONE) {
                n++;
        }
        return n;
}

Plan *plan_new(void) {
        return calloc(1, sizeof(Plan));
}

static void op_done(Op *op) {
        for (size_t i = 0; i < op_n_args(op->kind); i++) {
                switch (op_table[op->kind].args[i].type) {
                case OP_ARG_PATH:
                case OP_ARG_STRING:
                        free(op->args[i].string);
                        break;
                case OP_ARG_STRV:
                        strv_free(op->args[i].strv);
                        break;
                case OP_ARG_BLOB:
                        free(op->args[i].blob.bytes);
                        break;
                case OP_ARG_NONE:
                case OP_ARG_U64:
                case OP_ARG_I64:
                        break;
                }
        }
}

Plan *plan_free(Plan *plan) {
        if (!plan) {
                return NULL;
        }
        for (size_t i = 0; i < plan->n_ops; i++) {
                op_done(&plan->ops[i]);
        }
        free(plan->ops);
        free(plan);
        return NULL;
}

int plan_add_empty(Plan *plan, OpKind kind, uint16_t origin, Op **ret) {
        assert(plan);
        assert(kind >= 0 && kind < _OP_MAX);
        assert(ret);

        if (plan->n_ops >= PLAN_OPS_MAX) {
                return -E2BIG;
        }
        if (plan->n_ops == plan->allocated) {
                size_t allocated = plan->allocated > 0 ? plan->allocated * 2 : 64;
                Op *ops = reallocarray(plan->ops, allocated, sizeof(Op));

                if (!ops) {
                        return -ENOMEM;
                }
                plan->ops = ops;
                plan->allocated = allocated;
        }
        plan->ops[plan->n_ops] = (Op){.kind = kind, .origin = origin};
        *ret = &plan->ops[plan->n_ops++];
        return 0;
}

static int op_copy_blob(OpArg *arg, const void *bytes, size_t size) {
        /* One byte more, so that an empty blob is not NULL. */
        arg->blob.bytes = malloc(size + 1);
        if (!arg->blob.bytes) {
                return -ENOMEM;
        }
        if (size > 0) {
                memcpy(arg->blob.bytes, bytes, size);
        }
        arg->blob.size = size;
        return 0;
}

static int op_copy_string(OpArg *arg, const char *text) {
        assert(text);

        arg->string = strdup(text);
        return arg->string ? 0 : -ENOMEM;
}

static int op_fill(Op *op, va_list list) {
        int r = 0;

        for (size_t i = 0; i < op_n_args(op->kind) && r == 0; i++) {
                switch (op_table[op->kind].args[i].type) {
                case OP_ARG_U64:
                        op->args[i].u64 = va_arg(list, uint64_t);
                        break;
                case OP_ARG_I64:
                        op->args[i].i64 = va_arg(list, int64_t);
                        break;
                case OP_ARG_PATH:
                case OP_ARG_STRING:
                        r = op_copy_string(&op->args[i], va_arg(list, const char *));
                        break;
                case OP_ARG_STRV:
                        r = strv_copy(va_arg(list, char *const *), &op->args[i].strv);
                        break;
                case OP_ARG_BLOB: {
                        const void *bytes = va_arg(list, const void *);

                        r = op_copy_blob(&op->args[i], bytes, va_arg(list, size_t));
                        break;
                }
                case OP_ARG_NONE:
                        break;
                }
        }
        return r;
}

int plan_addv(Plan *plan, OpKind kind, uint16_t origin, Place place, va_list list) {
        Op *op;
        int r;

        r = plan_add_empty(plan, kind, origin, &op);
        if (r < 0) {
                return r;
        }
        op->place = place;
        r = op_fill(op, list);
        if (r == 0) {
                r = op_check(op, NULL);
        }
        if (r < 0) {
                op_done(op);
                plan->n_ops--;
        }
        return r;
}

int plan_add(Plan *plan, OpKind kind, uint16_t origin, Place place, ...) {
        va_list list;
        int r;

        va_start(list, place);
        r = plan_addv(plan, kind, origin, place, list);
        va_end(list);
        return r;
}

const Op *plan_next(const Plan *plan, OpKind kind, size_t *index) {
        assert(plan);
        assert(index);

        while (*index < plan->n_ops) {
                const Op *op = &plan->ops[(*index)++];

                if (op->kind == kind) {
                        return op;
                }
        }
        return NULL;
}

const Op *plan_find(const Plan *plan, OpKind kind) {
        size_t index = 0;

        return plan_next(plan, kind, &index);
}
