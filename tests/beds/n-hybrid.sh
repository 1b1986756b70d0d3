#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The bed "N-hybrid": systemd as PID 1 in mount, PID, cgroup, UTS, IPC and network namespaces of its
# own, on a copy-on-write overlay of this host's root, with every v1 hierarchy and cgroup2 mounted
# anew inside its cgroup namespace, so that limits are really enforced.
#
#   n-hybrid.sh boot [--build DIR]   boot it, with the build installed if one is given
#   n-hybrid.sh run COMMAND…         run a command in it
#   n-hybrid.sh script FILE [ARG…]   run a script of the source tree in it
#   n-hybrid.sh pid                  print the host's number of its PID 1
#   n-hybrid.sh poweroff             end it and remove every trace
#
# SBX_BED names the bed ("n"), so that several may stand side by side. SBX_BED_MODE=unified makes it the
# bed "N-unified" instead: cgroup2 alone, as on today's hosts, but without the controllers, which the
# host holds in its v1 hierarchies.
set -euo pipefail

name=${SBX_BED:-n}
mode=${SBX_BED_MODE:-hybrid}
state=/run/sbx-bed-$name
self=$(readlink -f "$0")
source_root=$(dirname "$(dirname "$(dirname "$self")")")

die() {
        echo "n-hybrid.sh: $*" >&2
        exit 1
}

# shellcheck source=cgroups.sh
. "$(dirname "$self")/cgroups.sh"

# --- PID 1 of the bed, before it becomes systemd ------------------------------------------------

stage_device_nodes() {
        local dev=$1 node i
        mount -t tmpfs -o mode=755,nosuid tmpfs "$dev"
        for node in null zero full random urandom tty; do
                cp -a "/dev/$node" "$dev/$node"
        done
        # Loop devices come into being when they are opened; the node alone must stand here.
        mknod "$dev/loop-control" c 10 237
        for i in $(seq 0 63); do
                mknod -m 660 "$dev/loop$i" b 7 "$i"
        done
        mkdir "$dev/pts" "$dev/shm"
        mount -t devpts -o newinstance,mode=620,gid=5,ptmxmode=666 devpts "$dev/pts"
        mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$dev/shm"
        ln -s pts/ptmx "$dev/ptmx"
        ln -s /proc/self/fd "$dev/fd"
        ln -s fd/0 "$dev/stdin"
        ln -s fd/1 "$dev/stdout"
        ln -s fd/2 "$dev/stderr"
}

stage_cgroups() {
        local top=$1 folder options dir
        if [ "$mode" = unified ]; then
                mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$top"
                return
        fi
        mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs "$top"
        while read -r folder options dir; do
                mkdir "$top/$folder"
                if [ "$options" = cgroup2 ]; then
                        mount -t cgroup2 cgroup2 "$top/$folder"
                else
                        mount -t cgroup -o "$options" cgroup "$top/$folder"
                fi
        done <"$state/cgroups"
}

# No folder of an overlay can be idmapped, so the stores stand on an ext4 of their own.
stage_stores() {
        local root=$1 fs=$2 place
        truncate -s 256M "$fs/stores.ext4"
        mkfs.ext4 -q -O ^has_journal "$fs/stores.ext4"
        mkdir "$fs/stores"
        mount -o loop "$fs/stores.ext4" "$fs/stores"
        for place in usr/lib/sbx var/lib/sbx etc/sbx/layers; do
                rm -rf "${root:?}/$place"
                mkdir -p "$root/$place" "$fs/stores/$place"
                mount --bind "$fs/stores/$place" "$root/$place"
        done
}

stage_units() {
        local root=$1 unit
        : >"$root/etc/machine-id"
        echo "sbx-bed-$name" >"$root/etc/hostname"
        # What a developer's machine happens to have enabled is no part of the bed.
        for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
                fstrim.timer logrotate.timer man-db.timer systemd-tmpfiles-clean.timer \
                e2scrub_reap.service networking.service systemd-timesyncd.service getty@.service \
                console-getty.service container-getty@.service systemd-resolved.service \
                systemd-networkd-wait-online.service systemd-networkd.service systemd-networkd.socket \
                ssh.service cron.service rsyslog.service docker.service docker.socket \
                containerd.service podman.service podman.socket podman-restart.service \
                podman-auto-update.timer remote-fs.target systemd-firstboot.service \
                systemd-update-utmp.service systemd-update-utmp-runlevel.service \
                systemd-remount-fs.service systemd-udevd.service postgresql.service \
                systemd-pstore.service dev-hugepages.mount; do
                ln -sf /dev/null "$root/etc/systemd/system/$unit"
        done
        # These would change the kernel that the bed shares with this host.
        for unit in systemd-sysctl.service systemd-modules-load.service systemd-binfmt.service \
                proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount \
                sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
                sys-fs-fuse-connections.mount systemd-random-seed.service; do
                ln -sf /dev/null "$root/etc/systemd/system/$unit"
        done
        : >"$root/etc/fstab"
        mkdir -p "$root/etc/systemd/journald.conf.d"
        printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\n' \
                >"$root/etc/systemd/journald.conf.d/bed.conf"
}

