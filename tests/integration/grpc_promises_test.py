"""gRPC through the proxy, with Python's grpcio on both sides, and what its users expect of a proxy that answers itself
(https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md)."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator

import grpc
import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.grpc_origin import SERVICE, GrpcOrigin
from tests.support.h2_frames import Error
from tests.support.h2_origin import H2Origin
from tests.support.h2_wire import Fields, H2Wire, Stream
from tests.support.ports import closed_port
from tests.support.waiting import wait_until
from tests.support.wire import get


@pytest.fixture
def origin() -> Iterator[GrpcOrigin]:
    with GrpcOrigin() as started:
        yield started


def serve(fairlead: Fairlead, *addresses: str, rule: dict | None = None, **backend) -> None:
    servers = [{"id": f"w{number}", "address": address} for number, address in enumerate(addresses)]
    site = configs.site(*servers, **{"protocol": "HTTP2", **backend})
    site["route_tables"] = [configs.route_table(configs.rule("all", "web", **(rule or {})))]
    with fairlead.connect() as control:
        control.replace(site)


@pytest.fixture
def channel(fairlead: Fairlead, origin: GrpcOrigin) -> Iterator[grpc.Channel]:
    """A client's, through the proxy, to one server."""
    serve(fairlead, origin.address)
    with grpc.insecure_channel(fairlead.listener()) as opened:
        yield opened


def unary(channel: grpc.Channel, method: str) -> grpc.UnaryUnaryMultiCallable:
    return channel.unary_unary(f"/{SERVICE}/{method}")


def code_of(call: Callable[[], object]) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value.code()


def test_a_unary_call_with_metadata_of_both_sides(channel: grpc.Channel, origin: GrpcOrigin):
    answer, call = unary(channel, "Unary").with_call(b"hello", timeout=20)
    assert answer == b"HELLO"
    assert dict(call.initial_metadata())["x-initial"] == "first"
    assert dict(call.trailing_metadata())["x-trailing"] == "last"
    assert dict(call.trailing_metadata())["x-binary-bin"] == b"\0\xff"
    shown = unary(channel, "Show")(b"", metadata=(("x-a", "b"), ("x-b-bin", b"\1\2")), timeout=20).decode()
    assert "x-a: b" in shown and r"x-b-bin: b'\x01\x02'" in shown


def test_streams_of_the_server_of_the_client_and_of_both(channel: grpc.Channel):
    counted = list(channel.unary_stream(f"/{SERVICE}/Count")(b"1000", timeout=20))
    assert counted == [b"%d" % number for number in range(1000)]
    summed = channel.stream_unary(f"/{SERVICE}/Sum")(iter([bytes(1000)] * 1000), timeout=20)
    assert summed == b"1000000"
    # Each message is answered before the next is sent.
    said: queue.Queue = queue.Queue()
    answers = channel.stream_stream(f"/{SERVICE}/Talk")(iter(said.get, None), timeout=20)
    for word in (b"one", b"two", bytes(200_000), b"", b"three"):
        said.put(word)
        assert next(answers) == word.upper()
    said.put(None)
    assert list(answers) == []
    assert answers.code() == grpc.StatusCode.OK


def test_a_large_message_of_both_sides(channel: grpc.Channel):
    message = b"x" * 3_000_000
    assert unary(channel, "Unary")(message, timeout=20) == message.upper()


def test_a_status_of_the_server_s_passes_whole(channel: grpc.Channel):
    """As trailers-only answers, which have all in their head."""
    for code in grpc.StatusCode:
        if code == grpc.StatusCode.OK:
            continue
        with pytest.raises(grpc.RpcError) as raised:
            unary(channel, "Fail")(b"%d" % code.value[0], timeout=20)
        assert (raised.value.code(), raised.value.details()) == (code, "it fails: ü 100%")


def test_two_hundred_calls_at_once(channel: grpc.Channel, origin: GrpcOrigin):
    calls = [unary(channel, "Unary").future(b"call %d" % number, timeout=60) for number in range(200)]
    assert [call.result() for call in calls] == [b"CALL %d" % number for number in range(200)]


