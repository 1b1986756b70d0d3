/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Valid ops with the least and the greatest arguments that their schema allows, for every row of
 * the table, and a plan around one of them that passes plan_check(). */

#include "op/op.h"

#include <check.h>
#include <linux/sched.h>

typedef enum Extreme { LEAST, GREATEST, _EXTREME_MAX } Extreme;

#define SAMPLE_NAMESPACES                                                                          \
        (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUSER | \
         CLONE_NEWTIME)

/* prefix, then x up to n bytes, with a slash after every 200 for paths */
static inline char *sample_text(const char *prefix, size_t n, bool path) {
        char *text = malloc(n + 1);
        size_t start = strlen(prefix);

        ck_assert_ptr_nonnull(text);
        ck_assert_uint_le(start, n);
        memset(text, 'x', n);
        memcpy(text, prefix, start);
        for (size_t i = 200; path && i + 1 < n; i += 200) {
                text[i] = '/';
        }
        text[n] = '\0';
        return text;
}

static inline char **sample_strv(size_t n, const char *word) {
        char **list = NULL;

        for (size_t i = 0; i < n; i++) {
                ck_assert_int_eq(strv_append(&list, word), 0);
        }
        return list;
}

static inline void sample_arg(const OpArgSchema *schema, Extreme extreme, OpArg *arg) {
        switch (schema->type) {
        case OP_ARG_U64:
                arg->u64 = extreme == LEAST ? 0 : schema->max;
                break;
        case OP_ARG_I64:
                arg->i64 = extreme == LEAST ? INT64_MIN : INT64_MAX;
                break;
        case OP_ARG_PATH:
                arg->string = sample_text("/a", extreme == LEAST ? 2 : schema->max, true);
                break;
        case OP_ARG_STRING:
                arg->string = sample_text("", extreme == LEAST ? 1 : schema->max, false);
                break;
        case OP_ARG_STRV:
                arg->strv = sample_strv(extreme == LEAST ? 1 : schema->max, "A=1");
                break;
        case OP_ARG_BLOB:
                arg->blob.size = extreme == LEAST ? 8 : (size_t) OP_SECCOMP_MAX * 8;
                arg->blob.bytes = malloc(arg->blob.size);
                ck_assert_ptr_nonnull(arg->blob.bytes);
                memset(arg->blob.bytes, 0xa5, arg->blob.size);
                break;
        case OP_ARG_NONE:
                break;
        }
}

/* What the schema alone does not make valid. */
static inline void sample_adjust(Op *op, Extreme extreme) {
        switch (op->kind) {
        case OP_NAMESPACES:
                op->args[0].u64 = extreme == LEAST ? CLONE_NEWNS : SAMPLE_NAMESPACES;
                break;
        case OP_JOIN_PATH:
        case OP_JOIN_SANDBOX:
                /* the one kind that is not among the namespaces of the sample */
                op->args[0].u64 = CLONE_NEWCGROUP;
                break;
        case OP_ID_MAP:
                op->args[0].u64 = OP_ID_BOTH;
                /* root is always among them */
                op->args[1].u64 = 0;
                op->args[2].u64 = extreme == LEAST ? OP_ID_PICK : 1;
                op->args[3].u64 = extreme == LEAST ? 1 : UINT32_MAX;
                break;
        case OP_DEVICE:
                for (int i = 0; i < 2; i++) {
                        free(op->args[i].string);
                        op->args[i].string =
                                sample_text("/dev/a", extreme == LEAST ? 6 : 4095, true);
                }
                break;
        case OP_DEVICE_RULE:
                op->args[3].u64 = extreme == LEAST ? OP_DEVICE_READ : OP_DEVICE_ACCESS_ALL;
                break;
        case OP_NICE:
                op->args[0].i64 = extreme == LEAST ? OP_NICE_LEAST : OP_NICE_MOST;
                break;
        case OP_OOM_SCORE:
                op->args[0].i64 = extreme == LEAST ? -OP_OOM_SCORE_MOST : OP_OOM_SCORE_MOST;
                break;
        case OP_CPU_AFFINITY:
                op->args[0].blob.bytes = realloc(op->args[0].blob.bytes, sizeof(NumberSet));
                ck_assert_ptr_nonnull(op->args[0].blob.bytes);
                op->args[0].blob.size = sizeof(NumberSet);
                memset(op->args[0].blob.bytes, extreme == LEAST ? 1 : 0xff, sizeof(NumberSet));
                break;
        case OP_STDIO:
                op->args[1].u64 = extreme == LEAST ? OP_STDIO_NULL : OP_STDIO_JOURNAL;
                if (extreme == LEAST) {
                        op->args[2].string[0] = '\0';
                }
                break;
        default:
                break;
        }
}

static inline void sample_add(Plan *plan, OpKind kind, Extreme extreme) {
        Op *op;

        ck_assert_int_eq(plan_add_empty(plan, kind, (uint16_t) (kind * 7), &op), 0);
        for (size_t i = 0; i < op_n_args(kind); i++) {
                sample_arg(&op_table[kind].args[i], extreme, &op->args[i]);
        }
        sample_adjust(op, extreme);
}

/* A whole plan in which kind stands with extreme arguments; the rest is what a plan needs. */
static inline Plan *sample_plan(OpKind kind, Extreme extreme) {
        Plan *plan = plan_new();
        size_t wrong = SIZE_MAX;
        bool users = kind != OP_NAMESPACES || extreme == GREATEST;

        ck_assert_ptr_nonnull(plan);
        for (OpKind each = 0; each < _OP_MAX; each++) {
                if (each == kind) {
                        sample_add(plan, each, extreme);
                } else if (each == OP_NAMESPACES) {
                        sample_add(plan, each, GREATEST);
                } else if ((each == OP_ID_MAP && users) || each == OP_CGROUP || each == OP_LAYER ||
                           each == OP_OVERLAY || each == OP_EXEC ||
                           (each == OP_CGROUP_NAMESPACE && kind == OP_DELEGATE) ||
                           (each == OP_DEVICE_RULES && kind == OP_DEVICE_RULE)) {
                        sample_add(plan, each, LEAST);
                }
        }
        ck_assert_msg(plan_check(plan, &wrong) == 0, "%s: op %zu", op_kind_name(kind), wrong);
        return plan;
}
