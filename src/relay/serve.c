/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/serve.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/time.h"
#include "relay/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define ACCEPTS_MAX 16 /* in one turn */
/* Two sockets and two pipes each. */
#define PAIR_FDS 6u
#define OWN_FDS (16u + 2u * PIPE_POOL_MAX)
/* While something waits that no descriptor tells of: a full queue of a unix socket, a full table of
 * descriptors. */
#define RETRY_MSEC 20
#define RETRIES_MAX 500
/* A sandbox of Type=simple counts as started before its program listens: until a port has answered
 * for the first time, or this long, a refused connection is tried again. */
#define WARM_UP_USEC (3 * USEC_PER_SEC)

typedef enum PairState {
        PAIR_FREE,
        PAIR_RETRYING,   /* the target's queue is full, or it does not listen yet */
        PAIR_CONNECTING, /* under way */
        PAIR_OPEN,
} PairState;

typedef struct Pair {
        PairState state;
        const Port *port;
        int client, target;
        size_t address; /* which of the target's is being tried */
        unsigned n_retries;
        Stream in, out; /* from the client, to the client */
        bool watched;   /* the target */
        bool ready;     /* stands in the list of those that go on */
        struct Pair *next;
} Pair;

typedef struct Server {
        int epoll, signals;
        const Port *ports;
        size_t n_ports;
        Pair *pairs;
        size_t n_pairs, n_used, n_retrying;
        Pair *free;
        Pair *ready_first, *ready_last;
        PipePool pool;
        usec_t warm_usec; /* from then on a refusal is one */
        bool *answered;   /* which ports did */
        bool paused;      /* does not accept */
        bool starved;     /* because descriptors ran out */
        bool stopped;
} Server;

/* What an event is about: pairs by number behind these. */
#define EVENT_SIGNAL UINT64_C(0)
#define EVENT_PORT UINT64_C(1)
#define EVENT_PAIR (UINT64_C(1) << 32)

static int server_add(Server *server, int fd, uint32_t events, uint64_t what) {
        struct epoll_event event = {.events = events, .data.u64 = what};

        return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? negative_errno() : 0;
}

static void server_accepting(Server *server, bool accepting) {
        if (server->paused == !accepting) {
                return;
        }
        server->paused = !accepting;
        for (size_t i = 0; i < server->n_ports; i++) {
                struct epoll_event event = {.events = accepting ? EPOLLIN : 0,
                                            .data.u64 = EVENT_PORT + i};

                (void) epoll_ctl(server->epoll, EPOLL_CTL_MOD, server->ports[i].listen, &event);
        }
}

static void pair_make_ready(Server *server, Pair *pair) {
        if (pair->ready) {
                return;
        }
        pair->ready = true;
        pair->next = NULL;
        if (server->ready_last) {
                server->ready_last->next = pair;
        } else {
                server->ready_first = pair;
        }
        server->ready_last = pair;
}

/* Whoever is told nothing but an end might take it for success: a reset says that it broke. */
static void socket_end(int fd, bool reset) {
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

        if (reset && fd >= 0) {
                (void) setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        }
        (void) fd_close(fd);
}

/* Not called for a pair that stands in the ready list. */
static void pair_end(Server *server, Pair *pair, bool reset) {
        assert(!pair->ready);

        if (pair->state == PAIR_RETRYING) {
                server->n_retrying--;
        }
        socket_end(pair->client, reset);
        socket_end(pair->target, reset);
        stream_done(&pair->in, &server->pool);
        stream_done(&pair->out, &server->pool);
        *pair = (Pair){
                .state = PAIR_FREE, .client = -EBADF, .target = -EBADF, .next = server->free};
        server->free = pair;
        server->n_used--;
        server->starved = false;
        server_accepting(server, true);
}

