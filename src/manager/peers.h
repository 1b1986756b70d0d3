/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who is connected: the system bus where there is one (made again with growing pauses when it is
 * lost), and clients of the private socket, peer to peer as with systemd's own. Every connection
 * serves the same objects. */

#include "base/macros.h"

#include <systemd/sd-bus.h>

typedef struct Manager Manager;
typedef struct Peers Peers;

#define PEERS_MAX 512u
/* A client that does not read is dropped: sd-bus alone would queue 393216 messages (F-22). */
#define PEER_QUEUE_MAX 4096u
/* Who listens to more units than this is told of all. */
#define PEER_UNITS_MAX 64u
/* From here on it gets no large answers. */
#define PEER_BUSY 8u

int peers_new(Manager *manager, Peers **ret);
Peers *peers_free(Peers *peers);
/* Connects to the bus, without a name yet. */
void peers_connect(Peers *peers);
/* Everything else stands: opens the private socket, takes the name. */
int peers_open(Peers *peers);
bool peers_has_name(const Peers *peers);

/* On the bus signals go to the bus, whose daemon knows who wants which. On the private socket there
 * are no match rules: a connection hears of the units that it has loaded or asked a job of, and of
 * all once it has subscribed. */
typedef void (*PeerCall)(sd_bus *bus, void *userdata);
void peers_subscribe(Peers *peers, const sd_bus *bus, bool subscribed);
int peers_listen(Peers *peers, const sd_bus *bus, const char *unit);
/* Calls for whoever hears of the unit; NULL: what is of no unit, for who has subscribed. */
void peers_tell(Peers *peers, const char *unit, PeerCall call, void *userdata);
/* Drops those who are gone or do not read. */
void peers_prune(Peers *peers);
