#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The quick tier, for the desk: the sanitizer build and the tests that need neither root nor a bed.
set -euo pipefail

source=$(dirname "$(dirname "$(readlink -f "$0")")")
build=$source/build-asan
[ -e "$build/build.ninja" ] || meson setup "$build" "$source" -Db_sanitize=address,undefined
meson compile -C "$build"
# A time-out is for what hangs; a busy machine is no fault.
export CK_TIMEOUT_MULTIPLIER=10
meson test -C "$build" --no-rebuild --timeout-multiplier 10 --suite quick --print-errorlogs "$@"
