#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verbs.py SBXCTL FAKE: what each verb prints and exits with, against tests/fake/fake-sbxd.c. Needs no
root and makes no sandbox."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

SBXCTL, FAKE = sys.argv[1:3]
failed = 0


def check(name, good, shown=""):
    global failed
    failed += not good
    print(f"{'ok' if good else 'not ok'} {name}" + ("" if good else f"\n    # {shown!r}"))


def run(*words, stdin="", **more):
    environment = dict(os.environ, SBX_PRIVATE_SOCKET=SOCKET, NO_COLOR="1", TERM="xterm", TZ="UTC", **more)
    environment.pop("SYSTEMD_COLORS", None)
    return subprocess.run([SBXCTL, *words], input=stdin, text=True, capture_output=True, timeout=20, env=environment)


# name, words, exit status, what stdout has (expression), what stderr has
CASES = [
    ("start", "start web", 0, "^$", "^$"),
    ("start --no-block", "start --no-block broken", 0, "^$", "^$"),
    ("start that fails", "start broken", 1, "^$", r"start of broken\.sandbox failed:\n  Executing failed on \"\\x1b\[5m/bin/x\"\.\n"
     r"See 'sbxctl status broken' and 'sbxctl logs broken'\."),
    ("start of a bad unit", "start bad", 1, "^$", r"^Failed to start bad\.sandbox: it has mistakes:\nbad\.sandbox:3:7: error: MemoryMax=: no size\n$"),
    ("start of no unit", "start nope", 4, "^$", r"There is no unit nope\.sandbox\."),
    ("start of a bad name", "start a/b", 1, "^$", "no name of a sandbox"),
    ("start of several", "start web idle nope", 4, "^$", "nope"),
    ("start --wait of what ends", "start --wait ends", 0, "^$", "^$"),
    ("start without a name", "start", 1, "^$", r"Too few arguments: sbxctl start NAME"),
    ("start by pattern", "start w*", 0, "^$", "^$"),
    ("start by pattern of what fails", "start *ken web", 1, "^$", r"start of broken\.sandbox failed"),
    ("start by pattern of nothing", "start zz*", 0, "^$", "^$"),
    ("cat as JSON", "cat --json=short web", 1, "^$", "'sbxctl show --json=short'"),
    ("cat by pattern of nothing", "cat zz*", 0, "^$", "^$"),
    ("stop", "stop web", 0, "^$", "^$"),
    ("stop by pattern", "stop w*", 0, "^$", "^$"),
    ("stop by pattern of nothing", "stop zz*", 0, "^$", "^$"),
    ("restart", "restart web", 0, "^$", "^$"),
    ("is-active", "is-active web", 0, "^active\n$", "^$"),
    ("is-active, one of two", "is-active idle web", 0, "^inactive\nactive\n$", "^$"),
    ("is-active, none", "is-active idle broken", 3, "^inactive\nfailed\n$", "^$"),
    ("is-active of no unit", "is-active nope", 4, "^unknown\n$", "^$"),
    ("is-active -q", "is-active -q web", 0, "^$", "^$"),
    ("is-failed", "is-failed broken", 0, "^failed\n$", "^$"),
    ("is-failed, none", "is-failed web idle", 1, "^active\ninactive\n$", "^$"),
    ("is-failed of no unit", "is-failed nope", 4, "^unknown\n$", "^$"),
    ("is-failed -q", "is-failed -q broken", 0, "^$", "^$"),
    ("wait for what does not run", "wait idle broken", 0, "^$", "^$"),
    ("wait for no unit", "wait nope", 4, "^$", "There is no unit nope"),
    ("wait by pattern of nothing", "wait zz*", 0, "^$", "^$"),
    ("wait --json", "wait --json=short broken", 0, r'"broken\.sandbox":{"ActiveState":"failed","Result":"exit-code"', "^$"),
    ("inspect", "inspect -p MainPID web", 0, r'^{\n  "MainPID": 1\n}\n$', "^$"),
    ("inspect --json", "inspect --json=short -p MainPID web", 0, r'^{"MainPID":1}\n$', "^$"),
    ("ps", "ps web", 0, r"^UNIT +PID +INSIDE +USER +STATE +CPU +MEMORY +COMMAND *\nweb\.sandbox +5000001 +1 +0 +S +0 +4K +\[init\]\n"
     r"web\.sandbox +5000002 +2 +33 +R +1s 500ms +1M +(`-|└─)\[ht.*x1btpd\]\nweb\.sandbox +5000003 +- +- +S +0 +0B +\[relay\]\n$", "1 more that"),
    ("ps of all", "ps --no-legend -o pid,unit", 0, r"^5000001 web\.sandbox\n5000002 web\.sandbox\n5000003 web\.sandbox\n$", "more"),
    ("ps with a column more", "ps -o +parent web", 0, r"PARENT *\n", "more"),
    ("ps of what does not run", "ps idle", 0, "^$", "^$"),
    ("ps of no unit", "ps nope", 4, "^$", "no unit nope"),
    ("ps --json", "ps --json=short web", 0, r'"pid":5000003,"parent":1,"inside":null,"user":null,"state":"S"', "more"),
    ("explain of a failed unit", "explain broken", 0, r"^broken\.sandbox has failed \(exit-code\)\.\n\nWhat happened\n  Executing failed on \"\\x1b\[5m/bin/x\"(.*\n)*"
     r"\nWhat to do\n  \* Its program ended(.*\n)*\nIts last output\n\S+ \d+ [\d:]+ \S+: one\n(.*\n)*\nHost\n  Linux .*back end: direct", "^$"),
    ("explain of a bad unit", "explain bad", 0, r"Mistakes in the unit\n  \* bad\.sandbox:3:7: error", "^$"),
    ("explain of what runs", "explain web", 0, r"^web\.sandbox is up \(running\)", "^$"),
    ("explain of no unit", "explain nope", 4, "^$", "no unit nope"),
    ("top, one table where there is no terminal", "top -d 100ms", 0, r"^UNIT +TASKS +%CPU +MEMORY +INPUT/S +OUTPUT/S\nweb\.sandbox +3 +0\.0 +1\.5K +0B +- *\n$", "^$"),
    ("top -n", "top -b -n 2 -d 100ms --no-legend w*", 0, r"^web.*\nweb.*\n$", "^$"),
    ("top of no unit", "top -d 100ms nope", 4, "^$", "no unit nope"),
    ("top of nothing", "top -d 100ms zz*", 0, "^$", "^$"),
    ("top in an order that is none", "top --order=size", 1, "^$", "name, tasks, cpu, memory or io"),
    ("top too often", "top -d 1ms", 1, "^$", "from 100ms"),
    ("top never", "top -n 0", 1, "^$", "from 1"),
    ("doctor with an unknown column", "doctor -o x", 1, "^$", "There are: CHECK, STATE, DETAIL, FIX"),
    ("doctor of another host", "-H host doctor", 1, "^$", "ssh host sbxctl doctor"),
    ("run without a command", "run", 125, "^$", "Too few arguments"),
    ("exec with an option that is none", "exec --nonsense web id", 125, "^$", "option --nonsense"),
    ("run --json of no mode", "run --json=yes id", 125, "^$", "pretty, short or off"),
    ("columns in another order", "list --no-legend -o active,unit w*", 0, r"^active web\.sandbox\n$", "^$"),
    ("columns in any case", "list-unit-files --no-legend -o State,unit-file", 0, r"^enabled +web\.sandbox\n", "^$"),
    ("columns that are not", "list -o unit,nonsense", 1, "^$", r"no column 'nonsense'\. There are: UNIT, LOAD"),
    ("-H of what is local", "-H host plan web", 1, "^$", "ssh host sbxctl plan"),
    ("-H of what passes descriptors", "-H host exec web -- x", 125, "^$", "ssh host sbxctl exec"),
    ("-H of an option", "-H -oProxyCommand=x list", 1, "^$", "USER@HOST"),
    ("-H and --address", "-H host --address=/x list", 1, "^$", "exclude"),
    ("status", "status web", 0, r"^● web\.sandbox - What it is\n     Loaded: loaded\n     Active: active \(running\)\n(.*\n)*"
     r"   Main PID: 1 .*\n      Tasks: 3\n     Memory: 1\.5K \(max: 64M\)\n        CPU: 5s\n      Ports: http: 8080 → 80\n     Layers: busybox site\n\n\S+ \d+ [\d:]+ web\.sandbox: one\n"
     r".*: t\\x1b\[31mwo\n.*: three\n$", "^$"),
    ("status -n", "status -n 1 web", 0, r"site\n\n.*: three\n$", "^$"),
    ("status of an inactive unit", "status idle", 3, "○ idle", "^$"),
    ("status of a failed unit: where more is said", "status broken", 3, r"^ +More: sbxctl explain broken\.sandbox$", "^$"),
    ("status of a failed unit", "status broken", 3, r"Status: Executing failed on \"\\x1b\[5m/bin/x\"", "^$"),
    ("status of no unit", "status nope", 4, "^$", "nope"),
    ("status of the manager", "status", 0, "Backend: direct\n +Units: 5 loaded", "^$"),
    ("show of one", "show -p MainPID --value web", 0, "^1\n$", "^$"),
    ("show of a directive", "show -p MemoryMax,Layers web", 0, "^MemoryMax=67108864\nLayers=busybox site\n$", "^$"),
    ("show of what is not set", "show -p MemoryCurrent idle", 0, r"^MemoryCurrent=\[not set\]\n$", "^$"),
    ("show escapes", "show -p StatusText broken", 0, r"\\x1b\[5m", "^$"),
    ("show --effective", "show --effective web", 0, r"^DIRECTIVE +SET +IN FORCE +CAPPED BY *\nMemoryMax +64M +64M +/top\\x1b\[31m\.slice: 32M *\n"
     r"TasksMax +1024 +- *\nIOReadBandwidthMax /dev/\\x1bsda +- +infinity +/top\.slice: 5000000 *\n$", "^$"),
    ("show --effective as JSON", "show --effective --json=short web", 0,
     r'{"directive":"TasksMax","device":null,"set":"1024","in_force":null,"capped_by":null,"cap":null},'
     r'{"directive":"IOReadBandwidthMax","device":"/dev/\\u001bsda","set":null,"in_force":"infinity","capped_by":"/top.slice","cap":"5000000"}', "^$"),
    ("show --effective of no unit", "show --effective nope", 4, "^$", "nope"),
    ("show --effective of nothing", "show --effective", 1, "^$", "name one"),
    ("show of the manager", "show", 0, "^Backend=direct$", "^$"),
    ("list", "list", 0, r"^ +UNIT +LOAD +ACTIVE +SUB +PID +MEMORY +PORTS +DESCRIPTION *\n(.*\n)* +web\.sandbox +loaded +active +running +1 "
     r"+1\.5K +8080 +What \\x1b\[31m it is", "^$"),
    ("list leaves the inactive out, and sorts by name", "list --no-legend", 0, r"^● bad.*\n● broken.*\n +web.*\n$", "^$"),
    ("list --json sorts by name", "list --json=short", 0, r'^\[{"unit":"bad\.sandbox".*"unit":"broken\.sandbox".*"unit":"web\.sandbox"', "^$"),
    ("a pattern stands for names in their order", "is-active *", 0, r"^inactive\nfailed\ninactive\ninactive\nactive\n$", "^$"),
    ("list --all", "list --all", 0, "idle(.*\n)*\n5 sandboxes listed", "^$"),
    ("list by pattern", "list i*", 0, "idle(.*\n)*.*1 sandbox listed", "^$"),
    ("list-unit-files", "list-unit-files", 0, r"^web\.sandbox +enabled +/etc/sbx/system/web\.sandbox", "^$"),
    ("logs", "logs web", 0, r"^Nov 25 19:46:40 web\.sandbox: one\nNov 25 19:47:40 web\.sandbox: t\\x1b\[31mwo\n"
     r"Nov 25 19:48:40 web\.sandbox: three\n$", "^$"),
    ("logs -n", "logs -o cat -n 2 web", 0, r"^t\\x1b\[31mwo\nthree\n$", "^$"),
    ("logs of two, by time", "logs -o cat -n 2 web idle", 0, r"^three\nthree\n$", "^$"),
    ("logs -n all", "logs -n all -o cat web", 0, r"^one\n.*\nthree\n$", "^$"),
    ("logs -p", "logs -o cat -p warning web", 0, r"^t\\x1b\[31mwo\n$", "^$"),
    ("logs -p, a range", "logs -o cat -p 6..debug web", 0, r"^one\nthree\n$", "^$"),
    ("logs -p of no priority", "logs -p loud web", 1, "^$", "-p takes a priority.*'loud'"),
    ("logs --since", "logs -o cat --since @1764100120.5 web", 0, r"^three\n$", "^$"),
    ("logs --until", ["logs", "-o", "cat", "--until", "2025-11-25 19:46:41 UTC", "web"], 0, r"^one\n$", "^$"),
    ("logs --since of no time", "logs --since soon web", 1, "^$", "--since= takes a time .*'soon'"),
    ("logs -o short-unix", "logs -o short-unix -n 1 web", 0, r"^1764100120\.500000 web\.sandbox: three\n$", "^$"),
    ("logs -o short-iso", "logs -o short-iso -n 1 web", 0, r"^2025-11-25T19:48:40\+0000 web\.sandbox: three\n$", "^$"),
    ("logs -o json", "logs -o json -n 1 web", 0, r'^\{"__REALTIME_TIMESTAMP":"1764100120500000","PRIORITY":"7",'
     r'"SYSLOG_IDENTIFIER":"web.sandbox","SBX_UNIT":"web.sandbox","MESSAGE":"three"\}\n$', "^$"),
    ("logs --json", "--json=short logs -n 1 web", 0, r'^\{"__REALTIME', "^$"),
    ("logs -o of no format", "logs -o fancy web", 1, "^$", "one of short, .*json-pretty; not 'fancy'"),
    ("logs -n of no number", "logs -n x web", 1, "^$", "takes a number"),
    ("kill", "kill -s HUP --kill-whom=main web", 0, "^$", "^$"),
    ("kill with no signal", "kill -s NONSENSE web", 1, "^$", "is no signal"),
    ("freeze", "freeze web", 0, "^$", "^$"),
    ("freeze by pattern", "freeze w*", 0, "^$", "^$"),
    ("freeze of what does not run", "freeze idle", 3, "^$", r"Failed to freeze idle\.sandbox: .*not running"),
    ("freeze of no unit", "freeze nope", 4, "^$", "nope"),
    ("thaw", "thaw web", 0, "^$", "^$"),
    ("set-property", "set-property web MemoryMax=1G", 0, "^$", "^$"),
    ("set-property --runtime", "set-property --runtime web TasksMax=", 0, "^$", "^$"),
    ("set-property of a bad value", "set-property web MemoryMax=lots", 1, "^$", "MemoryMax=: no size"),
    ("set-property of no unit", "set-property nope MemoryMax=1", 4, "^$", "nope"),
    ("set-property of no assignment", "set-property web MemoryMax", 1, "^$", "'MemoryMax' is no DIRECTIVE=VALUE"),
    ("set-property of nothing", "set-property web", 1, "^$", "Too few arguments"),
    ("reset-failed", "reset-failed", 0, "^$", "^$"),
    ("daemon-reload", "daemon-reload", 0, "^$", "^$"),
    ("exec, status", "exec --pipe web -- exit-42", 42, "^$", "^$"),
    ("exec, without --", "exec --pipe web exit-3 -q", 3, "^$", "^$"),
    ("exec, signal", "exec --pipe web -- signal-9", 137, "^$", "^$"),
    ("exec, out of memory", "exec --pipe web -- oom", 137, "^$", r"The command was killed because the memory of web\.sandbox was used up: raise its MemoryMax="),
    ("exec, not found", "exec --pipe web -- missing", 127, "^$", "no such program"),
    ("exec, not executable", "exec --pipe web -- data", 126, "^$", "no program"),
    ("exec, an option behind the name", "exec --pipe web -u 1 id", 125, "^$", "'-u' stands behind NAME.*before NAME"),
    ("exec, not active", "exec --pipe idle -- x", 125, "^$", "does not run"),
    ("attach, not running", "attach idle", 125, "^$", "idle.sandbox is not running"),
    ("attach, no terminal", "attach web", 125, "^$", "web.sandbox has no terminal.*StandardInput=tty"),
    ("attach to no unit", "attach nope", 125, "^$", "nope"),
    ("shell, not active", "shell --pipe idle", 125, "^$", "does not run"),
    ("run, status", "run --pipe -- exit-42", 42, "^$", "^$"),
    ("run, signal", "run --pipe signal-9", 137, "^$", "^$"),
    ("run, not found", "run --pipe -- missing", 127, "^$", "it is missing"),
    ("run, a bad -p", "run --pipe -p nonsense -- x", 125, "^$", "DIRECTIVE=VALUE"),
    ("run, both ways", "run --pipe --pty -- x", 125, "^$", "exclude"),
    ("run --no-block", "run --no-block --name=bg -- wait", 0, r"^bg\.sandbox\n$", "^$"),
    ("an unknown verb", "strat web", 1, "^$", "Did you mean 'start'"),
    ("a verb that was cut short", "stat web", 1, "^$", "Did you mean 'status'"),
    ("a verb that is like none", "frob web", 1, "^$", "See 'sbxctl help'"),
    ("a verb that is like too little", "create web", 1, "^$", "See 'sbxctl help'"),
    ("a verb that is an option", "version", 1, "^$", "instead: sbxctl --version"),
    ("inspect of no unit", "inspect nope", 4, "^$", "no unit nope"),
    ("a verb of systemctl alone", "enable web", 1, "^$", "systemctl enable sbx@NAME" if os.path.isdir("/run/systemd/system") else "no systemd here that starts it at boot: have 'sbxctl start NAME'"),
    ("an unknown --json", "list --json=yes", 1, "^$", "pretty, short or off"),
    ("help", "--help", 0, "^  start NAME", "^$"),
    ("help of a verb", "run --help", 0, "Directive|directive", "^$"),
]


