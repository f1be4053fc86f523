"""Builds what is measured, in release."""

import subprocess
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
BUILD = str(PACKAGE.parent / "Scripts" / "build-release")
TOOLS = PACKAGE / ".build" / "tools"
RELEASE = PACKAGE / ".build" / "release"

SERVERS = ["martlet-bench", "hummingbird-peer", "nio-peer"]


def build(products):
    for product in products:
        subprocess.run([BUILD, "--package-path", str(PACKAGE), "--product", product], check=True)
    TOOLS.mkdir(parents=True, exist_ok=True)
    for name in ["stream-load", "write-loop"]:
        compile_c([PACKAGE / "C" / f"{name}.c", "-o", TOOLS / name, "-lz"])
    measurement = PACKAGE / "Sources" / "CMeasurement"
    compile_c([
        "-shared", "-fPIC", "-I", measurement / "include", measurement / "allocations.c", "-o",
        TOOLS / "liballocations.so"
    ])


def compile_c(arguments):
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", *map(str, arguments)], check=True)
