/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bed.h"

#include "kern/process.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MSEC 20000

static const char *folder_name; /* of the bed, the last part */

static void run_program(const char *const *argv) {
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                int null = open("/dev/null", O_RDWR | O_CLOEXEC);

                if (null < 0 || dup2(null, 1) < 0) {
                        _exit(126);
                }
                execvp(argv[0], (char *const *) argv);
                _exit(127);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: status %#x", argv[0],
                      (unsigned) status);
}

void bed_shell(const char *script) {
        run_program((const char *const[]){"/bin/sh", "-c", script, NULL});
}

void bed_make(Bed *bed, const char *relay) {
        _cleanup_free_ char *script = NULL;

        *bed = (Bed){.folder = "/var/tmp/sbx-bed-XXXXXX"};
        ck_assert_int_eq((int) geteuid(), 0);
        ck_assert_ptr_nonnull(mkdtemp(bed->folder));
        folder_name = strrchr(bed->folder, '/');
        (void) snprintf(bed->directory, sizeof(bed->directory), "%s/layer", bed->folder);
        (void) snprintf(bed->image, sizeof(bed->image), "%s/layer.erofs", bed->folder);
        script = strf("set -e; umask 022; mkdir -p %1$s/bin %1$s/etc %1$s/srv; "
                      "cp /bin/busybox %1$s/bin/; "
                      "for i in sh cat id ls stat echo touch mkdir chown rm mv sleep true false "
                      "grep sed hostname readlink tty nc wget kill mount env pwd ln stty; do "
                      "ln -s busybox %1$s/bin/$i; done; "
                      "echo 'root:x:0:0::/:/bin/sh\nweb:x:1000:1001::/:/bin/sh' > %1$s/etc/passwd; "
                      "echo 'root:x:0:\nweb:x:1001:\nmore:x:1002:other,web' > %1$s/etc/group; "
                      "echo lower > %1$s/srv/lower; mkdir %1$s/srv/old; echo x > %1$s/srv/old/x; "
                      "mkfs.erofs --quiet %2$s %1$s",
                      bed->directory, bed->image);
        ck_assert_ptr_nonnull(script);
        bed_shell(script);
        ck_assert_int_eq(launch_ground_make(relay, &bed->ground), 0);
}

void bed_remove(Bed *bed) {
        launch_ground_done(&bed->ground);
        /* Never across a mount: one that a test forgot might be the host's. */
        run_program((const char *const[]){"/bin/rm", "-rf", "--one-file-system", "--", bed->folder,
                                          NULL});
}

static size_t count_entries(const char *path) {
        DIR *directory = opendir(path);
        size_t n = 0;

        ck_assert_ptr_nonnull(directory);
        while (readdir(directory)) {
                n++;
        }
        closedir(directory);
        return n;
}

/* Devices with a file of this bed behind them: others use the host's meanwhile. */
static size_t count_loops(void) {
        size_t n = 0;

        for (int i = 0; i < 256; i++) {
                _cleanup_free_ char *file = NULL;
                char path[64];

                (void) snprintf(path, sizeof(path), "/sys/block/loop%d/loop/backing_file", i);
                n += file_read_at(AT_FDCWD, path, 8192, &file, NULL) == 0 &&
                     strstr(file, folder_name);
        }
        return n;
}

void census_take(Census *ret) {
        char *children = NULL;

        *ret = (Census){};
        ck_assert_int_eq(
                file_read_at(AT_FDCWD, "/proc/self/mountinfo", 16u << 20, &ret->mounts, NULL), 0);
        ck_assert_int_eq(file_read_at(AT_FDCWD, "/proc/thread-self/children", 1u << 20, &children,
                                      &ret->children),
                         0);
        free(children);
        ret->descriptors = count_entries("/proc/self/fd");
        ret->loops = count_loops();
}

void census_check(const Census *before) {
        Census now;

        /* The kernel lets go of a dead mount namespace, and of the loop devices in it, in its own
         * time. */
        for (unsigned i = 0; i < 200 && count_loops() > before->loops; i++) {
                (void) poll(NULL, 0, 10);
        }
        census_take(&now);
        ck_assert_str_eq(now.mounts, before->mounts);
        ck_assert_uint_eq(now.descriptors, before->descriptors);
        ck_assert_uint_le(now.loops, before->loops);
        ck_assert_uint_eq(now.children, before->children);
        census_done(&now);
}

void census_done(Census *census) {
        free(census->mounts);
        census->mounts = NULL;
}

void outcome_done(Outcome *outcome) {
        free(outcome->output);
        outcome->output = NULL;
}

static void wait_readable(int fd) {
        struct pollfd item = {.fd = fd, .events = POLLIN};

        ck_assert_msg(poll(&item, 1, PATIENCE_MSEC) == 1, "nothing came for %d ms", PATIENCE_MSEC);
}

/* True: go on reading; false: end of file. */
static bool take_report(Live *live) {
        Report report;
        int fds[4], r;
        size_t n_fds = ELEMENTS(fds);

        wait_readable(live->launch.report_fd);
        r = launch_read_report(live->launch.report_fd, &report, fds, &n_fds);
        ck_assert_int_ge(r, 0);
        if (r == 0) {
                return false;
        }
        switch (report.type) {
        case REPORT_SPAWNED:
                ck_assert_uint_eq(n_fds, 1);
                live->init_pidfd = fds[0];
                live->outcome.spawned = true;
                live->outcome.init = report.pid;
                break;
        case REPORT_RELAY:
                ck_assert_uint_eq(n_fds, 1);
                ck_assert(!live->outcome.spawned);
                live->relay_pidfd = fds[0];
                break;
        case REPORT_BUILT:
                ck_assert_uint_le(n_fds, 1);
                live->devpts = n_fds ? fds[0] : -EBADF;
                live->outcome.built = true;
                memcpy(live->outcome.degraded, report.object, sizeof(report.object));
                ck_assert_int_eq(launch_go(&live->launch, &LAUNCH_GO_NONE), 0);
                break;
        case REPORT_WORKLOAD:
                ck_assert_uint_ge(n_fds, 1);
                live->workload_pidfd = fds[0];
                live->outcome.workload = report.pid;
                live->outcome.ran = true;
                live->master = n_fds == 2 ? fds[1] : -EBADF;
                break;
        default:
                ck_assert_uint_eq(n_fds, 0);
                if (!live->outcome.failed) {
                        live->outcome.failure = report;
                }
                live->outcome.failed = true;
        }
        return true;
}

