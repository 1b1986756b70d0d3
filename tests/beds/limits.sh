#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every limit is either in force, as the kernel's file says, or the start fails and names it. Which of
# the two depends on the host: cgroup v1 or v2, its controllers, systemd or not. Runs in every bed.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lib.sh
. "$here/lib.sh"
export NO_COLOR=1

top=/sys/fs/cgroup
systemd=no
[ -d /run/systemd/system ] && [ "${SBX_BACKEND:-}" != direct ] && systemd=yes
version=2
[ -d "$top/memory" ] && version=1

# A node of our own for some disk of this host: a bed may have none.
disk=/run/sbx-limits-disk
number=$(cat /sys/block/[svnl]*/dev 2>/dev/null | head -n 1)

# The folder of a sandbox's cgroup in the hierarchy of a controller; empty where it has none of its own.
group_of() {
        local pid path mount=$top
        pid=$(property "$1" MainPID)
        if [ "$version" = 1 ]; then
                path=$(sed -n "s/^[0-9]*:\(.*,\)\?$2\(,.*\)\?://p" "/proc/$pid/cgroup")
                mount=$top/$2
        else
                path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
        fi
        echo "$mount$path"
}

unit() {
        local name=$1
        shift
        mkdir -p /run/sbx/system
        rm -rf "/run/sbx/system.control/$name.sandbox.d"
        printf '%s\n' "[Sandbox]" Layers=busybox "ExecStart=/bin/sleep 1000" "$@" >"/run/sbx/system/$name.sandbox"
        "$SBXCTL" daemon-reload
        "$SBXCTL" reset-failed limits 2>/dev/null # the count of its starts, too
}

# effective TITLE DIRECTIVE VALUE: that it is set, and in force, as they stand in a line of `show --effective`.
effective() {
        local name=$2 value=${3##* }
        [ "$value" = "$3" ] || name="$2 ${3% *}"
        check_output "$1" "^$name +$value +$value( |$)" "$SBXCTL" show --effective limits
}

# taken_back GROUP FILE PATTERN: without a limit of its own a cgroup of v1 has the sets of the one above.
taken_back() {
        ! grep -Eqs "$3" "$1/$2" || { [[ $2 = cpuset.* ]] && diff "$1/$2" "$1/../$2"; }
}

# in_force DIRECTIVE=VALUE CONTROLLER FILE PATTERN
in_force() {
        local directive=${1%%=*}
        unit limits "$1"
        check "$directive= is taken" "$SBXCTL" start limits
        check_output "$directive= is in force" "$4" cat "$(group_of limits "$2")/$3"
        check_output "in a cgroup of its own" limits group_of limits "$2"
        check_output "$directive= is shown" "^${1#*=}" property limits "$directive"
        [[ $directive = *Accounting ]] || effective "$directive= by --effective" "$directive" "${1#*=}"
        "$SBXCTL" stop limits
        case $directive in *Accounting) return ;; esac
        unit limits
        "$SBXCTL" start limits
        check "$directive= can be set while it runs" "$SBXCTL" set-property --runtime limits "$1"
        check_output "and is in force at once" "$4" cat "$(group_of limits "$2")/$3"
        check_output "and shown" "^${1#*=}" property limits "$directive"
        check "$directive= can be taken back" "$SBXCTL" set-property --runtime limits "$directive="
        check "and is not in force then" taken_back "$(group_of limits "$2")" "$3" "$4"
        "$SBXCTL" stop limits
}

# refused DIRECTIVE=VALUE: by name and place, unless it may be left out.
refused() {
        local directive=${1%%=*}
        unit limits "$1"
        check_status "$directive= is not passed over" 1 "$SBXCTL" start limits
        check_output "$directive= is named, with its place" "$directive=.*limits.sandbox:4|limits.sandbox:4.*$directive=" \
                "$SBXCTL" status limits
        unit limits "$1" "BestEffort=$directive"
        check "with BestEffort=$directive it runs" "$SBXCTL" start limits
        check_output "and that is told" "$directive= .*not in force" property limits Degraded
        "$SBXCTL" stop limits
        unit limits
        "$SBXCTL" start limits
        check_output "$directive= is refused while it runs, by name" "$directive=" \
                "$SBXCTL" set-property --runtime limits "$1"
        check_output "and nothing was changed" active "$SBXCTL" is-active limits
        check_status "not in the unit either" 1 grep -q . <("$SBXCTL" cat limits | grep "^$directive=")
        "$SBXCTL" stop limits
}

