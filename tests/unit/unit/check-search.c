/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The system's search path, and what the environment puts before it. */

#include "unit/unit.h"

#include <check.h>
#include <stdlib.h>

static const struct Case {
        const char *text;     /* of SBX_UNIT_PATH and SBX_LAYER_PATH, NULL: unset */
        const char *first[3]; /* what stands before the system's directories */
} cases[] = {
        {NULL, {NULL}},    {"", {NULL}},
        {"/a", {"/a"}},    {"/a:/b/c", {"/a", "/b/c"}},
        {":/a::", {"/a"}}, {"relative:/a:../b", {"/a"}},
};

static size_t check_before(char **directories, const char *const *first, const char *system) {
        size_t n = 0;

        for (; first[n]; n++) {
                ck_assert_str_eq(directories[n], first[n]);
        }
        ck_assert_str_eq(directories[n], system);
        return strv_length(directories) - n;
}

START_TEST(the_environment_comes_first) {
        const struct Case *c = &cases[_i];
        _cleanup_(unit_search_done) UnitSearch search = {};

        if (c->text) {
                ck_assert_int_eq(setenv("SBX_UNIT_PATH", c->text, /* replace= */ 1), 0);
                ck_assert_int_eq(setenv("SBX_LAYER_PATH", c->text, /* replace= */ 1), 0);
        } else {
                ck_assert_int_eq(unsetenv("SBX_UNIT_PATH"), 0);
                ck_assert_int_eq(unsetenv("SBX_LAYER_PATH"), 0);
        }
        ck_assert_int_eq(unit_search_system(&search), 0);
        ck_assert(search.check_owner);
        /* What set-property makes wins over all others: it lies beside the first of them. */
        ck_assert_str_eq(search.control, c->first[0] ? "/a.control" : "/etc/sbx/system.control");
        ck_assert_str_eq(search.directories[0], search.control);
        ck_assert_str_eq(search.directories[1], "/run/sbx/system.control");
        ck_assert_uint_eq(check_before(search.directories + 2, c->first, "/etc/sbx/system"), 4);
        ck_assert_uint_eq(check_before(search.layer_directories, c->first, "/etc/sbx/layers"), 4);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("unit/search");
        TCase *tc = tcase_create("search");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, the_environment_comes_first, 0, ELEMENTS(cases));
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
