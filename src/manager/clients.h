/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who calls, and how much of sbxd each may take: calls a second, by connection and by uid, and what
 * of theirs is kept here. LimitsExceeded is the answer to whoever wants more. Callers on the
 * private socket and on the system bus who are root are not slowed down, but what is kept is
 * bounded for them, too. */

#include "base/lookup.h"
#include "base/time.h"

#include <systemd/sd-bus.h>

typedef struct Clients Clients;
typedef struct Manager Manager;

typedef enum ClientQuota {
        CLIENT_CALLS,      /* a second, over a longer time; four times as many by uid */
        CLIENT_JOBS,       /* pending */
        CLIENT_TRANSIENTS, /* sandboxes without a file */
        CLIENT_EXECS,      /* programs of Exec() */
        _CLIENT_QUOTA_MAX,
} ClientQuota;
DECLARE_LOOKUP(client_quota, ClientQuota)

typedef struct ClientLimits {
        uint32_t max[_CLIENT_QUOTA_MAX];
} ClientLimits;

#define CLIENT_LIMITS_DEFAULT ((ClientLimits){{200, 1024, 512, 128}})
#define CLIENTS_MAX 512u
#define CLIENT_UIDS_MAX 64u

/* "jobs=10,calls=5": what is not named stays as it is. */
int client_limits_parse(const char *text, ClientLimits *limits);

/* Tokens that come back with time, for what may be done in bursts. */
typedef struct Bucket {
        usec_t filled;   /* when; 0: never, it is full */
        uint64_t tokens; /* in millionths */
} Bucket;

/* False where there are too few; then none is taken. */
bool bucket_take(Bucket *bucket, usec_t now, uint32_t rate, uint32_t burst, uint32_t cost);

int clients_new(Manager *manager, Clients **ret);
Clients *clients_free(Clients *clients);
/* The bus was lost: its names mean nothing any more. */
void clients_forget(Clients *clients);
/* For each call that comes over the system bus: 0, or negative with *reterr set. */
int clients_admit(Clients *clients, sd_bus_message *message, sd_bus_error *reterr);

/* The caller's name on the bus, or that of the connection to the private socket: "" where there is
 * none. No two that live at the same time have the same. */
const char *client_name(sd_bus_message *message);
/* Whether the caller may have one more of a kind: 0, or negative with *reterr set. */
int clients_check(Manager *manager, sd_bus_message *message, ClientQuota quota,
                  sd_bus_error *reterr);
/* How much answering takes, in simple calls. */
uint32_t client_call_cost(const Manager *manager, sd_bus_message *message);
