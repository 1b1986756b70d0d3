/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/syscalls.h"

#include "base/str.h"

#include <seccomp.h>

#define G(group, summary_text, ...) {group, summary_text, (const char *const[]){__VA_ARGS__, NULL}},
const SyscallGroup syscall_groups[] = {
#include "spec/syscalls.def"
};
#undef G
const size_t n_syscall_groups = ELEMENTS(syscall_groups);

const char *const syscall_default_profile[] = {
#include "spec/default-profile.def"
        NULL,
};
const size_t n_syscall_default_profile = ELEMENTS(syscall_default_profile) - 1;

const SyscallGroup *syscall_group_find(const char *name) {
        assert(name);

        for (size_t i = 0; i < n_syscall_groups; i++) {
                if (streq(syscall_groups[i].name, name)) {
                        return &syscall_groups[i];
                }
        }
        return NULL;
}

bool syscall_is_known(const char *name) {
        assert(name);

        /* Negative numbers are pseudo calls: those of other architectures, and unknown ones. */
        return seccomp_syscall_resolve_name(name) >= 0;
}

static bool list_holds(const char *const *list, const char *name) {
        for (; *list; list++) {
                if (streq(*list, name)) {
                        return true;
                }
        }
        return false;
}

bool syscall_is_name(const char *name) {
        assert(name);

        if (name[0] == '\0' || name[0] == '@') {
                return false;
        }
        if (seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR ||
            list_holds(syscall_default_profile, name)) {
                return true;
        }
        for (size_t i = 0; i < n_syscall_groups; i++) {
                if (list_holds(syscall_groups[i].members, name)) {
                        return true;
                }
        }
        return false;
}

/* Keeps the nearer of two. */
static void suggest(const char *name, const char *candidate, const char **nearest, size_t *least) {
        size_t distance = str_distance(name, candidate);

        if (distance < *least) {
                *least = distance;
                *nearest = candidate;
        }
}

const char *syscall_suggest(const char *name) {
        const char *nearest = NULL;
        size_t least;

        assert(name);

        least = MAX(strlen(name) / 3, (size_t) 1) + 1;
        for (size_t i = 0; i < n_syscall_groups; i++) {
                suggest(name, syscall_groups[i].name, &nearest, &least);
                for (size_t j = 0; syscall_groups[i].members[j]; j++) {
                        suggest(name, syscall_groups[i].members[j], &nearest, &least);
                }
        }
        for (size_t i = 0; i < n_syscall_default_profile; i++) {
                suggest(name, syscall_default_profile[i], &nearest, &least);
        }
        return nearest;
}

/* -- expansion -- */

/* A set of names, borrowed from the tables: sorted, each once. */
typedef struct NameSet {
        const char **names;
        size_t n;
        size_t allocated;
} NameSet;

static void name_set_done(NameSet *set) {
        free(set->names);
        *set = (NameSet){};
}

/* Where name stands, or where it belongs. */
static size_t name_set_find(const NameSet *set, const char *name, bool *ret_found) {
        size_t low = 0, high = set->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(set->names[middle], name);

                if (order == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (order < 0) {
                        low = middle + 1;
                } else {
                        high = middle;
                }
        }
        *ret_found = false;
        return low;
}

static int name_set_add(NameSet *set, const char *name) {
        bool found;
        size_t at = name_set_find(set, name, &found);

        if (found || !syscall_is_known(name)) {
                return 0;
        }
        if (set->n == set->allocated) {
                size_t allocated = set->allocated > 0 ? set->allocated * 2 : 64;
                const char **names = reallocarray(set->names, allocated, sizeof(*names));

                if (!names) {
                        return -ENOMEM;
                }
                set->names = names;
                set->allocated = allocated;
        }
        memmove(set->names + at + 1, set->names + at, (set->n - at) * sizeof(*set->names));
        set->names[at] = name;
        set->n++;
        return 0;
}

/* Adds a name, or the members of a group. The groups are a table of this program and nest without
 * cycles, which a test asserts, so the recursion ends. */
static int name_set_apply(NameSet *set, const char *name) {
        const SyscallGroup *group;

        if (name[0] != '@') {
                return name_set_add(set, name);
        }
        group = syscall_group_find(name);
        if (!group) {
                return -ENOENT;
        }
        for (size_t i = 0; group->members[i]; i++) {
                int r = name_set_apply(set, group->members[i]);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

static int name_set_copy(const NameSet *set, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;

        names = calloc(set->n + 1, sizeof(*names));
        if (!names) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < set->n; i++) {
                names[i] = strdup(set->names[i]);
                if (!names[i]) {
                        return -ENOMEM;
                }
        }
        *ret = TAKE(names);
        return 0;
}

int syscall_expand(const char *name, char ***ret) {
        _cleanup_(name_set_done) NameSet set = {};
        int r;

        assert(name);
        assert(ret);

        r = name_set_apply(&set, name);
        if (r < 0) {
                return r;
        }
        return name_set_copy(&set, ret);
}
