/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/peers.h"

#include "base/fd.h"
#include "base/log.h"
#include "manager/manager.h"
#include "manager/objects.h"
#include "sbx/bus.h"

#include <inttypes.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_FIRST_USEC (100 * USEC_PER_MSEC)
#define RETRY_MAX_USEC (4 * USEC_PER_SEC)
/* the answers to RequestName: dbus-daemon(1), the specification */
#define NAME_IS_OURS 1
#define NAME_WAS_OURS 4
#define LOCAL_PATH "/org/freedesktop/DBus/Local"
#define LOCAL_NAME "org.freedesktop.DBus.Local"

typedef struct Peer {
        Peers *peers;
        struct Peer *next;
        sd_bus *bus;
        bool gone;
        bool subscribed;
        char **units; /* what it listens to */
} Peer;

struct Peers {
        Manager *manager;
        sd_bus *system; /* NULL while there is none */
        Clients *clients;
        uint64_t last_peer;
        bool open, has_name, system_gone, complained;
        usec_t retry_usec;
        sd_event_source *retry;
        sd_event_source *listen;
        int listen_fd;
        char *socket_path;
        Peer *first;
        size_t n;
};

/* What waits to be written to somebody who does not read, or who hangs. */
static uint64_t queue_length(sd_bus *bus) {
        uint64_t n = 0;

        return sd_bus_get_n_queued_write(bus, &n) < 0 ? 0 : n;
}

/* -- the system bus
 * ---------------------------------------------------------------------------------- */

static void system_take_name(Peers *peers);

/* Not connected, or connected without the name. */
static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Peers *peers = userdata;

        if (peers->system) {
                system_take_name(peers);
        } else {
                peers_connect(peers);
        }
        return 0;
}

static void system_drop(Peers *peers) {
        if (!peers->system) {
                return;
        }
        peers->has_name = false;
        manager_bus_changed(peers->manager, NULL);
        clients_forget(peers->clients);
        peers->system = sd_bus_close_unref(peers->system);
}

static void system_retry(Peers *peers) {
        int r;

        peers->retry = sd_event_source_disable_unref(peers->retry);
        r = sd_event_add_time_relative(peers->manager->event, &peers->retry, CLOCK_MONOTONIC,
                                       peers->retry_usec, 0, on_retry, peers);
        if (r < 0) {
                (void) log_fault(r, "Failed to arm the timer for connecting to the bus: %m");
        }
        peers->retry_usec = MIN(peers->retry_usec * 2, RETRY_MAX_USEC);
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Peers *peers = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        uint32_t answer = 0;

        if (!error && sd_bus_message_read(reply, "u", &answer) >= 0 &&
            (answer == NAME_IS_OURS || answer == NAME_WAS_OURS)) {
                peers->has_name = true;
                peers->retry_usec = RETRY_FIRST_USEC;
                peers->complained = false;
                manager_check_ready(peers->manager);
                return 0;
        }
        if (!peers->complained) {
                log_error("The bus does not give us the name %s, trying again: %s", SBX_BUS_NAME,
                          error ? error->message : "another program has it.");
                if (error) {
                        log_error("Is the policy file of sbx installed where the bus reads it?");
                }
        }
        peers->complained = true;
        system_retry(peers);
        return 0;
}

/* Before sbxd serves it has no name, and a bus that answers is good enough. */
static int on_connected(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Peers *peers = userdata;

        if (!peers->open) {
                peers->retry_usec = RETRY_FIRST_USEC;
        }
        return 0;
}

static void system_take_name(Peers *peers) {
        int r;

        if (!peers->open || !peers->system) {
                return;
        }
        r = sd_bus_request_name_async(peers->system, NULL, SBX_BUS_NAME, 0, on_name, peers);
        if (r < 0) {
                (void) log_fault(r, "Failed to ask the bus for the name %s: %m", SBX_BUS_NAME);
        }
}

