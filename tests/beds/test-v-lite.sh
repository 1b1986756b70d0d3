#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-v-lite.sh BUILD [PART…]: what a sandbox is like on another kernel, with cgroup2 and all of its
# controllers and without systemd.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
if [ "${SBX_IN_BED:-}" != v-lite ]; then
        build=${1:?usage: test-v-lite.sh BUILD [PART…]}
        shift
        exec "$here/v-lite.sh" "$build" "$(readlink -f "$0")" "$@"
fi

[ $# -gt 0 ] || set -- test-direct.sh controllers.sh
status=0
for part in "$@"; do
        SBX_IN_BED=direct "$here/$part" /srv/build || status=1
done
exit "$status"
