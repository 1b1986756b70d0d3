/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plans of what changes while a sandbox runs: what is taken back, and what stays together. */

#include "fixture.h"

#include <stdlib.h>

static const DeviceSource disks[] = {{.path = (char *) "/dev/a", .major = 8, .minor = 0},
                                     {.path = (char *) "/a", .major = 8, .minor = 0},
                                     {.path = (char *) "/dev/b", .major = 8, .minor = 16}};
static const DeviceSources sources = {.sources = (DeviceSource *) disks, .n = ELEMENTS(disks)};

/* What is in force, what is to be, and which directives were assigned. */
typedef struct Change {
        Fixture *before, *after;
        bool wanted[_DIRECTIVE_MAX];
        LaunchPlan *launch;
} Change;

static void change_open(Change *change) {
        *change = (Change){.before = fixture_new(), .after = fixture_new()};
}

static void change_close(Change *change) {
        fixture_free(change->before);
        fixture_free(change->after);
        launch_plan_free(change->launch);
}

static void set(Change *change, const char *name, const char *text) {
        fixture_assign(change->after, name, text);
        change->wanted[directive_find_name(name)->id] = true;
}

static void build(Change *change, Backend backend, CgroupMode mode) {
        HostFacts host = full_host;
        LimitsInput input = {.unit_name = "test.sandbox",
                             .spec = change->after->spec,
                             .devices = &sources,
                             .before = change->before->spec,
                             .devices_before = &sources,
                             .host = &host,
                             .backend = backend,
                             .wanted = change->wanted};
        DiagList diags = {};

        host.cgroup_mode = mode;
        ck_assert_int_eq(limits_plan_build(&input, &diags, &change->launch), 0);
        diag_list_done(&diags);
}

/* The lines that the helper writes, in order. */
static void assert_lines(const Change *change, const char *const *expected) {
        const Plan *plan = change->launch->plan;
        size_t index = 0;
        const Op *op;

        if (plan->n_ops > 0) {
                ck_assert_int_eq(plan_check(plan, NULL), 0);
                ck_assert_int_eq(plan_use(plan), PLAN_USE_CHANGE);
        }
        while ((op = plan_next(plan, OP_LIMIT_TEXT, &index))) {
                ck_assert_msg(*expected != NULL, "\"%s\" is too much", op->args[1].string);
                ck_assert_str_eq(op->args[1].string, *expected);
                expected++;
        }
        ck_assert_msg(*expected == NULL, "\"%s\" is missing", *expected);
}
#define ASSERT_LINES(change, ...) assert_lines(change, (const char *const[]){__VA_ARGS__ NULL})

START_TEST(a_disk_that_is_no_longer_named_is_let_go) {
        Change change;

        change_open(&change);
        fixture_assign(change.before, "IOReadBandwidthMax", "/dev/a 5M");
        fixture_assign(change.before, "IOReadBandwidthMax", "/dev/b 5M");
        set(&change, "IOReadBandwidthMax", "/dev/b 1M");
        build(&change, BACKEND_DIRECT, CGROUP_UNIFIED);
        ASSERT_LINES(&change, "8:16 rbps=1000000", "8:0 rbps=max", );
        change_close(&change);
}
END_TEST

START_TEST(of_two_names_of_a_disk_the_last_counts) {
        Change change;

        change_open(&change);
        set(&change, "IOReadBandwidthMax", "/dev/a 5M");
        set(&change, "IOReadBandwidthMax", "/a 1M");
        build(&change, BACKEND_DIRECT, CGROUP_HYBRID);
        ASSERT_LINES(&change, "8:0 1000000", );
        change_close(&change);
}
END_TEST

START_TEST(infinity_takes_a_limit_back) {
        Change change;

        change_open(&change);
        fixture_assign(change.before, "IOWriteIOPSMax", "/dev/a 5");
        set(&change, "IOWriteIOPSMax", "/dev/a infinity");
        build(&change, BACKEND_DIRECT, CGROUP_HYBRID);
        ASSERT_LINES(&change, "8:0 0", );
        change_close(&change);
}
END_TEST

START_TEST(a_set_is_taken_back_where_there_was_one) {
        Change change;

        change_open(&change);
        set(&change, "AllowedCPUs", "");
        build(&change, BACKEND_DIRECT, CGROUP_UNIFIED);
        ASSERT_LINES(&change, );
        change_close(&change);
        change_open(&change);
        fixture_assign(change.before, "AllowedCPUs", "0");
        set(&change, "AllowedCPUs", "");
        build(&change, BACKEND_DIRECT, CGROUP_UNIFIED);
        ASSERT_LINES(&change, "", );
        change_close(&change);
}
END_TEST

START_TEST(io_weight_goes_back_to_the_kernel_s) {
        Change change;

        change_open(&change);
        fixture_assign(change.before, "IOWeight", "500");
        set(&change, "IOWeight", "");
        build(&change, BACKEND_DIRECT, CGROUP_UNIFIED);
        ASSERT_LINES(&change, "default 100", );
        change_close(&change);
}
END_TEST

/* systemd adds to a list that it has, but for an empty one; and of a weight that is taken back it
 * tells the kernel nothing. */
