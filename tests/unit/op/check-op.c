/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../sample-ops.h"

#include "op/limit.h"
#include "op/step.h"

/* -- the table -- */

START_TEST(row_is_complete) {
        const OpSchema *schema = &op_table[_i];

        ck_assert_int_eq((int) schema->kind, _i);
        ck_assert_ptr_nonnull(schema->summary);
        ck_assert_int_eq(op_kind_parse(schema->name), _i);
        ck_assert_str_eq(op_kind_name((OpKind) _i), schema->name);
        ck_assert_ptr_nonnull(op_phase_name(schema->phase));
        if (_i > 0) {
                ck_assert_int_ge((int) schema->phase, (int) op_table[_i - 1].phase);
        }
        for (size_t i = 0; i < op_n_args((OpKind) _i); i++) {
                ck_assert_ptr_nonnull(schema->args[i].name);
        }
}
END_TEST

START_TEST(steps_have_names_both_ways) {
        for (int step = 0; step < _STEP_MAX; step++) {
                ck_assert_int_eq(step_parse(step_name((Step) step)), step);
                ck_assert_str_eq(step_table[step].name, step_name((Step) step));
                ck_assert_int_ge(step_table[step].exit_status, 200);
                ck_assert_ptr_nonnull(step_table[step].summary);
        }
        ck_assert_int_eq(step_parse("no such step"), -EINVAL);
        ck_assert_int_eq(op_kind_parse("no such op"), -EINVAL);
        ck_assert_ptr_null(op_kind_name(_OP_MAX));
        ck_assert_ptr_null(op_phase_name(_OP_PHASE_MAX));
}
END_TEST

START_TEST(extreme_arguments_are_valid) {
        OpKind kind = (OpKind) (_i / _EXTREME_MAX);
        _cleanup_(plan_freep) Plan *plan = sample_plan(kind, (Extreme) (_i % _EXTREME_MAX));
        _cleanup_(str_done) Str text = STR_INIT;
        const Op *op = plan_find(plan, kind);
        size_t index = 0;

        ck_assert_ptr_nonnull(op);
        ck_assert_int_eq(op_check(op, NULL), 0);
        ck_assert_ptr_eq(plan_next(plan, kind, &index), op);
        ck_assert_ptr_null(plan_next(plan, kind, &index));
        ck_assert_int_eq(op_format(op, &text), 0);
        ck_assert_ptr_nonnull(startswith(str_text(&text), op_kind_name(kind)));
        ck_assert_ptr_null(strchr(str_text(&text), '\n'));
}
END_TEST

/* One more than the schema allows, for every argument of every row. */
START_TEST(more_than_the_schema_allows_is_refused) {
        OpKind kind = (OpKind) (_i / OP_ARGS_MAX);
        size_t arg = (size_t) _i % OP_ARGS_MAX, wrong = SIZE_MAX;
        const OpArgSchema *schema = &op_table[kind].args[arg];
        _cleanup_(plan_freep) Plan *plan = NULL;
        Op *op = NULL;

        if (arg >= op_n_args(kind) || schema->type == OP_ARG_I64 ||
            (schema->type == OP_ARG_U64 && schema->max == UINT64_MAX)) {
                return;
        }
        plan = sample_plan(kind, LEAST);
        for (size_t i = 0; i < plan->n_ops; i++) {
                op = plan->ops[i].kind == kind ? &plan->ops[i] : op;
        }
        ck_assert_ptr_nonnull(op);
        switch (schema->type) {
        case OP_ARG_U64:
                op->args[arg].u64 = schema->max + 1;
                break;
        case OP_ARG_PATH:
        case OP_ARG_STRING:
                free(op->args[arg].string);
                op->args[arg].string = sample_text("/dev/a", MAX(schema->max + 1, (uint64_t) 6),
                                                   schema->type == OP_ARG_PATH);
                break;
        case OP_ARG_STRV:
                strv_free(op->args[arg].strv);
                op->args[arg].strv = sample_strv(schema->max + 1, "A=1");
                break;
        case OP_ARG_BLOB:
                free(op->args[arg].blob.bytes);
                op->args[arg].blob.size = schema->max + 8;
                op->args[arg].blob.bytes = calloc(1, op->args[arg].blob.size);
                break;
        case OP_ARG_NONE:
        case OP_ARG_I64:
                break;
        }
        ck_assert_int_eq(op_check(op, &wrong), -EINVAL);
        ck_assert_uint_eq(wrong, arg);
        ck_assert_int_eq(plan_check(plan, &wrong), -EINVAL);
        ck_assert_ptr_eq(&plan->ops[wrong], op);
}
END_TEST

