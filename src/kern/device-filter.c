/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kern/device-filter.h"

#include "base/fd.h"
#include "base/str.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIST_MAX 65536u
#define PROGRAM_IDS_MAX 64u

bool device_rule_fits(const DeviceRule *rule, bool block, uint32_t major, uint32_t minor) {
        return rule->block == block && (rule->major == DEVICE_ANY || rule->major == major) &&
               (rule->minor == DEVICE_ANY || rule->minor == minor);
}

/* -- cgroup2 -- */

enum { RESULT = BPF_REG_0, CONTEXT, TYPE, ACCESS, MAJOR, MINOR };

static struct bpf_insn move(uint8_t from, uint8_t to) {
        return (struct bpf_insn){
                .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to & 0xf, .src_reg = from & 0xf};
}

static struct bpf_insn calculate(uint8_t operation, uint8_t to, int32_t number) {
        return (struct bpf_insn){
                .code = BPF_ALU64 | operation | BPF_K, .dst_reg = to & 0xf, .imm = number};
}

static struct bpf_insn load(size_t offset, uint8_t to) {
        return (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
                                 .dst_reg = to & 0xf,
                                 .src_reg = CONTEXT,
                                 .off = (int16_t) offset};
}

/* off is set where the place to go to is known. */
static struct bpf_insn unless_equal(uint8_t from, uint32_t number) {
        return (struct bpf_insn){.code = BPF_JMP32 | BPF_JNE | BPF_K,
                                 .dst_reg = from & 0xf,
                                 .imm = (int32_t) number};
}

static unsigned kernel_access(unsigned access) {
        return (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) |
               (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0) |
               (access & DEVICE_MAKE ? BPF_DEVCG_ACC_MKNOD : 0);
}

static size_t finish(struct bpf_insn *ret, int32_t result) {
        ret[0] = calculate(BPF_MOV, RESULT, result);
        ret[1] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
        return 2;
}

