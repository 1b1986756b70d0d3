/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The relay: listening sockets are made here, on the host's side and with the right to take a port
 * below 1024; the process that serves them has no right at all. */

#include "helper/parts.h"
#include "kern/descriptors.h"
#include "kern/host-path.h"
#include "kern/privilege.h"

#include "base/parse.h"
#include "base/path.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct Address {
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
                struct sockaddr_un path;
        };
        socklen_t size;
        bool every; /* of the host's, both families */
} Address;

static int parse_port(const char *text, in_port_t *ret) {
        uint32_t port;
        int r = parse_u32(text, &port);

        if (r < 0) {
                return r;
        }
        if (port == 0 || port > UINT16_MAX) {
                return -ERANGE;
        }
        *ret = htons((uint16_t) port);
        return 0;
}

static int parse_host(const char *text, size_t length, int family, void *ret) {
        char host[INET6_ADDRSTRLEN];

        if (length >= sizeof(host)) {
                return -EINVAL;
        }
        memcpy(host, text, length);
        host[length] = '\0';
        return inet_pton(family, host, ret) == 1 ? 0 : -EINVAL;
}

static int parse_path(const char *text, Address *ret) {
        if (strlen(text) >= sizeof(ret->path.sun_path)) {
                return -ENAMETOOLONG;
        }
        ret->path.sun_family = AF_UNIX;
        memcpy(ret->path.sun_path, text, strlen(text) + 1);
        ret->size = sizeof(ret->path);
        return 0;
}

/* "8080", "127.0.0.1:8080", "[::1]:8080", "/run/x". */
static int parse_address(const char *text, Address *ret) {
        const char *colon = strrchr(text, ':');
        int r;

        *ret = (Address){};
        if (text[0] == '/') {
                return parse_path(text, ret);
        }
        if (!colon) {
                ret->v6.sin6_family = AF_INET6;
                ret->size = sizeof(ret->v6);
                ret->every = true;
                return parse_port(text, &ret->v6.sin6_port);
        }
        if (text[0] == '[') {
                if (colon - text < 2 || colon[-1] != ']') {
                        return -EINVAL;
                }
                ret->v6.sin6_family = AF_INET6;
                ret->size = sizeof(ret->v6);
                r = parse_host(text + 1, (size_t) (colon - text) - 2, AF_INET6, &ret->v6.sin6_addr);
                return r < 0 ? r : parse_port(colon + 1, &ret->v6.sin6_port);
        }
        ret->v4.sin_family = AF_INET;
        ret->size = sizeof(ret->v4);
        r = parse_host(text, (size_t) (colon - text), AF_INET, &ret->v4.sin_addr);
        return r < 0 ? r : parse_port(colon + 1, &ret->v4.sin_port);
}

/* No user's link leads root to where a socket is made or removed. */
static int open_folder(const Address *address, const char **ret_name) {
        const char *path = address->path.sun_path, *name = path_last(path);
        char folder[sizeof(address->path.sun_path)];
        size_t length = (size_t) (name - path);

        memcpy(folder, path, length);
        folder[length] = '\0';
        *ret_name = name;
        return host_open_past(folder, true, NULL, 0);
}

/* A socket that nobody listens on any more is in the way of its successor. */
static int remove_stale(const Address *address) {
        const char *name;
        _cleanup_fd_ int folder = open_folder(address, &name), probe = -EBADF;
        struct stat st;

        if (folder < 0) {
                return folder;
        }
        if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                return errno == ENOENT ? 0 : negative_errno();
        }
        if (!S_ISSOCK(st.st_mode)) {
                return -EEXIST;
        }
        probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (probe < 0) {
                return negative_errno();
        }
        if (connect(probe, &address->any, address->size) == 0 || errno != ECONNREFUSED) {
                return -EADDRINUSE;
        }
        return unlinkat(folder, name, 0) < 0 ? negative_errno() : 0;
}

static int bind_path(int fd, const Address *address) {
        int r = remove_stale(address);

        if (r < 0) {
                return r;
        }
        (void) umask(0111); /* like a port: for everybody on the host */
        r = bind(fd, &address->any, address->size) < 0 ? negative_errno() : 0;
        (void) umask(0);
        return r;
}

