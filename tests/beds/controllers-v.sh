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
# That from which the build was installed; nothing needs it any more.
disk=/dev/vdb
scratch=/run/sbx-disk

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
	AllowedCPUs=0
	AllowedMemoryNodes=0
	IOWeight=200
	IOReadBandwidthMax=$disk 5M
	IOWriteBandwidthMax=$disk 3M
	IOReadIOPSMax=$disk 50
	IOWriteIOPSMax=$disk 70
	OOMPolicy=kill
	END
	echo bfq >"/sys/block/${disk##*/}/queue/scheduler"
        check "a sandbox with limits starts" "$SBXCTL" start limits
        file_is limits memory.max 67108864
        file_is limits memory.high 50331648
        file_is limits memory.low 8388608
        file_is limits memory.min 4194304
        file_is limits memory.swap.max 16777216
        file_is limits pids.max 32
        file_is limits cpu.max "50000 100000"
        file_is limits cpu.weight 42
        file_is limits cpuset.cpus 0
        file_is limits cpuset.cpus.effective 0
        file_is limits cpuset.mems 0
        file_is limits io.weight "default 200"
        file_is limits io.bfq.weight "default 109"
        file_is limits io.max "$(cat "/sys/block/${disk##*/}/dev") rbps=5000000 wbps=3000000 riops=50 wiops=70"
        file_is limits memory.oom.group 1
        check_equal "systemd knows the same" "$(systemctl show -p MemoryMax --value sbx-limits.scope)" 67108864
        check_output "the memory that it has taken is told" '^[1-9][0-9]*$' property limits MemoryCurrent
        check_effective
        check "it is stopped" "$SBXCTL" stop limits
        check "its cgroup is gone" test ! -e "$slice/sbx-limits.scope"
}

# row UNIT PATTERN: a line of what is in force.
row() {
        check_output "--effective of $1 has: $2" "^$2 *$" "$SBXCTL" show --effective "$1"
}

check_effective() {
        row limits "AllowedCPUs +0 +0"
        row limits "AllowedMemoryNodes +0 +0"
        row limits "IOWeight +200 +200"
        row limits "IOReadBandwidthMax $disk +5000000 +5000000"
        unit free <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	END
        "$SBXCTL" start free
        row free "AllowedCPUs +- +0-1"
        systemctl set-property --runtime sbx.slice AllowedCPUs=1 "IOReadBandwidthMax=$disk 1M" CPUQuota=150%
        row limits "IOReadBandwidthMax $disk +5000000 +5000000 +/sbx\.slice: 1000000"
        row limits "CPUQuota +50% +50%"
        row free "AllowedCPUs +- +1 +/sbx\.slice: 1"
        row free "IOReadBandwidthMax $disk +- +.* +/sbx\.slice: 1000000"
        row free "CPUQuota +infinity +.* +/sbx\.slice: 150%"
        # nothing of what it asked for is left: the kernel gives it what the slice has
        row limits "AllowedCPUs +0 +1 +/sbx\.slice: 1"
        systemctl revert sbx.slice
        systemctl set-property --runtime sbx.slice AllowedCPUs= IOReadBandwidthMax= CPUQuota=
        "$SBXCTL" stop free
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

# dd_takes [-p Directive=value]… -- OPERAND…: hundredths of a second, for what goes to the disk or comes from it.
dd_takes() {
        local -a options=()
        while [ "$1" != -- ]; do
                options+=("$1")
                shift
        done
        shift
        "$SBXCTL" run --pipe -p Layers=busybox -p "BindPaths=$scratch:/mnt" "${options[@]}" -- \
                /bin/busybox time /bin/dd "$@" 2>&1 </dev/null | tr -d '\n' | sed -nE 's/^.*real\t0m ([0-9]+)\.([0-9]{2})s.*$/\1\2/p'
}

# slowed DIRECTIVE=VALUE OPERAND…: three seconds' worth.
slowed() {
        local directive=$1 took
        shift
        took=$(dd_takes -p "$directive" -- "$@")
        check "$directive makes it wait, ${took:-nothing} hundredths of a second" test "${took:-0}" -ge 250
}

quick() {
        local took
        took=$(dd_takes -- "$@")
        check "without it there is no such wait, but ${took:-nothing}" test "${took:-1000}" -lt 150
}

check_disk() {
        mkdir "$scratch"
        mkfs.ext4 -q -F "$disk" >/dev/null 2>&1 && mount "$disk" "$scratch" && chmod 777 "$scratch" &&
                head -c 3M /dev/zero >"$scratch/file" && sync
        slowed "IOWriteBandwidthMax=$disk 1M" if=/dev/zero of=/mnt/new bs=64k count=48 oflag=direct
        slowed "IOWriteIOPSMax=$disk 16" if=/dev/zero of=/mnt/new bs=4k count=48 oflag=direct
        quick if=/dev/zero of=/mnt/new bs=64k count=48 oflag=direct
        slowed "IOReadBandwidthMax=$disk 1M" if=/mnt/file of=/dev/null bs=64k count=48 iflag=direct
        slowed "IOReadIOPSMax=$disk 16" if=/mnt/file of=/dev/null bs=4k count=48 iflag=direct
        quick if=/mnt/file of=/dev/null bs=64k count=48 iflag=direct
        umount "$scratch"
        rmdir "$scratch"
        check_output "what this kernel does not have is refused by name" 'IODeviceLatencyTargetSec=' \
                "$SBXCTL" run -p Layers=busybox -p "IODeviceLatencyTargetSec=$disk 25ms" -- /bin/true
}

# device_says [-p Directive=value]…: of a device that all see, and that the kernel lets open or not.
device_says() {
        "$SBXCTL" run --pipe -p Layers=busybox "$@" -- \
                /bin/sh -c '{ head -c 1 /dev/zero >/dev/null; } 2>/dev/null && echo open || echo closed' 2>&1
}

# By programs that systemd attaches to a scope's cgroup.
check_devices() {
        check_equal "without DevicePolicy= a device is open" "$(device_says)" open
        check_equal "DevicePolicy=strict closes it" \
                "$(device_says -p DevicePolicy=strict -p 'DeviceAllow=/dev/null rw')" closed
        check_equal "DeviceAllow= opens it" \
                "$(device_says -p DevicePolicy=strict -p 'DeviceAllow=/dev/null rw' -p 'DeviceAllow=/dev/zero r')" open
}

ping_says() {
        "$SBXCTL" run --pipe -p Layers=busybox -p CapabilityBoundingSet=CAP_NET_RAW "$@" -- \
                /bin/sh -c 'ping -c 1 -W 5 127.0.0.1 2>&1 | grep -o "Operation not permitted\|1 packets received"' 2>&1
}

check_addresses() {
        check_equal "without a filter packets pass" "$(ping_says)" "1 packets received"
        check_equal "IPAddressDeny=any lets none pass" "$(ping_says -p IPAddressDeny=any)" "Operation not permitted"
        check_equal "IPAddressAllow=localhost lets them" \
                "$(ping_says -p IPAddressDeny=any -p IPAddressAllow=localhost)" "1 packets received"
}

systemctl start sbxd
check_files
check_devices
check_addresses
check_disk
check_oom
finish
