/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The allow-list, and the ops of both filters. */

#include "plan/builder.h"
#include "plan/filter-cache.h"
#include "plan/filter.h"
#include "spec/syscalls.h"

#include <seccomp.h>
#include <stdio.h>

/* Above every number of this architecture that libseccomp knows; what is beyond is unknown. */
#define CALLS_MAX 512
/* libseccomp numbers calls that only other architectures have down from -1. */
#define FOREIGN_MAX 10400

/* What becomes of a call: an errno of its own, VALUE_KILL, or one of these. */
enum { CALL_ALLOWED = -1, CALL_DENIED = 0 };

typedef struct CallSet {
        int native[CALLS_MAX];
        int foreign[FOREIGN_MAX];
        bool everything; /* what is not denied is allowed, the unknown too */
} CallSet;

const DirectiveId filter_calls_directives[] = {
        DIRECTIVE_SystemCallFilter,        DIRECTIVE_SystemCallErrorNumber,
        DIRECTIVE_SystemCallArchitectures, DIRECTIVE_RestrictNamespaces,
        DIRECTIVE_RestrictRealtime,        _DIRECTIVE_MAX,
};

/* -- which calls -- */

static void call_set_put(CallSet *set, const char *name, int verdict) {
        int number = seccomp_syscall_resolve_name(name);

        /* libseccomp does not know it: __NR_SCMP_ERROR, which is -1. */
        if (number >= 0 && number < CALLS_MAX) {
                set->native[number] = verdict;
        } else if (number < -1 && number > -FOREIGN_MAX) {
                set->foreign[-number] = verdict;
        }
}

/* A name or a @group. */
static int call_set_put_group(CallSet *set, const char *name, int verdict) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        if (name[0] != '@') {
                call_set_put(set, name, verdict);
                return 0;
        }
        r = syscall_expand(name, &names);
        STRV_FOREACH (each, names) {
                call_set_put(set, *each, verdict);
        }
        return r;
}

static void call_set_allow(CallSet *set, const char *const *names) {
        for (; *names; names++) {
                call_set_put(set, *names, CALL_ALLOWED);
        }
}

/* What 32-bit architectures have in the place of calls of the profile: the same name with another
 * ending, and these. */
static void call_set_put_foreign_profile(CallSet *set) {
        static const char *const endings[] = {"32", "64", "_time64"};
        static const char *const others[] = {
                "_llseek",
                "_newselect",
                "arm_fadvise64_64",
                "cacheflush",
                "fadvise64_64",
                "fstatat64",
                "get_thread_area",
                "ipc",
                "mmap2",
                "olduname",
                "recv",
                "send",
                "set_tls",
                "set_thread_area",
                "sigaction",
                "signal",
                "sigpending",
                "sigprocmask",
                "sigreturn",
                "sigsuspend",
                "socketcall",
                "sync_file_range2",
                "ugetrlimit",
                "waitpid",
                NULL,
        };

        call_set_allow(set, others);
        for (const char *const *name = syscall_default_profile; *name; name++) {
                for (size_t i = 0; i < ELEMENTS(endings); i++) {
                        char text[64];
                        int n = snprintf(text, sizeof(text), "%s%s", *name, endings[i]);

                        if (n > 0 && (size_t) n < sizeof(text)) {
                                call_set_put(set, text, CALL_ALLOWED);
                        }
                }
        }
}

static void call_set_put_default_profile(CallSet *set, const Spec *spec) {
        /* Not on the list of the profile, since allowed only together with what filter_arguments()
         * denies of them. */
        static const char *const conditional[] = {
                "clone",  "ioctl",      "mknod", "mknodat", "personality", "sched_setscheduler",
                "socket", "socketpair", NULL,
        };
        static const char *const namespaces[] = {"unshare", "setns", NULL};
        static const char *const realtime[] = {"sched_setattr", "sched_setparam", NULL};

        call_set_allow(set, syscall_default_profile);
        call_set_allow(set, conditional);
        if (filter_namespaces(spec) != 0) {
                call_set_allow(set, namespaces);
        }
        if (!spec->restrict_realtime) {
                call_set_allow(set, realtime);
        }
        if (spec->system_call_architectures.n > 0) {
                call_set_put_foreign_profile(set);
        }
}

static void call_set_allow_everything(CallSet *set) {
        set->everything = true;
        for (size_t i = 0; i < ELEMENTS(set->native); i++) {
                set->native[i] = CALL_ALLOWED;
        }
        for (size_t i = 0; i < ELEMENTS(set->foreign); i++) {
                set->foreign[i] = CALL_ALLOWED;
        }
}

static int verdict_of(const ValueItem *item) {
        if (item->flags & VALUE_ERROR) {
                return (int) item->mode;
        }
        return item->flags & VALUE_INVERTED ? CALL_DENIED : CALL_ALLOWED;
}

/* What the assignments come to. */
static int call_set_make(const Spec *spec, CallSet *set) {
        const ValueList *filter = &spec->system_call_filter;
        int r = 0;

        if (filter->n == 0 || (filter->items[0].flags & VALUE_INVERTED) != 0) {
                call_set_put_default_profile(set, spec);
        } else {
                /* As systemd: a list of one's own always has what no program can do without. */
                r = call_set_put_group(set, "@default", CALL_ALLOWED);
        }
        for (size_t i = 0; i < filter->n && r == 0; i++) {
                const ValueItem *item = &filter->items[i];

                if (item->text[0] == '\0') { /* "~" and nothing behind it: no allow-list */
                        call_set_allow_everything(set);
                } else {
                        r = call_set_put_group(set, item->text, verdict_of(item));
                }
        }
        return r;
}

