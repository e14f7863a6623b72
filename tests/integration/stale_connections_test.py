"""Connections from the pool that die: a request is sent again, once, where nobody can notice; else it is a 502."""

import threading
from collections.abc import Callable

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire, get

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def fairlead(bench: Workbench, io: str) -> Fairlead:
    """With one worker, so that there is one pool."""
    return Fairlead(bench, io, workers=1)


def close(wire: Wire) -> None:
    wire.close()


def reset(wire: Wire) -> None:
    wire.reset()


class StaleOrigin:
    """Answers the first request of the first connection, and ends that connection with the second; connections after it
    answer everything. Keeps what requests came on which connection."""

    def __init__(self, end: Callable[[Wire], None], before_end: bytes = b""):
        self.requests: list[list[str]] = []
        self._end = end
        self._before_end = before_end

    def script(self, wire: Wire) -> None:
        requests: list[str] = []
        self.requests.append(requests)
        first = len(self.requests) == 1
        while True:
            request = wire.read_head()
            requests.append(request.method)
            if first and len(requests) == 2:
                if self._before_end:
                    wire.send(self._before_end)
                self._end(wire)
                return
            wire.take(int(request.get("content-length") or 0))
            wire.send(OK)


def serve(fairlead: Fairlead, origin: ScriptedOrigin) -> None:
    with fairlead.connect() as control:
        control.replace(configs.site({"id": "stale", "address": origin.address}))


def request(method: str, body: str = "") -> str:
    return get("/", *([f"Content-Length: {len(body)}"] if body else []), method=method) + body


@pytest.mark.parametrize("end", [close, reset])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_an_idempotent_request_without_a_body_is_sent_again(fairlead: Fairlead, method: str, end):
    stale = StaleOrigin(end)
    with ScriptedOrigin(stale.script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
            wire.send(request(method))
            assert wire.read_response(method).status == 200
    assert stale.requests == [["GET", method], [method]]
    assert fairlead.metrics()["fairlead_retries_total"] == 1


@pytest.mark.parametrize("end", [close, reset])
@pytest.mark.parametrize("method, body", [("POST", ""), ("PATCH", ""), ("BREW", ""), ("POST", "hi"), ("PUT", "hi")])
def test_what_might_be_done_twice_is_not_sent_again(fairlead: Fairlead, method: str, body: str, end):
    stale = StaleOrigin(end)
    with ScriptedOrigin(stale.script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
            wire.send(request(method, body))
            assert wire.read_response().status == 502
            assert wire.request(get("/")).status == 200
    assert stale.requests == [["GET", method], ["GET"]]


@pytest.mark.parametrize("end", [close, reset])
@pytest.mark.parametrize(
    "before", [b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"H", b"HTTP/1.1 200 OK\r\n"]
)
def test_a_server_that_began_to_answer_is_not_asked_again(fairlead: Fairlead, before: bytes, end):
    stale = StaleOrigin(end, before)
    with ScriptedOrigin(stale.script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
            wire.send(get("/"))
            assert wire.read_response().status == 502
            assert wire.request(get("/")).status == 200
    assert stale.requests == [["GET", "GET"], ["GET"]]


def test_a_request_is_sent_again_once_only(fairlead: Fairlead):
    connections = []

    def script(wire: Wire) -> None:
        connections.append([])
        while True:
            connections[-1].append(wire.read_request().method)
            if len(connections) > 1 or len(connections[0]) > 1:
                return
            wire.send(OK)

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
            assert wire.request(get("/")).status == 502
    assert connections == [["GET", "GET"], ["GET"]]


def test_a_new_connection_that_dies_is_not_replaced(fairlead: Fairlead):
    connections = []

    def script(wire: Wire) -> None:
        connections.append(wire.read_request().method)

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 502
    assert connections == ["GET"]


@pytest.mark.parametrize("end", [close, reset])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_ended_while_it_was_idle_fails_nothing(fairlead: Fairlead, method: str, end):
    """Its end lies with the kernel before the next request is there: also one that can't be sent twice is safe."""
    ended = threading.Event()

    def script(wire: Wire) -> None:
        while True:
            path = wire.read_request().target
            wire.send(OK)
            if path == "/last":
                end(wire)
                ended.set()
                return

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            for _ in range(20):
                ended.clear()
                assert wire.request(get("/last")).status == 200
                assert ended.wait(20)
                wire.send(request(method))
                assert wire.read_response().status == 200
