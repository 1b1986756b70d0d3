/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"
#include "bus/errors.h"
#include "bus/properties.h"
#include "sbx/bus.h"

#include <check.h>
#include <sys/socket.h>

#define PATH "/spec"

/* A connection to ourselves: what a client gets is what is looked at. */
typedef struct Pair {
        sd_bus *server, *client;
        Spec *spec;
} Pair;

static void pair_open(Pair *pair) {
        sd_id128_t id;
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
                         0);
        ck_assert_int_eq(spec_new(&pair->spec), 0);
        ck_assert_int_ge(sd_id128_randomize(&id), 0);
        ck_assert_int_ge(sd_bus_new(&pair->server), 0);
        ck_assert_int_ge(sd_bus_new(&pair->client), 0);
        ck_assert_int_ge(sd_bus_set_fd(pair->server, fds[0], fds[0]), 0);
        ck_assert_int_ge(sd_bus_set_fd(pair->client, fds[1], fds[1]), 0);
        ck_assert_int_ge(sd_bus_set_server(pair->server, 1, id), 0);
        ck_assert_int_ge(sd_bus_add_object_vtable(pair->server, NULL, PATH, SBX_INTERFACE_SANDBOX,
                                                  bus_spec_vtable, pair->spec),
                         0);
        ck_assert_int_ge(sd_bus_start(pair->server), 0);
        ck_assert_int_ge(sd_bus_start(pair->client), 0);
}

static void pair_close(Pair *pair) {
        sd_bus_close_unref(pair->client);
        sd_bus_close_unref(pair->server);
        spec_free(pair->spec);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        sd_bus_message **ret = userdata;

        *ret = sd_bus_message_ref(reply);
        return 0;
}

static sd_bus_message *get_property(Pair *pair, const char *name) {
        sd_bus_message *reply = NULL;

        ck_assert_int_ge(sd_bus_call_method_async(
                                 pair->client, NULL, NULL, PATH, "org.freedesktop.DBus.Properties",
                                 "Get", on_reply, &reply, "ss", SBX_INTERFACE_SANDBOX, name),
                         0);
        while (!reply) {
                ck_assert_int_ge(sd_bus_process(pair->server, NULL), 0);
                ck_assert_int_ge(sd_bus_process(pair->client, NULL), 0);
        }
        return reply;
}

/* Every directive of the table, with its default: there, and of the signature that the table says.
 */
START_TEST(directive_is_a_property) {
        const Directive *directive = &directive_table[_i];
        sd_bus_message *reply;
        const char *contents;
        Pair pair;

        if (directive->record) {
                return;
        }
        pair_open(&pair);
        reply = get_property(&pair, directive->name);
        ck_assert_msg(!sd_bus_message_is_method_error(reply, NULL), "%s cannot be read",
                      directive->name);
        ck_assert_int_ge(sd_bus_message_peek_type(reply, NULL, &contents), 0);
        ck_assert_str_eq(contents, directive->type->signature);
        sd_bus_message_unref(reply);
        pair_close(&pair);
}
END_TEST

static const struct Case {
        const char *name, *text;
        const char *signature;
        uint64_t number;
        const char *word;
} cases[] = {
        {"MemoryMax", "64M", "t", 67108864, NULL},
        {"CPUQuota", "50%", "t", 500000, NULL},
        {"TimeoutStopSec", "2s", "t", 2000000, NULL},
        {"PrivateTmp", "no", "b", 0, NULL},
        {"UMask", "0077", "u", 077, NULL},
        {"KillSignal", "SIGINT", "i", 2, NULL},
        {"TimeOffsetBootSec", "1s", "x", 1000000000, NULL},
        {"Type", "oneshot", "s", 0, "oneshot"},
        {"Description", "A b", "s", 0, "A b"},
        {"Layers", "busybox", "as", 0, "busybox"},
        {"CapabilityBoundingSet", "CAP_CHOWN", "t", 1, NULL},
};

static uint64_t read_number(sd_bus_message *reply, const char *signature) {
        union {
                uint64_t t;
                int64_t x;
                uint32_t u;
                int32_t i;
                int b;
        } value = {0};

        ck_assert_int_ge(sd_bus_message_read(reply, "v", signature, &value), 0);
        return streq(signature, "t") || streq(signature, "x") ? value.t : value.u;
}

START_TEST(value_arrives) {
        const struct Case *c = &cases[_i];
        _cleanup_(diag_list_done) DiagList diags = {};
        const Directive *directive = directive_find_name(c->name);
        sd_bus_message *reply;
        const char *text;
        Pair pair;

        ck_assert_ptr_nonnull(directive);
        pair_open(&pair);
        ck_assert_int_eq(spec_assign(pair.spec, directive, NULL, c->text, &PLACE_NONE, &diags), 0);
        ck_assert(!diag_list_has_errors(&diags));
        reply = get_property(&pair, c->name);
        if (streq(c->signature, "s")) {
                ck_assert_int_ge(sd_bus_message_read(reply, "v", "s", &text), 0);
                ck_assert_str_eq(text, c->word);
        } else if (streq(c->signature, "as")) {
                ck_assert_int_ge(sd_bus_message_read(reply, "v", "as", 1, &text), 0);
                ck_assert_str_eq(text, c->word);
        } else {
                ck_assert_uint_eq(read_number(reply, c->signature), c->number);
        }
        sd_bus_message_unref(reply);
        pair_close(&pair);
}
END_TEST

START_TEST(properties_cannot_be_set) {
        sd_bus_message *reply = NULL;
        Pair pair;

        pair_open(&pair);
        ck_assert_int_ge(sd_bus_call_method_async(pair.client, NULL, NULL, PATH,
                                                  "org.freedesktop.DBus.Properties", "Set",
                                                  on_reply, &reply, "ssv", SBX_INTERFACE_SANDBOX,
                                                  "MemoryMax", "t", (uint64_t) 1),
                         0);
        while (!reply) {
                ck_assert_int_ge(sd_bus_process(pair.server, NULL), 0);
                ck_assert_int_ge(sd_bus_process(pair.client, NULL), 0);
        }
        ck_assert(sd_bus_message_is_method_error(reply, NULL));
        ck_assert_uint_eq(pair.spec->memory_max, UINT64_MAX);
        sd_bus_message_unref(reply);
        pair_close(&pair);
}
END_TEST

START_TEST(errors_map_both_ways) {
        ck_assert_int_eq(bus_errors_register(), 0);
        for (size_t i = 0; bus_error_map[i].name; i++) {
                sd_bus_error error = SD_BUS_ERROR_NULL;

                ck_assert_ptr_nonnull(startswith(bus_error_map[i].name, "org.sbx1.Error."));
                ck_assert_int_gt(bus_error_map[i].code, 0);
                (void) sd_bus_error_set_const(&error, bus_error_map[i].name, "x");
                ck_assert_int_eq(sd_bus_error_get_errno(&error), bus_error_map[i].code);
                for (size_t j = 0; j < i; j++) {
                        ck_assert_str_ne(bus_error_map[i].name, bus_error_map[j].name);
                        ck_assert_int_ne(bus_error_map[i].code, bus_error_map[j].code);
                }
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("properties");
        TCase *tcase = tcase_create("properties");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, directive_is_a_property, 0, _DIRECTIVE_MAX);
        tcase_add_loop_test(tcase, value_arrives, 0, ELEMENTS(cases));
        tcase_add_test(tcase, properties_cannot_be_set);
        tcase_add_test(tcase, errors_map_both_ways);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
