#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""terminals.py: run, exec, shell and attach on real terminals, against the real daemons.

Called by terminals.sh, in a bed with sbxd running. SBXCTL says which program is meant.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

SBXCTL = os.environ.get("SBXCTL", "sbxctl")
DETACH = b"\x1d\x1d\x1d"
failed = 0


def check(name, good, what=""):
    global failed
    failed += not good
    print(f"{'ok' if good else 'not ok'} {name}" + ("" if good else f": {what!r}"), flush=True)


class Terminal:
    """sbxctl on a terminal of its own."""

    def __init__(self, *words, rows=24, columns=80):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.output = b""
        self.process = subprocess.Popen([SBXCTL, *words], stdin=slave, stdout=slave, stderr=slave,
                                        env=dict(os.environ, TERM="xterm"), start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def expect(self, text, seconds=10):
        """Reads until text has been printed since the last time; True where it was."""
        until = time.monotonic() + seconds
        while text not in self.output and time.monotonic() < until:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:
                    break
        if text not in self.output:
            return False
        self.output = self.output[self.output.index(text) + len(text):]
        return True

    def type(self, text):
        os.write(self.master, text)

    def end(self):
        """Its exit status, and whether the terminal's settings are the same as before."""
        until = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < until:
            if select.select([self.master], [], [], 0.05)[0]:
                self.output += os.read(self.master, 65536)
        while select.select([self.master], [], [], 0.05)[0]:
            self.output += os.read(self.master, 65536)
        same = termios.tcgetattr(self.slave) == self.before
        if self.process.poll() is None:
            self.process.kill()
        status = self.process.wait()
        os.close(self.master)
        os.close(self.slave)
        return status, same


def sbxctl(*words):
    return subprocess.run([SBXCTL, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def wait_active(name):
    until = time.monotonic() + 10
    while sbxctl("is-active", "-q", name).returncode != 0 and time.monotonic() < until:
        time.sleep(0.05)


def run():
    t = Terminal("run", "-p", "Layers=busybox", "--", "/bin/sh", rows=33, columns=101)
    check("run: a shell prompts", t.expect(b"# "), t.output)
    t.type(b"stty size; tty\n")
    check("run: the size of the terminal", t.expect(b"33 101"), t.output)
    check("run: a terminal of its own", t.expect(b"/dev/pts/0") or t.expect(b"/dev/console"), t.output)
    t.resize(50, 120)
    t.process.send_signal(signal.SIGWINCH)
    time.sleep(0.3)
    t.type(b"stty size\n")
    check("run: changes of the size arrive", t.expect(b"50 120"), t.output)
    t.type(b"sleep 100\n")
    time.sleep(0.3)
    t.type(b"\x03")
    t.type(b"echo status $?\n")
    check("run: Ctrl-C ends the job in the foreground", t.expect(b"status 130"), t.output)
    t.type(b"sleep 100\n")
    time.sleep(0.3)
    t.type(b"\x1a")
    check("run: Ctrl-Z stops it", t.expect(b"Stopped"), t.output)
    t.type(b"fg\n")
    check("run: fg goes on with it", t.expect(b"sleep 100"), t.output)
    time.sleep(0.3)
    t.type(b"\x03")
    time.sleep(0.3)
    t.type(b"exit 7\n")
    status, same = t.end()
    check("run: the exit status", status == 7, status)
    check("run: the terminal is as before", same)
    t = Terminal("run", "-p", "Layers=busybox", "--", "/bin/echo", "short and gone")
    check("run: nothing of a short program is lost", t.expect(b"short and gone"), t.output)
    check("run: a short program's status", t.end() == (0, True))
    t = Terminal("run", "-p", "Layers=busybox", "--", "/bin/seq", "1", "60000")
    check("run: nor of one that prints much", t.expect(b"\r\n59999\r\n60000\r\n", 30), t.output[-200:])
    check("run: its status", t.end()[0] == 0)


def detach():
    t = Terminal("run", "--name=box", "-p", "Layers=busybox", "--", "/bin/sh")
    check("detach: a shell prompts", t.expect(b"# "), t.output)
    t.type(b"echo mark-$((40 + 2))\n")
    check("detach: it answers", t.expect(b"mark-42"), t.output)
    t.type(DETACH)
    status, same = t.end()
    check("detach: run ends with 0", status == 0, (status, t.output))
    check("detach: it says how to come back", b"sbxctl attach box.sandbox" in t.output, t.output)
    check("detach: the terminal is as before", same)
    check("detach: the sandbox runs on", sbxctl("is-active", "box").stdout.strip() == "active")
    t = Terminal("attach", "box", rows=40, columns=90)
    check("attach: what was printed last is shown", t.expect(b"mark-42"), t.output)
    t.type(b"stty size\n")
    check("attach: the size is that of the new terminal", t.expect(b"40 90"), t.output)
    second = Terminal("attach", "-q", "box")
    check("attach: a second one", second.expect(b"40 90") or second.expect(b"24 80"), second.output)
    t.type(b"echo both-$((1 + 1))\n")
    check("attach: both see it", t.expect(b"both-2") and second.expect(b"both-2"), (t.output, second.output))
    second.type(b"\x1d")
    time.sleep(1.2)
    second.type(b"\x1d\x1d")
    second.type(b"\recho still-$((2 + 1))\n")
    check("attach: slow keys do not detach", second.expect(b"still-3"), second.output)
    second.process.send_signal(signal.SIGTERM)
    check("attach: SIGTERM leaves it alone", second.end() == (0, True))
    check("attach: it runs on", sbxctl("is-active", "box").stdout.strip() == "active")
    t.type(b"exit 9\n")
    check("attach: the workload's exit status", t.end() == (9, True))
    done = sbxctl("attach", "box")
    check("attach: nothing to attach to", done.returncode == 125 and "box.sandbox" in done.stderr, done)


def unit():
    done = sbxctl("run", "--no-block", "--name=tty", "-p", "Layers=busybox", "-p", "StandardInput=tty",
                  "--", "/bin/sh", "-c", "echo to the log; exec /bin/sh")
    check("StandardInput=tty: it starts", done.returncode == 0, done.stderr)
    wait_active("tty")
    time.sleep(0.5)
    check("StandardInput=tty: what it prints is logged", "to the log\n" in sbxctl("logs", "-o", "cat", "tty").stdout,
          sbxctl("logs", "tty"))
    t = Terminal("attach", "tty")
    check("StandardInput=tty: attach shows it", t.expect(b"to the log"), t.output)
    t.type(b"test -t 0 && test -t 1 && test -t 2 && echo all-$((1 + 2))\n")
    check("StandardInput=tty: all three streams are it", t.expect(b"all-3"), t.output)
    # A reader that stops: the workload waits, others are served, and nothing is lost.
    t.process.send_signal(signal.SIGSTOP)
    t.type(b"seq 1 60000; echo done-$((3 + 4))\n")
    time.sleep(0.5)
    check("attach: one that does not read holds nobody else up",
          sbxctl("run", "--pipe", "-p", "Layers=busybox", "--", "/bin/true").returncode == 0)
    t.process.send_signal(signal.SIGCONT)
    check("attach: and loses nothing", t.expect(b"59999\r\n60000\r\ndone-7", 30), t.output[-200:])
    t.type(DETACH)
    check("attach: detaches", t.end() == (0, True))
    check("stop", sbxctl("stop", "tty").returncode == 0)
    done = sbxctl("run", "--no-block", "--name=none", "-p", "Layers=busybox", "--", "/bin/sleep", "100")
    done = sbxctl("exec", "none", "--", "/bin/echo", "up")
    check("exec: waits for one that is coming up", (done.returncode, done.stdout) == (0, "up\n"), done)
    done = sbxctl("attach", "none")
    check("attach: of one without a terminal", done.returncode == 125 and "StandardInput=tty" in done.stderr, done)
    streams()
    t = Terminal("shell", "none", rows=31, columns=77)
    check("shell: it prompts", t.expect(b"# "), t.output)
    t.type(b"stty size; echo $0; id -u\n")
    check("shell: its size", t.expect(b"31 77"), t.output)
    check("shell: as root inside", t.expect(b"0\r\n"), t.output)
    t.resize(20, 60)
    t.process.send_signal(signal.SIGWINCH)
    time.sleep(0.3)
    t.type(b"stty size\n")
    check("shell: changes of the size arrive", t.expect(b"20 60"), t.output)
    t.type(b"exit 3\n")
    check("shell: its exit status", t.end() == (3, True))
    done = sbxctl("shell", "--pipe", "none", "/bin/echo", "one command")
    check("shell: a command", done.stdout == "one command\n", done)
    check("stop of it", sbxctl("stop", "none").returncode == 0)


def streams():
    t = Terminal("exec", "--pipe", "none", "--", "/bin/sh", "-c",
                 "test -t 0 || test -t 1 || test -t 2 || echo piped; read x; echo got-$x; echo wrong >&2; exit 4")
    check("exec --pipe: none of the streams is the user's terminal", t.expect(b"piped"), t.output)
    t.type(b"word\n")
    check("exec --pipe: what is typed arrives", t.expect(b"got-word"), t.output)
    check("exec --pipe: and both outputs come out", t.expect(b"wrong"), t.output)
    check("exec --pipe: the exit status", t.end() == (4, True))
    t = Terminal("exec", "--pipe", "none", "--", "/bin/sh", "-c", "echo up; cat; echo over; seq 1 20000")
    check("exec --pipe: it reads", t.expect(b"up"), t.output)
    t.type(b"\x04")
    check("exec --pipe: until Ctrl-D", t.expect(b"over"), t.output)
    check("exec --pipe: nothing is lost", t.expect(b"19999\r\n20000\r\n", 30), t.output[-200:])
    check("exec --pipe: its status", t.end() == (0, True))
    t = Terminal("exec", "--pipe", "none", "--", "/bin/sh", "-c", "exec 3<&0; cat <&3 >/tmp/typed & echo left")
    check("exec --pipe: a process is left behind", t.expect(b"left") and t.process.wait(10) == 0, t.output)
    t.type(b"secret\n")
    time.sleep(0.3)
    check("exec --pipe: which does not read what is typed later",
          sbxctl("exec", "none", "--", "/bin/cat", "/tmp/typed").stdout == "", t.output)
    t.end()
    t = Terminal("run", "--pipe", "-p", "Layers=busybox", "--", "/bin/sh", "-c", "read x; echo got-$x >&2; exit 5")
    t.type(b"word\n")
    check("run --pipe: what is typed arrives", t.expect(b"got-word"), t.output)
    check("run --pipe: the exit status", t.end() == (5, True))


run()
detach()
unit()
sys.exit(1 if failed else 0)
