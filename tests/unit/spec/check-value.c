/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/spec.h"

#include <check.h>
#include <signal.h>
#include <unistd.h>

/* What each value type takes, what it makes of it, and what it refuses with which words. */

static const Place test_place = {.file = "test.sandbox", .line = 7, .column = 10};

/* The texts of assignments parted by \x1f, formatted and joined by "|". */
static char *assign(const char *name, const char *record, const char *texts, DiagList *diags) {
        const Directive *directive =
                record ? directive_find("Port", name) : directive_find_name(name);
        _cleanup_(strv_freep) char **formatted = NULL;
        _cleanup_(spec_freep) Spec *spec = NULL;

        ck_assert_ptr_nonnull(directive);
        ck_assert_int_eq(spec_new(&spec), 0);
        while (texts) {
                const char *end = strchr(texts, '\x1f');
                _cleanup_free_ char *text =
                        end ? strndup(texts, (size_t) (end - texts)) : strdup(texts);

                ck_assert_int_eq(spec_assign(spec, directive, record, text, &test_place, diags), 0);
                texts = end ? end + 1 : NULL;
        }
        ck_assert_int_eq(record ? spec_format_port(&spec->ports[0], directive, &formatted)
                                : spec_format(spec, directive, &formatted),
                         0);
        return strv_join(formatted, "|");
}

#define AND "\x1f"

