/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/doctor.h"

#include "base/fd.h"
#include "base/host.h"
#include "base/lookup.h"
#include "base/parse.h"
#include "ctl/probe.h"
#include "ctl/services.h"
#include "kern/device-filter.h"
#include "op/limit.h"
#include "spec/spec.h"
#include "unit/unit.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *const state_names[_FINDING_STATE_MAX] = {
        [FINDING_OK] = "ok",
        [FINDING_LIMITED] = "limited",
        [FINDING_MISSING] = "missing",
        [FINDING_UNKNOWN] = "unknown",
};
DEFINE_LOOKUP(finding_state, FindingState, state_names)

/* What must be there: the oldest kernel with all calls of the helper, and the oldest that is
 * tested. */
enum { KERNEL_MAJOR = 5, KERNEL_MINOR = 14, TESTED_MAJOR = 6, TESTED_MINOR = 1 };

int doctor_note(Doctor *doctor, const Check *check, FindingState state, const char *fix,
                const char *format, ...) {
        _cleanup_json_ json_object *finding = json_object_new_object();
        _cleanup_(str_done) Str detail = STR_INIT;
        va_list args;
        int r;

        va_start(args, format);
        r = finding ? str_vappendf(&detail, format, args) : -ENOMEM;
        va_end(args);
        r = r < 0 ? r : json_set_text(finding, "check", check->name);
        r = r < 0 ? r : json_set_text(finding, "state", finding_state_name(state));
        r = r < 0 ? r : json_set(finding, "essential", json_object_new_boolean(check->essential));
        r = r < 0 ? r : json_set_text(finding, "detail", str_text(&detail));
        r = r < 0 ? r : json_set_text(finding, "fix", state == FINDING_OK ? NULL : fix);
        doctor->unfit |= check->essential && state == FINDING_MISSING;
        return r < 0 ? r : json_push(doctor->findings, TAKE(finding));
}

/* A probe that an unprivileged caller was not allowed to make says nothing about the host. */
static int note_probe(Doctor *doctor, const Check *check, int result, const char *good,
                      const char *fix) {
        bool denied = result == -EPERM || result == -EACCES;

        if (result >= 0) {
                return doctor_note(doctor, check, FINDING_OK, NULL, "%s", good);
        }
        if (denied && geteuid() != 0) {
                return doctor_note(doctor, check, FINDING_UNKNOWN, "run it as root",
                                   "not to be probed without root");
        }
        return doctor_note(doctor, check, check->essential ? FINDING_MISSING : FINDING_LIMITED, fix,
                           "%s", strerrordesc_np(-result));
}

/* -- the kernel -- */

static bool older_than(const HostFacts *host, unsigned major, unsigned minor) {
        return host->kernel_major < major ||
               (host->kernel_major == major && host->kernel_minor < minor);
}

static int look_kernel(Doctor *doctor, const Check *check) {
        FindingState state = older_than(&doctor->host, KERNEL_MAJOR, KERNEL_MINOR) ? FINDING_MISSING
                             : older_than(&doctor->host, TESTED_MAJOR, TESTED_MINOR)
                                     ? FINDING_LIMITED
                                     : FINDING_OK;
        struct utsname name;

        if (uname(&name) < 0) {
                return negative_errno();
        }
        return doctor_note(doctor, check, state,
                           "install a kernel of 6.1 or later: older ones are not tested, and "
                           "before 5.14 calls are missing that sbx-helper needs",
                           "%s %s", name.sysname, name.release);
}

typedef struct NamespaceKind {
        int flag;
        const char *limit; /* below /proc/sys/user */
} NamespaceKind;

static int look_namespace(Doctor *doctor, const Check *check) {
        const NamespaceKind *kind = check->argument;
        _cleanup_free_ char *limit = strf("raise /proc/sys/user/%s", kind->limit);
        int result;

        if (!limit) {
                return -ENOMEM;
        }
        result = probe_run(probe_nothing, NULL, kind->flag);
        return note_probe(doctor, check, result, "made one",
                          result == -ENOSPC   ? limit
                          : result == -EINVAL ? "the kernel was built without: use another"
                                              : "something confines this process: seccomp, an LSM, "
                                                "or the container that it runs in");
}

/* A number of a sysctl; -errno where it is not there. */
static int read_sysctl(const char *path, uint64_t *ret) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = file_read_at(AT_FDCWD, path, 64, &text, &size);
        if (r < 0) {
                return r;
        }
        text[strcspn(text, "\n")] = '\0';
        return parse_u64(text, ret);
}

