#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# OOMPolicy=, in any bed with a running sbxd: what becomes of a sandbox when the kernel kills a process in
# it that is not the workload, and of programs of exec; without a controller of memory, that a policy
# is refused where it is asked for and no hindrance where it is not.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

units=${SBX_UNIT_PATH:-/run/sbx/system}
units=${units##*:}
greedy='dd if=/dev/zero of=/dev/null bs=100M count=1'

# start NAME POLICY: waits for greed, and has a process beside that counts its seconds; tells of SIGTERM.
start() {
        mkdir -p "$units"
        cat >"$units/$1.sandbox" <<-END
	[Sandbox]
	Layers=busybox
	MemoryMax=20M
	${2:+OOMPolicy=$2}
	ExecStart=/bin/sh -c 'trap "echo told to stop; exit 0" TERM; sleep 2001 & (until [ -e /tmp/go ]; do sleep 0.1; done; $greedy; echo greed ended with \$\$?) & while :; do sleep 0.1; done'
	END
        check "OOMPolicy=${2:-} starts" "$SBXCTL" start "$1"
        cgroup1_here || check_equal "the kernel ends all together for kill alone" \
                "$(cgroup_file "$1" memory memory.oom.group)" "$([ "$2" = kill ] && echo 1 || echo 0)"
}

greed() {
        "$SBXCTL" exec --pipe "$1" -- /bin/touch /tmp/go
}

check_continue() {
        start goes-on continue
        greed goes-on
        check "continue: the greedy process is killed" wait_for 20 sh -c "$SBXCTL logs goes-on | grep -q 'greed ended with 137'"
        check_status "and a program of exec like it" 137 "$SBXCTL" exec --pipe goes-on -- /bin/sh -c "exec $greedy"
        check_output "which is told" 'killed because the memory of goes-on.sandbox was used up' \
                sh -c "'$SBXCTL' exec --pipe goes-on -- /bin/sh -c '$greedy' 2>&1"
        check_equal "but not of one that somebody else kills" \
                "$("$SBXCTL" exec --pipe goes-on -- /bin/sh -c 'kill -KILL $$' 2>&1)" ""
        sleep 1
        check_equal "the sandbox runs on" "$(property goes-on ActiveState) $(property goes-on Result)" "active success"
        check_output "with what else is in it" 'sleep 2001' "$SBXCTL" ps goes-on
        cgroup1_here || check_output "the kernel counted all three" '^oom_kill 3$' cgroup_file goes-on memory memory.events
        check "it is stopped" "$SBXCTL" stop goes-on
        check_equal "as if nothing had been" "$(property goes-on ActiveState) $(property goes-on Result)" "inactive success"
}

# On a busy machine the kernel may kill who would have heard it, besides who was greedy: three tries.
stop_is_heard() {
        for _ in 1 2 3; do
                [[ $("$SBXCTL" logs stops) != *"told to stop"* ]] || return 0
                "$SBXCTL" reset-failed stops
                "$SBXCTL" start stops
                greed stops
                wait_for 20 property_is stops ActiveState failed
        done
        return 1
}

check_stop() {
        start stops ""
        greed stops
        check "stop, the default: it has failed" wait_for 20 property_is stops ActiveState failed
        check_equal "with the result" "$(property stops Result)" oom-kill
        check "after KillSignal= was heard" stop_is_heard
        check_output "status names both directives" 'MemoryMax= at .*OOMPolicy=, a default' "$SBXCTL" status stops
        "$SBXCTL" reset-failed stops
        start stops-exec stop
        check_status "stop: a greedy program of exec" 137 "$SBXCTL" exec --pipe stops-exec -- /bin/sh -c "exec $greedy"
        check "stops the sandbox too" wait_for 20 property_is stops-exec ActiveState failed
        check_equal "with the same result" "$(property stops-exec Result)" oom-kill
        "$SBXCTL" reset-failed stops-exec
}

check_kill() {
        start dies kill
        greed dies
        check "kill: it has failed" wait_for 20 property_is dies ActiveState failed
        check_equal "with the result" "$(property dies Result)" oom-kill
        check_output "nothing was told to stop" '^none$' sh -c "$SBXCTL logs dies | grep 'told to stop' || echo none"
        check_output "nothing of it is left" '^0$' pgrep -c -f 'sleep 2001'
        "$SBXCTL" reset-failed dies
}

# last_word NAME DIRECTIVE…: all of it dies while the helper cannot read how; systemd has time enough to
# remove what nobody stands in.
last_word() {
        local name=$1 helper leader
        shift
        mkdir -p /run/sbx-oom
        rm -f /run/sbx-oom/go
        printf '%s\n' "[Sandbox]" Layers=busybox MemoryMax=20M BindReadOnlyPaths=/run/sbx-oom:/mnt "$@" \
                "ExecStart=/bin/sh -c 'until [ -e /mnt/go ]; do sleep 0.1; done; exec $greedy'" >"$units/$name.sandbox"
        check "$* starts" "$SBXCTL" start "$name"
        helper=$(systemctl show -p MainPID --value sbx-helper)
        leader=$(property "$name" LeaderPID)
        kill -STOP "$helper"
        touch /run/sbx-oom/go
        check "$*: it dies" wait_for 60 grep -q '^State:.Z' "/proc/$leader/status"
        sleep 0.7
        kill -CONT "$helper"
        check "$*: it has failed" wait_for 20 property_is "$name" ActiveState failed
        check_equal "$*: for want of memory" "$(property "$name" Result)" oom-kill
        check_output "and nobody stands in its scope any more" '^inactive$' systemctl is-active "sbx-$name.scope"
        "$SBXCTL" reset-failed "$name"
        rm "$units/$name.sandbox"
}

# Its own death is told as such, whatever the policy.
check_workload() {
        local policy
        for policy in continue stop kill; do
                check_output "$policy: a workload that is killed itself" 'oom-kill' \
                        "$SBXCTL" run --pipe -p Layers=busybox -p MemoryMax=20M -p "OOMPolicy=$policy" -- \
                        /bin/sh -c "exec $greedy"
        done
}

check_refused() {
        local policy
        for policy in stop kill; do
                check_output "$policy is refused by name without a controller" 'OOMPolicy=' \
                        "$SBXCTL" run --pipe -p Layers=busybox -p "OOMPolicy=$policy" -- /bin/true
        done
        check "the default is no hindrance" "$SBXCTL" run --pipe -p Layers=busybox -- /bin/true
        check "nor is continue" "$SBXCTL" run --pipe -p Layers=busybox -p OOMPolicy=continue -- /bin/true
}

if ! limits_here; then
        check_refused
        finish
        exit
fi
# In V, whose processors are emulated, the kernel is so slow to free memory that it kills others besides
# who was greedy: nobody can say there what is to go on.
[ "${SBX_IN_BED:-}" = v ] || check_continue
check_stop
check_kill
check_workload
if [ -d /run/systemd/system ] && [ "${SBX_BACKEND:-}" != direct ]; then
        last_word last-alone ProcessTwo=no
        last_word last-group OOMPolicy=kill
        cgroup1_here || last_word last-leaf OOMPolicy=kill Delegate=yes
fi
finish
