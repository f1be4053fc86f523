"""Requests answered with whole bodies."""

import http.client
import struct
import tempfile

from . import load
from .building import TOOLS
from .systems import compared, running

# What Chromium 130 sends when a page is opened, beside Host.
BROWSER_FIELDS = [
    "Connection: keep-alive",
    "Cache-Control: max-age=0",
    'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"',
    "sec-ch-ua-mobile: ?0",
    'sec-ch-ua-platform: "Linux"',
    "Upgrade-Insecure-Requests: 1",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site: none",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-User: ?1",
    "Sec-Fetch-Dest: document",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-US,en;q=0.9",
]


def measure(results, effort):
    systems = compared("martlet", "hummingbird", "nio", "node", "nginx")
    with running(*systems) as servers:
        for server in servers:
            load.requests(server, "/plaintext", 1)
        for row, path, fields in [
            ("plaintext", "/plaintext", ()), ("json", "/json", ()), ("user", "/user/12345", ()),
            ("browser", "/user/12345", BROWSER_FIELDS),
        ]:
            for _ in range(effort.rounds):
                for server in servers:
                    found = load.requests(server, path, effort.seconds, effort.connections, fields)
                    results.add(row, server.name, found["per_second"])
                    results.add(f"{row}_processor", server.name, found["processor_us"])
                    if row == "plaintext":
                        results.add("latency_p99", server.name, found["p99_ms"])
    measure_allocations(results)


def measure_allocations(results):
    for name in compared("martlet", "hummingbird", "nio"):
        with tempfile.NamedTemporaryFile() as counter:
            counter.write(bytes(8))
            counter.flush()
            environment = {"LD_PRELOAD": str(TOOLS / "liballocations.so"), "ALLOCATIONS_FILE": counter.name}
            with running(name, environment=environment) as [server]:
                load.requests(server, "/plaintext", 1)
                before = _count(counter.name)
                asked = load.requests(server, "/plaintext", 1)["count"]
                results.add("allocations", name, (_count(counter.name) - before) / asked)


def _count(path):
    with open(path, "rb") as file:
        return struct.unpack("Q", file.read(8))[0]


def measure_middleware(results, effort):
    """The same application with and without middleware, and Hummingbird with its own. All get the same request, with the
    cookie of a session."""
    names = ["wrapped", "martlet", "hummingbird-wrapped", *(f"{name}-wrapped" for name in compared())]
    with running(*names) as [wrapped, plain, hummingbird, *base]:
        rows = [("martlet", wrapped, wrapped), ("plain", plain, wrapped), ("hummingbird", hummingbird, hummingbird)]
        rows += [("base", server, server) for server in base]
        headers = {id(giver): [f"Cookie: {_session_cookie(giver)}", "Accept-Encoding: gzip"] for _, _, giver in rows}
        for _, server, giver in rows:
            load.requests(server, "/plaintext", 1, headers=headers[id(giver)])
        for _ in range(effort.rounds * 2):
            for name, server, giver in rows:
                results.add("middleware", name, _rate(server, effort, headers[id(giver)]))


def measure_shelf(results, effort):
    """The same application with and without all that one has that is open to the internet, asked by a user who is signed in."""
    with running("shelf", "martlet") as [shelf, plain]:
        headers = [f"Cookie: {_session_cookie(shelf)}"]
        for server in [shelf, plain]:
            load.requests(server, "/plaintext", 1, headers=headers)
        for _ in range(effort.rounds * 2):
            for name, server in [("martlet", shelf), ("plain", plain)]:
                results.add("shelf", name, _rate(server, effort, headers))


def _rate(server, effort, headers):
    return load.requests(server, "/user/12345", effort.seconds, effort.connections, headers)["per_second"]


def _session_cookie(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", "/log-in")
    return connection.getresponse().getheader("Set-Cookie").split(";")[0]
