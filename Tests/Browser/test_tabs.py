"""What a tab can do while it shares a stream with others: nothing of it ends theirs, nothing is lost, and there is one
connection afterwards. Over both ways to share it, by the tab that leads and by one that follows.

`Scripts/test --tabs` also tries each while nothing happens meanwhile (MARTLET_TABS=all)."""
import os

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from scripted import ScriptedServer
from test_script import PATIENCE, browser, numbers, tabs  # noqa: F401

FORM = """
    const form = document.body.appendChild(document.createElement("form"));
    form.method = "post";
    form.action = "/elsewhere";
    form.submit();
"""
DOWNLOAD = """
    const link = document.body.appendChild(document.createElement("a"));
    link.href = "/martlet.js";
    link.download = "script.js";
    link.click();
"""

# By what it does: the script, and whether the page of the tab is the same afterwards.
DEEDS = {
    "follows a link": ("location.assign('/elsewhere')", False),
    "reloads": ("location.reload()", True),
    "posts a form": (FORM, False),
    "stops": ("window.stop()", True),
    "downloads": (DOWNLOAD, True),
    "writes a mail": ("location.href = 'mailto:a@b.example'", True),
    "opens its document": ("document.open(); document.close()", False),
    "closes": (None, False),
    "comes back": ("location.assign('/elsewhere')", True),
    "freezes": (None, True),
}


MEANWHILE = ["events meanwhile"] + (["no events"] if os.environ.get("MARTLET_TABS") == "all" else [])


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("leads", [True, False], ids=["leader", "follower"])
@pytest.mark.parametrize("way", ["worker", "lock"])
@pytest.mark.parametrize("deed", DEEDS)
def test_the_others_go_on(tabs, deed, way, leads, meanwhile):  # noqa: F811
    script, stays = DEEDS[deed]
    engine = os.environ.get("MARTLET_ENGINE", "chromium")
    # MiniBrowser shows a page of its own instead.
    stays = stays and not (engine == "webkit" and deed == "writes a mail")
    if deed == "freezes" and engine != "chromium":
        pytest.skip("only Chromium can be told to freeze a page")
    if engine == "webkit" and (deed, way, leads) == ("stops", "lock", True):
        pytest.skip("WebKit stops a stream without a word: its readyState stays OPEN (Docs/client.md)")
    with ScriptedServer(remembers=1000, way=way) as server:
        three = tabs(server, 3)
        server.publish(count=2)
        three.wait_for_all("return seen", numbers(2))
        # With a worker none leads: the first tab stands for it.
        leader = three.leaders[0] if way == "lock" else three.handles[0]
        actor = leader if leads else next(tab for tab in three.handles if tab != leader)
        act(three, actor, deed, script)
        count = 2
        if meanwhile == "events meanwhile":
            server.publish(count=3)
            count += 3
        if deed == "comes back":
            if engine == "chromium":
                three.driver.switch_to.window(actor)  # Its driver waits for the page by itself.
            else:
                wait(three, lambda: three.js(actor, "return location.pathname") == "/elsewhere", "it is away", str)
            three.driver.back()
        if deed == "freezes":
            three.driver.switch_to.window(actor)
            three.driver.execute_cdp_cmd("Page.setWebLifecycleState", {"state": "active"})
        if not stays and actor in three.handles:
            three.handles.remove(actor)
        others = [tab for tab in three.handles if tab != actor]
        heard = lambda: [three.js(tab, "return seen") for tab in others]  # noqa: E731
        wait(three, lambda: heard() == [numbers(count)] * len(others), f"{deed}: the others heard {{}}", heard)
        # All that are there, the one that did it included, hear what comes then.
        there = others + ([actor] if stays else [])
        state = "return typeof stream === 'object' ? stream.readyState : -1"
        states = lambda: [three.js(tab, state) for tab in there]  # noqa: E731
        wait(three, lambda: states() == [1] * len(there), f"{deed}: the states are {{}}", states)
        server.publish()
        last = str(count + 1)
        lasts = lambda: [three.js(tab, "return seen.at(-1)") for tab in there]  # noqa: E731
        wait(three, lambda: lasts() == [last] * len(there), f"{deed}: the last was {{}}", lasts)
        assert heard() == [numbers(count + 1)] * len(others)
        wait(three, lambda: server.count == 1, f"{deed}: there are {{}} connections", lambda: server.count)


def act(three, actor, deed, script):
    if deed == "closes":
        return three.close(actor)
    three.driver.switch_to.window(actor)
    if deed == "freezes":
        return three.driver.execute_cdp_cmd("Page.setWebLifecycleState", {"state": "frozen"})
    three.driver.execute_script(script)


def wait(three, condition, text, found):
    try:
        WebDriverWait(three.driver, PATIENCE, poll_frequency=0.05).until(lambda _: condition())
    except Exception as error:
        raise AssertionError(text.format(found())) from error
