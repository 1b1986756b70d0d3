/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An op as a line of text. Numbers that stand for something are shown by name; which ones is data.
 */

#include "op/op.h"

#include <inttypes.h>
#include <linux/sched.h>

/* Names of values (bit false) or of bits (bit true). */
typedef struct NumberName {
        uint64_t value;
        const char *name;
} NumberName;

static const NumberName namespace_names[] = {
        {CLONE_NEWNS, "mount"},  {CLONE_NEWPID, "pid"},       {CLONE_NEWUTS, "uts"},
        {CLONE_NEWIPC, "ipc"},   {CLONE_NEWNET, "net"},       {CLONE_NEWUSER, "user"},
        {CLONE_NEWTIME, "time"}, {CLONE_NEWCGROUP, "cgroup"}, {},
};
static const NumberName id_names[] = {
        {OP_ID_USER, "user"},
        {OP_ID_GROUP, "group"},
        {OP_ID_BOTH, "both"},
        {},
};
static const NumberName pick_names[] = {{OP_ID_PICK, "pick"}, {}};
static const NumberName infinity_names[] = {{UINT64_MAX, "infinity"}, {}};
static const NumberName limit_names[] = {
#define L(ID, Property, ...) {LIMIT_##ID, (Property)},
#include "op/limits.def"
#undef L
        {},
};
static const NumberName text_limit_names[] = {
#define T(ID, Property, ...) {TEXT_LIMIT_##ID, (Property)},
#include "op/text-limits.def"
#undef T
        {},
};
static const NumberName layer_names[] = {
        {OP_LAYER_DIRECTORY, "directory"},
        {OP_LAYER_IMAGE, "image"},
        {OP_LAYER_ROOT_IMAGE, "root-image"},
        {},
};
static const NumberName upper_names[] = {{OP_UPPER_NONE, "none"}, {OP_UPPER_TMPFS, "tmpfs"}, {}};
static const NumberName proc_names[] = {{OP_PROC_ALL, "all"}, {OP_PROC_PID, "pid"}, {}};
static const NumberName mount_names[] = {
        {OP_MOUNT_READ_ONLY, "read-only"},
        {OP_MOUNT_NO_EXEC, "noexec"},
        {OP_MOUNT_RECURSIVE, "recursive"},
        {OP_MOUNT_MISSING_OK, "missing-ok"},
        {OP_MOUNT_IDMAP, "idmap"},
        {OP_MOUNT_DEVICES, "devices"},
        {},
};
static const NumberName device_names[] = {
        {OP_DEVICE_CHARACTER, "character"},
        {OP_DEVICE_BLOCK, "block"},
        {},
};
static const NumberName any_names[] = {{OP_DEVICE_ANY, "any"}, {}};
static const NumberName access_names[] = {
        {OP_DEVICE_READ, "read"},
        {OP_DEVICE_WRITE, "write"},
        {OP_DEVICE_MAKE, "make"},
        {},
};
static const NumberName protect_names[] = {
        {OP_PROTECT_READ_ONLY, "read-only"},
        {OP_PROTECT_READ_WRITE, "read-write"},
        {OP_PROTECT_NO_EXEC, "noexec"},
        {OP_PROTECT_EXEC, "exec"},
        {OP_PROTECT_INACCESSIBLE, "inaccessible"},
        {},
};
static const NumberName controller_names[] = {
        {UINT64_C(1) << CGROUP_HIERARCHY_CPU, "cpu"},
        {UINT64_C(1) << CGROUP_HIERARCHY_CPUSET, "cpuset"},
        {UINT64_C(1) << CGROUP_HIERARCHY_IO, "io"},
        {UINT64_C(1) << CGROUP_HIERARCHY_MEMORY, "memory"},
        {UINT64_C(1) << CGROUP_HIERARCHY_PIDS, "pids"},
        {},
};
static const NumberName stream_names[] = {{0, "stdin"}, {1, "stdout"}, {2, "stderr"}, {}};
static const NumberName stdio_names[] = {
        {OP_STDIO_NULL, "null"},
        {OP_STDIO_INHERIT, "inherit"},
        {OP_STDIO_JOURNAL, "journal"},
        {},
};
static const NumberName terminal_log_names[] = {
        {OP_TERMINAL_LOG_NONE, "none"},
        {OP_TERMINAL_LOG_FILE, "file"},
        {OP_TERMINAL_LOG_JOURNAL, "journal"},
        {},
};
/* include/uapi/asm-generic/resource.h; x86 and arm64 have no numbers of their own */
static const NumberName rlimit_names[] = {
        {0, "cpu"},
        {1, "fsize"},
        {2, "data"},
        {3, "stack"},
        {4, "core"},
        {5, "rss"},
        {6, "nproc"},
        {7, "nofile"},
        {8, "memlock"},
        {9, "as"},
        {10, "locks"},
        {11, "sigpending"},
        {12, "msgqueue"},
        {13, "nice"},
        {14, "rtprio"},
        {15, "rttime"},
        {},
};
#define CAP(n, name) \
        { UINT64_C(1) << (n), (name) }
