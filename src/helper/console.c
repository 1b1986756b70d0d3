/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/console.h"

#include "base/fd.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a terminal may hold at its end, and no more where somebody goes on writing. */
#define DRAIN_MAX (128u * 1024u)
/* So much at once, then others have their turn: this takes some percent of a processor at most. */
#define BURST_MAX (256u * 1024u)
#define PAUSE_USEC (5 * USEC_PER_MSEC)

typedef struct Attached {
        Console *console;
        int socket;
        Watch *watch;
        uint8_t typed[CONSOLE_CHUNK_MAX]; /* what the master did not take yet */
        size_t n_typed;
} Attached;

struct Console {
        Loop *loop;
        int master;
        Watch *watch, *pause;
        Output *log; /* NULL: none */
        Attached *attached[CONSOLE_ATTACHED_MAX];
        size_t n_attached;
        size_t burst;
        char last[CONSOLE_CHUNK_MAX]; /* a ring of what was printed */
        uint64_t n_printed;
};

static void console_listen(Console *console);

static void attached_free(Attached *attached) {
        Console *console = attached->console;

        for (size_t i = 0; i < console->n_attached; i++) {
                if (console->attached[i] == attached) {
                        console->attached[i] = console->attached[--console->n_attached];
                        break;
                }
        }
        attached->watch = watch_free(attached->watch);
        (void) fd_close(attached->socket);
        free(attached);
}

/* -- what is printed -- */

/* A unix socket is writable while no more than a quarter of its room is taken. What is left serves
 * the end, when nobody can be waited for. */
static bool attached_has_room(const Attached *attached) {
        struct pollfd wait = {.fd = attached->socket, .events = POLLOUT};

        return poll(&wait, 1, 0) == 1 && (wait.revents & POLLOUT) != 0;
}

static void remember(Console *console, const char *bytes, size_t n) {
        for (size_t i = 0; i < n; i++) {
                console->last[console->n_printed++ % sizeof(console->last)] = bytes[i];
        }
}

/* The bytes taken; 0 or -errno: the last slave was closed, or there is nothing now (-EAGAIN). */
static ssize_t console_print(Console *console) {
        char bytes[CONSOLE_CHUNK_MAX];
        ssize_t n = read(console->master, bytes, sizeof(bytes));

        if (n <= 0) {
                return n < 0 ? negative_errno() : 0;
        }
        remember(console, bytes, (size_t) n);
        if (console->log) {
                output_feed(console->log, bytes, (size_t) n);
        }
        for (size_t i = 0; i < console->n_attached; i++) {
                (void) send(console->attached[i]->socket, bytes, (size_t) n,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        return n;
}

static void on_pause_over(void *userdata, uint32_t events) {
        Console *console = userdata;

        console->pause = watch_free(console->pause);
        console->burst = 0;
        console_listen(console);
}

static void console_hang_up(Console *console) {
        console->watch = watch_free(console->watch);
        console->master = fd_close(console->master);
        while (console->n_attached > 0) {
                attached_free(console->attached[0]);
        }
}

/* Reads from the master only while everybody can take it, and writes what was typed. */
static void console_listen(Console *console) {
        bool room = !console->pause, typed = false;

        for (size_t i = 0; i < console->n_attached; i++) {
                Attached *attached = console->attached[i];
                bool has_room = attached_has_room(attached);

                room = room && has_room;
                typed = typed || attached->n_typed > 0;
                (void) watch_set_events(attached->watch, (attached->n_typed > 0 ? 0 : EPOLLIN) |
                                                                 (has_room ? 0 : EPOLLOUT));
        }
        if (console->watch) {
                (void) watch_set_events(console->watch,
                                        (room ? EPOLLIN : 0) | (typed ? EPOLLOUT : 0));
        }
}

/* -- what is typed -- */

static void type(Console *console, Attached *attached) {
        while (attached->n_typed > 0) {
                ssize_t n = write(console->master, attached->typed, attached->n_typed);

                if (n < 0 && errno == EAGAIN) {
                        return;
                }
                if (n < 0 && errno != EINTR) {
                        attached->n_typed = 0; /* hung up: nobody reads it any more */
                        return;
                }
                if (n > 0) {
                        attached->n_typed -= (size_t) n;
                        memmove(attached->typed, attached->typed + n, attached->n_typed);
                }
        }
}

static void resize(const Console *console, const uint8_t *bytes) {
        struct winsize size = {.ws_row = (unsigned short) (bytes[0] | bytes[1] << 8),
                               .ws_col = (unsigned short) (bytes[2] | bytes[3] << 8)};

        (void) ioctl(console->master, TIOCSWINSZ, &size);
}

/* False: it is gone, or says what it must not. */
static bool attached_receive(Console *console, Attached *attached) {
        uint8_t bytes[1 + CONSOLE_CHUNK_MAX];
        ssize_t n = recv(attached->socket, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                return true;
        }
        if (n < 1 || n > (ssize_t) sizeof(bytes)) {
                return false;
        }
        if (bytes[0] == CONSOLE_SIZE && n == 5) {
                resize(console, bytes + 1);
                return true;
        }
        if (bytes[0] != CONSOLE_TYPED) {
                return false;
        }
        attached->n_typed = (size_t) n - 1;
        memcpy(attached->typed, bytes + 1, attached->n_typed);
        type(console, attached);
        return true;
}

static void on_attached(void *userdata, uint32_t events) {
        Attached *attached = userdata;
        Console *console = attached->console;

        if ((events & EPOLLIN) != 0 ? !attached_receive(console, attached)
                                    : (events & (EPOLLHUP | EPOLLERR)) != 0) {
                attached_free(attached);
        }
        console_listen(console);
}

static void on_master(void *userdata, uint32_t events) {
        Console *console = userdata;
        ssize_t n = -EAGAIN;

        for (size_t i = 0; (events & EPOLLOUT) != 0 && i < console->n_attached; i++) {
                type(console, console->attached[i]);
        }
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
                n = console_print(console);
        }
        if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR)) {
                console_hang_up(console);
                return;
        }
        console->burst += n > 0 ? (size_t) n : 0;
        if (console->burst >= BURST_MAX && !console->pause &&
            watch_new_timer(console->loop, PAUSE_USEC, on_pause_over, console, &console->pause) <
                    0) {
                console->burst = 0;
        }
        console_listen(console);
}

