/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/log-lines.h"

#include "ctl/log-format.h"

#include <check.h>

static const char log_text[] = "0000000010.000000 6 . first\n"
                               "0000000020.000000 3 + be\n"
                               "0000000021.000000 4 ! note\n"
                               "0000000022.000000 6 + gin\n"
                               "0000000023.000000 6 . end\n"
                               "no record\n"
                               "0000000030.000000 7 . last\n"
                               "0000000040.000000 6 . without its e";

/* The texts, parted by "|", as they come in pieces of this size. */
static char *read_in_pieces(size_t piece, const LogFilter *filter) {
        _cleanup_(log_source_done) LogSource source = {.unit = "web.sandbox"};
        _cleanup_(log_lines_done) LogLines lines = {};
        _cleanup_(str_done) Str out = STR_INIT;
        size_t n = sizeof(log_text) - 1;

        for (size_t i = 0; i < n; i += piece) {
                ck_assert_int_eq(
                        log_source_feed(&source, log_text + i, MIN(piece, n - i), filter, &lines),
                        0);
        }
        for (size_t i = 0; i < lines.n; i++) {
                ck_assert_int_eq(str_appendf(&out, "%s|", lines.lines[i].text), 0);
        }
        return str_take(&out);
}

START_TEST(parts_become_lines_in_any_pieces) {
        _cleanup_free_ char *text = read_in_pieces((size_t) _i, &LOG_FILTER_ALL);

        ck_assert_str_eq(text, "first|note|beginend|no record|last|");
}
END_TEST

static const struct FilterCase {
        const char *priority;
        usec_t since_usec, until_usec;
        const char *expect;
} filter_cases[] = {
        {NULL, 20 * USEC_PER_SEC, USEC_INFINITY, "note|beginend|last|"},
        {NULL, 0, 20 * USEC_PER_SEC, "first|beginend|no record|"},
        {"err", 0, USEC_INFINITY, "beginend|"},
        {"4", 0, USEC_INFINITY, "note|beginend|"},
        {"debug..7", 0, USEC_INFINITY, "last|"},
        {"7..6", 0, USEC_INFINITY, "first|no record|last|"},
};

START_TEST(filters) {
        const struct FilterCase *c = &filter_cases[_i];
        _cleanup_free_ char *text = NULL;
        LogFilter filter = LOG_FILTER_ALL;

        filter.since_usec = c->since_usec;
        filter.until_usec = c->until_usec;
        if (c->priority) {
                ck_assert_int_eq(log_filter_parse_priority(c->priority, &filter), 0);
        }
        text = read_in_pieces(7, &filter);
        ck_assert_str_eq(text, c->expect);
}
END_TEST

static const char *const bad_priorities[] = {"",      "8",     "-1",   "loud",
                                             "err..", "..err", "0..8", "1..2..3"};

START_TEST(bad_priorities_are_refused) {
        LogFilter filter = LOG_FILTER_ALL;

        ck_assert_int_eq(log_filter_parse_priority(bad_priorities[_i], &filter), -EINVAL);
        ck_assert_uint_eq(filter.last_priority, RECORD_PRIORITY_MAX);
}
END_TEST

START_TEST(two_units_are_merged_by_time) {
        static const char other[] = "0000000005.000000 6 . zero\n0000000010.000000 6 . tie\n"
                                    "0000000025.000000 6 . between\n";
        _cleanup_(log_source_done) LogSource a = {.unit = "a"}, b = {.unit = "b"};
        _cleanup_(log_lines_done) LogLines lines = {};

        ck_assert_int_eq(
                log_source_feed(&a, log_text, sizeof(log_text) - 1, &LOG_FILTER_ALL, &lines), 0);
        ck_assert_int_eq(log_source_feed(&b, other, sizeof(other) - 1, &LOG_FILTER_ALL, &lines), 0);
        log_lines_sort(&lines);
        ck_assert_uint_eq(lines.n, 8);
        ck_assert_str_eq(lines.lines[1].text, "zero");
        ck_assert_str_eq(lines.lines[2].text, "first");
        ck_assert_str_eq(lines.lines[3].text, "tie");
        ck_assert_str_eq(lines.lines[3].unit, "b");
        ck_assert_str_eq(lines.lines[6].text, "between");
        log_lines_tail(&lines, 2);
        ck_assert_uint_eq(lines.n, 2);
        ck_assert_str_eq(lines.lines[1].text, "last");
        log_lines_tail(&lines, 0);
        ck_assert_uint_eq(lines.n, 0);
}
END_TEST

static const struct FormatCase {
        const char *format;
        const char *expect;
} format_cases[] = {
        {"short", "Jan 01 00:00:10 web.sandbox: a\\x00\\x1b\\xff\n"},
        {"short-precise", "Jan 01 00:00:10.000001 web.sandbox: a\\x00\\x1b\\xff\n"},
        {"short-full", "Thu 1970-01-01 00:00:10 UTC web.sandbox: a\\x00\\x1b\\xff\n"},
        {"short-iso", "1970-01-01T00:00:10+0000 web.sandbox: a\\x00\\x1b\\xff\n"},
        {"short-iso-precise", "1970-01-01T00:00:10.000001+0000 web.sandbox: a\\x00\\x1b\\xff\n"},
        {"short-unix", "10.000001 web.sandbox: a\\x00\\x1b\\xff\n"},
        {"cat", "a\\x00\\x1b\\xff\n"},
        {"json", "{\"__REALTIME_TIMESTAMP\":\"10000001\",\"PRIORITY\":\"6\",\"SYSLOG_IDENTIFIER\":"
                 "\"web.sandbox\","
                 "\"SBX_UNIT\":\"web.sandbox\",\"MESSAGE\":[97,0,27,255]}\n"},
};

START_TEST(formats_are_safe) {
        const struct FormatCase *c = &format_cases[_i];
        char text[] = "a\0\033\xff";
        const LogLine line = {.realtime_usec = 10000001,
                              .priority = 6,
                              .unit = "web.sandbox",
                              .text = text,
                              .size = sizeof(text) - 1};
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(log_format_line(log_format_find(c->format), true, &line, &out), 0);
        ck_assert_str_eq(str_text(&out), c->expect);
}
END_TEST

START_TEST(controls_are_bytes_in_json) {
        char text[] = "\302\233m";
        const LogLine line = {.unit = "web.sandbox", .text = text, .size = sizeof(text) - 1};
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(log_format_line(log_format_find("json"), true, &line, &out), 0);
        ck_assert_ptr_nonnull(strstr(str_text(&out), "\"MESSAGE\":[194,155,109]"));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("log-lines");
        TCase *tc = tcase_create("log-lines");
        SRunner *runner;
        int failed;

        setenv("TZ", "UTC", 1);
        tcase_add_loop_test(tc, parts_become_lines_in_any_pieces, 1, 80);
        tcase_add_loop_test(tc, filters, 0, ELEMENTS(filter_cases));
        tcase_add_loop_test(tc, bad_priorities_are_refused, 0, ELEMENTS(bad_priorities));
        tcase_add_test(tc, two_units_are_merged_by_time);
        tcase_add_test(tc, controls_are_bytes_in_json);
        tcase_add_loop_test(tc, formats_are_safe, 0, ELEMENTS(format_cases));
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
