#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Ids inside and outside, in any bed with a running sbxd: each way of mapping them, seen from inside.
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

# refused NAME PATTERN -p Directive=value…: verify or start says so, and nothing is left.
refused() {
        local name=$1 pattern=$2 before
        shift 2
        before=$("${BASH_SOURCE[0]%/*}/census.sh")
        check_output "$name" "$pattern" inside "$@" -- /bin/true
        check_census "and nothing is left of it" "$before"
}

check_ids_refused() {
        refused "UIDMap= beside PrivateUsers= is refused" 'UIDMap.*PrivateUsers=' \
                -p UIDMap=0:700000:10 -p PrivateUsers=no
        refused "a map without root is refused" 'UIDMap.*Id 0 inside' -p UIDMap=1:700000:10
        refused "ranges that overlap are refused" 'GIDMap.*overlap outside' -p 'GIDMap=0:700000:10 10:700009:1'
}

mkdir -p "$folder" "$units"
echo text >"$folder/file"
check_ids
check_binds
check_ids_refused
rm -rf "$folder" "$units"/joins-*.sandbox
finish