def table():
    for name, words, status, out, err in CASES:
        done = run(*(words.split() if isinstance(words, str) else words))
        good = (done.returncode == status and re.search(out, done.stdout, re.M)
                and re.search(err, done.stderr))
        check(name, good, (done.returncode, done.stdout, done.stderr))


def documents():
    for words in ("list --json=short", "list --json=pretty", "show --json=short web",
                  "status --json=pretty web", "list-unit-files --json=short", "wait --json=pretty idle broken",
                  "ps --json=pretty", "inspect idle", "explain --json=short web",
                  "explain --json=pretty web idle", "top --json=short -d 100ms", "is-active --json=short web",
                  "show --json=short web idle", "show --effective --json=pretty web idle"):
        done = run(*words.split())
        try:
            json.loads(done.stdout)
            check(f"{words} is JSON", done.returncode == 0, done.stderr)
        except ValueError as error:
            check(f"{words} is JSON", False, str(error))
    shown = json.loads(run("show", "--json=short", "idle").stdout)
    check("numbers in JSON are whole", shown["MemoryCurrent"] == 2**64 - 1, shown)


def remote():
    """-H runs ssh, which is the first of that name in PATH: here one that stays on this host."""
    with tempfile.TemporaryDirectory() as folder:
        ssh = os.path.join(folder, "ssh")
        with open(ssh, "w", encoding="utf-8") as script:
            script.write(f"""#!{sys.executable}
import os, select, socket, sys
assert "user@there" in sys.argv and sys.argv[-1] == "systemd-stdio-bridge", sys.argv
there = socket.socket(socket.AF_UNIX)
there.connect({SOCKET!r})
ways = {{0: there.fileno(), there.fileno(): 1}}
while True:
    for fd in select.select(list(ways), [], [])[0]:
        text = os.read(fd, 65536)
        if not text:
            sys.exit(0)
        os.write(ways[fd], text)
""")
        os.chmod(ssh, 0o755)
        path = folder + ":" + os.environ["PATH"]
        done = run("-H", "user@there", "list", PATH=path)
        check("-H lists what is there", done.returncode == 0 and "web.sandbox" in done.stdout, (done.returncode, done.stdout, done.stderr))
        done = run("-H", "user@there", "status", "web", PATH=path)
        check("-H shows a status without processes of this host", done.returncode == 0 and re.search("Main PID: 1\n", done.stdout), (done.stdout, done.stderr))
        with open(ssh, "w", encoding="utf-8") as script:
            script.write("#!/bin/sh\necho 'ssh: no route' >&2\nexit 255\n")
        done = run("-H", "user@there", "list", PATH=path)
        check("-H says that ssh failed", done.returncode == 1 and "Failed to reach the system bus of user@there over ssh" in done.stderr
              and "no route" in done.stderr, (done.returncode, done.stderr))


