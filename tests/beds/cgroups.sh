#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Folders of a bed's own in every cgroup hierarchy, and what becomes of a bed whose owner is gone; to be
# sourced. Wants $name, and $state, a folder in which the list of them is kept.

: "${name:?}" "${state:?}"

# Where a hierarchy is mounted here: by its controller or name, or "cgroup2".
mount_point() {
        awk -v want="$1" '{
                for (i = 7; i < NF && $i != "-"; i++) { }
                if (want == "cgroup2" && $(i + 1) == "cgroup2") { print $5; exit }
                if ($(i + 1) != "cgroup") next
                n = split($(i + 3), option, ",")
                for (j = 1; j <= n; j++) if (option[j] == want) { print $5; exit }
        }' /proc/self/mountinfo
}

# One line a hierarchy: NAME of its folder, its options for mount, its mount point here, our path.
hierarchies() {
        local id controllers path point
        while IFS=: read -r id controllers path; do
                case $id:$controllers in
                0:)
                        point=$(mount_point cgroup2)
                        set -- unified cgroup2
                        ;;
                *:name=*)
                        point=$(mount_point "$controllers")
                        set -- "${controllers#name=}" "none,$controllers"
                        ;;
                *)
                        point=$(mount_point "${controllers%%,*}")
                        set -- "$controllers" "$controllers"
                        ;;
                esac
                if [ -n "$point" ]; then
                        echo "$1 $2 $point $path"
                fi
        done </proc/self/cgroup
}

# The folders of this bed in every hierarchy, kept in a file: whoever runs `poweroff` may itself
# stand in another cgroup than who ran `boot`.
cgroup_folders() {
        local folder options point path
        hierarchies | while read -r folder options point path; do
                echo "$folder $options ${point}${path%/}/sbx-bed-$name"
        done
}

# In the list: NAME OPTIONS FOLDER, a line each.
cgroups_make() {
        local folder options dir file
        while read -r folder options dir; do
                mkdir "$dir"
                # A fresh cpuset group has neither CPUs nor memory and would refuse every process.
                for file in cpuset.cpus cpuset.mems; do
                        if [ -e "$dir/$file" ]; then
                                cat "$dir/../$file" >"$dir/$file"
                        fi
                done
        done <"$state/cgroups"
}

cgroups_join() {
        local folder options dir
        while read -r folder options dir; do
                echo "$BASHPID" >"$dir/cgroup.procs"
        done <"$state/cgroups"
}

cgroups_remove() {
        local folder options dir left deadline
        while read -r folder options dir; do
                [ -d "$dir" ] || continue
                # A machine that is busy may take its time to end what stood there.
                deadline=$((SECONDS + 60))
                while [ "$SECONDS" -lt "$deadline" ]; do
                        find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true
                        [ -d "$dir" ] || break
                        sleep 0.1
                done
        done <"$state/cgroups"
        left=$(while read -r folder options dir; do [ -d "$dir" ] && echo "$dir"; done <"$state/cgroups") || true
        if [ -n "$left" ]; then
                echo "these cgroups cannot be removed: $left" >&2
                return 1
        fi
}

# When a process began: its number alone may be another's by now.
process_began() {
        sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# owner_note PID: the bed is not to outlive this process.
owner_note() {
        echo "$1 $(process_began "$1")" >"$state/owner"
}

# Everything that stands in the bed, its PID 1 among them.
cgroups_kill() {
        local folder options dir pid
        while read -r folder options dir; do
                find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null | while read -r pid; do
                        kill -KILL "$pid" 2>/dev/null || true
                done
        done <"$state/cgroups"
}

bed_forget() {
        [ ! -d "$state/fs" ] || rmdir "$state/fs"
        rm -f "$state/cgroups" "$state/pid" "$state/console" "$state/owner"
        rmdir "$state"
}

# bed_end FOLDER: one that cannot be asked to end.
bed_end() {
        local state=$1
        if [ -e "$state/cgroups" ]; then
                cgroups_kill
                cgroups_remove || return
        fi
        bed_forget
}

# Ends the beds, of whatever kind, whose owners were killed and could not do it.
beds_sweep() {
        local folder pid began lock
        for folder in /run/sbx-bed-*; do
                { exec {lock}<"$folder/owner"; } 2>/dev/null || continue
                # Whoever has the lock removes it, and one that is removed by now has another's lock.
                if flock -n "$lock" && [ -e "$folder/owner" ] && read -r pid began <&"$lock" &&
                        [ "$(process_began "$pid")" != "$began" ]; then
                        echo "removing what is left of ${folder#/run/}" >&2
                        bed_end "$folder" || true # it has said why, and the next one tries again
                fi
                exec {lock}<&-
        done
}
