/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/rules.h"

#include <check.h>

/* Each rule finds its mistake at its place and is silent without it. */

#define RUN "ExecStart=/bin/true\n"

/* Fills a spec from lines "Directive=value" and "Port NAME Directive=value"; the line counts. */
static void read_lines(Spec *spec, const char *text, DiagList *diags) {
        Place place = {.file = "rules.sandbox", .line = 0, .column = 1};

        while (*text) {
                size_t n = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, n);
                char *equals = strchr(line, '='), *record = NULL, *name = line;
                const Directive *directive;

                place.line++;
                ck_assert_ptr_nonnull(equals);
                *equals = '\0';
                if (startswith(line, "Port ")) {
                        record = line + 5;
                        name = strchr(record, ' ');
                        ck_assert_ptr_nonnull(name);
                        *name++ = '\0';
                }
                directive = record ? directive_find("Port", name) : directive_find_name(name);
                ck_assert_msg(directive != NULL, "%s", name);
                ck_assert_int_eq(spec_assign(spec, directive, record, equals + 1, &place, diags),
                                 0);
                text += n + (text[n] == '\n' ? 1 : 0);
        }
}

static const struct Case {
        const char *rule; /* NULL: nothing is wrong */
        const char *lines;
        unsigned line;
} cases[] = {
        {NULL, RUN, 0},
        {"exec-start-missing", "Description=x\n", 0},
        {"exec-start-several", RUN "ExecStart=/bin/false\n", 2},
        {NULL, RUN "ExecStart=/bin/false\nType=oneshot\n", 0},
        {NULL, RUN "ExecStart=\nExecStart=/bin/false\n", 0},
        {"restart-oneshot", RUN "Type=oneshot\nRestart=always\n", 3},
        {"restart-oneshot", RUN "Restart=on-success\nType=oneshot\n", 2},
        {NULL, RUN "Type=oneshot\nRestart=on-failure\n", 0},
        {"user-name", RUN "User=1:\n", 2},
        {"user-name", RUN "User=-1\n", 2},
        {"user-name", RUN "User=0x1\n", 2},
        {"user-name", RUN "User=4294967295\n", 2},
        {"user-name", RUN "User=4294967296\n", 2},
        {"user-name", RUN "User=1 \n", 2},
        {"user-name", RUN "User=a b\n", 2},
        {NULL, RUN "User=www-data\nGroup=33\n", 0},
        {NULL, RUN "User=4294967294\n", 0},
        {"group-name", RUN "Group=:1\n", 2},
        {"user-mapped", RUN "User=1\nPrivateUsers=self\n", 2},
        {"user-mapped", RUN "User=www-data\nPrivateUsers=self\n", 2},
        {"user-mapped", RUN "User=10\nPrivateUsers=600000:10\n", 2},
        {"group-mapped", RUN "Group=10\nPrivateUsers=600000:10\n", 2},
        {NULL, RUN "User=root\nGroup=0\nPrivateUsers=self\n", 0},
        {NULL, RUN "User=9\nPrivateUsers=600000:10\n", 0},
        {"user-mapped", RUN "User=10\nUIDMap=0:600000:10 11:700000:5\n", 2},
        {"group-mapped", RUN "Group=10\nUIDMap=0:600000:10 11:700000:5\n", 2},
        {"group-mapped", RUN "Group=5\nUIDMap=0:600000:10\nGIDMap=0:600000:5\n", 2},
        {NULL, RUN "User=15\nGroup=www-data\nUIDMap=0:600000:10 11:700000:5\n", 0},
        {"uid-map-users", RUN "PrivateUsers=no\nUIDMap=0:600000:10\n", 3},
        {"uid-map-users", RUN "UIDMap=0:600000:10\nPrivateUsers=pick\n", 2},
        {NULL, RUN "PrivateUsers=no\nPrivateUsers=\nUIDMap=0:600000:10\n", 0},
        {"gid-map-users", RUN "GIDMap=0:600000:10\nPrivateUsers=1:1\n", 2},
        {"uid-map-root", RUN "UIDMap=1:600000:10\n", 2},
        {"gid-map-root", RUN "UIDMap=0:600000:10\nGIDMap=1:0:1\n", 3},
        {"uid-map-overlap", RUN "UIDMap=0:600000:10\nUIDMap=9:700000:1\n", 3},
        {"uid-map-overlap", RUN "UIDMap=0:600000:10\nUIDMap=10:600009:1\n", 3},
        {"gid-map-overlap", RUN "GIDMap=0:0:4294967295\nGIDMap=4294967294:0:1\n", 3},
        {NULL, RUN "UIDMap=0:600000:10 10:600010:1\n", 0},
        {"join-unit", RUN "JoinsNamespaceOf=db\n", 2},
        {"join-unit", RUN "JoinsNamespaceOf=.sandbox\n", 2},
        {"join-unit", RUN "JoinsNamespaceOf=../db.sandbox\n", 2},
        {NULL, RUN "JoinsNamespaceOf=db@1.sandbox\nPrivateNetwork=yes\nPrivateIPC=yes\n", 0},
        {"join-namespaces", RUN "JoinNamespaces=uts\n", 2},
        {NULL, RUN "JoinsNamespaceOf=db.sandbox\nJoinNamespaces=uts\n", 0},
        {"join-twice", RUN "JoinsNamespaceOf=db.sandbox\nIPCNamespacePath=/run/ipc\n", 3},
        {NULL, RUN "JoinsNamespaceOf=db.sandbox\nUTSNamespacePath=/run/uts\n", 0},
        {"join-own", RUN "PrivateNetwork=no\nJoinsNamespaceOf=db.sandbox\n", 2},
        {"join-own", RUN "PIDNamespacePath=/run/pid\nPrivatePIDs=no\n", 3},
        {"join-own", RUN "ProtectHostname=no\nUTSNamespacePath=/run/uts\n", 2},
        {"join-own", RUN "ProtectControlGroups=no\nCgroupNamespacePath=/run/cgroup\n", 2},
        {"join-own", RUN "PrivateTime=no\nTimeNamespacePath=/run/time\n", 2},
        {NULL, RUN "PrivatePIDs=no\nUTSNamespacePath=/run/uts\n", 0},
        {"join-users", RUN "UserNamespacePath=/run/user\nPrivateUsers=pick\n", 3},
        {"join-users", RUN "UserNamespacePath=/run/user\nUIDMap=0:1:1\n", 3},
        {"join-users", RUN "JoinsNamespaceOf=a.sandbox\nJoinNamespaces=user\nGIDMap=0:1:1\n", 4},
        {"join-names", RUN "UTSNamespacePath=/run/uts\nHostname=a\n", 3},
        {"join-names", RUN "Domainname=a\nUTSNamespacePath=/run/uts\n", 2},
        {"join-offsets", RUN "TimeNamespacePath=/run/time\nTimeOffsetBootSec=1\n", 3},
        {"join-mounts", RUN "MountNamespacePath=/run/mnt\nLayers=a\n", 3},
        {"join-mounts", RUN "MountNamespacePath=/run/mnt\nProcSubset=all\n", 3},
        {"join-mounts", RUN "MountNamespacePath=/run/mnt\nBindPaths=/srv\n", 3},
        {NULL, RUN "MountNamespacePath=/run/mnt\nWorkingDirectory=/srv\n", 0},
        {"supplementary-groups", RUN "SupplementaryGroups=audio 1x\n", 2},
        {"supplementary-groups", RUN "SupplementaryGroups=4294967295\n", 2},
        {"supplementary-mapped", RUN "SupplementaryGroups=1\nPrivateUsers=self\n", 2},
        {NULL, RUN "SupplementaryGroups=audio 1 4294967294\n", 0},
        {"working-directory", RUN "WorkingDirectory=/proc/self/fd/7\n", 2},
        {"working-directory", RUN "WorkingDirectory=-/dev\n", 2},
        {NULL, RUN "WorkingDirectory=/processes\n", 0},
        {"private-mounts", RUN "PrivateMounts=no\n", 2},
        {"process-two", RUN "PrivatePIDs=no\nProcessTwo=no\n", 3},
        {"hostname", RUN "ProtectHostname=no\nHostname=a\n", 3},
        {"domainname", RUN "ProtectHostname=no\nDomainname=a\n", 3},
        {"private-time", RUN "PrivateTime=no\nTimeOffsetBootSec=1\n", 2},
        {NULL, RUN "TimeOffsetBootSec=1\n", 0},
        {"root-or-layers", RUN "Layers=a\nRootDirectory=/srv\n", 3},
        {"layer-names", RUN "Layers=../a\n", 2},
        {"layer-names", RUN "Layers=/srv/a\n", 2},
        {"layer-names", RUN "Layers=a,b\n", 2},
        {"layer-names", RUN "Layers=.hidden\n", 2},
        {"layer-names", RUN "Layers=a b\nLayers=a\n", 3},
        {"overlay-size", RUN "RootUpper=none\nOverlaySizeMax=1M\n", 3},
        {NULL, RUN "RootUpper=none\n", 0},
        {"bind-destination", RUN "BindPaths=/srv:/proc/x\n", 2},
        {"bind-destination", RUN "BindPaths=/srv:/dev\n", 2},
        {"bind-destination", RUN "BindPaths=/srv:/dev/pts/0\n", 2},
        {NULL, RUN "BindPaths=/proc:/host/proc\n", 0},
        {NULL, RUN "BindPaths=/dev/kvm\n", 0},
        {"bind-read-only-destination", RUN "BindReadOnlyPaths=/sys\n", 2},
        {"tmpfs-destination", RUN "TemporaryFileSystem=/sys/fs\n", 2},
        {"destination-twice", RUN "BindPaths=/a:/x\nBindReadOnlyPaths=/b:/x\n", 3},
        {"destination-twice", RUN "TemporaryFileSystem=/x:ro\nBindPaths=/a:/x\n", 2},
        {NULL, RUN "BindPaths=/a:/x /a:/y /a:/x/z\n", 0},
        {"root-image-alone", RUN "RootImage=/a\nLayers=b\n", 2},
        {"root-image-alone", RUN "RootDirectory=/b\nRootImage=/a\n", 3},
        {NULL, RUN "RootImage=/a\n", 0},
        {"pass-environment", RUN "PassEnvironment=A\nPassEnvironment=B C=1\n", 3},
        {NULL, RUN "PassEnvironment=A _b9\n", 0},
        {"inaccessible-root", RUN "InaccessiblePaths=/a\nInaccessiblePaths=-/\n", 3},
        {NULL, RUN "InaccessiblePaths=/a -+/b\n", 0},
        {"read-write-alone", RUN "ReadWritePaths=/a\n", 2},
        {NULL, RUN "ReadWritePaths=/a/b\nReadOnlyPaths=/\n", 0},
        {"exec-alone", RUN "ReadOnlyPaths=/\nExecPaths=/a\n", 3},
        {NULL, RUN "ExecPaths=/a/b\nNoExecPaths=/a\n", 0},
        {"ambient", RUN "AmbientCapabilities=CAP_CHOWN\n", 2},
        {NULL, RUN "CapabilityBoundingSet=CAP_CHOWN\nAmbientCapabilities=CAP_CHOWN\n", 0},
        {"restrict-namespaces", RUN "RestrictNamespaces=~no\n", 2},
        {NULL, RUN "RestrictNamespaces=~user\nRestrictNamespaces=~\n", 0},
        {"restrict-families", RUN "RestrictAddressFamilies=~none\n", 2},
        {NULL, RUN "RestrictAddressFamilies=none\nRestrictAddressFamilies=~\n", 0},
        {"architectures", RUN "SystemCallArchitectures=~x86\n", 2},
        {"write-execute", RUN "MemoryDenyWriteExecute=yes\nSystemCallArchitectures=x86\n", 2},
        {NULL, RUN "MemoryDenyWriteExecute=yes\nSystemCallArchitectures=x32\n", 0},
        {"port-network", RUN "PrivateNetwork=no\nPort http Listen=80\n", 3},
        {"port-listen", RUN "Port http Target=80\n", 2},
        {"port-target", RUN "Port http Listen=/run/a\n", 2},
        {"port-twice", RUN "Port a Listen=80\nPort b Listen=127.0.0.1:80\n", 3},
        {"port-twice", RUN "Port a Listen=[::1]:80\nPort b Listen=[::1]:80\n", 3},
        {"port-twice", RUN "Port a Listen=80-85\nPort b Listen=127.0.0.1:84-90\n", 3},
        {NULL, RUN "Port a Listen=80-85\nPort b Listen=86-90\n", 0},
        {"port-range", RUN "Port a Listen=80-85\nPort a Target=1080-1084\n", 3},
        {"port-range", RUN "Port a Listen=/run/a\nPort a Target=1080-1084\n", 3},
        {NULL, RUN "Port a Listen=80-85\nPort a Target=1080-1085\n", 0},
        {NULL, RUN "Port a Listen=80-85\nPort a Target=1080\n", 0},
        {NULL, RUN "Port a Listen=[::1]:80\nPort b Listen=127.0.0.1:80\n", 0},
        {NULL,
         RUN
         "Port a Listen=80\nPort b Listen=127.0.0.1:81\nPort c Listen=/run/80\nPort c Target=80\n",
         0},
        {"delegate-words", RUN "Delegate=~cpu\n", 2},
        {"delegate-words", RUN "Delegate=yes\nDelegate=~\n", 3},
        {"delegate-namespaces", RUN "Delegate=yes\nProtectControlGroups=no\n", 2},
        {"delegate-namespaces", RUN "Delegate=pids\nCgroupNamespacePath=/a\n", 2},
        {"delegate-namespaces", RUN "Delegate=pids\nMountNamespacePath=/a\n", 2},
        {"delegate-view", RUN "Delegate=yes\nReadOnlyPaths=/sys\n", 2},
        {"delegate-view", RUN "Delegate=yes\nInaccessiblePaths=-/sys/fs/cgroup\n", 2},
        {NULL, RUN "Delegate=true\nDelegate=memory pids\nReadOnlyPaths=/\n", 0},
        {NULL, RUN "Delegate=yes\nDelegate=no\nProtectControlGroups=no\n", 0},
        {"best-effort", RUN "BestEffort=MemoryHigh DevicePolicy\n", 2},
        {"best-effort", RUN "BestEffort=IPAddressDeny\n", 2},
        {"best-effort", RUN "BestEffort=Nothing\n", 2},
        {NULL, RUN "BestEffort=MemoryHigh IOWeight\n", 0},
        {"wanted-by", RUN "WantedBy=multi-user\n", 2},
        {"wanted-by", RUN "WantedBy=.target\n", 2},
        {NULL, RUN "WantedBy=multi-user.target a@b.service\n", 0},
};