static void socket_tune(int fd, int family) {
        const int on = 1;

        /* Peers that vanish without a word must not hold a place for ever. */
        (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
        if (family == AF_INET || family == AF_INET6) {
                (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        }
}

/* 1: connected; 0: under way; -errno. Asking again is how the outcome is learned: an event alone
 * may be a stale one, of the socket that had this number before. */
static int pair_connect(const Pair *pair) {
        const TargetAddress *address = &pair->port->target.addresses[pair->address];
        int r = target_connect(address, pair->port->root, pair->target);

        if (r == 0 || r == -EISCONN) {
                return 1;
        }
        return r == -EINPROGRESS || r == -EALREADY || r == -EINTR ? 0 : r;
}

static int pair_open_target(Server *server, Pair *pair) {
        int family = pair->port->target.addresses[pair->address].address.ss_family;

        pair->target = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (pair->target < 0) {
                return negative_errno();
        }
        socket_tune(pair->target, family);
        return 0;
}

static void pair_set_state(Server *server, Pair *pair, PairState state) {
        if (pair->state == PAIR_RETRYING) {
                server->n_retrying--;
        }
        if (state == PAIR_RETRYING) {
                server->n_retrying++;
        }
        pair->state = state;
}

static int pair_watch(Server *server, Pair *pair, int fd) {
        return server_add(server, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                          EVENT_PAIR + (uint64_t) (pair - server->pairs));
}

static int pair_watch_target(Server *server, Pair *pair) {
        pair->watched = true;
        return pair_watch(server, pair, pair->target);
}

static bool *pair_answered(const Server *server, const Pair *pair) {
        return &server->answered[pair->port - server->ports];
}

/* None of the target's addresses took the connection: 0 where it is tried again, or the fault. */
static int pair_refused(Server *server, Pair *pair, int fault) {
        bool listens_not = fault == -ECONNREFUSED || fault == -ENOENT;

        if (!listens_not || *pair_answered(server, pair) ||
            usec_now(CLOCK_MONOTONIC) >= server->warm_usec) {
                return fault;
        }
        pair->address = 0;
        pair_set_state(server, pair, PAIR_RETRYING);
        return 0;
}

/* Goes on with connecting; to the next address where one refuses. 0, or -errno: none answers. */
static int pair_advance(Server *server, Pair *pair) {
        for (;;) {
                int r;

                if (pair->target < 0) {
                        r = pair_open_target(server, pair);
                        if (r < 0) {
                                return r;
                        }
                }
                r = pair_connect(pair);
                if (r == -EAGAIN) {
                        /* A unix socket whose queue is full; there is no event for its emptying. */
                        pair_set_state(server, pair, PAIR_RETRYING);
                        return ++pair->n_retries < RETRIES_MAX ? 0 : -ETIMEDOUT;
                }
                if (r >= 0) {
                        pair_set_state(server, pair, r > 0 ? PAIR_OPEN : PAIR_CONNECTING);
                        *pair_answered(server, pair) |= r > 0;
                        /* Not before the first connect(): until then the kernel tells of a hangup.
                         */
                        return pair->watched ? 0 : pair_watch_target(server, pair);
                }
                pair->watched = false;
                pair->target = fd_close(pair->target);
                if (++pair->address >= pair->port->target.n) {
                        return pair_refused(server, pair, r);
                }
        }
}

static void pair_turn(Server *server, Pair *pair) {
        int in, out;

        if (pair->state == PAIR_RETRYING || pair->state == PAIR_CONNECTING) {
                int r = pair_advance(server, pair);

                if (r < 0) {
                        log_debug("%s: target does not answer: %s", pair->port->name, strerror(-r));
                        pair_end(server, pair, /* reset= */ true);
                        return;
                }
        }
        if (pair->state != PAIR_OPEN) {
                return;
        }
        in = stream_turn(&pair->in, &server->pool, pair->client, pair->target);
        out = in < 0 ? in : stream_turn(&pair->out, &server->pool, pair->target, pair->client);
        if (in < 0 || out < 0) {
                pair_end(server, pair, /* reset= */ true);
        } else if (in == STREAM_ENDED && out == STREAM_ENDED) {
                pair_end(server, pair, /* reset= */ false);
        } else if (in == STREAM_MORE || out == STREAM_MORE) {
                pair_make_ready(server, pair);
        }
}

static void pair_new(Server *server, const Port *port, int client) {
        Pair *pair = server->free;
        int r;

        server->free = pair->next;
        server->n_used++;
        *pair = (Pair){.state = PAIR_CONNECTING, .port = port, .client = client, .target = -EBADF};
        stream_init(&pair->in);
        stream_init(&pair->out);
        socket_tune(client, AF_INET);
        r = pair_watch(server, pair, client);
        if (r < 0) {
                pair_end(server, pair, /* reset= */ true);
                return;
        }
        pair_turn(server, pair);
}

static void port_accept(Server *server, const Port *port) {
        for (int i = 0; i < ACCEPTS_MAX && server->free; i++) {
                int client = accept4(port->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (client >= 0) {
                        pair_new(server, port, client);
                        continue;
                }
                if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                        server->starved = true;
                        server_accepting(server, false);
                }
                /* All others are of the connection that did not come about. */
                return;
        }
        if (!server->free) {
                server_accepting(server, false);
        }
}

static void server_event(Server *server, const struct epoll_event *event) {
        uint64_t what = event->data.u64;

        if (what == EVENT_SIGNAL) {
                server->stopped = true;
        } else if (what >= EVENT_PAIR) {
                Pair *pair = &server->pairs[what - EVENT_PAIR];

                if (pair->state == PAIR_OPEN || pair->state == PAIR_CONNECTING) {
                        pair_make_ready(server, pair);
                }
        } else {
                port_accept(server, &server->ports[what - EVENT_PORT]);
        }
}

/* Those that stand in the list now; whoever has more to do comes behind and waits for the next
 * turn. */
static void server_turn(Server *server) {
        Pair *pair = server->ready_first;

        server->ready_first = server->ready_last = NULL;
        while (pair) {
                Pair *next = pair->next;

                pair->ready = false;
                pair_turn(server, pair);
                pair = next;
        }
}

static void server_retry(Server *server) {
        for (size_t i = 0; i < server->n_pairs && server->n_retrying > 0; i++) {
                if (server->pairs[i].state == PAIR_RETRYING) {
                        pair_turn(server, &server->pairs[i]);
                }
        }
        if (server->starved) {
                server->starved = false;
                server_accepting(server, true);
        }
}

static int server_run(Server *server) {
        while (!server->stopped) {
                bool waits = server->n_retrying > 0 || server->starved;
                struct epoll_event events[EVENTS_MAX];
                int n;

                n = epoll_wait(server->epoll, events, EVENTS_MAX,
                               server->ready_first ? 0
                               : waits             ? RETRY_MSEC
                                                   : -1);
                if (n < 0 && errno != EINTR) {
                        return negative_errno();
                }
                for (int i = 0; i < n; i++) {
                        server_event(server, &events[i]);
                }
                server_turn(server);
                if (waits && n == 0) {
                        server_retry(server);
                }
        }
        return 0;
}

static int server_open_signals(Server *server) {
        sigset_t mask;

        if (sigemptyset(&mask) < 0 || sigaddset(&mask, SIGTERM) < 0 ||
            sigaddset(&mask, SIGINT) < 0 ||
            /* splice() has no MSG_NOSIGNAL. */
            sigaddset(&mask, SIGPIPE) < 0 || sigprocmask(SIG_BLOCK, &mask, NULL) < 0 ||
            sigdelset(&mask, SIGPIPE) < 0) {
                return negative_errno();
        }
        server->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
        return server->signals < 0 ? negative_errno()
                                   : server_add(server, server->signals, EPOLLIN, EVENT_SIGNAL);
}

static int server_init(Server *server, const Port *ports, size_t n_ports, size_t pairs_max) {
        int r;

        *server = (Server){.signals = -EBADF,
                           .ports = ports,
                           .n_ports = n_ports,
                           .warm_usec = usec_now(CLOCK_MONOTONIC) + WARM_UP_USEC};
        server->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (server->epoll < 0) {
                return negative_errno();
        }
        /* All at once, before anything is given up; the pages come as connections do. */
        server->pairs = calloc(pairs_max, sizeof(*server->pairs));
        server->answered = calloc(n_ports, sizeof(*server->answered));
        if (!server->pairs || !server->answered) {
                return -ENOMEM;
        }
        server->n_pairs = pairs_max;
        for (size_t i = pairs_max; i-- > 0;) {
                server->pairs[i].next = server->free;
                server->free = &server->pairs[i];
        }
        r = server_open_signals(server);
        for (size_t i = 0; i < n_ports && r == 0; i++) {
                r = fd_set_nonblock(ports[i].listen, true);
                if (r == 0) {
                        r = server_add(server, ports[i].listen, EPOLLIN, EVENT_PORT + i);
                }
        }
        return r;
}

static void server_done(Server *server) {
        for (size_t i = 0; i < server->n_pairs; i++) {
                Pair *pair = &server->pairs[i];

                pair->ready = false;
                if (pair->state != PAIR_FREE) {
                        pair_end(server, pair, /* reset= */ false);
                }
        }
        pipe_pool_done(&server->pool);
        (void) fd_close(server->signals);
        (void) fd_close(server->epoll);
        free(server->answered);
        free(server->pairs);
}

int serve(const Port *ports, size_t n_ports, size_t pairs_max, int (*confine)(void)) {
        Server server;
        int r;

        assert(ports);
        assert(pairs_max > 0);

        r = server_init(&server, ports, n_ports, pairs_max);
        if (r == 0 && confine) {
                r = confine();
        }
        if (r == 0) {
                r = server_run(&server);
        }
        server_done(&server);
        return r;
}

size_t serve_pairs_allowed(size_t n_ports) {
        struct rlimit limit;
        size_t others = OWN_FDS + n_ports, allowed;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
                return 1;
        }
        /* Beyond what is asked for it costs nothing; what cannot be raised stays. */
        limit.rlim_cur = MIN(limit.rlim_max, (rlim_t) (SERVE_PAIRS_MAX * PAIR_FDS + others));
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) < 0) {
                return 1;
        }
        allowed = limit.rlim_cur > others ? (size_t) (limit.rlim_cur - others) / PAIR_FDS : 0;
        return MAX(MIN(allowed, (size_t) SERVE_PAIRS_MAX), (size_t) 1);
}
