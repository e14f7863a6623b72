"""Clients that send much to make much work of little: each attack has a limit, the connection that goes beyond it is told to
calm down, and meanwhile memory stays bounded and others are served."""

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support import configs, h2_frames
from tests.support.fairlead import Fairlead
from tests.support.h2_frames import PREFACE, Error, Flag, Kind, Setting
from tests.support.h2_wire import H2Wire, Stream, request
from tests.support.origin import Origin
from tests.support.processes import Workbench
from tests.support.waiting import settled, wait_until
from tests.support.wire import Closed, Wire

GET = h2_frames.block(*request("/delay/60s"))
POST = h2_frames.block(*request("/upload", method="POST"))
LIMITS = {"max_resets": 100, "max_control_frames": 200}
MIB = 1024  # in KiB
KIB = 1024  # in bytes


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    serve(fairlead, started, http2=LIMITS)
    return started


def serve(fairlead: Fairlead, origin: Origin, *, timeouts: dict | None = None, **http) -> None:
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server(), http=http, timeouts=timeouts or {}))


@pytest.fixture
def good(fairlead: Fairlead, origin: Origin) -> Iterator[H2Wire]:
    """Another client, which is answered before and after, and while memory stays within 16 MiB."""
    with H2Wire.connect(fairlead.listener()) as wire:
        for _ in range(20):
            assert wire.exchange(request("/")).status == 200
        before = fairlead.resident_kib()
        fairlead.process.reset_peak()
        yield wire
        assert wire.exchange(request("/")).status == 200
        grown = fairlead.process.peak_resident_kib() - before
        assert grown < 16 * MIB, f"it has grown by {grown} KiB"


def flood(wire: H2Wire, make: Callable[[int], bytes], most: int, batch: int = 50) -> int:
    """Sends make(0), make(1), … until the other side says GOAWAY or closes, or to the end; returns how many were sent."""
    sent = 0
    # Who closes may reset what he has not read.
    with contextlib.suppress(Closed, BrokenPipeError, ConnectionResetError):
        while sent < most and not wire.goaways:
            wire.send(*(make(sent + number) for number in range(batch)))
            sent += batch
            with contextlib.suppress(TimeoutError):
                while not wire.goaways:
                    wire.step(0.001)
    return sent


def reached(fairlead: Fairlead, limit: str) -> float:
    """How often the limit of that name was reached."""
    return fairlead.metrics()[f'fairlead_limit_reached_total{{limit="{limit}"}}']


def expect_calm(fairlead: Fairlead, limit: str, wire: H2Wire, what: str) -> None:
    """The connection has ended for this limit, once."""
    end = wire.read_to_end()
    assert end is not None, f"{what} closed the connection without GOAWAY"
    assert end[1] == Error.ENHANCE_YOUR_CALM, what
    assert reached(fairlead, limit) == 1


# Streams.


def _id(number: int) -> int:
    return 2 * number + 1


def _opened_and_reset(number: int) -> bytes:
    return h2_frames.headers(_id(number), GET) + h2_frames.rst_stream(_id(number))


def _made_to_be_reset(number: int) -> bytes:
    """CVE-2025-8671: the rule that is broken makes the other side reset the stream."""
    return h2_frames.headers(_id(number), GET) + h2_frames.window_update(_id(number), 0x7FFFFFFF)


def _malformed(number: int) -> bytes:
    return h2_frames.headers(_id(number), h2_frames.block(*request("/", ("connection", "close"))))


STREAMS = {
    "rapid reset (CVE-2023-44487)": _opened_and_reset,
    "made to be reset (CVE-2025-8671)": _made_to_be_reset,
    "malformed requests": _malformed,
    "streams beyond the limit": lambda number: h2_frames.headers(_id(number), GET),
}


