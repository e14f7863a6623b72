"""Bodies of any size stream through, and a slow reader holds its own sender, not the proxy's memory."""

import threading
from collections.abc import Iterator

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.kernel_buffers import most_of_a_connection
from tests.support.origin import Origin
from tests.support.pattern import PERIOD, matches, pattern
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

LARGE = 300_000_000
# What the kernel's buffers on a connection's two halves may hold together with the proxy's own.
MOST_IN_FLIGHT = 2 * most_of_a_connection() + 2**20
# By how much the proxy's memory may grow.
MOST_GROWTH_KIB = 24 * 1024


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server()))
    with fairlead.open() as wire:  # what the first request allocates is not growth
        wire.request(get("/"))
    return started


def read_pattern(wire: Wire, length: int) -> Iterator[int]:
    """Checks that the next `length` bytes are the pattern; yields how many have come, now and then."""
    position = 0
    while position < length:
        piece = wire.take(min(1_000_000, length - position))
        assert matches(position, piece)
        position += len(piece)
        yield position


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_384, 16_385, 65_536, 1_000_003, 20_000_000])
@pytest.mark.parametrize("framing", ["stream", "stream-chunked"])
def test_a_response_of_any_size_comes_whole(fairlead: Fairlead, origin: Origin, size: int, framing: str):
    with fairlead.open() as wire:
        response = wire.request(get(f"/{framing}/{size}"))
        assert len(response.body) == size
        assert matches(0, response.body)


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_384, 16_385, 65_536, 1_000_003, 20_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_of_any_size_comes_whole(fairlead: Fairlead, origin: Origin, size: int, chunked: bool):
    body = pattern(size)
    with fairlead.open() as wire:
        if chunked:
            wire.send(get("/upload", "Transfer-Encoding: chunked", method="PUT"))
            for begin in range(0, size, 60_000):
                piece = body[begin : begin + 60_000]
                wire.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            wire.send("0\r\n\r\n")
        else:
            wire.send(get("/upload", f"Content-Length: {size}", method="PUT"))
            wire.send(body)
        assert wire.read_response().body == b'{"bytes": %d, "is_pattern": true}\n' % size
        assert wire.request(get("/")).status == 200
    assert origin.stats()["malformed"] == []


def test_both_directions_stream_at_once(fairlead: Fairlead, origin: Origin):
    size = 50_000_000
    with fairlead.open() as wire:
        wire.send(get("/echo", f"Content-Length: {size}", method="POST"))
        sender = threading.Thread(target=lambda: wire.send(pattern(size)))
        sender.start()
        assert wire.read_head().status == 200
        for _ in read_pattern(wire, size):
            pass
        sender.join()


def test_a_slow_client_holds_the_origin_and_not_memory(fairlead: Fairlead, origin: Origin):
    before = fairlead.resident_kib()
    with Wire.connect(fairlead.listener(), receive_buffer=65_536) as wire:
        wire.send(get(f"/stream/{LARGE}"))
        assert wire.read_head().status == 200
        most = before
        for position in read_pattern(wire, LARGE):
            if position % 50_000_000 == 0:
                # A client that rests: whatever the proxy would hoard, it hoards now.
                wire.socket.settimeout(20)
                threading.Event().wait(0.3)
            most = max(most, fairlead.resident_kib())
    assert most - before < MOST_GROWTH_KIB


def test_a_slow_origin_holds_the_client_and_not_memory(fairlead: Fairlead):
    go_on = threading.Event()
    received = [0]

    def script(wire: Wire) -> None:
        wire.read_head()
        go_on.wait(60)
        for received[0] in read_pattern(wire, LARGE):
            pass
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with ScriptedOrigin(script) as slow:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "slow", "address": slow.address}))
        before = fairlead.resident_kib()
        with fairlead.open() as wire:
            wire.send(get("/", f"Content-Length: {LARGE}", method="PUT"))
            piece = pattern(PERIOD)
            sent = wire.send_until_blocked(piece, at_most=LARGE)
            assert sent < MOST_IN_FLIGHT
            assert fairlead.resident_kib() - before < MOST_GROWTH_KIB
            go_on.set()
            while sent < LARGE:
                rest = pattern(min(1_000_000, LARGE - sent), sent)
                wire.send(rest)
                sent += len(rest)
            answer = wire.read_response()
        assert slow.errors == []
        assert answer.status == 200
        assert received[0] == LARGE
        assert fairlead.resident_kib() - before < MOST_GROWTH_KIB


def test_a_hundred_slow_clients_do_not_hold_up_another(fairlead: Fairlead, origin: Origin):
    wires = [Wire.connect(fairlead.listener(), receive_buffer=65_536) for _ in range(100)]
    before = fairlead.resident_kib()
    for wire in wires:
        wire.send(get("/stream/100000000"))
    for wire in wires:
        wire.take(1)
    with fairlead.open() as wire:
        for _ in range(20):
            assert wire.request(get("/")).status == 200
    assert fairlead.resident_kib() - before < 4 * MOST_GROWTH_KIB
    for wire in wires:
        wire.close()
    wait_until(lambda: origin.stats()["open_connections"] <= 4, "the origin's connections are let go")


def test_an_answer_before_the_body_was_read_reaches_the_client(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/early", "Content-Length: 5", method="POST"))
        response = wire.read_response()
        assert (response.status, response.body) == (200, b"early\n")
        if "close" not in response.connection_options():
            wire.send("hello")
            assert wire.request(get("/")).status == 200


def test_a_refusal_of_a_large_body_reaches_a_client_that_still_sends(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/early-close", f"Content-Length: {LARGE}", method="POST"))
        assert wire.read_response().status == 413


def test_a_body_cut_by_the_origin_is_not_made_whole(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/cut/100000"))
        head = wire.read_head()
        rest = wire.take_rest()
        assert head.status == 200
        assert len(rest) == 100_000 < int(head.get("content-length") or 0)


def test_chunks_cut_by_the_origin_are_not_made_whole(fairlead: Fairlead):
    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

    with ScriptedOrigin(script) as scripted:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "cuts", "address": scripted.address}))
        with fairlead.open() as wire:
            wire.send(get("/"))
            assert wire.read_head().status == 200
            assert not wire.take_rest().endswith(b"0\r\n\r\n")
