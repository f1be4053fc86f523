"""What Chromium makes of CORS and of a content security policy: a page of one port that asks another."""
import functools
import http.server
import threading

import pytest

from conftest import launch
from test_clients import PATIENCE, built, process


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def service():
    with process(built("ContractService"), "--port", "0") as (_, lines):
        yield lines.get(timeout=PATIENCE).removeprefix("Listening on ")


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    driver = launch(tmp_path_factory.mktemp("policies"))
    driver.set_script_timeout(PATIENCE)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(driver, tmp_path_factory):
    """An empty page of an origin of its own."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


def ask(driver, script, *arguments):
    """What a script comes to: a value, or what it has thrown."""
    wrapped = "const done = arguments[arguments.length - 1], [url] = arguments;" + f"(async () => {{ {script} }})()"
    return driver.execute_async_script(f"{wrapped}.then(done, error => done('thrown: ' + error))", *arguments)


def test_a_page_of_another_port_reads_what_it_may_with_its_cookies(driver, page, service):
    driver.get(f"http://{page}/")
    enter = "return (await fetch(url + '/policies/shared', { method: 'POST', credentials: 'include' })).status"
    assert ask(driver, enter, service) == 204
    # With a preflight: another method, and JSON.
    update = """
        const reply = await fetch(url + '/policies/shared', {
            method: 'PUT', credentials: 'include', headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ text: 'hello' }),
        });
        return [reply.status, await reply.text(), reply.headers.get('ETag'), reply.headers.get('Content-Length')]
    """
    status, text, tag, hidden = ask(driver, update, service)
    assert (status, text, tag) == (200, "hello ada", '"hello"')
    stream = """
        const source = new EventSource(url + '/policies/shared/stream', { withCredentials: true });
        return await new Promise((resolve, reject) => {
            source.onmessage = event => { source.close(); resolve(event.data) };
            source.onerror = () => { source.close(); reject('error') };
        })
    """
    assert ask(driver, stream, service) == "ada"
    refused = "return (await fetch(url + '/policies/shared/refused', { credentials: 'include' })).status"
    assert ask(driver, refused, service) == 401


@pytest.mark.parametrize(
    "request_", ["'/policies/own'", "'/policies/shared', { method: 'DELETE' }",
                 "'/policies/shared', { method: 'PUT', headers: { 'X-Other': '1' } }"],
)
def test_a_page_of_another_port_reads_nothing_else(driver, page, service, request_):
    driver.get(f"http://{page}/")
    assert ask(driver, f"return (await fetch(url + {request_})).status", service) == "thrown: TypeError: Failed to fetch"


def test_a_page_of_another_host_reads_nothing(driver, page, service):
    driver.get(f"http://{page.replace('127.0.0.1', 'localhost')}/")
    read = "return (await fetch(url + '/policies/shared/refused')).status"
    assert ask(driver, read, service) == "thrown: TypeError: Failed to fetch"


def test_a_script_runs_by_its_nonce_alone(driver, service):
    driver.get(f"{service}/policies")
    driver.find_element("id", "target").click()
    assert driver.title == "policies nonce"
