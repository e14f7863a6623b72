"""Connections of HTTP/2 that end: in two steps (RFC 9113 §6.8), with every stream that was begun."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.support import configs, h2_frames
from tests.support.fairlead import Fairlead
from tests.support.h2_frames import Error, Flag, Kind
from tests.support.h2_origin import H2Origin
from tests.support.h2_wire import H2Wire, Stream, request
from tests.support.origin import Origin
from tests.support.waiting import wait_until
from tests.support.wire import Closed

FIRST_STEP = (2**31 - 1, Error.NO_ERROR, b"")


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    serve(fairlead, started)
    return started


def serve(fairlead: Fairlead, origin: Origin, **http2) -> None:
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server(), http={"http2": http2}))


def _terminate(fairlead: Fairlead) -> None:
    fairlead.process.send_signal(signal.SIGTERM)


def _remove_listener(fairlead: Fairlead) -> None:
    with fairlead.connect() as control:
        control.apply({"remove_listener": "web"})


def _wait_for_age(fairlead: Fairlead) -> None:
    """The connections of this fixture's listener are asked to end when they are a second old."""


ENDINGS: dict[str, Callable[[Fairlead], None]] = {
    "SIGTERM": _terminate,
    "the listener's removal": _remove_listener,
    "max_connection_age": _wait_for_age,
}


@pytest.fixture(params=ENDINGS.keys())
def ending(request: pytest.FixtureRequest, fairlead: Fairlead, origin: Origin) -> Callable[[Fairlead], None]:
    if request.param == "max_connection_age":
        serve(fairlead, origin, max_connection_age="1s")
    return ENDINGS[request.param]


def test_a_connection_ends_in_two_steps(fairlead: Fairlead, origin: Origin, ending):
    with H2Wire.connect(fairlead.listener()) as wire:
        held = wire.open(request("/delay/4s"))
        wire.synchronize()
        ending(fairlead)
        # On its way while the first step was: it is within what that allows.
        while bytes(h2_frames.goaway(*FIRST_STEP)) not in wire.wire.buffer:
            assert wire.wire._fill()
        late = wire.open(request("/late"))
        wire.finish(late)
        assert late.status == 200
        wire.finish(held)
        assert held.status == 200
        assert wire.read_to_end() == (late.id, Error.NO_ERROR)
        assert wire.goaways == [FIRST_STEP, (late.id, Error.NO_ERROR, b"")]


def test_an_idle_connection_ends_at_once(fairlead: Fairlead, origin: Origin, ending):
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = wire.exchange()
        ending(fairlead)
        last, code = wire.read_to_end() or (None, None)
        assert (last, code) == (stream.id, Error.NO_ERROR)


def test_a_stream_behind_the_second_step_is_not_begun(fairlead: Fairlead, origin: Origin, ending):
    """Its number is above the last of the second GOAWAY: it may be asked for again elsewhere (§6.8)."""
    with H2Wire.connect(fairlead.listener()) as wire:
        held = wire.open(request("/delay/5s"))
        wire.synchronize()
        ending(fairlead)
        wire.wait(lambda: len(wire.goaways) == 2, "both steps")
        assert wire.goaways == [FIRST_STEP, (held.id, Error.NO_ERROR, b"")]
        wire.open(request("/never"))
        wire.finish(held)
        assert held.status == 200
        wire.read_to_end()
        assert not wire.streams[held.id + 2].head
        assert "/never" not in [entry.target for entry in origin.requests()]


def test_a_hundred_streams_end_with_their_connection(fairlead: Fairlead, origin: Origin, ending):
    with H2Wire.connect(fairlead.listener()) as wire:
        streams = [wire.open(request("/delay/1500ms")) for _ in range(100)]
        wire.synchronize()
        ending(fairlead)
        wire.finish(*streams)
        assert {stream.status for stream in streams} == {200}
        assert wire.read_to_end() is not None
    if ending is _terminate:
        assert fairlead.process.wait_exit() == 0


def test_a_client_that_does_not_go_does_not_hold_it_up(fairlead: Fairlead, origin: Origin):
    """The end is the proxy's to make, once streams are over."""
    with H2Wire.connect(fairlead.listener()) as wire:
        wire.exchange()
        begin = time.monotonic()
        assert fairlead.process.terminate() == 0
        assert time.monotonic() - begin < 15  # of thirty that it would wait for


def test_a_changed_listener_leaves_its_connections_alone(fairlead: Fairlead, origin: Origin):
    with H2Wire.connect(fairlead.listener()) as wire:
        wire.exchange()
        serve(fairlead, origin, max_resets=500)
        assert wire.exchange().status == 200
        assert not wire.goaways


def test_connections_may_grow_old_where_no_age_is_set(fairlead: Fairlead, origin: Origin):
    with H2Wire.connect(fairlead.listener()) as wire:
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            assert wire.exchange().status == 200
        assert not wire.goaways


# PINGs of the proxy's.


def test_a_client_that_answers_pings_is_kept(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, ping_interval="1s", ping_timeout="60s")
    with H2Wire.connect(fairlead.listener()) as wire:
        wire.exchange()
        wire.wait(lambda: sum(f.kind == Kind.PING and not f.has(Flag.ACK) for f in wire.received) == 2, "two PINGs")
        assert wire.exchange().status == 200