/* Called from within the bus's own dispatching: it is put away in peers_prune(). */
static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Peers *peers = userdata;

        peers->system_gone = true;
        manager_housekeep(peers->manager);
        return 0;
}

static int on_system_message(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Peers *peers = userdata;

        return sd_bus_message_is_method_call(message, NULL, NULL) > 0
                       ? clients_admit(peers->clients, message, reterr)
                       : 0;
}

static int system_set_up(Peers *peers, sd_bus *bus) {
        int r;

        r = sd_bus_set_connected_signal(bus, 1);
        if (r >= 0) {
                r = sd_bus_match_signal(bus, NULL, LOCAL_NAME, LOCAL_PATH, LOCAL_NAME, "Connected",
                                        on_connected, peers);
        }
        if (r >= 0) {
                r = sd_bus_match_signal(bus, NULL, LOCAL_NAME, LOCAL_PATH, LOCAL_NAME,
                                        "Disconnected", on_disconnected, peers);
        }
        if (r >= 0) {
                r = sd_bus_add_filter(bus, NULL, on_system_message, peers);
        }
        if (r >= 0) {
                r = objects_add(peers->manager, bus);
        }
        if (r >= 0) {
                r = sd_bus_start(bus);
        }
        return r < 0 ? r
                     : sd_bus_attach_event(bus, peers->manager->event, SD_EVENT_PRIORITY_NORMAL);
}

static int system_open(Peers *peers) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        const char *address = peers->manager->options.bus_address;
        int r;

        if (!address) {
                address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
        }
        if (!address) {
                address = "unix:path=/run/dbus/system_bus_socket";
        }
        r = sd_bus_new(&bus);
        if (r >= 0) {
                r = sd_bus_set_address(bus, address);
        }
        if (r >= 0) {
                r = sd_bus_set_bus_client(bus, 1);
        }
        if (r >= 0) {
                r = sd_bus_set_description(bus, "system");
        }
        if (r >= 0) {
                r = system_set_up(peers, bus);
        }
        if (r < 0) {
                return r;
        }
        peers->system = TAKE(bus);
        peers->system_gone = false;
        return 0;
}

void peers_connect(Peers *peers) {
        int r;

        assert(peers);

        peers->retry = sd_event_source_disable_unref(peers->retry);
        r = system_open(peers);
        if (r < 0) {
                if (!peers->complained && peers->manager->backend == BACKEND_SCOPE) {
                        (void) log_warning_fault(r, "No system bus, trying again: %m");
                }
                peers->complained = true;
                system_retry(peers);
                return;
        }
        manager_bus_changed(peers->manager, peers->system);
        system_take_name(peers);
}

/* -- the private socket
 * ------------------------------------------------------------------------------ */

static int on_peer_gone(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Peer *peer = userdata;

        peer->gone = true;
        manager_housekeep(peer->peers->manager);
        return 0;
}

/* Who asks and asks and does not read the answers: each could be large. */
static int on_peer_message(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Peer *peer = userdata;
        uint64_t n = queue_length(peer->bus);

        if (n > PEER_QUEUE_MAX) {
                peer->gone = true;
                manager_housekeep(peer->peers->manager);
                return 1;
        }
        if (n > PEER_BUSY && sd_bus_message_is_method_call(message, NULL, NULL) > 0 &&
            client_call_cost(peer->peers->manager, message) > 1) {
                return sd_bus_error_set_const(reterr, SBX_ERROR_LIMITS_EXCEEDED,
                                              "Read the answers that are there first.");
        }
        return 0;
}

