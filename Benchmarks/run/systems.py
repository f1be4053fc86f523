"""The systems that are compared: how each is started, watched and stopped."""

import contextlib
import getpass
import os
import socket
import string
import subprocess
import tempfile
import time
from pathlib import Path

from . import machine
from .building import PACKAGE, RELEASE, TOOLS


class Server:
    """A running system on a port of its own, pinned to the server's core."""

    def __init__(self, name, command, port, environment=None):
        self.name = name
        self.port = port
        self.process = subprocess.Popen(
            machine.on_core(machine.SERVER_CORE, command), stdout=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})})
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with code {self.process.returncode}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} does not listen on port {self.port}")

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def processes(self):
        """The process and its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def processor_seconds(self):
        """What all threads of the system have used: unlike the clock it does not count the time of other processes."""
        return sum(
            int(path.read_text().split()[0]) for process in self.processes()
            for path in Path(f"/proc/{process}/task").glob("*/schedstat")) / 1e9

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx_command(port, folder):
    # The worker must be able to write where the master may.
    values = {
        "modules": machine.NGINX_MODULES, "user": getpass.getuser(), "files": machine.open_files(), "folder": folder,
        "port": port,
    }
    template = string.Template((PACKAGE / "peers" / "nginx.conf").read_text())
    configuration = Path(folder) / "nginx.conf"
    # nginx's own $id stays as it is.
    configuration.write_text(template.safe_substitute(values))
    return ["nginx", "-e", Path(folder) / "error.log", "-c", configuration]


COMMANDS = {
    "martlet": lambda port, folder: [RELEASE / "martlet-bench", port],
    "wrapped": lambda port, folder: [RELEASE / "martlet-bench", port, "wrapped"],
    "shelf": lambda port, folder: [RELEASE / "martlet-bench", port, "shelf"],
    "hummingbird": lambda port, folder: [RELEASE / "hummingbird-peer", port],
    "hummingbird-wrapped": lambda port, folder: [RELEASE / "hummingbird-peer", port, "wrapped"],
    "nio": lambda port, folder: [RELEASE / "nio-peer", port],
    "node": lambda port, folder: ["node", PACKAGE / "peers" / "node-peer.js", port],
    "nginx": nginx_command,
    "nchan": nginx_command,
    "c": lambda port, folder: [TOOLS / "write-loop", port],
}


def compare_with(program):
    """Has another build of martlet-bench measured beside this one, under the name `base`."""
    COMMANDS["base"] = lambda port, folder: [Path(program).resolve(), port]
    COMMANDS["base-wrapped"] = lambda port, folder: [Path(program).resolve(), port, "wrapped"]


def compared(*names):
    """These, and the other build where there is one: for the rows that it can have, too."""
    return [*names, *(["base"] if "base" in COMMANDS else [])]


@contextlib.contextmanager
def running(*names, environment=None):
    """Starts systems by their names, and stops them all, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="martlet-bench-") as folder, contextlib.ExitStack() as stack:
        servers = []
        for name in names:
            own_folder = Path(folder) / name
            own_folder.mkdir()
            port = free_port()
            server = Server(name, COMMANDS[name](port, own_folder), port, environment)
            stack.callback(server.stop)
            servers.append(server)
        yield servers