static const Rule *rule_find(const char *name) {
        for (size_t i = 0; i < n_rules; i++) {
                if (streq(rule_table[i].name, name)) {
                        return &rule_table[i];
                }
        }
        return NULL;
}

static void check_case(const char *rule_name, const char *lines, unsigned line) {
        _cleanup_(spec_freep) Spec *spec = NULL;
        DiagList diags = {};

        ck_assert_int_eq(spec_new(&spec), 0);
        read_lines(spec, lines, &diags);
        ck_assert_msg(diags.n == 0, "%s", diags.n > 0 ? diags.diags[0].text : "");
        ck_assert_int_eq(spec_check(spec, &diags), 0);
        ck_assert_msg(diags.n == (rule_name ? 1 : 0), "%s: %zu: %s", lines, diags.n,
                      diags.n > 0 ? diags.diags[0].text : "");
        if (rule_name) {
                const Rule *rule = rule_find(rule_name);

                ck_assert_ptr_nonnull(rule);
                ck_assert_int_eq(diags.diags[0].severity, rule->severity);
                ck_assert_uint_eq(diags.diags[0].place.line, line);
                ck_assert_str_eq(diags.diags[0].place.file, "rules.sandbox");
                ck_assert_ptr_nonnull(directive_find_name(diags.diags[0].directive)
                                              ? directive_find_name(diags.diags[0].directive)
                                              : directive_find("Port", diags.diags[0].directive));
        }
        diag_list_done(&diags);
}

