/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kern/process.h"

#include "base/fd.h"
#include "base/parse.h"
#include "kern/namespace.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FDINFO_MAX 4096u

/* <sys/wait.h> of glibc 2.36 has it, older ones do not. */
#define WAIT_BY_PIDFD ((idtype_t) 3)

int process_open(pid_t pid) {
        long fd = syscall(SYS_pidfd_open, pid, 0);

        return fd < 0 ? negative_errno() : (int) fd;
}

int process_signal(int pidfd, int signal) {
        return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? negative_errno() : 0;
}

int process_pid(int pidfd, pid_t *ret) {
        _cleanup_free_ char *text = NULL;
        char path[64], *rest = NULL;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
        r = file_read_at(AT_FDCWD, path, FDINFO_MAX, &text, NULL);
        if (r < 0) {
                return r;
        }
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                const char *number = startswith(line, "Pid:\t");
                uint32_t pid;

                if (!number) {
                        continue;
                }
                if (streq(number, "-1")) {
                        return -ESRCH;
                }
                r = parse_u32(number, &pid);
                if (r < 0) {
                        return r;
                }
                if (pid == 0) {
                        return -EREMOTE;
                }
                *ret = (pid_t) pid;
                return 0;
        }
        return -EBADF;
}

int process_reap(int pidfd, int *ret_code, int *ret_status) {
        siginfo_t status = {};

        if (waitid(WAIT_BY_PIDFD, (id_t) pidfd, &status, WEXITED | WNOHANG) < 0) {
                return negative_errno();
        }
        if (status.si_pid == 0) {
                return 0;
        }
        *ret_code = status.si_code;
        *ret_status = status.si_status;
        return 1;
}

int process_set_nice(int level) {
        return setpriority(PRIO_PROCESS, 0, level) < 0 ? negative_errno() : 0;
}

int process_set_oom_score(int proc, pid_t pid, int adjust) {
        _cleanup_fd_ int directory = process_directory(proc, pid), fd = -EBADF;
        char text[16];
        int n;

        if (directory < 0) {
                return directory;
        }
        fd = openat(directory, "oom_score_adj", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
        n = snprintf(text, sizeof(text), "%d", adjust);
        return fd < 0 || write(fd, text, (size_t) n) < 0 ? negative_errno() : 0;
}

int process_set_affinity(const void *mask, size_t size) {
        return syscall(SYS_sched_setaffinity, 0, size, mask) < 0 ? negative_errno() : 0;
}

int process_ignore_sigpipe(void) {
        return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? negative_errno() : 0;
}

static char *title_text;
static size_t title_size;

static char *skip_pieces(char *end, char **texts) {
        for (; *texts && *texts == end; texts++) {
                end += strlen(end) + 1;
        }
        return end;
}

void process_title_take(char **argv, char **environment) {
        char *end = skip_pieces(argv[0], argv);

        /* without the environment where something else lies between */
        title_text = argv[0];
        title_size = (size_t) (skip_pieces(end, environment) - argv[0]);
}

/* proc_pid_cmdline(5): without an end mark where the arguments ended, it goes on. */
void process_title_set(const char *title) {
        if (title_size > 0) {
                memset(title_text, '\0', title_size);
                (void) snprintf(title_text, title_size, "%s", title);
        }
}

/* A word comes first: without a descriptor it says why. */
_noreturn_ static void send_made(int (*make)(void *userdata), void *userdata, int socket) {
        int fd = make(userdata), r = MIN(fd, 0);

        _exit(fd_send(socket, &r, sizeof(r), &fd, r == 0 ? 1 : 0, 0) < 0);
}

int process_fetch_fd(int (*make)(void *userdata), void *userdata) {
        _cleanup_fd_ int ours = -EBADF, theirs = -EBADF, fd = -EBADF;
        int sockets[2], r = 0;
        size_t n_fds = 1;
        ssize_t n;
        pid_t pid;

        assert(make);

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
                return negative_errno();
        }
        ours = sockets[0];
        theirs = sockets[1];
        pid = fork();
        if (pid < 0) {
                return negative_errno();
        }
        if (pid == 0) {
                send_made(make, userdata, theirs);
        }
        theirs = fd_close(theirs);
        n = fd_receive(ours, &r, sizeof(r), &fd, &n_fds, 0);
        if (waitpid(pid, NULL, 0) < 0) {
                return negative_errno();
        }
        if (n != (ssize_t) sizeof(r)) {
                return n < 0 ? (int) n : -ECHILD;
        }
        if (r < 0) {
                return r;
        }
        return n_fds == 1 ? fd_take(&fd) : -EIO;
}
