#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# direct.sh BUILD: every verb of sbxctl against the real daemons out of the build folder, on a host
# without systemd: what it prints, what it exits with, and that nothing is left behind.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
beds=$here/../beds
if [ "${SBX_IN_BED:-}" != ctl ]; then
        build=$(readlink -f "${1:?usage: direct.sh BUILD}")
        SBX_BED=ctl-$$ SBX_IN_BED=ctl exec "$beds/direct.sh" "$(readlink -f "$0")" "$build"
fi

# shellcheck source=../beds/lib.sh
. "$beds/lib.sh"
# shellcheck source=../daemons.sh
. "$here/../daemons.sh"

build=$1
# What the tests write lies in /run, which is the bed's own.
units=/run/sbx-units
mkdir -p "$units"
export SBX_UNIT_PATH=$units NO_COLOR=1 SYSTEMD_PAGER=

write_unit() {
        cat >"$units/$1.sandbox"
}

# pty COMMAND…: under a terminal of its own, as `script` makes it; its status is the command's.
pty() {
        local command
        printf -v command '%q ' "$@"
        script --quiet --return --command "$command" /dev/null </dev/null
}

without_daemon() {
        check_output "without sbxd: how to start it" 'sbxd is not running' "$SBXCTL" list
        check_output "without sbxd: the command that starts it" 'start it as root with: sbxd' "$SBXCTL" status web
        check_status "without sbxd: exit 1" 1 "$SBXCTL" start web
        check_status "run without sbxd: exit 125" 125 "$SBXCTL" run --pipe -- /bin/true
}

offline() {
        check_status "verify of a good unit is silent and 0" 0 "$SBXCTL" verify web
        check_equal "verify of a good unit says nothing" "$("$SBXCTL" verify web 2>&1)" ""
        check_output "plan names directive and place" 'limit=MemoryMax value=67108864 .*MemoryMax= .*web\.sandbox:[0-9]+:[0-9]+' \
                "$SBXCTL" plan web
        check_output "plan knows the other back end" '^ *MemoryMax=67108864 ' "$SBXCTL" plan --backend=scope web
        check_output "plan as JSON" '"op": *"exec"' "$SBXCTL" plan --json=short web
        check_output "cat names its file" '^# .*/web\.sandbox$' "$SBXCTL" cat web
        check_output "cat by pattern" '^# .*/web\.sandbox$' "$SBXCTL" cat 'w*'
        check_status "verify by pattern" 0 "$SBXCTL" verify 'we[b]'
        check_status "plan by pattern, with a unit that is not" 4 "$SBXCTL" plan 'w*' nope
        check_status "cat of no unit: 4" 4 "$SBXCTL" cat nope
        check_status "plan of no unit: 4" 4 "$SBXCTL" plan nope
        check_status "verify of no unit: 2" 2 "$SBXCTL" verify nope
        check_status "plan needs no root" 0 setpriv --reuid 65534 --regid 65534 --clear-groups \
                env SBX_UNIT_PATH="$SBX_UNIT_PATH" SBX_LAYER_PATH="$SBX_LAYER_PATH" "$SBXCTL" plan web
}

bad_units() {
        write_unit bad <<'END'
[Sandbox]
ExecStart=/bin/x
MemoryMx=1M
MemoryMax=lots
[Sandbo]
END
        check_status "verify of a bad unit: 2" 2 "$SBXCTL" verify bad
        check_output "verify names every mistake: the key" 'bad\.sandbox:3:1: error: .*MemoryMax' "$SBXCTL" verify bad
        check_output "verify names every mistake: the value" 'bad\.sandbox:4:11: error: ' "$SBXCTL" verify bad
        check_output "verify names every mistake: the section" 'bad\.sandbox:5:1: error: .*\[Sandbox\]' "$SBXCTL" verify bad
        check_output "verify as JSON has the places" '"line": *3' "$SBXCTL" verify --json=short bad
        check_status "a bad unit does not start" 1 "$SBXCTL" start bad
        check_output "a start tells all mistakes" 'bad\.sandbox:5:1: error: ' "$SBXCTL" start bad
        check_output "status of a bad unit shows its mistakes" 'Loaded: bad-setting' "$SBXCTL" status bad
        check_status "status of a bad unit: 3" 3 "$SBXCTL" status bad

        printf 'ExecStart=\0\n' >"$units/nul.sandbox"
        ln -s /etc/passwd "$units/out.sandbox"
        mkfifo "$units/fifo.sandbox"
        mkdir "$units/folder.sandbox"
        write_unit open <<<$'[Sandbox]\nExecStart=/bin/true'
        chmod 666 "$units/open.sandbox"
        write_unit quote <<<$'[Sandbox]\nExecStart="/bin/true'
        truncate -s 100M "$units/large.sandbox"
        for unit in nul out fifo folder open quote large; do
                check_status "verify refuses: $unit" 2 timeout 5 "$SBXCTL" verify "$unit"
                check_status "start refuses: $unit" 1 timeout 5 "$SBXCTL" start "$unit"
        done
        rm -r "$units"/{nul,out,fifo,folder,open,quote,large}.sandbox
        check_status "sbxd lives on" 0 "$SBXCTL" list
}

