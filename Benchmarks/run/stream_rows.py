"""Event streams: how fast events reach all who listen."""

from . import load
from .systems import running

#: Where a burst of 1000 would take half a minute.
FEWER_EVENTS = {"hummingbird": 50}


def measure(results, effort):
    systems = ["martlet", "nchan", "hummingbird", "node", "c"]
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
    measure_compressed(results, effort)
    measure_replay(results, effort)


def measure_compressed(results, effort):
    """One compression for all streams against one for each."""
    settings = {"subscribe": "/compressed", "encoding": "gzip", "bytes": 1000}
    systems = ["martlet", "node", "c"]
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
        for name in ["martlet", "nchan"]:
            with running(name) as [server]:
                found = load.streams("replay", server, streams=1000, events=1000, **paths.get(name, {}))
                results.add("replay_rate", name, found["events_per_second"])
                results.add("replay_memory", name, found["peak_bytes_per_stream"] / 1024)
