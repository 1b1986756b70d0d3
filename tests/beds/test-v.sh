#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-v.sh BUILD [PART…]: installs the build into a whole Debian with its own kernel, boots it, and
# runs there what needs systemd and cgroup2 with all controllers together; at last the back end that does
# without systemd, beside it.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
if [ "${SBX_IN_BED:-}" != v ]; then
        build=${1:?usage: test-v.sh BUILD [PART…]}
        shift
        exec "$here/v.sh" "$build" "$(readlink -f "$0")" "$@"
fi

# Under systemd, but in cgroups that it knows nothing of, with all controllers and not only those that its
# own units ask for.
direct() {
        local controller
        systemctl stop sbxd sbx-helper.socket sbx-helper
        for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
                echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
        done
        SBXD_OPTIONS=--backend=direct "$here/controllers.sh"
}

[ $# -gt 0 ] || set -- system.sh controllers-v.sh hardening.sh direct
status=0
for part in "$@"; do
        began=$SECONDS
        case $part in
        direct) direct || status=1 ;;
        *) "$here/$part" || status=1 ;;
        esac
        echo "# $part took $((SECONDS - began)) s"
done
if [ "$status" != 0 ]; then
        echo "# the last words of the daemons:"
        journalctl -u sbxd -u sbx-helper --no-pager -n 60 | sed 's/^/    # /'
fi
exit "$status"
