#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the tests in beds share; to be sourced. A check is one line "ok NAME" or "not ok NAME".
# SBXCTL and SBXD say which programs are meant.

passed=0
failed=0
SBXCTL=${SBXCTL:-sbxctl}

ok() {
        passed=$((passed + 1))
        echo "ok $1"
}

not_ok() {
        failed=$((failed + 1))
        echo "not ok $1"
        [ $# -lt 2 ] || printf '%s\n' "$2" | head -n 30 | sed 's/^/    # /'
}

# check NAME COMMAND…: it succeeds.
check() {
        local name=$1 output
        shift
        if output=$("$@" 2>&1); then
                ok "$name"
        else
                not_ok "$name" "$* => status $?: $output"
        fi
}

# check_status NAME STATUS COMMAND…: it ends with this status.
check_status() {
        local name=$1 want=$2 output got=0
        shift 2
        output=$("$@" 2>&1) || got=$?
        if [ "$got" = "$want" ]; then
                ok "$name"
        else
                not_ok "$name" "$* => status $got instead of $want: $output"
        fi
}

# check_output NAME PATTERN COMMAND…: its output, both streams, matches the extended expression.
check_output() {
        local name=$1 pattern=$2 output
        shift 2
        output=$("$@" 2>&1) || true
        # no pipe: grep -q ends at the first match, and pipefail would count what that does to the writer
        if grep -Eq -- "$pattern" <<<"$output"; then
                ok "$name"
        else
                not_ok "$name" "$* => no match of '$pattern' in: $output"
        fi
}

check_equal() {
        if [ "$2" = "$3" ]; then
                ok "$1"
        else
                not_ok "$1" "is '$2' instead of '$3'"
        fi
}

# check_census NAME BEFORE: the census is what it was.
check_census() {
        local difference
        if difference=$(diff <(printf '%s\n' "$2") <("${BASH_SOURCE[0]%/*}/census.sh")); then
                ok "$1"
        else
                not_ok "$1" "$difference"
        fi
}

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
        local tries=$(($1 * 20))
        shift
        while [ "$tries" -gt 0 ]; do
                "$@" >/dev/null 2>&1 && return 0
                sleep 0.05
                tries=$((tries - 1))
        done
        return 1
}

property() {
        "$SBXCTL" show -p "$2" --value "$1"
}

property_is() {
        [ "$(property "$1" "$2" 2>/dev/null)" = "$3" ]
}

# Whether this host lets anybody limit memory: where others hold the controllers, it does not.
limits_here() {
        cgroup1_here || grep -qw memory /sys/fs/cgroup/cgroup.controllers
}

# The older layout of cgroups, a hierarchy for each controller, or most.
cgroup1_here() {
        [ -d /sys/fs/cgroup/memory ]
}

# cgroup_file NAME CONTROLLER FILE: what the kernel says of a sandbox, wherever the controller is mounted;
# without a controller, of its cgroup in cgroup2.
cgroup_file() {
        local pid top=/sys/fs/cgroup controller=$2
        pid=$(property "$1" MainPID)
        if [ -n "$controller" ] && [ -d "$top/$controller" ]; then
                top=$top/$controller
        elif [ -d "$top/unified" ]; then
                top=$top/unified controller=""
        else
                controller=""
        fi
        cat "$top$(sed -nE "s/^[0-9]+:([^:]*,)?$controller(,[^:]*)?://p" "/proc/$pid/cgroup")/$3"
}

page_served() {
        curl -fsS --max-time 5 "$1" | grep -q 'It works'
}

finish() {
        echo "# $passed passed, $failed failed"
        [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
