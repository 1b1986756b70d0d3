/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/spawner.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKLOG 16
#define RESPAWN_DELAY_MSEC 200
#define LISTEN_FD 3

struct Spawner {
        int fd; /* to the child; its end of file ends it */
        pid_t pid;
};

/* -- the child -- */

static int bind_socket(const char *path) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_fd_ int fd = -EBADF;

        if (strlen(path) >= sizeof(address.sun_path)) {
                return -ENAMETOOLONG;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0) {
                return negative_errno();
        }
        /* the caller was refused: what is there belongs to a helper that is gone */
        if (unlink(path) < 0 && errno != ENOENT) {
                return negative_errno();
        }
        if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || chmod(path, 0600) < 0 ||
            listen(fd, BACKLOG) < 0) {
                return negative_errno();
        }
        return fd_take(&fd);
}

static _noreturn_ void exec_helper(const SpawnerInput *input, int listen_fd) {
        char pid[32], exit_idle[] = "--exit-idle", listen_fds[] = "LISTEN_FDS=1";
        char *environment[] = {pid, listen_fds, NULL}, *arguments[5];
        sigset_t none;
        size_t n = 0;

        (void) snprintf(pid, sizeof(pid), "LISTEN_PID=%d", getpid());
        arguments[n++] = (char *) input->helper;
        arguments[n++] = exit_idle;
        arguments[n++] = strf("--runtime-dir=%s", input->runtime_directory);
        if (input->relay) {
                arguments[n++] = strf("--relay=%s", input->relay);
        }
        arguments[n] = NULL;
        (void) setsid();
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
        if (listen_fd == LISTEN_FD ? fd_set_cloexec(listen_fd, false) < 0
                                   : dup2(listen_fd, LISTEN_FD) < 0) {
                _exit(EXIT_FAILURE);
        }
        (void) close_range(LISTEN_FD + 1, ~0u, 0);
        (void) execve(input->helper, arguments, environment);
        (void) log_fault(errno, "Failed to execute the helper %s: %m", input->helper);
        _exit(EXIT_FAILURE);
}

static pid_t spawn_helper(const SpawnerInput *input, int listen_fd) {
        pid_t pid = fork();

        if (pid == 0) {
                exec_helper(input, listen_fd);
        }
        if (pid < 0) {
                (void) log_fault(errno, "Failed to fork for the helper: %m");
        }
        return pid;
}

/* True where a helper is to be started: somebody connects and none runs. */
static bool serve_once(int control, const char *socket_path, int *listen_fd, pid_t *helper) {
        struct pollfd fds[] = {{control, POLLIN, 0}, {*helper > 0 ? -1 : *listen_fd, POLLIN, 0}};
        char byte;
        ssize_t n;

        (void) poll(fds, ELEMENTS(fds), *helper > 0 ? RESPAWN_DELAY_MSEC : -1);
        if (*helper > 0 && waitpid(*helper, NULL, WNOHANG) != 0) {
                *helper = 0;
        }
        if (fds[0].revents) {
                n = recv(control, &byte, 1, MSG_DONTWAIT);
                if (n == 0) {
                        _exit(EXIT_SUCCESS); /* sbxd is gone; the helper stays */
                }
                if (n > 0 && *listen_fd < 0) {
                        *listen_fd = bind_socket(socket_path);
                        if (*listen_fd < 0) {
                                (void) log_fault(*listen_fd, "Failed to bind %s: %m", socket_path);
                        }
                }
        }
        return *helper <= 0 && fds[1].revents & POLLIN;
}

static _noreturn_ void spawner_serve(const SpawnerInput *input, int control) {
        int listen_fd = -EBADF;
        pid_t helper = 0;

        (void) prctl(PR_SET_NAME, "sbxd-spawner");
        /* a Ctrl-C at sbxd's terminal is sbxd's: this process ends by its end of file */
        (void) setsid();
        /* sbxd's descriptors, its lock above all, end with sbxd and not here */
        if (control != LISTEN_FD && dup2(control, LISTEN_FD) < 0) {
                _exit(EXIT_FAILURE);
        }
        control = LISTEN_FD;
        (void) fd_set_cloexec(control, true);
        (void) close_range(LISTEN_FD + 1, ~0u, 0);
        for (;;) {
                if (serve_once(control, input->socket_path, &listen_fd, &helper)) {
                        helper = spawn_helper(input, listen_fd);
                }
        }
}

/* -- the parent -- */

int spawner_new(const SpawnerInput *input, Spawner **ret) {
        _cleanup_(spawner_freep) Spawner *spawner = NULL;
        int pair[2];

        assert(input && input->socket_path && input->helper);
        assert(ret);

        spawner = calloc(1, sizeof(*spawner));
        if (!spawner) {
                return -ENOMEM;
        }
        spawner->fd = -EBADF;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
                return negative_errno();
        }
        spawner->fd = pair[0];
        spawner->pid = fork();
        if (spawner->pid == 0) {
                fd_close(pair[0]);
                spawner_serve(input, pair[1]);
        }
        fd_close(pair[1]);
        if (spawner->pid < 0) {
                return negative_errno();
        }
        *ret = TAKE(spawner);
        return 0;
}

Spawner *spawner_free(Spawner *spawner) {
        if (!spawner) {
                return NULL;
        }
        fd_close(spawner->fd);
        if (spawner->pid > 0) {
                (void) waitpid(spawner->pid, NULL, 0);
        }
        free(spawner);
        return NULL;
}

void spawner_request(Spawner *spawner) {
        assert(spawner);

        if (send(spawner->fd, "b", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
                (void) log_fault(errno, "The process that starts the helper is gone: %m");
        }
}
