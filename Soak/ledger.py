"""What was acknowledged, what each client got, and whether the two agree."""
from collections import defaultdict

# What begins so may be dropped for a slow reader; of the others nothing may, while it is kept.
DROPPING = ("drop/", "last/")


def number(id):
    """The number in `epoch-number`."""
    return int(id.rpartition("-")[2])


class Ledger:
    """Written by the publishers."""

    def __init__(self):
        self.acknowledged = defaultdict(dict)  # topic → number → payload
        self.refused = set()  # payloads that their publishers were told are not published
        self.unknown = set()  # payloads whose publisher got no answer: they may or may not be there
        self.epochs = set()

    def acknowledge(self, topic, id, payload):
        self.epochs.add(id.rpartition("-")[0])
        self.acknowledged[topic][number(id)] = payload

    @property
    def count(self):
        return sum(len(events) for events in self.acknowledged.values())


class Record:
    """Written by one client."""

    def __init__(self, name, topics):
        self.name, self.topics = name, topics
        self.received = defaultdict(dict)  # topic → number → payload
        self.holes = []  # announced, of what is no longer kept: first and last number, both included
        self.drops = []  # announced, of what was dropped for this client: the same, and how many
        self.cuts = []  # compressed streams that ended without their end
        self.verdicts = defaultdict(int)
        self.last = 0
        self.wrongs = []

    def event(self, id, payload):
        topic = payload.partition(" ")[0]
        place = number(id)
        if place <= self.last:
            self.wrongs.append(f"{self.name}: {id} ({payload[:40]}) came after {self.last}: doubled or out of order")
        self.last = max(self.last, place)
        self.received[topic][place] = payload

    def resume(self, news):
        self.verdicts[news["verdict"]] += 1
        if news["verdict"] == "partial":
            self.holes.append((number(news["after"]) + 1, number(news["through"])))
        elif news["verdict"] == "reset":
            self.wrongs.append(f"{self.name}: told 'reset', though its id was this server's")

    def gap(self, news):
        hole = number(news["first"]), number(news["last"])
        if news.get("count") is None:
            self.verdicts["gap of the history"] += 1
            self.holes.append(hole)
        else:
            self.verdicts["gap"] += 1
            self.drops.append((*hole, news["count"]))

    def was_dropped(self, topic, place):
        return topic.startswith(DROPPING) and any(first <= place <= last for first, last, _ in self.drops)

    def lacking(self, ledger):
        """What it was due and did not get, but for what it was told is no longer kept."""
        return [
            (topic, place)
            for topic in self.topics
            for place in ledger.acknowledged[topic]
            if place not in self.received[topic] and not any(first <= place <= last for first, last in self.holes)
        ]

    def missing(self, ledger):
        """What it was due, did not get, and was not told of."""
        return [(topic, place) for topic, place in self.lacking(ledger) if not self.was_dropped(topic, place)]


def check(ledger, records):
    """Every way in which the clients' records contradict the publishers': none in a good run."""
    wrongs = []
    if len(ledger.epochs) > 1:
        wrongs.append(f"the numbering began anew: {sorted(ledger.epochs)}")
    payloads = {place: payload for events in ledger.acknowledged.values() for place, payload in events.items()}
    for record in records:
        wrongs += record.wrongs
        for topic, place in record.missing(ledger):
            wrongs.append(f"{record.name}: never got {place} of {topic}, and was not told of a hole there")
        dropped = [place for topic, place in record.lacking(ledger) if record.was_dropped(topic, place)]
        told = sum(count for _, _, count in record.drops)
        if len(dropped) > told:
            wrongs.append(f"{record.name}: {len(dropped)} events were dropped for it, and it was told of {told}")
        for topic, events in record.received.items():
            if topic not in record.topics:
                wrongs.append(f"{record.name}: got an event of {topic}, which it does not subscribe to")
            if list(events) != sorted(events):
                wrongs.append(f"{record.name}: got the events of {topic} out of order")
            for place, payload in events.items():
                if payload in ledger.refused:
                    wrongs.append(f"{record.name}: got {place} of {topic}, whose publisher was told that it failed")
                elif place in payloads and payloads[place] != payload:
                    wrongs.append(f"{record.name}: got {payload[:40]!r} as {place}, which is {payloads[place][:40]!r}")
                elif place not in payloads and payload not in ledger.unknown:
                    wrongs.append(f"{record.name}: got {place} of {topic}, which nobody published")
    return wrongs
