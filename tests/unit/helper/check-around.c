/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a launch gets from the helper and the host besides its plan: relay, lock, log, cgroups,
 * journal. */

#include "plans.h"

#include "kern/cgroup.h"
#include "kern/process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RELAY_PORT 28080

/* This program, when it is executed as the relay: tells its first caller what it is and has. */
static int play_relay(int argc, char **argv) {
        _cleanup_fd_ int caller = accept(3, NULL, NULL);
        char network[64] = "";

        if (caller < 0 || dup2(caller, STDOUT_FILENO) < 0 ||
            readlink("/proc/self/ns/net", network, sizeof(network) - 1) < 0) {
                return EXIT_FAILURE;
        }
        for (int i = 0; i < argc; i++) {
                (void) printf("%s ", argv[i]);
        }
        (void) printf("%d %d %d ", (int) getuid(), (int) getgid(), getgroups(0, NULL));
        (void) printf("%d %d ", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
                      prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) != 0);
        (void) printf("%d %s %s\n", fcntl(5, F_GETFD) >= 0, environ[0] ? "env" : "-", network);
        (void) fflush(stdout);
        _exit(EXIT_SUCCESS);
}

static int connect_to(const char *address) {
        struct sockaddr_in v4 = {
                .sin_family = AF_INET,
                .sin_port = htons(RELAY_PORT),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        struct sockaddr_in6 v6 = {
                .sin6_family = AF_INET6,
                .sin6_port = htons(RELAY_PORT),
                .sin6_addr = IN6ADDR_LOOPBACK_INIT,
        };
        struct sockaddr_un path = {.sun_family = AF_UNIX};
        int fd, r;

        if (address[0] == '/') {
                (void) snprintf(path.sun_path, sizeof(path.sun_path), "%s", address);
        }
        fd = socket(address[0] == '/'   ? AF_UNIX
                    : address[0] == '[' ? AF_INET6
                                        : AF_INET,
                    SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fd, 0);
        r = address[0] == '/'   ? connect(fd, (struct sockaddr *) &path, sizeof(path))
            : address[0] == '[' ? connect(fd, (struct sockaddr *) &v6, sizeof(v6))
                                : connect(fd, (struct sockaddr *) &v4, sizeof(v4));
        ck_assert_msg(r == 0, "%s: %s", address, strerror(errno));
        return fd;
}

/* What is listened on, and by what it is reached. */
static const struct {
        const char *listen, *reach;
} ports[] = {
        {"28080", "127.0.0.1"},
        {"28080", "[::1]"},
        {"127.0.0.1:28080", "127.0.0.1"},
        {"[::1]:28080", "[::1]"},
        {"/var/tmp/sbx-test.socket", "/var/tmp/sbx-test.socket"},
};

START_TEST(test_relay) {
        Plan *plan = listen_plan(ports[_i].listen);
        _cleanup_free_ char *said = NULL;
        char network[64] = "", expected[128];
        Census before;
        Outcome outcome;
        Live live;
        int fd;

        ck_assert_int_gt((int) readlink("/proc/self/ns/net", network, sizeof(network) - 1), 0);
        bed.ground.relay_exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
        census_take(&before);
        live_start(&bed, plan, NULL, 0, &live);
        ck_assert_int_ge(live.relay_pidfd, 0);
        fd = connect_to(ports[_i].reach);
        ck_assert_int_eq(fd_read_all(fd, 4096, &said, NULL), 0);
        (void) fd_close(fd);
        (void) snprintf(expected, sizeof(expected),
                        "sbx-relay http 8080 65534 65534 0 1 1 0 - net:[");
        ck_assert_msg(startswith(said, expected) != NULL, "%s", said);
        ck_assert_ptr_null(strstr(said, network));
        live_finish(&live, &outcome);
        expect_success(&outcome);
        outcome_done(&outcome);
        census_check(&before);
        census_done(&before);
        (void) plan_free(plan);
        (void) unlink("/var/tmp/sbx-test.socket");
}
END_TEST

/* -- what the helper gives along -- */

START_TEST(test_lock_is_held_by_init) {
        Plan *plan = plan_make(&(Want){}, "read x");
        char path[128];
        Outcome outcome;
        Live live;
        int lock, other;

        (void) snprintf(path, sizeof(path), "%s/lock", bed.folder);
        lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        other = open(path, O_RDWR | O_CLOEXEC);
        ck_assert(lock >= 0 && other >= 0);
        ck_assert_int_eq(flock(lock, LOCK_EX), 0);
        live_start_with(&bed, plan, &(LaunchInput){.id_lock = lock, .log = -EBADF}, &live);
        ck_assert(live.outcome.ran);
        (void) fd_close(lock);
        /* stdin is null, so it ends by itself; until init is reaped the range is taken. */
        live_finish(&live, &outcome);
        ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
        (void) fd_close(other);
        outcome_done(&outcome);

        (void) plan_free(plan);
        plan = plan_make(&(Want){}, "sleep 1000");
        lock = open(path, O_RDWR | O_CLOEXEC);
        other = open(path, O_RDWR | O_CLOEXEC);
        ck_assert_int_eq(flock(lock, LOCK_EX), 0);
        live_start_with(&bed, plan, &(LaunchInput){.id_lock = lock, .log = -EBADF}, &live);
        (void) fd_close(lock);
        ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), -1);
        ck_assert_int_eq(process_signal(live.init_pidfd, SIGKILL), 0);
        live_finish(&live, &outcome);
        ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
        (void) fd_close(other);
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

