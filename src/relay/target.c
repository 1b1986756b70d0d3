/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/target.h"

#include "base/fd.h"
#include "base/parse.h"
#include "base/path.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int parse_port(const char *text, in_port_t *ret) {
        uint32_t port;

        if (parse_u32(text, &port) < 0 || port == 0 || port > UINT16_MAX) {
                return -EINVAL;
        }
        *ret = htons((uint16_t) port);
        return 0;
}

static void add_v4(Target *target, struct in_addr host, in_port_t port) {
        TargetAddress *address = &target->addresses[target->n++];
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = host, .sin_port = port};

        memcpy(&address->address, &in, sizeof(in));
        address->size = sizeof(in);
}

static void add_v6(Target *target, struct in6_addr host, in_port_t port) {
        TargetAddress *address = &target->addresses[target->n++];
        struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_addr = host, .sin6_port = port};

        memcpy(&address->address, &in, sizeof(in));
        address->size = sizeof(in);
}

static int add_path(Target *target, const char *path) {
        TargetAddress *address = &target->addresses[target->n];
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        size_t n = strlen(path);

        if (!path_is_safe(path) || n >= sizeof(un.sun_path)) {
                return -EINVAL;
        }
        memcpy(un.sun_path, path, n);
        memcpy(&address->address, &un, sizeof(un));
        address->size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n + 1);
        target->n++;
        return 0;
}

/* HOST:PORT, the host in brackets where it is of version 6. */
static int add_host(Target *target, const char *text) {
        const char *colon = strrchr(text, ':');
        char host[INET6_ADDRSTRLEN];
        struct in6_addr v6;
        struct in_addr v4;
        in_port_t port;
        size_t n;

        if (!colon || parse_port(colon + 1, &port) < 0) {
                return -EINVAL;
        }
        n = (size_t) (colon - text);
        if (text[0] == '[') {
                if (n < 2 || text[n - 1] != ']' || n - 2 >= sizeof(host)) {
                        return -EINVAL;
                }
                memcpy(host, text + 1, n - 2);
                host[n - 2] = '\0';
                if (inet_pton(AF_INET6, host, &v6) != 1) {
                        return -EINVAL;
                }
                add_v6(target, v6, port);
                return 0;
        }
        if (n >= sizeof(host)) {
                return -EINVAL;
        }
        memcpy(host, text, n);
        host[n] = '\0';
        if (inet_pton(AF_INET, host, &v4) != 1) {
                return -EINVAL;
        }
        add_v4(target, v4, port);
        return 0;
}

int target_parse(const char *text, Target *ret) {
        const struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
        Target target = {};
        in_port_t port;
        int r = 0;

        assert(text);
        assert(ret);

        if (text[0] == '/') {
                r = add_path(&target, text);
        } else if (parse_port(text, &port) == 0) {
                add_v4(&target, loopback, port);
                add_v6(&target, in6addr_loopback, port);
        } else {
                r = add_host(&target, text);
        }
        if (r == 0) {
                *ret = target;
        }
        return r;
}

static int connect_address(const TargetAddress *address, int socket) {
        return connect(socket, (const struct sockaddr *) &address->address, address->size) < 0
                       ? negative_errno()
                       : 0;
}

int target_connect(const TargetAddress *address, int root, int socket) {
        const struct open_how how = {.flags = O_PATH | O_CLOEXEC,
                                     .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
        const struct sockaddr_un *path = (const struct sockaddr_un *) &address->address;
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        TargetAddress found = {.size = sizeof(un)};
        _cleanup_fd_ int fd = -EBADF;

        if (address->address.ss_family != AF_UNIX) {
                return connect_address(address, socket);
        }
        fd = (int) syscall(SYS_openat2, root, path->sun_path, &how, sizeof(how));
        if (fd < 0) {
                return negative_errno();
        }
        /* connect() takes no descriptor, but the name of one: what was found is what is connected
         * to. */
        (void) snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/fd/%d", fd);
        memcpy(&found.address, &un, sizeof(un));
        return connect_address(&found, socket);
}
