"""Streams that end, and requests behind them over the same connections: the pools of clients, and proxies that keep
connections to the server. None of the requests may fail."""
import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import httpx
import pytest

from test_clients import HERE, PATIENCE, built, free_port, process

ENDINGS = ["body", "sequence", "error", "progress", "close"]
ROUNDS = 60


@pytest.fixture(scope="module")
def service():
    with process(built("ContractService"), "--port", "0") as (_, lines):
        yield lines.get(timeout=PATIENCE).removeprefix("Listening on ")


def test_the_agent_of_node(service):
    done = subprocess.run(
        ["node", HERE / "peers/agent.mjs", service, str(ROUNDS), *ENDINGS],
        capture_output=True, text=True, timeout=4 * PATIENCE, check=True,
    )
    result = json.loads(done.stdout)
    assert result["failures"] == []
    # All but the first of each of the four connections.
    assert result["reused"] == 2 * ROUNDS * len(ENDINGS) - 4


def test_the_pool_of_aiohttp(service):
    connections = []

    async def note(session, context, parameters):
        connections.append(parameters)

    async def read():
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(note)
        pool = aiohttp.TCPConnector(limit=4)
        async with aiohttp.ClientSession(service, connector=pool, trace_configs=[trace]) as session:

            async def go_round(number):
                for ending in ENDINGS:
                    async with session.get(f"/endings/{ending}") as stream:
                        assert stream.status == 200
                        await stream.read()
                    async with session.post("/endings/next", data={"message": number}) as reply:
                        assert (reply.status, await reply.text()) == (200, str(number))

            await asyncio.gather(*(go_round(number) for number in range(ROUNDS)))

    asyncio.run(read())
    assert len(connections) == 4


def haproxy(folder, port, app):
    file = folder / "haproxy.cfg"
    file.write_text(f"""
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    retries 0
    http-reuse always
listen app
    bind 127.0.0.1:{port}
    server app 127.0.0.1:{app}
""")
    return ["haproxy", "-db", "-f", file]


def nginx(folder, port, app):
    file = folder / "nginx.conf"
    temporary = "\n".join(
        f"    {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file.write_text(f"""
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
{temporary}
    upstream app {{
        server 127.0.0.1:{app};
        keepalive 8;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_next_upstream off;
        }}
    }}
}}
""")
    return ["nginx", "-c", file]


def caddy(folder, port, app):
    file = folder / "Caddyfile"
    file.write_text(f"""
{{
    admin off
    auto_https off
    storage file_system {folder}
}}
http://127.0.0.1:{port} {{
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{app}
}}
""")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", file]


def apache(folder, port, app):
    file = folder / "apache.conf"
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
        for name in ("mpm_event", "authz_core", "proxy", "proxy_http")
    )
    file.write_text(f"""
{modules}
ServerRoot {folder}
ServerName localhost
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
User www-data
Group www-data
Listen 127.0.0.1:{port}
ProxyPass / http://127.0.0.1:{app}/ keepalive=On
""")
    return ["apache2", "-f", file, "-DFOREGROUND"]


def wait_for(port):
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        assert time.monotonic() < deadline, "the proxy does not listen"
        time.sleep(0.05)


@pytest.mark.parametrize("proxy", [haproxy, nginx, caddy, apache])
def test_a_proxy_that_keeps_connections(service, proxy, tmp_path):
    port = free_port()
    command = proxy(tmp_path, port, service.rsplit(":", 1)[1])
    if proxy in (caddy, apache) and not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]}")
    failures = []

    def go_round(number):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            for ending in ENDINGS:
                try:
                    stream = client.get(f"/endings/{ending}")
                    reply = client.post("/endings/next", data={"message": number})
                    if (stream.status_code, reply.status_code, reply.text) != (200, 200, str(number)):
                        failures.append((ending, stream.status_code, reply.status_code, reply.text))
                except httpx.HTTPError as error:
                    failures.append((ending, repr(error)))

    with process(*command) as (child, _):
        try:
            wait_for(port)
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(go_round, range(ROUNDS)))
        finally:
            # Its workers end with it, which they do not when it is killed.
            child.terminate()
            child.wait(PATIENCE)
    assert failures == []
