/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The relay's own program between a server and clients of the test: sockets made here, bytes
 * through a process of its own, under its own filter. */

#include "base/fd.h"
#include "base/str.h"
#include "base/time.h"
#include "relay/serve.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT "/tmp"
#define MEBIBYTE (1024u * 1024u)
#define PATIENCE_MSEC 20000

typedef struct Bed {
        pid_t relay;
        int server;    /* what the relay connects to listens here */
        int port;      /* where clients connect to */
        char path[64]; /* of the server, where it is a unix socket */
} Bed;

static int listen_on_loopback(int *ret_port, int backlog) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &address, size), 0);
        ck_assert_int_eq(listen(fd, backlog), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &address, &size), 0);
        *ret_port = ntohs(address.sin_port);
        return fd;
}

static int listen_on_path(Bed *bed) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(bed->path, sizeof(bed->path), "/tmp/sbx-check-relay-%d.sock",
                        (int) getpid());
        (void) unlink(bed->path);
        memcpy(address.sun_path, bed->path, strlen(bed->path));
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(chmod(bed->path, 0666), 0);
        ck_assert_int_eq(listen(fd, 64), 0);
        return fd;
}

/* The program itself; nothing but its listening socket may be needed, and the root where the target
 * is a path. */
static void exec_relay(int listening, const char *target) {
        _cleanup_free_ char *path = strf("%s/src/sbx-relay", getenv("SBX_BUILD_ROOT"));
        char *const argv[] = {(char *) (uintptr_t) "sbx-relay", (char *) (uintptr_t) "http",
                              (char *) (uintptr_t) target, NULL};
        char *const environment[] = {NULL};
        int root = target[0] == '/' ? open(ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;

        if (root >= 0) {
                root = fcntl(root, F_DUPFD, 10);
        }
        if (!path || dup2(listening, 3) < 0 || fd_set_cloexec(3, false) < 0 ||
            (root >= 0 && (dup2(root, 4) < 0 || close(root) < 0))) {
                _exit(120);
        }
        (void) execve(path, argv, environment);
        _exit(121);
}

static void bed_relay(Bed *bed, const char *target) {
        int listening = listen_on_loopback(&bed->port, 1024);

        bed->relay = fork();
        ck_assert_int_ge(bed->relay, 0);
        if (bed->relay == 0) {
                exec_relay(listening, target);
        }
        (void) fd_close(listening);
}

static void bed_init(Bed *bed) {
        char target[32];
        int port;

        *bed = (Bed){};
        bed->server = listen_on_loopback(&port, 1024);
        (void) snprintf(target, sizeof(target), "%d", port);
        bed_relay(bed, target);
}

/* SIGTERM ends it, with 0: it was killed by no filter and no error. */
static void bed_done(Bed *bed) {
        int status = 0;

        bed->server = fd_close(bed->server);
        ck_assert_int_eq(kill(bed->relay, SIGTERM), 0);
        ck_assert_int_eq(waitpid(bed->relay, &status, 0), bed->relay);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x",
                      (unsigned) status);
        if (bed->path[0] != '\0') {
                (void) unlink(bed->path);
        }
}