static const struct Good {
        const char *name, *text, *expected;
} good[] = {
        {"Description", "A site; with # signs", "A site; with # signs"},
        {"PrivatePIDs", "off", "no"},
        {"PrivatePIDs", "1", "yes"},
        {"PrivatePIDs", "no" AND "", "yes"},
        {"Type", "oneshot", "oneshot"},
        {"Restart", "on-abnormal", "on-abnormal"},
        {"MemoryMax", "64M", "67108864"},
        {"MemoryMax", "1.5G", "1610612736"},
        {"MemoryMax", "4096", "4096"},
        {"MemoryMax", "4K", "4096"},
        {"MemoryMax", "infinity", "infinity"},
        {"MemoryMax", "64M" AND "", "infinity"},
        {"LimitNOFILE", "64:512", "64:512"},
        {"LimitNOFILE", "64", "64"},
        {"LimitNOFILE", "64:infinity", "64:infinity"},
        {"LimitNOFILE", "64" AND "", ""},
        {"LimitCORE", "1M:infinity", "1048576:infinity"},
        {"LimitCORE", "1M" AND "", "0"},
        {"LimitCPU", "1min 30s:100500ms", "90:101"},
        {"LimitRTTIME", "1000:2ms", "1000:2000"},
        {"LimitNICE", "+19:-20", "1:40"},
        {"LimitNICE", "40", "40"},
        {"TasksMax", "32", "32"},
        {"TasksMax", "infinity", "infinity"},
        {"TasksMax", "32" AND "", "1024"},
        {"CPUQuota", "50%", "50%"},
        {"CPUQuota", "200%", "200%"},
        {"CPUQuota", "0.5%", "0.50%"},
        {"CPUQuota", "33.33%", "33.33%"},
        {"CPUWeight", "100", "100"},
        {"CPUWeight", "100" AND "", ""},
        {"CPUWeight", "idle", "idle"},
        {"CPUWeight", "idle" AND "7", "7"},
        {"TimeoutStopSec", "90", "1min 30s"},
        {"TimeoutStopSec", "1min 30s", "1min 30s"},
        {"TimeoutStopSec", "500ms", "500ms"},
        {"TimeoutStopSec", "0", "infinity"},
        {"TimeoutStartSec", "0", "infinity"},
        {"RestartSec", "0", "0"},
        {"TimeOffsetBootSec", "-1h", "-1h"},
        {"TimeOffsetBootSec", "10", "10s"},
        {"TimeOffsetMonotonicSec", "+2d", "2d"},
        {"TimeOffsetMonotonicSec", "1ns", "1ns"},
        {"TimeOffsetMonotonicSec", "-1500ns", "-1500ns"},
        {"UMask", "0077", "0077"},
        {"UMask", "22", "0022"},
        {"KillSignal", "15", "SIGTERM"},
        {"KillSignal", "INT", "SIGINT"},
        {"User", "www-data", "www-data"},
        {"Hostname", "web-1.example", "web-1.example"},
        {"Slice", "sbx-web.slice", "sbx-web.slice"},
        {"Slice", "-.slice", "-.slice"},
        {"RootDirectory", "/srv//www/./root/", "/srv/www/root"},
        {"RootDirectory", "/srv" AND "", ""},
        {"WorkingDirectory", "-/srv/www", "-/srv/www"},
        {"WorkingDirectory", "/", "/"},
        {"PrivateUsers", "pick", "pick"},
        {"PrivateUsers", "self", "self"},
        {"PrivateUsers", "identity", "identity"},
        {"PrivateUsers", "no", "no"},
        {"PrivateUsers", "false", "no"},
        {"PrivateUsers", "524288:65536", "524288:65536"},
        {"PrivateUsers", "0:4294967295", "0:4294967295"},
        {"JoinNamespaces", "", "network ipc"},
        {"JoinNamespaces", "time mount pid uts user cgroup", "mount pid uts user cgroup time"},
        {"JoinNamespaces", "network" AND "ipc", "ipc"},
        {"NetworkNamespacePath", "/run//netns/blue", "/run/netns/blue"},
        {"UIDMap", "0:600000:1000", "0:600000:1000"},
        {"UIDMap", "0:0600000:01 1:1:1" AND "2:5:9", "0:600000:1|1:1:1|2:5:9"},
        {"GIDMap", "0:0:4294967295", "0:0:4294967295"},
        {"GIDMap", "0:1:1" AND "" AND "0:2:1", "0:2:1"},
        {"Layers", "busybox site", "busybox|site"},
        {"Layers", "busybox" AND "site  data", "busybox|site|data"},
        {"Layers", "busybox" AND "" AND "site", "site"},
        {"Layers", "\"a b\" 'c'", "\"a b\"|c"},
        {"Environment", "A=1 \"B=two words\" 'C=x\"y'", "A=1|\"B=two words\"|\"C=x\\\"y\""},
        {"Environment", "A=1 B=2" AND "A=3", "B=2|A=3"},
        {"Environment", "A=1 A=2", "A=2"},
        {"Environment", "A=", "A="},
        {"Environment", "A=\\x41\\u00e9\\101\\s.", "\"A=A\u00e9A .\""},
        {"Environment", "A=\\d\\q", "\"A=\\\\d\\\\q\""},
        {"Environment", "A=#1", "\"A=#1\""},
        {"BindPaths", "/srv", "/srv:/srv"},
        {"BindPaths", "/srv/:/data//x", "/srv:/data/x"},
        {"BindPaths", "-/srv:/data:norbind", "-/srv:/data:norbind"},
        {"BindPaths", "/srv:/data:idmap,rbind", "/srv:/data:rbind,idmap"},
        {"BindPaths", "/srv::norbind", "/srv:/srv:norbind"},
        {"BindPaths", "/a\\:b:/c", "\"/a:b\":/c"},
        {"BindPaths", "\"/a b:c\":'/d e' /f", "\"/a b:c\":\"/d e\"|/f:/f"},
        {"BindReadOnlyPaths", "/srv" AND "/etc", "/srv:/srv|/etc:/etc"},
        {"TemporaryFileSystem", "/run", "/run"},
        {"TemporaryFileSystem", "/run:ro,noexec,mode=1777,size=16M",
         "/run:ro,noexec,mode=1777,size=16777216"},
        {"TemporaryFileSystem", "/run:nosuid,nodev,rw,exec /var/tmp", "/run|/var/tmp"},
        {"TemporaryFileSystem", "/a\\:b:ro", "\"/a:b\":ro"},
        {"CapabilityBoundingSet", "CAP_NET_RAW cap_chown", "CAP_CHOWN CAP_NET_RAW"},
        {"CapabilityBoundingSet", "CAP_NET_RAW" AND "CAP_CHOWN", "CAP_CHOWN CAP_NET_RAW"},
        {"CapabilityBoundingSet", "CAP_NET_RAW CAP_CHOWN" AND "~CAP_CHOWN", "CAP_NET_RAW"},
        {"CapabilityBoundingSet", "~", "~"},
        {"CapabilityBoundingSet", "~CAP_CHOWN" AND "CAP_CHOWN", "~"},
        {"CapabilityBoundingSet", "CAP_NET_RAW" AND "", ""},
        {"SystemCallFilter", "@file-system ptrace", "@file-system|ptrace"},
        {"SystemCallFilter", "~@mount ptrace", "~@mount|~ptrace"},
        {"SystemCallFilter", "~ @mount", "~@mount"},
        {"SystemCallFilter", "~", "~"},
        {"SystemCallFilter", "riscv_flush_icache", "riscv_flush_icache"},
        {"SystemCallFilter", "~@mount:EACCES ptrace:kill sync:77 read",
         "~@mount:EACCES|~ptrace:kill|~sync:EBADFD|~read"},
        {"SystemCallFilter", "mkdir:13", "mkdir:EACCES"},
        {"SystemCallErrorNumber", "ENOSYS", "ENOSYS"},
        {"SystemCallErrorNumber", "1", "EPERM"},
        {"SystemCallErrorNumber", "4095", "4095"},
        {"SystemCallErrorNumber", "kill", "kill"},
        {"SystemCallErrorNumber", "kill" AND "", "EPERM"},
        {"RestrictNamespaces", "true", "yes"},
        {"RestrictNamespaces", "off", "no"},
        {"RestrictNamespaces", "user net", "user|net"},
        {"RestrictNamespaces", "~user net" AND "pid", "~user|~net|pid"},
        {"RestrictNamespaces", "user" AND "", ""},
        {"RestrictAddressFamilies", "AF_UNIX AF_MCTP", "AF_UNIX|AF_MCTP"},
        {"RestrictAddressFamilies", "none", "none"},
        {"RestrictAddressFamilies", "~", "~"},
        {"SystemCallArchitectures", "native x86-64", "native|x86-64"},
        {"Personality", "x86", "x86"},
        {"Nice", "-20", "-20"},
        {"Nice", "+19", "19"},
        {"Nice", "5" AND "", "0"},
        {"OOMScoreAdjust", "-1000", "-1000"},
        {"CPUAffinity", "0-3,5", "0-3 5"},
        {"CPUAffinity", "3,2 1" AND "7-8", "1-3 7-8"},
        {"CPUAffinity", "1023", "1023"},
        {"CPUAffinity", "1" AND "" AND "2", "2"},
        {"ExecStart", "/bin/httpd -f -p 8080", "/bin/httpd -f -p 8080"},
        {"ExecStart", "httpd", "httpd"},
        {"ExecStart", "-@/bin/sh -sh -c \"echo a; echo 'b'\"",
         "-@/bin/sh -sh -c \"echo a; echo 'b'\""},
        {"ExecStart", ":/bin/echo $HOME", ":/bin/echo $HOME"},
        {"ExecStart", "/bin/a ; /bin/b x", "/bin/a|/bin/b x"},
        {"ExecStart", "/bin/a \\; \";\" x;y", "/bin/a \";\" \";\" \"x;y\""},
        {"ExecStart", "/bin/a ;", "/bin/a"},
        {"ExecStart", "\"/bin/a b\" \"\"", "\"/bin/a b\" \"\""},
        {"ExecStart", "/bin/a" AND "/bin/b", "/bin/a|/bin/b"},
        {"ExecStart", "/bin/printf \\x1b[0m\\n", "/bin/printf \"\\x1b[0m\\n\""},
        {"AllowedCPUs", "0-3,5 7", "0-3 5 7"},
        {"AllowedCPUs", "0 1,2" AND "1023", "0-2 1023"},
        {"AllowedCPUs", "0" AND "" AND "4", "4"},
        {"AllowedMemoryNodes", "0", "0"},
        {"IOWeight", "10000", "10000"},
        {"IODeviceWeight", "/dev/sda 200" AND "/srv 7", "/dev/sda 200|/srv 7"},
        {"IODeviceWeight", "/dev/sda 200" AND "/dev//sda 7", "/dev/sda 7"},
        {"IOReadBandwidthMax", "/dev/sda 5M", "/dev/sda 5000000"},
        {"IOReadBandwidthMax", "\"/a b\" infinity", "\"/a b\" infinity"},
        {"IOWriteBandwidthMax", "/srv 1", "/srv 1"},
        {"IOReadIOPSMax", "/srv 2K" AND "", ""},
        {"IODeviceLatencyTargetSec", "/dev/sda 1s 25ms", "/dev/sda 1s 25ms"},
        {"BestEffort", "MemoryHigh IOWeight", "MemoryHigh|IOWeight"},
        {"DevicePolicy", "strict", "strict"},
        {"IPAddressDeny", "any", "any"},
        {"IPAddressDeny", "10.1.2.3/8 10.9.9.9/8 ::1", "10.0.0.0/8|::1/128"},
        {"IPAddressDeny", "192.168.0.1" AND "multicast link-local",
         "192.168.0.1/32|multicast|link-local"},
        {"IPAddressDeny", "any" AND "" AND "2001:DB8::ff/33", "2001:db8::/33"},
        {"IPAddressDeny", "255.255.255.255/0 ::/0 127.255.0.0/9", "0.0.0.0/0|::/0|127.128.0.0/9"},
        {"DeviceAllow", "/dev/fuse", "/dev/fuse rwm"},
        {"DeviceAllow", "/dev//net/tun wr" AND "char-pts r", "/dev/net/tun rw|char-pts r"},
        {"DeviceAllow", "\"/dev/a b\" m", "\"/dev/a b\" m"},
        {"DeviceAllow", "-/dev/fuse r" AND "-char-pts", "-/dev/fuse r|-char-pts rwm"},
        {"DeviceAllow", "/dev/a m" AND "/dev/b w" AND "/dev/a r", "/dev/a rm|/dev/b w"},
        {"DeviceAllow", "-/dev/a r" AND "/dev/a w", "/dev/a rw"},
        {"DeviceAllow", "-/dev/a r" AND "-/dev/a w", "-/dev/a rw"},
        {"DeviceAllow", "/dev/fuse" AND "" AND "block-loop", "block-loop rwm"},
        {"WantedBy", "multi-user.target", "multi-user.target"},
};

