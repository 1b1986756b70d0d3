/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan/build.h"

#include "plan/builder.h"

int exec_plan_build(const ExecInput *input, DiagList *diags, Plan **ret) {
        _cleanup_(plan_freep) Plan *plan = NULL;
        Builder builder;
        Workload workload;
        int r;

        assert(input);
        assert(input->unit_name && input->spec);
        assert(diags);
        assert(ret);

        if (!input->argv || !input->argv[0]) {
                return -EINVAL;
        }
        plan = plan_new();
        if (!plan) {
                return -ENOMEM;
        }
        builder = (Builder){
                .unit_name = input->unit_name,
                .spec = input->spec,
                .diags = diags,
                .plan = plan,
                .filters = input->filters,
        };
        workload = (Workload){
                .terminal = input->terminal,
                .rows = input->rows,
                .columns = input->columns,
                .streams = true,
                .user = input->user,
                .directory = input->directory,
                .environment = input->environment,
                .argv = input->argv,
                .variables = input->variables,
        };
        r = build_workload(&builder, &workload);
        if (r < 0) {
                return r;
        }
        if (builder.refused) {
                return PLAN_E_UNSUPPORTED;
        }
        if (plan_check(plan, NULL) < 0) {
                return -EINVAL;
        }
        *ret = TAKE(plan);
        return 0;
}