@pytest.mark.parametrize("attack", STREAMS.values(), ids=STREAMS.keys())
def test_streams_that_come_and_go_are_limited(fairlead: Fairlead, origin: Origin, good: H2Wire, attack):
    serve(fairlead, origin, http2={"max_resets": 100})
    with H2Wire.connect(fairlead.listener()) as wire:
        sent = flood(wire, attack, 5_000)
        expect_calm(fairlead, "http2.max_resets", wire, f"{sent} streams")
    assert sent > 100
    # The server was not asked for more than may be asked for.
    assert origin.stats()["requests"] < 128 + 100 + 50 + 25


def test_as_many_resets_as_allowed_are_nothing(fairlead: Fairlead, origin: Origin, good: H2Wire):
    with H2Wire.connect(fairlead.listener()) as wire:
        for number in range(95):
            wire.send(_opened_and_reset(number))
            wire.new_stream()
        wire.synchronize()
        assert wire.exchange(request("/")).status == 200


def test_resets_of_what_was_answered_are_nothing(fairlead: Fairlead, origin: Origin, good: H2Wire):
    with H2Wire.connect(fairlead.listener()) as wire:
        for _ in range(150):
            stream = wire.exchange(request("/"))
            wire.send(h2_frames.rst_stream(stream.id))
        assert wire.exchange(request("/")).status == 200


def test_a_stream_beyond_the_limit_is_refused_alone(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, http2={"max_concurrent_streams": 5})
    with H2Wire.connect(fairlead.listener()) as wire:
        wire.synchronize()
        assert wire.peer_settings[Setting.MAX_CONCURRENT_STREAMS] == 5
        held = [wire.open(request("/delay/2s")) for _ in range(5)]
        refused = wire.open()
        wire.finish(refused)
        assert (refused.head, refused.reset) == (None, Error.REFUSED_STREAM)
        assert reached(fairlead, "http2.max_concurrent_streams") == 1
        wire.finish(*held)
        assert {stream.status for stream in held} == {200}
        assert wire.exchange(request("/")).status == 200


# Frames that carry nothing. Each has a stream 1 that waits for an answer and a stream 3 whose body goes on.

CONTROL: dict[str, bytes] = {
    "PING": h2_frames.ping(),
    "SETTINGS": h2_frames.settings(),
    "SETTINGS with values": h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: 65_535}),
    "PRIORITY": h2_frames.priority(1, 3),
    "PRIORITY of idle streams": h2_frames.priority(901, 903),
    "PRIORITY_UPDATE": h2_frames.frame(Kind.PRIORITY_UPDATE, payload=b"\0\0\0\1u=1"),
    "PRIORITY_UPDATE of idle streams": h2_frames.frame(Kind.PRIORITY_UPDATE, payload=b"\0\0\3\x85u=1"),
    "empty DATA": h2_frames.data(3),
    "empty DATA with padding": h2_frames.data(3, padding=0),
    "WINDOW_UPDATE": h2_frames.window_update(0, 1),
    "WINDOW_UPDATE of a stream": h2_frames.window_update(1, 1),
    "WINDOW_UPDATE of a closed stream": h2_frames.window_update(5, 1),
    "RST_STREAM of a closed stream": h2_frames.rst_stream(5),
}


@pytest.mark.parametrize("attack", CONTROL.values(), ids=CONTROL.keys())
def test_frames_that_carry_nothing_are_limited(fairlead: Fairlead, origin: Origin, good: H2Wire, attack: bytes):
    with H2Wire.connect(fairlead.listener()) as wire:
        wire.send(h2_frames.headers(1, GET), h2_frames.headers(3, POST, end=False))
        wire.send(h2_frames.headers(5, GET), h2_frames.rst_stream(5))
        wire.synchronize()
        sent = flood(wire, lambda _: attack, 20_000)
        expect_calm(fairlead, "http2.max_control_frames", wire, f"{sent} frames")
    assert sent >= 200


@pytest.mark.parametrize("attack", CONTROL.values(), ids=CONTROL.keys())
def test_as_many_of_them_as_allowed_are_nothing(fairlead: Fairlead, origin: Origin, good: H2Wire, attack: bytes):
    with H2Wire.connect(fairlead.listener()) as wire:
        wire.send(h2_frames.headers(1, GET), h2_frames.headers(3, POST, end=False))
        wire.send(h2_frames.headers(5, GET), h2_frames.rst_stream(5))
        wire.send(attack * 180)
        wire.synchronize()
        wire.new_stream(), wire.new_stream(), wire.new_stream()
        assert wire.exchange(request("/")).status == 200


