/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Init: the first process of a sandbox. Mounts what the builder opened, changes the root, waits for
 * GO, and then either becomes the workload or stays as PID 1, reaping and passing signals on. It
 * runs nothing of the sandbox's while it has privilege. */

#include "helper/device-rules.h"
#include "helper/parts.h"
#include "kern/cgroup.h"
#include "kern/descriptors.h"
#include "kern/device.h"
#include "kern/mount.h"
#include "kern/privilege.h"
#include "kern/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int join_cgroups(const Build *build) {
        for (size_t i = 0; i < build->n_cgroups; i++) {
                /* "0" is the writer: no number that could be another's. */
                if (write(build->cgroups[i], "0", 1) < 0) {
                        return negative_errno();
                }
        }
        return 0;
}

static int set_names(const Build *build, int *ret_op) {
        const Op *host = plan_find(build->plan, OP_HOSTNAME),
                 *domain = plan_find(build->plan, OP_DOMAINNAME);

        if ((host || domain) && !(build->namespaces & CLONE_NEWUTS)) {
                *ret_op = (int) ((host ? host : domain) - build->plan->ops);
                return -EINVAL; /* it would be the host's own name */
        }
        if (host && sethostname(host->args[0].string, strlen(host->args[0].string)) < 0) {
                *ret_op = (int) (host - build->plan->ops);
                return negative_errno();
        }
        if (domain && setdomainname(domain->args[0].string, strlen(domain->args[0].string)) < 0) {
                *ret_op = (int) (domain - build->plan->ops);
                return negative_errno();
        }
        return 0;
}

/* All that needs neither ids nor mounts: done while the builder writes the one and makes the
 * others. */
static int make_network(Build *build) {
        const Op *loopback = plan_find(build->plan, OP_LOOPBACK);
        int op = -1, r = join_cgroups(build);
        size_t device = 0;

        if (r < 0) {
                return build_fault(build, r, STEP_CGROUP, -1, NULL);
        }
        r = device_rules_check(build->plan, build->sources, &device);
        if (r < 0) {
                return build_fault(build, r, STEP_CGROUP, (int) device,
                                   build->plan->ops[device].args[0].string);
        }
        if ((build->namespaces & CLONE_NEWNET) && unshare(CLONE_NEWNET) < 0) {
                return build_fault(build, negative_errno(), STEP_SPAWN, -1, "net");
        }
        r = relay_wants_root(build->plan) ? 0 : relay_give_network(build, -EBADF);
        if (r < 0) {
                return build_fault(build, r, STEP_RELAY, -1, NULL);
        }
        if (loopback && (build->namespaces & CLONE_NEWNET)) {
                r = loopback_up();
                op = (int) (loopback - build->plan->ops);
        }
        r = r < 0 ? r : set_names(build, &op);
        return r < 0 ? build_fault(build, r, STEP_NETWORK, op, NULL) : 0;
}

/* The builder's next message. It has said itself what went wrong where it says nothing more. */
static int receive(Build *build, char tag, char *text, size_t size, int *ret_fd) {
        size_t n_fds = ret_fd ? 1 : 0;
        ssize_t n = fd_receive(build->link[1], text, size, ret_fd, &n_fds, 0);

        if (n <= 0 || text[0] != tag || (ret_fd && n_fds != 1)) {
                _exit(EXIT_FAILURE);
        }
        return 0;
}

static int become_root_inside(Build *build) {
        char text[1];
        int r = receive(build, LINK_MAPPED, text, sizeof(text), NULL);

        if (r == 0 && build_is_apart(build, CLONE_NEWUSER)) {
                r = privilege_become(0, 0, NULL, 0);
        }
        return r < 0 ? build_fault(build, r, STEP_MAP, -1, NULL) : 0;
}

static int attach_root(int root) {
        _cleanup_fd_ int target = -EBADF;

        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                return negative_errno();
        }
        target = open("/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return target < 0 ? negative_errno() : mount_attach(root, target);
}

/* A mount namespace that was joined when init was born has its root and all mounts. */
static int take_root(Build *build, int *ret_root) {
        *ret_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return *ret_root < 0 ? build_fault(build, negative_errno(), STEP_ROOT, -1, "/") : 0;
}

static int make_root(Build *build, int *ret_root) {
        _cleanup_fd_ int root = -EBADF;
        char text[1 + LAUNCH_OBJECT_MAX];
        int r = mounts_make(build, false);

        r = r < 0 ? r : receive(build, LINK_ROOT, text, sizeof(text), &root);
        if (r < 0) {
                return r;
        }
        memcpy(build->degraded, text + 1, sizeof(build->degraded));
        build->degraded[sizeof(build->degraded) - 1] = '\0';
        r = attach_root(root);
        if (r < 0) {
                return build_fault(build, r, STEP_ROOT, -1, NULL);
        }
        r = mounts_attach(build, root);
        r = r < 0 ? r : protections_apply(build, root);
        if (r < 0) {
                return r;
        }
        r = mount_pivot(root);
        if (r < 0) {
                return build_fault(build, r, STEP_ROOT, -1, NULL);
        }
        r = locks_take(build, &root);
        if (r < 0) {
                return r;
        }
        *ret_root = fd_take(&root);
        return 0;
}

