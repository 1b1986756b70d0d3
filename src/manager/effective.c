/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/effective.h"

#include "base/path.h"
#include "manager/manager.h"
#include "manager/stats.h"
#include "op/limit.h"

void effective_limits_free(EffectiveLimit *limits, size_t n) {
        for (size_t i = 0; limits && i < n; i++) {
                free(limits[i].capped_by);
        }
        free(limits);
}

/* "/a/b" → "/a" → "/"; false at the root. */
static bool go_up(char *path) {
        char *slash = strrchr(path, '/');

        if (!slash || streq(path, "/")) {
                return false;
        }
        slash[slash == path ? 1 : 0] = '\0';
        return true;
}

/* A share holds among siblings alone; every other limit of an ancestor holds for all below it. */
static int find_cap(const Limit *limit, const HostFacts *host, const char *own,
                    EffectiveLimit *effective) {
        _cleanup_free_ char *path = strdup(own);
        uint64_t tightest = effective->in_force, value;

        if (!path) {
                return -ENOMEM;
        }
        if (limit->format == LIMIT_WEIGHT || limit->format == LIMIT_PERIOD) {
                return 0;
        }
        while (go_up(path)) {
                /* the root has no such file: nothing is limited there */
                if (limit_read_path(limit, host->cgroup_mode, host->cgroup_controllers, path,
                                    &value) < 0 ||
                    value >= tightest) {
                        continue;
                }
                tightest = effective->cap = value;
                free(effective->capped_by);
                effective->capped_by = strdup(path);
                if (!effective->capped_by) {
                        return -ENOMEM;
                }
        }
        return 0;
}

static int read_one(const Sandbox *sandbox, const Limit *limit, EffectiveLimit *effective) {
        const HostFacts *host = &sandbox->manager->host;
        _cleanup_free_ char *path = NULL;
        CgroupHierarchy hierarchy;
        const char *file;

        if (sandbox->run.leader_pid <= 0 ||
            limit_locate(limit, host->cgroup_mode, host->cgroup_controllers, &hierarchy, &file) <
                    0 ||
            stats_cgroup_of(sandbox, hierarchy, &path) < 0 ||
            limit_read_path(limit, host->cgroup_mode, host->cgroup_controllers, path,
                            &effective->in_force) < 0) {
                return 0;
        }
        effective->read = true;
        return find_cap(limit, host, path, effective);
}

int effective_limits_read(const Sandbox *sandbox, EffectiveLimit **ret, size_t *ret_n) {
        const Spec *spec = sandbox_spec(sandbox);
        EffectiveLimit *limits;
        size_t n = 0;
        int r = 0;

        assert(ret && ret_n);

        if (!sandbox_is_live(sandbox)) {
                spec = sandbox_definition(sandbox);
        }
        limits = calloc(_DIRECTIVE_MAX, sizeof(*limits));
        if (!limits) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < _DIRECTIVE_MAX && r == 0; i++) {
                const Directive *directive = &directive_table[i];
                const Limit *limit =
                        directive->scope_property ? limit_find(directive->scope_property) : NULL;

                if (!limit || limit->format == LIMIT_ACCOUNTING) {
                        continue;
                }
                limits[n].directive = directive;
                limits[n].set = *(const uint64_t *) directive_field_const(directive, spec);
                r = read_one(sandbox, limit, &limits[n++]);
        }
        if (r < 0) {
                effective_limits_free(limits, n);
                return r;
        }
        *ret = limits;
        *ret_n = n;
        return 0;
}