# limit DIRECTIVE=VALUE CONTROLLER V1-FILE V1-PATTERN V2-FILE V2-PATTERN [no]: a last word of "no" means
# that systemd leaves it alone on v1. A file that this kernel does not have decides as well.
limit() {
        local file=$3 pattern=$4 group
        if [ "$version" = 2 ]; then
                file=$5 pattern=$6
                group=$(grep -Fx -- "$file" <<<"$known")
        elif [ "${7:-}" != no ] || [ "$systemd" = no ]; then
                group=$(find "$top/$2" -name "$file" -print -quit 2>/dev/null)
        fi
        if [ -n "${group:-}" ] && [ -n "$file" ]; then
                in_force "$1" "$2" "$file" "$pattern"
        else
                refused "$1"
        fi
}

# in_file FILE…: of the cgroup of the sandbox, from the hierarchy of a controller.
in_file() {
        local controller=$1
        shift
        (cd "$(group_of limits "$controller")" && cat "$@")
}

check_time() {
        limit CPUQuota=20% cpu cpu.cfs_quota_us '^20000$' cpu.max '^20000 100000$'
        if [ "$version" = 2 ] && ! grep -qw cpu "$top/cgroup.controllers"; then
                return
        fi
        limit CPUWeight=200 cpu cpu.shares '^2048$' cpu.weight '^200$'
        limit CPUWeight=idle cpu cpu.idle '^1$' cpu.idle '^1$' no
        local files=(cpu.cfs_quota_us cpu.cfs_period_us) period="10000 20000" longer="1000 200000" other="2000 4000"
        [ "$version" = 1 ] || files=(cpu.max)
        unit limits CPUQuota=50% CPUQuotaPeriodSec=20ms
        check "CPUQuotaPeriodSec= is taken" "$SBXCTL" start limits
        check_equal "CPUQuotaPeriodSec= is in force" "$(in_file cpu "${files[@]}" | xargs)" "$period"
        check "it changes while the sandbox runs" "$SBXCTL" set-property --runtime limits CPUQuotaPeriodSec=4ms
        check_equal "and the quota stays" "$(in_file cpu "${files[@]}" | xargs)" "$other"
        check "both change at once" "$SBXCTL" set-property --runtime limits CPUQuotaPeriodSec=20ms CPUQuota=50%
        check_equal "and both are in force" "$(in_file cpu "${files[@]}" | xargs)" "$period"
        "$SBXCTL" stop limits
        rm -rf /run/sbx/system.control/limits.sandbox.d
        unit limits CPUQuota=0.5%
        check "a small quota is taken" "$SBXCTL" start limits
        check_equal "over a longer period" "$(in_file cpu "${files[@]}" | xargs)" "$longer"
        "$SBXCTL" stop limits
}

# The figures are the sandbox's own: its cgroup is no parent's.
check_accounting() {
        local io=io
        [ "$version" = 2 ] || io=blkio
        limit MemoryAccounting=yes memory memory.usage_in_bytes '^[1-9]' memory.current '^[1-9]'
        limit TasksAccounting=yes pids pids.current '^[1-9]' pids.current '^[1-9]'
        limit IOAccounting=yes $io blkio.throttle.io_service_bytes '^Total ' io.stat ''
        unit limits CPUAccounting=yes MemoryAccounting=no
        check "CPUAccounting= needs no controller" "$SBXCTL" start limits
        check_output "and status has the figure" 'CPU: [0-9.]+m?s' "$SBXCTL" status limits
        "$SBXCTL" stop limits
}

check_processors() {
        limit AllowedCPUs=0 cpuset cpuset.cpus '^0$' cpuset.cpus '^0$' no
        limit AllowedMemoryNodes=0 cpuset cpuset.mems '^0$' cpuset.mems '^0$' no
}

