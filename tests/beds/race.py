#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""race.py [ROUNDS]: the sandbox's first process is killed while systemd is asked for its scope. With a
child that died meanwhile systemd says "done" all the same and keeps an empty, active scope for ever,
so: 200 rounds at varied moments, after which no scope is left and each failure has a name."""

import collections
import os
import random
import signal
import subprocess
import sys
import time

SBXCTL = os.environ.get("SBXCTL", "sbxctl")
UNIT = "/run/sbx/system/victim.sandbox"
TEXT = "[Sandbox]\nLayers=busybox\nExecStart=/bin/sleep 1000\nTimeoutStopSec=5\n"


def output(*command):
    return subprocess.run(command, text=True, capture_output=True).stdout.strip()


def show(name):
    return output(SBXCTL, "show", "-p", name, "--value", "victim")


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
            return set(map(int, stream.read().split()))
    except OSError:
        return set()


def is_init(pid):
    """Init is in a PID namespace of its own; the builder is not."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as stream:
            return any(line.startswith("NSpid:") and len(line.split()) > 2 for line in stream)
    except OSError:
        return False


def kill_when_born(helper, known, delay):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        for pid in children(helper) - known:
            if is_init(pid):
                until = time.monotonic() + delay
                while time.monotonic() < until:
                    pass
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    return False
                return True
    return False


def one_round(helper, delay):
    """(whether it was killed, the Result, what the failure is called)"""
    known = children(helper)
    start = subprocess.Popen([SBXCTL, "start", "victim"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    killed = kill_when_born(helper, known, delay)
    start.wait(timeout=60)
    end = time.monotonic() + 30
    while show("ActiveState") not in ("failed", "inactive"):
        if time.monotonic() > end:
            return killed, "stuck in " + show("ActiveState"), ""
        time.sleep(0.01)
    result = show("Result")
    text = show("StatusText")
    subprocess.run([SBXCTL, "reset-failed", "victim"], capture_output=True)
    return killed, result, text


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    faults = []
    os.makedirs(os.path.dirname(UNIT), exist_ok=True)
    with open(UNIT, "w", encoding="ascii") as stream:
        stream.write(TEXT)
    subprocess.run(["systemctl", "start", "sbxd"], check=True)
    subprocess.run([SBXCTL, "start", "victim"], check=True)
    subprocess.run([SBXCTL, "stop", "victim"], check=True)
    helper = int(output("systemctl", "show", "-p", "MainPID", "--value", "sbx-helper"))
    manager = int(output("systemctl", "show", "-p", "MainPID", "--value", "sbxd"))
    seed = random.randrange(1 << 32)
    print(f"# seed {seed}")
    random.seed(seed)
    results = collections.Counter()
    killed_rounds = 0
    for number in range(rounds):
        killed, result, text = one_round(helper, random.uniform(0, 0.008))
        killed_rounds += killed
        results[result + ": " + text] += 1
        if killed and (result == "success" or not text):
            faults.append(f"round {number}: Result={result} '{text}' does not name the failure")
    for what, times in results.most_common():
        print(f"# {times:4} {what}")
    if killed_rounds < rounds * 9 // 10:
        faults.append(f"only {killed_rounds} of {rounds} were killed")
    time.sleep(0.5)
    left = output("systemctl", "list-units", "--all", "--plain", "--no-legend", "sbx-victim*")
    if left:
        faults.append("left: " + left)
    if int(output("systemctl", "show", "-p", "MainPID", "--value", "sbx-helper")) != helper:
        faults.append("the helper is another process")
    if int(output("systemctl", "show", "-p", "MainPID", "--value", "sbxd")) != manager:
        faults.append("the manager is another process")
    if subprocess.run([SBXCTL, "start", "victim"]).returncode != 0:
        faults.append("it cannot be started any more")
    subprocess.run([SBXCTL, "stop", "victim"])
    os.unlink(UNIT)
    for fault in faults[:10]:
        print("    #", fault)
    print(("not ok" if faults else "ok"), f"{rounds} children killed while the scope is made leave no scope")
    sys.exit(1 if faults else 0)


main()