static int build_inside(Build *build, int *ret_root) {
        _cleanup_fd_ int root = -EBADF;
        int r = make_network(build);

        r = r < 0 ? r : become_root_inside(build);
        if (r == 0) {
                r = build->joined & CLONE_NEWNS ? take_root(build, &root) : make_root(build, &root);
        }
        if (r < 0) {
                return r;
        }
        r = relay_wants_root(build->plan) ? relay_give_network(build, root) : 0;
        if (r < 0) {
                return build_fault(build, r, STEP_RELAY, -1, NULL);
        }
        *ret_root = fd_take(&root);
        return 0;
}

static int wait_for_go(Build *build) {
        Report report = {.type = REPORT_BUILT, .op = -1};
        int r;

        memcpy(report.object, build->degraded, sizeof(report.object));
        r = report_send(build->report, &report, &build->devpts, build->devpts >= 0 ? 1 : 0);
        if (r < 0) {
                return build_fault(build, r, STEP_SCOPE, -1, NULL);
        }
        if (launch_take_go(build->report, plan_find(build->plan, OP_DELEGATE), &build->go) < 0) {
                _exit(EXIT_FAILURE); /* the helper is gone, or wants no more of it */
        }
        return 0;
}

static int move_to(Build *build, int fd) {
        const Op *op = plan_find(build->plan, OP_DELEGATE);

        if (fd >= 0 && write(fd, "0", 1) < 0) {
                return build_fault(build, negative_errno(), STEP_CGROUP,
                                   (int) (op - build->plan->ops), "cgroup.procs");
        }
        return 0;
}

/* The namespace begins where its maker stands: with the workload's leaf, where there is one. */
static int enter_cgroup_namespace(Build *build, int root) {
        const Op *op = plan_find(build->plan, OP_CGROUP_NAMESPACE);
        int r = move_to(build, build->go.enter);

        if (r < 0) {
                return r;
        }
        if (op && unshare(CLONE_NEWCGROUP) < 0) {
                return build_fault(build, negative_errno(), STEP_NAMESPACE,
                                   (int) (op - build->plan->ops), "cgroup");
        }
        r = mounts_attach_cgroup(build, root);
        /* What stays at PID 1 is not the workload's to find in its way. */
        return r < 0 || !plan_find(build->plan, OP_REAPER) ? r : move_to(build, build->go.leave);
}

static int map_status(const Build *build, LaunchStatus **ret) {
        void *page = mmap(NULL, sizeof(LaunchStatus), PROT_READ | PROT_WRITE, MAP_SHARED,
                          build->status, 0);

        if (page == MAP_FAILED) {
                return negative_errno();
        }
        *ret = page;
        return 0;
}

/* Whatever a program is sent in order to end it or to tell it something; not what stops, continues
 * or is ignored by default. */
static bool is_passed_on(int signal) {
        switch (signal) {
        case SIGCHLD:
        case SIGCONT:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
        case SIGURG:
        case SIGWINCH:
                return false;
        default:
                return true;
        }
}

static void pass_on(const Build *build, const siginfo_t *signal, pid_t workload) {
        if (!is_passed_on(signal->si_signo)) {
                return;
        }
        if (!(build->namespaces & CLONE_NEWPID)) {
                /* -1 would be every process of the host. */
                (void) kill(workload, signal->si_signo);
                return;
        }
        /* A sender outside has no number in here; what comes from inside is the workload's own
         * affair, and none of ours. By sigqueue(3) it could claim any number. */
        if (signal->si_pid == 0 && signal->si_code == SI_USER) {
                (void) kill(-1, signal->si_signo);
        }
}

static bool reap(pid_t workload, siginfo_t *ret) {
        bool ended = false;

        for (;;) {
                siginfo_t status = {};

                if (waitid(P_ALL, 0, &status, WEXITED | WNOHANG) < 0 || status.si_pid == 0) {
                        return ended;
                }
                if (status.si_pid == workload) {
                        *ret = status;
                        ended = true;
                }
        }
}

static void wait_for_workload(const Build *build, pid_t workload, siginfo_t *ret) {
        sigset_t all;

        (void) sigfillset(&all);
        while (!reap(workload, ret)) {
                siginfo_t signal;

                if (sigwaitinfo(&all, &signal) > 0 && signal.si_signo != SIGCHLD) {
                        pass_on(build, &signal, workload);
                }
        }
}

/* Nothing that a sandbox could get hold of stays in the process that outlives every workload. */
static int become_reaper(Build *build) {
        const Capabilities few = {
                .permitted = UINT64_C(1) << CAP_KILL,
                .effective = UINT64_C(1) << CAP_KILL,
        };
        int keep[] = {build->id_lock, build->go.events};
        int r = descriptors_keep(keep, ELEMENTS(keep));

        return r < 0 ? r : capabilities_set(&few);
}

