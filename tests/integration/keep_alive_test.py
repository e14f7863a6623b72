"""How long a client's connection lives, and the order of what is said on it (RFC 9112 §9)."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.waiting import wait_until
from tests.support.wire import get


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server()))
    return started


def test_http_1_1_keeps_the_connection(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        for _ in range(10):
            response = wire.request(get("/"))
            assert (response.status, response.body) == (200, b"w1\n")
            assert "close" not in response.connection_options()
        assert wire.stays_open()
    assert origin.stats()["malformed"] == []


def test_connection_close_is_answered_by_close(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        response = wire.request(get("/", "Connection: close"))
        assert response.status == 200
        assert "close" in response.connection_options()
        assert wire.is_closed()


def test_http_1_0_closes_after_the_response(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        response = wire.request(get("/", version="1.0"))
        assert (response.status, response.body) == (200, b"w1\n")
        assert "keep-alive" not in response.connection_options()
        assert wire.is_closed()


def test_http_1_0_without_host_is_served(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        assert wire.request("GET / HTTP/1.0\r\n\r\n").status == 200
    assert origin.stats()["malformed"] == []


def test_http_1_0_with_keep_alive_keeps_the_connection(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        for _ in range(3):
            response = wire.request(get("/", "Connection: keep-alive", version="1.0"))
            assert response.status == 200
            # RFC 9112 §9.3: a 1.0 client must hear that the connection stays.
            assert "keep-alive" in response.connection_options()
        assert wire.stays_open()


def test_http_1_0_hears_no_chunks(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        response = wire.request(get("/chunked", "Connection: keep-alive", version="1.0"))
        assert response.get("transfer-encoding") is None
        assert response.body == b"one two three\n"


def test_pipelined_requests_are_answered_in_their_order(fairlead: Fairlead, origin: Origin):
    statuses = list(range(200, 240))
    statuses.remove(204)
    paths = ["/delay/100ms", *(f"/status/{status}" for status in statuses), "/delay/10ms"]
    with fairlead.open() as wire:
        wire.send("".join(get(path) for path in paths))
        answers = [wire.read_response() for _ in paths]
        assert [answer.status for answer in answers] == [200, *statuses, 200]
        assert [answer.body for answer in answers[1:-1]] == [f"status {status}\n".encode() for status in statuses]


def test_pipelined_requests_with_bodies_are_kept_apart(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        pieces = []
        for number in range(20):
            body = f"body {number}"
            pieces.append(get("/echo", f"Content-Length: {len(body)}", method="POST") + body)
            pieces.append(get("/echo", "Transfer-Encoding: chunked", method="POST"))
            pieces.append(f"{len(body):x}\r\n{body}\r\n0\r\n\r\n")
        wire.send("".join(pieces))
        for number in range(20):
            for _ in range(2):
                assert wire.read_response().body == f"body {number}".encode()


def test_a_request_byte_by_byte_is_the_same_request(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        for byte in get("/echo", "Content-Length: 5", method="POST") + "hello":
            wire.send(byte)
        assert wire.read_response().body == b"hello"


def test_what_is_pipelined_behind_close_is_not_served(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/", "Connection: close") + get("/second"))
        assert wire.read_response().status == 200
        assert wire.is_closed()
    assert [request.target for request in origin.requests()] == ["/"]


def test_an_idle_connection_is_closed_after_its_time(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.apply({"upsert_listener": configs.listener(address=fairlead.listener(), idle_timeout="0.2s")})
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200
        assert wire.is_closed()


def test_a_head_that_does_not_end_is_408(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.apply({"upsert_listener": configs.listener(address=fairlead.listener(), header_timeout="1s")})
    with fairlead.open() as wire:
        wire.send("GET / HTTP/1.1\r\nHost: te")
        assert wire.read_response().status == 408
        assert wire.is_closed()
    assert origin.stats()["requests"] == 0


def test_a_client_that_goes_away_takes_its_request_along(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/stream/1000000000"))
        wire.take(1_000_000)
    wait_until(lambda: origin.stats()["cut"] == 1, "the origin's response is cut off")


def test_empty_lines_before_a_request_are_passed_over(fairlead: Fairlead, origin: Origin):
    # RFC 9112 §2.2: a server should ignore at least one.
    with fairlead.open() as wire:
        assert wire.request("\r\n" + get("/")).status == 200
