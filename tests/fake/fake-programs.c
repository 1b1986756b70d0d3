/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Programs that do no work: how they end is in their name ("exit-3", "signal-9", "wait"), and some
 * do something with their streams first. */

#include "fake-sbxd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* -- how they end -- */

void decide_end(Fake *fake) {
        const char *number;

        fake->code = CLD_EXITED;
        fake->status = 0;
        fake->over = true;
        fake->oom = streq(fake->word, "oom");
        if ((number = startswith(fake->word, "exit-"))) {
                fake->status = number[0] - '0';
                fake->status = number[1] ? fake->status * 10 + number[1] - '0' : fake->status;
        } else if (fake->oom) {
                fake->code = CLD_KILLED;
                fake->status = SIGKILL;
        } else if ((number = startswith(fake->word, "signal-"))) {
                fake->code = CLD_KILLED;
                fake->status = number[0] - '0';
        } else if (streq(fake->word, "wait")) {
                fake->over = false;
        }
}

static void take_streams(Fake *fake, const int *fds) {
        for (size_t i = 0; i < 3; i++) {
                fake->fds[i] = fd_close(fake->fds[i]);
                if (fds[i] >= 0) {
                        fake->fds[i] = fd_dup(fds[i]);
                }
        }
}

/* What the program does with its streams before it ends. */
void play(Fake *fake) {
        _cleanup_free_ char *text = NULL;
        size_t size;

        if (streq(fake->word, "echo") && fake->fds[0] >= 0 &&
            fd_read_all(fake->fds[0], 1 << 16, &text, &size) == 0) {
                (void) fd_write_all(fake->fds[1], text, size);
        }
        if (streq(fake->word, "size")) {
                /* of Exec() a terminal, of StartTransientUnit() a socket */
                int out = fake->slave >= 0 ? fake->slave : fake->fds[1];
                struct winsize window = fake->size;
                char line[32];

                (void) ioctl(fake->slave, TIOCGWINSZ, &window);
                (void) snprintf(line, sizeof(line), "%u %u\n", window.ws_row, window.ws_col);
                (void) fd_write_all(out, line, strlen(line));
        }
        if (fake->over) {
                for (size_t i = 0; i < 3; i++) {
                        fake->fds[i] = fd_close(fake->fds[i]);
                }
                fake->slave = fd_close(fake->slave);
        }
}

static int make_terminal(Fake *fake, const struct winsize *size) {
        fake->master = fd_close(fake->master);
        fake->slave = fd_close(fake->slave);
        fake->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (fake->master < 0 || grantpt(fake->master) < 0 || unlockpt(fake->master) < 0) {
                return negative_errno();
        }
        fake->slave = ioctl(fake->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        return fake->slave < 0 || ioctl(fake->slave, TIOCSWINSZ, size) < 0 ? negative_errno() : 0;
}

int emit_exit(Fake *fake) {
        return sd_bus_emit_signal(fake->bus, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "ExecExited",
                                  "usiis", fake->last_id, "web.sandbox", (int32_t) fake->code,
                                  (int32_t) fake->status, fake->oom ? "oom-kill" : "success");
}

int emit_change(Fake *fake) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = sd_bus_path_encode(SBX_SANDBOX_PREFIX, fake->unit, &path);
        return r < 0 ? r
                     : sd_bus_emit_properties_changed(fake->bus, path, SBX_INTERFACE_SANDBOX,
                                                      "ActiveState", NULL);
}

/* -- methods -- */

