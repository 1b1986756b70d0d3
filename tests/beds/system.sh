#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The life of the main example under systemd: started from an installation, seen by systemd, the bus
# and the journal, limited, left alone when the manager dies, and gone without a trace. Runs in a bed.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lib.sh
. "$here/lib.sh"

units=/run/sbx/system

# A second host on a link of its own, so that the page is also fetched from outside.
outside_up() {
        ip netns add outside
        ip link add veth-bed type veth peer name veth-out netns outside
        ip address add 10.99.0.1/24 dev veth-bed
        ip link set veth-bed up
        ip -n outside address add 10.99.0.2/24 dev veth-out
        ip -n outside link set veth-out up
        ip -n outside link set lo up
}

outside() {
        ip netns exec outside "$@"
}

unit() {
        mkdir -p "$units"
        cat >"$units/$1.sandbox"
}

check_start() {
        check "systemctl start sbxd" systemctl start sbxd
        check "sbxctl start web" "$SBXCTL" start web
        check "the page over 127.0.0.1" page_served http://127.0.0.1:8080/
        check "the page over ::1" page_served "http://[::1]:8080/"
        check "the page over another address of the host" page_served http://10.99.0.1:8080/
        check "the page from another host" outside curl -fsS --max-time 5 http://10.99.0.1:8080/
        check_output "sbxctl status web" 'active \(running\)' "$SBXCTL" status web
        check_status "sbxctl is-active web" 0 "$SBXCTL" is-active web
        check_output "sbxctl list names it" '(^| )web\.sandbox ' "$SBXCTL" list
}

# Another host's system bus, which is this one's: ssh that goes nowhere.
check_remote() {
        local folder=/run/fake-ssh sbxctl
        mkdir -p "$folder"
        printf '#!/bin/sh\nexec systemd-stdio-bridge\n' >"$folder/ssh"
        chmod 755 "$folder/ssh"
        sbxctl=(env "PATH=$folder:$PATH" "$SBXCTL" -H root@there)
        check_output "-H: list" '(^| )web\.sandbox ' "${sbxctl[@]}" list
        check "-H: restart waits for the job" "${sbxctl[@]}" restart web
        check_status "-H: is-active" 0 "${sbxctl[@]}" is-active web
        check_output "-H: processes by their names alone" '\[httpd\]$' "${sbxctl[@]}" ps web
        check_output "-H: status" 'active \(running\)' "${sbxctl[@]}" status web
        check_status "-H: no such unit" 4 "${sbxctl[@]}" wait nope
        rm -r "$folder"
}

check_looks() {
        check_status "doctor: sandboxes start here" 0 "$SBXCTL" doctor
        check_output "enable is systemctl's" 'instead: systemctl enable sbx@NAME' sh -c "'$SBXCTL' enable web 2>&1"
        check_equal "web is not enabled" "$("$SBXCTL" show -p UnitFileState --value web)" disabled
        check "it is enabled" systemctl enable sbx@web
        check_equal "which is told" "$("$SBXCTL" show -p UnitFileState --value web)" enabled
        check_output "by the list, too" '^web\.sandbox +enabled' "$SBXCTL" list-unit-files
        check "and disabled again" systemctl disable sbx@web
        check_output "which is told, too" '^web\.sandbox +disabled' "$SBXCTL" list-unit-files
        check_output "doctor: a scope for each" '^systemd +ok +[0-9]+.*a scope for each' "$SBXCTL" doctor
        check_output "ps" '^web\.sandbox +[0-9]+ +2 +0 +S .*/bin/httpd -f' "$SBXCTL" ps web
        check_output "top" '^web\.sandbox +[0-9-]+ +[0-9]+\.[0-9] ' "$SBXCTL" top -d 200ms web
        check_output "explain of what runs" '^web\.sandbox is up' "$SBXCTL" explain web
        check_output "inspect has the places of directives" '"ExecStart": *"[^"]*web\.sandbox:[0-9]+:[0-9]+"' "$SBXCTL" inspect web
}

check_scope_limits() {
        check_equal "MemoryMax= is the scope's" "$(systemctl show -p MemoryMax --value sbx-web.scope)" 67108864
        check_equal "TasksMax= is the scope's" "$(systemctl show -p TasksMax --value sbx-web.scope)" 32
        check_equal "CPUQuota= is the scope's" "$(systemctl show -p CPUQuotaPerSecUSec --value sbx-web.scope)" 500ms
        check_equal "the kernel has MemoryMax=" \
                "$(cgroup_file web memory "$(cgroup1_here && echo memory.limit_in_bytes || echo memory.max)")" 67108864
}

