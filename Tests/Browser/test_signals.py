"""The second signal to a server that is shutting down: who sends it does not want to wait."""
import contextlib
import signal
import socket
import time

import pytest

from test_clients import PATIENCE, built, process


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_second_ends_the_process_at_once(first, second):
    with process(built("ContractService"), "--port", "0") as (child, lines):
        port = int(lines.get(timeout=PATIENCE).rsplit(":", 1)[1])
        # A request that the shutdown waits for.
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
            # The answer to the first comes when both have been read: the second has been taken up.
            assert slow.recv(1024)
            child.send_signal(first)
            deadline = time.monotonic() + PATIENCE
            with contextlib.suppress(ConnectionError):
                while time.monotonic() < deadline:
                    socket.create_connection(("127.0.0.1", port)).close()
            assert child.poll() is None, "it waits for the request"
            child.send_signal(second)
            assert child.wait(5) == -second
