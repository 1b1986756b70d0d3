/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the helper believes of a plan and what it does not. Everything here is said again on the
 * side that has privilege, whoever made the plan. */

#include "base/parse.h"
#include "base/path.h"
#include "op/op.h"
#include "op/text-limit.h"

#include <linux/sched.h>

#define NAMESPACES_ALL                                                                             \
        (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWUSER | \
         CLONE_NEWTIME)
/* One's own cgroup namespace is made behind the gate: see CGROUP_NAMESPACE. */
#define JOINS_ALL (NAMESPACES_ALL | CLONE_NEWCGROUP)
#define ID_COUNT_MAX (UINT64_C(1) << 32)
#define SECCOMP_INSTRUCTION 8u /* sizeof(struct sock_filter) */

static bool string_fits(const char *text, uint64_t max) {
        return text && strnlen(text, (size_t) max + 1) <= max;
}

static bool strv_fits(char *const *list, uint64_t max) {
        size_t n = 0;

        STRV_FOREACH (word, list) {
                if (++n > max || !string_fits(*word, OP_WORD_MAX)) {
                        return false;
                }
        }
        return true;
}

static bool arg_fits(const OpArgSchema *schema, const OpArg *arg) {
        switch (schema->type) {
        case OP_ARG_NONE:
        case OP_ARG_I64:
                return true;
        case OP_ARG_U64:
                return arg->u64 <= schema->max;
        case OP_ARG_PATH:
                return string_fits(arg->string, schema->max) && path_is_safe(arg->string);
        case OP_ARG_STRING:
                return string_fits(arg->string, schema->max);
        case OP_ARG_STRV:
                return strv_fits(arg->strv, schema->max);
        case OP_ARG_BLOB:
                return arg->blob.bytes && arg->blob.size <= schema->max;
        }
        return false;
}

/* What the schema cannot say: each gives the index of the argument that is wrong, or -1. */

static int check_namespaces(const Op *op) {
        return (op->args[0].u64 & ~(uint64_t) NAMESPACES_ALL) == 0 ? -1 : 0;
}

static int check_join_path(const Op *op) {
        uint64_t kind = op->args[0].u64;

        return (kind & ~(uint64_t) JOINS_ALL) == 0 && kind != 0 && (kind & (kind - 1)) == 0 ? -1
                                                                                            : 0;
}

static int check_join_sandbox(const Op *op) {
        uint64_t kinds = op->args[0].u64;

        if ((kinds & ~(uint64_t) JOINS_ALL) != 0 || kinds == 0) {
                return 0;
        }
        return op->args[3].string[0] == '\0' ? 3 : -1;
}

static int check_id_map(const Op *op) {
        uint64_t kind = op->args[0].u64, inside = op->args[1].u64, outside = op->args[2].u64,
                 count = op->args[3].u64;

        if (count == 0 || inside + count > ID_COUNT_MAX) {
                return 3;
        }
        if (outside == OP_ID_PICK) {
                /* A picked range is one for both kinds, and as large as the helper's steps. */
                return kind == OP_ID_BOTH && inside == 0 && count <= 65536 ? -1 : 2;
        }
        return outside + count > ID_COUNT_MAX || outside > UINT32_MAX ? 2 : -1;
}

static int check_limit_text(const Op *op) {
        return text_limit_is_valid(op->args[1].string) ? -1 : 1;
}

static int check_cgroup(const Op *op) {
        const char *name = op->args[0].string;

        return name[0] == '\0' || streq(name, ".") || streq(name, "..") || strchr(name, '/') ? 0
                                                                                             : -1;
}

static int check_delegate(const Op *op) {
        return (op->args[0].u64 & ~(uint64_t) CGROUP_DELEGATED) == 0 ? -1 : 0;
}

static int check_mount_target(const Op *op) {
        for (int i = 0; i < OP_ARGS_MAX; i++) {
                const char *name = op_table[op->kind].args[i].name;

                if (name && (streq(name, "target") || streq(name, "path")) &&
                    op_table[op->kind].args[i].type == OP_ARG_PATH &&
                    streq(op->args[i].string, "/")) {
                        return i;
                }
        }
        return -1;
}

