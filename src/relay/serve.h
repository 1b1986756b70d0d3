/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The relay proper: accepts on listening sockets, connects to a target each, carries bytes both
 * ways until both sides have ended. One thread, epoll, nothing blocking. */

#include "relay/target.h"

#define SERVE_PAIRS_MAX 1024

typedef struct Port {
        const char *name; /* for messages; borrowed */
        int listen;       /* borrowed */
        int root;         /* borrowed; below which a target that is a path lies */
        Target target;
} Port;

/* Serves until SIGTERM or SIGINT: 0, or -errno. pairs_max: at most so many connections at a time;
 * further ones wait in the kernel's queue. confine, where it is not NULL, is called when everything
 * that lasts has been opened. */
int serve(const Port *ports, size_t n_ports, size_t pairs_max, int (*confine)(void));
/* How many connections the limit of descriptors allows, at most SERVE_PAIRS_MAX. */
size_t serve_pairs_allowed(size_t n_ports);
