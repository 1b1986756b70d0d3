#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the services' units say about the daemons themselves is in force, and the host's own confinement
# stands beside it. Runs in the bed V alone: elsewhere systemd cannot do all of it.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# A field of a daemon's status.
field() {
        sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# as_daemon PID SHELL-COMMAND: in its mount namespace, as root with every capability, so that what is
# refused is refused by the mounts alone.
as_daemon() {
        nsenter --target "$1" --mount -- /bin/sh -c "$2"
}

# in_cgroup_of SERVICE COMMAND…
in_cgroup_of() {
        local group
        group=/sys/fs/cgroup$(systemctl show -p ControlGroup --value "$1")
        shift
        # shellcheck disable=SC2016 # for the other shell
        sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}

check_manager() {
        local pid name
        pid=$(systemctl show -p MainPID --value sbxd)
        for name in CapEff CapPrm CapBnd CapInh CapAmb; do
                check_equal "sbxd: $name is empty" "$(field "$pid" "$name")" 0000000000000000
        done
        check_equal "sbxd: system calls are filtered" "$(field "$pid" Seccomp)" 2
        check_equal "sbxd: no new privileges" "$(field "$pid" NoNewPrivs)" 1
        for name in /usr /etc /etc/sbx/system /var/lib /root /boot; do
                check_output "sbxd: cannot write to $name" 'Read-only file system' as_daemon "$pid" "mkdir -p $name && echo x >$name/x"
                check "sbxd: the host can" sh -c "echo x >$name/x && rm $name/x"
        done
        check_output "sbxd: cannot write to /proc/sys" 'Read-only file system' \
                as_daemon "$pid" 'echo x >/proc/sys/kernel/hostname'
        check_output "sbxd: cannot write to cgroups" 'Read-only file system' \
                as_daemon "$pid" 'mkdir /sys/fs/cgroup/x'
        check "sbxd: /run/sbx is its own to write" as_daemon "$pid" 'echo >/run/sbx/x && rm /run/sbx/x'
        check "a page is there for the host" curl -fsS --max-time 10 http://127.0.0.1:8080/
        check_status "sbxd: no packet leaves its cgroup" 28 in_cgroup_of sbxd curl -sS --max-time 2 http://127.0.0.1:8080/
}

check_helper() {
        local pid bounding
        pid=$(systemctl show -p MainPID --value sbx-helper)
        bounding=$(field "$pid" CapBnd)
        check "sbx-helper: it cannot load modules" test $((0x$bounding >> 16 & 1)) = 0
        check "sbx-helper: nor do raw I/O" test $((0x$bounding >> 17 & 1)) = 0
        check "sbx-helper: nor reboot" test $((0x$bounding >> 22 & 1)) = 0
        check "sbx-helper: it can mount" test $((0x$bounding >> 21 & 1)) = 1
        check_equal "sbx-helper: its groups are none but root's" "$(field "$pid" Groups | tr -d ' 0')" ""
}

# As the kernel sees it, not as systemctl tells.
check_devices() {
        check_output "sbx-helper: a disk cannot be opened in its cgroup" 'not permitted' in_cgroup_of sbx-helper head -c 1 /dev/vda
        check "sbx-helper: /dev/zero can" in_cgroup_of sbx-helper dd if=/dev/zero of=/dev/null count=1
        check "sbx-helper: and loop devices" in_cgroup_of sbx-helper losetup --find
}

check_apparmor() {
        check_equal "AppArmor runs in this kernel" "$(cat /sys/module/apparmor/parameters/enabled)" Y
        check "and has profiles" aa-status --profiled
        check_output "a sandbox starts under it" '^unconfined' "$SBXCTL" exec --pipe web -- /bin/cat /proc/self/attr/current
        check "no denial was logged" sh -c '! dmesg | grep -q "apparmor=\"DENIED\""'
}

systemctl start sbxd
"$SBXCTL" start web || exit 1
check_manager
check_helper
check_devices
check_apparmor
"$SBXCTL" stop web
finish
