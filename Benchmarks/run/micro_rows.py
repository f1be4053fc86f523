"""Parts of a request without sockets, measured by the program `micro-bench`."""

import json
import subprocess

from . import machine
from .building import RELEASE


def measure(results, groups):
    command = machine.on_core(machine.SERVER_CORE, [RELEASE / "micro-bench", *groups])
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    static = {}
    for found in map(json.loads, output.splitlines()):
        row, system, nanoseconds = found["row"], found["system"], found["nanoseconds"]
        if row.startswith("router_"):
            results.add(row, system, 1e9 / nanoseconds)
        elif "megabytes_per_second" in found:
            results.add(row, system, found["megabytes_per_second"])
        else:
            results.add(row, system, nanoseconds / 1000)
        results.add(f"{row}_allocations", system, found["allocations"])
        if row.endswith("_static"):
            static[row, system] = nanoseconds
    for system in ["martlet", "hummingbird"]:
        if ("router_10_static", system) in static:
            growth = static["router_1000_static", system] / static["router_10_static", system]
            results.add("lookup_growth", system, growth)
