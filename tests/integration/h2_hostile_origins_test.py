"""Servers of HTTP/2 that answer what is no answer, or break the connection: no client takes it for an answer, whatever it
speaks, none gets what was another's, and the next request is answered (RFC 9113 §8.1.1, §5.4)."""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support import configs, h2_frames
from tests.support.fairlead import Fairlead
from tests.support.h2_frames import Error, Setting
from tests.support.h2_hostile_answers import BROKEN_CONNECTIONS, NO_ENDS, NO_HEADS, POISON, TOO_LONG, Frames
from tests.support.h2_origin import H2Origin
from tests.support.h2_wire import H2Wire, Stream, request
from tests.support.waiting import settled, wait_until
from tests.support.wire import Closed, Wire, get

MIB = 1024


@dataclasses.dataclass
class Answer:
    """What a client got: whole, or cut off."""

    status: int | None
    body: bytes
    whole: bool
    fields: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    trailers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    interim: list[int] = dataclasses.field(default_factory=list)


class HostileOrigin(H2Origin):
    """Answers "/hostile" with `frames`, "/good" with "good", and holds "/held"."""

    def __init__(self) -> None:
        self.frames: Frames = lambda _: b""
        self.settings: dict[int, int] = {}
        self.ends: list[tuple[int, int] | None] = []
        self.asked: list[str] = []
        super().__init__(self._play)

    def _play(self, wire: H2Wire) -> None:
        try:
            while True:
                stream = wire.accept_stream()
                path = stream.get(":path") or ""
                self.asked.append(path)
                if path == "/good":
                    wire.respond(stream, 200, ("content-length", "4"), body=b"good")
                elif path == "/hostile":
                    wire.send(self.frames(stream.id))
        except (Closed, OSError):
            self.ends.append(wire.goaways[-1][:2] if wire.goaways else None)


def ask_http1(address: str, path: str, method: str = "GET") -> Answer:
    with Wire.connect(address) as wire:
        wire.send(get(path, "TE: trailers", "Connection: TE", method=method))
        got = Answer(None, b"", False)
        try:
            head = wire.read_head()
            while head.status < 200:
                got.interim.append(head.status)
                head = wire.read_head()
            got.status, got.fields = head.status, head.fields
            if method == "HEAD" or head.status in (204, 304):
                got.whole = True
                return got
            assert head.get("content-length") or head.get("transfer-encoding"), "its end can't be told from a cut"
            if length := head.get("content-length"):
                got.body = wire.take(int(length))
            else:
                wire._read_chunks(head)
                got.body, got.trailers = head.body, head.trailers
            got.whole = True
            assert not wire.buffer, f"more than the answer: {bytes(wire.buffer)!r}"
        except Closed as closed:
            got.body = closed.got
        return got


def ask_http2(address: str, path: str, method: str = "GET") -> Answer:
    with H2Wire.connect(address) as wire:
        stream = wire.exchange(request(path, ("te", "trailers"), method=method))
        # That would say that nothing was done (RFC 9113 §8.7).
        assert stream.reset != Error.REFUSED_STREAM
        interim = [int(dict(fields)[":status"]) for fields in stream.interim]
        status = stream.status if stream.head else None
        return Answer(status, bytes(stream.body), stream.ended, (stream.head or [])[1:], stream.trailers, interim)


ASK: dict[str, Callable[..., Answer]] = {"HTTP/1.1": ask_http1, "h2c": ask_http2}


@pytest.fixture
def origin(proxy: Fairlead) -> Iterator[HostileOrigin]:
    with HostileOrigin() as started:
        with proxy.connect() as control:
            control.replace(configs.site({"id": "w1", "address": started.address}, protocol="HTTP2"))
        yield started
        assert not started.errors


def expect_good(proxy: Fairlead) -> None:
    for ask in ASK.values():
        answer = ask(proxy.listener(), "/good")
        assert (answer.status, answer.body, answer.whole) == (200, b"good", True)


