/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kern/account.h"

#include "base/fd.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "web:x:1000:1001:,,,:/:/bin/sh\n"
                             "\n"
                             "# a comment\n"
                             "short:x:5\n"
                             ":x:6:6\n"
                             "minus:x:4294967295:1\n"
                             "sign:x:-1:1\n"
                             "hex:x:0x10:1\n"
                             "twice:x:7:7\n"
                             "twice:x:8:8\n"
                             "last:x:9:9";

static const struct {
        const char *user;
        int r;
        uid_t uid;
        gid_t gid;
        const char *name;
} users[] = {
        {"root", 0, 0, 0, "root"},         {"web", 0, 1000, 1001, "web"},
        {"1000", 0, 1000, 1001, "web"},    {"twice", 0, 7, 7, "twice"},
        {"last", 0, 9, 9, "last"},         {"we", -ESRCH, 0, 0, ""},
        {"webs", -ESRCH, 0, 0, ""},        {"", -ESRCH, 0, 0, ""},
        {"short", -ESRCH, 0, 0, ""},       {"minus", -ESRCH, 0, 0, ""},
        {"sign", -ESRCH, 0, 0, ""},        {"hex", -ESRCH, 0, 0, ""},
        {"16", -ESRCH, 0, 0, ""},          {"4294967295", -ESRCH, 0, 0, ""},
        {"# a comment", -ESRCH, 0, 0, ""},
};

START_TEST(test_user) {
        char name[ACCOUNT_NAME_MAX] = "";
        uid_t uid = 0;
        gid_t gid = 0;

        ck_assert_int_eq(account_parse_user(passwd, users[_i].user, &uid, &gid, name), users[_i].r);
        ck_assert_uint_eq(uid, users[_i].uid);
        ck_assert_uint_eq(gid, users[_i].gid);
        ck_assert_str_eq(name, users[_i].name);
}
END_TEST

static const char group[] = "root:x:0:\nweb:x:10:web\nmore:x:11:a,web,b\nnot:x:12:webb,bweb\n"
                            "bad:x:4294967295:web\nend:x:13:b,web";

START_TEST(test_groups) {
        gid_t gids[4], gid;
        size_t n = 0;

        ck_assert_int_eq(account_parse_group(group, "more", &gid), 0);
        ck_assert_uint_eq(gid, 11);
        ck_assert_int_eq(account_parse_group(group, "mor", &gid), -ESRCH);
        ck_assert_int_eq(account_parse_group(group, "bad", &gid), -ESRCH);
        ck_assert_int_eq(account_parse_memberships(group, "web", gids, ELEMENTS(gids), &n), 0);
        ck_assert_uint_eq(n, 3);
        ck_assert(gids[0] == 10 && gids[1] == 11 && gids[2] == 13);
        ck_assert_int_eq(account_parse_memberships(group, "web", gids, 2, &n), -E2BIG);
}
END_TEST

/* -- files -- */

static char folder[64];
static int root;

