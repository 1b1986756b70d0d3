/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a child makes and its parent gets. */

#include "base/fd.h"
#include "kern/process.h"

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int make_namespace(void *userdata) {
        int *fault = userdata;

        if (*fault < 0) {
                return *fault;
        }
        if (*fault > 0) {
                (void) raise(SIGKILL);
        }
        if (unshare(CLONE_NEWUTS) < 0) {
                return negative_errno();
        }
        return open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
}

static ino_t inode(int fd) {
        struct stat st;

        ck_assert_int_eq(fstat(fd, &st), 0);
        return st.st_ino;
}

START_TEST(fetched_from_a_child) {
        int ours = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), again, fd, none = 0;

        fd = process_fetch_fd(make_namespace, &none);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
        again = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
        ck_assert_uint_ne(inode(fd), inode(ours));
        ck_assert_uint_eq(inode(again), inode(ours));
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
        fd_close(fd);
        fd_close(ours);
        fd_close(again);
}
END_TEST

START_TEST(child_that_cannot) {
        int cannot = -EPERM, dies = 1, next = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

        ck_assert_int_eq(process_fetch_fd(make_namespace, &cannot), -EPERM);
        ck_assert_int_eq(process_fetch_fd(make_namespace, &dies), -ECHILD);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        fd_close(next);
        ck_assert_int_eq(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0), next); /* and no descriptor */
        fd_close(next);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("process");
        TCase *tcase = tcase_create("process");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(tcase, fetched_from_a_child);
        tcase_add_test(tcase, child_that_cannot);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
