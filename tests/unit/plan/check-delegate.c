/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What Delegate= comes to on which host. */

#include "fixture.h"

START_TEST(a_cgroup_is_given_away_on_v2_alone) {
        static const CgroupMode refused[] = {CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID};

        for (size_t i = 0; i < ELEMENTS(refused); i++) {
                _cleanup_fixture_ Fixture *fixture = fixture_new();

                fixture_assign(fixture, "Delegate", "yes");
                fixture_assign(fixture, "TasksMax", "infinity");
                fixture->host.cgroup_mode = refused[i];
                ck_assert_int_eq(
                        launch_plan_build(&fixture->input, &fixture->diags, &fixture->launch),
                        PLAN_E_UNSUPPORTED);
                ck_assert_uint_eq(fixture->diags.n, 1);
                ck_assert_str_eq(fixture->diags.diags[0].directive, "Delegate");
                ck_assert_uint_eq(fixture->diags.diags[0].place.line, 7);
        }
}
END_TEST

START_TEST(a_cgroup_is_not_given_away_without_a_namespace) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture_assign(fixture, "Delegate", "pids");
        fixture->host.cgroup_namespace = false;
        ck_assert_int_eq(launch_plan_build(&fixture->input, &fixture->diags, &fixture->launch),
                         PLAN_E_UNSUPPORTED);
        ck_assert_str_eq(fixture->diags.diags[0].directive, "Delegate");
}
END_TEST

START_TEST(what_is_given_away_is_what_was_said_last) {
        static const struct {
                const char *lines[3];
                const char *property; /* NULL: none */
                uint64_t controllers, all;
        } cases[] = {
                {{"yes"}, "Delegate", 0, 1},
                {{"cpu", "yes"}, "Delegate", 1u << CGROUP_HIERARCHY_CPU, 1},
                {{"cpu", "io pids"},
                 "DelegateControllers",
                 1u << CGROUP_HIERARCHY_CPU | 1u << CGROUP_HIERARCHY_IO |
                         1u << CGROUP_HIERARCHY_PIDS,
                 0},
                {{"yes cpuset", "no", "memory"},
                 "DelegateControllers",
                 1u << CGROUP_HIERARCHY_MEMORY,
                 0},
                {{"cpu", "no"}, NULL, 0, 0},
                {{"cpu", ""}, NULL, 0, 0},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture *fixture = fixture_new();
                const ScopeProperty *property;
                const Op *op;

                for (size_t k = 0; k < 3 && cases[i].lines[k]; k++) {
                        fixture_assign(fixture, "Delegate", cases[i].lines[k]);
                }
                fixture->input.backend = BACKEND_SCOPE;
                op = plan_find(fixture_build(fixture), OP_DELEGATE);
                ck_assert_int_eq(op != NULL, cases[i].property != NULL);
                property = find_property(fixture->launch, "Delegate");
                property =
                        property ? property : find_property(fixture->launch, "DelegateControllers");
                ck_assert_int_eq(property != NULL, cases[i].property != NULL);
                if (op) {
                        ck_assert_uint_eq(op->args[0].u64, cases[i].controllers);
                        ck_assert_uint_eq(op->args[1].u64, cases[i].all);
                        ck_assert_str_eq(property->name, cases[i].property);
                        ck_assert_str_eq(property->signature, cases[i].all ? "b" : "as");
                        for (size_t k = 0; k < property->list.n; k++) {
                                ck_assert_str_ne(property->list.items[k].text, "no");
                        }
                }
        }
}
END_TEST

START_TEST(who_manages_cgroups_goes_on_when_memory_runs_out_in_one) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        spec_derive(fixture->spec);
        ck_assert_int_eq(fixture->spec->oom_policy, OOM_POLICY_STOP);
        fixture_assign(fixture, "Delegate", "yes");
        spec_derive(fixture->spec);
        ck_assert_int_eq(fixture->spec->oom_policy, OOM_POLICY_CONTINUE);
        fixture_assign(fixture, "OOMPolicy", "kill");
        spec_derive(fixture->spec);
        ck_assert_int_eq(fixture->spec->oom_policy, OOM_POLICY_KILL);
        ck_assert_ptr_nonnull(plan_find(fixture_build(fixture), OP_OOM_GROUP));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("plan/delegate");
        TCase *tcase = tcase_create("decisions");
        SRunner *runner;
        int failures;

        tcase_add_test(tcase, a_cgroup_is_given_away_on_v2_alone);
        tcase_add_test(tcase, a_cgroup_is_not_given_away_without_a_namespace);
        tcase_add_test(tcase, what_is_given_away_is_what_was_said_last);
        tcase_add_test(tcase, who_manages_cgroups_goes_on_when_memory_runs_out_in_one);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failures = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
