/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/stream.h"

#include "base/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_SIZE 65536u

void stream_init(Stream *stream) {
        *stream = (Stream){.pipe = {-EBADF, -EBADF}};
}

static void pipe_close(int ends[2]) {
        ends[0] = fd_close(ends[0]);
        ends[1] = fd_close(ends[1]);
}

/* A pipe that still holds bytes must never serve another connection. */
static void pipe_give_back(Stream *stream, PipePool *pool) {
        if (stream->pipe[0] >= 0 && stream->under_way == 0 && pool->n < PIPE_POOL_MAX) {
                pool->pipes[pool->n][0] = fd_take(&stream->pipe[0]);
                pool->pipes[pool->n][1] = fd_take(&stream->pipe[1]);
                pool->n++;
        }
        pipe_close(stream->pipe);
}

static int pipe_take(Stream *stream, PipePool *pool) {
        if (stream->pipe[0] >= 0) {
                return 0;
        }
        if (pool->n > 0) {
                pool->n--;
                stream->pipe[0] = pool->pipes[pool->n][0];
                stream->pipe[1] = pool->pipes[pool->n][1];
                return 0;
        }
        if (pipe2(stream->pipe, O_CLOEXEC | O_NONBLOCK) < 0) {
                stream->pipe[0] = stream->pipe[1] = -EBADF;
                return negative_errno();
        }
        return 0;
}

void stream_done(Stream *stream, PipePool *pool) {
        pipe_give_back(stream, pool);
        stream->under_way = 0;
}

void pipe_pool_done(PipePool *pool) {
        while (pool->n > 0) {
                pool->n--;
                pipe_close(pool->pipes[pool->n]);
        }
}

/* 1: bytes; 0: none to be had now; -ENODATA: the end of file; -errno. */
static int take_in(Stream *stream, PipePool *pool, int from) {
        ssize_t n;
        int r;

        r = pipe_take(stream, pool);
        if (r < 0) {
                return r;
        }
        do {
                /* Into an empty pipe alone: only then does EAGAIN speak of the socket and not of
                 * the pipe. */
                n = splice(from, NULL, stream->pipe[1], NULL, CHUNK_SIZE,
                           SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        } while (n < 0 && errno == EINTR);
        if (n < 0) {
                return errno == EAGAIN ? 0 : negative_errno();
        }
        stream->under_way = (size_t) n;
        return n > 0 ? 1 : -ENODATA;
}

/* 1: all of it left; 0: the other does not take more now; -errno. */
static int put_out(Stream *stream, int to) {
        while (stream->under_way > 0) {
                ssize_t n = splice(stream->pipe[0], NULL, to, NULL, stream->under_way,
                                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n < 0) {
                        return errno == EAGAIN ? 0 : negative_errno();
                }
                if (n == 0) {
                        return -EPIPE;
                }
                stream->under_way -= (size_t) n;
        }
        return 1;
}

static int pass_end_on(Stream *stream, int to) {
        stream->ended = true;
        /* One that has gone meanwhile needs no telling. */
        if (shutdown(to, SHUT_WR) < 0 && errno != ENOTCONN) {
                return negative_errno();
        }
        return STREAM_ENDED;
}

static int move(Stream *stream, PipePool *pool, int from, int to) {
        for (size_t moved = 0; moved < STREAM_TURN_MAX;) {
                int r;

                if (stream->under_way == 0) {
                        r = take_in(stream, pool, from);
                        if (r == -ENODATA) {
                                return pass_end_on(stream, to);
                        }
                        if (r <= 0) {
                                return r < 0 ? r : STREAM_WAITS;
                        }
                        moved += stream->under_way;
                }
                r = put_out(stream, to);
                if (r <= 0) {
                        return r < 0 ? r : STREAM_WAITS;
                }
        }
        return STREAM_MORE;
}

int stream_turn(Stream *stream, PipePool *pool, int from, int to) {
        int r;

        if (stream->ended) {
                return STREAM_ENDED;
        }
        r = move(stream, pool, from, to);
        if (stream->under_way == 0) {
                pipe_give_back(stream, pool);
        }
        return r;
}
