"""The terminal client, and with it MartletClient's EventSource, against servers of other makes and our own: each is killed
and started again under it."""
import contextlib
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
PATIENCE = 30  # seconds


def built(product):
    """The path of one of this package's executables, built first unless MARTLET_BIN says where it is."""
    folder = os.environ.get("MARTLET_BIN")
    if not folder:
        subprocess.run(["swift", "build", "--product", product], cwd=ROOT, check=True)
        folder = subprocess.check_output(["swift", "build", "--show-bin-path"], cwd=ROOT, text=True).strip()
    return pathlib.Path(folder) / product


def free_port():
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def process(*command, **options):
    """A process that is ended with the block, and its output line by line."""
    child = subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )
    lines = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line.rstrip("\n")) for line in child.stdout], daemon=True).start()
    try:
        yield child, lines
    finally:
        child.kill()
        child.wait()


def expect(lines, *wanted):
    """Reads until a line holds all of what is wanted, and returns the lines up to it."""
    read, deadline = [], time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(queue.Empty):
            read.append(lines.get(timeout=0.5))
            if all(part in read[-1] for part in wanted):
                return read
    raise AssertionError(f"no line with {wanted} among {read}")


class Peer:
    """A server on a port of its own, which survives its deaths."""

    path, says_hello = "/events", True

    def __init__(self, folder):
        self.port, self.folder, self.child = free_port(), folder, None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        self.child = subprocess.Popen(
            [str(part) for part in self.command()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.child.poll() is None:
            with contextlib.suppress(OSError), contextlib.closing(socket.create_connection(("127.0.0.1", self.port))):
                return
            time.sleep(0.05)
        raise AssertionError(f"{type(self).__name__} does not listen")

    def kill(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
        if self.child:
            self.child.wait()

    def publish(self, text):
        httpx.post(f"{self.url}/publish", content=text.encode()).raise_for_status()


class Martlet(Peer):
    says_hello = False

    def command(self):
        return built("ExampleApp"), "--port", self.port

    def publish(self, text):
        httpx.post(f"{self.url}/notification/broadcast", data={"message": text}).raise_for_status()


class Node(Peer):
    def command(self):
        return shutil.which("node") or pytest.skip("node is not installed"), HERE / "peers/node.mjs", self.port


class Starlette(Peer):
    def command(self):
        return sys.executable, HERE / "peers/starlette_app.py", self.port


class Nchan(Peer):
    says_hello = False

    def command(self):
        if not pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so").exists():
            pytest.skip("nginx with nchan is not installed")
        settings = (HERE / "peers/nchan.conf").read_text()
        settings = settings.replace("PORT", str(self.port)).replace("FOLDER", str(self.folder))
        (self.folder / "nginx.conf").write_text(settings)
        return "nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"


@pytest.fixture(params=[Martlet, Node, Starlette, Nchan])
def peer(request, tmp_path):
    peer = request.param(tmp_path)
    try:
        peer.start()
        yield peer
    finally:
        peer.kill()


def test_a_client_follows_a_server_that_is_killed_and_started_again(peer):
    client = built("EventClient"), peer.url + peer.path, "--retry", "200", "--color", "never"
    with process(*client) as (child, lines):
        for round in range(3):
            opening = expect(lines, "* open")
            assert round == 0 or any(line.startswith("* ") and "open" not in line for line in opening), "the loss is told"
            if peer.says_hello:
                last = f"{type(peer).__name__.lower()}-2" if round else "nothing"
                expect(lines, "hello", f"after {last}")
            for text in (f"round {round}: ä", "line\none"):
                peer.publish(text)
            expect(lines, f"round {round}: ä")
            expect(lines, "line")
            expect(lines, "  one")
            peer.kill()
            peer.start()
        expect(lines, "* open")
        assert child.poll() is None


def test_a_client_gives_up_when_it_is_told_to(tmp_path):
    command = built("EventClient"), f"http://127.0.0.1:{free_port()}/", "--retry", "10", "--attempts", "3"
    with process(*command) as (child, lines):
        assert child.wait(PATIENCE) == 1
        expect(lines, "3 attempts failed")


@pytest.fixture
def app(tmp_path):
    app = Martlet(tmp_path)
    try:
        app.start()
        yield app
    finally:
        app.kill()


def test_two_people_chat_in_their_terminals(app):
    url = f"{app.url}/chat/stream"
    client = built("EventClient"), url, "--color", "always"
    with process(*client, "--user", "Ada") as (ada, ada_lines), process(*client, "--user", "Bob") as (bob, bob_lines):
        for lines in (ada_lines, bob_lines):
            expect(lines, "logged in as")
            expect(lines, "* open")
            expect(lines, "\x1b[1;33msystem\x1b[0m", "欢迎")
        ada.stdin.write("hi <b>\x1b[2J & \"you\"\n")
        ada.stdin.flush()
        for lines in (ada_lines, bob_lines):
            (*_, line) = expect(lines, "message", "hi <b>")
            assert '"user":"Ada"' in line
            assert "\x1b[2J" not in line, "a terminal must not obey what somebody says"


def test_a_guest_is_told_why_there_is_no_chat(app):
    with process(built("EventClient"), f"{app.url}/chat/stream") as (child, lines):
        assert child.wait(PATIENCE) == 1
        expect(lines, "401")


def test_a_guest_may_listen_but_not_speak(app):
    with process(built("EventClient"), f"{app.url}/events") as (child, lines):
        expect(lines, "* open")
        child.stdin.write("hello?\n")
        child.stdin.flush()
        expect(lines, "* 请先登录")