def test_a_client_that_leaves_cancels_the_call(channel: grpc.Channel, origin: GrpcOrigin):
    call = unary(channel, "Hang").future(b"")
    wait_until(lambda: origin.calls == 1, "the server has the call")
    call.cancel()
    assert origin.cancelled.wait(10)


def test_a_deadline_is_passed_on(channel: grpc.Channel, origin: GrpcOrigin):
    unary(channel, "Unary")(b"", timeout=15)
    assert origin.time_remaining is not None and 0 < origin.time_remaining < 16
    unary(channel, "Unary")(b"")
    assert origin.time_remaining is None or origin.time_remaining > 10**6


def test_a_deadline_that_passes_is_the_client_s(channel: grpc.Channel, origin: GrpcOrigin):
    unary(channel, "Unary")(b"", timeout=20)  # all connections are there: the next call reaches the server in time
    assert code_of(lambda: unary(channel, "Hang")(b"", timeout=1)) == grpc.StatusCode.DEADLINE_EXCEEDED
    assert origin.cancelled.wait(10)


# By hand: what the proxy says by itself.


def call_fields(method: str = "Unary", *fields: tuple[str, str]) -> Fields:
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "test"),
        (":path", f"/{SERVICE}/{method}"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *fields,
    ]


EMPTY_MESSAGE = bytes(5)


def call(fairlead: Fairlead, *fields: tuple[str, str], method: str = "Unary") -> Stream:
    with H2Wire.connect(fairlead.listener()) as wire:
        return wire.exchange(call_fields(method, *fields), EMPTY_MESSAGE)


def hang(fairlead: Fairlead, *fields: tuple[str, str]) -> tuple[Stream, float]:
    """A call that the server begins, over connections that are there already; what came of it, and in how many seconds."""
    with H2Wire.connect(fairlead.listener()) as wire:
        assert wire.exchange(call_fields(), EMPTY_MESSAGE).status == 200
        begin = time.monotonic()
        stream = wire.exchange(call_fields("Hang", *fields), EMPTY_MESSAGE)
        return stream, time.monotonic() - begin


def expect_status(stream: Stream, *codes: int) -> None:
    """A trailers-only answer: a status of HTTP that says nothing, and all of gRPC in the head."""
    assert stream.reset in (None, Error.NO_ERROR) and stream.ended
    assert stream.status == 200
    assert (stream.get("content-type") or "").startswith("application/grpc")
    assert int(stream.get("grpc-status") or -1) in codes, stream
    assert stream.get("grpc-message")
    assert bytes(stream.body) == b"" and stream.trailers == []
    assert stream.get("content-length") in (None, "0")


UNIMPLEMENTED, DEADLINE_EXCEEDED, UNAVAILABLE = 12, 4, 14


def test_no_server_is_unavailable(fairlead: Fairlead):
    serve(fairlead)
    expect_status(call(fairlead), UNAVAILABLE)
    with grpc.insecure_channel(fairlead.listener()) as channel:
        assert code_of(lambda: unary(channel, "Unary")(b"", timeout=20)) == grpc.StatusCode.UNAVAILABLE


def test_a_server_that_is_not_there_is_unavailable(fairlead: Fairlead):
    serve(fairlead, closed_port())
    expect_status(call(fairlead), UNAVAILABLE)


def test_a_server_that_breaks_off_before_its_answer_is_unavailable(fairlead: Fairlead):
    def script(wire: H2Wire) -> None:
        wire.accept_stream()

    with H2Origin(script) as origin:
        serve(fairlead, origin.address)
        expect_status(call(fairlead), UNAVAILABLE)


def test_no_route_is_unimplemented(fairlead: Fairlead, origin: GrpcOrigin):
    serve(fairlead, origin.address, rule={"match": {"path_prefix": "/other/"}})
    expect_status(call(fairlead), UNIMPLEMENTED)


def test_a_server_that_does_not_answer_in_time(fairlead: Fairlead, origin: GrpcOrigin):
    serve(fairlead, origin.address, timeouts={"response": "1s"})
    expect_status(hang(fairlead)[0], DEADLINE_EXCEEDED, UNAVAILABLE)
    assert origin.cancelled.wait(10)


