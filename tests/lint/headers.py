#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each header compiles alone: it includes what it uses."""

import os
import subprocess

import tree

PACKAGES = ["libsystemd", "libcap", "libseccomp", "smartcols", "json-c"]


def main():
    report = tree.Report()
    flags = subprocess.run(["pkg-config", "--cflags", *PACKAGES], check=True, text=True,
                           capture_output=True).stdout.split()
    command = ["gcc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-function",
               "-Wno-unused-parameter", "-Werror",
               "-D_GNU_SOURCE", "-I" + os.path.join(tree.ROOT, "src"),
               "-I" + os.path.join(tree.ROOT, "include"), "-I/usr/include/iniparser", *flags, "-x", "c", "-"]
    headers = tree.files(".h", folders=("src", "include"))
    for path in headers:
        name = path.split("/", 1)[1]
        done = subprocess.run(command, input=f'#include "{name}"\n#include "{name}"\n', text=True,
                              capture_output=True)
        if done.returncode != 0:
            report.add(path, 1, "does not compile alone:\n" + done.stderr)
    report.finish(len(headers))


main()
