/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/clients.h"

#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "manager/exec.h"
#include "manager/manager.h"
#include "sbx/bus.h"

#include <inttypes.h>

#define BURST_SECONDS 2u
#define UID_FACTOR 4u

static const char *const quota_names[_CLIENT_QUOTA_MAX] = {
        [CLIENT_CALLS] = "calls",
        [CLIENT_JOBS] = "jobs",
        [CLIENT_TRANSIENTS] = "transients",
        [CLIENT_EXECS] = "execs",
};
DEFINE_LOOKUP(client_quota, ClientQuota, quota_names)

/* One that has not called for long is as good as a new one: the table needs no word of its end, the
 * oldest makes room. */
typedef struct Client {
        char *name;
        usec_t last;
        Bucket bucket;
        bool known; /* uid is */
        uid_t uid;
        sd_bus_slot *question;
} Client;

typedef struct ClientUid {
        uid_t uid;
        usec_t last;
        Bucket bucket;
        bool told; /* in the log */
} ClientUid;

struct Clients {
        const ClientLimits *limits;
        Manager *manager;
        Client *clients;
        size_t n_clients;
        ClientUid uids[CLIENT_UIDS_MAX];
        size_t n_uids;
};

/* -- limits -- */

int client_limits_parse(const char *text, ClientLimits *limits) {
        ClientLimits parsed = *limits;

        while (*text != '\0') {
                size_t n = strcspn(text, ",");
                _cleanup_free_ char *item = strndup(text, n);
                char *value = item ? strchr(item, '=') : NULL;
                int quota;

                if (!value) {
                        return item ? -EINVAL : -ENOMEM;
                }
                *value++ = '\0';
                quota = client_quota_parse(item);
                if (quota < 0 || parse_u32(value, &parsed.max[quota]) < 0 ||
                    parsed.max[quota] == 0) {
                        return -EINVAL;
                }
                text += n + (text[n] == ',' ? 1 : 0);
        }
        *limits = parsed;
        return 0;
}

bool bucket_take(Bucket *bucket, usec_t now, uint32_t rate, uint32_t burst, uint32_t cost) {
        uint64_t full = burst * USEC_PER_SEC, wanted = MIN(cost, burst) * USEC_PER_SEC;
        usec_t passed = now > bucket->filled ? now - bucket->filled : 0;

        if (bucket->filled == 0 || passed >= full / rate) {
                bucket->tokens = full;
        } else {
                bucket->tokens = MIN(full, bucket->tokens + passed * rate);
        }
        bucket->filled = now;
        if (bucket->tokens < wanted) {
                return false;
        }
        bucket->tokens -= wanted;
        return true;
}

/* -- the tables -- */

static void client_done(Client *client) {
        sd_bus_slot_unref(client->question);
        free(client->name);
        *client = (Client){};
}

static int on_uid(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Client *client = userdata;
        uint32_t uid;

        client->question = sd_bus_slot_unref(client->question);
        if (!sd_bus_message_is_method_error(reply, NULL) &&
            sd_bus_message_read(reply, "u", &uid) >= 0) {
                client->uid = uid;
                client->known = true;
        }
        return 0;
}

static Client *client_oldest(Clients *clients) {
        Client *oldest = &clients->clients[0];

        for (size_t i = 1; i < clients->n_clients; i++) {
                if (clients->clients[i].last < oldest->last) {
                        oldest = &clients->clients[i];
                }
        }
        return oldest;
}

