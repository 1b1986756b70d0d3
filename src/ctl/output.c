/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/output.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "ctl/text.h"
#include "spec/value.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t terminal_rows(void) {
        struct winsize size = {};

        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

size_t output_width(void) {
        struct winsize size = {};

        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* The pager's command line; NULL in *ret where none is wanted. systemctl(1), Environment. */
static int pager_command(char ***ret, bool *ret_secure) {
        const char *names[] = {"SYSTEMD_PAGER", "PAGER"};
        const char *secure_text = secure_getenv("SYSTEMD_PAGERSECURE");
        _cleanup_(strv_freep) char **words = NULL;
        bool secure = secure_getenv("SUDO_UID") != NULL;

        if (secure_text && parse_boolean(secure_text, &secure) < 0) {
                secure = true;
        }
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                const char *text = secure_getenv(names[i]);
                _cleanup_free_ char *reason = NULL;
                size_t offset;
                int r;

                if (!text) {
                        continue;
                }
                if (streq(text, "") || streq(text, "cat")) {
                        return 0;
                }
                r = value_split_words(text, &words, &reason, &offset);
                if (r == 0 && words && words[0]) {
                        break;
                }
        }
        *ret_secure = secure;
        if (!words || !words[0] || (secure && !streq(words[0], "less"))) {
                /* only less can be told to start no other programs */
                words = strv_free(words);
                if (strv_append(&words, "less") < 0) {
                        return -ENOMEM;
                }
        }
        *ret = TAKE(words);
        return 0;
}

static _noreturn_ void pager_child(int input, char **command, bool secure) {
        const char *less = secure_getenv("SYSTEMD_LESS");

        (void) signal(SIGPIPE, SIG_DFL);
        if (dup2(input, STDIN_FILENO) < 0 || setenv("LESS", less ? less : "FRSXMK", 1) < 0 ||
            setenv("LESSCHARSET", "utf-8", 0) < 0 || (secure && setenv("LESSSECURE", "1", 1) < 0)) {
                _exit(EXIT_FAILURE);
        }
        execvp(command[0], command);
        if (!secure) {
                execlp("more", "more", NULL);
        }
        execlp("cat", "cat", NULL);
        _exit(EXIT_FAILURE);
}

static int output_paged(const Str *out, char **command, bool secure) {
        int pipe_fds[2], r;
        pid_t pid;

        if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
                return negative_errno();
        }
        pid = fork();
        if (pid < 0) {
                r = negative_errno();
                fd_close(pipe_fds[0]);
                fd_close(pipe_fds[1]);
                return r;
        }
        if (pid == 0) {
                pager_child(pipe_fds[0], command, secure);
        }
        fd_close(pipe_fds[0]);
        /* the interrupt key is the pager's while it runs */
        (void) signal(SIGINT, SIG_IGN);
        r = fd_write_all(pipe_fds[1], str_text(out), out->length);
        fd_close(pipe_fds[1]);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
        (void) signal(SIGINT, SIG_DFL);
        return r == -EPIPE ? 0 : r;
}

int output_print(const Ctl *ctl, const Str *out) {
        _cleanup_(strv_freep) char **command = NULL;
        bool secure = false;
        int r;

        if (!ctl->options.no_pager && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) &&
            text_count_lines(str_text(out)) >= terminal_rows()) {
                r = pager_command(&command, &secure);
                if (r < 0) {
                        return r;
                }
                if (command) {
                        return output_paged(out, command, secure);
                }
        }
        return fd_write_all(STDOUT_FILENO, str_text(out), out->length);
}

int output_json(const Ctl *ctl, json_object *document) {
        _cleanup_(str_done) Str out = STR_INIT;
        int flags = JSON_C_TO_STRING_NOSLASHESCAPE, r;
        const char *text;

        flags |= ctl->json == JSON_PRETTY ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
                                          : JSON_C_TO_STRING_PLAIN;
        text = json_object_to_json_string_ext(document, flags);
        if (!text) {
                return -ENOMEM;
        }
        r = str_append(&out, text);
        if (r == 0) {
                r = str_append_char(&out, '\n');
        }
        return r < 0 ? r : output_print(ctl, &out);
}

int json_set(json_object *object, const char *key, json_object *value) {
        if (!value) {
                return -ENOMEM;
        }
        if (json_object_object_add(object, key, value) < 0) {
                json_object_put(value);
                return -ENOMEM;
        }
        return 0;
}

int json_push(json_object *array, json_object *value) {
        if (!value) {
                return -ENOMEM;
        }
        if (json_object_array_add(array, value) < 0) {
                json_object_put(value);
                return -ENOMEM;
        }
        return 0;
}

json_object *json_text(const char *text) {
        _cleanup_(str_done) Str escaped = STR_INIT;

        if (utf8_valid(text, strlen(text))) {
                return json_object_new_string(text);
        }
        if (str_append_escaped(&escaped, text, strlen(text)) < 0) {
                return NULL;
        }
        return json_object_new_string(str_text(&escaped));
}

int json_set_text(json_object *object, const char *key, const char *text) {
        if (!text) {
                /* json-c's null is the NULL pointer */
                return json_object_object_add(object, key, NULL) < 0 ? -ENOMEM : 0;
        }
        return json_set(object, key, json_text(text));
}

int json_set_place(json_object *object, const char *key, const Place *place) {
        _cleanup_json_ json_object *value = NULL;
        int r;

        if (!place->file) {
                return json_set_text(object, key, NULL);
        }
        value = json_object_new_object();
        if (!value) {
                return -ENOMEM;
        }
        r = json_set_text(value, "file", place->file);
        if (r == 0 && place->line > 0) {
                r = json_set(value, "line", json_object_new_int64(place->line));
        }
        if (r == 0 && place->column > 0) {
                r = json_set(value, "column", json_object_new_int64(place->column));
        }
        return r < 0 ? r : json_set(object, key, TAKE(value));
}
