#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terminals.sh BUILD: run, exec, shell and attach on real terminals, on a host without systemd.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
beds=$here/../beds
if [ "${SBX_IN_BED:-}" != terminals ]; then
        build=$(readlink -f "${1:?usage: terminals.sh BUILD}")
        SBX_BED=terminals-$$ SBX_IN_BED=terminals exec "$beds/direct.sh" "$(readlink -f "$0")" "$build"
fi

# shellcheck source=../beds/lib.sh
. "$beds/lib.sh"
# shellcheck source=../daemons.sh
. "$here/../daemons.sh"

export NO_COLOR=1
daemons_start "$1" || exit 1
"$SBXCTL" run --pipe -p Layers=busybox -- /bin/true
census=$("$beds/census.sh")
"$here/terminals.py"
terminals=$?
check_census "nothing is left of it all" "$census"
check "the daemons end" daemons_stop
finish && [ "$terminals" = 0 ]