static size_t make_rule(const DeviceRule *rule, struct bpf_insn *ret) {
        size_t n = 0;

        ret[n++] = unless_equal(TYPE, rule->block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
        if (rule->major != DEVICE_ANY) {
                ret[n++] = unless_equal(MAJOR, rule->major);
        }
        if (rule->minor != DEVICE_ANY) {
                ret[n++] = unless_equal(MINOR, rule->minor);
        }
        if (rule->access != DEVICE_ACCESS_ALL) {
                ret[n++] = move(ACCESS, RESULT);
                ret[n++] = calculate(BPF_AND, RESULT,
                                     (int32_t) kernel_access(DEVICE_ACCESS_ALL & ~rule->access));
                ret[n++] = unless_equal(RESULT, 0);
        }
        n += finish(ret + n, 1);
        for (size_t i = 0; i < n; i++) {
                if (ret[i].code == (BPF_JMP32 | BPF_JNE | BPF_K)) {
                        ret[i].off = (int16_t) (n - i - 1);
                }
        }
        return n;
}

size_t device_program_make(const DeviceRule *rules, size_t n_rules, struct bpf_insn *ret) {
        size_t n = 0;

        ret[n++] = load(offsetof(struct bpf_cgroup_dev_ctx, access_type), TYPE);
        ret[n++] = load(offsetof(struct bpf_cgroup_dev_ctx, major), MAJOR);
        ret[n++] = load(offsetof(struct bpf_cgroup_dev_ctx, minor), MINOR);
        ret[n++] = move(TYPE, ACCESS);
        ret[n++] = calculate(BPF_RSH, ACCESS, 16);
        ret[n++] = calculate(BPF_AND, TYPE, 0xffff);
        for (size_t i = 0; i < n_rules; i++) {
                n += make_rule(&rules[i], ret + n);
        }
        return n + finish(ret + n, 0);
}

static int bpf(int command, union bpf_attr *attributes) {
        long r = syscall(SYS_bpf, command, attributes, sizeof(*attributes));

        return r < 0 ? negative_errno() : (int) r;
}

static int load_program(const DeviceRule *rules, size_t n) {
        static const char license[] = "LGPL-2.1-or-later";
        _cleanup_free_ struct bpf_insn *program =
                calloc(DEVICE_PROGRAM_MAX(n), sizeof(struct bpf_insn));
        union bpf_attr attributes = {
                .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                .insns = (uintptr_t) program,
                .license = (uintptr_t) license,
                .prog_name = "sbx_devices",
        };

        if (!program) {
                return -ENOMEM;
        }
        attributes.insn_cnt = (uint32_t) device_program_make(rules, n, program);
        return bpf(BPF_PROG_LOAD, &attributes);
}

int device_filter_probe(void) {
        _cleanup_fd_ int program = load_program(NULL, 0);

        return program < 0 ? program : 0;
}

/* The programs of this cgroup itself, at most PROGRAM_IDS_MAX; gives how many. */
static int list_programs(int unified_fd, uint32_t ids[static PROGRAM_IDS_MAX]) {
        union bpf_attr query = {.query = {.target_fd = (uint32_t) unified_fd,
                                          .attach_type = BPF_CGROUP_DEVICE,
                                          .prog_ids = (uintptr_t) ids,
                                          .prog_cnt = PROGRAM_IDS_MAX}};
        int r = bpf(BPF_PROG_QUERY, &query);

        return r < 0 ? r : (int) query.query.prog_cnt;
}

/* Whether ours is what stands there. */
static int check_program(int unified_fd, int program) {
        uint32_t ids[PROGRAM_IDS_MAX] = {};
        struct bpf_prog_info info = {};
        union bpf_attr of = {.info = {.bpf_fd = (uint32_t) program,
                                      .info_len = sizeof(info),
                                      .info = (uintptr_t) &info}};
        int r;

        r = bpf(BPF_OBJ_GET_INFO_BY_FD, &of);
        r = r < 0 ? r : list_programs(unified_fd, ids);
        if (r < 0) {
                return r;
        }
        return r == 1 && ids[0] == info.id ? 0 : -EOPNOTSUPP;
}

/* The one program of this cgroup; -ENOENT: it has none. */
static int open_program(int unified_fd) {
        uint32_t ids[PROGRAM_IDS_MAX] = {};
        union bpf_attr attributes = {};
        int r;

        r = list_programs(unified_fd, ids);
        if (r != 1) {
                return r < 0 ? r : r == 0 ? -ENOENT : -EBUSY;
        }
        attributes.prog_id = ids[0];
        return bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
}

int device_filter_program(int unified_fd, const DeviceRule *rules, size_t n) {
        _cleanup_fd_ int program = -EBADF, earlier = -EBADF;
        union bpf_attr attributes = {.attach_type = BPF_CGROUP_DEVICE,
                                     .attach_flags = BPF_F_ALLOW_MULTI};
        int r;

        assert(n <= DEVICE_RULES_MAX);

        program = load_program(rules, n);
        if (program < 0) {
                /* a kernel without it */
                return program == -ENOSYS || program == -EINVAL ? -EOPNOTSUPP : program;
        }
        earlier = open_program(unified_fd);
        if (earlier < 0 && earlier != -ENOENT) {
                return earlier;
        }
        attributes.target_fd = (uint32_t) unified_fd;
        attributes.attach_bpf_fd = (uint32_t) program;
        if (earlier >= 0) {
                attributes.attach_flags |= BPF_F_REPLACE;
                attributes.replace_bpf_fd = (uint32_t) earlier;
        }
        r = bpf(BPF_PROG_ATTACH, &attributes);
        /* The cgroup keeps it, and it goes with the cgroup. */
        return r < 0 ? r : check_program(unified_fd, program);
}

int device_filter_program_end(int unified_fd) {
        _cleanup_fd_ int program = open_program(unified_fd);
        union bpf_attr attributes = {.target_fd = (uint32_t) unified_fd,
                                     .attach_bpf_fd = (uint32_t) program,
                                     .attach_type = BPF_CGROUP_DEVICE};

        if (program < 0) {
                return program == -ENOENT ? 0 : program;
        }
        return bpf(BPF_PROG_DETACH, &attributes);
}

/* -- v1 -- */

static void format_number(uint32_t number, char text[static 16]) {
        (void) snprintf(text, 16, number == DEVICE_ANY ? "*" : "%u", number);
}

/* As the kernel prints it, too. */
static void format_rule(const DeviceRule *rule, char text[static 48]) {
        char major_text[16], minor_text[16];

        format_number(rule->major, major_text);
        format_number(rule->minor, minor_text);
        (void) snprintf(text, 48, "%c %s:%s %s%s%s", rule->block ? 'b' : 'c', major_text,
                        minor_text, rule->access & DEVICE_READ ? "r" : "",
                        rule->access & DEVICE_WRITE ? "w" : "",
                        rule->access & DEVICE_MAKE ? "m" : "");
}

static bool is_asked(const char *line, const DeviceRule *rules, size_t n) {
        for (size_t i = 0; i < n; i++) {
                char text[48];

                format_rule(&rules[i], text);
                if (streq(line, text)) {
                        return true;
                }
        }
        return false;
}

static int check_list(int devices_fd, const DeviceRule *rules, size_t n) {
        _cleanup_free_ char *text = NULL;
        char *rest = NULL;
        size_t lines = 0;
        int r;

        r = file_read_at(devices_fd, "devices.list", LIST_MAX, &text, NULL);
        if (r < 0) {
                return r;
        }
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                if (!is_asked(line, rules, n)) {
                        return -EOPNOTSUPP;
                }
                lines++;
        }
        return lines == n ? 0 : -EOPNOTSUPP;
}

int device_filter_list(int devices_fd, const DeviceRule *rules, size_t n, size_t *ret_rule) {
        int r;

        assert(n <= DEVICE_RULES_MAX);
        assert(ret_rule);

        *ret_rule = n;
        r = file_write_at(devices_fd, "devices.deny", "a");
        for (size_t i = 0; i < n && r == 0; i++) {
                char text[48];

                format_rule(&rules[i], text);
                r = file_write_at(devices_fd, "devices.allow", text);
                if (r < 0) {
                        *ret_rule = i;
                }
        }
        return r < 0 ? r : check_list(devices_fd, rules, n);
}

int device_filter_list_end(int devices_fd) {
        return file_write_at(devices_fd, "devices.allow", "a");
}

int device_filter_ask(int fd, unsigned access) {
        int mode = (access & DEVICE_READ ? R_OK : 0) | (access & DEVICE_WRITE ? W_OK : 0);

        if (mode == 0 || syscall(SYS_faccessat2, fd, "", mode, AT_EMPTY_PATH | AT_EACCESS) == 0 ||
            errno == EACCES) {
                return 0;
        }
        return negative_errno();
}