def test_windows_for_what_was_sent_are_no_flood(fairlead: Fairlead, origin: Origin, good: H2Wire):
    with H2Wire.connect(fairlead.listener()) as wire:
        wire.gives_window = False
        stream = wire.open(request("/stream/2097152"))
        taken = 0
        while not stream.is_over:
            wire.step()
            # A thousand bytes at a time, for the stream and the connection.
            while len(stream.body) >= taken + 1000:
                wire.send(h2_frames.window_update(stream.id, 1000), h2_frames.window_update(0, 1000))
                taken += 1000
        assert len(stream.body) == 2 * 1024 * 1024
        assert not wire.goaways


def test_pings_whose_answers_nobody_reads_are_not_kept(fairlead: Fairlead, origin: Origin, good: H2Wire):
    serve(fairlead, origin, http2={"max_control_frames": 1_000_000})
    with Wire.connect(fairlead.listener(), receive_buffer=4096) as wire:
        wire.send(PREFACE + h2_frames.settings())
        # At most 34 MB of answers that nobody takes.
        wire.send_until_blocked(h2_frames.ping() * 1000, 34_000_000)


# Header blocks.


def _block_begin(wire: H2Wire) -> None:
    """Once SETTINGS are acknowledged: no other frame may come within a block."""
    wire.synchronize()
    wire.send(h2_frames.headers(1, h2_frames.block(*request()), end_headers=False))


CONTINUATIONS: dict[str, bytes] = {
    "of fields": h2_frames.continuation(1, h2_frames.literal("x", "y"), end_headers=False),
    "of large fields": h2_frames.continuation(1, h2_frames.literal("x", "y" * 16_000), end_headers=False),
    "of fields for the table": h2_frames.continuation(1, h2_frames.literal("x", "y", indexed=True) * 100, end_headers=False),
    "of a byte": h2_frames.continuation(1, b"\x82", end_headers=False),
    "of nothing": h2_frames.continuation(1, b"", end_headers=False),
}


@pytest.mark.parametrize("attack", CONTINUATIONS.values(), ids=CONTINUATIONS.keys())
def test_a_header_block_that_never_ends_is_ended(fairlead: Fairlead, origin: Origin, good: H2Wire, attack: bytes):
    """CVE-2024-27316 and its kin."""
    before = origin.stats()["requests"]
    with H2Wire.connect(fairlead.listener()) as wire:
        _block_begin(wire)
        sent = flood(wire, lambda _: attack, 100_000)
        expect_calm(fairlead, "http2.max_continuations", wire, f"{sent} CONTINUATIONs")
    assert origin.stats()["requests"] == before


def _bomb(entry: int, references: int) -> bytes:
    """A block whose fields are `entry` bytes large, once as a literal and then by one byte each."""
    return (
        h2_frames.block(*request())
        + h2_frames.literal("x", "y" * entry, indexed=True)
        + h2_frames.indexed(62) * references
    )


@pytest.mark.parametrize("streams", [1, 100])
def test_a_block_that_unpacks_to_much_is_refused(fairlead: Fairlead, origin: Origin, good: H2Wire, streams: int):
    before = origin.stats()["requests"]
    with H2Wire.connect(fairlead.listener()) as wire:
        # 48 MB each.
        sent = flood(wire, lambda number: h2_frames.headers(_id(number), _bomb(4000, 12_000)), streams, batch=1)
        wire.wait(lambda: wire.goaways or sum(stream.is_over for stream in wire.streams.values()) == sent, "all are refused")
        answered = [stream for stream in wire.streams.values() if stream.head is not None]
        assert wire.goaways or len(answered) == sent
        assert {stream.status for stream in answered} <= {431}
    assert origin.stats()["requests"] == before


