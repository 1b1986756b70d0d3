/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/cgroups.h"

#include "base/fd.h"
#include "helper/device-rules.h"
#include "helper/quota.h"

#include <fcntl.h>

/* A file of one line for each disk and limit. */
#define LIMIT_TEXT_MAX 65536u

void cgroup_set_init(CgroupSet *set) {
        *set = (CgroupSet){};
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                set->fds[i] = -EBADF;
        }
}

void cgroup_set_done(CgroupSet *set) {
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                set->fds[i] = fd_close(set->fds[i]);
        }
        free(set->name);
        free(set->degraded);
        set->name = NULL;
        set->degraded = NULL;
        set->n_degraded = 0;
}

bool cgroup_set_is_empty(const CgroupSet *set) {
        return !set->name;
}

size_t cgroup_set_list(const CgroupSet *set, int *fds) {
        size_t n = 0;

        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (set->fds[i] >= 0) {
                        fds[n++] = set->fds[i];
                }
        }
        return n;
}

/* Of v1; _CGROUP_HIERARCHY_MAX for what needs none. */
static CgroupHierarchy hierarchy_of(const Op *op) {
        switch (op->kind) {
        case OP_LIMIT:
                return limit_table[op->args[0].u64].v1_hierarchy;
        case OP_LIMIT_TEXT:
                return text_limit_table[op->args[0].u64].hierarchy;
        case OP_DEVICE_RULES:
                return CGROUP_HIERARCHY_DEVICES;
        default:
                return _CGROUP_HIERARCHY_MAX;
        }
}

/* The hierarchies in which a plan's cgroup is made, as a mask. */
static uint32_t hierarchies_wanted(const CgroupBase *base, const Plan *plan) {
        uint32_t mask = UINT32_C(1) << CGROUP_HIERARCHY_UNIFIED;

        if (base->mode == CGROUP_UNIFIED) {
                return mask;
        }
        mask |= UINT32_C(1) << CGROUP_HIERARCHY_MEMORY | UINT32_C(1) << CGROUP_HIERARCHY_PIDS;
        for (size_t i = 0; i < plan->n_ops; i++) {
                CgroupHierarchy hierarchy = hierarchy_of(&plan->ops[i]);

                if (hierarchy < _CGROUP_HIERARCHY_MAX) {
                        mask |= UINT32_C(1) << hierarchy;
                }
        }
        return mask;
}

static int make_one(int parent_fd, const char *name) {
        int r = cgroup_make(parent_fd, name);

        if (r != -EEXIST) {
                return r;
        }
        /* Ours by the lock, and no living sandbox has this name: left over from one that could not
         * be removed in time. */
        r = cgroup_remove(parent_fd, name);
        return r < 0 ? r : cgroup_make(parent_fd, name);
}

