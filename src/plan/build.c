/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan/build.h"

#include "base/lookup.h"
#include "plan/builder.h"

static const char *const backend_names[_BACKEND_MAX] = {
        [BACKEND_SCOPE] = "scope",
        [BACKEND_DIRECT] = "direct",
};

const char *backend_name(Backend backend) {
        return lookup_name(backend_names, ELEMENTS(backend_names), (int) backend);
}

LaunchPlan *launch_plan_free(LaunchPlan *launch) {
        if (!launch) {
                return NULL;
        }
        for (size_t i = 0; i < launch->n_properties; i++) {
                free(launch->properties[i].name);
                free(launch->properties[i].text);
                value_list_done(&launch->properties[i].list);
                strv_free(launch->properties[i].expected);
        }
        free(launch->properties);
        free(launch->causes);
        strv_free(launch->degraded);
        plan_free(launch->plan);
        free(launch);
        return NULL;
}

static const char *directive_name(uint16_t origin) {
        return origin < _DIRECTIVE_MAX ? directive_table[origin].name : NULL;
}

void builder_refuse(Builder *builder, uint16_t origin, Place place, const char *format, ...) {
        _cleanup_(str_done) Str text = STR_INIT;
        va_list list;
        int r;

        va_start(list, format);
        r = str_vappendf(&text, format, list);
        va_end(list);
        builder->refused = true;
        diag_add(builder->diags, DIAG_ERROR, &place, directive_name(origin), "%s",
                 r < 0 ? "out of memory" : str_text(&text));
}

int builder_degrade(Builder *builder, const char *format, ...) {
        _cleanup_(str_done) Str text = STR_INIT;
        va_list list;
        int r;

        if (!builder->launch) {
                return 0;
        }
        va_start(list, format);
        r = str_vappendf(&text, format, list);
        va_end(list);
        return r < 0 ? r : strv_append_take(&builder->launch->degraded, str_take(&text));
}

int builder_add(Builder *builder, OpKind kind, uint16_t origin, Place place, ...) {
        va_list list;
        int r;

        va_start(list, place);
        r = plan_addv(builder->plan, kind, origin, place, list);
        va_end(list);
        if (r == -EINVAL) {
                builder_refuse(builder, origin, place,
                               "The value cannot be used for the step \"%s\" (%s); see "
                               "sbx.sandbox(5) for what it may be",
                               op_kind_name(kind), op_table[kind].summary);
                return 0;
        }
        if (r == -E2BIG) {
                builder_refuse(builder, origin, place,
                               "The sandbox needs more than %d steps; remove some mounts or ports",
                               PLAN_OPS_MAX);
                return 0;
        }
        return r;
}

int builder_cause(Builder *builder, const char *what, uint16_t origin, Place place) {
        LaunchPlan *launch = builder->launch;
        OpCause *causes;

        if (!launch || builder->plan->n_ops == 0) {
                return 0;
        }
        causes = reallocarray(launch->causes, launch->n_causes + 1, sizeof(OpCause));
        if (!causes) {
                return -ENOMEM;
        }
        launch->causes = causes;
        launch->causes[launch->n_causes++] = (OpCause){
                .op = builder->plan->n_ops - 1, .what = what, .origin = origin, .place = place};
        return 0;
}

static int build_main_workload(Builder *builder) {
        const PlanInput *input = builder->input;
        bool streams = input->n_streams > 0;
        bool tty = builder->spec->standard_input == STANDARD_INPUT_TTY;
        const Workload workload = {
                .terminal = input->terminal || (tty && !streams),
                .logged = tty,
                .rows = input->rows,
                .columns = input->columns,
                .streams = streams,
                /* journald takes the unit from the cgroup of whoever connects: of use in a scope
                   alone */
                .journal = input->host->journal && input->backend == BACKEND_SCOPE,
                .invocation = input->invocation,
                .variables = input->variables,
        };

        return build_workload(builder, &workload);
}

int launch_plan_build(const PlanInput *input, DiagList *diags, LaunchPlan **ret) {
        static int (*const parts[])(Builder * builder) = {
                build_namespaces, build_joins,  build_ids,     build_limits, build_ports,
                build_root,       build_mounts, build_network, build_gate,   build_main_workload,
        };
        _cleanup_(launch_plan_freep) LaunchPlan *launch = NULL;
        Builder builder;

        assert(input);
        assert(input->unit_name && input->spec && input->layers && input->host);
        assert(diags);
        assert(ret);

        launch = calloc(1, sizeof(*launch));
        if (!launch) {
                return -ENOMEM;
        }
        launch->plan = plan_new();
        if (!launch->plan) {
                return -ENOMEM;
        }
        builder = (Builder){
                .unit_name = input->unit_name,
                .spec = input->spec,
                .input = input,
                .diags = diags,
                .launch = launch,
                .plan = launch->plan,
                .filters = input->filters,
        };
        for (size_t i = 0; i < ELEMENTS(parts); i++) {
                int r = parts[i](&builder);

                if (r < 0) {
                        return r;
                }
        }
        if (builder.refused) {
                return PLAN_E_UNSUPPORTED;
        }
        /* What is left to go wrong here is between ops, and so this room's own mistake. */
        if (plan_check(launch->plan, NULL) < 0) {
                return -EINVAL;
        }
        *ret = TAKE(launch);
        return 0;
}
