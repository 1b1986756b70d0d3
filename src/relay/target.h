/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the relay connects to inside the sandbox. */

#include "base/macros.h"

#include <sys/socket.h>
#include <sys/un.h>

#define TARGET_ADDRESSES_MAX 2

typedef struct TargetAddress {
        struct sockaddr_storage address;
        socklen_t size;
} TargetAddress;

/* The addresses in the order in which they are tried. */
typedef struct Target {
        TargetAddress addresses[TARGET_ADDRESSES_MAX];
        size_t n;
} Target;

/* "8080" (127.0.0.1, then ::1), "10.0.0.1:80", "[::1]:80", "/run/web.sock". -EINVAL otherwise. */
int target_parse(const char *text, Target *ret);
static inline bool target_is_path(const Target *target) {
        return target->addresses[0].address.ss_family == AF_UNIX;
}

/* connect(2), not blocking. A path is resolved below root (a directory descriptor), which no link
 * of the sandbox's leads out of; -errno. */
int target_connect(const TargetAddress *address, int root, int socket);
