#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""complete.py SBXCTL FAKE FOLDER: what each shell makes of a line when Tab is pressed. The files of FOLDER are
loaded by the real bash, zsh and fish; units are those of tests/fake/fake-sbxd.c. Needs no root."""

import os
import pty
import select
import subprocess
import sys
import tempfile
import termios
import time

SBXCTL, FAKE, FOLDER = map(os.path.abspath, sys.argv[1:4])
failed = 0


def check(name, good, shown=""):
    global failed
    failed += not good
    print(f"{'ok' if good else 'not ok'} {name}" + ("" if good else f"\n    # {shown!r}"))


# What is asked, and what must be among the answers; "!": what must not.
ASKED = [
    ("", "start list set-property"),
    ("sta", "start status !stop"),
    ("--js", "--json="),
    ("--json=", "--json=pretty --json=short --json=off"),
    ("--json p", "pretty !short"),
    ("-H x@y --json=short sho", "show"),
    ("help set-", "set-property"),
    ("status ", "web.sandbox broken.sandbox idle.sandbox"),
    ("start ", "idle.sandbox broken.sandbox !web.sandbox"),
    ("stop ", "web.sandbox !idle.sandbox !broken.sandbox"),
    ("reset-failed ", "broken.sandbox !web.sandbox !idle.sandbox"),
    ("freeze ", "web.sandbox !idle.sandbox"),
    ("thaw ", "!web.sandbox !idle.sandbox"),
    ("is-active web id", "idle.sandbox"),
    ("status web ", "!web.sandbox idle.sandbox"),
    ("attach web ", "!web.sandbox !idle.sandbox"),
    ("-H there status ", "!web.sandbox"),
    ("status -", "-n --lines= -h --help !--man !--complete"),
    ("status --", "--lines= !-n"),
    ("kill -s SIGU", "SIGUSR1 SIGUSR2 !SIGTERM"),
    ("kill --signal=SIGT", "--signal=SIGTERM"),
    ("kill --kill-whom ", "all main"),
    ("kill -qs SIGUSR1 w", "web.sandbox"),
    ("kill -sSIGUSR1 w", "web.sandbox"),
    ("show -p Res", "Result Restart RestartSec"),
    ("show --property=MainPID,Resu", "--property=MainPID,Result"),
    ("show -p NUn", "NUnits"),
    ("inspect -p Directive", "DirectivePlaces"),
    ("run -p Memory", "MemoryMax= MemoryHigh= !MemoryCurrent"),
    ("run -p PrivateNetwork=", "PrivateNetwork=yes PrivateNetwork=no"),
    ("run --property=Type=o", "--property=Type=oneshot"),
    ("run -p No", "!NoSuch="),
    ("run -p NoSuch=", ""),
    ("run ", "/command"),
    ("run ls ", "/files"),
    ("run ls -", "/files !--name="),
    ("run -- --n", "/command !--name="),
    ("exec web ", "!/command !web.sandbox"),
    ("set-property ", "web.sandbox"),
    ("set-property web Tasks", "TasksMax="),
    ("set-property web MemoryMax=1 UM", "!UMask="),
    ("set-property web Tasks", "TasksMax="),
    ("verify ./", "/files"),
    ("plan --backend ", "scope direct"),
    ("top --order=m", "--order=memory"),
    ("logs -p wa", "warning"),
    ("logs -o short-iso", "short-iso short-iso-precise"),
    ("--address /", "/files"),
    ("-H ", "/hosts"),
    ("nonsense ", "!web.sandbox"),
    ("doctor ", "!web.sandbox"),
]


def engine(environment):
    for line, expect in ASKED:
        done = subprocess.run([SBXCTL, "--complete", *line.split(" ")], env=environment, capture_output=True, text=True, timeout=20)
        answers = [answer.split("\t")[0] for answer in done.stdout.splitlines()]
        good = done.returncode == 0 and not done.stderr
        for word in expect.split():
            good &= (word[1:] not in answers) if word.startswith("!") else word in answers
        good &= bool(expect) or not answers
        check(f"asked '{line}'", good, (done.returncode, answers, done.stderr))
    done = subprocess.run([SBXCTL, "--complete", "status", "w"], env=environment, capture_output=True, text=True, timeout=20)
    check("what others wrote is escaped", done.stdout == "web.sandbox\tWhat \\x1b[31m it is\n", done.stdout)
    nowhere = dict(environment, SBX_PRIVATE_SOCKET="/nonexistent/private")
    done = subprocess.run([SBXCTL, "--complete", "stop", ""], env=nowhere, capture_output=True, text=True, timeout=20)
    check("silent where sbxd does not run", (done.returncode, done.stdout, done.stderr) == (0, "", ""), done)


# The line that is typed before Tab, and what it has become.
TYPED = [
    ("sbxctl set-pr", "sbxctl set-property "),
    ("sbxctl --js", "sbxctl --json="),
    ("sbxctl --json=pr", "sbxctl --json=pretty "),
    ("sbxctl kill -s SIGUSR", "sbxctl kill -s SIGUSR"),
    ("sbxctl kill -s SIGWIN", "sbxctl kill -s SIGWINCH "),
    ("sbxctl show -p Resul", "sbxctl show -p Result "),
    ("sbxctl show -p MainPID,Resul", "sbxctl show -p MainPID,Result "),
    ("sbxctl stop w", "sbxctl stop web.sandbox "),
    ("sbxctl run -p TasksM", "sbxctl run -p TasksMax="),
    ("sbxctl run -p Type=on", "sbxctl run -p Type=oneshot "),
    ("sbxctl run --property=Type=on", "sbxctl run --property=Type=oneshot "),
    ("sbxctl set-property web UM", "sbxctl set-property web UM"),
    ("sbxctl is-active $(touch$IFS./ran) w", "sbxctl is-active $(touch$IFS./ran) web.sandbox "),
    ("sbxctl verify ./only-o", "sbxctl verify ./only-one.sandbox "),
    ("sbxctl run only-a-comm", "sbxctl run only-a-command "),
]


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.01)
    return what()


class Shell:
    """A shell on a terminal of its own, in which Ctrl-X Ctrl-R writes the line into the file "line"."""

    def __init__(self, command, start, folder, environment):
        self.master, slave = pty.openpty()
        self.line = os.path.join(folder, "line")
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=environment,
                                        start_new_session=True)
        os.close(slave)
        self.shown = b""
        self.type(start + "; : > ready\r")
        # what is typed before the shell reads keys is the terminal's to interpret
        until(lambda: self.drain() or os.path.exists(os.path.join(folder, "ready")))
        until(self.reads_keys)
        os.unlink(os.path.join(folder, "ready"))

    def type(self, text):
        os.write(self.master, text.encode())

    def reads_keys(self):
        self.drain()
        return not termios.tcgetattr(self.master)[3] & termios.ICANON

    def drain(self):
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.shown += os.read(self.master, 4096)
            except OSError:
                return

    def complete(self, text):
        if os.path.exists(self.line):
            os.unlink(self.line)
        self.type(text + "\t\x18\x12")

        def written():
            self.drain()
            return os.path.exists(self.line) and os.stat(self.line).st_size > 0
        if not until(written):
            return None
        with open(self.line, encoding="utf-8") as stream:
            return stream.read().rstrip("\n")

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def shells(folder, environment):
    bash = ("bind 'set show-all-if-ambiguous off'; "
            f". {FOLDER}/sbxctl.bash; written() {{ printf '%s\\n' \"$READLINE_LINE\" > new; mv new line; READLINE_LINE=; READLINE_POINT=0; }}; "
            "bind -x '\"\\C-x\\C-r\": written'")
    zsh = ("unsetopt automenu listbeep; bindkey -e; "
           "fpath=($PWD/functions $fpath); autoload -U compinit; compinit -D; "
           "written() { print -r -- \"$BUFFER\" > new; mv new line; BUFFER= }; zle -N written; bindkey '^X^R' written")
    os.mkdir(os.path.join(folder, "functions"))
    os.symlink(os.path.join(FOLDER, "sbxctl.zsh"), os.path.join(folder, "functions", "_sbxctl"))
    for command, start in ((["bash", "--norc", "--noprofile", "-i"], bash), (["zsh", "-f", "-i"], zsh)):
        shell = Shell(command, start, folder, environment)
        try:
            for text, expect in TYPED:
                got = shell.complete(text)
                # whether there is a blank behind the word is the shell's own affair, but not behind an =
                good = got is not None and got.rstrip() == expect.rstrip() and (not expect.endswith("=") or got == expect)
                check(f"{command[0]}: {text}<Tab>", good, (got, shell.shown[-500:]))
        finally:
            shell.end()


def fish(folder, environment):
    for text, expect in TYPED:
        script = f"source {FOLDER}/sbxctl.fish; complete -C $argv[1]"
        done = subprocess.run(["fish", "--no-config", "-c", script, text], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        words = [line.split("\t")[0] for line in done.stdout.splitlines()]
        word = expect.split()[-1]
        good = word in words if expect != text else word not in words
        check(f"fish: {text}<Tab>", good and not done.stderr, (words, done.stderr))


with tempfile.TemporaryDirectory() as folder:
    socket = os.path.join(folder, "private")
    for name, mode in (("only-one.sandbox", 0o644), ("only-a-command", 0o755)):
        with open(os.path.join(folder, name), "w", encoding="utf-8"):
            os.chmod(os.path.join(folder, name), mode)
    os.symlink(SBXCTL, os.path.join(folder, "sbxctl"))
    environment = dict(os.environ, SBX_PRIVATE_SOCKET=socket, HOME=folder, PATH=folder + ":" + os.environ["PATH"],
                       TERM="xterm", PS1="$ ", LC_ALL="C.UTF-8")
    fake = subprocess.Popen([FAKE, socket], stdout=subprocess.DEVNULL)
    try:
        until(lambda: os.path.exists(socket))
        engine(environment)
        shells(folder, environment)
        fish(folder, environment)
        check("nothing of a line is run by completing it", not os.path.exists(os.path.join(folder, "ran")))
    finally:
        fake.kill()
        fake.wait()
sys.exit(1 if failed else 0)