check_systemd() {
        check "systemctl status sbx-web.scope" systemctl status --no-pager sbx-web.scope
        check_equal "the scope stands in sbx.slice" "$(systemctl show -p Slice --value sbx-web.scope)" sbx.slice
        check_equal "the scope's description is the unit's" \
                "$(systemctl show -p Description --value sbx-web.scope)" "Static site in a sandbox"
        check_output "busctl tree org.sbx1" '/org/sbx1/sandbox/web_2esandbox' busctl tree org.sbx1 --no-pager
        check_output "introspection of the manager" 'StartTransientUnit' \
                busctl introspect org.sbx1 /org/sbx1 org.sbx1.Manager --no-pager
        check_output "a property over the bus" '"active"' \
                busctl get-property org.sbx1 /org/sbx1/sandbox/web_2esandbox org.sbx1.Sandbox ActiveState
        check_output "a stranger may read" '"active"' setpriv --reuid 65534 --regid 65534 --clear-groups \
                busctl get-property org.sbx1 /org/sbx1/sandbox/web_2esandbox org.sbx1.Sandbox ActiveState
        check_output "and list" 'web\.sandbox' setpriv --reuid 65534 --regid 65534 --clear-groups "$SBXCTL" list
        check_output "and see what it uses" 'web\.sandbox' setpriv --reuid 65534 --regid 65534 --clear-groups "$SBXCTL" top -d 100ms
        check_output "and its processes" 'busybox|httpd' setpriv --reuid 65534 --regid 65534 --clear-groups "$SBXCTL" ps web
        check_output "and the limits in force" 'MemoryMax' setpriv --reuid 65534 --regid 65534 --clear-groups \
                "$SBXCTL" show --effective web
        check_output "a stranger may not stop" 'denied|not permitted|AccessDenied|rejected' \
                setpriv --reuid 65534 --regid 65534 --clear-groups \
                busctl call org.sbx1 /org/sbx1 org.sbx1.Manager StopUnit ss web.sandbox replace
        check_status "nor has it" 0 "$SBXCTL" is-active web
}

# shellcheck disable=SC2016 # the sandbox's shell is to expand them
check_exec() {
        local pid
        check_output "sbxctl exec web -- id" 'uid=0\(root\) gid=0\(root\)' "$SBXCTL" exec web -- /bin/busybox id
        check_status "exec gives the status back" 7 "$SBXCTL" exec web -- /bin/sh -c 'exit 7'
        check_status "exec names a signal" 137 "$SBXCTL" exec web -- /bin/sh -c 'kill -9 $$'
        check_status "exec of what is not there" 127 "$SBXCTL" exec web -- /bin/nothing
        check_equal "exec is confined like the workload" \
                "$("$SBXCTL" exec web -- /bin/sed -n 's/^\(CapEff\|Seccomp\|NoNewPrivs\):\t//p' /proc/self/status | tr '\n' ' ')" \
                "0000000000000000 1 2 "
        pid=$(property web MainPID)
        check_equal "exec enters every namespace" \
                "$("$SBXCTL" exec web -- /bin/sh -c 'for n in mnt pid uts ipc net user cgroup time; do readlink /proc/self/ns/$n; done')" \
                "$(for n in mnt pid uts ipc net user cgroup time; do readlink "/proc/$pid/ns/$n"; done)"
        check_output "exec enters the cgroup" "$(cgroup1_here && echo memory || echo ^0:):/$" "$SBXCTL" exec web -- /bin/cat /proc/self/cgroup
        check_output "the workload's uid is unprivileged outside" '^Uid:\s+(52[4-9]|5[3-9]|[6-9])[0-9]+' \
                grep Uid "/proc/$pid/status"
}

