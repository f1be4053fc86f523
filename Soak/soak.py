"""Torments a server and checks what its clients saw. Scripts/soak says how to call it."""
import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlencode

from ledger import Ledger, Record, check
from link import Link
from server import Server
from wire import BROKEN, Connection, EventParser, Inflated, Way, vanish_works

ROOMS = [f"room/{number}" for number in range(6)]
TOPICS = ROOMS + ["drop/fast", "drop/slow", "last/price"]
# What a stream gets without subscribing, and what its publishers wait for: see SoakServer.
EVERYONE, USERS, HOLDING = "@all", ["@user/ada", "@user/eve"], "hold/feed"
MEGABYTE = 1024 * 1024


class Soak:
    def __init__(self, options, folder):
        self.options = options
        self.chance = random.Random(options.seed)
        self.link = Link.make()
        self.server = Server(options.server, folder, options.plant, self.link.address if self.link else "127.0.0.1")
        self.way = Way(options.plant, self.chance)
        self.ledger = Ledger()
        self.records = []
        self.counts = Counter()
        self.is_calm = asyncio.Event()  # Clients stay away while it is set.
        self.is_quiet = False  # Nothing breaks any more.
        self.is_burst = False  # Publishers send as much as they can.
        self.has_published_all = False
        self.samples = []  # process and memory
        self.wrongs = []
        self.endings = ["fin", "rst"]
        if vanish_works():
            self.endings.append("vanish")
        else:
            print("skipped: clients that vanish, since this process may not use TCP_REPAIR")
        self.false_clock = next(
            (str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
        if not self.false_clock:
            print("skipped: clocks that jump, since libfaketime is not installed")

    # MARK: publishers

    async def publisher(self, name, topics=(*TOPICS, EVERYONE, *USERS)):
        chance = random.Random(f"{self.options.seed} {name}")
        connection, sent = None, 0
        while not self.has_published_all:
            if self.is_calm.is_set():
                if connection:
                    connection.end()
                    connection = None
                await asyncio.sleep(0.05)
                continue
            topic = "drop/fast" if "drop/fast" in topics and chance.random() < 0.4 else chance.choice(topics)
            sent += 1
            size = chance.randrange(400)
            if self.is_burst and HOLDING not in topics:
                topic, size = chance.choice(["drop/fast", "room/0"]), 60_000
            payload = f"{topic} {name} {sent} {'x' * size}"
            try:
                connection = connection or await Connection.open(self.server.address)
            except BROKEN:
                await asyncio.sleep(0.1)
                continue
            self.ledger.unknown.add(payload)
            try:
                body = urlencode({"topic": topic, "data": payload}).encode()
                await connection.send("POST", "/soak/publish", body=body)
                status, body = await asyncio.wait_for(connection.answer(), 20)
            except BROKEN:
                connection.end()
                connection = None
                continue
            self.ledger.unknown.discard(payload)
            if status == 200:
                self.ledger.acknowledge(topic, json.loads(body)["id"], payload)
            else:
                self.counts[f"refused with {status}"] += 1
                self.ledger.refused.add(payload)
            await asyncio.sleep(0 if self.is_burst else chance.expovariate(1 / self.options.pause))
        if connection:
            connection.end()

    # MARK: subscribers

    async def subscriber(self, number):
        chance = random.Random(f"{self.options.seed} client {number}")
        topics = chance.sample([*TOPICS, HOLDING], chance.choice([1, 2, 3, len(TOPICS) + 1]))
        subscribed = list(topics)
        if number % 6 == 0:
            # By a pattern, and perhaps by its name, too.
            topics = list(dict.fromkeys([*topics, *ROOMS]))
            subscribed.append("room/*")
        target = "/soak/stream?topics=" + quote(",".join(subscribed), safe="")
        user = chance.choice([*USERS, None])
        if user:
            target += "&user=" + user.rpartition("/")[2]
        record = Record(f"client {number}", [*topics, EVERYONE, *([user] if user else [])])
        self.records.append(record)
        last_id = None
        link = self.link if number % 4 == 0 else None
        is_gzip = number % 3 == 1
        while True:
            while self.is_calm.is_set():
                await asyncio.sleep(0.05)
            try:
                connection = await Connection.open(self.server.address, link)
            except BROKEN:
                await asyncio.sleep(chance.uniform(0.05, 0.3))
                continue
            ending = chance.choice(self.endings)
            try:
                fields = [("Accept", "text/event-stream")]
                if is_gzip:
                    fields.append(("Accept-Encoding", "gzip"))
                place = ""
                if last_id and chance.random() < 0.3:
                    place = "&lastEventId=" + quote(last_id)
                elif last_id:
                    fields.append(("Last-Event-ID", last_id))
                await connection.send("GET", target + place, fields)
                status, fields = await asyncio.wait_for(connection.head(), 20)
                if status != 200:
                    self.counts[f"streams refused with {status}"] += 1
                    raise EOFError
                self.counts["streams"] += 1
                over = time.monotonic() + chance.expovariate(1 / 6)
                stall = time.monotonic() + chance.expovariate(1 / 12)
                parser = EventParser()
                text = Inflated() if fields.get("content-encoding") == "gzip" else None
                chunks = connection.chunks()
                while self.is_quiet or time.monotonic() < over:
                    if self.is_calm.is_set():
                        ending = "fin"
                        break
                    # A heartbeat comes each second: much longer silence is a dead server.
                    try:
                        chunk = await asyncio.wait_for(anext(chunks), 20)
                    except StopAsyncIteration:
                        if text and not text.is_whole:
                            record.wrongs.append(f"{record.name}: a compressed stream has no end")
                        raise
                    if text:
                        chunk = text.feed(chunk)
                    for carried in self.way.carry(chunk):
                        for event, data, id in parser.feed(carried):
                            last_id = id or last_id
                            if event == "message":
                                self.counts["received"] += 1
                                record.event(id, data)
                            elif event == "martlet.resume":
                                record.resume(json.loads(data))
                            elif event == "martlet.gap":
                                record.gap(json.loads(data))
                    if time.monotonic() > stall and not self.is_quiet:
                        self.counts["stalls"] += 1
                        stall = time.monotonic() + 30
                        await asyncio.sleep(chance.uniform(0.5, 6))
                self.counts[f"streams ended by {ending}"] += 1
                connection.end(ending)
            except (*BROKEN, StopAsyncIteration):
                self.counts["streams ended by the server"] += 1
                connection.end()
            await asyncio.sleep(0 if self.is_quiet else chance.choice([0, 0.05, 0.5, 3]) * chance.random())

    # MARK: what happens to the server

    async def restart(self, how, false_clock=None, files=None):
        await self.server.end(how)
        await asyncio.sleep(self.chance.choice([0, 0.5]))
        await self.server.start(false_clock, files)

    async def hand_over(self):
        """The next process starts before the one before it has ended, and waits for the file."""
        old, new = self.server.process, self.server.launch()
        await asyncio.sleep(1)
        await self.server.end(signal.SIGTERM, old)
        self.server.process = new
        await self.server.listening(new)

    async def lock_the_file(self):
        """Longer than the server waits: publishers must hear of it, and nobody else."""
        def hold():
            other = sqlite3.connect(self.server.file, timeout=10, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            time.sleep(2.5)
            other.execute("ROLLBACK")
            other.close()
        await asyncio.to_thread(hold)

    async def fill_the_disk(self):
        """Not a byte left: publishers must hear of it, and when there is room again all goes on."""
        filler = self.server.folder / "filler"
        def fill():
            with open(filler, "wb", buffering=0) as file:
                for size in (MEGABYTE, 4096, 1):
                    try:
                        while file.write(bytes(size)):
                            pass
                    except OSError:
                        continue
        try:
            # What the server gives back meanwhile is taken, too.
            for _ in range(5):
                await asyncio.to_thread(fill)
                await asyncio.sleep(0.5)
        finally:
            filler.unlink(missing_ok=True)

    async def pull_the_cable(self):
        """The server must not wait for those who are gone, and they get what they missed when they are back."""
        self.link.set("down")
        try:
            await asyncio.sleep(self.chance.uniform(1, 6))
        finally:
            self.link.set("up")

    async def burst(self):
        """More than the buffers of readers hold who pause, so that the policies for slow ones act."""
        self.is_burst = True
        await asyncio.sleep(4)
        self.is_burst = False

    async def take_the_descriptors(self):
        """A server that may open few files, and more connections than that."""
        await self.restart(signal.SIGKILL, files=160)
        crowd = []
        until = time.monotonic() + 4
        while time.monotonic() < until:
            try:
                crowd.append(await Connection.open(self.server.address))
            except BROKEN:
                pass
            if len(crowd) > 300:
                crowd.pop(self.chance.randrange(100)).end("rst")
            await asyncio.sleep(0.005)
        self.counts["connections of a crowd"] += len(crowd)
        for connection in crowd:
            connection.end("rst")

    async def jump_the_clock(self):
        """A server whose time of day jumps to and fro while it runs, and between two that do not agree on it."""
        await self.restart(signal.SIGKILL, false_clock=self.false_clock)
        for jump in ("+1h", "-1h", "+0"):
            await asyncio.sleep(1.5)
            self.server.clock.write_text(jump)

    async def faults(self, until, may_restart):
        while time.monotonic() < until:
            await asyncio.sleep(self.chance.uniform(1, 6))
            kinds = {"lock": self.lock_the_file, "burst": self.burst}
            if self.link:
                kinds["cable"] = self.pull_the_cable
            if self.options.disk:
                kinds["full disk"] = self.fill_the_disk
            if may_restart:
                if self.false_clock:
                    kinds["clock"] = self.jump_the_clock
                kinds["descriptors"] = self.take_the_descriptors
                kinds["SIGTERM"] = lambda: self.restart(signal.SIGTERM)
                kinds["kill -9"] = lambda: self.restart(signal.SIGKILL)
                kinds["handover"] = self.hand_over
            # First those that were not yet tried, so that a short run has all.
            fewest = min(self.counts[f"fault: {kind}"] for kind in kinds)
            kind = self.chance.choice([kind for kind in kinds if self.counts[f"fault: {kind}"] == fewest])
            self.counts[f"fault: {kind}"] += 1
            self.say(kind)
            await kinds[kind]()

    # MARK: the run

    async def watch(self):
        """Memory every five seconds, and a line a minute: whether it settles shows over many, not between two."""
        next_line = 60
        while True:
            await asyncio.sleep(5)
            try:
                process, memory = self.server.process.pid, self.server.memory
                self.samples.append((process, memory))
                if time.monotonic() - self.began < next_line:
                    continue
                files, figures = self.server.open_files, await self.server.get("/soak/figures")
            except (*BROKEN, IndexError):
                continue  # It is being restarted.
            next_line += 60
            self.say(f"process {process}: {memory / MEGABYTE:.1f} MB, {files} descriptors, {figures['streams']} streams, "
                     f"history {figures['historyEvents']} events, {figures['historyBytes'] / MEGABYTE:.1f} MB")

    def say(self, text):
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    async def calm(self):
        """Sends all clients away, and waits until the server has noticed.

        Returns its descriptors, its memory, and the bytes of its history."""
        self.is_calm.set()
        figures = {}
        for _ in range(300):
            await asyncio.sleep(0.1)
            figures = await self.server.get("/soak/figures")
            if figures["streams"] == 0:
                break
        else:
            self.wrongs.append(f"{figures['streams']} streams are still there, though their clients have gone")
        files = self.server.open_files
        for _ in range(100):
            await asyncio.sleep(0.1)
            now = self.server.open_files
            if now >= files:
                break
            files = now
        return self.server.open_files, self.server.memory, figures

    async def run(self):
        self.began = time.monotonic()
        seconds = self.options.minutes * 60
        await self.server.start()
        tasks = [asyncio.create_task(self.subscriber(number)) for number in range(self.options.clients)]
        tasks += [asyncio.create_task(self.publisher(f"p{number}")) for number in range(self.options.publishers)]
        # Of their own, since they wait for slow readers.
        tasks += [asyncio.create_task(self.publisher(f"h{number}", (HOLDING,))) for number in range(2)]
        watch = asyncio.create_task(self.watch())
        try:
            if not self.options.steady:
                await self.faults(self.began + seconds * 0.6, may_restart=True)
                await self.restart(signal.SIGKILL)
                self.counts["fault: kill -9"] += 1
            # From here on one process is watched.
            # What it takes at its busiest it keeps: the C library gives little back.
            for _ in range(2):
                await self.burst()
                await asyncio.sleep(2)
            before = await self.calm()
            self.say(f"calm: {before[0]} descriptors, {before[1] / MEGABYTE:.1f} MB")
            self.is_calm.clear()
            await self.faults(self.began + seconds, may_restart=False)
            self.say("the last events")
            self.has_published_all = self.is_quiet = True
            await asyncio.gather(*tasks[self.options.clients:])
            await self.everything_arrives()
            after = await self.calm()
            self.say(f"calm: {after[0]} descriptors, {after[1] / MEGABYTE:.1f} MB")
        except OSError as error:
            status = self.server.process.poll()
            raise RuntimeError(f"the server is not there: status {status}, {self.server.said}") from error
        finally:
            for task in [*tasks, watch]:
                task.cancel()
            results = await asyncio.gather(*tasks, watch, return_exceptions=True)
        broken = [repr(each) for each in results if isinstance(each, Exception)]
        await self.server.end(signal.SIGTERM)
        return self.report(before, after, [f"the harness itself broke: {each}" for each in broken])

    async def everything_arrives(self):
        deadline = time.monotonic() + 60
        while any(record.missing(self.ledger) for record in self.records) and time.monotonic() < deadline:
            await asyncio.sleep(0.5)

    def report(self, before, after, wrongs):
        wrongs += self.wrongs + check(self.ledger, self.records)
        if after[0] > before[0] + 2:
            wrongs.append(f"descriptors: {before[0]} before, {after[0]} after")
        # What it takes at its busiest it keeps: the C library gives little back. So it must not go on growing.
        watched = [memory for process, memory in self.samples if process == self.server.process.pid] + [after[1]]
        third = len(watched) // 3
        early, late = max(watched[: 2 * third], default=before[1]), max(watched[2 * third:])
        if late > early * 1.15 + 16 * MEGABYTE:
            wrongs.append(f"memory: {early / MEGABYTE:.1f} MB at most before, {late / MEGABYTE:.1f} MB in the last third")
        verdicts = sum((Counter(record.verdicts) for record in self.records), Counter())
        print(f"seed {self.options.seed}, {self.options.clients} clients, {self.options.publishers} publishers")
        print(f"{self.ledger.count} events acknowledged, {len(self.ledger.unknown)} never answered")
        for name in sorted(self.counts):
            print(f"  {name}: {self.counts[name]}")
        print("  told: " + ", ".join(f"{name} {count}" for name, count in sorted(verdicts.items())))
        print(f"  slow readers since the calm: {after[2]['disconnected']} sent away, {after[2]['dropped']} events dropped")
        print(f"descriptors {before[0]} → {after[0]}, memory {before[1] / MEGABYTE:.1f} → {after[1] / MEGABYTE:.1f} MB, "
              f"history {after[2]['historyEvents']} events")
        print(f"memory at most {early / MEGABYTE:.1f} MB in the first two thirds of the last process, "
              f"{late / MEGABYTE:.1f} MB in the last one")
        for wrong in wrongs[:12]:
            print(f"WRONG  {wrong}")
        if len(wrongs) > 12:
            print(f"WRONG  and {len(wrongs) - 12} more")
        return wrongs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--hours", type=float)
    parser.add_argument("--steady", action="store_true")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--plant", choices=["lose", "skip", "double"])
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--publishers", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between the events of a publisher")
    options = parser.parse_args()
    if options.hours:
        options.minutes = options.hours * 60
    print(f"seed {options.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="martlet-soak-"))
    # A disk of its own, that can be filled.
    disk = ["mount", "-t", "tmpfs", "-o", "size=256m", "martlet-soak", str(folder)]
    options.disk = subprocess.run(disk, capture_output=True).returncode == 0
    if not options.disk:
        print("skipped: a full disk, since this process may not mount one")
    soak = None
    try:
        async def run():
            nonlocal soak
            soak = Soak(options, folder)
            return await soak.run()
        wrongs = asyncio.run(run())
    finally:
        if soak and soak.link:
            soak.link.remove()
        if soak and soak.server.process and soak.server.process.poll() is None:
            soak.server.process.kill()
            soak.server.process.wait()
        if os.environ.get("SOAK_KEEP"):
            print(f"kept in {folder}")
        else:
            if options.disk:
                subprocess.run(["umount", "--lazy", str(folder)], check=True)
            shutil.rmtree(folder, ignore_errors=True)
    if options.plant:
        found = any(wrong.startswith("client") for wrong in wrongs)
        print(f"the planted bug '{options.plant}' was {'found' if found else 'NOT found'}")
        return 0 if found else 1
    print("nothing was lost, doubled or out of order" if not wrongs else f"{len(wrongs)} wrongs")
    return 1 if wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
