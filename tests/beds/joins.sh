#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Ids inside and outside, and namespaces that are somebody else's, in any bed with a running sbxd: each
# way of mapping or joining them, seen from inside, and what is refused.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

folder=/run/sbx-joins
units=${SBX_UNIT_PATH:-/run/sbx/system}
units=${units##*:}

# Runs in a fresh sandbox on the busybox layer: inside [-p Directive=value]… -- COMMAND…
inside() {
        "$SBXCTL" run --pipe -p Layers=busybox "$@" </dev/null
}

# -- ids --

# The map of the sandbox, and who owns a file of the layer (erofs) and a new one (tmpfs).
# shellcheck disable=SC2016 # the sandbox's shell is to expand it
ids_inside() {
        inside "$@" -- /bin/sh -c 'echo $(cat /proc/self/uid_map) / $(cat /proc/self/gid_map)
                stat -c %u:%g /bin/busybox; echo new >/etc/new; stat -c %u:%g /etc/new'
}

ids() {
        check_equal "$1${4:+ $4}: the maps, a layer's file, a new file" \
                "$(ids_inside -p "$1" ${4:+-p "$4"})" "$2 / $3"$'\n0:0\n0:0'
}

# Root inside on the host: what it makes in a directory that is shifted to it, seen from outside.
owner_on_disk() {
        rm -f "$folder/made"
        inside "$@" -p "BindPaths=$folder:/mnt:idmap" -- \
                /bin/sh -c 'stat -c %u:%g /mnt /mnt/file; echo made >/mnt/made && stat -c %u:%g /mnt/made' &&
                stat -c %u:%g "$folder/made"
}

bind() {
        check_equal "$1${2:+ $2}: root of the disk is root inside on an idmap bind" \
                "$(owner_on_disk -p "$1" ${2:+-p "$2"})" $'0:0\n0:0\n0:0\n0:0'
}

# As the host's own user, ids of files that are nobody's here are the host's own.
check_ids() {
        ids PrivateUsers=identity "0 0 65536" "0 0 65536"
        ids PrivateUsers=self "0 0 1" "0 0 1"
        ids PrivateUsers=700000:10 "0 700000 10" "0 700000 10"
        ids "UIDMap=0:700000:10 100:800000:5" "0 700000 10 100 800000 5" "0 700000 10 100 800000 5"
        ids "GIDMap=0:710000:9" "0 710000 9" "0 710000 9"
        ids UIDMap=0:700000:10 "0 700000 10" "0 710000 7" GIDMap=0:710000:7
        ids "UIDMap=0:0:1 1:700001:9" "0 0 1 1 700001 9" "0 0 1 1 700001 9"
        ids PrivateUsers=no "0 0 4294967295" "0 0 4294967295"
        check_equal "PrivateUsers=no is the host's own namespace" \
                "$(inside -p PrivateUsers=no -- /bin/readlink /proc/self/ns/user)" "$(readlink /proc/self/ns/user)"
        check_equal "another user of the map" \
                "$(inside -p 'UIDMap=0:700000:1 7:700007:1' -p User=7 -- /bin/id -u)" 7
        check_equal "an id outside of the map is nobody's, and cannot be given away to" \
                "$(inside -p UIDMap=0:700000:10 -p CapabilityBoundingSet=CAP_CHOWN -- \
                        /bin/sh -c 'echo >/x; chown 10 /x 2>/dev/null || stat -c %u /x')" 0
        check_output "exec is mapped the same" '^0 700000 10 0 710000 7$' exec_maps
        check_named_ids
}

# Ids that a unit names are not those that another was handed by chance, whichever starts first.
check_named_ids() {
        local base
        "$SBXCTL" run --no-block --name=joins-handed -p Layers=busybox -- /bin/sleep 1000 >/dev/null
        wait_for 10 property_is joins-handed SubState running
        base=$(awk '{ print $2 }' "/proc/$(property joins-handed MainPID)/uid_map")
        check_output "ids that another sandbox was handed are refused" 'was handed these user ids' \
                inside -p "PrivateUsers=$((base + 9)):10" -- /bin/true
        check "and taken once it is stopped" "$SBXCTL" stop joins-handed
        "$SBXCTL" run --no-block --name=joins-named -p Layers=busybox -p "PrivateUsers=$((base + 9)):10" -- \
                /bin/sleep 1000 >/dev/null
        wait_for 10 property_is joins-named SubState running
        check_equal "then nobody is handed them" \
                "$(inside -- /bin/cat /proc/self/uid_map | awk -v named="$base" '{ print ($2 != named) }')" 1
        check "it stops" "$SBXCTL" stop joins-named
}

exec_maps() {
        printf '%s\n' '[Sandbox]' Layers=busybox 'ExecStart=/bin/sleep 1000' \
                UIDMap=0:700000:10 GIDMap=0:710000:7 >"$units/joins-ids.sandbox"
        # shellcheck disable=SC2016 # the sandbox's shell is to expand it
        "$SBXCTL" start joins-ids &&
                "$SBXCTL" exec joins-ids -- /bin/sh -c 'echo $(cat /proc/self/uid_map /proc/self/gid_map)'
        "$SBXCTL" stop joins-ids
}

# On kernels before 6.3 tmpfs, on which the folder lies, allows no idmapped mounts.
check_binds() {
        if [ "$(printf '%s\n' 6.3 "$(uname -r)" | sort -V | head -n 1)" != 6.3 ]; then
                check_output "idmap on a tmpfs is refused by name here" 'BindPaths=.*cannot be id-mapped' \
                        owner_on_disk -p UIDMap=0:700000:10
                return
        fi
        bind UIDMap=0:700000:10
        bind UIDMap=0:700000:10 GIDMap=0:710000:7
        bind PrivateUsers=700000:10
        bind PrivateUsers=identity
        bind PrivateUsers=self
        check_equal "without idmap it is nobody's" \
                "$(inside -p UIDMap=0:700000:10 -p "BindPaths=$folder:/mnt" -- /bin/stat -c %u:%g /mnt/file)" 65534:65534
}

# refused NAME PATTERN -p Directive=value…: verify or start says so.
refused() {
        local name=$1 pattern=$2
        shift 2
        check_output "$name" "$pattern" inside "$@" -- /bin/true
}

# leaves_nothing FUNCTION: what it tries, one after the other.
leaves_nothing() {
        local before
        before=$("${BASH_SOURCE[0]%/*}/census.sh")
        "$1"
        check_census "and nothing is left of what was refused" "$before"
}

check_ids_refused() {
        refused "UIDMap= beside PrivateUsers= is refused" 'UIDMap.*PrivateUsers=' \
                -p UIDMap=0:700000:10 -p PrivateUsers=no
        refused "a map without root is refused" 'UIDMap.*Id 0 inside' -p UIDMap=1:700000:10
        refused "ranges that overlap are refused" 'GIDMap.*overlap outside' -p 'GIDMap=0:700000:10 10:700009:1'
}

# -- namespaces by path --

# The name of a kind in /proc/PID/ns.
declare -A link_of=([Mount]=mnt [PID]=pid [Network]=net [IPC]=ipc [UTS]=uts [User]=user [Cgroup]=cgroup [Time]=time)

only_child() {
        tr -d ' ' <"/proc/$1/task/$1/children"
}

# Two processes that hold namespaces to join: all kinds but user, and that one.
holders_start() {
        unshare --mount --pid --fork --net --ipc --uts --cgroup --time --boottime 1000000 sleep 1000 &
        outer=$!
        unshare --user sleep 1000 &
        user_holder=$!
        wait_for 5 grep -q . "/proc/$outer/task/$outer/children"
        holder=$(only_child "$outer")
        unshare --user sleep 1000 &
        unmapped_holder=$!
        for pid in "$user_holder" "$unmapped_holder"; do
                wait_for 5 sh -c "! [ /proc/self/ns/user -ef /proc/$pid/ns/user ]"
        done
        echo "0 720000 1000" >"/proc/$user_holder/uid_map" && echo "0 730000 900" >"/proc/$user_holder/gid_map"
        nsenter --target "$holder" --uts hostname joined-name
}

holders_stop() {
        # PID 1 of a namespace heeds nothing else
        kill -KILL "$holder" "$user_holder" "$unmapped_holder" "$outer" 2>/dev/null
        wait "$outer" "$user_holder" "$unmapped_holder" 2>/dev/null
}

ns_file() {
        if [ "$1" = User ]; then
                echo "/proc/$user_holder/ns/user"
        else
                echo "/proc/$holder/ns/${link_of[$1]}"
        fi
}

# What it is inside, with the directive; a joined mount namespace has a root already.
ns_joined() {
        local layers=Layers=busybox
        [ "$1" != Mount ] || layers=
        "$SBXCTL" run --pipe ${layers:+-p "$layers"} -p "$1NamespacePath=$(ns_file "$1")" -- \
                readlink "/proc/self/ns/${link_of[$1]}" </dev/null
}

check_paths() {
        local kind own
        for kind in Mount PID Network IPC UTS User Cgroup Time; do
                check_equal "${kind}NamespacePath= joins it" "$(ns_joined "$kind")" "$(readlink "$(ns_file "$kind")")"
                own=$(inside -- readlink "/proc/self/ns/${link_of[$kind]}")
                check "and without it that is another" test "$own" -a "$own" != "$(readlink "$(ns_file "$kind")")"
        done
}

by_path() {
        local kind=$1
        shift
        inside -p "${kind}NamespacePath=$(ns_file "$kind")" "$@"
}

# shellcheck disable=SC2016 # the sandbox's shell is to expand it
links='for n; do readlink /proc/self/ns/$n; done'

# shellcheck disable=SC2016 # the sandbox's shell is to expand them
# What each is good for, and that what is joined is left as it was.
check_path_effects() {
        check_equal "the joined loopback is not brought up" "$(by_path Network -- ip link show lo | grep -c ',UP')" 0
        check_equal "as the own one is" "$(inside -- ip link show lo | grep -c ',UP')" 1
        check_equal "the joined host name is what it was" "$(by_path UTS -- hostname)" joined-name
        check_equal "for its own processes too" "$(nsenter --target "$holder" --uts hostname)" joined-name
        check_equal "the joined clocks are shifted" \
                "$(by_path Time -- awk '/boottime/ { print $2 }' /proc/self/timens_offsets)" 1000000
        check_equal "without it they are the host's" \
                "$(inside -- awk '/boottime/ { print $2 }' /proc/self/timens_offsets)" 0
        check_equal "/dev/mqueue is that of the joined namespace" "$(queues)" queue
        check_equal "the process numbers are those of the joined namespace" \
                "$(by_path PID -p ProcSubset=all -- cat /proc/1/comm)" sleep
        check_equal "the joined ids, and the layer's files with them" \
                "$(by_path User -- /bin/sh -c 'echo $(cat /proc/self/uid_map /proc/self/gid_map); stat -c %u:%g /bin/busybox; id -u')" \
                $'0 720000 1000 0 730000 900\n0:0\n0'
        check_equal "joined ids and joined process numbers together" \
                "$(by_path User -p "PIDNamespacePath=$(ns_file PID)" -- /bin/sh -c "$links" - user pid)" \
                "$(readlink "$(ns_file User)" "$(ns_file PID)")"
        check_equal "all that a user namespace of its own leaves to be joined" \
                "$(by_path Network -p "IPCNamespacePath=$(ns_file IPC)" -p "UTSNamespacePath=$(ns_file UTS)" \
                        -p "TimeNamespacePath=$(ns_file Time)" -p "CgroupNamespacePath=$(ns_file Cgroup)" -- \
                        /bin/sh -c "$links" - net ipc uts time cgroup)" \
                "$(for kind in Network IPC UTS Time Cgroup; do readlink "$(ns_file $kind)"; done)"
        check_output "what a joined cgroup namespace leaves out is said" 'sys/fs/cgroup is empty' \
                "$SBXCTL" plan "$units/joins-cgroup.sandbox"
}

queues() {
        mkdir -p "$folder/mqueue"
        nsenter --target "$holder" --ipc sh -c \
                "mount -t mqueue none $folder/mqueue && touch $folder/mqueue/queue && umount $folder/mqueue"
        by_path IPC -- ls /dev/mqueue
}

check_paths_refused() {
        mkfifo "$folder/fifo"
        ln -s loop "$folder/loop"
        refused "a namespace of another kind is refused" 'Invalid argument.*NetworkNamespacePath=.*of this kind' \
                -p "NetworkNamespacePath=$(ns_file UTS)"
        refused "a path that is not there is refused" 'No such file.*IPCNamespacePath=' \
                -p "IPCNamespacePath=$folder/nothing"
        refused "a regular file is refused" 'Invalid argument.*UTSNamespacePath=' -p "UTSNamespacePath=$folder/file"
        refused "a FIFO is refused, and not opened" 'Invalid argument.*PIDNamespacePath=' -p "PIDNamespacePath=$folder/fifo"
        refused "a loop of links is refused" 'symbolic links.*TimeNamespacePath=' -p "TimeNamespacePath=$folder/loop"
        refused "a directory is refused" 'Invalid argument.*CgroupNamespacePath=' -p "CgroupNamespacePath=$folder"
        refused "the host's own user namespace is refused" "UserNamespacePath=.*PrivateUsers=no" \
                -p UserNamespacePath=/proc/self/ns/user
        refused "a user namespace without ids is refused" "UserNamespacePath=.*Id 0 is not mapped" \
                -p "UserNamespacePath=/proc/$unmapped_holder/ns/user"
        refused "layers in a joined root are refused" 'Layers=.*mount namespace is joined' \
                -p "MountNamespacePath=$(ns_file Mount)"
        refused "a host name in a joined namespace is refused" 'Hostname=.*UTS namespace is joined' \
                -p "UTSNamespacePath=$(ns_file UTS)" -p Hostname=alpha
        unit joins-place "NetworkNamespacePath=$folder/nothing"
        check_status "the start fails" 1 "$SBXCTL" start joins-place
        check_output "and the place is told" 'NetworkNamespacePath= at .*/joins-place.sandbox:4:22' \
                "$SBXCTL" status joins-place
}

# -- namespaces of another sandbox --

# unit NAME LINE…: a unit that sleeps.
unit() {
        local name=$1
        shift
        printf '%s\n' '[Sandbox]' Layers=busybox 'ExecStart=/bin/sleep 1000' "$@" >"$units/$name.sandbox"
        "$SBXCTL" daemon-reload
}

joiner() {
        local name=$1
        shift
        unit "$name" "$@"
        printf '%s\n' '[Unit]' JoinsNamespaceOf=joins-base.sandbox >>"$units/$name.sandbox"
        "$SBXCTL" daemon-reload
}

# The kinds that a sandbox shares with the base.
kinds_shared() {
        comm -12 <(links_of "$1") <(links_of joins-base) | sed 's/:.*//' | tr '\n' ' '
}

# Asked by exec, so that this is seen to join the same.
links_of() {
        "$SBXCTL" exec "$1" -- /bin/sh -c "$links" - mnt pid net ipc uts user cgroup time </dev/null | sort
}

check_sandbox() {
        joiner joins-one
        check_status "joining what does not run fails" 1 "$SBXCTL" start joins-one
        check_output "and says what to do" 'JoinsNamespaceOf= at .*joins-one.sandbox:5:18: joins-base.sandbox is not running.*sbxctl start joins-base' \
                "$SBXCTL" status joins-one
        unit joins-base Hostname=base-name TimeOffsetBootSec=1000 "ExecStart=" \
                "ExecStart=/bin/httpd -f -p 8080 -h /etc"
        check "the other is started" "$SBXCTL" start joins-base
        check "and then joined" "$SBXCTL" start joins-one
        check_equal "by default its network and IPC" "$(kinds_shared joins-one)" "ipc net "
        check_output "status says so" 'Joins: network ipc of joins-base.sandbox' "$SBXCTL" status joins-one
        check_equal "show has it" "$("$SBXCTL" show -p JoinsNamespaceOf,JoinNamespaces joins-one)" \
                $'JoinsNamespaceOf=joins-base.sandbox\nJoinNamespaces=network ipc'
        check_output "its server is there" passwd\|root "$SBXCTL" exec joins-one -- wget -qO- http://127.0.0.1:8080/passwd
        joiner joins-all "JoinNamespaces=pid network ipc uts user cgroup time"
        check "all but the root" "$SBXCTL" start joins-all
        check_equal "are the other's" "$(kinds_shared joins-all)" "cgroup ipc net pid time user uts "
        check_equal "with its host name" "$("$SBXCTL" exec joins-all -- hostname)" base-name
        check_equal "and its ids" "$("$SBXCTL" exec joins-all -- cat /proc/self/uid_map)" \
                "$("$SBXCTL" exec joins-base -- cat /proc/self/uid_map)"
        check_equal "which it counts as its own" "$(property joins-all HostUIDBase)" "$(property joins-base HostUIDBase)"
        check_equal "and in which its files are root's" "$("$SBXCTL" exec joins-all -- stat -c %u:%g /bin/busybox)" 0:0
        check_sandbox_root
        check_sandbox_port
        check_sandbox_end
        check_sandbox_refused
}

check_sandbox_root() {
        "$SBXCTL" exec joins-base -- /bin/sh -c 'echo base >/etc/base'
        printf '%s\n' '[Unit]' JoinsNamespaceOf=joins-base.sandbox '[Sandbox]' 'ExecStart=/bin/sleep 1000' \
                "JoinNamespaces=mount pid user" >"$units/joins-root.sandbox"
        check "the root too" "$SBXCTL" start joins-root
        check_equal "is the other's" "$(kinds_shared joins-root)" "mnt pid user "
        check_equal "with what is in it" "$("$SBXCTL" exec joins-root -- cat /etc/base)" base
        check "and it stops" "$SBXCTL" stop joins-root
        check_equal "which leaves the other as it was" "$("$SBXCTL" exec joins-base -- cat /etc/base)" base
}

check_sandbox_port() {
        joiner joins-port
        printf '%s\n' '[Port http]' Listen=127.0.0.1:18089 Target=8080 >>"$units/joins-port.sandbox"
        "$SBXCTL" daemon-reload
        check "a port of the one that joins" "$SBXCTL" start joins-port
        check "leads to the other's server" curl -fsS --max-time 5 --retry 3 --retry-connrefused http://127.0.0.1:18089/base
        check "it stops" "$SBXCTL" stop joins-port
}

# The namespaces live on, but for that of process numbers; the ids are not given to a third one.
check_sandbox_end() {
        local base
        joiner joins-ids "JoinNamespaces=user network"
        "$SBXCTL" start joins-ids
        base=$(property joins-base HostUIDBase)
        check "the other stops" "$SBXCTL" stop joins-base
        check "what joined its process numbers ends with it" wait_for 5 property_is joins-all ActiveState inactive
        check_equal "what joined other kinds lives on" "$(property joins-one ActiveState)" active
        check_equal "with what it joined" "$("$SBXCTL" exec joins-one -- ip link show lo | grep -c ',UP')" 1
        unit joins-third
        "$SBXCTL" start joins-third
        check "nobody else gets the ids that are still used" test "$(property joins-third HostUIDBase)" != "$base"
        check "all stop" "$SBXCTL" stop joins-one joins-ids joins-third
        "$SBXCTL" start joins-third
        check_equal "then they are free" "$(property joins-third HostUIDBase)" "$base"
        check "it stops too" "$SBXCTL" stop joins-third
}

check_sandbox_refused() {
        unit joins-base PrivateIPC=no
        "$SBXCTL" start joins-base
        check_status "what the other shares with the host is not joined" 1 "$SBXCTL" start joins-one
        check_output "and named" 'joins-base.sandbox has no ipc namespace to join.*PrivateIPC=' "$SBXCTL" status joins-one
        "$SBXCTL" stop joins-base
        joiner joins-base
        check_status "joining itself fails" 1 "$SBXCTL" start joins-base
        check_output "by name" 'names itself' "$SBXCTL" status joins-base
        leaves_nothing check_network_refused
}

check_network_refused() {
        refused "PrivateNetwork=no contradicts it" 'PrivateNetwork=.*this kind is joined' \
                -p JoinsNamespaceOf=joins-base.sandbox -p PrivateNetwork=no
}

# Who is let into the user namespace of another with CAP_SYS_ADMIN, and into its mounts, does not get
# what was kept from it.
check_covers() {
        local pid
        mkdir -p "$folder/covered/secret"
        echo hidden >"$folder/covered/secret/file"
        check "a sandbox that is kept from a path" "$SBXCTL" run --no-block --name=joins-kept -p Layers=busybox \
                -p "BindPaths=$folder/covered:/mnt" -p InaccessiblePaths=/mnt/secret -- /bin/sleep 1000
        wait_for 10 "$SBXCTL" is-active joins-kept
        pid=$(property joins-kept MainPID)
        joined() {
                "$SBXCTL" run --pipe -p CapabilityBoundingSet='~' -p RestrictNamespaces=no \
                        -p 'SystemCallFilter=@system-service @mount' -p "UserNamespacePath=/proc/$pid/ns/user" \
                        "$@" </dev/null 2>&1
        }
        check_output "a cover stays on from within its user namespace" 'umount: .*(Invalid|not permitted)' \
                joined -p "MountNamespacePath=/proc/$pid/ns/mnt" -- /bin/sh -c 'umount /mnt/secret; cat /mnt/secret/file'
        check_output "by way of the other's processes too" 'umount: .*(Invalid|not permitted)' \
                joined -p Layers=busybox -p "PIDNamespacePath=/proc/$pid/ns/pid" -- \
                /bin/sh -c 'nsenter -t 2 -m -- umount /mnt/secret'
        check_output "and is on for the other" 'denied|No such file' "$SBXCTL" exec --pipe joins-kept -- cat /mnt/secret/file
        check "stop of it" "$SBXCTL" stop joins-kept
}

# -- names and clocks of its own --

check_names() {
        local longest
        longest=$(printf 'a%.0s' $(seq 64))
        check_equal "Hostname= is set" "$(inside -p Hostname=alpha-1.example -- hostname)" alpha-1.example
        check_equal "the longest one too" "$(inside -p "Hostname=$longest" -- hostname)" "$longest"
        check_output "one more is refused" 'Hostname=.*65 bytes' inside -p "Hostname=${longest}b" -- hostname
        check_output "what is no host name is refused" 'Hostname=.*no host name' inside -p Hostname=-a -- hostname
        check_equal "Domainname= is set" "$(inside -p Domainname=example.net -- /bin/busybox dnsdomainname 2>/dev/null ||
                inside -p Domainname=example.net -p ProcSubset=all -- cat /proc/sys/kernel/domainname)" example.net
        check_output "one that is too long is refused" 'Domainname=.*64' inside -p "Domainname=${longest}b" -- /bin/true
        check_equal "with ProtectHostname=no the name is the host's" "$(inside -p ProtectHostname=no -- hostname)" "$(uname -n)"
        check_output "which cannot be set" 'Hostname=.*ProtectHostname=yes' \
                inside -p ProtectHostname=no -p Hostname=alpha -- hostname
        check_output "nor the domain" 'Domainname=.*ProtectHostname=yes' \
                inside -p ProtectHostname=no -p Domainname=alpha -- hostname
        check_equal "and the host has its own still" "$(hostname)" "$(uname -n)"
}

