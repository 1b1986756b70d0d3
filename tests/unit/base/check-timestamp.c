/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/timestamp.h"

#include <check.h>

#define SEC USEC_PER_SEC
/* Tue 2025-11-25 19:46:40 UTC */
#define NOW (1764100000 * SEC)
#define DAY (86400 * SEC)
#define TODAY (1764028800 * SEC)

static const struct Case {
        const char *text;
        int expect;
        usec_t value;
} cases[] = {
        {"now", 0, NOW},
        {"today", 0, TODAY},
        {"yesterday", 0, TODAY - DAY},
        {"tomorrow", 0, TODAY + DAY},
        {"-1h", 0, NOW - 3600 * SEC},
        {"+3s", 0, NOW + 3 * SEC},
        {"5min ago", 0, NOW - 300 * SEC},
        {"1d 2h ago", 0, NOW - 26 * 3600 * SEC},
        {"2d left", 0, NOW + 2 * DAY},
        {"@1764100000", 0, NOW},
        {"@1764100000.5", 0, NOW + SEC / 2},
        {"2025-11-25 19:46:40", 0, NOW},
        {"2025-11-25 19:46:40.25", 0, NOW + SEC / 4},
        {"2025-11-25 19:46:40 UTC", 0, NOW},
        {"Tue 2025-11-25 19:46:40 UTC", 0, NOW},
        {"2025-11-25 19:46", 0, NOW - 40 * SEC},
        {"2025-11-25", 0, TODAY},
        {"19:46:40", 0, NOW},
        {"19:46", 0, NOW - 40 * SEC},
        {"Mon 2025-11-25", -EINVAL, 0},
        {"2025-02-31", -EINVAL, 0},
        {"2025-13-01", -EINVAL, 0},
        {"2025-11-25 25:00", -EINVAL, 0},
        {"2025-11-25 19:46:40 CET", -EINVAL, 0},
        {"2025-11-25x", -EINVAL, 0},
        {"@", -EINVAL, 0},
        {"@-1", -EINVAL, 0},
        {"@1.", -EINVAL, 0},
        {"@99999999999999999999", -ERANGE, 0},
        {"@18446744073709551615", -ERANGE, 0},
        {"infinity ago", -ERANGE, 0},
        {"90y ago", -ERANGE, 0},
        {"soon", -EINVAL, 0},
        {"ago", -EINVAL, 0},
        {"", -EINVAL, 0},
};

START_TEST(times_are_read) {
        const struct Case *c = &cases[_i];
        usec_t value = 0;

        ck_assert_msg(parse_timestamp(c->text, NOW, &value) == c->expect, "'%s'", c->text);
        ck_assert_msg(value == c->value, "'%s' is %llu", c->text, (unsigned long long) value);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("timestamp");
        TCase *tc = tcase_create("timestamp");
        SRunner *runner;
        int failed;

        setenv("TZ", "UTC", 1);
        tzset();
        tcase_add_loop_test(tc, times_are_read, 0, ELEMENTS(cases));
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
