/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "docgen/docgen.h"

#include "base/fd.h"
#include "op/step.h"
#include "spec/rules.h"

#include <check.h>
#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every directive, rule and step is in the manual page, and what is not safe in a format is
 * escaped. */

static char *read_source(const char *name) {
        _cleanup_free_ char *path = strf("%s/%s", getenv("SBX_SOURCE_ROOT"), name);
        char *text;
        size_t size;

        ck_assert_int_eq(file_read_at(AT_FDCWD, path, 1u << 20, &text, &size), 0);
        return text;
}

static void write_manual(Page *page) {
        _cleanup_free_ char *manual_template = read_source("src/docgen/sbx.sandbox.5.in");
        _cleanup_free_ char *example = read_source("units/web.sandbox");
        int r = manual_write(page, manual_template, example);

        ck_assert_msg(r == 0, "%s", page->mistake ? page->mistake : strerror(-r));
}

static unsigned count(const char *text, const char *part) {
        unsigned n = 0;

        for (const char *found = text; (found = strstr(found, part)); found++) {
                n++;
        }
        return n;
}

START_TEST(every_directive_is_in_the_manual) {
        const Directive *directive = &directive_table[_i];
        _cleanup_free_ char *term = strf("\n.TP\n\\fI%s=\\fR\n", directive->name);
        _cleanup_(page_done) Page page = {}, summary = {};

        write_manual(&page);
        ck_assert_uint_eq(count(str_text(&page.text), term), 1);
        page_add_prose(&summary, directive->summary);
        ck_assert_ptr_nonnull(strstr(str_text(&page.text), str_text(&summary.text)));
}
END_TEST

START_TEST(every_rule_and_step_is_in_the_manual) {
        _cleanup_(page_done) Page page = {};

        write_manual(&page);
        for (size_t i = 0; i < n_rules; i++) {
                _cleanup_(page_done) Page summary = {};

                page_add_prose(&summary, rule_table[i].summary);
                ck_assert_msg(strstr(str_text(&page.text), str_text(&summary.text)) != NULL, "%s",
                              rule_table[i].name);
        }
        for (size_t i = 0; i < _STEP_MAX; i++) {
                _cleanup_free_ char *term = strf("\n.TP\n\\fB%s\\fR\n", step_table[i].name);

                ck_assert_uint_eq(count(str_text(&page.text), term), 1);
        }
        ck_assert_ptr_nonnull(
                strstr(str_text(&page.text), "\nExecStart=/bin/httpd \\-f \\-p 8080"));
        ck_assert_ptr_null(strstr(str_text(&page.text), "\n@"));
}
END_TEST

static const struct {
        const char *text, *roff;
} prose[] = {
        {"plain", "plain"},
        {"-f 'x' ~ ^ \\ \"q\"", "\\-f \\(aqx\\(aq \\(ti \\(ha \\(rs \\(dqq\\(dq"},
        {".start", "\\&.start"},
        {"see MemoryMax= there", "see \\fIMemoryMax=\\fR there"},
        {"NoMemoryMax= NAME=", "NoMemoryMax= NAME="},
        {"say `a-b` twice", "say \\fBa\\-b\\fR twice"},
        {"one ` alone", "one \\(ga alone"},
};

START_TEST(prose_is_escaped) {
        _cleanup_(page_done) Page page = {};

        page_add_prose(&page, prose[_i].text);
        ck_assert_int_eq(page.fault, 0);
        ck_assert_str_eq(str_text(&page.text), prose[_i].roff);
}
END_TEST

static const struct {
        const char *text, *mistake;
} templates[] = {
        {"@NOSUCH@\n", "@NOSUCH@"},
        {"text\n", "no place for Description="},
        {"@DIRECTIVES Description Description@\n@DIRECTIVES Description Type@\n", "twice"},
        {"@DIRECTIVES Type Description@\n", "from Type to Description"},
        {"@DIRECTIVES Type@\n", "first and the last"},
};