def doctor():
    """The host is whatever it is: each check has one state, and says what to do where it is not ok."""
    done = run("doctor", "--json=short")
    findings = json.loads(done.stdout)
    states = {}
    for one in findings:
        states.setdefault(one["check"], one["state"])
        check(f"doctor, {one['check']}: a fix where it is not ok", (one["fix"] is None) == (one["state"] == "ok"), one)
    check("doctor has looked at everything", {"kernel", "user namespace", "overlay", "idmapped mounts", "erofs", "cgroups", "limits", "device policy", "seccomp",
          "Landlock", "nftables", "sbxd", "sbx-helper"} <= states.keys(), states)
    check("doctor reaches sbxd", "0 runs" in next(one["detail"] for one in findings if one["check"] == "sbxd"), findings)
    missing = any(one["essential"] and one["state"] == "missing" for one in findings)
    check("doctor tells what is essential", done.returncode == missing, (done.returncode, findings))
    check("doctor names what is missing", bool(re.search(r"^Sandboxes do not start here\. Missing: .*sbx-helper", run("doctor").stderr)) == missing, findings)
    check("doctor as a table", re.search(r"^CHECK +STATE +DETAIL +FIX *\nkernel ", run("doctor").stdout), done.stderr)


def monitor():
    """The manager tells of a new unit and of a change as soon as somebody asks to be told."""
    time_of_day = r"\d\d:\d\d:\d\d\.\d{3}"
    environment = dict(os.environ, SBX_PRIVATE_SOCKET=SOCKET)
    for words, lines in ((["monitor"], [rf"^{time_of_day} UnitNew +new\\x1b\[5m\.sandbox\n$",
                                        rf"^{time_of_day} PropertiesChanged +web\.sandbox ActiveState=active\n$"]),
                         (["monitor", "--json=short", "w*"], [r'^{"signal":"PropertiesChanged","time":\d+,"unit":"web\.sandbox",'
                                                              r'"changed":{"ActiveState":"active"},"invalidated":\[\]}\n$'])):
        process = subprocess.Popen([SBXCTL, *words], env=environment, stdout=subprocess.PIPE, text=True)
        for expect in lines:
            line = process.stdout.readline()
            check(" ".join(words), re.search(expect, line), line)
        process.terminate()
        check("it ends by a signal", process.wait(10) == -signal.SIGTERM, process.returncode)
        process.stdout.close()


