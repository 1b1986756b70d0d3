/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"
#include "bus/setting.h"

#include <check.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <unistd.h>

/* What systemd is sent for a property, printed as "signature: values". */

static ValueItem items[] = {
        {.text = (char *) "/dev/fuse", .second = (char *) "rw"},
        {.text = (char *) "char-pts", .second = (char *) "rwm"},
};

static ValueItem ranges[] = {{.text = (char *) "localhost"}, {.text = (char *) "10.1.0.0/16"}};

static ValueItem disk = {.text = (char *) "/dev/sda", .size = 70};

static const struct Case {
        ScopeSetting setting;
        const char *expected;
} cases[] = {
        {{.name = "MemoryMax", .signature = "t", .number = UINT64_MAX - 1},
         "t: 18446744073709551614"},
        {{.name = "IPAccounting", .signature = "b", .number = 7}, "b: 1"},
        {{.name = "Slice", .signature = "s", .text = "sbx.slice"}, "s: sbx.slice"},
        {{.name = "Slice", .signature = "s"}, "s: "},
        {{.name = "AllowedCPUs", .signature = "ay", .set = {{0x0f, 0x81}}}, "ay: 15 129"},
        {{.name = "IOReadIOPSMax", .signature = "a(st)", .list = {&disk, 1}}, "a(st): /dev/sda 70"},
        {{.name = "DelegateControllers", .signature = "as", .list = {items, 2}},
         "as: /dev/fuse char-pts"},
        {{.name = "DeviceAllow", .signature = "a(ss)"}, "a(ss):"},
        {{.name = "IPAddressDeny", .signature = "a(iayu)"}, "a(iayu):"},
        {{.name = "IPAddressAllow", .signature = "a(iayu)", .list = {ranges, 2}},
         "a(iayu): 2 127 0 0 0 8 10 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 128 2 10 1 0 0 16"},
        {{.name = "DeviceAllow", .signature = "a(ss)", .list = {items, 2}},
         "a(ss): /dev/fuse rw char-pts rwm"},
};

static sd_bus *bus_open(int *ret_peer) {
        sd_bus *bus = NULL;
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
                         0);
        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(bus, fds[0], fds[0]), 0);
        ck_assert_int_ge(sd_bus_start(bus), 0);
        *ret_peer = fds[1];
        return bus;
}

/* The basic values of whatever is entered, flattened. */
static void print(sd_bus_message *message, Str *out) {
        const char *contents;
        char type;

        while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
                union {
                        uint64_t t;
                        uint32_t u;
                        uint8_t y;
                        int b;
                        const char *s;
                } value = {};

                if (type == 'a' || type == 'r') {
                        ck_assert_int_gt(sd_bus_message_enter_container(message, type, contents),
                                         0);
                        print(message, out);
                        ck_assert_int_ge(sd_bus_message_exit_container(message), 0);
                        continue;
                }
                ck_assert_int_gt(sd_bus_message_read_basic(message, type, &value), 0);
                if (type == 's') {
                        ck_assert_int_eq(str_appendf(out, " %s", value.s), 0);
                } else {
                        uint64_t number = type == 'b'                  ? (uint64_t) value.b
                                          : type == 'y'                ? value.y
                                          : type == 'u' || type == 'i' ? value.u
                                                                       : value.t;

                        ck_assert_int_eq(str_appendf(out, " %" PRIu64, number), 0);
                }
        }
}

START_TEST(setting_travels_as_systemd_takes_it) {
        const struct Case *c = &cases[_i];
        sd_bus_message *message = NULL;
        _cleanup_(str_done) Str out = STR_INIT;
        const char *name, *contents;
        int peer;
        sd_bus *bus = bus_open(&peer);

        ck_assert_int_ge(sd_bus_message_new_signal(bus, &message, "/t", "org.sbx1.Test", "T"), 0);
        ck_assert_int_ge(setting_append(message, &c->setting), 0);
        ck_assert_int_ge(sd_bus_message_seal(message, 1, 0), 0);
        ck_assert_int_gt(sd_bus_message_enter_container(message, 'r', "sv"), 0);
        ck_assert_int_gt(sd_bus_message_read(message, "s", &name), 0);
        ck_assert_str_eq(name, c->setting.name);
        ck_assert_int_gt(sd_bus_message_peek_type(message, NULL, &contents), 0);
        ck_assert_int_eq(str_appendf(&out, "%s:", contents), 0);
        ck_assert_int_gt(sd_bus_message_enter_container(message, 'v', contents), 0);
        print(message, &out);
        ck_assert_str_eq(str_text(&out), c->expected);
        sd_bus_message_unref(message);
        sd_bus_close_unref(bus);
        close(peer);
}
END_TEST

START_TEST(signature_that_is_not_known_is_an_error) {
        const ScopeSetting setting = {.name = "X", .signature = "a{sv}"};
        sd_bus_message *message = NULL;
        int peer;
        sd_bus *bus = bus_open(&peer);

        ck_assert_int_ge(sd_bus_message_new_signal(bus, &message, "/t", "org.sbx1.Test", "T"), 0);
        ck_assert_int_eq(setting_append(message, &setting), -EOPNOTSUPP);
        sd_bus_message_unref(message);
        sd_bus_close_unref(bus);
        close(peer);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("bus/setting");
        TCase *tcase = tcase_create("append");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, setting_travels_as_systemd_takes_it, 0, ELEMENTS(cases));
        tcase_add_test(tcase, signature_that_is_not_known_is_an_error);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
