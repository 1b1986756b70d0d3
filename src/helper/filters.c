/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/filters.h"

#include "base/fd.h"
#include "kern/cgroup.h"

int sandbox_open_cgroup(const Sandbox *sandbox, CgroupMode mode, CgroupHierarchy hierarchy) {
        int made =
                sandbox->cgroups.fds[mode == CGROUP_UNIFIED ? CGROUP_HIERARCHY_UNIFIED : hierarchy];
        _cleanup_free_ char *own = NULL, *path = NULL;
        int r;

        if (made >= 0) {
                return fd_dup(made); /* ours; that init stands in it was seen before HELD */
        }
        r = cgroup_of_pid(mode, 0, hierarchy, &own);
        if (r == 0) {
                r = cgroup_of_pid(mode, sandbox->init.pid, hierarchy, &path);
        }
        if (r < 0) {
                return r;
        }
        return streq(own, path) ? -ENODATA : cgroup_open(mode, hierarchy, path);
}

typedef struct Filter {
        OpKind op;
        CgroupHierarchy v1_hierarchy;
        int (*check)(int cgroup_fd);
} Filter;

/* Once the sandbox runs, init may stand below what is held open, where the cgroup is delegated. */
static int check_one(const Sandbox *sandbox, CgroupMode mode, const Filter *filter) {
        CgroupHierarchy hierarchy =
                mode == CGROUP_UNIFIED ? CGROUP_HIERARCHY_UNIFIED : filter->v1_hierarchy;
        _cleanup_fd_ int fd = -EBADF;

        if (hierarchy == CGROUP_HIERARCHY_UNIFIED) {
                return sandbox->cgroup < 0 ? sandbox->cgroup : filter->check(sandbox->cgroup);
        }
        fd = sandbox_open_cgroup(sandbox, mode, hierarchy);
        return fd < 0 ? fd : filter->check(fd);
}

int filters_check(const Sandbox *sandbox, CgroupMode mode, const Plan *plan, int64_t *ret_op) {
        static const Filter filters[] = {
                {OP_DEVICE_FILTER, CGROUP_HIERARCHY_DEVICES, cgroup_check_device_filter},
                {OP_ADDRESS_FILTER, CGROUP_HIERARCHY_UNIFIED, cgroup_check_address_filter},
        };
        int n = 0;

        assert(sandbox);
        assert(plan);
        assert(ret_op);

        for (size_t i = 0; i < ELEMENTS(filters); i++) {
                const Op *op = plan_find(plan, filters[i].op);
                int r;

                if (!op) {
                        continue;
                }
                *ret_op = op - plan->ops;
                r = check_one(sandbox, mode, &filters[i]);
                if (r < 0) {
                        return r;
                }
                n++;
        }
        *ret_op = -1;
        return n;
}
