"""The chat through restarts of the server: a browser catches up by itself, with nothing missing and nothing twice.

MARTLET_APP  the example app's program, that of a debug build if unset
"""
import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from page import Page
from test_script import Tabs

ROOT = Path(__file__).parents[2]
PROGRAM = os.environ.get("MARTLET_APP", str(ROOT / ".build/debug/ExampleApp"))


class App:
    """An app of this test's own, with a file for what must outlive it, and a port that it keeps."""

    def __init__(self, folder):
        self.file = folder / "events.db"
        self.environment = dict(os.environ, EVENTS_FILE=str(self.file), ADMIN_USER="8")
        self.port, self.process = 0, None

    def start(self, elsewhere=False):
        """At the port that it had before, where browsers wait for it, or for once at another."""
        command = [PROGRAM, "--host", "127.0.0.1", "--port", "0" if elsewhere else str(self.port)]
        self.process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().removeprefix("Listening on ").strip()
        assert self.url.startswith("http://127.0.0.1:"), "the app did not say where it listens"
        if not elsewhere:
            self.port = int(self.url.rsplit(":", 1)[1])

    def end(self, how):
        if self.process is None:
            return
        self.process.send_signal(how)
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process = None
        return status


@pytest.fixture
def app(tmp_path):
    app = App(tmp_path)
    app.start()
    yield app
    app.end(signal.SIGKILL)


@pytest.fixture
def ada(browsers, app):
    page = Page(browsers[0], app.url)
    page.start_over()
    page.sign_in("7", "Ada")
    yield page
    page.driver.get("about:blank")
    page.console_errors()  # A browser complains of a server that is away.


class Talker:
    """Somebody who goes on talking, whatever becomes of the server, and knows which lines were accepted."""

    def __init__(self, url, name):
        self.url, self.name, self.session = url, name, requests.Session()
        self.said, self.tried, self.goes_on = [], 0, True
        self.session.post(f"{url}/account/login", data={"user_id": "8", "username": name}, timeout=10).raise_for_status()

    def say(self, line):
        reply = self.session.post(f"{self.url}/chat/send", data={"message": line}, timeout=10)
        if reply.status_code == 200 and reply.json()["code"] == 0:
            self.said.append(line)
        return reply.status_code

    def talk(self, pause):
        while self.goes_on and self.tried < 400:
            self.tried += 1
            try:
                assert self.say(f"line {self.tried}") == 200, "the session is gone"
            except requests.ConnectionError:
                pass
            pause.wait(0.05)


def lines(page):
    return page.texts("#chat-lines .message .text")


def test_a_reload_shows_what_was_said_and_who_is_there(ada, app):
    bob = Talker(app.url, "Bob")
    for line in ("one", 'two <b>"2"</b>', "three"):
        bob.say(line)
    ada.wait(lambda: lines(ada) == bob.said, "three lines")
    ada.open()
    ada.wait(lambda: lines(ada) == bob.said, "the three lines after a reload")
    ada.wait_text("#chat-members", "Ada")
    assert "Bob" not in ada["chat-members"].text, "who only sends is not in the room"
    with bob.session.get(f"{app.url}/chat/stream", stream=True, timeout=30):
        ada.wait_text("#chat-members", "Bob")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_browser_catches_up_with_a_server_that_was_away(ada, app, how):
    ada.say("before")
    ada.wait(lambda: lines(ada) == ["before"], "the line before")
    status = app.end(how)
    assert status == (-signal.SIGKILL if how == signal.SIGKILL else 0)
    ada.wait(lambda: ada["chat-state"].text == "reconnecting", "the end of the stream shown")
    app.start()
    bob = Talker(app.url, "Bob")
    missed = [f"missed {number}" for number in range(5)]
    for line in missed:
        bob.say(line)
    ada.wait(lambda: lines(ada) == ["before", *missed], "what was missed")
    ada.wait_state("chat", "open")
    ada.say("after")
    ada.wait(lambda: lines(ada) == ["before", *missed, "after"], "the line after")
    ada.open()
    ada.wait(lambda: lines(ada) == ["before", *missed, "after"], "the same after a reload")


HOLE = "Some messages were missed here"
RESET = "Messages may be missing, the history starts anew"


def shown(page):
    """The lines of the room and those about holes, without the welcomes."""
    return page.texts("#chat-lines :is(.message .text, .hole)")


def test_a_browser_that_misses_more_than_is_kept_says_so_where_it_is_missing(ada, app):
    ada.say("before")
    ada.wait(lambda: shown(ada) == ["before"], "the line before")
    app.end(signal.SIGTERM)
    # The page waits at the old port, while more happens than the history keeps.
    app.start(elsewhere=True)
    bob = Talker(app.url, "Bob")
    bob.say("forgotten")

    def notify(number):
        data = {"message": f"noise {number}"}
        requests.post(f"{app.url}/notification/broadcast", data=data, timeout=10).raise_for_status()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(notify, range(1000)))
    bob.say("kept")
    app.end(signal.SIGTERM)
    app.start()
    ada.wait(lambda: shown(ada) == ["before", HOLE, "kept"], "the hole, and what came after it")
    ada.say("after")
    ada.wait(lambda: shown(ada) == ["before", HOLE, "kept", "after"], "the room goes on")
    # As the relay tells it, for a server that forgets while it tells the history.
    ada.js("""
        const event = { name: "martlet.gap", data: '{"first":"e-1","last":"e-2"}', id: "" };
        const url = `${location.origin}/chat/stream?history=30`;
        new BroadcastChannel(channelName("worker", url, false)).postMessage({ event, term: "other", count: 1 });
    """)
    ada.wait(lambda: shown(ada) == ["before", HOLE, "kept", "after", HOLE], "the gap")