stage() {
        local build=$1 fs=$state/fs root=$state/fs/root
        mount --make-rprivate /
        mount -t tmpfs -o mode=755 tmpfs "$fs"
        mkdir "$fs/upper" "$fs/work" "$root"
        mount -t overlay -o "lowerdir=/,upperdir=$fs/upper,workdir=$fs/work" overlay "$root"
        stage_stores "$root" "$fs"
        if [ -n "$build" ]; then
                DESTDIR=$root meson install -C "$build" --no-rebuild --quiet
        fi
        stage_units "$root"
        mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
        mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
        stage_cgroups "$root/sys/fs/cgroup"
        stage_device_nodes "$root/dev"
        mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
        mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
        # Where the tree and its build stand on the host may be hidden here (/tmp is our own).
        mkdir -p "$root/srv/source" "$root/srv/build"
        mount --bind "$source_root" "$root/srv/source"
        if [ -n "$build" ]; then
                mount --bind "$build" "$root/srv/build"
        fi
        ip link set lo up
        hostname "sbx-bed-$name"
        cd "$root"
        # pivot_root and not chroot: the kernel refuses user namespaces in a chroot.
        pivot_root . .
        umount -l .
        exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin /lib/systemd/systemd --system \
                --unit=multi-user.target --show-status=no --log-level=notice
}

# --- verbs --------------------------------------------------------------------------------------

bed_pid() {
        cat "$state/pid" 2>/dev/null || die "the bed '$name' is not booted"
}

enter() {
        local pid
        pid=$(bed_pid)
        cgroups_join
        exec nsenter -t "$pid" -m -p -u -i -n -C -r -w -- "$@"
}

bed_wait() {
        local i what
        for i in $(seq 1 300); do
                [ -d "/proc/$(bed_pid)" ] || die "systemd ended while booting; see $state/console"
                what=$( (enter systemctl is-system-running) 2>/dev/null) || true
                case $what in
                running) return 0 ;;
                degraded)
                        (enter systemctl --failed --no-pager) >&2
                        die "the bed is degraded"
                        ;;
                esac
                sleep 0.1
        done
        die "the bed did not come up in 30 s (it says '$what')"
}

# What a bed leaves whose PID 1 was killed with everything around it, by a reboot or a runner of tests.
bed_is_dead() {
        local pid
        pid=$(cat "$state/pid" 2>/dev/null) || return 1
        ! grep -Eqs "/sbx-bed-$name(/|\$)" "/proc/$pid/cgroup"
}

bed_boot() {
        local build="" unshared child i
        while [ $# -gt 0 ]; do
                case $1 in
                --build) build=$(readlink -f "$2") && shift 2 ;;
                *) die "unknown option $1" ;;
                esac
        done
        [ "$(id -u)" = 0 ] || die "only root can boot a bed"
        if bed_is_dead; then
                bed_poweroff
        fi
        mkdir -m 700 "$state" 2>/dev/null || die "$state exists: is the bed '$name' booted already?"
        mkdir "$state/fs"
        cgroup_folders >"$state/cgroups"
        cgroups_make
        (
                cgroups_join
                exec setsid unshare --mount --pid --fork --cgroup --uts --ipc --net \
                        "$self" stage "$build" </dev/null >"$state/console" 2>&1
        ) &
        unshared=$!
        for i in $(seq 1 100); do
                child=$(cat "/proc/$unshared/task/$unshared/children" 2>/dev/null) || true
                if [ -n "$child" ]; then
                        echo "${child%% *}" >"$state/pid"
                        break
                fi
                sleep 0.02
        done
        [ -e "$state/pid" ] || die "no PID 1; see $state/console: $(cat "$state/console")"
        for i in $(seq 1 600); do
                [ "$(cat "/proc/$(bed_pid)/comm" 2>/dev/null)" = systemd ] && break
                if ! kill -0 "$unshared" 2>/dev/null; then
                        cat "$state/console" >&2
                        die "the bed could not be set up"
                fi
                sleep 0.1
        done
        bed_wait
}

bed_poweroff() {
        local pid i
        [ -d "$state" ] || return 0
        if pid=$(cat "$state/pid" 2>/dev/null) && ! bed_is_dead; then
                (enter systemctl poweroff --force) >/dev/null 2>&1 || true
                for i in $(seq 1 150); do
                        [ -d "/proc/$pid" ] || break
                        [ "$i" = 100 ] && kill -KILL "$pid"
                        sleep 0.1
                done
                [ -d "/proc/$pid" ] && die "PID 1 of the bed ($pid) does not end"
        fi
        cgroups_remove
        rmdir "$state/fs"
        rm -f "$state/cgroups" "$state/pid" "$state/console"
        rmdir "$state"
}

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
boot) bed_boot "$@" ;;
run) enter "$@" ;;
script)
        file=$(readlink -f "$1")
        shift
        enter env SBX_SOURCE_ROOT=/srv/source SBX_BUILD_ROOT=/srv/build \
                "/srv/source/${file#"$source_root"/}" "$@"
        ;;
pid) bed_pid ;;
poweroff) bed_poweroff ;;
stage) stage "$@" ;; # by boot alone
*) die "usage: n-hybrid.sh boot [--build DIR] | run COMMAND… | script FILE… | pid | poweroff" ;;
esac
