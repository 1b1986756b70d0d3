#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# sbxd on the system bus: started by a call, steered by systemctl and by a client in Python, and not
# disturbed by a bus that stops, dies and comes back. Runs in a bed.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lib.sh
. "$here/lib.sh"

units=/run/sbx/system
log_level() {
        systemctl service-log-level sbxd.service
}

check_activation() {
        systemctl stop sbxd
        check_equal "sbxd is stopped" "$(systemctl is-active sbxd)" inactive
        check_output "a call over the bus is answered" '^a\(ssssssouso\)' \
                busctl call org.sbx1 /org/sbx1 org.sbx1.Manager ListUnits
        check_equal "sbxd was started by it" "$(systemctl is-active sbxd)" active
        check_equal "as its service" "$(systemctl show -p BusName --value sbxd)" org.sbx1
        check_equal "the name is the service's own" \
                "$(busctl status org.sbx1 | sed -n 's/^Unit=//p')" sbxd.service
}

check_log_control() {
        check_equal "service-log-level says info" "$(log_level)" info
        check "service-log-level debug" systemctl service-log-level sbxd.service debug
        check_equal "it is debug then" "$(log_level)" debug
        check_output "the journal says so" 'log level is now "debug"' journalctl -q -u sbxd -o cat
        check_status "a level that is none is refused" 1 systemctl service-log-level sbxd.service loud
        check "service-log-level info" systemctl service-log-level sbxd.service info
        check_equal "service-log-target says journal" "$(systemctl service-log-target sbxd.service)" journal
        check "service-log-target null" systemctl service-log-target sbxd.service null
        check "service-log-target auto" systemctl service-log-target sbxd.service auto
        check_equal "which is the journal" "$(systemctl service-log-target sbxd.service)" journal
        check_status "a target that is none is refused" 1 systemctl service-log-target sbxd.service kmsg
}

names_are_owned() {
        busctl status org.sbx1 && busctl status org.freedesktop.systemd1
}

private_list() {
        "$SBXCTL" list
}

# $1: what it is called; the rest does it to the bus.
check_bus_lost() {
        local what=$1 workload manager
        shift
        workload=$(property steady MainPID)
        manager=$(systemctl show -p MainPID --value sbxd)
        check "$what" "$@"
        check "the private socket serves without a bus: $what" private_list
        check "the sandbox runs on: $what" test -d "/proc/$workload"
        systemctl start dbus.service
        check "the name is taken again: $what" wait_for 6 names_are_owned
        check_equal "by the same sbxd: $what" "$(systemctl show -p MainPID --value sbxd)" "$manager"
        check_equal "which has the same sandbox: $what" "$(property steady MainPID)" "$workload"
        check_output "a property over the new bus: $what" '"active"' \
                busctl get-property org.sbx1 /org/sbx1/sandbox/steady_2esandbox org.sbx1.Sandbox ActiveState
        # systemd's JobRemoved must be heard again, or this runs into a time-out
        check "a sandbox is started: $what" timeout 10 "$SBXCTL" start second
        check "and stopped: $what" timeout 10 "$SBXCTL" stop second
}

check_bus_hangs() {
        local daemon
        daemon=$(systemctl show -p MainPID --value dbus)
        kill -STOP "$daemon"
        check "the bus hangs and the private socket serves" timeout 5 "$SBXCTL" list
        check "an exec too" timeout 5 "$SBXCTL" exec steady -- /bin/true
        kill -CONT "$daemon"
        check "the bus is there again" wait_for 6 names_are_owned
}

# As a program of somebody else: against what is installed, with nothing of the tree but its source.
check_library() {
        local program=/tmp/sbx-example flags
        flags=$(pkg-config --cflags --libs libsbx)
        # shellcheck disable=SC2086 # several words
        check "the example is built against the installed library" \
                cc -Wall -Wextra -Werror -o "$program" "$SBX_SOURCE_ROOT/src/lib/example.c" $flags
        check_output "it is linked with it" 'libsbx\.so\.0 => (/usr)?/lib/' ldd "$program"
        check_output "it watches a sandbox become active" '^steady.sandbox is active \(running\)' \
                "$program" steady.sandbox
        check_equal "and has stopped it" "$(property steady ActiveState)" inactive
        check_output "it says why a start failed" '^broken.sandbox failed: .*/bin/nothing' "$program" broken.sandbox
        check_output "and what is no unit" '^starting: There is no unit nosuch.sandbox' "$program" nosuch.sandbox
        check_output "and that a stranger may not" '^starting: ' \
                setpriv --reuid 65534 --regid 65534 --clear-groups "$program" steady.sandbox
        check_equal "who has started nothing" "$(property steady ActiveState)" inactive
}

rss_kib() {
        sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(systemctl show -p MainPID --value sbxd)/status"
}

# A stranger calls as fast as it can: root is served meanwhile, and sbxd does not grow.
check_flood() {
        local before after flooding
        before=$(rss_kib)
        setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 "$here/client.py" flood &
        flooding=$!
        sleep 1
        for _ in 1 2 3 4 5; do
                check "root is served during a flood" timeout 5 "$SBXCTL" list
        done
        wait "$flooding"
        check_equal "a flood is refused by name" $? 0
        after=$(rss_kib)
        echo "# sbxd has $after KiB after the flood, $before before"
        check "sbxd does not grow by it" test $((after - before)) -lt 16384
        check_output "and says who it was" 'uid 65534 .* makes too many calls' journalctl -q -u sbxd -o cat
}

mkdir -p "$units"
for name in steady second; do
        printf '[Sandbox]\nLayers=busybox\nExecStart=/bin/sleep 1000\n' >"$units/$name.sandbox"
done
printf '[Sandbox]\nType=exec\nLayers=busybox\nExecStart=/bin/nothing\n' >"$units/broken.sandbox"
check_activation
check_log_control
check_library
check_flood
/usr/bin/python3 "$here/client.py" || not_ok "a client in Python"
check "sbxctl start steady" "$SBXCTL" start steady
check_bus_lost "dbus is killed" systemctl kill -s KILL dbus.service
check_bus_lost "dbus is stopped" systemctl stop dbus.service dbus.socket
check_bus_hangs
check "sbxctl stop steady" "$SBXCTL" stop steady
finish
