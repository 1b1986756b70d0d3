/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A real helper, driven over its socket: what it answers, what it refuses, what it survives and
 * what it leaves behind (nothing). Needs root. */

#include "desk.h"

#include "base/cgroup.h"
#include "base/str.h"
#include "helper/output.h"
#include "wire/plan.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME DESK_NAME

static Desk desk;

static void set_up(void) {
        desk_make(&desk, NULL);
        desk_connect(&desk);
}

static void tear_down(void) {
        desk_remove(&desk);
}

START_TEST(life_of_a_sandbox) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "echo out; echo err >&2; exit 7");
        _cleanup_free_ char *log = NULL;
        ControlMessage running;

        desk_run(&desk, 1, NAME, plan, &running);
        ck_assert_uint_eq(running.n_fds, 1);
        control_message_done(&running);
        desk_expect_exited(&desk, 1, CLD_EXITED, 7);
        log = desk_log(&desk, NAME ".log");
        ck_assert_ptr_nonnull(log);
        ck_assert_str_eq(log, "out\nerr\n");
        /* Nothing of it is left but the record. */
        desk_check_clean(&desk);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
        desk_send(&desk, CONTROL_LIST, 0, 0, 0);
        desk_expect(&desk, CONTROL_LISTED, NULL);
}
END_TEST

START_TEST(go_may_come_before_it_is_built) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exit 3");

        desk_start(&desk, 1, NAME, plan);
        desk_send(&desk, CONTROL_GO, 1, 0, 0);
        desk_expect(&desk, CONTROL_HELD, NULL);
        desk_expect(&desk, CONTROL_READY, NULL);
        desk_expect(&desk, CONTROL_RUNNING, NULL);
        desk_expect_exited(&desk, 1, CLD_EXITED, 3);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(nothing_runs_before_go) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "echo ran");
        struct pollfd wait = {.fd = desk.socket, .events = POLLIN};
        _cleanup_free_ char *log = NULL;

        desk_start(&desk, 1, NAME, plan);
        desk_expect(&desk, CONTROL_HELD, NULL);
        desk_expect(&desk, CONTROL_READY, NULL);
        ck_assert_int_eq(poll(&wait, 1, 300), 0);
        log = desk_log(&desk, NAME ".log");
        ck_assert_ptr_nonnull(log);
        ck_assert_str_eq(log, "");
        desk_send(&desk, CONTROL_KILL, 1, SIGTERM, KILL_ALL);
        desk_expect(&desk, CONTROL_FAILED, NULL);
}
END_TEST

static int64_t index_of(const Plan *plan, OpKind kind) {
        const Op *op = plan_find(plan, kind);

        ck_assert_ptr_nonnull(op);
        return op - plan->ops;
}

START_TEST(missing_layer_is_named) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exit 0");
        Op *layer = &plan->ops[index_of(plan, OP_LAYER)];

        free(layer->args[1].string);
        layer->args[1].string = strdup("/nowhere/at/all");
        desk_start(&desk, 1, NAME, plan);
        /* HELD comes only where init was made first. */
        desk_expect_failed(&desk, STEP_SOURCE, ENOENT, index_of(plan, OP_LAYER));
}
END_TEST

START_TEST(missing_program_is_named) {
        _cleanup_(plan_freep) Plan *plan = desk_plan(&desk, NAME);
        char *const argv[] = {(char *) (uintptr_t) "gone", NULL};

        ck_assert_int_eq(
                plan_add(plan, OP_EXEC, OP_ORIGIN_NONE, PLACE_NONE, "/bin/gone", argv, UINT64_C(0)),
                0);
        desk_start(&desk, 1, NAME, plan);
        desk_expect(&desk, CONTROL_HELD, NULL);
        desk_expect(&desk, CONTROL_READY, NULL);
        desk_send(&desk, CONTROL_GO, 1, 0, 0);
        desk_expect_failed(&desk, STEP_EXEC, ENOENT, index_of(plan, OP_EXEC));
}
END_TEST

