#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The bed "direct": this host as it is, without systemd or a bus, except for what keeps a test from
# touching others and from leaving anything: a /run, a network and process numbers of its own, and a
# folder of its own in every cgroup hierarchy.
#
#   direct.sh COMMAND…     runs it there; whatever it left running is killed at its end
#
# This tree, and a build folder among the arguments, are seen below /run, where everybody may look:
# they may stand below /root.
set -euo pipefail

name=${SBX_BED:-direct}
state=/run/sbx-bed-$name
self=$(readlink -f "$0")
# shellcheck source=cgroups.sh
. "$(dirname "$self")/cgroups.sh"

source_root=$(dirname "$(dirname "$(dirname "$self")")")
# Puts what an argument names below /run, if it is ours; gives the argument to use in $shown.
show() {
        shown=$1
        case $1 in
        "$source_root"/*) shown=/run/source/${1#"$source_root"/} ;;
        /*)
                if [ -e "$1/build.ninja" ]; then
                        mkdir -p /run/build
                        mount --bind "$1" /run/build
                        shown=/run/build
                fi
                ;;
        esac
}

if [ "${1:-}" = --stage ]; then
        shift
        mount --make-rprivate /
        mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
        mount -t proc -o nosuid,nodev,noexec proc /proc
        ip link set lo up
        mkdir /run/source
        mount --bind "$source_root" /run/source
        command=()
        for argument in "$@"; do
                show "$argument"
                command+=("$shown")
        done
        "${command[@]}"
        exit
fi

mkdir -m 700 "$state" 2>/dev/null || {
        echo "direct.sh: $state exists: is the bed '$name' in use?" >&2
        exit 1
}
trap 'cgroups_remove && rm -f "$state/cgroups" && rmdir "$state"' EXIT
trap 'exit 130' INT TERM
cgroup_folders >"$state/cgroups"
cgroups_make
status=0
(
        cgroups_join
        exec unshare --mount --pid --fork --kill-child --uts --ipc --net "$self" --stage "$@"
) || status=$?
exit "$status"