START_TEST(rules_find_their_mistakes) {
        check_case(cases[_i].rule, cases[_i].lines, cases[_i].line);
}
END_TEST

START_TEST(layers_are_counted) {
        _cleanup_(str_done) Str lines = STR_INIT;

        ck_assert_int_eq(str_append(&lines, RUN "Layers="), 0);
        for (unsigned i = 0; i < 499; i++) {
                ck_assert_int_eq(str_appendf(&lines, "l%u ", i), 0);
        }
        check_case(NULL, str_text(&lines), 0);
        ck_assert_int_eq(str_append(&lines, "last"), 0);
        check_case("layer-count", str_text(&lines), 2);
}
END_TEST

START_TEST(id_ranges_are_counted) {
        static const char *const names[][2] = {{"UIDMap", "uid-map-count"},
                                               {"GIDMap", "gid-map-count"}};

        for (size_t k = 0; k < ELEMENTS(names); k++) {
                _cleanup_(str_done) Str lines = STR_INIT;

                ck_assert_int_eq(str_appendf(&lines, RUN "%s=", names[k][0]), 0);
                for (unsigned i = 0; i < ID_MAPPINGS_MAX; i++) {
                        ck_assert_int_eq(str_appendf(&lines, "%u:%u:1 ", i, 600000 + i), 0);
                }
                check_case(NULL, str_text(&lines), 0);
                ck_assert_int_eq(str_append(&lines, "1000:1000:1"), 0);
                check_case(names[k][1], str_text(&lines), 2);
        }
}
END_TEST

