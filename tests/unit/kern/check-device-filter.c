/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program of a device filter, run by an interpreter that knows no more than what it may use and
 * goes forward only, against what its rules say. */

#include "kern/device-filter.h"

#include "base/str.h"

#include <check.h>
#include <stdlib.h>

static uint64_t load_word(const struct bpf_cgroup_dev_ctx *context, int16_t offset) {
        switch (offset) {
        case 0:
                return context->access_type;
        case 4:
                return context->major;
        case 8:
                return context->minor;
        default:
                ck_abort_msg("read at %d", offset);
        }
        return 0;
}

/* What one instruction does to the registers; gives how many to skip. */
static int step(const struct bpf_insn *insn, const struct bpf_cgroup_dev_ctx *context,
                uint64_t *registers) {
        uint64_t *to = &registers[insn->dst_reg];

        switch (insn->code) {
        case BPF_LDX | BPF_MEM | BPF_W:
                ck_assert_uint_eq(insn->src_reg, BPF_REG_1);
                *to = load_word(context, insn->off);
                return 0;
        case BPF_ALU64 | BPF_MOV | BPF_X:
                *to = registers[insn->src_reg];
                return 0;
        case BPF_ALU64 | BPF_MOV | BPF_K:
                *to = (uint64_t) insn->imm;
                return 0;
        case BPF_ALU64 | BPF_AND | BPF_K:
                *to &= (uint64_t) insn->imm;
                return 0;
        case BPF_ALU64 | BPF_RSH | BPF_K:
                *to >>= insn->imm;
                return 0;
        case BPF_JMP32 | BPF_JNE | BPF_K:
                ck_assert_int_gt(insn->off, 0);
                return (uint32_t) *to != (uint32_t) insn->imm ? insn->off : 0;
        default:
                ck_abort_msg("instruction %#x", insn->code);
        }
        return 0;
}

static bool run(const struct bpf_insn *program, size_t n, bool block, uint32_t major,
                uint32_t minor, unsigned access) {
        const struct bpf_cgroup_dev_ctx context = {
                .access_type = (access & DEVICE_READ ? BPF_DEVCG_ACC_READ << 16 : 0U) |
                               (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE << 16 : 0U) |
                               (access & DEVICE_MAKE ? BPF_DEVCG_ACC_MKNOD << 16 : 0U) |
                               (block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
                .major = major,
                .minor = minor,
        };
        uint64_t registers[MAX_BPF_REG] = {};
        size_t i = 0;

        while (i < n && program[i].code != (BPF_JMP | BPF_EXIT)) {
                i += 1 + (size_t) step(&program[i], &context, registers);
        }
        ck_assert_uint_lt(i, n);
        ck_assert_uint_le(registers[0], 1);
        return registers[0] == 1;
}

static bool allows(const DeviceRule *rules, size_t n, bool block, uint32_t major, uint32_t minor,
                   unsigned access) {
        for (size_t i = 0; i < n; i++) {
                if (device_rule_fits(&rules[i], block, major, minor) &&
                    (access & ~rules[i].access) == 0) {
                        return true;
                }
        }
        return false;
}

/* Every device of a small world and every access, also none: what the kernel may ask. */
static void compare(const DeviceRule *rules, size_t n) {
        static const uint32_t numbers[] = {0, 1, 2, 4095, 1048575};
        struct bpf_insn program[DEVICE_PROGRAM_MAX(DEVICE_RULES_MAX)];
        size_t size = device_program_make(rules, n, program);

        ck_assert_uint_le(size, DEVICE_PROGRAM_MAX(n));
        for (size_t i = 0; i < 2 * ELEMENTS(numbers) * ELEMENTS(numbers) * 8; i++) {
                unsigned access = i % 8;
                bool block = i / 8 % 2 == 1;
                uint32_t major = numbers[i / 16 % ELEMENTS(numbers)],
                         minor = numbers[i / 16 / ELEMENTS(numbers)];

                ck_assert_msg(run(program, size, block, major, minor, access) ==
                                      allows(rules, n, block, major, minor, access),
                              "%s %u:%u access %u", block ? "block" : "char", major, minor, access);
        }
}

static const DeviceRule rules[] = {
        {false, 1, 2, DEVICE_READ},
        {false, 1, 2, DEVICE_ACCESS_ALL},
        {true, 2, DEVICE_ANY, DEVICE_READ | DEVICE_WRITE},
        {true, DEVICE_ANY, DEVICE_ANY, DEVICE_MAKE},
        {false, DEVICE_ANY, DEVICE_ANY, DEVICE_READ},
        {false, 4095, 1048575, DEVICE_WRITE},
};

START_TEST(programs_do_what_rules_say) {
        size_t a = (size_t) _i % ELEMENTS(rules), b = (size_t) _i / ELEMENTS(rules);
        const DeviceRule two[] = {rules[a], rules[b]};

        compare(two, 1);
        compare(two, 2);
}
END_TEST

START_TEST(without_rules_nothing_is_open) {
        compare(NULL, 0);
}
END_TEST

START_TEST(the_most_rules_fit) {
        DeviceRule many[DEVICE_RULES_MAX];

        for (size_t i = 0; i < ELEMENTS(many); i++) {
                many[i] = (DeviceRule){true, 1, (uint32_t) i, DEVICE_READ};
        }
        compare(many, ELEMENTS(many));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("kern/device-filter");
        TCase *tcase = tcase_create("program");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, programs_do_what_rules_say, 0,
                            (int) (ELEMENTS(rules) * ELEMENTS(rules)));
        tcase_add_test(tcase, without_rules_nothing_is_open);
        tcase_add_test(tcase, the_most_rules_fit);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
