/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/control.h"

#include "base/fd.h"

#include <check.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t n_numbers(ControlType type) {
        size_t n = 0;

        while (control_table[type].numbers[n]) {
                n++;
        }
        return n;
}

static size_t n_strings(ControlType type) {
        size_t n = 0;

        while (control_table[type].strings[n]) {
                n++;
        }
        return n;
}

/* least: zeros and empty strings; else all ones and strings as long as they may be */
static ControlMessage *sample(ControlType type, bool least) {
        ControlMessage *message = calloc(1, sizeof(*message));

        ck_assert_ptr_nonnull(message);
        message->type = type;
        message->serial = least ? 0 : UINT32_MAX;
        memset(message->id.bytes, least ? 0 : 0xff, sizeof(message->id.bytes));
        for (size_t i = 0; i < n_numbers(type); i++) {
                message->numbers[i] = least ? 0 : UINT64_MAX - i;
        }
        for (size_t i = 0; i < n_strings(type); i++) {
                memset(message->strings[i], 'x', least ? 0 : CONTROL_STRING_MAX - 1);
        }
        message->n_fds = control_table[type].fds_min;
        return message;
}

static void assert_equal(const ControlMessage *a, const ControlMessage *b) {
        ck_assert_int_eq((int) a->type, (int) b->type);
        ck_assert_uint_eq(a->serial, b->serial);
        ck_assert_mem_eq(a->id.bytes, b->id.bytes, sizeof(a->id.bytes));
        ck_assert_mem_eq(a->numbers, b->numbers, sizeof(a->numbers));
        for (size_t i = 0; i < CONTROL_STRINGS_MAX; i++) {
                ck_assert_str_eq(a->strings[i], b->strings[i]);
        }
}

static ControlDirection any_direction(ControlType type) {
        return control_table[type].direction == CONTROL_BOTH ? CONTROL_UP
                                                             : control_table[type].direction;
}

START_TEST(row_is_complete) {
        const ControlSchema *schema = &control_table[_i];

        ck_assert_ptr_nonnull(schema->name);
        ck_assert_ptr_nonnull(schema->summary);
        ck_assert_int_ne((int) schema->direction, 0);
        ck_assert_uint_le(schema->fds_min, schema->fds_max);
        ck_assert_uint_le(schema->fds_max, CONTROL_FDS_MAX);
        ck_assert_uint_le(n_numbers((ControlType) _i), CONTROL_NUMBERS_MAX);
        ck_assert_uint_le(n_strings((ControlType) _i), CONTROL_STRINGS_MAX);
}
END_TEST

