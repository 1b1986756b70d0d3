#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bench.sh BUILD [ROUNDS]: bench.py without systemd and, in a bed, through scopes.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
beds=$here/../beds
rounds=${2:-50}

case ${SBX_IN_BED:-} in
direct)
        # shellcheck source=../daemons.sh
        . "$here/../daemons.sh"
        daemons_start "$1" || exit 1
        "$here/bench.py" --floor "$1/tests/floor" --starter "$1/tests/starter" --image "$1/units/busybox.erofs" --rounds "$rounds"
        status=$?
        daemons_stop
        exit "$status"
        ;;
n-hybrid)
        systemctl start sbxd
        exec "$here/bench.py" --floor "$SBX_BUILD_ROOT/tests/floor" \
                --starter "$SBX_BUILD_ROOT/tests/starter" --image /usr/lib/sbx/layers/busybox.erofs --rounds "$rounds"
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
