/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes of units to specs and diagnostics: sections, directives, specifiers, places. */

#include "tree.h"

#include <sys/utsname.h>

#define GOOD "[Sandbox]\nExecStart=/bin/true\n"

static Unit *load(const char *name, const char *text, DiagList *diags, int expected) {
        Unit *unit = NULL;
        int r = unit_load_bytes(name, "t.sandbox", text, strlen(text), diags, &unit);

        if (r != expected) {
                _cleanup_free_ char *got = tree_diags(diags);

                ck_abort_msg("%s: %d\n%s", text, r, got);
        }
        return unit;
}

/* What is wrong, and where: the start of each diagnostic, in order. */
static const struct Mistake {
        const char *text;
        const char *diags;
} mistakes[] = {
        {"[Sandbox]\nExecStart=/bin/true\nMemoryMx=1G\n",
         "t.sandbox:3:1: error: there is no MemoryMx= in [Sandbox]; did you mean MemoryMax=?\n"},
        {"[Sandbox]\nExecStart=/bin/true\nmemorymax=1G\n",
         "t.sandbox:3:1: error: there is no memorymax= in [Sandbox]; did you mean MemoryMax=?\n"},
        {"[Unit]\nMemoryMax=1G\n" GOOD, "t.sandbox:2:1: error: there is no MemoryMax= in [Unit]; "
                                        "did you mean MemoryMax= of [Sandbox]?\n"},
        {"[Sandbox]\nExecStart=/bin/true\nQwertyuiop=1G\n",
         "t.sandbox:3:1: error: there is no Qwertyuiop= in [Sandbox]\n"},
        {"[Sandbox]\nExecStart=/bin/true\nSocketBindDeny=any\nMemoryLimit=1G\n",
         "t.sandbox:3:1: error: there is no SocketBindDeny=: few builds\n"
         "t.sandbox:4:1: error: there is no MemoryLimit=: it is an old name: use MemoryMax=\n"},
        {"[Sandbx]\nFoo=1\nBar=2\n" GOOD,
         "t.sandbox:1:1: error: there is no section [Sandbx]; did you mean [Sandbox]?\n"},
        {"[sandbox]\nExecStart=/bin/false\n" GOOD,
         "t.sandbox:1:1: error: there is no section [sandbox]; did you mean [Sandbox]?\n"},
        {"[Zyxwvuts]\n" GOOD, "t.sandbox:1:1: error: there is no section [Zyxwvuts]; those\n"},
        {"[Sandbox x]\nMemoryMax=1G\n" GOOD, "t.sandbox:1:1: error: [Sandbox] takes no name\n"},
        {"[Port]\nListen=80\n" GOOD, "t.sandbox:1:1: error: [Port] needs a name\n"},
        {"[Port a/b]\nListen=80\n" GOOD, "t.sandbox:1:1: error: [Port a/b] needs a name\n"},
        {"[X-Mine]\nFoo=%q\n[Sandbox]\nX-Foo=%q\nExecStart=/bin/true\n", ""},
        {"[X-Mine of mine]\nFoo=1\n" GOOD, ""},
        /* places through continuations and specifiers */
        {"[Sandbox]\nExecStart=/bin/true \\\n  a \\\n  \"b\n",
         "t.sandbox:4:3: error: ExecStart=: \n"},
        {"[Sandbox]\nExecStart=/bin/true %n %p %i%i \"b\n",
         "t.sandbox:2:32: error: ExecStart=: \n"},
        {"[Sandbox]\nExecStart=/bin/true\nDescription=%q\n",
         "t.sandbox:3:1: error: there is no Description= in [Sandbox]; did you mean Description= "
         "of [Unit]?\n"},
        {"[Unit]\nDescription=a %q \\\n b %z %i\n" GOOD,
         "t.sandbox:2:15: error: Description=: There is no specifier %q\n"
         "t.sandbox:3:4: error: Description=: There is no specifier %z\n"},
        {"[Sandbox]\nExecStart=/bin/true\nLayers=%i\n",
         "t.sandbox:3:8: error: Layers=: %i expands to nothing\n"},
        /* all of them at once, of both the reader and the values, in order */
        {"A=1\n[Sandbox]\nfoo\nMemoryMax=12x\nTasksMax=0\nFoo-Bar=1\n",
         "t.sandbox: error: ExecStart=: It is missing\n"
         "t.sandbox:1:1: error: assignment outside\nt.sandbox:3:1: error: no = in\n"
         "t.sandbox:4:11: error: MemoryMax=: \nt.sandbox:5:10: error: TasksMax=: \n"
         "t.sandbox:6:1: error: there is no Foo-Bar=\n"},
        {"[Sandbox]\nExecStart=/bin/true\nMemoryMax=1G\nMemoryMax=2G\n",
         "t.sandbox:4:11: warning: MemoryMax=: \n"},
        {"[Sandbox]\nExecStart=/bin/true\n\n[Port a]\nListen=80\nTarget=x y\n",
         "t.sandbox:6:8: error: Target=: \n"},
};