/* Without a root that can be opened nothing runs. */
static int check_protect(const Op *op) {
        return op->args[1].u64 == OP_PROTECT_INACCESSIBLE && streq(op->args[0].string, "/") ? 0
                                                                                            : -1;
}

static int check_device(const Op *op) {
        for (int i = 0; i < 2; i++) {
                const char *path = op->args[i].string;

                if (!path_is_below(path, "/dev") || streq(path, "/dev")) {
                        return i;
                }
        }
        return -1;
}

static int check_device_rule(const Op *op) {
        uint64_t major = op->args[1].u64, minor = op->args[2].u64;

        if (major > OP_DEVICE_MAJOR_MAX && major != OP_DEVICE_ANY) {
                return 1;
        }
        if ((minor > OP_DEVICE_MINOR_MAX || major == OP_DEVICE_ANY) && minor != OP_DEVICE_ANY) {
                return 2;
        }
        return op->args[3].u64 == 0 ? 3 : -1;
}

static int check_symlink(const Op *op) {
        return op->args[1].string[0] == '\0' ? 1 : check_mount_target(op);
}

static int check_not_empty(const Op *op) {
        return op->args[0].string[0] == '\0' ? 0 : -1;
}

static int check_listen(const Op *op) {
        for (int i = 0; i < 3; i++) {
                if (op->args[i].string[0] == '\0') {
                        return i;
                }
        }
        return -1;
}

static int check_stdio(const Op *op) {
        const char *argument = op->args[2].string;
        uint32_t index;

        switch (op->args[1].u64) {
        case OP_STDIO_NULL:
                return argument[0] == '\0' ? -1 : 2;
        case OP_STDIO_INHERIT:
                if (streq(argument, OP_STDIO_LOG)) {
                        return op->args[0].u64 == 0 ? 2 : -1;
                }
                return parse_u32(argument, &index) == 0 && index < 3 ? -1 : 2;
        case OP_STDIO_JOURNAL:
                return op->args[0].u64 == 0 ? 1 : argument[0] == '\0' ? 2 : -1;
        default:
                return 1;
        }
}

static int check_rlimit(const Op *op) {
        return op->args[1].u64 <= op->args[2].u64 ? -1 : 1;
}

static int check_capabilities(const Op *op) {
        return (op->args[1].u64 & ~op->args[0].u64) == 0 ? -1 : 1;
}

static int check_nice(const Op *op) {
        return op->args[0].i64 >= OP_NICE_LEAST && op->args[0].i64 <= OP_NICE_MOST ? -1 : 0;
}

static int check_oom_score(const Op *op) {
        return op->args[0].i64 >= -OP_OOM_SCORE_MOST && op->args[0].i64 <= OP_OOM_SCORE_MOST ? -1
                                                                                             : 0;
}

static int check_cpu_affinity(const Op *op) {
        NumberSet set;

        if (op->args[0].blob.size != sizeof(set)) {
                return 0;
        }
        memcpy(&set, op->args[0].blob.bytes, sizeof(set));
        return number_set_is_empty(&set) ? 0 : -1;
}

static int check_groups(const Op *op) {
        STRV_FOREACH (group, op->args[0].strv) {
                if ((*group)[0] == '\0' || strlen(*group) > 255) {
                        return 0;
                }
        }
        return -1;
}

static int check_personality(const Op *op) {
        return op->args[0].u64 == OP_PERSONALITY_LINUX || op->args[0].u64 == OP_PERSONALITY_LINUX32
                       ? -1
                       : 0;
}

static int check_working_directory(const Op *op) {
        static const char *const refused[] = {"/proc", "/sys", "/dev"};

        for (size_t i = 0; i < ELEMENTS(refused); i++) {
                if (path_is_below(op->args[0].string, refused[i])) {
                        return 0; /* /proc/self/fd/N and its like lead out of the root */
                }
        }
        return -1;
}

static int check_environment(const Op *op) {
        STRV_FOREACH (assignment, op->args[0].strv) {
                const char *equals = strchr(*assignment, '=');

                if (!equals || equals == *assignment) {
                        return 0;
                }
        }
        return -1;
}

static int check_seccomp(const Op *op) {
        size_t size = op->args[1].blob.size;

        return size > 0 && size % SECCOMP_INSTRUCTION == 0 &&
                               size / SECCOMP_INSTRUCTION <= OP_SECCOMP_MAX
                       ? -1
                       : 1;
}

