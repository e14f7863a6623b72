"""Streams of one connection do not wait for each other, whatever becomes of one of them."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.support import configs, h2_frames
from tests.support.fairlead import Fairlead
from tests.support.h2_frames import Error, Setting
from tests.support.h2_origin import H2Origin, answering_with
from tests.support.h2_wire import H2Wire, Stream, request
from tests.support.kernel_buffers import most_of_a_connection
from tests.support.origin import Origin
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import settled, wait_until
from tests.support.wire import Wire

SERVERS = ["HTTP/1.1", "h2c"]
LARGE = 2**20


def serve(fairlead: Fairlead, *addresses: str, protocol: str = "HTTP/1.1", **fields) -> None:
    servers = [{"id": f"w{number}", "address": address} for number, address in enumerate(addresses)]
    kind = "HTTP2" if protocol == "h2c" else "HTTP1"
    with fairlead.connect() as control:
        control.replace(configs.site(*servers, protocol=kind, **fields))


def _answer_later(release: threading.Event, late: list[str]) -> Callable[[H2Wire], None]:
    """Answers "/late" when it is released, the rest at once."""

    def script(wire: H2Wire) -> None:
        waiting: list[Stream] = []
        while True:
            while wire.unclaimed:
                stream = wire.unclaimed.pop(0)
                if stream.get(":path") == "/late":
                    waiting.append(stream)
                    late.append("/late")
                else:
                    wire.respond(stream, body=b"at once")
            while waiting and release.is_set():
                wire.respond(waiting.pop(), body=b"late")
            with contextlib.suppress(TimeoutError):
                wire.step(0.02)

    return script


def _answer_later_http1(release: threading.Event, late: list[str]) -> Callable[[Wire], None]:
    def script(wire: Wire) -> None:
        while True:
            body = "at once"
            if (target := wire.read_request().target) == "/late":
                late.append(target)
                release.wait(20)
                body = "late"
            wire.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}")

    return script


@pytest.mark.parametrize("server", SERVERS)
def test_a_late_answer_holds_nobody_up(fairlead: Fairlead, server: str):
    """Of fifty streams the first is answered two seconds later than it could be, or more: when all others have been."""
    release, late_ones = threading.Event(), []
    make = {"h2c": lambda: H2Origin(_answer_later(release, late_ones))}.get(
        server, lambda: ScriptedOrigin(_answer_later_http1(release, late_ones))
    )
    with make() as origin:
        serve(fairlead, origin.address, protocol=server)
        with H2Wire.connect(fairlead.listener()) as wire:
            late = wire.open(request("/late"))
            wait_until(lambda: late_ones, "the first is with the server")
            others = [wire.open(request(f"/{number}")) for number in range(49)]
            wire.finish(*others)
            assert {bytes(stream.body) for stream in others} == {b"at once"}
            with pytest.raises(TimeoutError):
                while not late.head:
                    wire.step(2)
            release.set()
            wire.finish(late)
            assert bytes(late.body) == b"late"
        assert not origin.errors


def _send_endlessly(sent: dict[str, int]) -> Callable[[H2Wire, Stream], None]:
    """Of a stream "/slow…", as much as its window lets, counted by path; of others a MiB."""

    def script(wire: H2Wire) -> None:
        slow: list[Stream] = []
        while True:
            while wire.unclaimed:
                stream = wire.unclaimed.pop(0)
                if (stream.get(":path") or "").startswith("/slow"):
                    wire.send_head(stream, [(":status", "200")])
                    slow.append(stream)
                else:
                    wire.respond(stream, body=bytes(LARGE))
            for stream in slow:
                size = min(wire.window, stream.window, 16_384)
                if size > 0 and stream.reset is None:
                    wire.send(h2_frames.data(stream.id, bytes(size)))
                    wire.window -= size
                    stream.window -= size
                    path = stream.get(":path") or ""
                    sent[path] = sent.get(path, 0) + size
            with contextlib.suppress(TimeoutError):
                wire.step(0.01)

    return script


def _send_endlessly_http1(sent: dict[str, int]) -> Callable[[Wire], None]:
    def script(wire: Wire) -> None:
        while True:
            target = wire.read_request().target
            if not target.startswith("/slow"):
                wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE + bytes(LARGE))
                continue
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            wire.socket.settimeout(None)
            while True:
                sent[target] = sent.get(target, 0) + wire.socket.send(bytes(65_536))

    return script


@pytest.fixture
def endless(request: pytest.FixtureRequest) -> Iterator[tuple[ScriptedOrigin, dict[str, int]]]:
    sent: dict[str, int] = {}
    origin = (
        H2Origin(_send_endlessly(sent)) if request.param == "h2c" else ScriptedOrigin(_send_endlessly_http1(sent))
    )
    with origin:
        yield origin, sent


def _open_slowly(wire: H2Wire, count: int) -> list[Stream]:
    """Streams whose client takes no byte beyond their first windows; the connection's window comes back."""
    wire.gives_window = False
    slow = [wire.open(request(f"/slow{number}")) for number in range(count)]

    def has_come() -> bool:
        return all(len(stream.body) == 65_535 for stream in slow)

    while not has_come():
        came = wire.step()
        if came.kind == h2_frames.Kind.DATA:
            wire.send(h2_frames.window_update(0, len(came.payload)))
    return slow