static int look_user_sysctls(Doctor *doctor, const Check *check) {
        uint64_t most = 0, allowed = 1, restricted = 0;
        const char *note = "";

        if (read_sysctl("/proc/sys/user/max_user_namespaces", &most) < 0) {
                return doctor_note(doctor, check, FINDING_MISSING,
                                   "use a kernel with CONFIG_USER_NS",
                                   "the kernel has no user namespaces");
        }
        (void) read_sysctl("/proc/sys/kernel/unprivileged_userns_clone", &allowed);
        (void) read_sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &restricted);
        if (allowed == 0 || restricted != 0) {
                note = "; not for unprivileged users, which sbx does not ask for";
        }
        return doctor_note(doctor, check, most > 0 ? FINDING_OK : FINDING_MISSING,
                           "sysctl user.max_user_namespaces=15000, and a file in /etc/sysctl.d",
                           "up to %llu%s", (unsigned long long) most, note);
}

/* -- roots -- */

static int look_overlay(Doctor *doctor, const Check *check) {
        int result = probe_run(probe_overlay, NULL, CLONE_NEWNS);

        if (result < 0 && geteuid() != 0) {
                return doctor_note(doctor, check, FINDING_UNKNOWN, "run it as root",
                                   "not to be probed without root");
        }
        return note_probe(doctor, check, result,
                          result > 0 ? "layers by descriptor"
                                     : "layers by name: the kernel is older than 6.13",
                          "modprobe overlay, or a kernel with CONFIG_OVERLAY_FS");
}

static const char *file_system_name(const char *path, char hex[static 32]) {
        static const struct {
                unsigned long magic;
                const char *name;
        } names[] = {
                {EXT4_SUPER_MAGIC, "ext4"},         {XFS_SUPER_MAGIC, "xfs"},
                {BTRFS_SUPER_MAGIC, "btrfs"},       {TMPFS_MAGIC, "tmpfs"},
                {OVERLAYFS_SUPER_MAGIC, "overlay"}, {SQUASHFS_MAGIC, "squashfs"},
                {EROFS_SUPER_MAGIC_V1, "erofs"},    {NFS_SUPER_MAGIC, "nfs"},
                {FUSE_SUPER_MAGIC, "fuse"},         {F2FS_SUPER_MAGIC, "f2fs"},
        };
        struct statfs fs;

        if (statfs(path, &fs) < 0) {
                return "gone";
        }
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                if (names[i].magic == (unsigned long) fs.f_type) {
                        return names[i].name;
                }
        }
        (void) snprintf(hex, 32, "type %#lx", (unsigned long) fs.f_type);
        return hex;
}

static int look_store(Doctor *doctor, const Check *check, const char *path, const char *without) {
        char hex[32];
        const char *name = file_system_name(path, hex);
        int result;

        if (geteuid() != 0) {
                return doctor_note(doctor, check, FINDING_UNKNOWN, "run it as root",
                                   "%s (%s): not to be probed without root", path, name);
        }
        result = probe_run(probe_idmap, path, CLONE_NEWNS);
        return result >= 0 ? doctor_note(doctor, check, FINDING_OK, NULL, "%s (%s)", path, name)
                           : doctor_note(doctor, check, FINDING_LIMITED, without, "%s (%s): %s",
                                         path, name, strerrordesc_np(-result));
}

static int look_idmap(Doctor *doctor, const Check *check) {
        _cleanup_(unit_search_done) UnitSearch search = {};
        int r;

        r = unit_search_system(&search);
        STRV_FOREACH (directory, search.layer_directories) {
                if (r < 0) {
                        return r;
                }
                if (access(*directory, F_OK) == 0) {
                        r = look_store(doctor, check, *directory,
                                       "layers that are directories want PrivateUsers=no or "
                                       "identity here: ship them as NAME.erofs, or keep them on "
                                       "ext4, xfs or btrfs");
                }
        }
        return r < 0 ? r
                     : look_store(doctor, check, "/",
                                  "a sandbox without Layers= can read the host's root, and cannot "
                                  "write to what it sees of it: give it Layers=");
}

static int look_erofs(Doctor *doctor, const Check *check) {
        int result = probe_run(probe_file_system, "erofs", CLONE_NEWNS);

        return note_probe(doctor, check, result, "the kernel has it",
                          "modprobe erofs, or a kernel with CONFIG_EROFS_FS: layers that are "
                          "images need it");
}