START_TEST(values_are_understood) {
        DiagList diags = {};
        _cleanup_free_ char *text = assign(good[_i].name, NULL, good[_i].text, &diags);

        ck_assert_msg(diags.n_errors == 0, "%s=%s: %s", good[_i].name, good[_i].text,
                      diags.n > 0 ? diags.diags[0].text : "");
        ck_assert_str_eq(text ? text : "", good[_i].expected);
        diag_list_done(&diags);
}
END_TEST

static const struct Good ports[] = {
        {"Listen", "8080", "8080"},
        {"Listen", "127.0.0.1:80", "127.0.0.1:80"},
        {"Listen", "[::1]:8080", "[::1]:8080"},
        {"Listen", "[0:0:0:0:0:0:0:1]:1", "[::1]:1"},
        {"Listen", "0.0.0.0:65535", "0.0.0.0:65535"},
        {"Listen", "/run//web.socket", "/run/web.socket"},
        {"Listen", "80-143", "80-143"},
        {"Listen", "127.0.0.1:0080-90", "127.0.0.1:80-90"},
        {"Target", "[::1]:8080-8081", "[::1]:8080-8081"},
        {"Target", "8080", "8080"},
        {"Target", "/run/inside.socket", "/run/inside.socket"},
};

START_TEST(ports_are_understood) {
        DiagList diags = {};
        _cleanup_free_ char *text = assign(ports[_i].name, "http", ports[_i].text, &diags);

        ck_assert_uint_eq(diags.n, 0);
        ck_assert_str_eq(text, ports[_i].expected);
        diag_list_done(&diags);
}
END_TEST

