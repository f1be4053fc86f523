"""The demo page in Chromium, in two profiles at once, against a running example app."""
import json
import os
from pathlib import Path

import pytest

NASTY_NAME = 'a"b</script>'
NASTY_LINE = 'first line\n</script><b>"second" & last'


def test_the_log_begins_with_the_two_events_of_the_stream(ada):
    ada.wait(lambda: ada.logged("data"), "the second event")
    assert ada.logged("message")[0] == "Hello World"
    data = json.loads(ada.logged("data")[0])
    assert data["status"] == "ok" and set(data) == {"time", "status"}
    assert ada.texts("#log-rows .id")[:2] == ["1", "2"]


def test_the_log_closes_and_reconnects(ada):
    ada.click("events-close")
    ada.wait_state("events", "closed")
    ada.click("events-reconnect")
    ada.wait_state("events", "open")
    ada.wait(lambda: len(ada.logged("data")) == 2, "the stream's first events again")
    ada.click("log-clear")
    assert ada.texts("#log-rows li") == []


def test_every_panel_names_its_action(ada):
    actions = set(ada.texts(".routes .action"))
    assert actions >= {
        "EventsController.index",
        "NotificationController.broadcast",
        "NotificationController.sendToUser",
        "MonitorController.monitor",
        "TaskController.runTask",
        "ChatController.stream",
        "ClientController.count",
    }
    assert all(panel.find_elements("css selector", ".routes .action") for panel in ada.all(".panel"))


def test_a_broadcast_reaches_both(ada, bob):
    ada.broadcast('Doors <b>open</b> at "nine"')
    ada.wait_text("#broadcast-reply", "已广播")
    for page in (ada, bob):
        page.wait(lambda: page.logged("notification") == ['Doors <b>open</b> at "nine"'], "the broadcast")


def test_a_private_message_reaches_its_user_only(ada, bob):
    ada.sign_in("7", "Ada")
    bob.sign_in("8", "Bob")
    ada.fill(private_user="8", private_message="for Bob alone")
    ada.click("private-send")
    ada.wait_text("#private-reply", "已发送")
    bob.wait(lambda: bob.logged("private") == ["for Bob alone"], "the private message")
    bob.wait_text("#chat-lines .private .text", "for Bob alone")

    bob.broadcast("after it")  # Once this is here, the private message would be, too.
    ada.wait_text('#log-rows [data-row="notification"] .data', "after it")
    assert "for Bob alone" not in ada.js("return document.body.textContent")


def test_a_private_message_to_nobody_says_so(ada):
    ada.fill(private_user="nobody-has-this-id", private_message="anyone?")
    ada.click("private-send")
    ada.wait_text("#private-reply", "用户不在线")


def test_two_people_chat_and_markup_stays_text(ada, bob):
    assert ada.all(".panel-chat[data-signed=out]") and not ada.texts("#chat-reply")[0].strip()
    ada.sign_in("7", "Ada")
    ada.wait_text("#chat-lines .system", "欢迎 Ada 加入聊天室")
    bob.sign_in("8", NASTY_NAME)
    bob.wait_text("#chat-lines .system", f"欢迎 {NASTY_NAME} 加入聊天室")

    ada.say("Is the stream up?")
    ada.wait_text("#chat-reply", "已发送")
    bob.wait_text("#chat-lines .text", "Is the stream up?")
    bob.say(NASTY_LINE)
    for page in (ada, bob):
        page.wait(lambda: page.texts("#chat-lines .text")[-2:] == ["Is the stream up?", NASTY_LINE], "both lines")
        assert page.texts("#chat-lines .by")[-2:] == ["Ada", NASTY_NAME]
        assert page.all("#chat-lines :is(script, b)") == []
    assert bob.texts("#chat-lines .mine .text")[-1:] == [NASTY_LINE]
    said = {"user": NASTY_NAME, "msg": NASTY_LINE}
    ada.wait(lambda: said in map(json.loads, ada.logged("message")[-1:]), "the line in the log")


def test_a_session_outlives_a_reload_and_ends_with_sign_out(ada):
    ada.sign_in("7", "Ada")
    ada.open()
    ada.wait_text("#chat-lines .system", "欢迎 Ada")
    ada.click("logout")
    ada.wait_state("chat", "closed")
    ada.wait(lambda: ada["login-form"].is_displayed(), "the sign-in form")
    assert ada.js("return fetch('/chat/stream').then(response => response.status)") == 401
    ada.console_errors()  # That 401 was asked for.


def test_the_chart_moves(ada):
    ada.js("document.getElementById('monitor-chart').scrollIntoView({block: 'center'})")
    values = lambda: (ada["cpu-value"].text, ada["memory-value"].text)
    pixels = lambda: ada.js("return document.getElementById('monitor-chart').toDataURL()")
    ada.wait_state("monitor", "open")
    ada.wait(lambda: "%" in values()[0], "a first sample")
    for _ in range(2):
        before, picture = values(), pixels()
        ada.wait(lambda: values() != before, "other values")
        assert pixels() != picture

    ada.click("monitor-toggle")
    ada.wait_state("monitor", "closed")
    ada.click("monitor-toggle")
    ada.wait_state("monitor", "open")


def test_the_monitor_rests_while_nobody_looks(ada):
    look = """
        Object.defineProperty(document, "hidden", { value: arguments[0], configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    """
    ada.wait_state("monitor", "open")
    ada.js(look, True)
    ada.wait(lambda: ada["monitor-state"].text == "paused", "the monitor paused")
    ada.js(look, False)
    ada.wait_state("monitor", "open")