static int bind_port(int fd, const Address *address) {
        const int yes = 1, only = !address->every;

        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0) {
                return negative_errno();
        }
        if (address->any.sa_family == AF_INET6 &&
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) < 0) {
                return negative_errno();
        }
        return bind(fd, &address->any, address->size) < 0 ? negative_errno() : 0;
}

static int listen_on(const Address *address) {
        _cleanup_fd_ int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int r;

        if (fd < 0) {
                return negative_errno();
        }
        r = address->any.sa_family == AF_UNIX ? bind_path(fd, address) : bind_port(fd, address);
        if (r < 0) {
                return r;
        }
        return listen(fd, SOMAXCONN) < 0 ? negative_errno() : fd_take(&fd);
}

static int open_listener(const char *text) {
        Address address;
        int r = parse_address(text, &address);

        if (r < 0) {
                return r;
        }
        r = listen_on(&address);
        if ((r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) && address.every) {
                /* A host without IPv6. */
                in_port_t port = address.v6.sin6_port;

                address = (Address){
                        .v4 = {.sin_family = AF_INET, .sin_port = port},
                        .size = sizeof(address.v4),
                        .every = true,
                };
                r = listen_on(&address);
        }
        return r;
}

typedef struct Relay {
        Build *build;
        int link;       /* the network namespace comes here */
        int *listeners; /* owned by the process, not by this; room for the root behind them */
        char **argv;
        size_t n;
        bool rooted; /* a target is a path inside: the root comes with the network */
} Relay;

static int listeners_open(Relay *relay) {
        const Plan *plan = relay->build->plan;
        size_t index = 0, n = 0;
        const Op *op;

        while (plan_next(plan, OP_LISTEN, &index)) {
                n++;
        }
        if (n == 0) {
                return 0;
        }
        relay->listeners = calloc(n + 1, sizeof(*relay->listeners));
        relay->argv = calloc(2 * n + 2, sizeof(*relay->argv));
        if (!relay->listeners || !relay->argv) {
                return build_fault(relay->build, -ENOMEM, STEP_RELAY, -1, NULL);
        }
        relay->rooted = relay_wants_root(plan);
        relay->argv[0] = (char *) "sbx-relay";
        for (index = 0; (op = plan_next(plan, OP_LISTEN, &index));) {
                int fd = open_listener(op->args[1].string);

                if (fd < 0) {
                        return build_fault(relay->build, fd, STEP_RELAY, (int) index - 1,
                                           op->args[1].string);
                }
                relay->argv[1 + 2 * relay->n] = op->args[0].string;
                relay->argv[2 + 2 * relay->n] = op->args[2].string;
                relay->listeners[relay->n++] = fd;
        }
        return 0;
}

/* Listeners to 3 and on, the program behind them; in two steps, because one may stand where another
 * is to go. */
static int place_listeners(Relay *relay, int *exe) {
        int above = 3 + (int) relay->n, r;
        int *keep;

        *exe = fcntl(*exe, F_DUPFD_CLOEXEC, above);
        if (*exe < 0) {
                return negative_errno();
        }
        for (size_t i = 0; i < relay->n; i++) {
                relay->listeners[i] = fcntl(relay->listeners[i], F_DUPFD_CLOEXEC, above);
                if (relay->listeners[i] < 0) {
                        return negative_errno();
                }
        }
        keep = calloc(relay->n + 2, sizeof(*keep));
        if (!keep) {
                return -ENOMEM;
        }
        /* The report's descriptor has to survive as well; it goes with the exec. */
        relay->build->report = fcntl(relay->build->report, F_DUPFD_CLOEXEC, above);
        if (relay->build->report < 0) {
                free(keep);
                return negative_errno();
        }
        for (size_t i = 0; i < relay->n; i++) {
                r = descriptor_place(relay->listeners[i], 3 + (int) i);
                if (r < 0) {
                        free(keep);
                        return r;
                }
                keep[i] = 3 + (int) i;
        }
        keep[relay->n] = *exe;
        keep[relay->n + 1] = relay->build->report;
        r = descriptors_keep(keep, relay->n + 2);
        free(keep);
        return r;
}

