/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What fails, and that it says on what and leaves nothing behind. */

#include "plans.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* -- what fails, and says on what -- */

START_TEST(test_missing_layer) {
        expect_failure(&(Want){.layer = "/nowhere/layer"}, STEP_SOURCE, ENOENT, "/nowhere/layer");
        expect_failure(&(Want){.layer = "/nowhere/layer", .directory = true}, STEP_SOURCE, ENOENT,
                       "/nowhere/layer");
}
END_TEST

START_TEST(test_bad_layer) {
        char path[PATH_MAX];

        (void) snprintf(path, sizeof(path), "%s/fifo", bed.folder);
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        expect_failure(&(Want){.layer = path}, STEP_SOURCE, EINVAL, path);
        expect_failure(&(Want){.layer = path, .directory = true}, STEP_SOURCE, ENOTDIR, path);
        ck_assert_int_eq(unlink(path), 0);
        /* An image that is none; the manager has followed the links. */
        ck_assert_ptr_nonnull(realpath("/bin/busybox", path));
        expect_failure(&(Want){.layer = path}, STEP_SOURCE, EINVAL, path);
}
END_TEST

START_TEST(test_missing_program) {
        expect_failure(&(Want){.program = "/bin/nothing"}, STEP_EXEC, ENOENT, "/bin/nothing");
        expect_failure(&(Want){.program = "nothing"}, STEP_EXEC, ENOENT, "nothing");
        expect_failure(&(Want){.program = "/etc/passwd"}, STEP_EXEC, EACCES, "/etc/passwd");
        expect_failure(&(Want){.program = "/bin"}, STEP_EXEC, EACCES, "/bin");
        expect_failure(&(Want){.program = "/bin/nothing", .no_reaper = true}, STEP_EXEC, ENOENT,
                       "/bin/nothing");
}
END_TEST

START_TEST(test_missing_user) {
        expect_failure(&(Want){.user = "who"}, STEP_USER, ESRCH, "who");
        expect_failure(&(Want){.user = "web", .group = "which"}, STEP_USER, ENXIO, "web");
        /* Not mapped. */
        expect_failure(&(Want){.user = "100000"}, STEP_USER, EINVAL, "100000");
}
END_TEST

START_TEST(test_working_directory_refused) {
        expect_failure(&(Want){.working_directory = "/nowhere"}, STEP_CHDIR, ENOENT, "/nowhere");
        expect_failure(&(Want){.working_directory = "/etc/passwd"}, STEP_CHDIR, ENOTDIR,
                       "/etc/passwd");
}
END_TEST

static void add_wrong_device(Plan *plan) {
        ADD(plan, OP_TMPFS, "/dev", U(0), U(0), U(0755));
        ADD(plan, OP_DEVICE, "/dev/null", "/dev/null", U(OP_DEVICE_CHARACTER), U(1), U(5));
}

static void add_wrong_kind(Plan *plan) {
        ADD(plan, OP_TMPFS, "/dev", U(0), U(0), U(0755));
        ADD(plan, OP_DEVICE, "/dev/null", "/dev/null", U(OP_DEVICE_BLOCK), U(1), U(3));
}

static void add_linked_device(Plan *plan) {
        ADD(plan, OP_TMPFS, "/dev", U(0), U(0), U(0755));
        ADD(plan, OP_DEVICE, "/dev/fd/0", "/dev/null", U(OP_DEVICE_CHARACTER), U(1), U(3));
}

START_TEST(test_wrong_device) {
        expect_failure(&(Want){.mounts = add_wrong_kind}, STEP_SOURCE, ENODEV, "/dev/null");
        expect_failure(&(Want){.mounts = add_linked_device}, STEP_SOURCE, ELOOP, "/dev/fd/0");
        expect_failure(&(Want){.mounts = add_wrong_device}, STEP_SOURCE, ENODEV, "/dev/null");
}
END_TEST

static void add_long_proc(Plan *plan) {
        ADD(plan, OP_PROC, "/proc", U(OP_PROC_PID));
}

