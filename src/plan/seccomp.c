/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The allow-list, and the ops of both filters. */

#include "base/fd.h"
#include "plan/builder.h"
#include "plan/filter-cache.h"
#include "plan/filter.h"
#include "spec/syscalls.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

/* Above every number of this architecture that libseccomp knows; what is beyond is unknown. */
#define CALLS_MAX 512

typedef struct CallSet {
        bool has[CALLS_MAX];
} CallSet;

static void free_context(scmp_filter_ctx *context) {
        if (*context) {
                seccomp_release(*context);
        }
}
#define _cleanup_context_ _cleanup_(free_context)

/* -- which calls -- */

static void call_set_put(CallSet *set, const char *name, bool on) {
        int number = seccomp_syscall_resolve_name(name);

        /* Negative: libseccomp does not know it, or this architecture does not have it. */
        if (number >= 0 && number < CALLS_MAX) {
                set->has[number] = on;
        }
}

/* A name or a @group. */
static int call_set_put_group(CallSet *set, const char *name, bool on) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        if (name[0] != '@') {
                call_set_put(set, name, on);
                return 0;
        }
        r = syscall_expand(name, &names);
        STRV_FOREACH (each, names) {
                call_set_put(set, *each, on);
        }
        return r;
}

static void call_set_put_default_profile(CallSet *set) {
        /* Not on the list of the profile, since allowed only together with what filter_arguments()
         * denies of them. */
        static const char *const conditional[] = {
                "clone",  "ioctl",      "mknod", "mknodat", "personality", "sched_setscheduler",
                "socket", "socketpair",
        };

        for (const char *const *name = syscall_default_profile; *name; name++) {
                call_set_put(set, *name, true);
        }
        for (size_t i = 0; i < ELEMENTS(conditional); i++) {
                call_set_put(set, conditional[i], true);
        }
}

/* "~" and nothing behind it: no allow-list. */
static bool item_is_everything(const ValueItem *item) {
        return (item->flags & VALUE_INVERTED) != 0 && item->text[0] == '\0';
}

/* What the assignments come to. *ret_everything: all calls but those that are missing in the set.
 */
static int call_set_make(const ValueList *filter, CallSet *set, bool *ret_everything) {
        bool everything = filter->n > 0 && item_is_everything(&filter->items[0]);
        int r = 0;

        if (everything) {
                memset(set->has, true, sizeof(set->has));
        } else if (filter->n == 0 || (filter->items[0].flags & VALUE_INVERTED) != 0) {
                call_set_put_default_profile(set);
        } else {
                /* As systemd: a list of one's own always has what no program can do without. */
                r = call_set_put_group(set, "@default", true);
        }
        for (size_t i = 0; i < filter->n && r == 0; i++) {
                const ValueItem *item = &filter->items[i];

                if (item_is_everything(item)) {
                        everything = true;
                        memset(set->has, true, sizeof(set->has));
                } else {
                        r = call_set_put_group(set, item->text,
                                               (item->flags & VALUE_INVERTED) == 0);
                }
        }
        *ret_everything = everything;
        return r;
}

/* -- the program -- */

int filter_export(void *context, OpBlob *ret) {
        _cleanup_fd_ int fd = memfd_create("sbx-filter", MFD_CLOEXEC);
        char *bytes;
        size_t size;
        int r;

        if (fd < 0) {
                return negative_errno();
        }
        r = seccomp_export_bpf(context, fd);
        if (r < 0) {
                return r;
        }
        if (lseek(fd, 0, SEEK_SET) < 0) {
                return negative_errno();
        }
        r = fd_read_all(fd, PLAN_SIZE_MAX, &bytes, &size);
        if (r < 0) {
                return r;
        }
        ret->bytes = (uint8_t *) bytes;
        ret->size = size;
        return 0;
}

static int add_calls(scmp_filter_ctx context, const CallSet *set, bool everything) {
        int clone3 = seccomp_syscall_resolve_name("clone3");

        for (int number = 0; number < CALLS_MAX; number++) {
                _cleanup_free_ char *name = NULL;
                int r;

                if (everything && set->has[number]) {
                        continue;
                }
                if (number == clone3) {
                        continue; /* flags behind a pointer: ENOSYS makes libc use clone */
                }
                name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
                if (!name) {
                        continue;
                }
                r = seccomp_rule_add_exact(
                        context, set->has[number] ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), number,
                        0);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

int filter_calls(const ValueList *filter, OpBlob *ret) {
        _cleanup_context_ scmp_filter_ctx context = NULL;
        CallSet set = {};
        bool everything;
        int r;

        assert(filter);
        assert(ret);

        r = call_set_make(filter, &set, &everything);
        if (r < 0) {
                return r;
        }
        if (everything && !memchr(set.has, false, sizeof(set.has))) {
                *ret = (OpBlob){};
                return 0;
        }
        context = seccomp_init(everything ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS));
        if (!context) {
                return -ENOMEM;
        }
        r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r == 0) {
                /* 2: a binary tree; a list of 360 comparisons costs on every call */
                r = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        }
        if (r == 0) {
                r = add_calls(context, &set, everything);
        }
        return r < 0 ? r : filter_export(context, ret);
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
        r = filter_cache_calls(filters, filter, &calls);
        if (r < 0) {
                return r;
        }
        arguments = filter_cache_arguments(filters);
        /* The allow-list last: from then on only what is on it can be called, seccomp(2) too. */
        r = builder_add(builder, OP_SECCOMP, FROM_NOTHING, "arguments", arguments->bytes,
                        arguments->size);
        if (r < 0 || calls->size == 0) {
                return r;
        }
        return builder_add(builder, OP_SECCOMP, DIRECTIVE_SystemCallFilter, filter_place(filter),
                           "calls", calls->bytes, calls->size);
}
