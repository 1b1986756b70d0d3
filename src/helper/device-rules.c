/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/device-rules.h"

#include "kern/device-filter.h"

/* Both were made for the other. */
static_assert((int) DEVICE_READ == (int) OP_DEVICE_READ &&
                      (int) DEVICE_WRITE == (int) OP_DEVICE_WRITE &&
                      (int) DEVICE_MAKE == (int) OP_DEVICE_MAKE && DEVICE_ANY == OP_DEVICE_ANY &&
                      DEVICE_RULES_MAX == OP_DEVICE_RULES_MAX,
              "rules of a plan are the kernel's");

static DeviceRule rule_of(const Op *op) {
        return (DeviceRule){.block = op->args[0].u64 == OP_DEVICE_BLOCK,
                            .major = (uint32_t) op->args[1].u64,
                            .minor = (uint32_t) op->args[2].u64,
                            .access = (unsigned) op->args[3].u64};
}

int device_rules_apply(const Plan *plan, const CgroupSet *set, CgroupFault *fault) {
        const Op *all = plan_find(plan, OP_DEVICE_RULES), *op;
        size_t ops[DEVICE_RULES_MAX], n = 0, i = 0, wrong;
        int list_fd = set->fds[CGROUP_HIERARCHY_DEVICES],
            unified_fd = set->fds[CGROUP_HIERARCHY_UNIFIED];
        DeviceRule rules[DEVICE_RULES_MAX];
        bool open;
        int r;

        if (!all) {
                return 0;
        }
        while ((op = plan_next(plan, OP_DEVICE_RULE, &i))) {
                if (n >= DEVICE_RULES_MAX) {
                        return -E2BIG;
                }
                ops[n] = (size_t) (op - plan->ops);
                rules[n++] = rule_of(op);
        }
        wrong = n;
        open = all->args[0].u64 == 1;
        if (list_fd >= 0) {
                fault->object = "devices.allow";
                r = open ? device_filter_list_end(list_fd)
                         : device_filter_list(list_fd, rules, n, &wrong);
        } else if (unified_fd >= 0) {
                fault->object = "bpf()";
                r = open ? device_filter_program_end(unified_fd)
                         : device_filter_program(unified_fd, rules, n);
        } else {
                fault->object = "devices";
                r = -EOPNOTSUPP;
        }
        fault->op = wrong < n ? ops[wrong] : (size_t) (all - plan->ops);
        return r;
}

static int check_one(const Plan *plan, const Op *device, int source) {
        const Op *op;
        size_t i = 0;

        while ((op = plan_next(plan, OP_DEVICE_RULE, &i))) {
                DeviceRule rule = rule_of(op);
                int r = 0;

                if (device_rule_fits(&rule, device->args[2].u64 == OP_DEVICE_BLOCK,
                                     (uint32_t) device->args[3].u64,
                                     (uint32_t) device->args[4].u64)) {
                        r = device_filter_ask(source, rule.access);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

int device_rules_check(const Plan *plan, const int *sources, size_t *ret_op) {
        const Op *op;
        size_t i = 0;

        if (!plan_find(plan, OP_DEVICE_RULES)) {
                return 0;
        }
        while ((op = plan_next(plan, OP_DEVICE, &i))) {
                int r;

                *ret_op = (size_t) (op - plan->ops);
                r = sources[*ret_op] < 0 ? 0 : check_one(plan, op, sources[*ret_op]);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}
