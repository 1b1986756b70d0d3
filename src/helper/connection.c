/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/connection.h"

#include "base/fd.h"
#include "base/log.h"
#include "helper/exec.h"
#include "helper/filters.h"
#include "wire/plan.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MAX 4096u
#define QUEUE_BYTES_MAX (1024u * 1024u)

/* A message that waits; its descriptors are copies. */
typedef struct Queued {
        struct Queued *next;
        int fds[CONTROL_FDS_MAX];
        size_t n_fds;
        size_t size;
        uint8_t bytes[];
} Queued;

struct Connection {
        Helper *helper;
        int fd;
        Watch *watch;
        bool greeted;
        bool broken; /* shut down; goes with the next event */
        Queued *first, *last;
        size_t n_queued, queued_bytes;
};

static void queued_free(Queued *queued) {
        for (size_t i = 0; i < queued->n_fds; i++) {
                (void) fd_close(queued->fds[i]);
        }
        free(queued);
}

/* Not freed here: whoever is sending may stand deep in a callback of its own. Shutting down makes
 * the descriptor ready, and the loop comes by. */
static void connection_break(Connection *connection) {
        connection->broken = true;
        (void) shutdown(connection->fd, SHUT_RDWR);
        (void) watch_set_events(connection->watch, EPOLLIN | EPOLLRDHUP);
}

static int connection_enqueue(Connection *connection, const uint8_t *bytes, size_t size,
                              const ControlMessage *message) {
        Queued *queued;

        if (connection->n_queued >= QUEUE_MAX ||
            connection->queued_bytes + size > QUEUE_BYTES_MAX) {
                return -ENOBUFS;
        }
        queued = malloc(sizeof(*queued) + size);
        if (!queued) {
                return -ENOMEM;
        }
        *queued = (Queued){.size = size};
        memcpy(queued->bytes, bytes, size);
        for (size_t i = 0; i < message->n_fds; i++) {
                int fd = fd_dup(message->fds[i]);

                if (fd < 0) {
                        queued_free(queued);
                        return fd;
                }
                queued->fds[queued->n_fds++] = fd;
        }
        if (connection->last) {
                connection->last->next = queued;
        } else {
                connection->first = queued;
        }
        connection->last = queued;
        connection->n_queued++;
        connection->queued_bytes += size;
        return watch_set_events(connection->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
}

void connection_send(Connection *connection, const ControlMessage *message) {
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes);
        int r;

        if (connection->broken || !connection->greeted) {
                return;
        }
        r = control_encode(message, bytes, &size);
        assert(r == 0); /* a message that the table does not know is a mistake of ours */
        if (!connection->first) {
                r = fd_send(connection->fd, bytes, size, message->fds, message->n_fds,
                            MSG_DONTWAIT);
                if (r == 0) {
                        return;
                }
        }
        /* ETOOMANYREFS: too many descriptors are under way to one who does not read. */
        if (connection->first || r == -EAGAIN || r == -ETOOMANYREFS) {
                r = connection_enqueue(connection, bytes, size, message);
        }
        if (r < 0) {
                (void) log_warning_fault(r,
                                         "Disconnecting sbxd, which cannot be told of events: %m");
                connection_break(connection);
        }
}

static void connection_flush(Connection *connection) {
        while (connection->first) {
                Queued *queued = connection->first;
                int r;

                r = fd_send(connection->fd, queued->bytes, queued->size, queued->fds, queued->n_fds,
                            MSG_DONTWAIT);
                if (r == -EAGAIN) {
                        return;
                }
                if (r < 0) {
                        connection_break(connection);
                        return;
                }
                connection->first = queued->next;
                if (!connection->first) {
                        connection->last = NULL;
                }
                connection->n_queued--;
                connection->queued_bytes -= queued->size;
                queued_free(queued);
        }
        (void) watch_set_events(connection->watch, EPOLLIN | EPOLLRDHUP);
}

static void refuse(Connection *connection, const ControlMessage *message, int fault,
                   const char *why) {
        ControlMessage answer = {
                .type = CONTROL_REFUSED, .serial = message->serial, .id = message->id};

        log_debug("Refused %s: %s (%s)", control_table[message->type].name, why,
                  strerror(abs(fault)));
        answer.numbers[REFUSED_ERRNO] = (uint64_t) abs(fault);
        (void) snprintf(answer.strings[0], sizeof(answer.strings[0]), "%s", why);
        connection_send(connection, &answer);
}

static void do_hello(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        ControlMessage answer = {.type = CONTROL_HELLO, .serial = message->serial};

        connection->greeted = true;
        if (message->numbers[HELLO_PROTOCOL] != CONTROL_PROTOCOL_VERSION ||
            message->numbers[HELLO_PLAN] != WIRE_PLAN_VERSION) {
                log_error("sbxd speaks protocol %llu and plan %llu, not %u and %u: "
                          "both programs must come from the same version of sbx",
                          (unsigned long long) message->numbers[HELLO_PROTOCOL],
                          (unsigned long long) message->numbers[HELLO_PLAN],
                          CONTROL_PROTOCOL_VERSION, WIRE_PLAN_VERSION);
                refuse(connection, message, -EPROTONOSUPPORT,
                       "another version of protocol or plan");
                connection_break(connection);
                return;
        }
        answer.numbers[HELLO_PROTOCOL] = CONTROL_PROTOCOL_VERSION;
        answer.numbers[HELLO_PLAN] = WIRE_PLAN_VERSION;
        (void) snprintf(answer.strings[0], sizeof(answer.strings[0]), "%s",
                        connection->helper->boot_id);
        connection_send(connection, &answer);
}