/* The indexes of control.h are those of the table. */
static const struct {
        ControlType type;
        size_t index;
        const char *name;
} indexes[] = {
        {CONTROL_HELLO, HELLO_PROTOCOL, "protocol"},
        {CONTROL_HELLO, HELLO_PLAN, "plan"},
        {CONTROL_KILL, KILL_SIGNAL, "signal"},
        {CONTROL_KILL, KILL_WHOM, "whom"},
        {CONTROL_FREEZE, FREEZE_FREEZE, "freeze"},
        {CONTROL_FROZEN, FROZEN_FROZEN, "frozen"},
        {CONTROL_LIMITED, LIMITED_ERRNO, "errno"},
        {CONTROL_LIMITED, LIMITED_OP, "op"},
        {CONTROL_OOM, OOM_KILLS, "kills"},
        {CONTROL_DEGRADED, DEGRADED_ORIGIN, "origin"},
        {CONTROL_DEGRADED, DEGRADED_ERRNO, "errno"},
        {CONTROL_EXEC, EXEC_ID, "exec"},
        {CONTROL_EXEC_KILL, EXEC_KILL_ID, "exec"},
        {CONTROL_EXEC_KILL, EXEC_KILL_SIGNAL, "signal"},
        {CONTROL_HELD, HELD_PID, "pid"},
        {CONTROL_HELD, HELD_RELAY_PID, "relay-pid"},
        {CONTROL_HELD, HELD_UID_BASE, "uid-base"},
        {CONTROL_HELD, HELD_SPAWNED_USEC, "spawned-usec"},
        {CONTROL_READY, READY_BUILT_USEC, "built-usec"},
        {CONTROL_FAILED, FAILED_STEP, "step"},
        {CONTROL_FAILED, FAILED_ERRNO, "errno"},
        {CONTROL_FAILED, FAILED_OP, "op"},
        {CONTROL_RUNNING, RUNNING_MAIN_PID, "main-pid"},
        {CONTROL_RUNNING, RUNNING_EXEC_USEC, "exec-usec"},
        {CONTROL_EXITED, EXITED_CODE, "code"},
        {CONTROL_EXITED, EXITED_STATUS, "status"},
        {CONTROL_EXITED, EXITED_OOM_KILLS, "oom-kills"},
        {CONTROL_EXITED, EXITED_USEC, "exited-usec"},
        {CONTROL_EXITED, EXITED_STEP, "step"},
        {CONTROL_EXITED, EXITED_ERRNO, "errno"},
        {CONTROL_EXITED, EXITED_OP, "op"},
        {CONTROL_EXEC_RUNNING, EXEC_RUNNING_ID, "exec"},
        {CONTROL_EXEC_RUNNING, EXEC_RUNNING_PID, "pid"},
        {CONTROL_EXEC_FAILED, EXEC_FAILED_ID, "exec"},
        {CONTROL_EXEC_FAILED, EXEC_FAILED_STEP, "step"},
        {CONTROL_EXEC_FAILED, EXEC_FAILED_ERRNO, "errno"},
        {CONTROL_EXEC_FAILED, EXEC_FAILED_OP, "op"},
        {CONTROL_EXEC_EXITED, EXEC_EXITED_ID, "exec"},
        {CONTROL_EXEC_EXITED, EXEC_EXITED_CODE, "code"},
        {CONTROL_EXEC_EXITED, EXEC_EXITED_STATUS, "status"},
        {CONTROL_SANDBOX, SANDBOX_STATE, "state"},
        {CONTROL_SANDBOX, SANDBOX_PID, "pid"},
        {CONTROL_SANDBOX, SANDBOX_MAIN_PID, "main-pid"},
        {CONTROL_SANDBOX, SANDBOX_RELAY_PID, "relay-pid"},
        {CONTROL_SANDBOX, SANDBOX_UID_BASE, "uid-base"},
        {CONTROL_SANDBOX, SANDBOX_SPAWNED_USEC, "spawned-usec"},
        {CONTROL_SANDBOX, SANDBOX_FREEZER, "freezer"},
        {CONTROL_LISTED, LISTED_COUNT, "count"},
        {CONTROL_REFUSED, REFUSED_ERRNO, "errno"},
};

START_TEST(indexes_are_the_table_s) {
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(indexes); i++) {
                ck_assert_str_eq(control_table[indexes[i].type].numbers[indexes[i].index],
                                 indexes[i].name);
        }
        for (ControlType type = 0; type < _CONTROL_MAX; type++) {
                n += n_numbers(type);
        }
        ck_assert_uint_eq(n, ELEMENTS(indexes));
}
END_TEST

START_TEST(every_message_comes_back) {
        ControlType type = (ControlType) (_i / 2);
        _cleanup_free_ ControlMessage *message = sample(type, _i % 2), *back = sample(type, false);
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes);

        ck_assert_int_eq(control_encode(message, bytes, &size), 0);
        ck_assert_int_eq(control_decode(bytes, size, any_direction(type), back), 0);
        assert_equal(message, back);
        ck_assert_uint_eq(back->n_fds, 0);
}
END_TEST

START_TEST(wrong_ways_are_refused) {
        ControlType type = (ControlType) _i;
        _cleanup_free_ ControlMessage *message = sample(type, true), *back = sample(type, true);
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes);

        ck_assert_int_eq(control_encode(message, bytes, &size), 0);
        for (ControlDirection way = CONTROL_DOWN; way <= CONTROL_UP; way++) {
                ck_assert_int_eq(control_decode(bytes, size, way, back),
                                 (control_table[type].direction & way) != 0 ? 0 : -EBADMSG);
        }
}
END_TEST

