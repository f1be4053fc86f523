"""Event streams: how fast events reach all who listen."""

import contextlib
import socket
import urllib.request

from . import load
from .systems import compared, running

#: Where a burst of 1000 would take half a minute.
FEWER_EVENTS = {"hummingbird": 50}


def measure(results, effort):
    systems = compared("martlet", "nchan", "hummingbird", "node", "c")
    with running(*systems) as servers:
        for _ in range(effort.rounds):
            for server in servers:
                found = load.streams("paced", server, streams=effort.streams, bytes=64, seconds=effort.seconds)
                results.add("sse_paced", server.name, found["events_per_second"])
                results.add("sse_paced_p99", server.name, found["p99_ms"])
        for _ in range(effort.rounds):
            for server in servers:
                # nchan publishes what a request holds: its burst is as many requests.
                mode = "pipelined" if server.name == "nchan" else "burst"
                events = FEWER_EVENTS.get(server.name, 1000)
                found = load.streams(mode, server, streams=200, bytes=64, events=events)
                results.add("sse_burst", server.name, found["events_per_second"])
        for _ in range(effort.rounds):
            for server in servers:
                events = FEWER_EVENTS.get(server.name, 1000)
                found = load.streams("pipelined", server, streams=200, bytes=64, events=events)
                results.add("sse_pipelined", server.name, found["events_per_second"])
    measure_stalled(results, effort)
    measure_producers(results, effort)
    measure_topics(results, effort)
    measure_compressed(results, effort)
    measure_replay(results, effort)


def measure_stalled(results, effort):
    """The fan-out with a client in it that reads nothing, and without."""
    with running("martlet") as [server]:
        for _ in range(effort.rounds):
            for name, count in [("martlet", 1), ("alone", 0)]:
                with stalled_clients(server, count):
                    found = load.streams(
                        "paced", server, streams=effort.streams, bytes=64, seconds=effort.seconds, subscribe="/feed",
                        publish="/feed/feed")
                    results.add("stalled_p99", name, found["p99_ms"])


@contextlib.contextmanager
def stalled_clients(server, count):
    """Clients that do not read, and for whom as much waits as may."""
    with contextlib.ExitStack() as sockets:
        for _ in range(count):
            client = sockets.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(b"GET /feed/stalled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            client.recv(1)
        if count:
            urllib.request.urlopen(server.url("/feed/stalled?n=100"), bytes(65536).replace(b"\0", b"x")).read()
        yield


def measure_producers(results, effort):
    """What one event costs that a response gives its one reader."""
    events = 200_000
    with running("martlet", "node") as servers:
        for _ in range(effort.rounds):
            for way in ["send", "sequence", "stream", "write"]:
                for server in servers:
                    found = load.streams(
                        "produce", server, streams=1, events=events, subscribe=f"/produce/{way}?n={events}")
                    results.add(f"produce_{way}", server.name, found["seconds"] / events * 1e6)


def measure_topics(results, effort):
    """A room and those who come back to it, among 10,000 topics that have been published to and 1000 patterns, and alone."""
    room = {"subscribe": "/room", "publish": "/room"}
    for _ in range(effort.rounds):
        for name, crowded in [("martlet", True), ("alone", False)]:
            with running("martlet") as [server], crowd(server, crowded):
                found = load.streams("burst", server, streams=1, events=5000, **room)
                results.add("topics_publish", name, found["events_per_second"])
                found = load.streams("replay", server, streams=1000, events=10, **room)
                results.add("topics_resume", name, found["seconds"] * 1000)


@contextlib.contextmanager
def crowd(server, is_there):
    """Has every topic published to, then subscribes to all of them, and to the patterns."""
    with contextlib.ExitStack() as sockets:
        if is_there:
            urllib.request.urlopen(server.url("/room/news"), b"").read()
            for path in ["/room/all", "/room/patterns"]:
                client = sockets.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                if b" 200 " not in client.recv(65536):
                    raise RuntimeError(f"no stream of {path}")
        yield


def measure_compressed(results, effort):
    """One compression for all streams against one for each."""
    settings = {"subscribe": "/compressed", "encoding": "gzip", "bytes": 1000}
    systems = compared("martlet", "node", "c")
    with running(*systems) as servers:
        for _ in range(effort.rounds):
            for server in servers:
                found = load.streams(
                    "paced", server, streams=effort.streams, seconds=effort.seconds, **settings)
                results.add("gzip_paced", server.name, found["events_per_second"])
                results.add("gzip_paced_p99", server.name, found["p99_ms"])
    for name in systems:
        with running(name) as [server]:
            found = load.streams("idle", server, streams=1000, **settings)
            results.add("gzip_memory", name, found["bytes_per_used_stream"] / 1024)


def measure_replay(results, effort):
    """What clients get that come back after 1000 events; of the peers only nchan has a history."""
    paths = {"nchan": {"subscribe": "/kept/events", "publish": "/kept/pub"}}
    for _ in range(effort.memory_rounds):
        for name in compared("martlet", "nchan"):
            with running(name) as [server]:
                found = load.streams("replay", server, streams=1000, events=1000, **paths.get(name, {}))
                results.add("replay_rate", name, found["events_per_second"])
                results.add("replay_memory", name, found["peak_bytes_per_stream"] / 1024)
