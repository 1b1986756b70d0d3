/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The vocabulary that planner and helper share: ops, their arguments, the plan as a list of them.
 * op_table[] (from ops.def) is the only place that knows what an op looks like. */

#include "base/cgroup.h"
#include "base/diag.h"
#include "base/number-set.h"

#include <stdarg.h>

#define OP_ARGS_MAX 5
#define PLAN_OPS_MAX 4096
#define PLAN_SIZE_MAX (1u << 20) /* bytes on the wire */
#define PLAN_LAYERS_MAX 500      /* overlayfs takes no more */
#define OP_WORD_MAX 65535u       /* bytes of one string of a STRV */
#define OP_SECCOMP_MAX 4096u     /* instructions: the kernel's BPF_MAXINSNS */

/* ID_MAP */
enum { OP_ID_USER, OP_ID_GROUP, OP_ID_BOTH };
#define OP_ID_PICK UINT64_MAX /* outside: the lowest free range of the helper's */
/* LAYER, OVERLAY, PROC */
enum { OP_LAYER_DIRECTORY, OP_LAYER_IMAGE, OP_LAYER_ROOT_IMAGE };
enum { OP_UPPER_NONE, OP_UPPER_TMPFS };
enum { OP_PROC_ALL, OP_PROC_PID };
/* TMPFS, BIND, ATTRIBUTES */
enum {
        OP_MOUNT_READ_ONLY = 1 << 0,
        OP_MOUNT_NO_EXEC = 1 << 1,
        OP_MOUNT_RECURSIVE = 1 << 2,  /* BIND, ATTRIBUTES: submounts too */
        OP_MOUNT_MISSING_OK = 1 << 3, /* BIND: a source that is not there is no error */
        OP_MOUNT_IDMAP = 1 << 4,      /* BIND: the host's root is root inside */
        OP_MOUNT_DEVICES = 1 << 5,    /* BIND: device nodes work; else nodev is set */
        OP_MOUNT_ALL = (1 << 6) - 1,  /* nosuid is always set */
};
/* DEVICE, DEVICE_RULE: kind, and what the kernel has of numbers */
enum { OP_DEVICE_CHARACTER, OP_DEVICE_BLOCK, OP_DEVICE_LAST = OP_DEVICE_BLOCK };
#define OP_DEVICE_MAJOR_MAX ((1u << 12) - 1)
#define OP_DEVICE_MINOR_MAX ((1u << 20) - 1)
/* DEVICE_RULE: number of all, access */
#define OP_DEVICE_ANY UINT32_MAX
#define OP_DEVICE_RULES_MAX 256u
enum {
        OP_DEVICE_READ = 1 << 0,
        OP_DEVICE_WRITE = 1 << 1,
        OP_DEVICE_MAKE = 1 << 2, /* mknod(2) */
        OP_DEVICE_ACCESS_ALL = (1 << 3) - 1,
};
/* PROTECT: each pair is a rule and the exception from it */
enum {
        OP_PROTECT_READ_ONLY,
        OP_PROTECT_READ_WRITE,
        OP_PROTECT_NO_EXEC,
        OP_PROTECT_EXEC,
        OP_PROTECT_INACCESSIBLE,
        OP_PROTECT_LAST = OP_PROTECT_INACCESSIBLE,
};
/* STDIO: null; inherit: the descriptor that came with START (argument: its index in decimal, 0 is
 * the first behind the plan), or the helper's bounded log (argument OP_STDIO_LOG); journal:
 * argument is the syslog identifier. */
#define OP_STDIO_LOG "log"
enum { OP_STDIO_NULL, OP_STDIO_INHERIT, OP_STDIO_JOURNAL, OP_STDIO_LAST = OP_STDIO_JOURNAL };
/* KEYRING */
enum { OP_KEYRING_PRIVATE, OP_KEYRING_SHARED };
/* NICE, OOM_SCORE */
#define OP_NICE_LEAST (-20)
#define OP_NICE_MOST 19
#define OP_OOM_SCORE_MOST 1000
/* PERSONALITY: PER_LINUX and PER_LINUX32 */
enum { OP_PERSONALITY_LINUX = 0, OP_PERSONALITY_LINUX32 = 8 };
/* TERMINAL: where what is printed is kept, besides whoever is attached */
enum {
        OP_TERMINAL_LOG_NONE,
        OP_TERMINAL_LOG_FILE,
        OP_TERMINAL_LOG_JOURNAL,
        OP_TERMINAL_LOG_LAST = OP_TERMINAL_LOG_JOURNAL
};
/* EXEC */
enum { OP_EXEC_IGNORE_FAILURE = 1 << 0, OP_EXEC_ALL = (1 << 1) - 1 };

/* Limits that the direct back end enforces itself and the scope back end reads back; see
 * limits.def. */
typedef enum LimitId {
#define L(ID, ...) LIMIT_##ID,
#include "op/limits.def"
#undef L
        _LIMIT_MAX,
        LIMIT_LAST = _LIMIT_MAX - 1,
        _LIMIT_INVALID = -EINVAL,
} LimitId;
#define LIMIT_INFINITY UINT64_MAX

