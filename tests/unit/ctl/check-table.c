/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/table-fit.h"

#include <check.h>
#include <locale.h>

/* What terminals that are too narrow show of cells and tables. */

static const struct {
        const char *text;
        size_t width;
        bool middle;
        const char *cut;
} cells[] = {
        {"web.sandbox", 11, true, "web.sandbox"},
        {"web.sandbox", 10, true, "web.s…dbox"},
        {"web.sandbox", 10, false, "web.sandb…"},
        {"web.sandbox", 2, true, "w…"},
        {"web.sandbox", 1, true, "w"},
        {"web.sandbox", 0, true, ""},
        {"", 0, false, ""},
        {"äöüßäöüß", 5, false, "äöüß…"},
        {"äöüßäöüß", 5, true, "äö…üß"},
        {"日本語日本語", 7, false, "日本語…"},
        {"日本語日本語", 6, false, "日本…"}, /* half of a character is none */
        {"日本語日本語", 6, true, "日…語"},
        {"a\033[31mb", 6, false, "a\033…"}, /* shown as \x1b */
        {"a\033[31mb", 5, false, "a…"},
        {"a\\x41b", 6, false, "a\\…"},         /* shown as \x5cx41b */
        {"a\xff\xff\xff", 6, false, "a\xff…"}, /* no character at all */
};

START_TEST(cells_are_cut_between_characters) {
        _cleanup_free_ char *cut = cell_cut(cells[_i].text, cells[_i].width, cells[_i].middle);

        ck_assert_str_eq(cut, cells[_i].cut);
        ck_assert_uint_le(cell_columns(cut), cells[_i].width);
}
END_TEST

static const TableColumn columns[] = {
        {"UNIT", .cut = true, .middle = true},
        {"SUB"},
        {"COMMAND", .cut = true, .tree = true},
        {"DESCRIPTION", .cut = true},
        {"MORE", .extra = true},
};

static const struct {
        size_t width;
        const char *text;
} tables[] = {
        {1000, "UNIT                    SUB COMMAND           DESCRIPTION\n"
               "a-name-that-goes-on-and up  init              It says what it is\n"
               "b                       up  `-sleep for years\n"},
        /* the widest goes first, names later */
        {57, "UNIT                    SUB COMMAND        DESCRIPTION\n"
             "a-name-that-goes-on-and up  init           It says what …\n"
             "b                       up  `-sleep for y…\n"},
        {45, "UNIT                SUB COMMAND    DESCRIPTI…\n"
             "a-name-th…es-on-and up  init       It says w…\n"
             "b                   up  `-sleep f…\n"},
        {34, "UNIT         SUB COMMAND  DESCRIP…\n"
             "a-name…n-and up  init     It says…\n"
             "b            up  `-sleep…\n"},
        /* eight columns are the least, then the last is left out */
        {24, "UNIT        SUB COMMAND\n"
             "a-nam…n-and up  init\n"
             "b           up  `-sleep…\n"},
        {14, "UNIT       SUB\n"
             "a-nam…-and up\n"
             "b          up\n"},
        /* less cannot be done */
        {3, "UNIT     SUB\n"
            "a-na…and up\n"
            "b        up\n"},
};

/* Blanks at the ends of lines tell nothing. */
static char *trimmed(const char *text) {
        Str out = STR_INIT;

        while (*text) {
                size_t n = strcspn(text, "\n"), end = n;

                while (end > 0 && text[end - 1] == ' ') {
                        end--;
                }
                ck_assert_int_eq(str_append_n(&out, text, end), 0);
                ck_assert_int_eq(str_append_char(&out, '\n'), 0);
                text += n + (text[n] == '\n');
        }
        return str_take(&out);
}

START_TEST(tables_fit) {
        const char *const first[] = {"a-name-that-goes-on-and", "up", "init", "It says what it is",
                                     ""};
        const char *const second[] = {"b", "up", "sleep for years", "", "more than can be shown"};
        _cleanup_table_ struct libscols_table *table = NULL;
        struct libscols_line *parent, *child;
        _cleanup_free_ char *text = NULL, *shown = NULL;
        const Ctl ctl = {};

        ck_assert_int_eq(table_new(&ctl, columns, ELEMENTS(columns), &table), 0);
        ck_assert_int_eq(scols_table_enable_ascii(table, true), 0);
        ck_assert_int_eq(scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER), 0);
        ck_assert_int_eq(table_add_line(table, first, ELEMENTS(first), &parent), 0);
        ck_assert_int_eq(table_add_line(table, second, ELEMENTS(second), &child), 0);
        ck_assert_int_eq(scols_line_add_child(parent, child), 0);
        ck_assert_int_eq(table_fit(table, tables[_i].width), 0);
        ck_assert_int_eq(scols_print_table_to_string(table, &text), 0);
        shown = trimmed(text);
        ck_assert_str_eq(shown, tables[_i].text);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ctl/table");
        TCase *tcase = tcase_create("table");
        SRunner *runner;
        int failed;

        (void) setlocale(LC_CTYPE, "C.UTF-8");
        tcase_add_loop_test(tcase, cells_are_cut_between_characters, 0, ELEMENTS(cells));
        tcase_add_loop_test(tcase, tables_fit, 0, ELEMENTS(tables));
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
