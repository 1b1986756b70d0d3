#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The bed "V": a whole Debian, with its own kernel 6.1, in QEMU without KVM: systemd as PID 1, cgroup2
# with all its controllers, AppArmor, the bus, the journal, and the build installed.
#
#   v.sh BUILD SCRIPT [ARG…]    boots it, runs a script of the source tree in it as root, its output
#                               here, powers off, and ends as the script did
#
# In the guest the tree's tests and units stand in /srv/source, and of the build, in /srv/build, what runs
# uninstalled. SBX_CACHE: where the kernel and the root are kept.
set -euo pipefail

self=$(readlink -f "$0")
bed=v.sh
# shellcheck source=qemu.sh
. "$(dirname "$self")/qemu.sh"

packages="systemd-sysv dbus apparmor busybox-static curl e2fsprogs erofs-utils iproute2 kmod procps
        libcap2 libiniparser1 libjson-c5 libseccomp2 libsmartcols1"

# What takes time, and is no part of what is tested.
masked="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service
        fstrim.timer systemd-tmpfiles-clean.timer getty@.service serial-getty@.service
        systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-random-seed.service
        systemd-pstore.service systemd-logind.service modprobe@configfs.service
        modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service
        sys-kernel-config.mount dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount
        sys-kernel-tracing.mount sys-fs-fuse-connections.mount systemd-journal-flush.service"

# The sources that this host's own apt knows, for the suite that it is itself, as its libraries are those
# that the build was linked with.
bootstrap() {
        local tree=$1 file
        local -a sources=()
        for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
                if [ -e "$file" ]; then
                        sources+=("$file")
                fi
        done
        # A proxy, or what else it takes to get there from here.
        apt-config dump Acquire >"$tree.conf"
        # shellcheck disable=SC2086 # a list
        mmdebstrap --quiet --variant=minbase --include="$(echo $packages | tr ' ' ',')" --aptopt="$tree.conf" \
                --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
                --dpkgopt='path-exclude=/usr/share/doc/*' \
                "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$tree" "${sources[@]}" >&2
}

base_make() {
        local tree=$1
        bootstrap "$tree"
        mkdir -p "$tree/lib/modules"
        cp -r "$kernel/lib/modules/$release" "$tree/lib/modules/"
        : >"$tree/etc/fstab"
        image_make "$tree.ext4" 2G "$tree"
}

# Made anew when anything changes that it is made from; sets $base.
base_fetch() {
        local key
        kernel_fetch
        key=$(echo "$packages $release $(declare -f bootstrap base_make)" | sha256sum)
        base=$cache/v-${key:0:16}.ext4
        [ ! -e "$base" ] || return 0
        echo "v.sh: making the root of the bed, once" >&2
        # Those of former times, and what is left of one that did not come to its end.
        rm -rf --one-file-system "$cache"/v-*
        base_make "$cache/v-new"
        rm -rf --one-file-system "$cache"/v-new "$cache"/v-new.conf
        mv "$cache/v-new.ext4" "$base"
}

# The service that runs COMMAND…; what it says goes to the second serial line.
session_make() {
        local tree=$1 unit
        shift
        mkdir -p "$tree/etc/systemd/system/multi-user.target.wants" "$tree/etc/systemd/journald.conf.d" \
                "$tree/usr/local/sbin"
        for unit in $masked; do
                ln -s /dev/null "$tree/etc/systemd/system/$unit"
        done
        printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\n' >"$tree/etc/systemd/journald.conf.d/bed.conf"
        systemd-id128 new >"$tree/etc/machine-id"
        echo v >"$tree/etc/hostname"
        cat >"$tree/etc/systemd/system/bed.service" <<-'END'
	[Unit]
	Description=Tests in this bed
	[Service]
	ExecStart=/usr/local/sbin/bed
	StandardOutput=null
	StandardError=null
	END
        ln -s ../bed.service "$tree/etc/systemd/system/multi-user.target.wants/bed.service"
        printf '%q ' "$@" >"$tree/etc/bed"
        cat >"$tree/usr/local/sbin/bed" <<-'END'
	#!/bin/bash
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
	export SBX_IN_BED=v SBX_SOURCE_ROOT=/srv/source SBX_BUILD_ROOT=/srv/build
	exec </dev/ttyS1 >/dev/ttyS1 2>&1
	stty raw -echo
	# Beside all services, as a user's session is, and not below one of them.
	echo $$ >/sys/fs/cgroup/cgroup.procs
	state=$(systemctl is-system-running --wait)
	read -r up rest </proc/uptime
	echo "# $(uname -r), systemd is $state, $up s after its kernel began"
	[ "$state" = running ] || systemctl --failed --no-pager
	(eval "exec $(cat /etc/bed)")
	END
        guest_report >>"$tree/usr/local/sbin/bed"
        echo 'systemctl poweroff --force' >>"$tree/usr/local/sbin/bed"
        chmod 755 "$tree/usr/local/sbin/bed"
}

# What is put over the root: the installation, and the tree with what of the build runs uninstalled.
installation_make() {
        local tree=$1 build=$2 file
        mkdir -p "$tree"/usr/lib "$tree"/srv/source "$tree"/srv/build/{src,tests,units}
        ln -s usr/lib "$tree/lib"
        DESTDIR=$tree meson install -C "$build" --no-rebuild --quiet >&2
        rm "$tree/lib" # the root has it already
        cp -r "$source_root/tests" "$source_root/units" "$tree/srv/source/"
        for file in sbxctl sbxd sbx-helper sbx-relay; do
                cp "$build/src/$file" "$tree/srv/build/src/"
        done
        cp "$build"/units/*.erofs "$tree/srv/build/units/"
        for file in "$build"/tests/check-helper-*; do
                if [ -f "$file" ]; then
                        cp "$file" "$tree/srv/build/tests/"
                fi
        done
}

[ $# -ge 2 ] || die "usage: v.sh BUILD SCRIPT [ARG…]"
enclose base_fetch "$self" "$@"
build=$(readlink -f "$1")
script=$(readlink -f "$2")
shift 2

installation_make "$work/tree" "$build"
session_make "$work/tree" "/srv/source/${script#"$source_root"/}" "$@"
image_make "$work/tree.ext4" 256M "$work/tree"
initrd_make "$work/initrd" "/bin/busybox mount -t ext4 -o ro /dev/vdb /more &&
        /bin/busybox cp -a /more/. /root/ && /bin/busybox umount /more || /bin/busybox poweroff -f"
# The root is only read: what the guest writes goes to a file that has no name.
TMPDIR=$work machine 2G "quiet systemd.show_status=no" \
        -drive "file=$base,if=virtio,format=raw,cache=unsafe,snapshot=on" \
        -drive "file=$work/tree.ext4,if=virtio,format=raw,cache=unsafe"