static int bed_connect(const Bed *bed) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((in_port_t) bed->port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const struct timeval patience = {.tv_sec = PATIENCE_MSEC / 1000};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
        ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static int bed_accept(const Bed *bed) {
        struct pollfd wait = {.fd = bed->server, .events = POLLIN};
        const struct timeval patience = {.tv_sec = PATIENCE_MSEC / 1000};
        int fd;

        ck_assert_int_eq(poll(&wait, 1, PATIENCE_MSEC), 1);
        fd = accept4(bed->server, NULL, NULL, SOCK_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
        return fd;
}

static void say(int fd, const char *text) {
        ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
}

static void hear(int fd, const char *text) {
        char buffer[64];
        size_t n = 0;

        while (n < strlen(text)) {
                ssize_t r = read(fd, buffer + n, strlen(text) - n);

                ck_assert_msg(r > 0, "read gives %zd, %s", r, strerror(errno));
                n += (size_t) r;
        }
        ck_assert_mem_eq(buffer, text, n);
}

static void hear_end(int fd) {
        char byte;

        ck_assert_int_eq(read(fd, &byte, 1), 0);
}

START_TEST(bytes_go_both_ways) {
        Bed bed;
        int client, server;

        bed_init(&bed);
        client = bed_connect(&bed);
        server = bed_accept(&bed);
        say(client, "question");
        hear(server, "question");
        say(server, "answer");
        hear(client, "answer");
        say(client, "again");
        hear(server, "again");
        (void) fd_close(client);
        hear_end(server);
        (void) fd_close(server);
        bed_done(&bed);
}
END_TEST

START_TEST(half_closed_side_still_hears) {
        Bed bed;
        int client, server;

        bed_init(&bed);
        client = bed_connect(&bed);
        server = bed_accept(&bed);
        say(client, "all I have");
        ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
        hear(server, "all I have");
        hear_end(server);
        say(server, "late answer");
        hear(client, "late answer");
        (void) fd_close(server);
        hear_end(client);
        (void) fd_close(client);
        bed_done(&bed);
}
END_TEST

/* Waits for an end that says "broken", not "done". */
static void hear_reset(int fd) {
        char byte;
        ssize_t n = read(fd, &byte, 1);

        ck_assert_msg(n < 0 && errno == ECONNRESET, "read gives %zd, %s", n, strerror(errno));
}

START_TEST(refused_target_resets_the_client) {
        Bed bed = {.server = -EBADF};
        char target[32];
        int port, gone, client;

        /* A port that nobody listens on: there was one, and it is held by nobody else. */
        gone = listen_on_loopback(&port, 1);
        (void) snprintf(target, sizeof(target), "127.0.0.1:%d", port);
        (void) fd_close(gone);
        bed_relay(&bed, target);
        for (int i = 0; i < 3; i++) {
                client = bed_connect(&bed);
                hear_reset(client);
                (void) fd_close(client);
        }
        bed_done(&bed);
}
END_TEST

/* The program behind the port is not up yet when the first clients come. */
START_TEST(late_target_is_waited_for) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const int on = 1;
        Bed bed = {};
        char target[32];
        int clients[2], server, port;

        /* bound, so that the number stays ours, and not listening: refused */
        bed.server = listen_on_loopback(&port, 8);
        (void) fd_close(bed.server);
        bed.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        address.sin_port = htons((in_port_t) port);
        ck_assert_int_eq(setsockopt(bed.server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
        ck_assert_int_eq(bind(bed.server, (struct sockaddr *) &address, sizeof(address)), 0);
        (void) snprintf(target, sizeof(target), "127.0.0.1:%d", port);
        bed_relay(&bed, target);
        for (size_t i = 0; i < ELEMENTS(clients); i++) {
                clients[i] = bed_connect(&bed);
                say(clients[i], "early");
        }
        (void) poll(NULL, 0, 300);
        ck_assert_int_eq(listen(bed.server, 8), 0);
        for (size_t i = 0; i < ELEMENTS(clients); i++) {
                server = bed_accept(&bed);
                hear(server, "early");
                (void) fd_close(server);
        }
        for (size_t i = 0; i < ELEMENTS(clients); i++) {
                hear_end(clients[i]);
                (void) fd_close(clients[i]);
        }
        /* it has answered: from now on a refusal is told at once */
        bed.server = fd_close(bed.server);
        clients[0] = bed_connect(&bed);
        hear_reset(clients[0]);
        (void) fd_close(clients[0]);
        bed_done(&bed);
}
END_TEST

START_TEST(target_that_resets_resets_the_client) {
        const struct linger at_once = {.l_onoff = 1};
        Bed bed;
        int client, server;

        bed_init(&bed);
        client = bed_connect(&bed);
        server = bed_accept(&bed);
        say(client, "x");
        hear(server, "x");
        ck_assert_int_eq(setsockopt(server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        (void) fd_close(server);
        hear_reset(client);
        (void) fd_close(client);
        bed_done(&bed);
}
END_TEST

START_TEST(second_address_is_tried) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
        socklen_t size = sizeof(address);
        Bed bed = {};
        char target[32];
        int client, server;

        bed.server = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(bed.server, 0);
        ck_assert_int_eq(bind(bed.server, (struct sockaddr *) &address, size), 0);
        ck_assert_int_eq(listen(bed.server, 8), 0);
        ck_assert_int_eq(getsockname(bed.server, (struct sockaddr *) &address, &size), 0);
        (void) snprintf(target, sizeof(target), "%u", ntohs(address.sin6_port));
        bed_relay(&bed, target);
        client = bed_connect(&bed);
        server = bed_accept(&bed);
        say(client, "by six");
        hear(server, "by six");
        (void) fd_close(client);
        (void) fd_close(server);
        bed_done(&bed);
}
END_TEST

START_TEST(unix_socket_is_a_target) {
        Bed bed = {};
        int client, server;

        bed.server = listen_on_path(&bed);
        bed_relay(&bed, bed.path + strlen(ROOT));
        client = bed_connect(&bed);
        server = bed_accept(&bed);
        say(client, "by path");
        hear(server, "by path");
        say(server, "and back");
        hear(client, "and back");
        (void) fd_close(server);
        hear_end(client);
        (void) fd_close(client);
        bed_done(&bed);
}
END_TEST

/* What the sandbox puts in the place of its socket must not lead to one of the host's. */
START_TEST(link_does_not_lead_out_of_the_root) {
        _cleanup_free_ char *link = strf("/tmp/sbx-check-relay-%d.link", (int) getpid());
        Bed bed = {};
        int client;

        bed.server = listen_on_path(&bed);
        /* From the host's root it is the socket; from the sandbox's it is nothing. */
        ck_assert_int_eq(symlink(bed.path, link), 0);
        bed_relay(&bed, link + strlen(ROOT));
        client = bed_connect(&bed);
        hear_reset(client);
        (void) fd_close(client);
        ck_assert_int_eq(unlink(link), 0);
        bed_done(&bed);
}
END_TEST

/* One end sends and hears a mebibyte at the same time; each byte tells its place. */
static uint8_t byte_at(size_t place, uint8_t seed) {
        return (uint8_t) (place * 31 + (place >> 8) + seed);
}

static void send_and_hear(int fd, uint8_t send_seed, uint8_t hear_seed) {
        size_t sent = 0, heard = 0;
        static uint8_t buffer[65536];

        ck_assert_int_eq(fd_set_nonblock(fd, true), 0);
        while (sent < MEBIBYTE || heard < MEBIBYTE) {
                struct pollfd wait = {
                        .fd = fd,
                        .events = (short) (POLLIN | (sent < MEBIBYTE ? POLLOUT : 0)),
                };
                ssize_t n;

                ck_assert_int_eq(poll(&wait, 1, PATIENCE_MSEC), 1);
                if (sent < MEBIBYTE && (wait.revents & POLLOUT)) {
                        size_t chunk = MIN(sizeof(buffer), MEBIBYTE - sent);

                        for (size_t i = 0; i < chunk; i++) {
                                buffer[i] = byte_at(sent + i, send_seed);
                        }
                        n = write(fd, buffer, chunk);
                        ck_assert(n > 0 || errno == EAGAIN);
                        sent += n > 0 ? (size_t) n : 0;
                }
                n = read(fd, buffer, sizeof(buffer));
                ck_assert(n > 0 || (n < 0 && errno == EAGAIN));
                for (ssize_t i = 0; i < n; i++) {
                        ck_assert_uint_eq(buffer[i], byte_at(heard + (size_t) i, hear_seed));
                }
                heard += n > 0 ? (size_t) n : 0;
        }
}

START_TEST(a_mebibyte_each_way_arrives_whole) {
        Bed bed;
        int client, server, status = 0;
        pid_t peer;

        bed_init(&bed);
        client = bed_connect(&bed);
        server = bed_accept(&bed);
        peer = fork();
        ck_assert_int_ge(peer, 0);
        if (peer == 0) {
                send_and_hear(server, 7, 3);
                _exit(0);
        }
        send_and_hear(client, 3, 7);
        ck_assert_int_eq(waitpid(peer, &status, 0), peer);
        ck_assert_int_eq(status, 0);
        (void) fd_close(client);
        (void) fd_close(server);
        bed_done(&bed);
}
END_TEST

/* A reader that does not read holds the writer back: what the relay takes in stays bounded. */
START_TEST(slow_reader_holds_the_writer_back) {
        static uint8_t buffer[65536];
        size_t sent = 0, heard = 0;
        Bed bed;
        int client, server;

        bed_init(&bed);
        client = bed_connect(&bed);
        server = bed_accept(&bed);
        ck_assert_int_eq(fd_set_nonblock(client, true), 0);
        for (;;) {
                struct pollfd wait = {.fd = client, .events = POLLOUT};
                ssize_t n;

                /* Kernel buffers on this machine end somewhere below; without them nothing would.
                 */
                if (poll(&wait, 1, 500) == 0) {
                        break;
                }
                n = write(client, buffer, sizeof(buffer));
                ck_assert(n > 0 || errno == EAGAIN);
                sent += n > 0 ? (size_t) n : 0;
                ck_assert_uint_lt(sent, 64 * MEBIBYTE);
        }
        ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
        for (;;) {
                ssize_t n = read(server, buffer, sizeof(buffer));

                ck_assert_int_ge(n, 0);
                if (n == 0) {
                        break;
                }
                heard += (size_t) n;
        }
        ck_assert_uint_eq(sent, heard);
        (void) fd_close(client);
        (void) fd_close(server);
        bed_done(&bed);
}
END_TEST

START_TEST(many_connections_at_a_time) {
        enum { N = 200 };
        int clients[N], servers[N];
        char text[16];
        Bed bed;

        bed_init(&bed);
        for (int i = 0; i < N; i++) {
                clients[i] = bed_connect(&bed);
                (void) snprintf(text, sizeof(text), "%05d", i);
                say(clients[i], text);
        }
        for (int i = 0; i < N; i++) {
                char number[6] = "";

                servers[i] = bed_accept(&bed);
                ck_assert_int_eq(recv(servers[i], number, 5, MSG_WAITALL), 5);
                say(servers[i], number);
        }
        for (int i = 0; i < N; i++) {
                (void) snprintf(text, sizeof(text), "%05d", i);
                hear(clients[i], text);
                (void) fd_close(clients[i]);
                (void) fd_close(servers[i]);
        }
        bed_done(&bed);
}
END_TEST

/* In this process' child, so that the bound can be chosen. */
static void bed_bounded(Bed *bed, size_t pairs_max) {
        char target[32];
        int port, listening;

        *bed = (Bed){};
        bed->server = listen_on_loopback(&port, 64);
        (void) snprintf(target, sizeof(target), "%d", port);
        listening = listen_on_loopback(&bed->port, 64);
        bed->relay = fork();
        ck_assert_int_ge(bed->relay, 0);
        if (bed->relay == 0) {
                Port ports[1] = {{.name = "bounded", .listen = listening}};

                if (target_parse(target, &ports[0].target) < 0) {
                        _exit(122);
                }
                _exit(serve(ports, 1, pairs_max, NULL) == 0 ? 0 : 123);
        }
        (void) fd_close(listening);
}

START_TEST(beyond_the_bound_they_wait) {
        struct pollfd wait = {.events = POLLIN};
        int first, second, third, server, other;
        Bed bed;

        bed_bounded(&bed, 2);
        first = bed_connect(&bed);
        second = bed_connect(&bed);
        server = bed_accept(&bed);
        other = bed_accept(&bed);
        third = bed_connect(&bed); /* the kernel's queue takes it */
        say(third, "patience");
        wait.fd = bed.server;
        ck_assert_int_eq(poll(&wait, 1, 200), 0);
        (void) fd_close(first);
        (void) fd_close(second);
        (void) fd_close(server);
        (void) fd_close(other);
        server = bed_accept(&bed);
        hear(server, "patience");
        (void) fd_close(third);
        (void) fd_close(server);
        bed_done(&bed);
}
END_TEST

START_TEST(wrong_use_is_refused) {
        static const char *const wrong[][4] = {{"sbx-relay", NULL},
                                               {"sbx-relay", "http", NULL},
                                               {"sbx-relay", "http", "nowhere", NULL}};
        _cleanup_free_ char *path = strf("%s/src/sbx-relay", getenv("SBX_BUILD_ROOT"));
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                int null = open("/dev/null", O_RDWR | O_CLOEXEC);

                if (null < 0 || dup2(null, STDERR_FILENO) < 0) {
                        _exit(120);
                }
                (void) execve(path, (char *const *) (uintptr_t) wrong[_i], environ);
                _exit(121);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE, "status %#x",
                      (unsigned) status);
}
END_TEST

/* What the process may still do, as the kernel tells. */
START_TEST(relay_has_given_up_everything) {
        static const char *const lines[] = {"CapEff:\t0000000000000000",
                                            "CapPrm:\t0000000000000000",
                                            "CapAmb:\t0000000000000000",
                                            "NoNewPrivs:\t1",
                                            "Seccomp:\t2",
                                            "Uid:\t65534\t65534\t65534"};
        _cleanup_free_ char *text = NULL;
        char path[64];
        int client, server;
        Bed bed;

        bed_init(&bed);
        client = bed_connect(&bed);
        server = bed_accept(&bed); /* it serves, so it is confined */
        (void) snprintf(path, sizeof(path), "/proc/%d/status", (int) bed.relay);
        ck_assert_int_eq(file_read_at(AT_FDCWD, path, 65536, &text, NULL), 0);
        for (size_t i = 0; i < ELEMENTS(lines); i++) {
                ck_assert_msg(strstr(text, lines[i]) != NULL, "no %s", lines[i]);
        }
        (void) fd_close(client);
        (void) fd_close(server);
        bed_done(&bed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("relay/serve");
        TCase *tcase = tcase_create("serve");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, bytes_go_both_ways);
        tcase_add_test(tcase, half_closed_side_still_hears);
        tcase_add_test(tcase, refused_target_resets_the_client);
        tcase_add_test(tcase, late_target_is_waited_for);
        tcase_add_test(tcase, target_that_resets_resets_the_client);
        tcase_add_test(tcase, second_address_is_tried);
        tcase_add_test(tcase, unix_socket_is_a_target);
        tcase_add_test(tcase, link_does_not_lead_out_of_the_root);
        tcase_add_test(tcase, a_mebibyte_each_way_arrives_whole);
        tcase_add_test(tcase, slow_reader_holds_the_writer_back);
        tcase_add_test(tcase, many_connections_at_a_time);
        tcase_add_test(tcase, beyond_the_bound_they_wait);
        tcase_add_loop_test(tcase, wrong_use_is_refused, 0, 3);
        tcase_add_test(tcase, relay_has_given_up_everything);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