START_TEST(mistakes_have_places) {
        const struct Mistake *c = &mistakes[_i];
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_free_ char *got = NULL;
        _cleanup_(unit_freep) Unit *unit = NULL;
        const char *line, *expected = c->diags;

        unit = load("web.sandbox", c->text, &diags, strstr(c->diags, "error") ? UNIT_E_INVALID : 0);
        got = tree_diags(&diags);
        line = got;
        while (*expected) {
                size_t n = strcspn(expected, "\n");

                ck_assert_msg(strncmp(line, expected, n) == 0, "%s\ngot:\n%s", c->text, got);
                expected += n + 1;
                line += strcspn(line, "\n");
                line += *line ? 1 : 0;
        }
        ck_assert_msg(*line == '\0', "%s\ngot:\n%s", c->text, got);
}
END_TEST

/* Each specifier, by what Description= is made of it. */
static const struct Specified {
        const char *name, *text, *expected; /* NULL: only that it is known */
} specified[] = {
        {"web.sandbox", "%n %N %p", "web.sandbox web web"},
        {"web.sandbox", "[%i%I]", "[]"},
        {"a-b@c-d.sandbox", "%n", "a-b@c-d.sandbox"},
        {"a-b@c-d.sandbox", "%N", "a-b@c-d"},
        {"a-b@c-d.sandbox", "%p %P", "a-b a/b"},
        {"a-b@c-d.sandbox", "%i %I", "c-d c/d"},
        {"a-b@c-d.sandbox", "%j %J", "b b"},
        {"a-b.sandbox", "%j %p", "b a-b"},
        {"a-b@c-d.sandbox", "%f", "/c/d"},
        {"a-b.sandbox", "%f", "/a/b"},
        {"web@.sandbox", "%i %n", "test_instance web@test_instance.sandbox"},
        {"web.sandbox", "%u %U %g %G %h", "root 0 root 0 /root"},
        {"web.sandbox", "%t %S %C %L %E %T %V",
         "/run /var/lib /var/cache /var/log /etc /tmp /var/tmp"},
        {"web.sandbox", "100%% %%n %%%%", "100% %n %%"},
        {"web.sandbox", "5% of 5%, %-x %", "5% of 5%, %-x %"},
        {"web.sandbox", "%y %Y", NULL},
        {"web.sandbox", "%H %l", NULL},
        {"web.sandbox", "%v %a", NULL},
        {"web.sandbox", "%b", NULL},
};

START_TEST(specifiers_are_expanded) {
        const struct Specified *c = &specified[_i];
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_free_ char *text = strf("[Unit]\nDescription=%s\n" GOOD, c->text);
        _cleanup_(unit_freep) Unit *unit = NULL;

        if (strstr(c->text, "%y")) {
                /* A fragment without a directory has no %Y. */
                unit = load(c->name, text, &diags, UNIT_E_INVALID);
                ck_assert_uint_eq(diags.n, 1);
                ck_assert_uint_eq(diags.diags[0].place.column, 16);
                return;
        }
        unit = load(c->name, text, &diags, 0);
        if (c->expected) {
                ck_assert_str_eq(unit->spec->description, c->expected);
        } else {
                ck_assert_ptr_null(strchr(unit->spec->description, '%'));
                ck_assert_uint_gt(strlen(unit->spec->description), 0);
        }
}
END_TEST

START_TEST(hosts_are_asked) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        struct utsname names;

        ck_assert_int_eq(uname(&names), 0);
        unit = load("web.sandbox", "[Unit]\nDescription=%v\n" GOOD, &diags, 0);
        ck_assert_str_eq(unit->spec->description, names.release);
        unit = unit_free(unit);
        unit = load("web.sandbox", "[Unit]\nDescription=%H\n" GOOD, &diags, 0);
        ck_assert_str_eq(unit->spec->description, names.nodename);
        unit = unit_free(unit);
        unit = load("web.sandbox", "[Unit]\nDescription=%b\n" GOOD, &diags, 0);
        ck_assert_uint_eq(strlen(unit->spec->description), 32);
}
END_TEST

