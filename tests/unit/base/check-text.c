/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/diag.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/time.h"

#include <check.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct PathCase {
        const char *text;
        bool safe;
        const char *simple;
} path_cases[] = {
        {"/", true, "/"},
        {"/a/b", true, "/a/b"},
        {"/a/b/", false, "/a/b"},
        {"//a", false, "/a"},
        {"/a//b", false, "/a/b"},
        {"/a/./b", false, "/a/b"},
        {"/a/../b", false, "/a/../b"},
        {"/..", false, "/.."},
        {"/...", true, "/..."},
        {"/.a", true, "/.a"},
        {"a/b", false, "a/b"},
        {"./a", false, "a"},
        {"", false, ""},
        {"/a\nb", false, "/a\nb"},
};

START_TEST(paths_are_judged_and_simplified) {
        const struct PathCase *c = &path_cases[_i];
        _cleanup_free_ char *copy = strdup(c->text);

        ck_assert(path_is_safe(c->text) == c->safe);
        ck_assert_str_eq(path_simplify(copy), c->simple);
}
END_TEST

START_TEST(below_stops_at_components) {
        ck_assert(path_is_below("/a/b", "/a"));
        ck_assert(path_is_below("/a", "/a"));
        ck_assert(path_is_below("/a", "/"));
        ck_assert(!path_is_below("/ab", "/a"));
        ck_assert(!path_is_below("/a", "/a/b"));
}
END_TEST

static const struct EscapeCase {
        const char *text;
        const char *escaped;
} escape_cases[] = {
        {"plain", "plain"},
        {"a\x1b[31mb", "a\\x1b[31mb"},
        {"tab\there", "tab\\x09here"},
        {"back\\slash", "back\\\\slash"},
        {"grüße", "grüße"},
        {"\xff", "\\xff"},
        {"\xc3", "\\xc3"},
        {"\xc2\x9b", "\\xc2\\x9b"}, /* CSI in one character */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"\xc0\x80", "\\xc0\\x80"},
};

START_TEST(what_a_terminal_would_act_on_is_escaped) {
        const struct EscapeCase *c = &escape_cases[_i];
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(str_append_escaped(&out, c->text, strlen(c->text)), 0);
        ck_assert_str_eq(str_text(&out), c->escaped);
}
END_TEST

START_TEST(lists_grow_and_join) {
        _cleanup_(strv_freep) char **list = NULL, **copy = NULL;
        _cleanup_free_ char *joined = NULL, *empty = NULL;

        ck_assert_uint_eq(strv_length(NULL), 0);
        ck_assert_int_eq(strv_append(&list, "a"), 0);
        ck_assert_int_eq(strv_append(&list, "b"), 0);
        ck_assert_int_eq(strv_append_take(&list, NULL), -ENOMEM);
        ck_assert(strv_contains(list, "b"));
        ck_assert(!strv_contains(list, "c"));
        ck_assert_int_eq(strv_copy(list, &copy), 0);
        ck_assert(strv_equal(list, copy));
        ck_assert(!strv_equal(list, NULL));
        joined = strv_join(list, ", ");
        ck_assert_str_eq(joined, "a, b");
        empty = strv_join(NULL, ",");
        ck_assert_str_eq(empty, "");
}
END_TEST

START_TEST(distance_ignores_case) {
        ck_assert_uint_eq(str_distance("MemoryMax", "memorymax"), 0);
        ck_assert_uint_eq(str_distance("MemoryMax", "MemryMax"), 1);
        ck_assert_uint_eq(str_distance("", "abc"), 3);
        ck_assert_uint_eq(str_distance("kitten", "sitting"), 3);
}
END_TEST

START_TEST(diagnostics_are_bounded_sorted_and_escaped) {
        _cleanup_(diag_list_done) DiagList list = {};
        _cleanup_(str_done) Str out = STR_INIT;
        const char *file = file_intern("web.sandbox");

        ck_assert_ptr_eq(file, file_intern("web.sandbox"));
        for (unsigned i = 0; i < DIAG_MAX + 10; i++) {
                Place place = {file, 1000 - i, 3};

                diag_add(&list, DIAG_ERROR, &place, "MemoryMax", "bad\x1b %u", i);
        }
        ck_assert_uint_eq(list.n, DIAG_MAX);
        ck_assert_uint_eq(list.n_dropped, 10);
        ck_assert_uint_eq(list.n_errors, DIAG_MAX + 10);
        diag_list_sort(&list);
        for (size_t i = 1; i < list.n; i++) {
                ck_assert_uint_le(list.diags[i - 1].place.line, list.diags[i].place.line);
        }
        ck_assert_int_eq(diag_format(&list.diags[list.n - 1], &out), 0);
        ck_assert_str_eq(str_text(&out), "web.sandbox:1000:3: error: MemoryMax=: bad\\x1b 0");
}
END_TEST

