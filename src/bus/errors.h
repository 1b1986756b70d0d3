/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The errors of org.sbx1 (include/sbx/bus.h) as sd-bus knows them, and who may ask for a change.
 * sd-bus-errors(3). */

#include "base/macros.h"

#include <systemd/sd-bus.h>

/* Both ways between org.sbx1.Error.* and errno. */
extern const sd_bus_error_map bus_error_map[];

/* Makes sd_bus_error_get_errno() and sd_bus_error_set_errno() of this process use the map. */
int bus_errors_register(void);

/* 0 where the sender of the message is root, else -EACCES with *reterr filled in. Credentials
 * come from the socket (peer to peer) or the bus daemon, never from /proc: a pid can be reused. */
int bus_authorise(sd_bus_message *message, sd_bus_error *reterr);
