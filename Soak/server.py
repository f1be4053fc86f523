"""The server that is tormented, as a process."""
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

from wire import Connection


def free_port():
    """Below the ports that the system gives to clients: one of those could have it while the server restarts."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port := random.randrange(first // 2, first)))
            except OSError:
                continue
            return port


class Server:
    """The process that is tormented, one after the other on the same file and port."""

    def __init__(self, binary, folder, plant, host):
        self.binary, self.folder = binary, folder
        self.file = folder / "events.db"
        self.clock = folder / "clock"
        self.environment = dict(os.environ, EVENTS_FILE=str(self.file), SOAK_MAX_EVENTS="400")
        if plant == "lose":
            self.environment["SOAK_PLANT"] = plant
        self.address = (host, free_port())
        self.process = None
        self.log = open(folder / "server.log", "ab")

    def launch(self, false_clock=None, files=None):
        environment = dict(self.environment)
        if false_clock:
            self.clock.write_text("+0")
            environment |= {
                "LD_PRELOAD": false_clock,
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",
            }
        host, port = self.address
        command = [self.binary, "serve", "--host", host, "--port", str(port)]
        if files:
            command = ["prlimit", f"--nofile={files}:{files}", *command]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self.log)

    async def start(self, false_clock=None, files=None):
        self.process = self.launch(false_clock, files)
        await self.listening(self.process)

    async def listening(self, process):
        line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), 60)
        if not line.startswith(b"Listening"):
            raise RuntimeError(f"the server did not start: {self.said}")

    @property
    def said(self):
        """The end of the server's log."""
        return (self.folder / "server.log").read_text()[-1000:]

    async def end(self, how, process=None):
        process = process or self.process
        if process.poll() is not None:
            raise RuntimeError(f"the server ended by itself with status {process.poll()}: {self.said}")
        process.send_signal(how)
        deadline = time.monotonic() + 30
        while (status := process.poll()) is None:
            if time.monotonic() > deadline:
                process.kill()
                raise RuntimeError(f"the server did not end within 30 s of {how}: {self.said}")
            await asyncio.sleep(0.02)
        process.stdout.close()
        if how == signal.SIGTERM and status != 0:
            raise RuntimeError(f"after SIGTERM the server ended with status {status}")

    @property
    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    @property
    def memory(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    async def get(self, target):
        connection = await Connection.open(self.address)
        try:
            await connection.send("GET", target, [("Connection", "close")])
            return json.loads((await asyncio.wait_for(connection.answer(), 20))[1])
        finally:
            connection.end()