START_TEST(test_read_only_root_without_mount_point) {
        expect_failure(&(Want){.read_only = true, .mounts = add_long_proc}, STEP_MOUNT, EROFS,
                       "/proc");
}
END_TEST

/* Layers that ship something else where the sandbox's own file systems belong. */
static void add_proc(Plan *plan) {
        ADD(plan, OP_PROC, "/proc", U(OP_PROC_PID));
}
static void add_dev(Plan *plan) {
        ADD(plan, OP_TMPFS, "/dev", U(0), U(0), U(0755));
        ADD(plan, OP_DEVICE, "/dev/null", "/dev/null", U(OP_DEVICE_CHARACTER), U(1), U(3));
}
static void add_null(Plan *plan) {
        ADD(plan, OP_DEVICE, "/dev/null", "/dev/null", U(OP_DEVICE_CHARACTER), U(1), U(3));
}
static void add_tmp(Plan *plan) {
        ADD(plan, OP_TMPFS, "/tmp/a/b", U(0), U(0), U(0755));
}

static const struct {
        const char *prepare;
        void (*mounts)(Plan *plan);
        int fault;
        const char *object;
} traps[] = {
        {"ln -s %s/marker proc", add_proc, ELOOP, "/proc"},
        {"ln -s ../../../../../../../tmp proc", add_proc, ELOOP, "/proc"},
        {"touch proc", add_proc, ENOTDIR, "/proc"},
        {"ln -s %s/marker dev", add_dev, ELOOP, "/dev"},
        {"mkdir dev; ln -s /proc/sys/kernel/core_pattern dev/null", add_null, ELOOP, "/dev/null"},
        {"mkdir -p dev/null", add_null, EISDIR, "/dev/null"},
        {"ln -s %s/marker tmp", add_tmp, ELOOP, "/tmp/a/b"},
        {"mkdir tmp; ln -s %s/marker tmp/a", add_tmp, ELOOP, "/tmp/a/b"},
};

START_TEST(test_trap) {
        char layer[128], marker[128], command[512], script[1024];

        (void) snprintf(layer, sizeof(layer), "%s/trap%d", bed.folder, _i);
        (void) snprintf(marker, sizeof(marker), "%s/marker", bed.folder);
        ck_assert(mkdir(marker, 0755) == 0 || errno == EEXIST);
        _Pragma("GCC diagnostic push");
        _Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"");
        (void) snprintf(command, sizeof(command), traps[_i].prepare, bed.folder);
        _Pragma("GCC diagnostic pop");
        (void) snprintf(script, sizeof(script), "mkdir %s && cd %s && %s", layer, layer, command);
        bed_shell(script);
        expect_failure(&(Want){.layer = layer, .directory = true, .mounts = traps[_i].mounts},
                       STEP_MOUNT, traps[_i].fault, traps[_i].object);
        (void) snprintf(script, sizeof(script), "test -z \"$(ls -A %s)\"", marker);
        bed_shell(script);
}
END_TEST

