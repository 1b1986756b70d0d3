/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Ranges of user ids for sandboxes: 65536 ids each, the lowest free one first (journald keeps a
 * file for every uid that ever logged). A range is taken while somebody holds the lock of its file
 * /run/sbx/ids/<base>: the helper, and the sandbox's init, so that a range outlives the helper with
 * its sandbox and never without it. */

#include "base/macros.h"

#define ID_RANGE_SIZE 65536u
#define ID_RANGE_FIRST 524288u
#define ID_RANGE_LAST 1878982656u /* base of the last one: systemd's UIDS-GIDS */

/* base: 0 where the ids are those that the unit names. */
typedef struct IdLease {
        uint32_t base;
        int lock; /* flock'ed, or with locks of the spans on it; -EBADF: no range */
} IdLease;

typedef struct IdSpan {
        uint32_t first, count;
} IdSpan;

#define ID_LEASE_NONE ((IdLease){.lock = -EBADF})

/* Spans, in an array that grows. */
typedef struct IdSpans {
        IdSpan *spans;
        size_t n;
} IdSpans;
void id_spans_done(IdSpans *spans);
/* Adds those of a text as subuid(5) has it; what is no line of it is left out, as shadow does. */
int id_spans_parse(char *text, IdSpans *spans);
/* What users of the host may use as theirs: /etc/subuid and /etc/subgid. Who is mapped there can
 * send signals to any process with such an id. */
int id_spans_read(IdSpans *ret);

/* The lowest range that nobody holds and none of the spans meets. -EUSERS: there is none left. */
int id_lease_take(int directory_fd, const IdSpans *except, IdLease *ret);
/* Keeps what a unit names itself from being handed out, likewise: by locks on /run/sbx/ids/map,
 * whose bytes stand for ids. Units may share ids if they say so. -EBUSY: a sandbox has them by
 * chance. */
int id_lease_hold(int directory_fd, const IdSpan *spans, size_t n, IdLease *ret);
/* Drops it: whoever else holds the lock (a process that is about to die) keeps it no longer. */
void id_lease_release(int directory_fd, IdLease *range);
/* Removes what a dead helper left and nobody holds. */
void id_lease_sweep(int directory_fd);