static int look_device(Doctor *doctor, const Check *check) {
        const char *const *words = check->argument;
        _cleanup_fd_ int fd = open(words[0], O_RDWR | O_CLOEXEC);

        return note_probe(doctor, check, fd < 0 ? negative_errno() : 0, words[0], words[1]);
}

/* -- limits -- */

/* Without systemd the helper makes the cgroups, and the file system must let it. */
static bool cgroups_writable(CgroupMode mode) {
        CgroupHierarchy hierarchy =
                mode == CGROUP_V1 ? CGROUP_HIERARCHY_PIDS : CGROUP_HIERARCHY_UNIFIED;
        const char *path = cgroup_mount_point(mode, hierarchy);

        return path && (access(path, W_OK) == 0 || errno != EROFS);
}

static int look_cgroups(Doctor *doctor, const Check *check) {
        CgroupMode mode = doctor->host.cgroup_mode;
        _cleanup_(str_done) Str list = STR_INIT;
        int r = 0;

        if (mode == CGROUP_NONE) {
                return doctor_note(doctor, check, FINDING_MISSING,
                                   "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
                                   "nothing is mounted at /sys/fs/cgroup");
        }
        if (!doctor->host.systemd_booted && !cgroups_writable(mode)) {
                return doctor_note(doctor, check, FINDING_MISSING,
                                   "mount -o remount,rw /sys/fs/cgroup, or run systemd",
                                   "/sys/fs/cgroup is read-only, and there is no systemd to ask");
        }
        for (int i = CGROUP_HIERARCHY_MEMORY; r == 0 && i < _CGROUP_HIERARCHY_MAX; i++) {
                if (doctor->host.cgroup_controllers & UINT32_C(1) << i) {
                        r = str_appendf(&list, " %s", cgroup_hierarchy_name((CgroupHierarchy) i));
                }
        }
        return r < 0 ? r
                     : doctor_note(doctor, check, FINDING_OK, NULL, "%s:%s", cgroup_mode_name(mode),
                                   list.length > 0 ? str_text(&list) : " no controller");
}

/* As a unit file has it. */
static const char *limit_directive(const Limit *limit) {
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                if (streq_ptr(directive_table[i].scope_property, limit->scope_property)) {
                        return directive_table[i].name;
                }
        }
        return limit->scope_property;
}

static int look_limits(Doctor *doctor, const Check *check) {
        _cleanup_(str_done) Str can = STR_INIT, cannot = STR_INIT;
        bool unified = doctor->host.cgroup_mode == CGROUP_UNIFIED;
        int r = 0;

        for (size_t i = 0; r == 0 && i < _LIMIT_MAX; i++) {
                CgroupHierarchy hierarchy;
                const char *file;
                bool there = limit_locate(&limit_table[i], doctor->host.cgroup_mode,
                                          doctor->host.cgroup_controllers, &hierarchy, &file) == 0;

                r = str_appendf(there ? &can : &cannot, " %s=", limit_directive(&limit_table[i]));
        }
        if (r < 0) {
                return r;
        }
        if (cannot.length == 0) {
                return doctor_note(doctor, check, FINDING_OK, NULL, "all can be enforced");
        }
        return doctor_note(
                doctor, check, FINDING_LIMITED,
                unified ? "enable the controllers in cgroup.subtree_control of the "
                          "cgroups above"
                        : "boot with cgroup v2 alone: systemd.unified_cgroup_hierarchy=1",
                "enforced:%s; not:%s", can.length > 0 ? str_text(&can) : " none",
                str_text(&cannot));
}

/* What can enforce DevicePolicy= and DeviceAllow=. */
static int look_device_filter(Doctor *doctor, const Check *check) {
        const HostFacts *host = &doctor->host;

        if ((host->cgroup_controllers & UINT32_C(1) << CGROUP_HIERARCHY_DEVICES) != 0) {
                return doctor_note(doctor, check, FINDING_OK, NULL,
                                   "enforced by the controller devices (v1)");
        }
        if (host->cgroup_mode != CGROUP_UNIFIED && host->cgroup_mode != CGROUP_HYBRID) {
                return doctor_note(doctor, check, FINDING_LIMITED,
                                   "boot with cgroup v2, or mount the controller devices",
                                   "DevicePolicy= and DeviceAllow= cannot be enforced");
        }
        return note_probe(doctor, check, device_filter_probe(),
                          "enforced by a BPF program (cgroup v2)",
                          "a kernel with CONFIG_CGROUP_BPF, and CAP_BPF and CAP_NET_ADMIN");
}

/* -- confinement -- */

