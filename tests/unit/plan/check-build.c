/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Decisions of the planner that depend on the host, on the back end or on how a program is started;
 * what each directive comes to is in tests/golden. */

#include "fixture.h"
#include "op/limit.h"

#include <linux/sched.h>

/* -- the back ends -- */

START_TEST(direct_back_end_has_ops_and_no_properties) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const Plan *plan;
        size_t index = 0;

        fixture_assign(fixture, "MemoryMax", "64M");
        plan = fixture_build(fixture);
        ck_assert_uint_eq(fixture->launch->n_properties, 0);
        ck_assert_str_eq(plan_find(plan, OP_CGROUP)->args[0].string, "test.sandbox");
        ck_assert_uint_eq(plan_next(plan, OP_LIMIT, &index)->args[1].u64, 64 << 20);
        ck_assert_uint_eq(plan_next(plan, OP_LIMIT, &index)->args[1].u64, 1024);
        ck_assert_ptr_null(plan_next(plan, OP_LIMIT, &index));
}
END_TEST

START_TEST(scope_back_end_has_properties_and_no_ops) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const ScopeProperty *property;
        const Plan *plan;

        fixture->input.backend = BACKEND_SCOPE;
        fixture_assign(fixture, "MemoryMax", "64M");
        plan = fixture_build(fixture);
        ck_assert_ptr_null(plan_find(plan, OP_CGROUP));
        ck_assert_ptr_null(plan_find(plan, OP_LIMIT));
        property = find_property(fixture->launch, "MemoryMax");
        ck_assert_ptr_nonnull(property);
        ck_assert_str_eq(property->signature, "t");
        ck_assert_uint_eq(property->number, 64 << 20);
        ck_assert_uint_eq(property->place.line, 7);
        ck_assert_str_eq(find_property(fixture->launch, "Slice")->text, "sbx.slice");
        ck_assert_str_eq(find_property(fixture->launch, "Description")->text, "test.sandbox");
        ck_assert_str_eq(find_property(fixture->launch, "CollectMode")->text, "inactive-or-failed");
        ck_assert_ptr_null(find_property(fixture->launch, "CPUWeight"));
}
END_TEST

START_TEST(output_goes_where_somebody_reads_it) {
        static const struct {
                Backend backend;
                bool journal;
                unsigned streams;
                uint64_t kind;
                const char *argument;
        } cases[] = {
                {BACKEND_SCOPE, true, 0, OP_STDIO_JOURNAL, "test.sandbox"},
                {BACKEND_SCOPE, false, 0, OP_STDIO_INHERIT, "log"},
                {BACKEND_DIRECT, true, 0, OP_STDIO_INHERIT, "log"},
                {BACKEND_SCOPE, true, 3, OP_STDIO_INHERIT, "1"},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture *fixture = fixture_new();
                const Plan *plan;
                const Op *op;
                size_t index = 0;

                fixture->input.backend = cases[i].backend;
                fixture->host.journal = cases[i].journal;
                fixture->input.n_streams = cases[i].streams;
                plan = fixture_build(fixture);
                op = plan_next(plan, OP_STDIO, &index);
                ck_assert_uint_eq(op->args[1].u64,
                                  cases[i].streams > 0 ? OP_STDIO_INHERIT : OP_STDIO_NULL);
                op = plan_next(plan, OP_STDIO, &index);
                ck_assert_uint_eq(op->args[1].u64, cases[i].kind);
                ck_assert_str_eq(op->args[2].string, cases[i].argument);
                ck_assert_ptr_nonnull(plan_next(plan, OP_STDIO, &index));
        }
}
END_TEST

START_TEST(a_terminal_takes_the_streams_place) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const Plan *plan;

        fixture->input.terminal = true;
        fixture->input.rows = 25;
        fixture->input.columns = 80;
        plan = fixture_build(fixture);
        ck_assert_ptr_null(plan_find(plan, OP_STDIO));
        ck_assert_uint_eq(plan_find(plan, OP_TERMINAL)->args[0].u64, 25);
        ck_assert_uint_eq(plan_find(plan, OP_TERMINAL)->args[1].u64, 80);
        ck_assert(strv_contains(plan_find(plan, OP_ENVIRONMENT)->args[0].strv, "TERM=vt220"));
}
END_TEST

/* -- what a host lacks -- */

