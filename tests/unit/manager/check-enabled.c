/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/enabled.h"

#include "base/str.h"

#include <check.h>
#include <sys/stat.h>
#include <unistd.h>

/* systemctl enable makes links that lead nowhere here: what counts is that they are there. */
START_TEST(a_link_of_a_unit_that_wants_it) {
        static const struct {
                const char *wanting, *link;
                bool enabled;
        } cases[] = {
                {"multi-user.target.wants", "sbx@web.service", true},
                {"shop.service.requires", "sbx@web.service", true},
                {"multi-user.target.wants", "sbx@web2.service", false},
                {"multi-user.target.wants", "web.service", false},
                {"multi-user.target.d", "sbx@web.service", false},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char directory[] = "/tmp/sbx-enabled-XXXXXX";
                const char *const directories[] = {"/nonexistent", directory, NULL};
                _cleanup_free_ char *wanting = NULL, *link = NULL;

                ck_assert_ptr_nonnull(mkdtemp(directory));
                wanting = strf("%s/%s", directory, cases[i].wanting);
                link = strf("%s/%s", wanting, cases[i].link);
                ck_assert_int_eq(mkdir(wanting, 0755), 0);
                ck_assert(!enabled_below(directories, "web.sandbox"));
                ck_assert_int_eq(symlink("/nonexistent", link), 0);
                ck_assert_int_eq(enabled_below(directories, "web.sandbox"), cases[i].enabled);
                ck_assert_int_eq(unlink(link), 0);
                ck_assert_int_eq(rmdir(wanting), 0);
                ck_assert_int_eq(rmdir(directory), 0);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("enabled");
        TCase *tcase = tcase_create("enabled");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, a_link_of_a_unit_that_wants_it);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
