#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the beds in QEMU share: the kernel, the initial ramdisk, the machine, and the way of a result out
# of it; to be sourced. Wants $bed, the name in messages.
#
# SBX_CACHE: where the kernel and the roots of beds are kept. SBX_BED_SECONDS: the longest that a machine
# may run.

: "${bed:?}"
# shellcheck disable=SC2034 # for whoever sources this
source_root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
cache=${SBX_CACHE:-/var/cache/sbx-tests}
seconds=${SBX_BED_SECONDS:-1500}
modules="virtio_pci virtio_blk loop overlay erofs veth"

die() {
        echo "$bed: $*" >&2
        exit 1
}

kernel_package() {
        apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: //p' | head -n 1
}

# cache_do COMMAND…: beds may start side by side, and only one of them fills the cache.
cache_do() {
        mkdir -p "$cache"
        exec {cache_lock}>"$cache/lock"
        flock "$cache_lock"
        "$@"
        exec {cache_lock}>&-
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

# enclose COMMAND SCRIPT ARG…: runs SCRIPT again in namespaces of mounts and processes of its own; there
# the cache is filled with COMMAND, and $work is a folder in memory. However this ends, nothing is left.
enclose() {
        local prepare=$1 child status=0
        shift
        if [ "${SBX_BED_ENCLOSED:-}" = yes ]; then
                cache_do "$prepare"
                mount -t tmpfs -o mode=700 tmpfs /run
                work=/run
                return
        fi
        [ "$(id -u)" = 0 ] || die "only root can make the root of a bed"
        SBX_BED_ENCLOSED=yes setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
                -- "$@" &
        child=$!
        # shellcheck disable=SC2064 # this child
        trap "kill -KILL $child; exit 130" INT TERM
        wait "$child" || status=$?
        exit "$status"
}

# initrd_make TREE COMMAND: just enough to get to the root's device, and every module that is needed
# later; COMMAND is one of busybox's shell, run with the root mounted at /root.
initrd_make() {
        local tree=$1 command=$2 file list=""
        mkdir -p "$tree/bin" "$tree/dev" "$tree/root" "$tree/more"
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
	$command
	/bin/busybox umount /dev
	exec /bin/busybox switch_root /root /sbin/init
	END
        chmod 755 "$tree/init"
        (cd "$tree" && find . | cpio -o -H newc --quiet) >"$tree.cpio"
}

# image_make FILE SIZE TREE
image_make() {
        truncate -s "$2" "$1"
        mkfs.ext4 -q -O ^has_journal -d "$3" "$1"
}

# guest_report FILE…: the end of the guest's script that ran the tests. It tells the status of what
# was run on the second serial line, and powers off.
guest_report() {
        cat <<-'END'
	echo "the bed ends with status $?"
	read -r up rest </proc/uptime
	echo "# powered off after $up s"
	sync
	# Closing waits until the line has taken everything.
	exec >/dev/null 2>&1
	END
}

# machine MEMORY APPEND OPTION…: runs it to its end, what the guest says on its second serial line here,
# and returns what the guest's script ended with.
machine() {
        local memory=$1 append=$2 status
        shift 2
        timeout "$seconds" qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none \
                -machine pc -accel tcg,thread=multi -cpu max -smp 2 -m "$memory" \
                -kernel "$kernel/boot/vmlinuz-$release" -initrd "$work/initrd.cpio" \
                -append "console=ttyS0 panic=-1 mitigations=off loglevel=5 $append" "$@" \
                -serial "file:$work/console" -chardev stdio,id=results,signal=off -serial chardev:results \
                </dev/null | tee "$work/results" | grep --line-buffered -v '^the bed ends with' || true
        status=$(sed -n 's/^the bed ends with status \([0-9]*\).*$/\1/p' "$work/results" | tail -n 1)
        if [ -z "$status" ]; then
                sed 's/^/    # /' "$work/console" | tail -n 60
                die "the bed did not come to its end within $seconds s"
        fi
        return "$status"
}
