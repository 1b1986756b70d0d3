/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit/name.h"

#include "unit/drop-in.h"
#include "unit/unit.h"

#include <check.h>
#include <stdio.h>

static const struct Mangle {
        const char *text;
        const char *name; /* NULL: UNIT_E_BAD_NAME */
} mangles[] = {
        {"web", "web.sandbox"},
        {"web.sandbox", "web.sandbox"},
        {"web@a", "web@a.sandbox"},
        {"web@", "web@.sandbox"},
        {"web@a@b", "web@a@b.sandbox"},
        {"a:b_c.d-E9", "a:b_c.d-E9.sandbox"},
        {"web.service", "web.service.sandbox"},
        {"-", "-.sandbox"},
        {"", NULL},
        {".sandbox", NULL},
        {"@a", NULL},
        {"@", NULL},
        {".hidden", NULL},
        {"..", NULL},
        {"../etc/passwd", NULL},
        {"a/b", NULL},
        {"a b", NULL},
        {"a\nb", NULL},
        {"a\\x2db", NULL},
        {"gr\xc3\xbc\xc3\x9f", NULL},
        {"a%b", NULL},
        {"a*", NULL},
};

START_TEST(names_are_mangled) {
        const struct Mangle *c = &mangles[_i];
        _cleanup_free_ char *name = NULL;
        int r = unit_name_mangle(c->text, &name);

        ck_assert_msg(r == (c->name ? 0 : UNIT_E_BAD_NAME), "%s: %d", c->text, r);
        ck_assert(streq_ptr(name, c->name));
        ck_assert(!name || unit_name_is_valid(name));
}
END_TEST

START_TEST(names_have_a_length) {
        char text[256];
        _cleanup_free_ char *name = NULL;

        memset(text, 'a', sizeof(text));
        text[192] = '\0';
        ck_assert_int_eq(unit_name_mangle(text, &name), 0);
        ck_assert_uint_eq(strlen(name), 200);
        text[192] = 'a';
        text[193] = '\0';
        name = (free(name), NULL);
        ck_assert_int_eq(unit_name_mangle(text, &name), UNIT_E_BAD_NAME);
        /* What the scope's name needs four bytes for counts four times: 4 + 4 * 61 + 1 + 6 = 255.
         */
        memset(text, '-', sizeof(text));
        text[61] = 'a';
        text[62] = '\0';
        ck_assert_int_eq(unit_name_mangle(text, &name), 0);
        text[61] = '-';
        name = (free(name), NULL);
        ck_assert_int_eq(unit_name_mangle(text, &name), UNIT_E_BAD_NAME);
}
END_TEST

static const struct Scope {
        const char *name, *scope;
} scopes[] = {
        {"web.sandbox", "sbx-web.scope"},
        {"web@a.sandbox", "sbx-web\\x40a.scope"},
        {"a-b.sandbox", "sbx-a\\x2db.scope"},
        {"a:b_c.d9.sandbox", "sbx-a:b_c.d9.scope"},
        {"web.sandbox.sandbox", "sbx-web.sandbox.scope"},
};

START_TEST(scopes_are_escaped_as_systemd_escape_does) {
        _cleanup_free_ char *scope = NULL;

        ck_assert_int_eq(unit_scope_name(scopes[_i].name, &scope), 0);
        ck_assert_str_eq(scope, scopes[_i].scope);
}
END_TEST

static const struct Parts {
        const char *name, *prefix, *instance, *template;
        bool is_template, is_instance;
} parts[] = {
        {"web.sandbox", "web", "", "web@.sandbox", false, false},
        {"web@a.sandbox", "web", "a", "web@.sandbox", false, true},
        {"web@.sandbox", "web", "", "web@.sandbox", true, false},
        {"a-b@c@d.e.sandbox", "a-b", "c@d.e", "a-b@.sandbox", false, true},
        {"web.sandbox@x.sandbox", "web.sandbox", "x", "web.sandbox@.sandbox", false, true},
};

START_TEST(names_have_parts) {
        const struct Parts *c = &parts[_i];
        _cleanup_free_ char *prefix = unit_name_prefix(c->name);
        _cleanup_free_ char *instance = unit_name_instance(c->name);
        _cleanup_free_ char *template = unit_name_template(c->name);

        ck_assert_str_eq(prefix, c->prefix);
        ck_assert_str_eq(instance, c->instance);
        ck_assert_str_eq(template, c->template);
        ck_assert_int_eq(unit_name_is_template(c->name), c->is_template);
        ck_assert_int_eq(unit_name_is_instance(c->name), c->is_instance);
}
END_TEST

static const struct DropIns {
        const char *name, *names;
} drop_ins[] = {
        {"web.sandbox", "web.sandbox"},
        {"a-b.sandbox", "a-b.sandbox a-.sandbox"},
        {"a-b-c.sandbox", "a-b-c.sandbox a-b-.sandbox a-.sandbox"},
        {"a--b.sandbox", "a--b.sandbox a--.sandbox"},
        {"a-.sandbox", "a-.sandbox"},
        {"-.sandbox", "-.sandbox"},
        {"-a.sandbox", "-a.sandbox -.sandbox"},
        {"web@x.sandbox", "web@x.sandbox web@.sandbox"},
        {"a-b@x.sandbox", "a-b@x.sandbox a-b@.sandbox a-@x.sandbox a-@.sandbox"},
        {"web@x-y.sandbox", "web@x-y.sandbox web@.sandbox"},
};

START_TEST(drop_ins_are_looked_up_by_prefix) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_free_ char *joined = NULL;

        ck_assert_int_eq(drop_in_names(drop_ins[_i].name, &names), 0);
        joined = strv_join(names, " ");
        ck_assert_str_eq(joined, drop_ins[_i].names);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("unit/name");
        TCase *tcase = tcase_create("name");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, names_are_mangled, 0, ELEMENTS(mangles));
        tcase_add_test(tcase, names_have_a_length);
        tcase_add_loop_test(tcase, scopes_are_escaped_as_systemd_escape_does, 0, ELEMENTS(scopes));
        tcase_add_loop_test(tcase, names_have_parts, 0, ELEMENTS(parts));
        tcase_add_loop_test(tcase, drop_ins_are_looked_up_by_prefix, 0, ELEMENTS(drop_ins));
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
