#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pages.py BUILD: every manual page is one that man(1) and whatis(1) understand without a complaint, refers to pages that
there are, and has the options that its program tells of, no more and no less."""

import os
import re
import subprocess
import sys

BUILD = os.path.abspath(sys.argv[1])
PAGES = {  # and the program whose options stand in it
    "src/sbxctl.1": None,
    "src/docgen/sbx.sandbox.5": None,
    "src/docgen/sbx.7": None,
    "src/docgen/sbxd.8": "src/sbxd",
    "src/docgen/sbx-helper.8": "src/sbx-helper",
    "src/docgen/sbx-relay.8": None,
}
failed = 0


def check(name, good, shown=""):
    global failed
    failed += not good
    print(f"{'ok' if good else 'not ok'} {name}" + ("" if good else f"\n    # {shown!r}"))


def run(*command):
    environment = dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80", TERM="dumb")
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def main():
    names = {os.path.basename(page) for page in PAGES}
    for page, program in PAGES.items():
        path = os.path.join(BUILD, page)
        name = os.path.basename(page)
        done = run("man", "--warnings=w", "--no-hyphenation", "-l", path)
        check(f"{name}: man has no complaint", done.returncode == 0 and not done.stderr and done.stdout.strip(), done.stderr)
        # an example of a command may be wider, prose is not
        wide = [line for line in done.stdout.splitlines() if len(line) > 80 and not line.lstrip().startswith("$ ")]
        check(f"{name}: fits a terminal", not wide, wide)
        done = run("lexgrog", path)
        check(f"{name}: whatis finds its title", done.returncode == 0 and name.rsplit(".", 1)[0] in done.stdout, done.stdout + done.stderr)
        with open(path, encoding="utf-8") as stream:
            source = re.sub(r"\\f.", "", stream.read().replace("\\-", "-"))
        section = source.split(".SH OPTIONS")[-1].split("\n.SH ")[0]
        told = {match[0] + "." + match[1] for match in re.findall(r"\b(sbx[a-z.-]*) ?\((\d)\)", source)}
        check(f"{name}: refers to pages that there are", told <= names, told - names)
        if program:
            helped = options(run(os.path.join(BUILD, program), "--help").stdout)
            check(f"{name}: the options of --help", options(section) == helped and helped, options(section) ^ helped)
    sys.exit(1 if failed else 0)


main()
