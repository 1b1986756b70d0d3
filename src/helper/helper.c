/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/helper.h"

#include "base/fd.h"
#include "base/log.h"
#include "helper/connection.h"
#include "helper/exec.h"
#include "kern/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A helper that was started for a sbxd which never came goes away after this time. */
#define NEVER_CALLED_USEC (30 * USEC_PER_SEC)
#define SWEEP_AGAIN_USEC USEC_PER_SEC
/* Children reaped in one turn. */
#define REAPS_MAX 256

Sandbox *helper_find(Helper *helper, const SandboxId *id) {
        for (Sandbox *sandbox = helper->sandboxes; sandbox; sandbox = sandbox->next) {
                if (memcmp(&sandbox->id, id, sizeof(*id)) == 0) {
                        return sandbox;
                }
        }
        return NULL;
}

Sandbox *helper_find_alive(Helper *helper, const char *name) {
        for (Sandbox *sandbox = helper->sandboxes; sandbox; sandbox = sandbox->next) {
                if (sandbox->phase != PHASE_EXITED && streq(sandbox->name, name)) {
                        return sandbox;
                }
        }
        return NULL;
}

void helper_register(Helper *helper, Sandbox *sandbox) {
        Sandbox **next = &helper->sandboxes;

        while (*next) {
                next = &(*next)->next;
        }
        *next = sandbox;
        helper->n_sandboxes++;
}

void helper_send(Helper *helper, const ControlMessage *message) {
        if (helper->connection) {
                connection_send(helper->connection, message);
        }
}

static bool reap_known(Helper *helper, pid_t pid) {
        for (Sandbox *sandbox = helper->sandboxes; sandbox; sandbox = sandbox->next) {
                if (sandbox_reap(sandbox, pid)) {
                        return true;
                }
        }
        return false;
}

static void read_all_reports(Helper *helper) {
        for (Sandbox *sandbox = helper->sandboxes; sandbox; sandbox = sandbox->next) {
                sandbox_read_reports(sandbox, /* all= */ false);
                sessions_read_reports(sandbox);
        }
}

/* All children that have ended. Numbers are safe here: none is reaped but by this function and the
 * ones that it calls. */
static void reap(Helper *helper) {
        for (int i = 0; i < REAPS_MAX; i++) {
                siginfo_t status = {};

                if (waitid(P_ALL, 0, &status, WEXITED | WNOHANG | WNOWAIT) < 0 ||
                    status.si_pid == 0) {
                        return;
                }
                if (reap_known(helper, status.si_pid)) {
                        continue;
                }
                /* It may have died before what named it was read. */
                read_all_reports(helper);
                if (!reap_known(helper, status.si_pid)) {
                        (void) waitid(P_PID, (id_t) status.si_pid, &status, WEXITED | WNOHANG);
                }
        }
}

/* SIGTERM leaves what runs alone: under systemd it lives on in its scopes. What had no GO cannot.
 */
static void stop(Helper *helper) {
        helper->stopping = true;
        helper->listen_watch = watch_free(helper->listen_watch);
        connection_drop(helper);
}

static void on_signal(void *userdata, uint32_t events) {
        Helper *helper = userdata;
        struct signalfd_siginfo info;

        if (read(helper->signals, &info, sizeof(info)) != (ssize_t) sizeof(info)) {
                return;
        }
        if (info.ssi_signo == SIGCHLD) {
                reap(helper);
        } else {
                stop(helper);
        }
}

static void on_listen(void *userdata, uint32_t events) {
        connection_accept(userdata);
}

static void on_never_called(void *userdata, uint32_t events) {
        Helper *helper = userdata;

        helper->idle_watch = watch_free(helper->idle_watch);
}

static bool something_unreleased(const Helper *helper) {
        for (const Sandbox *sandbox = helper->sandboxes; sandbox; sandbox = sandbox->next) {
                if (!sandbox->go && sandbox->phase != PHASE_EXITED) {
                        return true;
                }
        }
        return false;
}

/* One that runs does not need what is kept, its clone is its own; but the next one shares its
 * pages. */
static bool image_is_used(void *userdata, const char *path) {
        const Helper *helper = userdata;

        for (const Sandbox *sandbox = helper->sandboxes; sandbox; sandbox = sandbox->next) {
                size_t i = 0;

                for (const Op *op;
                     sandbox->plan && (op = plan_next(sandbox->plan, OP_LAYER, &i));) {
                        if (streq(op->args[1].string, path)) {
                                return true;
                        }
                }
        }
        return false;
}

static void sweep_images(Helper *helper);

static void on_images(void *userdata, uint32_t events) {
        Helper *helper = userdata;

        helper->images_watch = watch_free(helper->images_watch);
        sweep_images(helper);
}

static void sweep_images(Helper *helper) {
        if (!helper->images_watch && images_sweep(&helper->images, image_is_used, helper)) {
                /* without a timer they stay until the next sandbox ends */
                (void) watch_new_timer(helper->loop, IMAGES_LINGER_USEC, on_images, helper,
                                       &helper->images_watch);
        }
}

static void settle(void *userdata) {
        Helper *helper = userdata;

        for (Sandbox **next = &helper->sandboxes; *next;) {
                Sandbox *sandbox = *next;

                if (sandbox_settle(sandbox)) {
                        *next = sandbox->next;
                        (void) sandbox_free(sandbox);
                        helper->n_sandboxes--;
                        sweep_images(helper);
                } else {
                        next = &sandbox->next;
                }
        }
        if (helper->stopping) {
                if (!something_unreleased(helper)) {
                        loop_stop(helper->loop);
                }
                return;
        }
        if (helper->exit_idle && !helper->connection && !helper->sandboxes && !helper->idle_watch) {
                /* One may be knocking already. */
                connection_accept(helper);
                if (!helper->connection) {
                        loop_stop(helper->loop);
                }
        }
}

