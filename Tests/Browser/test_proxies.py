"""What an app knows of its clients behind a real nginx, which says so in X-Forwarded-* fields."""
import contextlib
import shutil
import socket
import time

import httpx
import pytest

from test_clients import PATIENCE, built, free_port, process

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /shop/ {{
            proxy_pass http://127.0.0.1:{app}/;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Prefix /shop;
            proxy_redirect off;
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    with process(built("ContractService"), "--port", "0") as (_, lines):
        app = lines.get(timeout=PATIENCE).removeprefix("Listening on ").rpartition(":")[2]
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=port, app=app))
        with process("nginx", "-c", folder / "nginx.conf", "-e", "stderr") as (child, _):
            wait(port, child)
            yield f"http://127.0.0.1:{port}/shop"


def wait(port, child):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(OSError), contextlib.closing(socket.create_connection(("127.0.0.1", port))):
            return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")


def test_the_client_is_whom_the_proxy_names(nginx):
    answer = httpx.get(f"{nginx}/origin", headers={"Host": "shop.example"})
    # nginx itself is asked by an address of the list, so that the way ends there.
    assert answer.text == "127.0.0.1 https://shop.example /shop"


@pytest.mark.parametrize("claim", ["192.0.2.7", "6.6.6.6, 192.0.2.7", 'for="x, 192.0.2.7', "2001:db8::7", "evil"])
def test_what_a_client_claims_is_looked_at_where_a_listed_proxy_has_passed_it_on(nginx, claim):
    # The address of the test is listed, like that of a proxy before nginx.
    address = claim.rpartition(", ")[2]
    expected = "127.0.0.1" if address == "evil" else address
    answer = httpx.get(f"{nginx}/origin", headers={"X-Forwarded-For": claim, "Host": "shop.example"})
    assert answer.text == f"{expected} https://shop.example /shop"


def test_what_nginx_sets_cannot_be_claimed(nginx):
    claims = {"X-Forwarded-Proto": "ftp", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    answer = httpx.get(f"{nginx}/origin", headers=claims | {"Host": "shop.example", "Forwarded": "host=evil.example"})
    assert answer.text == "127.0.0.1 https://shop.example /shop"


def test_redirects_lead_to_where_the_client_is(nginx):
    answer = httpx.post(f"{nginx}/origin")
    assert (answer.status_code, answer.headers["location"]) == (303, "/shop/origin")
    assert httpx.get(f"{nginx}/origin/").headers["location"] == "/shop/origin"
