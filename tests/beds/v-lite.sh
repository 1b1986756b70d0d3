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
# programs, the layers and the tests of the helper. SBX_CACHE: where the kernel's package is kept.
set -euo pipefail

self=$(readlink -f "$0")
source_root=$(dirname "$(dirname "$(dirname "$self")")")
cache=${SBX_CACHE:-/var/cache/sbx-tests}
seconds=${SBX_BED_SECONDS:-900}

# Those that the tests call; what is missing here is missing there.
programs="bash sh awk basename busybox cat chmod chown cmp cp curl cut date dd df diff dirname dmesg du echo env expr
        false find flock getent grep head hostname id ip kill ln ls losetup lsns mkdir mkfs.ext4 mkfs.erofs mknod
        mktemp mount mountpoint mv nproc nsenter pgrep pidof ps readlink rm rmdir sed seq setpriv
        setsid sleep sort stat stty sync tail tee test timeout touch tr true truncate umount uname
        uniq unshare wc xargs"
modules="virtio_pci virtio_blk loop overlay erofs veth"

die() {
        echo "v-lite.sh: $*" >&2
        exit 1
}

kernel_package() {
        apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: //p' | head -n 1
}

# The newest kernel that the package lists know, unpacked in a folder of its own; sets $kernel, $release.
kernel_fetch() {
        local package folder
        package=$(kernel_package)
        if [ -z "$package" ]; then
                apt-get update -q >&2
                package=$(kernel_package)
        fi
        [ -n "$package" ] || die "apt knows no linux-image-cloud-amd64"
        folder=$cache/$package
        if [ ! -e "$folder/complete" ]; then
                rm -rf "$folder"
                mkdir -p "$folder"
                (cd "$folder" && apt-get download -q -o APT::Sandbox::User=root "$package") >&2
                dpkg-deb -x "$folder"/*.deb "$folder"
                rm "$folder"/*.deb
                depmod -b "$folder" "${package#linux-image-}"
                touch "$folder/complete"
        fi
        kernel=$folder
        release=${package#linux-image-}
}

# Just enough to get to the root's device, and every module that is needed later.
initrd_make() {
        local tree=$1 file list=""
        mkdir -p "$tree/bin" "$tree/dev" "$tree/root"
        cp "$(command -v busybox)" "$tree/bin/busybox"
        # shellcheck disable=SC2086 # a list
        for file in $(modprobe -d "$kernel" -S "$release" -a --show-depends $modules | awk '!seen[$2]++ { print $2 }'); do
                cp "$file" "$tree/"
                list="$list /${file##*/}"
        done
        cat >"$tree/init" <<-END
	#!/bin/busybox sh
	/bin/busybox mount -t devtmpfs devtmpfs /dev
	for module in $list; do /bin/busybox insmod \$module; done
	/bin/busybox mount -t ext4 /dev/vda /root
	/bin/busybox umount /dev
	exec /bin/busybox switch_root /root /sbin/init
	END
        chmod 755 "$tree/init"
        (cd "$tree" && find . | cpio -o -H newc --quiet) >"$tree.cpio"
}

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
	echo "v-lite ends with status $?"
	read -r up rest </proc/uptime
	echo "# powered off after $up s"
	sync
	# Closing waits until the line has taken everything.
	exec >/dev/null 2>&1
	echo o >/proc/sysrq-trigger
	sleep 60
	END
        chmod 755 "$tree/usr/sbin/init"
}

[ $# -ge 2 ] || die "usage: v-lite.sh BUILD SCRIPT [ARG…]"
[ "$(id -u)" = 0 ] || die "only root can make the root of a bed"
build=$(readlink -f "$1")
script=$(readlink -f "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

kernel_fetch
initrd_make "$work/initrd"
root_make "$work/root" "$build"
init_make "$work/root" "/srv/source/${script#"$source_root"/}" "$@"
truncate -s 512M "$work/root.ext4"
mkfs.ext4 -q -O ^has_journal -d "$work/root" "$work/root.ext4"

timeout "$seconds" qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none \
        -machine pc -accel tcg,thread=multi -cpu max -smp 2 -m 1G \
        -kernel "$kernel/boot/vmlinuz-$release" -initrd "$work/initrd.cpio" \
        -append "console=ttyS0 panic=-1 mitigations=off loglevel=5" \
        -drive "file=$work/root.ext4,if=virtio,format=raw,cache=unsafe" \
        -serial "file:$work/console" -chardev stdio,id=results,signal=off -serial chardev:results \
        </dev/null | tee "$work/results" | grep --line-buffered -v '^v-lite ends' || true
status=$(sed -n 's/^v-lite ends with status \([0-9]*\).*$/\1/p' "$work/results" | tail -n 1)
if [ -z "$status" ]; then
        sed 's/^/    # /' "$work/console" | tail -n 60
        die "the bed did not come to its end within $seconds s"
fi
exit "$status"
