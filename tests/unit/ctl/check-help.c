/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "ctl/help.h"

#include <check.h>
#include <fcntl.h>

/* Compares with tests/golden/ctl/name; SBX_UPDATE_GOLDEN=1 rewrites it. */
static void compare_golden(const char *name, const Str *out) {
        const char *root = getenv("SBX_SOURCE_ROOT"), *update = getenv("SBX_UPDATE_GOLDEN");
        _cleanup_free_ char *path = strf("%s/tests/golden/ctl/%s", root ? root : ".", name),
                            *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        size_t size;

        ck_assert_ptr_nonnull(path);
        if (update && *update) {
                fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
                ck_assert_int_eq(fd_write_all(fd, str_text(out), out->length), 0);
                return;
        }
        ck_assert_msg(file_read_at(AT_FDCWD, path, 1 << 20, &text, &size) == 0, "%s is not there",
                      path);
        ck_assert_str_eq(str_text(out), text);
}

START_TEST(help_is_as_reviewed) {
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(help_format(false, &out), 0);
        compare_golden("help.txt", &out);
}
END_TEST

START_TEST(help_of_a_verb_is_as_reviewed) {
        _cleanup_free_ char *name = strf("help-%s.txt", verb_table[_i].name);
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(help_format_verb(&verb_table[_i], false, &out), 0);
        compare_golden(name, &out);
}
END_TEST

/* Every verb and shown option is in help and manual: they are made from one table. */
START_TEST(nothing_is_left_out) {
        const Verb *verb = &verb_table[_i];
        _cleanup_(str_done) Str help = STR_INIT, verb_help = STR_INIT, manual = STR_INIT;
        _cleanup_free_ char *in_help = strf("  %s ", verb->name);

        ck_assert_int_eq(help_format(false, &help), 0);
        ck_assert_int_eq(help_format_verb(verb, false, &verb_help), 0);
        ck_assert_int_eq(manual_format(&manual), 0);
        ck_assert_ptr_nonnull(strstr(str_text(&help), in_help));
        for (const Option *option = verb->options; option && option->name; option++) {
                _cleanup_free_ char *text = strf("--%s", option->name);

                ck_assert_ptr_nonnull(strstr(str_text(&verb_help), text));
        }
}
END_TEST

START_TEST(lines_fit_a_terminal) {
        _cleanup_(str_done) Str out = STR_INIT;
        size_t columns = 0;

        ck_assert_int_eq(help_format(false, &out), 0);
        for (const char *p = str_text(&out); *p; p++) {
                columns = *p == '\n' ? 0 : columns + (((unsigned char) *p & 0xc0) != 0x80);
                ck_assert_uint_le(columns, 80);
        }
}
END_TEST

/* A roff line that begins with a dot is a macro that we wrote. */
START_TEST(manual_has_only_known_macros) {
        static const char *const macros[] = {".TH ", ".SH ",  ".SS ",  ".TP\n", ".PP\n",
                                             ".RS ", ".RE\n", ".nf\n", ".fi\n"};
        _cleanup_(str_done) Str out = STR_INIT;
        bool at_start = true;

        ck_assert_int_eq(manual_format(&out), 0);
        for (const char *p = str_text(&out); *p; p++) {
                bool known = *p != '.' && *p != '\'';

                for (size_t i = 0; at_start && i < ELEMENTS(macros); i++) {
                        known |= startswith(p, macros[i]) != NULL;
                }
                ck_assert_msg(!at_start || known, "unknown macro at %.20s", p);
                at_start = *p == '\n';
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ctl/help");
        TCase *tcase = tcase_create("help");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, help_is_as_reviewed);
        tcase_add_loop_test(tcase, help_of_a_verb_is_as_reviewed, 0, (int) n_verbs);
        tcase_add_loop_test(tcase, nothing_is_left_out, 0, (int) n_verbs);
        tcase_add_test(tcase, lines_fit_a_terminal);
        tcase_add_test(tcase, manual_has_only_known_macros);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
