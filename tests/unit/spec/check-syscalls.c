/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/syscalls.h"

#include "base/fd.h"
#include "base/str.h"

#include <check.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* The groups are systemd's, and expand to what this architecture has. */

START_TEST(groups_name_what_is_there) {
        const SyscallGroup *group = &syscall_groups[_i];

        ck_assert_int_eq(group->name[0], '@');
        ck_assert_ptr_nonnull(group->summary);
        ck_assert_ptr_eq(syscall_group_find(group->name), group);
        for (size_t i = 0; group->members[i]; i++) {
                const char *member = group->members[i];

                ck_assert_msg(member[0] == '@' ? !!syscall_group_find(member)
                                               : syscall_is_name(member),
                              "%s", member);
        }
}
END_TEST

/* Depth first; a group on its own path would never end. */
static void check_depth(const SyscallGroup *group, unsigned depth) {
        ck_assert_msg(depth < 8, "%s nests in itself", group->name);
        for (size_t i = 0; group->members[i]; i++) {
                if (group->members[i][0] == '@') {
                        check_depth(syscall_group_find(group->members[i]), depth + 1);
                }
        }
}

START_TEST(groups_nest_without_cycles) {
        check_depth(&syscall_groups[_i], 0);
}
END_TEST

/* The output of systemd-analyze, or NULL where the program is not installed. */
static char *systemd_groups(void) {
        static const char *const argv[] = {"/usr/bin/systemd-analyze", "syscall-filter",
                                           "--no-pager", NULL};
        _cleanup_fd_ int reading = -EBADF, writing = -EBADF;
        posix_spawn_file_actions_t actions;
        char *text = NULL;
        int pipes[2], status, r;
        size_t size;
        pid_t pid;

        if (access(argv[0], X_OK) < 0) {
                return NULL;
        }
        ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
        reading = pipes[0];
        writing = pipes[1];
        ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
        ck_assert_int_eq(posix_spawn_file_actions_adddup2(&actions, writing, STDOUT_FILENO), 0);
        /* It complains where the kernel's own list cannot be read, which is no matter here. */
        ck_assert_int_eq(
                posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0),
                0);
        r = posix_spawn(&pid, argv[0], &actions, NULL, (char *const *) argv, environ);
        ck_assert_int_eq(r, 0);
        ck_assert_int_eq(posix_spawn_file_actions_destroy(&actions), 0);
        writing = fd_close(writing);
        ck_assert_int_eq(fd_read_all(reading, 1u << 20, &text, &size), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
        return text;
}

/* systemd of another version has other members, but what it calls @default of ours it must know. */
START_TEST(groups_are_those_of_systemd) {
        _cleanup_free_ char *text = systemd_groups();
        const SyscallGroup *group = NULL;
        size_t n_groups = 0, member = 0;
        char *save = text;

        if (!text) {
                ck_assert_int_ne(access("/usr/bin/systemd-analyze", F_OK), 0);
                return;
        }
        for (char *line; (line = strsep(&save, "\n"));) {
                if (line[0] == '#') {
                        break; /* what the kernel of this host has besides */
                }
                if (line[0] == '@') {
                        ck_assert(!group || !group->members[member]);
                        ck_assert_uint_lt(n_groups, n_syscall_groups);
                        group = &syscall_groups[n_groups++];
                        ck_assert_str_eq(group->name, line);
                        member = 0;
                } else if (startswith(line, "    #")) {
                        ck_assert_str_eq(group->summary, line + 6);
                } else if (line[0] == ' ') {
                        ck_assert_ptr_nonnull(group->members[member]);
                        ck_assert_str_eq(group->members[member++], line + 4);
                }
        }
        ck_assert_uint_eq(n_groups, n_syscall_groups);
}
END_TEST

START_TEST(groups_expand_to_sorted_names) {
        _cleanup_(strv_freep) char **names = NULL, **one = NULL, **none = NULL;

        ck_assert_int_eq(syscall_expand("@system-service", &names), 0);
        ck_assert(strv_contains(names, "openat")); /* of @file-system, nested */
        ck_assert(strv_contains(names, "execve")); /* of @default in @process */
        ck_assert(!strv_contains(names, "mount"));
        ck_assert(!strv_contains(names, "riscv_flush_icache")); /* of another architecture */
        ck_assert_uint_gt(strv_length(names), 250);
        for (size_t i = 1; names[i]; i++) {
                ck_assert(strcmp(names[i - 1], names[i]) < 0);
        }
        ck_assert_int_eq(syscall_expand("ptrace", &one), 0);
        ck_assert_uint_eq(strv_length(one), 1);
        ck_assert_int_eq(syscall_expand("no_such_call", &none), 0);
        ck_assert_uint_eq(strv_length(none), 0);
        ck_assert_int_eq(syscall_expand("@no-such-group", &none), -ENOENT);
}
END_TEST

START_TEST(the_default_profile_is_sorted_and_safe) {
        static const char *const dangerous[] = {
                "mount",
                "umount2",
                "ptrace",
                "keyctl",
                "add_key",
                "bpf",
                "unshare",
                "setns",
                "userfaultfd",
                "clone3",
                "kexec_load",
                "init_module",
                "perf_event_open",
                "reboot",
                "io_uring_setup",
                "process_vm_readv",
                "open_by_handle_at",
                "pivot_root",
        };

        ck_assert_uint_gt(n_syscall_default_profile, 200);
        for (size_t i = 1; i < n_syscall_default_profile; i++) {
                ck_assert_str_lt(syscall_default_profile[i - 1], syscall_default_profile[i]);
        }
        for (size_t i = 0; i < n_syscall_default_profile; i++) {
                for (size_t j = 0; j < ELEMENTS(dangerous); j++) {
                        ck_assert_str_ne(syscall_default_profile[i], dangerous[j]);
                }
        }
        ck_assert_ptr_null(syscall_default_profile[n_syscall_default_profile]);
}
END_TEST

START_TEST(names_of_other_architectures_are_names) {
        ck_assert(syscall_is_name("mmap2"));
        ck_assert(!syscall_is_known("mmap2"));
        ck_assert(syscall_is_name("read"));
        ck_assert(syscall_is_known("read"));
        ck_assert(!syscall_is_name("no_such_call"));
        ck_assert(!syscall_is_name(""));
        ck_assert(!syscall_is_name("@clock"));
        ck_assert_str_eq(syscall_suggest("opennat"), "openat");
        ck_assert_ptr_null(syscall_suggest("completely-different"));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("syscalls");
        TCase *tc = tcase_create("syscalls");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, groups_name_what_is_there, 0, (int) n_syscall_groups);
        tcase_add_loop_test(tc, groups_nest_without_cycles, 0, (int) n_syscall_groups);
        tcase_add_test(tc, groups_are_those_of_systemd);
        tcase_add_test(tc, groups_expand_to_sorted_names);
        tcase_add_test(tc, the_default_profile_is_sorted_and_safe);
        tcase_add_test(tc, names_of_other_architectures_are_names);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