static void do_start(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        const char *why = "";
        int r = sandbox_start(connection->helper, message, &why);

        if (r < 0) {
                refuse(connection, message, r, why);
        }
}

static void do_go(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        if (sandbox->go) {
                refuse(connection, message, -EALREADY, "GO was said already");
                return;
        }
        sandbox_go(sandbox, message->serial);
}

static bool signal_is_valid(uint64_t signal) {
        return signal > 0 && signal <= (uint64_t) SIGRTMAX;
}

static void do_kill(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        uint64_t signal = message->numbers[KILL_SIGNAL], whom = message->numbers[KILL_WHOM];
        int r;

        if (!signal_is_valid(signal) || (whom != KILL_ALL && whom != KILL_MAIN)) {
                refuse(connection, message, -EINVAL, "no such signal");
                return;
        }
        r = sandbox_kill(sandbox, (int) signal, whom == KILL_ALL);
        if (r < 0) {
                refuse(connection, message, r, "nobody took the signal");
        }
}

static void do_freeze(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        const char *why = "";
        int r = -EINVAL;

        if (message->numbers[FREEZE_FREEZE] <= 1) {
                r = freezer_set(sandbox, message->numbers[FREEZE_FREEZE] == 1, message->serial,
                                &why);
        }
        if (r < 0) {
                refuse(connection, message, r, why);
        }
}

/* Below cgroups of our own what is asked for is done; below systemd's it is looked at. */
static int change(Helper *helper, Sandbox *sandbox, const Plan *plan, const Plan *undo,
                  CgroupFault *ret_fault) {
        int64_t op = -1;
        int r;

        *ret_fault = (CgroupFault){};
        r = filters_check(sandbox, cgroup_mode_detect(), plan, &op);
        if (r < 0) {
                ret_fault->op = (size_t) op;
                return r;
        }
        return (size_t) r == plan->n_ops ? 0
                                         : cgroup_set_change(&helper->cgroups, &sandbox->cgroups,
                                                             plan, undo, ret_fault);
}

static void do_limit(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        ControlMessage answer = {
                .type = CONTROL_LIMITED, .serial = message->serial, .id = message->id};
        _cleanup_(plan_freep) Plan *plan = NULL, *undo = NULL;
        CgroupFault fault;
        int r;

        r = wire_plan_open(message->fds[0], &plan);
        if (r == 0) {
                r = wire_plan_open(message->fds[1], &undo);
        }
        if (r < 0 || plan_use(plan) != PLAN_USE_CHANGE || plan_use(undo) != PLAN_USE_CHANGE) {
                refuse(connection, message, r < 0 ? r : -EINVAL, "no plan of changes alone");
                return;
        }
        r = change(connection->helper, sandbox, plan, undo, &fault);
        answer.numbers[LIMITED_ERRNO] = (uint64_t) -r;
        answer.numbers[LIMITED_OP] = fault.op;
        (void) snprintf(answer.strings[0], sizeof(answer.strings[0]), "%s",
                        r < 0 && fault.object ? fault.object : "");
        connection_send(connection, &answer);
}

static void do_exec(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        const char *why = "";
        int r = session_start(sandbox, message, &why);

        if (r < 0) {
                refuse(connection, message, r, why);
        }
}

static void do_exec_kill(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        uint64_t signal = message->numbers[EXEC_KILL_SIGNAL];
        int r = -EINVAL;

        if (signal_is_valid(signal)) {
                r = session_kill(sandbox, message->numbers[EXEC_KILL_ID], (int) signal);
        }
        if (r < 0) {
                refuse(connection, message, r, "nobody took the signal");
        }
}

static void do_attach(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        int r = sandbox_attach(sandbox, &message->fds[0]);

        if (r < 0) {
                refuse(connection, message, r,
                       r == -ENOTTY ? "it has no terminal" : "nobody more can be attached");
        }
}

static void do_forget(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        sandbox->forgotten = true;
}

static void do_list(Connection *connection, Sandbox *sandbox, ControlMessage *message) {
        ControlMessage answer = {.type = CONTROL_LISTED, .serial = message->serial};
        uint64_t n = 0;

        for (Sandbox *each = connection->helper->sandboxes; each; each = each->next) {
                n += sandbox_list(each, message->serial);
        }
        answer.numbers[LISTED_COUNT] = n;
        connection_send(connection, &answer);
}

#define IN(phase) (1u << (phase))
#define ALIVE (IN(PHASE_BUILDING) | IN(PHASE_HELD) | IN(PHASE_RUNNING) | IN(PHASE_ENDING))