@pytest.mark.parametrize("client", ASK)
@pytest.mark.parametrize("frames", NO_HEADS.values(), ids=NO_HEADS.keys())
def test_what_has_no_head_is_502(proxy: Fairlead, origin: HostileOrigin, client: str, frames: Frames):
    origin.frames = frames
    answer = ASK[client](proxy.listener(), "/hostile")
    assert (answer.status, answer.whole) == (502, True)
    assert b"evil" not in answer.body and POISON not in answer.body
    expect_good(proxy)


@pytest.mark.parametrize("client", ASK)
@pytest.mark.parametrize("frames", NO_ENDS.values(), ids=NO_ENDS.keys())
def test_what_has_no_end_is_never_whole(proxy: Fairlead, origin: HostileOrigin, client: str, frames: Frames):
    origin.frames = frames
    answer = ASK[client](proxy.listener(), "/hostile")
    # A reset may overtake the head.
    assert (answer.status, answer.whole) in [(200, False), (None, False), (502, True)]
    assert POISON not in answer.body
    assert answer.trailers == []
    expect_good(proxy)


@pytest.mark.parametrize("client", ASK)
@pytest.mark.parametrize("frames", TOO_LONG.values(), ids=TOO_LONG.keys())
def test_what_is_too_long_is_cut_to_its_length(proxy: Fairlead, origin: HostileOrigin, client: str, frames: Frames):
    origin.frames = frames
    answer = ASK[client](proxy.listener(), "/hostile")
    if answer.status == 200:
        assert answer.body in (b"", b"evil")
        assert answer.whole == (client == "HTTP/1.1" and answer.body == b"evil")
    else:
        assert (answer.status, answer.whole) == (502, True)
    expect_good(proxy)


@pytest.mark.parametrize("client", ASK)
@pytest.mark.parametrize("frames, codes", BROKEN_CONNECTIONS.values(), ids=BROKEN_CONNECTIONS.keys())
def test_a_broken_connection_is_left(proxy: Fairlead, origin: HostileOrigin, client: str, frames: Frames, codes):
    origin.frames = frames
    answer = ASK[client](proxy.listener(), "/hostile")
    assert (answer.status, answer.whole) in [(200, False), (None, False), (502, True)]
    assert POISON not in answer.body
    wait_until(lambda: origin.ends, "the connection is closed")
    end = origin.ends[0]
    # A server that still sends may have its connection reset before it has read why.
    assert end is None or end[1] in codes
    expect_good(proxy)


@pytest.mark.parametrize("client", ASK)
def test_a_body_that_nobody_asked_for_is_dropped(proxy: Fairlead, origin: HostileOrigin, client: str):
    """HEAD, 204 and 304 have no body, whatever comes."""
    for method, status in [("HEAD", "200"), ("GET", "204"), ("GET", "304")]:
        origin.frames = lambda stream, status=status: (
            h2_frames.headers(stream, h2_frames.block((":status", status)), end=False)
            + h2_frames.data(stream, POISON, end=True)
        )
        answer = ASK[client](proxy.listener(), "/hostile", method)
        assert POISON not in answer.body
        assert answer.status in (int(status), 502)
        expect_good(proxy)


# Servers that are within their rights.


def _answer(stream: int, *fields: tuple[str, str], body: bytes = b"fine") -> bytes:
    head = h2_frames.headers(stream, h2_frames.block((":status", "200"), *fields), end=False)
    return head + h2_frames.data(stream, body, end=True)


