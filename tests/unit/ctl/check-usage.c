/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/usage.h"

#include <check.h>

#define NONE UINT64_MAX
#define SECOND USEC_PER_SEC

static Sample before_items[] = {
        {(char *) "web.sandbox", 10 * SECOND, 3, 100, 1000000000, 0, 4096},
        {(char *) "db.sandbox", 10 * SECOND, 9, 900, 5000000000, NONE, NONE},
        {(char *) "again.sandbox", 10 * SECOND, 1, 50, 7000000000, 10, 10},
};
static Sample now_items[] = {
        {(char *) "again.sandbox", 12 * SECOND, 1, 50, 1000000, 0, 0}, /* another run */
        {(char *) "db.sandbox", 12 * SECOND, 9, 900, 5500000000, NONE, NONE},
        {(char *) "new.sandbox", 12 * SECOND, 2, 700, 123, 5, 5},
        {(char *) "web.sandbox", 12 * SECOND, 4, 200, 5000000000, 2048, 4096},
        {(char *) "zero.sandbox", 12 * SECOND, NONE, NONE, NONE, NONE, NONE},
};

static const struct {
        UsageOrder order;
        const char *units;
} orders[] = {
        {USAGE_BY_NAME, "again db new web zero "}, {USAGE_BY_TASKS, "db web new again zero "},
        {USAGE_BY_CPU, "web db again new zero "},  {USAGE_BY_MEMORY, "db new web again zero "},
        {USAGE_BY_IO, "web again db new zero "},
};

START_TEST(usage_is_sorted) {
        const SampleList before = {before_items, ELEMENTS(before_items)};
        const SampleList now = {now_items, ELEMENTS(now_items)};
        Usage usages[ELEMENTS(now_items)];
        char text[128] = "";

        usage_compute(&before, &now, orders[_i].order, usages);
        for (size_t i = 0; i < ELEMENTS(usages); i++) {
                size_t n = strcspn(usages[i].unit, ".");

                (void) strncat(text, usages[i].unit, n);
                (void) strncat(text, " ", 2);
        }
        ck_assert_str_eq(text, orders[_i].units);
}
END_TEST

START_TEST(rates_are_by_the_second) {
        const SampleList before = {before_items, ELEMENTS(before_items)};
        const SampleList now = {now_items, ELEMENTS(now_items)};
        Usage usages[ELEMENTS(now_items)];

        usage_compute(&before, &now, USAGE_BY_NAME, usages);
        /* a counter that went back, one that is not there, one that is seen for the first time */
        ck_assert_uint_eq(usages[0].cpu_permille, NONE);
        ck_assert_uint_eq(usages[0].read_bytes, NONE);
        ck_assert_uint_eq(usages[1].cpu_permille, 250);
        ck_assert_uint_eq(usages[1].read_bytes, NONE);
        ck_assert_uint_eq(usages[2].cpu_permille, NONE);
        ck_assert_uint_eq(usages[2].memory_bytes, 700);
        ck_assert_uint_eq(usages[3].cpu_permille, 2000);
        ck_assert_uint_eq(usages[3].read_bytes, 1024);
        ck_assert_uint_eq(usages[3].write_bytes, 0);
}
END_TEST

START_TEST(nothing_is_fine) {
        const SampleList none = {};

        usage_compute(&none, &none, USAGE_BY_CPU, NULL);
}
END_TEST

START_TEST(orders_have_names) {
        ck_assert_int_eq(usage_order_parse(usage_order_name((UsageOrder) _i)), _i);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ctl/usage");
        TCase *tcase = tcase_create("usage");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, usage_is_sorted, 0, (int) ELEMENTS(orders));
        tcase_add_test(tcase, rates_are_by_the_second);
        tcase_add_test(tcase, nothing_is_fine);
        tcase_add_loop_test(tcase, orders_have_names, 0, _USAGE_ORDER_MAX);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
