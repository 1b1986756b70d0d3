#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fuzz.sh SECONDS [TARGET…]: runs the fuzz targets (all, or these: ini, wire-plan, …), as many at a time as
# there are processors, each for so long. Seeds are the corpus in the tree and what is made from the tables.
# SBX_FUZZ_SEED makes a run one that can be had again; else each takes other ways.
# What makes a target fail is kept, and its path told; once it is fixed, it belongs into tests/fuzz/corpus/.
set -uo pipefail

source=$(dirname "$(dirname "$(readlink -f "$0")")")
seconds=${1:?usage: fuzz.sh SECONDS [TARGET…]}
shift
build=$source/build-fuzz
if [ ! -e "$build/build.ninja" ]; then
        CC=clang meson setup "$build" "$source" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false >&2 || exit 1
fi
meson compile -C "$build" >&2 || exit 1

if [ $# = 0 ]; then
        for target in "$source"/tests/fuzz/fuzz-*.c; do
                target=${target##*/fuzz-}
                set -- "$@" "${target%.c}"
        done
fi

work=$(mktemp -d)
# The fuzzers are jobs of this shell, and end with it.
trap 'jobs -rp | xargs -r kill; exit 130' INT TERM
mkdir -p "$work/seeds/unit"
"$build/tests/make-seeds" "$work/seeds" >&2 || exit 1
"$build/src/docgen/sbx-docgen" --seeds "$work/seeds/unit" || exit 1

fuzz() {
        local name=$1 seeds=()
        [ ! -d "$work/seeds/$name" ] || seeds=("$work/seeds/$name")
        mkdir -p "$work/$name/new"
        # New inputs go to a folder of this run; the corpus in the tree is only read.
        (cd "$work/$name" && exec "$build/tests/fuzz-$name" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 \
                -seed="${SBX_FUZZ_SEED:-0}" -print_final_stats=1 new "$source/tests/fuzz/corpus/$name" "${seeds[@]}" >log 2>&1) ||
                touch "$work/$name/bad"
}

for target in "$@"; do
        while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
                wait -n
        done
        fuzz "$target" &
done
wait

failed=0
for target in "$@"; do
        if [ -e "$work/$target/bad" ]; then
                failed=1
                echo "not ok fuzz-$target for $seconds s"
                tail -n 60 "$work/$target/log" | sed 's/^/    # /'
                find "$work/$target" -maxdepth 1 -type f -name '*-*' | sed 's/^/    # kept: /'
        else
                echo "ok fuzz-$target for $seconds s, $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target/log") inputs"
        fi
done
[ "$failed" != 0 ] || rm -rf "$work"
exit "$failed"
