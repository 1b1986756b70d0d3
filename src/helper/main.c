/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sbx-helper: the privileged half of sbx. Its listening socket comes by socket activation, from
 * systemd or from sbxd; everything else from messages on it. */

#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "helper/helper.h"
#include "helper/sealed.h"
#include "kern/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FD 3

typedef struct Arguments {
        HelperOptions helper;
        bool done; /* --help, --version */
} Arguments;

static int print_help(void) {
        return printf("sbx-helper [OPTIONS]\n\n"
                      "Builds sandboxes for sbxd. Wants a listening SOCK_SEQPACKET socket as\n"
                      "descriptor 3, with LISTEN_FDS=1: sd_listen_fds(3).\n\n"
                      "  --runtime-dir=DIRECTORY  ids and logs (default: /run/sbx)\n"
                      "  --relay=PATH             program that serves published ports\n"
                      "                           (default: %s/sbx-relay)\n"
                      "  --exit-idle              exit with nothing to do and nobody to serve\n"
                      "  --log-level=LEVEL        debug, info, notice, warning, err\n"
                      "  --help, --version\n",
                      SBX_LIBEXECDIR) < 0
                       ? -EIO
                       : 0;
}

static int parse_argument(const char *argument, Arguments *ret) {
        const char *value;
        int level;

        if (streq(argument, "--help")) {
                ret->done = true;
                return print_help();
        }
        if (streq(argument, "--version")) {
                ret->done = true;
                return printf("sbx-helper %s\n", SBX_VERSION) < 0 ? -EIO : 0;
        }
        if (streq(argument, "--exit-idle")) {
                ret->helper.exit_idle = true;
        } else if ((value = startswith(argument, "--runtime-dir=")) && value[0] == '/') {
                ret->helper.runtime_directory = value;
        } else if ((value = startswith(argument, "--relay=")) && value[0] == '/') {
                ret->helper.relay_path = value;
        } else if ((value = startswith(argument, "--log-level=")) &&
                   log_level_parse(value, &level) == 0) {
                log_set_level(level);
        } else {
                log_error("Unknown option or bad value: %s; see sbx-helper --help", argument);
                return -EINVAL;
        }
        return 0;
}

static int parse_arguments(int argc, char **argv, Arguments *ret) {
        *ret = (Arguments){.helper = {.runtime_directory = "/run/sbx",
                                      .relay_path = SBX_LIBEXECDIR "/sbx-relay"}};
        for (int i = 1; i < argc && !ret->done; i++) {
                int r = parse_argument(argv[i], ret);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* Descriptors 0, 1, 2 must be something, or the next one opened would take their place. */
static int open_standard_streams(void) {
        for (;;) {
                int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

                if (fd < 0) {
                        return negative_errno();
                }
                if (fd > STDERR_FILENO) {
                        (void) fd_close(fd);
                        return 0;
                }
                if (fd_set_cloexec(fd, false) < 0) {
                        return -EBADF;
                }
        }
}

/* sd_listen_fds(3), for exactly one socket, of the kind that sbxd connects to. */
static int check_listen(void) {
        const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
        int type = 0, listening = 0;
        socklen_t size = sizeof(int);
        uint32_t n;

        if (!fds || parse_u32(fds, &n) < 0 || n != 1) {
                return -ENOTCONN;
        }
        if (pid && (parse_u32(pid, &n) < 0 || n != (uint32_t) getpid())) {
                return -ENOTCONN;
        }
        if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
            getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0) {
                return negative_errno();
        }
        return type == SOCK_SEQPACKET && listening ? fd_set_cloexec(LISTEN_FD, true) : -ENOTSOCK;
}

/* One datagram, sd_notify(3). Nobody there: nothing is wrong. */
static void notify_ready(const char *path) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_fd_ int fd = -EBADF;
        size_t n = path ? strlen(path) : 0;

        if (n < 2 || n >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@')) {
                return;
        }
        memcpy(address.sun_path, path, n);
        if (path[0] == '@') {
                address.sun_path[0] = '\0';
        }
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 ||
            connect(fd, (struct sockaddr *) &address,
                    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n)) < 0 ||
            fd_send(fd, "READY=1", strlen("READY=1"), NULL, 0, MSG_DONTWAIT) < 0) {
                log_warning("Failed to tell %s that the helper is ready: %s", path,
                            strerror(errno));
        }
}

static int settle_process(void) {
        if (clearenv() != 0 || chdir("/") < 0) {
                return -EIO;
        }
        (void) umask(0077);
        /* After the copy it would be called memfd:sbx-helper. */
        (void) prctl(PR_SET_NAME, "sbx-helper", 0, 0, 0);
        fd_limit_raise();
        if (close_range(LISTEN_FD + 1, ~0u, 0) < 0) {
                return negative_errno();
        }
        /* Whatever a sandbox without a pid namespace leaves behind comes to us, to be reaped. */
        if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
                return negative_errno();
        }
        return 0;
}

static int run(const Arguments *arguments) {
        _cleanup_free_ char *notify = NULL;
        Helper helper;
        int r;

        r = check_listen();
        if (r < 0) {
                return log_fault(r, "Descriptor 3 is no listening SOCK_SEQPACKET socket (%m): "
                                    "sbx-helper is started by its socket unit or by sbxd");
        }
        if (getenv("NOTIFY_SOCKET")) {
                notify = strdup(getenv("NOTIFY_SOCKET"));
        }
        r = settle_process();
        if (r < 0) {
                return log_fault(r, "Failed to put the own process in order: %m");
        }
        r = helper_init(&helper, &arguments->helper, LISTEN_FD);
        if (r == 0) {
                notify_ready(notify);
                r = helper_run(&helper);
        }
        helper_done(&helper);
        return r;
}

int main(int argc, char **argv) {
        Arguments arguments;
        int r;

        /* Before anything else: from here on nobody without CAP_SYS_PTRACE reaches our memory. */
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
            argc < 1 || open_standard_streams() < 0) {
                return EXIT_FAILURE;
        }
        process_title_take(argv, environ);
        if (parse_arguments(argc, argv, &arguments) < 0) {
                return EXIT_FAILURE;
        }
        if (arguments.done) {
                return EXIT_SUCCESS;
        }
        r = sealed_ensure(argv);
        if (r < 0) {
                (void) log_fault(r, "Failed to run from a sealed copy of the own program: %m");
                return EXIT_FAILURE;
        }
        return run(&arguments) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
