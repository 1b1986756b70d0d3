/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/plan.h"

#include "../sample-ops.h"
#include "base/fd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static bool args_equal(const OpArgSchema *schema, const OpArg *a, const OpArg *b) {
        switch (schema->type) {
        case OP_ARG_U64:
                return a->u64 == b->u64;
        case OP_ARG_I64:
                return a->i64 == b->i64;
        case OP_ARG_PATH:
        case OP_ARG_STRING:
                return streq(a->string, b->string);
        case OP_ARG_STRV:
                return strv_equal(a->strv, b->strv);
        case OP_ARG_BLOB:
                return a->blob.size == b->blob.size &&
                       memcmp(a->blob.bytes, b->blob.bytes, a->blob.size) == 0;
        case OP_ARG_NONE:
                break;
        }
        return true;
}

static void assert_equal(const Plan *a, const Plan *b) {
        ck_assert_uint_eq(a->n_ops, b->n_ops);
        for (size_t i = 0; i < a->n_ops; i++) {
                const Op *one = &a->ops[i], *other = &b->ops[i];

                ck_assert_int_eq((int) one->kind, (int) other->kind);
                ck_assert_uint_eq(one->origin, other->origin);
                for (size_t k = 0; k < op_n_args(one->kind); k++) {
                        ck_assert(args_equal(&op_table[one->kind].args[k], &one->args[k],
                                             &other->args[k]));
                }
        }
}

START_TEST(every_op_comes_back) {
        _cleanup_(plan_freep) Plan *plan =
                sample_plan((OpKind) (_i / _EXTREME_MAX), (Extreme) (_i % _EXTREME_MAX));
        _cleanup_(plan_freep) Plan *back = NULL;
        _cleanup_free_ void *bytes = NULL, *again = NULL;
        size_t size, again_size;

        ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), 0);
        ck_assert_int_eq(wire_plan_decode(bytes, size, &back), 0);
        assert_equal(plan, back);
        ck_assert_int_eq(wire_plan_encode(back, &again, &again_size), 0);
        ck_assert_uint_eq(again_size, size);
        ck_assert_mem_eq(again, bytes, size);
}
END_TEST

/* In a block of exactly its size, so that a byte too far is seen by the sanitizer. */
static int decode_copy(const uint8_t *bytes, size_t size) {
        _cleanup_(plan_freep) Plan *plan = NULL;
        _cleanup_free_ uint8_t *copy = malloc(size > 0 ? size : 1);
        int r;

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, bytes, size);
        r = wire_plan_decode(copy, size, &plan);
        ck_assert((r == 0) == (plan != NULL));
        ck_assert(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT || r == -EINVAL);
        if (r == 0) {
                ck_assert_int_eq(plan_check(plan, NULL), 0);
        }
        return r;
}

START_TEST(cut_at_any_byte_is_refused) {
        _cleanup_(plan_freep) Plan *plan = sample_plan((OpKind) _i, LEAST);
        _cleanup_free_ void *bytes = NULL;
        size_t size;

        ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), 0);
        for (size_t n = 0; n < size; n++) {
                uint8_t *cut = malloc(size);

                ck_assert_ptr_nonnull(cut);
                memcpy(cut, bytes, size);
                ck_assert_int_eq(decode_copy(cut, n), -EBADMSG);
                /* also where the header says the smaller size, and the ops are what is cut */
                cut[8] = (uint8_t) n;
                cut[9] = (uint8_t) (n >> 8);
                ck_assert_int_lt(decode_copy(cut, n), 0);
                free(cut);
        }
}
END_TEST

START_TEST(bytes_behind_the_end_are_refused) {
        _cleanup_(plan_freep) Plan *plan = sample_plan((OpKind) _i, LEAST);
        _cleanup_free_ void *bytes = NULL;
        _cleanup_free_ uint8_t *longer = NULL;
        size_t size;

        ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), 0);
        longer = calloc(1, size + 1);
        ck_assert_ptr_nonnull(longer);
        memcpy(longer, bytes, size);
        ck_assert_int_eq(decode_copy(longer, size + 1), -EBADMSG);
        longer[8] = (uint8_t) (size + 1);
        longer[9] = (uint8_t) ((size + 1) >> 8);
        ck_assert_int_eq(decode_copy(longer, size + 1), -EBADMSG);
}
END_TEST

