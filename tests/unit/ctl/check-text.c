/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/text.h"

#include <check.h>

static const struct {
        const char *text, *expect;
} lines[] = {
        {"plain\n", "plain\n"},
        {"tab\tand \\ stay\n", "tab\tand \\ stay\n"},
        {"\033[31mred\033[0m\n", "\\x1b[31mred\\x1b[0m\n"},
        {"caf\xc3\xa9 \xff\n", "caf\xc3\xa9 \\xff\n"},
        {"dos\r\nends\r\n", "dos\nends\n"},
        {"over\rwritten\n", "over\\x0dwritten\n"},
        {"no end", "no end"},
        {"", ""},
        {"\xc2\x9b"
         "31m\n",
         "\\xc2\\x9b31m\n"},
};

START_TEST(lines_are_safe) {
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(text_append_lines(&out, lines[_i].text, strlen(lines[_i].text)), 0);
        ck_assert_str_eq(str_text(&out), lines[_i].expect);
}
END_TEST

static const struct {
        uint64_t bytes;
        const char *expect;
} sizes[] = {
        {0, "0B"},
        {1023, "1023B"},
        {1024, "1K"},
        {1536, "1.5K"},
        {64u << 20, "64M"},
        {(64u << 20) - 1, "63.9M"},
        {UINT64_MAX - 1, "15.9E"},
        {UINT64_MAX, "infinity"},
};

START_TEST(sizes_are_short) {
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(text_append_size(&out, sizes[_i].bytes), 0);
        ck_assert_str_eq(str_text(&out), sizes[_i].expect);
}
END_TEST

static const struct {
        const char *text;
        size_t n;
        const char *expect;
} tails[] = {
        {"a\nb\nc\n", 2, "b\nc\n"},
        {"a\nb\nc", 2, "b\nc"},
        {"a\nb\n", 5, "a\nb\n"},
        {"a\nb\n", 2, "a\nb\n"},
        {"a\nb\n", 0, ""},
        {"\n\n\n", 2, "\n\n"},
        {"", 3, ""},
};

START_TEST(tails_are_whole_lines) {
        ck_assert_str_eq(text_last_lines(tails[_i].text, tails[_i].n), tails[_i].expect);
}
END_TEST

START_TEST(colours_frame_escaped_text) {
        _cleanup_(str_done) Str on = STR_INIT, off = STR_INIT;

        ck_assert_int_eq(text_append(&on, true, COLOUR_RED, "a\033b"), 0);
        ck_assert_str_eq(str_text(&on), "\033[0;1;31ma\\x1bb\033[0m");
        ck_assert_int_eq(text_append(&off, false, COLOUR_RED, "a\nb"), 0);
        ck_assert_str_eq(str_text(&off), "a\\x0ab");
}
END_TEST

static const struct {
        const char *systemd, *none, *terminal;
        bool expect; /* where fd is no terminal */
} wishes[] = {
        {NULL, NULL, "xterm", false}, {"1", NULL, "xterm", true},  {"0", NULL, "xterm", false},
        {"256", "1", "dumb", true},   {NULL, "1", "xterm", false}, {"no", "", "xterm", false},
};

static void set_variable(const char *name, const char *value) {
        ck_assert_int_eq(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

START_TEST(colours_follow_the_environment) {
        set_variable("SYSTEMD_COLORS", wishes[_i].systemd);
        set_variable("NO_COLOR", wishes[_i].none);
        set_variable("TERM", wishes[_i].terminal);
        ck_assert_int_eq(colour_wanted(-1), wishes[_i].expect);
}
END_TEST

static const struct {
        size_t width;
        const char *text, *expect;
} wrapped[] = {
        {0, "one two three", "one two three"},
        {9, "one two three", "one\n   two\n   three"},
        {10, "one two three", "one two\n   three"},
        {80, "one two three", "one two three"},
        {8, "unbreakable", "unbreakable"},
        {8, "a unbreakable b", "a\n   unbreakable\n   b"},
        {10, "äöü äöü x", "äöü äöü\n   x"},
        {10, "a\033[5mb c", "a\\x1b[5mb\n   c"},
        {10, "", ""},
        {10, "a  b ", "a  b "},
};

START_TEST(sentences_are_wrapped) {
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(text_append_wrapped(&out, false, COLOUR_NONE, 3, wrapped[_i].width,
                                             wrapped[_i].text),
                         0);
        ck_assert_str_eq(str_text(&out), wrapped[_i].expect);
}
END_TEST

static const struct {
        size_t width;
        const char *expect;
} cuts[] = {{0, "> äbcdef"}, {6, "> äbcdef"}, {5, "> äbcd…"}, {2, "> ä…"}, {1, "> …"}};

START_TEST(lines_are_cut) {
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(str_append(&out, "> äbcdef"), 0);
        ck_assert_int_eq(text_cut(&out, 2, cuts[_i].width), 0);
        ck_assert_str_eq(str_text(&out), cuts[_i].expect);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ctl/text");
        TCase *tcase = tcase_create("text");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, lines_are_safe, 0, ELEMENTS(lines));
        tcase_add_loop_test(tcase, sizes_are_short, 0, ELEMENTS(sizes));
        tcase_add_loop_test(tcase, tails_are_whole_lines, 0, ELEMENTS(tails));
        tcase_add_test(tcase, colours_frame_escaped_text);
        tcase_add_loop_test(tcase, colours_follow_the_environment, 0, ELEMENTS(wishes));
        tcase_add_loop_test(tcase, sentences_are_wrapped, 0, (int) ELEMENTS(wrapped));
        tcase_add_loop_test(tcase, lines_are_cut, 0, (int) ELEMENTS(cuts));
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
