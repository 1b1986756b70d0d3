/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plans.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

Bed bed;

void set_up(void) {
        bed_make(&bed, NULL);
}

void tear_down(void) {
        bed_remove(&bed);
}

const uint64_t shares[8] = {
        0,
        CLONE_NEWPID,
        CLONE_NEWIPC,
        CLONE_NEWUTS,
        CLONE_NEWNET,
        CLONE_NEWUSER,
        CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET,
        CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWUSER,
};

void add_mounts(Plan *plan) {
        ADD(plan, OP_PROC, "/proc", U(OP_PROC_PID));
        ADD(plan, OP_TMPFS, "/sys", U(0), U(65536), U(0755));
        ADD(plan, OP_DIRECTORY, "/sys/fs/cgroup", U(0755));
        ADD(plan, OP_TMPFS, "/dev", U(OP_MOUNT_NO_EXEC), U(65536), U(0755));
        ADD(plan, OP_DEVICE, "/dev/null", "/dev/null", U(OP_DEVICE_CHARACTER), U(1), U(3));
        ADD(plan, OP_DEVICE, "/dev/zero", "/dev/zero", U(OP_DEVICE_CHARACTER), U(1), U(5));
        ADD(plan, OP_DEVICE, "/dev/tty", "/dev/tty", U(OP_DEVICE_CHARACTER), U(5), U(0));
        ADD(plan, OP_SYMLINK, "/dev/ptmx", "pts/ptmx");
        ADD(plan, OP_DEVPTS, "/dev/pts");
        ADD(plan, OP_TMPFS, "/dev/shm", U(OP_MOUNT_NO_EXEC), U(65536), U(01777));
        ADD(plan, OP_MQUEUE, "/dev/mqueue");
        ADD(plan, OP_ATTRIBUTES, "/sys", U(OP_MOUNT_READ_ONLY));
        ADD(plan, OP_TMPFS, "/tmp", U(0), U(1 << 20), U(01777));
}

static void add_filter(Plan *plan) {
        const struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

        ADD(plan, OP_SECCOMP, "allow", (const void *) allow, sizeof(allow));
}

void add_ids(Plan *plan, const Want *want) {
        if (!want->ids) {
                ADD(plan, OP_ID_MAP, U(OP_ID_BOTH), U(0), OP_ID_PICK, U(65536));
        } else if (streq(want->ids, "identity")) {
                ADD(plan, OP_ID_MAP, U(OP_ID_BOTH), U(0), U(0), U(UINT32_MAX));
        } else {
                ADD(plan, OP_ID_MAP, U(OP_ID_BOTH), U(0), U(700000), U(10));
        }
}

/* -- the plans ------------------------------------------------------------------------------------
 */

void add_workload(Plan *plan, const Want *want, const char *script) {
        char *environment[] = {(char *) "PATH=/bin", (char *) "MARK=yes", NULL};
        char *argv[] = {(char *) "sh", (char *) "-c", (char *) script, NULL};

        ADD(plan, OP_STDIO, U(0), U(OP_STDIO_NULL), "");
        ADD(plan, OP_STDIO, U(1), U(OP_STDIO_INHERIT), "0");
        ADD(plan, OP_STDIO, U(2), U(OP_STDIO_INHERIT), "0");
        ADD(plan, OP_KEYRING, U(OP_KEYRING_PRIVATE));
        ADD(plan, OP_RLIMIT, U(RLIMIT_CORE), U(0), U(0));
        ADD(plan, OP_UMASK, U(027));
        if (want->user) {
                ADD(plan, OP_USER, want->user, want->group ? want->group : "");
        }
        if (!want->privileged) {
                ADD(plan, OP_CAPABILITIES, U(0), U(0));
        }
        if (!want->no_nnp) {
                ADD(plan, OP_NO_NEW_PRIVS);
        }
        if (want->working_directory) {
                ADD(plan, OP_WORKING_DIRECTORY, want->working_directory, U(0));
        }
        ADD(plan, OP_ENVIRONMENT, environment);
        if (!want->no_filter) {
                add_filter(plan);
        }
        ADD(plan, OP_EXEC, want->program ? want->program : "/bin/sh", argv, U(0));
}

