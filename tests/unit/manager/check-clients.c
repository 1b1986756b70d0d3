/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/clients.h"

#include <check.h>

#define START (1000 * USEC_PER_SEC)

static unsigned take_all(Bucket *bucket, usec_t now, uint32_t cost) {
        unsigned n = 0;

        while (n < 1000 && bucket_take(bucket, now, 10, 20, cost)) {
                n++;
        }
        return n;
}

START_TEST(bucket_fills_with_time) {
        Bucket bucket = {};

        ck_assert_uint_eq(take_all(&bucket, START, 1), 20); /* a burst */
        ck_assert_uint_eq(take_all(&bucket, START, 1), 0);
        ck_assert_uint_eq(take_all(&bucket, START + USEC_PER_SEC / 20, 1), 0);
        ck_assert_uint_eq(take_all(&bucket, START + USEC_PER_SEC / 10, 1), 1);
        ck_assert_uint_eq(take_all(&bucket, START + USEC_PER_SEC * 11 / 10, 1), 10);
        ck_assert_uint_eq(take_all(&bucket, START + 3600 * USEC_PER_SEC, 1), 20);
}
END_TEST

START_TEST(bucket_refuses_what_is_too_much) {
        Bucket bucket = {};

        ck_assert_uint_eq(take_all(&bucket, START, 8), 2);
        ck_assert_uint_eq(take_all(&bucket, START, 4), 1); /* nothing was taken in vain */
        /* what costs more than fits in is to be had when it is full */
        ck_assert(!bucket_take(&bucket, START + USEC_PER_SEC, 10, 20, 4000));
        ck_assert(bucket_take(&bucket, START + 3 * USEC_PER_SEC, 10, 20, 4000));
        ck_assert(!bucket_take(&bucket, START + 3 * USEC_PER_SEC, 10, 20, 1));
}
END_TEST

START_TEST(bucket_with_a_clock_that_stands) {
        Bucket bucket = {};

        ck_assert_uint_eq(take_all(&bucket, START, 1), 20);
        ck_assert_uint_eq(take_all(&bucket, START - USEC_PER_SEC, 1), 0);
        ck_assert(bucket_take(&bucket, USEC_INFINITY - 1, UINT32_MAX, UINT32_MAX, UINT32_MAX));
}
END_TEST

static const struct ParseCase {
        const char *text;
        int r;
        uint32_t calls, jobs;
} parse_cases[] = {
        {"", 0, 200, 1024},
        {"calls=5", 0, 5, 1024},
        {"jobs=7,calls=6", 0, 6, 7},
        {"calls=5,", 0, 5, 1024},
        {"calls", -EINVAL, 200, 1024},
        {"calls=", -EINVAL, 200, 1024},
        {"calls=0", -EINVAL, 200, 1024},
        {"calls=-1", -EINVAL, 200, 1024},
        {"calls=5,nothing=1", -EINVAL, 200, 1024},
        {",", -EINVAL, 200, 1024},
        {"calls=99999999999", -EINVAL, 200, 1024},
};

START_TEST(limits_are_parsed) {
        const struct ParseCase *c = &parse_cases[_i];
        ClientLimits limits = CLIENT_LIMITS_DEFAULT;

        limits.max[CLIENT_JOBS] = 1024;
        ck_assert_int_eq(client_limits_parse(c->text, &limits), c->r);
        ck_assert_uint_eq(limits.max[CLIENT_CALLS], c->calls);
        ck_assert_uint_eq(limits.max[CLIENT_JOBS], c->jobs);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("clients");
        TCase *tcase = tcase_create("clients");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, bucket_fills_with_time);
        tcase_add_test(tcase, bucket_refuses_what_is_too_much);
        tcase_add_test(tcase, bucket_with_a_clock_that_stands);
        tcase_add_loop_test(tcase, limits_are_parsed, 0, ELEMENTS(parse_cases));
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