# shellcheck disable=SC2016 # awk is to read them
# The offsets as the process itself has them: its clocks are shifted by that much.
check_clocks() {
        check_equal "both clocks are shifted" \
                "$(inside -p TimeOffsetBootSec=2h -p TimeOffsetMonotonicSec=1500ms -- awk '{ print $1, $2, $3 }' /proc/self/timens_offsets)" \
                $'monotonic 1 500000000\nboottime 7200 0'
        check "uptime shows it" inside -p TimeOffsetBootSec=1000d -p ProcSubset=all -- \
                awk '{ exit !($1 > 1000 * 86400) }' /proc/uptime
        check_status "and does not without" 1 inside -p ProcSubset=all -- awk '{ exit !($1 > 1000 * 86400) }' /proc/uptime
}

check_clocks_refused() {
        refused "a clock below zero is refused by name" 'out of range.*TimeOffsetBootSec=.*below zero' -p TimeOffsetBootSec=-100000d
        refused "and the other one" 'out of range.*TimeOffset.*below zero' -p TimeOffsetMonotonicSec=-100000d
}

mkdir -p "$folder" "$units"
echo text >"$folder/file"
check_ids
check_binds
leaves_nothing check_ids_refused
check_names
check_clocks
leaves_nothing check_clocks_refused
holders_start
unit joins-cgroup "CgroupNamespacePath=$(ns_file Cgroup)"
check_paths
check_path_effects
check_covers
leaves_nothing check_paths_refused
holders_stop
check_sandbox
"$SBXCTL" reset-failed >/dev/null 2>&1
rm -rf "$folder" "$units"/joins-*.sandbox
"$SBXCTL" daemon-reload
finish
