#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-direct.sh BUILD [PART…]: what a sandbox is like on a host without systemd, out of the build folder,
# and what is left of it.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
if [ "${SBX_IN_BED:-}" != direct ]; then
        build=$(readlink -f "${1:?usage: test-direct.sh BUILD [PART…]}")
        shift
        SBX_BED=direct-$$ SBX_IN_BED=direct exec "$here/direct.sh" "$(readlink -f "$0")" "$build" "$@"
fi

# shellcheck source=lib.sh
. "$here/lib.sh"
# shellcheck source=../daemons.sh
. "$here/../daemons.sh"

daemons_start "$1" || exit 1
shift
[ $# -gt 0 ] || set -- isolation.sh process.sh delegate.sh limits.sh devices.sh joins.sh oom.sh files.sh
"$SBXCTL" start web && "$SBXCTL" stop web
census=$("$here/census.sh")
served() {
        "$SBXCTL" start web && curl -fsS --retry 5 --retry-connrefused http://127.0.0.1:8080/
}
check "the page is served" served
check "sbxctl stop web" "$SBXCTL" stop web
parts=0
for part in "$@"; do
        began=$SECONDS
        "$here/$part" || parts=1
        echo "# $part took $((SECONDS - began)) s"
done
check_census "nothing is left of it all" "$census"
check "the daemons end" daemons_stop
finish && [ "$parts" = 0 ]
