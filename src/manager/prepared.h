/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A launch plan that was made once and serves every start of the same definition: compiling the
 * system call filters takes longer than most of the start. What differs from start to start
 * (invocation id, size of the terminal) is filled in when it is sealed. Shared by count. */

#include "plan/build.h"
#include "wire/control.h"

typedef struct PreparedPlan {
        unsigned n_refs;
        LaunchPlan *launch;
        LayerSources layers;
        char **files; /* the variables of EnvironmentFile= */
        DeviceSources devices;
        bool terminal;
        unsigned n_streams;
        bool oomd; /* systemd-oomd ran */
} PreparedPlan;

/* input->invocation is not read. 0, PLAN_E_UNSUPPORTED with diags, or -errno. Takes layers and
 * devices, whatever the outcome. */
int prepared_plan_new(const PlanInput *input, LayerSources *layers, DeviceSources *devices,
                      DiagList *diags, PreparedPlan **ret);
PreparedPlan *prepared_plan_ref(PreparedPlan *prepared);
PreparedPlan *prepared_plan_unref(PreparedPlan *prepared);
DEFINE_CLEANUP(PreparedPlan *, prepared_plan_unref)

/* True where it is what a plan for these would be. Of input what changes between starts of the same
 * definition is looked at. */
bool prepared_plan_fits(const PreparedPlan *prepared, const PlanInput *input,
                        const LayerSources *layers, const DeviceSources *devices);
/* A sealed memfd with the plan of this start; the fd, or -errno. joined: the id of the sandbox that
 * JoinsNamespaceOf= names, NULL where there is none. */
int prepared_plan_seal(PreparedPlan *prepared, const char *invocation, uint16_t rows,
                       uint16_t columns, const SandboxId *joined);