/* column: of the byte at fault, counted from 0 in the text. */
static const struct Bad {
        const char *name, *text;
        unsigned column;
        const char *message;
} bad[] = {
        {"Description", "a\x01z", 1, "Control characters"},
        {"PrivatePIDs", "maybe", 0, "write yes or no"},
        {"PrivatePIDs", "yes # why", 0, "a comment must have a line of its own"},
        {"Type", "notify", 0, "simple, exec or oneshot"},
        {"MemoryMax", "64Q", 0, "no size"},
        {"MemoryMax", "-1", 0, "no size"},
        {"MemoryMax", "0", 0, "the least is 4096"},
        {"MemoryMax", "101%", 0, "too large"},
        {"MemoryMax", "99999999E", 0, "too large"},
        {"LimitNOFILE", "64:32", 0, "above the hard one"},
        {"LimitNOFILE", "64K", 0, "write a number"},
        {"LimitNOFILE", "64:", 0, "SOFT:HARD"},
        {"LimitNICE", "+20", 0, "nice level"},
        {"LimitNICE", "41", 0, "nice level"},
        {"LimitCPU", "soon", 0, "seconds"},
        {"TasksMax", "0", 0, "the least is 1"},
        {"TasksMax", "12x", 0, "no number"},
        {"TasksMax", "32K", 0, "no number"},
        {"CPUQuota", "50", 0, "percentage"},
        {"CPUQuota", "0%", 0, "more than 0%"},
        {"CPUWeight", "10001", 0, "1 to 10000"},
        {"CPUWeight", "idler", 0, "no weight"},
        {"CPUWeight", "0", 0, "1 to 10000"},
        {"IOWeight", "idle", 0, "no weight"},
        {"TimeoutStopSec", "1 fortnight", 0, "no time span"},
        {"TimeoutStopSec", "-5", 0, "no time span"},
        {"TimeOffsetBootSec", "--5", 0, "no time span"},
        {"UMask", "0888", 0, "octal"},
        {"UMask", "1777", 0, "0000 to 0777"},
        {"KillSignal", "SIGNONE", 0, "no signal"},
        {"Hostname", "-web", 0, "no host name"},
        {"Hostname", "web.", 0, "no host name"},
        {"Hostname", "a..b", 0, "no host name"},
        {"Hostname", "a b", 0, "no host name"},
        {"Hostname", "01234567890123456789012345678901234567890123456789012345678901234", 0,
         "65 bytes"},
        {"Slice", "web", 0, "ends with .slice"},
        {"Slice", "a--b.slice", 0, "single dashes"},
        {"Slice", "-a.slice", 0, "single dashes"},
        {"Slice", "../x.slice", 0, "single dashes"},
        {"Slice", ".slice", 0, "single dashes"},
        {"RootDirectory", "srv", 0, "not absolute"},
        {"RootDirectory", "/srv/../etc", 0, "without \"..\""},
        {"WorkingDirectory", "~", 0, "not supported"},
        {"WorkingDirectory", "-srv", 1, "not absolute"},
        {"PrivateUsers", "yes", 0, "which ids"},
        {"PrivateUsers", "all", 0, "pick, self, identity"},
        {"PrivateUsers", "1:0", 0, "out of range"},
        {"PrivateUsers", "4294967295:1", 0, "out of range"},
        {"PrivateUsers", "1:65536x", 0, "pick, self"},
        {"JoinNamespaces", "network net", 8, "no kind of namespaces"},
        {"TimeNamespacePath", "ns/time", 0, "not absolute"},
        {"UIDMap", "0:1", 0, "INSIDE:OUTSIDE:COUNT"},
        {"UIDMap", "0:1:2:3", 0, "INSIDE:OUTSIDE:COUNT"},
        {"UIDMap", "0:1:1 0::1", 6, "INSIDE:OUTSIDE:COUNT"},
        {"UIDMap", "0:-1:1", 0, "INSIDE:OUTSIDE:COUNT"},
        {"UIDMap", "0:1:00000000000000001", 0, "INSIDE:OUTSIDE:COUNT"},
        {"UIDMap", "0:1:0", 0, "out of range"},
        {"GIDMap", "4294967295:0:1", 0, "out of range"},
        {"GIDMap", "0:2:4294967294", 0, "out of range"},
        {"Layers", "a \"b", 2, "never closed"},
        {"Environment", "A", 0, "no assignment"},
        {"Environment", "A=1 2B=3", 4, "the name is not valid"},
        {"Environment", "A=\\x01", 0, "control characters"},
        {"Environment", "A=\\xff", 0, "UTF-8"},
        {"BindPaths", "srv", 0, "not absolute"},
        {"BindPaths", "/srv:/", 5, "below it"},
        {"BindPaths", "/srv:/data:rw", 11, "no option"},
        {"BindPaths", "/srv:/data:rbind:x", 11, "more than three"},
        {"BindPaths", "/a /b:c", 6, "not absolute"},
        {"TemporaryFileSystem", "/run:size=x", 5, "no size"},
        {"TemporaryFileSystem", "/run:mode=9", 5, "no mode"},
        {"TemporaryFileSystem", "/run:ro,suid", 8, "no option"},
        {"CapabilityBoundingSet", "CAP_NET_RAWW", 0, "did you mean CAP_NET_RAW?"},
        {"CapabilityBoundingSet", "CAP_CHOWN CAP_NOSUCHTHING", 10, "capabilities(7)"},
        {"CapabilityBoundingSet", "CAP_CHOWN 64", 10, "no capability"},
        {"SystemCallFilter", "ptracee", 0, "did you mean ptrace?"},
        {"SystemCallFilter", "@file-sytem", 0, "did you mean @file-system?"},
        {"SystemCallFilter", "~read ~write", 6, "~ stands once"},
        {"SystemCallFilter", "mount:EPREM", 0, "\"EPREM\" is no error"},
        {"SystemCallFilter", "read mount:", 5, "\"\" is no error"},
        {"SystemCallFilter", "mount:0", 0, "1 to 4095"},
        {"SystemCallFilter", "mont:EPERM", 0, "did you mean mount?"},
        {"SystemCallErrorNumber", "4096", 0, "1 to 4095"},
        {"SystemCallErrorNumber", "-1", 0, "is no error"},
        {"SystemCallErrorNumber", "EPERM ", 0, "is no error"},
        {"RestrictNamespaces", "pid usr", 4, "yes, no, cgroup, ipc, mnt"},
        {"RestrictNamespaces", "~pid usr", 5, "none of the words"},
        {"RestrictAddressFamilies", "AF_UNX", 0, "did you mean AF_UNIX?"},
        {"RestrictAddressFamilies", "packet", 0, "sbx.sandbox(5) lists them"},
        {"Nice", "20", 0, "-20 to 19"},
        {"Nice", "-21", 0, "-20 to 19"},
        {"Nice", "--1", 0, "is no number"},
        {"Nice", "99999999999", 0, "-20 to 19"},
        {"OOMScoreAdjust", "1001", 0, "-1000 to 1000"},
        {"CPUAffinity", "numa", 0, "NUMAMask="},
        {"CPUAffinity", "1024", 0, "0 to 1023"},
        {"CPUAffinity", "3-1", 0, "a range goes up"},
        {"CPUAffinity", "0-", 0, "no set"},
        {"CPUAffinity", "0x1", 0, "no set"},
        {"SystemCallArchitectures", "x86_64", 0, "native, x86-64, x86"},
        {"AllowedCPUs", "1;2", 0, "no set"},
        {"IOWeight", "0", 0, "1 to 10000"},
        {"IODeviceWeight", "/dev/sda", 8, "PATH and a weight"},
        {"IODeviceWeight", "/dev/sda 10001", 9, "1 to 10000"},
        {"IODeviceWeight", "sda 1", 0, "not absolute"},
        {"IOReadBandwidthMax", "/dev/sda 0", 9, "a number a second"},
        {"IOReadBandwidthMax", "/dev/sda 99999999999E", 9, "a number a second"},
        {"IOReadIOPSMax", "/dev/sda 5X", 9, "a number a second"},
        {"IODeviceLatencyTargetSec", "/dev/sda soon", 9, "a time span"},
        {"DevicePolicy", "open", 0, "auto, closed or strict"},
        {"IPAddressDeny", "any 10.0.0.0/33", 4, "no address"},
        {"IPAddressDeny", "10.0.0/8", 0, "no address"},
        {"IPAddressDeny", "::1/", 0, "no address"},
        {"IPAddressDeny", "example.org", 0, "no address"},
        {"IPAddressDeny", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", 0,
         "no address"},
        {"DeviceAllow", "/etc/passwd", 0, "no device"},
        {"DeviceAllow", "/dev/../etc", 0, "no device"},
        {"DeviceAllow", "char-", 0, "names no driver"},
        {"DeviceAllow", "-", 0, "no device"},
        {"DeviceAllow", "--/dev/fuse", 0, "no device"},
        {"DeviceAllow", "/dev/fuse rx", 10, "no access"},
        {"DeviceAllow", "/dev/fuse r /dev/null", 12, "one DeviceAllow="},
        {"ExecStart", "bin/sh", 0, "relative path"},
        {"ExecStart", "/bin/", 0, "directory"},
        {"ExecStart", "/.", 0, "directory"},
        {"ExecStart", "+/bin/sh", 0, "prefix + is not supported"},
        {"ExecStart", "!/bin/sh", 0, "prefix ! is not supported"},
        {"ExecStart", "!!/bin/sh", 0, "prefix ! is not supported"},
        {"ExecStart", "|ls", 0, "no shell"},
        {"ExecStart", "-", 0, "is missing"},
        {"ExecStart", "@/bin/sh", 0, "argv[0]"},
        {"ExecStart", "; /bin/sh", 0, "before the ;"},
        {"ExecStart", "/bin/a ; ; /bin/b", 9, "before the ;"},
        {"ExecStart", "/bin/echo \"a", 10, "never closed"},
        {"ExecStart", "/bin/sh/../x", 0, "without \"..\""},
};

