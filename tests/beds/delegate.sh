#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Delegate=, in any bed with a running sbxd: what a workload can do with its cgroup and what it cannot,
# and that nothing of what it made is left; where there is a v1 hierarchy, that it is refused.
set -uo pipefail
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

units=${SBX_UNIT_PATH:-/run/sbx/system}
units=${units##*:}
top=/sys/fs/cgroup

scopes_here() {
        [ -d /run/systemd/system ] && [ "${SBX_BACKEND:-}" != direct ]
}

# Runs in a fresh sandbox on the busybox layer: inside [-p Directive=value]… -- COMMAND…
inside() {
        "$SBXCTL" run --pipe -p Layers=busybox "$@" </dev/null
}

# on_and_off NAME SCRIPT ON OFF: what the script prints with Delegate= and without.
on_and_off() {
        check_equal "$1, with Delegate=" "$(inside -p Delegate=yes -- /bin/sh -c "$2" 2>&1)" "$3"
        check_equal "$1, without" "$(inside -- /bin/sh -c "$2" 2>&1)" "$4"
}

check_refused() {
        check_output "on a host with v1 hierarchies it is refused by name and place" \
                'Delegate=.*cgroup v2' inside -p Delegate=yes -- /bin/true
        mkdir -p "$units"
        printf '[Sandbox]\nExecStart=/bin/true\nLayers=busybox\nDelegate=memory pids\n' >"$units/given.sandbox"
        check_output "in a unit with its line" 'given\.sandbox:4:.*Delegate=' "$SBXCTL" start given
        check "and no is no hindrance" inside -p Delegate=no -- /bin/true
}

# shellcheck disable=SC2016 # the sandbox's shell is to expand them
check_inside() {
        local files='for f in cgroup.procs cgroup.subtree_control cgroup.threads .; do stat -c %u:%g '$top'/$f; done | sort -u'
        on_and_off "a cgroup below its own" \
                "mkdir $top/a 2>/dev/null && echo made || echo refused" made refused
        on_and_off "a place in it" \
                "mkdir $top/a 2>/dev/null; { echo \$\$ >$top/a/cgroup.procs; } 2>/dev/null; cat /proc/self/cgroup | sed -n s/^0:://p" \
                /a /
        on_and_off "the view" "grep -c ' $top rw,.* - cgroup2 ' /proc/self/mountinfo" 1 0
        check_equal "without init the workload stands there too" \
                "$(inside -p Delegate=yes -p ProcessTwo=no -- /bin/sed -n s/^0:://p /proc/self/cgroup)" /
        check_equal "it begins empty of others" "$(inside -p Delegate=yes -- /bin/sh -c "ls -d $top/*/ 2>/dev/null; wc -l <$top/cgroup.procs")" 1
        check "as deep as it is said" inside -p Delegate=yes -- /bin/mkdir -p $top/1/2/3/4/5/6/7/8/9/10/11/12
        check_equal "as many" "$(inside -p Delegate=yes -- /bin/sh -c "i=0; while mkdir $top/\$i 2>/dev/null; do i=\$((i+1)); done; echo \$i")" 1024
        check_equal "root inside owns what it takes" "$(inside -p Delegate=yes -- /bin/sh -c "$files")" 0:0
        check_equal "User= where that is another" \
                "$(inside -p Delegate=yes -p User=1000 -p Group=1001 -- /bin/sh -c "$files; mkdir $top/a && rmdir $top/a && echo managed")" \
                $'1000:1001\nmanaged'
        check_equal "without a user namespace as well" \
                "$(inside -p Delegate=yes -p PrivateUsers=no -p User=1000 -p Group=1001 -- /bin/sh -c "$files; mkdir $top/a && echo managed")" \
                $'1000:1001\nmanaged'
        check_equal "and nothing more" \
                "$(inside -p Delegate=yes -- /bin/sh -c "cd $top && stat -c '%u %n' * | grep -c ^0")" 3
}

# shellcheck disable=SC2016 # the sandbox's shell is to expand them
check_attacks() {
        local attack users
        for users in pick no; do
                for attack in "mkdir -p $top/1/2/3/4/5/6/7/8/9/10/11/12/13" \
                        "echo 1 >$top/../cgroup.procs" "ls $top/../supervisor" "rmdir $top" \
                        'echo $$ >/proc/1/cwd'$top/cgroup.procs "mount -t cgroup2 none /mnt"; do
                        check_output "refused, PrivateUsers=$users: $attack" '^refused$' \
                                inside -p Delegate=yes -p PrivateUsers=$users -- /bin/sh -c "{ $attack; } 2>/dev/null || echo refused"
                done
        done
        for attack in cgroup.max.depth cgroup.max.descendants cgroup.freeze cgroup.kill cgroup.type memory.max pids.max; do
                check_output "refused: to write $attack" '^refused$' \
                        inside -p Delegate=yes -- /bin/sh -c "{ echo max >$top/$attack || echo 1 >$top/$attack || echo threaded >$top/$attack; } 2>/dev/null || echo refused"
        done
}

# What stands beside it is not the workload's to move, with whatever number it has.
check_init_stays() {
        check_output "init cannot be taken" '^refused$' \
                inside -p Delegate=yes -- /bin/sh -c "{ echo 1 >$top/cgroup.procs; } 2>/dev/null || echo refused"
        check "one's own child can" inside -p Delegate=yes -- /bin/sh -c "mkdir $top/a; sleep 5 & echo \$! >$top/a/cgroup.procs"
}

# With all rights that a sandbox can have: a view of its own making is the same one.
check_privileged() {
        local all=(-p Delegate=yes -p 'CapabilityBoundingSet=~' -p 'SystemCallFilter=~' -p RestrictNamespaces=no -p RootUpper=tmpfs)
        check_equal "root inside with all rights mounts its own part again" \
                "$(inside "${all[@]}" -- /bin/sh -c "mkdir /m $top/a; mount -t cgroup2 none /m && cd /m && echo */")" a/
        check_output "and does not reach the files of its limits" '^refused$' \
                inside "${all[@]}" -- /bin/sh -c "mount -o remount,rw $top; { echo 99 >$top/cgroup.max.depth; } 2>/dev/null || echo refused"
}

# One in a cgroup of its own making, that ignores SIGTERM; it counts.
unit() {
        mkdir -p "$units"
        cat >"$units/manager.sandbox" <<-END
	[Sandbox]
	Layers=busybox
	Delegate=yes
	TimeoutStopSec=1s
	$*
	ExecStart=/bin/sh -c 'mkdir -p $top/a/b && sleep 3001 & mkdir -p $top/c/.hidden && (echo 0 >$top/c/.hidden/cgroup.procs; trap "" TERM; i=0; while :; do i=\$\$((i+1)); echo \$\$i >/tmp/n; sleep 0.05; done) & sleep 0.2; exec sleep 3002'
	END
        check "a workload with cgroups starts${*:+, $*}" "$SBXCTL" start manager
        wait_for 20 "$SBXCTL" exec --pipe manager -- /bin/test -s /tmp/n
}

count() {
        "$SBXCTL" exec --pipe manager -- /bin/cat /tmp/n
}

# The file is empty for a moment each time that the next number is written.
count_read() {
        local n=""
        for _ in 1 2 3 4 5; do
                n=$(count)
                [ -z "$n" ] || break
        done
        echo "$n"
}

counts_beyond() {
        [ "$(count)" -gt "$1" ]
}

left() {
        find "$top" -name 'sbx-manager*' -o -name manager.sandbox | grep -c .
}

check_running() {
        local group before
        unit ""
        group=$top$(property manager ControlGroup)
        check_output "its cgroup is the one above both leaves" '/(sbx-manager\.scope|manager\.sandbox)$' echo "$group"
        check_equal "there they are" "$(cd "$group" && echo */)" "payload/ supervisor/"
        check_equal "init alone in the one" "$(wc -l <"$group/supervisor/cgroup.procs")" 1
        if scopes_here; then
                check_equal "systemd has given it away" "$(systemctl show -p Delegate --value sbx-manager.scope)" yes
        fi
        check_equal "what goes by default with it is told" "$(property manager OOMPolicy)" continue
        check_output "and that it is weaker" 'Weaker:.*Delegate=yes' "$SBXCTL" status manager
        check_equal "exec goes to the workload's" \
                "$("$SBXCTL" exec --pipe manager -- /bin/sed -n s/^0:://p /proc/self/cgroup)" /
        check_output "ps shows what stands deeper" 'sleep 0\.05' sh -c "for i in 1 2 3 4 5 6 7 8 9; do $SBXCTL ps manager; done"
        check_output "status, too" 'sleep 3002' "$SBXCTL" status manager
        check "freeze" "$SBXCTL" freeze manager
        check_equal "all of it is frozen" "$(sed -n "s/^frozen //p" "$group/payload/c/.hidden/cgroup.events")" 1
        check "thaw" "$SBXCTL" thaw manager
        before=$(count_read)
        check "and goes on" wait_for 10 counts_beyond "$before"
        check "stop ends those that ignore SIGTERM, too" "$SBXCTL" stop manager
        check_equal "no cgroup is left" "$(left)" 0
        check_equal "and nobody" "$(pgrep -c -f 'sleep 300[12]')" 0
}

check_without_pids() {
        unit PrivatePIDs=no
        check "all are told by kill" "$SBXCTL" kill --kill-whom=all --signal=KILL manager
        wait_for 10 property_is manager ActiveState failed
        check_equal "without a PID namespace no cgroup is left either" "$(left)" 0
        check_equal "nor anybody" "$(pgrep -c -f 'sleep 300[12]')" 0
        "$SBXCTL" reset-failed manager
}

# The kernel lets no process into a cgroup whose children have controllers such as memory (pids is none of
# them), whoever comes second.
check_second() {
        printf '%s\n' "[Sandbox]" Type=oneshot Layers=busybox Delegate=memory \
                "ExecStart=/bin/sh -c 'mkdir $top/a && echo 0 >$top/a/cgroup.procs && echo +memory >$top/cgroup.subtree_control$1'" \
                "ExecStart=/bin/true" >"$units/second.sandbox"
        "$SBXCTL" daemon-reload
        "$SBXCTL" start second >/dev/null 2>&1
}

check_inner() {
        check_second " && echo -memory >$top/cgroup.subtree_control"
        check_equal "controllers that are taken back hinder nobody" "$(property second Result)" success
        check_second ""
        check_equal "a second program where they stay has failed" \
                "$(property second Result) $(property second ExecMainStatus)" "exit-code 219"
        check_output "status says on what and by what, and what to do" \
                'cgroup\.procs.*Delegate= at .*second\.sandbox:4:.*no internal processes.*single ExecStart=' "$SBXCTL" status second
        check_output "explain as well" 'making the cgroup and its limits failed' "$SBXCTL" explain second
        "$SBXCTL" reset-failed second
        rm "$units/second.sandbox"
}

pid_of() {
        systemctl show -p MainPID --value "$1"
}

nothing_left() {
        [ "$(left)" = 0 ] && ! pgrep -f 'sleep 300[12]'
}

# Whoever of ours is killed, and whenever: the sandbox goes on or goes, whole.
check_killed() {
        local group delay
        unit ""
        group=$(property manager ControlGroup)
        check "kill -9 of sbxd" kill -9 "$(pid_of sbxd)"
        check "the next one knows it" wait_for 20 property_is manager ActiveState active
        check_equal "in its cgroup" "$(property manager ControlGroup)" "$group"
        check_equal "with the same policy" "$(property manager OOMPolicy)" continue
        check_equal "exec goes to the workload's still" \
                "$("$SBXCTL" exec --pipe manager -- /bin/sed -n s/^0:://p /proc/self/cgroup)" /
        check "kill -9 of sbx-helper" kill -9 "$(pid_of sbx-helper)"
        check "takes all of it along" wait_for 20 nothing_left
        wait_for 20 "$SBXCTL" list
        for delay in 0.002 0.006 0.01 0.015 0.02 0.03 0.05 0.1; do
                "$SBXCTL" start manager >/dev/null 2>&1 &
                sleep "$delay"
                pkill -KILL -P "$(pid_of sbx-helper)"
                wait $!
                "$SBXCTL" stop manager >/dev/null 2>&1
                wait_for 10 nothing_left || not_ok "killed after $delay s: nothing is left" "$(find $top -name 'sbx-manager*')"
        done
        check "killed at any time, nothing is left of it" nothing_left
        "$SBXCTL" reset-failed manager >/dev/null 2>&1
        unit ""
        check "and it starts again" property_is manager ActiveState active
        "$SBXCTL" stop manager
}

check_ports() {
        printf '[Sandbox]\nLayers=busybox\nDelegate=yes\nExecStart=/bin/httpd -f -p 8087 -h /\n[Port http]\nListen=127.0.0.1:8087\nTarget=8087\n' \
                >"$units/served.sandbox"
        check "a sandbox with a port starts" "$SBXCTL" start served
        check "its relay answers" curl -fsS --retry 5 --retry-connrefused http://127.0.0.1:8087/bin/busybox -o /dev/null
        check_equal "and stands with init" "$(wc -l <"$top$(property served ControlGroup)/supervisor/cgroup.procs")" 2
        check "it is stopped" "$SBXCTL" stop served
}

# shellcheck disable=SC2016 # the sandbox's shell is to expand them
check_controllers() {
        local own="mkdir $top/own $top/child && echo 0 >$top/own/cgroup.procs"
        check_output "yes: all controllers are there" 'memory.*pids' inside -p Delegate=yes -- /bin/cat $top/cgroup.controllers
        check_equal "a list: those alone" "$(inside -p Delegate=pids -- /bin/cat $top/cgroup.controllers)" pids
        check_output "a limit of a child group is met" "can't fork" \
                inside -p Delegate=pids -- /bin/sh -c "$own && echo +pids >$top/cgroup.subtree_control && echo 2 >$top/child/pids.max && echo 0 >$top/child/cgroup.procs; for i in 1 2 3 4; do sleep 1 & done; wait"
        check_equal "limits of the unit are not to be seen" \
                "$(inside -p Delegate=yes -p MemoryMax=20M -p TasksMax=20 -- /bin/cat $top/memory.max $top/pids.max)" $'max\nmax'
        check_status "and hold" 137 inside -p Delegate=yes -p MemoryMax=20M -- /bin/sh -c \
                "$own; echo +memory >$top/cgroup.subtree_control; echo max >$top/own/memory.max; exec dd if=/dev/zero of=/dev/null bs=100M count=1"
        check_output "also that of tasks" "can't fork" inside -p Delegate=yes -p TasksMax=8 -- /bin/sh -c \
                "$own; echo +pids >$top/cgroup.subtree_control; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait"
        check_equal "memory that runs out in a child group is the workload's affair" \
                "$(inside -p Delegate=memory -- /bin/sh -c "$own; echo +memory >$top/cgroup.subtree_control; echo 10M >$top/child/memory.max; sh -c 'echo 0 >$top/child/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=50M count=1' 2>/dev/null; echo \$?; sleep 1; echo on")" \
                $'137\non'
        cat >"$units/inner.sandbox" <<-END
	[Sandbox]
	Layers=busybox
	Delegate=pids
	ExecStart=/bin/sh -c '$own && echo +pids >$top/cgroup.subtree_control && exec sleep 3003'
	END
        "$SBXCTL" start inner
        check "controllers are enabled" wait_for 20 grep -q pids "$top$(property inner ControlGroup)/payload/cgroup.subtree_control"
        check_equal "exec then goes where the main process is" \
                "$("$SBXCTL" exec --pipe inner -- /bin/sed -n s/^0:://p /proc/self/cgroup)" /own
        check "a limit is changed above" "$SBXCTL" set-property --runtime inner TasksMax=50
        check_equal "of the sandbox" "$(cat "$top$(property inner ControlGroup)/pids.max")" 50
        check_output "and told" '50' "$SBXCTL" show -p TasksMax inner
        check "it is stopped" "$SBXCTL" stop inner
}

if [ ! -e $top/cgroup.controllers ]; then
        check_refused
        finish
        exit
fi
check_inside
check_attacks
check_init_stays
check_privileged
check_running
check_without_pids
check_ports
if scopes_here; then
        check_killed
fi
if limits_here; then
        check_controllers
        check_inner
else
        check_output "a controller that is not there is refused by name and place" \
                'Delegate=.*' inside -p Delegate=memory -- /bin/true
fi
finish