static int check_exec(const Op *op) {
        if (op->args[0].string[0] == '\0') {
                return 0;
        }
        return op->args[1].strv && op->args[1].strv[0] ? -1 : 1;
}

typedef struct KindRule {
        int (*check)(const Op *op); /* NULL: the schema says it all */
        bool once;
        bool changes; /* may stand in a plan of what changes while the sandbox runs */
} KindRule;

static const KindRule kind_rules[_OP_MAX] = {
        [OP_NAMESPACES] = {check_namespaces, .once = true},
        [OP_JOIN_PATH] = {check_join_path},
        [OP_JOIN_SANDBOX] = {check_join_sandbox, .once = true},
        [OP_ID_MAP] = {check_id_map},
        [OP_TIME_OFFSETS] = {.once = true},
        [OP_CGROUP] = {check_cgroup, .once = true},
        [OP_OOM_GROUP] = {.once = true},
        [OP_LISTEN] = {check_listen},
        [OP_LIMIT] = {.changes = true},
        [OP_LIMIT_TEXT] = {check_limit_text, .changes = true},
        [OP_DEVICE_FILTER] = {.once = true, .changes = true},
        [OP_DEVICE_RULES] = {.once = true, .changes = true},
        [OP_DEVICE_RULE] = {check_device_rule, .changes = true},
        [OP_ADDRESS_FILTER] = {.once = true, .changes = true},
        [OP_OVERLAY] = {.once = true},
        [OP_TMPFS] = {check_mount_target},
        [OP_BIND] = {check_mount_target},
        [OP_PROC] = {check_mount_target, .once = true},
        [OP_SYSFS] = {check_mount_target},
        [OP_DEVPTS] = {check_mount_target, .once = true},
        [OP_MQUEUE] = {check_mount_target},
        [OP_DEVICE] = {check_device},
        [OP_PROTECT] = {check_protect},
        [OP_DIRECTORY] = {check_mount_target},
        [OP_SYMLINK] = {check_symlink},
        [OP_LOOPBACK] = {.once = true},
        [OP_HOSTNAME] = {check_not_empty, .once = true},
        [OP_DOMAINNAME] = {check_not_empty, .once = true},
        [OP_DELEGATE] = {check_delegate, .once = true},
        [OP_CGROUP_NAMESPACE] = {.once = true},
        [OP_CGROUP_VIEW] = {check_mount_target, .once = true},
        [OP_REAPER] = {.once = true},
        [OP_STDIO] = {check_stdio},
        [OP_TERMINAL] = {.once = true},
        [OP_NICE] = {check_nice, .once = true},
        [OP_OOM_SCORE] = {check_oom_score, .once = true},
        [OP_CPU_AFFINITY] = {check_cpu_affinity, .once = true},
        [OP_KEYRING] = {.once = true},
        [OP_RLIMIT] = {check_rlimit},
        [OP_UMASK] = {.once = true},
        [OP_IGNORE_SIGPIPE] = {.once = true},
        [OP_GROUPS] = {check_groups, .once = true},
        [OP_USER] = {check_not_empty, .once = true},
        [OP_CAPABILITIES] = {check_capabilities, .once = true},
        [OP_NO_NEW_PRIVS] = {.once = true},
        [OP_PERSONALITY] = {check_personality, .once = true},
        [OP_WORKING_DIRECTORY] = {check_working_directory, .once = true},
        [OP_ENVIRONMENT] = {check_environment, .once = true},
        [OP_SECCOMP] = {check_seccomp},
        [OP_EXEC] = {check_exec},
};

int op_check(const Op *op, size_t *ret_arg) {
        int wrong;

        assert(op);
        assert(op->kind >= 0 && op->kind < _OP_MAX);

        for (size_t i = 0; i < op_n_args(op->kind); i++) {
                if (!arg_fits(&op_table[op->kind].args[i], &op->args[i])) {
                        if (ret_arg) {
                                *ret_arg = i;
                        }
                        return -EINVAL;
                }
        }
        wrong = kind_rules[op->kind].check ? kind_rules[op->kind].check(op) : -1;
        if (wrong < 0) {
                return 0;
        }
        if (ret_arg) {
                *ret_arg = (size_t) wrong;
        }
        return -EINVAL;
}

