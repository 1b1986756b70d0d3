#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions of at most 80 lines, files of at most 700. With --report, the longest of each."""

import re
import sys

import tree

FUNCTION_LINES_MAX = 80
FILE_LINES_MAX = 700


def functions(text):
    """(name, first line, lines) of each function; the format puts its braces into column 0 and last."""
    lines = tree.code(text).splitlines()
    start, name = None, None
    for number, line in enumerate(lines, 1):
        if start is None and line.endswith("{") and not line.startswith((" ", "#", "}")):
            head = line
            back = number - 2
            while "(" not in head and back >= 0 and lines[back].strip() and number - back < 12:
                head = lines[back] + " " + head
                back -= 1
            match = re.search(r"(\w+)\s*\(", head)
            if match and "=" not in head.split("(")[0] and not head.startswith(("struct", "enum", "union", "typedef")):
                start, name = number, match.group(1)
        elif start is None and line.startswith(" ") and line.endswith(") {") and number > 1:
            # Parameters that go over several lines: the head began in column 0 above.
            back = number - 2
            while back >= 0 and lines[back].startswith(" "):
                back -= 1
            match = re.match(r"\w[\w\s*]*?(\w+)\s*\(", lines[back])
            if match and "{" not in lines[back]:
                start, name = back + 1, match.group(1)
        elif start is not None and line.startswith("}"):
            yield name, start, number - start + 1
            start = None


def main():
    report = tree.Report()
    seen = []
    files = []
    sources = tree.files(".c", ".h", ".py", ".sh")
    for path in sources:
        text = tree.read(path)
        lines = text.count("\n")
        files.append((lines, path))
        if lines > FILE_LINES_MAX:
            report.add(path, lines, f"longer than {FILE_LINES_MAX} lines")
        if path.endswith(".c"):
            for name, line, size in functions(text):
                seen.append((size, f"{path}:{line}", name))
                if size > FUNCTION_LINES_MAX:
                    report.add(path, line, f"{name}() has {size} lines, {FUNCTION_LINES_MAX} are allowed")
    if "--report" in sys.argv:
        for size, place, name in sorted(seen, reverse=True)[:20]:
            print(f"{size:4} {name} {place}")
        print(f"{len(seen)} functions, {sum(size > 40 for size, _, _ in seen)} of them over 40 lines")
        for size, path in sorted(files, reverse=True)[:10]:
            print(f"{size:4} {path}")
        print(f"{len(files)} files, {sum(size > 500 for size, _ in files)} of them over 500 lines")
    report.finish(len(sources))


main()