START_TEST(limit_out_of_range_is_named) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exit 0");
        Op *limit = &plan->ops[index_of(plan, OP_LIMIT)];

        limit->args[0].u64 = LIMIT_CPU_WEIGHT;
        limit->args[1].u64 = 10001;
        desk_start(&desk, 1, NAME, plan);
        desk_expect_failed(&desk, STEP_CGROUP, ERANGE, index_of(plan, OP_LIMIT));
}
END_TEST

/* Descriptors that are no plan: each is a failed start, never the helper's end. */
START_TEST(bad_plan_is_a_failed_start) {
        static const char junk[] = "this is not a plan";
        const int faults[] = {EPERM, EBADMSG, EPERM};
        ControlMessage message = {.type = CONTROL_START, .serial = 9, .id = desk_id(1), .n_fds = 1};

        (void) snprintf(message.strings[0], sizeof(message.strings[0]), NAME);
        switch (_i) {
        case 0:
                message.fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
                break;
        case 1:
                message.fds[0] = memfd_sealed("junk", junk, sizeof(junk));
                break;
        default:
                message.fds[0] = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
                break;
        }
        ck_assert_int_ge(message.fds[0], 0);
        ck_assert_int_eq(control_send(desk.socket, &message, 0), 0);
        control_message_done(&message);
        desk_expect_failed(&desk, STEP_RECEIVE, faults[_i], -1);
}
END_TEST

static const struct Killing {
        int signal;
        uint64_t whom;
        int code, status;
} killings[] = {
        {SIGTERM, KILL_ALL, CLD_KILLED, SIGTERM},  {SIGKILL, KILL_ALL, CLD_KILLED, SIGKILL},
        {SIGTERM, KILL_MAIN, CLD_KILLED, SIGTERM}, {SIGUSR1, KILL_MAIN, CLD_KILLED, SIGUSR1},
        {SIGKILL, KILL_MAIN, CLD_KILLED, SIGKILL},
};

