/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/parse.h"

#include <check.h>
#include <signal.h>

static const struct NumberCase {
        const char *text;
        int expect;
        uint64_t value;
} number_cases[] = {
        {"0", 0, 0},
        {"42", 0, 42},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", -ERANGE, 0},
        {"", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"0x10", -EINVAL, 0},
        {"1e3", -EINVAL, 0},
};

START_TEST(numbers_are_strict) {
        const struct NumberCase *c = &number_cases[_i];
        uint64_t value = 0;

        ck_assert_int_eq(parse_u64(c->text, &value), c->expect);
        ck_assert_uint_eq(value, c->value);
}
END_TEST

static const struct NumberCase size_cases[] = {
        {"4096", 0, 4096},        {"64M", 0, 64u << 20}, {"64 M", 0, 64u << 20},
        {"1.5G", 0, 3ull << 29},  {"0.5K", 0, 512},      {"16E", -ERANGE, 0},
        {"15E", 0, 15ull << 60},  {"7B", 0, 7},          {"64m", -EINVAL, 0},
        {"64MM", -EINVAL, 0},     {"1.", -EINVAL, 0},    {".5G", -EINVAL, 0},
        {"infinity", -EINVAL, 0}, {"", -EINVAL, 0},
};

START_TEST(sizes_have_suffixes_of_1024) {
        const struct NumberCase *c = &size_cases[_i];
        uint64_t value = 0;

        ck_assert_int_eq(parse_size(c->text, &value), c->expect);
        ck_assert_uint_eq(value, c->value);
}
END_TEST

static const struct NumberCase span_cases[] = {
        {"90", 0, 90000000},
        {"1min 30s", 0, 90000000},
        {"1min30s", 0, 90000000},
        {"500ms", 0, 500000},
        {"1.5s", 0, 1500000},
        {"2h", 0, 7200000000},
        {"1M", 0, 2629800000000},
        {"1m", 0, 60000000},
        {"5 min", 0, 300000000},
        {"1 2", 0, 3000000},
        {"infinity", 0, USEC_INFINITY},
        {"10us", 0, 10},
        {"10µs", 0, 10},
        {"", -EINVAL, 0},
        {"s", -EINVAL, 0},
        {"10 parsecs", -EINVAL, 0},
        {"-5s", -EINVAL, 0},
        {"99999999999999y", -ERANGE, 0},
};

START_TEST(spans_are_those_of_systemd) {
        const struct NumberCase *c = &span_cases[_i];
        usec_t value = 0;

        ck_assert_int_eq(parse_timespan(c->text, &value), c->expect);
        ck_assert_uint_eq(value, c->value);
}
END_TEST

START_TEST(signed_spans_have_a_sign) {
        int64_t nsec;

        ck_assert_int_eq(parse_signed_timespan_nsec("-1.5s", &nsec), 0);
        ck_assert_int_eq(nsec, -1500000000);
        ck_assert_int_eq(parse_signed_timespan_nsec("+2ms", &nsec), 0);
        ck_assert_int_eq(nsec, 2000000);
        ck_assert_int_eq(parse_signed_timespan_nsec("7ns", &nsec), 0);
        ck_assert_int_eq(nsec, 7);
        ck_assert_int_eq(parse_signed_timespan_nsec("--1", &nsec), -EINVAL);
        ck_assert_int_eq(parse_signed_timespan_nsec("-", &nsec), -EINVAL);
        ck_assert_int_eq(parse_signed_timespan_nsec("500y", &nsec), -ERANGE);
}
END_TEST

static const struct NumberCase boolean_cases[] = {
        {"yes", 0, 1},
        {"YES", 0, 1},
        {"on", 0, 1},
        {"1", 0, 1},
        {"t", 0, 1},
        {"no", 0, 0},
        {"Off", 0, 0},
        {"false", 0, 0},
        {"f", 0, 0},
        {"nonsense", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"10M", -EINVAL, 0},
        {"disabled", -EINVAL, 0},
        {"yess", -EINVAL, 0},
};

START_TEST(booleans_are_whole_words) {
        const struct NumberCase *c = &boolean_cases[_i];
        bool value = false;

        ck_assert_int_eq(parse_boolean(c->text, &value), c->expect);
        ck_assert_uint_eq(value, c->value);
}
END_TEST

static const struct NumberCase percent_cases[] = {
        {"50%", 0, 5000},   {"0.5%", 0, 50},      {"150%", 0, 15000}, {"0%", 0, 0},
        {"50", -EINVAL, 0}, {"50%%", -EINVAL, 0}, {"%", -EINVAL, 0},  {"99999999999%", -ERANGE, 0},
};

START_TEST(percents_are_in_hundredths) {
        const struct NumberCase *c = &percent_cases[_i];
        uint32_t value = 0;

        ck_assert_int_eq(parse_percent(c->text, &value), c->expect);
        ck_assert_uint_eq(value, c->value);
}
END_TEST

START_TEST(octal_is_octal) {
        uint32_t value;

        ck_assert_int_eq(parse_octal("0755", &value), 0);
        ck_assert_uint_eq(value, 0755);
        ck_assert_int_eq(parse_octal("8", &value), -EINVAL);
        ck_assert_int_eq(parse_octal("0o7", &value), -EINVAL);
        ck_assert_int_eq(parse_octal("", &value), -EINVAL);
}
END_TEST

START_TEST(signal_names_go_both_ways) {
        int signal;

        for (int i = 1; i <= SIGRTMAX; i++) {
                const char *name = signal_name(i);

                if (name) {
                        ck_assert_int_eq(parse_signal(name, &signal), 0);
                        ck_assert_int_eq(signal, i);
                }
        }
        ck_assert_str_eq(signal_name(SIGTERM), "SIGTERM");
        ck_assert_ptr_null(signal_name(0));
        ck_assert_ptr_null(signal_name(-1));
        ck_assert_ptr_null(signal_name(1000));
        ck_assert_int_eq(parse_signal("TERM", &signal), 0);
        ck_assert_int_eq(signal, SIGTERM);
        ck_assert_int_eq(parse_signal("SIGRTMIN+3", &signal), 0);
        ck_assert_int_eq(signal, SIGRTMIN + 3);
        ck_assert_int_eq(parse_signal("RTMAX-1", &signal), 0);
        ck_assert_int_eq(signal, SIGRTMAX - 1);
        ck_assert_int_eq(parse_signal("0", &signal), -ERANGE);
        ck_assert_int_eq(parse_signal("65", &signal), -ERANGE);
        ck_assert_int_eq(parse_signal("SIGNOSUCH", &signal), -EINVAL);
        ck_assert_int_eq(parse_signal("SIGRTMIN+99", &signal), -ERANGE);
        ck_assert_int_eq(parse_signal("", &signal), -EINVAL);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("parse");
        TCase *tc = tcase_create("parse");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, numbers_are_strict, 0, ELEMENTS(number_cases));
        tcase_add_loop_test(tc, sizes_have_suffixes_of_1024, 0, ELEMENTS(size_cases));
        tcase_add_loop_test(tc, spans_are_those_of_systemd, 0, ELEMENTS(span_cases));
        tcase_add_test(tc, signed_spans_have_a_sign);
        tcase_add_loop_test(tc, booleans_are_whole_words, 0, ELEMENTS(boolean_cases));
        tcase_add_loop_test(tc, percents_are_in_hundredths, 0, ELEMENTS(percent_cases));
        tcase_add_test(tc, octal_is_octal);
        tcase_add_test(tc, signal_names_go_both_ways);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
