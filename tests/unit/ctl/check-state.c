/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/property.h"
#include "ctl/state.h"

#include <check.h>
#include <json-c/json_tokener.h>

#define NOW (UINT64_C(1764000000) * USEC_PER_SEC)

static const char running[] =
        "{\"Id\":\"web.sandbox\",\"Description\":\"Static \\u001b[31m "
        "site\",\"LoadState\":\"loaded\","
        "\"FragmentPath\":\"/etc/sbx/system/web.sandbox\",\"DropInPaths\":[\"/a/1.conf\",\"/a/"
        "2.conf\",\"/b/3.conf\"],"
        "\"ActiveState\":\"active\",\"SubState\":\"running\",\"Result\":\"success\",\"MainPID\":"
        "4711,\"LeaderPID\":4710,"
        "\"ActiveEnterTimestamp\":1763999700000000,\"StatusText\":\"\",\"TasksCurrent\":2,"
        "\"TasksMax\":32,"
        "\"MemoryCurrent\":1572864,\"MemoryHigh\":33554432,\"MemoryLow\":0,\"MemoryMax\":67108864,"
        "\"IOReadBytes\":4096,\"IOWriteBytes\":1536,\"IPIngressBytes\":18446744073709551615,"
        "\"PrivateNetwork\":false,\"DirectivePlaces\":{\"PrivateNetwork\":\"/x:1:1\"},"
        "\"Documentation\":[\"man:httpd(8)\"],"
        "\"CPUUsageNSec\":12000000,\"CPUQuota\":"
        "500000,"
        "\"Scope\":\"sbx-web.scope\",\"ControlGroup\":\"/sbx.slice/"
        "sbx-web.scope\",\"PrivateUsers\":\"pick\","
        "\"JoinsNamespaceOf\":\"db.sandbox\",\"JoinNamespaces\":\"network ipc\","
        "\"UTSNamespacePath\":\"/run/uts\\u0007\",\"TimeNamespacePath\":\"/run/time\","
        "\"MountNamespacePath\":\"\","
        "\"HostUIDBase\":524288,\"Ports\":[[\"bad\",\"\",\"\"],[\"http\",\"8080\",\"8080\"],["
        "\"tls\",\"443\",\"8443\"]]"
        ","
        "\"Layers\":[\"busybox\",\"site\"],\"Degraded\":[\"no time namespace\"],\"NRestarts\":3}";

static const char running_text[] =
        "● web.sandbox - Static \\x1b[31m site\n"
        "     Loaded: loaded (/etc/sbx/system/web.sandbox)\n"
        "    Drop-In: /a\n"
        "             ├─1.conf\n"
        "             └─2.conf\n"
        "             /b\n"
        "             └─3.conf\n"
        "     Active: active (running) since Mon 2025-11-24 15:55:00 UTC; 5min ago\n"
        "       Docs: man:httpd(8)\n"
        "   Restarts: 3\n"
        "   Main PID: 4711 (httpd)\n"
        "         IO: 4K read, 1.5K written\n"
        "      Tasks: 2 (limit: 32)\n"
        "     Memory: 1.5M (high: 32M max: 64M)\n"
        "        CPU: 12ms (quota: 50%)\n"
        "      Scope: sbx-web.scope\n"
        "     CGroup: /sbx.slice/sbx-web.scope\n"
        "      Users: root inside is uid 524288 outside (pick)\n"
        "      Joins: network ipc of db.sandbox\n"
        "             uts at /run/uts\\x07\n"
        "             time at /run/time\n"
        "      Ports: http: 8080 → 8080\n"
        "             tls: 443 → 8443\n"
        "     Layers: busybox site\n"
        "     Weaker: PrivateNetwork=no\n"
        "   Degraded: no time namespace\n";

static const char failed[] =
        "{\"Id\":\"db.sandbox\",\"LoadState\":\"bad-setting\",\"ActiveState\":\"failed\","
        "\"SubState\":\"failed\","
        "\"Result\":\"signal\",\"ActiveEnterTimestamp\":1763999900000000,\"ActiveExitTimestamp\":"
        "1763999999000000,\"InactiveEnterTimestamp\":1763999999000000,\"StatusText\":\"it "
        "broke\","
        "\"ExecMainCode\":2,\"ExecMainStatus\":9,\"MemoryCurrent\":18446744073709551615,"
        "\"LoadDiagnostics\":[\"db.sandbox:1:2: error: one\",\"db.sandbox:2:2: error: two\"]}";

