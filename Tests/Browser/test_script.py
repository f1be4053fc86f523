"""martlet.js in Chromium: the tabs of a browser share a connection, and lose nothing when the one that has it closes.

Each test runs over both ways to share it, a worker and a lock, but for those of what happens when the lock is handed on.
"""
import os
import threading
import time

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from conftest import launch
from engines import launch_engine
from scripted import ScriptedServer

PATIENCE = 25  # seconds


class Tabs:
    """The tabs of one browser, by their handles."""

    def __init__(self, driver, url, count):
        self.driver, self.home, self.handles = driver, driver.current_window_handle, []
        for _ in range(count):
            self.open(url)

    def open(self, url):
        self.driver.switch_to.new_window("tab")
        self.driver.get(url)
        self.handles.append(self.driver.current_window_handle)

    def __len__(self):
        return len(self.handles)

    def js(self, tab, script):
        self.driver.switch_to.window(tab)
        return self.driver.execute_script(script)

    def all(self, script):
        return [self.js(tab, script) for tab in self.handles]

    def wait(self, script, expected, why):
        WebDriverWait(self.driver, PATIENCE, poll_frequency=0.05).until(lambda _: self.all(script) == expected, why)

    def wait_for_all(self, script, value):
        try:
            self.wait(script, [value] * len(self), script)
        except Exception as error:
            raise AssertionError(f"{script}: {self.all(script)}, not {value} in every tab") from error

    @property
    def leaders(self):
        return [tab for tab in self.handles if self.js(tab, "return stream.leads")]

    def close(self, tab):
        self.driver.switch_to.window(tab)
        self.driver.close()
        self.handles.remove(tab)
        self.driver.switch_to.window(self.home)

    def close_all(self):
        for tab in list(self.handles):
            self.close(tab)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    engine, profile = os.environ.get("MARTLET_ENGINE", "chromium"), tmp_path_factory.mktemp("script")
    driver = launch(profile) if engine == "chromium" else launch_engine(engine, profile)
    yield driver
    driver.quit()


@pytest.fixture(params=["worker", "lock"], autouse=True)
def way(request):
    return request.param


handed_on = pytest.mark.parametrize("way", ["lock"], indirect=True)


@pytest.fixture
def tabs(browser):
    opened = []

    def open(server, count):
        tabs = Tabs(browser, server.url, count)
        opened.append(tabs)
        tabs.wait_for_all("return stream.readyState", 1)
        return tabs

    yield open
    for tabs in opened:
        tabs.close_all()


def numbers(count, first=1):
    return [str(number) for number in range(first, count + 1)]


def test_eight_tabs_have_one_connection(tabs, way):
    with ScriptedServer(remembers=1000, way=way) as server:
        eight = tabs(server, 8)
        server.publish(count=20)
        eight.wait_for_all("return seen", numbers(20))
        assert len(eight.leaders) == (1 if way == "lock" else 0)
        assert server.asked == [""]
        assert server.count == 1
        assert eight.all("return stream.lastEventId") == ["e-20"] * 8


@handed_on
def test_nothing_is_lost_or_doubled_when_the_leading_tab_closes(tabs, way):
    with ScriptedServer(remembers=1000, way=way) as server:
        eight = tabs(server, 8)
        server.publish()
        eight.wait_for_all("return seen", ["1"])
        stop = threading.Event()

        def publish():
            while not stop.is_set() and len(server.events) < 2000:
                server.publish()
                time.sleep(0.005)

        publisher = threading.Thread(target=publish)
        publisher.start()
        try:
            while len(eight) > 2:
                (leader,) = eight.leaders
                eight.close(leader)
                asked = 8 - len(eight) + 1
                server.wait(lambda: len(server.asked) == asked and server.streams)
                eight.wait("return stream.readyState", [1] * len(eight), "all tabs open again")
        finally:
            stop.set()
            publisher.join()
        eight.wait_for_all("return seen", numbers(len(server.events)))
        assert all(eight.all("return verdicts.length > 0 && verdicts.every(({ verdict }) => verdict === 'resumed')"))
        assert eight.all("return stream.verdict") == [{"verdict": "resumed"}] * 2
        assert all(server.asked[1:]), "every successor resumes"


