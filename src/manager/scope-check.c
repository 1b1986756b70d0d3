/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/scope-check.h"

#include "base/fd.h"
#include "base/path.h"
#include "manager/failure.h"
#include "manager/manager.h"
#include "manager/stats.h"
#include "op/text-limit.h"

#include <poll.h>

bool scope_leader_is_alive(const Sandbox *sandbox) {
        struct pollfd pidfd = {.fd = sandbox->run.leader_pidfd, .events = POLLIN};

        return poll(&pidfd, 1, 0) == 0;
}

/* 1: the process stands in the scope of this hierarchy, or in a cgroup of the scope's where that is
 * delegated; 0: not there; -errno. */
static int in_scope(const Sandbox *sandbox, CgroupHierarchy hierarchy, pid_t pid) {
        CgroupMode mode = sandbox->manager->host.cgroup_mode;
        _cleanup_free_ char *path = NULL, *scope = NULL;
        _cleanup_free_ pid_t *pids = NULL;
        _cleanup_fd_ int fd = -EBADF;
        size_t n;
        int r;

        r = cgroup_of_pid(mode, pid, hierarchy, &path);
        if (r == 0) {
                r = cgroup_of_pid_above(mode, pid, hierarchy, sandbox->scope_name, &scope);
        }
        if (r < 0) {
                return r;
        }
        if (!streq(path_last(scope), sandbox->scope_name)) {
                return 0;
        }
        fd = cgroup_open(mode, hierarchy, path);
        if (fd < 0) {
                return fd;
        }
        r = cgroup_read_pids(fd, &pids, &n);
        return r < 0 ? r : cgroup_pids_contain(pids, n, pid);
}

/* On v1 without cgroup2 the hierarchy of TasksMax=, which every scope has, stands for systemd's
 * own. */
static int check_place(const Sandbox *sandbox, pid_t pid, Str *reason) {
        CgroupHierarchy hierarchy = sandbox->manager->host.cgroup_mode == CGROUP_V1
                                            ? CGROUP_HIERARCHY_PIDS
                                            : CGROUP_HIERARCHY_UNIFIED;
        int r;

        r = in_scope(sandbox, hierarchy, pid);
        if (r > 0) {
                return 0;
        }
        if (!scope_leader_is_alive(sandbox)) {
                return SCOPE_CHECK_DEAD;
        }
        r = str_appendf(reason,
                        "systemd made the scope %s, but process %d is not in it: it is "
                        "being killed, or was moved elsewhere.",
                        sandbox->scope_name, pid);
        return r < 0 ? r : SCOPE_CHECK_ELSEWHERE;
}

static int limit_fault(const Sandbox *sandbox, const Limit *limit, uint64_t asked,
                       uint64_t *ret_read) {
        const HostFacts *host = &sandbox->manager->host;
        _cleanup_free_ char *path = NULL;
        CgroupHierarchy hierarchy;
        const char *file;
        int r;

        if (limit->format == LIMIT_ACCOUNTING && asked == 0) {
                return 0;
        }
        r = limit_locate(limit, host->cgroup_mode, host->cgroup_controllers, &hierarchy, &file);
        if (r < 0) {
                return r;
        }
        r = in_scope(sandbox, hierarchy, sandbox->run.leader_pid);
        if (r <= 0) {
                return r < 0 ? r : -EOPNOTSUPP; /* what a parent has is no limit of this scope */
        }
        r = stats_cgroup_of(sandbox, hierarchy, &path);
        r = r < 0 ? r
                  : limit_read_path(limit, host->cgroup_mode, host->cgroup_controllers, path,
                                    ret_read);
        if (r < 0) {
                return r;
        }
        return limit_in_force(limit, host->cgroup_mode, asked, *ret_read) ? 0 : 1;
}

/* What comes of a limit that is not in force, once text says so. */
static int limit_missing(Sandbox *sandbox, const ScopeProperty *property, const Str *text,
                         Str *reason) {
        const Spec *spec = sandbox->run.spec;
        int r;

        if (property->origin < _DIRECTIVE_MAX && spec->set[property->origin] &&
            !spec_is_best_effort(spec, (DirectiveId) property->origin)) {
                r = str_append(reason, str_text(text));
                return r < 0 ? r : SCOPE_CHECK_LIMIT;
        }
        return strv_append(&sandbox->degraded, str_text(text));
}