/* A directory of ours alone below the runtime directory. */
static int open_directory(int parent_fd, const char *name) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        if (mkdirat(parent_fd, name, 0700) < 0 && errno != EEXIST) {
                return negative_errno();
        }
        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0) {
                return negative_errno();
        }
        if (st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
                return -EPERM;
        }
        return fd_take(&fd);
}

static int open_directories(Helper *helper, const char *path) {
        _cleanup_fd_ int runtime = -EBADF;
        int logs;

        if (mkdir(path, 0755) < 0 && errno != EEXIST) {
                return log_fault(errno, "Failed to make %s: %m", path);
        }
        runtime = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (runtime < 0) {
                return log_fault(errno, "Failed to open %s: %m", path);
        }
        helper->ids = open_directory(runtime, "ids");
        logs = open_directory(runtime, "log");
        if (helper->ids < 0 || logs < 0) {
                int r = MIN(helper->ids, logs);

                (void) fd_close(logs);
                return log_fault(
                        r, "Failed to open %s/ids and %s/log as directories of root alone: %m",
                        path, path);
        }
        log_store_init(&helper->logs, logs);
        return 0;
}

/* Blocked for good: children unblock what they need. */
static int open_signals(Helper *helper) {
        sigset_t mask;

        if (sigemptyset(&mask) < 0 || sigaddset(&mask, SIGCHLD) < 0 ||
            sigaddset(&mask, SIGTERM) < 0 || sigaddset(&mask, SIGINT) < 0 ||
            sigprocmask(SIG_BLOCK, &mask, NULL) < 0) {
                return negative_errno();
        }
        helper->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
        return helper->signals < 0 ? negative_errno() : 0;
}

/* By now what an earlier helper held has died, too, and its locks with it. */
static void on_sweep(void *userdata, uint32_t events) {
        Helper *helper = userdata;

        helper->sweep_watch = watch_free(helper->sweep_watch);
        id_lease_sweep(helper->ids);
}

static int open_watches(Helper *helper) {
        int r;

        r = loop_new(&helper->loop);
        if (r < 0) {
                return r;
        }
        loop_set_settle(helper->loop, settle, helper);
        r = open_signals(helper);
        if (r == 0) {
                r = watch_new(helper->loop, helper->signals, EPOLLIN, on_signal, helper,
                              &helper->signal_watch);
        }
        if (r == 0) {
                r = fd_set_nonblock(helper->listen, true);
        }
        if (r == 0) {
                r = watch_new(helper->loop, helper->listen, EPOLLIN, on_listen, helper,
                              &helper->listen_watch);
        }
        if (r == 0) {
                r = watch_new_timer(helper->loop, SWEEP_AGAIN_USEC, on_sweep, helper,
                                    &helper->sweep_watch);
        }
        if (r == 0 && helper->exit_idle) {
                r = watch_new_timer(helper->loop, NEVER_CALLED_USEC, on_never_called, helper,
                                    &helper->idle_watch);
        }
        return r;
}

static int read_boot_id(Helper *helper) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = file_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, NULL);
        if (r < 0) {
                return r;
        }
        (void) snprintf(helper->boot_id, sizeof(helper->boot_id), "%.36s", text);
        return 0;
}

int helper_init(Helper *helper, const HelperOptions *options, int listen) {
        int r;

        *helper = (Helper){.listen = listen,
                           .signals = -EBADF,
                           .ids = -EBADF,
                           .logs = LOG_STORE_NONE,
                           .ground = {.empty_ns = -EBADF, .proc = -EBADF, .relay_exe = -EBADF},
                           .exit_idle = options->exit_idle};
        cgroup_base_init(&helper->cgroups);
        r = open_directories(helper, options->runtime_directory);
        if (r < 0) {
                return r;
        }
        r = read_boot_id(helper);
        if (r < 0) {
                return log_fault(r, "Failed to read the boot id: %m");
        }
        r = launch_ground_make(options->relay_path, &helper->ground);
        if (r < 0) {
                return log_fault(r,
                                 "Failed to make the namespace in which sandboxes are built: %m");
        }
        /* The janitor: what an earlier helper left and nobody owns. */
        id_lease_sweep(helper->ids);
        r = cgroup_base_adopt(&helper->cgroups);
        if (r < 0) {
                (void) log_warning_fault(r, "Failed to remove cgroups of an earlier helper: %m");
        }
        r = open_watches(helper);
        if (r < 0) {
                return log_fault(r, "Failed to set up the event loop: %m");
        }
        return 0;
}

int helper_run(Helper *helper) {
        return loop_run(helper->loop);
}

void helper_done(Helper *helper) {
        connection_drop(helper);
        while (helper->sandboxes) {
                Sandbox *sandbox = helper->sandboxes;

                helper->sandboxes = sandbox->next;
                (void) sandbox_free(sandbox);
        }
        images_done(&helper->images);
        helper->images_watch = watch_free(helper->images_watch);
        helper->idle_watch = watch_free(helper->idle_watch);
        helper->sweep_watch = watch_free(helper->sweep_watch);
        helper->listen_watch = watch_free(helper->listen_watch);
        helper->signal_watch = watch_free(helper->signal_watch);
        helper->loop = loop_free(helper->loop);
        helper->signals = fd_close(helper->signals);
        helper->listen = fd_close(helper->listen);
        helper->ids = fd_close(helper->ids);
        log_store_done(&helper->logs);
        cgroup_base_done(&helper->cgroups);
        launch_ground_done(&helper->ground);
}
