#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# census.sh: everything that a sandbox could leave behind, in a form that can be compared with diff.
# Taken before and after with the same daemons running.
set -u

# The helper keeps the images of layers for a second, for the next start, and looks once a second.
sleep 2.2

echo "[mounts]"
awk '{ print $5 }' /proc/self/mountinfo | sort
# Loop devices and cgroups are the machine's: only what comes from our layers, or stands below the
# cgroups that we see as ours, is counted, so that two beds do not trouble each other.
echo "[loop devices]"
layers=$(stat -c '%Hd:%Ld %i' "${SBX_LAYER_PATH:-/usr/lib/sbx/layers}"/*.erofs)
losetup --list --noheadings --output BACK-MAJ:MIN,BACK-INO,BACK-FILE | while read -r device inode file; do
        if grep -qx "$device $inode" <<<"$layers"; then
                echo "$file"
        fi
done | sort
echo "[cgroups]"
while IFS=: read -r _ controllers path; do
        top=/sys/fs/cgroup/${controllers#name=}
        [ -n "$controllers" ] || top=/sys/fs/cgroup/unified
        [ -d "$top" ] || top=/sys/fs/cgroup
        find "$top$path" -type d \( -name 'sbx-*.scope' -o -path '*/sbx/*' -o -path '*/sbx-[0-9]*/*' \) 2>/dev/null
done </proc/self/cgroup | sort -u
echo "[scopes]"
if [ -d /run/systemd/system ]; then
        systemctl list-units --all --plain --no-legend 'sbx-*.scope' | awk '{ print $1 }'
fi
echo "[processes]"
# One reader for all: under emulation a process each takes its time.
cat /proc/[0-9]*/status 2>/dev/null |
        awk '/^Name:/ { name = $2 } /^State:/ { state = $2 }
             /^Uid:/ { if (state != "Z" && (name ~ /^sbx/ && name != "sbxctl" && name != "sbx-bed" || $2 >= 524288))
                     print name, $2 }' | sort
echo "[zombies of the daemons]"
for daemon in sbxd sbx-helper; do
        for pid in $(pidof "$daemon"); do
                for child in $(tr '\n' ' ' <"/proc/$pid/task/$pid/children"); do
                        awk -v daemon="$daemon" '/^State:.*Z/ { print daemon, "has a zombie" }' "/proc/$child/status" 2>/dev/null
                done
        done
done
echo "[descriptors]"
for daemon in sbxd sbx-helper; do
        for pid in $(pidof "$daemon"); do
                echo "$daemon $(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)"
        done
done
echo "[id ranges]"
for range in /run/sbx/ids/*; do
        # A range's file may stay; what counts is whether somebody holds it.
        if [ -e "$range" ] && ! flock -n -E 9 "$range" true; then
                echo "$range is held"
        fi
done
echo "[user namespaces]"
lsns --noheadings --type user --output NS 2>/dev/null | wc -l
echo "[links]"
ip -o link | awk -F': ' '/sbx/ { print $2 }' | sort