/* What is not shared with the host comes in the order network, root. */
static int enter_network(Relay *relay) {
        bool network = build_is_apart(relay->build, CLONE_NEWNET);
        size_t expected = (size_t) network + (size_t) relay->rooted, n_fds = 2;
        int fds[2] = {-EBADF, -EBADF}, r = 0;
        char byte;

        if (fd_receive(relay->link, &byte, sizeof(byte), fds, &n_fds, 0) != 1 ||
            n_fds != expected) {
                _exit(EXIT_FAILURE); /* the sandbox came to nothing, and said so itself */
        }
        if (network && setns(fds[0], CLONE_NEWNET) < 0) {
                r = negative_errno();
        }
        if (relay->rooted) {
                relay->listeners[relay->n++] = fd_take(&fds[network]);
        }
        fds[0] = fd_close(fds[0]);
        fds[1] = fd_close(fds[1]);
        return r;
}

_noreturn_ static void relay_run(Relay *relay) {
        static char *const environment[] = {NULL};
        Build *build = relay->build;
        int exe = build->ground->relay_exe, r = 0;

        for (size_t i = 0; i < build->n_cgroups && r == 0; i++) {
                r = write(build->cgroups[i], "0", 1) < 0 ? negative_errno() : 0;
        }
        r = r < 0 ? r : enter_network(relay);
        r = r < 0 ? r : descriptor_place(build->null, STDIN_FILENO);
        r = r < 0 ? r : descriptor_place(build->null, STDOUT_FILENO);
        r = r < 0 ? r : place_listeners(relay, &exe);
        r = r < 0 ? r : privilege_drop();
        if (r == 0) {
                (void) umask(0077);
                (void) setsid();
                (void) syscall(SYS_execveat, exe, "", relay->argv, environment, AT_EMPTY_PATH);
                r = negative_errno();
        }
        (void) build_fault(build, r, STEP_RELAY, -1, "sbx-relay");
        _exit(report_failed(build->report, &build->fault, r));
}

static int spawn(Relay *relay) {
        Build *build = relay->build;
        Report report = {.type = REPORT_RELAY, .op = -1};
        int sockets[2], r;
        pid_t pid;

        if (build->ground->relay_exe < 0) {
                return -ENOENT;
        }
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
                return negative_errno();
        }
        build->relay_link = sockets[0];
        relay->link = sockets[1];
        pid = process_clone(CLONE_PARENT, build->into_cgroup, &build->relay);
        if (pid == 0) {
                build->relay_link = fd_close(build->relay_link);
                relay_run(relay);
        }
        (void) fd_close(relay->link);
        if (pid < 0) {
                return (int) pid;
        }
        report.pid = pid;
        r = report_send(build->report, &report, &build->relay, 1);
        for (size_t i = 0; i < relay->n; i++) {
                (void) fd_close(relay->listeners[i]);
        }
        return r;
}

int relay_start(Build *build) {
        Relay relay = {.build = build, .link = -EBADF};
        int r = listeners_open(&relay);

        if (r == 0 && relay.n > 0) {
                r = spawn(&relay);
                if (r < 0) {
                        (void) build_fault(build, r, STEP_RELAY, -1, "sbx-relay");
                }
        }
        free(relay.listeners);
        free(relay.argv);
        return r;
}

void launch_remove_paths(const Plan *plan) {
        const Op *op;

        for (size_t index = 0; plan && (op = plan_next(plan, OP_LISTEN, &index));) {
                const char *text = op->args[1].string;
                Address address = {};

                if (text[0] == '/' && parse_path(text, &address) == 0) {
                        (void) remove_stale(&address);
                }
        }
}

bool relay_wants_root(const Plan *plan) {
        const Op *op;

        for (size_t index = 0; (op = plan_next(plan, OP_LISTEN, &index));) {
                if (op->args[2].string[0] == '/') {
                        return true;
                }
        }
        return false;
}

int relay_give_network(Build *build, int root) {
        _cleanup_fd_ int network = -EBADF;
        const char byte = 'N';
        size_t n_fds = 0;
        int fds[2], r;

        if (build->relay_link < 0) {
                return 0;
        }
        if (build_is_apart(build, CLONE_NEWNET)) {
                network = openat(build->ground->proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
                if (network < 0) {
                        return negative_errno();
                }
                fds[n_fds++] = network;
        }
        if (root >= 0) {
                fds[n_fds++] = root;
        }
        r = fd_send(build->relay_link, &byte, sizeof(byte), fds, n_fds, 0);
        build->relay_link = fd_close(build->relay_link);
        return r;
}
