#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""shellcheck has nothing to say about any script."""

import os
import subprocess
import sys

import tree


def main():
    scripts = [path for path in tree.files() if tree.read(path)[:32].startswith(("#!/bin/sh", "#!/bin/bash"))]
    done = subprocess.run(["shellcheck", "-x", "-P", "SCRIPTDIR:.", *scripts], cwd=tree.ROOT)
    unmarked = [path for path in scripts if not os.access(os.path.join(tree.ROOT, path), os.X_OK)]
    for path in unmarked:
        print(f"{path}:1: not executable")
    sys.exit(1 if done.returncode or unmarked or not scripts else 0)


main()