# What the cgroup of the sandbox has, or the nearest above it that has such a file.
nearest() {
        local group
        group=$(group_of limits cpuset)
        while [ ! -e "$group/$1" ] && [ "$group" != "$top" ]; do
                group=$(dirname "$group")
        done
        cat "$group/$1" 2>/dev/null || echo -
}

check_effective() {
        local cpus=cpuset.cpus.effective nodes=cpuset.mems.effective above before
        [ "$version" = 2 ] || cpus=cpuset.effective_cpus nodes=cpuset.effective_mems
        unit limits
        check "what limits no processor" "$SBXCTL" start limits
        check_output "has those that are left to it" "^AllowedCPUs +- +$(nearest $cpus | tr , ' ')( |$)" \
                "$SBXCTL" show --effective limits
        check_output "and such memory nodes" "^AllowedMemoryNodes +- +$(nearest $nodes | tr , ' ')( |$)" \
                "$SBXCTL" show --effective limits
        check_output "a disk that nobody limits has no line" '^0$' \
                sh -c "$SBXCTL show --effective limits | grep -c ^IOReadBandwidthMax"
        "$SBXCTL" stop limits
        [ "$systemd" = no ] || return
        unit limits AllowedMemoryNodes=0
        "$SBXCTL" start limits 2>/dev/null || return # without the controller
        above=$(dirname "$(group_of limits cpuset)")
        "$SBXCTL" stop limits
        before=$(cat "$above/cpuset.cpus")
        echo 0 >"$above/cpuset.cpus"
        "$SBXCTL" start limits
        check_output "the cgroup is named that leaves fewer processors" '^AllowedCPUs +- +0 +/.*sbx: 0$' \
                "$SBXCTL" show --effective limits
        check_output "as JSON" '"directive": ?"AllowedCPUs", ?"device": ?null, ?"set": ?null, ?"in_force": ?"0", ?"capped_by": ?"/.*sbx", ?"cap": ?"0"' \
                "$SBXCTL" show --effective --json=short limits
        "$SBXCTL" stop limits
        echo "$before" >"$above/cpuset.cpus"
}

check_disks() {
        local controller=io
        [ "$version" = 2 ] || controller=blkio
        mknod "$disk" b "${number%:*}" "${number#*:}"
        limit "IOReadBandwidthMax=$disk 5000000" $controller \
                blkio.throttle.read_bps_device "^$number 5000000$" io.max "^$number .*rbps=5000000"
        limit "IOWriteBandwidthMax=$disk 3000000" $controller \
                blkio.throttle.write_bps_device "^$number 3000000$" io.max "^$number .*wbps=3000000"
        limit "IOReadIOPSMax=$disk 50" $controller \
                blkio.throttle.read_iops_device "^$number 50$" io.max "^$number .*riops=50" no
        limit "IOWriteIOPSMax=$disk 70" $controller \
                blkio.throttle.write_iops_device "^$number 70$" io.max "^$number .*wiops=70" no
        limit IOWeight=200 $controller blkio.bfq.weight '^181$' io.weight '^default 200$'
        limit "IODeviceLatencyTargetSec=$disk 25ms" $controller "" "" io.latency "^$number target=25000"
        check_output "a path that is not there is named" 'IOReadIOPSMax=.*/no/such/disk' \
                "$SBXCTL" run -p "IOReadIOPSMax=/no/such/disk 5" -- /bin/true
        check_output "a path without a disk, too" 'IOReadIOPSMax=.*disk is not known' \
                "$SBXCTL" run -p "IOReadIOPSMax=/proc 5" -- /bin/true
        check_output "and a character device" 'IOReadIOPSMax=.*no disk' \
                "$SBXCTL" run -p "IOReadIOPSMax=/dev/null 5" -- /bin/true
        rm "$disk"
}

check_memory() {
        limit MemoryHigh=67108864 memory "" "" memory.high '^67108864$' no
        limit MemorySwapMax=67108864 memory "" "" memory.swap.max '^67108864$' no
}