START_TEST(a_limit_that_the_unit_sets_must_be_enforceable) {
        for (Backend backend = 0; backend < _BACKEND_MAX; backend++) {
                _cleanup_fixture_ Fixture *fixture = fixture_new();

                fixture->input.backend = backend;
                fixture->host.cgroup_controllers &= ~(UINT32_C(1) << CGROUP_HIERARCHY_MEMORY);
                fixture_assign(fixture, "MemoryMax", "64M");
                ck_assert_int_eq(
                        launch_plan_build(&fixture->input, &fixture->diags, &fixture->launch),
                        PLAN_E_UNSUPPORTED);
                ck_assert_ptr_null(fixture->launch);
                ck_assert_uint_eq(fixture->diags.n_errors, 1);
                ck_assert_str_eq(fixture->diags.diags[0].directive, "MemoryMax");
                ck_assert_uint_eq(fixture->diags.diags[0].place.line, 7);
        }
}
END_TEST

START_TEST(all_that_is_lacking_is_named_at_once) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture->host.cgroup_mode = CGROUP_NONE;
        fixture->host.time_namespace = fixture->host.cgroup_namespace = false;
        fixture_assign(fixture, "MemoryMax", "64M");
        fixture_assign(fixture, "CPUQuota", "50%");
        fixture_assign(fixture, "PrivateTime", "yes");
        fixture_assign(fixture, "ProtectControlGroups", "yes");
        ck_assert_int_eq(launch_plan_build(&fixture->input, &fixture->diags, &fixture->launch),
                         PLAN_E_UNSUPPORTED);
        ck_assert_uint_eq(fixture->diags.n_errors, 4);
}
END_TEST

START_TEST(a_default_degrades) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const Plan *plan;

        fixture->host.cgroup_mode = CGROUP_NONE;
        fixture->host.cgroup_namespace = false;
        plan = fixture_build(fixture);
        ck_assert_ptr_null(plan_find(plan, OP_LIMIT));
        ck_assert_ptr_null(plan_find(plan, OP_CGROUP_NAMESPACE));
        ck_assert_uint_eq(strv_length(fixture->launch->degraded), 2);
        ck_assert_ptr_nonnull(strstr(fixture->launch->degraded[0], "TasksMax"));
}
END_TEST

START_TEST(no_limit_needs_no_controller) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture->host.cgroup_mode = CGROUP_NONE;
        fixture_assign(fixture, "MemoryMax", "infinity");
        fixture_assign(fixture, "TasksMax", "infinity");
        ck_assert_ptr_null(plan_find(fixture_build(fixture), OP_LIMIT));
        ck_assert_uint_eq(strv_length(fixture->launch->degraded), 0);
}
END_TEST

START_TEST(an_explicit_infinity_overrides_systemd_s_default) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture->input.backend = BACKEND_SCOPE;
        fixture_assign(fixture, "TasksMax", "infinity");
        (void) fixture_build(fixture);
        ck_assert_uint_eq(find_property(fixture->launch, "TasksMax")->number, UINT64_MAX);
}
END_TEST

START_TEST(values_that_the_kernel_does_not_take_are_refused) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture_assign(fixture, "CPUQuota", "0.05%");
        ck_assert_int_eq(launch_plan_build(&fixture->input, &fixture->diags, &fixture->launch),
                         PLAN_E_UNSUPPORTED);
        ck_assert_str_eq(fixture->diags.diags[0].directive, "CPUQuota");
}
END_TEST

