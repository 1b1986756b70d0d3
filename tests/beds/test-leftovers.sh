#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-leftovers.sh: of a run of tests that was killed at once, nothing is left once the next one begins.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lib.sh
. "$here/lib.sh"

# left NAME: what there is of a bed.
left() {
        ls -d "/run/sbx-bed-$1"
        find /sys/fs/cgroup -type d -name "sbx-bed-$1"
} 2>/dev/null

stands() {
        [ -n "$(find /sys/fs/cgroup -path "*/sbx-bed-$1/*" -name cgroup.procs -exec cat {} + 2>/dev/null)" ]
}

direct=left-direct-$$
SBX_BED=$direct "$here/direct.sh" sleep 1000 2>/dev/null &
pid=$!
check "a bed without systemd stands" wait_for 20 stands "$direct"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
empty() {
        ! stands "$1"
}
check "what ran in it ends with who ran it" wait_for 20 empty "$direct"

systemd=left-systemd-$$
sleep 1000 &
pid=$!
check "a bed with systemd stands" env SBX_BED="$systemd" SBX_BED_OWNER="$pid" "$here/n-hybrid.sh" boot
first=$(cat "/run/sbx-bed-$systemd/pid")
check "another one begins beside it" env SBX_BED="next-$$" "$here/direct.sh" true
check "and leaves it alone" test -d "/proc/$first"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
check "another one begins" env SBX_BED="next-$$" "$here/direct.sh" true
check_equal "nothing is left of the first" "$(left "$direct")" ""
check_equal "nor of the second" "$(left "$systemd")" ""
check "nor its PID 1" wait_for 20 test ! -d "/proc/$first"
finish