# From inside, over its own loopback: a ping, a word through TCP.
says() {
        "$SBXCTL" run --pipe -p Layers=busybox -p CapabilityBoundingSet=CAP_NET_RAW "$@" -- /bin/sh -c '
                ping -c 1 -W 1 127.0.0.1 2>&1 | grep -o "Operation not permitted\|1 packets received"
                (echo hello | nc -l -p 7777 &)
                sleep 0.3
                timeout 2 nc 127.0.0.1 7777 </dev/null 2>/dev/null || echo silence' 2>/dev/null | xargs
}

# What a ping inside gives once DIRECTIVE=VALUE… are set: readdress DIRECTIVE=VALUE… GIVES
readdress() {
        local expected=${*: -1}
        check "${*:1:$#-1} can be set while it runs" "$SBXCTL" set-property --runtime limits "${@:1:$#-1}"
        check_equal "and is in force at once" "$("$SBXCTL" exec limits -- /bin/sh -c 'ping -c 1 -W 1 127.0.0.1 2>&1 |
                grep -o "not permitted\|1 packets received"' </dev/null)" "$expected"
}

check_readdressing() {
        local nothing="not permitted" all="1 packets received"
        unit limits CapabilityBoundingSet=CAP_NET_RAW
        "$SBXCTL" start limits
        if [ "$systemd" = no ]; then
                for directive in IPAddressDeny=any IPAddressAllow=any IPAccounting=yes; do
                        check_output "without systemd $directive is refused while it runs, by name" "${directive%%=*}=.*systemd" \
                                "$SBXCTL" set-property --runtime limits "$directive"
                done
        else
                readdress IPAddressDeny=any "$nothing"
                readdress IPAddressAllow=localhost "$all"
                readdress IPAddressAllow= IPAddressAllow=10.0.0.0/8 "$nothing"
                readdress IPAddressDeny= IPAddressDeny=10.0.0.0/8 "$all"
                readdress IPAddressDeny=any IPAddressAllow= "$nothing"
                readdress IPAddressDeny= "$all"
                readdress IPAddressDeny=any "$nothing"
                readdress IPAddressDeny= IPAccounting=yes "$all"
                check "status shows what it counts" wait_for 5 status_says 'IP: [0-9.]+[BK]? in, [0-9.]+[BK]? out'
        fi
        "$SBXCTL" stop limits
}

check_addresses() {
        local nothing="Operation not permitted silence" all="1 packets received hello"
        check_equal "without a filter packets pass" "$(says)" "$all"
        if [ "$systemd" = no ]; then
                for directive in IPAddressDeny=any IPAddressAllow=any IPAccounting=yes; do
                        unit limits "$directive"
                        check_status "without systemd $directive is refused" 1 "$SBXCTL" start limits
                        check_output "by name and place" "limits.sandbox:4.*${directive%%=*}=" "$SBXCTL" status limits
                done
                check_equal "IPAccounting=no asks for nothing" "$(says -p IPAccounting=no)" "$all"
                return
        fi
        check_equal "IPAddressDeny=any lets none pass" "$(says -p IPAddressDeny=any)" "$nothing"
        check_equal "IPAddressDeny= of an address, too" "$(says -p IPAddressDeny=127.0.0.1)" "$nothing"
        check_equal "IPAddressDeny= of another lets it pass" "$(says -p IPAddressDeny=10.0.0.0/8)" "$all"
        check_equal "IPAddressAllow=localhost lets it pass" \
                "$(says -p IPAddressDeny=any -p IPAddressAllow=localhost)" "$all"
        check_equal "an empty IPAddressAllow= takes that back" \
                "$(says -p IPAddressDeny=any -p IPAddressAllow=localhost -p IPAddressAllow=)" "$nothing"
        cgroup1_here || check_equal "Delegate= does not lift it" "$(says -p IPAddressDeny=any -p Delegate=yes)" "$nothing"
        mkdir -p /run/sbx/system
        printf '%s\n' "[Sandbox]" Layers=busybox CapabilityBoundingSet=CAP_NET_RAW IPAccounting=yes \
                "ExecStart=/bin/sh -c 'ping -c 2 127.0.0.1; exec sleep 1000'" >/run/sbx/system/limits.sandbox
        "$SBXCTL" daemon-reload
        check "IPAccounting= is taken" "$SBXCTL" start limits
        check "and status shows what it counts" wait_for 5 status_says 'IP: [0-9.]+[BK]? in, [0-9.]+[BK]? out'
        "$SBXCTL" stop limits
}