check_journal() {
        unit talk <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sh -c 'echo words of the workload; echo and its complaints >&2; exec sleep 1000'
	END
        check "sbxctl start talk" "$SBXCTL" start talk
        check "its output is in the journal under the scope" \
                wait_for 5 sh -c 'journalctl -q _SYSTEMD_UNIT=sbx-talk.scope -o cat | grep -q "words of the workload"'
        check_output "its errors too" 'and its complaints' journalctl -q _SYSTEMD_UNIT=sbx-talk.scope -o cat
        check_output "under the unit's name" 'words of the workload' \
                journalctl -q SYSLOG_IDENTIFIER=talk.sandbox _SYSTEMD_UNIT=sbx-talk.scope -o cat
        check_output "sbxctl logs talk" 'words of the workload' "$SBXCTL" logs talk
        check_output "what sbxd says of it carries SBX_UNIT=" . journalctl -q SBX_UNIT=talk.sandbox -o cat
        check "sbxctl stop talk" "$SBXCTL" stop talk
        # journald has no time to look such a process up.
        unit short <<-END
	[Sandbox]
	Type=oneshot
	Layers=busybox
	ExecStart=/bin/echo a short life
	END
        for _ in 1 2 3 4 5 6 7 8 9 10; do
                "$SBXCTL" start short && "$SBXCTL" reset-failed short
        done
        # shellcheck disable=SC2016 # for the other shell
        check "no word of a short life is lost" wait_for 5 sh -c \
                '[ "$(journalctl -q _SYSTEMD_UNIT=sbx-short.scope -o cat | grep -c "a short life")" = 10 ]'
}

check_limits() {
        unit greedy <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/dd if=/dev/zero of=/dev/null bs=100M count=1
	MemoryMax=20M
	END
        "$SBXCTL" start greedy >/dev/null 2>&1
        wait_for 5 property_is greedy ActiveState failed
        check_equal "MemoryMax= ends a greedy workload as oom-kill" "$(property greedy Result)" oom-kill
        check_equal "the failed scope does not stay" "$(systemctl show -p ActiveState --value sbx-greedy.scope)" inactive
        unit limited <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	TasksMax=8
	END
        "$SBXCTL" start limited
        check_output "TasksMax= ends a fork bomb in exec" "can't fork" "$SBXCTL" exec limited -- \
                /bin/sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & done; wait'
        "$SBXCTL" stop limited
}

# What one layout of cgroups cannot enforce, the other can.
check_set_high() {
        if cgroup1_here; then
                check_status "what the host cannot enforce: 1" 1 "$SBXCTL" set-property lim TasksMax=13 MemoryHigh=16M
                check_output "it is named" 'MemoryHigh=' "$SBXCTL" set-property lim TasksMax=13 MemoryHigh=16M
        else
                check "set-property of what only cgroup2 has" "$SBXCTL" set-property lim MemoryHigh=16M
                check_equal "the kernel has that too" "$(cgroup_file lim memory memory.high)" 16777216
        fi
        check_equal "and all else is as it was" "$(cgroup_file lim pids pids.max)" 12
}

check_set_property() {
        unit lim <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	TasksMax=11
	MemoryMax=64M
	END
        "$SBXCTL" start lim
        check "set-property of what runs" "$SBXCTL" set-property lim TasksMax=12 MemoryMax=32M
        check_equal "the kernel has it" "$(cgroup_file lim pids pids.max)" 12
        check_equal "systemd has it" "$(systemctl show -p MemoryMax --value sbx-lim.scope)" 33554432
        check_output "it is kept" '^TasksMax=12$' cat /etc/sbx/system.control/lim.sandbox.d/50-TasksMax.conf
        check_set_high
        check "with --runtime" "$SBXCTL" set-property --runtime lim CPUWeight=50
        check_output "it is kept until the next boot" '^CPUWeight=50$' cat /run/sbx/system.control/lim.sandbox.d/50-CPUWeight.conf
        check "over the bus" busctl call org.sbx1 /org/sbx1 org.sbx1.Manager SetUnitProperties 'sba(sv)' lim.sandbox true 1 CPUWeight s ""
        check "restart" "$SBXCTL" restart lim
        check_equal "the kernel has it again" "$(cgroup_file lim pids pids.max)" 12
        check_output "show --effective" '^TasksMax +12 +12 *$' "$SBXCTL" show --effective lim
        systemctl set-property --runtime sbx.slice TasksMax=10
        check_output "it names the slice that caps" '^TasksMax +12 +12 +/sbx\.slice: 10$' "$SBXCTL" show --effective lim
        check_output "as JSON" '"capped_by": ?"/sbx.slice"' "$SBXCTL" show --effective --json=short lim
        systemctl set-property --runtime sbx.slice TasksMax=infinity
        "$SBXCTL" stop lim
        rm -r "$units/lim.sandbox" /etc/sbx/system.control/lim.sandbox.d /run/sbx/system.control/lim.sandbox.d
        "$SBXCTL" daemon-reload
}