static int look_seccomp(Doctor *doctor, const Check *check) {
        return note_probe(doctor, check, probe_run(probe_seccomp, NULL, 0), "loaded a filter",
                          "use a kernel with CONFIG_SECCOMP_FILTER");
}

static int look_landlock(Doctor *doctor, const Check *check) {
        int version = probe_landlock();

        return version < 0 ? doctor_note(doctor, check, FINDING_LIMITED,
                                         "add landlock to lsm= of the kernel's command line", "%s",
                                         strerrordesc_np(-version))
                           : doctor_note(doctor, check, FINDING_OK, NULL, "ABI %d", version);
}

static int look_modules(Doctor *doctor, const Check *check) {
        _cleanup_free_ char *list = NULL, *enabled = NULL;
        size_t size;
        bool apparmor = file_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16,
                                     &enabled, &size) == 0 &&
                        enabled[0] == 'Y';

        if (file_read_at(AT_FDCWD, "/sys/kernel/security/lsm", 4096, &list, &size) < 0) {
                return doctor_note(doctor, check, FINDING_UNKNOWN,
                                   "mount -t securityfs securityfs /sys/kernel/security",
                                   "securityfs is not mounted; AppArmor %s",
                                   apparmor ? "is enabled" : "is not enabled");
        }
        list[strcspn(list, "\n")] = '\0';
        return doctor_note(doctor, check, FINDING_OK, NULL, "%s", list);
}

static int look_nftables(Doctor *doctor, const Check *check) {
        return note_probe(doctor, check, probe_run(probe_nftables, NULL, CLONE_NEWNET),
                          "the kernel answers",
                          "modprobe nf_tables, or a kernel with CONFIG_NF_TABLES");
}

/* -- all of it -- */

static const NamespaceKind kinds[] = {
        {CLONE_NEWNS, "max_mnt_namespaces"},        {CLONE_NEWPID, "max_pid_namespaces"},
        {CLONE_NEWUSER, "max_user_namespaces"},     {CLONE_NEWNET, "max_net_namespaces"},
        {CLONE_NEWIPC, "max_ipc_namespaces"},       {CLONE_NEWUTS, "max_uts_namespaces"},
        {CLONE_NEWCGROUP, "max_cgroup_namespaces"}, {CLONE_NEWTIME, "max_time_namespaces"},
};
static const char *const loop_words[] = {"/dev/loop-control",
                                         "modprobe loop: layers that are images need it"};
static const char *const tun_words[] = {"/dev/net/tun", "modprobe tun"};

static const Check checks[] = {
        {"kernel", true, look_kernel, NULL},
        {"mount namespace", true, look_namespace, &kinds[0]},
        {"PID namespace", true, look_namespace, &kinds[1]},
        {"user namespace", true, look_namespace, &kinds[2]},
        {"network namespace", true, look_namespace, &kinds[3]},
        {"IPC namespace", true, look_namespace, &kinds[4]},
        {"UTS namespace", true, look_namespace, &kinds[5]},
        {"cgroup namespace", true, look_namespace, &kinds[6]},
        {"time namespace", false, look_namespace, &kinds[7]},
        {"user namespace limit", true, look_user_sysctls, NULL},
        {"overlay", true, look_overlay, NULL},
        {"idmapped mounts", false, look_idmap, NULL},
        {"erofs", false, look_erofs, NULL},
        {"loop devices", false, look_device, loop_words},
        {"cgroups", true, look_cgroups, NULL},
        {"limits", false, look_limits, NULL},
        {"device policy", false, look_device_filter, NULL},
        {"seccomp", true, look_seccomp, NULL},
        {"Landlock", false, look_landlock, NULL},
        {"security modules", false, look_modules, NULL},
        {"nftables", false, look_nftables, NULL},
        {"tun", false, look_device, tun_words},
        {"systemd", false, look_systemd, NULL},
        {"system bus", false, look_bus, NULL},
        {"journal", false, look_journal, NULL},
        {"sbxd", true, look_sbxd, NULL},
        {"sbx-helper", true, look_helper, NULL},
};

int doctor_examine(Ctl *ctl, json_object *findings, bool *ret_fit) {
        Doctor doctor = {.ctl = ctl, .findings = findings};
        int r;

        assert(ctl);
        assert(findings);
        assert(ret_fit);

        r = host_facts_probe(&doctor.host);
        for (size_t i = 0; r == 0 && i < ELEMENTS(checks); i++) {
                r = checks[i].look(&doctor, &checks[i]);
        }
        if (r < 0) {
                return r;
        }
        *ret_fit = !doctor.unfit;
        return 0;
}