int cgroup_seed_cpuset(int parent_fd, int cgroup_fd) {
        static const char *const files[] = {"cpuset.mems", "cpuset.cpus"};

        for (size_t i = 0; i < ELEMENTS(files); i++) {
                _cleanup_free_ char *text = NULL;
                int r;

                r = file_read_at(parent_fd, files[i], LIMIT_TEXT_MAX, &text, NULL);
                if (r == 0) {
                        r = file_write_at(cgroup_fd, files[i], text);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* One cgroup of the set, which may hold processes then. */
static int make_in(const CgroupBase *base, CgroupHierarchy hierarchy, CgroupSet *set) {
        int *fd = &set->fds[hierarchy];

        *fd = make_one(base->fds[hierarchy], set->name);
        if (*fd < 0) {
                return *fd;
        }
        return hierarchy == CGROUP_HIERARCHY_CPUSET ? cgroup_seed_cpuset(base->fds[hierarchy], *fd)
                                                    : 0;
}

static int make_all(const CgroupBase *base, const char *name, uint32_t wanted, CgroupSet *set) {
        set->name = strdup(name);
        if (!set->name) {
                return -ENOMEM;
        }
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                int r;

                if ((wanted & (UINT32_C(1) << i)) == 0 || base->fds[i] < 0) {
                        continue;
                }
                r = make_in(base, (CgroupHierarchy) i, set);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

static int read_value(const Limit *limit, const CgroupBase *base, int fd, const char *file,
                      uint64_t *ret) {
        _cleanup_free_ char *text = NULL, *period = NULL;
        int r;

        r = file_read_at(fd, file, 4096, &text, NULL);
        if (r < 0) {
                return r;
        }
        text[strcspn(text, "\n")] = '\0';
        if (limit->format == LIMIT_QUOTA && base->mode != CGROUP_UNIFIED) {
                r = file_read_at(fd, "cpu.cfs_period_us", 4096, &period, NULL);
                if (r < 0) {
                        return r;
                }
                period[strcspn(period, "\n")] = '\0';
        }
        return limit_parse(limit, base->mode, text, period, ret);
}

/* An idle cgroup takes no weight. */
static int write_weight(int fd, const char *file, const char *text, uint64_t value) {
        bool idle = value == LIMIT_WEIGHT_IDLE;
        int r = file_write_at(fd, "cpu.idle", idle ? "1" : "0");

        return idle || (r < 0 && r != -ENOENT) ? r : file_write_at(fd, file, text);
}

/* What is merely counted is not written. */
static int write_number(const CgroupBase *base, int fd, const Limit *limit, const char *file,
                        uint64_t value) {
        _cleanup_free_ char *text = NULL;
        uint64_t period = LIMIT_PERIOD_USEC;
        int r = 0;

        if (limit->format == LIMIT_ACCOUNTING) {
                return 0;
        }
        if (limit->format == LIMIT_QUOTA) {
                r = quota_read_period(base->mode, fd, &period);
        }
        r = r < 0 ? r : limit_format(limit, base->mode, value, period, &text);
        if (r < 0) {
                return r;
        }
        switch (limit->format) {
        case LIMIT_PERIOD:
                return quota_write_period(base->mode, fd, value);
        case LIMIT_WEIGHT:
                return write_weight(fd, file, text, value);
        default:
                return file_write_at(fd, file, text);
        }
}

static int write_limit(const CgroupBase *base, const CgroupSet *set, const Limit *limit,
                       uint64_t value, const char **ret_file) {
        CgroupHierarchy hierarchy;
        uint64_t now;
        int fd, r;

        *ret_file = limit->scope_property;
        r = limit_locate(limit, base->mode, base->controllers, &hierarchy, ret_file);
        if (r < 0) {
                return r;
        }
        fd = set->fds[base->mode == CGROUP_UNIFIED ? CGROUP_HIERARCHY_UNIFIED : hierarchy];
        if (fd < 0) {
                return -EOPNOTSUPP;
        }
        r = write_number(base, fd, limit, *ret_file, value);
        r = r < 0 ? r : read_value(limit, base, fd, *ret_file, &now);
        if (r < 0) {
                return r == -ENOENT ? -EOPNOTSUPP : r;
        }
        return limit_in_force(limit, base->mode, value, now) ? 0 : -EOPNOTSUPP;
}

/* On v1 a set cannot be empty: without one of its own a cgroup has what the one above has. */
static int text_of_parent(const CgroupBase *base, CgroupHierarchy hierarchy, const char *file,
                          char **ret) {
        int r = file_read_at(base->fds[hierarchy], file, LIMIT_TEXT_MAX, ret, NULL);

        if (r == 0) {
                (*ret)[strcspn(*ret, "\n")] = '\0';
        }
        return r;
}

static int write_text(const CgroupBase *base, const CgroupSet *set, const TextLimit *limit,
                      const char *line, const char **ret_file) {
        _cleanup_free_ char *content = NULL, *parent = NULL;
        CgroupHierarchy hierarchy;
        int fd, r;

        *ret_file = limit->scope_property;
        r = text_limit_locate(limit, base->mode, base->controllers, &hierarchy, ret_file);
        if (r < 0) {
                return r;
        }
        fd = set->fds[base->mode == CGROUP_UNIFIED ? CGROUP_HIERARCHY_UNIFIED : hierarchy];
        if (fd < 0) {
                return -EOPNOTSUPP;
        }
        if (line[0] == '\0' && base->mode != CGROUP_UNIFIED) {
                r = text_of_parent(base, hierarchy, *ret_file, &parent);
                line = r == 0 ? parent : line;
        }
        r = r < 0 ? r : file_write_at(fd, *ret_file, line[0] == '\0' ? "\n" : line);
        r = r < 0 ? r : file_read_at(fd, *ret_file, LIMIT_TEXT_MAX, &content, NULL);
        if (r < 0) {
                return r == -ENOENT ? -EOPNOTSUPP : r;
        }
        return text_limit_in_force(line, content) ? 0 : -EOPNOTSUPP;
}

/* What an op asks for is left out, for BestEffort= says so. */
static int note_degraded(CgroupSet *set, const Op *op, const char *file, int fault) {
        CgroupDegraded *grown = reallocarray(set->degraded, set->n_degraded + 1, sizeof(*grown));

        if (!grown) {
                return -ENOMEM;
        }
        set->degraded = grown;
        grown[set->n_degraded++] =
                (CgroupDegraded){.origin = op->origin, .fault = fault, .file = file};
        return 0;
}

static bool op_is_limit(const Op *op) {
        return op->kind == OP_LIMIT || op->kind == OP_LIMIT_TEXT;
}

static int write_one(const CgroupBase *base, const CgroupSet *set, const Op *op,
                     const char **ret_file) {
        return op->kind == OP_LIMIT ? write_limit(base, set, &limit_table[op->args[0].u64],
                                                  op->args[1].u64, ret_file)
                                    : write_text(base, set, &text_limit_table[op->args[0].u64],
                                                 op->args[1].string, ret_file);
}

static int write_limits(const CgroupBase *base, CgroupSet *set, const Plan *plan,
                        CgroupFault *fault) {
        for (size_t i = 0; i < plan->n_ops; i++) {
                const Op *op = &plan->ops[i];
                bool best_effort = i > 0 && op[-1].kind == OP_BEST_EFFORT;
                int r;

                if (!op_is_limit(op)) {
                        continue;
                }
                r = write_one(base, set, op, &fault->object);
                fault->op = i;
                if (r < 0 && best_effort) {
                        r = note_degraded(set, op, fault->object, r);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

int cgroup_set_make(CgroupBase *base, const Plan *plan, CgroupSet *ret, CgroupFault *ret_fault) {
        const Op *op = plan_find(plan, OP_CGROUP);
        CgroupSet set;
        int r;

        assert(ret);
        assert(ret_fault);

        cgroup_set_init(&set);
        *ret_fault = (CgroupFault){};
        if (!op) {
                op = plan_find(plan, OP_LIMIT);
                op = op ? op : plan_find(plan, OP_LIMIT_TEXT);
                if (op) {
                        ret_fault->op = (size_t) (op - plan->ops);
                        return -EINVAL;
                }
                *ret = set;
                return 0;
        }
        ret_fault->op = (size_t) (op - plan->ops);
        if (!cgroup_name_is_valid(op->args[0].string)) {
                return -EINVAL;
        }
        r = cgroup_base_make(base);
        if (r >= 0) {
                r = make_all(base, op->args[0].string, hierarchies_wanted(base, plan), &set);
        }
        if (r >= 0) {
                r = device_rules_apply(plan, &set, ret_fault);
        }
        if (r >= 0) {
                r = write_limits(base, &set, plan, ret_fault);
        }
        if (r < 0) {
                (void) cgroup_set_remove(base, &set);
                cgroup_set_done(&set);
                return r;
        }
        *ret = set;
        return 0;
}

/* Writing to cgroup.procs makes the kernel wait for a grace period even where nothing changes. */
static bool stands_in(const CgroupBase *base, CgroupHierarchy hierarchy, pid_t pid,
                      const char *name) {
        _cleanup_free_ char *path = NULL, *tail = strf("/%s/%s", base->name, name);

        return tail && cgroup_of_pid(base->mode, pid, hierarchy, &path) == 0 &&
               endswith(path, tail);
}

int cgroup_set_attach(const CgroupBase *base, const CgroupSet *set, pid_t pid) {
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                int r;

                if (set->fds[i] < 0 || stands_in(base, (CgroupHierarchy) i, pid, set->name)) {
                        continue;
                }
                r = cgroup_attach(set->fds[i], pid);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* A hierarchy of v1 that no limit needed so far, or in which an earlier change came to no end:
 * everybody has to go there. Who is born meanwhile stands where his parent does, so it comes to an
 * end. */
static int extend(const CgroupBase *base, CgroupSet *set, CgroupHierarchy hierarchy) {
        const unsigned rounds_max = 64;
        int r = set->fds[hierarchy] < 0 ? make_in(base, hierarchy, set) : 0;

        if (r < 0) {
                return r;
        }
        for (unsigned round = 0; round < rounds_max; round++) {
                _cleanup_free_ pid_t *pids = NULL;
                bool moved = false;
                size_t n = 0;

                r = cgroup_read_pids(set->fds[CGROUP_HIERARCHY_PIDS], &pids, &n);
                for (size_t i = 0; i < n && r == 0; i++) {
                        if (stands_in(base, hierarchy, pids[i], set->name)) {
                                continue;
                        }
                        moved = true;
                        r = cgroup_attach(set->fds[hierarchy], pids[i]);
                        r = r == -ESRCH ? 0 : r; /* it has ended: it uses nothing */
                }
                if (r < 0 || !moved) {
                        return r;
                }
        }
        return -EBUSY;
}

static int extend_all(const CgroupBase *base, CgroupSet *set, const Plan *plan,
                      CgroupFault *fault) {
        for (size_t i = 0; i < plan->n_ops && base->mode != CGROUP_UNIFIED; i++) {
                CgroupHierarchy hierarchy = hierarchy_of(&plan->ops[i]);
                int r;

                if (hierarchy >= _CGROUP_HIERARCHY_MAX || base->fds[hierarchy] < 0) {
                        continue;
                }
                *fault = (CgroupFault){.op = i, .object = "cgroup.procs"};
                r = extend(base, set, hierarchy);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* Each by itself: one that was never changed may well refuse. */
static void change_back(const CgroupBase *base, const CgroupSet *set, const Plan *undo) {
        CgroupFault fault;

        (void) device_rules_apply(undo, set, &fault);
        for (size_t i = 0; i < undo->n_ops; i++) {
                if (op_is_limit(&undo->ops[i])) {
                        (void) write_one(base, set, &undo->ops[i], &fault.object);
                }
        }
}

int cgroup_set_change(CgroupBase *base, CgroupSet *set, const Plan *plan, const Plan *undo,
                      CgroupFault *ret_fault) {
        int r;

        assert(plan && undo);
        assert(ret_fault);

        *ret_fault = (CgroupFault){};
        if (cgroup_set_is_empty(set)) {
                return -EOPNOTSUPP;
        }
        r = extend_all(base, set, plan, ret_fault);
        if (r == 0) {
                r = device_rules_apply(plan, set, ret_fault);
        }
        if (r == 0) {
                r = write_limits(base, set, plan, ret_fault);
        }
        if (r < 0) {
                change_back(base, set, undo);
        }
        return r;
}

void cgroup_set_kill(const CgroupSet *set) {
        /* cgroup2 first: where it is there, it reaches all of them at once. */
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if (set->fds[i] >= 0 && !cgroup_is_empty(set->fds[i])) {
                        (void) cgroup_kill(set->fds[i]);
                }
        }
}

int cgroup_set_remove(const CgroupBase *base, CgroupSet *set) {
        int result = 0;

        if (cgroup_set_is_empty(set)) {
                return 0;
        }
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                int r;

                if (set->fds[i] < 0) {
                        continue;
                }
                r = cgroup_remove(base->fds[i], set->name);
                if (r < 0) {
                        result = r;
                        continue;
                }
                set->fds[i] = fd_close(set->fds[i]);
        }
        if (result == 0) {
                cgroup_set_done(set);
        }
        return result;
}
