/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/helper-client.h"

#include "base/fd.h"
#include "base/log.h"
#include "manager/control.h"
#include "manager/manager.h"
#include "manager/spawner.h"
#include "wire/plan.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_FIRST_USEC (10 * USEC_PER_MSEC)
#define RETRY_MAX_USEC (2 * USEC_PER_SEC)
#define MESSAGES_PER_TURN 64u
#define QUEUE_MAX 4096u

typedef struct Outgoing {
        struct Outgoing *next;
        size_t size, n_fds;
        int fds[CONTROL_FDS_MAX];
        uint8_t bytes[];
} Outgoing;

struct HelperClient {
        Manager *manager;
        char *path;
        int fd;
        bool ready;
        uint32_t serial;
        usec_t retry_usec;
        sd_event_source *io;
        sd_event_source *retry;
        Outgoing *queue, **queue_tail;
        size_t n_queued;
};

static void outgoing_free(Outgoing *outgoing) {
        for (size_t i = 0; i < outgoing->n_fds; i++) {
                fd_close(outgoing->fds[i]);
        }
        free(outgoing);
}
DEFINE_CLEANUP(Outgoing *, outgoing_free)

static void client_disconnect(HelperClient *client) {
        while (client->queue) {
                Outgoing *first = client->queue;

                client->queue = first->next;
                outgoing_free(first);
        }
        client->queue_tail = &client->queue;
        client->n_queued = 0;
        client->ready = false;
        client->io = sd_event_source_disable_unref(client->io);
        client->fd = fd_close(client->fd);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        helper_client_connect(userdata);
        return 0;
}

static void client_retry(HelperClient *client) {
        int r;

        client_disconnect(client);
        client->retry = sd_event_source_disable_unref(client->retry);
        r = sd_event_add_time_relative(client->manager->event, &client->retry, CLOCK_MONOTONIC,
                                       client->retry_usec, 1, on_retry, client);
        if (r < 0) {
                (void) log_fault(r, "Failed to arm the timer for connecting to sbx-helper: %m");
        }
        client->retry_usec = MIN(client->retry_usec * 2, RETRY_MAX_USEC);
}

/* -- sending -- */

static int outgoing_new(const ControlMessage *message, const void *bytes, size_t size,
                        Outgoing **ret) {
        _cleanup_(outgoing_freep) Outgoing *outgoing = malloc(sizeof(*outgoing) + size);

        if (!outgoing) {
                return -ENOMEM;
        }
        *outgoing = (Outgoing){.size = size};
        memcpy(outgoing->bytes, bytes, size);
        for (size_t i = 0; i < message->n_fds; i++) {
                outgoing->fds[i] = fd_dup(message->fds[i]);
                if (outgoing->fds[i] < 0) {
                        return outgoing->fds[i];
                }
                outgoing->n_fds++;
        }
        *ret = TAKE(outgoing);
        return 0;
}

static int client_watch(HelperClient *client) {
        return sd_event_source_set_io_events(client->io, EPOLLIN | (client->queue ? EPOLLOUT : 0u));
}

static int client_flush(HelperClient *client) {
        while (client->queue) {
                Outgoing *first = client->queue;
                int r;

                r = fd_send(client->fd, first->bytes, first->size, first->fds, first->n_fds,
                            MSG_DONTWAIT);
                if (r == -EAGAIN) {
                        break;
                }
                if (r < 0) {
                        return r;
                }
                client->queue = first->next;
                if (!client->queue) {
                        client->queue_tail = &client->queue;
                }
                client->n_queued--;
                outgoing_free(first);
        }
        return client_watch(client);
}

int helper_client_send(HelperClient *client, ControlMessage *message) {
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes);
        Outgoing *outgoing;
        int r;

        assert(client);
        assert(message);

        if (client->fd < 0) {
                return -ENOTCONN;
        }
        message->serial = ++client->serial;
        r = control_encode(message, bytes, &size);
        if (r < 0) {
                return r;
        }
        if (!client->queue) {
                r = fd_send(client->fd, bytes, size, message->fds, message->n_fds, MSG_DONTWAIT);
                if (r != -EAGAIN) {
                        return r;
                }
        }
        if (client->n_queued >= QUEUE_MAX) {
                log_error("sbx-helper does not read its messages; connecting to it again.");
                client_retry(client);
                return -ENOBUFS;
        }
        r = outgoing_new(message, bytes, size, &outgoing);
        if (r < 0) {
                return r;
        }
        *client->queue_tail = outgoing;
        client->queue_tail = &outgoing->next;
        client->n_queued++;
        return client_watch(client);
}

