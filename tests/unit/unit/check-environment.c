/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files of environment variables: what they hold, and which of them are read. */

#include "tree.h"
#include "unit/environment.h"

#include <sys/stat.h>

static UnitSearch search;

static void setup(void) {
        tree_make_at(geteuid() == 0 ? "/run/check-unit-XXXXXX" : "/tmp/check-unit-XXXXXX");
        tree_search(&search, /* check_owner= */ false);
}

static void teardown(void) {
        unit_search_done(&search);
        tree_remove();
}

/* Text to variables, parted by |, as systemd 252 reads them. */
static const struct Text {
        const char *text, *variables, *diags;
} texts[] = {
        {"", "", ""},
        {"A=1", "A=1", ""},
        {"A=1\nB=2\n", "A=1|B=2", ""},
        {"A=1\nB=2\nA=3\n", "A=3|B=2", ""},
        {"# A=1\n; B=2\n  # C=3\nD=4", "D=4", ""},
        {"no assignment\nA=1\n", "A=1", ""},
        {"A=\n", "A=", ""},
        {"  A  =  1 2  \t\n", "A=1 2", ""},
        {"A=1 # no comment\n", "A=1 # no comment", ""},
        {"A=it's \"so\"\n", "A=it's \"so\"", ""},
        {"A='it \"is\" \\so'\n", "A=it \"is\" \\so", ""},
        {"A='two\nlines'\nB=3\n", "A=two\nlines|B=3", ""},
        {"A=\"a \\\"b\\\" \\$c \\`d\\` \\\\ \\e\"\n", "A=a \"b\" $c `d` \\ \\e", ""},
        {"A=\"one \\\ntwo\"\n", "A=one two", ""},
        {"A=one \\\n two\nB=3", "A=one  two|B=3", ""},
        {"A=a\\bc\\\\\n", "A=abc\\", ""},
        {"A=1\\ \n", "A=1 ", ""},
        {"A=\"x\"'y' z \n", "A=xyz", ""},
        {"A=\"x\" # y\n", "A=x# y", ""},
        {"#c \\\nA=1\n", "A=1", ""},
        {"A=1\r\nB=2\r\n", "A=1|B=2", ""},
        {"A=\\", "A=\\", ""},
        {"A=b=c\n", "A=b=c", ""},
        {"A=1\nexport B=2\nC=3\n", "A=1|C=3",
         "f:2: error: EnvironmentFile=: \"export B\" is no name of a variable; it may hold "
         "letters, digits and underscores, and no digit first\n"},
        {"=1\n", "",
         "f:1: error: EnvironmentFile=: \"\" is no name of a variable; it may hold "
         "letters, digits and underscores, and no digit first\n"},
        {"A='x\ny'\nB=\"open\nC=1\n", "A=x\ny",
         "f:3: error: EnvironmentFile=: The quote that is opened here is never closed; add a "
         "\"\n"},
        {"A=1\nB=\xff\n", "A=1",
         "f:2: error: EnvironmentFile=: The value of B is no valid UTF-8\n"},
};

START_TEST(texts_are_read_as_systemd_does) {
        const struct Text *c = &texts[_i];
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(strv_freep) char **list = NULL;
        _cleanup_free_ char *joined = NULL, *told = NULL;

        ck_assert_int_eq(environment_read("f", c->text, strlen(c->text), &diags, &list), 0);
        joined = strv_join(list, "|");
        told = tree_diags(&diags);
        ck_assert_str_eq(joined ? joined : "", c->variables);
        ck_assert_str_eq(told, c->diags);
}
END_TEST

START_TEST(files_are_bounded) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(strv_freep) char **list = NULL;
        _cleanup_(str_done) Str text = STR_INIT;
        _cleanup_free_ char *long_value = malloc(70000);

        ck_assert_int_eq(environment_read("f", "A=1\0B=2", 7, &diags, &list), 0);
        ck_assert_uint_eq(diags.n, 1);
        ck_assert_ptr_nonnull(strstr(diags.diags[0].text, "NUL"));
        for (unsigned i = 0; i <= ENVIRONMENT_VARIABLES_MAX; i++) {
                ck_assert_int_eq(str_appendf(&text, "A%u=1\n", i), 0);
        }
        ck_assert_int_eq(environment_read("f", text.text, text.length, &diags, &list), 0);
        ck_assert_uint_eq(strv_length(list), ENVIRONMENT_VARIABLES_MAX);
        ck_assert_ptr_nonnull(strstr(diags.diags[1].text, "more than 900 variables"));
        memset(long_value, 'x', 69999);
        memcpy(long_value, "A0=", 3);
        long_value[69999] = '\0';
        ck_assert_int_eq(environment_read("f", long_value, 69999, &diags, &list), 0);
        ck_assert_ptr_nonnull(strstr(diags.diags[2].text, "longer than 64 KiB"));
        ck_assert_str_eq(list[0], "A0=1");
}
END_TEST

