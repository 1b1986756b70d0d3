#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the directives about the process itself do, from the inside, in any bed with a running sbxd:
# each switched on, and switched off.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# What the script prints in a fresh sandbox: inside [-p Directive=value]… -- SCRIPT
inside() {
        of_host -p Layers=busybox "$@"
}

# The same on the host's own root, which has more programs.
of_host() {
        local options=()
        while [ "$1" != -- ]; do
                options+=("$1")
                shift
        done
        "$SBXCTL" run --pipe "${options[@]}" -- /bin/sh -c "$2" </dev/null 2>&1
}

# on DIRECTIVE SCRIPT EXPECTED
on() {
        check_equal "$1: $2" "$(inside -p "$1" -- "$2")" "$3"
}

# off SCRIPT EXPECTED: with the defaults
off() {
        check_equal "by default: $1" "$(inside -- "$1")" "$2"
}

# refused NAME MESSAGE COMMAND…: fails, and says why
refused() {
        local name=$1 message=$2
        shift 2
        check_output "$name" "$message" "$@"
        check_status "and it fails" 125 "$@"
}

# shellcheck disable=SC2016 # the sandbox's shell is to expand them
check_filters() {
        local make='mkdir /tmp/x 2>&1 | sed "s/.*: //"; test -d /tmp/x && echo made'
        off "$make" made
        on 'SystemCallFilter=~mkdir mkdirat' "$make" 'Operation not permitted'
        on 'SystemCallFilter=~mkdir:ENOSPC mkdirat:ENOSPC' "$make" 'No space left on device'
        check_equal "SystemCallErrorNumber= is what a denied call gives" \
                "$(inside -p 'SystemCallFilter=~mkdir mkdirat' -p SystemCallErrorNumber=EROFS -- "$make")" \
                'Read-only file system'
        local killed='mkdir /tmp/x; echo $?'
        check_output "and with kill, the process ends" 'Bad system call' \
                inside -p 'SystemCallFilter=~mkdir mkdirat' -p SystemCallErrorNumber=kill -- "$killed"
        check_output "for one call alone too" 'Bad system call' \
                inside -p 'SystemCallFilter=~mkdir:kill mkdirat:kill' -- "$killed"

        local namespace='unshare -i true 2>&1 | grep -c "not permitted"'
        off "$namespace" 1
        on RestrictNamespaces=yes "$namespace" 1
        on RestrictNamespaces=~ipc "$namespace" 1
        local user='unshare -U true && echo made'
        on RestrictNamespaces=no "$user" made
        on RestrictNamespaces=user "$user" made
        on 'RestrictNamespaces=~ipc' "$user" made
        on 'RestrictNamespaces=ipc user' 'unshare -U -i true && echo made' made
        on RestrictNamespaces=user 'unshare -U -i true 2>&1 | grep -c "not permitted"' 1

        # busybox asks for a stream socket with nc, for a datagram one with nslookup
        local connect='nc -w 1 127.0.0.1 9 2>&1'
        check_output "by default a socket can be made" 'refused' inside -- "$connect"
        check_output "RestrictAddressFamilies= names the families" 'not supported' \
                inside -p RestrictAddressFamilies=AF_UNIX -- "$connect"
        check_output "none is none" 'not supported' inside -p RestrictAddressFamilies=none -- "$connect"
        check_output "~ takes one away" 'not supported' inside -p RestrictAddressFamilies=~AF_INET -- "$connect"
        check_output "and leaves the others" 'refused' inside -p RestrictAddressFamilies=~AF_INET6 -- "$connect"

        off 'touch /tmp/x && chmod u+s /tmp/x 2>/dev/null; stat -c %a /tmp/x' 644
        on RestrictSUIDSGID=no 'touch /tmp/x && chmod u+s /tmp/x; stat -c %a /tmp/x' 4644
        if [ "$(uname -m)" = x86_64 ]; then
                off 'uname -m' x86_64
                on Personality=x86 'uname -m' i686
                check_output "LockPersonality= keeps it" 'not permitted' \
                        of_host -p Personality=x86 -- 'setarch x86_64 uname -m'
                check_equal "LockPersonality=no lets it be changed back" \
                        "$(of_host -p Personality=x86 -p LockPersonality=no -- 'setarch x86_64 uname -m')" x86_64
                refused "a personality of another machine is refused" 'has no personality "arm64"' \
                        inside -p Personality=arm64 -- true
        fi
        check_equal "filters hold with another architecture too" \
                "$(inside -p SystemCallArchitectures=x86 -- 'grep -c "Seccomp:.2" /proc/self/status; unshare -i true 2>&1 | grep -c "not permitted"')" $'1\n1'
        check "MemoryDenyWriteExecute= leaves ordinary programs alone" \
                inside -p MemoryDenyWriteExecute=yes -- 'ls / >/dev/null'
}