def live_top():
    output, status, same = terminal(["top", "-d", "100ms"], b"mq")
    check("top shows a table and its order", b"by cpu" in output and "web.…dbox".encode() in output, output)
    check("top ends by q and restores the terminal", status == 0 and same, (status, output))


def streams():
    check("exec passes stdin and stdout on", run("exec", "--pipe", "web", "echo", stdin="hello\n").stdout == "hello\n")
    check("run passes stdin and stdout on", run("run", "--pipe", "echo", stdin="hello\n").stdout == "hello\n")


def signals():
    for words in (["exec", "--pipe", "web", "wait"], ["run", "--pipe", "wait"]):
        environment = dict(os.environ, SBX_PRIVATE_SOCKET=SOCKET)
        process = subprocess.Popen([SBXCTL, *words], env=environment, stdin=subprocess.DEVNULL)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        check(f"{words[0]} passes SIGTERM on", process.wait(20) == 128 + signal.SIGTERM, process.returncode)


def terminal(words, typed=b"", columns=44, **more):
    """Runs sbxctl under a terminal of its own: its output, its exit status, and whether the terminal's
    settings are the same as before."""
    import fcntl
    import struct
    import termios
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, columns, 0, 0))
    before = termios.tcgetattr(slave)
    environment = dict(os.environ, SBX_PRIVATE_SOCKET=SOCKET, TERM="xterm", PAGER="false", LC_ALL="C.UTF-8", **more)
    process = subprocess.Popen([SBXCTL, *words], env=environment, stdin=slave, stdout=slave, stderr=slave)
    output, until = b"", time.monotonic() + 20
    while time.monotonic() < until:
        if typed and process.poll() is None and not termios.tcgetattr(slave)[3] & termios.ICANON:
            os.write(master, typed)
            typed = b""
        if select.select([master], [], [], 0.1)[0]:
            output += os.read(master, 4096)
        elif process.poll() is not None:
            break
    same = before == termios.tcgetattr(slave)
    os.close(master)
    os.close(slave)
    return output, process.wait(1), same