static const char failed_text[] =
        "× db.sandbox\n"
        "     Loaded: bad-setting\n"
        "     Active: failed (Result: signal) since Mon 2025-11-24 15:59:59 UTC; 1s ago\n"
        "   Duration: 1min 39s\n"
        "     Status: it broke\n"
        "       More: sbxctl explain db.sandbox\n"
        "    Process: code=killed, signal=SIGKILL\n"
        "   Problems: db.sandbox:1:2: error: one\n"
        "             db.sandbox:2:2: error: two\n";

static const char never[] =
        "{\"Id\":\"x.sandbox\",\"LoadState\":\"loaded\",\"ActiveState\":\"inactive\","
        "\"SubState\":\"dead\",\"Transient\":true}";
static const char never_text[] = "○ x.sandbox\n"
                                 "     Loaded: loaded (transient)\n"
                                 "     Active: inactive (dead)\n";

static const char frozen[] =
        "{\"Id\":\"x.sandbox\",\"LoadState\":\"loaded\",\"ActiveState\":\"active\","
        "\"SubState\":\"running\",\"FreezerState\":\"frozen\"}";
static const char frozen_text[] = "● x.sandbox\n"
                                  "     Loaded: loaded\n"
                                  "     Active: active (running) (frozen)\n";

static const struct {
        const char *json, *comm, *expect;
} states[] = {
        {running, "httpd", running_text},
        {failed, NULL, failed_text},
        {never, NULL, never_text},
        {frozen, NULL, frozen_text},
};

START_TEST(state_is_shown_line_by_line) {
        _cleanup_json_ json_object *properties = json_tokener_parse(states[_i].json);
        StateInput input = {.properties = properties, .now = NOW, .main_comm = states[_i].comm};
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_ptr_nonnull(properties);
        ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
        ck_assert_int_eq(state_format(&input, &out), 0);
        ck_assert_str_eq(str_text(&out), states[_i].expect);
}
END_TEST

START_TEST(state_is_coloured) {
        _cleanup_json_ json_object *properties = json_tokener_parse(failed);
        StateInput input = {.properties = properties, .now = NOW, .colours = true};
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(state_format(&input, &out), 0);
        ck_assert_ptr_nonnull(startswith(str_text(&out), "\033[0;1;31m×\033[0m db.sandbox\n"));
        ck_assert_ptr_nonnull(strstr(str_text(&out), "\033[0;1;31mit broke\033[0m"));
}
END_TEST

static const struct {
        const char *name, *json, *expect;
} values[] = {
        {"MainPID", "4711", "4711"},
        {"MemoryCurrent", "18446744073709551615", "[not set]"},
        {"ActiveEnterTimestamp", "0", ""},
        {"ActiveEnterTimestamp", "1763999700000000", "Mon 2025-11-24 15:55:00 UTC"},
        {"NeedDaemonReload", "false", "no"},
        {"DropInPaths", "[\"/a\",\"/b\"]", "/a /b"},
        {"Timeline", "[[\"asked\",12],[\"built\",34]]", "asked=12 built=34"},
        {"Description", "\"a b\"", "a b"},
        {"PrivateTmp", "true", "yes"},
        {"MemoryMax", "18446744073709551615", "infinity"},
        {"TimeoutStopSec", "90000000", "1min 30s"},
        {"KillSignal", "15", "SIGTERM"},
        {"UMask", "18", "0022"},
        {"CPUQuota", "500000", "50%"},
        {"TimeOffsetBootSec", "-5000000000", "-5s"},
        {"Layers", "[\"busybox site\",\"more\"]", "busybox site more"},
};

START_TEST(values_are_shown_as_a_unit_has_them) {
        _cleanup_json_ json_object *value = json_tokener_parse(values[_i].json);
        _cleanup_(str_done) Str out = STR_INIT;

        ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
        ck_assert_int_eq(property_format(values[_i].name, value, &out), 0);
        ck_assert_str_eq(str_text(&out), values[_i].expect);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ctl/state");
        TCase *tcase = tcase_create("state");
        SRunner *runner;
        int n_failed;

        tcase_add_loop_test(tcase, state_is_shown_line_by_line, 0, ELEMENTS(states));
        tcase_add_test(tcase, state_is_coloured);
        tcase_add_loop_test(tcase, values_are_shown_as_a_unit_has_them, 0, ELEMENTS(values));
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        n_failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