/* -- lifecycle -- */

int console_new(Loop *loop, int *master, Output **log, Console **ret) {
        _cleanup_(console_freep) Console *console = calloc(1, sizeof(*console));
        int r;

        if (!console) {
                *master = fd_close(*master);
                *log = output_free(*log);
                return -ENOMEM;
        }
        *console = (Console){.loop = loop, .master = fd_take(master), .log = TAKE(*log)};
        r = fd_set_nonblock(console->master, true);
        if (r == 0) {
                r = watch_new(loop, console->master, EPOLLIN, on_master, console, &console->watch);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(console);
        return 0;
}

Console *console_free(Console *console) {
        size_t taken = 0;
        ssize_t n;

        if (!console) {
                return NULL;
        }
        while (console->master >= 0 && taken < DRAIN_MAX && (n = console_print(console)) > 0) {
                taken += (size_t) n;
        }
        console_hang_up(console);
        console->pause = watch_free(console->pause);
        console->log = output_free(console->log);
        free(console);
        return NULL;
}

static int check_socket(int fd) {
        int kind = 0;
        socklen_t size = sizeof(kind);

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) < 0) {
                return negative_errno();
        }
        return kind == SOCK_SEQPACKET ? 0 : -ENOTSOCK;
}

static void replay(const Console *console, int socket) {
        size_t n = (size_t) MIN(console->n_printed, (uint64_t) sizeof(console->last));
        char bytes[CONSOLE_CHUNK_MAX];

        for (size_t i = 0; i < n; i++) {
                bytes[i] = console->last[(console->n_printed - n + i) % sizeof(console->last)];
        }
        if (n > 0) {
                (void) send(socket, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
}

int console_attach(Console *console, int *socket) {
        _cleanup_fd_ int fd = fd_take(socket);
        _cleanup_free_ Attached *attached = NULL;
        int r = check_socket(fd);

        if (r == 0 && console->n_attached >= CONSOLE_ATTACHED_MAX) {
                r = -EUSERS;
        }
        if (r == 0 && console->master < 0) {
                r = -EIO;
        }
        if (r < 0) {
                return r;
        }
        attached = calloc(1, sizeof(*attached));
        if (!attached) {
                return -ENOMEM;
        }
        *attached = (Attached){.console = console, .socket = fd};
        r = watch_new(console->loop, fd, EPOLLIN, on_attached, attached, &attached->watch);
        if (r < 0) {
                return r;
        }
        replay(console, fd);
        (void) fd_take(&fd);
        console->attached[console->n_attached++] = TAKE(attached);
        console_listen(console);
        return 0;
}