failing_starts() {
        write_unit layer <<<$'[Sandbox]\nExecStart=/bin/true\nLayers=nosuch'
        check_output "a missing layer is named with its place" 'layer\.sandbox:3:8: error: Layers=: .*nosuch' "$SBXCTL" verify layer
        check_status "a missing layer does not start" 1 "$SBXCTL" start layer
        check_output "the start names it too" 'nosuch' "$SBXCTL" start layer
        check_output "explain shows the line" '3 \| Layers=nosuch' "$SBXCTL" explain layer
        check_output "and what to change" 'Change the unit, then: sbxctl verify layer' "$SBXCTL" explain layer

        write_unit program <<<$'[Sandbox]\nType=exec\nExecStart=/bin/nosuch\nLayers=busybox'
        check_status "a missing program does not start" 1 "$SBXCTL" start program
        check_output "the step, the object, the directive and its place are named" \
                'nosuch.*ExecStart= at .*program\.sandbox:3:11' "$SBXCTL" start program
        check_output "the start says where to look" 'sbxctl status program' "$SBXCTL" start program
        check_output "status tells why" 'Status: .*nosuch' "$SBXCTL" status program
        check_status "status of a failed unit: 3" 3 "$SBXCTL" status program
        check_equal "is-active says failed" "$("$SBXCTL" is-active program)" failed
        check_equal "the directive at fault is a property" "$("$SBXCTL" show -p FailedDirective --value program)" ExecStart
        check "reset-failed" "$SBXCTL" reset-failed program
        check_equal "is-active says inactive then" "$("$SBXCTL" is-active program)" inactive
        rm "$units"/{layer,program}.sandbox
}

life() {
        write_unit idle <<<$'[Sandbox]\nExecStart=/bin/true\nLayers=busybox'
        check_status "exec in a unit that was never loaded: 125" 125 "$SBXCTL" exec --pipe idle -- /bin/true
        check_status "kill of a unit that was never loaded: 3" 3 "$SBXCTL" kill idle
        rm "$units/idle.sandbox"
        check "start" "$SBXCTL" start web
        check "the page is served" wait_for 5 page_served http://127.0.0.1:8080/
        check_equal "is-active" "$("$SBXCTL" is-active web)" active
        check_status "status of a running unit: 0" 0 "$SBXCTL" status web
        for line in 'Active: active \(running\) since .* ago' 'Main PID: [0-9]+ \(httpd|busybox\)' 'Tasks: [0-9]+ \(limit: 32\)' \
                'Memory: .* \(max: 64M\)' '^ {13}(├|└)─[0-9]+ /bin/httpd -f' 'Ports: http: 8080' 'Layers: busybox site' 'Users: root inside is uid [0-9]{6,} outside'; do
                check_output "status shows $line" "$line" "$SBXCTL" status web
        done
        check_equal "show of one value" "$("$SBXCTL" show -p MemoryMax --value web)" 67108864
        check_equal "show of a directive" "$("$SBXCTL" show -p Layers,Restart web)" $'Layers=busybox site\nRestart=on-failure'
        check "MainPID is httpd on the host" grep -q . "/proc/$("$SBXCTL" show -p MainPID --value web)/comm"
        check "show as JSON is JSON" bash -c "'$SBXCTL' show --json=pretty web | python3 -m json.tool"
        check_output "list" 'web\.sandbox +loaded +active +running +[0-9]+ .*8080' "$SBXCTL" list
        check_output "list without its legend" '^ +web\.sandbox' "$SBXCTL" list --no-legend
        check_output "list as JSON" '"unit": *"web\.sandbox"' "$SBXCTL" list --json=short
        check_output "list-unit-files" 'web\.sandbox' "$SBXCTL" list-unit-files
        check_output "status by pattern" 'web\.sandbox - Static' "$SBXCTL" status 'w*'
        check_status "start of what runs: 0" 0 "$SBXCTL" start web
        local before after
        before=$("$SBXCTL" show -p MainPID --value web)
        check "restart" "$SBXCTL" restart web
        after=$("$SBXCTL" show -p MainPID --value web)
        check "restart makes a new process" test "$before" != "$after"
        check "the page is served again" wait_for 5 page_served http://127.0.0.1:8080/
}