def test_a_client_that_answers_no_pings_is_left(fairlead: Fairlead, origin: Origin):
    serve(fairlead, origin, ping_interval="1s", ping_timeout="0.3s")
    begin = time.monotonic()
    with H2Wire.connect(fairlead.listener()) as wire:
        wire.acknowledges_pings = False
        held = wire.open(request("/delay/60s"))
        wire.read_to_end()
        assert 1.2 < time.monotonic() - begin
        assert not held.ended


# Servers.


class HoldingOrigin(H2Origin):
    """Answers "/held…" when it is told to, the rest at once, all with its name."""

    def __init__(self, name: str, **options):
        self.name = name
        self.release = threading.Event()
        self.held = 0
        self.ended = 0
        self.resets = 0
        super().__init__(self._play, **options)

    def _play(self, wire: H2Wire) -> None:
        held: list[Stream] = []
        try:
            while True:
                while wire.unclaimed:
                    stream = wire.unclaimed.pop(0)
                    if (stream.get(":path") or "").startswith("/held"):
                        held.append(stream)
                        self.held += 1
                    else:
                        wire.respond(stream, body=self.name.encode())
                if self.release.is_set():
                    for stream in held:
                        if stream.reset is None:
                            wire.respond(stream, body=self.name.encode())
                    held.clear()
                with contextlib.suppress(TimeoutError):
                    came = wire.step(0.02)
                    self.resets += came.kind == Kind.RST_STREAM
        except (Closed, OSError):
            self.ended += 1


def _serve_two(fairlead: Fairlead, first: HoldingOrigin, second: HoldingOrigin, **backend) -> None:
    servers = [{"id": origin.name, "address": origin.address} for origin in (first, second)]
    with fairlead.connect() as control:
        control.replace(configs.site(*servers, protocol="HTTP2", **backend))


def test_the_removal_of_a_server_drains_its_connections(fairlead: Fairlead):
    with HoldingOrigin("a") as first, HoldingOrigin("b") as second:
        _serve_two(fairlead, first, second)
        with H2Wire.connect(fairlead.listener()) as wire:
            streams = [wire.open(request(f"/held{number}")) for number in range(100)]
            wait_until(lambda: first.held + second.held == 100, "all are held")
            with fairlead.connect() as control:
                control.apply(configs.remove_server("web", "a"))
            for _ in range(20):
                assert bytes(wire.exchange().body) == b"b"
            first.release.set()
            second.release.set()
            wire.finish(*streams)
            assert {(stream.status, stream.reset) for stream in streams} == {(200, None)}
            assert {bytes(stream.body) for stream in streams} == {b"a", b"b"}
            wait_until(lambda: first.ended == first.connections, "the connections of the removed server are closed")
            assert first.resets == 0
            assert bytes(wire.exchange().body) == b"b"


@pytest.mark.parametrize("state, kept", [("DRAIN", True), ("MAINT", False)])
def test_a_server_s_admin_state_holds_for_its_streams(fairlead: Fairlead, state: str, kept: bool):
    with HoldingOrigin("a") as first, HoldingOrigin("b") as second:
        _serve_two(fairlead, first, second)
        with H2Wire.connect(fairlead.listener()) as wire:
            streams = [wire.open(request(f"/held{number}", method="POST")) for number in range(20)]
            wait_until(lambda: first.held + second.held == 20, "all are held")
            with fairlead.connect() as control:
                server = {"id": "a", "address": first.address, "admin_state": state}
                control.apply(configs.upsert_server("web", server))
            second.release.set()
            if kept:
                first.release.set()
            wire.finish(*streams)
            if kept:
                assert {stream.status for stream in streams} == {200}
            else:
                assert sorted({stream.status for stream in streams}) == [200, 502]
                assert [stream.status for stream in streams].count(200) == 10
            for _ in range(5):
                assert bytes(wire.exchange().body) == b"b"


def test_a_server_that_says_goaway_loses_no_stream(fairlead: Fairlead):
    """In two steps, as servers do on reload, under load."""

    def script(wire: H2Wire) -> None:
        count = 0
        for stream in wire.accept_streams():
            count += 1
            if count == 50:
                wire.send(h2_frames.goaway(2**31 - 1))
                wire.synchronize()
                last = max(wire.streams)
                wire.send(h2_frames.goaway(last))
            wire.respond(stream, body=b"fine")
            if count >= 50 and not wire.unclaimed and all(other.ended for other in wire.streams.values()):
                return

    with H2Origin(script) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}, protocol="HTTP2"))
        with H2Wire.connect(fairlead.listener()) as wire:
            done = 0
            under_way: list[Stream] = []
            while done < 1_000:
                while len(under_way) < 20 and done + len(under_way) < 1_000:
                    under_way.append(wire.open(request("/", method="POST")))
                wire.step()
                for stream in [stream for stream in under_way if stream.is_over]:
                    under_way.remove(stream)
                    done += 1
                    assert (stream.status, bytes(stream.body), stream.reset) == (200, b"fine", None)
        assert origin.connections >= 15
        assert not origin.errors


def test_a_server_that_answers_no_pings_is_left(fairlead: Fairlead):
    def script(wire: H2Wire) -> None:
        wire.acknowledges_pings = origin.connections > 1
        for stream in wire.accept_streams():
            if origin.connections > 1:
                wire.respond(stream, body=b"fine")

    with H2Origin(script) as origin:
        http2 = {"ping_interval": "1s", "ping_timeout": "0.3s"}
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}, protocol="HTTP2", http2=http2))
        with H2Wire.connect(fairlead.listener()) as wire:
            answer = wire.exchange(request("/", method="POST"))
            assert answer.status == 502
            assert wire.exchange().status == 200
