#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From a fresh Debian 12 to a page served out of a sandbox: installs what is needed, builds, runs the
# main example out of the build folder, and stops it. Leaves the packages and the folder build/.
set -euo pipefail

source=$(dirname "$(dirname "$(readlink -f "$0")")")
build=$source/build
cd "$source"

if [ "$(id -u)" != 0 ]; then
        echo "quickstart.sh: only root can make sandboxes" >&2
        exit 1
fi
tests/packages.sh build
[ -e "$build/build.ninja" ] || meson setup "$build" -Dtests=false
meson compile -C "$build"

# shellcheck source=daemons.sh
. tests/daemons.sh
stop() {
        "$SBXCTL" stop web || true
        daemons_stop
}
daemons_start "$build"
trap stop EXIT

echo "+ sbxctl start web"
"$SBXCTL" start web
echo "+ curl http://127.0.0.1:8080/"
curl -fsS --retry 5 --retry-connrefused --max-time 5 http://127.0.0.1:8080/
echo "+ sbxctl status web"
"$SBXCTL" --no-pager status web
echo "+ sbxctl stop web"
trap - EXIT
"$SBXCTL" stop web
daemons_stop
echo "It works."