START_TEST(cuts_and_tails_are_refused) {
        ControlType type = (ControlType) _i;
        _cleanup_free_ ControlMessage *message = sample(type, false), *back = sample(type, true);
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes) - 1;

        ck_assert_int_eq(control_encode(message, bytes, &size), 0);
        for (size_t n = 0; n <= size + 1; n++) {
                _cleanup_free_ uint8_t *copy = malloc(n + 1);

                if (n == size) {
                        continue;
                }
                ck_assert_ptr_nonnull(copy);
                memcpy(copy, bytes, n);
                ck_assert_int_eq(control_decode(copy, n, any_direction(type), back), -EBADMSG);
                if (n >= 4) {
                        copy[2] = (uint8_t) n;
                        copy[3] = (uint8_t) (n >> 8);
                        ck_assert_int_eq(control_decode(copy, n, any_direction(type), back),
                                         -EBADMSG);
                }
        }
}
END_TEST

START_TEST(flipped_bits_never_harm) {
        ControlType type = (ControlType) _i;
        _cleanup_free_ ControlMessage *message = sample(type, true), *back = sample(type, true);
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes);

        ck_assert_int_eq(control_encode(message, bytes, &size), 0);
        for (size_t bit = 0; bit < size * 8; bit++) {
                int r;

                bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
                r = control_decode(bytes, size, any_direction(type), back);
                ck_assert(r == 0 || r == -EBADMSG);
                if (r == 0) {
                        uint8_t again[CONTROL_SIZE_MAX];
                        size_t again_size = sizeof(again);

                        back->n_fds = control_table[back->type].fds_min;
                        ck_assert_int_eq(control_encode(back, again, &again_size), 0);
                        ck_assert_uint_eq(again_size, size);
                        ck_assert_mem_eq(again, bytes, size);
                }
                bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
        }
}
END_TEST

START_TEST(bad_strings_are_refused) {
        _cleanup_free_ ControlMessage *message = sample(CONTROL_START, true),
                                      *back = sample(CONTROL_START, true);
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes);

        memcpy(message->strings[0], "web", 4);
        ck_assert_int_eq(control_encode(message, bytes, &size), 0);
        bytes[size - 2] = '\0'; /* two of them */
        ck_assert_int_eq(control_decode(bytes, size, CONTROL_DOWN, back), -EBADMSG);
        bytes[size - 2] = 'b';
        bytes[size - 1] = 'x'; /* none */
        ck_assert_int_eq(control_decode(bytes, size, CONTROL_DOWN, back), -EBADMSG);
        bytes[size - 1] = '\0';
        ck_assert_int_eq(control_decode(bytes, size, CONTROL_DOWN, back), 0);
        ck_assert_str_eq(back->strings[0], "web");
}
END_TEST

START_TEST(strings_are_cut_when_sent) {
        _cleanup_free_ ControlMessage *message = sample(CONTROL_START, true),
                                      *back = sample(CONTROL_START, true);
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes), least = 8;

        memset(message->strings[0], 'y', CONTROL_STRING_MAX); /* no NUL anywhere */
        ck_assert_int_eq(control_encode(message, bytes, &size), 0);
        ck_assert_int_eq(control_decode(bytes, size, CONTROL_DOWN, back), 0);
        ck_assert_uint_eq(strlen(back->strings[0]), CONTROL_STRING_MAX - 1);
        ck_assert_int_eq(control_encode(message, bytes, &least), -EINVAL);
        message->type = _CONTROL_MAX;
        ck_assert_int_eq(control_encode(message, bytes, &size), -EINVAL);
}
END_TEST

/* -- over a socket, with descriptors -- */

static unsigned count_fds(void) {
        unsigned n = 0;

        for (int fd = 0; fd < 256; fd++) {
                n += fcntl(fd, F_GETFD) >= 0;
        }
        return n;
}