START_TEST(systemd_is_told_the_whole_list) {
        const ScopeProperty *properties;
        Change change;

        change_open(&change);
        fixture_assign(change.before, "IODeviceWeight", "/dev/a 500");
        set(&change, "IODeviceWeight", "/dev/b 300");
        build(&change, BACKEND_SCOPE, CGROUP_UNIFIED);
        properties = change.launch->properties;
        ck_assert_uint_eq(change.launch->n_properties, 2);
        ck_assert_str_eq(properties[0].name, "IODeviceWeight");
        ck_assert_uint_eq(properties[0].list.n, 0);
        ck_assert_ptr_null(properties[0].expected);
        ck_assert_uint_eq(properties[1].list.n, 2);
        ck_assert_str_eq(properties[1].list.items[0].text, "/dev/b");
        ck_assert_uint_eq(properties[1].list.items[0].size, 300);
        ck_assert_str_eq(properties[1].list.items[1].text, "/dev/a");
        ck_assert_uint_eq(properties[1].list.items[1].size, 100);
        ck_assert_str_eq(properties[1].expected[0], "8:16 300");
        ck_assert_str_eq(properties[1].expected[1], "8:0 100");
        ck_assert_ptr_null(properties[1].expected[2]);
        change_close(&change);
}
END_TEST

static size_t count(const Change *change, const char *name, size_t *ret_items) {
        size_t n = 0;

        *ret_items = 0;
        for (size_t i = 0; i < change->launch->n_properties; i++) {
                if (streq(change->launch->properties[i].name, name)) {
                        *ret_items = change->launch->properties[i].list.n;
                        n++;
                }
        }
        return n;
}

/* A filter that is asked for is looked for; one that is not is opened, since systemd keeps it; and
 * what opens it is gone with the next that is asked for. */
START_TEST(filters_are_told_whole) {
        size_t items;
        Change change;

        change_open(&change);
        set(&change, "IPAddressDeny", "any");
        build(&change, BACKEND_SCOPE, CGROUP_UNIFIED);
        ck_assert_ptr_nonnull(plan_find(change.launch->plan, OP_ADDRESS_FILTER));
        ck_assert_uint_eq(count(&change, "IPAddressAllow", &items), 1);
        ck_assert_uint_eq(items, 0);
        change_close(&change);
        change_open(&change);
        fixture_assign(change.before, "IPAddressDeny", "any");
        set(&change, "IPAddressDeny", "");
        build(&change, BACKEND_SCOPE, CGROUP_UNIFIED);
        ck_assert_uint_eq(change.launch->plan->n_ops, 0);
        ck_assert_uint_eq(count(&change, "IPAddressAllow", &items), 2);
        ck_assert_uint_eq(items, 1);
        change_close(&change);
        change_open(&change);
        fixture_assign(change.before, "DevicePolicy", "strict");
        set(&change, "DevicePolicy", "auto");
        build(&change, BACKEND_SCOPE, CGROUP_UNIFIED);
        ck_assert_uint_eq(change.launch->plan->n_ops, 0);
        ck_assert_uint_eq(count(&change, "DeviceAllow", &items), 2);
        ck_assert_uint_eq(items, 2);
        change_close(&change);
}
END_TEST

START_TEST(device_rules_are_replaced_whole) {
        Change change;
        const Op *op;

        change_open(&change);
        set(&change, "DevicePolicy", "closed");
        build(&change, BACKEND_DIRECT, CGROUP_UNIFIED);
        op = plan_find(change.launch->plan, OP_DEVICE_RULES);
        ck_assert_ptr_nonnull(op);
        ck_assert_uint_eq(op->args[0].u64, 0);
        ck_assert_ptr_nonnull(plan_find(change.launch->plan, OP_DEVICE_RULE));
        ASSERT_LINES(&change, );
        change_close(&change);
        change_open(&change);
        fixture_assign(change.before, "DevicePolicy", "closed");
        set(&change, "DevicePolicy", "");
        build(&change, BACKEND_DIRECT, CGROUP_UNIFIED);
        op = plan_find(change.launch->plan, OP_DEVICE_RULES);
        ck_assert_ptr_nonnull(op);
        ck_assert_uint_eq(op->args[0].u64, 1);
        ck_assert_ptr_null(plan_find(change.launch->plan, OP_DEVICE_RULE));
        change_close(&change);
}
END_TEST

/* What an undo is made of: the two the other way round. */
START_TEST(every_change_has_a_way_back) {
        Change change;

        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];

                if (!(directive->flags & DIRECTIVE_RUNTIME) ||
                    startswith(directive->name, "ManagedOOM") ||
                    directive->type->kind == VALUE_DEVICES) {
                        continue;
                }
                for (Backend backend = 0; backend < _BACKEND_MAX; backend++) {
                        const char *sample = directive->type->sample ? directive->type->sample
                                                                     : directive->names[1];

                        if (backend == BACKEND_DIRECT && startswith(directive->name, "IPA")) {
                                continue; /* systemd's alone */
                        }
                        change_open(&change);
                        change.wanted[i] = true;
                        fixture_assign(change.before, directive->name,
                                       startswith(directive->name, "IO") && strchr(sample, '/')
                                               ? "/dev/a 77"
                                               : sample);
                        build(&change, backend, CGROUP_UNIFIED);
                        ck_assert_msg(change.launch->plan->n_ops + change.launch->n_properties > 0,
                                      "%s= is not taken back", directive->name);
                        change_close(&change);
                }
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("plan/changes");
        TCase *tcase = tcase_create("changes");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, a_disk_that_is_no_longer_named_is_let_go);
        tcase_add_test(tcase, of_two_names_of_a_disk_the_last_counts);
        tcase_add_test(tcase, infinity_takes_a_limit_back);
        tcase_add_test(tcase, a_set_is_taken_back_where_there_was_one);
        tcase_add_test(tcase, io_weight_goes_back_to_the_kernel_s);
        tcase_add_test(tcase, systemd_is_told_the_whole_list);
        tcase_add_test(tcase, filters_are_told_whole);
        tcase_add_test(tcase, device_rules_are_replaced_whole);
        tcase_add_test(tcase, every_change_has_a_way_back);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
