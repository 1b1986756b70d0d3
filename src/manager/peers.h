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
/* From here on it gets no large answers. */
#define PEER_BUSY 8u

int peers_new(Manager *manager, Peers **ret);
Peers *peers_free(Peers *peers);
/* Connects to the bus, without a name yet. */
void peers_connect(Peers *peers);
/* Everything else stands: opens the private socket, takes the name. */
int peers_open(Peers *peers);
bool peers_has_name(const Peers *peers);
void peers_each(Peers *peers, void (*call)(sd_bus *bus, void *userdata), void *userdata);
/* Drops those who are gone or do not read. */
void peers_prune(Peers *peers);
