/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/absence.h"
#include "spec/spec.h"

#include <check.h>
#include <ctype.h>

/* The table is complete, and every directive goes from text to value and back. */

static const Place place = {.file = "table.sandbox", .line = 1, .column = 1};

/* A value of each type that is not a default of any directive. */
static const char *const type_samples[_VALUE_KIND_MAX] = {
        [VALUE_STRING] = "sample",
        [VALUE_HOSTNAME] = "host.example",
        [VALUE_SLICE] = "a-b.slice",
        [VALUE_PATH] = "/srv/a b",
        [VALUE_PATH_OPTIONAL] = "-/srv/a b",
        [VALUE_SIZE] = "12345678",
        [VALUE_COUNT] = "77",
        [VALUE_WEIGHT] = "77",
        [VALUE_CPU_WEIGHT] = "77",
        [VALUE_QUOTA] = "12.34%",
        [VALUE_TIMESPAN] = "1h 2min 3s 4ms 5us",
        [VALUE_OFFSET] = "-1d 7us",
        [VALUE_MODE] = "0707",
        [VALUE_SIGNAL] = "SIGUSR2",
        [VALUE_CAPABILITIES] = "CAP_CHOWN CAP_SYS_TIME",
        [VALUE_USERS] = "600000:100",
        [VALUE_RLIMIT] = "12:34",
        [VALUE_JOIN_KINDS] = "mount uts",
        [VALUE_ID_MAPS] = "0:600000:1000 1000:1000:1",
        [VALUE_WORDS] = "one \"t w o\" three",
        [VALUE_COMMANDS] = "-@/bin/sh arg0 \"a b\" \\; '' ; :true $X",
        [VALUE_ENVIRONMENT] = "A=1 \"B=x y\" C=\\n",
        [VALUE_BINDS] = "-/a:/b:norbind \"/c d:e\":/f:idmap /g",
        [VALUE_TMPFS_LIST] = "/a:ro,mode=0700 \"/b c\":size=1M,noexec",
        [VALUE_PATHS] = "/a -/b \"/c d\"",
        [VALUE_FILES] = "-/etc/a b*.env",
        [VALUE_SYSCALLS] = "@clock ptrace:ENOSYS reboot:kill",
        [VALUE_CHOICES] = "~",
        [VALUE_ERRNO] = "EUCLEAN",
        [VALUE_INTEGER] = "7",
        [VALUE_DEVICES] = "char-pts wr",
        [VALUE_PREFIXES] = "any 10.1.2.3/8 ::1",
        [VALUE_DEVICE_RATES] = "\"/dev/s d\" 7M",
        [VALUE_DEVICE_WEIGHTS] = "/dev/sdb 77",
        [VALUE_DEVICE_TIMES] = "/srv 1s 5ms",
        [VALUE_NUMBER_SET] = "1-3,2,7 63-64 1023",
        [VALUE_LISTEN] = "[::1]:99",
        [VALUE_TARGET] = "/run/x.socket",
};

static const char *sample(const Directive *directive, const char *formatted_default) {
        if (directive->type->kind == VALUE_BOOL) {
                return streq(formatted_default, "yes") ? "no" : "yes";
        }
        if (directive->type->kind == VALUE_ENUM) {
                return directive->names[streq(formatted_default, directive->names[0]) ? 1 : 0];
        }
        return type_samples[directive->type->kind];
}

static void format(const Spec *spec, const Directive *directive, char ***ret) {
        if (directive->record) {
                ck_assert_int_eq(spec_format_port(&spec->ports[0], directive, ret), 0);
        } else {
                ck_assert_int_eq(spec_format(spec, directive, ret), 0);
        }
}

static Spec *new_spec(void) {
        DiagList diags = {};
        Spec *spec;

        ck_assert_int_eq(spec_new(&spec), 0);
        ck_assert_int_eq(spec_add_record(spec, "Port", "http", &place, &diags), 0);
        ck_assert_uint_eq(diags.n, 0);
        return spec;
}