@pytest.mark.parametrize("timeout", ["900m", "900000u", "900000000n"])
def test_grpc_timeout_is_honoured(fairlead: Fairlead, origin: GrpcOrigin, timeout: str):
    serve(fairlead, origin.address)
    stream, seconds = hang(fairlead, ("grpc-timeout", timeout))
    expect_status(stream, DEADLINE_EXCEEDED)
    assert 0.8 < seconds < 15
    assert origin.cancelled.wait(10)


def test_grpc_timeout_reaches_the_server_and_is_no_longer_than_it_was(fairlead: Fairlead, origin: GrpcOrigin):
    serve(fairlead, origin.address)
    for text, seconds in [("10S", 10), ("1M", 60), ("1H", 3600), ("99999999n", 0.1), ("20000m", 20)]:
        origin.time_remaining = None
        stream = call(fairlead, ("grpc-timeout", text))
        assert stream.status == 200
        if seconds < 1 and stream.get("grpc-status") == "4":
            continue  # it has passed before the server had the call
        assert origin.time_remaining is not None and 0 < origin.time_remaining <= seconds * 1.1


@pytest.mark.parametrize("timeout", ["", "S", "10", "10s", "-1S", "123456789S", "1.5S", "0x1S", "10S, 20S"])
def test_a_grpc_timeout_that_is_none_breaks_nothing(fairlead: Fairlead, origin: GrpcOrigin, timeout: str):
    """It is the server's to complain of."""
    serve(fairlead, origin.address)
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = wire.exchange(call_fields("Unary", ("grpc-timeout", timeout)), EMPTY_MESSAGE)
        assert stream.is_over
        assert wire.exchange(call_fields(), EMPTY_MESSAGE).status == 200


def test_what_is_not_grpc_is_answered_as_ever(fairlead: Fairlead):
    serve(fairlead)
    with H2Wire.connect(fairlead.listener()) as wire:
        for content_type in ("application/grpcx", "application/json", "text/grpc"):
            fields = [(name, content_type if name == "content-type" else value) for name, value in call_fields()]
            stream = wire.exchange(fields, EMPTY_MESSAGE)
            assert (stream.status, stream.get("grpc-status")) == (503, None)
        for content_type in ("application/grpc+proto", "application/grpc;charset=utf-8"):
            fields = [(name, content_type if name == "content-type" else value) for name, value in call_fields()]
            expect_status(wire.exchange(fields, EMPTY_MESSAGE), UNAVAILABLE)


def test_an_answer_cut_off_is_no_success(fairlead: Fairlead):
    """The status comes last: without it the call has failed, whatever came before."""

    def script(wire: H2Wire) -> None:
        stream = wire.accept_stream()
        wire.send_head(stream, [(":status", "200"), ("content-type", "application/grpc")])
        wire.send_body(stream, EMPTY_MESSAGE, end=False)
        wire.synchronize()

    with H2Origin(script) as origin:
        serve(fairlead, origin.address)
        stream = call(fairlead)
        assert stream.status == 200
        assert not stream.ended and stream.reset is not None
        with grpc.insecure_channel(fairlead.listener()) as channel:
            assert code_of(lambda: unary(channel, "Unary")(b"", timeout=20)) != grpc.StatusCode.OK


def test_a_body_is_passed_on_message_by_message(fairlead: Fairlead):
    """Nothing waits for more of it, in either direction."""
    heard = threading.Semaphore(0)

    def script(wire: H2Wire) -> None:
        stream = wire.accept_stream()
        wire.send_head(stream, [(":status", "200"), ("content-type", "application/grpc")])
        for number in range(1, 6):
            wire.wait(lambda number=number: len(stream.body) == 5 * number, "a message")
            heard.release()
            wire.send_body(stream, EMPTY_MESSAGE, end=False)
        wire.wait(lambda: stream.ended, "the end")
        wire.send_head(stream, [("grpc-status", "0")], end=True)

    with H2Origin(script) as origin:
        serve(fairlead, origin.address)
        with H2Wire.connect(fairlead.listener()) as wire:
            stream = wire.open(call_fields("Talk"), end=False)
            wire.wait(lambda: stream.head, "the head comes before any message")
            for number in range(1, 6):
                wire.send_body(stream, EMPTY_MESSAGE, end=False)
                assert heard.acquire(timeout=20)
                wire.wait(lambda number=number: len(stream.body) == 5 * number, "its answer")
            wire.send_body(stream, b"")
            wire.finish(stream)
            assert stream.trailers == [("grpc-status", "0")]
        assert not origin.errors