GOOD_ANSWERS: dict[str, Frames] = {
    "with a length": lambda stream: _answer(stream, ("content-length", "4")),
    "without a length": _answer,
    "padded": lambda stream: h2_frames.headers(stream, h2_frames.block((":status", "200")), end=False)
    + h2_frames.data(stream, b"fi", padding=255)
    + h2_frames.data(stream, b"ne", padding=0, end=True),
    "with empty DATA": lambda stream: h2_frames.headers(stream, h2_frames.block((":status", "200")), end=False)
    + h2_frames.data(stream) * 50
    + h2_frames.data(stream, b"fine")
    + h2_frames.data(stream, end=True),
    "in a block of many frames": lambda stream: h2_frames.headers_in_frames(
        stream, h2_frames.block((":status", "200"), ("x", "y" * 50)), end=False, size=20
    )
    + h2_frames.data(stream, b"fine", end=True),
    "among unknown frames": lambda stream: h2_frames.frame(0xFA, 0xFF, stream, b"x") + _answer(stream),
    "behind interim responses": lambda stream: b"".join(
        h2_frames.headers(stream, h2_frames.block((":status", status)), end=False) for status in ("100", "103", "103")
    )
    + _answer(stream),
    "with trailers": lambda stream: h2_frames.headers(stream, h2_frames.block((":status", "200")), end=False)
    + h2_frames.data(stream, b"fine")
    + h2_frames.headers(stream, h2_frames.block(("x", "y"))),
    "and a reset for nothing behind it": lambda stream: _answer(stream) + h2_frames.rst_stream(stream, Error.NO_ERROR),
    "and a cancellation behind it": lambda stream: _answer(stream) + h2_frames.rst_stream(stream, Error.CANCEL),
    "and GOAWAY behind it": lambda stream: _answer(stream) + h2_frames.goaway(stream),
    "behind GOAWAY": lambda stream: h2_frames.goaway(stream) + _answer(stream),
    "behind two GOAWAY": lambda stream: h2_frames.goaway(2**31 - 1) + h2_frames.goaway(stream) + _answer(stream),
    "behind settings": lambda stream: h2_frames.settings(
        {Setting.MAX_FRAME_SIZE: 2**24 - 1, Setting.HEADER_TABLE_SIZE: 0, 0xFAFA: 1}
    )
    + _answer(stream),
    "behind priorities of the server's": lambda stream: h2_frames.priority(stream) + _answer(stream),
}


@pytest.mark.parametrize("client", ASK)
@pytest.mark.parametrize("frames", GOOD_ANSWERS.values(), ids=GOOD_ANSWERS.keys())
def test_what_is_an_answer_arrives(proxy: Fairlead, origin: HostileOrigin, client: str, frames: Frames):
    origin.frames = frames
    answer = ASK[client](proxy.listener(), "/hostile")
    assert (answer.status, answer.body, answer.whole) == (200, b"fine", True)
    if "with trailers" == next(name for name, entry in GOOD_ANSWERS.items() if entry is frames):
        assert [(name.lower(), value) for name, value in answer.trailers] == [("x", "y")]
    expect_good(proxy)


@pytest.mark.parametrize("client", ASK)
def test_cookies_stay_apart(proxy: Fairlead, origin: HostileOrigin, client: str):
    origin.frames = lambda stream: _answer(stream, ("set-cookie", "a=b"), ("set-cookie", "c=d"))
    answer = ASK[client](proxy.listener(), "/hostile")
    assert [value for name, value in answer.fields if name.lower() == "set-cookie"] == ["a=b", "c=d"]