static void assign_all(Spec *spec, const Directive *directive, char *const *texts) {
        DiagList diags = {};

        STRV_FOREACH (text, texts) {
                ck_assert_int_eq(spec_assign(spec, directive, directive->record ? "http" : NULL,
                                             *text, &PLACE_NONE, &diags),
                                 0);
        }
        ck_assert_msg(diags.n == 0, "%s: %s", directive->name,
                      diags.n > 0 ? diags.diags[0].text : "");
}

START_TEST(rows_are_complete) {
        const Directive *directive = &directive_table[_i];

        ck_assert_int_eq(directive->id, _i);
        ck_assert_ptr_nonnull(directive->type);
        ck_assert_ptr_nonnull(directive->summary);
        ck_assert(isupper((unsigned char) directive->name[0]));
        ck_assert_msg(endswith(directive->summary, ".") || endswith(directive->summary, ")."),
                      "%s: the summary is no sentence", directive->name);
        ck_assert(!directive->detail || endswith(directive->detail, "."));
        ck_assert_int_eq(directive->type->kind == VALUE_ENUM ||
                                 directive->type->kind == VALUE_CHOICES,
                         directive->n_names > 0);
        for (size_t i = 0; i < directive->n_names; i++) {
                ck_assert_ptr_nonnull(directive->names[i]);
        }
        if (directive->type->kind == VALUE_INTEGER) {
                ck_assert((int64_t) directive->min < (int64_t) directive->max);
        } else {
                ck_assert(directive->min <= directive->max);
        }
        ck_assert(directive->record ? section_is_record(directive->section)
                                    : section_is_known(directive->section));
        ck_assert_ptr_eq(directive_find(directive->section, directive->name), directive);
        if (!directive->record) {
                ck_assert_ptr_eq(directive_find_name(directive->name), directive);
        }
}
END_TEST

START_TEST(names_are_unique) {
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                for (size_t j = 0; j < i; j++) {
                        ck_assert_str_ne(directive_table[i].name, directive_table[j].name);
                }
        }
}
END_TEST