static const NumberName capability_names[] = {
        CAP(0, "chown"),
        CAP(1, "dac_override"),
        CAP(2, "dac_read_search"),
        CAP(3, "fowner"),
        CAP(4, "fsetid"),
        CAP(5, "kill"),
        CAP(6, "setgid"),
        CAP(7, "setuid"),
        CAP(8, "setpcap"),
        CAP(9, "linux_immutable"),
        CAP(10, "net_bind_service"),
        CAP(11, "net_broadcast"),
        CAP(12, "net_admin"),
        CAP(13, "net_raw"),
        CAP(14, "ipc_lock"),
        CAP(15, "ipc_owner"),
        CAP(16, "sys_module"),
        CAP(17, "sys_rawio"),
        CAP(18, "sys_chroot"),
        CAP(19, "sys_ptrace"),
        CAP(20, "sys_pacct"),
        CAP(21, "sys_admin"),
        CAP(22, "sys_boot"),
        CAP(23, "sys_nice"),
        CAP(24, "sys_resource"),
        CAP(25, "sys_time"),
        CAP(26, "sys_tty_config"),
        CAP(27, "mknod"),
        CAP(28, "lease"),
        CAP(29, "audit_write"),
        CAP(30, "audit_control"),
        CAP(31, "setfcap"),
        CAP(32, "mac_override"),
        CAP(33, "mac_admin"),
        CAP(34, "syslog"),
        CAP(35, "wake_alarm"),
        CAP(36, "block_suspend"),
        CAP(37, "audit_read"),
        CAP(38, "perfmon"),
        CAP(39, "bpf"),
        CAP(40, "checkpoint_restore"),
        {},
};
static const NumberName keyring_names[] = {
        {OP_KEYRING_PRIVATE, "private"},
        {OP_KEYRING_SHARED, "shared"},
        {},
};
static const NumberName personality_names[] = {
        {OP_PERSONALITY_LINUX, "linux"},
        {OP_PERSONALITY_LINUX32, "linux32"},
        {},
};
static const NumberName exec_names[] = {{OP_EXEC_IGNORE_FAILURE, "ignore-failure"}, {}};
static const NumberName boolean_names[] = {{0, "no"}, {1, "yes"}, {}};

typedef enum NumberStyle {
        STYLE_DECIMAL,
        STYLE_NAMES,
        STYLE_BITS,
        STYLE_OCTAL,
        STYLE_CPUS
} NumberStyle;

typedef struct ArgStyle {
        NumberStyle style;
        const NumberName *names; /* ends with a NULL name */
} ArgStyle;

#define NAMED(array) \
        { STYLE_NAMES, (array) }
#define BITS(array) \
        { STYLE_BITS, (array) }
#define OCTAL \
        { STYLE_OCTAL, NULL }
#define PLAIN \
        { STYLE_DECIMAL, NULL }

static const ArgStyle arg_styles[_OP_MAX][OP_ARGS_MAX] = {
        [OP_NAMESPACES] = {BITS(namespace_names)},
        [OP_JOIN_PATH] = {BITS(namespace_names)},
        [OP_JOIN_SANDBOX] = {BITS(namespace_names)},
        [OP_ID_MAP] = {NAMED(id_names), PLAIN, NAMED(pick_names), PLAIN},
        [OP_LIMIT] = {NAMED(limit_names), NAMED(infinity_names)},
        [OP_LIMIT_TEXT] = {NAMED(text_limit_names)},
        [OP_DEVICE_RULE] = {NAMED(device_names), NAMED(any_names), NAMED(any_names),
                            BITS(access_names)},
        [OP_LAYER] = {NAMED(layer_names)},
        [OP_OVERLAY] = {NAMED(upper_names), NAMED(infinity_names)},
        [OP_TMPFS] = {PLAIN, BITS(mount_names), NAMED(infinity_names), OCTAL},
        [OP_BIND] = {PLAIN, PLAIN, BITS(mount_names)},
        [OP_PROC] = {PLAIN, NAMED(proc_names)},
        [OP_DIRECTORY] = {PLAIN, OCTAL},
        [OP_ATTRIBUTES] = {PLAIN, BITS(mount_names)},
        [OP_DEVICE] = {PLAIN, PLAIN, NAMED(device_names)},
        [OP_PROTECT] = {PLAIN, NAMED(protect_names), NAMED(boolean_names)},
        [OP_DELEGATE] = {BITS(controller_names)},
        [OP_STDIO] = {NAMED(stream_names), NAMED(stdio_names)},
        [OP_TERMINAL] = {PLAIN, PLAIN, NAMED(terminal_log_names)},
        [OP_RLIMIT] = {NAMED(rlimit_names), NAMED(infinity_names), NAMED(infinity_names)},
        [OP_CPU_AFFINITY] = {{STYLE_CPUS, NULL}},
        [OP_KEYRING] = {NAMED(keyring_names)},
        [OP_UMASK] = {OCTAL},
        [OP_CAPABILITIES] = {BITS(capability_names), BITS(capability_names)},
        [OP_PERSONALITY] = {NAMED(personality_names)},
        [OP_WORKING_DIRECTORY] = {PLAIN, NAMED(boolean_names)},
        [OP_EXEC] = {PLAIN, PLAIN, BITS(exec_names)},
};