/* systemd takes it wherever it runs, and nothing comes of it. */
START_TEST(oomd_is_asked_where_it_is) {
        static const struct {
                CgroupMode mode;
                Backend backend;
                bool oomd;
                const char *name, *value, *fault; /* NULL: none */
        } cases[] = {
                {CGROUP_UNIFIED, BACKEND_SCOPE, true, "ManagedOOMSwap", "kill", NULL},
                {CGROUP_UNIFIED, BACKEND_SCOPE, false, "ManagedOOMSwap", "kill", "does not run"},
                {CGROUP_UNIFIED, BACKEND_SCOPE, false, "ManagedOOMPreference", "omit", NULL},
                {CGROUP_UNIFIED, BACKEND_SCOPE, false, "ManagedOOMMemoryPressureLimit", "101%",
                 "at most 100%"},
                {CGROUP_HYBRID, BACKEND_SCOPE, true, "ManagedOOMSwap", "kill", "cgroup v2 alone"},
                {CGROUP_UNIFIED, BACKEND_DIRECT, true, "ManagedOOMPreference", "avoid",
                 "units of systemd alone"},
                {CGROUP_HYBRID, BACKEND_DIRECT, false, "ManagedOOMMemoryPressure", "auto", NULL},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture *fixture = fixture_new();
                int r;

                fixture->host.cgroup_mode = cases[i].mode;
                fixture->host.oomd = cases[i].oomd;
                fixture->input.backend = cases[i].backend;
                fixture_assign(fixture, cases[i].name, cases[i].value);
                r = launch_plan_build(&fixture->input, &fixture->diags, &fixture->launch);
                ck_assert_int_eq(r, cases[i].fault ? PLAN_E_UNSUPPORTED : 0);
                if (cases[i].fault) {
                        ck_assert_str_eq(fixture->diags.diags[0].directive, cases[i].name);
                        ck_assert_ptr_nonnull(strstr(fixture->diags.diags[0].text, cases[i].fault));
                }
        }
}
END_TEST

/* As systemd does it, in both back ends. */
START_TEST(a_small_quota_has_a_longer_period) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const Plan *plan;
        const Op *op;
        size_t i = 0;

        fixture_assign(fixture, "CPUQuota", "0.5%");
        plan = fixture_build(fixture);
        do {
                op = plan_next(plan, OP_LIMIT, &i);
                ck_assert_ptr_nonnull(op);
        } while (op->args[0].u64 != LIMIT_CPU_PERIOD);
        ck_assert_uint_eq(op->args[1].u64, 200000);
        fixture->launch = launch_plan_free(fixture->launch);
        fixture->input.backend = BACKEND_SCOPE;
        (void) fixture_build(fixture);
        ck_assert_uint_eq(find_property(fixture->launch, "CPUQuotaPeriodUSec")->number, 200000);
}
END_TEST

START_TEST(root_inside_is_never_root_outside_by_want_of_a_kernel) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture->host.user_namespace = false;
        ck_assert_int_eq(launch_plan_build(&fixture->input, &fixture->diags, &fixture->launch),
                         PLAN_E_UNSUPPORTED);
        ck_assert_str_eq(fixture->diags.diags[0].directive, "PrivateUsers");
}
END_TEST

/* -- namespaces and ids -- */

static const struct {
        const char *name;
        uint64_t flag;
} switches[] = {
        {"PrivatePIDs", CLONE_NEWPID},   {"ProtectHostname", CLONE_NEWUTS},
        {"PrivateIPC", CLONE_NEWIPC},    {"PrivateNetwork", CLONE_NEWNET},
        {"PrivateUsers", CLONE_NEWUSER},
};

START_TEST(each_namespace_is_switched_alone) {
        const uint64_t all = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
                             CLONE_NEWNET | CLONE_NEWUSER;
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture_assign(fixture, switches[_i].name, "no");
        ck_assert_uint_eq(plan_find(fixture_build(fixture), OP_NAMESPACES)->args[0].u64,
                          all & ~switches[_i].flag);
}
END_TEST

START_TEST(every_cause_belongs_to_an_op) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const Plan *plan = fixture_build(fixture);
        const LaunchPlan *launch = fixture->launch;

        ck_assert_uint_gt(launch->n_causes, 0);
        for (size_t i = 0; i < launch->n_causes; i++) {
                ck_assert_uint_lt(launch->causes[i].op, plan->n_ops);
                ck_assert_uint_lt(launch->causes[i].origin, _DIRECTIVE_MAX);
                if (i > 0) {
                        ck_assert_uint_ge(launch->causes[i].op, launch->causes[i - 1].op);
                }
        }
}
END_TEST

START_TEST(proc_of_the_host_is_guarded) {
        static const struct {
                const char *pids, *users, *subset;
                bool fresh;
                size_t n_guards;
        } cases[] = {
                {"yes", "pick", NULL, true, 0},  {"yes", "pick", "all", true, 8},
                {"no", "no", "all", true, 8},    {"no", "no", NULL, true, 0},
                {"no", "pick", "all", false, 8}, {"no", "pick", NULL, false, 8},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture *fixture = fixture_new();
                const Plan *plan;
                const Op *op;
                size_t n = 0, index = 0;

                fixture_assign(fixture, "PrivatePIDs", cases[i].pids);
                fixture_assign(fixture, "PrivateUsers", cases[i].users);
                if (cases[i].subset) {
                        fixture_assign(fixture, "ProcSubset", cases[i].subset);
                }
                plan = fixture_build(fixture);
                ck_assert((plan_find(plan, OP_PROC) != NULL) == cases[i].fresh);
                while ((op = plan_next(plan, OP_BIND, &index))) {
                        n += startswith(op->args[1].string, "/proc/") &&
                             (op->args[2].u64 & OP_MOUNT_READ_ONLY) != 0;
                }
                ck_assert_uint_eq(n, cases[i].n_guards);
        }
}
END_TEST

