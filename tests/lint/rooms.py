#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each room includes only headers of the rooms that room_uses in src/meson.build gives it, only the
programs' rooms log, and each room has its page."""

import os
import re

import tree

LOGGING_ROOMS = {"base", "manager", "helper", "ctl", "relay"}
README_LINES_MAX = 30


def main():
    report = tree.Report()
    uses = tree.room_dict("room_uses")
    checked = 0
    for path in tree.files(".c", ".h", ".def", folders=("src",)):
        room = path.split("/")[1]
        if room not in uses:
            report.add(path, 1, f"'{room}' is no room of src/meson.build")
            continue
        checked += 1
        allowed = set(uses[room]) | {room, "sbx"}
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            used = match.group(1).split("/")[0] if "/" in match.group(1) else ""
            if used not in allowed:
                report.add(path, number, f"room '{room}' may not include \"{match.group(1)}\"")
            if match.group(1) == "base/log.h" and room not in LOGGING_ROOMS:
                report.add(path, number, f"room '{room}' may not log: return the error")
    for room in sorted(os.listdir(os.path.join(tree.ROOT, "src"))):
        folder = os.path.join("src", room)
        if not os.path.isdir(os.path.join(tree.ROOT, folder)):
            continue
        page = os.path.join(folder, "README.md")
        if not os.path.exists(os.path.join(tree.ROOT, page)):
            report.add(page, 1, "this room has no README.md")
        elif (lines := len(tree.read(page).splitlines())) > README_LINES_MAX:
            report.add(page, lines, f"longer than {README_LINES_MAX} lines")
    report.finish(checked)


main()