HEADS_BEYOND_LIMITS = {
    "a large value": [("x", "y" * 33_000)],
    "a large name": [("x" * 33_000, "y")],
    "many large values": [("x", "y" * 4_000)] * 9,
    "many fields": [("x", "y")] * 101,
    "a large cookie of crumbs": [("cookie", "y" * 400)] * 90,
}


@pytest.mark.parametrize("fields", HEADS_BEYOND_LIMITS.values(), ids=HEADS_BEYOND_LIMITS.keys())
def test_a_head_beyond_the_limits_is_431_alone(fairlead: Fairlead, origin: Origin, good: H2Wire, fields):
    before = origin.stats()["requests"]
    with H2Wire.connect(fairlead.listener()) as wire:
        held = wire.open(request("/delay/500ms"))
        # What the block adds to the table is there afterwards.
        stream = wire.new_stream()
        block = h2_frames.literal("x-later", "z", indexed=True) + h2_frames.block(*fields)
        wire.send(h2_frames.headers_in_frames(stream.id, h2_frames.block(*request()) + block))
        assert wire.finish(stream).status == 431
        later = wire.new_stream()
        wire.send(h2_frames.headers(later.id, h2_frames.block(*request("/headers")) + h2_frames.indexed(62)))
        assert b"x-later: z" in bytes(wire.finish(later).body).lower()
        assert wire.finish(held).status == 200
    assert origin.stats()["requests"] == before + 2


def test_a_head_within_the_limits_passes(fairlead: Fairlead, origin: Origin):
    with H2Wire.connect(fairlead.listener()) as wire:
        # Crumbs of a cookie are one field (RFC 9113 §8.2.3), however many there are.
        crumbs = [("cookie", "c=d")] * 200
        fields = [("x-large", "a" * 26_000), *((f"x-{number}", "b") for number in range(90)), *crumbs]
        answer = wire.exchange(request("/headers", *fields))
        assert answer.status == 200
        assert b"a" * 26_000 in bytes(answer.body)


def test_a_client_s_table_size_is_not_taken_for_granted(fairlead: Fairlead, origin: Origin, good: H2Wire):
    """Whoever lets the proxy's encoder have 4 GiB does not make it use them."""
    with H2Wire.connect(fairlead.listener(), settings={Setting.HEADER_TABLE_SIZE: 2**32 - 1}) as wire:
        for number in range(2_000):
            assert wire.exchange(request(f"/?{number}")).status == 200


# Windows.


def _stalled(fairlead: Fairlead, streams: int) -> tuple[H2Wire, list[Stream]]:
    """A client that asks for much and takes nothing of it."""
    wire = H2Wire.connect(fairlead.listener(), settings={Setting.INITIAL_WINDOW_SIZE: 0})
    asked = [wire.open(request("/stream/10485760")) for _ in range(streams)]
    wire.wait(lambda: all(stream.head for stream in asked), "heads have come")
    return wire, asked


def test_streams_without_a_window_hold_little(fairlead: Fairlead, origin: Origin):
    with H2Wire.connect(fairlead.listener()) as good:
        assert good.exchange(request("/")).status == 200
        before = fairlead.resident_kib()
        wire, asked = _stalled(fairlead, 100)
        with wire:
            wire.synchronize()
            assert good.exchange(request("/")).status == 200
            # A high mark's worth and a read's for each stream, not its body.
            assert fairlead.resident_kib() - before < 100 * 256
            assert all(not stream.body for stream in asked)


def test_streams_without_a_window_are_cut_in_time(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, timeouts={"idle": "0.5s"})
    wire, asked = _stalled(fairlead, 10)
    with wire, H2Wire.connect(fairlead.listener()) as good:
        wire.wait(lambda: all(stream.reset is not None for stream in asked), "they are reset")
        assert all(not stream.ended for stream in asked)
        # The connection has done nothing wrong.
        wire.send(h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: 65_535}))
        assert wire.exchange(request("/")).status == 200
        assert good.exchange(request("/")).status == 200