/* -- single ops that are refused -- */

static int add_bad(Plan *plan, int i) {
        static char *nothing[] = {NULL}, *unnamed[] = {(char *) "=1", NULL},
                    *bare[] = {(char *) "A", NULL};
        const uint64_t no = 0, one = 1, big = UINT64_C(1) << 32;

        switch (i) {
#define BAD(n, kind, ...) \
        case n:           \
                return plan_add(plan, OP_##kind, OP_ORIGIN_NONE, PLACE_NONE, __VA_ARGS__)
                BAD(0, JOIN_PATH, no, "/run/ns");
                BAD(1, NAMESPACES, (uint64_t) (CLONE_NEWNS | CLONE_VM));
                BAD(2, NAMESPACES, (uint64_t) (CLONE_NEWNS | CLONE_NEWCGROUP));
                BAD(3, ID_MAP, (uint64_t) OP_ID_BOTH, no, no, no);
                BAD(4, ID_MAP, (uint64_t) OP_ID_BOTH, big - 1, no, (uint64_t) 2);
                BAD(5, ID_MAP, (uint64_t) OP_ID_USER, no, OP_ID_PICK, one);
                BAD(6, ID_MAP, (uint64_t) OP_ID_BOTH, one, OP_ID_PICK, one);
                BAD(7, ID_MAP, (uint64_t) OP_ID_BOTH, no, OP_ID_PICK, (uint64_t) 65537);
                BAD(8, ID_MAP, (uint64_t) OP_ID_BOTH, no, big - 1, (uint64_t) 2);
                BAD(9, ID_MAP, (uint64_t) OP_ID_BOTH, no, big, one);
                BAD(10, CGROUP, "..");
                BAD(11, CGROUP, "a/b");
                BAD(12, CGROUP, "");
                BAD(13, LISTEN, "", "80", "80");
                BAD(14, TMPFS, "/", no, no, no);
                BAD(15, TMPFS, "/a/../b", no, no, no);
                BAD(16, TMPFS, "a", no, no, no);
                BAD(17, BIND, "/a", "/", no);
                BAD(18, DEVICE, "/tmp/null", "/dev/null", no, one, one);
                BAD(19, DEVICE, "/dev/null", "/dev", no, one, one);
                BAD(20, DEVICE, "/dev/null", "/device", no, one, one);
                BAD(21, SYMLINK, "/a", "");
                BAD(22, HOSTNAME, "");
                BAD(23, STDIO, no, (uint64_t) OP_STDIO_NULL, "x");
                BAD(24, STDIO, no, (uint64_t) OP_STDIO_INHERIT, "log");
                BAD(25, STDIO, one, (uint64_t) OP_STDIO_INHERIT, "3");
                BAD(26, STDIO, one, (uint64_t) OP_STDIO_INHERIT, "");
                BAD(27, STDIO, one, (uint64_t) OP_STDIO_JOURNAL, "");
                BAD(28, STDIO, no, (uint64_t) OP_STDIO_JOURNAL, "x");
                BAD(29, RLIMIT, no, (uint64_t) 2, one);
                BAD(30, USER, "", "");
                BAD(31, CAPABILITIES, one, (uint64_t) 3);
                BAD(32, WORKING_DIRECTORY, "/proc/self/fd/7", no);
                BAD(33, WORKING_DIRECTORY, "/dev", no);
                BAD(34, WORKING_DIRECTORY, "/sys/fs", no);
                BAD(35, ENVIRONMENT, unnamed);
                BAD(36, ENVIRONMENT, bare);
                BAD(37, SECCOMP, "x", "1234567", (size_t) 7);
                BAD(38, SECCOMP, "x", "", (size_t) 0);
                BAD(39, EXEC, "", unnamed, no);
                BAD(40, EXEC, "a", nothing, no);
                BAD(41, BIND, "relative", "/a", no);
                BAD(42, PROC, "/", no);
                BAD(43, MQUEUE, "/a\nb");
                BAD(44, JOIN_PATH, (uint64_t) CLONE_VM, "/run/ns");
                BAD(45, JOIN_PATH, (uint64_t) (CLONE_NEWNET | CLONE_NEWIPC), "/run/ns");
                BAD(46, JOIN_PATH, (uint64_t) CLONE_NEWNET, "run/ns");
                BAD(47, JOIN_SANDBOX, no, one, one, "x.sandbox");
                BAD(48, JOIN_SANDBOX, (uint64_t) (CLONE_NEWNET | CLONE_VM), one, one, "x.sandbox");
                BAD(49, JOIN_SANDBOX, (uint64_t) CLONE_NEWNET, one, one, "");
                BAD(50, PROTECT, "/", (uint64_t) OP_PROTECT_INACCESSIBLE, no);
                BAD(51, DEVICE_RULE, no, (uint64_t) OP_DEVICE_MAJOR_MAX + 1, one, one);
                BAD(52, DEVICE_RULE, no, one, (uint64_t) OP_DEVICE_MINOR_MAX + 1, one);
                BAD(53, DEVICE_RULE, no, (uint64_t) OP_DEVICE_ANY, one, one);
                BAD(54, DEVICE_RULE, no, one, one, no);
#undef BAD
        default:
                ck_abort_msg("no such case");
        }
        return 0;
}
#define N_BAD 55

START_TEST(values_that_no_schema_catches_are_refused) {
        _cleanup_(plan_freep) Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        ck_assert_int_eq(add_bad(plan, _i), -EINVAL);
        ck_assert_uint_eq(plan->n_ops, 0);
}
END_TEST

/* -- plans that are refused -- */

typedef struct PlanCase {
        const char *what;
        uint64_t namespaces; /* of NAMESPACES */
        OpKind kinds[8];     /* _OP_MAX ends the list; each with least arguments */
        int expected;
} PlanCase;

#define END _OP_MAX
#define MOUNTS CLONE_NEWNS

static const PlanCase plan_cases[] = {
        {"least", MOUNTS, {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_EXEC, END}, 0},
        {"workload alone", 0, {OP_KEYRING, OP_EXEC, END}, 0},
        {"nothing to run", MOUNTS, {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, END}, -EINVAL},
        {"no root", MOUNTS, {OP_NAMESPACES, OP_LAYER, OP_EXEC, END}, -EINVAL},
        {"no layer", MOUNTS, {OP_NAMESPACES, OP_OVERLAY, OP_EXEC, END}, -EINVAL},
        {"no namespaces", 0, {OP_LAYER, OP_OVERLAY, OP_EXEC, END}, -EINVAL},
        {"mount without namespaces", 0, {OP_TMPFS, OP_EXEC, END}, -EINVAL},
        {"namespaces not first",
         MOUNTS,
         {OP_CGROUP, OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"twice",
         MOUNTS,
         {OP_NAMESPACES, OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"phases out of order",
         MOUNTS,
         {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_LOOPBACK, OP_TMPFS, OP_EXEC, END},
         -EINVAL},
        {"layer behind the overlay",
         MOUNTS,
         {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_LAYER, OP_EXEC, END},
         -EINVAL},
        {"user namespace without map",
         MOUNTS | CLONE_NEWUSER,
         {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"user namespace with map",
         MOUNTS | CLONE_NEWUSER,
         {OP_NAMESPACES, OP_ID_MAP, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         0},
        {"map without user namespace",
         MOUNTS,
         {OP_NAMESPACES, OP_ID_MAP, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"map twice",
         MOUNTS | CLONE_NEWUSER,
         {OP_NAMESPACES, OP_ID_MAP, OP_ID_MAP, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"the host's name",
         MOUNTS,
         {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_HOSTNAME, OP_EXEC, END},
         -EINVAL},
        {"the host's domain",
         MOUNTS,
         {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_DOMAINNAME, OP_EXEC, END},
         -EINVAL},
        {"the host's loopback",
         MOUNTS,
         {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_LOOPBACK, OP_EXEC, END},
         -EINVAL},
        {"the host's clocks",
         MOUNTS,
         {OP_NAMESPACES, OP_TIME_OFFSETS, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"limit without cgroup",
         MOUNTS,
         {OP_NAMESPACES, OP_LIMIT, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"device rules without a cgroup",
         MOUNTS,
         {OP_NAMESPACES, OP_DEVICE_RULES, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"a device rule on its own",
         MOUNTS,
         {OP_NAMESPACES, OP_CGROUP, OP_DEVICE_RULE, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"text limit without cgroup",
         MOUNTS,
         {OP_NAMESPACES, OP_LIMIT_TEXT, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"text limit that may be left out",
         MOUNTS,
         {OP_NAMESPACES, OP_CGROUP, OP_BEST_EFFORT, OP_LIMIT_TEXT, OP_LAYER, OP_OVERLAY, OP_EXEC,
          END},
         0},
        {"limit twice",
         MOUNTS,
         {OP_NAMESPACES, OP_CGROUP, OP_LIMIT, OP_LIMIT, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"stream twice", 0, {OP_STDIO, OP_STDIO, OP_EXEC, END}, -EINVAL},
        {"stream and terminal", 0, {OP_STDIO, OP_TERMINAL, OP_EXEC, END}, -EINVAL},
        {"limit of one kind twice", 0, {OP_RLIMIT, OP_RLIMIT, OP_EXEC, END}, -EINVAL},
        {"capabilities twice", 0, {OP_CAPABILITIES, OP_CAPABILITIES, OP_EXEC, END}, -EINVAL},
        {"filter before the capabilities go",
         0,
         {OP_SECCOMP, OP_CAPABILITIES, OP_EXEC, END},
         -EINVAL},
        {"two filters", 0, {OP_CAPABILITIES, OP_SECCOMP, OP_SECCOMP, OP_EXEC, END}, 0},
        {"something behind exec", 0, {OP_EXEC, OP_KEYRING, END}, -EINVAL},
        {"two programs without reaper",
         MOUNTS,
         {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_EXEC, OP_EXEC, END},
         -EINVAL},
        {"two programs with one",
         MOUNTS,
         {OP_NAMESPACES, OP_LAYER, OP_OVERLAY, OP_REAPER, OP_EXEC, OP_EXEC, END},
         0},
        {"two programs inside a running sandbox", 0, {OP_EXEC, OP_EXEC, END}, -EINVAL},
        {"empty", 0, {END}, -EINVAL},
};

START_TEST(rules_between_ops_hold) {
        const PlanCase *each = &plan_cases[_i];
        _cleanup_(plan_freep) Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        for (size_t i = 0; each->kinds[i] != END; i++) {
                sample_add(plan, each->kinds[i], LEAST);
                if (each->kinds[i] == OP_NAMESPACES) {
                        plan->ops[plan->n_ops - 1].args[0].u64 = each->namespaces;
                }
        }
        ck_assert_msg(plan_check(plan, NULL) == each->expected, "%s", each->what);
}
END_TEST

/* -- joined namespaces -- */

static const struct JoinCase {
        const char *what;
        uint64_t namespaces, path, sandbox; /* 0: no such op */
        OpKind kinds[6];
        int expected;
} join_cases[] = {
        {"a joined network", MOUNTS, CLONE_NEWNET, 0, {OP_LAYER, OP_OVERLAY, OP_EXEC, END}, 0},
        {"new and joined",
         MOUNTS | CLONE_NEWNET,
         CLONE_NEWNET,
         0,
         {OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"joined twice",
         MOUNTS,
         CLONE_NEWNET,
         CLONE_NEWNET | CLONE_NEWIPC,
         {OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"joined both ways",
         MOUNTS,
         CLONE_NEWNET,
         CLONE_NEWUTS | CLONE_NEWIPC,
         {OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         0},
        {"another's name",
         MOUNTS,
         CLONE_NEWUTS,
         0,
         {OP_LAYER, OP_OVERLAY, OP_HOSTNAME, OP_EXEC, END},
         -EINVAL},
        {"another's loopback",
         MOUNTS,
         CLONE_NEWNET,
         0,
         {OP_LAYER, OP_OVERLAY, OP_LOOPBACK, OP_EXEC, END},
         -EINVAL},
        {"another's ids",
         MOUNTS,
         CLONE_NEWUSER,
         0,
         {OP_ID_MAP, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"another's clocks",
         MOUNTS,
         CLONE_NEWTIME,
         0,
         {OP_TIME_OFFSETS, OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"another's cgroups",
         MOUNTS,
         CLONE_NEWCGROUP,
         0,
         {OP_LAYER, OP_OVERLAY, OP_CGROUP_NAMESPACE, OP_EXEC, END},
         -EINVAL},
        {"a view of another's cgroups",
         MOUNTS,
         CLONE_NEWCGROUP,
         0,
         {OP_LAYER, OP_OVERLAY, OP_CGROUP_VIEW, OP_EXEC, END},
         -EINVAL},
        {"a cgroup to manage",
         MOUNTS,
         0,
         0,
         {OP_LAYER, OP_OVERLAY, OP_DELEGATE, OP_CGROUP_NAMESPACE, OP_EXEC, END},
         0},
        {"a cgroup to manage among those of the host",
         MOUNTS,
         0,
         0,
         {OP_LAYER, OP_OVERLAY, OP_DELEGATE, OP_EXEC, END},
         -EINVAL},
        {"a cgroup to manage among another's",
         MOUNTS,
         CLONE_NEWCGROUP,
         0,
         {OP_LAYER, OP_OVERLAY, OP_DELEGATE, OP_EXEC, END},
         -EINVAL},
        {"another's root", CLONE_NEWPID, CLONE_NEWNS, 0, {OP_EXEC, END}, 0},
        {"a layer in another's root",
         0,
         CLONE_NEWNS,
         0,
         {OP_LAYER, OP_OVERLAY, OP_EXEC, END},
         -EINVAL},
        {"a mount in another's root", 0, 0, CLONE_NEWNS, {OP_TMPFS, OP_EXEC, END}, -EINVAL},
        {"no root", CLONE_NEWPID, 0, 0, {OP_LAYER, OP_OVERLAY, OP_EXEC, END}, -EINVAL},
};

START_TEST(joins_are_no_makers) {
        const struct JoinCase *each = &join_cases[_i];
        _cleanup_(plan_freep) Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        ck_assert_int_eq(
                plan_add(plan, OP_NAMESPACES, OP_ORIGIN_NONE, PLACE_NONE, each->namespaces), 0);
        if (each->path != 0) {
                ck_assert_int_eq(plan_add(plan, OP_JOIN_PATH, OP_ORIGIN_NONE, PLACE_NONE,
                                          each->path, "/run/ns"),
                                 0);
        }
        if (each->sandbox != 0) {
                ck_assert_int_eq(plan_add(plan, OP_JOIN_SANDBOX, OP_ORIGIN_NONE, PLACE_NONE,
                                          each->sandbox, UINT64_C(1), UINT64_C(2), "x.sandbox"),
                                 0);
        }
        for (size_t i = 0; each->kinds[i] != END; i++) {
                sample_add(plan, each->kinds[i], LEAST);
        }
        ck_assert_msg(plan_check(plan, NULL) == each->expected, "%s", each->what);
}
END_TEST

/* -- id maps -- */

#define MAPS_MAX 3
static const struct MapCase {
        const char *what;
        uint64_t maps[MAPS_MAX][4]; /* kind, inside, outside, count; count 0: no more */
        int expected;
} map_cases[] = {
        {"one", {{OP_ID_BOTH, 0, 600000, 10}}, 0},
        {"side by side", {{OP_ID_BOTH, 0, 600000, 10}, {OP_ID_BOTH, 10, 600010, 1}}, 0},
        {"one a kind", {{OP_ID_USER, 0, 600000, 10}, {OP_ID_GROUP, 0, 600000, 10}}, 0},
        {"users alone", {{OP_ID_USER, 0, 600000, 10}}, -EINVAL},
        {"groups without root",
         {{OP_ID_USER, 0, 600000, 10}, {OP_ID_GROUP, 1, 600000, 10}},
         -EINVAL},
        {"no root", {{OP_ID_BOTH, 1, 600000, 10}}, -EINVAL},
        {"overlap inside", {{OP_ID_BOTH, 0, 600000, 10}, {OP_ID_USER, 9, 700000, 1}}, -EINVAL},
        {"overlap outside", {{OP_ID_BOTH, 0, 600000, 10}, {OP_ID_GROUP, 10, 600009, 1}}, -EINVAL},
        {"beside a picked one", {{OP_ID_BOTH, 0, OP_ID_PICK, 10}, {OP_ID_USER, 10, 0, 1}}, -EINVAL},
};

START_TEST(id_maps_are_whole) {
        const struct MapCase *each = &map_cases[_i];
        _cleanup_(plan_freep) Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        sample_add(plan, OP_NAMESPACES, GREATEST);
        for (size_t i = 0; i < MAPS_MAX && each->maps[i][3] > 0; i++) {
                ck_assert_int_eq(plan_add(plan, OP_ID_MAP, OP_ORIGIN_NONE, PLACE_NONE,
                                          each->maps[i][0], each->maps[i][1], each->maps[i][2],
                                          each->maps[i][3]),
                                 0);
        }
        sample_add(plan, OP_LAYER, LEAST);
        sample_add(plan, OP_OVERLAY, LEAST);
        sample_add(plan, OP_EXEC, LEAST);
        ck_assert_msg(plan_check(plan, NULL) == each->expected, "%s", each->what);
}
END_TEST

START_TEST(layers_are_bounded) {
        _cleanup_(plan_freep) Plan *plan = plan_new();
        size_t wrong;

        ck_assert_ptr_nonnull(plan);
        sample_add(plan, OP_NAMESPACES, LEAST);
        for (size_t i = 0; i <= PLAN_LAYERS_MAX; i++) {
                sample_add(plan, OP_LAYER, LEAST);
        }
        sample_add(plan, OP_OVERLAY, LEAST);
        sample_add(plan, OP_EXEC, LEAST);
        ck_assert_int_eq(plan_check(plan, &wrong), -EINVAL);
        ck_assert_uint_eq(wrong, PLAN_LAYERS_MAX + 1);
}
END_TEST

START_TEST(ops_are_bounded) {
        _cleanup_(plan_freep) Plan *plan = plan_new();
        Op *op;

        ck_assert_ptr_nonnull(plan);
        for (size_t i = 0; i < PLAN_OPS_MAX; i++) {
                ck_assert_int_eq(plan_add(plan, OP_NO_NEW_PRIVS, OP_ORIGIN_NONE, PLACE_NONE), 0);
        }
        ck_assert_int_eq(plan_add(plan, OP_NO_NEW_PRIVS, OP_ORIGIN_NONE, PLACE_NONE), -E2BIG);
        ck_assert_int_eq(plan_add_empty(plan, OP_NO_NEW_PRIVS, OP_ORIGIN_NONE, &op), -E2BIG);
}
END_TEST

/* -- as text -- */

START_TEST(numbers_are_shown_by_name) {
        static char *argv[] = {(char *) "echo", (char *) "a b", (char *) "\"\n", (char *) "", NULL};
        static const char *const expected[] = {
                "namespaces flags=mount,pid",
                "id-map kind=both inside=0 outside=pick count=65536",
                "limit limit=MemoryMax value=infinity",
                "tmpfs target=/tmp flags=read-only,noexec size=infinity mode=1777",
                "bind source=/srv target=/srv flags=none",
                "capabilities bounding=chown,net_bind_service ambient=none",
                "exec path=echo argv=[echo \"a b\" \"\\\"\\x0a\" \"\"] flags=none",
        };
        _cleanup_(plan_freep) Plan *plan = plan_new();
        const Place here = {};

        ck_assert_ptr_nonnull(plan);
        ck_assert_int_eq(
                plan_add(plan, OP_NAMESPACES, 0, here, (uint64_t) (CLONE_NEWNS | CLONE_NEWPID)), 0);
        ck_assert_int_eq(plan_add(plan, OP_ID_MAP, 0, here, (uint64_t) OP_ID_BOTH, (uint64_t) 0,
                                  OP_ID_PICK, (uint64_t) 65536),
                         0);
        ck_assert_int_eq(
                plan_add(plan, OP_LIMIT, 0, here, (uint64_t) LIMIT_MEMORY_MAX, LIMIT_INFINITY), 0);
        ck_assert_int_eq(plan_add(plan, OP_TMPFS, 0, here, "/tmp",
                                  (uint64_t) (OP_MOUNT_READ_ONLY | OP_MOUNT_NO_EXEC), UINT64_MAX,
                                  (uint64_t) 01777),
                         0);
        ck_assert_int_eq(plan_add(plan, OP_BIND, 0, here, "/srv", "/srv", (uint64_t) 0), 0);
        ck_assert_int_eq(plan_add(plan, OP_CAPABILITIES, 0, here, (uint64_t) (1 << 0 | 1 << 10),
                                  (uint64_t) 0),
                         0);
        ck_assert_int_eq(plan_add(plan, OP_EXEC, 0, here, "echo", argv, (uint64_t) 0), 0);
        for (size_t i = 0; i < ELEMENTS(expected); i++) {
                _cleanup_(str_done) Str text = STR_INIT;

                ck_assert_int_eq(op_format(&plan->ops[i], &text), 0);
                ck_assert_str_eq(str_text(&text), expected[i]);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("op/op");
        TCase *tcase = tcase_create("ops");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, row_is_complete, 0, _OP_MAX);
        tcase_add_test(tcase, steps_have_names_both_ways);
        tcase_add_loop_test(tcase, extreme_arguments_are_valid, 0, _OP_MAX * _EXTREME_MAX);
        tcase_add_loop_test(tcase, more_than_the_schema_allows_is_refused, 0,
                            _OP_MAX * OP_ARGS_MAX);
        tcase_add_loop_test(tcase, values_that_no_schema_catches_are_refused, 0, N_BAD);
        tcase_add_loop_test(tcase, rules_between_ops_hold, 0, ELEMENTS(plan_cases));
        tcase_add_loop_test(tcase, id_maps_are_whole, 0, ELEMENTS(map_cases));
        tcase_add_loop_test(tcase, joins_are_no_makers, 0, ELEMENTS(join_cases));
        tcase_add_test(tcase, layers_are_bounded);
        tcase_add_test(tcase, ops_are_bounded);
        tcase_add_test(tcase, numbers_are_shown_by_name);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