@pytest.mark.parametrize("endless, server", [(name, name) for name in SERVERS], indirect=["endless"], ids=SERVERS)
def test_a_slow_reader_stops_its_own_sender_and_nobody_else(fairlead: Fairlead, endless, server: str):
    origin, sent = endless
    serve(fairlead, origin.address, protocol=server)
    with H2Wire.connect(fairlead.listener()) as wire:
        (slow,) = _open_slowly(wire, 1)
        # The others of this connection flow.
        others = [wire.open(request(f"/{number}")) for number in range(5)]
        while not all(stream.is_over for stream in others):
            came = wire.step()
            if came.kind == h2_frames.Kind.DATA and came.payload:  # the last may be empty, and end the stream
                assert came.stream != slow.id
                update = h2_frames.window_update(0, len(came.payload))
                if not wire.streams[came.stream].is_over:
                    update += h2_frames.window_update(came.stream, len(came.payload))
                wire.send(update)
        assert [len(stream.body) for stream in others] == [LARGE] * 5
        # And its sender has stopped, once what is between the two has been filled. Sockets' buffers are the system's; what
        # the proxy keeps is less than a MiB.
        assert settled(lambda: sent["/slow0"]) < 2**20 + (0 if server == "h2c" else most_of_a_connection())
        wire.send(h2_frames.window_update(slow.id, 100_000), h2_frames.window_update(0, 100_000))
        wire.wait(lambda: len(slow.body) == 165_535, "more, once there is a window")


@pytest.mark.parametrize("endless, server", [(name, name) for name in SERVERS], indirect=["endless"], ids=SERVERS)
def test_slow_readers_stop_no_other_client(fairlead: Fairlead, endless, server: str):
    """Also where they share connections to the server: 30 streams' windows are more than a connection's."""
    origin, _ = endless
    serve(fairlead, origin.address, protocol=server)
    with H2Wire.connect(fairlead.listener()) as slow, H2Wire.connect(fairlead.listener()) as other:
        _open_slowly(slow, 30)
        for number in range(4):
            answer = other.exchange(request(f"/{number}"))
            assert (answer.status, len(answer.body), answer.ended) == (200, LARGE, True)
        with fairlead.open() as wire:
            wire.send(b"GET /other HTTP/1.1\r\nHost: test\r\n\r\n")
            assert len(wire.read_response().body) == LARGE


def test_a_slow_server_stops_its_own_client_s_stream_and_no_other(fairlead: Fairlead, start_origin):
    """What a client sends for a server that does not read waits, and what it sends for another does not."""
    done = threading.Event()

    def read_nothing(wire: Wire) -> None:
        wire.read_head()
        done.wait(60)

    with ScriptedOrigin(read_nothing) as stuck:
        origin: Origin = start_origin("w1")
        site = configs.site({"id": "stuck", "address": stuck.address})
        site["backends"].append(configs.backend("good", [origin.server()]))
        site["route_tables"] = [
            configs.route_table(configs.rule("stuck", "web", match={"path": "/stuck"}), configs.rule("good", "good"))
        ]
        with fairlead.connect() as control:
            control.replace(site)
        with H2Wire.connect(fairlead.listener()) as wire:
            wire.synchronize()
            held = wire.open(request("/stuck", method="POST"), end=False)
            sent = wire.fill_window(held)
            assert sent < 2**20 + most_of_a_connection()
            for _ in range(5):
                assert wire.exchange(request("/upload", method="POST"), bytes(LARGE)).status == 200
            assert not held.is_over
        done.set()


