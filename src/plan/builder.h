/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of this room share while one plan is being built: each concern is one file with
 * one or two functions that append their ops. They give 0 or -ENOMEM; what the host cannot do goes
 * to builder_refuse() and building goes on, so that one run names everything. */

#include "plan/build.h"

typedef struct Builder {
        const char *unit_name;
        const Spec *spec;
        const PlanInput *input; /* NULL for the plan of one more program */
        DiagList *diags;
        LaunchPlan *launch; /* owned by the caller; NULL for the plan of one more program */
        Plan *plan;
        FilterCache *filters;      /* NULL: made for this plan alone */
        const LimitsInput *change; /* not NULL: the kernel's own defaults are asked for too */
        bool refused;
} Builder;

/* The origin and place of a directive, as two arguments of plan_add(). */
#define FROM(builder, Name) (uint16_t) DIRECTIVE_##Name, (builder)->spec->places[DIRECTIVE_##Name]
/* The same where the caller of exec may have said it instead of the unit: "-p" is the file of all
 * that was said on a command line. */
#define FROM_CALLER(builder, Name, said) \
        (uint16_t) DIRECTIVE_##Name,     \
                (said) ? (Place){.file = "-p"} : (builder)->spec->places[DIRECTIVE_##Name]
/* The same for what is always done and no directive asks for. */
#define FROM_NOTHING OP_ORIGIN_NONE, PLACE_NONE

/* plan_add() for values of a unit: what an op cannot carry becomes a diagnostic. U64 arguments have
 * to be uint64_t: U64(x). */
int builder_add(Builder *builder, OpKind kind, uint16_t origin, Place place, ...);
#define U64(value) ((uint64_t) (value))
/* Notes that part of the op that was added last comes from this directive. */
int builder_cause(Builder *builder, const char *what, uint16_t origin, Place place);
/* A diagnostic that makes the outcome PLAN_E_UNSUPPORTED. */
void builder_refuse(Builder *builder, uint16_t origin, Place place, const char *format, ...)
        _printf_(4, 5);
/* A sentence for LaunchPlan.degraded. */
int builder_degrade(Builder *builder, const char *format, ...) _printf_(2, 3);

/* namespaces.c */
int build_namespaces(Builder *builder);
int build_ids(Builder *builder);
int build_network(Builder *builder);
int build_gate(Builder *builder);
int build_joins(Builder *builder);
/* root.c */
int build_root(Builder *builder);
/* mounts.c */
int build_mounts(Builder *builder);
/* True where path is one of paths or lies below one. */
bool paths_hold(const ValueList *paths, const char *path);
/* devices.c: a /dev of the sandbox's own, and behind all that is mounted there what DeviceAllow=
 * names */
int build_private_devices(Builder *builder);
int build_allowed_devices(Builder *builder);
/* DevicePolicy= without systemd */
bool devices_can_be_filtered(const Builder *builder);
int build_device_rules(Builder *builder);
/* limits.c: CGROUP and LIMIT, or the properties of the scope */
int build_limits(Builder *builder);
/* ports.c */
int build_ports(Builder *builder);

/* What workload.c needs to know beside the spec. */
typedef struct Workload {
        bool terminal;
        uint16_t rows, columns;
        bool logged;  /* what is printed on the terminal */
        bool streams; /* they come with the message */
        bool journal; /* else the helper's log; counts without streams and terminal */
        const char *invocation;
        const char *user;         /* NULL: the unit's */
        const char *directory;    /* NULL: the unit's */
        char *const *environment; /* more assignments */
        char *const *argv;        /* NULL: ExecStart= */
        PlanVariables variables;
} Workload;

/* workload.c: the whole phase; identity.c: its middle part */
int build_workload(Builder *builder, const Workload *workload);
int build_identity(Builder *builder, const Workload *workload);
/* environment.c: the list, later assignments winning */
int make_environment(const Builder *builder, const Workload *workload, char ***ret);
/* commands.c */
int build_commands(Builder *builder, const Workload *workload, char *const *environment);
/* Variables in the words of a command as systemd.service(5) has them. */
int expand_words(char *const *words, char *const *environment, char ***ret);
/* seccomp.c */
int build_seccomp(Builder *builder);
