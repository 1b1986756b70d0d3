#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench.py [--rounds N]: the time from start to exit of /bin/true, in sbx and its peers.

Runs inside a bed (bench.sh makes one) with sbxd running. Every way is tried in random order in each
round, back to back and with 40 ms between starts: the kernel's cgroup attach waits after a pause, so
the two differ by more than the ways do. "command": a whole program, from fork to reaped, as a user or
script would run it. "inside": without any client's start-up, from the request on a connection that
stays (of the floor: from its first step) to the sandbox's being over and cleaned away. "cgroups": it
makes, enters and removes its own cgroups too, as sbx always does.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SBXCTL = os.environ.get("SBXCTL", "sbxctl")
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}


def run_command(command):
    start = time.monotonic_ns()
    done = subprocess.run(command, **QUIET)
    spent = (time.monotonic_ns() - start) / 1e6
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.decode()}")
    return spent


class Served:
    """One program for all rounds: what it prints for a line is what one start took."""

    def __init__(self, command, after=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.after = after

    def __call__(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        usec, status = self.process.stdout.readline().split()
        if status != "0":
            raise RuntimeError(f"{self.process.args[0]}: the start ended with {status}")
        if self.after:
            self.after()
        return int(usec) / 1e3


class Phases:
    """The Timeline of each start, for the table of what took how long."""

    def __init__(self):
        self.starts = []

    def note(self):
        text = subprocess.run([SBXCTL, "--json=short", "show", "-p", "Timeline", "bench-true"],
                              check=True, capture_output=True, text=True).stdout
        entries = json.loads(text)
        while isinstance(entries, dict):
            entries = next(iter(entries.values()))
        self.starts.append(dict(list(e.values()) if isinstance(e, dict) else e for e in entries))

    def report(self):
        names = sorted(self.starts[-1], key=lambda name: statistics.median(
            s[name] - s["requested"] for s in self.starts if name in s))
        print(f"\n{'of a unit, us since the request':38} {'p50':>8} {'p95':>8}")
        for name in names:
            since = [s[name] - s["requested"] for s in self.starts if name in s]
            print(f"{name:38} {statistics.median(since):8.0f} {percentile(since, 0.95):8.0f}")
        self.starts = []


def sbxctl_start():
    # against the limit of starts; the first time there is nothing to reset
    subprocess.run([SBXCTL, "reset-failed", "bench-true"], check=False, **QUIET)
    return run_command([SBXCTL, "start", "bench-true"])


def runc_bundle(where, lower):
    subprocess.run(["runc", "spec", "--bundle", where], check=True)
    path = os.path.join(where, "config.json")
    with open(path, encoding="utf-8") as stream:
        config = json.load(stream)
    config["process"]["terminal"] = False
    config["process"]["args"] = ["/bin/true"]
    config["process"].pop("rlimits", None)
    config["root"] = {"path": lower, "readonly": True}
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(config, stream)


def cgroup_folders():
    """A fresh folder in the hierarchies in which a sandbox with our default limits stands."""
    folders = []
    with open("/proc/self/cgroup", encoding="ascii") as stream:
        for line in stream:
            number, controllers, path = line.rstrip("\n").split(":", 2)
            names = {"0": ["unified", ""]}.get(number, [controllers])
            for name in names:
                top = os.path.join("/sys/fs/cgroup", name)
                if controllers in ("", "memory", "pids") and os.path.isdir(top):
                    folder = top + path.rstrip("/") + "/sbx-floor"
                    os.makedirs(folder, exist_ok=True)
                    folders.append(folder)
                    break
    return folders


def ways(arguments, work, lower, folders, phases):
    """name → how one start is timed; the first is what the others are compared with."""
    scratch = os.path.join(work, "scratch")
    os.makedirs(scratch)
    floor = [arguments.floor, "--lower", lower, "--scratch", scratch]
    attach = [word for folder in folders for word in ("--cgroup", folder)]
    bwrap = ["bwrap", "--unshare-all", "--ro-bind", lower, "/", "--proc", "/proc", "--dev", "/dev",
             "--tmpfs", "/tmp", "/bin/true"]
    bundle = os.path.join(work, "bundle")
    os.makedirs(bundle)
    found = {
        "floor (inside)": Served([*floor, "--serve", "/bin/true"]),
        "floor with cgroups (inside)": Served([*floor, *attach, "--serve", "/bin/true"]),
        "sbx, unit (inside)": Served([arguments.starter, "unix:path=/run/sbx/private", "unit"],
                                     phases.note),
        "sbx, transient (inside)": Served(
            [arguments.starter, "unix:path=/run/sbx/private", "transient"]),
        "floor (command)": lambda: run_command([*floor, "/bin/true"]),
        "floor with cgroups (command)": lambda: run_command([*floor, *attach, "/bin/true"]),
        "sbxctl run (command)": lambda: run_command(
            [SBXCTL, "run", "--pipe", "-p", "Layers=busybox", "--", "/bin/true"]),
        "sbxctl start (command, oneshot)": sbxctl_start,
    }
    if shutil.which("bwrap"):
        found["bwrap (command)"] = lambda: run_command(bwrap)
    if shutil.which("runc"):
        runc_bundle(bundle, lower)
        found["runc (command)"] = lambda: run_command(
            ["runc", "--root", os.path.join(work, "runc"), "run", "--bundle", bundle, f"bench{random.randrange(1 << 40)}"])
    if os.path.isdir("/run/systemd/system"):
        found["systemd-run --scope (command)"] = lambda: run_command(
            ["systemd-run", "--quiet", "--scope", "/bin/true"])
        found["systemd-run --scope floor (command)"] = lambda: run_command(
            ["systemd-run", "--quiet", "--scope", *floor, "/bin/true"])
    return found


def measure(found, rounds, gap):
    samples = {name: [] for name in found}
    for number in range(-2, rounds):
        order = list(found)
        random.shuffle(order)
        for name in order:
            time.sleep(gap)
            spent = found[name]()
            if number >= 0:
                samples[name].append(spent)
    return samples


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def row(name, values, base):
    half = statistics.median(values)
    ratio = f"{half / base:8.2f}" if base else " " * 8
    return f"{name:38} {half:8.2f} {percentile(values, 0.95):8.2f} {ratio}"


def report(title, samples, phases):
    print(f"\n{title}")
    print(f"{'ms':38} {'p50':>8} {'p95':>8} {'/ floor':>8}")
    for name, values in samples.items():
        base = "floor (inside)" if "inside" in name else "floor (command)"
        print(row(name, values, statistics.median(samples[base])))
    if "systemd-run --scope (command)" in samples:
        ratio = (statistics.median(samples["sbxctl run (command)"]) /
                 statistics.median(samples["systemd-run --scope (command)"]))
        print(f"sbxctl run / systemd-run --scope: {ratio:.2f}")
    phases.report()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--floor", required=True, help="the floor program")
    parser.add_argument("--starter", required=True, help="the starter program")
    parser.add_argument("--image", required=True, help="busybox.erofs")
    arguments = parser.parse_args()
    work = tempfile.mkdtemp(prefix="sbx-bench.", dir="/run")
    lower = os.path.join(work, "lower")
    os.makedirs(lower)
    folders = cgroup_folders()
    unit = "/run/sbx/system/bench-true.sandbox"
    os.makedirs(os.path.dirname(unit), exist_ok=True)
    with open(unit, "w", encoding="ascii") as stream:
        stream.write("[Sandbox]\nType=oneshot\nLayers=busybox\nExecStart=/bin/true\n")
    subprocess.run(["mount", "-t", "erofs", "-o", "loop,ro", arguments.image, lower], check=True)
    try:
        phases = Phases()
        found = ways(arguments, work, lower, folders, phases)
        for title, gap in (("back to back", 0), ("40 ms between starts", 0.04)):
            report(f"{title}, {arguments.rounds} rounds", measure(found, arguments.rounds, gap), phases)
    finally:
        for way in locals().get("found", {}).values():
            if isinstance(way, Served):
                way.process.stdin.close()
                way.process.wait()
        subprocess.run(["umount", lower], check=False)
        os.unlink(unit)
        for folder in folders:
            os.rmdir(folder)
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
