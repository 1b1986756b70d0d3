/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/keeper.h"

#include "base/log.h"
#include "helper/helper.h"
#include "kern/cgroup.h"
#include "kern/descriptors.h"
#include "kern/namespace.h"
#include "kern/privilege.h"
#include "kern/process.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#define OOM_SCORE_NEVER (-1000)

/* In hybrid systemd looks at cgroup2, and the count is v1's. */
static bool is_needed(const Sandbox *sandbox, CgroupMode mode) {
        return (mode == CGROUP_UNIFIED || mode == CGROUP_HYBRID) && sandbox->memory_events >= 0 &&
               sandbox->cgroup >= 0 && cgroup_set_is_empty(&sandbox->cgroups) &&
               (plan_find(sandbox->plan, OP_OOM_GROUP) || !plan_find(sandbox->plan, OP_REAPER));
}

/* systemd may ask all of the scope to end, which is the helper's to do here. */
_noreturn_ static void keep(const char *name, pid_t helper) {
        char title[64];
        sigset_t all;

        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, NULL);
        if (descriptors_close_from(0) < 0 || privilege_drop() < 0 ||
            prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != helper) {
                _exit(EXIT_FAILURE);
        }
        (void) snprintf(title, sizeof(title), "sbx-keeper %s", name);
        process_title_set(title);
        (void) prctl(PR_SET_NAME, "sbx-keeper", 0, 0, 0);
        for (;;) {
                (void) pause();
        }
}

/* Born in the cgroup; where TasksMax= is used up already, moved there, which the kernel does not
 * count. */
static int spawn(Sandbox *sandbox) {
        pid_t helper = getpid(), pid;
        int pidfd = -EBADF;
        bool full;

        pid = process_clone(0, sandbox->cgroup, &pidfd);
        full = pid == -EAGAIN;
        if (full) {
                pid = process_clone(0, -EBADF, &pidfd);
        }
        if (pid == 0) {
                keep(sandbox->name, helper);
        }
        if (pid < 0) {
                return (int) pid;
        }
        sandbox->keeper = (Process){.pid = pid, .pidfd = pidfd};
        return full ? cgroup_attach(sandbox->cgroup, pid) : 0;
}

int keeper_start(Sandbox *sandbox, CgroupMode mode) {
        int r;

        if (!is_needed(sandbox, mode)) {
                return 0;
        }
        r = spawn(sandbox);
        if (r == 0 && mode == CGROUP_UNIFIED) {
                r = process_set_oom_score(sandbox->helper->ground.proc, sandbox->keeper.pid,
                                          OOM_SCORE_NEVER);
        }
        if (r == -EACCES) {
                log_info("%s: without CAP_SYS_RESOURCE its end may be told as SIGKILL where it was "
                         "for want of memory",
                         sandbox->name);
                child_kill(&sandbox->keeper);
                return 0;
        }
        return r;
}
