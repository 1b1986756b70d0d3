/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A plan under test, from the few lines that a test assigns and a made-up host. */

#include "plan/builder.h"

#include <check.h>

static const HostFacts full_host = {
        .kernel_major = 6,
        .kernel_minor = 1,
        .cgroup_mode = CGROUP_UNIFIED,
        .cgroup_controllers = UINT32_MAX,
        .systemd_booted = true,
        .journal = true,
        .time_namespace = true,
        .cgroup_namespace = true,
        .user_namespace = true,
};

/* A plan under test and what it was made of. */
typedef struct Fixture {
        Spec *spec;
        HostFacts host;
        PlanInput input;
        LayerSource layer;
        LayerSources layers;
        DiagList diags;
        LaunchPlan *launch;
} Fixture;

static inline void fixture_assign(Fixture *fixture, const char *name, const char *text) {
        const Place place = {.file = "test.sandbox", .line = 7, .column = 3};
        const Directive *directive = directive_find_name(name);

        ck_assert_msg(directive != NULL, "%s", name);
        ck_assert_int_eq(spec_assign(fixture->spec, directive, NULL, text, &place, &fixture->diags),
                         0);
        ck_assert_msg(!diag_list_has_errors(&fixture->diags), "%s=%s", name, text);
}

static inline Fixture *fixture_new(void) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        ck_assert_ptr_nonnull(fixture);
        ck_assert_int_eq(spec_new(&fixture->spec), 0);
        fixture->host = full_host;
        fixture->layer = (LayerSource){.path = (char *) "/usr/lib/sbx/layers/base"};
        fixture->layers = (LayerSources){.sources = &fixture->layer, .n = 1};
        fixture->input = (PlanInput){
                .unit_name = "test.sandbox",
                .spec = fixture->spec,
                .layers = &fixture->layers,
                .host = &fixture->host,
                .backend = BACKEND_DIRECT,
                .invocation = "0123456789abcdef0123456789abcdef",
        };
        fixture_assign(fixture, "ExecStart", "/bin/true");
        return fixture;
}

static inline void fixture_free(Fixture *fixture) {
        launch_plan_free(fixture->launch);
        spec_free(fixture->spec);
        diag_list_done(&fixture->diags);
        free(fixture);
}
DEFINE_CLEANUP(Fixture *, fixture_free)
#define _cleanup_fixture_ _cleanup_(fixture_freep)

static inline const Plan *fixture_build(Fixture *fixture) {
        ck_assert_int_eq(launch_plan_build(&fixture->input, &fixture->diags, &fixture->launch), 0);
        ck_assert_int_eq(plan_check(fixture->launch->plan, NULL), 0);
        return fixture->launch->plan;
}

static inline const ScopeProperty *find_property(const LaunchPlan *launch, const char *name) {
        for (size_t i = 0; i < launch->n_properties; i++) {
                if (streq(launch->properties[i].name, name)) {
                        return &launch->properties[i];
                }
        }
        return NULL;
}
