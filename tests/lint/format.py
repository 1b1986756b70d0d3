#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""clang-format has nothing to change. With --fix, it changes it."""

import os
import subprocess
import sys

import tree


def main():
    sources = [os.path.join(tree.ROOT, path) for path in tree.files(".c", ".h")]
    how = ["-i"] if "--fix" in sys.argv else ["--dry-run", "-Werror"]
    done = subprocess.run(["clang-format", "--style=file", *how, *sources], cwd=tree.ROOT)
    sys.exit(done.returncode if sources else 1)


main()
