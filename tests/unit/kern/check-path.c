/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Paths below a root, with everything that a layer may plant there. */

#include "kern/host-path.h"
#include "kern/path.h"

#include "base/fd.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], outside[96];
static int root;

static void set_up(void) {
        char inside[96];

        (void) snprintf(folder, sizeof(folder), "/tmp/sbx-path-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        (void) snprintf(inside, sizeof(inside), "%s/root", folder);
        (void) snprintf(outside, sizeof(outside), "%s/outside", folder);
        ck_assert_int_eq(mkdir(inside, 0755), 0);
        ck_assert_int_eq(mkdir(outside, 0755), 0);
        root = open(inside, O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(root, 0);
        (void) umask(0);
        ck_assert_int_eq(mkdirat(root, "real", 0755), 0);
        ck_assert_int_eq(symlinkat("/real", root, "inside"), 0);
        ck_assert_int_eq(symlinkat(outside, root, "absolute"), 0);
        ck_assert_int_eq(symlinkat("../outside", root, "relative"), 0);
        ck_assert_int_eq(symlinkat("/proc/self/root", root, "magic"), 0);
        ck_assert_int_eq(symlinkat("loop", root, "loop"), 0);
        (void) fd_close(openat(root, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        ck_assert_int_eq(mkfifoat(root, "fifo", 0600), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static void tear_down(void) {
        _cleanup_fd_ int directory = open(outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        /* Nothing ever happened out there. */
        ck_assert_int_eq(fstat(directory, &st), 0);
        ck_assert_uint_eq(st.st_nlink, 2);
        ck_assert_int_eq(rmdir(outside), 0);
        (void) fd_close(root);
        ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
}

static const struct {
        const char *path;
        Links links;
        int r;
} directories[] = {
        {"/", LINKS_REFUSED, 0},
        {"/real", LINKS_REFUSED, 0},
        {"/new", LINKS_REFUSED, 0},
        {"/a/b/c/d", LINKS_REFUSED, 0},
        {"/a/b/c/d", LINKS_INSIDE, 0},
        {"/inside", LINKS_INSIDE, 0},
        {"/inside", LINKS_REFUSED, -ELOOP},
        {"/inside/x", LINKS_INSIDE, 0},
        {"/inside/x/y", LINKS_INSIDE, 0},
        {"/inside/x", LINKS_REFUSED, -ELOOP},
        {"/absolute", LINKS_REFUSED, -ELOOP},
        {"/absolute", LINKS_INSIDE, -ENOTDIR}, /* dangles: what it names is not in this root */
        {"/absolute/x", LINKS_INSIDE, -ENOTDIR},
        {"/relative", LINKS_INSIDE, -ENOTDIR},
        {"/relative/x", LINKS_REFUSED, -ELOOP},
        {"/magic", LINKS_INSIDE, -ENOTDIR},
        {"/magic/tmp", LINKS_REFUSED, -ELOOP},
        {"/loop", LINKS_INSIDE, -ELOOP},
        {"/loop/x", LINKS_INSIDE, -ELOOP},
        {"/file", LINKS_INSIDE, -ENOTDIR},
        {"/file/x", LINKS_INSIDE, -ENOTDIR},
        {"/fifo", LINKS_REFUSED, -ENOTDIR},
};

START_TEST(test_directory) {
        int fd = root_make_directory(root, directories[_i].path, 0711, directories[_i].links);
        struct stat st;

        if (directories[_i].r < 0) {
                ck_assert_int_eq(fd, directories[_i].r);
                return;
        }
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert(S_ISDIR(st.st_mode));
        (void) fd_close(fd);
}
END_TEST

START_TEST(test_directory_modes) {
        _cleanup_fd_ int fd = root_make_directory(root, "/m/n", 0711, LINKS_REFUSED);
        struct stat st;

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0711);
        ck_assert_int_eq(fstatat(root, "m", &st, 0), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0755);
}
END_TEST

static const struct {
        const char *path;
        Links links;
        int r;
} files[] = {
        {"/new", LINKS_REFUSED, 0},
        {"/p/q/r", LINKS_REFUSED, 0},
        {"/file", LINKS_REFUSED, 0},
        {"/fifo", LINKS_REFUSED, 0},
        {"/real", LINKS_REFUSED, -EISDIR},
        {"/inside/file", LINKS_INSIDE, 0},
        {"/inside/file", LINKS_REFUSED, -ELOOP},
        {"/inside/s/t", LINKS_INSIDE, 0},
        {"/absolute", LINKS_REFUSED, -ELOOP},
        {"/absolute", LINKS_INSIDE, -EEXIST},
        {"/relative/x", LINKS_INSIDE, -ENOTDIR},
        {"/file/x", LINKS_INSIDE, -ENOTDIR},
        {"/magic", LINKS_REFUSED, -ELOOP},
        {"/loop", LINKS_INSIDE, -ELOOP},
};

START_TEST(test_file) {
        int fd = root_make_file(root, files[_i].path, 0444, files[_i].links);

        if (files[_i].r < 0) {
                ck_assert_int_eq(fd, files[_i].r);
                return;
        }
        ck_assert_int_ge(fd, 0);
        (void) fd_close(fd);
}
END_TEST

START_TEST(test_link) {
        char target[64];
        ssize_t n;

        ck_assert_int_eq(root_make_link(root, "/d/e/link", "to/nowhere"), 0);
        n = readlinkat(root, "d/e/link", target, sizeof(target) - 1);
        ck_assert_int_eq((int) n, 10);
        /* What is there stays. */
        ck_assert_int_eq(root_make_link(root, "/file", "x"), 0);
        ck_assert_int_eq(root_make_link(root, "/absolute", "x"), 0);
        ck_assert_int_eq((int) readlinkat(root, "file", target, sizeof(target)), -1);
        ck_assert_int_eq(root_make_link(root, "/relative/x", "y"), -ENOTDIR);
}
END_TEST

START_TEST(test_host) {
        _cleanup_fd_ int directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        char path[64];
        int fd = host_open("/proc/self", O_PATH);

        ck_assert_int_ge(fd, 0); /* an ordinary link */
        (void) fd_close(fd);
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", directory);
        ck_assert_int_eq(host_open(path, O_PATH), -ELOOP);
        ck_assert_int_eq(host_open("/nowhere/at/all", O_PATH), -ENOENT);
}
END_TEST

/* What sandboxes and users could put on the way to what is lent to the next one. Needs root. */
static const struct {
        const char *path;
        bool directory;
        int r, straight;
} lent[] = {
        {"/root/real", true, 0, 0},
        {"/root/file", false, 0, 0},
        {"/root/file", true, -ENOTDIR, -ENOTDIR},
        {"/root/missing", false, -ENOENT, -ENOENT},
        {"/root/file/below", false, -ENOTDIR, -ENOTDIR},
        {"/root/absolute", true, 0, -ELOOP},
        {"/root/relative", true, 0, -ELOOP},
        {"/root/relative/../root/file", false, 0, -ELOOP},
        {"/root/loop", false, -ELOOP, -ELOOP},
        {"/root/magic", false, -ELOOP, -ELOOP},
        {"/root/theirs", false, -ELOOP, -ELOOP},
        {"/root/shared/link", false, -ELOOP, -ELOOP},
        {"/root/sticky/link", false, 0, -ELOOP},
        {"/root/sandbox/link", false, -ELOOP, -ELOOP},
        {"/root/sandbox/below/link", false, -ELOOP, -ELOOP},
        {"/root/sandbox/below", true, 0, 0},
        {"/root/around/below/link", false, -ELOOP, -ELOOP},
};

static void make_lent(FileId *ret) {
        static const char *const links[] = {"shared/link", "sticky/link", "sandbox/link",
                                            "sandbox/below/link", "theirs"};
        _cleanup_fd_ int sandbox = -EBADF;

        ck_assert_int_eq(mkdirat(root, "shared", 0775), 0);
        ck_assert_int_eq(mkdirat(root, "sticky", 01777), 0);
        ck_assert_int_eq(mkdirat(root, "sandbox", 0755), 0);
        ck_assert_int_eq(mkdirat(root, "sandbox/below", 0755), 0);
        ck_assert_int_eq(symlinkat("sandbox", root, "around"), 0);
        for (size_t i = 0; i < ELEMENTS(links); i++) {
                ck_assert_int_eq(symlinkat("/dev/null", root, links[i]), 0);
        }
        ck_assert_int_eq(fchownat(root, "theirs", 1000, 1000, AT_SYMLINK_NOFOLLOW), 0);
        sandbox = openat(root, "sandbox", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_eq(file_id(sandbox, ret), 0);
}

START_TEST(test_lent) {
        FileId other;
        char path[128];
        int fd;

        make_lent(&other);
        (void) snprintf(path, sizeof(path), "%s%s", folder, lent[_i].path);
        fd = host_open_past(path, lent[_i].directory, &other, 1);
        ck_assert_int_eq(MIN(fd, 0), lent[_i].r);
        (void) fd_close(fd);
        fd = host_open_straight(path, O_PATH | (lent[_i].directory ? O_DIRECTORY : 0));
        ck_assert_int_eq(MIN(fd, 0), lent[_i].straight);
        (void) fd_close(fd);
}
END_TEST

/* What a path leads to, and what it is called without its links. */
static const struct {
        const char *path, *is;
} names[] = {
        {"/", "/"},
        {"/real", "/real"},
        {"/inside", "/real"},
        {"/file", "/file"},
        {"/inside/../inside/../fifo", "/fifo"},
};

START_TEST(test_path_of) {
        _cleanup_fd_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int fd = root_open(root, names[_i].path, O_PATH, LINKS_INSIDE);
        _cleanup_free_ char *path = NULL;

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(root_path_of(proc, root, fd, &path), 0);
        ck_assert_str_eq(path, names[_i].is);
}
END_TEST

START_TEST(test_path_of_another) {
        _cleanup_fd_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int directory = open(outside, O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), control = -EBADF;
        _cleanup_free_ char *path = NULL;

        ck_assert_int_eq(root_path_of(proc, root, directory, &path), -EXDEV);
        ck_assert_int_eq(root_path_of(proc, root, host, &path), -EXDEV);
        ck_assert_int_eq(root_path_of(proc, host, directory, &path), 0);
        ck_assert_str_eq(path, outside);
        ck_assert_int_eq(mkdirat(root, "a\nb", 0755), 0);
        control = openat(root, "a\nb", O_PATH | O_DIRECTORY | O_CLOEXEC);
        free(TAKE(path));
        ck_assert_int_eq(root_path_of(proc, root, control, &path), -EINVAL);
        ck_assert_int_eq(root_path_of(proc, root, -EBADF, &path), -ENOENT);
}
END_TEST

int main(void) {
        Suite *all = suite_create("path");
        TCase *tests = tcase_create("path");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tests, set_up, tear_down);
        tcase_add_loop_test(tests, test_directory, 0, ELEMENTS(directories));
        tcase_add_test(tests, test_directory_modes);
        tcase_add_loop_test(tests, test_file, 0, ELEMENTS(files));
        tcase_add_test(tests, test_link);
        tcase_add_test(tests, test_host);
        tcase_add_loop_test(tests, test_lent, 0, ELEMENTS(lent));
        tcase_add_loop_test(tests, test_path_of, 0, ELEMENTS(names));
        tcase_add_test(tests, test_path_of_another);
        suite_add_tcase(all, tests);
        runner = srunner_create(all);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
