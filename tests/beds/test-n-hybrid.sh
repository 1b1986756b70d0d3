#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-n-hybrid.sh BUILD [PART…]: installs the build into a fresh N-hybrid bed, boots it, runs the
# tests that need systemd, and removes the bed.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
build=${1:?usage: test-n-hybrid.sh BUILD [PART…]}
shift
# A name that nobody else has: tests may run side by side.
export SBX_BED=${SBX_BED:-test-$$}
bed=$here/n-hybrid.sh

trap '"$bed" poweroff' EXIT
trap 'exit 130' INT TERM
"$bed" boot --build "$build" || exit 1

[ $# -gt 0 ] || set -- system.sh bus.sh isolation.sh process.sh delegate.sh limits.sh devices.sh joins.sh oom.sh files.sh race.py
status=0
for part in "$@"; do
        "$bed" script "$here/$part" || status=1
done
if [ "$status" != 0 ]; then
        echo "# the last words of the daemons:"
        "$bed" run journalctl -u sbxd -u sbx-helper --no-pager -n 60 | sed 's/^/    # /'
fi
exit "$status"