/* The place names the byte, and what was there before stays. */
static void check_refused(const char *name, const char *record, const char *text, unsigned column,
                          const char *message) {
        _cleanup_free_ char *before = NULL, *after = NULL;
        DiagList diags = {};

        before = assign(name, record, record ? "1" : "", &diags);
        diag_list_done(&diags);
        after = assign(name, record, text, &diags);
        ck_assert_msg(diags.n == 1 && diags.n_errors == 1, "%s=%s: %zu", name, text, diags.n);
        ck_assert_msg(!!strstr(diags.diags[0].text, message), "%s=%s: %s", name, text,
                      diags.diags[0].text);
        ck_assert_str_eq(diags.diags[0].directive, name);
        ck_assert_uint_eq(diags.diags[0].place.line, 7);
        ck_assert_msg(diags.diags[0].place.column == 10 + column, "%s=%s: column %u", name, text,
                      diags.diags[0].place.column);
        if (!record) {
                ck_assert(streq_ptr(before, after));
        }
        diag_list_done(&diags);
}

START_TEST(mistakes_are_explained) {
        check_refused(bad[_i].name, NULL, bad[_i].text, bad[_i].column, bad[_i].message);
}
END_TEST

static const struct Bad bad_ports[] = {
        {"Listen", "0", 0, "1 to 65535"},
        {"Listen", "65536", 0, "1 to 65535"},
        {"Listen", "80-", 0, "no range"},
        {"Listen", "90-80", 0, "no range"},
        {"Listen", "80-80", 0, "no range"},
        {"Listen", "80-90-95", 0, "no range"},
        {"Listen", "80-144", 0, "at most 64"},
        {"Listen", "65530-65536", 0, "no range"},
        {"Listen", "[::1]:8-0", 6, "no range"},
        {"Listen", "127.0.0.1:0", 10, "1 to 65535"},
        {"Listen", "127.0.0:80", 0, "no address"},
        {"Listen", "::1:80", 0, "no address"},
        {"Listen", "[::1%lo]:80", 0, "no address"},
        {"Listen", "localhost:80", 0, "no address"},
        {"Listen", "@web", 0, "abstract"},
        {"Listen", "/", 0, "unix socket"},
        {"Target", "/run/../x", 0, "without \"..\""},
        {"Listen",
         "/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "890123456789"
         "01234567",
         0, "107 bytes"},
};

