#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# All tests, on a Debian 12 with root: three builds (gcc with sanitizers, clang, gcc as released), the
# tests of each room, lints, fuzzers, the whole thing without systemd and, in beds, with it. The beds, where
# much is waited for, go beside what computes. The last line is "N passed, N failed"; a test that cannot run
# counts as failed.
#
#   run.sh          all of it
#   run.sh beds     only what needs beds, with the build that is there as released
#   run.sh machines only the beds with a kernel of their own
set -uo pipefail

source=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$source" || exit 1
fuzz_seconds=${SBX_FUZZ_SECONDS:-60}
passed=0
failed=0
logs=$(mktemp -d)
trap finish EXIT
trap 'exit 130' INT TERM
export SBX_TESTS_STRICT=1
times=$logs/times
phase=""
aside_pid=""

# What runs aside is a group of processes of its own, and ends what it has aside itself; each test cleans up
# when it is ended.
finish() {
        if [ -n "$aside_pid" ]; then
                kill -TERM -- "-$aside_pid" 2>/dev/null
                wait "$aside_pid"
        fi
        rm -rf "$logs"
}

# say PHASE: what runs from here on; how long each took is told at the end.
say() {
        phase_end
        phase=$1 phase_began=$SECONDS
        echo "== [$(date +%T)] $phase"
}

phase_end() {
        if [ -n "$phase" ]; then
                printf '%5d s  %s\n' $((SECONDS - phase_began)) "$phase" >>"$times"
        fi
        phase=""
}

# The last line of the output, whose form others read.
summary() {
        phase_end
        echo "== it took $SECONDS s"
        cat "$times"
        echo "$passed passed, $failed failed"
        [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# step NAME COMMAND…: one test; its output is shown if it fails.
step() {
        local name=$1
        shift
        if "$@" >"$logs/step" 2>&1; then
                passed=$((passed + 1))
                echo "ok $name"
        else
                failed=$((failed + 1))
                echo "not ok $name"
                tail -n 200 "$logs/step"
        fi
}

# meson_tests BUILD NAME [ARGUMENT…]: each test of meson counts; one that was skipped has failed.
meson_tests() {
        local build=$1 name=$2 counts
        shift 2
        # A time-out is for what hangs; the beds run at the same time.
        CK_TIMEOUT_MULTIPLIER=10 meson test -C "$build" --no-rebuild --timeout-multiplier 10 --print-errorlogs --logbase "log-$name" "$@"
        counts=$(python3 - "$build/meson-logs/log-$name.json" <<'END'
import json, sys
good = bad = 0
for line in open(sys.argv[1], encoding="utf-8"):
    result = json.loads(line)["result"]
    good += result == "OK"
    bad += result != "OK"
print(good, bad)
END
        ) || counts="0 1"
        passed=$((passed + ${counts% *}))
        failed=$((failed + ${counts#* }))
}

# checks COMMAND…: a program that prints "ok …" and "not ok …" lines; ending badly without a "not ok"
# is a failure too, and so is checking nothing.
checks() {
        local good bad status=0
        "$@" 2>&1 | tee "$logs/checks"
        status=${PIPESTATUS[0]}
        good=$(grep -c '^ok ' "$logs/checks")
        bad=$(grep -c '^not ok ' "$logs/checks")
        if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ "$good" = 0 ]; }; then
                echo "not ok $1 ended with status $status after $good checks"
                bad=1
        fi
        passed=$((passed + good))
        failed=$((failed + bad))
}

build() {
        local folder=$1
        shift
        [ -e "$folder/build.ninja" ] || meson setup "$folder" "$@" || return 1
        meson compile -C "$folder"
}

beds() {
        local script
        aside machines
        say "without systemd"
        for script in tests/integration/*.sh; do
                checks "$script" "$source/build-release"
        done
        checks tests/beds/test-direct.sh "$source/build-release"
        say "with systemd, on this host's kernel"
        checks tests/beds/test-n-hybrid.sh "$source/build-release"
        checks tests/beds/test-n-unified.sh "$source/build-release"
        say "waiting for the machines"
        aside_end
}

# The beds with a kernel of their own.
machines() {
        say "another kernel, without systemd"
        checks tests/beds/test-v-lite.sh "$source/build-release"
        say "a whole Debian"
        checks tests/beds/test-v.sh "$source/build-release"
}

# aside PART: run.sh PART beside what follows here, until aside_end.
aside() {
        setsid "$source/tests/run.sh" "$1" >"$logs/aside" 2>&1 </dev/null &
        aside_pid=$!
}

aside_end() {
        local counts
        wait "$aside_pid"
        aside_pid=""
        cat "$logs/aside"
        counts=$(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$logs/aside")
        : "${counts:=0 1}"
        passed=$((passed + ${counts% *}))
        failed=$((failed + ${counts#* }))
}

everything() {
        say "packages"
        tests/packages.sh test || { failed=1; return; }

        say "build as released"
        step "gcc as released builds without a warning" build build-release -Dbuildtype=release
        aside beds

        say "builds with sanitizers, and by clang"
        step "gcc with sanitizers builds without a warning" build build-asan -Db_sanitize=address,undefined
        CC=clang step "clang builds without a warning" build build-clang

        say "tests of the rooms, with sanitizers"
        meson_tests build-asan rooms --no-suite lint
        say "tests of the rooms, by clang"
        meson_tests build-clang rooms --no-suite lint
        say "tests of the rooms and lints, as released"
        meson_tests build-release rooms
        say "clang-tidy"
        step "clang-tidy finds nothing" tests/lint/tidy.py build-clang

        say "fuzzers"
        CC=clang step "the fuzzers build" build build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
        # The same ways each time: what is new is found by longer runs at the desk.
        SBX_FUZZ_SEED=${SBX_FUZZ_SEED:-1} checks tests/fuzz.sh "$fuzz_seconds"

        say "waiting for the beds"
        aside_end
        phase_end
        echo "== the longest functions and files"
        tests/lint/sizes.py --report
}

case ${1:-} in
"") everything ;;
beds) beds ;;
machines) machines ;;
*)
        echo "usage: run.sh [beds|machines]" >&2
        exit 2
        ;;
esac
summary
