/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the workload's process does to itself, in the order of the table: streams, limits, identity,
 * environment, filters, execution. */

#include "plan/builder.h"
#include "plan/filter.h"

static int build_streams(Builder *builder, const Workload *workload) {
        int r = 0;

        if (workload->terminal) {
                uint64_t log = !workload->logged   ? OP_TERMINAL_LOG_NONE
                               : workload->journal ? OP_TERMINAL_LOG_JOURNAL
                                                   : OP_TERMINAL_LOG_FILE;

                return builder_add(builder, OP_TERMINAL, FROM(builder, StandardInput),
                                   U64(workload->rows), U64(workload->columns), log);
        }
        for (unsigned i = 0; i < 3 && r == 0; i++) {
                const char index[] = {(char) ('0' + i), '\0'};

                if (workload->streams) {
                        r = builder_add(builder, OP_STDIO, FROM_NOTHING, U64(i),
                                        U64(OP_STDIO_INHERIT), index);
                } else if (i == 0) {
                        r = builder_add(builder, OP_STDIO, FROM_NOTHING, U64(i), U64(OP_STDIO_NULL),
                                        "");
                } else if (workload->journal) {
                        r = builder_add(builder, OP_STDIO, FROM_NOTHING, U64(i),
                                        U64(OP_STDIO_JOURNAL), builder->unit_name);
                } else {
                        r = builder_add(builder, OP_STDIO, FROM_NOTHING, U64(i),
                                        U64(OP_STDIO_INHERIT), OP_STDIO_LOG);
                }
        }
        return r;
}

static int build_directory(Builder *builder, const Workload *workload) {
        const OptionalPath *own = &builder->spec->working_directory;
        const char *path = workload->directory ? workload->directory : own->path;
        bool missing_ok = !workload->directory && own->missing_ok;

        return builder_add(builder, OP_WORKING_DIRECTORY,
                           FROM_CALLER(builder, WorkingDirectory, workload->directory),
                           path ? path : "/", U64(missing_ok));
}

static int build_rlimits(Builder *builder) {
        int r = 0;

        for (size_t i = 0; i < _DIRECTIVE_MAX && r == 0; i++) {
                const Directive *directive = &directive_table[i];
                const Rlimit *limit = directive_field_const(directive, builder->spec);

                if (directive->type->kind == VALUE_RLIMIT && limit->set) {
                        r = builder_add(builder, OP_RLIMIT, (uint16_t) i, builder->spec->places[i],
                                        U64(directive->rlimit), limit->soft, limit->hard);
                }
        }
        return r;
}

/* In the order of the ops. */
static int build_scheduling(Builder *builder) {
        const Spec *spec = builder->spec;
        int r = 0;

        if (spec->set[DIRECTIVE_Nice]) {
                r = builder_add(builder, OP_NICE, FROM(builder, Nice), (int64_t) spec->nice);
        }
        if (r == 0 && spec->set[DIRECTIVE_OOMScoreAdjust]) {
                r = builder_add(builder, OP_OOM_SCORE, FROM(builder, OOMScoreAdjust),
                                (int64_t) spec->oom_score_adjust);
        }
        if (r == 0 && !number_set_is_empty(&spec->cpu_affinity)) {
                r = builder_add(builder, OP_CPU_AFFINITY, FROM(builder, CPUAffinity),
                                &spec->cpu_affinity, sizeof(spec->cpu_affinity));
        }
        return r;
}

static int build_keyring(Builder *builder) {
        bool shared = builder->spec->keyring_mode == KEYRING_MODE_SHARED;

        if (builder->spec->keyring_mode == KEYRING_MODE_INHERIT) {
                return 0;
        }
        return builder_add(builder, OP_KEYRING, FROM(builder, KeyringMode),
                           U64(shared ? OP_KEYRING_SHARED : OP_KEYRING_PRIVATE));
}

/* Who shares the caller's streams is likely to be a part of a pipe. */
static int build_sigpipe(Builder *builder, const Workload *workload) {
        bool ignore = builder->spec->ignore_sigpipe;

        if (!builder->spec->set[DIRECTIVE_IgnoreSIGPIPE]) {
                ignore = !workload->streams && !workload->terminal;
        }
        return ignore ? builder_add(builder, OP_IGNORE_SIGPIPE, FROM(builder, IgnoreSIGPIPE)) : 0;
}

/* Only what differs from what every process has. */
static int build_personality(Builder *builder) {
        const Personality personality = (Personality) builder->spec->personality;
        const Personality own[] = {
                PERSONALITY_NATIVE,
#if defined(__x86_64__)
                PERSONALITY_X86_64,
                PERSONALITY_X86,
#elif defined(__aarch64__)
                PERSONALITY_ARM64,
                PERSONALITY_ARM,
#endif
        };

        for (size_t i = 0; i < ELEMENTS(own); i++) {
                if (own[i] == personality) {
                        return builder->spec->set[DIRECTIVE_Personality]
                                       ? builder_add(builder, OP_PERSONALITY,
                                                     FROM(builder, Personality),
                                                     U64(filter_personality(builder->spec)))
                                       : 0;
                }
        }
        builder_refuse(builder, FROM(builder, Personality),
                       "This machine has no personality \"%s\"", personality_names[personality]);
        return 0;
}

int build_workload(Builder *builder, const Workload *workload) {
        _cleanup_(strv_freep) char **environment = NULL;
        int r;

        r = build_streams(builder, workload);
        if (r == 0) {
                r = build_scheduling(builder);
        }
        if (r == 0) {
                r = build_keyring(builder);
        }
        if (r == 0) {
                r = build_rlimits(builder);
        }
        if (r == 0) {
                r = builder_add(builder, OP_UMASK, FROM(builder, UMask), U64(builder->spec->umask));
        }
        if (r == 0) {
                r = build_sigpipe(builder, workload);
        }
        if (r == 0) {
                r = build_identity(builder, workload);
        }
        if (r == 0) {
                r = build_personality(builder);
        }
        if (r == 0) {
                r = build_directory(builder, workload);
        }
        if (r == 0) {
                r = make_environment(builder, workload, &environment);
        }
        if (r == 0) {
                r = builder_add(builder, OP_ENVIRONMENT, FROM(builder, Environment), environment);
        }
        if (r == 0) {
                r = build_seccomp(builder);
        }
        return r < 0 ? r : build_commands(builder, workload, environment);
}
