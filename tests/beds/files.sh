#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a sandbox sees of files, from the inside, in any bed with a running sbxd: rules for paths, each
# with its exception and without it, and a root that is full of traps.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

work=$(mktemp -d /run/sbx-test.XXXXXX)
chmod 755 "$work"
layers=${SBX_LAYER_PATH:-/etc/sbx/layers}
layers=${layers%%:*}
mkdir -p "$layers"
trap 'rm -rf --one-file-system "$work" "$layers/traps.erofs"' EXIT

# A root with a tree of its own, and with links that lead out of it, in circles, and to files that
# are not there.
traps_make() {
        local root=$work/traps
        mkdir -p "$root"/{srv/tree/a/b,srv/tree/c,etc}
        echo secret >"$root/srv/tree/secret"
        echo open >"$root/srv/tree/a/b/open"
        cp "$(command -v busybox)" "$root/srv/tree/a/busybox"
        chmod 755 "$root/srv/tree/a/busybox"
        mkfifo "$root/srv/tree/fifo"
        ln -s srv/tree "$root/link"
        ln -s / "$root/srv/root"
        ln -s ../../../../../../../../.. "$root/srv/out"
        ln -s loop "$root/srv/loop"
        ln -s /proc/1/root "$root/srv/magic"
        ln -s nowhere "$root/srv/dangling"
        mkfs.erofs --quiet "$layers/traps.erofs" "$root" 2>/dev/null ||
                mkfs.erofs "$layers/traps.erofs" "$root" >/dev/null
}

# Runs in a fresh sandbox: inside [-p Directive=value]… -- COMMAND…
inside() {
        "$SBXCTL" run --pipe -p "Layers=busybox traps" "$@" </dev/null
}

# sees NAME WANTED SCRIPT [-p Directive=value]…: what the script prints.
sees() {
        local name=$1 wanted=$2 script=$3
        shift 3
        check_equal "$name" "$(inside "$@" -- /bin/sh -c "$script" 2>&1)" "$wanted"
}

# "a b c": those of the directories in which a file can be made. The sandbox's shell is to expand them.
# shellcheck disable=SC2016
writable='for d in srv srv/tree srv/tree/a srv/tree/a/b srv/tree/c tmp run dev/shm new; do
        [ -d /$d ] && { true >/$d/.new; } 2>/dev/null && echo -n "$d "; done'
# shellcheck disable=SC2016
executable='for f in bin/true srv/tree/a/busybox; do /$f true 2>/dev/null && echo -n "$f "; done'
everything="srv srv/tree srv/tree/a srv/tree/a/b srv/tree/c "

check_read_only() {
        sees "without rules all is writable" "${everything}tmp run dev/shm " "$writable"
        sees "ReadOnlyPaths= covers what lies below" "srv tmp run dev/shm " "$writable" \
                -p ReadOnlyPaths=/srv/tree
        sees "ReadWritePaths= is an exception from it" "srv srv/tree/a srv/tree/a/b tmp run dev/shm " "$writable" \
                -p ReadOnlyPaths=/srv/tree -p ReadWritePaths=/srv/tree/a
        sees "from which there are exceptions again" "srv srv/tree/a tmp run dev/shm " "$writable" \
                -p "ReadOnlyPaths=/srv/tree /srv/tree/a/b" -p ReadWritePaths=/srv/tree/a
        sees "wherever links lead" "srv srv/tree/a tmp run dev/shm " "$writable" \
                -p "ReadOnlyPaths=/srv/root/srv/out/link/a/b /link" -p ReadWritePaths=/srv/root/srv/tree/a
        sees "of two rules for one place the stricter holds" "srv tmp run dev/shm " "$writable" \
                -p ReadOnlyPaths=/srv/tree -p ReadWritePaths=/link
        sees "a whole root, but for mounts of the unit's own" "tmp dev/shm new " "$writable" \
                -p ReadOnlyPaths=/ -p TemporaryFileSystem=/new
        sees "with exceptions" "srv/tree/c tmp run dev/shm " "$writable" \
                -p ReadOnlyPaths=/ -p "ReadWritePaths=/run /srv/tree/c -/missing"
        sees "what is read-only for another reason stays so" "srv srv/tree srv/tree/a srv/tree/a/b srv/tree/c tmp run dev/shm " \
                "$writable" -p TemporaryFileSystem=/new:ro -p ReadOnlyPaths=-/missing -p ReadWritePaths=/new
        sees "a single file can be meant" "refused" \
                '{ echo x >/srv/tree/a/b/open; } 2>/dev/null && echo written || echo refused' \
                -p ReadOnlyPaths=/srv/tree/a/b/open
        sees "the host's mounts below are covered too" "$everything" \
                '{ true >/new/sub/.new; } 2>/dev/null && echo -n "new "; '"$writable" \
                -p "BindPaths=$work/mounted:/new" -p "ReadOnlyPaths=/new /tmp /run /dev/shm"
}

