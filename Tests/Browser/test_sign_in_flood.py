"""Many who sign in at once: the app goes on answering, its memory stays bounded, and who is too many is told to come back.

MARTLET_SIGN_INS  how many at once, 24 if unset; above 66 some are too many
MARTLET_APP       as for test_restart
"""
import http.client
import os
import re
import signal
import statistics
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

import pytest

from test_restart import App

COUNT = int(os.environ.get("MARTLET_SIGN_INS", "24"))
# As PasswordHasher has them by default: so many hashes at a time, and so many that wait.
AT_A_TIME, WAITING = 2, 64
PASSWORD = "correct horse battery"
MEMORY = 600  # MiB
LATENCY = 0.1  # seconds


@pytest.fixture
def app(tmp_path):
    app = App(tmp_path)
    app.environment.update(DATABASE=str(tmp_path / "app.db"), ADMIN_USER="")
    app.start()
    yield app
    app.end(signal.SIGKILL)


def post(app, path, address="127.0.0.1", **fields):
    """From an address of its own, so that nobody is held up for what others tried."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=300, source_address=(address, 0))
    try:
        connection.request(
            "POST", path, urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})
        reply = connection.getresponse()
        reply.read()
        return reply
    finally:
        connection.close()


class Prober:
    """Asks for what takes no time, again and again, over one connection, and notes how long it took."""

    def __init__(self, app):
        self.connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
        self.times = []

    def ask(self):
        start = time.perf_counter()
        self.connection.request("GET", "/client/count")
        reply = self.connection.getresponse()
        reply.read()
        self.times.append(time.perf_counter() - start)
        assert reply.status == 200

    def p99(self):
        return statistics.quantiles(self.times, n=100)[98]


def peak(app):
    """The most memory that the process ever had, in MiB."""
    status = Path(f"/proc/{app.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def test_many_sign_ins_at_once(app):
    assert post(app, "/account/register", user_id="ada", username="Ada", password=PASSWORD).status == 200
    quiet = Prober(app)
    for _ in range(300):
        quiet.ask()
        time.sleep(0.005)

    replies, start = [], threading.Barrier(COUNT + 1)

    def sign_in(number):
        # Every tenth is a user's, the others nobody's: that takes as long.
        name = "ada" if number % 10 == 0 else f"nobody{number}"
        start.wait()
        replies.append(post(
            app, "/account/login", f"127.0.{1 + number // 250}.{1 + number % 250}", user_id=name, password="wrong one"))

    threads = [threading.Thread(target=sign_in, args=(number,)) for number in range(COUNT)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    start.wait()
    busy = Prober(app)
    while any(thread.is_alive() for thread in threads):
        busy.ask()
        time.sleep(0.005)
    took = time.perf_counter() - began

    statuses = Counter(reply.status for reply in replies)
    print(
        f"\n{COUNT} sign-ins in {took:.1f} s: {dict(statuses)}, peak {peak(app):.0f} MiB;",
        f"p99 of {len(quiet.times)} before {quiet.p99() * 1000:.1f} ms,",
        f"of {len(busy.times)} meanwhile {busy.p99() * 1000:.1f} ms, at most {max(busy.times) * 1000:.1f} ms")
    assert sum(statuses.values()) == COUNT and set(statuses) <= {401, 503}
    assert statuses[401] >= min(COUNT, AT_A_TIME + WAITING), "who may wait is answered"
    for reply in replies:
        if reply.status == 503:
            assert 1 <= int(reply.headers["Retry-After"]) <= 60
    assert peak(app) < MEMORY
    assert busy.p99() < max(LATENCY, 5 * quiet.p99())
    # It is over, and nobody is held up.
    assert post(app, "/account/login", user_id="ada", password=PASSWORD).status == 200