START_TEST(port_mistakes_are_explained) {
        check_refused(bad_ports[_i].name, "http", bad_ports[_i].text, bad_ports[_i].column,
                      bad_ports[_i].message);
}
END_TEST

START_TEST(percentages_are_of_the_host) {
        _cleanup_(spec_freep) Spec *spec = NULL;
        uint64_t memory = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);
        DiagList diags = {};

        ck_assert_int_eq(spec_new(&spec), 0);
        spec_assign(spec, directive_find_name("MemoryMax"), NULL, "50%", &test_place, &diags);
        spec_assign(spec, directive_find_name("TasksMax"), NULL, "10%", &test_place, &diags);
        ck_assert_uint_eq(diags.n, 0);
        ck_assert_uint_eq(spec->memory_max, memory / 2);
        ck_assert_uint_gt(spec->tasks_max, 1);
        ck_assert_uint_lt(spec->tasks_max, UINT32_MAX);
}
END_TEST

START_TEST(quota_is_in_microseconds_a_second) {
        _cleanup_(spec_freep) Spec *spec = NULL;
        DiagList diags = {};

        ck_assert_int_eq(spec_new(&spec), 0);
        ck_assert_uint_eq(spec->cpu_quota_usec, UINT64_MAX);
        spec_assign(spec, directive_find_name("CPUQuota"), NULL, "50%", &test_place, &diags);
        ck_assert_uint_eq(spec->cpu_quota_usec, 500000);
}
END_TEST

