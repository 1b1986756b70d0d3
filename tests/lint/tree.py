# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lints share: where the sources are, and C without its comments and strings."""

import ast
import os
import re
import sys

ROOT = os.environ.get("SBX_SOURCE_ROOT") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("src", "include", "tests", "units", ".ci")


def files(*suffixes, folders=FOLDERS):
    """All files below the folders, as paths relative to the top, those with a suffix if any are given."""
    found = []
    for folder in folders:
        for where, below, names in os.walk(os.path.join(ROOT, folder)):
            below[:] = sorted(d for d in below if d not in ("__pycache__", "corpus", "golden"))
            for name in sorted(names):
                if not suffixes or name.endswith(suffixes):
                    found.append(os.path.relpath(os.path.join(where, name), ROOT))
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as stream:
        return stream.read()


PIECES = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)


def code(text):
    """Comments and the insides of literals become blanks; lines stay where they are."""
    def blank(match):
        piece = match.group(0)
        inner = re.sub(r"[^\n]", " ", piece[1:-1])
        return (piece[0] + inner + piece[-1]) if piece[0] in "\"'" else re.sub(r"[^\n]", " ", piece)
    return PIECES.sub(blank, text)


def room_dict(name):
    """One dict of src/meson.build; its literals happen to be Python's."""
    text = read("src/meson.build")
    start = text.index("\n" + name + " = {") + len(name) + 4
    return ast.literal_eval(text[start:text.index("\n}", start) + 2])


class Report:
    """Collects complaints; finish() prints them and ends the program."""

    def __init__(self):
        self.complaints = []

    def add(self, path, line, text):
        self.complaints.append(f"{path}:{line}: {text}")

    def finish(self, checked):
        for complaint in self.complaints:
            print(complaint)
        if checked == 0:
            print("nothing was checked")
        sys.exit(1 if self.complaints or checked == 0 else 0)
