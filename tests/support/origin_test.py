"""The demo origin: what other tests take for granted."""

from collections.abc import Callable

import pytest

from tests.support.origin import Origin
from tests.support.pattern import matches, pattern
from tests.support.processes import Workbench
from tests.support.wire import Wire, get


@pytest.fixture
def origin(bench: Workbench, start_origin: Callable[..., Origin]) -> Origin:
    return start_origin("w1")


def test_says_its_name_and_counts(origin: Origin):
    with Wire.connect(origin.address) as wire:
        for exchange in ("1", "2"):
            response = wire.request(get("/x", "X-Request-Tag: t1"))
            assert (response.status, response.get("x-origin"), response.body) == (200, "w1", b"w1\n")
            assert response.get("x-exchange") == exchange
    stats = origin.stats()
    assert (stats["requests"], stats["connections"], stats["malformed"]) == (2, 1, [])
    assert [(request.target, request.tag, request.connection) for request in origin.requests()] == [("/x", "t1", 1)] * 2


@pytest.mark.parametrize("framing", ["stream", "stream-chunked", "stream-until-close"])
def test_streams_the_pattern(origin: Origin, framing: str):
    with Wire.connect(origin.address) as wire:
        response = wire.request(get(f"/{framing}/1000000"))
        assert len(response.body) == 1_000_000
        assert matches(0, response.body)


def test_knows_the_pattern_of_an_upload(origin: Origin):
    body = pattern(200_000)
    with Wire.connect(origin.address) as wire:
        for sent, verdict in ((body, b"true"), (body[1:] + b"x", b"false")):
            wire.send(get("/upload", f"Content-Length: {len(sent)}", method="PUT"))
            wire.send(sent)
            assert wire.read_response().body == b'{"bytes": 200000, "is_pattern": ' + verdict + b"}\n"


def test_echoes_chunks_and_trailers(origin: Origin):
    with Wire.connect(origin.address) as wire:
        wire.send(get("/echo", "Transfer-Encoding: chunked", method="POST"))
        wire.send("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
        response = wire.read_response()
        assert (response.body, response.trailers) == (b"abc", [("X-Sum", "1")])


def test_refuses_and_records_what_no_proxy_should_send(origin: Origin):
    with Wire.connect(origin.address) as wire:
        assert wire.request("GET / HTTP/1.1\r\nHost : a\r\n\r\n").status == 400
        assert wire.is_closed()
    stats = origin.stats()
    assert len(stats["malformed"]) == 1
    assert stats["requests"] == 0


def test_ends_when_told(origin: Origin):
    assert origin.process.terminate() == -15
