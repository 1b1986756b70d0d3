#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# units.sh BUILD: what changes of unit files mean for a sandbox that runs, and what a published port is
# like from the first moment to the last. On a host without systemd, out of the build folder.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
beds=$here/../beds
if [ "${SBX_IN_BED:-}" != units ]; then
        build=$(readlink -f "${1:?usage: units.sh BUILD}")
        SBX_BED=units-$$ SBX_IN_BED=units exec "$beds/direct.sh" "$(readlink -f "$0")" "$build"
fi

# shellcheck source=../beds/lib.sh
. "$beds/lib.sh"
# shellcheck source=../daemons.sh
. "$here/../daemons.sh"

units=/run/sbx-units
mkdir -p "$units"
export SBX_UNIT_PATH=$units NO_COLOR=1 SYSTEMD_PAGER=

write_unit() {
        cat >"$units/$1.sandbox"
}

write_drop_in() {
        mkdir -p "$units/$1.sandbox.d"
        cat >"$units/$1.sandbox.d/10.conf"
}

# The last good version of what runs stays in force, and nothing of a bad one stops it.
check_broken_while_running() {
        local pid
        write_unit steady <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	MemoryMax=32M
	END
        check "start steady" "$SBXCTL" start steady
        pid=$(property steady MainPID)
        write_drop_in steady <<-END
	[Sandbox]
	MemoryMax=lots
	END
        check_equal "a changed unit needs a reload" "$(property steady NeedDaemonReload)" yes
        check_output "which a start says, too" "The files of steady.sandbox changed on disk. Run 'sbxctl daemon-reload'" \
                sh -c "'$SBXCTL' start steady 2>&1"
        check "daemon-reload with a broken drop-in" "$SBXCTL" daemon-reload
        check_equal "it has been read, so it needs no reload" "$(property steady NeedDaemonReload)" no
        check_equal "it is bad" "$(property steady LoadState)" bad-setting
        check_equal "the last good version stays" "$(property steady MemoryMax)" 33554432
        check_output "restart of a bad unit is refused, with the place" '10.conf:2:11: error' \
                "$SBXCTL" restart steady
        check_equal "and stops nothing" "$(property steady ActiveState) $(property steady MainPID)" "active $pid"
        rm -r "$units/steady.sandbox.d"
        "$SBXCTL" daemon-reload
        check "restart once it is good again" "$SBXCTL" restart steady
        check "stop steady" "$SBXCTL" stop steady
}

fetched() {
        curl -sS --max-time 5 -o /dev/null -w '%{http_code}' "$@"
}

check_ports() {
        write_unit late <<-END
	[Sandbox]
	Layers=busybox site
	ExecStart=/bin/sh -c 'sleep 0.5; exec httpd -f -p 8000 -h /srv/www'
	[Port tcp]
	Listen=127.0.0.1:9001
	Target=8000
	[Port path]
	Listen=/run/late.sock
	Target=127.0.0.1:8000
	END
        check "start late" "$SBXCTL" start late
        check_equal "whoever comes before the program listens is served" "$(fetched http://127.0.0.1:9001/)" 200
        check_equal "by path too" "$(fetched --unix-socket /run/late.sock http://late/)" 200
        check "stop late" "$SBXCTL" stop late
        check "the path goes with the sandbox" test ! -e /run/late.sock
        check "and can be listened on again" "$SBXCTL" start late
        kill -9 "$(property late LeaderPID)"
        wait_for 5 property_is late ActiveState failed
        check "it also goes with one that was killed" test ! -e /run/late.sock
        mkdir -p /run/late-theirs /run/late-ours
        ln -s ../late-ours /run/late-theirs/folder
        chown -h 1000 /run/late-theirs/folder
        write_unit led <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	[Port path]
	Listen=/run/late-theirs/folder/sock
	Target=1
	END
        check_output "no user's link leads to where a path is made" 'Listen=.*A symbolic link on the way' \
                "$SBXCTL" start led
        check "and nothing is" test ! -e /run/late-ours/sock
        rm -r /run/late-theirs /run/late-ours
        write_unit range <<-END
	[Sandbox]
	Layers=busybox site
	ExecStart=/bin/sh -c 'for p in 8001 8002 8003; do httpd -p \$\$p -h /srv/www; done; exec sleep 1000'
	[Port each]
	Listen=127.0.0.1:9001-9003
	Target=8001-8003
	[Port all]
	Listen=[::1]:9001-9002
	Target=8003
	END
        check "start range" "$SBXCTL" start range
        check_equal "each port of a range goes to its own" \
                "$(for port in 9001 9002 9003; do fetched http://127.0.0.1:$port/; done)" 200200200
        check_equal "or all to one" "$(fetched 'http://[::1]:9001/')$(fetched 'http://[::1]:9002/')" 200200
        check "stop range" "$SBXCTL" stop range
        write_unit taken <<-END
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	[Port path]
	Listen=$units/taken.sandbox
	Target=80
	END
        check_status "a file in the place of the socket is an error" 1 "$SBXCTL" start taken
        check "and stays what it was" grep -q Layers=busybox "$units/taken.sandbox"
}

check_templates() {
        write_unit tpl@ <<-'END'
	[Unit]
	Description=%i of %p \o/
	[Sandbox]
	Layers=busybox
	ExecStart=/bin/sleep 1000
	Environment=WHO=%I
	END
        check "start of an instance" "$SBXCTL" start tpl@x-y
        check_equal "specifiers, and a backslash as it is" "$(property tpl@x-y Description) $(property tpl@x-y Environment)" 'x-y of tpl \o/ WHO=x/y'
        check "stop of an instance" "$SBXCTL" stop tpl@x-y
}

daemons_start "$1" || exit 1
"$SBXCTL" start web && "$SBXCTL" stop web
census=$("$beds/census.sh")
check_broken_while_running
check_ports
check_templates
"$SBXCTL" reset-failed
check_census "nothing is left" "$census"
check "the daemons end" daemons_stop
finish
