#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each lint finds the fault that it is for: one bad tree a fault, and a good one that passes."""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX_C = "/* SPDX-License-" + "Identifier: LGPL-2.1-or-later */\n"
SPDX_HASH = "# SPDX-License-" + "Identifier: LGPL-2.1-or-later\n"
ROOMS = SPDX_HASH + "\nroom_uses = {\n        'low': [],\n        'high': ['low'],\n}\n"
GOOD = {
    "src/meson.build": ROOMS,
    "src/low/README.md": "low\n",
    "src/high/README.md": "high\n",
    "src/low/one.h": SPDX_C + "#pragma once\n\nint one(void);\n",
    "src/high/two.c": SPDX_C + '#include "low/one.h"\n\nint main(void) {\n        return one();\n}\n',
    "tests/good.sh": "#!/bin/sh\n" + SPDX_HASH + "set -eu\n",
}
FAULTS = [
    ("rooms.py", "src/low/bad.c", SPDX_C + '#include "high/two.h"\n'),
    ("rooms.py", "src/low/bad.c", SPDX_C + '#include "base/log.h"\n'),
    ("rooms.py", "src/low/README.md", "line\n" * 31),
    ("rooms.py", "src/other/README.md", None),
    ("calls.py", "src/low/bad.c", SPDX_C + "int f(char *s) {\n        return atoi(s);\n}\n"),
    ("calls.py", "src/low/bad.c", SPDX_C + "void f(void) {\n        goto out;\nout:;\n}\n"),
    ("calls.py", "src/low/bad.c", SPDX_C + "/* TO" + "DO: later */\n"),
    ("calls.py", "src/low/bad.c", "int x;\n"),
    ("sizes.py", "src/low/bad.c", SPDX_C + "int f(void) {\n" + "        ;\n" * 80 + "}\n"),
    ("sizes.py", "src/low/bad.c", SPDX_C + "\n" * 700),
    ("headers.py", "src/low/bad.h", SPDX_C + "#pragma once\nuint64_t f(void);\n"),
    ("format.py", "src/low/bad.c", SPDX_C + "int  f( void );\n"),
    ("shell.py", "tests/bad.sh", "#!/bin/sh\n" + SPDX_HASH + "cat $1\n"),
]


def plant(root, files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        if text is not None:
            with open(os.path.join(root, path), "w", encoding="utf-8") as stream:
                stream.write(text)
            if path.endswith(".sh"):
                os.chmod(os.path.join(root, path), 0o755)


def passes(lint, root):
    environment = dict(os.environ, SBX_SOURCE_ROOT=root)
    return subprocess.run([os.path.join(HERE, lint)], env=environment, capture_output=True).returncode == 0


def main():
    wrong = 0
    style = os.path.join(os.path.dirname(os.path.dirname(HERE)), ".clang-format")
    for lint in sorted({fault[0] for fault in FAULTS}):
        for path, text in [(None, None)] + [fault[1:] for fault in FAULTS if fault[0] == lint]:
            with tempfile.TemporaryDirectory() as root:
                plant(root, GOOD)
                shutil.copy(style, root)
                if path:
                    plant(root, {path: text})
                if path and text is None:
                    os.remove(os.path.join(root, "src/low/README.md"))
                if passes(lint, root) != (path is None):
                    print(f"{lint} is wrong about {path or 'a good tree'}: {text!r}")
                    wrong += 1
    sys.exit(1 if wrong else 0)


main()