looks() {
        check_output "ps: pid 1 inside is the sandbox's init, as its root" '^web\.sandbox +[0-9]+ +1 +0 +S ' "$SBXCTL" ps web
        check_output "ps: the workload stands below it" '^web\.sandbox +[0-9]+ +2 +0 +S .*(─|-)/bin/httpd -f' "$SBXCTL" ps web
        check_output "ps: the relay is none of its own" '^web\.sandbox +[0-9]+ +- +- +S .*sbx-relay' "$SBXCTL" ps web
        check_equal "ps: a column for scripts" "$("$SBXCTL" ps --no-legend -o inside,pid web | grep '^ *2 ' | awk '{print $2}')" \
                "$("$SBXCTL" show -p MainPID --value web)"
        check_status "ps of no unit: 4" 4 "$SBXCTL" ps nope
        check_output "inspect has the places of directives" '"MemoryMax": *"[^"]*/web\.sandbox:[0-9]+:[0-9]+"' "$SBXCTL" inspect web
        check_output "show of the places" '"MemoryMax": "/[^\\]*web.sandbox:[0-9]+:[0-9]+"' "$SBXCTL" show -p DirectivePlaces --value web
        check_output "show: bytes of block devices" '^IOReadBytes=([0-9]+|\[not set\])$' "$SBXCTL" show -p IOReadBytes web
        check_status "is-failed of what runs: 1" 1 "$SBXCTL" is-failed web
        write_unit brief <<<$'[Sandbox]\nLayers=busybox\nExecStart=/bin/sh -c "sleep 1; exit 3"'
        check "start of a unit that ends soon" "$SBXCTL" start brief
        check_status "wait: 0 however it ended" 0 timeout 10 "$SBXCTL" wait brief
        check_status "is-failed says so" 0 "$SBXCTL" is-failed brief
        check_output "wait --json has the status" '"ExecMainStatus": *3' "$SBXCTL" wait --json=short brief
        check "reset-failed of it" "$SBXCTL" reset-failed brief
        rm "$units/brief.sandbox"
}

explanations() {
        write_unit program <<<$'[Sandbox]\nType=exec\nExecStart=/bin/nosuch\nLayers=busybox'
        "$SBXCTL" start program 2>/dev/null
        for line in 'program\.sandbox did not start: executing the program failed' 'Error: +ENOENT' 'Place: .*program\.sandbox:3:11' \
                '3 \| ExecStart=/bin/nosuch' 'sbxctl verify program' 'back end: direct'; do
                check_output "explain shows $line" "$line" "$SBXCTL" explain program
        done
        check_status "explain: 0" 0 "$SBXCTL" explain program
        check_equal "explain as JSON" "$("$SBXCTL" explain --json=short program | python3 -c 'import json, sys; print(json.load(sys.stdin)["directive"])')" \
                ExecStart
        "$SBXCTL" reset-failed program
        rm "$units/program.sandbox"
        write_unit loose <<<$'[Sandbox]\nExecStart=/bin/sleep 1000\nLayers=busybox\nPrivateNetwork=no\nCapabilityBoundingSet=CAP_NET_RAW'
        check "start of a loose unit" "$SBXCTL" start loose
        check_output "explain names what is weaker, with its place" 'PrivateNetwork=no at .*loose\.sandbox:4:16: ' "$SBXCTL" explain loose
        check_output "explain names capabilities" 'CapabilityBoundingSet=CAP_NET_RAW at ' "$SBXCTL" explain loose
        check_equal "explain of the defaults names nothing" "$("$SBXCTL" explain web | grep -c Weaker)" 0
        check "stop of the loose unit" "$SBXCTL" stop loose
        rm "$units/loose.sandbox"
}

watching() {
        local events=/run/monitor.log pid
        check_output "top: a row with figures" '^web\.sandbox +[0-9]+ +[0-9]+\.[0-9] +[0-9.]+[BKM] ' "$SBXCTL" top -d 200ms web
        check_equal "top as JSON" "$("$SBXCTL" top --json=short -d 100ms web | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["unit"])')" \
                web.sandbox
        "$SBXCTL" exec --pipe web -- /bin/sh -c 'while :; do :; done' &
        pid=$!
        check_output "top: what is busy uses a processor" '^web\.sandbox +[0-9]+ +([1-9][0-9]|1[0-9][0-9])\.' "$SBXCTL" top -d 1s web
        kill -TERM "$pid"
        wait "$pid"
        "$SBXCTL" monitor 'web*' >"$events" &
        pid=$!
        sleep 0.5
        "$SBXCTL" restart web
        sleep 0.5
        kill "$pid"
        wait "$pid"
        check "monitor: the job" grep -Eq 'JobNew +web\.sandbox job=[0-9]+' "$events"
        check "monitor: its end" grep -Eq 'JobRemoved +web\.sandbox job=[0-9]+ .*result=done' "$events"
        check_equal "monitor: what stays the same is told once" "$(grep -c 'LoadState=loaded' "$events")" 1
        check "monitor: changes" grep -Eq 'PropertiesChanged +web\.sandbox .*SubState=running' "$events"
        check "the page is served after a restart" wait_for 5 page_served http://127.0.0.1:8080/
}