PlanUse plan_use(const Plan *plan) {
        assert(plan && plan->n_ops > 0);

        for (size_t i = 0; i < plan->n_ops; i++) {
                if (!kind_rules[plan->ops[i].kind].changes) {
                        return op_table[plan->ops[0].kind].phase == OP_PHASE_WORKLOAD
                                       ? PLAN_USE_EXEC
                                       : PLAN_USE_START;
                }
        }
        return PLAN_USE_CHANGE;
}

/* What the walk over a plan has seen so far. */
typedef struct Seen {
        PlanUse use;
        unsigned kinds[_OP_MAX];
        uint64_t namespaces, joined;
        uint32_t streams, rlimits, limits;
        OpKind last;
        bool root_user, root_group; /* their ids are mapped */
} Seen;

static bool mark(uint32_t *mask, uint64_t bit) {
        bool new = (*mask & (UINT32_C(1) << bit)) == 0;

        *mask |= UINT32_C(1) << bit;
        return new;
}

static bool order_is_right(const Seen *seen, OpKind kind) {
        OpPhase phase = op_table[kind].phase;

        if (seen->last < 0) {
                return true;
        }
        if (phase == OP_PHASE_WORKLOAD && op_table[seen->last].phase == OP_PHASE_WORKLOAD) {
                return kind >= seen->last;
        }
        return phase >= op_table[seen->last].phase;
}

static bool ranges_meet(uint64_t a, uint64_t b, uint64_t n_a, uint64_t n_b) {
        return a < b + n_b && b < a + n_a;
}

static bool id_map_is_right(Seen *seen, const Plan *plan, const Op *op) {
        uint64_t kind = op->args[0].u64, inside = op->args[1].u64, outside = op->args[2].u64,
                 count = op->args[3].u64;

        for (const Op *other = plan->ops; other < op; other++) {
                if (other->kind != OP_ID_MAP ||
                    (kind != OP_ID_BOTH && other->args[0].u64 != OP_ID_BOTH &&
                     other->args[0].u64 != kind)) {
                        continue;
                }
                /* A picked range is not known yet, and so nothing may stand beside it. */
                if (outside == OP_ID_PICK || other->args[2].u64 == OP_ID_PICK ||
                    ranges_meet(inside, other->args[1].u64, count, other->args[3].u64) ||
                    ranges_meet(outside, other->args[2].u64, count, other->args[3].u64)) {
                        return false;
                }
        }
        seen->root_user |= inside == 0 && kind != OP_ID_GROUP;
        seen->root_group |= inside == 0 && kind != OP_ID_USER;
        return (seen->namespaces & CLONE_NEWUSER) != 0;
}

/* Of each kind there is one: a new one, somebody else's, or the host's. */
static bool join_is_right(Seen *seen, uint64_t kinds) {
        bool right = (kinds & (seen->namespaces | seen->joined)) == 0;

        seen->joined |= kinds;
        return right;
}

/* In a joined mount namespace nothing is ours to mount, and a joined cgroup namespace has no view.
 */
static bool is_foreign(const Seen *seen, OpKind kind) {
        OpPhase phase = op_table[kind].phase;

        if ((seen->joined & CLONE_NEWNS) != 0 &&
            (phase == OP_PHASE_ROOT || phase == OP_PHASE_MOUNT || kind == OP_CGROUP_VIEW)) {
                return true;
        }
        return (seen->joined & CLONE_NEWCGROUP) != 0 &&
               (kind == OP_CGROUP_NAMESPACE || kind == OP_CGROUP_VIEW);
}