/* Specifiers are of texts: a percentage is none, and names of sections and keys have none. */
START_TEST(percentages_are_no_specifiers) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;

        unit = load("web.sandbox", GOOD "CPUQuota=50%\n", &diags, 0);
        ck_assert_uint_eq(unit->spec->cpu_quota_usec, 500000);
        ck_assert_uint_eq(diags.n, 0);
}
END_TEST

START_TEST(expansion_comes_before_splitting) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;

        unit = load("web@a.sandbox", "[Sandbox]\nExecStart=/bin/%i -x %i \"%i %%i\"\nLayers=x-%i\n",
                    &diags, 0);
        ck_assert_uint_eq(unit->spec->exec_start.n, 1);
        ck_assert_str_eq(unit->spec->exec_start.items[0].text, "/bin/a");
        ck_assert_str_eq(unit->spec->exec_start.items[0].words[2], "a");
        ck_assert_str_eq(unit->spec->exec_start.items[0].words[3], "a %i");
        ck_assert_str_eq(unit->spec->layers.items[0].text, "x-a");
}
END_TEST

/* The plan names the place of each item, so these too have to go back through both. */
START_TEST(items_of_lists_have_places) {
        static const struct {
                const char *text;
                uint32_t line, column;
        } expected[] = {
                {"a", 3, 8}, {"web-x", 3, 10}, {"b", 3, 15},
                {"c", 4, 3}, {"web-d", 5, 1},  {"e", 5, 6},
        };
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        const ValueList *layers;

        unit = load("web.sandbox", GOOD "Layers=a %p-x b \\\n  c \\\n%p-d e\n", &diags, 0);
        layers = &unit->spec->layers;
        ck_assert_uint_eq(layers->n, ELEMENTS(expected));
        for (size_t i = 0; i < layers->n; i++) {
                ck_assert_str_eq(layers->items[i].text, expected[i].text);
                ck_assert_uint_eq(layers->items[i].place.line, expected[i].line);
                ck_assert_uint_eq(layers->items[i].place.column, expected[i].column);
        }
}
END_TEST

START_TEST(records_are_made_by_their_headers) {
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;

        unit = load("web.sandbox",
                    GOOD "[Port http]\nListen=8080\nTarget=80\n[Port dns]\nListen=53\n", &diags, 0);
        ck_assert_uint_eq(unit->spec->n_ports, 2);
        ck_assert_str_eq(unit->spec->ports[0].name, "http");
        ck_assert_str_eq(unit->spec->ports[1].name, "dns");
        ck_assert_uint_eq(unit->spec->ports[0].place.line, 3);
}
END_TEST

START_TEST(transient_units_are_assignments) {
        static char *const assignments[] = {
                (char *) (uintptr_t) "ExecStart=:/bin/date +%%s 100%",
                (char *) (uintptr_t) "MemoryMax=64M",
                (char *) (uintptr_t) "Environment=A=%n B=%%n",
                (char *) (uintptr_t) "X-Foo=1",
                (char *) (uintptr_t) "Port:http:Listen=8080",
                (char *) (uintptr_t) "Port:http:Target=80",
                NULL,
        };
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(str_done) Str text = STR_INIT;
        _cleanup_(unit_freep) Unit *unit = NULL;

        ck_assert_int_eq(unit_load_transient(NULL, "run-1.sandbox", assignments, &diags, &unit), 0);
        ck_assert_uint_eq(diags.n, 0);
        ck_assert_uint_eq(unit->spec->memory_max, 64u << 20);
        ck_assert_str_eq(unit->spec->exec_start.items[0].words[1], "+%s");
        ck_assert_str_eq(unit->spec->exec_start.items[0].words[2], "100%");
        ck_assert_str_eq(unit->spec->environment.items[0].text, "A=run-1.sandbox");
        ck_assert_str_eq(unit->spec->environment.items[1].text, "B=%n");
        ck_assert_uint_eq(unit->spec->n_ports, 1);
        ck_assert_str_eq(unit->spec->places[DIRECTIVE_MemoryMax].file, "-p");
        ck_assert_uint_eq(unit->spec->places[DIRECTIVE_MemoryMax].line, 2);
        ck_assert_uint_eq(unit->spec->places[DIRECTIVE_MemoryMax].column, 11);
        ck_assert_ptr_null(unit->fragment_path);
        ck_assert(!unit_needs_reload(&(UnitSearch){}, unit));
        ck_assert_int_eq(unit_cat(unit, &text), 0);
        ck_assert_ptr_nonnull(strstr(str_text(&text), "\n[Sandbox]\nExecStart="));
        ck_assert_ptr_nonnull(strstr(str_text(&text), "\n[Port http]\nListen=8080\n"));
}
END_TEST

