#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bench.sh BUILD [ROUNDS]: without systemd and, in a bed, through scopes: bench.py, what one start takes,
# and scale.py, what many cost. SBX_BENCH=bench or scale: one of the two.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
beds=$here/../beds
rounds=${2:-50}

# measure TESTS IMAGE: with the programs of the benchmarks, and the image of a root.
measure() {
        local status=0
        if [ "${SBX_BENCH:-bench}" = bench ]; then
                "$here/bench.py" --floor "$1/floor" --starter "$1/starter" --image "$2" --rounds "$rounds" || status=1
        fi
        if [ "${SBX_BENCH:-scale}" = scale ]; then
                "$here/scale.py" --starter "$1/starter" --image "$2" || status=1
        fi
        return "$status"
}

case ${SBX_IN_BED:-} in
direct)
        # shellcheck source=../daemons.sh
        . "$here/../daemons.sh"
        daemons_start "$1" || exit 1
        status=0
        measure "$1/tests" "$1/units/busybox.erofs" || status=$?
        daemons_stop
        exit "$status"
        ;;
n-hybrid)
        systemctl start sbxd
        measure "$SBX_BUILD_ROOT/tests" /usr/lib/sbx/layers/busybox.erofs
        exit
        ;;
esac

build=$(readlink -f "${1:?usage: bench.sh BUILD [ROUNDS]}")
export SBX_BED=bench-$$
echo "## without systemd (direct back end)"
SBX_IN_BED=direct "$beds/direct.sh" "$here/bench.sh" "$build" "$rounds" || exit 1
echo
echo "## under systemd (N-hybrid, scopes)"
trap '"$beds/n-hybrid.sh" poweroff' EXIT
"$beds/n-hybrid.sh" boot --build "$build" || exit 1
SBX_IN_BED=n-hybrid "$beds/n-hybrid.sh" script "$here/bench.sh" "$build" "$rounds"