@handed_on
def test_a_tab_that_has_not_all_yet_gets_the_rest_from_the_next_leader(tabs, way):
    """The history starts where the first tab stops: what it had seen is known to the others though they saw it relayed."""
    with ScriptedServer(remembers=3, way=way) as server:
        two = tabs(server, 2)
        server.publish(count=10)
        two.wait_for_all("return seen", numbers(10))
        (leader,) = two.leaders
        two.close(leader)
        server.wait(lambda: len(server.asked) == 2)
        assert server.asked[1] == "e-10"
        server.publish()
        two.wait_for_all("return seen", numbers(11))
        assert two.all("return stream.verdict") == [{"verdict": "resumed"}]


def test_a_hole_is_told_to_every_tab(tabs, way):
    with ScriptedServer(remembers=3, way=way) as server:
        three = tabs(server, 3)
        server.publish()
        three.wait_for_all("return seen", ["1"])
        # While nobody is connected, more happens than the server remembers.
        with server.changed:
            server.streams.clear()
            for number in range(2, 12):
                server.events.append(("note", str(number)))
            server.changed.notify_all()
        three.wait_for_all("return seen", ["1", *numbers(11, first=9)])
        three.wait_for_all("return stream.verdict", {"verdict": "partial", "after": "e-1", "through": "e-8"})
        assert three.all("return verdicts.length") == [1] * 3
        # While all are there, the server drops three.
        server.drop(3)
        server.publish()
        three.wait_for_all("return seen", ["1", *numbers(11, first=9), "15"])
        assert three.all("return gaps") == [[[{"first": "e-12", "last": "e-14", "count": 3}, 4]]] * 3
        assert three.all("return stream.lastEventId") == ["e-15"] * 3


def test_a_gap_can_be_listened_for_and_need_not_be_readable(tabs, way):
    with ScriptedServer(way=way) as server:
        two = tabs(server, 2)
        two.all("""
            window.heard = [];
            for (const type of ["gap", "martlet.gap"])
                stream.addEventListener(type, event => heard.push(event.detail ?? event.data));
        """)
        for data in ("{", '{"first":7,"last":"e-9","count":null}'):
            server.publish("martlet.gap", data=data)
        server.publish()
        two.wait_for_all("return seen", ["3"])
        two.wait_for_all("return heard", ["{", {}, '{"first":7,"last":"e-9","count":null}', {"last": "e-9"}])
        assert [[gap for gap, _ in gaps] for gaps in two.all("return gaps")] == [[{}, {"last": "e-9"}]] * 2


def test_what_a_tab_is_told_first_never_reaches_across_a_hole(tabs, way):
    with ScriptedServer(remembers=3, way=way, options='{ events: ["note"], replay: 30 }') as server:
        page = tabs(server, 1)
        server.publish(count=2)
        page.wait_for_all("return seen", numbers(2))

        def join(expected):
            page.open(server.url)
            page.wait("return seen.at(-1)", [expected[-1]] * len(page), "the last event in every tab")
            newcomer = page.handles[-1]
            assert page.js(newcomer, "return [seen, gaps, verdicts]") == [expected, [], []]

        join(numbers(2))
        server.drop(3)
        server.publish()
        page.wait("return seen.at(-1)", ["6", "6"], "the event behind the gap")
        join(["6"])
        with server.changed:
            server.streams.clear()
            server.events += [("note", str(number)) for number in range(7, 17)]
            server.changed.notify_all()
        page.wait("return seen.at(-1)", ["16"] * 3, "what is left after the hole")
        join(numbers(16, first=14))


@handed_on
def test_without_a_history_the_stream_goes_on_in_the_next_tab(tabs, way):
    with ScriptedServer(way=way) as server:
        three = tabs(server, 3)
        server.publish()
        three.wait_for_all("return seen", ["1"])
        (leader,) = three.leaders
        three.close(leader)
        server.wait(lambda: len(server.asked) == 2 and server.streams)
        three.wait("return stream.readyState", [1, 1], "open again")
        server.publish()
        three.wait_for_all("return seen", ["1", "2"])
        assert three.all("return stream.verdict") == [None] * 2
        assert all("open" in states for states in three.all("return states"))