/* What EnvironmentFile= says, with @ for the tree, and the variables or the diagnostic. */
static const struct Case {
        const char *lines;
        const char *variables;
        const char *diag;
} cases[] = {
        {"EnvironmentFile=@/a.env\n", "A=a|X=a", NULL},
        {"EnvironmentFile=@/a.env\nEnvironmentFile=@/b.env\n", "A=a|X=b|B=b", NULL},
        {"EnvironmentFile=@/b.env\nEnvironmentFile=@/a.env\n", "B=b|X=a|A=a", NULL},
        {"EnvironmentFile=@/?.env\n", "A=a|X=b|B=b", NULL},
        {"EnvironmentFile=@/a.env\nEnvironmentFile=\n", "", NULL},
        {"EnvironmentFile=-@/missing\n", "", NULL},
        {"EnvironmentFile=-@/missing*\n", "", NULL},
        {"EnvironmentFile=@/link\n", "B=b|X=b", NULL},
        {"EnvironmentFile=@/missing\n", NULL, "missing cannot be used: No such file"},
        {"EnvironmentFile=@/missing*\n", NULL, "missing* cannot be used: no file has such a name"},
        {"EnvironmentFile=@/directory\n", NULL, "directory cannot be used: it is no regular file"},
        {"EnvironmentFile=/dev/zero\n", NULL, "/dev/zero cannot be used: it is no regular file"},
        {"EnvironmentFile=@/large\n", NULL, "large cannot be used: it is larger than 1 MiB"},
        {"EnvironmentFile=@/wrong\n", NULL, "is no name of a variable"},
};

static int read_lines(const char *lines, char **ret_variables, char **ret_diags) {
        _cleanup_(str_done) Str all = STR_INIT;
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(strv_freep) char **list = NULL;
        _cleanup_(unit_freep) Unit *unit = NULL;
        int r;

        ck_assert_int_eq(str_append(&all, "[Sandbox]\nExecStart=/bin/true\n"), 0);
        for (const char *p = lines; *p; p++) {
                ck_assert_int_eq(
                        *p == '@' ? str_append(&all, tree_root) : str_append_char(&all, *p), 0);
        }
        ck_assert_int_eq(
                unit_load_bytes("web.sandbox", "t", str_text(&all), all.length, &diags, &unit), 0);
        r = unit_read_environment(&search, unit->spec, &diags, &list);
        *ret_diags = tree_diags(&diags);
        *ret_variables = strv_join(list, "|");
        return r;
}

static void make_files(void) {
        _cleanup_free_ char *large = strf("%s/large", tree_root),
                            *link = strf("%s/link", tree_root);

        tree_file("a.env", "A=a\nX=a\n");
        tree_file("b.env", "B=b\nX=b\n");
        tree_file("wrong", "1=2\n");
        tree_file("large", "A=1\n");
        ck_assert_int_eq(truncate(large, ENVIRONMENT_FILE_MAX + 1), 0);
        ck_assert_int_eq(symlink("b.env", link), 0);
        tree_directory("directory");
}

START_TEST(files_are_found) {
        const struct Case *c = &cases[_i];
        _cleanup_free_ char *variables = NULL, *diags = NULL;
        int r;

        make_files();
        r = read_lines(c->lines, &variables, &diags);
        if (c->diag) {
                ck_assert_int_eq(r, UNIT_E_INVALID);
                ck_assert_msg(strstr(diags, c->diag) != NULL, "%s", diags);
        } else {
                ck_assert_msg(r == 0, "%s", diags);
                ck_assert_str_eq(variables ? variables : "", c->variables);
        }
}
END_TEST

static const struct Trust {
        const char *path;
        mode_t mode;
        bool trusted;
} trusts[] = {
        {"a.env", 0600, true},       {"a.env", 0644, true},       {"a.env", 0664, false},
        {"a.env", 0646, false},      {"directory/x", 0644, true}, {"directory", 0775, false},
        {"directory", 01777, false},
};

START_TEST(files_of_the_system_are_checked) {
        const struct Trust *c = &trusts[_i];
        _cleanup_free_ char *variables = NULL, *diags = NULL;
        int r;

        make_files();
        tree_file("directory/x", "A=1\n");
        tree_chmod(c->path, c->mode);
        search.check_owner = true;
        r = read_lines(startswith(c->path, "directory") ? "EnvironmentFile=@/directory/x\n"
                                                        : "EnvironmentFile=@/a.env\n",
                       &variables, &diags);
        ck_assert_msg(r == (c->trusted && geteuid() == 0 ? 0 : UNIT_E_INVALID), "%s", diags);
        ck_assert(r == 0 || strstr(diags, "others than root can write"));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("unit/environment");
        TCase *tcase = tcase_create("environment");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, texts_are_read_as_systemd_does, 0, ELEMENTS(texts));
        tcase_add_test(tcase, files_are_bounded);
        tcase_add_loop_test(tcase, files_are_found, 0, ELEMENTS(cases));
        tcase_add_loop_test(tcase, files_of_the_system_are_checked, 0, ELEMENTS(trusts));
        suite_add_tcase(suite, tcase);
        return tree_run(suite);
}
