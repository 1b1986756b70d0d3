/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/host.h"

#include "base/parse.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static bool is_type(const char *path, mode_t type) {
        struct stat st;

        return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

static bool is_there(const char *path) {
        return access(path, F_OK) == 0;
}

int host_facts_probe(HostFacts *ret) {
        HostFacts facts = {};
        struct utsname name;

        if (uname(&name) < 0) {
                return negative_errno();
        }
        if (sscanf(name.release, "%u.%u", &facts.kernel_major, &facts.kernel_minor) != 2) {
                return -EINVAL;
        }
        facts.cgroup_mode = cgroup_mode_detect();
        facts.systemd_booted = is_type("/run/systemd/system", S_IFDIR); /* sd_booted(3) */
        host_facts_set_scopes(&facts, facts.systemd_booted);
        facts.journal = is_type("/run/systemd/journal/stdout", S_IFSOCK);
        host_facts_look_again(&facts);
        facts.time_namespace = is_there("/proc/self/ns/time");
        facts.cgroup_namespace = is_there("/proc/self/ns/cgroup");
        facts.user_namespace = is_there("/proc/self/ns/user");
        *ret = facts;
        return 0;
}

void host_facts_look_again(HostFacts *facts) {
        assert(facts);

        /* as systemd keeps it while a unit is active, for journald */
        facts->oomd = is_type("/run/systemd/units/invocation:systemd-oomd.service", S_IFLNK);
}

void host_facts_set_scopes(HostFacts *facts, bool scopes) {
        assert(facts);

        facts->cgroup_controllers = cgroup_controllers(facts->cgroup_mode, scopes ? "/" : NULL);
}
