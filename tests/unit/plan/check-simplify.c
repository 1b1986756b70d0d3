/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A shorter program decides the same of every call: of the programs of units, of programs that
 * libseccomp makes of rules by chance, and of programs by chance. */

#include "plan/simplify.h"

#include "plan/filter.h"

#include <check.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORDS (sizeof(struct seccomp_data) / sizeof(uint32_t))
#define VALUES_MAX 400

static uint64_t chance = 1;

static uint32_t number(void) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        return (uint32_t) (chance >> 16);
}

static uint32_t run(const OpBlob *blob, const uint32_t *words) {
        const struct sock_filter *program = (const struct sock_filter *) (void *) blob->bytes;
        size_t n = blob->size / sizeof(*program);
        uint32_t a = 0;

        for (size_t i = 0; i < n; i++) {
                const struct sock_filter *now = &program[i];
                bool holds = false;

                switch (now->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        if (now->k % sizeof(uint32_t) != 0 || now->k >= WORDS * sizeof(uint32_t)) {
                                ck_abort_msg("instruction %zu loads from %u", i, now->k);
                        }
                        a = words[now->k / sizeof(uint32_t)];
                        continue;
                case BPF_ALU | BPF_AND | BPF_K:
                        a &= now->k;
                        continue;
                case BPF_JMP | BPF_JA:
                        i += now->k;
                        continue;
                case BPF_RET | BPF_K:
                        return now->k;
                case BPF_JMP | BPF_JEQ | BPF_K:
                        holds = a == now->k;
                        break;
                case BPF_JMP | BPF_JSET | BPF_K:
                        holds = (a & now->k) != 0;
                        break;
                case BPF_JMP | BPF_JGE | BPF_K:
                        holds = a >= now->k;
                        break;
                case BPF_JMP | BPF_JGT | BPF_K:
                        holds = a > now->k;
                        break;
                default:
                        ck_abort_msg("instruction %zu is %#x", i, now->code);
                }
                i += holds ? now->jt : now->jf;
        }
        ck_abort_msg("the program runs out");
}

/* Where it may decide otherwise: what it compares with, one less and more, and other bits. */
static size_t values_of(const OpBlob *blob, uint32_t *values) {
        const struct sock_filter *program = (const struct sock_filter *) (void *) blob->bytes;
        size_t n = 0;

        for (unsigned bit = 0; bit < 32; bit++) {
                values[n++] = UINT32_C(1) << bit;
                values[n++] = ~(UINT32_C(1) << bit);
        }
        values[n++] = 0;
        values[n++] = UINT32_MAX;
        for (size_t i = 0; i < blob->size / sizeof(*program) && n + 4 < VALUES_MAX; i++) {
                uint32_t k = program[i].k;

                if (BPF_CLASS(program[i].code) == BPF_JMP && k < UINT32_MAX && k > 600) {
                        values[n++] = k;
                        values[n++] = k - 1;
                        values[n++] = k + 1;
                        values[n++] = k | UINT32_C(1) << (number() % 32);
                }
        }
        return n;
}

/* Without an assertion where all is well: each of them is a write to a file. */
static void expect_same_at(const OpBlob *a, const OpBlob *b, const uint32_t *words) {
        uint32_t before = run(a, words), after = run(b, words);

        if (before != after) {
                ck_abort_msg("call %#x of %#x (%#x %#x %#x %#x): %#x is now %#x", words[0],
                             words[1], words[4], words[6], words[8], words[10], before, after);
        }
}

/* Each call with each value in each argument, beside others by chance. */
static void expect_same(const OpBlob *a, const OpBlob *b) {
        static const uint32_t machines[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
                                            AUDIT_ARCH_ARM, 0};
        uint32_t values[VALUES_MAX], words[WORDS];
        size_t n = values_of(a, values);

        for (uint32_t call = 0; call < 500; call++) {
                for (size_t i = number() % 4; i < n * 4; i += 1 + number() % 7) {
                        for (size_t k = 0; k < WORDS; k++) {
                                words[k] = number() % 4 ? values[number() % n] : number() % 80;
                        }
                        words[0] = number() % 64 ? call : call | 0x40000000;
                        words[1] = machines[number() % 16 ? number() % 2 : number() % 5];
                        words[4 + 2 * (i % 4)] = values[i / 4];
                        if (number() % 2) { /* the same twice over: 64 bits that fit in 32 */
                                words[5] = words[7] = words[9] = words[11] = 0;
                        }
                        expect_same_at(a, b, words);
                }
        }
        for (size_t i = 0; i < n; i++) {
                words[0] = values[i];
                expect_same_at(a, b, words);
        }
}

