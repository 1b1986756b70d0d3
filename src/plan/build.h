/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Spec and facts about the host to a launch plan: ordered ops for the helper and properties for the
 * scope. Pure: no system call on the host (libseccomp writes its program into a memfd). */

#include "base/host.h"
#include "op/op.h"
#include "plan/filter-cache.h"
#include "spec/device.h"
#include "spec/layer.h"
#include "spec/spec.h"

typedef enum Backend { BACKEND_SCOPE, BACKEND_DIRECT, _BACKEND_MAX } Backend;
const char *backend_name(Backend backend);

/* What a unit's environment takes from elsewhere; both may be NULL. */
typedef struct PlanVariables {
        char *const *manager; /* the environment that PassEnvironment= passes on from */
        char *const *files;   /* what the files of EnvironmentFile= hold */
} PlanVariables;

typedef struct PlanInput {
        const char *unit_name; /* "web.sandbox" */
        const Spec *spec;
        const LayerSources *layers;
        const DeviceSources *devices;
        const HostFacts *host;
        Backend backend;
        bool terminal;          /* `run --pty` */
        uint16_t rows, columns; /* of that terminal; 0: unknown */
        unsigned n_streams; /* 0: streams go to the journal or log file; 3: they come with START */
        const char *invocation; /* 32 hex digits, or NULL where it is not known yet (`plan`) */
        FilterCache *filters;   /* NULL where only one plan is built */
        PlanVariables variables;
} PlanInput;

typedef struct ScopeProperty {
        char *name; /* "MemoryMax" */
        const char
                *signature; /* a literal: "t", "b", "s", "ay", "as", "a(ss)", "a(st)", "a(iayu)" */
        uint64_t number;
        char *text;
        ValueList list;  /* a(ss): text and second of each; a(st): text and size */
        NumberSet set;   /* ay */
        char **expected; /* the lines of a TextLimit that prove it */
        uint16_t origin;
        Place place;
} ScopeProperty;

/* One part of an op that several directives make: "pid" of namespaces, by PrivatePIDs=. An op with
 * causes has no origin of its own for a reader. */
typedef struct OpCause {
        size_t op;        /* index into the plan */
        const char *what; /* a literal */
        uint16_t origin;
        Place place;
} OpCause;

typedef struct LaunchPlan {
        Plan *plan;
        OpCause *causes; /* in the order of the ops */
        size_t n_causes;
        ScopeProperty *properties;
        size_t n_properties;
        char **degraded; /* defaults that this host cannot enforce, as sentences */
} LaunchPlan;

/* Of limits that are to change while a sandbox runs. */
typedef struct LimitsInput {
        const char *unit_name;
        const Spec *spec;
        const DeviceSources *devices;
        const Spec *before; /* what is in force, of which it is taken back what spec has not; NULL:
                               nothing runs */
        const DeviceSources *devices_before;
        const HostFacts *host;
        Backend backend;
        const bool *wanted; /* by DirectiveId: these alone, and where unset what unset means */
} LimitsInput;

LaunchPlan *launch_plan_free(LaunchPlan *launch);
DEFINE_CLEANUP(LaunchPlan *, launch_plan_free)

/* 0; -ENOMEM; or 1 where the host cannot do what the unit asks for, with diags saying which
 * directive. */
enum { _PLAN_E_SUCCESS, PLAN_E_UNSUPPORTED };
int launch_plan_build(const PlanInput *input, DiagList *diags, LaunchPlan **ret);
/* Ops that the helper carries out (plan_use(): CHANGE), and properties that systemd is asked for;
 * the same outcomes. */
int limits_plan_build(const LimitsInput *input, DiagList *diags, LaunchPlan **ret);

/* The plan of one more program inside: phase WORKLOAD alone, with the unit's own confinement.
 * environment: more assignments; user, directory: NULL for the unit's. */
typedef struct ExecInput {
        const char *unit_name;
        const Spec *spec;
        char *const *argv;
        char *const *environment;
        const char *user;
        const char *directory;
        bool terminal;
        uint16_t rows, columns;
        FilterCache *filters; /* NULL where only one plan is built */
        PlanVariables variables;
} ExecInput;
int exec_plan_build(const ExecInput *input, DiagList *diags, Plan **ret);

/* What `sbxctl plan` prints: a line an op and a property, each with directive and place. */
int launch_plan_format(const LaunchPlan *launch, Backend backend, Str *out);
/* The same as one JSON document is made by ctl from the struct. */