static int peer_set_up(Peer *peer, int fd) {
        _cleanup_free_ char *name = strf("private-%" PRIu64, ++peer->peers->last_peer);
        sd_bus *bus = peer->bus;
        sd_id128_t id;
        int r;

        r = sd_id128_randomize(&id);
        if (r >= 0) {
                r = sd_bus_set_fd(bus, fd, fd);
        }
        if (r < 0) {
                fd_close(fd);
                return r;
        }
        r = sd_bus_set_server(bus, 1, id);
        if (r >= 0) {
                r = sd_bus_negotiate_fds(bus, 1);
        }
        if (r >= 0) {
                r = sd_bus_set_sender(bus, SBX_BUS_NAME);
        }
        if (r >= 0) {
                r = name ? sd_bus_set_description(bus, name) : -ENOMEM;
        }
        if (r >= 0) {
                r = sd_bus_match_signal(bus, NULL, LOCAL_NAME, LOCAL_PATH, LOCAL_NAME,
                                        "Disconnected", on_peer_gone, peer);
        }
        if (r >= 0) {
                r = sd_bus_add_filter(bus, NULL, on_peer_message, peer);
        }
        if (r >= 0) {
                r = objects_add(peer->peers->manager, bus);
        }
        if (r >= 0) {
                r = sd_bus_start(bus);
        }
        return r < 0 ? r
                     : sd_bus_attach_event(bus, peer->peers->manager->event,
                                           SD_EVENT_PRIORITY_NORMAL);
}

static void peer_free(Peer *peer) {
        Manager *manager = peer->peers->manager;

        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                if (manager->sandboxes[i]->owner_bus == peer->bus) {
                        manager->sandboxes[i]->owner_bus = NULL;
                }
        }
        sd_bus_close_unref(peer->bus);
        strv_free(peer->units);
        free(peer);
}

/* Takes fd. */
static int peer_new(Peers *peers, int fd) {
        Peer *peer = calloc(1, sizeof(*peer));
        int r;

        if (!peer) {
                fd_close(fd);
                return -ENOMEM;
        }
        peer->peers = peers;
        r = sd_bus_new(&peer->bus);
        if (r < 0) {
                fd_close(fd);
                free(peer);
                return r;
        }
        r = peer_set_up(peer, fd);
        if (r < 0) {
                peer_free(peer);
                return r;
        }
        peer->next = peers->first;
        peers->first = peer;
        peers->n++;
        return 0;
}

/* The mode of the socket lets root alone in; whoever got the descriptor passed on does not count.
 */
static bool peer_is_root(int fd) {
        struct ucred credentials;
        socklen_t size = sizeof(credentials);

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
               credentials.uid == 0;
}

static int on_accept(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Peers *peers = userdata;
        _cleanup_fd_ int connection = -EBADF;
        int r;

        connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (connection < 0) {
                return 0; /* gone before it was accepted */
        }
        if (!peer_is_root(connection)) {
                return 0;
        }
        if (peers->n >= PEERS_MAX) {
                log_warning("Too many connections to %s, refusing one.", peers->socket_path);
                return 0;
        }
        r = peer_new(peers, fd_take(&connection));
        if (r < 0) {
                (void) log_warning_fault(r, "Failed to serve a connection to %s: %m",
                                         peers->socket_path);
        }
        return 0;
}

static int private_open(Peers *peers) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_fd_ int fd = -EBADF;
        int r;

        if (strlen(peers->socket_path) >= sizeof(address.sun_path)) {
                return -ENAMETOOLONG;
        }
        memcpy(address.sun_path, peers->socket_path, strlen(peers->socket_path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) {
                return negative_errno();
        }
        if (unlink(peers->socket_path) < 0 && errno != ENOENT) {
                return negative_errno(); /* ours by the lock on the directory: nobody serves it */
        }
        /* No moment with a wider mode: between bind() and chmod() anybody could connect. */
        (void) umask(0177);
        r = bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ? negative_errno() : 0;
        (void) umask(0022);
        if (r == 0 && listen(fd, SOMAXCONN) < 0) {
                r = negative_errno();
        }
        if (r < 0) {
                return r;
        }
        r = sd_event_add_io(peers->manager->event, &peers->listen, fd, EPOLLIN, on_accept, peers);
        if (r < 0) {
                return r;
        }
        peers->listen_fd = fd_take(&fd);
        return 0;
}

/* -- all of them
 * ------------------------------------------------------------------------------------- */