def test_the_progress_bar_fills(ada):
    ada.js("""
        const bar = document.getElementById("task-progress");
        window.seen = [];
        const look = () => seen.push(Number(bar.getAttribute("aria-valuenow")));
        new MutationObserver(look).observe(bar, { attributes: true });
    """)
    ada.click("task-run")
    ada.wait(lambda: ada["task-state"].text == "done", "complete")
    assert list(dict.fromkeys(ada.js("return seen"))) == list(range(0, 101, 10))
    assert ada["task-percent"].text == "100"
    width = "return document.getElementById(arguments[0]).getBoundingClientRect().width"
    ada.wait(lambda: abs(ada.js(width, "task-fill") - ada.js(width, "task-progress")) < 1, "the bar full")


def test_clients_are_counted_and_closed(ada, bob):
    ada.sign_in("7", "Ada")
    bob.sign_in("8", "Bob")
    ada.wait(lambda: ada.client_ids("8"), "Bob in the list")
    ada.wait(lambda: ada["client-count"].text == str(len(ada.client_ids())), "count and rows agree")

    old = ada.client_ids("8")
    for id in old:
        ada.js("document.querySelector(arguments[0]).click()", f'#client-rows tr[data-client="{id}"] button')
    ada.wait(lambda: not ada.client_ids() & old, "Bob's streams gone")
    assert ada.texts("#client-reply")[0]
    ada.wait(lambda: ada.client_ids("8"), "Bob's browser back by itself")


def test_closing_streams_is_for_the_admin(bob):
    bob.sign_in("8", "Bob")
    bob.click("client-close-all")
    bob.wait_text("#client-reply", "Only an admin closes streams")
    bob.wait_state("events", "open")
    bob.driver.get_log("browser")  # The refusal.


def test_all_streams_close_and_browsers_come_back(ada, bob):
    ada.sign_in("7", "Ada")
    ada.wait(lambda: len(ada.client_ids()) >= 2, "both in the list")
    old, opened = ada.client_ids(), [page.marks("stream open") for page in (ada, bob)]
    ada.click("client-close-all")
    ada.wait(lambda: not ada.client_ids() & old, "all streams gone")
    for page, before in zip((ada, bob), opened):
        page.wait(lambda: page.marks("stream ended, the browser connects again"), "the end shown")
        page.wait(lambda: page.marks("stream open") > before, "open again")
        page.wait_state("events", "open")
        page.wait_state("monitor", "open")


def test_two_tabs_of_one_profile_leave_room_for_forms(ada):
    """Six connections a host is all that a browser has: the tabs share the monitor and the chat."""
    ada.sign_in("7", "Ada")
    first = ada.driver.current_window_handle
    ada.driver.switch_to.new_window("window")
    try:
        ada.open()
        for stream in ("monitor", "chat"):
            ada.wait_state(stream, "open")
        ada.wait(lambda: "%" in ada["cpu-value"].text, "figures in the second tab")
        ada.click("task-run")
        ada.wait(lambda: ada["task-state"].text == "running", "a fourth stream")
        ada.broadcast("with a task running")
        ada.wait_text("#broadcast-reply", "已广播")
        assert ada["task-state"].text == "running"
        ada.say("from the second tab")
        ada.wait_text("#chat-lines .text", "from the second tab")
    finally:
        ada.driver.close()
        ada.driver.switch_to.window(first)
    ada.wait_text("#chat-lines .text", "from the second tab")
    ada.wait_state("chat", "open")


def test_the_theme_is_remembered(ada):
    theme = lambda: ada.js("return document.documentElement.dataset.theme")
    ground = lambda: ada.js("return getComputedStyle(document.body).backgroundColor")
    first, colour = theme(), ground()
    ada.click("theme-toggle")
    assert {first, theme()} == {"light", "dark"} and ground() != colour
    ada.open()
    assert theme() != first


@pytest.mark.parametrize("width", [360, 390, 768, 1440])
def test_nothing_sticks_out_sideways(ada, width):
    ada.resize(width, 800, mobile=width < 600)
    assert ada.overflow() <= 0
    ada.sign_in("7", "A-long-name-" * 8)
    ada.say("long" * 80)
    ada.wait_text("#chat-lines .text", "long" * 80)
    ada.wait(lambda: any("long" * 80 in row for row in ada.logged("message")), "the long line in the log")
    assert ada.overflow() <= 0


@pytest.mark.skipif("MARTLET_SHOTS" not in os.environ, reason="MARTLET_SHOTS names no folder")
def test_screenshots(ada, bob):
    folder = Path(os.environ["MARTLET_SHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    ada.sign_in("7", "Ada")
    bob.sign_in("8", "林小燕")
    bob.broadcast("Doors open at nine")
    ada.say("Is the stream up?")
    bob.wait_text("#chat-lines .text", "Is the stream up?")
    bob.say("一切正常。\nSee you in room 2.")
    bob.fill(private_user="7", private_message="你是下一位")
    bob.click("private-send")
    ada.click("task-run")
    ada.wait(lambda: ada["task-percent"].text == "70", "most of the task")
    for theme in ("light", "dark"):
        for name, width, mobile in (("wide", 1440, False), ("narrow", 390, True)):
            ada.resize(width, 900, mobile)
            if ada.js("return document.documentElement.dataset.theme") != theme:
                ada.click("theme-toggle")
            ada.js("document.activeElement.blur(); scrollTo(0, 0)")
            # Two frames: one to lay out, one to draw.
            ada.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
            ada.screenshot(folder / f"{theme}-{name}.png")
