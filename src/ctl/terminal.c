/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/terminal.h"

#include "base/fd.h"
#include "base/time.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long the last output may take from the closed slave to the master: the kernel moves it in a
 * worker thread. */
enum { DRAIN_MSEC = 50, END_OF_FILE = 4 };

/* As machinectl(1) has it. */
enum { DETACH_KEY = 0x1d, DETACH_KEYS = 3 };
#define DETACH_USEC USEC_PER_SEC

/* One message of helper/console.h. */
enum { CONSOLE_TYPED, CONSOLE_SIZE };

static ssize_t console_send(const Terminal *terminal, uint8_t kind, const void *bytes, size_t n) {
        uint8_t message[1 + sizeof(terminal->pending)];
        ssize_t sent;

        message[0] = kind;
        memcpy(message + 1, bytes, n);
        sent = send(terminal->master, message, n + 1, MSG_NOSIGNAL);
        return sent < 0 ? sent : (ssize_t) n;
}

void terminal_size(uint16_t *ret_rows, uint16_t *ret_columns) {
        struct winsize size = {};

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0) {
                (void) ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
        }
        *ret_rows = size.ws_row;
        *ret_columns = size.ws_col;
}

void terminal_resize(const Terminal *terminal) {
        struct winsize size = {};

        if (terminal->master < 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0) {
                return;
        }
        if (terminal->console) {
                const uint8_t bytes[] = {
                        (uint8_t) size.ws_row,
                        (uint8_t) (size.ws_row >> 8),
                        (uint8_t) size.ws_col,
                        (uint8_t) (size.ws_col >> 8),
                };

                (void) console_send(terminal, CONSOLE_SIZE, bytes, sizeof(bytes));
        } else {
                (void) ioctl(terminal->master, TIOCSWINSZ, &size);
        }
}

/* Asks for room in the master while there is something for it, and reads stdin only while there is
 * nothing: stdin is never ahead by more than one buffer. */
static int update_interest(Terminal *terminal) {
        int r = 0;

        if (terminal->input) {
                r = sd_event_source_set_enabled(terminal->input,
                                                terminal->n_pending == 0 && !terminal->input_ended
                                                        ? SD_EVENT_ON
                                                        : SD_EVENT_OFF);
        }
        if (r >= 0 && terminal->output) {
                r = sd_event_source_set_io_events(
                        terminal->output, EPOLLIN | (terminal->n_pending > 0 ? EPOLLOUT : 0));
        }
        return r;
}

static int flush_pending(Terminal *terminal) {
        while (terminal->n_pending > 0) {
                ssize_t n = terminal->console ? console_send(terminal, CONSOLE_TYPED,
                                                             terminal->pending, terminal->n_pending)
                                              : write(terminal->master, terminal->pending,
                                                      terminal->n_pending);

                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n < 0 && errno == EAGAIN) {
                        break;
                }
                if (n < 0) {
                        /* the other side has hung up: what was typed goes nowhere */
                        terminal->n_pending = 0;
                        break;
                }
                terminal->n_pending -= (size_t) n;
                memmove(terminal->pending, terminal->pending + n, terminal->n_pending);
        }
        return update_interest(terminal);
}

/* Whether the keys for detaching are among what was typed. */
static bool wants_to_detach(Terminal *terminal) {
        uint64_t now = usec_now(CLOCK_MONOTONIC);

        for (size_t i = 0; i < terminal->n_pending; i++) {
                if (terminal->pending[i] != DETACH_KEY) {
                        terminal->n_detach_keys = 0;
                        continue;
                }
                if (terminal->n_detach_keys == 0 || now - terminal->first_key_usec > DETACH_USEC) {
                        terminal->n_detach_keys = 0;
                        terminal->first_key_usec = now;
                }
                if (++terminal->n_detach_keys == DETACH_KEYS) {
                        return true;
                }
        }
        return false;
}

static int read_input(Terminal *terminal) {
        ssize_t n;

        n = read(STDIN_FILENO, terminal->pending, sizeof(terminal->pending));
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
                return 0;
        }
        if (n <= 0) {
                /* a file or pipe has ended, a terminal has hung up: the workload reads end of file
                 */
                terminal->input_ended = true;
                terminal->pending[0] = END_OF_FILE;
                n = 1;
        }
        terminal->n_pending = (size_t) n;
        if (terminal->console && wants_to_detach(terminal)) {
                terminal->detached = true;
                terminal->n_pending = 0;
        }
        return flush_pending(terminal);
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        return read_input(userdata);
}

static int on_idle_input(sd_event_source *source, void *userdata) {
        return read_input(userdata);
}

/* 1: there may be more; 0: nothing now; -errno: hung up, or stdout cannot be written. */
static int copy_output(Terminal *terminal) {
        char bytes[4096];
        ssize_t n;
        int r;

        n = read(terminal->master, bytes, sizeof(bytes));
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                return 0;
        }
        if (n <= 0) {
                return n < 0 ? negative_errno() : -EIO;
        }
        terminal->n_shown += (uint64_t) n;
        r = fd_write_all(STDOUT_FILENO, bytes, (size_t) n);
        return r < 0 ? r : 1;
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Terminal *terminal = userdata;
        int r = 0;

        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                r = copy_output(terminal);
                if (r < 0) {
                        /* all slaves are closed; how it ended comes over the bus */
                        terminal->hung_up = true;
                        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
                }
        }
        return events & EPOLLOUT ? flush_pending(terminal) : 0;
}

static int terminal_set_raw(Terminal *terminal) {
        struct termios raw;

        if (tcgetattr(STDIN_FILENO, &terminal->saved) < 0) {
                return errno == ENOTTY ? 0 : negative_errno();
        }
        raw = terminal->saved;
        cfmakeraw(&raw);
        if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0) {
                return negative_errno();
        }
        terminal->raw = true;
        return 0;
}

int terminal_start(Terminal *terminal, sd_event *event, int master) {
        int r;

        terminal->master = master;
        r = fd_set_nonblock(master, true);
        if (r == 0) {
                r = sd_event_add_io(event, &terminal->output, master, EPOLLIN, on_output, terminal);
        }
        if (r >= 0) {
                r = sd_event_add_io(event, &terminal->input, STDIN_FILENO, EPOLLIN, on_input,
                                    terminal);
                if (r == -EPERM) {
                        /* epoll(7) takes no regular files and no /dev/null: they are always
                         * readable */
                        r = sd_event_add_defer(event, &terminal->input, on_idle_input, terminal);
                        r = r < 0 ? r : sd_event_source_set_enabled(terminal->input, SD_EVENT_ON);
                }
        }
        if (r >= 0) {
                r = terminal_set_raw(terminal);
        }
        if (r < 0) {
                return r;
        }
        terminal_resize(terminal);
        return 0;
}

int terminal_start_console(Terminal *terminal, sd_event *event, int socket) {
        terminal->console = true;
        return terminal_start(terminal, event, socket);
}

void terminal_drain(Terminal *terminal) {
        struct pollfd wait = {.fd = terminal->master, .events = POLLIN};

        if (terminal->master < 0) {
                return;
        }
        while (poll(&wait, 1, DRAIN_MSEC) > 0 && copy_output(terminal) >= 0) {
        }
}

void terminal_done(Terminal *terminal) {
        terminal->input = sd_event_source_disable_unref(terminal->input);
        terminal->output = sd_event_source_disable_unref(terminal->output);
        if (terminal->raw) {
                /* TCSADRAIN: what was printed is shown under the settings that it was meant for */
                (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->saved);
                terminal->raw = false;
        }
        terminal->master = fd_close(terminal->master);
}