@pytest.mark.parametrize("client", ASK)
@pytest.mark.parametrize(
    "refusal",
    [lambda stream: h2_frames.rst_stream(stream, Error.REFUSED_STREAM), lambda stream: h2_frames.goaway(max(stream - 2, 0))],
    ids=["REFUSED_STREAM", "GOAWAY"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_was_not_begun_is_asked_again(
    proxy: Fairlead, origin: HostileOrigin, client: str, refusal: Frames, method: str
):
    """RFC 9113 §8.7: it has not been processed, whatever its method."""
    refused = []

    def once(stream: int) -> bytes:
        if refused:
            return _answer(stream)
        refused.append(stream)
        return refusal(stream)

    origin.frames = once
    answer = ASK[client](proxy.listener(), "/hostile", method)
    assert (answer.status, answer.body, answer.whole) == (200, b"fine", True)
    assert origin.asked.count("/hostile") == 2


@pytest.mark.parametrize("client", ASK)
def test_a_connection_that_breaks_is_502_for_all_its_streams(proxy: Fairlead, origin: HostileOrigin, client: str):
    """A POST may have been processed."""
    origin.frames = lambda _: b"HTTP/1.1 200 OK\r\n\r\n" * 10
    answers: list[Answer] = []
    held = [
        threading.Thread(target=lambda: answers.append(ASK[client](proxy.listener(), "/held", "POST"))) for _ in range(5)
    ]
    for thread in held:
        thread.start()
    wait_until(lambda: origin.asked.count("/held") == 5, "five are held")
    ASK[client](proxy.listener(), "/hostile", "POST")
    for thread in held:
        thread.join(20)
    # Those of other connections, if there are any, are still held.
    assert {answer.status for answer in answers} == {502}
    expect_good(proxy)


# Floods of a server's.

FLOODS: dict[str, Frames] = {
    "PING": lambda _: h2_frames.ping() * 500,
    "SETTINGS": lambda _: h2_frames.settings() * 500,
    "WINDOW_UPDATE": lambda stream: h2_frames.window_update(stream, 1) * 500,
    "empty DATA": lambda stream: h2_frames.data(stream) * 500,
    "unknown frames": lambda _: h2_frames.frame(0xFA, payload=b"x" * 100) * 100,
    "PRIORITY": lambda _: h2_frames.priority(9_999) * 500,
}


@pytest.mark.parametrize("flood", [*FLOODS, "CONTINUATION", "a bomb", "interim responses"])
def test_a_flood_of_a_server_s_hurts_only_its_own(fairlead: Fairlead, flood: str):
    stop = threading.Event()

    def script(wire: H2Wire) -> None:
        while True:
            stream = wire.accept_stream()
            if stream.get(":path") == "/good":
                wire.respond(stream, body=b"good")
                continue
            if flood == "CONTINUATION":
                wire.send(h2_frames.headers(stream.id, h2_frames.block((":status", "200")), end=False, end_headers=False))
                piece = h2_frames.continuation(stream.id, h2_frames.literal("x", "y" * 100), end_headers=False)
            elif flood == "a bomb":
                block = h2_frames.block((":status", "200")) + h2_frames.literal("x", "y" * 4000, indexed=True)
                wire.send(h2_frames.headers(stream.id, block + h2_frames.indexed(62) * 12_000))
                continue
            elif flood == "interim responses":
                piece = h2_frames.headers(stream.id, h2_frames.block((":status", "103"), ("x", "y" * 100)), end=False)
            else:
                if flood == "empty DATA":
                    wire.send(h2_frames.headers(stream.id, h2_frames.block((":status", "200")), end=False))
                piece = FLOODS[flood](stream.id)
            while not stop.is_set():
                wire.send(piece * 20)

    with H2Origin(script) as origin, H2Origin(script) as other:
        two = configs.site({"id": "w1", "address": origin.address}, protocol="HTTP2")
        two["backends"].append(configs.backend("other", [{"id": "w2", "address": other.address}], protocol="HTTP2"))
        two["route_tables"] = [
            configs.route_table(configs.rule("good", "other", match={"path": "/good"}), configs.rule("all", "web"))
        ]
        with fairlead.connect() as control:
            control.replace(two)
        address = fairlead.listener()
        with H2Wire.connect(address) as good, H2Wire.connect(address) as wire:
            assert good.exchange(request("/good")).status == 200
            before = fairlead.resident_kib()
            fairlead.process.reset_peak()
            # This client takes what comes, until the proxy has enough of it or a second is over.
            asked: Stream = wire.open(request("/hostile"))
            end = time.monotonic() + 1
            while not asked.is_over and time.monotonic() < end:
                assert good.exchange(request("/good")).status == 200
                with contextlib.suppress(TimeoutError):
                    wire.step(0.01)
            assert asked.head is None or asked.status in (200, 502)
            assert good.exchange(request("/good")).status == 200
            grown = fairlead.process.peak_resident_kib() - before
            assert grown < 16 * MIB, f"it has grown by {grown} KiB"
        stop.set()


def test_interim_responses_that_a_client_does_not_read_are_not_kept(fairlead: Fairlead):
    """They may be dropped, or the server held back."""
    sent = [0]

    def script(wire: H2Wire) -> None:
        stream = wire.accept_stream()
        piece = h2_frames.headers(stream.id, h2_frames.block((":status", "103"), ("x", "y" * 1000)), end=False) * 10
        while sent[0] < 64 * 2**20:
            wire.send(piece)
            sent[0] += len(piece)

    with H2Origin(script) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}, protocol="HTTP2"))
        with fairlead.open(receive_buffer=4096) as wire:
            before = fairlead.resident_kib()
            fairlead.process.reset_peak()
            wire.send(get("/"))
            settled(lambda: sent[0])
            assert fairlead.process.peak_resident_kib() - before < 16 * MIB


