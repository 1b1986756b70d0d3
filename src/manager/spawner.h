/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where systemd is not PID 1, a child of sbxd does what sbx-helper.socket does: it binds the socket
 * and starts the helper for whoever connects. It is forked while sbxd still has its privileges, so
 * that sbxd itself can drop them all. It ends with sbxd; a helper that it started does not. */

#include "base/macros.h"

#include <sys/types.h>

typedef struct Spawner Spawner;

typedef struct SpawnerInput {
        const char *socket_path;
        const char *helper; /* the program */
        const char *relay;  /* or NULL */
        const char *runtime_directory;
} SpawnerInput;

int spawner_new(const SpawnerInput *input, Spawner **ret);
Spawner *spawner_free(Spawner *spawner);
DEFINE_CLEANUP(Spawner *, spawner_free)
/* Nobody listens on the socket: bind it and serve it. Does not wait; asking twice does no harm. */
void spawner_request(Spawner *spawner);