static OpBlob copy_of(const OpBlob *blob) {
        OpBlob copy = {.bytes = malloc(blob->size), .size = blob->size};

        ck_assert_ptr_nonnull(copy.bytes);
        memcpy(copy.bytes, blob->bytes, blob->size);
        return copy;
}

static void expect_simplified(OpBlob *blob, double share) {
        OpBlob shorter = copy_of(blob);

        ck_assert_int_eq(filter_simplify(&shorter), 0);
        ck_assert_msg((double) shorter.size <= (double) blob->size * share, "%zu of %zu bytes",
                      shorter.size, blob->size);
        expect_same(blob, &shorter);
        free(shorter.bytes);
        free(blob->bytes);
}

static const struct {
        DirectiveId directive;
        const char *value;
        double share; /* of the instructions that may be left of the denials of arguments */
} units[] = {
        {DIRECTIVE_SystemCallFilter, "", 0.45},
        {DIRECTIVE_SystemCallFilter, "~read:EBADF @file-system", 0.45},
        {DIRECTIVE_SystemCallArchitectures, "x86", 0.5},
        {DIRECTIVE_RestrictAddressFamilies, "~AF_INET", 0.9},
        {DIRECTIVE_RestrictAddressFamilies, "AF_UNIX AF_VSOCK", 0.5},
        {DIRECTIVE_RestrictNamespaces, "pid user", 0.45},
        {DIRECTIVE_LockPersonality, "no", 0.6},
        {DIRECTIVE_Personality, "x86", 0.45},
        {DIRECTIVE_SystemCallErrorNumber, "kill", 0.45},
};

START_TEST(unit_is_decided_alike) {
        DiagList diags = {};
        OpBlob blob;
        Spec *spec;

        ck_assert_int_eq(spec_new(&spec), 0);
        ck_assert_int_eq(spec_assign(spec, &directive_table[units[_i].directive], NULL,
                                     units[_i].value, &PLACE_NONE, &diags),
                         0);
        ck_assert(!diag_list_has_errors(&diags));
        diag_list_done(&diags);
        ck_assert_int_eq(filter_arguments(spec, &blob), 0);
        expect_simplified(&blob, units[_i].share);
        ck_assert_int_eq(filter_calls(spec, &blob), 0);
        expect_simplified(&blob, 0.5);
        (void) spec_free(spec);
}
END_TEST

static OpBlob export(scmp_filter_ctx context) {
        int fd = memfd_create("program", MFD_CLOEXEC);
        off_t size;
        OpBlob blob;

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(seccomp_export_bpf(context, fd), 0);
        size = lseek(fd, 0, SEEK_END);
        ck_assert_int_gt(size, 0);
        blob = (OpBlob){.bytes = malloc((size_t) size), .size = (size_t) size};
        ck_assert_int_eq(pread(fd, blob.bytes, blob.size, 0), size);
        ck_assert_int_eq(close(fd), 0);
        return blob;
}

START_TEST(rules_by_chance_are_decided_alike) {
        static const uint32_t masks[] = {UINT32_MAX, 1, 3, 5, 0xf000, 0x80000001, 0x40, 0xfff0};
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
        OpBlob blob;

        chance = (uint64_t) _i * 0x9e3779b97f4a7c15u + 1;
        ck_assert_ptr_nonnull(context);
        ck_assert_int_eq(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 1 + number() % 2), 0);
        for (unsigned i = 0; i < 60; i++) {
                uint32_t mask = masks[number() % ELEMENTS(masks)], other = number();
                struct scmp_arg_cmp comparisons[2] = {
                        {.arg = 0,
                         .op = SCMP_CMP_MASKED_EQ,
                         .datum_a = mask,
                         .datum_b = number() & mask & 0xff0000f7},
                        {.arg = 1, .op = SCMP_CMP_GE + number() % 2, .datum_a = other % 100},
                };

                (void) seccomp_rule_add_array(context, SCMP_ACT_ERRNO(1 + number() % 3),
                                              (int) (number() % 12), number() % 3, comparisons);
        }
        blob = export(context);
        seccomp_release(context);
        expect_simplified(&blob, 1);
}
END_TEST

