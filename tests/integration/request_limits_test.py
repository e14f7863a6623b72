"""Limits of requests: each has its own answer, and its own counter in /metrics."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.kernel_buffers import most_of_a_connection
from tests.support.origin import Origin
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get


@pytest.fixture
def serve(fairlead: Fairlead) -> Callable[..., None]:
    """serve(server, http={…}, rules=[…], …): puts a site in place."""

    def replace(*servers: dict, http: dict | None = None, rules: list | None = None, **fields) -> None:
        site = configs.site(*servers, http=http, **fields)
        if rules:
            site["route_tables"] = [configs.route_table(*rules)]
        with fairlead.connect() as control:
            control.replace(site)

    return replace


@pytest.fixture
def origin(start_origin) -> Origin:
    return start_origin("w1")


@pytest.fixture
def recording_origin() -> Iterator[ScriptedOrigin]:
    """Keeps what it receives in `received`, connection by connection, and answers nothing."""

    def script(wire: Wire) -> None:
        received = bytearray()
        origin.received.append(received)
        while data := wire.socket.recv(65536):
            received += data
        origin.ended += 1

    with ScriptedOrigin(script) as origin:
        origin.received = []
        origin.ended = 0
        yield origin


def reached(fairlead: Fairlead, limit: str) -> float:
    """How often the limit of that name was reached."""
    return fairlead.metrics()[f'fairlead_limit_reached_total{{limit="{limit}"}}']


def server_of(origin: ScriptedOrigin) -> dict:
    return {"id": "scripted", "address": origin.address}


def post(*lines: str, path: str = "/upload") -> str:
    return get(path, *lines, method="POST")


# Targets and heads.


def test_a_target_beyond_max_uri_bytes_is_414(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"max_uri_bytes": 100})
    longest = "/?" + "a" * 98
    with fairlead.open() as wire:
        assert wire.request(get(longest)).status == 200
        response = wire.request(get(longest + "a"))
        assert response.status == 414
        assert b"target" in response.body
        assert wire.is_closed()
    with fairlead.open() as wire:
        wire.send(b"GET /" + b"a" * 100)  # found before the line has ended
        assert wire.read_response().status == 414
    assert reached(fairlead, "max_uri_bytes") == 2
    assert origin.stats()["requests"] == 1


def test_the_default_of_max_uri_bytes_is_8192(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server())
    with fairlead.open() as wire:
        assert wire.request(get("/?" + "a" * 8190)).status == 200
        assert wire.request(get("/?" + "a" * 8191)).status == 414


def test_an_absolute_target_counts_as_a_whole(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"max_uri_bytes": 64})
    with fairlead.open() as wire:
        assert wire.request(get("http://test/?" + "a" * 51)).status == 200
        assert wire.request(get("http://test/?" + "a" * 52)).status == 414


def test_max_uri_bytes_changes_for_connections_that_are_open(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server())
    with fairlead.open() as wire:
        assert wire.request(get("/?" + "a" * 1000)).status == 200
        serve(origin.server(), http={"max_uri_bytes": 64})
        assert wire.request(get("/?" + "a" * 1000)).status == 414


def test_heads_beyond_their_limits_are_431_and_counted_each(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"max_header_bytes": 2048, "max_header_count": 4})
    with fairlead.open() as wire:
        assert wire.request(get("/", "X: " + "a" * 2048)).status == 431
        assert wire.is_closed()
    with fairlead.open() as wire:
        assert wire.request(get("/", *["X: a"] * 4)).status == 431
        assert wire.is_closed()
    assert reached(fairlead, "max_header_bytes") == 1
    assert reached(fairlead, "max_header_count") == 1
    assert origin.stats()["requests"] == 0


def test_trailers_beyond_their_limit_are_431(fairlead: Fairlead, serve, recording_origin: ScriptedOrigin):
    serve(server_of(recording_origin))
    with fairlead.open() as wire:
        wire.send(post("Transfer-Encoding: chunked") + "0\r\n" + "X: a\r\n" * 40 + "\r\n")
        assert wire.read_response().status == 431
        assert wire.is_closed()
    assert reached(fairlead, "max_trailers") == 1


def test_a_chunk_extension_beyond_its_limit_is_400(fairlead: Fairlead, serve, recording_origin: ScriptedOrigin):
    serve(server_of(recording_origin))
    with fairlead.open() as wire:
        wire.send(post("Transfer-Encoding: chunked") + "1;" + "a" * 2000)
        assert wire.read_response().status == 400
        assert wire.is_closed()
    assert reached(fairlead, "max_chunk_extension_bytes") == 1


# Bodies.


def test_a_length_beyond_max_body_bytes_is_413_before_anything_is_forwarded(
    fairlead: Fairlead, serve, recording_origin: ScriptedOrigin
):
    serve(server_of(recording_origin), http={"max_body_bytes": 1000})
    with fairlead.open() as wire:
        wire.send(post("Content-Length: 1001"))  # not a byte of the body
        response = wire.read_response()
        assert response.status == 413
        assert b"limit of 1000 bytes" in response.body
        assert "close" in response.connection_options()
        assert wire.is_closed()
    assert recording_origin.connections == 0
    assert reached(fairlead, "max_body_bytes") == 1


def test_a_client_that_asks_first_is_answered_413_and_not_100(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"max_body_bytes": 10})
    with fairlead.open() as wire:
        wire.send(post("Content-Length: 11", "Expect: 100-continue"))
        assert wire.read_response(informational=True).status == 413
    assert origin.stats()["requests"] == 0


def test_the_answer_reaches_a_client_that_goes_on_sending(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"max_body_bytes": 10})
    with fairlead.open() as wire:
        wire.send(post("Content-Length: 3000000") + "a" * 3_000_000)
        assert wire.read_response().status == 413


@pytest.mark.parametrize("size, status", [(999, 200), (1000, 200), (1001, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_max_body_bytes_is_exact(fairlead: Fairlead, serve, origin: Origin, size: int, status: int, chunked: bool):
    serve(origin.server(), http={"max_body_bytes": 1000})
    with fairlead.open() as wire:
        if chunked:
            wire.send(post("Transfer-Encoding: chunked") + f"{size:x}\r\n{'a' * size}\r\n0\r\n\r\n")
        else:
            wire.send(post(f"Content-Length: {size}") + "a" * size)
        assert wire.read_response().status == status
    assert reached(fairlead, "max_body_bytes") == (status == 413)


def test_chunks_beyond_max_body_bytes_are_413_and_the_server_sees_no_whole_request(
    fairlead: Fairlead, serve, recording_origin: ScriptedOrigin
):
    serve(server_of(recording_origin), http={"max_body_bytes": 1000})
    with fairlead.open() as wire:
        wire.send(post("Transfer-Encoding: chunked") + "3e8\r\n" + "a" * 1000 + "\r\n")
        wait_until(
            lambda: recording_origin.received and recording_origin.received[0].endswith(b"a" * 1000 + b"\r\n"),
            "the server has what was allowed",
        )
        wire.send("1\r\nb\r\n0\r\n\r\n")
        response = wire.read_response()
        assert response.status == 413
        assert wire.is_closed()
    wait_until(lambda: recording_origin.ended == 1, "the server's connection is closed")
    assert b"b\r\n" not in recording_origin.received[0].split(b"\r\n\r\n", 1)[1]
    assert not recording_origin.received[0].endswith(b"0\r\n\r\n")
    assert recording_origin.connections == 1
    assert reached(fairlead, "max_body_bytes") == 1


def test_chunks_beyond_max_body_bytes_cut_a_response_that_has_begun(fairlead: Fairlead, serve):
    def script(wire: Wire) -> None:
        wire.read_head()
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        wire.take_rest()

    with ScriptedOrigin(script) as origin:
        serve(server_of(origin), http={"max_body_bytes": 10})
        with fairlead.open() as wire:
            wire.send(post("Transfer-Encoding: chunked") + "1\r\na\r\n")
            assert wire.read_head().status == 200
            assert wire.take(5) == b"hello"
            wire.send("a\r\n" + "a" * 10 + "\r\n")
            assert wire.take_rest() == b""
    assert reached(fairlead, "max_body_bytes") == 1


def test_a_rule_has_its_own_max_body_bytes(fairlead: Fairlead, serve, origin: Origin):
    rules = [
        configs.rule("echo", "web", match={"path": "/echo"}, max_body_bytes=3),
        configs.rule("any", "web", match={"path": "/upload"}, max_body_bytes=0),
        configs.rule("rest", "web"),
    ]
    serve(origin.server(), http={"max_body_bytes": 10}, rules=rules)
    for path, size, status in [
        ("/echo", 3, 200),
        ("/echo", 4, 413),
        ("/upload", 100_000, 200),  # 0: no limit, in place of the listener's
        ("/slow-read/1000000", 10, 200),
        ("/slow-read/1000000", 11, 413),
    ]:
        with fairlead.open() as wire:
            wire.send(post(f"Content-Length: {size}", path=path) + "a" * size)
            assert wire.read_response().status == status, (path, size)


def test_max_body_bytes_changes_with_the_next_request(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server())
    with fairlead.open() as wire:
        assert wire.request(post("Content-Length: 5") + "hello").status == 200
        serve(origin.server(), http={"max_body_bytes": 4})
        assert wire.request(post("Content-Length: 5") + "hello").status == 413


# Times.


def test_a_head_beyond_header_timeout_is_408(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"header_timeout": "1s"})
    with fairlead.open() as wire:
        wire.send("GET / HTTP/1.1\r\nHost:")
        assert wire.read_response().status == 408
        assert wire.is_closed()
    assert reached(fairlead, "header_timeout") == 1


@pytest.mark.parametrize("part", ["head", "body", "chunks"])
def test_a_request_beyond_request_timeout_is_408(fairlead: Fairlead, serve, origin: Origin, part: str):
    serve(origin.server(), http={"request_timeout": "0.5s"})
    pieces = {
        "head": ["GET / HT", "TP/1.1\r\nHo", "st: test\r\nA:"],
        "body": [post("Content-Length: 100"), "a", "a", "a"],
        "chunks": [post("Transfer-Encoding: chunked"), "1\r\na\r\n", "1\r\n", "a\r\n"],
    }[part]
    begin = time.monotonic()
    with fairlead.open() as wire:
        for piece in pieces:  # that something comes gives no further time
            wire.send(piece)
        response = wire.read_response()
        assert response.status == 408
        assert time.monotonic() - begin >= 0.45
        assert "close" in response.connection_options()
        assert wire.is_closed()
    assert reached(fairlead, "request_timeout") == 1
    wait_until(lambda: origin.stats()["open_connections"] == 0, "the server's connection is closed")


def test_request_timeout_is_for_the_request_alone(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"request_timeout": "0.2s"})
    with fairlead.open() as wire:
        for _ in range(2):  # also between requests
            assert wire.request(get("/delay/600ms")).body == b"late\n"
    assert reached(fairlead, "request_timeout") == 0


def test_request_timeout_cuts_a_response_that_has_begun(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"request_timeout": "1s"})
    with fairlead.open() as wire:
        wire.send(post("Content-Length: 10", path="/echo") + "hello")
        assert wire.read_head().status == 200
        assert wire.take_rest() == b"hello"
    assert reached(fairlead, "request_timeout") == 1


def test_a_body_that_stops_is_408(fairlead: Fairlead, serve, recording_origin: ScriptedOrigin):
    serve(server_of(recording_origin), timeouts={"idle": "0.3s"})
    with fairlead.open() as wire:
        wire.send(post("Content-Length: 10") + "hello")
        assert wire.read_response().status == 408
        assert wire.is_closed()
    assert reached(fairlead, "timeouts.idle_body") == 1
    assert reached(fairlead, "timeouts.idle") == 0


def send_at(wire: Wire, bytes_per_second: int, total: int) -> bool:
    """Sends so many bytes at that rate; False when the other side says something or closes before the end."""
    begin = time.monotonic()
    sent = 0
    while sent < total:
        due = min(total, int((time.monotonic() - begin) * bytes_per_second))
        try:
            if due > sent:
                wire.send(b"a" * (due - sent))
        except OSError:
            return False
        sent = due
        if sent < total and not wire.stays_open(0.1):
            return False
    return True


def test_a_body_below_min_client_rate_is_408(fairlead: Fairlead, serve, recording_origin: ScriptedOrigin):
    serve(server_of(recording_origin), http={"min_client_rate": 1000})
    with fairlead.open() as slow, fairlead.open() as held:
        # One that has sent all that was asked for is not slow, however long its server takes.
        held.send(post("Content-Length: 5") + "hello")
        begin = time.monotonic()
        slow.send(post("Content-Length: 1000000"))
        assert not send_at(slow, 100, 3000)
        assert time.monotonic() - begin >= 5
        assert slow.read_response().status == 408
        assert held.stays_open()
    assert reached(fairlead, "min_client_rate_body") == 1


def test_a_body_above_min_client_rate_goes_on(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"min_client_rate": 1000})
    with fairlead.open() as wire:
        wire.send(post("Content-Length: 60000"))
        assert send_at(wire, 5000, 60000)
        assert wire.read_response().status == 200
    assert reached(fairlead, "min_client_rate_body") == 0


def test_a_server_that_holds_the_body_back_makes_nobody_slow(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"min_client_rate": 5_000_000})
    with fairlead.open() as wire:
        wire.socket.settimeout(60)
        begin = time.monotonic()
        # The client would send at once; its server takes less than min_client_rate for longer than two windows.
        wire.send(post("Content-Length: 12000000", path="/slow-read/1000000") + "a" * 12_000_000)
        assert wire.read_response().status == 200
        assert time.monotonic() - begin > 10
    assert reached(fairlead, "min_client_rate_body") == 0


def test_a_reader_below_min_client_rate_is_cut(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), http={"min_client_rate": 1000})
    with fairlead.open(receive_buffer=4096) as slow, fairlead.open(receive_buffer=65536) as steady:
        begin = time.monotonic()
        slow.send(get("/stream/100000000"))
        steady.send(get("/stream/100000000"))
        taken = 0

        def is_cut() -> bool:
            nonlocal taken
            if taken < (time.monotonic() - begin) * 1_000_000:
                taken += len(steady.take(50_000))
            return reached(fairlead, "min_client_rate_response") > 0

        wait_until(is_cut, "the slow reader is cut", 30)
        assert time.monotonic() - begin >= 5
        # It took no byte, and gets no more than lay in the kernels' buffers.
        assert len(slow.take_rest()) < most_of_a_connection() + 1_000_000
        assert len(steady.take(50_000_000)) == 50_000_000
    assert reached(fairlead, "min_client_rate_response") == 1


# Servers.


def test_a_server_that_is_too_slow_to_answer_is_504(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), timeouts={"response": "0.2s"})
    with fairlead.open() as wire:
        assert wire.request(get("/delay/10s")).status == 504
    assert reached(fairlead, "timeouts.response") == 1


def test_a_response_that_stops_is_cut_and_counted(fairlead: Fairlead, serve):
    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        wire.take_rest()

    with ScriptedOrigin(script) as origin:
        serve(server_of(origin), timeouts={"idle": "0.3s"})
        with fairlead.open() as wire:
            wire.send(get("/"))
            assert wire.read_head().status == 200
            assert wire.take_rest() == b"hello"
    assert reached(fairlead, "timeouts.idle") == 1


def test_a_reader_that_stops_is_cut_and_does_not_count_against_the_server(fairlead: Fairlead, serve, origin: Origin):
    serve(origin.server(), timeouts={"idle": "1s"})
    with fairlead.open(receive_buffer=4096) as wire:
        wire.send(get("/stream/100000000"))
        wait_until(lambda: reached(fairlead, "timeouts.idle_reader") == 1, "the reader is cut")
        assert len(wire.take_rest()) < 100_000_000
    assert reached(fairlead, "timeouts.idle") == 0


def test_a_server_that_can_not_be_connected_to_in_time_is_504(fairlead: Fairlead, serve):
    # A listening queue that is full: what more connects hears nothing.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = []
        try:
            for _ in range(4):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(address)
                waiting.append(one)
            serve(
                {"id": "full", "address": f"127.0.0.1:{address[1]}"},
                timeouts={"connect": "0.2s"},
            )
            with fairlead.open() as wire:
                response = wire.request(get("/"))
                assert response.status == 504
        finally:
            for one in waiting:
                one.close()
    assert reached(fairlead, "timeouts.connect") == 3, "once for each attempt"
