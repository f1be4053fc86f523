"""Scripts/bench: measures Martlet and its peers in one run."""

import argparse
import dataclasses
import datetime
import json
import sys
import time

from . import building, http_rows, machine, memory_rows, micro_rows, stream_rows, systems
from .results import Results


@dataclasses.dataclass
class Effort:
    rounds: int
    seconds: int
    memory_rounds: int
    churned: int
    #: What the load is; another does not change who is faster.
    connections: int = 64
    streams: int = 1000


QUICK = Effort(rounds=4, seconds=2, memory_rounds=1, churned=100_000)
FULL = Effort(rounds=7, seconds=5, memory_rounds=3, churned=100_000)

GROUPS = {
    "http": (building.SERVERS, lambda results, effort: http_rows.measure(results, effort)),
    "sse": (building.SERVERS, lambda results, effort: stream_rows.measure(results, effort)),
    "memory": (building.SERVERS, lambda results, effort: memory_rows.measure(results, effort)),
    "router": (["micro-bench"], lambda results, effort: micro_rows.measure(results, ["router", "events", "binding"])),
    "middleware": (["martlet-bench", "hummingbird-peer", "micro-bench"], lambda results, effort: measure_middleware(results, effort)),
}


def measure_middleware(results, effort):
    http_rows.measure_middleware(results, effort)
    http_rows.measure_shelf(results, effort)
    micro_rows.measure(results, ["middleware"])


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench", description=__doc__)
    parser.add_argument("group", nargs="?", default="all", choices=[*GROUPS, "all"])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under ten minutes in all")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--connections", type=int, default=64, help="of the http rows, 64 unless told")
    parser.add_argument("--streams", type=int, default=1000, help="of the paced broadcast, 1000 unless told")
    parser.add_argument("--base", metavar="PROGRAM", help="a martlet-bench of another commit, as one more peer")
    options = parser.parse_args()
    if options.base:
        systems.compare_with(options.base)
    groups = list(GROUPS) if options.group == "all" else [options.group]

    machine.install_missing()
    building.build(dict.fromkeys(product for group in groups for product in GROUPS[group][0]))
    machine.prepare()
    effort = dataclasses.replace(
        QUICK if options.quick else FULL, connections=options.connections, streams=options.streams)
    results = Results()
    start = time.monotonic()
    bystanders = machine.Bystanders()
    for group in groups:
        print(f"{group} …", file=sys.stderr, flush=True)
        GROUPS[group][1](results, effort)

    print(results.table())
    met, targets = results.counts()
    print(f"{met} of {targets} targets met in {time.monotonic() - start:.0f} s on {machine.description()}")
    others = bystanders.share()
    if others > machine.Bystanders.LITTLE:
        print(f"Other processes used {others:.0%} of the machine: the figures are noise.")
    if options.json:
        about = {
            "date": datetime.date.today().isoformat(), "machine": machine.description(),
            "others": round(others, 3), **vars(effort),
        }
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"about": about, **results.summary()}, file, indent=2, ensure_ascii=False)
            file.write("\n")


if __name__ == "__main__":
    main()
