#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-v.sh BUILD [PART…]: installs the build into a whole Debian with its own kernel, boots it, and
# runs there what needs systemd and cgroup2 with all controllers together.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
if [ "${SBX_IN_BED:-}" != v ]; then
        build=${1:?usage: test-v.sh BUILD [PART…]}
        shift
        exec "$here/v.sh" "$build" "$(readlink -f "$0")" "$@"
fi

[ $# -gt 0 ] || set -- system.sh controllers-v.sh oom.sh delegate.sh hardening.sh direct-v.sh
status=0
for part in "$@"; do
        began=$SECONDS
        "$here/$part" || status=1
        echo "# $part took $((SECONDS - began)) s"
done
if [ "$status" != 0 ]; then
        echo "# the last words of the daemons:"
        journalctl -u sbxd -u sbx-helper --no-pager -n 60 | sed 's/^/    # /'
fi
exit "$status"
