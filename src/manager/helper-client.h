/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The connection to sbx-helper: made, made again when it is lost, never waited for. After each
 * connect it says HELLO, asks LIST, and is ready once the answer was joined with the registry. */

#include "wire/control.h"

#include <systemd/sd-event.h>

typedef struct Manager Manager;
typedef struct HelperClient HelperClient;

int helper_client_new(Manager *manager, const char *socket_path, HelperClient **ret);
HelperClient *helper_client_free(HelperClient *client);
/* Starts to connect; what comes later is reported to the manager. */
void helper_client_connect(HelperClient *client);

bool helper_client_is_ready(const HelperClient *client);
/* Sends or queues; sets the serial. Descriptors stay the caller's. -ENOTCONN: not connected;
 * -ENOBUFS: the helper does not read, the connection is given up. */
int helper_client_send(HelperClient *client, ControlMessage *message);
/* LISTED came and was dealt with. */
void helper_client_set_ready(HelperClient *client);
