#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls and words that no source may contain, and the licence line that each must."""

import re

import tree

EVERYWHERE = ("strtol strtoll strtoul strtoull atoi atol atoll sprintf vsprintf strcpy strcat strtok "
              "gets alloca system popen usleep dup mktemp tmpnam tempnam goto").split()
# A call that waits for the bus would stop the manager's loop.
IN_ROOM = {"manager": ["sd_bus_call", "sleep", "nanosleep"]}
WORDS = re.compile(r"\b(" + "TO" + "DO|XX" + "X|FIX" + r"ME)\b")
SPDX = "SPDX-License-" + "Identifier: LGPL-2.1-or-later"


def pattern(names):
    calls = "|".join(re.escape(name) for name in names if name != "goto")
    return re.compile(rf"(?<![\w.>])({calls})\s*\(|\b(goto)\b")


def main():
    report = tree.Report()
    checked = 0
    for path in tree.files(".c", ".h", ".def", ".py", ".sh", ".in", ".conf", ".sandbox", ".service",
                           ".socket", ".slice", "meson.build", ".ci/run"):
        text = tree.read(path)
        checked += 1
        if path.endswith(("web.sandbox", "meson.build")) or not path.startswith("tests/fake/"):
            if SPDX not in "\n".join(text.splitlines()[:8]):
                report.add(path, 1, "no SPDX line at its top")
        for number, line in enumerate(text.splitlines(), 1):
            if WORDS.search(line):
                report.add(path, number, "unfinished business is not kept in the source")
        if not path.endswith((".c", ".h")):
            continue
        names = list(EVERYWHERE)
        if path.startswith("src/"):
            names += IN_ROOM.get(path.split("/")[1], [])
        forbidden = pattern(names)
        for number, line in enumerate(tree.code(text).splitlines(), 1):
            match = forbidden.search(line)
            if match:
                report.add(path, number, f"'{match.group(1) or match.group(2)}' is forbidden here")
    report.finish(checked)


main()