static const struct Transient {
        const char *assignment, *diag;
} transients[] = {
        {"MemoryMax", "-p:1:1: error: MemoryMax is no assignment"},
        {"=1", "-p:1:1: error: =1 is no assignment"},
        {"", "-p:1:1: error:  is no assignment"},
        {"MemoryMx=1", "-p:1:1: error: there is no MemoryMx= in [Sandbox]; did you mean"},
        {"MemoryMax=12x", "-p:1:11: error: MemoryMax=: "},
        {"Listen=80", "-p:1:1: error: there is no Listen= in [Sandbox]; did you mean Listen= of"},
        {"Port:a:Foo=80", "-p:1:1: error: there is no Foo= in [Port]"},
        {"Sandbox:a:MemoryMax=1G", "-p:1:1: error: [Sandbox] takes no name"},
        {"Port:a b:Listen=80", "-p:1:17: error: [Port a b] needs a name"},
        {"Port:Listen=80", "-p:1:1: error: there is no Port:Listen= in [Sandbox]"},
        {"Environment=A=1 B=%q", "-p:1:19: error: Environment=: There is no specifier %q"},
        {"ExecStart=/bin/true %n \"", "-p:1:24: error: ExecStart=: "},
        {"Description=a\nb", "-p:1:14: error: control character 0x0a"},
        {"Environment=A=\xff", "-p:1:1: error: the assignment is not valid UTF-8"},
};

START_TEST(mistakes_of_transient_units_have_places) {
        char *assignments[] = {(char *) (uintptr_t) transients[_i].assignment,
                               (char *) (uintptr_t) "ExecStart=/bin/true", NULL};
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_(unit_freep) Unit *unit = NULL;
        _cleanup_free_ char *got = NULL;

        ck_assert_int_eq(unit_load_transient(NULL, "run-1.sandbox", assignments, &diags, &unit),
                         UNIT_E_INVALID);
        got = tree_diags(&diags);
        ck_assert_msg(startswith(got, transients[_i].diag), "%s", got);
        ck_assert_ptr_nonnull(unit);
}
END_TEST

START_TEST(bad_names_are_outcomes) {
        _cleanup_(diag_list_done) DiagList diags = {};
        Unit *unit = NULL;

        ck_assert_int_eq(unit_load_bytes("web", "x", "", 0, &diags, &unit), UNIT_E_BAD_NAME);
        ck_assert_int_eq(unit_load_transient(NULL, "a/b.sandbox", NULL, &diags, &unit),
                         UNIT_E_BAD_NAME);
        ck_assert_int_eq(unit_load_transient(NULL, "web@.sandbox", NULL, &diags, &unit),
                         UNIT_E_BAD_NAME);
        ck_assert_int_eq(unit_load(&(UnitSearch){}, "../x.sandbox", &diags, &unit),
                         UNIT_E_BAD_NAME);
        ck_assert_ptr_null(unit);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("unit/load");
        TCase *tcase = tcase_create("load");

        tcase_add_loop_test(tcase, mistakes_have_places, 0, ELEMENTS(mistakes));
        tcase_add_loop_test(tcase, specifiers_are_expanded, 0, ELEMENTS(specified));
        tcase_add_test(tcase, hosts_are_asked);
        tcase_add_test(tcase, percentages_are_no_specifiers);
        tcase_add_test(tcase, expansion_comes_before_splitting);
        tcase_add_test(tcase, items_of_lists_have_places);
        tcase_add_test(tcase, records_are_made_by_their_headers);
        tcase_add_test(tcase, transient_units_are_assignments);
        tcase_add_loop_test(tcase, mistakes_of_transient_units_have_places, 0,
                            ELEMENTS(transients));
        tcase_add_test(tcase, bad_names_are_outcomes);
        suite_add_tcase(suite, tcase);
        return tree_run(suite);
}
