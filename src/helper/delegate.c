/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/delegate.h"

#include "base/fd.h"
#include "helper/helper.h"
#include "kern/namespace.h"
#include "kern/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>

/* systemd's mark of what is not its own any more; the first one where the kernel has it (5.6). */
static int check_mark(int cgroup_fd) {
        static const char *const marks[] = {"user.delegate", "trusted.delegate"};
        _cleanup_fd_ int fd = openat(cgroup_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0) {
                return negative_errno();
        }
        for (size_t i = 0; i < ELEMENTS(marks); i++) {
                char value;

                if (fgetxattr(fd, marks[i], &value, sizeof(value)) == 1 && value == '1') {
                        return 0;
                }
        }
        return -EPERM;
}

/* Whatever the workload makes can be walked over and removed. The leaves are counted, too. */
static int bound(int cgroup_fd, const char **ret_object) {
        static const struct {
                const char *file;
                unsigned most;
        } bounds[] = {{"cgroup.max.depth", CGROUP_DEPTH_MAX + 1},
                      {"cgroup.max.descendants", CGROUP_DESCENDANTS_MAX + 2}};
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(bounds) && r == 0; i++) {
                char text[16];

                (void) snprintf(text, sizeof(text), "%u", bounds[i].most);
                *ret_object = bounds[i].file;
                r = file_write_at(cgroup_fd, bounds[i].file, text);
        }
        return r;
}

/* A cgroup whose children have controllers holds no process itself. */
static int move_ours(const Sandbox *sandbox, int ours) {
        int r = cgroup_attach(ours, sandbox->init.pid);

        if (r == 0 && child_is_alive(&sandbox->relay)) {
                r = cgroup_attach(ours, sandbox->relay.pid);
        }
        if (r == 0 && child_is_alive(&sandbox->keeper)) {
                r = cgroup_attach(ours, sandbox->keeper.pid);
        }
        return r;
}

static int enable(int cgroup_fd, const Op *op, const char **ret_object) {
        uint32_t wanted = (uint32_t) op->args[0].u64, there;
        int r;

        *ret_object = "cgroup.controllers";
        r = cgroup_read_controllers(cgroup_fd, &there);
        if (r < 0) {
                return r;
        }
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                if ((wanted & ~there & (UINT32_C(1) << i)) != 0) {
                        *ret_object = i == CGROUP_HIERARCHY_IO
                                              ? "io"
                                              : cgroup_hierarchy_name((CgroupHierarchy) i);
                        return -EOPNOTSUPP;
                }
        }
        *ret_object = "cgroup.subtree_control";
        return cgroup_enable(cgroup_fd, op->args[1].u64 ? there & CGROUP_DELEGATED : wanted);
}

/* To root inside; a User= of its own gets it from there, for its name is in the sandbox's files. */
static int give(const Sandbox *sandbox, int payload) {
        IdRange ranges[2 * ID_RANGES_MAX];
        _cleanup_fd_ int directory =
                process_directory(sandbox->helper->ground.proc, sandbox->init.pid);
        IdMap users, groups;
        uint32_t user, group;
        int r;

        r = directory < 0 ? directory : namespace_read_maps(directory, ranges, &users, &groups);
        if (r < 0) {
                return r;
        }
        if (!id_map_find(&users, 0, &user) || !id_map_find(&groups, 0, &group)) {
                return -EUSERS;
        }
        return user == 0 && group == 0 ? 0 : cgroup_give(payload, user, group);
}

static int open_ways(int ours, int payload, LaunchGo *go) {
        go->payload = payload;
        go->enter = cgroup_open_join(payload);
        go->leave = go->enter < 0 ? go->enter : cgroup_open_join(ours);
        return MIN(go->leave, 0);
}

int delegate_make(Sandbox *sandbox, LaunchGo *go, int64_t *ret_op, const char **ret_object) {
        const Op *op = plan_find(sandbox->plan, OP_DELEGATE);
        _cleanup_fd_ int ours = -EBADF;
        int r = 0;

        assert(go);
        assert(ret_op && ret_object);

        if (!op) {
                return 0;
        }
        *ret_op = op - sandbox->plan->ops;
        *ret_object = NULL;
        if (sandbox->cgroup < 0 || !cgroup_is_unified(sandbox->cgroup)) {
                return -EOPNOTSUPP;
        }
        if (cgroup_set_is_empty(&sandbox->cgroups)) {
                *ret_object = "user.delegate";
                r = check_mark(sandbox->cgroup);
        }
        r = r < 0 ? r : bound(sandbox->cgroup, ret_object);
        if (r < 0) {
                return r;
        }
        *ret_object = DELEGATE_OURS;
        ours = cgroup_make(sandbox->cgroup, DELEGATE_OURS);
        r = ours < 0 ? ours : move_ours(sandbox, ours);
        r = r < 0 ? r : enable(sandbox->cgroup, op, ret_object);
        if (r < 0) {
                return r;
        }
        *ret_object = DELEGATE_PAYLOAD;
        sandbox->payload = cgroup_make(sandbox->cgroup, DELEGATE_PAYLOAD);
        r = sandbox->payload < 0 ? sandbox->payload : give(sandbox, sandbox->payload);
        return r < 0 ? r : open_ways(ours, sandbox->payload, go);
}
