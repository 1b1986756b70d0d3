/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/services.h"

#include "base/fd.h"
#include "base/log.h"
#include "ctl/connection.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

#define SYSTEMD_NAME "org.freedesktop.systemd1"

int look_systemd(Doctor *doctor, const Check *check) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_free_ char *version = NULL;

        if (!doctor->host.systemd_booted) {
                return doctor_note(doctor, check, FINDING_OK, NULL,
                                   "not the init of this host: cgroups are made directly");
        }
        if (sd_bus_open_system(&bus) < 0 ||
            sd_bus_get_property_string(bus, SYSTEMD_NAME, "/org/freedesktop/systemd1",
                                       SYSTEMD_NAME ".Manager", "Version", NULL, &version) < 0) {
                return doctor_note(doctor, check, FINDING_LIMITED, "systemctl status dbus",
                                   "it runs, and does not answer on the bus");
        }
        return doctor_note(doctor, check, FINDING_OK, NULL, "%s: a scope for each sandbox",
                           version);
}

int look_bus(Doctor *doctor, const Check *check) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_open_system(&bus);
        return r < 0 ? doctor_note(doctor, check, FINDING_LIMITED,
                                   "install and start dbus; root reaches sbxd without it", "%s",
                                   strerrordesc_np(-r))
                     : doctor_note(doctor, check, FINDING_OK, NULL, "answers");
}

int look_journal(Doctor *doctor, const Check *check) {
        return doctor->host.journal
                       ? doctor_note(doctor, check, FINDING_OK, NULL, "takes the output")
                       : doctor_note(doctor, check, FINDING_LIMITED,
                                     "run systemd-journald for more than bounded files",
                                     "not there: output goes to files of sbx");
}

/* NULL: it does not answer; *ret_known: it would have if it ran. */
static char *read_version(Ctl *ctl, bool *ret_known) {
        int level = log_level(), r;
        char *version = NULL;

        /* that it does not run is a finding, not a failure */
        log_set_level(LOG_CRIT);
        r = ctl_connect(ctl);
        log_set_level(level);
        *ret_known = r >= 0 || geteuid() == 0;
        if (r < 0 ||
            sd_bus_get_property_string(ctl->bus, SBX_BUS_NAME, SBX_OBJECT_PATH,
                                       SBX_INTERFACE_MANAGER, "Version", NULL, &version) < 0) {
                return NULL;
        }
        return version;
}

int look_sbxd(Doctor *doctor, const Check *check) {
        bool known;
        _cleanup_free_ char *version = read_version(doctor->ctl, &known);

        if (!known) {
                return doctor_note(doctor, check, FINDING_UNKNOWN, "run it as root",
                                   "not to be reached without root or a system bus");
        }
        if (!version) {
                return doctor_note(doctor, check, FINDING_MISSING,
                                   doctor->host.systemd_booted ? "systemctl start sbxd"
                                                               : "start it as root: sbxd &",
                                   "does not run");
        }
        return doctor_note(doctor, check,
                           streq(version, SBX_VERSION) ? FINDING_OK : FINDING_LIMITED,
                           "systemctl restart sbxd: sandboxes run on meanwhile",
                           "%s runs, sbxctl is " SBX_VERSION, version);
}

/* -- the helper -- */

bool status_parse(const char *text, uint32_t *ret_user, uint64_t *ret_capabilities) {
        const char *user = strstr(text, "\nUid:"), *capabilities = strstr(text, "\nCapEff:");

        return user && capabilities && sscanf(user, "\nUid: %" SCNu32, ret_user) == 1 &&
               sscanf(capabilities, "\nCapEff: %" SCNx64, ret_capabilities) == 1;
}

static bool is_helper(const char *pid, uint64_t *ret_capabilities) {
        _cleanup_free_ char *path = strf("/proc/%s/status", pid), *text = NULL;
        uint32_t user;
        size_t size;

        /* what runs in a sandbox may have any name, but is not root */
        return path && file_read_at(AT_FDCWD, path, 16384, &text, &size) == 0 &&
               startswith(text, "Name:\tsbx-helper\n") &&
               status_parse(text, &user, ret_capabilities) && user == 0;
}

static bool find_helper(uint64_t *ret_capabilities) {
        const struct dirent *entry;
        bool found = false;
        DIR *proc = opendir("/proc");

        while (proc && !found && (entry = readdir(proc))) {
                found = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
                        is_helper(entry->d_name, ret_capabilities);
        }
        if (proc) {
                closedir(proc);
        }
        return found;
}

int look_helper(Doctor *doctor, const Check *check) {
        static const struct {
                unsigned number;
                const char *name;
        } needed[] = {
                {CAP_SYS_ADMIN, "sys_admin"}, {CAP_SETUID, "setuid"},
                {CAP_SETGID, "setgid"},       {CAP_SETPCAP, "setpcap"},
                {CAP_CHOWN, "chown"},         {CAP_DAC_OVERRIDE, "dac_override"},
                {CAP_FOWNER, "fowner"},       {CAP_SYS_PTRACE, "sys_ptrace"},
                {CAP_KILL, "kill"},           {CAP_NET_ADMIN, "net_admin"},
        };
        _cleanup_(str_done) Str lacks = STR_INIT;
        uint64_t capabilities = 0;
        int r = 0;

        if (!find_helper(&capabilities)) {
                return doctor_note(doctor, check, FINDING_MISSING, "start sbxd, which starts it",
                                   "does not run");
        }
        for (size_t i = 0; r == 0 && i < ELEMENTS(needed); i++) {
                if (!(capabilities & UINT64_C(1) << needed[i].number)) {
                        r = str_appendf(&lacks, " cap_%s", needed[i].name);
                }
        }
        if (r < 0) {
                return r;
        }
        return lacks.length == 0
                       ? doctor_note(doctor, check, FINDING_OK, NULL,
                                     "runs, with all capabilities that sandboxes need")
                       : doctor_note(doctor, check, FINDING_LIMITED,
                                     "give them to what starts it: CapabilityBoundingSet= of "
                                     "sbx-helper.service, or the container around it",
                                     "runs, and lacks%s", str_text(&lacks));
}