START_TEST(signals_reach_the_workload) {
        const struct Killing *c = &killings[_i];
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");

        desk_run(&desk, 1, NAME, plan, NULL);
        desk_send(&desk, CONTROL_KILL, 1, (uint64_t) c->signal, c->whom);
        desk_expect_exited(&desk, 1, c->code, c->status);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

static void expect_listed(uint64_t state, uint64_t count) {
        ControlMessage message;

        desk_send(&desk, CONTROL_LIST, 0, 0, 0);
        desk_expect(&desk, CONTROL_SANDBOX, &message);
        ck_assert_uint_eq(message.numbers[SANDBOX_STATE], state);
        ck_assert_str_eq(message.strings[0], NAME);
        ck_assert_uint_eq(message.n_fds, state == SANDBOX_IS_RUNNING ? 2 : 0);
        if (state == SANDBOX_IS_RUNNING) {
                ck_assert_uint_gt(message.numbers[SANDBOX_PID], 0);
                ck_assert_uint_gt(message.numbers[SANDBOX_MAIN_PID], 0);
                ck_assert_uint_gt(message.numbers[SANDBOX_SPAWNED_USEC], 0);
        }
        control_message_done(&message);
        if (state == SANDBOX_IS_EXITED) {
                desk_expect_exited(&desk, 1, CLD_EXITED, 5);
        }
        desk_expect(&desk, CONTROL_LISTED, &message);
        ck_assert_uint_eq(message.numbers[LISTED_COUNT], count);
}

static void wait_for_log(const char *expect) {
        for (int i = 0; i < 1000; i++) {
                _cleanup_free_ char *log = desk_log(&desk, NAME ".log");

                if (log && streq(log, expect)) {
                        return;
                }
                (void) poll(NULL, 0, 10);
        }
        {
                _cleanup_free_ char *log = desk_log(&desk, NAME ".log");

                ck_abort_msg("the log is %s, not %s", log ? log : "missing", expect);
        }
}

START_TEST(sandbox_survives_its_manager) {
        _cleanup_(plan_freep) Plan *plan =
                desk_plan_of(&desk, "trap 'exit 5' TERM; echo set; while :; do sleep 1; done");
        ControlMessage running;

        desk_run(&desk, 1, NAME, plan, &running);
        wait_for_log("set\n");
        desk_disconnect(&desk);
        desk_connect(&desk);
        expect_listed(SANDBOX_IS_RUNNING, 1);
        desk_disconnect(&desk);
        /* It ends while nobody listens. */
        ck_assert_int_eq(kill((pid_t) running.numbers[RUNNING_MAIN_PID], SIGTERM), 0);
        {
                struct pollfd ended = {.fd = running.fds[0], .events = POLLIN};

                ck_assert_int_eq(poll(&ended, 1, DESK_PATIENCE_MSEC), 1);
        }
        control_message_done(&running);
        (void) poll(NULL, 0, 300);
        desk_connect(&desk);
        expect_listed(SANDBOX_IS_EXITED, 1);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(start_without_go_ends_with_its_manager) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");
        struct pollfd ended = {.events = POLLIN};
        int old = desk.socket;
        ControlMessage held;

        desk_start(&desk, 1, NAME, plan);
        desk_expect(&desk, CONTROL_HELD, &held);
        desk_connect(&desk);
        (void) fd_close(old);
        desk_send(&desk, CONTROL_LIST, 0, 0, 0);
        desk_expect(&desk, CONTROL_LISTED, NULL);
        ended.fd = held.fds[0];
        ck_assert_int_eq(poll(&ended, 1, DESK_PATIENCE_MSEC), 1);
        control_message_done(&held);
        /* tear_down() sees the helper end, which it does not before all is clean */
}
END_TEST

START_TEST(one_more_program_runs_inside) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");
        ControlMessage message;

        desk_run(&desk, 1, NAME, plan, NULL);
        desk_exec(&desk, 1, 40, "exit 9");
        desk_expect(&desk, CONTROL_EXEC_RUNNING, &message);
        ck_assert_uint_eq(message.numbers[EXEC_RUNNING_ID], 40);
        control_message_done(&message);
        desk_expect(&desk, CONTROL_EXEC_EXITED, &message);
        ck_assert_uint_eq(message.numbers[EXEC_EXITED_ID], 40);
        ck_assert_int_eq((int) message.numbers[EXEC_EXITED_CODE], CLD_EXITED);
        ck_assert_int_eq((int) message.numbers[EXEC_EXITED_STATUS], 9);
        desk_exec(&desk, 1, 41, "exec sleep 1000");
        desk_expect(&desk, CONTROL_EXEC_RUNNING, &message);
        ck_assert_uint_gt(message.numbers[EXEC_RUNNING_PID], 0);
        desk_exec(&desk, 1, 41, "exit 0");
        desk_expect_refused(&desk, EEXIST);
        desk_send(&desk, CONTROL_EXEC_KILL, 1, 41, SIGTERM);
        desk_expect(&desk, CONTROL_EXEC_EXITED, &message);
        ck_assert_int_eq((int) message.numbers[EXEC_EXITED_STATUS], SIGTERM);
        /* Programs end with their sandbox. */
        desk_exec(&desk, 1, 42, "exec sleep 1000");
        desk_expect(&desk, CONTROL_EXEC_RUNNING, NULL);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect(&desk, CONTROL_EXEC_EXITED, NULL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(exec_stands_in_the_same_cgroups) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");
        CgroupMode mode = cgroup_mode_detect();
        ControlMessage running, program;

        desk_run(&desk, 1, NAME, plan, &running);
        desk_exec(&desk, 1, 1, "exec sleep 1000");
        desk_expect(&desk, CONTROL_EXEC_RUNNING, &program);
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                _cleanup_free_ char *main = NULL, *other = NULL;

                if (cgroup_of_pid(mode, (pid_t) running.numbers[RUNNING_MAIN_PID],
                                  (CgroupHierarchy) i, &main) < 0) {
                        continue;
                }
                ck_assert_int_eq(cgroup_of_pid(mode, (pid_t) program.numbers[EXEC_RUNNING_PID],
                                               (CgroupHierarchy) i, &other),
                                 0);
                ck_assert_str_eq(main, other);
                ck_assert(i != CGROUP_HIERARCHY_PIDS || endswith(main, "/" NAME));
        }
        control_message_done(&running);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect(&desk, CONTROL_EXEC_EXITED, NULL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(memory_limit_kills_and_is_counted) {
        _cleanup_(plan_freep) Plan *plan = desk_plan(&desk, NAME);
        ControlMessage message;
        Op *limit = &plan->ops[index_of(plan, OP_LIMIT)];

        limit->args[0].u64 = LIMIT_MEMORY_MAX;
        limit->args[1].u64 = 16u << 20;
        plan_exec(plan, "x=$(echo 0123456789abcdef); while :; do x=$x$x; done");
        desk_run(&desk, 1, NAME, plan, NULL);
        /* on a slow machine it is seen before the end */
        desk_expect_past(&desk, CONTROL_OOM, CONTROL_EXITED, &message);
        ck_assert_int_eq((int) message.numbers[EXITED_CODE], CLD_KILLED);
        ck_assert_int_eq((int) message.numbers[EXITED_STATUS], SIGKILL);
        ck_assert_uint_ge(message.numbers[EXITED_OOM_KILLS], 1);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

/* What is killed beside the workload is told at once, again to an sbxd that comes later, and is not
 * taken for what ended the workload. */
START_TEST(memory_limit_kills_another) {
        _cleanup_(plan_freep) Plan *plan = desk_plan(&desk, NAME);
        ControlMessage message;
        Op *limit = &plan->ops[index_of(plan, OP_LIMIT)];

        limit->args[0].u64 = LIMIT_MEMORY_MAX;
        limit->args[1].u64 = 16u << 20;
        plan_exec(plan, "(x=$(echo 0123456789abcdef); while :; do x=$x$x; done) | sleep 1000");
        desk_run(&desk, 1, NAME, plan, NULL);
        desk_expect(&desk, CONTROL_OOM, &message);
        ck_assert_uint_eq(message.numbers[OOM_KILLS], 1);
        desk_disconnect(&desk);
        desk_connect(&desk);
        desk_send(&desk, CONTROL_LIST, 0, 0, 0);
        desk_expect(&desk, CONTROL_SANDBOX, NULL);
        desk_expect(&desk, CONTROL_OOM, &message);
        ck_assert_uint_eq(message.numbers[OOM_KILLS], 1);
        desk_expect(&desk, CONTROL_LISTED, NULL);
        (void) poll(NULL, 0, 1500);
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect(&desk, CONTROL_EXITED, &message);
        ck_assert_uint_eq(message.numbers[EXITED_OOM_KILLS], 0);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

static int free_port(void) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        _cleanup_fd_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_eq(bind(fd, (struct sockaddr *) &address, size), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &address, &size), 0);
        return ntohs(address.sin_port);
}

/* What one connection to the port says until its end. */
static void fetch(int port, const char *expect) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((in_port_t) port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        char text[64];
        size_t n = 0;

        /* The server inside may not have come up: until then connections are reset. */
        for (int i = 0; i < 200 && n == 0; i++) {
                _cleanup_fd_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                ssize_t got;

                /* The reset may come while connect() still sleeps: then it is connect() that fails.
                 */
                ck_assert_msg(connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0 ||
                                      errno == ECONNRESET,
                              "attempt %d: %s", i, strerror(errno));
                while (n < sizeof(text) - 1 &&
                       (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0) {
                        n += (size_t) got;
                }
                if (n == 0) {
                        (void) poll(NULL, 0, 20);
                }
        }
        text[n] = '\0';
        ck_assert_str_eq(text, expect);
}

/* bind: a folder of the host's to be seen at /mnt, or NULL. */
static Plan *plan_with_port(int port, const char *target, const char *bind) {
        Plan *plan = desk_plan(&desk, NAME), *result = plan_new();
        _cleanup_free_ char *listening = strf("127.0.0.1:%d", port);

        /* LISTEN stands before the root's ops. */
        for (size_t i = 0; i < plan->n_ops; i++) {
                Op *op;

                if (plan->ops[i].kind == OP_LAYER) {
                        ck_assert_int_eq(plan_add(result, OP_LISTEN, OP_ORIGIN_NONE, PLACE_NONE,
                                                  "http", listening, target),
                                         0);
                }
                if (plan->ops[i].kind == OP_PROC && bind) {
                        ck_assert_int_eq(plan_add(result, OP_BIND, OP_ORIGIN_NONE, PLACE_NONE, bind,
                                                  "/mnt", UINT64_C(0)),
                                         0);
                }
                ck_assert_int_eq(plan_add_empty(result, plan->ops[i].kind, OP_ORIGIN_NONE, &op), 0);
                memcpy(op->args, plan->ops[i].args, sizeof(op->args));
                memset(plan->ops[i].args, 0, sizeof(plan->ops[i].args));
        }
        plan->n_ops = 0; /* its arguments have moved */
        plan_free(plan);
        return result;
}

START_TEST(published_port_is_served_until_the_relay_dies) {
        int port = free_port();
        _cleanup_(plan_freep) Plan *plan = plan_with_port(port, "8080", NULL);
        ControlMessage held;

        plan_exec(plan, "while :; do echo hello | nc -l -p 8080; done");
        desk_start(&desk, 1, NAME, plan);
        desk_expect(&desk, CONTROL_HELD, &held);
        ck_assert_uint_gt(held.numbers[HELD_RELAY_PID], 0);
        desk_expect(&desk, CONTROL_READY, NULL);
        desk_send(&desk, CONTROL_GO, 1, 0, 0);
        desk_expect(&desk, CONTROL_RUNNING, NULL);
        fetch(port, "hello\n");
        ck_assert_int_eq(kill((pid_t) held.numbers[HELD_RELAY_PID], SIGKILL), 0);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        control_message_done(&held);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

/* The path is of the sandbox's root: what lies there is a folder of the host's, with a socket in
 * it. */
START_TEST(port_leads_to_a_path_inside) {
        _cleanup_free_ char *folder = strf("%s/sockets", desk.bed.folder);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_fd_ int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer = -EBADF;
        _cleanup_(plan_freep) Plan *plan = NULL;
        int port = free_port();
        pid_t client;

        ck_assert_int_eq(mkdir(folder, 0755), 0);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/x", folder);
        ck_assert_int_eq(bind(server, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(chmod(address.sun_path, 0666), 0);
        ck_assert_int_eq(listen(server, 1), 0);
        plan = plan_with_port(port, "/mnt/x", folder);
        plan_exec(plan, "exec sleep 1000");
        desk_run(&desk, 1, NAME, plan, NULL);
        client = fork();
        if (client == 0) {
                fetch(port, "by path\n");
                _exit(0);
        }
        peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        ck_assert_int_ge(peer, 0);
        ck_assert_int_eq(fd_write_all(peer, "by path\n", 8), 0);
        peer = fd_close(peer);
        {
                int status = -1;

                ck_assert_int_eq(waitpid(client, &status, 0), client);
                ck_assert_int_eq(status, 0);
        }
        desk_send(&desk, CONTROL_KILL, 1, SIGKILL, KILL_ALL);
        desk_expect_exited(&desk, 1, CLD_KILLED, SIGKILL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(init_killed_while_building_is_a_failed_start) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(&desk, "exec sleep 1000");
        ControlMessage message;

        for (int i = 0; i < 20; i++) {
                desk_start(&desk, 1, NAME, plan);
                desk_expect(&desk, CONTROL_HELD, &message);
                ck_assert_int_eq(kill((pid_t) message.numbers[HELD_PID], SIGKILL), 0);
                control_message_done(&message);
                do {
                        struct pollfd wait = {.fd = desk.socket, .events = POLLIN};

                        ck_assert_int_eq(poll(&wait, 1, DESK_PATIENCE_MSEC), 1);
                        ck_assert_int_eq(control_receive(desk.socket, CONTROL_UP, &message, 0), 1);
                        control_message_done(&message);
                } while (message.type == CONTROL_READY);
                ck_assert_int_eq(message.type, CONTROL_FAILED);
                desk_check_clean(&desk);
        }
}
END_TEST

START_TEST(many_at_a_time) {
        enum { N = 12 };
        unsigned held = 0, exited = 0;

        for (unsigned i = 1; i <= N; i++) {
                _cleanup_free_ char *name = strf("many-%u.sandbox", i);
                _cleanup_(plan_freep) Plan *plan = desk_plan(&desk, name);

                plan_exec(plan, "exit 1");
                desk_start(&desk, i, name, plan);
                desk_send(&desk, CONTROL_GO, i, 0, 0);
        }
        while (exited < N) {
                struct pollfd wait = {.fd = desk.socket, .events = POLLIN};
                ControlMessage message;

                ck_assert_int_eq(poll(&wait, 1, DESK_PATIENCE_MSEC), 1);
                ck_assert_int_eq(control_receive(desk.socket, CONTROL_UP, &message, 0), 1);
                held += message.type == CONTROL_HELD;
                exited += message.type == CONTROL_EXITED;
                ck_assert_msg(message.type != CONTROL_FAILED, "%s", message.strings[0]);
                if (message.type == CONTROL_EXITED) {
                        ck_assert_int_eq((int) message.numbers[EXITED_STATUS], 1);
                        desk_send(&desk, CONTROL_FORGET, message.id.bytes[0], 0, 0);
                }
                control_message_done(&message);
        }
        ck_assert_uint_eq(held, N);
}
END_TEST

START_TEST(log_is_bounded) {
        _cleanup_(plan_freep) Plan *plan =
                desk_plan_of(&desk, "line=$(printf %0200d 0); i=0; while [ $i -lt 7000 ]; do echo "
                                    "$i $line; i=$((i+1)); done; "
                                    "printf 'the last line'");
        _cleanup_free_ char *log = NULL, *old = NULL;

        desk_run(&desk, 1, NAME, plan, NULL);
        desk_expect_exited(&desk, 1, CLD_EXITED, 0);
        log = desk_log_records(&desk, NAME ".log");
        old = desk_log_records(&desk, NAME ".log.1");
        ck_assert_ptr_nonnull(log);
        ck_assert_ptr_nonnull(old);
        ck_assert_uint_le(strlen(log), LOG_FILE_MAX);
        ck_assert_uint_le(strlen(old), LOG_FILE_MAX);
        ck_assert(endswith(log, " 6 . the last line\n") != NULL);
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(log_has_a_rate) {
        _cleanup_(plan_freep) Plan *plan = desk_plan_of(
                &desk, "i=0; while [ $i -lt 10321 ]; do echo '<3>x'; i=$((i+1)); done");
        _cleanup_free_ char *log = NULL;
        size_t lines = 0;

        desk_run(&desk, 1, "rate.sandbox", plan, NULL);
        desk_expect_exited(&desk, 1, CLD_EXITED, 0);
        log = desk_log_records(&desk, "rate.sandbox.log");
        ck_assert_ptr_nonnull(log);
        for (const char *p = log; (p = strstr(p, " 3 . x\n")); p++) {
                lines++;
        }
        ck_assert_uint_eq(lines, OUTPUT_RATE_BURST);
        ck_assert_ptr_nonnull(strstr(log, "Suppressed 321 lines of output of rate.sandbox\n"));
        desk_send(&desk, CONTROL_FORGET, 1, 0, 0);
}
END_TEST

START_TEST(helper_runs_from_a_sealed_copy) {
        _cleanup_free_ char *link = strf("/proc/%d/exe", (int) desk.helper);
        _cleanup_fd_ int exe = -EBADF;
        char target[128] = "";
        struct stat st;

        ck_assert_int_gt(readlink(link, target, sizeof(target) - 1), 0);
        ck_assert_str_eq(target, "/memfd:sbx-helper (deleted)");
        exe = open(link, O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(exe, 0);
        ck_assert_int_eq(memfd_check_sealed(exe), 0);
        /* Not dumpable: its files in /proc are root's whoever runs it, and its memory nobody's. */
        {
                _cleanup_free_ char *environ_path = strf("/proc/%d/environ", (int) desk.helper);
                _cleanup_free_ char *text = NULL;

                ck_assert_int_eq(stat(environ_path, &st), 0);
                ck_assert_int_eq((int) st.st_uid, 0);
                ck_assert_int_eq(file_read_at(AT_FDCWD, environ_path, 65536, &text, NULL), 0);
                ck_assert_ptr_null(strstr(text, "SECRET"));
        }
}
END_TEST

/* On its own: the helper that goes. */
START_TEST(terminated_helper_leaves_the_running_alone) {
        _cleanup_(plan_freep) Plan *plan = NULL, *waiting = NULL;
        ControlMessage running, held;
        struct pollfd ended = {.events = POLLIN};
        int status;

        desk_make(&desk, NULL);
        desk_connect(&desk);
        plan = desk_plan_of(&desk, "exec sleep 1000");
        waiting = desk_plan(&desk, "waiting.sandbox");
        plan_exec(waiting, "exec sleep 1000");
        desk_run(&desk, 1, NAME, plan, &running);
        desk_start(&desk, 2, "waiting.sandbox", waiting);
        desk_expect(&desk, CONTROL_HELD, &held);
        status = desk_terminate(&desk);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x",
                      (unsigned) status);
        ended.fd = held.fds[0];
        ck_assert_int_eq(poll(&ended, 1, DESK_PATIENCE_MSEC), 1);
        ended.fd = running.fds[0];
        ck_assert_int_eq(poll(&ended, 1, 0), 0);
        control_message_done(&held);
        bed_remove(&desk.bed);
        /* The next helper's janitor ends what stands in the direct cgroups. */
        desk_make(&desk, NULL);
        ck_assert_int_eq(poll(&ended, 1, DESK_PATIENCE_MSEC), 1);
        control_message_done(&running);
        desk_connect(&desk);
        desk_remove(&desk);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("helper/loop");
        TCase *driven = tcase_create("driven"), *alone = tcase_create("alone");
        SRunner *runner;
        int failed;

        tcase_set_timeout(driven, 120);
        tcase_add_checked_fixture(driven, set_up, tear_down);
        tcase_add_test(driven, life_of_a_sandbox);
        tcase_add_test(driven, go_may_come_before_it_is_built);
        tcase_add_test(driven, nothing_runs_before_go);
        tcase_add_test(driven, missing_layer_is_named);
        tcase_add_test(driven, missing_program_is_named);
        tcase_add_test(driven, limit_out_of_range_is_named);
        tcase_add_loop_test(driven, bad_plan_is_a_failed_start, 0, 3);
        tcase_add_loop_test(driven, signals_reach_the_workload, 0, (int) ELEMENTS(killings));
        tcase_add_test(driven, sandbox_survives_its_manager);
        tcase_add_test(driven, start_without_go_ends_with_its_manager);
        tcase_add_test(driven, one_more_program_runs_inside);
        tcase_add_test(driven, exec_stands_in_the_same_cgroups);
        tcase_add_test(driven, memory_limit_kills_and_is_counted);
        tcase_add_test(driven, memory_limit_kills_another);
        tcase_add_test(driven, published_port_is_served_until_the_relay_dies);
        tcase_add_test(driven, port_leads_to_a_path_inside);
        tcase_add_test(driven, init_killed_while_building_is_a_failed_start);
        tcase_add_test(driven, many_at_a_time);
        tcase_add_test(driven, log_is_bounded);
        tcase_add_test(driven, log_has_a_rate);
        tcase_add_test(driven, helper_runs_from_a_sealed_copy);
        suite_add_tcase(suite, driven);
        tcase_set_timeout(alone, 120);
        tcase_add_test(alone, terminated_helper_leaves_the_running_alone);
        suite_add_tcase(suite, alone);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