/* Options of Exec and properties of StartTransientUnit: entries of kind, each "sv". */
static int read_entries(sd_bus_message *message, char kind, const char *contents, int *fds,
                        bool *terminal, struct winsize *size, char **program) {
        const char *key, *type;
        int r, yes;

        r = sd_bus_message_enter_container(message, 'a', contents);
        while (r >= 0 && (r = sd_bus_message_enter_container(message, kind, "sv")) > 0) {
                r = sd_bus_message_read(message, "s", &key);
                r = r < 0 ? r : sd_bus_message_peek_type(message, NULL, &type);
                if (r >= 0 && startswith(key, "Standard")) {
                        size_t i = strstr(key, "Input") ? 0 : strstr(key, "Output") ? 1 : 2;

                        r = sd_bus_message_read(message, "v", "h", &fds[i]);
                } else if (r >= 0 && streq(key, "TerminalFileDescriptor")) {
                        r = sd_bus_message_read(message, "v", "h", &fds[1]);
                        *terminal = true;
                } else if (r >= 0 && streq(key, "Terminal")) {
                        r = sd_bus_message_read(message, "v", "b", &yes);
                        *terminal = yes;
                } else if (r >= 0 && endswith(key, "Rows")) {
                        r = sd_bus_message_read(message, "v", "q", &size->ws_row);
                } else if (r >= 0 && endswith(key, "Columns")) {
                        r = sd_bus_message_read(message, "v", "q", &size->ws_col);
                } else if (r >= 0 && streq(key, "ExecStart")) {
                        const char *text;

                        r = sd_bus_message_read(message, "v", "s", &text);
                        *program = r < 0 ? NULL : strf("%s", text + 1);
                } else if (r >= 0) {
                        if (streq(type, "s")) {
                                const char *text;

                                r = sd_bus_message_read(message, "v", "s", &text);
                                if (r >= 0) {
                                        say("property", key, text);
                                }
                        } else {
                                r = sd_bus_message_skip(message, "v");
                        }
                }
                r = r < 0 ? r : sd_bus_message_exit_container(message);
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int set_word(Fake *fake, const char *word) {
        free(fake->word);
        fake->word = strf("%s", word);
        return fake->word ? 0 : -ENOMEM;
}

int on_exec(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        int fds[3] = {-EBADF, -EBADF, -EBADF}, r;
        _cleanup_(strv_freep) char **argv = NULL;
        Fake *fake = userdata;
        struct winsize size = {};
        bool terminal = false;
        const char *name;

        r = sd_bus_message_read(message, "s", &name);
        r = r < 0 ? r : sd_bus_message_read_strv(message, &argv);
        r = r < 0 ? r : read_entries(message, 'e', "{sv}", fds, &terminal, &size, NULL);
        if (r < 0) {
                return r;
        }
        if (!streq(name, "web.sandbox")) {
                return sd_bus_error_setf(error, SBX_ERROR_NOT_ACTIVE, "%s does not run.", name);
        }
        if (streq(argv[0], "missing")) {
                return sd_bus_error_set_const(error, SBX_ERROR_EXEC_NOT_FOUND,
                                              "There is no such program.");
        }
        if (streq(argv[0], "data")) {
                return sd_bus_error_set_const(error, SBX_ERROR_EXEC_NOT_EXECUTABLE,
                                              "It is no program.");
        }
        take_streams(fake, fds);
        r = set_word(fake, argv[0]);
        if (r == 0 && terminal) {
                r = make_terminal(fake, &size);
        }
        fake->last_id++;
        decide_end(fake);
        if (r == 0) {
                r = terminal ? sd_bus_reply_method_return(message, "uuah", fake->last_id,
                                                          (uint32_t) 7, 1, fake->master)
                             : sd_bus_reply_method_return(message, "uuah", fake->last_id,
                                                          (uint32_t) 7, 0);
        }
        play(fake);
        return r < 0 || !fake->over ? r : emit_exit(fake);
}

int on_transient(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        int fds[3] = {-EBADF, -EBADF, -EBADF}, r;
        _cleanup_free_ char *program = NULL;
        const char *name, *mode;
        Fake *fake = userdata;
        struct winsize size = {};
        bool terminal = false;

        r = sd_bus_message_read(message, "ss", &name, &mode);
        r = r < 0 ? r : read_entries(message, 'r', "(sv)", fds, &terminal, &size, &program);
        if (r < 0) {
                return r;
        }
        say("StartTransientUnit", name, terminal ? "terminal" : fds[0] >= 0 ? "streams" : "alone");
        free(fake->unit);
        fake->unit = strf("%s", name);
        if (!fake->unit || set_word(fake, program) < 0) {
                return -ENOMEM;
        }
        take_streams(fake, fds);
        fake->size = size;
        decide_end(fake);
        r = reply_job(fake, message, name, streq(fake->word, "missing") ? "failed" : "done");
        play(fake);
        return r >= 0 && fake->over ? emit_change(fake) : r;
}

/* No unit here has a terminal: the helper's end is closed at once. */
int on_attach(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name;
        int ends[2], r;

        r = sd_bus_message_read(message, "s", &name);
        if (r < 0) {
                return r;
        }
        if (!streq(name, "web.sandbox")) {
                return sd_bus_error_setf(error, SBX_ERROR_NOT_ACTIVE, "%s is not running.", name);
        }
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
                return negative_errno();
        }
        r = sd_bus_reply_method_return(message, "h", ends[0]);
        (void) fd_close(ends[0]);
        (void) fd_close(ends[1]);
        return r;
}
