"""Clients that break HTTP/2: each is told which rule it broke, by the code that RFC 9113 has for it, and nobody else notices."""

import threading
from collections.abc import Iterator

import pytest

from tests.support import configs, h2_frames
from tests.support.fairlead import Fairlead
from tests.support.h2_frames import PREFACE, Error, Setting
from tests.support.h2_violations import HARMLESS, OF_CONNECTION, OF_STREAM, Violation
from tests.support.h2_wire import H2Wire, request
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire


done = threading.Event()


def answer_what_is_good(wire: Wire) -> None:
    """Anything else waits for an answer as long as anybody wants it; what is "/stuck" is not even read."""
    while True:
        head = wire.read_head()
        if head.target == "/stuck":
            done.wait(60)
            return
        if head.target != "/good":
            wire.take_rest()
            return
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")


@pytest.fixture(scope="module", autouse=True)
def origin(proxy: Fairlead) -> Iterator[None]:
    """One server for all clients: what one of them breaks is another's to find."""
    done.clear()
    with ScriptedOrigin(answer_what_is_good) as started:
        with proxy.connect() as control:
            control.replace(configs.site({"id": "w1", "address": started.address}))
        yield
        done.set()
        assert not started.errors


@pytest.fixture
def good(proxy: Fairlead) -> Iterator[H2Wire]:
    """Another client, which is answered before and after."""
    with H2Wire.connect(proxy.listener()) as wire:
        expect_good(wire)
        yield wire
        expect_good(wire)


def expect_good(wire: H2Wire) -> None:
    stream = wire.exchange(request("/good"))
    assert (stream.status, bytes(stream.body), stream.reset) == (200, b"good", None)


@pytest.mark.parametrize("violation", OF_CONNECTION.values(), ids=OF_CONNECTION.keys())
def test_what_breaks_the_connection_ends_it(proxy: Fairlead, good: H2Wire, violation: Violation):
    with H2Wire.connect(proxy.listener()) as wire:
        wire.send(violation.frames)
        end = wire.read_to_end()
    assert end is not None, "it was closed without GOAWAY"
    assert end[1] in violation.codes


@pytest.mark.parametrize("violation", OF_STREAM.values(), ids=OF_STREAM.keys())
def test_what_breaks_a_stream_ends_it(proxy: Fairlead, good: H2Wire, violation: Violation):
    with H2Wire.connect(proxy.listener()) as wire:
        wire.send(violation.frames)
        wire.wait(lambda: wire.goaways or any(stream.reset is not None for stream in wire.streams.values()), "an error")
        # A stream error may be taken for a connection error (§5.4.1).
        if wire.goaways:
            assert wire.read_to_end()[1] in violation.codes
        else:
            assert wire.streams[1].reset in violation.codes
            wire.new_stream()
            expect_good(wire)


@pytest.mark.parametrize("frames", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_is_harmless_changes_nothing(proxy: Fairlead, good: H2Wire, frames: bytes):
    with H2Wire.connect(proxy.listener()) as wire:
        wire.send(frames)
        while wire.new_stream().id < 201:
            pass
        expect_good(wire)
        assert not wire.goaways


@pytest.mark.parametrize(
    "begin",
    [PREFACE, PREFACE + h2_frames.ping(), PREFACE + h2_frames.window_update(0, 1), PREFACE + h2_frames.settings_ack()],
    ids=["nothing", "PING", "WINDOW_UPDATE", "an acknowledgement"],
)
def test_a_preface_needs_settings(proxy: Fairlead, good: H2Wire, begin: bytes):
    wire = H2Wire(Wire.connect(proxy.listener()), is_client=True)
    with wire:
        wire.send(begin, h2_frames.headers(1, h2_frames.block(*request("/good"))))
        assert wire.read_to_end() == (0, Error.PROTOCOL_ERROR)


@pytest.mark.parametrize("at", [1, 3, 15, 18, 23])
def test_what_is_almost_a_preface_is_no_request(proxy: Fairlead, good: H2Wire, at: int):
    almost = PREFACE[:at] + b"X" + PREFACE[at + 1 :]
    with Wire.connect(proxy.listener()) as wire:
        wire.send(almost + h2_frames.settings() + h2_frames.headers(1, h2_frames.block(*request("/good"))))
        answer = wire.take_rest()
    assert b"good" not in answer
    # HTTP/1.1's 400 or 505, or a GOAWAY of PROTOCOL_ERROR.
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 505", b"HTTP/1.1 501")) or answer.endswith(b"\0\0\0\1") or answer == b""


def test_a_preface_may_come_byte_by_byte(proxy: Fairlead):
    wire = H2Wire(Wire.connect(proxy.listener()), is_client=True)
    with wire:
        for octet in PREFACE + h2_frames.settings():
            wire.send(bytes([octet]))
        expect_good(wire)


def test_everything_may_come_byte_by_byte(proxy: Fairlead):
    with H2Wire.connect(proxy.listener()) as wire:
        stream = wire.new_stream()
        head = h2_frames.headers_in_frames(stream.id, h2_frames.block(*request("/good")), size=20)
        for octet in h2_frames.ping() + head:
            wire.send(bytes([octet]))
        assert wire.finish(stream).status == 200


def test_data_beyond_a_stream_s_window_is_refused(proxy: Fairlead, good: H2Wire):
    with H2Wire.connect(proxy.listener()) as wire:
        wire.synchronize()
        stream = wire.open(request("/stuck", method="POST"), end=False)
        wire.fill_window(stream, quiet_seconds=2)
        wire.send(h2_frames.data(stream.id, b"x"))
        wire.wait(lambda: wire.goaways or stream.reset is not None, "an error")
        codes = [stream.reset, *(code for _, code, _ in wire.goaways)]
        assert Error.FLOW_CONTROL_ERROR in codes


def test_settings_are_acknowledged_in_their_order(proxy: Fairlead):
    with H2Wire.connect(proxy.listener()) as wire:
        wire.send(*(h2_frames.settings({Setting.MAX_FRAME_SIZE: 16_384 + count}) for count in range(10)))
        wire.synchronize()
        assert wire.settings_acknowledged == 11


def test_what_the_proxy_says_of_itself(proxy: Fairlead):
    with H2Wire.connect(proxy.listener()) as wire:
        wire.synchronize()
        assert wire.peer_settings[Setting.MAX_CONCURRENT_STREAMS] == 128
        assert wire.peer_settings.get(Setting.INITIAL_WINDOW_SIZE, 65_535) == 65_535
        assert wire.peer_settings[Setting.ENABLE_CONNECT_PROTOCOL] == 1
        assert wire.peer_settings.get(Setting.ENABLE_PUSH, 0) == 0  # RFC 9113 §6.5.2: a server must not say 1
        wire.wait(lambda: wire.window == 2**20, "1 MiB for all streams together")