check_executable() {
        sees "without rules all is executable" "bin/true srv/tree/a/busybox " "$executable"
        sees "NoExecPaths= covers what lies below" "bin/true " "$executable" -p NoExecPaths=/srv
        sees "ExecPaths= is an exception from it" "bin/true " "$executable" -p NoExecPaths=/ -p ExecPaths=/bin
        sees "wherever links lead" "bin/true srv/tree/a/busybox " "$executable" \
                -p NoExecPaths=/ -p "ExecPaths=/bin /link/a"
        sees "both kinds of rules are apart" "bin/true tmp run dev/shm " "$executable;$writable" \
                -p "NoExecPaths=/srv/tree" -p "ReadOnlyPaths=/srv /link/a" -p ReadWritePaths=/srv
        sees "and an exception from one is none from the other" "bin/true srv srv/tree/a srv/tree/a/b tmp run dev/shm " \
                "$executable;$writable" \
                -p NoExecPaths=/srv/tree -p ReadOnlyPaths=/srv/tree -p ReadWritePaths=/srv/tree/a
}

check_inaccessible() {
        local look='cat /srv/tree/secret 2>&1 | sed "s/.*: //"; ls /srv/tree/a 2>&1 | sed "s/.*: //" | tr "\n" " "'
        sees "without rules all can be read" $'secret\nb busybox ' "$look"
        sees "InaccessiblePaths= closes files and directories" $'Permission denied\nPermission denied ' "$look" \
                -p "InaccessiblePaths=/srv/tree/secret /link/a /srv/tree/a/b -/srv/missing"
        sees "by covers of the same type, of mode 000" $'regular empty file 0\ndirectory 0\nfifo 0\ncharacter special file 0' \
                'stat -c "%F %a" /srv/tree/secret /srv/tree/a /srv/tree/fifo /dev/zero' \
                -p "InaccessiblePaths=/srv/tree/secret /srv/tree/a /srv/tree/fifo /dev/zero"
        sees "that their owner cannot open up" "Read-only file system" \
                'chmod 755 /srv/tree/a 2>&1 | sed "s/.*: //"' -p InaccessiblePaths=/srv/tree/a
        sees "nothing can be nested in them" $'Permission denied\nPermission denied ' "$look" \
                -p "InaccessiblePaths=/srv/tree" -p "BindPaths=$work/mounted:/srv/tree/a"
        sees "the cgroup is out of sight where /sys is" "Permission denied" \
                'ls /sys/fs/cgroup 2>&1 | sed "s/.*: //"' -p InaccessiblePaths=/sys
        check_output "a link does not bring it back" "sys/fs/cgroup" \
                inside -p "BindReadOnlyPaths=$work/links:/links" -p InaccessiblePaths=/links/cgroup -- /bin/true
}

# A workload that may mount: the kernel holds it, not the lack of a capability.
check_locked() {
        local powers=(-p CapabilityBoundingSet=CAP_SYS_ADMIN -p "SystemCallFilter=~" -p ReadOnlyPaths=/srv/tree
                -p NoExecPaths=/srv/tree -p InaccessiblePaths=/srv/tree/secret)
        sees "with CAP_SYS_ADMIN a mount can be made" "made" \
                'mount -t tmpfs none /mnt && echo made' "${powers[@]}"
        sees "but none of the rules undone" "kept kept kept kept kept" \
                'mount -o remount,bind,rw,exec /srv/tree 2>/dev/null && echo -n "undone " || echo -n "kept "
                 umount -l /srv/tree/secret 2>/dev/null && echo -n "undone " || echo -n "kept "
                 umount -l /srv/tree 2>/dev/null && echo -n "undone " || echo -n "kept "
                 [ -s /srv/tree/secret ] && echo -n "undone " || echo -n "kept "
                 { true >/srv/tree/.new; } 2>/dev/null && echo -n undone || echo -n kept' "${powers[@]}"
}

check_traps() {
        local refused
        for refused in ReadOnlyPaths NoExecPaths InaccessiblePaths; do
                check_status "$refused= of what is missing is refused" 125 inside -p "$refused=/srv/missing" -- /bin/true
                check_output "and says so" "$refused=.*(put a - before it)" inside -p "$refused=/srv/missing" -- /bin/true
                check_status "$refused= of a dangling link is refused" 125 inside -p "$refused=/srv/dangling" -- /bin/true
                check_status "$refused= of a link in a circle is refused" 125 inside -p "$refused=/srv/loop" -- /bin/true
                check_status "$refused= by way of /proc is refused" 125 inside -p "$refused=/srv/magic/etc" -- /bin/true
        done
        check "a - takes what is missing" inside -p "ReadOnlyPaths=-/srv/missing -/srv/dangling" -- /bin/true
        check_output "the root cannot be inaccessible" "cannot be made inaccessible" \
                inside -p InaccessiblePaths=/ -- /bin/true
        check_status "not by a link either" 125 inside -p InaccessiblePaths=/srv/out -- /bin/true
        check "links out of the root stay inside" inside -p InaccessiblePaths=/srv/out/link -- \
                /bin/sh -c '[ ! -e /srv/tree/secret ]'
        check "and the host has none of it" touch /srv/.sbx-test
        rm -f /srv/.sbx-test
}