/* What may be said when. phases: of the sandbox that the message names; 0: it names none (START
 * names one that must not be there, and looks itself). A message without handler never comes from
 * sbxd. */
static const struct Gate {
        void (*handle)(Connection *connection, Sandbox *sandbox, ControlMessage *message);
        bool before_hello;
        unsigned phases;
} gates[_CONTROL_MAX] = {
        [CONTROL_HELLO] = {do_hello, .before_hello = true},
        [CONTROL_START] = {do_start},
        [CONTROL_GO] = {do_go, .phases = IN(PHASE_BUILDING) | IN(PHASE_HELD)},
        [CONTROL_KILL] = {do_kill, .phases = ALIVE},
        [CONTROL_FREEZE] = {do_freeze, .phases = IN(PHASE_RUNNING)},
        [CONTROL_LIMIT] = {do_limit, .phases = IN(PHASE_RUNNING)},
        [CONTROL_EXEC] = {do_exec, .phases = IN(PHASE_RUNNING)},
        [CONTROL_EXEC_KILL] = {do_exec_kill, .phases = IN(PHASE_RUNNING) | IN(PHASE_ENDING)},
        [CONTROL_ATTACH] = {do_attach, .phases = IN(PHASE_RUNNING)},
        [CONTROL_FORGET] = {do_forget, .phases = IN(PHASE_EXITED)},
        [CONTROL_LIST] = {do_list},
};

static void dispatch(Connection *connection, ControlMessage *message) {
        const struct Gate *gate = &gates[message->type];
        Sandbox *sandbox = NULL;

        if (!gate->handle || gate->before_hello == connection->greeted) {
                log_warning("Disconnecting sbxd: %s out of turn",
                            control_table[message->type].name);
                connection_break(connection);
                return;
        }
        if (gate->phases != 0) {
                sandbox = helper_find(connection->helper, &message->id);
                if (!sandbox || sandbox->quiet) {
                        refuse(connection, message, -ENOENT, "no such sandbox");
                        return;
                }
                if ((gate->phases & IN(sandbox->phase)) == 0) {
                        refuse(connection, message, -EBUSY, sandbox_phase_name(sandbox->phase));
                        return;
                }
        }
        gate->handle(connection, sandbox, message);
}

static void on_event(void *userdata, uint32_t events) {
        Connection *connection = userdata;
        ControlMessage message;
        int r;

        if ((events & EPOLLOUT) != 0 && !connection->broken) {
                connection_flush(connection);
        }
        if (!connection->broken && (events & EPOLLIN) != 0) {
                r = control_receive(connection->fd, CONTROL_DOWN, &message, MSG_DONTWAIT);
                if (r == 1) {
                        dispatch(connection, &message);
                        control_message_done(&message);
                        return;
                }
                if (r == -EAGAIN) {
                        return;
                }
                if (r < 0) {
                        (void) log_warning_fault(r, "Disconnecting sbxd: bad message: %m");
                }
                connection->broken = true;
        }
        if (connection->broken || (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) {
                connection_drop(connection->helper);
        }
}

void connection_drop(Helper *helper) {
        Connection *connection = TAKE(helper->connection);

        if (!connection) {
                return;
        }
        log_debug("sbxd has disconnected");
        connection->watch = watch_free(connection->watch);
        (void) fd_close(connection->fd);
        while (connection->first) {
                Queued *queued = connection->first;

                connection->first = queued->next;
                queued_free(queued);
        }
        free(connection);
        for (Sandbox *sandbox = helper->sandboxes; sandbox; sandbox = sandbox->next) {
                sandbox_abandon(sandbox);
        }
}

static int check_peer(int fd) {
        struct ucred peer = {};
        socklen_t size = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
                return negative_errno();
        }
        if (peer.uid != 0) {
                log_warning("Refused a connection from uid %u, pid %d: root alone may connect",
                            peer.uid, (int) peer.pid);
                return -EPERM;
        }
        return 0;
}

static int connection_new(Helper *helper, int *fd, Connection **ret) {
        _cleanup_free_ Connection *connection = calloc(1, sizeof(*connection));
        int r;

        if (!connection) {
                return -ENOMEM;
        }
        connection->helper = helper;
        connection->fd = *fd;
        r = watch_new(helper->loop, *fd, EPOLLIN | EPOLLRDHUP, on_event, connection,
                      &connection->watch);
        if (r < 0) {
                return r;
        }
        (void) fd_take(fd);
        *ret = TAKE(connection);
        return 0;
}

void connection_accept(Helper *helper) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = accept4(helper->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
                if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
                        (void) log_warning_fault(errno, "Failed to accept a connection: %m");
                }
                return;
        }
        if (check_peer(fd) < 0) {
                return;
        }
        /* The old one is dead or stuck: root has started another sbxd. */
        connection_drop(helper);
        r = connection_new(helper, &fd, &helper->connection);
        if (r < 0) {
                (void) log_fault(r, "Failed to serve a connection: %m");
                return;
        }
        helper->idle_watch = watch_free(helper->idle_watch);
        log_debug("sbxd has connected");
}