/* Any jump forward, as the kernel would take it, loads and masks wherever they come. */
static OpBlob program_by_chance(void) {
        static const uint16_t jumps[] = {BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET};
        size_t n = 2 + number() % 60;
        struct sock_filter *program = calloc(n, sizeof(*program));

        ck_assert_ptr_nonnull(program);
        program[0] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16);
        for (size_t i = 1; i < n; i++) {
                uint32_t left = (uint32_t) (n - i - 1), kind = number() % 8;

                if (left == 0 || kind == 0) {
                        program[i] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, number() % 3);
                } else if (kind == 1) {
                        program[i] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                                   16 + 8 * (number() % 2));
                } else if (kind == 2) {
                        program[i] = (struct sock_filter) BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
                                                                   number() & number());
                } else {
                        program[i] = (struct sock_filter) BPF_JUMP(
                                (uint16_t) (BPF_JMP | jumps[number() % ELEMENTS(jumps)] | BPF_K),
                                number() % 3 ? number() % 9 : UINT32_C(1) << number() % 32,
                                (uint8_t) (number() % MIN(left, 12u)),
                                (uint8_t) (number() % MIN(left, 12u)));
                }
        }
        return (OpBlob){.bytes = (uint8_t *) program, .size = n * sizeof(*program)};
}

START_TEST(programs_by_chance_are_decided_alike) {
        chance = (uint64_t) _i * 0x9e3779b97f4a7c15u + 77;
        for (unsigned i = 0; i < 200; i++) {
                OpBlob blob = program_by_chance(), shorter = copy_of(&blob);
                uint32_t values[VALUES_MAX], words[WORDS] = {};
                size_t n = values_of(&blob, values);

                ck_assert_int_eq(filter_simplify(&shorter), 0);
                ck_assert_uint_le(shorter.size, blob.size);
                for (size_t k = 0; k < n * n; k++) {
                        words[4] = values[k / n];
                        words[6] = values[k % n];
                        expect_same_at(&blob, &shorter, words);
                }
                free(shorter.bytes);
                free(blob.bytes);
        }
}
END_TEST

/* Steps that cannot be joined, each with a way to the far end: further than a test can jump. */
START_TEST(far_jumps_arrive) {
        enum { STEPS = 300, SIZE = 4 };
        struct sock_filter program[STEPS * SIZE + 2];
        OpBlob blob = {(uint8_t *) program, sizeof(program)}, shorter;
        uint32_t words[WORDS] = {};

        for (uint32_t i = 0; i < STEPS; i++) {
                const struct sock_filter step[SIZE] = {
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16 + 8 * (i % 2)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1000 + i, 0, 1),
                        BPF_STMT(BPF_JMP | BPF_JA, (STEPS - i) * SIZE - SIZE + 1),
                };

                memcpy(program + (size_t) i * SIZE, step, sizeof(step));
        }
        program[STEPS * SIZE] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, 1);
        program[STEPS * SIZE + 1] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, 2);
        shorter = copy_of(&blob);
        ck_assert_int_eq(filter_simplify(&shorter), 0);
        ck_assert_uint_lt(shorter.size, blob.size);
        ck_assert_uint_gt(shorter.size / sizeof(program[0]), 512);
        for (uint32_t i = 0; i < STEPS; i++) {
                words[4 + 2 * (i % 2)] = 1000 + i;
                words[4 + 2 * ((i + 1) % 2)] = 0;
                expect_same_at(&blob, &shorter, words);
                ck_assert_uint_eq(run(&shorter, words), 2);
        }
        free(shorter.bytes);
}
END_TEST

START_TEST(what_is_not_understood_stays) {
        struct sock_filter programs[][2] = {
                {BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_RET | BPF_A, 0)},
                {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4)},
                {BPF_JUMP(BPF_JMP | BPF_JA, UINT32_MAX, 0, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
        };

        for (size_t i = 0; i < ELEMENTS(programs); i++) {
                OpBlob given = {(uint8_t *) programs[i], sizeof(programs[i])},
                       blob = copy_of(&given);

                ck_assert_int_eq(filter_simplify(&blob), 0);
                ck_assert_uint_eq(blob.size, given.size);
                ck_assert_mem_eq(blob.bytes, given.bytes, given.size);
                free(blob.bytes);
        }
        ck_assert_int_eq(filter_simplify(&(OpBlob){}), 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("plan/simplify");
        TCase *tcase = tcase_create("programs");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 120);
        tcase_add_loop_test(tcase, unit_is_decided_alike, 0, ELEMENTS(units));
        tcase_add_loop_test(tcase, rules_by_chance_are_decided_alike, 0, 20);
        tcase_add_loop_test(tcase, programs_by_chance_are_decided_alike, 0, 10);
        tcase_add_test(tcase, far_jumps_arrive);
        tcase_add_test(tcase, what_is_not_understood_stays);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
