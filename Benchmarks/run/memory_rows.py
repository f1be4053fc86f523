"""Many streams: what they keep in memory, and how the cost grows with them."""

from . import load, machine
from .rows import FAN_OUT_STREAMS
from .systems import compared, running

IDLE_STREAMS = 10000


def measure(results, effort):
    for _ in range(effort.memory_rounds):
        for name in compared("martlet", "nchan", "hummingbird", "node", "c"):
            with running(name) as [server]:
                found = load.streams("idle", server, streams=IDLE_STREAMS)
            results.add("idle_memory", name, found["bytes_per_stream"] / 1024)
            results.add("idle_connect", name, found["connect_seconds"])
            results.add("idle_fan_out", name, found["fan_out_ms"])
    measure_fan_out(results, effort)
    measure_churn(results, effort)


def measure_fan_out(results, effort):
    for _ in range(effort.memory_rounds):
        for name in compared("martlet", "c"):
            share = {}
            for streams in FAN_OUT_STREAMS:
                if streams + 100 > machine.open_files():
                    continue
                with running(name) as [server]:
                    found = load.streams("paced", server, streams=streams, seconds=effort.seconds)
                results.add(f"fan_out_{streams}", name, found["p50_ms"])
                share[streams] = found["p50_ms"] / streams
            results.add("fan_out_growth", name, share[max(share)] / share[1000])


def measure_churn(results, effort):
    for name in compared("martlet"):
        with running(name) as [server]:
            found = load.streams("churn", server, streams=100, events=effort.churned)
        grown = found["resident_after"] - found["resident_before"]
        results.add("churn_growth", name, grown / 1024 / (effort.churned / 1000))
        results.add("churn_rate", name, found["per_second"])