examination() {
        local mounts
        mounts=$(wc -l </proc/self/mountinfo)
        check_status "doctor: sandboxes start here" 0 "$SBXCTL" doctor
        check_output "doctor: sbxd runs" '^sbxd +ok' "$SBXCTL" doctor
        check_output "doctor: the helper has what it needs" '^sbx-helper +ok' "$SBXCTL" doctor
        check_output "doctor: the layer store" '^idmapped mounts +(ok|limited) +/run/' "$SBXCTL" doctor
        check_equal "doctor mounts nothing" "$(wc -l </proc/self/mountinfo)" "$mounts"
        check_output "doctor: not root" '^overlay +(unknown|ok)' setpriv --reuid 65534 --regid 65534 --clear-groups "$SBXCTL" doctor
        check_output "doctor: no namespaces left to make" 'network namespace +missing .*max_net_namespaces' unshare --user --map-root-user \
                bash -c "echo 0 >/proc/sys/user/max_net_namespaces; '$SBXCTL' doctor"
        check_status "doctor: 1 then" 1 unshare --user --map-root-user bash -c "echo 0 >/proc/sys/user/max_net_namespaces; '$SBXCTL' doctor"
}

execs() {
        check_output "exec: root inside is nobody outside" 'uid=0' "$SBXCTL" exec --pipe web -- /bin/id
        check_equal "exec: stdin and stdout are passed on" "$(echo hello | "$SBXCTL" exec --pipe web -- /bin/cat)" hello
        check_equal "exec: stderr is passed on" "$("$SBXCTL" exec --pipe web -- /bin/sh -c 'echo oops >&2' 2>&1 >/dev/null)" oops
        check_status "exec: the status is the command's" 42 "$SBXCTL" exec --pipe web -- /bin/sh -c 'exit 42'
        # shellcheck disable=SC2016 # the sandbox's shell is to expand it
        check_status "exec: 128 and the signal" 137 "$SBXCTL" exec --pipe web -- /bin/sh -c 'kill -9 $$'
        check_output "exec names what the caller said" 'User= of the command line' \
                "$SBXCTL" exec --pipe --user=nosuch web -- /bin/id
        check_output "and where" 'WorkingDirectory= of the command line' \
                "$SBXCTL" exec --pipe --working-directory=/nosuch web -- /bin/id
        check_status "exec: 127 where there is no such program" 127 "$SBXCTL" exec --pipe web -- /bin/nosuch
        check_status "exec: 126 where it cannot be executed" 126 "$SBXCTL" exec --pipe web -- /srv/www/index.html
        check_status "exec: 125 in a unit that does not run" 125 "$SBXCTL" exec --pipe bad -- /bin/true
        # shellcheck disable=SC2016
        check_output "exec: environment and directory" '^x /srv$' \
                "$SBXCTL" exec --pipe -E A=x -w /srv web -- /bin/sh -c 'echo "$A $PWD"'
        check_output "exec: another user" 'uid=7 ' "$SBXCTL" exec --pipe -u 7 web -- /bin/id
        # shellcheck disable=SC2016
        check_output "exec: a terminal of its own" '/dev/pts/[0-9]+' pty "$SBXCTL" exec -t web -- /bin/tty
        check_status "exec: with a terminal, the status is the command's" 7 pty "$SBXCTL" exec -t web -- /bin/sh -c 'exit 7'
        check_output "exec: the same namespaces" same bash -c "
                [ \"\$('$SBXCTL' exec --pipe web -- /bin/readlink /proc/self/ns/net)\" = \
                  \"\$(readlink /proc/\$('$SBXCTL' show -p MainPID --value web)/ns/net)\" ] && echo same"
        "$SBXCTL" exec --pipe web -- /bin/sleep 30 &
        local pid=$! status=0
        sleep 0.5
        kill -INT "$pid"
        wait "$pid" || status=$?
        check_equal "exec: SIGINT is passed on" "$status" 130
}

runs() {
        local run=("$SBXCTL" run --pipe -p Layers=busybox)
        check_equal "run: output" "$("${run[@]}" -- /bin/echo hello)" hello
        check_equal "run: input" "$(echo hello | "${run[@]}" -- /bin/cat)" hello
        # shellcheck disable=SC2016 # nobody is to expand it
        check_equal "run: arguments are as they are" "$("${run[@]}" -- /bin/echo 'a  b' '$HOME' '100%' '"')" "a  b \$HOME 100% \""
        check_status "run: the status is the command's" 42 "${run[@]}" -- /bin/sh -c 'exit 42'
        # shellcheck disable=SC2016
        check_status "run: 128 and the signal" 143 "${run[@]}" -- /bin/sh -c 'kill -15 $$'
        check_status "run: 127 where there is no such program" 127 "${run[@]}" -- /bin/nosuch
        check_status "run: 126 where it cannot be executed" 126 "${run[@]}" -p Layers=site -- /srv/www/index.html
        check_status "run: 125 where sbx fails" 125 "${run[@]}" -p Layers=nosuch -- /bin/true
        check_output "run: a bad directive is named" 'MemoryMax' "${run[@]}" -p MemoryMx=1 -- /bin/true
        check_status "run: 125 for a bad directive" 125 "${run[@]}" -p MemoryMx=1 -- /bin/true
        # shellcheck disable=SC2016
        check_equal "run: environment" "$("${run[@]}" -E 'A=b c' -- /bin/sh -c 'echo "$A"')" "b c"
        check_output "run: a terminal of its own" '/dev/pts/0' pty "$SBXCTL" run -t -p Layers=busybox -- /bin/tty
        check_status "run: with a terminal, the status is the command's" 9 \
                pty "$SBXCTL" run -t -p Layers=busybox -- /bin/sh -c 'exit 9'
        # shellcheck disable=SC2016
        check_output "run: the terminal is as large as the user's" '33 44' \
                pty bash -c 'stty rows 33 cols 44; "$0" run -t -p Layers=busybox -- /bin/stty size' "$SBXCTL"
        # It may have ended before sbxctl has the terminal.
        # shellcheck disable=SC2016
        check_equal "run: with a terminal, no output of a short command is lost" \
                "$(for _ in $(seq 30); do pty "$SBXCTL" run -t -p Layers=busybox -- /bin/echo here; done | grep -c here)" 30
        # shellcheck disable=SC2016
        check_equal "run: container_uuid is the id of the invocation" \
                "$("${run[@]}" -- /bin/sh -c '[ "$(echo "$container_uuid" | tr -d -)" = "$INVOCATION_ID" ] && echo same')" same
        # shellcheck disable=SC2016
        check_output "run: the user's terminal is restored" 'same' \
                pty bash -c 'a=$(stty -g); "$0" run -t -p Layers=busybox -- /bin/false; [ "$a" = "$(stty -g)" ] && echo same' "$SBXCTL"
        "${run[@]}" -- /bin/sleep 30 &
        local pid=$! status=0 name
        sleep 0.5
        kill -TERM "$pid"
        wait "$pid" || status=$?
        check_equal "run: SIGTERM is passed on" "$status" 143

        name=$("$SBXCTL" run --no-block --name=bg -p Layers=busybox -- /bin/sleep 1000)
        check_equal "run --no-block prints the name" "$name" bg.sandbox
        check "it runs" wait_for 5 property_is bg ActiveState active
        check_output "it is transient" 'transient' "$SBXCTL" status bg
        check_status "its name is taken" 125 "$SBXCTL" run --pipe --name=bg -p Layers=busybox -- /bin/true
        check "it stops" "$SBXCTL" stop bg
}

logs() {
        write_unit talk <<'END'
[Sandbox]
Type=oneshot
Layers=busybox
ExecStart=/bin/sh -c 'echo one; printf "t\\033[31mwo\\n"; echo "<3>bad"; echo three >&2'
END
        check "start of a oneshot waits for its end" "$SBXCTL" start talk
        check_output "logs" '^[A-Z][a-z]+ [0-9]+ [0-9:]+ talk\.sandbox: one$' "$SBXCTL" logs talk
        check_output "logs: control characters are escaped" '^t\\x1b\[31mwo$' "$SBXCTL" logs -o cat talk
        check_equal "logs -n 1" "$("$SBXCTL" logs -n 1 -o cat talk)" three
        check_equal "logs -p" "$("$SBXCTL" logs -o cat -p err talk)" bad
        check_output "logs --since" 'three' "$SBXCTL" logs --since=-1min talk
        check_equal "logs --until" "$("$SBXCTL" logs --until=-1min talk)" ""
        check_output "status shows the last lines" ': three$' "$SBXCTL" status talk
        check_status "start --wait" 0 "$SBXCTL" start --wait talk

        write_unit count <<'END'
[Sandbox]
Layers=busybox
ExecStart=/bin/sh -c 'i=0; while sleep 0.1; do i=$((i+1)); echo "line $i"; done'
END
        check "start of a unit that goes on talking" "$SBXCTL" start count
        check "logs -f follows" bash -c "timeout 5 '$SBXCTL' logs -f count | grep -q -m1 'line 12'"
        check "stop of it" "$SBXCTL" stop count
        rm "$units"/{talk,count}.sandbox
}

# Workloads that write without end, without line breaks, and what a terminal would obey.
floods() {
        local pid before after
        write_unit flood <<'END'
[Sandbox]
Layers=busybox
ExecStart=/bin/sh -c 'while :; do cat /bin/busybox; done'
END
        write_unit noline <<'END'
[Sandbox]
Layers=busybox
ExecStart=/bin/sh -c 'cat /dev/zero | tr "\\000" x'
END
        check "start of one that writes without end" "$SBXCTL" start flood
        check "start of one that writes no line break" "$SBXCTL" start noline
        pid=$(pidof sbx-helper)
        before=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
        sleep 3
        after=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
        if [ $((after - before)) -lt 150 ]; then
                ok "the helper spends less than half of a processor on them"
        else
                not_ok "the helper spends less than half of a processor on them" "$((after - before)) ticks in 3 s"
        fi
        check "others are served meanwhile" "$SBXCTL" run --pipe -p Layers=busybox -- /bin/true
        check "their files stay within the bounds" \
                test "$(cat /run/sbx/log/{flood,noline}.sandbox.log* | wc -c)" -le $((4 * 512 * 1024))
        check_output "logs tells what was left out" 'sbx: Suppressed [0-9]+ lines of output of flood' \
                bash -c "'$SBXCTL' stop flood noline && '$SBXCTL' logs flood"
        check_equal "nothing that a terminal would obey" "$("$SBXCTL" logs -o cat flood | LC_ALL=C tr -d '\n\t -~\200-\377' | wc -c)" 0
        check "a line without an end is kept in parts" test "$(wc -L </run/sbx/log/noline.sandbox.log)" -le $((49 * 1024))
        rm "$units"/{flood,noline}.sandbox
}

kills() {
        check "kill of the workload alone" "$SBXCTL" kill -s KILL --kill-whom=main web
        check "Restart=on-failure starts it again" wait_for 5 property_is web NRestarts 1
        check "the page is served after it" wait_for 5 page_served http://127.0.0.1:8080/
        check_status "kill with a bad signal: 1" 1 "$SBXCTL" kill -s NONSENSE web
        check_status "kill of what does not run" 3 "$SBXCTL" kill bad
        check "stop" "$SBXCTL" stop web
        check_status "stop of what is stopped: 0" 0 "$SBXCTL" stop web
        check_status "status of an inactive unit: 3" 3 "$SBXCTL" status web
        check_status "is-active of an inactive unit: 3" 3 "$SBXCTL" is-active web
        check_status "status of no unit: 4" 4 "$SBXCTL" status nope
        check_status "is-active of no unit: 4" 4 "$SBXCTL" is-active nope
        check_status "start of no unit: 4" 4 "$SBXCTL" start nope
        check_status "exec in what does not run: 125" 125 "$SBXCTL" exec --pipe web -- /bin/true
}

# ticks NAME: how much processor time its workload has had.
ticks() {
        awk '{ print $14 + $15 }' "/proc/$("$SBXCTL" show -p MainPID --value "$1")/stat"
}

freezes() {
        local before
        write_unit busy <<<$'[Sandbox]\nExecStart=/bin/sh -c "while :; do :; done"\nLayers=busybox\nTimeoutStopSec=20'
        check_status "freeze of what does not run: 3" 3 "$SBXCTL" freeze busy
        check_output "and why" 'cannot be frozen: it is not running' "$SBXCTL" freeze busy
        check "start of what works without end" "$SBXCTL" start busy
        check_equal "it can be frozen" "$("$SBXCTL" show -p CanFreeze,FreezerState busy)" $'CanFreeze=yes\nFreezerState=running'
        check "freeze" "$SBXCTL" freeze busy
        check_equal "FreezerState says so" "$(property busy FreezerState)" frozen
        check_equal "it is active all the same" "$("$SBXCTL" is-active busy)" active
        check_output "status says so" 'Active: active \(running\) \(frozen\) since' "$SBXCTL" status busy
        check_output "list says so" 'busy\.sandbox +loaded +active +frozen ' "$SBXCTL" list
        before=$(ticks busy)
        sleep 0.5
        check_equal "it gets no processor time" "$(ticks busy)" "$before"
        check_status "exec in it: 125" 125 timeout 10 "$SBXCTL" exec --pipe busy -- /bin/true
        check_output "and why" 'is frozen.*sbxctl thaw busy' timeout 10 "$SBXCTL" exec --pipe busy -- /bin/true
        check_status "freeze again: 0" 0 "$SBXCTL" freeze busy
        check "thaw" "$SBXCTL" thaw busy
        check_equal "FreezerState says running" "$(property busy FreezerState)" running
        before=$(ticks busy)
        sleep 0.5
        check "it works on" test "$(ticks busy)" -gt "$before"
        check_status "exec works again" 0 "$SBXCTL" exec --pipe busy -- /bin/true
        "$SBXCTL" freeze busy
        check "stop of what is frozen" timeout 10 "$SBXCTL" stop busy
        check_equal "it has ended well" "$("$SBXCTL" is-active busy)" inactive
        "$SBXCTL" start busy && "$SBXCTL" freeze busy
        check "restart of what is frozen" timeout 10 "$SBXCTL" restart busy
        check_equal "what was restarted runs" "$(property busy FreezerState)" running
        "$SBXCTL" freeze busy
        check "kill -s KILL of what is frozen" "$SBXCTL" kill -s KILL busy
        check "ends it" wait_for 5 property_is busy ActiveState failed
        check_equal "and nothing is frozen then" "$(property busy FreezerState)" running
        "$SBXCTL" reset-failed busy
        rm "$units/busy.sandbox"
}

# limit_file NAME CONTROLLER FILE: what the kernel says, wherever the controller is mounted.
limit_file() {
        local pid path
        pid=$("$SBXCTL" show -p MainPID --value "$1")
        if [ -d "/sys/fs/cgroup/$2" ]; then
                path=/sys/fs/cgroup/$2$(sed -nE "s/^[0-9]+:([^:]*,)?$2(,[^:]*)?://p" "/proc/$pid/cgroup")
        else
                path=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
        fi
        cat "$path/$3"
}

properties() {
        write_unit lim <<<$'[Sandbox]\nExecStart=/bin/sleep 1000\nLayers=busybox\nTasksMax=11'
        check "set-property of a unit that does not run" "$SBXCTL" set-property lim TasksMax=12
        check_equal "it is shown" "$(property lim TasksMax)" 12
        check_output "it is a drop-in" '^TasksMax=12$' cat "$units.control/lim.sandbox.d/50-TasksMax.conf"
        check_output "which cat and status know" 'units\.control/lim\.sandbox\.d/50-TasksMax\.conf' "$SBXCTL" cat lim
        check_equal "nothing has to be reloaded" "$(property lim NeedDaemonReload)" no
        check "it starts" "$SBXCTL" start lim
        check_equal "with the limit" "$(limit_file lim pids pids.max)" 12
        check "set-property of what runs" "$SBXCTL" set-property --runtime lim TasksMax=13 CPUWeight=50
        check_equal "it is in force" "$(limit_file lim pids pids.max)" 13
        check_equal "it is shown too" "$(property lim TasksMax)" 13
        check_output "--runtime keeps it in /run/sbx" '^CPUWeight=50$' cat /run/sbx/system.control/lim.sandbox.d/50-CPUWeight.conf
        check_status "one that the kernel does not take: 1" 1 "$SBXCTL" set-property lim TasksMax=14 CPUQuota=999999999999%
        check_output "it is named" 'CPUQuota=' "$SBXCTL" set-property lim TasksMax=14 CPUQuota=999999999999%
        check_equal "and all is as it was" "$(limit_file lim pids pids.max)" 13
        check "nor is there a drop-in" test ! -e "$units.control/lim.sandbox.d/50-CPUQuota.conf"
        check_output "what cannot change is named" 'ExecStart= cannot change' "$SBXCTL" set-property lim ExecStart=/bin/true
        check_output "a bad value is named" 'MemoryMax=' "$SBXCTL" set-property lim MemoryMax=lots
        check_equal "what an earlier call set is not set twice" \
                "$("$SBXCTL" set-property lim TasksMax=many 2>&1 | grep -c 'set twice')" 0
        check "an empty value" "$SBXCTL" set-property lim TasksMax=
        check_equal "is the default, in force" "$(limit_file lim pids pids.max)" 1024
        "$SBXCTL" set-property lim TasksMax=15
        check "restart keeps it" "$SBXCTL" restart lim
        check_equal "in force" "$(limit_file lim pids pids.max)" 15
        check_output "show --effective" '^TasksMax +15 +15 *$' "$SBXCTL" show --effective lim
        check_output "what is not limited" '^MemoryMax +infinity +infinity *$' "$SBXCTL" show --effective lim
        local pids=/sys/fs/cgroup/pids
        pids=$pids$(sed -nE 's/^[0-9]+:pids://p' "/proc/$("$SBXCTL" show -p MainPID --value lim)/cgroup")
        if [ -e "$pids/../pids.max" ]; then
                echo 12 >"$pids/../pids.max"
                check_output "it names the cgroup that caps" '^TasksMax +15 +15 +/.*/sbx: 12$' "$SBXCTL" show --effective lim
                echo max >"$pids/../pids.max"
        fi
        "$SBXCTL" stop lim
        check_output "what does not run has no limit in force" '^TasksMax +15 +- *$' "$SBXCTL" show --effective lim
        rm -r "$units/lim.sandbox" "$units.control" /run/sbx/system.control
        "$SBXCTL" daemon-reload
        "$SBXCTL" run --no-block --name=pass -p Layers=busybox -- /bin/sleep 1000
        wait_for 5 property_is pass ActiveState active
        check "set-property of a transient one" "$SBXCTL" set-property pass TasksMax=33
        check_equal "is in force" "$(limit_file pass pids pids.max)" 33
        check "and makes no file" test ! -e "$units.control"
        "$SBXCTL" stop pass
}

# A new sbxd holds other descriptors than the first: not part of the census.
manager_killed() {
        write_unit idle <<<$'[Sandbox]\nExecStart=/bin/sleep 1000\nLayers=busybox'
        "$SBXCTL" start idle && "$SBXCTL" freeze idle
        # shellcheck disable=SC2154 # by daemons_start
        kill -KILL "$sbxd_pid"
        wait "$sbxd_pid" 2>/dev/null
        sbxd_run "$build"
        check "a new sbxd knows what ran" wait_for 10 property_is idle ActiveState active
        check_equal "and that it is frozen" "$(property idle FreezerState)" frozen
        check "it can be thawed" "$SBXCTL" thaw idle
        check_equal "which is known too" "$(property idle FreezerState)" running
        check "and stopped" "$SBXCTL" stop idle
        rm "$units/idle.sandbox"
}

reload() {
        write_unit turn <<<$'[Sandbox]\nExecStart=/bin/sleep 1000\nLayers=busybox\nTasksMax=11'
        check "start of a unit that will change" "$SBXCTL" start turn
        write_unit turn <<<$'[Sandbox]\nExecStart=/bin/sleep 1000\nLayers=busybox\nTasksMax=12'
        check_output "status says that it changed" 'daemon-reload' "$SBXCTL" status turn
        check "daemon-reload" "$SBXCTL" daemon-reload
        check_equal "its new value is shown" "$("$SBXCTL" show -p TasksMax --value turn)" 12
        check "stop of it" "$SBXCTL" stop turn
        rm "$units/turn.sandbox"
        "$SBXCTL" daemon-reload
}

second_program() {
        write_unit second <<<$'[Sandbox]\nType=oneshot\nExecStart=/bin/true\nExecStart=/bin/nothing\nLayers=busybox'
        check_status "a second program that is not there: the start fails" 1 "$SBXCTL" start second
        check_output "status names it, with its place" '/bin/nothing.*ExecStart= at .*second\.sandbox:[34]:' "$SBXCTL" status second
        check_output "explain, too" 'executing the program failed' "$SBXCTL" explain second
        check_equal "with the exit status of the step" "$("$SBXCTL" show -p ExecMainStatus --value second)" 203
        "$SBXCTL" reset-failed second
}

# More at once than a short queue of connections would hold.
crowd() {
        local pids=() pid lost=0
        write_unit limit <<<$'[Sandbox]\nType=oneshot\nExecStart=/bin/false\nLayers=busybox'
        for _ in $(seq 1 8); do
                "$SBXCTL" start limit >/dev/null 2>&1
        done
        check_output "the start limit tells the last reason" 'dealt with\. The last time: The workload exited' "$SBXCTL" status limit
        check_equal "and itself but once" "$("$SBXCTL" status limit | grep -o 'It was started' | wc -l)" 1
        "$SBXCTL" reset-failed limit
        write_unit many <<<$'[Sandbox]\nExecStart=/bin/sleep 1000\nLayers=busybox'
        check "start of a unit for many" "$SBXCTL" start many
        for _ in $(seq 1 100); do
                "$SBXCTL" exec many -- /bin/true </dev/null >/dev/null 2>&1 &
                pids+=($!)
        done
        for pid in "${pids[@]}"; do
                wait "$pid" || lost=$((lost + 1))
        done
        check_equal "a hundred at once are all served" "$lost" 0
        check "stop of it again" "$SBXCTL" stop many
        rm "$units/limit.sandbox" "$units/many.sandbox"
        "$SBXCTL" daemon-reload
}

strangers() {
        check_output "not root: changing is refused" . setpriv --reuid 65534 --regid 65534 --clear-groups \
                env SBX_PRIVATE_SOCKET=/run/sbx/private "$SBXCTL" start web
        check_status "not root: exit 1" 1 setpriv --reuid 65534 --regid 65534 --clear-groups \
                env SBX_PRIVATE_SOCKET=/run/sbx/private "$SBXCTL" start web
        check_status "an unknown verb: 1" 1 "$SBXCTL" strat web
        check_output "not root, and no bus: it is not said that sbxd does not run" 'There is no system bus' \
                setpriv --reuid 65534 --regid 65534 --clear-groups env -u SBX_PRIVATE_SOCKET \
                DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/nobus "$SBXCTL" list
        check_output "an unknown verb: did you mean" "Did you mean 'start'" "$SBXCTL" strat web
}

SBXCTL=$build/src/sbxctl
without_daemon
daemons_start "$build" || exit 1
# The first start of all makes what stays: loop control, folders of the helper.
"$SBXCTL" start web && "$SBXCTL" stop web
census=$("$beds/census.sh")
offline
bad_units
failing_starts
life
looks
explanations
watching
examination
execs
runs
logs
floods
kills
freezes
properties
reload
second_program
crowd
strangers
"$SBXCTL" stop '*'
"$SBXCTL" reset-failed
check_census "nothing is left of it all" "$census"
manager_killed
check "the daemons end" daemons_stop
finish