/* Rules between this op and those before it. */
static bool op_is_in_place(Seen *seen, const Plan *plan, const Op *op) {
        if (is_foreign(seen, op->kind)) {
                return false;
        }
        switch (op->kind) {
        case OP_NAMESPACES:
                seen->namespaces = op->args[0].u64;
                return op == plan->ops;
        case OP_JOIN_PATH:
        case OP_JOIN_SANDBOX:
                return join_is_right(seen, op->args[0].u64);
        case OP_ID_MAP:
                return id_map_is_right(seen, plan, op);
        case OP_TIME_OFFSETS:
                return (seen->namespaces & CLONE_NEWTIME) != 0;
        case OP_LIMIT:
                return (seen->kinds[OP_CGROUP] == 1 || seen->use == PLAN_USE_CHANGE) &&
                       mark(&seen->limits, op->args[0].u64);
        case OP_BEST_EFFORT:
                return seen->kinds[OP_CGROUP] == 1;
        case OP_LIMIT_TEXT:
        case OP_DEVICE_RULES:
                return seen->kinds[OP_CGROUP] == 1 || seen->use == PLAN_USE_CHANGE;
        case OP_DEVICE_RULE:
                return seen->kinds[OP_DEVICE_RULES] == 1 &&
                       plan_find(plan, OP_DEVICE_RULES)->args[0].u64 == 0 &&
                       seen->kinds[OP_DEVICE_RULE] < OP_DEVICE_RULES_MAX;
        case OP_LAYER:
                return seen->kinds[OP_OVERLAY] == 0 && seen->kinds[OP_LAYER] < PLAN_LAYERS_MAX;
        case OP_OVERLAY:
                return seen->kinds[OP_LAYER] > 0;
        case OP_LOOPBACK:
                return (seen->namespaces & CLONE_NEWNET) != 0;
        case OP_HOSTNAME:
        case OP_DOMAINNAME:
                return (seen->namespaces & CLONE_NEWUTS) != 0;
        case OP_STDIO:
                return mark(&seen->streams, op->args[0].u64);
        case OP_TERMINAL:
                return seen->kinds[OP_STDIO] == 0;
        case OP_RLIMIT:
                return mark(&seen->rlimits, op->args[0].u64);
        default:
                return true;
        }
}

/* What has to stand somewhere in a plan; a plan without a SPAWN phase is one for a running sandbox:
 * a program that joins it, or limits that are to change. */
static bool plan_is_whole(const Plan *plan, const Seen *seen) {
        if (seen->use == PLAN_USE_CHANGE) {
                return true;
        }
        if (seen->kinds[OP_EXEC] == 0) {
                return false;
        }
        if (seen->use == PLAN_USE_EXEC) {
                return seen->kinds[OP_EXEC] == 1;
        }
        if (seen->kinds[OP_NAMESPACES] == 0) {
                return false;
        }
        /* Without a mount namespace of its own it would rearrange somebody else's. */
        if ((seen->joined & CLONE_NEWNS) == 0 &&
            ((seen->namespaces & CLONE_NEWNS) == 0 || seen->kinds[OP_OVERLAY] == 0)) {
                return false;
        }
        if ((seen->namespaces & CLONE_NEWUSER) != 0 && (!seen->root_user || !seen->root_group)) {
                return false;
        }
        /* Who may manage cgroups is not to see those of others. */
        if (seen->kinds[OP_DELEGATE] > seen->kinds[OP_CGROUP_NAMESPACE]) {
                return false;
        }
        return seen->kinds[OP_EXEC] == 1 || seen->kinds[OP_REAPER] == 1;
}

static int refuse(size_t index, size_t *ret_op) {
        if (ret_op) {
                *ret_op = index;
        }
        return -EINVAL;
}

int plan_check(const Plan *plan, size_t *ret_op) {
        Seen seen = {.last = _OP_INVALID};

        assert(plan);

        if (plan->n_ops == 0 || plan->n_ops > PLAN_OPS_MAX) {
                return refuse(0, ret_op);
        }
        for (size_t i = 0; i < plan->n_ops; i++) {
                if (plan->ops[i].kind < 0 || plan->ops[i].kind >= _OP_MAX) {
                        return refuse(i, ret_op);
                }
        }
        seen.use = plan_use(plan);
        for (size_t i = 0; i < plan->n_ops; i++) {
                const Op *op = &plan->ops[i];

                if (op_check(op, NULL) < 0 || !order_is_right(&seen, op->kind) ||
                    (kind_rules[op->kind].once && seen.kinds[op->kind] > 0) ||
                    !op_is_in_place(&seen, plan, op)) {
                        return refuse(i, ret_op);
                }
                seen.kinds[op->kind]++;
                seen.last = op->kind;
        }
        return plan_is_whole(plan, &seen) ? 0 : refuse(plan->n_ops, ret_op);
}
