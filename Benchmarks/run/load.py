"""Runs the programs that make the load, on the load's core."""

import json
import re
import subprocess

from . import machine
from .building import TOOLS


class LoadFailure(Exception):
    """The load found an answer that is not right: the figure would mean nothing."""


def requests(server, path, seconds, connections=64, headers=()):
    """Has wrk ask for one path; returns requests a second, the 99th percentile in ms, and how many requests."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    before = server.processor_seconds()
    output = _run([*command, server.url(path)])
    used = server.processor_seconds() - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise LoadFailure(f"{server.name} {path}:\n{output}")
    count = int(re.search(r"(\d+) requests in", output).group(1))
    percentile, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    return {
        "per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)),
        "p99_ms": float(percentile) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit],
        "count": count,
        "processor_us": used / count * 1e6,
    }


def streams(mode, server, **settings):
    """Runs stream-load; its settings are named as its options are."""
    command = [TOOLS / "stream-load", mode, "--port", server.port]
    command += ["--resident", ",".join(map(str, server.processes()))]
    for name, value in settings.items():
        command += [f"--{name}", value]
    return json.loads(_run(command))


def _run(command):
    result = subprocess.run(
        machine.on_core(machine.LOAD_CORE, command), capture_output=True, text=True, timeout=600)
    if result.returncode != 0:
        raise LoadFailure(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout
