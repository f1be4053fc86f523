"""The contract service, driven as a conformance suite for SSE clients drives it (Docs/client.md)."""
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin

import httpx
import pytest

from test_clients import PATIENCE, built, process

BOM = "\ufeff"


class Suite:
    """The suite's side: a server of streams that hands its connections to the test, and of callbacks."""

    def __init__(self):
        self.connections, self.messages, self.numbers = queue.Queue(), queue.Queue(), []
        suite = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                self.content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path.startswith("/callback/"):
                    suite.numbers.append(int(self.path.rpartition("/")[2]))
                    suite.messages.put(json.loads(self.content))
                    self.send_response(202)
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                self.done = threading.Event()
                self.close_connection = True
                suite.connections.put(self)
                self.done.wait()

            do_GET = do_POST = do_REPORT = serve

            def open(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()

            def send(self, text):
                self.wfile.write(text.encode() if isinstance(text, str) else text)

            def refuse(self, status):
                self.send_response(status)
                self.end_headers()
                self.done.set()

        class Listener(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # A client that is closed cuts its connection.

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def connection(self, opened=True):
        connection = self.connections.get(timeout=PATIENCE)
        if opened:
            connection.open()
        return connection

    def message(self):
        return self.messages.get(timeout=PATIENCE)

    def events(self, count):
        return [self.message()["event"] for _ in range(count)]


@pytest.fixture(scope="module")
def service():
    with process(built("ContractService"), "--port", "0") as (_, lines):
        yield lines.get(timeout=PATIENCE).removeprefix("Listening on ")


@pytest.fixture
def suite():
    suite = Suite()
    yield suite
    while not suite.connections.empty():
        suite.connections.get().done.set()
    suite.listener.shutdown()
    suite.listener.server_close()


@pytest.fixture
def client(service, suite):
    """Opens streams, and closes them after the test."""
    opened = []

    def open(**order):
        order = {"streamUrl": f"{suite.url}/stream", "callbackUrl": f"{suite.url}/callback", "initialDelayMs": 0, **order}
        reply = httpx.post(service, json=order)
        assert reply.status_code == 201
        opened.append(urljoin(service, reply.headers["location"]))
        return opened[-1]

    yield open
    for url in opened:
        assert httpx.delete(url).status_code in (204, 404)


def event(data, type="message", id=""):
    return {"type": type, "data": data, "id": id}


def test_the_service_says_what_it_can(service):
    wanted = {"headers", "last-event-id", "post", "report", "read-timeout", "restart", "server-directed-shutdown-request"}
    assert wanted <= set(httpx.get(service).json()["capabilities"])


SAMPLES = {
    "one line": ("data: Hello~~", [event("Hello")]),
    "two lines": ("data: Hello~data:World~~", [event("Hello\nWorld")]),
    "an empty line first": ("data:~data: b~data: c~~", [event("\nb\nc")]),
    "no colon": ("data~~data~data~~", [event(""), event("\n")]),
    "a type": ("event: greeting~data: x~~data: y~~", [event("x", "greeting"), event("y")]),
    "an id that stays": ("id: abc~data: x~~data: y~~", [event("x", id="abc"), event("y", id="abc")]),
    "an id taken back": ("id: abc~data: x~~id: ~data: y~~", [event("x", id="abc"), event("y")]),
    "an id with NUL": ("id: a\0b~data: x~~", [event("x")]),
    "fields in any order": ("data: x~id: 1~event: e~~", [event("x", "e", "1")]),
    "spaces": ("event:  e~data:  x~~", [event(" x", " e")]),
    "unknown fields": ("colour: blue~data: x~~", [event("x")]),
    "comments": (":one~data: x~: two~~", [event("x")]),
    "empty lines": ("data: x~~~~data: y~~", [event("x"), event("y")]),
    "an event without data": ("event: e~~data: x~~", [event("x")]),
    "beyond ASCII": ("data: €豆腐😀~~", [event("€豆腐😀")]),
    "a byte order mark": (BOM + "data: x~~data: " + BOM + "y~~", [event("x"), event(BOM + "y")]),
    "two marks": (BOM + BOM + "data: x~~data: y~~", [event("y")]),
    "a hundred": ("".join(f"data: {n}~~" for n in range(100)), [event(str(n)) for n in range(100)]),
}


@pytest.mark.parametrize("size", [None, 1, 2], ids=["whole", "byte by byte", "two by two"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_sample_however_it_is_split(suite, client, end, size):
    client()
    connection = suite.connection()
    for name, (text, expected) in SAMPLES.items():
        # Each sample is the beginning of a stream of its own; a lone CR waits for what follows it.
        content = (text.replace("~", end) + ":\n").encode()
        for start in range(0, len(content), size or len(content)):
            connection.send(content[start : start + (size or len(content))])
        assert suite.events(len(expected)) == expected, name
        connection.done.set()
        assert suite.message()["kind"] == "error"
        connection = suite.connection()
        connection.send("id\ndata: reset\n\n")
        assert suite.events(1) == [event("reset")]
        connection.done.set()
        assert suite.message()["kind"] == "error"
        connection = suite.connection()
    connection.done.set()


@pytest.mark.parametrize("method", ["POST", "REPORT"])
def test_a_request_with_a_body_is_sent_again_with_it(suite, client, method):
    client(method=method, body='{"a": 1}', headers={"content-type": "application/json; charset=utf-8", "x-1": "2"})
    for _ in range(2):
        connection = suite.connection()
        assert connection.command == method
        assert connection.headers["content-type"] == "application/json; charset=utf-8"
        assert connection.headers["x-1"] == "2"
        assert connection.content == b'{"a": 1}'
        connection.done.set()


def test_the_headers_are_those_of_the_standard(suite, client):
    client()
    connection = suite.connection()
    assert connection.command == "GET"
    assert connection.headers["accept"] == "text/event-stream"
    assert connection.headers["cache-control"] == "no-cache"
    assert connection.headers["last-event-id"] is None
    connection.done.set()


def test_the_last_id_is_sent_at_first_and_again(suite, client):
    client(lastEventId="abc")
    connection = suite.connection()
    assert connection.headers["last-event-id"] == "abc"
    connection.send("id: def\ndata: x\n\n")
    assert suite.events(1) == [event("x", id="def")]
    connection.done.set()
    connection = suite.connection()
    assert connection.headers["last-event-id"] == "def"
    connection.done.set()


def test_a_silent_server_is_left(suite, client):
    client(readTimeoutMs=300)
    connection = suite.connection()
    connection.send("data: x\n\n")
    assert suite.events(1) == [event("x")]
    assert "nothing arrived" in suite.message()["comment"]
    suite.connection().done.set()
    connection.done.set()


def test_a_restart_connects_again(suite, client):
    url = client()
    first = suite.connection()
    first.send("data: x\n\n")
    assert suite.events(1) == [event("x")]
    assert httpx.post(url, json={"command": "restart"}).is_success
    # What was ordered is no error: the next that is reported is an event.
    second = suite.connection()
    second.send("data: y\n\n")
    assert suite.events(1) == [event("y")]
    assert httpx.post(url, json={"command": "dance"}).status_code == 400
    for connection in (first, second):
        connection.done.set()


def test_callbacks_are_numbered_in_order(suite, client):
    client()
    connection = suite.connection()
    connection.send("".join(f"data: {n}\n\n" for n in range(50)))
    assert [each["data"] for each in suite.events(50)] == [str(n) for n in range(50)]
    assert suite.numbers == list(range(1, 51))
    connection.done.set()


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_status_that_is_final_is_reported(suite, client, status):
    client()
    suite.connection(opened=False).refuse(status)
    assert str(status) in suite.message()["comment"]


def test_a_204_ends_the_stream_for_good(suite, client):
    url = client()
    connection = suite.connection()
    connection.send("data: x\n\n")
    assert suite.events(1) == [event("x")]
    connection.done.set()
    assert suite.message()["kind"] == "error"
    suite.connection(opened=False).refuse(204)
    with pytest.raises(queue.Empty):
        suite.connections.get(timeout=1)
    assert httpx.delete(url).is_success


def test_a_message_of_many_megabytes_arrives(suite, client):
    client()
    connection = suite.connection()
    data = "x" * (14 << 20)
    connection.send(f"data: {data}\n\n")
    assert suite.events(1) == [event(data)]
    connection.done.set()


def test_what_is_unknown_or_malformed_is_refused(service, suite):
    assert httpx.post(f"{service}/streams/999", json={"command": "restart"}).status_code == 404
    assert httpx.delete(f"{service}/streams/999").status_code == 404
    assert httpx.post(service, json={"streamUrl": f"{suite.url}/stream"}).status_code == 400
    assert httpx.post(service, content="{", headers={"content-type": "application/json"}).status_code == 400


def test_a_service_that_is_told_to_stop_stops():
    with process(built("ContractService"), "--port", "0") as (child, lines):
        assert httpx.delete(lines.get(timeout=PATIENCE).removeprefix("Listening on ")).is_success
        assert child.wait(PATIENCE) == 0
