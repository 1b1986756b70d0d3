#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# direct-v.sh [PART…]: the parts of test-direct.sh on cgroup2 with systemd as PID 1, but without its help:
# it has handed a cgroup down, and the helper makes those of sandboxes there. Runs in the bed V, last.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")

[ $# -gt 0 ] || set -- isolation.sh
systemctl stop sbxd.service sbx-helper.socket sbx-helper.service
systemctl mask --runtime --quiet sbxd.service sbx-helper.socket sbx-helper.service
rm -rf --one-file-system /run/sbx
systemd-run --quiet --wait --pipe --unit=direct-v --property=Delegate=yes \
        --setenv=SBX_IN_BED=direct --setenv=SBX_BACKEND=direct --setenv=HOME=/root \
        --setenv=PATH="$PATH" -- \
        "$here/test-direct.sh" /srv/build "$@"
