"""Streams with gzip as other people's decoders read them, from wherever they join (RFC 1952): each event is compressed once
and for all, so that what one client gets are blocks of everybody's between a header and a trailer of its own."""
import gzip
import json
import subprocess
import threading
import zlib

import httpx
import pytest

from test_clients import PATIENCE, built, process


class Reader(threading.Thread):
    """Reads one stream to its end, in a thread of its own."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url, self.text, self.error = url, None, None
        self.start()

    def run(self):
        try:
            self.text = self.read()
        except Exception as error:
            self.error = error

    def messages(self):
        self.join(PATIENCE)
        assert not self.is_alive() and self.error is None, f"{type(self).__name__}: {self.error!r}"
        return [line.removeprefix("data: ") for line in self.text.split("\n") if line.startswith("data: ")]


class Curl(Reader):
    def read(self):
        # Fails where the trailer is not that of what came before it: "bad content encoding", 61.
        command = ["curl", "--silent", "--show-error", "--no-buffer", "--compressed", "--fail", self.url]
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()


class Httpx(Reader):
    def read(self):
        with httpx.stream("GET", self.url, headers={"Accept-Encoding": "gzip"}, timeout=PATIENCE) as response:
            return "".join(response.iter_text())


class Zlib(Reader):
    """Piece by piece as the network brings it. Every event must be whole as soon as its bytes are there."""

    def read(self):
        decoder, text, self.wire = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), b"", b""
        with httpx.stream("GET", self.url, headers={"Accept-Encoding": "gzip"}, timeout=PATIENCE) as response:
            assert response.headers["content-encoding"] == "gzip"
            for piece in response.iter_raw():
                self.wire += piece
                text += decoder.decompress(piece)
        # Raises at a wrong checksum or length, and stands at the end only behind a right one.
        assert decoder.eof and decoder.unused_data == b""
        return text.decode()


class Chromium:
    """An `EventSource` in a page."""

    def __init__(self, driver, url):
        self.driver, self.number = driver, driver.execute_script("""
            window.streams ??= [];
            const source = new EventSource(arguments[0]), stream = { got: [], over: false };
            source.onmessage = ({ data }) => stream.got.push(data);
            source.onerror = () => { source.close(); stream.over = true; };
            return streams.push(stream) - 1;
        """, url)

    def messages(self):
        return self.driver.execute_async_script("""
            const [number, done] = arguments, stream = streams[number];
            (function look() { stream.over ? done(stream.got) : setTimeout(look, 20); })();
        """, self.number)


@pytest.fixture(scope="module")
def service():
    with process(built("ContractService"), "--port", "0") as (_, lines):
        yield lines.get(timeout=PATIENCE).removeprefix("Listening on ")


@pytest.fixture
def page(browsers, service):
    """A page of the service's own, since it lets no other read."""
    driver = browsers[0]
    driver.get(service)
    driver.set_script_timeout(PATIENCE)
    yield driver
    driver.get("about:blank")
    driver.get_log("browser")  # It complains that the service has no icon.


class Talker:
    """Sends numbered messages, some long, some not to be compressed, and knows how many read them."""

    def __init__(self, url):
        self.web, self.said, self.readers = httpx.Client(base_url=url, timeout=PATIENCE), [], 0

    def say(self, count=1):
        for _ in range(count):
            number = len(self.said)
            filler = ("广播 </script> 😀 " * (number % 40), f"{number * 7919:x}" * 50)[number % 2]
            self.said.append(json.dumps({"number": number, "filler": filler}, ensure_ascii=False))
            fields = {"message": self.said[-1], "compressible": "false" if number % 7 == 3 else "true"}
            reply = self.web.post("/compressed", data=fields)
            assert reply.status_code == 200, reply.text
            self.readers = reply.json()["clients"]

    def end(self):
        assert self.web.delete("/compressed").is_success


def test_every_decoder_reads_a_compressed_stream_from_wherever_it_joins(service, page):
    url, talker, joined = f"{service}/compressed", Talker(service), []
    for _ in range(3):
        for kind in (Curl, Httpx, Zlib, lambda url: Chromium(page, url)):
            before = len(talker.said)
            reader = kind(url)
            while talker.readers == len(joined):
                talker.say()  # It joins among these.
                assert len(talker.said) < before + 5000, "the reader did not join"
            joined.append((reader, before, len(talker.said)))
            talker.say(5)
    talker.say(40)
    talker.end()
    for reader, before, after in joined:
        got = reader.messages()
        first = len(talker.said) - len(got)
        assert before <= first < after, f"{reader} joined between {before} and {after}, not at {first}"
        assert got == talker.said[first:]
    sizes = page.execute_script("""
        return performance.getEntriesByName(arguments[0]).map(entry => [entry.encodedBodySize, entry.decodedBodySize]);
    """, url)
    assert sizes and all(0 < encoded < decoded for encoded, decoded in sizes), "Chromium was sent gzip"


def test_a_stream_ends_with_the_checksum_and_the_length_of_what_was_sent(service):
    talker = Talker(service)
    reader = Zlib(f"{service}/compressed")
    while not talker.readers:
        talker.say()
    talker.say(200)
    talker.end()
    got = reader.messages()
    assert len(got) > 200 and got == talker.said[-len(got):]
    whole = gzip.decompress(reader.wire)
    assert whole.decode() == reader.text
    assert reader.wire[-8:] == zlib.crc32(whole).to_bytes(4, "little") + len(whole).to_bytes(4, "little")
    # And a decoder does look at them.
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(reader.wire[:-8] + bytes([reader.wire[-8] ^ 1]) + reader.wire[-7:])
