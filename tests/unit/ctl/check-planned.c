/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "ctl/assignments.h"
#include "ctl/planned.h"
#include "ctl/property.h"

#include <check.h>
#include <sys/socket.h>

static json_object *member(json_object *object, const char *name) {
        json_object *value = NULL;

        ck_assert_msg(json_object_object_get_ex(object, name, &value), "no %s", name);
        return value;
}

START_TEST(plan_becomes_json_by_the_op_table) {
        const Place place = {.file = file_intern("/x.sandbox"), .line = 3, .column = 7};
        ScopeProperty property = {.name = (char *) "MemoryMax",
                                  .signature = "t",
                                  .number = UINT64_MAX,
                                  .origin = DIRECTIVE_MemoryMax,
                                  .place = place};
        char *degraded[] = {(char *) "no \xff", NULL};
        LaunchPlan launch = {.plan = plan_new(),
                             .properties = &property,
                             .n_properties = 1,
                             .degraded = degraded};
        _cleanup_json_ json_object *document = NULL;
        json_object *op, *scope;

        ck_assert_ptr_nonnull(launch.plan);
        ck_assert_int_eq(plan_add(launch.plan, OP_HOSTNAME, DIRECTIVE_Hostname, place, "web"), 0);
        ck_assert_int_eq(planned_to_json("x.sandbox", &launch, BACKEND_DIRECT, &document), 0);
        plan_free(launch.plan);

        ck_assert_str_eq(property_text(document, "unit"), "x.sandbox");
        ck_assert_str_eq(property_text(document, "backend"), "direct");
        op = json_object_array_get_idx(member(document, "ops"), 0);
        ck_assert_str_eq(property_text(op, "op"), op_table[OP_HOSTNAME].name);
        ck_assert_str_eq(property_text(op, "directive"), "Hostname");
        ck_assert_str_eq(property_text(member(op, "arguments"), op_table[OP_HOSTNAME].args[0].name),
                         "web");
        ck_assert_uint_eq(property_number(member(op, "place"), "column"), 7);
        scope = json_object_array_get_idx(member(document, "scope"), 0);
        ck_assert_uint_eq(property_number(scope, "value"), UINT64_MAX);
        ck_assert_str_eq(
                json_object_get_string(json_object_array_get_idx(member(document, "degraded"), 0)),
                "no \\xff");
}
END_TEST

typedef struct Assigned {
        const char *properties[4], *environment[4], *argv[4], *expect;
} Assigned;

static const Assigned assigned[] = {
        {{}, {}, {"/bin/true"}, "Type=exec|ExecStart=:/bin/true"},
        {{"MemoryMax=1M", "Type=simple"}, {}, {"a"}, "MemoryMax=1M|Type=simple|ExecStart=:a"},
        {{}, {"A=b"}, {"sh", "-c", "100%"}, "Type=exec|Environment=A=b|ExecStart=:sh -c 100%%"},
        {{"nonsense"}, {}, {"a"}, NULL},
        {{"=x"}, {}, {"a"}, NULL},
};

START_TEST(assignments_are_what_a_unit_would_say) {
        const Assigned *test = &assigned[_i];
        _cleanup_(strv_freep) char **made = NULL;
        _cleanup_free_ char *joined = NULL;
        int r;

        r = assignments_make((char *const *) test->properties, (char *const *) test->environment,
                             (char *const *) test->argv, &made);
        ck_assert_int_eq(r, test->expect ? 0 : -EINVAL);
        if (test->expect) {
                joined = strv_join(made, "|");
                ck_assert_str_eq(joined, test->expect);
        }
}
END_TEST

/* Words with blanks, quotes and what a shell would expand come back as they were given. */
START_TEST(command_lines_survive) {
        char *argv[] = {(char *) "/bin/x", (char *) "a b", (char *) "\"q'",
                        (char *) "$HOME",  (char *) "",    NULL};
        _cleanup_(strv_freep) char **made = NULL, **words = NULL;
        _cleanup_free_ char *reason = NULL;
        size_t offset;

        ck_assert_int_eq(assignments_make(NULL, NULL, argv, &made), 0);
        ck_assert_int_eq(
                value_split_words(made[1] + strlen("ExecStart=:"), &words, &reason, &offset), 0);
        ck_assert(strv_equal(words, argv));
}
END_TEST

START_TEST(assignments_of_one_directive_travel_together) {
        char *list[] = {(char *) "Layers=a", (char *) "MemoryMax=", (char *) "Layers=b",
                        (char *) "Port:x:Listen=1", NULL};
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_json_ json_object *json = NULL;
        int pair[2];

        /* nobody has to listen for a message to be made */
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(bus, pair[0], pair[0]), 0);
        ck_assert_int_ge(sd_bus_start(bus), 0);
        ck_assert_int_ge(sd_bus_message_new_method_call(bus, &message, "a.b", "/", "a.b", "C"), 0);
        ck_assert_int_ge(sd_bus_message_open_container(message, 'a', "(sv)"), 0);
        ck_assert_int_eq(assignments_append(list, message), 0);
        ck_assert_int_ge(sd_bus_message_close_container(message), 0);
        ck_assert_int_ge(sd_bus_message_seal(message, 1, 0), 0);
        ck_assert_int_ge(sd_bus_message_rewind(message, true), 0);
        ck_assert_int_eq(message_to_json(message, &json), 0);
        ck_assert_str_eq(
                json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN),
                "[[\"Layers\",[\"a\",\"b\"]],[\"MemoryMax\",\"\"],[\"Port:x:Listen\",\"1\"]]");
        fd_close(pair[1]);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ctl/planned");
        TCase *tcase = tcase_create("planned");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, plan_becomes_json_by_the_op_table);
        tcase_add_loop_test(tcase, assignments_are_what_a_unit_would_say, 0, ELEMENTS(assigned));
        tcase_add_test(tcase, command_lines_survive);
        tcase_add_test(tcase, assignments_of_one_directive_travel_together);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