Plan *plan_make(const Want *want, const char *script) {
        uint64_t namespaces = ALL & ~want->shared;
        Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        ADD(plan, OP_NAMESPACES, namespaces);
        if (namespaces & CLONE_NEWUSER) {
                add_ids(plan, want);
        }
        ADD(plan, OP_LAYER, U(want->directory ? OP_LAYER_DIRECTORY : OP_LAYER_IMAGE),
            want->layer       ? want->layer
            : want->directory ? bed.directory
                              : bed.image);
        ADD(plan, OP_OVERLAY, U(want->read_only ? OP_UPPER_NONE : OP_UPPER_TMPFS), U(1 << 20));
        if (want->mounts) {
                want->mounts(plan);
        } else if (!want->read_only) {
                add_mounts(plan);
        }
        if (namespaces & CLONE_NEWNET) {
                ADD(plan, OP_LOOPBACK);
        }
        if (namespaces & CLONE_NEWUTS) {
                ADD(plan, OP_HOSTNAME, "inside");
                ADD(plan, OP_DOMAINNAME, "domain");
        }
        if (!want->read_only && !want->mounts) {
                ADD(plan, OP_CGROUP_NAMESPACE);
                ADD(plan, OP_CGROUP_VIEW, "/sys/fs/cgroup");
        }
        if (!want->no_reaper) {
                ADD(plan, OP_REAPER);
        }
        add_workload(plan, want, script);
        return plan;
}

void run(const Want *want, const char *script, Outcome *ret) {
        Plan *plan = plan_make(want, script);
        Census before;

        census_take(&before);
        bed_run(&bed, plan, ret);
        census_check(&before);
        census_done(&before);
        (void) plan_free(plan);
}

void expect_success(const Outcome *outcome) {
        ck_assert_msg(!outcome->failed, "failed in step %s: %s: %s",
                      step_name((Step) outcome->failure.step), outcome->failure.object,
                      strerror(outcome->failure.fault));
        ck_assert(outcome->spawned && outcome->built && outcome->ran);
        ck_assert_msg(outcome->code == CLD_EXITED && outcome->status == 0, "%d %d: %s",
                      outcome->code, outcome->status, outcome->output);
}

void expect_output(const Want *want, const char *script, const char *output) {
        Outcome outcome;

        run(want, script, &outcome);
        expect_success(&outcome);
        ck_assert_str_eq(outcome.output, output);
        outcome_done(&outcome);
}

void expect_failure(const Want *want, Step step, int fault, const char *object) {
        Outcome outcome;

        run(want, "echo reached", &outcome);
        ck_assert(outcome.failed);
        ck_assert_msg(outcome.failure.step == (uint32_t) step && outcome.failure.fault == fault,
                      "step %s, %s, %s", step_name((Step) outcome.failure.step),
                      strerror(outcome.failure.fault), outcome.failure.object);
        ck_assert_str_eq(outcome.failure.object, object);
        ck_assert_str_eq(outcome.output, "");
        outcome_done(&outcome);
}

Plan *listen_plan(const char *address) {
        Plan *plan = plan_new();
        char *argv[] = {(char *) "true", NULL};

        ADD(plan, OP_NAMESPACES, U(ALL));
        add_ids(plan, &(Want){});
        ADD(plan, OP_LISTEN, "http", address, "8080");
        ADD(plan, OP_LAYER, U(OP_LAYER_IMAGE), bed.image);
        ADD(plan, OP_OVERLAY, U(OP_UPPER_NONE), U(0));
        ADD(plan, OP_EXEC, "true", argv, U(0));
        return plan;
}

int leave_host(void) {
        int host = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

        ck_assert_int_ge(host, 0);
        ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
        ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
        return host;
}

void return_to_host(int host) {
        ck_assert_int_eq(setns(host, CLONE_NEWNS), 0);
        (void) fd_close(host);
}

int run_suite(Suite *suite) {
        SRunner *runner = srunner_create(suite);
        int failed;

        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