# Of the daemon itself Debian has a package of its own, which no bed has.
check_oomd() {
        if [ "$systemd" = no ] || cgroup1_here; then
                check_output "systemd-oomd has no say here: refused by name" 'ManagedOOMPreference=.*systemd-oomd (looks|needs)' \
                        "$SBXCTL" run --pipe -p Layers=busybox -p ManagedOOMPreference=omit -- /bin/true
                return
        fi
        check_output "without systemd-oomd nothing would be killed" 'ManagedOOMSwap=.*systemd-oomd does not run' \
                "$SBXCTL" run --pipe -p Layers=busybox -p ManagedOOMSwap=kill -- /bin/true
        # what systemd keeps while that service is active
        ln -s 0123456789abcdef0123456789abcdef /run/systemd/units/invocation:systemd-oomd.service
        check "with it ManagedOOMSwap=kill is taken" \
                "$SBXCTL" run --pipe -p Layers=busybox -p ManagedOOMSwap=kill -- /bin/true
        rm /run/systemd/units/invocation:systemd-oomd.service
        mkdir -p /run/sbx/system
        printf '%s\n' "[Sandbox]" Layers=busybox ManagedOOMPreference=avoid ManagedOOMMemoryPressureLimit=60% \
                "ExecStart=/bin/sleep 1000" >/run/sbx/system/limits.sandbox
        "$SBXCTL" daemon-reload
        check "ManagedOOMPreference= is taken" "$SBXCTL" start limits
        check_equal "and in force" "$(systemctl show -p ManagedOOMPreference --value sbx-limits.scope)" avoid
        check_equal "as is the limit" "$(systemctl show -p ManagedOOMMemoryPressureLimit --value sbx-limits.scope)" 2576980377
        check "it changes while the sandbox runs" "$SBXCTL" set-property --runtime limits ManagedOOMPreference=omit \
                ManagedOOMMemoryPressureLimit=
        check_equal "and is in force" "$(systemctl show -p ManagedOOMPreference --value sbx-limits.scope)" omit
        check_equal "as is none" "$(systemctl show -p ManagedOOMMemoryPressureLimit --value sbx-limits.scope)" 0
        "$SBXCTL" stop limits
}

status_says() {
        local text
        text=$("$SBXCTL" status limits)
        grep -Eq "$1" <<<"$text"
}

# A hard limit that the host's helper does not have itself.
check_rlimits() {
        local hard
        hard=$(ulimit -Hn)
        if [ "$hard" != unlimited ]; then
                check_output "a hard limit above the host's is refused by name" 'LimitNOFILE=.*CAP_SYS_RESOURCE' \
                        "$SBXCTL" run -p "LimitNOFILE=$((hard + 1))" -- /bin/true
        fi
        check_equal "one below it is what the workload has" \
                "$("$SBXCTL" run --pipe -p LimitNOFILE=100:200 -p Layers=busybox -- /bin/sh -c 'ulimit -Sn; ulimit -Hn' | xargs)" \
                "100 200"
}

# The files that a cgroup can have here: systemd hands controllers down where they are asked for.
known=""
if [ "$version" = 2 ]; then
        read -ra controllers <"$top/cgroup.controllers"
        for controller in "${controllers[@]}"; do
                echo "+$controller" >"$top/cgroup.subtree_control"
        done
        mkdir "$top/sbx-files"
        known=$(ls "$top/sbx-files")
        rmdir "$top/sbx-files"
fi
# What the daemons make once, they keep.
"$SBXCTL" run -p Layers=busybox -- /bin/true
census=$("$here/census.sh")
check_memory
check_time
check_accounting
check_processors
check_effective
[ -z "$number" ] || check_disks
check_addresses
check_readdressing
check_oomd
check_rlimits
rm -f /run/sbx/system/limits.sandbox
"$SBXCTL" daemon-reload
check_census "nothing is left of it all" "$census"
finish
