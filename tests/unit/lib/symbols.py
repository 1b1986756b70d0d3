#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""symbols.py LIBRARY: what libsbx exports is what the map and the header say, and it needs nothing but
libsystemd and the C library."""

import os
import re
import subprocess
import sys

ROOT = os.environ.get("SBX_SOURCE_ROOT", ".")
NEEDED = {"libsystemd.so.0", "libc.so.6"}
SANITIZERS = re.compile(r"lib(asan|ubsan|tsan|clang_rt)")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
        return re.sub(r"/\*.*?\*/", "", stream.read(), flags=re.S)


def output(*command):
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout


def uses_uninstalled(build):
    """Whether a program compiles against the build folder, as its own libsbx.pc says."""
    environment = dict(os.environ, PKG_CONFIG_PATH=os.path.join(build, "meson-uninstalled"))
    flags = subprocess.run(["pkg-config", "--cflags", "libsbx"], env=environment, check=True, text=True, capture_output=True).stdout
    return subprocess.run(["cc", "-D_GNU_SOURCE", "-fsyntax-only", *flags.split(), os.path.join(ROOT, "src/lib/example.c")]).returncode == 0


def main():
    library = sys.argv[1]
    mapped = set(re.findall(r"\b(sbx_\w+);", read("src/lib/libsbx.map")))
    declared = set(re.findall(r"^(?!static|typedef).*?\b\*?(sbx_\w+)\(", read("include/sbx/sbx.h"), re.M))
    names = output("nm", "-D", "--defined-only", library).split("\n")
    exported = {name.split()[-1] for name in names if name and " A " not in name}
    faults = []
    if exported != {f"{name}@@LIBSBX_0" for name in mapped}:
        faults.append(f"exported is {sorted(exported)}, in the map {sorted(mapped)}")
    if declared != mapped:
        faults.append(f"the header and the map differ in {sorted(declared ^ mapped)}")
    dynamic = output("readelf", "-d", library)
    if not uses_uninstalled(os.environ.get("SBX_BUILD_ROOT", ".")):
        faults.append("libsbx.pc of the build folder does not find its headers")
    if "soname: [libsbx.so.0]" not in dynamic:
        faults.append("its SONAME is not libsbx.so.0")
    needed = {name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic) if not SANITIZERS.match(name)}
    if not needed <= NEEDED:
        faults.append(f"it needs {sorted(needed - NEEDED)}")
    if len(mapped) < 20:
        faults.append("the map was not read")
    print("\n".join(faults))
    sys.exit(bool(faults))


main()
