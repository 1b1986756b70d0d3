/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The console of a terminal: what goes where, and what those who are attached may do to it. The
 * test is the workload (it holds the slave) and everybody who is attached. */

#include "helper/console.h"

#include "base/fd.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

static Loop *loop;
static Console *console;
static int slave;

static void set_up(void) {
        int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        struct termios raw;
        Output *none = NULL;

        ck_assert_int_ge(master, 0);
        ck_assert_int_eq(unlockpt(master), 0);
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
        ck_assert_int_ge(slave, 0);
        ck_assert_int_eq(tcgetattr(slave, &raw), 0);
        cfmakeraw(&raw);
        ck_assert_int_eq(tcsetattr(slave, TCSANOW, &raw), 0);
        ck_assert_int_eq(loop_new(&loop), 0);
        ck_assert_int_eq(console_new(loop, &master, &none, &console), 0);
        ck_assert_int_eq(master, -EBADF);
}

static void tear_down(void) {
        console = console_free(console);
        slave = fd_close(slave);
        loop = loop_free(loop);
}

static void on_time(void *userdata, uint32_t events) {
        loop_stop(loop);
}

static void run_msec(unsigned msec) {
        Watch *timer = NULL;

        ck_assert_int_eq(watch_new_timer(loop, msec * USEC_PER_MSEC, on_time, NULL, &timer), 0);
        ck_assert_int_eq(loop_run(loop), 0);
        (void) watch_free(timer);
}