def test_a_slow_server_of_http2_stops_its_own_client_s_stream_and_no_other(fairlead: Fairlead):
    """On one connection to that server."""

    def script(wire: H2Wire) -> None:
        wire.gives_window = False
        answered = set()
        while True:
            came = wire.step()
            if came.kind == h2_frames.Kind.DATA:
                wire.send(h2_frames.window_update(0, len(came.payload)) if came.payload else b"")
                stream = wire.streams[came.stream]
                if stream.get(":path") != "/stuck" and came.payload and not stream.is_over:
                    wire.send(h2_frames.window_update(came.stream, len(came.payload)))
            for stream in wire.streams.values():
                if stream.ended and stream.id not in answered:
                    answered.add(stream.id)
                    wire.respond(stream, body=b"%d" % len(stream.body))

    with H2Origin(script) as origin:
        serve(fairlead, origin.address, protocol="h2c")
        with H2Wire.connect(fairlead.listener()) as wire:
            wire.synchronize()
            held = wire.open(request("/stuck", method="POST"), end=False)
            sent = wire.fill_window(held)
            assert sent < 2**20
            for _ in range(5):
                answer = wire.exchange(request("/upload", method="POST"), bytes(LARGE))
                assert (answer.status, bytes(answer.body)) == (200, b"%d" % LARGE)
            assert not held.is_over
        assert not origin.errors


@pytest.mark.parametrize("server", SERVERS)
def test_a_stream_that_is_reset_takes_nobody_along(fairlead: Fairlead, server: str):
    """Half of a hundred streams on one connection are reset while they run; the other half are answered whole."""
    begun = threading.Semaphore(0)
    release = threading.Event()

    def answer(wire: H2Wire) -> None:
        held = []
        while len(held) < 100:
            held.append(wire.accept_stream())
            begun.release()
        wire.wait(lambda: sum(stream.reset is not None for stream in held) == 50, "fifty are reset")
        assert {stream.reset for stream in held} == {None, Error.CANCEL}
        for stream in held:
            if stream.reset is None:
                wire.respond(stream, body=(stream.get(":path") or "").encode() * 1000)

    def answer_http1(wire: Wire) -> None:
        while True:
            target = wire.read_request().target
            begun.release()
            release.wait(20)
            body = target.encode() * 1000
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with H2Origin(answer) if server == "h2c" else ScriptedOrigin(answer_http1) as origin:
        serve(fairlead, origin.address, protocol=server)
        with H2Wire.connect(fairlead.listener()) as wire:
            streams = [wire.open(request(f"/{number:03}")) for number in range(100)]
            for _ in streams:
                assert begun.acquire(timeout=20)
            for stream in streams[::2]:
                wire.send(h2_frames.rst_stream(stream.id))
            wire.synchronize()
            release.set()
            wire.finish(*streams[1::2])
            for number, stream in list(enumerate(streams))[1::2]:
                assert bytes(stream.body) == f"/{number:03}".encode() * 1000
        assert not origin.errors


@pytest.mark.parametrize("server", SERVERS)
def test_each_stream_is_balanced_on_its_own(fairlead: Fairlead, server: str):
    """Streams of one connection, as requests of many."""

    def named(name: str) -> ScriptedOrigin:
        if server == "h2c":
            return H2Origin(answering_with(lambda wire, stream: wire.respond(stream, body=name.encode())))

        def script(wire: Wire) -> None:
            while True:
                wire.read_request()
                wire.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\n\r\n{name}")

        return ScriptedOrigin(script)

    with named("a") as first, named("b") as second, named("c") as third:
        serve(fairlead, first.address, second.address, third.address, protocol=server)
        with H2Wire.connect(fairlead.listener()) as wire:
            streams = [wire.open() for _ in range(90)]
            wire.finish(*streams)
        bodies = [bytes(stream.body) for stream in streams]
        assert sorted(bodies.count(name) for name in (b"a", b"b", b"c")) == [30, 30, 30]
        if server == "h2c":
            # Few connections carry them: of the 30 streams at a time, not one each.
            assert max(origin.connections for origin in (first, second, third)) <= 2


# RFC 9218: who is urgent goes first, where there is not enough for all.


