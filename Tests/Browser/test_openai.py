"""OpenAI's own client, whose parser takes any empty line for the end of an event once it has seen an id."""
import httpx
import openai
import pytest

from test_clients import PATIENCE, built, process

ORDER = {"model": "words", "messages": [{"role": "user", "content": "?"}], "stream": True}


@pytest.fixture(scope="module")
def service():
    with process(built("ContractService"), "--port", "0") as (_, lines):
        yield lines.get(timeout=PATIENCE).removeprefix("Listening on ")


def test_heartbeats_between_events_with_ids(service):
    client = openai.OpenAI(base_url=f"{service}/v1", api_key="none", timeout=PATIENCE, max_retries=0)
    words = [chunk.choices[0].delta.content for chunk in client.chat.completions.create(**ORDER)]
    assert words == ["Never ", "twice ", "the ", "same"]


def test_a_heartbeat_is_a_line_and_no_more(service):
    """That there were heartbeats, and ids before them."""
    stream = httpx.post(f"{service}/v1/chat/completions", json=ORDER, timeout=PATIENCE).text
    assert stream.startswith(":\ndata: ") or stream.startswith(":\nid: ")
    assert "id: word-3\n" in stream
    assert stream.count("\n:\n") >= 4
    assert ":\n\n" not in stream