START_TEST(test_bind_through_link_stays_inside) {
        char layer[128], script[768];
        Plan *plan = plan_new();
        char *argv[] = {(char *) "cat", (char *) "/inside/passwd", NULL};
        char source[128];
        Outcome outcome;

        (void) snprintf(layer, sizeof(layer), "%s/links", bed.folder);
        (void) snprintf(source, sizeof(source), "%s/etc/passwd", bed.directory);
        (void) snprintf(script, sizeof(script),
                        "mkdir -p %s/inside && cd %s && ln -s /inside etc && touch inside/passwd",
                        layer, layer);
        bed_shell(script);
        ADD(plan, OP_NAMESPACES, U(ALL));
        add_ids(plan, &(Want){});
        ADD(plan, OP_LAYER, U(OP_LAYER_DIRECTORY), layer);
        ADD(plan, OP_LAYER, U(OP_LAYER_IMAGE), bed.image);
        ADD(plan, OP_OVERLAY, U(OP_UPPER_TMPFS), U(0));
        ADD(plan, OP_BIND, source, "/etc/passwd", U(OP_MOUNT_READ_ONLY));
        ADD(plan, OP_STDIO, U(1), U(OP_STDIO_INHERIT), "0");
        ADD(plan, OP_EXEC, "/bin/cat", argv, U(0));
        bed_run(&bed, plan, &outcome);
        expect_success(&outcome);
        ck_assert_ptr_nonnull(strstr(outcome.output, "web:x:1000"));
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

START_TEST(test_relay_missing) {
        Plan *plan = listen_plan("28080");
        Outcome outcome;

        bed_run(&bed, plan, &outcome);
        ck_assert(outcome.failed && !outcome.spawned);
        ck_assert_uint_eq(outcome.failure.step, STEP_RELAY);
        ck_assert_int_eq(outcome.failure.fault, ENOENT);
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

static const struct {
        const char *address;
        int fault;
} addresses[] = {
        {"0", ERANGE},
        {"65536", ERANGE},
        {"x", EINVAL},
        {"1.2.3:80", EINVAL},
        {"[::1:80", EINVAL},
        {"[]:80", EINVAL},
        {"[::1]80", EINVAL},
        {"127.0.0.1:", EINVAL},
        {"127.0.0.1:+1", EINVAL},
        {"8.8.8.8:80", EADDRNOTAVAIL},
        {"/bin/busybox", EEXIST},
};

START_TEST(test_bad_address) {
        Plan *plan = listen_plan(addresses[_i].address);
        Census before;
        Outcome outcome;

        census_take(&before);
        bed_run(&bed, plan, &outcome);
        ck_assert(outcome.failed && !outcome.spawned);
        ck_assert_uint_eq(outcome.failure.step, STEP_RELAY);
        ck_assert_int_eq(outcome.failure.fault, addresses[_i].fault);
        ck_assert_str_eq(outcome.failure.object, addresses[_i].address);
        ck_assert_int_eq(outcome.failure.op, 2);
        outcome_done(&outcome);
        census_check(&before);
        census_done(&before);
        (void) plan_free(plan);
}
END_TEST

/* A copy-on-write view of the host's root, with a /dev of its own: nothing of the host's is below
 * it but through the overlay. */
static void mount_overlay(const char *target) {
        _cleanup_free_ char *script = NULL;

        script = strf("set -e; cd %s; mkdir overlay upper; mount -t tmpfs tmpfs upper; "
                      "mkdir upper/u upper/w; mount -t overlay -o "
                      "lowerdir=/,upperdir=upper/u,workdir=upper/w overlay overlay; "
                      "mkdir -p overlay/dev; mount -t tmpfs tmpfs overlay/dev; "
                      "mknod -m 666 overlay/dev/null c 1 3",
                      bed.folder);
        ck_assert_ptr_nonnull(script);
        bed_shell(script);
        ck_assert_int_eq(access(target, F_OK), 0);
}

/* overlayfs allows no idmapped mounts: a layer on it is refused by name, the host's root is taken
 * as it is, which is said. */
START_TEST(test_layer_without_idmaps) {
        Plan *plan = plan_new();
        char *argv[] = {(char *) "/bin/busybox", (char *) "sh", (char *) "-c",
                        (char *) "stat -c %u /bin/busybox; echo x > /new && echo wrote; "
                                 "echo x 2>&- > /etc/new || echo refused",
                        NULL};
        char target[128];
        Outcome outcome;
        int host;

        (void) snprintf(target, sizeof(target), "%s/overlay", bed.folder);
        host = leave_host();
        mount_overlay(target);
        expect_failure(&(Want){.layer = target, .directory = true}, STEP_ROOT, EOPNOTSUPP, target);

        ADD(plan, OP_NAMESPACES, U(ALL));
        add_ids(plan, &(Want){});
        ADD(plan, OP_LAYER, U(OP_LAYER_DIRECTORY), "/");
        ADD(plan, OP_OVERLAY, U(OP_UPPER_TMPFS), U(0));
        ADD(plan, OP_STDIO, U(1), U(OP_STDIO_INHERIT), "0");
        ADD(plan, OP_EXEC, "/bin/busybox", argv, U(0));
        ck_assert_int_eq(chroot(target), 0);
        ck_assert_int_eq(chdir("/"), 0);
        bed_run(&bed, plan, &outcome);
        /* Out of the chroot as well. */
        return_to_host(host);
        expect_success(&outcome);
        ck_assert_str_eq(outcome.output, "65534\nwrote\nrefused\n");
        ck_assert_str_ne(outcome.degraded, "");
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

/* -- processes that die on the way -- */

#define STEP_USEC 60

/* The builder goes at any moment: then there is no sandbox, or a whole one. */
START_TEST(test_builder_killed) {
        static const LaunchInput given = {.id_lock = -EBADF, .log = -EBADF};
        Plan *plan = plan_make(&(Want){}, "echo whole");
        unsigned none = 0;
        Census before;

        census_take(&before);
        for (long i = 0; i < 60; i++) {
                const struct timespec pause = {.tv_nsec = i * STEP_USEC * 1000};
                Outcome outcome;
                Live live;

                live_launch(&bed, plan, &given, &live);
                (void) nanosleep(&pause, NULL);
                ck_assert_int_eq(kill(live.launch.builder, SIGKILL), 0);
                live_follow(&live);
                live_finish(&live, &outcome);
                ck_assert(!outcome.failed);
                ck_assert_str_eq(outcome.output, outcome.ran ? "whole\n" : "");
                none += !outcome.ran;
                outcome_done(&outcome);
        }
        ck_assert_msg(none > 0, "the builder was never killed in time");
        /* Some that nobody announced, which end by themselves. */
        while (waitpid(-1, NULL, 0) > 0) {
        }
        census_check(&before);
        census_done(&before);
        (void) plan_free(plan);
}
END_TEST

/* A helper that is gone before GO: nothing runs, everybody goes. */
START_TEST(test_helper_gone) {
        static const LaunchInput given = {.id_lock = -EBADF, .log = -EBADF};
        Plan *plan = plan_make(&(Want){}, "echo reached");
        Census before;

        census_take(&before);
        for (long i = 0; i < 40; i++) {
                const struct timespec pause = {.tv_nsec = i * 2 * STEP_USEC * 1000};
                _cleanup_free_ char *output = NULL;
                Live live;

                live_launch(&bed, plan, &given, &live);
                (void) nanosleep(&pause, NULL);
                launch_done(&live.launch);
                /* The stream's end: nobody is left to write. */
                ck_assert_int_eq(fd_read_all(live.output, 4096, &output, NULL), 0);
                ck_assert_str_eq(output, "");
                (void) fd_close(live.output);
                while (waitpid(-1, NULL, 0) > 0) {
                }
        }
        census_check(&before);
        census_done(&before);
        (void) plan_free(plan);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("refuse");
        TCase *tests = tcase_create("refuse");

        tcase_add_unchecked_fixture(tests, set_up, tear_down);
        tcase_set_timeout(tests, 120);
        tcase_add_test(tests, test_bind_through_link_stays_inside);
        tcase_add_test(tests, test_missing_layer);
        tcase_add_test(tests, test_relay_missing);
        tcase_add_test(tests, test_layer_without_idmaps);
        tcase_add_test(tests, test_bad_layer);
        tcase_add_test(tests, test_missing_program);
        tcase_add_test(tests, test_missing_user);
        tcase_add_test(tests, test_working_directory_refused);
        tcase_add_test(tests, test_wrong_device);
        tcase_add_test(tests, test_read_only_root_without_mount_point);
        tcase_add_loop_test(tests, test_trap, 0, ELEMENTS(traps));
        tcase_add_loop_test(tests, test_bad_address, 0, ELEMENTS(addresses));
        tcase_add_test(tests, test_builder_killed);
        tcase_add_test(tests, test_helper_gone);
        suite_add_tcase(suite, tests);
        return run_suite(suite);
}
