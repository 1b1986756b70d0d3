/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Launches for real, on this host: what works, and how it ends. */

#include "plans.h"

#include "kern/mount.h"
#include "kern/process.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* -- what works -- */

START_TEST(test_hello) {
        expect_output(&(Want){}, "echo hello $MARK", "hello yes\n");
}
END_TEST

/* What a process has of the host's scheduler, and its groups. */
START_TEST(test_process) {
        const NumberSet cpus = {.bytes = {1}};
        char *groups[] = {(char *) "44", (char *) "web", NULL};
        char *argv[] = {(char *) "sh", (char *) "-c",
                        (char *) "cut -d ' ' -f 19 /proc/self/stat; cat /proc/self/oom_score_adj; "
                                 "sed -n 's/^Cpus_allowed_list:.//p' /proc/self/status; id -G; "
                                 "kill -PIPE $$; echo alive",
                        NULL};
        Plan *plan = plan_new();
        Outcome outcome;

        ADD(plan, OP_NAMESPACES, U(ALL));
        add_ids(plan, &(Want){});
        ADD(plan, OP_LAYER, U(OP_LAYER_IMAGE), bed.image);
        ADD(plan, OP_OVERLAY, U(OP_UPPER_TMPFS), U(0));
        add_mounts(plan);
        ADD(plan, OP_REAPER);
        ADD(plan, OP_STDIO, U(1), U(OP_STDIO_INHERIT), "0");
        ADD(plan, OP_NICE, (int64_t) 7);
        ADD(plan, OP_OOM_SCORE, (int64_t) 900);
        ADD(plan, OP_CPU_AFFINITY, &cpus, sizeof(cpus));
        ADD(plan, OP_KEYRING, U(OP_KEYRING_SHARED));
        ADD(plan, OP_IGNORE_SIGPIPE);
        ADD(plan, OP_USER, "0", "");
        ADD(plan, OP_GROUPS, groups);
        ADD(plan, OP_EXEC, "/bin/sh", argv, U(0));
        bed_run(&bed, plan, &outcome);
        expect_success(&outcome);
        ck_assert_str_eq(outcome.output, "7\n900\n0\n0 44 1001\nalive\n");
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

/* Every way of making the root gives the same sandbox. */
static const struct {
        Want want;
        bool by_fd, by_file;
} roots[] = {
        {{}, true, true},
        {{}, true, false},
        {{}, false, true},
        {{}, false, false},
        {{.directory = true}, true, true},
        {{.directory = true}, false, false},
        {{.ids = "identity"}, true, true},
        {{.ids = "base"}, true, true},
        {{.ids = "base", .directory = true}, false, true},
        {{.shared = CLONE_NEWUSER}, true, true},
        {{.shared = CLONE_NEWUSER, .directory = true}, false, true},
};

START_TEST(test_root) {
        LaunchGround ground = bed.ground;

        bed.ground.overlay_by_fd &= roots[_i].by_fd;
        bed.ground.image_by_file &= roots[_i].by_file;
        Want want = roots[_i].want;

        want.privileged = true; /* chown */
        expect_output(&want,
                      "set -e; stat -c %u:%g /bin/busybox /; echo new > /srv/new; cat /srv/new; "
                      "echo more >> /srv/lower; cat /srv/lower; rm /srv/old/x; "
                      "rm -r /srv/old; mkdir /srv/old; ls /srv/old; mv /srv/new /srv/newer; "
                      "chown 5:6 /srv/newer; stat -c %u:%g /srv/newer; stat -c %a /srv/newer",
                      "0:0\n0:0\nnew\nlower\nmore\n5:6\n640\n");
        bed.ground = ground;
}
END_TEST

START_TEST(test_layers_are_stacked) {
        Plan *plan;
        char *argv[] = {(char *) "cat", (char *) "/top", (char *) "/srv/lower", NULL};
        char top[128], file[160];
        Outcome outcome;
        FILE *f;

        (void) snprintf(top, sizeof(top), "%s/top", bed.folder);
        (void) snprintf(file, sizeof(file), "%s/top", top);
        ck_assert_int_eq(mkdir(top, 0755), 0);
        f = fopen(file, "we");
        ck_assert_ptr_nonnull(f);
        ck_assert_int_gt(fprintf(f, "top\n"), 0);
        ck_assert_int_eq(fclose(f), 0);
        for (int by_fd = 0; by_fd < 2; by_fd++) {
                bed.ground.overlay_by_fd = by_fd && mount_probe_overlay_by_fd();
                plan = plan_new();
                ADD(plan, OP_NAMESPACES, U(ALL));
                add_ids(plan, &(Want){});
                ADD(plan, OP_LAYER, U(OP_LAYER_DIRECTORY), top);
                ADD(plan, OP_LAYER, U(OP_LAYER_IMAGE), bed.image);
                ADD(plan, OP_OVERLAY, U(OP_UPPER_NONE), U(0));
                ADD(plan, OP_STDIO, U(1), U(OP_STDIO_INHERIT), "0");
                ADD(plan, OP_EXEC, "cat", argv, U(0));
                bed_run(&bed, plan, &outcome);
                expect_success(&outcome);
                ck_assert_str_eq(outcome.output, "top\nlower\n");
                outcome_done(&outcome);
                (void) plan_free(plan);
        }
}
END_TEST

/* As many as the kernel takes; the image is the lowest. */
START_TEST(test_most_layers) {
        char *argv[] = {(char *) "ls", (char *) "/count", NULL};
        _cleanup_free_ char *script = NULL, *many = NULL;
        LaunchGround ground = bed.ground;
        Plan *plan = plan_new();
        Outcome outcome;
        size_t lines = 0;

        many = strf("%s/many%d", bed.folder, _i);
        script = strf("for i in $(seq 499); do mkdir -p %s/$i/count; touch %s/$i/count/$i; done",
                      many, many);
        ck_assert_ptr_nonnull(script);
        bed_shell(script);
        bed.ground.overlay_by_fd &= _i == 0;
        ADD(plan, OP_NAMESPACES, U(ALL));
        add_ids(plan, &(Want){});
        for (int i = 1; i <= 499; i++) {
                _cleanup_free_ char *path = strf("%s/%d", many, i);

                ADD(plan, OP_LAYER, U(OP_LAYER_DIRECTORY), path);
        }
        ADD(plan, OP_LAYER, U(OP_LAYER_IMAGE), bed.image);
        ADD(plan, OP_OVERLAY, U(OP_UPPER_TMPFS), U(0));
        ADD(plan, OP_STDIO, U(1), U(OP_STDIO_INHERIT), "0");
        ADD(plan, OP_EXEC, "ls", argv, U(0));
        bed_run(&bed, plan, &outcome);
        expect_success(&outcome);
        for (const char *c = outcome.output; *c; c++) {
                lines += *c == '\n';
        }
        ck_assert_uint_eq(lines, 499);
        outcome_done(&outcome);
        (void) plan_free(plan);
        bed.ground = ground;
}
END_TEST

/* No layer of the unit's: the host's own root, with its files as root's inside. */
START_TEST(test_host_root) {
        expect_output(&(Want){.layer = "/", .directory = true},
                      "/bin/busybox stat -c %u /bin/busybox /etc; echo x > /sbx-new; cat /sbx-new",
                      "0\n0\nx\n");
        ck_assert_int_eq(access("/sbx-new", F_OK), -1);
}
END_TEST

START_TEST(test_confinement) {
        expect_output(&(Want){},
                      "sed -n 's/^\\(CapInh\\|CapPrm\\|CapEff\\|CapBnd\\|CapAmb\\|NoNewPrivs\\|"
                      "Seccomp\\|Groups\\):[[:space:]]*//p' /proc/self/status; ls /proc/self/fd; "
                      "cat /proc/self/uid_map | sed 's/  */ /g'; id -u; id -G; hostname; pwd; "
                      "cat /proc/sys/kernel/domainname 2>&1 | sed 's/.*: //'",
                      "\n0000000000000000\n0000000000000000\n0000000000000000\n0000000000000000\n"
                      "0000000000000000\n1\n2\n0\n1\n2\n3\n 0 1000341504 65536\n0\n0\ninside\n/\n"
                      "No such file or directory\n");
}
END_TEST

/* Where no privilege is to be kept from anybody, all of it is there; and the filter loads all the
 * same. */
START_TEST(test_privileged) {
        expect_output(&(Want){.privileged = true, .no_nnp = true},
                      "sed -n 's/^\\(CapEff\\|NoNewPrivs\\|Seccomp\\):[[:space:]]*//p' "
                      "/proc/self/status; mount -t tmpfs x /srv && echo mounted",
                      "000001ffffffffff\n0\n2\nmounted\n");
}
END_TEST

/* Root with every capability may mount anew, and undo nothing of what it was given; terminals and
 * everything else are where they were. */
static void add_read_only(Plan *plan) {
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/layer/etc", bed.folder);
        add_mounts(plan);
        ADD(plan, OP_BIND, path, "/bound", U(OP_MOUNT_READ_ONLY | OP_MOUNT_IDMAP));
}

START_TEST(test_locked_mounts) {
        expect_output(&(Want){.privileged = true, .mounts = add_read_only},
                      "mount -o remount,bind,rw,nosuid,nodev /bound 2>/dev/null || echo read-only; "
                      "mount -o remount,bind,rw,dev / 2>/dev/null || echo no devices; "
                      "mount -o remount,bind,rw,suid,nodev / 2>/dev/null || echo no suid; "
                      "busybox umount /dev 2>/dev/null || echo covered; "
                      "mount -t tmpfs x /srv && echo more; busybox umount /srv && echo and less; "
                      "test -c /dev/pts/ptmx && pwd",
                      "read-only\nno devices\nno suid\ncovered\nmore\nand less\n/\n");
}
END_TEST

/* The filter may go without no_new_privs, and leaves no capability behind. */
START_TEST(test_filter_without_nnp) {
        expect_output(&(Want){.no_nnp = true},
                      "sed -n 's/^\\(CapPrm\\|CapEff\\|NoNewPrivs\\|Seccomp\\):[[:space:]]*//p' "
                      "/proc/self/status",
                      "0000000000000000\n0000000000000000\n0\n2\n");
}
END_TEST

static const struct {
        const char *user, *group, *output;
} users[] = {
        {"web", "", "1000 1001 1001 1002\n"},  {"web", "more", "1000 1002 1002\n"},
        {"1000", "", "1000 1001 1001 1002\n"}, {"1234", "", "1234 1234 1234\n"},
        {"1234", "7", "1234 7 7\n"},           {"root", "", "0 0 0\n"},
        {"nobody", "", "65534 65534 65534\n"}, {"0", "web", "0 1001 1001\n"},
};

START_TEST(test_user) {
        expect_output(&(Want){.user = users[_i].user, .group = users[_i].group},
                      "echo $(id -u) $(id -g) $(id -G)", users[_i].output);
}
END_TEST

/* The workload with the same set of namespaces as the host's for each kind that is shared. */
static const struct {
        uint64_t flag;
        const char *name;
} kinds[] = {
        {CLONE_NEWNS, "mnt"},  {CLONE_NEWPID, "pid"}, {CLONE_NEWIPC, "ipc"},
        {CLONE_NEWUTS, "uts"}, {CLONE_NEWNET, "net"}, {CLONE_NEWUSER, "user"},
};

static void compare_namespaces(const char *output, uint64_t shared) {
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                char path[64], ours[64], line[80];
                ssize_t n;

                (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i].name);
                n = readlink(path, ours, sizeof(ours) - 1);
                ck_assert_int_gt((int) n, 0);
                ours[n] = '\0';
                (void) snprintf(line, sizeof(line), "%s\n", ours);
                ck_assert_msg(!!strstr(output, line) == !!(shared & kinds[i].flag), "%s: %s in\n%s",
                              kinds[i].name, ours, output);
        }
}