static int check_number(Sandbox *sandbox, const ScopeProperty *property, const Limit *limit,
                        Str *reason) {
        _cleanup_(str_done) Str text = STR_INIT;
        uint64_t read_back = LIMIT_INFINITY;
        int r;

        r = limit_fault(sandbox, limit, property->number, &read_back);
        if (r == 0) {
                return 0;
        }
        if (!scope_leader_is_alive(sandbox)) {
                return SCOPE_CHECK_DEAD;
        }
        r = failure_format_limit(limit, property->number, read_back, r < 0 ? -r : 0,
                                 property->origin, &property->place, sandbox->run.spec, &text);
        return r < 0 ? r : limit_missing(sandbox, property, &text, reason);
}

/* *ret: what the file says; NULL with -errno where it cannot be read or is not the scope's own. */
static int read_text(const Sandbox *sandbox, const TextLimit *limit, char **ret) {
        const HostFacts *host = &sandbox->manager->host;
        int r;

        r = in_scope(sandbox, limit->hierarchy, sandbox->run.leader_pid);
        if (r <= 0) {
                return r < 0 ? r : -EOPNOTSUPP;
        }
        return text_limit_read(limit, host->cgroup_mode, host->cgroup_controllers,
                               sandbox->run.leader_pid, ret);
}

static int check_text(Sandbox *sandbox, const ScopeProperty *property, const TextLimit *limit,
                      Str *reason) {
        _cleanup_free_ char *content = NULL;
        int fault, r = 0;

        fault = read_text(sandbox, limit, &content);
        STRV_FOREACH (line, property->expected) {
                _cleanup_(str_done) Str text = STR_INIT;

                if (fault == 0 && text_limit_in_force(*line, content)) {
                        continue;
                }
                if (!scope_leader_is_alive(sandbox)) {
                        return SCOPE_CHECK_DEAD;
                }
                r = failure_format_text_limit(*line, content, -fault, property->origin,
                                              &property->place, sandbox->run.spec, &text);
                return r < 0 ? r : limit_missing(sandbox, property, &text, reason);
        }
        return 0;
}

static int check_limit(Sandbox *sandbox, const ScopeProperty *property, Str *reason) {
        const Limit *limit = limit_find(property->name);
        const TextLimit *text_limit = text_limit_find(property->name);

        if (limit) {
                return check_number(sandbox, property, limit, reason);
        }
        return text_limit ? check_text(sandbox, property, text_limit, reason) : 0;
}

int scope_check_change(const Sandbox *sandbox, const Spec *spec, const LaunchPlan *launch,
                       Str *reason) {
        for (size_t i = 0; i < launch->n_properties; i++) {
                const ScopeProperty *property = &launch->properties[i];
                const Limit *limit = limit_find(property->name);
                uint64_t read_back = LIMIT_INFINITY;
                int r;

                if (!limit) {
                        continue;
                }
                r = limit_fault(sandbox, limit, property->number, &read_back);
                if (r != 0) {
                        r = failure_format_limit(limit, property->number, read_back, r < 0 ? -r : 0,
                                                 property->origin, &property->place, spec, reason);
                        return r < 0 ? r : SCOPE_CHECK_LIMIT;
                }
        }
        return 0;
}

int scope_check(Sandbox *sandbox, Str *reason) {
        const LaunchPlan *launch;
        int r;

        assert(sandbox && sandbox->run.prepared);
        assert(reason);

        launch = sandbox->run.prepared->launch;
        r = check_place(sandbox, sandbox->run.leader_pid, reason);
        if (r == 0 && sandbox->run.relay_pid > 0) {
                r = check_place(sandbox, sandbox->run.relay_pid, reason);
        }
        for (size_t i = 0; i < launch->n_properties && r == 0; i++) {
                r = check_limit(sandbox, &launch->properties[i], reason);
        }
        return r;
}
