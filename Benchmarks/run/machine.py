"""The machine that everything runs on: its cores, its limits, and the tools it must have."""

import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

SERVER_CORE = 0
LOAD_CORE = 1

# What is run, and the Debian package that brings it.
TOOLS = {
    "wrk": "wrk",
    "nginx": "nginx",
    "node": "nodejs",
    "gcc": "gcc",
    "taskset": "util-linux",
}
NGINX_MODULES = Path("/usr/lib/nginx/modules")


def install_missing():
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if not (NGINX_MODULES / "ngx_nchan_module.so").exists():
        missing.append("libnginx-mod-nchan")
    if not missing:
        return
    if not shutil.which("apt-get"):
        sys.exit(f"bench: install these first: {' '.join(missing)}")
    become_root = [] if os.geteuid() == 0 else ["sudo"]
    print(f"Installing {' '.join(missing)}", file=sys.stderr)
    subprocess.run([*become_root, "apt-get", "update", "-qq"], check=True)
    # Debian would start nginx as a service, on a port of its own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run([*become_root, "apt-get", "install", "-y", "-qq", *missing], check=True, env=environment)


def prepare():
    """Raises the limit of open files for everything that is started, and keeps this script off the server's core."""
    if (os.cpu_count() or 1) < 2:
        sys.exit("bench: the server and the load need a core each")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.sched_setaffinity(0, {LOAD_CORE})


def open_files():
    return min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65536)


def on_core(core, command):
    return ["taskset", "-c", str(core), *map(str, command)]


class Bystanders:
    """What everything else on the machine does meanwhile: more than a little, and the figures are noise."""

    LITTLE = 0.03

    def __init__(self):
        self.start = time.monotonic()
        self.used = self._used()

    def share(self):
        """What other processes have used of all cores; those of the run must have ended."""
        elapsed = (time.monotonic() - self.start) * (os.cpu_count() or 1)
        return max(0.0, (self._used() - self.used) / elapsed)

    @staticmethod
    def _used():
        user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
        # The last of these is the clock.
        return (user + nice + system) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def description():
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"