START_TEST(types_are_complete) {
        const ValueType *type = value_types[_i];

        ck_assert_int_eq(type->kind, _i);
        ck_assert_ptr_nonnull(type->label);
        ck_assert_ptr_nonnull(type->grammar);
        ck_assert_ptr_nonnull(type->parse);
        ck_assert_ptr_nonnull(type->format);
        ck_assert_ptr_nonnull(type->done);
        ck_assert_ptr_nonnull(type->copy);
        ck_assert(!(type->list && type->merges));
        ck_assert_int_eq(type->list, streq(type->signature, "as"));
#define X(TYPE, text)                                                \
        if (type->kind == VALUE_##TYPE) {                            \
                ck_assert_str_eq(type->signature, text);             \
                ck_assert_uint_eq(type->size, sizeof(CTYPE_##TYPE)); \
        }
        VALUE_TYPES(X)
#undef X
}
END_TEST

/* What parse() makes of what format() wrote is written the same way again. */
START_TEST(format_then_parse_is_identity) {
        const Directive *directive = &directive_table[_i];
        _cleanup_(spec_freep) Spec *spec = new_spec(), *again = new_spec(), *copy = NULL;
        _cleanup_(strv_freep) char **before = NULL, **first = NULL, **second = NULL, **third = NULL;
        char *texts[2] = {};

        format(spec, directive, &before);
        texts[0] = (char *) sample(directive, before ? before[0] : "");
        ck_assert_ptr_nonnull(texts[0]);
        assign_all(spec, directive, texts);
        format(spec, directive, &first);
        ck_assert_msg(!strv_equal(before, first), "%s: the sample is the default", directive->name);
        if (!directive->type->list) {
                ck_assert_uint_eq(strv_length(first), 1);
        }
        assign_all(again, directive, first);
        format(again, directive, &second);
        ck_assert_msg(strv_equal(first, second), "%s: %s is not %s", directive->name, first[0],
                      second ? second[0] : "");
        /* a copy says the same, and owns what it says */
        ck_assert_int_eq(spec_copy(spec, &copy), 0);
        spec_freep(&spec);
        spec = NULL;
        format(copy, directive, &third);
        ck_assert(strv_equal(first, third));
}
END_TEST

START_TEST(an_empty_text_resets) {
        const Directive *directive = &directive_table[_i];
        _cleanup_(spec_freep) Spec *spec = new_spec();
        _cleanup_(strv_freep) char **before = NULL, **after = NULL;
        char *texts[3] = {};

        format(spec, directive, &before);
        texts[0] = (char *) sample(directive, before ? before[0] : "");
        texts[1] = (char *) "";
        assign_all(spec, directive, texts);
        format(spec, directive, &after);
        ck_assert(strv_equal(before, after));
        ck_assert(!spec->set[directive->id]);
}
END_TEST

START_TEST(lists_grow_and_remember_their_places) {
        const Directive *directive = directive_find_name("Layers");
        _cleanup_(spec_freep) Spec *spec = new_spec(), *copy = NULL;
        Place later = {.file = "drop-in.conf", .line = 5, .column = 8};
        DiagList diags = {};

        spec_assign(spec, directive, NULL, "a b", &place, &diags);
        spec_assign(spec, directive, NULL, "c", &later, &diags);
        ck_assert_int_eq(spec_copy(spec, &copy), 0);
        ck_assert_uint_eq(copy->layers.n, 3);
        ck_assert_uint_eq(copy->layers.items[1].place.line, 1);
        ck_assert_uint_eq(copy->layers.items[1].place.column, 3);
        ck_assert_ptr_eq(copy->layers.items[2].place.file, later.file);
        ck_assert_uint_eq(copy->layers.items[2].place.line, 5);
        ck_assert(copy->set[DIRECTIVE_Layers]);
        ck_assert_str_eq(copy->ports[0].name, "http");
}
END_TEST

static const struct {
        const char *section, *name, *suggestion;
} suggestions[] = {
        {"Sandbox", "MemoryMx", "MemoryMax"},      {"Sandbox", "memorymax", "MemoryMax"},
        {"Sandbox", "Description", "Description"}, {"Port", "Listn", "Listen"},
        {"Sandbox", "CompletelyElse", NULL},       {"Sandbox", "ExecStat", "ExecStart"},
};

START_TEST(misspelt_names_have_suggestions) {
        const Directive *found = directive_suggest(suggestions[_i].section, suggestions[_i].name);

        ck_assert(streq_ptr(found ? found->name : NULL, suggestions[_i].suggestion));
}
END_TEST

START_TEST(what_is_absent_is_no_directive) {
        const DirectiveAbsence *absence = &directive_absences[_i];

        ck_assert_ptr_null(directive_find_name(absence->name));
        ck_assert_ptr_eq(directive_absence_find(absence->name), absence);
        ck_assert(!endswith(absence->reason, "."));
}
END_TEST

START_TEST(sections_are_known) {
        ck_assert(section_is_known("Sandbox"));
        ck_assert(!section_is_known("sandbox"));
        ck_assert(!section_is_known("Port"));
        ck_assert(section_is_record("Port"));
        ck_assert(!section_is_record("Sandbox"));
        ck_assert_str_eq(section_suggest("Sandbx"), "Sandbox");
        ck_assert_str_eq(section_suggest("port"), "Port");
        ck_assert_ptr_null(section_suggest("Timer"));
        ck_assert_ptr_null(directive_find("Unit", "MemoryMax"));
        ck_assert_ptr_null(directive_find("Sandbox", "memorymax"));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("table");
        TCase *tc = tcase_create("table");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, rows_are_complete, 0, _DIRECTIVE_MAX);
        tcase_add_test(tc, names_are_unique);
        tcase_add_loop_test(tc, types_are_complete, 0, _VALUE_KIND_MAX);
        tcase_add_loop_test(tc, format_then_parse_is_identity, 0, _DIRECTIVE_MAX);
        tcase_add_loop_test(tc, an_empty_text_resets, 0, _DIRECTIVE_MAX);
        tcase_add_test(tc, lists_grow_and_remember_their_places);
        tcase_add_loop_test(tc, misspelt_names_have_suggestions, 0, ELEMENTS(suggestions));
        tcase_add_loop_test(tc, what_is_absent_is_no_directive, 0, (int) n_directive_absences);
        tcase_add_test(tc, sections_are_known);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