/* Whatever the ids: nothing of a sandbox may remove the host's nodes or make anything beside them.
 */
START_TEST(dev_of_the_host_is_never_writable) {
        static const char *const ipc[] = {"yes", "no"};

        for (size_t i = 0; i < ELEMENTS(ipc); i++) {
                _cleanup_fixture_ Fixture *fixture = fixture_new();
                const Plan *plan;
                const Op *op;
                size_t index = 0, n = 0;

                fixture_assign(fixture, "PrivateDevices", "no");
                fixture_assign(fixture, "PrivateUsers", "no");
                fixture_assign(fixture, "PrivateIPC", ipc[i]);
                plan = fixture_build(fixture);
                while ((op = plan_next(plan, OP_BIND, &index))) {
                        if (streq(op->args[1].string, "/dev")) {
                                n++;
                                ck_assert_uint_eq(op->args[2].u64, OP_MOUNT_READ_ONLY |
                                                                           OP_MOUNT_NO_EXEC |
                                                                           OP_MOUNT_DEVICES);
                        }
                }
                ck_assert_uint_eq(n, 1);
                ck_assert_ptr_null(plan_find(plan, OP_MQUEUE)); /* its mount point may be missing */
        }
}
END_TEST

START_TEST(proc_that_cannot_be_hidden_is_refused) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture_assign(fixture, "PrivatePIDs", "no");
        fixture_assign(fixture, "ProcSubset", "pid");
        ck_assert_int_eq(launch_plan_build(&fixture->input, &fixture->diags, &fixture->launch),
                         PLAN_E_UNSUPPORTED);
        ck_assert_str_eq(fixture->diags.diags[0].directive, "ProcSubset");
}
END_TEST

static const struct {
        const char *unit, *host;
} host_names[] = {
        {"web.sandbox", "web"},
        {"web@a.sandbox", "web-a"},
        {"a_b:c.sandbox", "a-b-c"},
        {"-.sandbox", "sandbox"},
        {".x-.sandbox", "x"},
        {"a.b.sandbox", "a.b"},
        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.sandbox",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
};

START_TEST(a_unit_s_name_becomes_a_host_name) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture->input.unit_name = host_names[_i].unit;
        ck_assert_str_eq(plan_find(fixture_build(fixture), OP_HOSTNAME)->args[0].string,
                         host_names[_i].host);
}
END_TEST

START_TEST(one_program_after_another_needs_the_reaper) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();

        fixture_assign(fixture, "PrivatePIDs", "no");
        ck_assert_ptr_null(plan_find(fixture_build(fixture), OP_REAPER));
        fixture->launch = launch_plan_free(fixture->launch);
        fixture_assign(fixture, "Type", "oneshot");
        fixture_assign(fixture, "ExecStart", "-/bin/false");
        ck_assert_ptr_nonnull(plan_find(fixture_build(fixture), OP_REAPER));
        ck_assert_uint_eq(fixture->launch->plan->ops[fixture->launch->plan->n_ops - 1].args[2].u64,
                          OP_EXEC_IGNORE_FAILURE);
}
END_TEST

/* -- mounts -- */

START_TEST(parents_come_before_children) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const Plan *plan;
        size_t place = 0, seen = 0;

        fixture_assign(fixture, "BindPaths", "/a:/srv/x/y /b:/srv /c:/var");
        fixture_assign(fixture, "TemporaryFileSystem", "/srv/x");
        plan = fixture_build(fixture);
        for (size_t i = 0; i < plan->n_ops; i++) {
                static const char *const order[] = {"/srv", "/srv/x", "/srv/x/y"};
                const Op *op = &plan->ops[i];
                const char *target = op->kind == OP_BIND    ? op->args[1].string
                                     : op->kind == OP_TMPFS ? op->args[0].string
                                                            : "";

                if (streq(target, "/var")) {
                        place = i;
                } else if (streq(target, "/var/tmp")) {
                        ck_assert_uint_gt(place, 0); /* the private one is not hidden */
                } else if (seen < ELEMENTS(order) && startswith(target, "/srv")) {
                        ck_assert_str_eq(target, order[seen++]);
                }
        }
        ck_assert_uint_eq(seen, 3);
}
END_TEST

