#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""scale.py: what many sandboxes cost, in sbx and its peers.

Runs inside a bed (bench.sh makes one) with sbxd running. Three tables: memory of all that is not
the workload, with some numbers of idle sandboxes; starts a second of /bin/true, so many at a time;
and what `status` and `list` take while the sandboxes of the first table are still there. Memory is
the proportional set size: what several processes share is counted once.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SBXCTL = os.environ.get("SBXCTL", "sbxctl")
ADDRESS = "unix:path=/run/sbx/private"
UNITS = "/run/sbx/system"
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}


def run(*command):
    done = subprocess.run(command, check=False, **QUIET)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.decode()}")


# -- memory ------------------------------------------------------------------------------------------


def memory_kib(names):
    """KiB a name of process, and how many there are; comm is cut to 15 bytes."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as stream:
                comm = stream.read().strip()
            if comm not in names:
                continue
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as stream:
                size = next(int(line.split()[1]) for line in stream if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
        total, count = found.get(comm, (0, 0))
        found[comm] = (total + size, count + 1)
    return found


class Sbx:
    name = "sbx"
    processes = ("sbxd", "sbx-helper", "sbx-init")

    def __init__(self, work, lower):
        os.makedirs(UNITS, exist_ok=True)
        self.unit = f"{UNITS}/bench-idle@.sandbox"
        with open(self.unit, "w", encoding="ascii") as stream:
            stream.write("[Sandbox]\nLayers=busybox\nExecStart=/bin/sleep 1000000\n")

    def start(self, first, last):
        for begin in range(first, last, 50):
            run(SBXCTL, "start", *(f"bench-idle@{i}" for i in range(begin, min(begin + 50, last))))

    def stop(self):
        run(SBXCTL, "stop", "bench-idle@*")
        os.unlink(self.unit)


class Bwrap:
    name = "bwrap"
    processes = ("bwrap",)

    def __init__(self, work, lower):
        self.command = ["bwrap", "--unshare-all", "--ro-bind", lower, "/", "--proc", "/proc", "--dev", "/dev",
                        "--tmpfs", "/tmp", "/bin/sleep", "1000000"]
        self.running = []

    def start(self, first, last):
        self.running += [subprocess.Popen(self.command, **QUIET) for _ in range(first, last)]
        time.sleep(1)

    def stop(self):
        for process in self.running:
            process.kill()  # the one inside goes with it
        for process in self.running:
            process.wait()
        time.sleep(1)
        subprocess.run(["pkill", "-KILL", "-x", "bwrap"], check=False)


class Nspawn(Bwrap):
    name = "systemd-nspawn"
    processes = ("systemd-nspawn", "(sd-stubinit)", "(sd-buscntr)")

    def __init__(self, work, lower):
        super().__init__(work, lower)
        # It wants a tree of its own to write to, and the look of an operating system.
        self.tree = os.path.join(work, "nspawn")
        shutil.copytree(lower, self.tree, symlinks=True)
        os.makedirs(os.path.join(self.tree, "usr"), exist_ok=True)
        self.command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--as-pid2",
                        "--read-only", "--directory", self.tree, "/bin/sleep", "1000000"]

    def stop(self):
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait()


class Conmon:
    name = "conmon + runc"
    processes = ("conmon", "runc:[2:INIT]")

    def __init__(self, work, lower):
        self.root, self.bundle = os.path.join(work, "runc"), os.path.join(work, "idle")
        self.running = []
        os.makedirs(self.bundle)
        subprocess.run(["runc", "spec", "--bundle", self.bundle], check=True)
        path = os.path.join(self.bundle, "config.json")
        with open(path, encoding="utf-8") as stream:
            config = json.load(stream)
        config["process"].update(terminal=False, args=["/bin/sleep", "1000000"])
        config["process"].pop("rlimits", None)
        config["root"] = {"path": lower, "readonly": True}
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(config, stream)

    def start(self, first, last):
        for i in range(first, last):
            name = f"idle{i}"
            run("conmon", "--api-version", "1", "--cid", name, "--cuuid", name, "--runtime", shutil.which("runc"),
                "--socket-dir-path", self.bundle, "--bundle", self.bundle, "--runtime-arg", f"--root={self.root}", "--name", name,
                "--log-path", f"k8s-file:{self.bundle}/{name}.log", "--container-pidfile", f"{self.bundle}/{name}.pid")
            self.running.append(name)
            # conmon goes into the background before it has anything made.
            until = time.monotonic() + 20
            while not os.path.exists(f"{self.bundle}/{name}.pid") and time.monotonic() < until:
                time.sleep(0.005)
            run("runc", "--root", self.root, "start", name)

    def stop(self):
        for name in self.running:
            run("runc", "--root", self.root, "delete", "--force", name)


def memory_table(peer, counts):
    """Starts as many as the last count; prints a row a count; leaves them running."""
    empty = None
    for begun, count in zip([0, *counts], counts):
        if count > begun:
            peer.start(begun, count)
        found = memory_kib(peer.processes)
        total = sum(size for size, _ in found.values())
        empty = total if empty is None else empty
        each = f"{(total - empty) / count:8.0f}" if count else " " * 8
        parts = ", ".join(f"{comm} {size} KiB in {n}" for comm, (size, n) in sorted(found.items()))
        print(f"{peer.name:16} {count:6} {total:10} {each}   {parts}", flush=True)


# -- starts a second -----------------------------------------------------------------------------------


def per_second(commands, rounds):
    """Each command is one program that starts sandboxes, one a line that it gets."""
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
               for command in commands]
    failed = []

    def drive(process):
        for _ in range(rounds):
            process.stdin.write("\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line.rstrip().endswith(" 0"):
                failed.append(line)
                return

    threads = [threading.Thread(target=drive, args=(process,)) for process in running]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.monotonic() - begun
    for process in running:
        process.stdin.close()
        process.wait()
    if failed:
        raise RuntimeError(f"a start failed: {failed[0]!r}")
    return len(commands) * rounds / spent


LOOP = "while read -r line; do {command} >/dev/null && echo 0 0; done"


def throughput_table(arguments, lower):
    bwrap = f"bwrap --unshare-all --ro-bind {lower} / --proc /proc --dev /dev --tmpfs /tmp /bin/true"
    ways = {
        "sbx, transient": lambda i: [arguments.starter, ADDRESS, "transient", f"bench-many-{i}.sandbox"],
        "sbxctl run": lambda i: ["sh", "-c", LOOP.format(
            command=f"{SBXCTL} run --pipe -p Layers=busybox -- /bin/true </dev/null")],
        "bwrap": lambda i: ["sh", "-c", LOOP.format(command=bwrap)],
    }
    if os.path.isdir("/run/systemd/system"):
        ways["systemd-run --scope"] = lambda i: ["sh", "-c", LOOP.format(
            command="systemd-run --quiet --scope /bin/true")]
    print(f"\n{'starts a second, at a time':28}" + "".join(f"{n:>8}" for n in arguments.parallel))
    for name, command in ways.items():
        row = f"{name:28}"
        for n in arguments.parallel:
            rounds = max(2, arguments.starts // n)
            row += f"{per_second([command(i) for i in range(n)], rounds):8.1f}"
        print(row, flush=True)


# -- answers -------------------------------------------------------------------------------------------


def latency_table(count):
    ways = {"sbxctl status ONE": [SBXCTL, "--no-pager", "status", "bench-idle@1"],
            "sbxctl list": [SBXCTL, "--no-pager", "list"]}
    if os.path.isdir("/run/systemd/system"):
        shown = subprocess.run([SBXCTL, "show", "-p", "ControlGroup", "--value", "bench-idle@1"], check=True,
                               capture_output=True, text=True)
        ways["systemctl status ONE.scope"] = ["systemctl", "--no-pager", "status", os.path.basename(shown.stdout.strip())]
        ways["systemctl list-units"] = ["systemctl", "--no-pager", "list-units", "sbx-*"]
    print(f"\n{f'ms, with {count} sandboxes':38} {'p50':>8} {'p95':>8}")
    for name, command in ways.items():
        samples = []
        for _ in range(20):
            begun = time.monotonic_ns()
            run(*command)
            samples.append((time.monotonic_ns() - begun) / 1e6)
        print(f"{name:38} {statistics.median(samples):8.1f} {sorted(samples)[18]:8.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starter", required=True, help="the starter program")
    parser.add_argument("--image", required=True, help="busybox.erofs")
    parser.add_argument("--counts", default="0,100,1000", help="idle sandboxes; default: %(default)s")
    parser.add_argument("--peer-counts", default="0,100", help="the same for the peers; default: %(default)s")
    parser.add_argument("--parallel", default="1,8,64", help="starts at a time; default: %(default)s")
    parser.add_argument("--starts", type=int, default=256, help="starts in all of each kind")
    arguments = parser.parse_args()
    arguments.parallel = [int(n) for n in arguments.parallel.split(",")]
    counts = [int(n) for n in arguments.counts.split(",")]
    peer_counts = [int(n) for n in arguments.peer_counts.split(",")]
    work = tempfile.mkdtemp(prefix="sbx-bench.", dir="/run")
    lower = os.path.join(work, "lower")
    os.makedirs(lower)
    run("mount", "-t", "erofs", "-o", "loop,ro", arguments.image, lower)
    try:
        throughput_table(arguments, lower)
        print(f"\n{'memory':16} {'idle':>6} {'KiB':>10} {'KiB each':>8}")
        for peer_class, program in ((Bwrap, "bwrap"), (Nspawn, "systemd-nspawn"), (Conmon, "conmon")):
            if not shutil.which(program):
                print(f"{peer_class.name:16} is not installed")
                continue
            peer = peer_class(work, lower)
            try:
                memory_table(peer, peer_counts)
            finally:
                peer.stop()
        sbx = Sbx(work, lower)
        try:
            memory_table(sbx, counts)
            latency_table(counts[-1])
        finally:
            sbx.stop()
    finally:
        subprocess.run(["umount", lower], check=False)
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