def _order(fairlead: Fairlead, *priorities: str | None, change: dict[int, str] | None = None) -> list[int]:
    """Opens streams of these priorities while the connection has no window, then lets their bodies come a frame at a time;
    returns their numbers in the order in which they end."""
    with H2Wire.connect(fairlead.listener(), settings={Setting.INITIAL_WINDOW_SIZE: 1_000_000}) as wire:
        wire.gives_window = False
        # The window of the connection is used up first.
        wire.finish(wire.open(request("/stream/65535")))
        streams = []
        for priority in priorities:
            streams.append(wire.open(request("/stream/100000", *([("priority", priority)] if priority else []))))
            # Answers become ready in the order of the requests.
            wire.wait(lambda: streams[-1].head, "it has a head")
        for number, priority in (change or {}).items():
            payload = streams[number].id.to_bytes(4, "big") + priority.encode()
            wire.send(h2_frames.frame(h2_frames.Kind.PRIORITY_UPDATE, payload=payload))
        wire.synchronize()
        # As much of each as the proxy takes before it has a window: none waits for its server, who may be slow.
        ready = 65_535 + len(streams) * 64_000
        wait_until(lambda: fairlead.metrics()['fairlead_backend_received_bytes_total{backend="web"}'] >= ready, "bodies")
        ended: list[int] = []
        while len(ended) < len(streams):
            wire.send(h2_frames.window_update(0, 16_384))
            wire.synchronize()
            ended += [n for n, stream in enumerate(streams) if stream.ended and n not in ended]
        return ended


@pytest.fixture
def plain(fairlead: Fairlead, start_origin) -> Origin:
    origin = start_origin("w1")
    serve(fairlead, origin.address)
    return origin


def test_the_urgent_come_first(fairlead: Fairlead, plain: Origin):
    assert _order(fairlead, "u=5", "u=3", "u=1", "u=7", "u=0") == [4, 2, 1, 0, 3]


def test_who_says_nothing_has_urgency_3(fairlead: Fairlead, plain: Origin):
    assert _order(fairlead, "u=4", None, "u=2") == [2, 1, 0]


def test_of_the_same_urgency_those_that_are_not_incremental_go_one_by_one(fairlead: Fairlead, plain: Origin):
    """§10: in the order in which they were asked for."""
    assert _order(fairlead, "u=3", "u=3", "u=3") == [0, 1, 2]


def test_nonsense_is_no_priority(fairlead: Fairlead, plain: Origin):
    assert sorted(_order(fairlead, "u=9", "u", "\xff", "u=-1,i=?2", "=")) == [0, 1, 2, 3, 4]


# Codes.


@pytest.mark.parametrize("server", SERVERS)
def test_an_early_answer_ends_the_request_without_an_error(fairlead: Fairlead, server: str):
    """RFC 9113 §8.1: RST_STREAM NO_ERROR behind a whole response, or nothing."""

    def early(wire: H2Wire) -> None:
        while True:
            wire.respond(wire.accept_stream(), 413, body=b"too much")

    def early_http1(wire: Wire) -> None:
        wire.read_head()
        wire.send(b"HTTP/1.1 413 Too Much\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much")
        wire.finish_writing()
        wire.take_rest()

    with H2Origin(early) if server == "h2c" else ScriptedOrigin(early_http1) as origin:
        serve(fairlead, origin.address, protocol=server)
        with H2Wire.connect(fairlead.listener()) as wire:
            for _ in range(3):
                stream = wire.open(request("/", method="POST"), end=False)
                wire.send(h2_frames.data(stream.id, b"some"))
                wire.wait(lambda stream=stream: stream.ended, "the answer is whole")
                assert (stream.status, bytes(stream.body)) == (413, b"too much")
                wire.send(h2_frames.data(stream.id, b"more"))
                wire.synchronize()
                assert stream.reset in (None, Error.NO_ERROR)
            assert not wire.goaways


def test_a_client_s_reset_reaches_the_server_as_a_cancellation(fairlead: Fairlead):
    asked: list[Stream] = []
    codes: list[int] = []

    def script(wire: H2Wire) -> None:
        while True:
            stream = wire.accept_stream()
            if stream.get(":path") == "/":
                wire.respond(stream)
                continue
            asked.append(stream)
            wire.wait(lambda stream=stream: stream.reset is not None, "it is reset")
            codes.append(stream.reset or 0)

    with H2Origin(script) as origin:
        serve(fairlead, origin.address, protocol="h2c")
        with H2Wire.connect(fairlead.listener()) as wire:
            for number, code in enumerate([Error.CANCEL, Error.NO_ERROR, Error.INTERNAL_ERROR, Error.REFUSED_STREAM], 1):
                stream = wire.open(request("/held"))
                wait_until(lambda number=number: len(asked) == number, "the server has the request")
                wire.send(h2_frames.rst_stream(stream.id, code))
                wait_until(lambda number=number: len(codes) == number, "the server hears of it")
            assert wire.exchange().status == 200
        assert set(codes) == {Error.CANCEL}
        assert origin.connections == 1