START_TEST(test_namespaces) {
        for (int no_reaper = 0; no_reaper < 2; no_reaper++) {
                Outcome outcome;

                run(&(Want){.shared = shares[_i], .no_reaper = no_reaper},
                    "for k in mnt pid ipc uts net user; do readlink /proc/self/ns/$k; done",
                    &outcome);
                expect_success(&outcome);
                compare_namespaces(outcome.output, shares[_i]);
                outcome_done(&outcome);
        }
}
END_TEST

START_TEST(test_time_offsets) {
        Plan *plan = plan_new();
        char *argv[] = {(char *) "cat", (char *) "/proc/uptime", NULL};
        Outcome outcome;
        struct timespec now;
        double inside;

        ADD(plan, OP_NAMESPACES, U(ALL | CLONE_NEWTIME));
        add_ids(plan, &(Want){});
        ADD(plan, OP_TIME_OFFSETS, (int64_t) 1000000 * 1000000000 + 5, (int64_t) -1);
        ADD(plan, OP_LAYER, U(OP_LAYER_IMAGE), bed.image);
        ADD(plan, OP_OVERLAY, U(OP_UPPER_TMPFS), U(0));
        ADD(plan, OP_PROC, "/proc", U(OP_PROC_ALL));
        ADD(plan, OP_REAPER);
        ADD(plan, OP_STDIO, U(1), U(OP_STDIO_INHERIT), "0");
        ADD(plan, OP_EXEC, "/bin/cat", argv, U(0));
        bed_run(&bed, plan, &outcome);
        expect_success(&outcome);
        ck_assert_int_eq(clock_gettime(CLOCK_BOOTTIME, &now), 0);
        inside = strtod(outcome.output, NULL);
        ck_assert(inside > 999000 + (double) now.tv_sec && inside < 1001000 + (double) now.tv_sec);
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

static void add_whole_proc(Plan *plan) {
        ADD(plan, OP_PROC, "/proc", U(OP_PROC_ALL));
}

START_TEST(test_proc_masks) {
        expect_output(
                &(Want){.mounts = add_whole_proc},
                "cat /proc/cmdline /proc/keys /proc/kallsyms /proc/timer_list; ls /proc/driver; "
                "cat /proc/mtrr 2>&-; "
                "grep -c MemTotal /proc/meminfo; touch /proc/driver/x 2>&- || echo no",
                "1\nno\n");
}
END_TEST

static void add_binds(Plan *plan) {
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/layer/srv", bed.folder);
        ADD(plan, OP_BIND, path, "/made/by/us", U(OP_MOUNT_READ_ONLY));
        (void) snprintf(path, sizeof(path), "%s/mine", bed.folder);
        ADD(plan, OP_BIND, path, "/mine", U(OP_MOUNT_IDMAP | OP_MOUNT_RECURSIVE));
        (void) snprintf(path, sizeof(path), "%s/layer/etc/passwd", bed.folder);
        ADD(plan, OP_BIND, path, "/made/file", U(0));
        ADD(plan, OP_BIND, "/nowhere/to/be/found", "/missing", U(OP_MOUNT_MISSING_OK));
}

START_TEST(test_binds) {
        char mine[128], file[160];
        struct stat st;

        (void) snprintf(mine, sizeof(mine), "%s/mine", bed.folder);
        (void) snprintf(file, sizeof(file), "%s/new", mine);
        ck_assert_int_eq(mkdir(mine, 0755), 0);
        expect_output(&(Want){.mounts = add_binds},
                      "cat /made/by/us/lower; touch /made/by/us/x 2>&- || echo no; "
                      "stat -c %u /made/by/us /mine; echo a > /mine/new; stat -c %u /mine/new; "
                      "grep -c root /made/file; ls -d /missing 2>&-; true",
                      "lower\nno\n65534\n0\n0\n1\n");
        ck_assert_int_eq(stat(file, &st), 0);
        ck_assert_uint_eq(st.st_uid, 0);
        ck_assert_int_eq(unlink(file), 0);
}
END_TEST

START_TEST(test_read_only_root) {
        expect_output(&(Want){.read_only = true},
                      "touch /x 2>&- || echo no; stat -c %u /bin/busybox", "no\n0\n");
}
END_TEST

START_TEST(test_working_directory) {
        expect_output(&(Want){.working_directory = "/srv/old"}, "pwd", "/srv/old\n");
}
END_TEST

/* -- ends -- */

static const struct {
        const char *script;
        int code, status, init_status;
} ends[] = {
        {"exit 7", CLD_EXITED, 7, 7},
        {"kill -9 $$", CLD_KILLED, SIGKILL, 128 + SIGKILL},
        {"sleep 1000 & (sleep 1000 &) ; kill -TERM $$", CLD_KILLED, SIGTERM, 128 + SIGTERM},
};

START_TEST(test_end) {
        Outcome outcome;

        run(&(Want){}, ends[_i].script, &outcome);
        ck_assert(outcome.ran && !outcome.failed);
        ck_assert_uint_eq(outcome.said.done, 1);
        ck_assert_int_eq(outcome.said.code, ends[_i].code);
        ck_assert_int_eq(outcome.said.status, ends[_i].status);
        ck_assert_int_eq(outcome.code, CLD_EXITED);
        ck_assert_int_eq(outcome.status, ends[_i].init_status);
        outcome_done(&outcome);
}
END_TEST

START_TEST(test_signal_to_init_reaches_workload) {
        Plan *plan = plan_make(&(Want){}, "trap 'echo got; exit 3' TERM; echo ready; "
                                          "while :; do sleep 0.05; done");
        char ready[6];
        Outcome outcome;
        Live live;

        live_start(&bed, plan, NULL, 0, &live);
        ck_assert_int_eq((int) read(live.output, ready, sizeof(ready)), 6);
        ck_assert_int_eq(process_signal(live.init_pidfd, SIGWINCH), 0);
        ck_assert_int_eq(process_signal(live.init_pidfd, SIGTERM), 0);
        live_finish(&live, &outcome);
        ck_assert_int_eq(outcome.status, 3);
        /* Its sleep got it as well, which the shell may remark on. */
        ck_assert_ptr_nonnull(endswith(outcome.output, "got\n"));
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

/* Killing init ends everything in its PID namespace. */
START_TEST(test_kill_init) {
        Plan *plan = plan_make(&(Want){}, "sleep 1000 & sleep 1000");
        Census before;
        Outcome outcome;
        Live live;

        census_take(&before);
        live_start(&bed, plan, NULL, 0, &live);
        ck_assert_int_eq(process_signal(live.init_pidfd, SIGKILL), 0);
        live_finish(&live, &outcome);
        ck_assert_int_eq(outcome.code, CLD_KILLED);
        ck_assert_uint_eq(outcome.said.done, 0);
        ck_assert_str_eq(outcome.output, "");
        census_check(&before);
        census_done(&before);
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

static void add_echo(Plan *plan, const char *script, uint64_t flags) {
        char *argv[] = {(char *) "sh", (char *) "-c", (char *) script, NULL};

        ADD(plan, OP_EXEC, "sh", argv, flags);
}

START_TEST(test_several_programs) {
        for (int ignore = 0; ignore < 2; ignore++) {
                Plan *plan = plan_make(&(Want){.shared = CLONE_NEWPID}, "echo 1");
                Outcome outcome;

                add_echo(plan, "echo 2; exit 4", ignore ? OP_EXEC_IGNORE_FAILURE : 0);
                add_echo(plan, "echo 3", 0);
                bed_run(&bed, plan, &outcome);
                ck_assert(!outcome.failed);
                ck_assert_str_eq(outcome.output, ignore ? "1\n2\n3\n" : "1\n2\n");
                ck_assert_int_eq(outcome.said.status, ignore ? 0 : 4);
                ck_assert_int_eq(outcome.status, ignore ? 0 : 4);
                outcome_done(&outcome);
                (void) plan_free(plan);
        }
}
END_TEST

/* The start is over when the second is to run: init leaves behind why it does not. */
START_TEST(test_second_program_is_missing) {
        char *argv[] = {(char *) "nothing", NULL};
        bool ignore = _i == 1;
        Plan *plan = plan_make(&(Want){.shared = CLONE_NEWPID}, "echo 1");
        Outcome outcome;

        ADD(plan, OP_EXEC, "/bin/nothing", argv, U(ignore ? OP_EXEC_IGNORE_FAILURE : 0));
        add_echo(plan, "echo 3", 0);
        bed_run(&bed, plan, &outcome);
        ck_assert(!outcome.failed);
        ck_assert_int_eq(report_is_failure(&outcome.said.failure), !ignore);
        ck_assert_str_eq(outcome.output, ignore ? "1\n3\n" : "1\n");
        ck_assert_int_eq(outcome.said.status, ignore ? 0 : step_table[STEP_EXEC].exit_status);
        if (!ignore) {
                ck_assert_uint_eq(outcome.said.failure.step, STEP_EXEC);
                ck_assert_int_eq(outcome.said.failure.fault, ENOENT);
                ck_assert_int_eq(outcome.said.failure.op, (int) plan->n_ops - 2);
                ck_assert_str_eq(outcome.said.failure.object, "/bin/nothing");
        }
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("launch");
        TCase *tests = tcase_create("launch");

        tcase_add_unchecked_fixture(tests, set_up, tear_down);
        tcase_set_timeout(tests, 120);
        tcase_add_test(tests, test_hello);
        tcase_add_test(tests, test_process);
        tcase_add_loop_test(tests, test_root, 0, ELEMENTS(roots));
        tcase_add_test(tests, test_layers_are_stacked);
        tcase_add_loop_test(tests, test_most_layers, 0, 2);
        tcase_add_test(tests, test_host_root);
        tcase_add_test(tests, test_confinement);
        tcase_add_test(tests, test_privileged);
        tcase_add_test(tests, test_locked_mounts);
        tcase_add_test(tests, test_filter_without_nnp);
        tcase_add_loop_test(tests, test_user, 0, ELEMENTS(users));
        tcase_add_loop_test(tests, test_namespaces, 0, ELEMENTS(shares));
        tcase_add_test(tests, test_time_offsets);
        tcase_add_test(tests, test_proc_masks);
        tcase_add_test(tests, test_binds);
        tcase_add_test(tests, test_read_only_root);
        tcase_add_test(tests, test_working_directory);
        tcase_add_loop_test(tests, test_end, 0, ELEMENTS(ends));
        tcase_add_test(tests, test_signal_to_init_reaches_workload);
        tcase_add_test(tests, test_kill_init);
        tcase_add_test(tests, test_several_programs);
        tcase_add_loop_test(tests, test_second_program_is_missing, 0, 2);
        suite_add_tcase(suite, tests);
        return run_suite(suite);
}