/* A rule without a case above would be a rule that nobody has seen to work. */
START_TEST(every_rule_has_a_case) {
        const Rule *rule = &rule_table[_i];
        bool seen = streq(rule->name, "layer-count") || endswith(rule->name, "id-map-count");

        for (size_t i = 0; i < ELEMENTS(cases) && !seen; i++) {
                seen = cases[i].rule && streq(cases[i].rule, rule->name);
        }
        ck_assert_msg(seen, "%s", rule->name);
        ck_assert_ptr_eq(rule_find(rule->name), rule);
        ck_assert_ptr_nonnull(endswith(rule->summary, "."));
}
END_TEST

START_TEST(mistakes_do_not_cascade) {
        _cleanup_(spec_freep) Spec *spec = NULL;
        DiagList diags = {};

        ck_assert_int_eq(spec_new(&spec), 0);
        read_lines(spec, "ExecStart=bin/true\nPort a Listen=0\n", &diags);
        ck_assert_uint_eq(diags.n_errors, 2);
        ck_assert_int_eq(spec_check(spec, &diags), 0);
        ck_assert_uint_eq(diags.n, 2);
        diag_list_done(&diags);
}
END_TEST

START_TEST(all_mistakes_are_told_at_once) {
        _cleanup_(spec_freep) Spec *spec = NULL;
        DiagList diags = {};

        ck_assert_int_eq(spec_new(&spec), 0);
        read_lines(spec, "PrivateMounts=no\nUser=-1\nAmbientCapabilities=~\n", &diags);
        ck_assert_int_eq(spec_check(spec, &diags), 0);
        ck_assert_uint_eq(diags.n_errors, 4);
        diag_list_done(&diags);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("rules");
        TCase *tc = tcase_create("rules");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, rules_find_their_mistakes, 0, ELEMENTS(cases));
        tcase_add_test(tc, layers_are_counted);
        tcase_add_test(tc, id_ranges_are_counted);
        tcase_add_loop_test(tc, every_rule_has_a_case, 0, (int) n_rules);
        tcase_add_test(tc, mistakes_do_not_cascade);
        tcase_add_test(tc, all_mistakes_are_told_at_once);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
