#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a unit asks of the controllers is what the kernel has in its files, with systemd between; and what
# happens when a limit is met. Runs in the bed V.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

units=/run/sbx/system
slice=/sys/fs/cgroup/sbx.slice

unit() {
        mkdir -p "$units"
        cat >"$units/$1.sandbox"
}

# file_is UNIT FILE VALUE
file_is() {
        check_equal "$2 of $1" "$(cat "$slice/sbx-$1.scope/$2")" "$3"
}

check_files() {
        unit limits <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	MemoryMax=64M
	MemoryHigh=48M
	MemoryLow=8M
	MemoryMin=4M
	MemorySwapMax=16M
	TasksMax=32
	CPUQuota=50%
	CPUWeight=42
	END
        check "a sandbox with limits starts" "$SBXCTL" start limits
        file_is limits memory.max 67108864
        file_is limits memory.high 50331648
        file_is limits memory.low 8388608
        file_is limits memory.min 4194304
        file_is limits memory.swap.max 16777216
        file_is limits pids.max 32
        file_is limits cpu.max "50000 100000"
        file_is limits cpu.weight 42
        check_equal "systemd knows the same" "$(systemctl show -p MemoryMax --value sbx-limits.scope)" 67108864
        check_output "the memory that it has taken is told" '^[1-9][0-9]*$' property limits MemoryCurrent
        check "it is stopped" "$SBXCTL" stop limits
        check "its cgroup is gone" test ! -e "$slice/sbx-limits.scope"
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
        check_output "status says so" 'oom-kill' "$SBXCTL" status greedy
        check_output "and the kernel says so of this scope" 'oom-kill:.*sbx-greedy\.scope' dmesg
        "$SBXCTL" reset-failed greedy
}

systemctl start sbxd
check_files
check_oom
finish