static bool call_set_is_everything(const CallSet *set) {
        bool all = set->everything;

        for (size_t i = 0; i < ELEMENTS(set->native) && all; i++) {
                all = set->native[i] == CALL_ALLOWED;
        }
        for (size_t i = 0; i < ELEMENTS(set->foreign) && all; i++) {
                all = set->foreign[i] == CALL_ALLOWED;
        }
        return all;
}

/* -- the program -- */

static int add_call(const Filter *filter, const Spec *spec, const CallSet *set, int number,
                    int verdict) {
        int error = verdict == CALL_DENIED ? spec->system_call_error : verdict;

        if (verdict == CALL_ALLOWED) {
                return set->everything ? 0 : filter_add(filter, SCMP_ACT_ALLOW, number, 0, NULL);
        }
        return filter_add(filter,
                          error == VALUE_KILL ? SCMP_ACT_KILL_PROCESS
                                              : SCMP_ACT_ERRNO((uint32_t) error),
                          number, 0, NULL);
}

static int add_calls(const Filter *filter, const Spec *spec, const CallSet *set) {
        int clone3 = seccomp_syscall_resolve_name("clone3"), r = 0;

        for (int number = 0; number < CALLS_MAX && r == 0; number++) {
                _cleanup_free_ char *name = NULL;

                if (number == clone3) {
                        continue; /* flags behind a pointer: ENOSYS makes libc use clone */
                }
                name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
                if (name) {
                        r = add_call(filter, spec, set, number, set->native[number]);
                }
        }
        for (int i = 2; filter->foreign && i < FOREIGN_MAX && r == 0; i++) {
                /* Of what is not there by name, a list of allowed calls knows nothing: ENOSYS. */
                if (set->everything || set->foreign[i] != CALL_DENIED) {
                        r = add_call(filter, spec, set, -i, set->foreign[i]);
                }
        }
        return r;
}

int filter_calls(const Spec *spec, OpBlob *ret) {
        _cleanup_filter_ Filter filter = {};
        _cleanup_free_ CallSet *set = calloc(1, sizeof(*set));
        int r;

        assert(spec);
        assert(ret);

        if (!set) {
                return -ENOMEM;
        }
        r = call_set_make(spec, set);
        if (r < 0) {
                return r;
        }
        if (call_set_is_everything(set)) {
                *ret = (OpBlob){};
                return 0;
        }
        r = filter_open(spec, set->everything ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS), &filter);
        if (r == 0) {
                r = add_calls(&filter, spec, set);
        }
        return r < 0 ? r : filter_export(&filter, ret);
}

/* -- the ops -- */

/* Which directives take part in the denials, with what they are about. */
static int cause_arguments(Builder *builder) {
        static const struct {
                const char *what;
                DirectiveId directive;
        } causes[] = {
                {"namespaces", DIRECTIVE_RestrictNamespaces},
                {"families", DIRECTIVE_RestrictAddressFamilies},
                {"realtime", DIRECTIVE_RestrictRealtime},
                {"set-user-id", DIRECTIVE_RestrictSUIDSGID},
                {"write-execute", DIRECTIVE_MemoryDenyWriteExecute},
                {"personality", DIRECTIVE_LockPersonality},
                {"architectures", DIRECTIVE_SystemCallArchitectures},
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(causes) && r == 0; i++) {
                r = builder_cause(builder, causes[i].what, (uint16_t) causes[i].directive,
                                  builder->spec->places[causes[i].directive]);
        }
        return r;
}

static Place filter_place(const ValueList *filter) {
        return filter->n > 0 ? filter->items[filter->n - 1].place : PLACE_NONE;
}

int build_seccomp(Builder *builder) {
        const ValueList *filter = &builder->spec->system_call_filter;
        _cleanup_(filter_cache_freep) FilterCache *own = NULL;
        FilterCache *filters = builder->filters;
        const OpBlob *arguments, *calls;
        int r;

        if (!filters) {
                r = filter_cache_new(&own);
                if (r < 0) {
                        return r;
                }
                filters = own;
        }
        r = filter_cache_get(filters, builder->spec, &arguments, &calls);
        if (r < 0) {
                return r;
        }
        /* The allow-list last: from then on only what is on it can be called, seccomp(2) too. */
        r = builder_add(builder, OP_SECCOMP, FROM_NOTHING, "arguments", arguments->bytes,
                        arguments->size);
        r = r < 0 ? r : cause_arguments(builder);
        if (r < 0 || calls->size == 0) {
                return r;
        }
        r = builder_add(builder, OP_SECCOMP, DIRECTIVE_SystemCallFilter, filter_place(filter),
                        "calls", calls->bytes, calls->size);
        r = r < 0 ? r
                  : builder_cause(builder, "calls", DIRECTIVE_SystemCallFilter,
                                  filter_place(filter));
        return r < 0 ? r : builder_cause(builder, "error", FROM(builder, SystemCallErrorNumber));
}
