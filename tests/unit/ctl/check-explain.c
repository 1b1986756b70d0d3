/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/explain.h"
#include "ctl/services.h"

#include <check.h>
#include <json-c/json_tokener.h>

static const char failed[] =
        "{\"Id\":\"web.sandbox\",\"LoadState\":\"loaded\",\"ActiveState\":\"failed\",\"SubState\":"
        "\"failed\",\"Result\":\"exit-code\",\"StatusText\":\"Executing the program failed on "
        "\\\"/bin/x\\\".\",\"FailedStep\":\"exec\",\"FailedErrno\":2,\"FailedDirective\":"
        "\"ExecStart\",\"DirectivePlaces\":{\"ExecStart\":\"/a/web.sandbox:3:11\"},"
        "\"NeedDaemonReload\":true}";
static const char failed_text[] =
        "web.sandbox did not start: executing the program failed.\n"
        "\nWhat happened\n"
        "  Executing the program failed on \"/bin/x\".\n"
        "  Step:      executing the program\n"
        "  Error:     ENOENT\n"
        "  Directive: ExecStart\n"
        "  Place:     /a/web.sandbox:3:11\n"
        "             3 | ExecStart=/bin/x\n"
        "\nWhat to do\n"
        "  * Its files changed since they were read: 'sbxctl daemon-reload'.\n"
        "  * Change the unit, then: sbxctl verify web.sandbox && sbxctl daemon-reload && sbxctl "
        "start "
        "web.sandbox\n"
        "\nIts last output\none\n"
        "\nHost\n  a host\n";

static const char limit[] =
        "{\"Id\":\"db.sandbox\",\"LoadState\":\"loaded\",\"ActiveState\":\"failed\",\"SubState\":"
        "\"failed\",\"Result\":\"start-limit-hit\",\"StatusText\":\"too "
        "often\",\"FailedStep\":\"\","
        "\"FailedErrno\":0}";
static const char limit_text[] =
        "db.sandbox has failed (start-limit-hit).\n"
        "\nWhat happened\n  too often\n"
        "\nWhat to do\n"
        "  * 'sbxctl reset-failed' lets it be started again; mend the reason of the failures "
        "before.\n"
        "\nIts last output\none\n"
        "\nHost\n  a host\n";

static const char loose[] =
        "{\"Id\":\"x.sandbox\",\"LoadState\":\"loaded\",\"ActiveState\":\"active\",\"SubState\":"
        "\"running\",\"Result\":\"success\",\"PrivateNetwork\":false,\"PrivateIPC\":true,"
        "\"PrivateUsers\":\"identity\",\"SystemCallFilter\":[\"read\",\"write\"],"
        "\"DirectivePlaces\":{\"PrivateNetwork\":\"/x:4:16\"},\"Degraded\":[\"no "
        "\\u001b[5mtime\"]}";
static const char loose_text[] =
        "x.sandbox is up (running).\n"
        "\nWeaker than the defaults\n"
        "  * PrivateUsers=identity: User ids inside are those of the host.\n"
        "  * PrivateNetwork=no at /x:4:16: It uses the host's network, its abstract sockets "
        "included.\n"
        "  * SystemCallFilter=…: A list of its own replaces the default one of system calls.\n"
        "\nNot in force on this host\n"
        "  * no \\x1b[5mtime\n"
        "\nIts last output\none\n"
        "\nHost\n  a host\n";

static const char tight[] =
        "{\"Id\":\"x.sandbox\",\"LoadState\":\"loaded\",\"ActiveState\":\"inactive\",\"SubState\":"
        "\"dead\",\"Result\":\"success\",\"PrivateNetwork\":true,\"PrivateUsers\":\"pick\","
        "\"SystemCallFilter\":[\"~read\"],\"CapabilityBoundingSet\":[]}";
static const char tight_text[] =
        "x.sandbox is not active: it ended as it should, was stopped, or was never started.\n"
        "\nWhat to do\n  * To start it: sbxctl start x.sandbox\n"
        "\nIts last output\none\n"
        "\nHost\n  a host\n";

static const char bad[] =
        "{\"Id\":\"x.sandbox\",\"LoadState\":\"bad-setting\",\"ActiveState\":\"inactive\","
        "\"SubState\":\"dead\",\"LoadDiagnostics\":[\"x.sandbox:1:2: error: one\"]}";
static const char bad_text[] = "x.sandbox cannot be started: its unit has mistakes.\n"
                               "\nMistakes in the unit\n  * x.sandbox:1:2: error: one\n"
                               "\nWhat to do\n"
                               "  * Change the unit, then: sbxctl verify x.sandbox && sbxctl "
                               "daemon-reload && sbxctl start "
                               "x.sandbox\n"
                               "\nIts last output\none\n"
                               "\nHost\n  a host\n";

static const struct {
        const char *json, *text;
} cases[] = {
        {failed, failed_text}, {limit, limit_text}, {loose, loose_text},
        {tight, tight_text},   {bad, bad_text},
};

START_TEST(everything_is_said) {
        _cleanup_json_ json_object *properties = json_tokener_parse(cases[_i].json),
                                   *explanation = NULL;
        const ExplainInput input = {.properties = properties,
                                    .log = "one\n",
                                    .host = "a host",
                                    .source = "3 | ExecStart=/bin/x"};
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_ptr_nonnull(properties);
        ck_assert_int_eq(explain_to_json(&input, &explanation), 0);
        ck_assert_int_eq(explain_format(explanation, 0, false, &out), 0);
        ck_assert_str_eq(str_text(&out), cases[_i].text);
}
END_TEST

/* -- doctor -- */

static const struct {
        const char *text;
        bool good;
        uint32_t user;
        uint64_t capabilities;
} statuses[] = {
        {"Name:\tsbx-helper\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n", true, 0,
         0x1ffffffffff},
        {"Name:\tx\nUid:\t7\t0\t0\t0\nCapEff:\t0000000000000020\n", true, 7, 0x20},
        {"Name:\tx\nUid:\t7\t0\t0\t0\n", false, 0, 0},
        {"", false, 0, 0},
};

START_TEST(status_has_user_and_capabilities) {
        uint64_t capabilities = 0;
        uint32_t user = 0;

        ck_assert_int_eq(status_parse(statuses[_i].text, &user, &capabilities), statuses[_i].good);
        if (statuses[_i].good) {
                ck_assert_uint_eq(user, statuses[_i].user);
                ck_assert_uint_eq(capabilities, statuses[_i].capabilities);
        }
}
END_TEST

START_TEST(states_have_names) {
        ck_assert_int_eq(finding_state_parse(finding_state_name((FindingState) _i)), _i);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ctl/explain");
        TCase *tcase = tcase_create("explain");
        SRunner *runner;
        int failures;

        tcase_add_loop_test(tcase, everything_is_said, 0, (int) ELEMENTS(cases));
        tcase_add_loop_test(tcase, status_has_user_and_capabilities, 0, (int) ELEMENTS(statuses));
        tcase_add_loop_test(tcase, states_have_names, 0, _FINDING_STATE_MAX);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failures = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