START_TEST(commands_keep_their_parts) {
        _cleanup_(spec_freep) Spec *spec = NULL;
        const ValueItem *items;
        DiagList diags = {};

        ck_assert_int_eq(spec_new(&spec), 0);
        spec_assign(spec, directive_find_name("ExecStart"), NULL,
                    "-:@/bin/sh login -c 'a b' ; /bin/true", &test_place, &diags);
        ck_assert_uint_eq(spec->exec_start.n, 2);
        items = spec->exec_start.items;
        ck_assert_str_eq(items[0].text, "/bin/sh");
        ck_assert_uint_eq(items[0].flags, VALUE_IGNORE_FAILURE | VALUE_ARGV0 | VALUE_NO_ENV);
        ck_assert_uint_eq(strv_length(items[0].words), 3);
        ck_assert_str_eq(items[0].words[0], "login");
        ck_assert_str_eq(items[0].words[2], "a b");
        ck_assert_str_eq(items[1].words[0], "/bin/true");
        ck_assert_uint_eq(items[1].flags, 0);
        ck_assert_uint_eq(items[1].place.column, 10 + 28);
}
END_TEST

START_TEST(a_scalar_set_twice_in_one_file_is_told) {
        _cleanup_(spec_freep) Spec *spec = NULL;
        const Directive *memory = directive_find_name("MemoryMax");
        Place second = {.file = "test.sandbox", .line = 9, .column = 4};
        Place other = {.file = "drop-in.conf", .line = 2, .column = 1};
        DiagList diags = {};

        ck_assert_int_eq(spec_new(&spec), 0);
        spec_assign(spec, memory, NULL, "1M", &test_place, &diags);
        spec_assign(spec, memory, NULL, "2M", &second, &diags);
        ck_assert_uint_eq(diags.n_warnings, 1);
        ck_assert_uint_eq(diags.diags[0].place.line, 9);
        ck_assert_ptr_nonnull(strstr(diags.diags[0].text, "test.sandbox:7:10"));
        ck_assert_uint_eq(spec->memory_max, 2u << 20);
        /* a drop-in overrides, and an empty assignment resets: neither is a mistake */
        spec_assign(spec, memory, NULL, "3M", &other, &diags);
        spec_assign(spec, memory, NULL, "", &other, &diags);
        spec_assign(spec, memory, NULL, "4M", &other, &diags);
        spec_assign(spec, directive_find_name("Layers"), NULL, "a", &test_place, &diags);
        spec_assign(spec, directive_find_name("Layers"), NULL, "b", &test_place, &diags);
        ck_assert_uint_eq(diags.n, 1);
        ck_assert_uint_eq(spec->memory_max, 4u << 20);
        ck_assert_uint_eq(spec->places[memory->id].line, 2);
        diag_list_done(&diags);
}
END_TEST

static const struct {
        const char *name, *text;
        bool warns;
} comments[] = {
        {"Layers", "busybox # the base", true},
        {"Layers", "busybox ;base", true},
        {"Layers", "busybox '# base'", false},
        {"Layers", "busybox#base", false},
        {"ExecStart", "/bin/true # nothing", true},
        {"ExecStart", "/bin/true ; /bin/false", false},
        {"ExecStart", "/bin/sh -c 'true # nothing'", false},
        {"Description", "Site #1", false},
        {"Description", "Site # the first", true},
};

START_TEST(what_looks_like_a_comment_is_told) {
        DiagList diags = {};
        _cleanup_free_ char *text = assign(comments[_i].name, NULL, comments[_i].text, &diags);

        ck_assert_ptr_nonnull(text);
        ck_assert_uint_eq(diags.n_warnings, comments[_i].warns ? 1 : 0);
        ck_assert_uint_eq(diags.n_errors, 0);
        diag_list_done(&diags);
}
END_TEST

static const char *const words[] = {
        "",
        "a",
        "a b",
        "a\"b",
        "a'b",
        "\\",
        "\\x41",
        "a;b",
        ";",
        "# no comment",
        "tab\there",
        "line\nbreak",
        "\x01\x7f\xff",
        "\u00e9t\u00e9",
        "a\\",
        "$HOME",
        "%i",
        "\xf0\x9f\x98\x80",
        "\xc3",
        " ",
        "~",
};