static void set_up(void) {
        (void) snprintf(folder, sizeof(folder), "/tmp/sbx-account-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(root, 0);
        ck_assert_int_eq(mkdirat(root, "etc", 0755), 0);
}

static void tear_down(void) {
        (void) unlinkat(root, "etc/passwd", 0);
        (void) unlinkat(root, "etc/group", 0);
        (void) unlinkat(root, "etc/real", 0);
        (void) unlinkat(root, "etc", AT_REMOVEDIR);
        (void) fd_close(root);
        (void) rmdir(folder);
}

static void write_file(const char *path, const char *text) {
        _cleanup_fd_ int fd = openat(root, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
}

START_TEST(test_find) {
        Account account;

        /* No file at all. */
        ck_assert_int_eq(account_find(root, "", "", &account), 0);
        ck_assert(account.uid == 0 && account.gid == 0 && account.n_groups == 0);
        ck_assert_int_eq(account_find(root, "nobody", "", &account), 0);
        ck_assert(account.uid == 65534 && account.gid == 65534);
        ck_assert_int_eq(account_find(root, "77", "", &account), 0);
        ck_assert(account.uid == 77 && account.gid == 77);
        ck_assert_int_eq(account_find(root, "web", "", &account), -ESRCH);
        ck_assert_int_eq(account_find(root, "77", "web", &account), -ENXIO);
        ck_assert_int_eq(account_find(root, "4294967295", "", &account), -ESRCH);
        ck_assert_int_eq(account_find(root, "77", "4294967295", &account), -ENXIO);

        write_file("etc/passwd", passwd);
        write_file("etc/group", group);
        ck_assert_int_eq(account_find(root, "web", "", &account), 0);
        ck_assert(account.uid == 1000 && account.gid == 1001 && account.n_groups == 3);
        ck_assert_int_eq(account_find(root, "web", "more", &account), 0);
        ck_assert_uint_eq(account.gid, 11);
}
END_TEST

START_TEST(test_add_groups) {
        char *digits[] = {(char *) "44", (char *) "1001", (char *) "44", NULL};
        char *names[] = {(char *) "more", (char *) "44", (char *) "root", NULL};
        char *missing[] = {(char *) "7", (char *) "nobody-has-it", NULL};
        Account account = {.uid = 1000, .gid = 1001};
        const char *name = "";

        ck_assert_int_eq(account_add_groups(root, digits, &account, &name), 0);
        ck_assert_uint_eq(account.n_groups, 1); /* each once, and never the primary one */
        write_file("etc/group", group);
        ck_assert_int_eq(account_add_groups(root, names, &account, &name), 0);
        ck_assert_uint_eq(account.n_groups, 3);
        ck_assert(account.groups[1] == 11 && account.groups[2] == 0);
        ck_assert_int_eq(account_add_groups(root, missing, &account, &name), -ENXIO);
        ck_assert_str_eq(name, "nobody-has-it");
        account.n_groups = ACCOUNT_GROUPS_MAX;
        ck_assert_int_eq(account_add_groups(root, (char *[]){(char *) "8", NULL}, &account, &name),
                         -E2BIG);
}
END_TEST

/* What stands in the place of the file must neither hold us nor lead out. */
START_TEST(test_hostile_files) {
        Account account;

        ck_assert_int_eq(mkfifoat(root, "etc/passwd", 0644), 0);
        ck_assert_int_eq(account_find(root, "web", "", &account), -EINVAL);
        ck_assert_int_eq(unlinkat(root, "etc/passwd", 0), 0);

        ck_assert_int_eq(symlinkat("/dev/zero", root, "etc/passwd"), 0);
        ck_assert_int_eq(account_find(root, "web", "", &account), -ESRCH); /* none in this root */
        ck_assert_int_eq(unlinkat(root, "etc/passwd", 0), 0);

        ck_assert_int_eq(symlinkat("../../../../../../etc/passwd", root, "etc/passwd"), 0);
        ck_assert_int_eq(account_find(root, "web", "", &account), -ELOOP);
        ck_assert_int_eq(unlinkat(root, "etc/passwd", 0), 0);

        write_file("etc/real", passwd);
        ck_assert_int_eq(symlinkat("/etc/real", root, "etc/passwd"), 0);
        ck_assert_int_eq(account_find(root, "web", "", &account), 0);
        ck_assert_int_eq(unlinkat(root, "etc/passwd", 0), 0);

        ck_assert_int_eq(unlinkat(root, "etc/real", 0), 0);
        write_file("etc/real", "");
        ck_assert_int_eq(symlinkat("real", root, "etc/passwd"), 0);
        {
                _cleanup_fd_ int fd = openat(root, "etc/real", O_WRONLY | O_CLOEXEC);

                ck_assert_int_eq(ftruncate(fd, ACCOUNT_FILE_MAX + 1), 0);
        }
        ck_assert_int_eq(account_find(root, "web", "", &account), -EFBIG);
}
END_TEST

int main(void) {
        Suite *all = suite_create("account");
        TCase *pure = tcase_create("pure"), *files = tcase_create("files");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(pure, test_user, 0, ELEMENTS(users));
        tcase_add_test(pure, test_groups);
        suite_add_tcase(all, pure);
        tcase_add_checked_fixture(files, set_up, tear_down);
        tcase_add_test(files, test_find);
        tcase_add_test(files, test_add_groups);
        tcase_add_test(files, test_hostile_files);
        suite_add_tcase(all, files);
        runner = srunner_create(all);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