int peers_open(Peers *peers) {
        int r;

        assert(peers);

        r = private_open(peers);
        if (r < 0) {
                return r;
        }
        peers->open = true;
        system_take_name(peers);
        return 0;
}

bool peers_has_name(const Peers *peers) {
        return peers->has_name;
}

static Peer *find_peer(const Peers *peers, const sd_bus *bus) {
        Peer *peer = peers ? peers->first : NULL;

        while (peer && peer->bus != bus) {
                peer = peer->next;
        }
        return peer;
}

void peers_subscribe(Peers *peers, const sd_bus *bus, bool subscribed) {
        Peer *peer = find_peer(peers, bus);

        if (peer) {
                peer->subscribed = subscribed;
        }
}

int peers_listen(Peers *peers, const sd_bus *bus, const char *unit) {
        Peer *peer = find_peer(peers, bus);

        if (!peer || strv_contains(peer->units, unit)) {
                return 0;
        }
        if (strv_length(peer->units) >= PEER_UNITS_MAX) {
                peer->subscribed = true;
                return 0;
        }
        return strv_append(&peer->units, unit);
}

static bool peer_hears(const Peer *peer, const char *unit) {
        return peer->subscribed || (unit && strv_contains(peer->units, unit));
}

void peers_tell(Peers *peers, const char *unit, PeerCall call, void *userdata) {
        if (!peers) {
                return;
        }
        if (peers->system && sd_bus_is_open(peers->system) > 0) {
                call(peers->system, userdata);
        }
        for (Peer *peer = peers->first; peer; peer = peer->next) {
                if (!peer->gone && peer_hears(peer, unit) && sd_bus_is_open(peer->bus) > 0) {
                        call(peer->bus, userdata);
                }
        }
}

static bool peer_is_slow(const Peer *peer) {
        return queue_length(peer->bus) > PEER_QUEUE_MAX;
}

void peers_prune(Peers *peers) {
        if (!peers) {
                return;
        }
        if (peers->system && queue_length(peers->system) > PEER_QUEUE_MAX) {
                log_warning("The system bus does not take what it is sent, connecting anew.");
                peers->system_gone = true;
        }
        if (peers->system_gone) {
                peers->system_gone = false;
                system_drop(peers);
                system_retry(peers);
        }
        for (Peer **link = &peers->first; *link;) {
                Peer *peer = *link;

                if (!peer->gone && !peer_is_slow(peer)) {
                        link = &peer->next;
                        continue;
                }
                *link = peer->next;
                peers->n--;
                peer_free(peer);
        }
}

int peers_new(Manager *manager, Peers **ret) {
        Peers *peers;
        int r;

        assert(manager);
        assert(ret);

        peers = calloc(1, sizeof(*peers));
        if (!peers) {
                return -ENOMEM;
        }
        peers->manager = manager;
        peers->listen_fd = -EBADF;
        peers->retry_usec = RETRY_FIRST_USEC;
        peers->socket_path = strf("%s/private", manager->options.runtime_directory);
        if (!peers->socket_path) {
                free(peers);
                return -ENOMEM;
        }
        r = clients_new(manager, &peers->clients);
        if (r < 0) {
                (void) peers_free(peers);
                return r;
        }
        *ret = peers;
        return 0;
}

Peers *peers_free(Peers *peers) {
        if (!peers) {
                return NULL;
        }
        while (peers->first) {
                Peer *peer = peers->first;

                peers->first = peer->next;
                sd_bus_flush_close_unref(TAKE(peer->bus));
                strv_free(peer->units);
                free(peer);
        }
        sd_event_source_disable_unref(peers->listen);
        sd_event_source_disable_unref(peers->retry);
        if (peers->listen_fd >= 0) {
                (void) unlink(peers->socket_path);
        }
        fd_close(peers->listen_fd);
        clients_free(peers->clients);
        sd_bus_close_unref(peers->system);
        free(peers->socket_path);
        free(peers);
        return NULL;
}
