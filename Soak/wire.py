"""HTTP and event streams as the harness needs them, on bare sockets, so that it can break them off in every way."""
import asyncio
import socket
import struct
import zlib

TCP_REPAIR = 19  # linux/tcp.h
BROKEN = (OSError, EOFError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError, ValueError)


def vanish_works():
    """Whether this process may close a socket without a word to its peer."""
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        except OSError:
            return False
        return True


class Connection:
    """One connection; small buffers, so that a reader who pauses is felt by the server soon."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.socket = writer.get_extra_info("socket")

    @classmethod
    async def open(cls, address, link=None):
        plain = link.socket() if link else socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        plain.setblocking(False)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(plain, address), 5)
            return cls(*await asyncio.open_connection(sock=plain, limit=4096))
        except BaseException:
            plain.close()
            raise

    def end(self, how="fin"):
        raw = self.socket
        if raw is not None and raw.fileno() >= 0:
            if how == "rst":
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif how == "vanish":
                raw.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self.writer.transport.abort() if how != "fin" else self.writer.close()

    async def send(self, method, target, fields=(), body=b""):
        head = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in fields)]
        if method == "POST":
            head += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        self.writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        await self.writer.drain()

    async def head(self):
        """The status and the fields of a response."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), fields

    async def answer(self):
        """The status and the body of a response that ends."""
        status, fields = await self.head()
        if "chunked" in fields.get("transfer-encoding", ""):
            return status, b"".join([chunk async for chunk in self.chunks()])
        return status, await self.reader.readexactly(int(fields.get("content-length", 0)))

    async def chunks(self):
        while True:
            size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
            chunk = await self.reader.readexactly(size)
            await self.reader.readexactly(2)
            if size == 0:
                return
            yield chunk


class EventParser:
    """WHATWG HTML section 9.2.6, for streams whose lines end with LF."""

    def __init__(self):
        self.rest, self.event, self.data, self.id = b"", "", [], None

    def feed(self, chunk):
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        for line in lines:
            if not line:
                if self.data:
                    yield self.event or "message", "\n".join(self.data), self.id
                self.event, self.data, self.id = "", [], None
                continue
            name, _, value = line.decode().partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                self.event = value
            elif name == "data":
                self.data.append(value)
            elif name == "id":
                self.id = value


class Inflated:
    """A compressed stream's text; zlib raises where a block or the checksum in the end is wrong."""

    def __init__(self):
        self.inflater = zlib.decompressobj(wbits=31)

    def feed(self, chunk):
        return self.inflater.decompress(chunk)

    @property
    def is_whole(self):
        return self.inflater.eof


class Way:
    """The way from the server to a client, where a planted bug swallows or repeats what goes by."""

    def __init__(self, plant, chance):
        self.plant, self.chance = plant, chance

    def carry(self, chunk):
        if self.plant not in ("skip", "double") or b"\nid: " not in chunk and not chunk.startswith(b"id: "):
            return [chunk]
        if self.chance.random() > 0.001:
            return [chunk]
        return [] if self.plant == "skip" else [chunk, chunk]