# -- links on the host, on the way to what is lent --

# A sandbox that is root for the files that it reaches makes a part of them a link to what it does not.
check_lent() {
        local binds=(-p PrivateUsers=identity -p "BindPaths=$work/app:/data $work/app/cache:/cache")
        mkdir -p "$work/app/cache" "$work/kept"
        echo secret >"$work/kept/file"
        check "a folder of the host and one below it are lent" \
                inside "${binds[@]}" -- /bin/sh -c 'rmdir /data/cache; ln -s ../kept /data/cache'
        check_output "what has become a link is not lent again" 'BindPaths=.*A symbolic link on the way' \
                inside "${binds[@]}" -- /bin/cat /cache/file
        check_output "nor lent as root's own to somebody else" 'BindPaths=.*A symbolic link on the way' \
                inside -p "BindPaths=$work/app/cache:/cache:idmap" -- /bin/cat /cache/file
        check_output "nor a root" 'RootDirectory=.*A symbolic link on the way' "$SBXCTL" run --pipe \
                "${binds[@]/ *:\/cache/}" -p "RootDirectory=$work/app/cache" -- /bin/true
        check_equal "a link of root's is followed" \
                "$(inside -p "BindReadOnlyPaths=$work/app/cache/file:/file" -- /bin/cat /file)" secret
        chown -h 1000 "$work/app/cache"
        check_output "and none of a user's" 'BindReadOnlyPaths=.*A symbolic link on the way' \
                inside -p "BindReadOnlyPaths=$work/app/cache/file:/file" -- /bin/cat /file
}

# -- RootImage= --

# image TYPE: the busybox layer as an image of another kind, in $work/TYPE.img; false where it cannot be made.
image_make() {
        local root=$work/root image=$work/$1.img
        case $1 in
        erofs) mkfs.erofs "$image" "$root" >/dev/null 2>&1 ;;
        ext4) truncate -s 16M "$image" && mkfs.ext4 -q -F -d "$root" "$image" >/dev/null ;;
        squashfs) mksquashfs "$root" "$image" -quiet -no-progress >/dev/null ;;
        esac
}

root_make() {
        local name
        mkdir -p "$work"/root/{bin,dev,proc,sys,tmp,run,var/tmp,etc,srv}
        cp "$(command -v busybox)" "$work/root/bin/busybox"
        chmod 755 "$work/root/bin/busybox"
        for name in sh stat touch cat ls true; do
                ln -sf busybox "$work/root/bin/$name"
        done
        echo from the image >"$work/root/srv/file"
        chmod 4755 "$work/root/srv/file"
}

on_image() {
        local image=$1
        shift
        "$SBXCTL" run --pipe -p "RootImage=$work/$image" "$@" </dev/null
}

loops() {
        losetup -l -n -O BACK-FILE 2>/dev/null | grep -c "$work"
}

check_image() {
        local type=$1
        image_make "$type" || { not_ok "an image of $type is made"; return; }
        check_equal "RootImage= of $type is the root, its files are root's own" \
                "$(on_image "$type.img" -- /bin/sh -c 'cat /srv/file; stat -c "%u:%g" /srv/file')" $'from the image\n0:0'
        check "what is written to it is forgotten" on_image "$type.img" -- /bin/sh -c 'echo new >/srv/new && cat /srv/new'
        check_status "and does not reach the image" 1 on_image "$type.img" -- /bin/cat /srv/new
        check_status "without an upper it is read-only" 1 on_image "$type.img" -p RootUpper=none -- /bin/touch /srv/new
        check "and runs all the same" on_image "$type.img" -p RootUpper=none -- /bin/cat /srv/file
        check "of no loop device is left in the end" wait_for 5 gone_loops
}

gone_loops() {
        [ "$(loops)" = 0 ]
}

