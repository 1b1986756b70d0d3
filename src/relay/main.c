/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sbx-relay NAME TARGET [NAME TARGET…]: carries connections from the host's side of a published
 * port into the sandbox. Descriptor 3 + i is the listening socket of the i-th pair; behind them,
 * where a TARGET is a path, comes the sandbox's root. A socket is of the network namespace in which
 * it was made: those are the host's, and what this process makes are the sandbox's, into whose
 * network namespace it was put. */

#include "base/fd.h"
#include "base/log.h"
#include "relay/confine.h"
#include "relay/serve.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTEN_FDS_START 3
#define PORTS_MAX 256

static int check_listening(int fd) {
        int type = 0, listening = 0;
        socklen_t size = sizeof(int);

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
            getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0) {
                return negative_errno();
        }
        return type == SOCK_STREAM && listening ? fd_set_cloexec(fd, true) : -ENOTSOCK;
}

static int check_root(int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0) {
                return negative_errno();
        }
        return S_ISDIR(st.st_mode) ? fd_set_cloexec(fd, true) : -ENOTDIR;
}

/* 1: the last descriptor is a root, and was checked; 0: none is needed. */
static int read_root(Port *ports, size_t n) {
        int root = LISTEN_FDS_START + (int) n, found = 0;

        for (size_t i = 0; i < n; i++) {
                ports[i].root = -EBADF;
                if (target_is_path(&ports[i].target)) {
                        ports[i].root = root;
                        found = 1;
                }
        }
        if (found) {
                int r = check_root(root);

                if (r < 0) {
                        return log_fault(r, "Descriptor %d is not the sandbox's root: %m", root);
                }
        }
        return found;
}

static int read_ports(char **argv, Port *ports, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const char *name = argv[1 + 2 * i], *target = argv[2 + 2 * i];
                int r;

                ports[i] = (Port){.name = name, .listen = LISTEN_FDS_START + (int) i};
                r = target_parse(target, &ports[i].target);
                if (r < 0) {
                        return log_fault(r,
                                         "Port %s: %s is no target: want PORT, ADDRESS:PORT, "
                                         "[ADDRESS]:PORT or an absolute path",
                                         name, target);
                }
                r = check_listening(ports[i].listen);
                if (r < 0) {
                        return log_fault(r,
                                         "Port %s: descriptor %d is no listening stream socket: %m",
                                         name, ports[i].listen);
                }
        }
        return 0;
}

int main(int argc, char **argv) {
        static Port ports[PORTS_MAX];
        size_t n;
        int rooted, r;

        if (argc < 3 || argc % 2 == 0 || argc > 1 + 2 * PORTS_MAX) {
                (void) fprintf(stderr, "usage: sbx-relay NAME TARGET [NAME TARGET…]\n"
                                       "Started by sbx-helper, with a listening socket for each "
                                       "from descriptor 3 on.\n");
                return EXIT_FAILURE;
        }
        n = (size_t) (argc - 1) / 2;
        r = read_ports(argv, ports, n);
        rooted = r < 0 ? r : read_root(ports, n);
        if (rooted < 0) {
                return EXIT_FAILURE;
        }
        if (close_range(LISTEN_FDS_START + (unsigned) n + (unsigned) rooted, ~0u, 0) < 0) {
                (void) log_fault(errno, "Failed to close what is not ours: %m");
                return EXIT_FAILURE;
        }
        r = serve(ports, n, serve_pairs_allowed(n), rooted ? relay_confine_rooted : relay_confine);
        if (r < 0) {
                (void) log_fault(r, "Failed to relay: %m");
        }
        /* Without the exit handlers, which the filter does not let through. */
        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