def test_a_connection_s_window_holds_back_all_and_costs_little(fairlead: Fairlead, origin: Origin, good: H2Wire):
    with H2Wire.connect(fairlead.listener(), settings={Setting.INITIAL_WINDOW_SIZE: 2**31 - 1}) as wire:
        wire.gives_window = False
        asked = [wire.open(request("/stream/10485760")) for _ in range(10)]
        wire.wait(lambda: sum(len(stream.body) for stream in asked) == 65_535, "the window is used up")
        wire.synchronize()
        assert sum(len(stream.body) for stream in asked) == 65_535


# Time.


def _read_nothing(fairlead: Fairlead) -> Wire:
    """A client that lets all windows and buffers be filled with what it does not read."""
    wire = Wire.connect(fairlead.listener(), receive_buffer=4096)
    wide = h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: 2**31 - 1}) + h2_frames.window_update(0, 2**31 - 65_536)
    wire.send(PREFACE + wide + h2_frames.headers(1, h2_frames.block(*request("/stream/100000000"))))
    settled(lambda: fairlead.metrics()['fairlead_listener_sent_bytes_total{listener="web"}'])
    return wire


def _open_connections(fairlead: Fairlead) -> float:
    return fairlead.metrics()['fairlead_listener_open_connections{listener="web"}']


def test_a_client_that_reads_nothing_is_left_in_time(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, timeouts={"idle": "0.5s"}, idle_timeout="0.5s")
    with _read_nothing(fairlead):
        wait_until(lambda: _open_connections(fairlead) == 0, "its connection is closed")


def test_a_client_that_reads_nothing_is_left_in_time_though_the_answer_is_whole(fairlead: Fairlead, origin: Origin):
    """The rest of it is with the proxy alone, whose server is done with it."""
    serve(fairlead, origin, timeouts={"idle": "0.5s"}, idle_timeout="0.5s")
    with Wire.connect(fairlead.listener(), receive_buffer=4096) as wire:
        settings = h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: 0})
        wire.send(PREFACE + settings + h2_frames.headers(1, h2_frames.block(*request("/stream/20000"))))
        wait_until(lambda: _open_connections(fairlead) == 0, "its connection is closed")


@pytest.mark.parametrize("breaks", [h2_frames.data(0, b"x"), h2_frames.ping() * 10_000], ids=["a rule", "a limit"])
def test_a_client_that_reads_nothing_and_breaks_a_rule_is_left_in_time(fairlead: Fairlead, origin: Origin, breaks: bytes):
    """No GOAWAY fits into what it does not read."""
    # Time enough to break it before the client is left for reading nothing.
    serve(fairlead, origin, idle_timeout="3s", http2={"max_control_frames": 100})
    with _read_nothing(fairlead) as wire:
        wire.send_until_blocked(breaks, len(breaks))
        wait_until(lambda: _open_connections(fairlead) == 0, "its connection is closed")


def test_a_goaway_that_waits_behind_an_answer_is_not_waited_for_long(bench: Workbench, fairlead: Fairlead, origin: Origin):
    """Here it fits behind what is not read: the proxy has nothing left to do but to send that."""
    serve(fairlead, origin, address=f"unix:{bench.directory}/web", timeouts={"idle": "60s"}, idle_timeout="60s")
    opening = [
        PREFACE + h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: 0}),
        h2_frames.window_update(0, 2**31 - 65_536),
        h2_frames.headers(1, h2_frames.block(*request("/stream/100000000"))),
    ]

    def sent() -> float:
        return settled(lambda: fairlead.metrics()['fairlead_listener_sent_bytes_total{listener="web"}'])

    with Wire.connect(fairlead.listener()) as wire:
        wire.send(b"".join(opening))
        before = sent()
        given = 0
        while sent() >= before + given:  # until the kernel takes no more
            given += 32 * KIB
            wire.send(h2_frames.window_update(1, 32 * KIB))
        wire.send(h2_frames.data(0, b"x"))
        wait_until(lambda: _open_connections(fairlead) == 0, "its connection is closed")


def test_a_client_that_reads_nothing_does_not_hold_up_its_listener_s_end(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, timeouts={"idle": "0.5s"}, idle_timeout="0.5s")
    with _read_nothing(fairlead):
        assert fairlead.process.terminate() == 0


