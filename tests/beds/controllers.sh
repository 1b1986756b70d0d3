#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What cgroup2 with all its controllers and an older kernel have of their own, without systemd: runs in
# the bed V-lite.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
build=/srv/build
# shellcheck source=lib.sh
. "$here/lib.sh"
# shellcheck source=../daemons.sh
. "$here/../daemons.sh"

top=/sys/fs/cgroup
units=/run/sbx-units
disk=/dev/vda
# On ext4: what lies in /run is on a tmpfs.
layers=/var/lib/sbx/layers
export NO_COLOR=1 SBX_BUILD_ROOT=$build SBX_SOURCE_ROOT=/srv/source

unit() {
        cat >"$units/$1.sandbox"
}

# The folder of a sandbox's cgroup, from where its workload stands.
cgroup_of() {
        echo "$top$(sed -n 's/^0:://p' "/proc/$(property "$1" MainPID)/cgroup")"
}

check_files() {
        local group
        unit limits <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	MemoryMax=64M
	TasksMax=32
	CPUQuota=50%
	CPUWeight=42
	MemoryHigh=48M
	MemoryLow=8M
	MemoryMin=4M
	MemorySwapMax=16M
	AllowedCPUs=0
	AllowedMemoryNodes=0
	IOWeight=200
	IOReadBandwidthMax=$disk 5M
	IOWriteBandwidthMax=$disk 3M
	IOReadIOPSMax=$disk 50
	IOWriteIOPSMax=$disk 70
	OOMPolicy=kill
	END
        check "a sandbox with all limits" "$SBXCTL" start limits
        group=$(cgroup_of limits)
        check_equal "its cgroup" "$group" "${1}/sbx/limits.sandbox"
        check_equal "memory.max" "$(cat "$group/memory.max")" 67108864
        check_equal "pids.max" "$(cat "$group/pids.max")" 32
        check_equal "cpu.max" "$(cat "$group/cpu.max")" "50000 100000"
        check_equal "cpu.weight" "$(cat "$group/cpu.weight")" 42
        check_equal "memory.high" "$(cat "$group/memory.high")" 50331648
        check_equal "memory.low" "$(cat "$group/memory.low")" 8388608
        check_equal "memory.min" "$(cat "$group/memory.min")" 4194304
        check_equal "memory.swap.max" "$(cat "$group/memory.swap.max")" 16777216
        check_equal "cpuset.cpus" "$(cat "$group/cpuset.cpus.effective")" 0
        check_equal "cpuset.mems" "$(cat "$group/cpuset.mems")" 0
        check_equal "io.weight" "$(cat "$group/io.weight")" "default 200"
        check_equal "io.max" "$(cat "$group/io.max")" \
                "$(cat "/sys/block/${disk##*/}/dev") rbps=5000000 wbps=3000000 riops=50 wiops=70"
        check_equal "memory.oom.group" "$(cat "$group/memory.oom.group")" 1
        check_effective limits "$group" "$1"
        check "freeze" "$SBXCTL" freeze limits
        check_output "cgroup.events has it" '^frozen 1$' cat "$group/cgroup.events"
        check "thaw" "$SBXCTL" thaw limits
        check_output "and that it is over" '^frozen 0$' cat "$group/cgroup.events"
        check_output "the memory that it has taken is told" '^[1-9][0-9]*$' property limits MemoryCurrent
        check_equal "exec stands in the same cgroup" \
                "$("$SBXCTL" exec --pipe limits -- /bin/cat /proc/self/cgroup)" "0::/"
        "$SBXCTL" exec --pipe limits -- /bin/sleep 1000 &
        check "and is counted there" wait_for 10 sh -c "[ \$(wc -l <'$group/cgroup.procs') = 3 ]"
        check "it is stopped" "$SBXCTL" stop limits
        wait "$!"
        check "its cgroup is gone" test ! -e "$group"
}

# row PATTERN: a line of what is in force.
row() {
        check_output "--effective has: $1" "^$1 *$" "$SBXCTL" show --effective limits
}

check_effective() {
        local above number
        above=$(dirname "$2")
        number=$(cat "/sys/block/${disk##*/}/dev")
        row "AllowedCPUs +0 +0"
        row "AllowedMemoryNodes +0 +0"
        row "IOWeight +200 +200"
        row "IOReadBandwidthMax $disk +5000000 +5000000"
        row "IOWriteIOPSMax $disk +70 +70"
        echo "$number rbps=1000000 wiops=80" >"$above/io.max"
        row "IOReadBandwidthMax $disk +5000000 +5000000 +${3#"$top"}/sbx: 1000000"
        row "IOWriteIOPSMax $disk +70 +70"
        echo "$number rbps=max wiops=max" >"$above/io.max"
        row "IOReadBandwidthMax $disk +5000000 +5000000"
}

check_oom() {
        unit greedy <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/dd if=/dev/zero of=/dev/null bs=100M count=1
	MemoryMax=20M
	END
        "$SBXCTL" start greedy >/dev/null 2>&1
        wait_for 20 property_is greedy ActiveState failed
        check_equal "a workload out of memory has failed as oom-kill" "$(property greedy Result)" oom-kill
        "$SBXCTL" reset-failed greedy
}

# Without a PID namespace nothing but the cgroup holds together what a workload leaves.
check_kill() {
        local group
        unit loose <<-END
	[Sandbox]
	Layers=busybox
	PrivatePIDs=no
	ExecStart=/bin/sh -c 'trap "" TERM; setsid sleep 1001 & setsid sleep 1001 & exec sleep 1000'
	TimeoutStopSec=1
	END
        check "a sandbox without a PID namespace" "$SBXCTL" start loose
        group=$(cgroup_of loose)
        wait_for 10 sh -c "[ \$(wc -l <'$group/cgroup.procs') -ge 3 ]"
        check "it stops" "$SBXCTL" stop loose
        check "with what had left its session" test "$(pgrep -c -f 'sleep 1001')" = 0
        check "and its cgroup" test ! -e "$group"
}

layer() {
        mkdir -p "$1/bin"
        cp "$(command -v busybox)" "$1/bin/busybox"
        for name in sh cat stat sleep; do
                ln -s busybox "$1/bin/$name"
        done
}

# On this kernel layers are named on the mount's one page, and a tmpfs cannot be idmapped.
check_layers() {
        local i list=""
        layer "$layers/plain"
        for i in $(seq 1 60); do
                mkdir "$layers/many-$i"
                echo "$i" >"$layers/many-$i/name"
                list="$list many-$i"
        done
        check_equal "a folder of ext4 is idmapped" \
                "$("$SBXCTL" run --pipe -p Layers=plain -- /bin/stat -c %u:%g /bin/busybox)" 0:0
        check_equal "the highest of many layers is seen" \
                "$("$SBXCTL" run --pipe -p "Layers=plain$list" -- /bin/cat /name)" 60
        mkdir "$layers/memory"
        mount -t tmpfs tmpfs "$layers/memory"
        layer "$layers/memory"
        check_output "a folder that cannot be idmapped is refused by name" 'memory' \
                "$SBXCTL" run --pipe -p Layers=memory -- /bin/stat -c %u:%g /bin/busybox
        umount "$layers/memory"
}

web_is() {
        "$SBXCTL" is-active web >/dev/null 2>&1 && property_is web MainPID "$1"
}

check_manager_killed() {
        local workload
        "$SBXCTL" start web
        workload=$(property web MainPID)
        unit brief <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sh -c 'sleep 1; exit 42'
	END
        "$SBXCTL" start brief
        # shellcheck disable=SC2154 # by daemons_start
        kill -KILL "$sbxd_pid"
        wait "$sbxd_pid" 2>/dev/null
        check "the page is served without a manager" page_served http://127.0.0.1:8080/
        sleep 1.5
        sbxd_run "$build"
        check "a new sbxd knows the sandbox" wait_for 20 web_is "$workload"
        wait_for 10 property_is brief ActiveState failed
        check_equal "an exit that nobody saw is not lost" "$(property brief ExecMainStatus)" 42
        check_output "exec works with it" 'uid=0' "$SBXCTL" exec --pipe web -- /bin/busybox id
        check "and stop" "$SBXCTL" stop web
        "$SBXCTL" reset-failed brief
}

# Where others hold the controllers, a limit is refused, and all else goes on.
check_without_controllers() {
        check_output "without a controller MemoryMax= is refused by name" 'MemoryMax' "$SBXCTL" start web
        check_status "and the start fails" 1 "$SBXCTL" start web
        unit free <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	END
        check "what asks for no limit runs" "$SBXCTL" start free
        check_output "exec in it" 'uid=0' "$SBXCTL" exec --pipe free -- /bin/busybox id
        check "and stops" "$SBXCTL" stop free
}

# The tests of the helper that are quick enough under emulation.
check_rooms() {
        local name
        mkdir "$top/rooms"
        echo "$BASHPID" >"$top/rooms/cgroup.procs"
        for name in cgroups around join refuse; do
                check "tests of the helper: $name" "$build/tests/check-helper-$name"
        done
}

# daemons GROUP FUNCTION…: with daemons that start in that cgroup.
daemons() {
        local group=$1
        shift
        mkdir -p "$group" "$units" "$layers"
        echo "$BASHPID" >"$group/cgroup.procs"
        export SBX_UNIT_PATH=$units SBX_LAYER_PATH=$layers
        daemons_start "$build" || exit 1
        while [ $# -gt 0 ]; do
                $1 "$group"
                shift
        done
        check "the daemons end that began in $group" daemons_stop
}

daemons "$top/below" check_files check_oom check_kill check_layers check_manager_killed
daemons "$top" check_files check_oom
daemons "$top/others/mine" check_without_controllers
check_rooms
finish
