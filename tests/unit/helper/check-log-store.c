/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The directory of logs as a whole: its bounds, and what gives way. */

#include "helper/log-store.h"

#include "base/fd.h"
#include "base/str.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static LogStore store;

static void set_up(void) {
        int fd;

        (void) snprintf(folder, sizeof(folder), "/tmp/check-log-store.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        log_store_init(&store, fd);
}

static void tear_down(void) {
        _cleanup_free_ char *command = strf("rm -r '%s'", folder);
        pid_t child = fork();

        log_store_done(&store);
        if (child == 0) {
                execl("/bin/sh", "sh", "-c", command, (char *) NULL);
                _exit(127);
        }
}

/* A file of this size, written so many seconds after the beginning of time. */
static void put(const char *name, off_t size, time_t written) {
        const struct timespec times[2] = {{.tv_sec = written}, {.tv_sec = written}};
        _cleanup_fd_ int fd = openat(store.directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(ftruncate(fd, size), 0);
        ck_assert_int_eq(futimens(fd, times), 0);
        store.files++;
}

static bool is_there(const char *name) {
        return faccessat(store.directory, name, F_OK, 0) == 0;
}

START_TEST(the_oldest_gives_way) {
        put("old.sandbox.log", LOG_STORE_MAX / 2, 100);
        put("older.sandbox.log.1", LOG_STORE_MAX / 4, 50);
        put("new.sandbox.log", LOG_STORE_MAX / 8, 200);
        log_store_account(&store, LOG_STORE_MAX / 8 * 7);
        ck_assert(is_there("older.sandbox.log.1"));
        log_store_account(&store, LOG_STORE_MAX / 8 + 1);
        ck_assert(!is_there("older.sandbox.log.1"));
        ck_assert(is_there("old.sandbox.log"));
        ck_assert(is_there("new.sandbox.log"));
        ck_assert_uint_eq(store.bytes, LOG_STORE_MAX / 8 * 5);
}
END_TEST

START_TEST(what_is_written_to_stays) {
        uint64_t size;
        int fd = log_store_open(&store, "busy.sandbox", &size);

        ck_assert_int_ge(fd, 0);
        put("busy.sandbox.log", LOG_STORE_MAX, 1);
        put("idle.sandbox.log", LOG_STORE_MAX, 2);
        log_store_account(&store, LOG_STORE_MAX + 1);
        ck_assert(is_there("busy.sandbox.log"));
        ck_assert(!is_there("idle.sandbox.log"));
        /* all that is left is in use: no look for each line */
        ck_assert_uint_gt(store.bytes_limit, store.bytes);
        (void) fd_close(fd);
        log_store_account(&store, LOG_STORE_MAX);
        ck_assert(!is_there("busy.sandbox.log"));
}
END_TEST

START_TEST(a_full_file_is_put_aside) {
        uint64_t size;
        int fd = log_store_open(&store, "web.sandbox", &size);

        ck_assert_uint_eq(size, 0);
        ck_assert_int_eq(fd_write_all(fd, "old", 3), 0);
        (void) fd_close(fd);
        fd = log_store_open(&store, "web.sandbox", &size);
        ck_assert_uint_eq(size, 3);
        (void) fd_close(fd);
        ck_assert_int_eq(log_store_rotate(&store, "web.sandbox"), 0);
        ck_assert(is_there("web.sandbox.log.1") && !is_there("web.sandbox.log"));
}
END_TEST

START_TEST(what_is_no_file_is_refused) {
        uint64_t size;

        ck_assert_int_eq(symlinkat("elsewhere", store.directory, "link.log"), 0);
        ck_assert_int_eq(log_store_open(&store, "link", &size), -ELOOP);
        ck_assert_int_eq(mkfifoat(store.directory, "fifo.log", 0600), 0);
        ck_assert_int_lt(log_store_open(&store, "fifo", &size), 0);
}
END_TEST

START_TEST(many_writers_share) {
        ck_assert_uint_eq(log_store_file_max(&store), LOG_FILE_MAX);
        store.writers = 1000;
        ck_assert_uint_eq(log_store_file_max(&store), LOG_STORE_MAX / 2 / 1000);
        store.writers = 100000;
        ck_assert_uint_eq(log_store_file_max(&store), LOG_FILE_MIN);
}
END_TEST

START_TEST(a_store_that_is_too_large_is_cut_at_once) {
        put("a.log", LOG_STORE_MAX, 1);
        put("b.log", 10, 2);
        log_store_init(&store, store.directory);
        ck_assert(!is_there("a.log") && is_there("b.log"));
        ck_assert_uint_eq(store.files, 1);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("log-store");
        TCase *tc = tcase_create("log-store");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, the_oldest_gives_way);
        tcase_add_test(tc, what_is_written_to_stays);
        tcase_add_test(tc, a_full_file_is_put_aside);
        tcase_add_test(tc, what_is_no_file_is_refused);
        tcase_add_test(tc, many_writers_share);
        tcase_add_test(tc, a_store_that_is_too_large_is_cut_at_once);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
