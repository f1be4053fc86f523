"""A server of event streams that does what a test says: it remembers as much as it is told to, or nothing."""
import json
import pathlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SOURCES = pathlib.Path(__file__).parents[2] / "Sources/Middleware"


def script():
    """As ClientScript puts it together."""
    return b"".join((SOURCES / name).read_bytes() for name in ("relay.js", "martlet.js"))


# What a page must lack for its stream to be shared so.
WAYS = {
    "worker": "",
    "lock": "delete window.SharedWorker;",
    "alone": "delete window.SharedWorker; Object.defineProperty(navigator, 'locks', { value: undefined });",
}

PAGE = """<!doctype html><title>tab</title>
<script>{before}</script>
<script src="/martlet.js"></script>
<script>
    const seen = [], verdicts = [], gaps = [], states = [];
    let stream;
    function open(options) {{
        stream = new SharedEventSource("/events", options);
        stream.addEventListener("note", event => seen.push(event.data));
        stream.addEventListener("open", () => states.push("open"));
        stream.onerror = () => states.push(stream.readyState);
        stream.onresume = event => verdicts.push(event.detail);
        stream.ongap = event => gaps.push([event.detail, seen.length]);
    }}
    open({options});
</script>"""


class ScriptedServer:
    """Events are numbered from 1. With `remembers`, they have ids and a stream is resumed from the last so many."""

    def __init__(self, remembers=0, way="worker", options='{ events: ["note"] }'):
        self.remembers, self.refuses, self.ids = remembers, False, "e-{}"
        self.page = PAGE.format(before=WAYS[way], options=options).encode()
        self.changed = threading.Condition()
        self.events, self.streams, self.asked = [], set(), []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                path = urlsplit(self.path).path
                if path == "/events":
                    return server.stream(self)
                if path == "/martlet.js":
                    return self.answer(script(), "text/javascript; charset=utf-8")
                if path == "/":
                    return self.answer(server.page, "text/html; charset=utf-8")
                self.answer(b"", "text/plain", 404)

            def answer(self, body, type, status=200):
                self.send_response(status)
                self.send_header("Content-Type", type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # A tab that closes cuts its connection.

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}/"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end_streams()
        self.listener.shutdown()
        self.listener.server_close()

    @property
    def count(self):
        with self.changed:
            return len(self.streams)

    def publish(self, name="note", count=1, data=None):
        with self.changed:
            for _ in range(count):
                self.events.append((name, data or str(len(self.events) + 1)))
            self.changed.notify_all()

    def drop(self, count):
        """So many events happen that no stream is sent: each is told of the gap in their place."""
        with self.changed:
            first = len(self.events) + 1
            last = first + count - 1
            gap = {"first": f"e-{first}", "last": f"e-{last}", "count": count}
            self.events += [None] * (count - 1) + [("martlet.gap", json.dumps(gap))]
            self.changed.notify_all()

    def end_streams(self):
        with self.changed:
            self.streams.clear()
            self.changed.notify_all()

    def wait(self, condition, patience=20):
        with self.changed:
            assert self.changed.wait_for(condition, patience), "the server waits for the browser"

    def stream(self, request):
        query = parse_qs(urlsplit(request.path).query)
        last = request.headers.get("Last-Event-ID") or query.get("lastEventId", [""])[0]
        with self.changed:
            self.asked.append(last)
            self.changed.notify_all()
            if self.refuses:
                request.send_response(204)
                request.send_header("Content-Length", "0")
                request.end_headers()
                return
            position = len(self.events)
            begin = "retry: 100\n\n"
            if self.remembers and last:
                known = int(last.rpartition("-")[2])
                position = max(known, len(self.events) - self.remembers)
                verdict = {"verdict": "resumed"}
                if position > known:
                    verdict = {"verdict": "partial", "after": last, "through": f"e-{position}"}
                begin += f"event: martlet.resume\nid: {last}\ndata: {json.dumps(verdict)}\n\n"
            self.streams.add(request)
            self.changed.notify_all()
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.send_header("Connection", "close")
        request.end_headers()
        request.close_connection = True
        try:
            request.wfile.write(begin.encode())
            while True:
                with self.changed:
                    # Heard from every now and then, for a tab that has gone is only noticed by writing to it.
                    self.changed.wait_for(lambda: len(self.events) > position or request not in self.streams, 0.2)
                    if request not in self.streams:
                        return
                    events, position = self.events[position:], len(self.events)
                    first = position - len(events) + 1
                for number, event in enumerate(events, first):
                    if event is None:
                        continue
                    name, data = event
                    # A gap has the id of what came before it.
                    id = f"id: {self.ids.format(number)}\n" if self.remembers and name != "martlet.gap" else ""
                    request.wfile.write(f"event: {name}\n{id}data: {data}\n\n".encode())
                if not events:
                    request.wfile.write(b":\n")
        except OSError:
            pass
        finally:
            with self.changed:
                self.streams.discard(request)
                self.changed.notify_all()
