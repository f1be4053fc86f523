"""The event stream as other people's clients read it."""
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import httpx_sse
import pytest
import requests
import sseclient

PATIENCE = 30  # seconds


def by_httpx_sse(url):
    with httpx.Client(timeout=PATIENCE) as client, httpx_sse.connect_sse(client, "GET", url) as source:
        for event in source.iter_sse():
            yield event.event, event.data, event.id


def by_httpx(url):
    """No library for events at all: the fields as they stand, line by line."""
    with httpx.stream("GET", url, headers={"Accept": "text/event-stream"}, timeout=PATIENCE) as response:
        assert response.headers["content-type"].split(";")[0] == "text/event-stream"
        event, data, id = "", [], ""
        for line in response.iter_lines():
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                event = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                id = value
            elif not line:
                if data:
                    yield event or "message", "\n".join(data), id
                event, data = "", []


def by_sseclient(url):
    headers = {"Accept": "text/event-stream"}
    with requests.get(url, stream=True, headers=headers, timeout=PATIENCE) as response:
        response.raise_for_status()
        for event in sseclient.SSEClient(response).events():
            yield event.event, event.data, event.id


def close_all(url):
    """As the admin, who needs no password in the demo."""
    with httpx.Client(base_url=url) as admin:
        admin.post("/account/login", data={"user_id": "7", "username": "Ada"})
        admin.post("/client/close-all")


@pytest.fixture(params=[by_httpx_sse, by_httpx, by_sseclient])
def events(request, url):
    """A reader at work. Should what it waits for never come, the server ends its stream, and with it the test."""
    watchdog = threading.Timer(PATIENCE, close_all, [url])
    watchdog.start()
    with closing(request.param(f"{url}/events")) as reading:
        yield reading
    watchdog.cancel()


def check_greeting(events):
    assert next(events) == ("message", "Hello World", "1")
    event, data, id = next(events)
    assert (event, id) == ("data", "2")
    assert set(json.loads(data)) == {"time", "status"} and json.loads(data)["status"] == "ok"


def broadcast(url, messages):
    with httpx.Client(base_url=url) as client:
        for message in messages:
            reply = client.post("/notification/broadcast", data={"message": message})
            assert reply.json() == {"code": 0, "msg": "已广播", "data": None}


def notifications(events, run):
    """What this test broadcast, up to its last message; others may be using the app as well."""
    received = []
    for event, data, _ in events:
        if event == "notification" and data.startswith(run):
            received.append(data)
            if data.endswith("the end"):
                break
    return received


def test_the_first_two_events(events):
    check_greeting(events)


def test_two_hundred_broadcasts_arrive_in_order(url, events):
    run = uuid.uuid4().hex
    sent = [f'{run} {number} 广播 "{number}" </script>' for number in range(200)] + [f"{run} the end"]
    check_greeting(events)
    with ThreadPoolExecutor() as pool:
        posting = pool.submit(broadcast, url, sent)
        assert notifications(events, run) == sent
        posting.result()


def test_a_message_of_several_lines_is_one_event(url, events):
    run = uuid.uuid4().hex
    sent = [f"{run}\n\nevent: forged\ndata: nothing", f"{run} the end"]
    check_greeting(events)
    broadcast(url, sent)
    assert notifications(events, run) == sent
