#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# packages.sh build|test: installs from Debian what the build, or all of the tests, need and is not
# there yet.
set -euo pipefail

build="gcc libc6-dev meson ninja-build pkg-config libsystemd-dev libcap-dev libseccomp-dev
        libsmartcols-dev libjson-c-dev libiniparser-dev erofs-utils busybox-static curl ca-certificates
        iproute2 procps"
test="$build check clang libclang-rt-dev clang-format clang-tidy llvm shellcheck systemd dbus e2fsprogs squashfs-tools
        util-linux python3 strace bubblewrap runc mount man-db zsh fish
        qemu-system-x86 cpio kmod mmdebstrap python3-dbus python3-gi"

case ${1:-} in
build) wanted=$build ;;
test) wanted=$test ;;
*)
        echo "usage: packages.sh build|test" >&2
        exit 2
        ;;
esac

missing=()
for package in $wanted; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
                missing+=("$package")
        fi
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
        echo "packages.sh: these are missing, and only root can install them: ${missing[*]}" >&2
        exit 1
fi
echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