START_TEST(descriptors_are_counted) {
        ControlType type = (ControlType) (_i / (CONTROL_FDS_MAX + 2));
        size_t n_fds = (size_t) _i % (CONTROL_FDS_MAX + 2);
        bool fits = n_fds >= control_table[type].fds_min && n_fds <= control_table[type].fds_max;
        _cleanup_free_ ControlMessage *message = sample(type, false), *back = sample(type, true);
        int sockets[2], fds[CONTROL_FDS_MAX + 2];
        uint8_t bytes[CONTROL_SIZE_MAX];
        size_t size = sizeof(bytes);
        unsigned before;

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        for (size_t i = 0; i < ELEMENTS(fds); i++) {
                fds[i] = sockets[0];
        }
        before = count_fds();
        ck_assert_int_eq(control_encode(message, bytes, &size), 0);
        ck_assert_int_eq(fd_send(sockets[0], bytes, size, fds, n_fds, 0), 0);
        ck_assert_int_eq(control_receive(sockets[1], any_direction(type), back, 0),
                         fits ? 1 : -EBADMSG);
        if (fits) {
                assert_equal(message, back);
                ck_assert_uint_eq(back->n_fds, n_fds);
                for (size_t i = 0; i < n_fds; i++) {
                        ck_assert_int_eq(fcntl(back->fds[i], F_GETFD), FD_CLOEXEC);
                }
                control_message_done(back);
        }
        ck_assert_uint_eq(count_fds(), before);
        message->n_fds = n_fds;
        if (n_fds <= CONTROL_FDS_MAX) {
                memcpy(message->fds, fds, n_fds * sizeof(int));
                ck_assert_int_eq(control_send(sockets[0], message, 0), fits ? 0 : -EINVAL);
        }
        fd_close(sockets[0]);
        fd_close(sockets[1]);
}
END_TEST

START_TEST(ends_and_rubbish_are_told_apart) {
        _cleanup_free_ ControlMessage *back = sample(CONTROL_GO, true);
        int sockets[2];
        unsigned before;

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        before = count_fds();
        ck_assert_int_eq(control_receive(sockets[1], CONTROL_DOWN, back, MSG_DONTWAIT), -EAGAIN);
        ck_assert_int_eq(fd_send(sockets[0], "x", 1, NULL, 0, 0), 0);
        ck_assert_int_eq(control_receive(sockets[1], CONTROL_DOWN, back, 0), -EBADMSG);
        /* no byte, but a descriptor: not the end of file, and it may not stay open */
        ck_assert_int_eq(fd_send(sockets[0], "", 0, &sockets[0], 1, 0), 0);
        ck_assert_int_eq(control_receive(sockets[1], CONTROL_DOWN, back, 0), -EBADMSG);
        ck_assert_uint_eq(count_fds(), before);
        fd_close(sockets[0]);
        ck_assert_int_eq(control_receive(sockets[1], CONTROL_DOWN, back, 0), 0);
        fd_close(sockets[1]);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("wire/control");
        TCase *tcase = tcase_create("messages");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, row_is_complete, 0, _CONTROL_MAX);
        tcase_add_test(tcase, indexes_are_the_table_s);
        tcase_add_loop_test(tcase, every_message_comes_back, 0, _CONTROL_MAX * 2);
        tcase_add_loop_test(tcase, wrong_ways_are_refused, 0, _CONTROL_MAX);
        tcase_add_loop_test(tcase, cuts_and_tails_are_refused, 0, _CONTROL_MAX);
        tcase_add_loop_test(tcase, flipped_bits_never_harm, 0, _CONTROL_MAX);
        tcase_add_test(tcase, bad_strings_are_refused);
        tcase_add_test(tcase, strings_are_cut_when_sent);
        tcase_add_loop_test(tcase, descriptors_are_counted, 0,
                            _CONTROL_MAX * (CONTROL_FDS_MAX + 2));
        tcase_add_test(tcase, ends_and_rubbish_are_told_apart);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