/* Other pages have no directives, and a title of their own. */
START_TEST(a_page_has_its_own_title) {
        _cleanup_(page_done) Page page = {};

        ck_assert_int_eq(manual_write(&page, "@VERSION SBXD 8@\n.SH NAME\n", NULL), 0);
        ck_assert_str_eq(str_text(&page.text),
                         ".TH SBXD 8 \"\" \"sbx " SBX_VERSION "\"\n.nh\n.ad l\n.SH NAME\n");
}
END_TEST

START_TEST(a_wrong_template_is_told) {
        _cleanup_(page_done) Page page = {};

        ck_assert_int_eq(manual_write(&page, templates[_i].text, ""), -EINVAL);
        ck_assert_msg(strstr(page.mistake, templates[_i].mistake) != NULL, "%s", page.mistake);
}
END_TEST

static int (*const writers[])(Page *page) = {dictionary_write, schema_write};

/* As a whole: Target is a part of the name of another. */
static bool has_name(const char *text, const char *name) {
        size_t n = strlen(name);

        for (const char *p = text; (p = strstr(p, name)); p += n) {
                if ((p == text || !isalnum((unsigned char) p[-1])) &&
                    !isalnum((unsigned char) p[n])) {
                        return true;
                }
        }
        return false;
}

START_TEST(every_directive_is_in_the_lists) {
        _cleanup_(page_done) Page page = {};

        ck_assert_int_eq(writers[_i](&page), 0);
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];

                ck_assert(has_name(str_text(&page.text), directive->name));
        }
}
END_TEST

START_TEST(tables_have_a_row_for_each) {
        _cleanup_(page_done) Page steps = {}, ops = {};

        ck_assert_int_eq(steps_write(&steps), 0);
        ck_assert_uint_eq(count(str_text(&steps.text), "\n"), _STEP_MAX + 2);
        ck_assert_int_eq(ops_write(&ops), 0);
        ck_assert_ptr_nonnull(
                strstr(str_text(&ops.text), "\n| exec | workload | path, argv, flags | "));
}
END_TEST

/* What stands in a seed is a value that its directive takes. */
START_TEST(seeds_are_valid) {
        char directory[] = "/tmp/sbx-seeds-XXXXXX";

        ck_assert_ptr_nonnull(mkdtemp(directory));
        ck_assert_int_eq(seeds_write(directory), 0);
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];
                _cleanup_free_ char *path = strf("%s/%s.sandbox", directory, directive->name);
                _cleanup_(spec_freep) Spec *spec = NULL;
                _cleanup_free_ char *text = NULL;
                DiagList diags = {};
                const char *value;
                size_t size;

                ck_assert_int_eq(file_read_at(AT_FDCWD, path, 4096, &text, &size), 0);
                ck_assert_int_eq(text[0], '[');
                ck_assert_int_eq(text[size - 1], '\n');
                text[size - 1] = '\0';
                value = strchr(text, '=');
                ck_assert_ptr_nonnull(value);
                ck_assert_int_eq(spec_new(&spec), 0);
                ck_assert_int_eq(spec_assign(spec, directive, directive->record ? "http" : NULL,
                                             value + 1, &PLACE_NONE, &diags),
                                 0);
                ck_assert_msg(diags.n == 0, "%s", text);
                ck_assert_int_eq(unlink(path), 0);
        }
        ck_assert_int_eq(rmdir(directory), 0);
        ck_assert_int_eq(seeds_write(directory), -ENOENT);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("manual");
        TCase *tc = tcase_create("manual");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, every_directive_is_in_the_manual, 0, _DIRECTIVE_MAX);
        tcase_add_test(tc, every_rule_and_step_is_in_the_manual);
        tcase_add_loop_test(tc, prose_is_escaped, 0, ELEMENTS(prose));
        tcase_add_test(tc, a_page_has_its_own_title);
        tcase_add_loop_test(tc, a_wrong_template_is_told, 0, ELEMENTS(templates));
        tcase_add_loop_test(tc, every_directive_is_in_the_lists, 0, ELEMENTS(writers));
        tcase_add_test(tc, tables_have_a_row_for_each);
        tcase_add_test(tc, seeds_are_valid);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
