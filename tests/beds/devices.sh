#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The devices of a sandbox, from the inside, in any bed with a running sbxd: the nodes that
# DeviceAllow= brings into a private /dev, and which of them the kernel lets it open.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lib.sh
. "$here/lib.sh"

# Nodes of our own: with a mode that lets whoever is root inside open them. Opening the control of
# loop devices does nothing.
folder=/dev/sbx-test-$$
control=$folder/below/control
disk=$folder/disk
mkdir -p "$folder/below"
trap 'rm -rf "$folder"' EXIT
mknod "$control" c 10 237
mknod "$disk" b 7 201
chmod 666 "$control" "$disk"
ln -s below/control "$folder/link"
ln -s /etc/passwd "$folder/out"

inside() {
        "$SBXCTL" run --pipe -p Layers=busybox "$@" </dev/null
}

# What opening a node gives, a word for each: says NODE [-p Directive=value]…
# shellcheck disable=SC2016 # the sandbox's shell is to expand it
says() {
        local node=$1
        shift
        inside -p "Environment=NODE=$node" "$@" -- /bin/sh -c '
                [ -e "$NODE" ] || { echo none; exit; }
                (: <"$NODE") 2>/dev/null && echo reads || echo "no reads"
                (: >>"$NODE") 2>/dev/null && echo writes || echo "no writes"' 2>&1 | xargs
}

# kind, major and minor number (hexadecimal), mode
kind_of() {
        "$@" stat -c '%F %t %T %a' "$node"
}

check_nodes() {
        local users node
        check_equal "a private /dev has no other nodes" "$(says "$control")" none
        for users in pick no; do
                set -- -p "PrivateUsers=$users"
                check_equal "PrivateUsers=$users: a node that is allowed is there" \
                        "$(says "$control" "$@" -p "DeviceAllow=$control rw")" "reads writes"
                check_equal "PrivateUsers=$users: for reading alone" \
                        "$(says "$control" "$@" -p "DeviceAllow=$control r")" "reads no writes"
                check_equal "PrivateUsers=$users: for writing alone" \
                        "$(says "$control" "$@" -p "DeviceAllow=$control w")" "no reads writes"
                check_equal "PrivateUsers=$users: two assignments of one node add up" \
                        "$(says "$control" "$@" -p "DeviceAllow=$control w" -p "DeviceAllow=$control r")" "reads writes"
                for node in "$control" "$disk"; do
                        check_equal "PrivateUsers=$users: $node is the host's" \
                                "$(kind_of inside "$@" -p "DeviceAllow=$node" -- /bin/busybox)" "$(kind_of)"
                done
        done
        check_equal "a link is followed, and its name is what is there" \
                "$(says "$folder/link" -p "DeviceAllow=$folder/link")" "reads writes"
        check_equal "and nothing else of its folder" "$(says "$control" -p "DeviceAllow=$folder/link")" none
        check_equal "a driver makes no node" "$(says "$control" -p DeviceAllow=char-misc)" none
        check_equal "a node may be missing where the unit says so" \
                "$(says "$folder/none" -p "DeviceAllow=-$folder/none")" none
}

refuses() {
        check_output "$1 is refused by name" "DeviceAllow=.*$2" \
                inside -p "DeviceAllow=$1" -- /bin/true
        check_status "and nothing runs" 125 inside -p "DeviceAllow=$1" -- /bin/true
}

check_refusals() {
        mkdir -p /run/sbx/system
        printf '[Sandbox]\nLayers=busybox\nExecStart=/bin/true\nDeviceAllow=%s\n' "$folder/none" \
                >/run/sbx/system/devices.sandbox
        "$SBXCTL" daemon-reload
        check_output "a node that is not there is refused with its place" \
                'DeviceAllow=.*is not there|devices.sandbox:4:13.*is not there' "$SBXCTL" start devices
        rm /run/sbx/system/devices.sandbox
        "$SBXCTL" daemon-reload
        refuses "$folder/none" "is not there"
        refuses "$folder/out" "leads out of /dev"
        refuses "$folder/below" "no device node"
        refuses "$folder/out/x" "is not there"
        refuses char-no-such-driver "no driver"
        refuses /dev/pts/0 "of its own|is not there"
}

