#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The bed "V-lite": another kernel, Debian's own 6.1 in QEMU without KVM, with cgroup2 and all its
# controllers, and a small root on ext4 of programs of this host: no systemd, no bus, no journal.
#
#   v-lite.sh BUILD SCRIPT [ARG…]    runs a script of the source tree in it, its output here, and
#                                    ends as it does
#
# In the guest the tree's tests and units stand in /srv/source, and of the build, in /srv/build, the
# programs, the layers and the tests of the helper.
set -euo pipefail

self=$(readlink -f "$0")
bed=v-lite.sh
# shellcheck source=qemu.sh
. "$(dirname "$self")/qemu.sh"

# Those that the tests call; a test that calls another one has failed.
programs="bash sh awk basename busybox cat chmod chown cmp comm cp curl cut date dd df diff dirname dmesg du echo env expr
        false find flock getent grep head hostname id ip kill ln ls losetup lsns mkdir mkfifo mkfs.ext4 mkfs.erofs mknod
        mktemp mount mountpoint mv nproc nsenter pgrep pidof ps readlink rm rmdir sed seq setpriv
        setarch setsid sleep sort stat stty sync tail tee test timeout touch tr true truncate umount uname
        uniq unshare wc xargs"

install_program() {
        local tree=$1 file=$2 target=$3 library
        install -D "$file" "$tree$target"
        for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
                [ -e "$tree$library" ] || install -D "$(readlink -f "$library")" "$tree$library"
        done
}

root_make() {
        local tree=$1 build=$2 name file
        mkdir -p "$tree"/{dev,etc,proc,root,run,srv/source,srv/build/src,srv/build/units,srv/build/tests,sys,tmp,var/tmp}
        for name in bin sbin lib lib64; do
                mkdir -p "$tree/usr/$name"
                ln -s "usr/$name" "$tree/$name"
        done
        for name in $programs; do
                file=$(command -v "$name") || die "$name is missing here"
                case $file in
                /*) install_program "$tree" "$(readlink -f "$file")" "/usr/bin/$name" ;;
                *) install_program "$tree" "$(readlink -f "$(type -P "$name")")" "/usr/bin/$name" ;;
                esac
        done
        for name in sbxctl sbxd sbx-helper sbx-relay; do
                install_program "$tree" "$build/src/$name" "/srv/build/src/$name"
        done
        cp "$build"/units/*.erofs "$tree/srv/build/units/"
        for file in "$build"/tests/check-helper-*; do
                if [ -f "$file" ]; then
                        install_program "$tree" "$file" "/srv/build/tests/${file##*/}"
                fi
        done
        cp -r "$source_root/tests" "$source_root/units" "$tree/srv/source/"
        cp /etc/passwd /etc/group /etc/nsswitch.conf "$tree/etc/"
        echo v-lite >"$tree/etc/hostname"
        chmod 755 "$tree"
        chmod 1777 "$tree/tmp" "$tree/var/tmp"
}

# PID 1 of the guest. All stands in a cgroup below the root: there nothing would forbid processes
# beside groups with controllers, and that is the harder case.
init_make() {
        local tree=$1
        shift
        printf '%q ' "$@" >"$tree/etc/v-lite"
        cat >"$tree/usr/sbin/init" <<-'END'
	#!/bin/bash
	export PATH=/usr/bin:/usr/sbin HOME=/root LC_ALL=C SBX_IN_BED=v-lite
	# In a substitution or a pipe it would pass for one that says nothing.
	command_not_found_handle() {
	        echo "not ok $1 is there for the tests" >/dev/ttyS1
	        return 127
	}
	export -f command_not_found_handle
	mount -t proc -o nosuid,nodev,noexec proc /proc
	mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
	mount -t devtmpfs -o nosuid devtmpfs /dev
	exec </dev/ttyS1 >/dev/ttyS1 2>&1
	stty raw -echo
	mkdir /dev/pts /dev/shm
	mount -t devpts -o mode=620,gid=5,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /dev/shm
	mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
	mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /tmp
	mount -t mqueue -o nosuid,nodev,noexec mqueue /dev/mqueue 2>/dev/null
	mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
	ln -s /proc/self/fd /dev/fd
	hostname v-lite
	ip link set lo up
	for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
	        echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
	done
	mkdir /sys/fs/cgroup/bed
	read -r up rest </proc/uptime
	echo "# $(uname -r), up $up s after its kernel began"
	(
	        echo $BASHPID >/sys/fs/cgroup/bed/cgroup.procs
	        eval "exec $(cat /etc/v-lite)"
	)
	END
        guest_report >>"$tree/usr/sbin/init"
        cat >>"$tree/usr/sbin/init" <<-'END'
	echo o >/proc/sysrq-trigger
	sleep 60
	END
        chmod 755 "$tree/usr/sbin/init"
}

[ $# -ge 2 ] || die "usage: v-lite.sh BUILD SCRIPT [ARG…]"
enclose kernel_fetch "$self" "$@"
build=$(readlink -f "$1")
script=$(readlink -f "$2")
shift 2

initrd_make "$work/initrd" :
root_make "$work/root" "$build"
init_make "$work/root" "/srv/source/${script#"$source_root"/}" "$@"
image_make "$work/root.ext4" 512M "$work/root"
machine 1G "" -drive "file=$work/root.ext4,if=virtio,format=raw,cache=unsafe"