def test_a_browser_whose_history_the_server_does_not_know_shows_what_it_has_instead(ada, app):
    ada.say("before")
    ada.wait(lambda: shown(ada) == ["before"], "the line before")
    app.end(signal.SIGTERM)
    for file in app.file.parent.glob(f"{app.file.name}*"):
        if ".sessions" not in file.name:
            file.unlink()
    app.start(elsewhere=True)
    bob = Talker(app.url, "Bob")
    bob.say("another history")
    app.end(signal.SIGTERM)
    app.start()
    ada.wait(lambda: shown(ada) == [RESET, "another history"], "the history anew")
    ada.say("after")
    ada.wait(lambda: shown(ada) == [RESET, "another history", "after"], "the room goes on")
    ada.open()
    ada.wait(lambda: shown(ada) == ["another history", "after"], "the same after a reload, and nothing missing")


def test_another_tab_shows_what_was_said_before_it_was_opened(ada, app):
    bob = Talker(app.url, "Bob")
    for number in range(40):
        bob.say(f"line {number}")
    ada.wait(lambda: lines(ada) == bob.said, "forty lines")
    first = ada.driver.current_window_handle
    ada.driver.switch_to.new_window("tab")
    try:
        ada.open()
        ada.wait(lambda: lines(ada)[-5:] == bob.said[-5:], "the last lines in the second tab")
        bob.say("for both")
        ada.wait(lambda: lines(ada)[-1:] == ["for both"], "a new line")
        shown = lines(ada)
        assert len(shown) > 20
        assert shown == bob.said[-len(shown):], "in order, each once, and no more than the page asks for"
    finally:
        ada.driver.close()
        ada.driver.switch_to.window(first)
    ada.wait(lambda: lines(ada) == bob.said, "all lines in the first tab")


SHARED = """
    const [way, done] = arguments;
    if (way === "lock") delete window.SharedWorker;
    const script = document.createElement("script");
    script.src = "/martlet.js";
    script.onload = () => {
        window.seen = [];
        window.verdicts = [];
        window.stream = new SharedEventSource("/chat/stream", { events: ["message"] });
        stream.addEventListener("message", ({ data }) => seen.push(JSON.parse(data).msg));
        stream.onresume = ({ detail }) => verdicts.push(detail.verdict);
        done();
    };
    document.head.append(script);
"""


@pytest.mark.parametrize("way", ["worker", "lock"])
def test_eight_tabs_lose_nothing_while_they_close(ada, app, way):
    """Against Martlet's own history: a tab closes, the one that leads if one does, again and again, while somebody talks."""
    leads = 1 if way == "lock" else 0
    ada.driver.get(app.url + "/client/count")  # A page without streams of its own.
    bob = Talker(app.url, "Bob")
    count = lambda: bob.session.get(f"{app.url}/client/count", timeout=10).json()["data"]["count"]
    # The browser keeps the page that was left, and its streams, for the way back.
    bob.session.post(f"{app.url}/client/close-all", timeout=10)
    ada.wait(lambda: count() == 0, "the end of the page's own streams")
    eight = Tabs(ada.driver, app.url + "/client/count", 8)
    talking = threading.Thread(target=bob.talk, args=[threading.Event()])
    try:
        for tab in eight.handles:
            ada.driver.switch_to.window(tab)
            ada.driver.execute_async_script(SHARED, way)
        eight.wait_for_all("return stream.readyState", 1)
        assert count() == 1
        talking.start()
        while len(eight) > 2:
            heard = len(bob.said)
            ada.wait(lambda: len(bob.said) >= heard + 5, "five more lines")
            eight.close((eight.leaders or eight.handles)[0])
            eight.wait_for_all("return stream.readyState", 1)
            ada.wait(lambda: len(eight.leaders) == leads, "a new leader")
        heard = len(bob.said)
        ada.wait(lambda: len(bob.said) >= heard + 5, "five more lines")
        bob.goes_on = False
        talking.join()
        eight.wait_for_all("return seen", bob.said)
        verdicts = [verdict for each in eight.all("return verdicts") for verdict in each]
        assert set(verdicts) == ({"resumed"} if leads else set())
        assert count() == 1
    finally:
        bob.goes_on = False
        if talking.ident:
            talking.join()
        eight.close_all()


def test_a_server_killed_while_somebody_talks_loses_nothing_that_it_accepted(ada, app):
    bob = Talker(app.url, "Bob")
    pause = threading.Event()
    talking = threading.Thread(target=bob.talk, args=[pause])
    talking.start()
    try:
        for _ in range(2):
            heard = len(bob.said)
            ada.wait(lambda: len(lines(ada)) >= heard + 10, "ten more lines")
            app.end(signal.SIGKILL)
            app.start()
        heard = len(bob.said)
        ada.wait(lambda: len(bob.said) >= heard + 10, "ten more lines said")
    finally:
        bob.goes_on = False
        talking.join()
    ada.wait(lambda: lines(ada)[-1:] == bob.said[-1:], "the last line")
    shown = lines(ada)
    assert [line for line in shown if line in bob.said] == bob.said
    # A line whose answer was lost with the server may have been accepted.
    assert len(set(shown)) == len(shown)