@handed_on
def test_ids_that_an_application_repeats_are_all_delivered(tabs, way):
    with ScriptedServer(remembers=1000, way=way) as server:
        server.ids = "1"
        two = tabs(server, 2)
        server.publish(count=3)
        two.wait_for_all("return seen", numbers(3))
        (leader,) = two.leaders
        two.close(leader)
        server.wait(lambda: len(server.asked) == 2)
        # The server takes the id for the first event, and sends the others again: they are no copies it can tell.
        two.wait_for_all("return seen", [*numbers(3), "2", "3"])


@handed_on
def test_a_type_that_only_one_tab_listens_for_reaches_it(tabs, way):
    with ScriptedServer(remembers=1000, way=way) as server:
        three = tabs(server, 3)
        follower = next(tab for tab in three.handles if tab not in three.leaders)
        three.js(follower, "window.rare = []; stream.addEventListener('rare', event => rare.push(event.data))")
        # The leader learns of it a moment later.
        deadline = time.monotonic() + PATIENCE
        while not three.js(follower, "return rare.length") and time.monotonic() < deadline:
            server.publish("rare")
        server.publish()
        three.wait_for_all("return seen", [str(len(server.events))])
        three.js(follower, "rare = []")
        (leader,) = three.leaders
        three.close(leader)
        server.wait(lambda: len(server.asked) == 2)
        server.publish("rare")
        server.publish()
        three.wait("return seen.length", [2, 2], "the note after it")
        assert three.js(follower, "return rare") == [str(len(server.events) - 1)]


@handed_on
def test_closing_leaves_the_stream_to_the_other_tabs(tabs, way):
    with ScriptedServer(remembers=1000, way=way) as server:
        three = tabs(server, 3)
        (leader,) = three.leaders
        three.js(leader, "stream.close()")
        server.wait(lambda: len(server.asked) == 2 and server.streams)
        others = [tab for tab in three.handles if tab != leader]
        three.handles = others
        three.wait_for_all("return stream.readyState", 1)
        server.publish()
        three.wait_for_all("return seen", ["1"])
        assert three.js(leader, "return [seen.length, stream.readyState, stream.leads]") == [0, 2, False]
        three.js(leader, "open({ events: ['note'] })")
        three.handles = [*others, leader]
        three.wait_for_all("return stream.readyState", 1)
        server.publish()
        three.wait("return seen.at(-1)", ["2"] * 3, "the tab that came back hears what the others hear")
        assert server.count == 1


def test_a_stream_that_ends_for_good_ends_in_every_tab(tabs, way):
    with ScriptedServer(way=way) as server:
        three = tabs(server, 3)
        server.refuses = True
        server.end_streams()
        three.wait_for_all("return stream.readyState", 2)
        # A tab does not take another's word for it, and the one whose stream was open asks twice.
        assert len(server.asked) == (2 if way == "worker" else 5)
        assert three.all("return states.at(-1)") == [2] * 3


@pytest.mark.parametrize(
    "way, options",
    [("alone", '{ events: ["note"] }'), ("worker", '{ events: ["note"], shared: false }')],
    ids=["neither worker nor locks", "not shared"],
    indirect=["way"],
)
def test_each_tab_has_a_connection_of_its_own(tabs, way, options):
    with ScriptedServer(remembers=1000, way=way, options=options) as server:
        two = tabs(server, 2)
        assert server.count == 2
        server.publish()
        two.wait_for_all("return seen", ["1"])
        server.end_streams()
        server.wait(lambda: len(server.asked) == 4)
        assert server.asked[2:] == ["e-1", "e-1"]
        server.publish()
        two.wait_for_all("return seen", ["1", "2"])
        two.wait_for_all("return stream.verdict", {"verdict": "resumed"})
