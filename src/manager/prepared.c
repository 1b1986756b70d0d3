/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/prepared.h"

#include "wire/plan.h"

#include <stdio.h>

#define INVOCATION_NONE "00000000000000000000000000000000"

enum { ASSIGNMENT_MAX = 64 };

int prepared_plan_new(const PlanInput *input, LayerSources *layers, DeviceSources *devices,
                      DiagList *diags, PreparedPlan **ret) {
        _cleanup_(prepared_plan_unrefp) PreparedPlan *prepared = NULL;
        PlanInput filled;
        int r;

        assert(input);
        assert(layers);
        assert(devices);
        assert(diags);
        assert(ret);

        prepared = calloc(1, sizeof(*prepared));
        if (!prepared) {
                layer_sources_done(layers);
                device_sources_done(devices);
                return -ENOMEM;
        }
        prepared->n_refs = 1;
        prepared->layers = *layers;
        *layers = (LayerSources){};
        prepared->devices = *devices;
        *devices = (DeviceSources){};
        prepared->terminal = input->terminal;
        prepared->n_streams = input->n_streams;
        prepared->oomd = input->host->oomd;
        r = strv_copy(input->variables.files, &prepared->files);
        if (r < 0) {
                return r;
        }

        filled = *input;
        filled.layers = &prepared->layers;
        filled.devices = &prepared->devices;
        filled.invocation = INVOCATION_NONE;
        r = launch_plan_build(&filled, diags, &prepared->launch);
        if (r != 0) {
                return r;
        }
        *ret = TAKE(prepared);
        return 0;
}

PreparedPlan *prepared_plan_ref(PreparedPlan *prepared) {
        if (prepared) {
                prepared->n_refs++;
        }
        return prepared;
}

PreparedPlan *prepared_plan_unref(PreparedPlan *prepared) {
        if (prepared && --prepared->n_refs == 0) {
                launch_plan_free(prepared->launch);
                layer_sources_done(&prepared->layers);
                strv_free(prepared->files);
                device_sources_done(&prepared->devices);
                free(prepared);
        }
        return NULL;
}

static bool layers_equal(const LayerSources *a, const LayerSources *b) {
        if (a->n != b->n) {
                return false;
        }
        for (size_t i = 0; i < a->n; i++) {
                if (!streq(a->sources[i].path, b->sources[i].path) ||
                    a->sources[i].image != b->sources[i].image) {
                        return false;
                }
        }
        return true;
}

bool prepared_plan_fits(const PreparedPlan *prepared, const PlanInput *input,
                        const LayerSources *layers, const DeviceSources *devices) {
        assert(input);
        assert(layers);

        return prepared && prepared->terminal == input->terminal &&
               prepared->n_streams == input->n_streams && prepared->oomd == input->host->oomd &&
               layers_equal(&prepared->layers, layers) &&
               device_sources_equal(&prepared->devices, devices) &&
               strv_equal(prepared->files, input->variables.files);
}

/* "container_uuid=" and the id in the form of a UUID. */
static void uuid_assignment(const char *invocation, char assignment[static ASSIGNMENT_MAX]) {
        (void) snprintf(assignment, ASSIGNMENT_MAX, "container_uuid=%.8s-%.4s-%.4s-%.4s-%.12s",
                        invocation, invocation + 8, invocation + 12, invocation + 16,
                        invocation + 20);
}

/* The assignment is replaced whole, by one as long; one that the unit gave itself stays. */
static unsigned fill_assignment(char **assignments, const char *last, const char *next) {
        STRV_FOREACH (item, assignments) {
                if (streq(*item, last)) {
                        memcpy(*item, next, strlen(next));
                        return 1;
                }
        }
        return 0;
}

static unsigned fill_invocation(char **assignments, const char *last, const char *invocation) {
        char from[ASSIGNMENT_MAX], to[ASSIGNMENT_MAX];
        unsigned n;

        (void) snprintf(from, sizeof(from), "INVOCATION_ID=%s", last);
        (void) snprintf(to, sizeof(to), "INVOCATION_ID=%s", invocation);
        n = fill_assignment(assignments, from, to);
        uuid_assignment(last, from);
        uuid_assignment(invocation, to);
        return n + fill_assignment(assignments, from, to);
}

static uint64_t take_number(const uint8_t *bytes) {
        uint64_t number = 0;

        for (int i = 0; i < 8; i++) {
                number = number << 8 | bytes[i];
        }
        return number;
}

static void fill_joined(Plan *plan, const SandboxId *joined) {
        Op *op = (Op *) plan_find(plan, OP_JOIN_SANDBOX);

        if (op && joined) {
                op->args[1].u64 = take_number(joined->bytes);
                op->args[2].u64 = take_number(joined->bytes + 8);
        }
}

int prepared_plan_seal(PreparedPlan *prepared, const char *invocation, uint16_t rows,
                       uint16_t columns, const SandboxId *joined) {
        Plan *plan;
        Op *environment, *terminal;
        unsigned filled = 0;
        int fd;

        assert(prepared);
        assert(invocation && strlen(invocation) == strlen(INVOCATION_NONE));

        plan = prepared->launch->plan;
        environment = (Op *) plan_find(plan, OP_ENVIRONMENT);
        if (environment) {
                filled = fill_invocation(environment->args[0].strv, INVOCATION_NONE, invocation);
        }
        terminal = (Op *) plan_find(plan, OP_TERMINAL);
        if (terminal) {
                terminal->args[0].u64 = rows;
                terminal->args[1].u64 = columns;
        }
        fill_joined(plan, joined);
        fd = wire_plan_seal(plan);
        if (filled > 0) {
                (void) fill_invocation(environment->args[0].strv, invocation, INVOCATION_NONE);
        }
        return fd;
}
