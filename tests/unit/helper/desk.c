/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desk.h"

#include "base/cgroup.h"
#include "base/log.h"
#include "base/record.h"
#include "base/str.h"
#include "wire/plan.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRESENT(plan, kind, ...) \
        ck_assert_int_eq(plan_add((plan), (kind), OP_ORIGIN_NONE, PLACE_NONE, ##__VA_ARGS__), 0)

static void address_of(const Desk *desk, struct sockaddr_un *ret) {
        *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
        ck_assert_uint_lt(strlen(desk->socket_path), sizeof(ret->sun_path));
        memcpy(ret->sun_path, desk->socket_path, strlen(desk->socket_path));
}

static void exec_helper(const Desk *desk, int listening, const char *extra) {
        const char *build = getenv("SBX_BUILD_ROOT");
        _cleanup_free_ char *path = strf("%s/src/sbx-helper", build);
        _cleanup_free_ char *relay = strf("--relay=%s/src/sbx-relay", build);
        _cleanup_free_ char *runtime = strf("--runtime-dir=%s", desk->runtime);
        _cleanup_free_ char *pid = strf("LISTEN_PID=%d", (int) getpid());
        char *const argv[] = {(char *) (uintptr_t) "sbx-helper",
                              runtime,
                              relay,
                              (char *) (uintptr_t) "--exit-idle",
                              (char *) (uintptr_t) "--log-level=err",
                              (char *) (uintptr_t) extra,
                              NULL};
        char *const environment[] = {(char *) (uintptr_t) "LISTEN_FDS=1", pid, NULL};

        if (!path || !relay || !runtime || !pid || dup2(listening, 3) < 0 ||
            fd_set_cloexec(3, false) < 0) {
                _exit(120);
        }
        (void) execve(path, argv, environment);
        _exit(121);
}

void desk_make(Desk *desk, const char *extra) {
        struct sockaddr_un address;
        int listening;

        *desk = (Desk){.socket = -EBADF};
        bed_make(&desk->bed, NULL);
        (void) snprintf(desk->runtime, sizeof(desk->runtime), "%s/run", desk->bed.folder);
        (void) snprintf(desk->socket_path, sizeof(desk->socket_path), "%s/socket",
                        desk->bed.folder);
        listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(listening, 0);
        address_of(desk, &address);
        ck_assert_int_eq(bind(listening, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(listen(listening, 8), 0);
        desk->helper = fork();
        ck_assert_int_ge(desk->helper, 0);
        if (desk->helper == 0) {
                exec_helper(desk, listening, extra);
        }
        (void) fd_close(listening);
}

static int count_in(const char *directory, const char *name) {
        _cleanup_free_ char *path = strf("%s/%s", directory, name);
        DIR *dir = opendir(path);
        int n = 0;

        if (!dir) {
                return 0;
        }
        for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
                n += entry->d_name[0] != '.';
        }
        (void) closedir(dir);
        return n;
}

void desk_check_clean(const Desk *desk) {
        CgroupMode mode = cgroup_mode_detect();

        ck_assert_int_eq(count_in(desk->runtime, "ids"), 0);
        for (int i = 0; i < _CGROUP_HIERARCHY_MAX; i++) {
                _cleanup_free_ char *own = NULL;
                _cleanup_fd_ int fd = -EBADF;

                if (cgroup_of_pid(mode, 0, (CgroupHierarchy) i, &own) < 0) {
                        continue;
                }
                fd = cgroup_open(mode, (CgroupHierarchy) i, own);
                ck_assert(fd < 0 || faccessat(fd, "sbx/desk.sandbox", F_OK, 0) < 0);
        }
}

void desk_remove(Desk *desk) {
        int status = 0;

        desk_disconnect(desk);
        ck_assert_int_eq(waitpid(desk->helper, &status, 0), desk->helper);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "helper: status %#x",
                      (unsigned) status);
        desk_check_clean(desk);
        bed_remove(&desk->bed);
}

int desk_terminate(Desk *desk) {
        int status = 0;

        ck_assert_int_eq(kill(desk->helper, SIGTERM), 0);
        ck_assert_int_eq(waitpid(desk->helper, &status, 0), desk->helper);
        desk->socket = fd_close(desk->socket);
        return status;
}

int desk_open(const Desk *desk) {
        struct sockaddr_un address;
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        address_of(desk, &address);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

void desk_send(Desk *desk, ControlType type, unsigned id, uint64_t first, uint64_t second) {
        ControlMessage message = {.type = type, .serial = ++desk->serial, .id = desk_id(id)};

        message.numbers[0] = first;
        message.numbers[1] = second;
        ck_assert_int_eq(control_send(desk->socket, &message, 0), 0);
}

void desk_connect(Desk *desk) {
        ControlMessage answer;

        desk->socket = desk_open(desk);
        desk_send(desk, CONTROL_HELLO, 0, CONTROL_PROTOCOL_VERSION, WIRE_PLAN_VERSION);
        desk_expect(desk, CONTROL_HELLO, &answer);
        ck_assert_uint_eq(answer.numbers[HELLO_PROTOCOL], CONTROL_PROTOCOL_VERSION);
        ck_assert_uint_eq(answer.numbers[HELLO_PLAN], WIRE_PLAN_VERSION);
        ck_assert_uint_eq(strlen(answer.strings[0]), 36);
        control_message_done(&answer);
}

void desk_disconnect(Desk *desk) {
        desk->socket = fd_close(desk->socket);
}

SandboxId desk_id(unsigned number) {
        SandboxId id = {};

        id.bytes[0] = (uint8_t) number;
        return id;
}

Plan *desk_plan(const Desk *desk, const char *cgroup) {
        Plan *plan = plan_new();

        ck_assert_ptr_nonnull(plan);
        PRESENT(plan, OP_NAMESPACES,
                (uint64_t) (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
                            CLONE_NEWNET | CLONE_NEWUSER));
        PRESENT(plan, OP_ID_MAP, (uint64_t) OP_ID_BOTH, UINT64_C(0), OP_ID_PICK, UINT64_C(65536));
        if (cgroup) {
                PRESENT(plan, OP_CGROUP, cgroup);
                PRESENT(plan, OP_LIMIT, (uint64_t) LIMIT_TASKS_MAX, UINT64_C(64));
        }
        PRESENT(plan, OP_LAYER, (uint64_t) OP_LAYER_DIRECTORY, desk->bed.directory);
        PRESENT(plan, OP_OVERLAY, (uint64_t) OP_UPPER_TMPFS, UINT64_C(1) << 20);
        PRESENT(plan, OP_PROC, "/proc", (uint64_t) OP_PROC_PID);
        PRESENT(plan, OP_LOOPBACK);
        PRESENT(plan, OP_REAPER);
        for (uint64_t i = 0; i < 3; i++) {
                PRESENT(plan, OP_STDIO, i, (uint64_t) (i == 0 ? OP_STDIO_NULL : OP_STDIO_INHERIT),
                        i == 0 ? "" : "log");
        }
        return plan;
}

void plan_exec(Plan *plan, const char *script) {
        char *const argv[] = {(char *) (uintptr_t) "sh", (char *) (uintptr_t) "-c",
                              (char *) (uintptr_t) script, NULL};

        PRESENT(plan, OP_EXEC, "/bin/sh", argv, UINT64_C(0));
}

Plan *desk_plan_of(const Desk *desk, const char *script) {
        Plan *plan = desk_plan(desk, DESK_NAME);

        plan_exec(plan, script);
        return plan;
}

static void send_plan(Desk *desk, ControlMessage *message, const Plan *plan) {
        message->fds[0] = wire_plan_seal(plan);
        message->n_fds = 1;
        ck_assert_int_ge(message->fds[0], 0);
        ck_assert_int_eq(control_send(desk->socket, message, 0), 0);
        control_message_done(message);
}

void desk_start(Desk *desk, unsigned id, const char *name, const Plan *plan) {
        ControlMessage message = {
                .type = CONTROL_START, .serial = ++desk->serial, .id = desk_id(id)};

        (void) snprintf(message.strings[0], sizeof(message.strings[0]), "%s", name);
        send_plan(desk, &message, plan);
}

void desk_exec(Desk *desk, unsigned id, uint64_t exec, const char *script) {
        ControlMessage message = {
                .type = CONTROL_EXEC, .serial = ++desk->serial, .id = desk_id(id)};
        _cleanup_(plan_freep) Plan *plan = plan_new();

        message.numbers[EXEC_ID] = exec;
        for (uint64_t i = 0; i < 3; i++) {
                PRESENT(plan, OP_STDIO, i, (uint64_t) OP_STDIO_NULL, "");
        }
        plan_exec(plan, script);
        send_plan(desk, &message, plan);
}

static void receive(Desk *desk, ControlType type, ControlMessage *message) {
        struct pollfd wait = {.fd = desk->socket, .events = POLLIN};
        int r;

        ck_assert_msg(poll(&wait, 1, DESK_PATIENCE_MSEC) == 1, "no %s came",
                      control_table[type].name);
        r = control_receive(desk->socket, CONTROL_UP, message, 0);
        ck_assert_msg(r == 1, "waiting for %s: %d", control_table[type].name, r);
}

void desk_expect_past(Desk *desk, ControlType past, ControlType type, ControlMessage *keep) {
        ControlMessage message;

        receive(desk, type, &message);
        while (message.type == past) {
                control_message_done(&message);
                receive(desk, type, &message);
        }
        ck_assert_msg(message.type == type, "%s instead of %s (%llu %llu %llu %s)",
                      control_table[message.type].name, control_table[type].name,
                      (unsigned long long) message.numbers[0],
                      (unsigned long long) message.numbers[1],
                      (unsigned long long) message.numbers[2], message.strings[0]);
        if (keep) {
                *keep = message;
        } else {
                control_message_done(&message);
        }
}

void desk_expect(Desk *desk, ControlType type, ControlMessage *keep) {
        desk_expect_past(desk, _CONTROL_MAX, type, keep);
}

void desk_expect_refused(Desk *desk, int fault) {
        ControlMessage message;

        desk_expect(desk, CONTROL_REFUSED, &message);
        ck_assert_int_eq((int) message.numbers[REFUSED_ERRNO], fault);
        ck_assert_uint_eq(message.serial, desk->serial);
        control_message_done(&message);
}

void desk_expect_exited(Desk *desk, unsigned id, int code, int status) {
        SandboxId expected = desk_id(id);
        ControlMessage message;

        desk_expect(desk, CONTROL_EXITED, &message);
        ck_assert_mem_eq(&message.id, &expected, sizeof(expected));
        ck_assert_int_eq((int) message.numbers[EXITED_CODE], code);
        ck_assert_int_eq((int) message.numbers[EXITED_STATUS], status);
        ck_assert_uint_gt(message.numbers[EXITED_USEC], 0);
        control_message_done(&message);
}

void desk_run(Desk *desk, unsigned id, const char *name, const Plan *plan,
              ControlMessage *running) {
        ControlMessage held;

        desk_start(desk, id, name, plan);
        desk_expect(desk, CONTROL_HELD, &held);
        ck_assert_uint_gt(held.numbers[HELD_PID], 0);
        ck_assert_uint_ge(held.numbers[HELD_UID_BASE], 524288);
        control_message_done(&held);
        desk_expect(desk, CONTROL_READY, NULL);
        desk_send(desk, CONTROL_GO, id, 0, 0);
        desk_expect(desk, CONTROL_RUNNING, running);
}

void desk_expect_end(int socket) {
        struct pollfd wait = {.fd = socket, .events = POLLIN};
        char byte;

        ck_assert_int_eq(poll(&wait, 1, DESK_PATIENCE_MSEC), 1);
        ck_assert_int_le(recv(socket, &byte, 1, 0), 0);
}

char *desk_log_records(const Desk *desk, const char *name) {
        _cleanup_free_ char *path = strf("%s/log/%s", desk->runtime, name);
        char *text = NULL;

        return file_read_at(AT_FDCWD, path, 4u << 20, &text, NULL) < 0 ? NULL : text;
}

char *desk_log(const Desk *desk, const char *name) {
        _cleanup_free_ char *records = desk_log_records(desk, name);
        _cleanup_(str_done) Str out = STR_INIT;
        size_t size, done = 0;
        Record record;

        while (records &&
               (size = record_parse(records + done, strlen(records + done), &record)) > 0) {
                ck_assert_int_eq(str_append_n(&out, record.message, record.size), 0);
                ck_assert_int_eq(str_append_char(&out, '\n'), 0);
                done += size;
        }
        return records ? str_take(&out) : NULL;
}

void desk_expect_failed(Desk *desk, Step step, int fault, int64_t op) {
        ControlMessage message;

        desk_expect(desk, CONTROL_FAILED, &message);
        ck_assert_str_eq(step_name((Step) message.numbers[FAILED_STEP]), step_name(step));
        ck_assert_int_eq((int) message.numbers[FAILED_ERRNO], fault);
        ck_assert_int_eq((int64_t) message.numbers[FAILED_OP], op);
        control_message_done(&message);
        /* Told only when all is gone. */
        desk_check_clean(desk);
        desk_send(desk, CONTROL_LIST, 0, 0, 0);
        desk_expect(desk, CONTROL_LISTED, NULL);
}