# Where the host has Python, which V-lite does not.
check_calls() {
        # Priority 0 is none of a real-time policy: the kernel says so where it is asked.
        local fifo='python3 -c "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(0))" 2>&1 | tail -n 1'
        check_output "by default real-time scheduling is refused" 'not permitted' of_host -- "$fifo"
        check_output "RestrictRealtime=no leaves it to the kernel" 'Invalid argument' \
                of_host -p RestrictRealtime=no -- "$fifo"
        local both='python3 -c "import mmap; mmap.mmap(-1, 4096, prot=7); print(\"mapped\")" 2>&1 | tail -n 1'
        check_equal "by default memory may be written and executed" "$(of_host -- "$both")" mapped
        check_output "MemoryDenyWriteExecute= refuses it" 'not permitted' \
                of_host -p MemoryDenyWriteExecute=yes -- "$both"
}

# shellcheck disable=SC2016 # the sandbox's shell is to expand them
check_process() {
        local groups='grep -E "^Groups" /proc/self/status | tr -d "[:space:]"'
        off "$groups" Groups:
        on 'SupplementaryGroups=44 7' "$groups" Groups:744
        check_equal "a user of one's own has them too" \
                "$(inside -p User=1000 -p SupplementaryGroups=44 -- 'id -u; id -g; id -G')" $'1000\n1000\n1000 44'
        check_output "names are those of the root" 'root|audio' \
                of_host -p User=1000 -p 'SupplementaryGroups=audio' -- 'id -Gn'
        refused "a group that is not there is named" 'on "nosuchgroup".*SupplementaryGroups=' \
                inside -p SupplementaryGroups=nosuchgroup -- true

        local nice='cut -d " " -f 19 /proc/self/stat'
        off "$nice" 0
        on Nice=7 "$nice" 7
        off 'cat /proc/self/oom_score_adj' "$(cat /proc/self/oom_score_adj)"
        on OOMScoreAdjust=900 'cat /proc/self/oom_score_adj' 900
        lowered Nice=-5 "$nice" -5 CAP_SYS_NICE
        lowered OOMScoreAdjust=-500 'cat /proc/self/oom_score_adj' -500 CAP_SYS_RESOURCE
        local cpus='sed -n "s/^Cpus_allowed_list:[[:space:]]*//p" /proc/self/status'
        on CPUAffinity=0 "$cpus" 0
        off "$cpus" "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)"
        refused "processors that are not there are refused" 'CPUAffinity=' inside -p CPUAffinity=1000 -- true

        # Of the first program itself: a shell ignores signals for its children.
        check_equal "by default a program in a pipe does not ignore SIGPIPE" "$(ignored)" 0000000000000000
        check_equal "with IgnoreSIGPIPE=yes it does" "$(ignored -p IgnoreSIGPIPE=yes)" 0000000000001000
        on KeyringMode=private 'true' ''
        on KeyringMode=inherit 'true' ''
        on KeyringMode=shared 'true' ''
}

ignored() {
        "$SBXCTL" run --pipe -p Layers=busybox "$@" -- /bin/sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status </dev/null
}

# lowered DIRECTIVE SCRIPT EXPECTED CAPABILITY: where the helper has the right, and refused where not.
lowered() {
        if "$SBXCTL" run --pipe -p Layers=busybox -p "$1" -- /bin/true </dev/null 2>/dev/null; then
                on "$1" "$2" "$3"
        else
                refused "$1 needs $4 of the host" "${1%%=*}=.*$4" inside -p "$1" -- true
        fi
}

# More programs in a running sandbox are like the first one.
check_exec() {
        local status='grep -hE "^(Seccomp|Groups|Cpus_allowed_list|NoNewPrivs|CapBnd)" /proc/self/status; cut -d " " -f 19 /proc/self/stat
                cat /proc/self/oom_score_adj; uname -m; unshare -i true 2>&1; unshare -U true 2>&1 && echo made'
        check "a sandbox starts to be looked into" "$SBXCTL" run --no-block --name=looked -p Layers=busybox -p Nice=3 \
                -p OOMScoreAdjust=700 -p CPUAffinity=0 -p 'SupplementaryGroups=44' -p RestrictNamespaces=user \
                -p Personality=x86 -- /bin/sh -c "{ $status; } >/tmp/first; exec sleep 1000"
        wait_for 10 "$SBXCTL" exec looked -- /bin/grep -q made /tmp/first
        check_equal "exec has what the first program has" \
                "$("$SBXCTL" exec looked -- /bin/sh -c "$status" </dev/null)" \
                "$("$SBXCTL" exec looked -- /bin/cat /tmp/first </dev/null)"
        check_output "and that is what was asked for" '^700$' "$SBXCTL" exec looked -- /bin/cat /tmp/first
        check_output "in each of them" 'Groups:.44' "$SBXCTL" exec looked -- /bin/cat /proc/self/status
        check "it stops" "$SBXCTL" stop looked
}

check_filters
check_process
check_exec
if command -v python3 >/dev/null; then
        check_calls
fi
finish