START_TEST(quoting_goes_both_ways) {
        _cleanup_free_ char *quoted = value_quote_word(words[_i]);
        _cleanup_(strv_freep) char **split = NULL;

        ck_assert_ptr_nonnull(quoted);
        ck_assert(utf8_valid(quoted, strlen(quoted)));
        ck_assert_int_eq(value_split_words(quoted, &split, NULL, NULL), 0);
        ck_assert_uint_eq(strv_length(split), 1);
        ck_assert_str_eq(split[0], words[_i]);
}
END_TEST

START_TEST(too_much_is_refused) {
        _cleanup_(spec_freep) Spec *spec = NULL;
        _cleanup_free_ char *text = malloc(70000);
        const Directive *layers = directive_find_name("Layers");
        DiagList diags = {};

        ck_assert_int_eq(spec_new(&spec), 0);
        memset(text, 'a', 69999);
        text[69999] = '\0';
        spec_assign(spec, directive_find_name("Description"), NULL, text, &test_place, &diags);
        ck_assert_ptr_nonnull(strstr(diags.diags[0].text, "65536"));
        for (size_t i = 0; i < 60000; i++) {
                text[i] = i % 2 ? ' ' : 'a';
        }
        text[60000] = '\0';
        spec_assign(spec, layers, NULL, text, &test_place, &diags);
        ck_assert_ptr_nonnull(strstr(diags.diags[1].text, "4096"));
        text[8000] = '\0';
        spec_assign(spec, layers, NULL, text, &test_place, &diags);
        ck_assert_uint_eq(diags.n, 2);
        spec_assign(spec, layers, NULL, text, &test_place, &diags);
        ck_assert_uint_eq(diags.n, 3);
        ck_assert_uint_eq(spec->layers.n, 4000);
        spec_assign(spec, layers, NULL, "\xff", &test_place, &diags);
        ck_assert_ptr_nonnull(strstr(diags.diags[3].text, "UTF-8"));
        diag_list_done(&diags);
}
END_TEST

START_TEST(records_have_names) {
        static const char *const refused[] = {"", "a b", "a:b", "a/b"};
        _cleanup_(spec_freep) Spec *spec = NULL;
        const Directive *listen = directive_find("Port", "Listen");
        DiagList diags = {};

        ck_assert_int_eq(spec_new(&spec), 0);
        for (size_t i = 0; i < ELEMENTS(refused); i++) {
                ck_assert_int_eq(spec_assign(spec, listen, refused[i], "1", &test_place, &diags),
                                 0);
        }
        ck_assert_int_eq(spec_assign(spec, listen, NULL, "1", &test_place, &diags), 0);
        ck_assert_uint_eq(diags.n_errors, ELEMENTS(refused) + 1);
        ck_assert_ptr_nonnull(strstr(diags.diags[0].text, "[Port] needs a name"));
        ck_assert_ptr_nonnull(strstr(diags.diags[1].text, "[Port a b] needs a name"));
        ck_assert_uint_eq(spec->n_ports, 0);
        ck_assert_int_eq(spec_add_record(spec, "Port", "http", &test_place, &diags), 0);
        ck_assert_int_eq(spec_add_record(spec, "Sandbox", "http", &test_place, &diags), 0);
        ck_assert_uint_eq(diags.n_errors, ELEMENTS(refused) + 2);
        for (unsigned i = 0; i < 2 * SPEC_RECORDS_MAX; i++) {
                _cleanup_free_ char *name = strf("port%u", i);

                ck_assert_int_eq(spec_add_record(spec, "Port", name, &test_place, &diags), 0);
        }
        ck_assert_uint_eq(spec->n_ports, SPEC_RECORDS_MAX);
        diag_list_done(&diags);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("value");
        TCase *tc = tcase_create("value");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tc, values_are_understood, 0, ELEMENTS(good));
        tcase_add_loop_test(tc, ports_are_understood, 0, ELEMENTS(ports));
        tcase_add_loop_test(tc, mistakes_are_explained, 0, ELEMENTS(bad));
        tcase_add_loop_test(tc, port_mistakes_are_explained, 0, ELEMENTS(bad_ports));
        tcase_add_test(tc, percentages_are_of_the_host);
        tcase_add_test(tc, quota_is_in_microseconds_a_second);
        tcase_add_test(tc, commands_keep_their_parts);
        tcase_add_test(tc, a_scalar_set_twice_in_one_file_is_told);
        tcase_add_loop_test(tc, what_looks_like_a_comment_is_told, 0, ELEMENTS(comments));
        tcase_add_loop_test(tc, quoting_goes_both_ways, 0, ELEMENTS(words));
        tcase_add_test(tc, too_much_is_refused);
        tcase_add_test(tc, records_have_names);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
