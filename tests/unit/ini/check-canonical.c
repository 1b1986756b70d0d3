/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The text that iniparser gets, and what comes back: nothing may be lost, added or changed. */

#include "ini/canonical.h"

#include <check.h>

#define BYTES(text) text, sizeof(text) - 1

static IniFile *parse(const char *bytes, size_t size) {
        _cleanup_(diag_list_done) DiagList diags = {};
        IniFile *file = NULL;

        ck_assert_int_eq(ini_parse(bytes, size, "t.sandbox", &diags, &file), 0);
        ck_assert_uint_eq(diags.n_errors, 0);
        return file;
}

/* One value through text and dictionary. */
static void check_round_trip(const char *value) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(str_done) Str bytes = STR_INIT, text = STR_INIT;
        size_t n;

        ck_assert_int_eq(str_appendf(&bytes, "[S]\nA=%s\n", value), 0);
        file = parse(bytes.text, bytes.length);
        ck_assert_uint_eq(file->n, 1);
        ck_assert_str_eq(file->entries[0].value, value);
        ck_assert_int_eq(ini_canonical_write(file, &text, &n), 0);
        ck_assert_int_eq(ini_canonical_load(&text, n, file), 0);
        ck_assert_str_eq(file->entries[0].value, value);
}

static const char *const hostile[] = {
        "",         "a # b",        "a;b",     "\"a b\" c \"d\"",      "\"unclosed",
        "'",        "trailing\\\\", "=x",      "\xc3\xa4\xe2\x82\xac", "%i %%",
        "v",        "%41",          "[s0001]", "k00001 = v",           "-",
        "\\x41\\n",
};

START_TEST(hostile_values_come_back) {
        check_round_trip(hostile[_i]);
}
END_TEST

/* Each byte that a unit may have, in the middle of a value. */
START_TEST(every_byte_comes_back) {
        char value[] = {'a', (char) _i, 'b', '\0'};

        if (_i < 0x80 && (_i >= 0x20 || _i == '\t') && _i != 0x7f) {
                check_round_trip(value);
        }
}
END_TEST

/* Values whose encoded length is around the bounds of one, two and three chunks. */
START_TEST(values_around_the_chunk_size_come_back) {
        static const char *const items[] = {"x", "#", "x#"};

        for (size_t i = 0; i < ELEMENTS(items); i++) {
                _cleanup_(str_done) Str value = STR_INIT;

                while (value.length < (size_t) _i) {
                        ck_assert_int_eq(str_append(&value, items[i]), 0);
                }
                check_round_trip(str_text(&value));
        }
}
END_TEST

START_TEST(no_line_is_near_the_limit_of_iniparser) {
        _cleanup_(str_done) Str bytes = STR_INIT, text = STR_INIT;
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        size_t n, line = 0;

        ck_assert_int_eq(str_append(&bytes, "[S]\nA="), 0);
        for (size_t i = 0; i < 20000; i++) {
                ck_assert_int_eq(str_append(&bytes, i % 3 ? "\xc3\xa4" : "x"), 0);
        }
        file = parse(bytes.text, bytes.length);
        ck_assert_int_eq(ini_canonical_write(file, &text, &n), 0);
        for (size_t i = 0; i < text.length; i++) {
                line = text.text[i] == '\n' ? 0 : line + 1;
                ck_assert_uint_lt(line, 700);
                ck_assert_ptr_null(strchr("\"';#\\", text.text[i]));
        }
}
END_TEST

START_TEST(the_text_is_as_described) {
        static const char expected[] = "[s0001]\nk00001 = va%20b\nk00002 = v\n"
                                       "[s0002]\nk00003 = v%25/x_.-1\n";
        _cleanup_(str_done) Str text = STR_INIT;
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        size_t n;

        file = parse(BYTES("[Empty]\n[A]\nX=a b\nX=\n[A]\nY=%/x_.-1\n"));
        ck_assert_int_eq(ini_canonical_write(file, &text, &n), 0);
        ck_assert_str_eq(str_text(&text), expected);
        ck_assert_uint_eq(n, 5);
}
END_TEST

/* What a dictionary that lost, changed or gained something looks like: P2, P17, P18, P20. The index
 * is that of "[A]\nX=a b\nY=c\n"; n is 3. */
static const struct Tampered {
        const char *what;
        const char *text;
        int expected;
} tampered[] = {
        {"as it should be", "[s0001]\nk00001 = va%20b\nk00002 = vc\n", 0},
        {"last assignment lost", "[s0001]\nk00001 = va%20b\n", -EUCLEAN},
        {"first assignment lost", "[s0001]\nk00002 = vc\n", -EUCLEAN},
        {"section lost", "k00001 = va%20b\nk00002 = vc\n", -EUCLEAN},
        {"everything lost", "", -EUCLEAN},
        {"one more", "[s0001]\nk00001 = va%20b\nk00002 = vc\nk00003 = v\n", -EUCLEAN},
        {"another key", "[s0001]\nk00001 = va%20b\nk00003 = vc\n", -EUCLEAN},
        {"another section", "[s0002]\nk00001 = va%20b\nk00002 = vc\n", -EUCLEAN},
        {"cut value", "[s0001]\nk00001 = va%20\nk00002 = vc\n", -EUCLEAN},
        {"cut triple", "[s0001]\nk00001 = va%2\nk00002 = vc\n", -EUCLEAN},
        {"longer value", "[s0001]\nk00001 = va%20bb\nk00002 = vc\n", -EUCLEAN},
        {"changed value", "[s0001]\nk00001 = va%20c\nk00002 = vc\n", -EUCLEAN},
        {"no sentinel", "[s0001]\nk00001 = a%20b\nk00002 = vc\n", -EUCLEAN},
        {"raw byte", "[s0001]\nk00001 = va b\nk00002 = vc\n", -EUCLEAN},
        {"no value", "[s0001]\nk00001 =\nk00002 = vc\n", -EUCLEAN},
        {"repeated key", "[s0001]\nk00001 = va%20b\nk00001 = vc\n", -EUCLEAN},
        {"syntax error", "[s0001]\nk00001 = va%20b\nk00002 = vc\nfoo\n", -EUCLEAN},
        {"chunk too many", "[s0001]\nk00001 = va%20b\nk00001.1 = vc\n", -EUCLEAN},
};

START_TEST(a_difference_refuses_the_unit) {
        const struct Tampered *c = &tampered[_i];
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        file = parse(BYTES("[A]\nX=a b\nY=c\n"));
        ck_assert_int_eq(str_append(&text, c->text), 0);
        r = ini_canonical_load(&text, 3, file);
        ck_assert_msg(r == c->expected, "%s: %d", c->what, r);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ini/canonical");
        TCase *tcase = tcase_create("canonical");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, hostile_values_come_back, 0, ELEMENTS(hostile));
        tcase_add_loop_test(tcase, every_byte_comes_back, 0, 256);
        tcase_add_loop_test(tcase, values_around_the_chunk_size_come_back, 210, 218);
        tcase_add_loop_test(tcase, values_around_the_chunk_size_come_back, 636, 644);
        tcase_add_loop_test(tcase, values_around_the_chunk_size_come_back, 1276, 1286);
        tcase_add_test(tcase, no_line_is_near_the_limit_of_iniparser);
        tcase_add_test(tcase, the_text_is_as_described);
        tcase_add_loop_test(tcase, a_difference_refuses_the_unit, 0, ELEMENTS(tampered));
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