_noreturn_ static void end(LaunchStatus *status, const Build *build, const siginfo_t *how) {
        uint32_t kills = 0;

        if (build->go.events >= 0 && cgroup_read_oom_kills(build->go.events, &kills) < 0) {
                kills = 0;
        }
        status->code = how->si_code;
        status->status = how->si_status;
        status->oom_kills = kills;
        __atomic_store_n(&status->done, 1, __ATOMIC_RELEASE);
        _exit(how->si_code == CLD_EXITED ? how->si_status : 128 + how->si_status);
}

_noreturn_ static void fail(const Build *build, int r) {
        _exit(report_failed(build->report, &build->fault, r));
}

static Workload describe(const Build *build) {
        return (Workload){
                .plan = build->plan,
                .report = build->report,
                .null = build->null,
                .journal = build->journal,
                .streams = build->streams,
                .n_streams = build->n_streams,
                .log = build->log,
                .slave = -EBADF,
                .enter = plan_find(build->plan, OP_REAPER) ? build->go.enter : -EBADF,
                .payload = build->go.payload,
        };
}

static int open_terminal(Build *build, Workload *workload, int *ret_master) {
        const Op *op = plan_find(build->plan, OP_TERMINAL);
        int r;

        if (!op) {
                return 0;
        }
        r = build->devpts < 0
                    ? -ENOTTY
                    : terminal_open(build->devpts, (unsigned) op->args[0].u64,
                                    (unsigned) op->args[1].u64, ret_master, &workload->slave);
        return r < 0 ? build_fault(build, r, STEP_STDIO, (int) (op - build->plan->ops), NULL) : 0;
}

/* Who looks at the processes of a sandbox takes it for the helper otherwise. */
static void name_process(const Build *build) {
        const char *suffix = endswith(build->name, ".sandbox");
        char title[64];

        (void) snprintf(title, sizeof(title), "sbx-init %.*s",
                        (int) (suffix ? (size_t) (suffix - build->name) : strlen(build->name)),
                        build->name);
        process_title_set(title);
        (void) prctl(PR_SET_NAME, "sbx-init", 0, 0, 0);
}

/* Runs one program after the other, as PID 1 or as what orphans come to. */
_noreturn_ static void supervise(Build *build, Workload *workload, int master) {
        LaunchStatus *status = NULL;
        sigset_t all;
        siginfo_t how = {};
        int r = map_status(build, &status), index;

        (void) sigfillset(&all);
        if (r == 0 && (sigprocmask(SIG_BLOCK, &all, NULL) < 0 ||
                       (!(build->namespaces & CLONE_NEWPID) &&
                        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0))) {
                r = negative_errno();
        }
        if (r < 0) {
                (void) build_fault(build, r, STEP_SPAWN, -1, NULL);
                fail(build, r);
        }
        name_process(build);
        for (size_t i = 0;; i++) {
                const Op *op = workload_exec(build->plan, i, &index);
                bool last = !workload_exec(build->plan, i + 1, &index);
                pid_t pid = fork();

                if (pid == 0) {
                        workload_start(workload, i, master);
                }
                if (pid < 0) {
                        if (i > 0) {
                                _exit(step_table[STEP_SPAWN].exit_status);
                        }
                        r = build_fault(build, negative_errno(), STEP_SPAWN, -1, NULL);
                        fail(build, r);
                }
                /* From here on the end of file is the program's alone to give. */
                build->report = fd_close(build->report);
                workload->report = -EBADF;
                workload->status = status;
                master = fd_close(master);
                if (last && become_reaper(build) < 0) {
                        _exit(step_table[STEP_CAPABILITIES].exit_status);
                }
                wait_for_workload(build, pid, &how);
                if (last || ((how.si_code != CLD_EXITED || how.si_status != 0) &&
                             !(op->args[2].u64 & OP_EXEC_IGNORE_FAILURE))) {
                        end(status, build, &how);
                }
        }
}

/* Descriptors 0 to 2 are the helper's until now. */
static int take_null(const Build *build) {
        int r = 0;

        for (int i = 0; i < 3 && r == 0; i++) {
                r = descriptor_place(build->null, i);
        }
        return r;
}

_noreturn_ void init_run(Build *build) {
        _cleanup_fd_ int root = -EBADF;
        Workload workload;
        int master = -EBADF, r;

        build->link[0] = fd_close(build->link[0]);
        r = take_null(build);
        if (r < 0) {
                (void) build_fault(build, r, STEP_SPAWN, -1, NULL);
        }
        r = r < 0 ? r : build_inside(build, &root);
        r = r < 0 ? r : wait_for_go(build);
        r = r < 0 ? r : enter_cgroup_namespace(build, root);
        workload = describe(build);
        r = r < 0 ? r : open_terminal(build, &workload, &master);
        if (r < 0) {
                fail(build, r);
        }
        if (plan_find(build->plan, OP_REAPER)) {
                supervise(build, &workload, master);
        }
        workload_start(&workload, 0, master);
}
