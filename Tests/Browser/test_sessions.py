"""Sessions through `kill -9`: what was answered is there after the restart.

MARTLET_APP    the example app's program, that of a debug build if unset
MARTLET_KILLS  how often the server is killed; 20 if unset, 200 for the whole proof
"""
import os
import random
import signal
import threading

import pytest
import requests

from test_restart import App

KILLS = int(os.environ.get("MARTLET_KILLS", "20"))


@pytest.fixture
def app(tmp_path):
    app = App(tmp_path)
    app.start()
    yield app
    app.end(signal.SIGKILL)


class Visitor:
    """Somebody who signs in again and again, and knows which sign-in was answered last."""

    def __init__(self, number):
        self.number, self.session = number, requests.Session()
        self.tried, self.answered, self.count = None, None, 0

    def sign_in(self, url):
        """Each is a write: the session gets a new id and a new name."""
        self.count += 1
        self.tried = f"name {self.count}"
        data = {"user_id": str(self.number), "username": self.tried}
        reply = self.session.post(f"{url}/account/login", data=data, timeout=10)
        assert reply.status_code == 200 and reply.json()["code"] == 0, reply.text
        self.answered = self.tried

    def name(self, url):
        reply = self.session.get(f"{url}/account/profile", timeout=10)
        return reply.json()["data"]["username"] if reply.status_code == 200 else None


def test_no_answered_write_is_lost_by_a_kill(app):
    visitor = Visitor(1)
    for kill in range(KILLS):
        visitor.sign_in(app.url)
        app.end(signal.SIGKILL)
        app.start()
        assert visitor.name(app.url) == visitor.answered, f"after kill {kill + 1}"


def test_no_answered_write_is_lost_by_a_kill_amid_others(app):
    visitors = [Visitor(number) for number in range(4)]
    seed = random.randrange(1 << 32)
    moments = random.Random(seed)
    for kill in range(max(1, KILLS // 4)):
        over = threading.Event()

        def go_on(visitor, url=app.url):
            while not over.is_set():
                try:
                    visitor.sign_in(url)
                except requests.RequestException:
                    return

        threads = [threading.Thread(target=go_on, args=[visitor]) for visitor in visitors]
        for thread in threads:
            thread.start()
        over.wait(moments.uniform(0.01, 0.2))
        app.end(signal.SIGKILL)
        over.set()
        for thread in threads:
            thread.join()
        app.start()
        for visitor in visitors:
            name = visitor.name(app.url)
            if visitor.answered == visitor.tried:
                assert name == visitor.answered, f"after kill {kill + 1}, seed {seed}"
            else:
                # The last sign-in had no answer: where it was stored, the client has the cookie of the one before.
                assert name in (visitor.answered, visitor.tried, None), f"after kill {kill + 1}, seed {seed}"
                visitor.sign_in(app.url)