/* Each bit: what is still accepted passes the check, and nothing else happens. */
START_TEST(flipped_bits_never_harm) {
        _cleanup_(plan_freep) Plan *plan = sample_plan((OpKind) _i, LEAST);
        _cleanup_free_ void *bytes = NULL;
        size_t size;

        ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), 0);
        for (size_t bit = 0; bit < size * 8; bit++) {
                uint8_t *byte = (uint8_t *) bytes + bit / 8;

                *byte ^= (uint8_t) (1u << bit % 8);
                if (bit < 128) {
                        ck_assert_int_lt(decode_copy(bytes, size), 0); /* the header has no slack */
                } else {
                        (void) decode_copy(bytes, size);
                }
                *byte ^= (uint8_t) (1u << bit % 8);
        }
}
END_TEST

START_TEST(other_versions_are_told_apart) {
        _cleanup_(plan_freep) Plan *plan = sample_plan(OP_KEYRING, LEAST);
        _cleanup_free_ void *bytes = NULL;
        size_t size;

        ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), 0);
        ((uint8_t *) bytes)[4]++;
        ck_assert_int_eq(decode_copy(bytes, size), -EPROTONOSUPPORT);
        ck_assert_int_eq(decode_copy(bytes, 0), -EBADMSG);
}
END_TEST

START_TEST(what_the_check_refuses_is_not_encoded) {
        _cleanup_(plan_freep) Plan *plan = plan_new();
        void *bytes;
        size_t size;

        ck_assert_ptr_nonnull(plan);
        ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), -EINVAL);
        sample_add(plan, OP_KEYRING, LEAST);
        ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), -EINVAL);
}
END_TEST

/* Valid op by op, too large as a whole. */
START_TEST(plans_are_bounded) {
        _cleanup_(plan_freep) Plan *plan = plan_new();
        void *bytes;
        size_t size;

        ck_assert_ptr_nonnull(plan);
        for (int i = 0; i < 40; i++) {
                sample_add(plan, OP_SECCOMP, GREATEST);
        }
        sample_add(plan, OP_EXEC, LEAST);
        ck_assert_int_eq(plan_check(plan, NULL), 0);
        ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), -E2BIG);
}
END_TEST

START_TEST(sealed_plans_can_be_opened) {
        _cleanup_(plan_freep) Plan *plan = sample_plan(OP_SECCOMP, GREATEST), *back = NULL;
        _cleanup_fd_ int fd = wire_plan_seal(plan);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(memfd_check_sealed(fd), 0);
        ck_assert_int_gt(lseek(fd, 3, SEEK_SET), 0); /* whoever sends it may do that */
        ck_assert_int_eq(wire_plan_open(fd, &back), 0);
        assert_equal(plan, back);
        ck_assert_int_eq((int) lseek(fd, 0, SEEK_CUR), 3);
}
END_TEST

START_TEST(unsealed_plans_are_refused) {
        _cleanup_(plan_freep) Plan *plan = sample_plan(OP_KEYRING, LEAST), *back = NULL;
        _cleanup_free_ void *bytes = NULL;
        _cleanup_fd_ int fd = memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        _cleanup_fd_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        _cleanup_fd_ int empty = memfd_sealed("plan", "", 0);
        size_t size;

        ck_assert_int_eq(wire_plan_encode(plan, &bytes, &size), 0);
        ck_assert_int_eq(fd_write_all(fd, bytes, size), 0);
        ck_assert_int_eq(wire_plan_open(fd, &back), -EPERM);
        ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
        ck_assert_int_eq(wire_plan_open(fd, &back), -EPERM);
        ck_assert_int_lt(wire_plan_open(null, &back), 0);
        ck_assert_int_eq(wire_plan_open(empty, &back), -EBADMSG);
        ck_assert_ptr_null(back);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("wire/plan");
        TCase *tcase = tcase_create("plans");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, every_op_comes_back, 0, _OP_MAX * _EXTREME_MAX);
        tcase_add_loop_test(tcase, cut_at_any_byte_is_refused, 0, _OP_MAX);
        tcase_add_loop_test(tcase, bytes_behind_the_end_are_refused, 0, _OP_MAX);
        tcase_add_loop_test(tcase, flipped_bits_never_harm, 0, _OP_MAX);
        tcase_add_test(tcase, other_versions_are_told_apart);
        tcase_add_test(tcase, what_the_check_refuses_is_not_encoded);
        tcase_add_test(tcase, plans_are_bounded);
        tcase_add_test(tcase, sealed_plans_can_be_opened);
        tcase_add_test(tcase, unsealed_plans_are_refused);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