# systemd's own FreezeUnit() refuses in the hybrid layout.
check_freeze() {
        unit still <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sh -c 'while :; do :; done'
	END
        still_ticks() {
                awk '{ print $14 + $15 }' "/proc/$(property still MainPID)/stat"
        }
        local before
        "$SBXCTL" start still
        check "sbxctl freeze" "$SBXCTL" freeze still
        check_equal "FreezerState" "$(property still FreezerState)" frozen
        check_equal "the kernel has it" "$(cgroup_file still "" cgroup.events | sed -n 's/^frozen //p')" 1
        before=$(still_ticks)
        sleep 0.3
        check_equal "what is frozen gets no processor time" "$(still_ticks)" "$before"
        check_status "it is active all the same" 0 "$SBXCTL" is-active still
        check_output "exec in it is refused, with what to do" 'sbxctl thaw still' "$SBXCTL" exec still -- /bin/true
        systemctl restart sbxd
        check "a new sbxd knows what is frozen" wait_for 10 property_is still FreezerState frozen
        check "busctl call ThawUnit" busctl call org.sbx1 /org/sbx1 org.sbx1.Manager ThawUnit s still.sandbox
        check_equal "the kernel has it again" "$(cgroup_file still "" cgroup.freeze)" 0
        check_status "exec works again" 0 "$SBXCTL" exec still -- /bin/true
        "$SBXCTL" freeze still
        check "stop of what is frozen does not wait" timeout 10 "$SBXCTL" stop still
        check_equal "it has ended well" "$(property still Result)" success
        "$SBXCTL" start still && "$SBXCTL" freeze still
        check "kill -9 of the helper of a frozen one" kill -9 "$(systemctl show -p MainPID --value sbx-helper)"
        check "leaves nothing frozen behind" wait_for 20 sh -c "! systemctl is-active -q sbx-still.scope"
        wait_for 10 property_is still ActiveState failed
        "$SBXCTL" reset-failed still
        rm "$units/still.sandbox"
        "$SBXCTL" daemon-reload
}

fail_and_name() {
        local what=$1 name=$2 pattern=$3
        check_status "start is refused: $what" 1 "$SBXCTL" start "$name"
        check_output "and says why: $what" "$pattern" "$SBXCTL" status "$name"
        check_equal "no scope is left: $what" \
                "$(systemctl list-units --all --plain --no-legend "sbx-$name.scope")" ""
}

check_failures() {
        local before
        before=$("$here/census.sh")
        unit nolayer <<-END
	[Sandbox]
	Layers=busybox nothing
	ExecStart=/bin/true
	END
        unit noprogram <<-END
	[Sandbox]
	Layers=busybox
	Type=exec
	ExecStart=/bin/nothing
	END
        unit badkey <<-END
	[Sandbox]
	Layers=busybox
	ExecStrat=/bin/true
	MemoryMax=lots
	END
        unit noport <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	[Port http]
	Listen=8080
	END
        fail_and_name "a missing layer" nolayer 'nothing'
        fail_and_name "a missing program" noprogram 'ExecStart'
        fail_and_name "bad settings" badkey 'bad-setting'
        fail_and_name "a port that is taken" noport 'Listen'
        check_output "all faults at once, with places" 'badkey.sandbox:3:1: ' "$SBXCTL" verify badkey
        check_output "the second one too" 'badkey.sandbox:4:' "$SBXCTL" verify badkey
        check_status "verify has status 2" 2 "$SBXCTL" verify badkey
        check_status "a unit that is not there" 4 "$SBXCTL" status nosuch
        "$SBXCTL" stop noport >/dev/null 2>&1
        check_census "failed starts leave nothing" "$before"
}

web_is() {
        "$SBXCTL" is-active web >/dev/null 2>&1 && property_is web MainPID "$1"
}

check_manager_killed() {
        local workload invocation manager
        workload=$(property web MainPID)
        invocation=$(property web InvocationID)
        manager=$(systemctl show -p MainPID --value sbxd)
        check "kill -9 of sbxd" kill -9 "$manager"
        check "the page is still served" page_served http://127.0.0.1:8080/
        check "the new sbxd knows the sandbox" wait_for 10 web_is "$workload"
        check_equal "with the same invocation" "$(property web InvocationID)" "$invocation"
        check_output "and its status" 'active \(running\)' "$SBXCTL" status web
        check "and is another process" test "$(systemctl show -p MainPID --value sbxd)" != "$manager"
        check_output "exec works again" 'uid=0' "$SBXCTL" exec web -- /bin/busybox id

        unit brief <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sh -c 'sleep 1; exit 42'
	END
        "$SBXCTL" start brief
        systemctl stop sbxd
        check "the page is served without a manager" page_served http://127.0.0.1:8080/
        sleep 1.5
        systemctl start sbxd
        wait_for 10 property_is brief ActiveState failed
        check_equal "an exit that nobody saw is not lost" "$(property brief ExecMainStatus)" 42
        "$SBXCTL" reset-failed brief >/dev/null 2>&1
}