START_TEST(a_unit_s_mount_takes_the_place_of_ours) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const Plan *plan;
        const Op *op;
        size_t index = 0, n = 0;

        fixture_assign(fixture, "TemporaryFileSystem", "/tmp:size=1M,noexec /run:ro");
        plan = fixture_build(fixture);
        while ((op = plan_next(plan, OP_TMPFS, &index))) {
                if (streq(op->args[0].string, "/tmp")) {
                        n++;
                        ck_assert_uint_eq(op->args[1].u64, OP_MOUNT_NO_EXEC);
                        ck_assert_uint_eq(op->args[2].u64, 1 << 20);
                }
                n += streq(op->args[0].string, "/run") && op->args[1].u64 == OP_MOUNT_READ_ONLY;
        }
        ck_assert_uint_eq(n, 2);
}
END_TEST

START_TEST(layers_are_emitted_topmost_first) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        LayerSource sources[] = {{.path = (char *) "/l/low", .image = true, .name = (char *) "low"},
                                 {.path = (char *) "/l/high", .name = (char *) "high"}};
        LayerSources layers = {.sources = sources, .n = 2};
        const Plan *plan;
        size_t index = 0;

        fixture->input.layers = &layers;
        plan = fixture_build(fixture);
        ck_assert_str_eq(plan_next(plan, OP_LAYER, &index)->args[1].string, "/l/high");
        ck_assert_str_eq(plan_next(plan, OP_LAYER, &index)->args[1].string, "/l/low");
        ck_assert_ptr_null(plan_next(plan, OP_LAYER, &index));
}
END_TEST

/* -- commands and environment -- */

typedef struct WordCase {
        const char *words[6], *expected[8];
} WordCase;

static const WordCase word_cases[] = {
        {{"a", "b"}, {"a", "b"}},
        {{"$ONE"}, {"one"}},
        {{"${ONE}"}, {"one"}},
        {{"x${ONE}y"}, {"xoney"}},
        {{"$TWO"}, {"two", "words"}},
        {{"${TWO}"}, {"two words"}},
        {{"x$TWO"}, {"x$TWO"}}, /* not a word of its own */
        {{"$$ONE", "$$"}, {"$ONE", "$"}},
        {{"$NONE", "a"}, {"a"}},
        {{"${NONE}", "a"}, {"", "a"}},
        {{"$QUOTED"}, {"a b", "c"}},
        {{"$BROKEN"}, {"\"a"}},
        {{"${ONE", "$", "${}", "$1"}, {"${ONE", "$", "${}", "$1"}},
        {{"$NESTED"}, {"$ONE"}}, /* once, not again */
        {{"$EMPTY", "${EMPTY}"}, {""}},
};

START_TEST(variables_are_replaced_as_systemd_does) {
        static char *environment[] = {(char *) "ONE=one",          (char *) "TWO=two words",
                                      (char *) "QUOTED='a b' c",   (char *) "BROKEN=\"a",
                                      (char *) "NESTED=$ONE",      (char *) "EMPTY=",
                                      (char *) "ONEMORE=mistaken", NULL};
        const WordCase *each = &word_cases[_i];
        _cleanup_(strv_freep) char **list = NULL;
        size_t n = 0;

        ck_assert_int_eq(expand_words((char *const *) each->words, environment, &list), 0);
        while (n < ELEMENTS(each->expected) && each->expected[n]) {
                n++;
        }
        ck_assert_uint_eq(strv_length(list), n);
        for (size_t i = 0; i < n; i++) {
                ck_assert_str_eq(list[i], each->expected[i]);
        }
}
END_TEST

START_TEST(a_colon_leaves_variables_alone) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const Op *op;

        fixture_assign(fixture, "ExecStart", "");
        fixture_assign(fixture, "Environment", "A=1");
        fixture_assign(fixture, "ExecStart", ":@/bin/echo name $A");
        op = plan_find(fixture_build(fixture), OP_EXEC);
        ck_assert_str_eq(op->args[0].string, "/bin/echo");
        ck_assert_str_eq(op->args[1].strv[0], "name");
        ck_assert_str_eq(op->args[1].strv[1], "$A");
}
END_TEST