START_TEST(test_log_stream) {
        Plan *plan = plan_new();
        char *argv[] = {(char *) "echo", (char *) "logged", NULL};
        _cleanup_free_ char *text = NULL;
        int stream[2];
        Outcome outcome;
        Live live;

        ADD(plan, OP_NAMESPACES, U(ALL));
        add_ids(plan, &(Want){});
        ADD(plan, OP_LAYER, U(OP_LAYER_IMAGE), bed.image);
        ADD(plan, OP_OVERLAY, U(OP_UPPER_NONE), U(0));
        ADD(plan, OP_STDIO, U(1), U(OP_STDIO_INHERIT), OP_STDIO_LOG);
        ADD(plan, OP_EXEC, "echo", argv, U(0));
        ck_assert_int_eq(pipe2(stream, O_CLOEXEC), 0);
        live_start_with(&bed, plan, &(LaunchInput){.id_lock = -EBADF, .log = stream[1]}, &live);
        (void) fd_close(stream[1]);
        ck_assert_int_eq(fd_read_all(stream[0], 4096, &text, NULL), 0);
        ck_assert_str_eq(text, "logged\n");
        (void) fd_close(stream[0]);
        live_finish(&live, &outcome);
        outcome_done(&outcome);
        /* And without one. */
        bed_run(&bed, plan, &outcome);
        ck_assert(outcome.failed);
        ck_assert_uint_eq(outcome.failure.step, STEP_STDIO);
        ck_assert_int_eq(outcome.failure.fault, EBADF);
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

/* A cgroup below our own, in the unified hierarchy and one of v1 where there is one. */
START_TEST(test_cgroups) {
        static const CgroupHierarchy hierarchies[] = {CGROUP_HIERARCHY_UNIFIED,
                                                      CGROUP_HIERARCHY_PIDS};
        CgroupMode mode = cgroup_mode_detect();
        Plan *plan = plan_make(&(Want){.privileged = true}, "cat /proc/self/cgroup");
        _cleanup_free_ char *name = strf("sbx-test-%d", getpid());
        int parents[2], fds[2];
        Outcome outcome;
        size_t n = 0;
        Live live;

        for (size_t i = 0; i < ELEMENTS(hierarchies); i++) {
                _cleanup_free_ char *path = NULL;

                if ((i > 0 && mode == CGROUP_UNIFIED) ||
                    cgroup_of_pid(mode, 0, hierarchies[i], &path) < 0) {
                        continue;
                }
                parents[n] = cgroup_open(mode, hierarchies[i], path);
                ck_assert_int_ge(parents[n], 0);
                fds[n] = cgroup_make(parents[n], name);
                ck_assert_int_ge(fds[n], 0);
                n++;
        }
        ck_assert_uint_gt(n, 0);
        live_start(&bed, plan, fds, n, &live);
        live_finish(&live, &outcome);
        expect_success(&outcome);
        /* Its own cgroup is the root of what it sees; and the view is there. */
        ck_assert_ptr_nonnull(strstr(outcome.output, "0::/\n"));
        ck_assert(mode != CGROUP_HYBRID || strstr(outcome.output, ":pids:/\n"));
        outcome_done(&outcome);
        for (size_t i = 0; i < n; i++) {
                int r = -EBUSY;

                for (unsigned tries = 0; tries < 100 && r == -EBUSY; tries++) {
                        r = cgroup_remove(parents[i], name);
                        (void) poll(NULL, 0, r == -EBUSY ? 10 : 0);
                }
                ck_assert_int_eq(r, 0);
                (void) fd_close(fds[i]);
                (void) fd_close(parents[i]);
        }
        (void) plan_free(plan);
}
END_TEST

START_TEST(test_journal) {
        static const char header[] = "web\nsbx-test.scope\n30\n1\n0\n0\n0\n";
        struct sockaddr_un address = {.sun_family = AF_UNIX,
                                      .sun_path = "/run/systemd/journal/stdout"};
        Plan *plan = plan_new();
        char *argv[] = {(char *) "sh", (char *) "-c", (char *) "echo out; echo err >&2", NULL};
        _cleanup_free_ char *text = NULL;
        Outcome outcome;
        int listener, peer, host;

        ADD(plan, OP_NAMESPACES, U(ALL));
        add_ids(plan, &(Want){});
        ADD(plan, OP_LAYER, U(OP_LAYER_IMAGE), bed.image);
        ADD(plan, OP_OVERLAY, U(OP_UPPER_NONE), U(0));
        ADD(plan, OP_REAPER);
        ADD(plan, OP_STDIO, U(1), U(OP_STDIO_JOURNAL), "web");
        ADD(plan, OP_STDIO, U(2), U(OP_STDIO_JOURNAL), "web");
        ADD(plan, OP_EXEC, "/bin/sh", argv, U(0));

        host = leave_host();
        ck_assert_int_eq(mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"), 0);
        bed_run(&bed, plan, &outcome);
        ck_assert(outcome.failed && !outcome.spawned);
        ck_assert_uint_eq(outcome.failure.step, STEP_STDIO);
        ck_assert_int_eq(outcome.failure.fault, ENOENT);
        ck_assert_str_eq(outcome.failure.object, "/run/systemd/journal/stdout");
        outcome_done(&outcome);

        bed_shell("mkdir -p /run/systemd/journal");
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(listener, 0);
        ck_assert_int_eq(bind(listener, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(chmod(address.sun_path, 0666), 0);
        ck_assert_int_eq(listen(listener, 5), 0);
        bed_run(&bed, plan, &outcome);
        expect_success(&outcome);
        peer = accept(listener, NULL, NULL);
        ck_assert_int_ge(peer, 0);
        ck_assert_int_eq(fd_read_all(peer, 4096, &text, NULL), 0);
        ck_assert_msg(startswith(text, header) != NULL, "%s", text);
        ck_assert_str_eq(text + strlen(header), "out\nerr\n");
        (void) fd_close(peer);
        (void) fd_close(listener);
        return_to_host(host);
        outcome_done(&outcome);
        (void) plan_free(plan);
}
END_TEST

int main(int argc, char **argv) {
        Suite *suite = suite_create("around");
        TCase *tests = tcase_create("around");

        if (streq(argv[0], "sbx-relay")) {
                return play_relay(argc, argv);
        }
        tcase_add_unchecked_fixture(tests, set_up, tear_down);
        tcase_set_timeout(tests, 120);
        tcase_add_loop_test(tests, test_relay, 0, ELEMENTS(ports));
        tcase_add_test(tests, test_lock_is_held_by_init);
        tcase_add_test(tests, test_log_stream);
        tcase_add_test(tests, test_cgroups);
        tcase_add_test(tests, test_journal);
        suite_add_tcase(suite, tests);
        return run_suite(suite);
}
