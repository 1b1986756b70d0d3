/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/ids.h"

#include "base/fd.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[64];
static int directory;
static const IdSpans nobody;

static void set_up(void) {
        (void) snprintf(path, sizeof(path), "/tmp/sbx-check-ids-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(path));
        directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(directory, 0);
}

static int count(void) {
        DIR *dir = opendir(path);
        int n = 0;

        ck_assert_ptr_nonnull(dir);
        for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
                n += entry->d_name[0] != '.';
        }
        (void) closedir(dir);
        return n;
}

static void tear_down(void) {
        ck_assert_int_eq(count(), 0);
        (void) fd_close(directory);
        ck_assert_int_eq(rmdir(path), 0);
}

START_TEST(lowest_free_comes_first) {
        IdLease leases[4], again;

        for (size_t i = 0; i < ELEMENTS(leases); i++) {
                ck_assert_int_eq(id_lease_take(directory, &nobody, &leases[i]), 0);
                ck_assert_uint_eq(leases[i].base, 524288 + i * 65536);
        }
        id_lease_release(directory, &leases[1]);
        ck_assert_int_lt(leases[1].lock, 0);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &again), 0);
        ck_assert_uint_eq(again.base, 524288 + 65536);
        id_lease_release(directory, &again);
        id_lease_release(directory, &leases[0]);
        id_lease_release(directory, &leases[2]);
        id_lease_release(directory, &leases[3]);
}
END_TEST

START_TEST(range_outlives_the_helper_with_the_sandbox) {
        IdLease mine, other;
        int pipes[2];
        pid_t holder;

        ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &mine), 0);
        holder = fork();
        if (holder == 0) {
                char byte;

                /* A sandbox's init: it holds a copy of the lock until it ends. */
                (void) close(pipes[1]);
                _exit((int) read(pipes[0], &byte, 1));
        }
        (void) close(pipes[0]);
        /* The helper dies: its descriptors close, nothing is removed. */
        mine.lock = fd_close(mine.lock);
        id_lease_sweep(directory);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &other), 0);
        ck_assert_uint_eq(other.base, mine.base + 65536);
        id_lease_release(directory, &other);
        /* Then the sandbox ends too. */
        (void) close(pipes[1]);
        ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
        ck_assert_int_eq(count(), 1);
        id_lease_sweep(directory);
        ck_assert_int_eq(count(), 0);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &other), 0);
        ck_assert_uint_eq(other.base, 524288);
        id_lease_release(directory, &other);
}
END_TEST

START_TEST(stale_file_is_in_nobodys_way) {
        int fd = openat(directory, "524288", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        IdLease lease;

        ck_assert_int_ge(fd, 0);
        (void) fd_close(fd);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &lease), 0);
        ck_assert_uint_eq(lease.base, 524288);
        id_lease_release(directory, &lease);
}
END_TEST

START_TEST(link_in_the_place_of_a_lock_is_refused) {
        IdLease lease;

        ck_assert_int_eq(symlinkat("/dev/null", directory, "524288"), 0);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &lease), -ELOOP);
        ck_assert_int_eq(unlinkat(directory, "524288", 0), 0);
}
END_TEST

/* What a unit names itself is handed out to nobody while it runs, and is not taken from anybody. */
START_TEST(named_ids_are_kept_apart) {
        const IdSpan inside = {600000, 10}, edge = {524287, 2}, across = {600000, 100000};
        IdLease named, again, first, second;

        ck_assert_int_eq(id_lease_hold(directory, &inside, 1, &named), 0);
        ck_assert_uint_eq(named.base, 0);
        ck_assert_int_eq(id_lease_hold(directory, &across, 1, &again), 0); /* as both say so */
        ck_assert_int_eq(id_lease_take(directory, &nobody, &first), 0);
        ck_assert_uint_eq(first.base, 524288);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &second), 0);
        ck_assert_uint_eq(second.base, 720896);
        id_lease_release(directory, &second);
        id_lease_release(directory, &again);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &second), 0);
        ck_assert_uint_eq(second.base, 655360); /* the other one still has the one before */
        ck_assert_int_eq(id_lease_hold(directory, &edge, 1, &again), -EBUSY);
        ck_assert_int_eq(id_lease_hold(directory, &across, 1, &again), -EBUSY);
        id_lease_release(directory, &second);
        ck_assert_int_eq(id_lease_hold(directory, &across, 1, &again), 0);
        id_lease_release(directory, &again);
        /* a copy of the lock, as a sandbox's init has it, outlives a helper */
        second.lock = fd_dup(named.lock);
        (void) fd_close(named.lock);
        id_lease_sweep(directory);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &again), 0);
        ck_assert_uint_eq(again.base, 655360);
        id_lease_release(directory, &again);
        (void) fd_close(second.lock);
        id_lease_sweep(directory);
        ck_assert_int_eq(id_lease_take(directory, &nobody, &again), 0);
        ck_assert_uint_eq(again.base, 589824);
        id_lease_release(directory, &again);
        id_lease_release(directory, &first);
}
END_TEST

/* Nor what a user of the host may use. */
START_TEST(ids_of_users_are_left_alone) {
        char text[] = "alice:100000:65536\nbob:550000:65536\n# eve:1:1\nmallory:800000\n\n:::\n"
                      "carol:720896:1:more\ntrent:4294967296:1\nroot:900000:4294967295\n";
        IdSpans users = {};
        IdLease lease;

        ck_assert_int_eq(id_spans_parse(text, &users), 0);
        ck_assert_uint_eq(users.n, 5); /* a remark is a strange name */
        ck_assert_uint_eq(users.spans[1].first, 550000);
        ck_assert_uint_eq(users.spans[1].count, 65536);
        ck_assert_int_eq(id_lease_take(directory, &users, &lease), 0);
        ck_assert_uint_eq(lease.base, 655360);
        id_lease_release(directory, &lease);
        users.spans[0] = (IdSpan){655360, 1};
        ck_assert_int_eq(id_lease_take(directory, &users, &lease), 0);
        ck_assert_uint_eq(lease.base, 786432);
        id_lease_release(directory, &lease);
        users.spans[0] = (IdSpan){600000, 300000};
        ck_assert_int_eq(id_lease_take(directory, &users, &lease), -EUSERS);
        id_spans_done(&users);
}
END_TEST

/* The whole of the range that systemd sets aside, and not an id more. */
START_TEST(last_range_ends_where_it_should) {
        ck_assert_uint_eq((uint64_t) ID_RANGE_LAST + ID_RANGE_SIZE - 1, 1879048191);
        ck_assert_uint_eq((ID_RANGE_LAST - ID_RANGE_FIRST) % ID_RANGE_SIZE, 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("helper/ids");
        TCase *tcase = tcase_create("lease");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, lowest_free_comes_first);
        tcase_add_test(tcase, range_outlives_the_helper_with_the_sandbox);
        tcase_add_test(tcase, stale_file_is_in_nobodys_way);
        tcase_add_test(tcase, link_in_the_place_of_a_lock_is_refused);
        tcase_add_test(tcase, named_ids_are_kept_apart);
        tcase_add_test(tcase, ids_of_users_are_left_alone);
        tcase_add_test(tcase, last_range_ends_where_it_should);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
