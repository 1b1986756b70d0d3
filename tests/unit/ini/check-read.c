/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What lies at the name of a unit may be anything (P18, P19): never waited for, never read without
 * a bound, never followed. */

#include "ini/ini.h"

#include "base/fd.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[] = "/tmp/check-ini-read-XXXXXX";
static int directory_fd = -EBADF;

static void make_directory(void) {
        ck_assert_ptr_nonnull(mkdtemp(directory));
        directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(directory_fd, 0);
}

static void remove_directory(void) {
        static const char *const names[] = {"unit", "other", "link", "fifo", "socket", "big"};

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                (void) unlinkat(directory_fd, names[i], 0);
        }
        (void) unlinkat(directory_fd, "sub", AT_REMOVEDIR);
        directory_fd = fd_close(directory_fd);
        ck_assert_int_eq(rmdir(directory), 0);
        memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
}

static void write_file(const char *name, const char *text, mode_t mode) {
        _cleanup_fd_ int fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
        ck_assert_int_eq(fchmod(fd, mode), 0);
}

/* Reads name; the file is refused with one diagnostic that contains expected, at line 0. */
static void check_refused(const char *name, bool check_owner, const char *expected) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};
        struct stat st;

        ck_assert_int_eq(
                ini_read_at(directory_fd, name, "x.sandbox", check_owner, &diags, &file, &st), 0);
        ck_assert_uint_eq(file->n, 0);
        ck_assert_uint_eq(diags.n, 1);
        ck_assert_uint_eq(diags.n_errors, 1);
        ck_assert_str_eq(diags.diags[0].place.file, "x.sandbox");
        ck_assert_uint_eq(diags.diags[0].place.line, 0);
        ck_assert_msg(strstr(diags.diags[0].text, expected), "%s", diags.diags[0].text);
}

START_TEST(a_regular_file_is_read) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};
        struct stat st;

        write_file("unit", "[S]\nA=1\n", 0644);
        ck_assert_int_eq(ini_read_at(directory_fd, "unit", "x.sandbox", false, &diags, &file, &st),
                         0);
        ck_assert_uint_eq(diags.n, 0);
        ck_assert_uint_eq(file->n, 1);
        ck_assert_int_eq(st.st_size, 8);
        ck_assert_str_eq(file->entries[0].key_place.file, "x.sandbox");
}
END_TEST

START_TEST(what_does_not_exist_is_said_so) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};

        ck_assert_int_eq(ini_read_at(directory_fd, "no", "x", false, &diags, &file, NULL), -ENOENT);
        ck_assert_uint_eq(diags.n, 0);
        ck_assert_ptr_null(file);
}
END_TEST

START_TEST(a_fifo_is_refused_without_waiting) {
        ck_assert_int_eq(mkfifoat(directory_fd, "fifo", 0644), 0);
        check_refused("fifo", false, "is a FIFO");
}
END_TEST

START_TEST(a_directory_is_refused) {
        ck_assert_int_eq(mkdirat(directory_fd, "sub", 0755), 0);
        check_refused("sub", false, "is a directory");
}
END_TEST

START_TEST(a_device_is_refused_unopened) {
        check_refused("/dev/zero", false, "is a device");
}
END_TEST

START_TEST(a_socket_is_refused) {
        _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        ck_assert_int_ge(fd, 0);
        ck_assert_int_lt(
                snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory),
                (int) sizeof(address.sun_path));
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        check_refused("socket", false, "is a socket");
}
END_TEST

START_TEST(a_link_is_not_followed) {
        write_file("other", "[S]\nA=1\n", 0644);
        ck_assert_int_eq(symlinkat("other", directory_fd, "link"), 0);
        check_refused("link", false, "is a symbolic link");
}
END_TEST

START_TEST(a_hundred_megabytes_are_refused_unread) {
        _cleanup_free_ char *path = strf("%s/big", directory);

        write_file("big", "[S]\nA=1\n", 0644);
        ck_assert_int_eq(truncate(path, 100 << 20), 0);
        check_refused("big", false, "larger than 1 MiB");
}
END_TEST

