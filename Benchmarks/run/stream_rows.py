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
