#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-v-lite.sh BUILD [PART…]: what a sandbox is like on another kernel, with cgroup2 and all of its
# controllers and without systemd. The parts are those of test-direct.sh; all of them take half an hour
# under emulation, so that those are run that ask the kernel most; isolation.sh runs in the bed V.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
if [ "${SBX_IN_BED:-}" != v-lite ]; then
        build=${1:?usage: test-v-lite.sh BUILD [PART…]}
        shift
        exec "$here/v-lite.sh" "$build" "$(readlink -f "$0")" "$@"
fi

[ $# -gt 0 ] || set -- process.sh joins.sh delegate.sh
status=0
SBX_IN_BED=direct "$here/test-direct.sh" /srv/build "$@" || status=1
"$here/controllers.sh" /srv/build || status=1
exit "$status"