/* -- receiving -- */

static int client_receive(HelperClient *client) {
        ControlMessage *message;
        int r = 1;

        message = calloc(1, sizeof(*message)); /* too large for a frame of every turn */
        if (!message) {
                return -ENOMEM;
        }
        for (unsigned i = 0; i < MESSAGES_PER_TURN && client->fd >= 0; i++) {
                r = control_receive(client->fd, CONTROL_UP, message, MSG_DONTWAIT);
                if (r <= 0) {
                        break;
                }
                control_dispatch(client->manager, message);
                control_message_done(message);
        }
        free(message);
        return r;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        HelperClient *client = userdata;
        int r = 0;

        if (events & EPOLLOUT) {
                r = client_flush(client);
        }
        if (r >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                r = client_receive(client);
                if (r == 0) {
                        r = -ECONNRESET; /* the end of file */
                }
        }
        if (r >= 0 || r == -EAGAIN || client->fd < 0) {
                return 0;
        }
        (void) log_warning_fault(r, "Lost the connection to sbx-helper, connecting again: %m");
        client->retry_usec = RETRY_FIRST_USEC;
        client_retry(client);
        return 0;
}

/* -- connecting -- */

static int client_greet(HelperClient *client) {
        ControlMessage hello = {.type = CONTROL_HELLO}, list = {.type = CONTROL_LIST};
        _cleanup_free_ char *boot_id = NULL;
        size_t size;
        int r;

        hello.numbers[HELLO_PROTOCOL] = CONTROL_PROTOCOL_VERSION;
        hello.numbers[HELLO_PLAN] = WIRE_PLAN_VERSION;
        if (file_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot_id, &size) == 0) {
                boot_id[strcspn(boot_id, "\n")] = '\0';
                (void) strncpy(hello.strings[0], boot_id, sizeof(hello.strings[0]) - 1);
        }
        r = helper_client_send(client, &hello);
        return r < 0 ? r : helper_client_send(client, &list);
}

static int client_open(HelperClient *client) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_fd_ int fd = -EBADF;
        int r;

        if (strlen(client->path) >= sizeof(address.sun_path)) {
                return -ENAMETOOLONG;
        }
        memcpy(address.sun_path, client->path, strlen(client->path) + 1);
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) {
                return negative_errno();
        }
        /* AF_UNIX connects at once or says EAGAIN where the backlog is full */
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
                return negative_errno();
        }
        r = sd_event_add_io(client->manager->event, &client->io, fd, EPOLLIN, on_io, client);
        if (r < 0) {
                return r;
        }
        client->fd = fd_take(&fd);
        return client_greet(client);
}

void helper_client_connect(HelperClient *client) {
        int r;

        assert(client);

        client->retry = sd_event_source_disable_unref(client->retry);
        client_disconnect(client);
        r = client_open(client);
        if (r >= 0) {
                return;
        }
        if ((r == -ECONNREFUSED || r == -ENOENT) && client->manager->spawner) {
                spawner_request(client->manager->spawner);
        } else {
                (void) log_warning_fault(r, "Failed to connect to sbx-helper at %s: %m",
                                         client->path);
        }
        client_retry(client);
}

void helper_client_set_ready(HelperClient *client) {
        client->ready = true;
        client->retry_usec = RETRY_FIRST_USEC;
}

bool helper_client_is_ready(const HelperClient *client) {
        return client->ready;
}

int helper_client_new(Manager *manager, const char *socket_path, HelperClient **ret) {
        HelperClient *client;

        assert(manager);
        assert(socket_path);
        assert(ret);

        client = calloc(1, sizeof(*client));
        if (!client) {
                return -ENOMEM;
        }
        client->manager = manager;
        client->fd = -EBADF;
        client->retry_usec = RETRY_FIRST_USEC;
        client->queue_tail = &client->queue;
        client->path = strdup(socket_path);
        if (!client->path) {
                free(client);
                return -ENOMEM;
        }
        *ret = client;
        return 0;
}

HelperClient *helper_client_free(HelperClient *client) {
        if (!client) {
                return NULL;
        }
        client_disconnect(client);
        sd_event_source_disable_unref(client->retry);
        free(client->path);
        free(client);
        return NULL;
}