# Without its parent a sandbox cannot be steered any more: it counts as failed, what is left of it is
# removed, and Restart= brings it back.
check_helper_killed() {
        local helper workload
        helper=$(systemctl show -p MainPID --value sbx-helper)
        workload=$(property web MainPID)
        back() {
                "$SBXCTL" is-active web && [ "$(property web MainPID)" != "$workload" ] &&
                        page_served http://127.0.0.1:8080/
        }
        check "kill -9 of sbx-helper" kill -9 "$helper"
        check "the sandbox comes back by Restart=" wait_for 10 back
        check "nothing of the old one runs on" test ! -d "/proc/$workload"
        check_equal "there is one scope" \
                "$(systemctl list-units --all --plain --no-legend 'sbx-*.scope' | wc -l)" 1
        ids_of_the_living() {
                [ "$(ls /run/sbx/ids)" = "$(property web HostUIDBase)" ]
        }
        check "no ids of the dead are kept" wait_for 5 ids_of_the_living
        check "and another helper" test "$(systemctl show -p MainPID --value sbx-helper)" != "$helper"
}

check_restart() {
        local pid
        pid=$(property web MainPID)
        kill -9 "$pid"
        restarted() {
                "$SBXCTL" is-active web && [ "$(property web MainPID)" != "$pid" ] && property_is web NRestarts 1
        }
        check "Restart=on-failure brings it back" wait_for 10 restarted
        check "with its port" wait_for 5 page_served http://127.0.0.1:8080/
}

check_behind_the_back() {
        check "systemctl stop of the scope" systemctl stop sbx-web.scope
        check "sbxd notices" wait_for 5 sh -c "[ \"\$($SBXCTL show -p ActiveState --value web)\" != active ] ||
                [ \"\$($SBXCTL show -p NRestarts --value web)\" -ge 1 ]"
        "$SBXCTL" stop web >/dev/null 2>&1
        wait_for 5 property_is web ActiveState inactive
}

check_stop() {
        check "sbxctl stop web" "$SBXCTL" stop web
        check_status "is-active says so" 3 "$SBXCTL" is-active web
        check_equal "no scope is left" "$(systemctl list-units --all --plain --no-legend 'sbx-*.scope')" ""
        check "the port is free" sh -c '! curl -fsS --max-time 2 http://127.0.0.1:8080/'
}

# A limit that is not there must not be passed over; without its limits the example is what it is
# elsewhere.
check_refused() {
        local directive
        systemctl start sbxd
        check_status "without controllers a unit with limits is refused" 1 "$SBXCTL" start web
        for directive in 8:11:.*MemoryMax= 9:10:.*TasksMax= 10:10:.*CPUQuota=; do
                check_output "the refusal names place and directive $directive" "web.sandbox:$directive" "$SBXCTL" start web
        done
        check_equal "no scope is left of it" "$(systemctl list-units --all --plain --no-legend 'sbx-*.scope')" ""
        mkdir -p "$units/web.sandbox.d"
        printf '[Sandbox]\nMemoryMax=\nTasksMax=\nCPUQuota=\n' >"$units/web.sandbox.d/unlimited.conf"
        "$SBXCTL" daemon-reload
        "$SBXCTL" reset-failed web
}

outside_up
limits_here || check_refused
check_start
limits_here && check_scope_limits
check_looks
check_remote
check_systemd
check_exec
check_journal
limits_here && check_limits
check_failures
check_manager_killed
check_restart
check_helper_killed
check_stop
check_freeze
limits_here && check_set_property

# Round trips from here on must leave the host as they found it.
census=$("$here/census.sh")
for _ in 1 2 3; do
        "$SBXCTL" start web && page_served http://127.0.0.1:8080/ && "$SBXCTL" exec web -- /bin/true
        "$SBXCTL" stop web
        "$SBXCTL" reset-failed web # more than five starts in ten seconds are refused, as systemd has it
done
check_census "three rounds leave nothing" "$census"
"$SBXCTL" start web
check_behind_the_back
check_census "nor does a scope stopped by systemd" "$census"
finish
