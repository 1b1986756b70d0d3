/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One direction of a connection: bytes go from one socket to another through a pipe, without being
 * copied. The next bytes are taken only when the last ones have left: at most a pipe full is under
 * way, and whoever sends faster than the other reads is held back by the kernel. */

#include "base/macros.h"

#define STREAM_TURN_MAX (256u * 1024u) /* bytes in one turn, so that others get theirs */

/* Empty pipes, so that the idle hold none and the busy need not make one for every few bytes. */
#define PIPE_POOL_MAX 16
typedef struct PipePool {
        int pipes[PIPE_POOL_MAX][2];
        size_t n;
} PipePool;

typedef struct Stream {
        int pipe[2]; /* -EBADF while nothing is under way */
        size_t under_way;
        bool ended; /* end of file was taken and passed on */
} Stream;

typedef enum StreamTurn {
        STREAM_WAITS, /* for one of the sockets */
        STREAM_MORE,  /* its turn is over, but not its work */
        STREAM_ENDED,
} StreamTurn;

void stream_init(Stream *stream);
void stream_done(Stream *stream, PipePool *pool);
void pipe_pool_done(PipePool *pool);

/* Moves what can be moved from one to the other; at the end of file shuts the other's writing side
 * down. A StreamTurn, or -errno: the connection is broken. */
int stream_turn(Stream *stream, PipePool *pool, int from, int to);
