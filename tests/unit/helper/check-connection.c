/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What may be said to the helper, by whom and when, and what happens to those who say anything else
 * or do not listen. Needs root. */

#include "desk.h"

#include "base/str.h"
#include "wire/plan.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME DESK_NAME

static Desk desk;

static void set_up(void) {
        desk_make(&desk, NULL);
        desk_connect(&desk);
}

static void tear_down(void) {
        desk_remove(&desk);
}

START_TEST(what_does_not_fit_the_phase_is_refused) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");

        desk_send(&desk, CONTROL_GO, 1, 0, 0);
        desk_expect_refused(&desk, ENOENT);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
        desk_expect_refused(&desk, ENOENT);
        desk_run(&desk, 1, NAME, plan, NULL);
        desk_send(&desk, CONTROL_GO, 1, 0, 0);
        desk_expect_refused(&desk, EBUSY);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
        desk_expect_refused(&desk, EBUSY);
        desk_start(&desk, 1, "other.sandbox", plan);
        desk_expect_refused(&desk, EEXIST);
        desk_start(&desk, 2, NAME, plan);
        desk_expect_refused(&desk, EEXIST);
        desk_start(&desk, 0, "null.sandbox", plan);
        desk_expect_refused(&desk, EINVAL);
        desk_start(&desk, 2, "../escape", plan);
        desk_expect_refused(&desk, EINVAL);
        desk_send(&desk, CONTROL_KILL, 1, 0, KILL_ALL);
        desk_expect_refused(&desk, EINVAL);
        desk_send(&desk, CONTROL_KILL, 1, 65, KILL_ALL);
        desk_expect_refused(&desk, EINVAL);
        desk_send(&desk, CONTROL_KILL, 1, SIGTERM, 2);
        desk_expect_refused(&desk, EINVAL);
        desk_send(&desk, CONTROL_EXEC_KILL, 1, 5, SIGTERM);
        desk_expect_refused(&desk, ESRCH);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_EXEC_KILL, 1, 5, SIGTERM);
        desk_expect_refused(&desk, EBUSY);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(new_connection_takes_the_place_of_the_old) {
        int old = desk.socket;

        desk_connect(&desk);
        desk_expect_end(old);
        (void) fd_close(old);
        desk_send(&desk, CONTROL_LIST, 0, 0, 0);
        desk_expect(&desk, CONTROL_LISTED, NULL);
}
END_TEST

/* Without a moment in which the helper had nobody: it would end, as it should. */
static void reconnect(int fd) {
        (void) fd_close(desk.socket);
        desk.socket = fd;
}

/* What a stranger may say first; each ends the connection, and the helper serves on. */
START_TEST(bad_beginnings_are_disconnected) {
        static const uint8_t junk[] = {1, 2, 3};
        ControlMessage message = {.serial = 1};

        reconnect(desk_open(&desk));
        switch (_i) {
        case 0:
                desk_send(&desk, CONTROL_LIST, 0, 0, 0);
                break;
        case 1:
                ck_assert_int_eq(fd_send(desk.socket, junk, sizeof(junk), NULL, 0, 0), 0);
                break;
        case 2:
                desk_send(&desk, CONTROL_HELLO, 0, CONTROL_PROTOCOL_VERSION + 1, WIRE_PLAN_VERSION);
                desk_expect_refused(&desk, EPROTONOSUPPORT);
                break;
        default:
                message.type = CONTROL_LISTED; /* goes the other way alone */
                ck_assert_int_eq(control_send(desk.socket, &message, 0), 0);
                break;
        }
        desk_expect_end(desk.socket);
        desk_disconnect(&desk);
}
END_TEST

/* No argument at all, no socket, an option that is none: an exit status, never a crash. */
START_TEST(wrong_use_is_refused) {
        static const char *const wrong[][3] = {
                {NULL}, {"sbx-helper", NULL}, {"sbx-helper", "--nonsense", NULL}};
        _cleanup_free_ char *path = strf("%s/src/sbx-helper", getenv("SBX_BUILD_ROOT"));
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                char *const environment[] = {NULL};
                int null = open("/dev/null", O_RDWR | O_CLOEXEC);

                if (null < 0 || dup2(null, STDERR_FILENO) < 0) {
                        _exit(120);
                }
                (void) execve(path, (char *const *) (uintptr_t) wrong[_i], environment);
                _exit(121);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE, "status %#x",
                      (unsigned) status);
}
END_TEST

/* One that asks and asks and never reads: the queue is bounded, and what runs goes on running. */
START_TEST(deaf_manager_is_disconnected) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");
        const struct timeval patience = {.tv_sec = 10};
        ControlMessage message = {.type = CONTROL_LIST};
        int r = 0;

        desk_run(&desk, 1, NAME, plan, NULL);
        ck_assert_int_eq(
                setsockopt(desk.socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
        for (unsigned i = 0; i < 100000 && r == 0; i++) {
                r = control_send(desk.socket, &message, 0);
        }
        ck_assert_msg(r == -EPIPE || r == -ECONNRESET, "sending ends with %d", r);
        desk_disconnect(&desk);
        desk_connect(&desk);
        desk_send(&desk, CONTROL_LIST, 0, 0, 0);
        desk_expect(&desk, CONTROL_SANDBOX, NULL);
        desk_expect(&desk, CONTROL_LISTED, NULL);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

/* The socket's folder is root's alone; whoever gets to it by mistake is turned away all the same.
 */
START_TEST(strangers_are_turned_away) {
        int status = 0;
        pid_t pid;

        ck_assert_int_eq(chmod(desk.bed.folder, 0755), 0);
        ck_assert_int_eq(chmod(desk.socket_path, 0777), 0);
        pid = fork();
        if (pid == 0) {
                char byte;
                int fd;

                if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0) {
                        _exit(2);
                }
                fd = desk_open(&desk);
                _exit(recv(fd, &byte, 1, 0) == 0 ? 0 : 3);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x",
                      (unsigned) status);
        /* The one that was there is not disturbed. */
        desk_send(&desk, CONTROL_LIST, 0, 0, 0);
        desk_expect(&desk, CONTROL_LISTED, NULL);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("helper/connection");
        TCase *driven = tcase_create("driven"), *alone = tcase_create("alone");
        SRunner *runner;
        int failed;

        tcase_set_timeout(driven, 120);
        tcase_add_checked_fixture(driven, set_up, tear_down);
        tcase_add_test(driven, what_does_not_fit_the_phase_is_refused);
        tcase_add_test(driven, new_connection_takes_the_place_of_the_old);
        tcase_add_loop_test(driven, bad_beginnings_are_disconnected, 0, 4);
        tcase_add_test(driven, deaf_manager_is_disconnected);
        tcase_add_test(driven, strangers_are_turned_away);
        suite_add_tcase(suite, driven);
        tcase_add_loop_test(alone, wrong_use_is_refused, 0, 3);
        suite_add_tcase(suite, alone);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