check_policies() {
        check_equal "without DevicePolicy= a device is open" "$(says /dev/zero)" "reads writes"
        check_equal "closed has it" "$(says /dev/zero -p DevicePolicy=closed)" "reads writes"
        check_equal "strict closes it" "$(says /dev/zero -p DevicePolicy=strict -p 'DeviceAllow=/dev/null rw')" \
                "no reads no writes"
        check_equal "strict has what is allowed" \
                "$(says /dev/zero -p DevicePolicy=strict -p 'DeviceAllow=/dev/null rw' -p 'DeviceAllow=/dev/zero r')" \
                "reads no writes"
        check_equal "a whole driver" \
                "$(says /dev/zero -p DevicePolicy=strict -p 'DeviceAllow=char-mem rw')" "reads writes"
        check_equal "all of a kind" "$(says /dev/zero -p DevicePolicy=strict -p 'DeviceAllow=char-* r' -p DeviceAllow=/dev/null)" \
                "reads no writes"
        check_equal "but not of the other" \
                "$(says /dev/zero -p DevicePolicy=strict -p 'DeviceAllow=block-* r' -p 'DeviceAllow=/dev/null')" \
                "no reads no writes"
        check_equal "on the host's own /dev nothing is made" \
                "$(says "$folder/link" -p PrivateDevices=no -p "DeviceAllow=$folder/link r")" "reads no writes"
        check_equal "and what is not allowed stays closed" \
                "$(says "$control" -p PrivateDevices=no -p DevicePolicy=closed)" "no reads no writes"
        check_equal "it is open otherwise" "$(says "$control" -p PrivateDevices=no)" "reads writes"
        check_output "a terminal works under closed" 'of its own' \
                "$SBXCTL" run --pty -p Layers=busybox -p DevicePolicy=closed -- /bin/sh -c 'test -t 0 && echo of its own'
}

# The same while it runs: change DIRECTIVE=VALUE… WHAT-/dev/zero-GIVES-THEN
change() {
        local expected=${*: -1}
        check "${*:1:$#-1} can be set while it runs" "$SBXCTL" set-property --runtime devices "${@:1:$#-1}"
        # shellcheck disable=SC2016
        check_equal "and is in force at once" "$("$SBXCTL" exec devices -- /bin/sh -c '
                (: <"/dev/zero") 2>/dev/null && echo reads || echo "no reads"
                (: >>"/dev/zero") 2>/dev/null && echo writes || echo "no writes"' </dev/null 2>&1 | xargs)" "$expected"
}

check_changes() {
        mkdir -p /run/sbx/system
        printf '%s\n' "[Sandbox]" Layers=busybox "ExecStart=/bin/sleep 1000" >/run/sbx/system/devices.sandbox
        "$SBXCTL" daemon-reload
        "$SBXCTL" start devices
        change DevicePolicy=strict "DeviceAllow=/dev/null rw" "no reads no writes"
        change "DeviceAllow=/dev/zero r" "reads no writes"
        change DeviceAllow= "DeviceAllow=/dev/null rw" "no reads no writes"
        change DevicePolicy=closed "reads writes"
        change DevicePolicy=strict "no reads no writes"
        check_output "what is not there is refused" 'DeviceAllow=.*/dev/no-such' \
                "$SBXCTL" set-property --runtime devices "DeviceAllow=/dev/no-such rw"
        check_equal "and nothing was changed" "$("$SBXCTL" show -p DeviceAllow --value devices)" "/dev/null rw"
        change DevicePolicy= DeviceAllow= "reads writes"
        "$SBXCTL" stop devices
        rm -rf /run/sbx/system.control/devices.sandbox.d /run/sbx/system/devices.sandbox
        "$SBXCTL" daemon-reload
}

"$SBXCTL" run -p Layers=busybox -- /bin/true
census=$("$here/census.sh")
check_nodes
check_refusals
check_policies
check_changes
check_census "nothing is left of it all" "$census"
finish
