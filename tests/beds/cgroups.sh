#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Folders of a bed's own in every cgroup hierarchy; to be sourced. Wants $name, and $state, a folder
# in which the list of them is kept.

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
        local folder options dir left
        while read -r folder options dir; do
                [ -d "$dir" ] || continue
                for _ in 1 2 3 4 5 6 7 8 9 10; do
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
