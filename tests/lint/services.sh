#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# services.sh BUILD: what the build installs for systemd and the bus is sound: DESTDIR is honoured,
# systemd-analyze finds no fault in the units, and the manager's exposure stays low.
set -euo pipefail

build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
faults=0

DESTDIR=$root meson install -C "$build" --no-rebuild --quiet

for path in usr/sbin/sbxd usr/bin/sbxctl usr/lib/sbx/sbx-helper usr/lib/sbx/sbx-relay \
        usr/lib/sbx/system/web.sandbox usr/lib/sbx/layers/busybox.erofs usr/lib/sbx/layers/site.erofs \
        etc/sbx/system usr/share/dbus-1/system.d/org.sbx1.conf \
        usr/share/dbus-1/system-services/org.sbx1.service usr/share/man/man5/sbx.sandbox.5 \
        usr/share/man/man1/sbxctl.1 usr/share/man/man7/sbx.7 usr/share/man/man8/sbxd.8 \
        usr/share/man/man8/sbx-helper.8 usr/share/man/man8/sbx-relay.8 usr/share/bash-completion/completions/sbxctl \
        usr/share/zsh/vendor-completions/_sbxctl usr/share/fish/vendor_completions.d/sbxctl.fish usr/share/dbus-1/interfaces/org.sbx1.Manager.xml \
        usr/share/dbus-1/interfaces/org.sbx1.Sandbox.xml usr/share/dbus-1/interfaces/org.sbx1.Job.xml \
        usr/include/sbx/sbx.h; do
        if [ ! -e "$root/$path" ]; then
                echo "not installed: /$path"
                faults=$((faults + 1))
        fi
done

units=$(find "$root" -path '*/systemd/system/*' -type f)
# The units of systemd itself and the programs named must be found in the same tree.
unit_dir=$(dirname "$(echo "$units" | head -n 1)")
cp -rn /lib/systemd/system/. "$unit_dir/"
mkdir -p "$root/sbin" "$root/usr/lib"
for unit in $units; do
        complaints=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no --recursive-errors=no \
                --root="$root" "$(basename "$unit")" 2>&1 | grep -v 'modprobe' || true)
        if [ -n "$complaints" ]; then
                echo "$(basename "$unit"): $complaints"
                faults=$((faults + 1))
        fi
done

# 2.5 of 10 is "OK"; the helper cannot be low, since it hands on what it has.
if ! systemd-analyze security --offline=true --threshold=25 --root="$root" sbxd.service >"$root/security"; then
        cat "$root/security"
        faults=$((faults + 1))
fi
python3 -c "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])" "$root/usr/share/dbus-1/system.d/org.sbx1.conf" ||
        faults=$((faults + 1))

[ "$faults" = 0 ]
