#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tidy.py BUILD [FILE…]: clang-tidy over src, with the command lines of a clang build."""

import concurrent.futures
import json
import os
import subprocess
import sys

import tree


def main():
    build = sys.argv[1]
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as stream:
        commands = json.load(stream)
    sources = sorted({os.path.realpath(os.path.join(c["directory"], c["file"])) for c in commands})
    top = os.path.join(os.path.realpath(tree.ROOT), "src") + os.sep
    wanted = [os.path.realpath(path) for path in sys.argv[2:]]
    sources = [s for s in sources if s.startswith(top) and (not wanted or s in wanted)]

    def check(source):
        return subprocess.run(["clang-tidy", "--quiet", "-p", build, source], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in pool.map(check, sources):
            if done.returncode != 0:
                failed += 1
                print(done.stdout or done.stderr)
    print(f"{len(sources)} files, {failed} with findings")
    sys.exit(1 if failed or not sources else 0)


main()
