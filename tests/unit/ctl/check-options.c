/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"
#include "ctl/options.h"

#include <check.h>

#define WORDS_MAX 12

typedef struct Case {
        const char *verb;
        const char *words[WORDS_MAX]; /* behind the program's name or the verb */
        int expect;
        int first;          /* index of the first argument, in argv with words[0] at 1 */
        const char *reason; /* part of the message */
        const char *dump;
} Case;

static const Case cases[] = {
        {"start", {"web"}, 0, 1, NULL, ""},
        {"start", {"--no-block", "web"}, 0, 2, NULL, "no-block;"},
        {"start", {"web", "--wait"}, 0, 2, NULL, "wait;"},
        {"start", {"--frobnicate", "web"}, -EINVAL, 0, "--frobnicate", NULL},
        {"start", {"-z"}, -EINVAL, 0, "-z", NULL},
        {"start", {"-p", "A=b"}, -EINVAL, 0, "-p", NULL},
        {"start", {"--wait=yes"}, -EINVAL, 0, "takes no value", NULL},
        {"start", {"--json"}, -EINVAL, 0, "wants MODE", NULL},
        {"kill", {"-s"}, -EINVAL, 0, "--signal wants SIGNAL", NULL},
        {"kill", {"-sHUP", "--kill-whom=main", "web"}, 0, 3, NULL, "signal=HUP;whom=main;"},
        {"show",
         {"-p", "A", "-pB", "--property=C", "web"},
         0,
         5,
         NULL,
         "property=A;property=B;property=C;"},
        {"show", {"web", "--value", "--", "-p"}, 0, 3, NULL, "value;"},
        {"logs", {"-fn5", "web"}, 0, 2, NULL, "follow;lines=5;"},
        {"run", {"-p", "A=1", "--", "/bin/sh", "-c", "true"}, 0, 4, NULL, "property=A=1;"},
        {"run", {"-t", "/bin/sh", "-p", "x"}, 0, 2, NULL, "pty;"},
        {"exec",
         {"-E", "A=b", "-w", "/tmp", "-u", "7", "web", "ls", "-q"},
         0,
         7,
         NULL,
         "user=7;directory=/tmp;environment=A=b;"},
        {NULL, {"-q", "start", "--wait"}, 0, 2, NULL, "quiet;"},
        {NULL,
         {"--json=short", "--no-legend", "--no-pager", "list"},
         0,
         4,
         NULL,
         "json=short;no-pager;no-legend;"},
        {NULL, {"--follow", "logs"}, -EINVAL, 0, "stand behind it", NULL},
};

static char *dump(const Options *options) {
        const struct {
                bool set;
                const char *name;
        } flags[] = {
                {options->no_pager, "no-pager"}, {options->no_legend, "no-legend"},
                {options->quiet, "quiet"},       {options->no_block, "no-block"},
                {options->wait, "wait"},         {options->value, "value"},
                {options->pty, "pty"},           {options->follow, "follow"},
        };
        const struct {
                const char *value, *name;
        } texts[] = {{options->lines, "lines"},
                     {options->signal, "signal"},
                     {options->whom, "whom"},
                     {options->user, "user"},
                     {options->directory, "directory"}};
        Str out = STR_INIT;

        if (options->json) {
                ck_assert_int_eq(str_appendf(&out, "json=%s;", options->json), 0);
        }
        for (size_t i = 0; i < ELEMENTS(flags); i++) {
                if (flags[i].set) {
                        ck_assert_int_eq(str_appendf(&out, "%s;", flags[i].name), 0);
                }
        }
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                if (texts[i].value) {
                        ck_assert_int_eq(str_appendf(&out, "%s=%s;", texts[i].name, texts[i].value),
                                         0);
                }
        }
        STRV_FOREACH (property, options->properties) {
                ck_assert_int_eq(str_appendf(&out, "property=%s;", *property), 0);
        }
        STRV_FOREACH (variable, options->environment) {
                ck_assert_int_eq(str_appendf(&out, "environment=%s;", *variable), 0);
        }
        return str_take(&out);
}

START_TEST(parses_as_the_tables_say) {
        const Case *test = &cases[_i];
        _cleanup_(options_done) Options options = {};
        char *argv[WORDS_MAX + 2] = {(char *) "sbxctl"};
        _cleanup_free_ char *reason = NULL;
        int argc = 1, first = -1;

        while (argc <= WORDS_MAX && test->words[argc - 1]) {
                argv[argc] = (char *) test->words[argc - 1];
                argc++;
        }
        ck_assert_int_eq(options_parse(test->verb ? verb_find(test->verb) : NULL, argc, argv,
                                       &options, &first, &reason),
                         test->expect);
        if (test->expect < 0) {
                ck_assert_ptr_nonnull(reason);
                ck_assert_msg(strstr(reason, test->reason), "'%s' has no '%s'", reason,
                              test->reason);
                return;
        }
        _cleanup_free_ char *text = dump(&options);

        ck_assert_str_eq(text, test->dump);
        ck_assert_int_eq(first, test->first);
}
END_TEST

START_TEST(json_modes) {
        ck_assert_int_eq(json_mode_parse(NULL), JSON_OFF);
        ck_assert_int_eq(json_mode_parse("off"), JSON_OFF);
        ck_assert_int_eq(json_mode_parse("short"), JSON_SHORT);
        ck_assert_int_eq(json_mode_parse("pretty"), JSON_PRETTY);
        ck_assert_int_eq(json_mode_parse("yes"), -EINVAL);
}
END_TEST

/* Every verb: findable, documented, with options that clash with no global one. */
START_TEST(verb_rows_are_whole) {
        const Verb *verb = &verb_table[_i];

        ck_assert_ptr_eq(verb_find(verb->name), verb);
        ck_assert_ptr_nonnull(verb->arguments);
        ck_assert_ptr_nonnull(verb->run);
        ck_assert_uint_gt(strlen(verb->summary), 0);
        ck_assert_msg(!endswith(verb->summary, "."), "a summary is a title: %s", verb->summary);
        ck_assert_msg(endswith(verb->detail, "."), "detail is sentences: %s", verb->detail);
        ck_assert_ptr_nonnull(verb->examples[0].command);
        ck_assert_msg(strstr(verb->examples[0].command, verb->name), "an example of another verb");
        ck_assert(verb->max_args < 0 || verb->max_args >= verb->min_args);
        for (const Option *option = verb->options; option && option->name; option++) {
                ck_assert_ptr_nonnull(option->summary);
                for (const Option *global = global_options; global->name; global++) {
                        ck_assert_str_ne(option->name, global->name);
                        ck_assert(!option->letter || option->letter != global->letter);
                }
        }
}
END_TEST

START_TEST(suggestions) {
        ck_assert_str_eq(verb_suggest("stats")->name, "status");
        ck_assert_str_eq(verb_suggest("strat")->name, "start");
        ck_assert_str_eq(verb_suggest("list-units-files")->name, "list-unit-files");
        ck_assert_ptr_null(verb_suggest("frobnicate"));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ctl/options");
        TCase *tcase = tcase_create("options");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, parses_as_the_tables_say, 0, ELEMENTS(cases));
        tcase_add_test(tcase, json_modes);
        tcase_add_loop_test(tcase, verb_rows_are_whole, 0, (int) n_verbs);
        tcase_add_test(tcase, suggestions);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