START_TEST(spans_are_told_as_systemd_does) {
        _cleanup_free_ char *a = usec_format_span(90 * USEC_PER_SEC);
        _cleanup_free_ char *b = usec_format_span(0), *c = usec_format_span(USEC_INFINITY);
        _cleanup_free_ char *d = usec_format_ago(0, 3 * 60 * USEC_PER_SEC + 2500000);
        _cleanup_free_ char *e = usec_format_span(100 * USEC_PER_MSEC);

        ck_assert_str_eq(a, "1min 30s");
        ck_assert_str_eq(b, "0");
        ck_assert_str_eq(c, "infinity");
        ck_assert_str_eq(d, "3min 2s ago");
        ck_assert_str_eq(e, "100ms");
}
END_TEST

START_TEST(reading_is_bounded_and_never_blocks) {
        char directory[] = "/tmp/check-text-XXXXXX";
        _cleanup_fd_ int dir = -EBADF;
        _cleanup_free_ char *bytes = NULL;
        size_t size;
        int fd;

        ck_assert_ptr_nonnull(mkdtemp(directory));
        dir = open(directory, O_DIRECTORY | O_CLOEXEC);
        fd = openat(dir, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        ck_assert_int_eq(fd_write_all(fd, "0123456789", 10), 0);
        (void) fd_close(fd);
        ck_assert_int_eq(mkfifoat(dir, "fifo", 0600), 0);
        ck_assert_int_eq(symlinkat("f", dir, "link"), 0);

        ck_assert_int_eq(file_read_at(dir, "f", 10, &bytes, &size), 0);
        ck_assert_uint_eq(size, 10);
        ck_assert_str_eq(bytes, "0123456789");
        free(TAKE(bytes));
        ck_assert_int_eq(file_read_at(dir, "f", 9, &bytes, &size), -EFBIG);
        ck_assert_int_eq(file_read_at(dir, "fifo", 9, &bytes, &size), -EINVAL);
        ck_assert_int_eq(file_read_at(dir, "link", 9, &bytes, &size), -ELOOP);
        ck_assert_int_eq(file_read_at(dir, "none", 9, &bytes, &size), -ENOENT);
        (void) unlinkat(dir, "f", 0);
        (void) unlinkat(dir, "fifo", 0);
        (void) unlinkat(dir, "link", 0);
        ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

START_TEST(descriptors_travel_or_are_closed) {
        int pair[2], fds[4], got[2];
        size_t n = 2;
        char buffer[8];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        for (size_t i = 0; i < 4; i++) {
                fds[i] = pair[0];
        }
        ck_assert_int_eq(fd_send(pair[0], "abc", 3, fds, 2, 0), 0);
        ck_assert_int_eq(fd_receive(pair[1], buffer, sizeof(buffer), got, &n, 0), 3);
        ck_assert_uint_eq(n, 2);
        ck_assert_int_eq(fcntl(got[0], F_GETFD), FD_CLOEXEC);
        (void) fd_close(got[0]);
        (void) fd_close(got[1]);

        n = 2;
        ck_assert_int_eq(fd_send(pair[0], "abc", 3, fds, 4, 0), 0);
        ck_assert_int_eq(fd_receive(pair[1], buffer, sizeof(buffer), got, &n, 0), -EMSGSIZE);
        n = 2;
        ck_assert_int_eq(fd_send(pair[0], "0123456789", 10, NULL, 0, 0), 0);
        ck_assert_int_eq(fd_receive(pair[1], buffer, sizeof(buffer), got, &n, 0), -EMSGSIZE);
        (void) fd_close(pair[0]);
        ck_assert_int_eq(fd_receive(pair[1], buffer, sizeof(buffer), got, &n, 0), 0);
        (void) fd_close(pair[1]);
}
END_TEST

START_TEST(sealed_means_all_four_seals) {
        _cleanup_fd_ int sealed = memfd_sealed("check", "x", 1);
        _cleanup_fd_ int open_fd = memfd_create("check", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        ck_assert_int_ge(sealed, 0);
        ck_assert_int_eq(memfd_check_sealed(sealed), 0);
        ck_assert_int_eq(write(sealed, "y", 1), -1);
        ck_assert_int_eq(memfd_check_sealed(open_fd), -EPERM);
        ck_assert_int_eq(memfd_check_sealed(STDIN_FILENO), -EPERM);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("text");
        TCase *tc = tcase_create("text");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, paths_are_judged_and_simplified, 0, ELEMENTS(path_cases));
        tcase_add_test(tc, below_stops_at_components);
        tcase_add_loop_test(tc, what_a_terminal_would_act_on_is_escaped, 0, ELEMENTS(escape_cases));
        tcase_add_test(tc, lists_grow_and_join);
        tcase_add_test(tc, distance_ignores_case);
        tcase_add_test(tc, diagnostics_are_bounded_sorted_and_escaped);
        tcase_add_test(tc, spans_are_told_as_systemd_does);
        tcase_add_test(tc, reading_is_bounded_and_never_blocks);
        tcase_add_test(tc, descriptors_travel_or_are_closed);
        tcase_add_test(tc, sealed_means_all_four_seals);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