check_images() {
        local type
        root_make
        for type in erofs ext4 $(kernel_can_map squashfs && echo squashfs); do
                check_image "$type"
        done
        tune2fs -e panic "$work/ext4.img" >/dev/null
        check_equal "no image makes the kernel panic where it is damaged" \
                "$(on_image ext4.img -p RootUpper=none -- /bin/cat /proc/self/mountinfo | grep -c ' / / .*errors=remount-ro')" 1
        truncate -s 1M "$work/empty.img"
        check_output "an empty image is refused" 'RootImage=.*holds no file system' on_image empty.img -- /bin/true
        { head -c 510 /dev/zero && printf '\x55\xaa' && head -c 4096 /dev/zero; } >"$work/disk.img"
        check_output "and a whole disk" 'RootImage=.*holds a partition table' on_image disk.img -- /bin/true
        { head -c 1024 /dev/zero && printf '\xe2\xe1\xf5\xe0' && head -c 4096 /dev/urandom; } >"$work/broken.img"
        check_output "one that is damaged says so" 'RootImage=.*The image is damaged' on_image broken.img -- /bin/true
        chmod 666 "$work/erofs.img"
        check_output "and one that others can write to" 'RootImage=.*Others than root can write' \
                on_image erofs.img -- /bin/true
        check "no loop device is left of failures" wait_for 5 gone_loops
}

# The one kernel without it in these beds is that of Debian 12.
kernel_can_map() {
        [ "$1" != squashfs ] || [ "$(uname -r | cut -d. -f1)" -gt 6 ] || [ "$(uname -r | cut -d. -f1-2)" != 6.1 ]
}

# -- EnvironmentFile=, PassEnvironment= --

# shellcheck disable=SC2016 # the sandbox's shell is to expand them
check_environment() {
        local file=$work/web.env show='echo "<$A> <$B>"'
        printf '# comment\nA="one two" \nB=3\\\n4\nno assignment\n' >"$file"
        sees "without EnvironmentFile= nothing is set" "<> <>" "$show"
        sees "EnvironmentFile= sets variables" "<one two> <34>" "$show" -p "EnvironmentFile=$file"
        sees "and goes before Environment=" "<one two> <34>" "$show" -p "EnvironmentFile=$file" -p Environment=A=0
        sees "a later file before an earlier one, UnsetEnvironment= before all" "<5> <>" "$show" \
                -p "EnvironmentFile=$file" -p "EnvironmentFile=$work/*.late" -p UnsetEnvironment=B
        sees "a - takes what is missing" "<> <>" "$show" -p "EnvironmentFile=-$work/missing"
        check_output "which is refused else" "EnvironmentFile=.*No such file" \
                inside -p "EnvironmentFile=$work/missing" -- /bin/true
        echo "A='open" >"$work/wrong"
        check_output "a mistake is told with file and line" "$work/wrong:1: error.*never closed" \
                inside -p "EnvironmentFile=$work/wrong" -- /bin/true
        check_output "a device is not read" "EnvironmentFile=.*no regular file" \
                inside -p EnvironmentFile=/dev/zero -- /bin/true
        chmod 666 "$file"
        check_output "nor what others may write to" "EnvironmentFile=.*others than root" \
                inside -p "EnvironmentFile=$file" -- /bin/true
        chmod 644 "$file"
        check "a sandbox with a file starts" "$SBXCTL" run --no-block --name=files-env -p "Layers=busybox traps" \
                -p "EnvironmentFile=$file" -- /bin/sleep 100
        wait_for 10 property_is files-env SubState running
        check_equal "exec has the variables" "$("$SBXCTL" exec files-env -- /bin/sh -c "$show" </dev/null)" "<one two> <34>"
        echo A=new >"$file"
        check "it is started anew" "$SBXCTL" restart files-env
        check_equal "with what the file holds then" "$("$SBXCTL" exec files-env -- /bin/sh -c "$show" </dev/null)" "<new> <>"
        check "and stopped" "$SBXCTL" stop files-env
        local name
        name=$(tr '\0' '\n' <"/proc/$(pgrep -o -x sbxd)/environ" | sed -n 's/^\([A-Z][A-Z_]*\)=..*/\1/p' | grep -vE '^(PATH|HOME|USER|SHELL|LOGNAME|INVOCATION_ID)$' | head -n 1)
        sees "nothing of sbxd's environment is passed on" "<>" "echo \"<\$$name>\""
        check_equal "but by PassEnvironment=" \
                "$(inside -p "PassEnvironment=$name SURELY_NOT_SET" -- /bin/sh -c "echo \"\$$name\"")" \
                "$(tr '\0' '\n' <"/proc/$(pgrep -o -x sbxd)/environ" | sed -n "s/^$name=//p")"
}

traps_make
echo A=5 >"$work/1.late"
mkdir -p "$work/mounted/sub" "$work/links"
ln -s /sys/fs/cgroup "$work/links/cgroup"
chmod 777 "$work/mounted" "$work/mounted/sub"
mount -t tmpfs -o mode=777 none "$work/mounted/sub"
check_read_only
check_executable
check_inaccessible
check_locked
check_traps
check_lent
check_images
check_environment
umount "$work/mounted/sub"
finish