/* Asks who it is without waiting for it: until then it has what one connection may have. */
static Client *client_find(Clients *clients, sd_bus *bus, const char *name) {
        Client *client;
        char *copy;

        for (size_t i = 0; i < clients->n_clients; i++) {
                if (streq(clients->clients[i].name, name)) {
                        return &clients->clients[i];
                }
        }
        copy = strdup(name);
        if (!copy) {
                return NULL;
        }
        if (clients->n_clients < CLIENTS_MAX) {
                client = &clients->clients[clients->n_clients++];
        } else {
                client = client_oldest(clients);
                client_done(client);
        }
        client->name = copy;
        (void) sd_bus_call_method_async(bus, &client->question, "org.freedesktop.DBus",
                                        "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                        "GetConnectionUnixUser", on_uid, client, "s", name);
        return client;
}

static ClientUid *uid_find(Clients *clients, uid_t uid) {
        ClientUid *found = &clients->uids[0];

        for (size_t i = 0; i < clients->n_uids; i++) {
                if (clients->uids[i].uid == uid) {
                        return &clients->uids[i];
                }
                if (clients->uids[i].last < found->last) {
                        found = &clients->uids[i];
                }
        }
        if (clients->n_uids < CLIENT_UIDS_MAX) {
                found = &clients->uids[clients->n_uids++];
        }
        *found = (ClientUid){.uid = uid};
        return found;
}

void clients_forget(Clients *clients) {
        if (!clients) {
                return;
        }
        for (size_t i = 0; i < clients->n_clients; i++) {
                client_done(&clients->clients[i]);
        }
        clients->n_clients = 0;
}

int clients_new(Manager *manager, Clients **ret) {
        Clients *clients = calloc(1, sizeof(*clients));

        if (clients) {
                clients->clients = calloc(CLIENTS_MAX, sizeof(*clients->clients));
        }
        if (!clients || !clients->clients) {
                free(clients);
                return -ENOMEM;
        }
        clients->manager = manager;
        clients->limits = &manager->options.client_limits;
        *ret = clients;
        return 0;
}

Clients *clients_free(Clients *clients) {
        if (clients) {
                clients_forget(clients);
                free(clients->clients);
                free(clients);
        }
        return NULL;
}

/* -- calls -- */

/* Everything about everybody: the more sandboxes there are, the more it is. */
uint32_t client_call_cost(const Manager *manager, sd_bus_message *message) {
        static const struct Cost {
                const char *member;
                uint32_t sandboxes; /* as many as cost one call */
        } costs[] = {
                {"GetManagedObjects", 1}, {"ListUnits", 64},    {"ListSandboxes", 16},
                {"ListUsage", 16},        {"ListUnitFiles", 1}, /* all of the files are read */
        };
        const char *member = sd_bus_message_get_member(message);

        for (size_t i = 0; i < ELEMENTS(costs); i++) {
                if (member && streq(member, costs[i].member)) {
                        return 1 + (uint32_t) manager->n_sandboxes / costs[i].sandboxes;
                }
        }
        return 1;
}

static int refuse_calls(ClientUid *uid, const char *name, sd_bus_error *reterr) {
        if (uid && !uid->told) {
                uid->told = true;
                log_warning("A program of uid %u (%s on the bus) makes too many calls, the surplus "
                            "is refused.",
                            (unsigned) uid->uid, name);
        }
        return sd_bus_error_set_const(reterr, SBX_ERROR_LIMITS_EXCEEDED,
                                      "Too many calls; wait a while.");
}

int clients_admit(Clients *clients, sd_bus_message *message, sd_bus_error *reterr) {
        uint32_t rate = clients->limits->max[CLIENT_CALLS], cost;
        const char *name = sd_bus_message_get_sender(message);
        usec_t now = usec_now(CLOCK_MONOTONIC);
        ClientUid *uid = NULL;
        Client *client;

        client = name ? client_find(clients, sd_bus_message_get_bus(message), name) : NULL;
        if (!client) {
                return name ? -ENOMEM : 0;
        }
        client->last = now;
        if (client->known && client->uid == 0) {
                return 0;
        }
        cost = client_call_cost(clients->manager, message);
        if (client->known) {
                uid = uid_find(clients, client->uid);
                uid->last = now;
                if (!bucket_take(&uid->bucket, now, rate * UID_FACTOR,
                                 rate * UID_FACTOR * BURST_SECONDS, cost)) {
                        return refuse_calls(uid, name, reterr);
                }
        }
        if (!bucket_take(&client->bucket, now, rate, rate * BURST_SECONDS, cost)) {
                return refuse_calls(uid, name, reterr);
        }
        return 0;
}

/* -- what is kept -- */

const char *client_name(sd_bus_message *message) {
        sd_bus *bus = sd_bus_message_get_bus(message);
        const char *name = NULL;

        /* peer to peer the sender is what the peer says it is */
        if (sd_bus_is_bus_client(bus) > 0) {
                name = sd_bus_message_get_sender(message);
        } else {
                (void) sd_bus_get_description(bus, &name);
        }
        return name ? name : "";
}

static size_t count(const Manager *manager, const char *name, ClientQuota quota) {
        size_t n = 0;

        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                const Sandbox *sandbox = manager->sandboxes[i];

                if (quota == CLIENT_JOBS) {
                        n += sandbox->job && streq_ptr(sandbox->job->client, name) ? 1 : 0;
                } else if (quota == CLIENT_TRANSIENTS) {
                        n += sandbox->transient && streq_ptr(sandbox->client, name) ? 1 : 0;
                } else {
                        n += exec_count_of(sandbox, name);
                }
        }
        return n;
}

int clients_check(Manager *manager, sd_bus_message *message, ClientQuota quota,
                  sd_bus_error *reterr) {
        static const char *const texts[_CLIENT_QUOTA_MAX] = {
                [CLIENT_JOBS] = "jobs that are pending",
                [CLIENT_TRANSIENTS] = "transient sandboxes",
                [CLIENT_EXECS] = "programs of Exec()",
        };
        uint32_t max = manager->options.client_limits.max[quota];

        assert(quota < _CLIENT_QUOTA_MAX && texts[quota]);
        if (count(manager, client_name(message), quota) < max) {
                return 0;
        }
        return sd_bus_error_setf(reterr, SBX_ERROR_LIMITS_EXCEEDED,
                                 "One client may have %" PRIu32 " %s.", max, texts[quota]);
}