def terminals():
    for words in (["run", "size"], ["exec", "web", "size"]):
        output, status, same = terminal(words)
        check(f"{words[0]} has a terminal of the same size", b"33 44" in output, output)
        check(f"{words[0]} with a terminal: status", status == 0, status)
        check(f"{words[0]} restores the terminal", same)
    output, status, same = terminal(["exec", "web", "missing"])
    check("exec of what is missing restores the terminal", same and status == 127, (output, status))
    output, status, _ = terminal(["list"], columns=60, NO_COLOR="1")
    lines = output.decode().splitlines()
    check("list fits a narrow terminal", max(map(len, lines[:-1])) <= 60 and not any("DESCRIPTION" in line for line in lines), lines)
    output, status, _ = terminal(["list", "-l"], columns=60, NO_COLOR="1")
    check("list -l leaves nothing out", re.search(rb"DESCRIPTION *\r\n.*What \\x1b\[31m it is", output, re.S), output)
    output, status, _ = terminal(["list"], columns=80)
    done = run("list", LC_ALL="C")
    check("list marks what is bad where there is no UTF-8", re.search(r"^\* bad", done.stdout, re.M), done.stdout)
    check("list has no colours of others", b"\x1b[31m it" not in output and b"web.sandbox" in output, output)


def lost():
    environment = dict(os.environ, SBX_PRIVATE_SOCKET=SOCKET)
    process = subprocess.Popen([SBXCTL, "run", "--pipe", "wait"], env=environment, stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    fake.kill()
    fake.wait()
    message = process.communicate(timeout=20)[1]
    check("run says that sbxd went away", process.returncode == 125 and "connection to sbxd broke" in message,
          (process.returncode, message))
    done = run("doctor", "--json=short")
    sbxd = next(one for one in json.loads(done.stdout) if one["check"] == "sbxd")
    check("doctor without sbxd", sbxd["state"] == ("missing" if os.geteuid() == 0 else "unknown") and (done.returncode or os.geteuid()), (done.returncode, sbxd))
    done = run("list")
    check("nobody there: how to start it", done.returncode == 1 and "sbxd is not running" in done.stderr, done.stderr)


with tempfile.TemporaryDirectory() as folder:
    SOCKET = os.path.join(folder, "private")
    with open(os.path.join(folder, "asked"), "w+", encoding="utf-8") as asked:
        fake = subprocess.Popen([FAKE, SOCKET], stdout=asked)
        try:
            until = time.monotonic() + 10
            while not os.path.exists(SOCKET) and time.monotonic() < until:
                time.sleep(0.02)
            table()
            documents()
            remote()
            doctor()
            monitor()
            streams()
            signals()
            terminals()
            live_top()
            asked.seek(0)
            calls = asked.read()
            for line in ("StartUnit web.sandbox replace", "KillUnit web.sandbox main 1", "SetUnitProperties web.sandbox MemoryMax=1G", "SetUnitProperties web.sandbox runtime TasksMax=", "FreezeUnit web.sandbox", "ThawUnit web.sandbox", "ResetFailedUnit broken.sandbox",
                         "Reload ", "StartTransientUnit bg.sandbox alone", "property Type exec", "StopUnit web.sandbox replace"):
                check(f"the manager was asked: {line}", line in calls, calls)
            check("ended transient units are let go", calls.count("UnrefUnit run-r") >= 5, calls)
            lost()
        finally:
            fake.kill()
            fake.wait()
sys.exit(1 if failed else 0)
