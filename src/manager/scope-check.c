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

/* *ret: what the file says; -errno where it cannot be read or is not the scope's own. */
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

/* There is no such file of the scope's. */
static bool is_absent(int fault) {
        return fault == -ENOENT || fault == -EOPNOTSUPP;
}

/* NULL: all lines are in force. What is taken back is so where there is no file of the scope's. */
static const char *text_fault(const Sandbox *sandbox, const ScopeProperty *property,
                              const TextLimit *limit, char **ret_content, int *ret_fault) {
        *ret_fault = read_text(sandbox, limit, ret_content);
        STRV_FOREACH (line, property->expected) {
                if (*ret_fault == 0 ? !text_limit_in_force(*line, *ret_content)
                                    : !is_absent(*ret_fault) || !text_limit_is_unset(*line)) {
                        return *line;
                }
        }
        return NULL;
}

/* systemd takes the controller away with the last limit of it. A period is nothing without a quota,
 * which has a check of its own. */
static bool asks_for_nothing(const Spec *spec, const ScopeProperty *property, const Limit *limit) {
        return property->number == LIMIT_INFINITY || limit->format == LIMIT_PERIOD ||
               (property->origin < _DIRECTIVE_MAX && !spec->set[property->origin]);
}

/* 0: in force; 1: text says why not. spec: what was asked for. */
static int look_at_number(const Sandbox *sandbox, const Spec *spec, const ScopeProperty *property,
                          const Limit *limit, bool changing, Str *text) {
        uint64_t read_back = LIMIT_INFINITY;
        int r = limit_fault(sandbox, limit, property->number, &read_back);

        if (r == 0 || (changing && is_absent(r) && asks_for_nothing(spec, property, limit))) {
                return 0;
        }
        r = failure_format_limit(limit, property->number, read_back, r < 0 ? -r : 0,
                                 property->origin, &property->place, spec, text);
        return r < 0 ? r : 1;
}

static int look_at_text(const Sandbox *sandbox, const Spec *spec, const ScopeProperty *property,
                        const TextLimit *limit, bool changing, Str *text) {
        _cleanup_free_ char *content = NULL;
        const char *line;
        int fault, r;

        line = text_fault(sandbox, property, limit, &content, &fault);
        if (!line) {
                return 0;
        }
        r = failure_format_text_limit(line, content, -fault, property->origin, &property->place,
                                      spec, text);
        if (r == 0 && !changing) {
                r = str_append(text, " Leave the directive out, or name it in BestEffort=.");
        }
        return r < 0 ? r : 1;
}

/* What has no file of its own, a filter, is the helper's to ask the kernel for. */
static int look_at(const Sandbox *sandbox, const Spec *spec, const ScopeProperty *property,
                   bool changing, Str *text) {
        const Limit *limit = limit_find(property->name);
        const TextLimit *text_limit = text_limit_find(property->name);

        if (limit) {
                return look_at_number(sandbox, spec, property, limit, changing, text);
        }
        return text_limit ? look_at_text(sandbox, spec, property, text_limit, changing, text) : 0;
}

static int check_limit(Sandbox *sandbox, const ScopeProperty *property, Str *reason) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r = look_at(sandbox, sandbox->run.spec, property, false, &text);

        if (r <= 0) {
                return r;
        }
        return scope_leader_is_alive(sandbox) ? limit_missing(sandbox, property, &text, reason)
                                              : SCOPE_CHECK_DEAD;
}

int scope_check_change(const Sandbox *sandbox, const Spec *spec, const LaunchPlan *launch,
                       Str *reason) {
        int r = 0;

        for (size_t i = 0; i < launch->n_properties && r == 0; i++) {
                r = look_at(sandbox, spec, &launch->properties[i], true, reason);
        }
        return r > 0 ? SCOPE_CHECK_LIMIT : r;
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