void live_follow(Live *live) {
        while (take_report(live)) {
        }
        ck_assert_int_eq(waitpid(live->launch.builder, NULL, 0), live->launch.builder);
}

static Live live_new(int output) {
        return (Live){
                .init_pidfd = -EBADF,
                .workload_pidfd = -EBADF,
                .relay_pidfd = -EBADF,
                .devpts = -EBADF,
                .master = -EBADF,
                .output = output,
        };
}

void live_launch(const Bed *bed, const Plan *plan, const LaunchInput *given, Live *ret) {
        LaunchInput input = *given;
        size_t wrong = 0;
        int streams[2];

        ck_assert_msg(plan_check(plan, &wrong) == 0, "op %zu of the plan is wrong", wrong);
        ck_assert_int_eq(pipe2(streams, O_CLOEXEC), 0);
        input.plan = plan;
        input.name = "test.sandbox";
        input.ground = &bed->ground;
        input.id_base = BED_RANGE;
        input.streams = &streams[1];
        input.n_streams = 1;
        *ret = live_new(streams[0]);
        ck_assert_int_eq(launch_start(&input, &ret->launch), 0);
        (void) fd_close(streams[1]);
}

void live_start_with(const Bed *bed, const Plan *plan, const LaunchInput *given, Live *ret) {
        live_launch(bed, plan, given, ret);
        live_follow(ret);
}

void live_start(const Bed *bed, const Plan *plan, const int *cgroups, size_t n_cgroups, Live *ret) {
        const LaunchInput given = {
                .id_lock = -EBADF,
                .log = -EBADF,
                .cgroups = cgroups,
                .n_cgroups = n_cgroups,
        };

        live_start_with(bed, plan, &given, ret);
}

static char *read_output(int fd) {
        char *text = NULL;

        ck_assert_int_eq(fd_read_all(fd, BED_OUTPUT_MAX, &text, NULL), 0);
        return text;
}

static void reap_init(Live *live) {
        siginfo_t how = {};

        if (live->init_pidfd < 0) {
                return;
        }
        ck_assert_int_eq(waitid((idtype_t) 3, (id_t) live->init_pidfd, &how, WEXITED | __WALL), 0);
        live->outcome.code = how.si_code;
        live->outcome.status = how.si_status;
}

void live_finish(Live *live, Outcome *ret) {
        siginfo_t how = {};

        live->outcome.output = read_output(live->output);
        reap_init(live);
        if (live->relay_pidfd >= 0) {
                (void) process_signal(live->relay_pidfd, SIGKILL);
                ck_assert_int_eq(waitid((idtype_t) 3, (id_t) live->relay_pidfd, &how, WEXITED), 0);
        }
        ck_assert_int_eq((int) pread(live->launch.status_fd, &live->outcome.said,
                                     sizeof(live->outcome.said), 0),
                         (int) sizeof(live->outcome.said));
        launch_done(&live->launch);
        (void) fd_close(live->init_pidfd);
        (void) fd_close(live->workload_pidfd);
        (void) fd_close(live->relay_pidfd);
        (void) fd_close(live->devpts);
        (void) fd_close(live->master);
        (void) fd_close(live->output);
        *ret = live->outcome;
}

void bed_run(const Bed *bed, const Plan *plan, Outcome *ret) {
        Live live;

        live_start(bed, plan, NULL, 0, &live);
        live_finish(&live, ret);
}

char *read_terminal(int master) {
        Str text = STR_INIT;
        char bytes[256];

        for (;;) {
                ssize_t n;

                wait_readable(master);
                n = read(master, bytes, sizeof(bytes));
                if (n <= 0) {
                        return str_take(&text);
                }
                ck_assert_int_eq(str_append_n(&text, bytes, (size_t) n), 0);
        }
}

void live_join(const Bed *bed, const Live *live, const Plan *plan, Outcome *ret,
               char **ret_terminal) {
        JoinInput input = {
                .plan = plan,
                .name = "test.sandbox",
                .ground = &bed->ground,
                .target = live->workload_pidfd,
                .devpts_fd = live->devpts,
                .log = -EBADF,
        };
        int streams[2];
        Live one;

        ck_assert_int_eq(pipe2(streams, O_CLOEXEC), 0);
        input.streams = &streams[1];
        input.n_streams = 1;
        one = live_new(streams[0]);
        ck_assert_int_eq(launch_join(&input, &one.launch), 0);
        (void) fd_close(streams[1]);
        live_follow(&one);
        if (ret_terminal) {
                *ret_terminal = read_terminal(one.master);
        }
        one.outcome.output = read_output(one.output);
        one.init_pidfd = fd_take(&one.workload_pidfd);
        reap_init(&one);
        launch_done(&one.launch);
        (void) fd_close(one.init_pidfd);
        (void) fd_close(one.master);
        (void) fd_close(one.output);
        *ret = one.outcome;
}