def test_a_header_block_that_does_not_go_on_is_cut_in_time(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, header_timeout="1s")
    with H2Wire.connect(fairlead.listener()) as wire:
        begin = time.monotonic()
        _block_begin(wire)
        wire.read_to_end()
        assert 0.8 < time.monotonic() - begin


@pytest.mark.parametrize("length", [1, 10, 23])
def test_a_preface_that_does_not_go_on_is_cut_in_time(fairlead: Fairlead, origin: Origin, length: int):
    serve(fairlead, origin, header_timeout="0.3s")
    with Wire.connect(fairlead.listener()) as wire:
        wire.send(PREFACE[:length])
        wire.take_rest()


def test_settings_that_do_not_come_are_waited_for_in_vain(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, header_timeout="0.3s", idle_timeout="0.3s")
    with Wire.connect(fairlead.listener()) as wire:
        wire.send(PREFACE)
        wire.take_rest()


def test_an_idle_connection_ends_in_order(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, idle_timeout="1s")
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = wire.exchange(request("/"))
        assert wire.read_to_end() == (stream.id, Error.NO_ERROR)


def test_pings_do_not_keep_an_idle_connection(fairlead: Fairlead, origin: Origin):
    """No request is under way: idle_timeout says how long a connection may wait for its next one."""
    serve(fairlead, origin, idle_timeout="0.5s")
    with H2Wire.connect(fairlead.listener()) as wire:
        deadline = time.monotonic() + 10
        with contextlib.suppress(Closed, BrokenPipeError, ConnectionResetError):
            while time.monotonic() < deadline and not wire.goaways:
                wire.send(h2_frames.ping())
                with contextlib.suppress(TimeoutError):
                    wire.step(0.1)
        assert time.monotonic() < deadline


def test_a_slow_body_is_408_alone(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, request_timeout="0.5s")
    with H2Wire.connect(fairlead.listener()) as wire:
        slow = wire.open(request("/upload", method="POST"), end=False)
        while not slow.is_over:
            wire.send(h2_frames.data(slow.id, b"x"))
            with contextlib.suppress(TimeoutError):
                wire.step(0.05)
        assert slow.status == 408
        assert wire.exchange(request("/")).status == 200


def test_a_body_of_padding_alone_gives_its_window_back(fairlead: Fairlead, origin: Origin):
    """Padding counts in flow control (§6.1); nobody but the codec can give it back."""
    serve(fairlead, origin)
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = wire.open(request("/upload", method="POST"), end=False)
        for _ in range(1000):
            size = 256
            wire.wait(lambda: min(wire.window, stream.window) >= size, "the window comes back")
            wire.window -= size
            stream.window -= size
            wire.send(h2_frames.data(stream.id, padding=255))
        wire.send(h2_frames.data(stream.id, end=True))
        assert wire.finish(stream).status == 200


def test_the_window_of_a_reset_stream_comes_back(fairlead: Fairlead, origin: Origin):
    """What was sent on streams that were reset belongs to the connection's window again (§6.9)."""
    serve(fairlead, origin)
    with H2Wire.connect(fairlead.listener()) as wire:
        for _ in range(50):
            stream = wire.open(request("/delay/60s", method="POST"), end=False)
            wire.send_body(stream, bytes(60_000), end=False)
            wire.send(h2_frames.rst_stream(stream.id))
        uploaded = wire.exchange(request("/upload", method="POST"), bytes(3_000_000))
        assert uploaded.status == 200


def test_flags_that_mean_nothing_mean_nothing(fairlead: Fairlead, origin: Origin, good: H2Wire):
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = wire.new_stream()
        flags = Flag.END_HEADERS | Flag.END_STREAM | 0xD2
        wire.send(h2_frames.frame(Kind.HEADERS, flags, stream.id, h2_frames.block(*request("/"))))
        assert wire.finish(stream).status == 200
    wait_until(lambda: fairlead.process.is_running(), "it runs")