def test_settings_of_a_server_hold_for_requests(fairlead: Fairlead):
    """A table of no size, and windows of none that open later."""
    seen: list[Stream] = []

    def script(wire: H2Wire) -> None:
        wire._decoder.max_allowed_table_size = 0
        wire._decoder.header_table_size = 0
        # The proxy may have sent what the first windows allow before it has heard of others (RFC 9113 §6.9.2).
        wire.respond(wire.finish(wire.accept_stream()), body=b"first")
        wire.wait(lambda: wire.settings_acknowledged, "the proxy knows of the settings")
        stream = wire.accept_stream()
        seen.append(stream)
        wire.synchronize()
        assert not stream.body and not stream.ended
        wire.send(h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: 10}))
        wire.wait(lambda: len(stream.body) == 10, "ten bytes")
        wire.send(h2_frames.window_update(stream.id, 90))
        wire.wait(lambda: stream.ended, "all of it")
        wire.respond(stream, body=bytes(stream.body))
        for later in wire.accept_streams():
            wire.respond(later, body=b"later")

    values = {Setting.INITIAL_WINDOW_SIZE: 0, Setting.HEADER_TABLE_SIZE: 0}
    with H2Origin(script, settings=values) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}, protocol="HTTP2"))
        with fairlead.open() as wire:
            assert wire.request(get("/")).body == b"first"
            body = "x" * 50 + "y" * 50
            answer = wire.request(get("/", "Content-Length: 100", method="POST") + body)
            assert (answer.status, answer.body) == (200, body.encode())
            for _ in range(3):
                assert wire.request(get("/", "X-A: b")).body == b"later"
        assert origin.errors == []


def test_no_more_streams_than_a_server_allows(fairlead: Fairlead):
    """What it refuses beyond its limit, which the proxy may learn of too late, is asked for again: none is lost."""
    release = threading.Event()
    under_way, most, refused = [0], [0], [0]

    def script(wire: H2Wire) -> None:
        held: list[Stream] = []
        while True:
            while wire.unclaimed:
                stream = wire.unclaimed.pop(0)
                if len(held) < 3:
                    held.append(stream)
                    under_way[0] += 1
                else:
                    refused[0] += 1
                    wire.send(h2_frames.rst_stream(stream.id, Error.REFUSED_STREAM))
            most[0] = max(most[0], len(held))
            while release.is_set() and held:
                wire.respond(held.pop(), body=b"fine")
            with contextlib.suppress(TimeoutError):
                wire.step(0.02)

    with H2Origin(script, settings={Setting.MAX_CONCURRENT_STREAMS: 3}) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}, protocol="HTTP2"))
        with H2Wire.connect(fairlead.listener()) as wire:
            streams = [wire.open(request(f"/{number}", method="POST")) for number in range(12)]
            wait_until(lambda: under_way[0] == 12, lambda: f"12 under way, not {under_way[0]}; {refused[0]} were refused")
            release.set()
            wire.finish(*streams)
            assert {stream.status for stream in streams} == {200}
        assert most[0] == 3
        assert origin.connections >= 4