/* A file that says it is empty and is not, as those of procfs: the bound is on what is read. */
START_TEST(a_size_that_lies_is_no_way_around_the_bound) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_fd_ int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

        ck_assert_int_ge(proc, 0);
        ck_assert_int_eq(ini_read_at(proc, "status", "x", false, &diags, &file, NULL), 0);
        ck_assert_uint_eq(file->n, 0);
        ck_assert_uint_gt(diags.n_errors, 1);
        ck_assert_uint_eq(diags.diags[0].place.line, 1);
}
END_TEST

/* A read that fails must not give a shorter unit: reading /proc/self/mem at 0 is EIO. */
START_TEST(a_read_error_is_an_error) {
        _cleanup_(ini_file_freep) IniFile *file = NULL;
        _cleanup_(diag_list_done) DiagList diags = {};
        _cleanup_fd_ int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

        ck_assert_int_ge(proc, 0);
        ck_assert_int_eq(ini_read_at(proc, "mem", "x", false, &diags, &file, NULL), 0);
        ck_assert_uint_eq(file->n, 0);
        ck_assert_uint_eq(diags.n_errors, 1);
        ck_assert_ptr_nonnull(strstr(diags.diags[0].text, "cannot be read: Input/output error"));
}
END_TEST

static const struct Mode {
        mode_t mode;
        bool check_owner;
        const char *refused; /* NULL: read */
} modes[] = {
        {0644, false, NULL},
        {0664, false, NULL},
        {0666, false, "everybody can write"},
        {0602, true, "everybody can write"},
        {0664, true, "its group can write"},
};

START_TEST(what_others_can_write_is_refused) {
        const struct Mode *c = &modes[_i];

        write_file("unit", "[S]\nA=1\n", c->mode);
        if (c->refused) {
                check_refused("unit", c->check_owner, c->refused);
        } else {
                _cleanup_(ini_file_freep) IniFile *file = NULL;
                _cleanup_(diag_list_done) DiagList diags = {};

                ck_assert_int_eq(
                        ini_read_at(directory_fd, "unit", "x", c->check_owner, &diags, &file, NULL),
                        0);
                ck_assert_uint_eq(file->n, 1);
        }
}
END_TEST

START_TEST(the_owner_is_root) {
        write_file("unit", "[S]\nA=1\n", 0644);
        if (geteuid() == 0) {
                ck_assert_int_eq(fchownat(directory_fd, "unit", 65534, 65534, 0), 0);
        }
        check_refused("unit", true, "the file belongs to uid");
}
END_TEST

/* P19: nothing that was opened for the reading stays open. */
START_TEST(no_descriptor_is_left) {
        int before = fd_dup(directory_fd), after;

        (void) fd_close(before); /* the lowest number that is free now */
        write_file("unit", "[S]\nA=1\n", 0644);
        for (size_t i = 0; i < 3; i++) {
                _cleanup_(ini_file_freep) IniFile *file = NULL;
                _cleanup_(diag_list_done) DiagList diags = {};

                ck_assert_int_eq(ini_read_at(directory_fd, "unit", "x", false, &diags, &file, NULL),
                                 0);
        }
        after = fd_dup(directory_fd);
        ck_assert_int_eq(after, before);
        after = fd_close(after);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ini/read");
        TCase *tcase = tcase_create("read");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tcase, make_directory, remove_directory);
        tcase_add_test(tcase, a_regular_file_is_read);
        tcase_add_test(tcase, what_does_not_exist_is_said_so);
        tcase_add_test(tcase, a_fifo_is_refused_without_waiting);
        tcase_add_test(tcase, a_directory_is_refused);
        tcase_add_test(tcase, a_device_is_refused_unopened);
        tcase_add_test(tcase, a_socket_is_refused);
        tcase_add_test(tcase, a_link_is_not_followed);
        tcase_add_test(tcase, a_hundred_megabytes_are_refused_unread);
        tcase_add_test(tcase, a_size_that_lies_is_no_way_around_the_bound);
        tcase_add_test(tcase, a_read_error_is_an_error);
        tcase_add_loop_test(tcase, what_others_can_write_is_refused, 0, ELEMENTS(modes));
        tcase_add_test(tcase, the_owner_is_root);
        tcase_add_test(tcase, no_descriptor_is_left);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