START_TEST(later_assignments_win) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        char *const *list;

        fixture_assign(fixture, "Environment", "PATH=/opt A=1 A=2");
        fixture_assign(fixture, "Environment", "AB=3 A=4");
        list = plan_find(fixture_build(fixture), OP_ENVIRONMENT)->args[0].strv;
        ck_assert(strv_contains(list, "PATH=/opt"));
        ck_assert(strv_contains(list, "A=4"));
        ck_assert(strv_contains(list, "AB=3"));
        ck_assert(strv_contains(list, "HOME=/root"));
        ck_assert(strv_contains(list, "container=sbx"));
        ck_assert(strv_contains(list, "container_uuid=01234567-89ab-cdef-0123-456789abcdef"));
        ck_assert_uint_eq(strv_length(list), 10);
}
END_TEST

/* -- one more program inside -- */

START_TEST(exec_has_the_unit_s_confinement) {
        static char *argv[] = {(char *) "id", (char *) "$A", NULL};
        static char *environment[] = {(char *) "TERM=linux", NULL};
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        _cleanup_(plan_freep) Plan *plan = NULL;
        ExecInput input = {.unit_name = "test.sandbox",
                           .spec = fixture->spec,
                           .argv = argv,
                           .environment = environment,
                           .user = "1000",
                           .directory = "/srv",
                           .terminal = true,
                           .rows = 24,
                           .columns = 80};
        const Plan *own;
        size_t here = 0, there = 0;

        fixture_assign(fixture, "Group", "users");
        ck_assert_int_eq(exec_plan_build(&input, &fixture->diags, &plan), 0);
        own = fixture_build(fixture);
        for (size_t i = 0; i < plan->n_ops; i++) {
                ck_assert_int_eq((int) op_table[plan->ops[i].kind].phase, OP_PHASE_WORKLOAD);
        }
        for (int i = 0; i < 2; i++) {
                const Op *a = plan_next(plan, OP_SECCOMP, &here);
                const Op *b = plan_next(own, OP_SECCOMP, &there);

                ck_assert_uint_eq(a->args[1].blob.size, b->args[1].blob.size);
                ck_assert_mem_eq(a->args[1].blob.bytes, b->args[1].blob.bytes,
                                 a->args[1].blob.size);
        }
        ck_assert_ptr_nonnull(plan_find(plan, OP_NO_NEW_PRIVS));
        ck_assert_ptr_nonnull(plan_find(plan, OP_KEYRING));
        ck_assert_uint_eq(plan_find(plan, OP_CAPABILITIES)->args[0].u64, 0);
        ck_assert_uint_eq(plan_find(plan, OP_TERMINAL)->args[1].u64, 80);
        ck_assert_str_eq(plan_find(plan, OP_USER)->args[0].string, "1000");
        ck_assert_str_eq(plan_find(plan, OP_USER)->args[1].string, "");
        ck_assert_str_eq(plan_find(plan, OP_WORKING_DIRECTORY)->args[0].string, "/srv");
        ck_assert_str_eq(plan_find(plan, OP_EXEC)->args[1].strv[1], "$A");
        ck_assert(strv_contains(plan_find(plan, OP_ENVIRONMENT)->args[0].strv, "TERM=linux"));
}
END_TEST

/* The groups are those of the unit's user. */
START_TEST(exec_has_what_the_process_is_given) {
        char *argv[] = {(char *) "true", NULL};
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        _cleanup_(plan_freep) Plan *own = NULL, *other = NULL;
        ExecInput input = {.unit_name = "test.sandbox", .spec = fixture->spec, .argv = argv};

        fixture_assign(fixture, "Nice", "0");
        fixture_assign(fixture, "CPUAffinity", "1");
        fixture_assign(fixture, "SupplementaryGroups", "44");
        ck_assert_ptr_nonnull(plan_find(fixture_build(fixture), OP_IGNORE_SIGPIPE));
        ck_assert_int_eq(exec_plan_build(&input, &fixture->diags, &own), 0);
        ck_assert(plan_find(own, OP_NICE) && plan_find(own, OP_CPU_AFFINITY));
        ck_assert(plan_find(own, OP_GROUPS) && !plan_find(own, OP_IGNORE_SIGPIPE));
        input.user = "1000";
        fixture_assign(fixture, "IgnoreSIGPIPE", "yes");
        ck_assert_int_eq(exec_plan_build(&input, &fixture->diags, &other), 0);
        ck_assert(!plan_find(other, OP_GROUPS) && plan_find(other, OP_IGNORE_SIGPIPE));
}
END_TEST