# Retries by status.


class FailingOrigin(H2Origin):
    """Answers trailers-only with this status, or with a message and the status behind it."""

    def __init__(self, status: int, *, trailers_only: bool = True):
        self.calls = 0
        self._status = status
        self._trailers_only = trailers_only
        super().__init__(self._play)

    def _play(self, wire: H2Wire) -> None:
        for stream in wire.accept_streams():
            self.calls += 1
            head = [(":status", "200"), ("content-type", "application/grpc")]
            status = [("grpc-status", str(self._status))]
            if self._trailers_only:
                wire.send_head(stream, head + status, end=True)
            else:
                wire.send_head(stream, head)
                wire.send_body(stream, EMPTY_MESSAGE, end=False)
                wire.send_head(stream, status, end=True)


def _retry(*statuses: str, **fields) -> dict:
    return {"grpc_retry": {"statuses": list(statuses), **fields}}


def test_an_answer_of_a_named_status_is_asked_for_again_elsewhere(fairlead: Fairlead, origin: GrpcOrigin):
    with FailingOrigin(UNAVAILABLE) as failing:
        serve(fairlead, failing.address, origin.address, rule=_retry("UNAVAILABLE"))
        for _ in range(10):
            stream = call(fairlead)
            assert (stream.status, stream.trailers[0] if stream.trailers else None) == (200, ("grpc-status", "0"))
        assert failing.calls > 0
        assert origin.calls == 10


def test_other_statuses_are_not_asked_for_again(fairlead: Fairlead, origin: GrpcOrigin):
    with FailingOrigin(13) as failing:
        serve(fairlead, failing.address, rule=_retry("UNAVAILABLE", "CANCELLED"))
        assert call(fairlead).get("grpc-status") == "13"
        assert failing.calls == 1
    with FailingOrigin(0) as fine:
        serve(fairlead, fine.address, rule=_retry("UNAVAILABLE"))
        assert call(fairlead).get("grpc-status") == "0"
        assert fine.calls == 1


def test_a_call_is_asked_as_often_as_allowed(fairlead: Fairlead):
    with FailingOrigin(UNAVAILABLE) as failing:
        for retries in (1, 3):
            before = failing.calls
            serve(fairlead, failing.address, rule=_retry("UNAVAILABLE", max_retries=retries))
            assert call(fairlead).get("grpc-status") == "14"
            assert failing.calls - before == 1 + retries


def test_an_answer_that_has_begun_is_not_asked_for_again(fairlead: Fairlead):
    with FailingOrigin(UNAVAILABLE, trailers_only=False) as failing:
        serve(fairlead, failing.address, rule=_retry("UNAVAILABLE"))
        stream = call(fairlead)
        assert (bytes(stream.body), stream.trailers) == (EMPTY_MESSAGE, [("grpc-status", "14")])
        assert failing.calls == 1


def test_retries_end_with_the_deadline(fairlead: Fairlead):
    asked: list[Stream] = []

    def script(wire: H2Wire) -> None:
        for stream in wire.accept_streams():
            asked.append(stream)
            with contextlib.suppress(TimeoutError):  # it takes its time
                while True:
                    wire.step(0.2)
            wire.send_head(stream, [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "14")], end=True)

    with H2Origin(script) as failing:
        serve(fairlead, failing.address, rule=_retry("UNAVAILABLE", max_retries=10))
        stream = call(fairlead, ("grpc-timeout", "500m"))
        assert stream.get("grpc-status") in ("4", "14")
        assert len(asked) <= 3, "each has taken a fifth of a second"


def test_a_call_over_http1_is_no_worse(fairlead: Fairlead):
    """gRPC needs HTTP/2, but who asks over HTTP/1.1 for application/grpc gets an answer with a status."""
    serve(fairlead)
    with fairlead.open() as wire:
        wire.send(get(f"/{SERVICE}/Unary", "Content-Type: application/grpc", "Content-Length: 0", method="POST"))
        answer = wire.read_response()
        assert answer.get("grpc-status") == "14" or answer.status == 503