static int format_bits(const NumberName *names, uint64_t value, Str *out) {
        bool first = true;
        int r = 0;

        for (; names->name && r == 0; names++) {
                if ((value & names->value) == 0) {
                        continue;
                }
                value &= ~names->value;
                r = str_appendf(out, "%s%s", first ? "" : ",", names->name);
                first = false;
        }
        if (r == 0 && value != 0) {
                r = str_appendf(out, "%s0x%" PRIx64, first ? "" : ",", value);
                first = false;
        }
        return r == 0 && first ? str_append(out, "none") : r;
}

static int format_number(const ArgStyle *style, uint64_t value, Str *out) {
        switch (style->style) {
        case STYLE_OCTAL:
                return str_appendf(out, "%04" PRIo64, value);
        case STYLE_BITS:
                return format_bits(style->names, value, out);
        case STYLE_NAMES:
                for (const NumberName *name = style->names; name->name; name++) {
                        if (name->value == value) {
                                return str_append(out, name->name);
                        }
                }
                break;
        case STYLE_DECIMAL:
        case STYLE_CPUS:
                break;
        }
        return str_appendf(out, "%" PRIu64, value);
}

/* Quoted where a reader could not tell where it ends. */
static int format_string(const char *text, Str *out) {
        bool quote = text[0] == '\0' || strpbrk(text, " \"'[],") != NULL;
        int r;

        r = quote ? str_append_char(out, '"') : 0;
        for (const char *p = text; *p != '\0' && r == 0;) {
                size_t n = strcspn(p, "\"");

                r = str_append_escaped(out, p, n);
                p += n;
                if (r == 0 && *p == '"') {
                        r = str_append(out, "\\\"");
                        p++;
                }
        }
        return r == 0 && quote ? str_append_char(out, '"') : r;
}

static int format_strv(char *const *list, Str *out) {
        bool first = true;
        int r;

        r = str_append_char(out, '[');
        STRV_FOREACH (word, list) {
                if (r == 0 && !first) {
                        r = str_append_char(out, ' ');
                }
                if (r == 0) {
                        r = format_string(*word, out);
                }
                first = false;
        }
        return r == 0 ? str_append_char(out, ']') : r;
}

static int format_blob(const ArgStyle *style, const OpBlob *blob, Str *out) {
        NumberSet set;
        int r;

        if (style->style != STYLE_CPUS || blob->size != sizeof(set)) {
                return str_appendf(out, "%zu bytes", blob->size);
        }
        memcpy(&set, blob->bytes, sizeof(set));
        r = str_append_char(out, '[');
        r = r < 0 ? r : number_set_format(&set, ' ', out);
        return r < 0 ? r : str_append_char(out, ']');
}

static int format_arg(const OpArgSchema *schema, const ArgStyle *style, const OpArg *arg,
                      Str *out) {
        switch (schema->type) {
        case OP_ARG_U64:
                return format_number(style, arg->u64, out);
        case OP_ARG_I64:
                return str_appendf(out, "%" PRId64, arg->i64);
        case OP_ARG_PATH:
        case OP_ARG_STRING:
                return format_string(arg->string, out);
        case OP_ARG_STRV:
                return format_strv(arg->strv, out);
        case OP_ARG_BLOB:
                return format_blob(style, &arg->blob, out);
        case OP_ARG_NONE:
                break;
        }
        return 0;
}

int op_format(const Op *op, Str *out) {
        const OpSchema *schema;
        int r;

        assert(op);
        assert(op->kind >= 0 && op->kind < _OP_MAX);
        assert(out);

        schema = &op_table[op->kind];
        r = str_append(out, schema->name);
        if (r == 0 && op->kind == OP_SECCOMP) {
                /* A program is told by its name and length; its bytes mean nothing to a reader. */
                return str_appendf(out, " name=%s instructions=%zu", op->args[0].string,
                                   op->args[1].blob.size / 8);
        }
        for (size_t i = 0; i < op_n_args(op->kind) && r == 0; i++) {
                r = str_appendf(out, " %s=", schema->args[i].name);
                if (r == 0) {
                        r = format_arg(&schema->args[i], &arg_styles[op->kind][i], &op->args[i],
                                       out);
                }
        }
        return r;
}