START_TEST(exec_refuses_what_leads_out) {
        static char *argv[] = {(char *) "id", NULL};
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        _cleanup_(plan_freep) Plan *plan = NULL;
        ExecInput input = {.unit_name = "test.sandbox",
                           .spec = fixture->spec,
                           .argv = argv,
                           .directory = "/proc/self/fd/3"};

        ck_assert_int_eq(exec_plan_build(&input, &fixture->diags, &plan), PLAN_E_UNSUPPORTED);
        ck_assert_str_eq(fixture->diags.diags[0].directive, "WorkingDirectory");
        input.directory = NULL;
        input.argv = argv + 1;
        ck_assert_int_eq(exec_plan_build(&input, &fixture->diags, &plan), -EINVAL);
}
END_TEST

START_TEST(filters_come_last_and_the_allow_list_behind_the_other) {
        _cleanup_fixture_ Fixture *fixture = fixture_new();
        const Plan *plan = fixture_build(fixture);
        size_t n = plan->n_ops;

        ck_assert_int_eq((int) plan->ops[n - 1].kind, OP_EXEC);
        ck_assert_str_eq(plan->ops[n - 2].args[0].string, "calls");
        ck_assert_str_eq(plan->ops[n - 3].args[0].string, "arguments");
}
END_TEST

static void add_tests(TCase *tcase) {
        tcase_add_test(tcase, direct_back_end_has_ops_and_no_properties);
        tcase_add_test(tcase, scope_back_end_has_properties_and_no_ops);
        tcase_add_test(tcase, output_goes_where_somebody_reads_it);
        tcase_add_test(tcase, a_terminal_takes_the_streams_place);
        tcase_add_test(tcase, a_limit_that_the_unit_sets_must_be_enforceable);
        tcase_add_test(tcase, all_that_is_lacking_is_named_at_once);
        tcase_add_test(tcase, a_default_degrades);
        tcase_add_test(tcase, no_limit_needs_no_controller);
        tcase_add_test(tcase, an_explicit_infinity_overrides_systemd_s_default);
        tcase_add_test(tcase, values_that_the_kernel_does_not_take_are_refused);
        tcase_add_test(tcase, oomd_is_asked_where_it_is);
        tcase_add_test(tcase, a_small_quota_has_a_longer_period);
        tcase_add_test(tcase, root_inside_is_never_root_outside_by_want_of_a_kernel);
        tcase_add_loop_test(tcase, each_namespace_is_switched_alone, 0, ELEMENTS(switches));
        tcase_add_test(tcase, every_cause_belongs_to_an_op);
        tcase_add_test(tcase, proc_of_the_host_is_guarded);
        tcase_add_test(tcase, dev_of_the_host_is_never_writable);
        tcase_add_test(tcase, proc_that_cannot_be_hidden_is_refused);
        tcase_add_loop_test(tcase, a_unit_s_name_becomes_a_host_name, 0, ELEMENTS(host_names));
        tcase_add_test(tcase, one_program_after_another_needs_the_reaper);
        tcase_add_test(tcase, parents_come_before_children);
        tcase_add_test(tcase, a_unit_s_mount_takes_the_place_of_ours);
        tcase_add_test(tcase, layers_are_emitted_topmost_first);
        tcase_add_loop_test(tcase, variables_are_replaced_as_systemd_does, 0, ELEMENTS(word_cases));
        tcase_add_test(tcase, a_colon_leaves_variables_alone);
        tcase_add_test(tcase, later_assignments_win);
        tcase_add_test(tcase, exec_has_the_unit_s_confinement);
        tcase_add_test(tcase, exec_has_what_the_process_is_given);
        tcase_add_test(tcase, exec_refuses_what_leads_out);
        tcase_add_test(tcase, filters_come_last_and_the_allow_list_behind_the_other);
}

int main(void) {
        Suite *suite = suite_create("plan/build");
        TCase *tcase = tcase_create("decisions");
        SRunner *runner;
        int failed;

        add_tests(tcase);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
