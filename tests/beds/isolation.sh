#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a sandbox is like from the inside, in any bed with a running sbxd: each namespace is its own,
# privileges are gone, and each kind of isolation can be switched off alone.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

namespaces="mnt pid uts ipc net user cgroup time"

# Runs in a fresh sandbox on the busybox layer: inside [-p Directive=value]… -- COMMAND…
inside() {
        "$SBXCTL" run --pipe -p Layers=busybox "$@" </dev/null
}

# shellcheck disable=SC2016 # the sandbox's shell is to expand it
namespaces_inside() {
        inside "$@" -- /bin/sh -c 'for n in mnt pid uts ipc net user cgroup time; do
                echo "$n $(readlink /proc/self/ns/$n)"; done'
}

# The namespaces that are the host's own in a sandbox with these directives, in order.
shared_with_host() {
        local output name
        output=$(namespaces_inside "$@") || return 1
        for name in $namespaces; do
                if [ "$(readlink "/proc/self/ns/$name")" = "$(echo "$output" | sed -n "s/^$name //p")" ]; then
                        echo -n "$name "
                fi
        done
}

status_field() {
        local field=$1
        shift
        inside "$@" -- /bin/sed -n "s/^$field:[[:space:]]*//p" /proc/self/status
}

check_namespaces() {
        check_equal "by default only the time namespace is the host's" "$(shared_with_host)" "time "
        shared PrivatePIDs=no "pid time "
        shared ProtectHostname=no "uts time "
        shared PrivateIPC=no "ipc time "
        shared PrivateNetwork=no "net time "
        shared PrivateUsers=no "user time "
        shared ProtectControlGroups=no "cgroup time "
        shared PrivateTime=yes ""
}

shared() {
        check_equal "$1 changes one namespace alone" "$(shared_with_host -p "$1")" "$2"
}

field() {
        check_equal "$1 is $2 with ${3:-the defaults}" "$(status_field "$1" ${3:+-p "$3"})" "$2"
}

check_privileges() {
        field CapEff 0000000000000000
        field CapPrm 0000000000000000
        field CapBnd 0000000000000000
        field CapInh 0000000000000000
        field CapAmb 0000000000000000
        field Seccomp 2
        field NoNewPrivs 1
        field Groups ""
        check_equal "descriptors do not go beyond what select(2) knows" "$(inside -- /bin/sh -c 'ulimit -n')" 1024
        check_equal "nothing but the streams is open" "$(inside -- /bin/ls /proc/self/fd | tr '\n' ' ')" "0 1 2 3 "
        check "root inside sees its cgroup" inside -- /bin/cat /sys/fs/cgroup/cgroup.events
        check_status "and changes nothing of it" 1 inside -- /bin/sh -c 'echo 1 >/sys/fs/cgroup/cgroup.freeze'
        field CapEff 0000000000002000 CapabilityBoundingSet=CAP_NET_RAW
        field CapBnd 0000000000002000 CapabilityBoundingSet=CAP_NET_RAW
        field NoNewPrivs 0 NoNewPrivileges=no
        field Uid $'65534\t65534\t65534\t65534' User=65534
        check_output "the default filter refuses mount(2)" 'not permitted|denied' \
                inside -p CapabilityBoundingSet=CAP_SYS_ADMIN -- /bin/mount -t tmpfs none /mnt
        check_status "a name subtracted from the filter is refused" 1 \
                inside -p 'SystemCallFilter=~mkdir mkdirat' -- /bin/mkdir /tmp/x
        check "the same call is allowed otherwise" inside -- /bin/mkdir /tmp/x
}

check_users() {
        local map
        map=$(inside -- /bin/cat /proc/self/uid_map | awk '{ print ($2 >= 524288), $1, $3 }')
        check_equal "uid 0 is an unprivileged id outside" "$map" "1 0 65536"
        check_equal "identity maps uid 0 to itself" \
                "$(inside -p PrivateUsers=identity -- /bin/cat /proc/self/uid_map | awk '{ print $1, $2 }')" "0 0"
        check_equal "files of the layer belong to root" "$(inside -- /bin/stat -c %u:%g /bin/busybox)" "0:0"
        check_equal "root inside may write to its root" \
                "$(inside -- /bin/sh -c 'echo new >/etc/new && stat -c %u:%g /etc/new')" "0:0"
        check_equal "and own what it makes for others, with CAP_CHOWN" \
                "$(inside -p CapabilityBoundingSet=CAP_CHOWN -- /bin/sh -c 'echo >/etc/new && chown 5:6 /etc/new && stat -c %u:%g /etc/new')" "5:6"
}

# switch DIRECTIVE SCRIPT ON [OFF]: what the script prints with the directive, and without it.
switch() {
        check_equal "$1: $2" "$(inside -p "$1" -- /bin/sh -c "$2" 2>&1)" "$3"
        [ $# -lt 4 ] || check_equal "without $1" "$(inside -- /bin/sh -c "$2" 2>&1)" "$4"
}

# shellcheck disable=SC2016 # the sandbox's shell is to expand them
check_switches() {
        switch ProcessTwo=no 'echo $$' 1 2
        switch Hostname=alpha 'hostname' alpha
        switch RootUpper=none 'touch /x 2>/dev/null && echo written || echo refused' refused written
        switch OverlaySizeMax=1M 'head -c 3000000 /dev/zero >/x 2>/dev/null && echo fits || echo full' full fits
        switch PrivateTmp=no 'grep -c " /tmp " /proc/self/mountinfo' 0 1
        switch ProcSubset=all 'test -e /proc/meminfo && echo all || echo pid' all pid
        switch TimeOffsetBootSec=3000000 'awk "/boottime/ { print \$2 }" /proc/self/timens_offsets' 3000000 0
        switch PrivateDevices=no 'test -e /dev/loop-control && echo host || echo own' host own
        switch WorkingDirectory=/srv 'pwd' /srv /
        switch UMask=0077 'umask' 0077 0022
        switch Environment=A=b 'echo "<$A>"' '<b>' '<>'
        switch TemporaryFileSystem=/mnt:size=1M 'grep -c " /mnt .*tmpfs" /proc/self/mountinfo' 1 0
        switch BindReadOnlyPaths=/etc/hostname:/mnt/name \
                'test -s /mnt/name && { echo x >/mnt/name; } 2>/dev/null && echo writable || echo kept' kept
        switch User=65534 'id -u' 65534 0
        switch UnsetEnvironment='SHELL USER=nobody' 'env | grep -cE "^(SHELL|USER)="' 1 2
        switch LimitNOFILE=4:512 'ulimit -n; ulimit -H -n' $'4\n512'
        switch LimitFSIZE=4K '{ head -c 9000 /dev/zero >/tmp/x; } 2>/dev/null; stat -c %s /tmp/x' 4096 9000
        switch LimitCORE=1M:2M 'ulimit -c; ulimit -H -c' $'2048\n4096' $'0\n0'
}

check_limits() {
        check_status "MemoryMax= kills what is greedy" 137 \
                inside -p MemoryMax=20M -- /bin/dd if=/dev/zero of=/dev/null bs=100M count=1
        check "and leaves alone what is not" inside -p MemoryMax=20M -- /bin/dd if=/dev/zero of=/dev/null bs=1M count=1
        check_output "TasksMax= ends a fork bomb" "can't fork" \
                inside -p TasksMax=8 -- /bin/sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait'
        local spent
        spent=$(inside -p CPUQuota=20% -- /bin/sh -c 'timeout 2 sh -c "while :; do :; done"; times' 2>/dev/null |
                tail -n 1 | awk '{ split($1, t, /[ms]/); print (t[1] * 60 + t[2] < 1.0) ? "slow" : "fast " $1 }')
        check_equal "CPUQuota=20% slows two seconds of work down" "$spent" slow
}

check_namespaces
check_privileges
check_users
check_switches
if limits_here; then
        check_limits
fi
finish
