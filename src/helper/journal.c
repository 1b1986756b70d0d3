/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Connections to the journal. journald finds the unit of a message by the process that wrote it;
 * one that has ended by then is looked up in vain, and short programs would be lost to their scope.
 * The unit that a connection names for itself holds then, but only where root of the host has made
 * it: so whoever builds does, before any identity is given up. */

#include "helper/journal.h"

#include "base/fd.h"
#include "base/scope.h"
#include "base/str.h"
#include "helper/parts.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define JOURNAL_PRIORITY (3 << 3 | 6) /* daemon.info, as systemd's services have it */

int journal_connect(const char *identifier, const char *unit, int flags) {
        const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
        _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
        _cleanup_free_ char *header = NULL;
        int r;

        if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            shutdown(fd, SHUT_RD) < 0) {
                return negative_errno();
        }
        /* identifier, unit, priority, level prefix, forward to syslog, kmsg, console */
        header = strf("%s\n%s\n%d\n1\n0\n0\n0\n", identifier, unit, JOURNAL_PRIORITY);
        if (!header) {
                return -ENOMEM;
        }
        r = fd_write_all(fd, header, strlen(header));
        return r < 0 ? r : fd_take(&fd);
}

/* The connection of an earlier stream that says the same of itself, or -EBADF. */
static int find_same(const Plan *plan, const Op *op, const JournalStreams *streams) {
        size_t index = 0;

        for (const Op *other; (other = plan_next(plan, OP_STDIO, &index)) && other != op;) {
                if (other->args[1].u64 == OP_STDIO_JOURNAL &&
                    streq(other->args[2].string, op->args[2].string)) {
                        return streams->fds[other->args[0].u64];
                }
        }
        return -EBADF;
}

int journal_open(const Plan *plan, const char *name, JournalStreams *ret, int *ret_op) {
        _cleanup_free_ char *unit = scope_name(name);
        size_t index = 0;

        *ret = JOURNAL_STREAMS_NONE;
        if (!unit) {
                return -ENOMEM;
        }
        for (const Op *op; (op = plan_next(plan, OP_STDIO, &index));) {
                int fd;

                if (op->args[1].u64 != OP_STDIO_JOURNAL) {
                        continue;
                }
                fd = find_same(plan, op, ret);
                if (fd < 0) {
                        fd = journal_connect(op->args[2].string, unit, /* flags= */ 0);
                }
                if (fd < 0) {
                        *ret_op = (int) index - 1;
                        return fd;
                }
                ret->fds[op->args[0].u64] = fd;
        }
        return 0;
}