static int attach(void) {
        int ends[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        ck_assert_int_eq(console_attach(console, &ends[1]), 0);
        ck_assert_int_eq(ends[1], -EBADF);
        return ends[0];
}

/* Everything that is there, as text. */
static const char *receive(int socket) {
        static char text[1 << 20];
        size_t n = 0;
        ssize_t got;

        while ((got = recv(socket, text + n, sizeof(text) - n - 1, MSG_DONTWAIT)) > 0) {
                n += (size_t) got;
        }
        text[n] = '\0';
        return text;
}

static void print(const char *text) {
        ck_assert_int_eq(fd_write_all(slave, text, strlen(text)), 0);
        run_msec(30);
}

START_TEST(what_is_printed_goes_to_everybody) {
        int first = attach(), second = attach();

        print("hello");
        ck_assert_str_eq(receive(first), "hello");
        ck_assert_str_eq(receive(second), "hello");
        (void) fd_close(first);
        run_msec(10);
        print(" again");
        ck_assert_str_eq(receive(second), " again");
        (void) fd_close(second);
}
END_TEST

START_TEST(the_last_is_shown_to_who_comes_later) {
        char line[101];
        const char *seen;
        int late;

        (void) memset(line, '.', sizeof(line) - 1);
        line[sizeof(line) - 1] = '\0';
        for (unsigned i = 0; i < 50; i++) {
                print(line);
        }
        print("end");
        late = attach();
        seen = receive(late);
        ck_assert_uint_eq(strlen(seen), CONSOLE_CHUNK_MAX);
        ck_assert(endswith(seen, "...end") != NULL);
        (void) fd_close(late);
}
END_TEST

START_TEST(what_is_typed_arrives) {
        const uint8_t typed[] = {CONSOLE_TYPED, 'l', 's', '\n'},
                      size[] = {CONSOLE_SIZE, 50, 0, 44, 1};
        int end = attach();
        struct winsize window;
        char bytes[16] = "";

        ck_assert_int_eq(send(end, typed, sizeof(typed), 0), sizeof(typed));
        ck_assert_int_eq(send(end, size, sizeof(size), 0), sizeof(size));
        run_msec(30);
        ck_assert_int_eq(read(slave, bytes, sizeof(bytes) - 1), 3);
        ck_assert_str_eq(bytes, "ls\n");
        ck_assert_int_eq(ioctl(slave, TIOCGWINSZ, &window), 0);
        ck_assert_uint_eq(window.ws_row, 50);
        ck_assert_uint_eq(window.ws_col, 300);
        (void) fd_close(end);
}
END_TEST

/* No reader at the other side, and more than the terminal holds: it is taken as there is room. */
START_TEST(much_that_is_typed_waits) {
        uint8_t typed[1 + CONSOLE_CHUNK_MAX] = {CONSOLE_TYPED};
        int end = attach();
        size_t sent = 0, got = 0;
        char bytes[4096];

        (void) memset(typed + 1, 'x', CONSOLE_CHUNK_MAX);
        while (send(end, typed, sizeof(typed), MSG_DONTWAIT) > 0) {
                sent += CONSOLE_CHUNK_MAX;
        }
        for (unsigned i = 0; i < 1000 && got < sent; i++) {
                ssize_t n;

                run_msec(5);
                while ((n = read(slave, bytes, sizeof(bytes))) > 0) {
                        got += (size_t) n;
                }
        }
        ck_assert_uint_eq(got, sent);
        (void) fd_close(end);
}
END_TEST

static const struct Bad {
        uint8_t bytes[8];
        size_t size;
} bad_messages[] = {
        {{CONSOLE_SIZE, 1, 2, 3}, 4},
        {{CONSOLE_SIZE, 1, 2, 3, 4, 5}, 6},
        {{2, 'x'}, 2},
        {{255}, 1},
};

START_TEST(who_says_what_must_not_be_said_is_hung_up_on) {
        const struct Bad *bad = &bad_messages[_i];
        int end = attach(), other = attach();
        char byte;

        ck_assert_int_eq(send(end, bad->bytes, bad->size, 0), (ssize_t) bad->size);
        run_msec(20);
        ck_assert_int_eq(recv(end, &byte, 1, MSG_DONTWAIT), 0);
        print("on");
        ck_assert_str_eq(receive(other), "on");
        (void) fd_close(end);
        (void) fd_close(other);
}
END_TEST

START_TEST(a_message_that_is_too_long_is_too) {
        uint8_t typed[CONSOLE_CHUNK_MAX + 2] = {CONSOLE_TYPED};
        int end = attach();

        ck_assert_int_eq(send(end, typed, sizeof(typed), 0), sizeof(typed));
        run_msec(20);
        ck_assert_int_eq(recv(end, typed, 1, MSG_DONTWAIT), 0);
        (void) fd_close(end);
}
END_TEST

/* Who does not read makes the workload wait, and loses nothing. */
START_TEST(who_does_not_read_is_waited_for) {
        int slow = attach();
        char chunk[4096];
        size_t printed = 0, got = 0;

        (void) memset(chunk, 'y', sizeof(chunk));
        for (unsigned i = 0; i < 400; i++) {
                ssize_t n = write(slave, chunk, sizeof(chunk));

                printed += n > 0 ? (size_t) n : 0;
                if (i % 8 == 0) {
                        run_msec(2);
                }
        }
        ck_assert_uint_lt(printed, 400 * sizeof(chunk));
        for (unsigned i = 0; i < 200 && got < printed; i++) {
                got += strlen(receive(slow));
                run_msec(10);
        }
        ck_assert_uint_eq(got, printed);
        (void) fd_close(slow);
}
END_TEST

START_TEST(the_end_is_shown_and_then_seen) {
        int end = attach();
        char byte;

        ck_assert_int_eq(fd_write_all(slave, "last words", 10), 0);
        slave = fd_close(slave);
        console = console_free(console);
        ck_assert_str_eq(receive(end), "last words");
        ck_assert_int_eq(recv(end, &byte, 1, MSG_DONTWAIT), 0);
        (void) fd_close(end);
}
END_TEST

START_TEST(no_more_than_eight) {
        int ends[CONSOLE_ATTACHED_MAX], pair[2], file = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (size_t i = 0; i < CONSOLE_ATTACHED_MAX; i++) {
                ends[i] = attach();
        }
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        ck_assert_int_eq(console_attach(console, &pair[1]), -EUSERS);
        ck_assert_int_eq(pair[1], -EBADF);
        (void) fd_close(pair[0]);
        ck_assert_int_eq(console_attach(console, &file), -ENOTSOCK);
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        ck_assert_int_eq(console_attach(console, &pair[1]), -ENOTSOCK);
        (void) fd_close(pair[0]);
        for (size_t i = 0; i < CONSOLE_ATTACHED_MAX; i++) {
                (void) fd_close(ends[i]);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("console");
        TCase *tc = tcase_create("console");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, what_is_printed_goes_to_everybody);
        tcase_add_test(tc, the_last_is_shown_to_who_comes_later);
        tcase_add_test(tc, what_is_typed_arrives);
        tcase_add_test(tc, much_that_is_typed_waits);
        tcase_add_loop_test(tc, who_says_what_must_not_be_said_is_hung_up_on, 0,
                            ELEMENTS(bad_messages));
        tcase_add_test(tc, a_message_that_is_too_long_is_too);
        tcase_add_test(tc, who_does_not_read_is_waited_for);
        tcase_add_test(tc, the_end_is_shown_and_then_seen);
        tcase_add_test(tc, no_more_than_eight);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
