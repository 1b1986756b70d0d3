/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one connection to sbxd: who may speak (uid 0), what may be said when (one table), and a
 * bounded queue of what could not be sent yet. */

#include "helper/helper.h"

/* Accepts what waits on the listening socket; a new connection takes the place of the old. */
void connection_accept(Helper *helper);
/* Ends it: sandboxes that had no GO are aborted. NULL is fine. */
void connection_drop(Helper *helper);
/* Sends or queues; too much in the queue ends the connection (not inside this call). */
void connection_send(Connection *connection, const ControlMessage *message);