/* The same for limits that are more than one number; see text-limits.def. */
typedef enum TextLimitId {
#define T(ID, ...) TEXT_LIMIT_##ID,
#include "op/text-limits.def"
#undef T
        _TEXT_LIMIT_MAX,
        TEXT_LIMIT_LAST = _TEXT_LIMIT_MAX - 1,
} TextLimitId;

typedef enum OpPhase {
        OP_PHASE_SPAWN,
        OP_PHASE_ROOT,
        OP_PHASE_MOUNT,
        OP_PHASE_NETWORK,
        OP_PHASE_GATE,
        OP_PHASE_WORKLOAD,
        _OP_PHASE_MAX,
} OpPhase;
const char *op_phase_name(OpPhase phase);

typedef enum OpKind {
#define O(KIND, ...) OP_##KIND,
#include "op/ops.def"
#undef O
        _OP_MAX,
        _OP_INVALID = -EINVAL,
} OpKind;

typedef enum OpArgType {
        OP_ARG_NONE,
        OP_ARG_U64,
        OP_ARG_I64,
        OP_ARG_PATH,
        OP_ARG_STRING,
        OP_ARG_STRV,
        OP_ARG_BLOB
} OpArgType;

typedef struct OpArgSchema {
        OpArgType type;
        const char *name;
        uint64_t max; /* value, bytes or strings */
} OpArgSchema;

typedef struct OpSchema {
        OpKind kind;
        const char *name;
        OpPhase phase;
        const char *summary;
        OpArgSchema args[OP_ARGS_MAX];
} OpSchema;

extern const OpSchema op_table[_OP_MAX];

const char *op_kind_name(OpKind kind);
int op_kind_parse(const char *name);
size_t op_n_args(OpKind kind);

typedef struct OpBlob {
        uint8_t *bytes;
        size_t size;
} OpBlob;

/* One argument; which member counts is said by the schema. Owned by the op. */
typedef union OpArg {
        uint64_t u64;
        int64_t i64;
        char *string; /* PATH and STRING; never NULL in a valid op */
        char **strv;
        OpBlob blob;
} OpArg;

typedef struct Op {
        OpKind kind;
        uint16_t origin; /* DirectiveId of the directive that caused it; opaque here, OP_ORIGIN_NONE
                          */
        Place place;     /* the planner's; does not travel */
        OpArg args[OP_ARGS_MAX];
} Op;
#define OP_ORIGIN_NONE UINT16_MAX

typedef struct Plan {
        Op *ops;
        size_t n_ops;
        size_t allocated;
} Plan;

/* lifecycle; a zeroed Plan is empty and valid */
Plan *plan_new(void);
Plan *plan_free(Plan *plan); /* gives NULL */
DEFINE_CLEANUP(Plan *, plan_free)

/* Appends an op; arguments follow by the schema: U64 uint64_t, I64 int64_t, PATH and STRING const
 * char * (copied), STRV char *const * (copied), BLOB const void * and size_t (copied). -E2BIG
 * beyond PLAN_OPS_MAX, -EINVAL where op_check() would refuse it. */
int plan_add(Plan *plan, OpKind kind, uint16_t origin, Place place, ...);
int plan_addv(Plan *plan, OpKind kind, uint16_t origin, Place place, va_list list);
/* Appends a zeroed op of this kind for a decoder to fill. */
int plan_add_empty(Plan *plan, OpKind kind, uint16_t origin, Op **ret);

/* What the schema says of each argument: 0, or -EINVAL (*ret_arg: which). */
int op_check(const Op *op, size_t *ret_arg);
/* op_check() for every op; phases in order, and those of the workload in the order of the table, so
 * that nothing of the confinement comes behind what it is to confine; at most one of the kinds that
 * may stand once; at least one EXEC, at the end; what changes a namespace (host name, loopback, id
 * map, clocks) only where the plan makes that namespace; each kind made or joined, not both;
 * nothing of root and mounts where the mount namespace is joined. A plan is whole, or of phase
 * WORKLOAD alone (EXEC), or of what may change while a sandbox runs: see plan_use(). Ranges of one
 * id map do not overlap, and root is mapped. -EINVAL; *ret_op: index of the first that is wrong,
 * n_ops where something is missing. */
int plan_check(const Plan *plan, size_t *ret_op);
/* What a plan that plan_check() has passed is for: each message takes one use alone. */
typedef enum PlanUse { PLAN_USE_START, PLAN_USE_EXEC, PLAN_USE_CHANGE } PlanUse;
PlanUse plan_use(const Plan *plan);
/* The first op of a kind at or after *index, or NULL; *index is moved behind it. */
const Op *plan_next(const Plan *plan, OpKind kind, size_t *index);
const Op *plan_find(const Plan *plan, OpKind kind);

/* "bind source=/srv target=/srv flags=read-only": one line, values escaped. */
int op_format(const Op *op, Str *out);
