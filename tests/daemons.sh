#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# To be sourced: runs sbxd out of a build folder, uninstalled, and ends it without a trace.
#   daemons_start BUILD; daemons_stop
# SBX_BACKEND: the way to cgroups, where it is not to be that of the host.
# Sets SBXCTL, and the search paths of units and layers.

# The file outlives a daemon that was killed, and the kernel's list has those of other mount namespaces.
listens() {
        [ -S "$1" ] && grep -q " $1\$" /proc/net/unix
}

# sbxd alone, again where it was killed; sets sbxd_pid.
sbxd_run() {
        "$1/src/sbxd" ${SBX_BACKEND:+"--backend=$SBX_BACKEND"} \
                --helper="$1/src/sbx-helper" --relay="$1/src/sbx-relay" >>"$sbxd_log" 2>&1 </dev/null &
        sbxd_pid=$!
}

daemons_start() {
        local build=$1 source
        source=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
        if listens /run/sbx/private; then
                echo "An sbxd works in /run/sbx already; stop it first." >&2
                return 1
        fi
        # Units and layers are refused below folders in which others than root can write, and a build
        # may well stand below /tmp.
        sbx_files=$(mktemp -d /run/sbx-files.XXXXXX)
        chmod 755 "$sbx_files"
        cp "$source/units/web.sandbox" "$build"/units/*.erofs "$sbx_files"
        export SBX_UNIT_PATH=${SBX_UNIT_PATH:+$SBX_UNIT_PATH:}$sbx_files SBX_LAYER_PATH=${SBX_LAYER_PATH:+$SBX_LAYER_PATH:}$sbx_files
        export SBXCTL=$build/src/sbxctl
        sbx_run_existed=$([ -d /run/sbx ] && echo yes || echo no)
        sbxd_log=$(mktemp)
        sbxd_run "$build"
        for _ in $(seq 1 100); do
                "$SBXCTL" list >/dev/null 2>&1 && return 0
                kill -0 "$sbxd_pid" 2>/dev/null || break
                sleep 0.05
        done
        cat "$sbxd_log" >&2
        rm -rf --one-file-system "$sbxd_log" "$sbx_files"
        echo "sbxd did not come up." >&2
        return 1
}

# The helper ends by itself once it has no manager, no sandbox and no exit to tell.
daemons_stop() {
        local status=0
        kill -TERM "$sbxd_pid" 2>/dev/null && wait "$sbxd_pid"
        for _ in $(seq 1 100); do
                listens /run/sbx/helper/socket || break
                sleep 0.05
        done
        if listens /run/sbx/helper/socket; then
                echo "sbx-helper is still there." >&2
                status=1
        fi
        rm -rf --one-file-system "$sbxd_log" "$sbx_files"
        if [ "$sbx_run_existed" = no ]; then
                rm -rf --one-file-system /run/sbx
        fi
        return "$status"
}
