#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make-image.sh busybox|site OUTPUT: one layer as an erofs image, the one format that can be idmapped
# on every kernel and every file system. The same input gives the same bytes: owners, times and the
# UUID are fixed.
set -eu

here=$(dirname "$(readlink -f "$0")")
layer=$1
output=$2
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT INT TERM
umask 022

busybox_tree() {
        busybox=$(command -v busybox)
        if ldd "$busybox" >/dev/null 2>&1; then
                echo "make-image.sh: $busybox is not static; install busybox-static" >&2
                exit 1
        fi
        cd "$tree"
        mkdir -p bin dev etc home mnt proc root run srv sys tmp usr/lib var/lib var/log var/tmp
        chmod 700 root
        chmod 1777 tmp var/tmp
        ln -s bin sbin
        ln -s ../bin usr/bin
        ln -s ../bin usr/sbin
        ln -s ../run var/run
        install -m 755 "$busybox" bin/busybox
        "$busybox" --list | while read -r applet; do
                [ "$applet" = busybox ] || ln -s busybox "bin/$applet"
        done
        printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >etc/passwd
        printf 'root:x:0:\nnogroup:x:65534:\n' >etc/group
        printf '127.0.0.1 localhost\n::1 localhost\n' >etc/hosts
}

case $layer in
busybox)
        (busybox_tree)
        uuid=00000000-0000-4000-8000-000000000001
        ;;
site)
        cp -r "$here/site/." "$tree"
        uuid=00000000-0000-4000-8000-000000000002
        ;;
*)
        echo "make-image.sh: no layer '$layer'" >&2
        exit 1
        ;;
esac

chmod 755 "$tree"
rm -f "$output"
mkfs.erofs -T 0 -U "$uuid" --all-root --quiet "$output" "$tree" >/dev/null
chmod 644 "$output"
