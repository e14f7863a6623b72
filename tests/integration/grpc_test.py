"""gRPC through the proxy, with gRPC's own client and server."""

import threading
import time

import grpc
import pytest

from tests.support import configs, h2_frames
from tests.support.fairlead import Fairlead
from tests.support.grpc_peers import GrpcClient, GrpcOrigin, Messages
from tests.support.h2_origin import H2Origin, answering, answering_with
from tests.support.h2_wire import H2Wire, Stream, request
from tests.support.ports import closed_port
from tests.support.waiting import wait_until

SECONDS = 20


def serve(fairlead: Fairlead, *addresses: str, rule: dict | None = None, http: dict | None = None, **fields) -> None:
    servers = [{"id": f"s{number}", "address": address} for number, address in enumerate(addresses)]
    site = configs.site(*servers, protocol="HTTP2", http=http, **fields)
    site["route_tables"] = [configs.route_table(configs.rule("all", "web", **(rule or {})))]
    with fairlead.connect() as control:
        control.replace(site)


def client(fairlead: Fairlead) -> GrpcClient:
    return GrpcClient(fairlead.listener())


def failure(call) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value.code(), raised.value.details()


def test_calls_of_all_kinds(fairlead: Fairlead):
    def both(requests, context):
        for message in requests:
            yield message.upper()
        context.set_trailing_metadata((("seen", "all"),))

    with GrpcOrigin(
        unary=lambda message, context: message[::-1],
        download=lambda message, context: (b"%d" % number for number in range(int(message))),
        upload=lambda messages, context: b"".join(messages),
        both=both,
    ) as origin:
        serve(fairlead, origin.address)
        with client(fairlead) as calls:
            assert calls.unary(b"abc", timeout=SECONDS) == b"cba"
            assert calls.unary(b"x" * 1_000_000, timeout=SECONDS) == b"x" * 1_000_000
            assert list(calls.download(b"1000", timeout=SECONDS)) == [b"%d" % number for number in range(1000)]
            assert calls.upload(iter([b"a"] * 1000), timeout=SECONDS) == b"a" * 1000
            messages = Messages()
            stream = calls.both(messages, timeout=SECONDS)
            for number in range(20):  # each answer before the next message
                messages.send(b"m%d" % number)
                assert next(stream) == b"M%d" % number
            messages.end()
            assert list(stream) == []
            assert ("seen", "all") in [tuple(pair) for pair in stream.trailing_metadata()]


def test_a_server_s_status_passes_trailers_only_or_behind_messages(fairlead: Fairlead):
    def download(message, context):
        yield b"one"
        context.abort(grpc.StatusCode.DATA_LOSS, "lost \u00e4 %")

    def unary(message, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "none such")

    with GrpcOrigin(unary=unary, download=download) as origin:
        serve(fairlead, origin.address)
        with client(fairlead) as calls:
            assert failure(lambda: calls.unary(b"", timeout=SECONDS)) == (grpc.StatusCode.NOT_FOUND, "none such")
            stream = calls.download(b"", timeout=SECONDS)
            assert next(stream) == b"one"
            assert failure(lambda: next(stream)) == (grpc.StatusCode.DATA_LOSS, "lost \u00e4 %")


def test_the_proxy_s_own_answers_have_a_status(fairlead: Fairlead):
    with client_of_nothing(fairlead) as calls:
        code, details = failure(lambda: calls.unary(b"", timeout=SECONDS))
        assert (code, "no eligible server" in details) == (grpc.StatusCode.UNAVAILABLE, True)
    serve(fairlead, closed_port())
    with client(fairlead) as calls:
        code, details = failure(lambda: calls.unary(b"", timeout=SECONDS))
        assert (code, "refused" in details) == (grpc.StatusCode.UNAVAILABLE, True)
    serve(fairlead, closed_port(), rule={"match": {"path": "/elsewhere"}})
    with client(fairlead) as calls:
        assert failure(lambda: calls.unary(b"", timeout=SECONDS))[0] == grpc.StatusCode.UNIMPLEMENTED
    serve(fairlead, closed_port(), rule={"max_body_bytes": 10})
    with client(fairlead) as calls:
        assert failure(lambda: calls.unary(b"x" * 100, timeout=SECONDS))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED


def client_of_nothing(fairlead: Fairlead) -> GrpcClient:
    serve(fairlead)
    return client(fairlead)


def test_the_proxy_s_own_answer_on_the_wire(fairlead: Fairlead):
    serve(fairlead)
    with H2Wire.connect(fairlead.listener()) as wire:
        fields = request("/test.Service/unary", ("content-type", "application/grpc+proto"), ("te", "trailers"), method="POST")
        stream = wire.exchange(fields, body=b"\0\0\0\0\0")
        assert stream.status == 200
        assert (stream.get("content-type"), stream.get("grpc-status")) == ("application/grpc", "14")
        assert stream.get("grpc-message") == 'no eligible server in backend "web"'
        assert (bytes(stream.body), stream.trailers) == (b"", [])
        other = wire.exchange(request("/"))
        assert (other.status, other.get("grpc-status")) == (503, None)


def test_a_deadline_ends_the_call_on_both_sides_and_is_told_to_the_server(fairlead: Fairlead):
    heads: list[Stream] = []

    def script(wire: H2Wire) -> None:
        stream = wire.accept_stream()
        heads.append(stream)
        wire.wait(lambda: stream.reset is not None, "the call is reset")

    with H2Origin(script) as origin:
        serve(fairlead, origin.address)
        with H2Wire.connect(fairlead.listener()) as wire:
            fields = request("/", ("content-type", "application/grpc"), ("grpc-timeout", "300m"), method="POST")
            begin = time.monotonic()
            stream = wire.exchange(fields, body=b"")
            assert 0.25 < time.monotonic() - begin < 15
            assert (stream.status, stream.get("grpc-status")) == (200, "4")
        wait_until(lambda: heads and heads[0].reset is not None, "the server's stream is reset")
        told = heads[0].get("grpc-timeout")
        assert told.endswith("m") and 1 <= int(told[:-1]) <= 300
        assert fairlead.metrics()['fairlead_limit_reached_total{limit="grpc_timeout"}'] == 1


def test_a_deadline_holds_after_the_answer_has_begun(fairlead: Fairlead):
    streams: list[Stream] = []

    def script(wire: H2Wire) -> None:
        stream = wire.accept_stream()
        streams.append(stream)
        wire.send_head(stream, [(":status", "200"), ("content-type", "application/grpc")])
        wire.send_body(stream, b"\0\0\0\0\3one", end=False)
        wire.wait(lambda: stream.reset is not None, "the call is reset")

    with H2Origin(script) as origin:
        serve(fairlead, origin.address)
        with H2Wire.connect(fairlead.listener()) as wire:
            fields = request("/", ("content-type", "application/grpc"), ("grpc-timeout", "2S"), method="POST")
            stream = wire.exchange(fields, body=b"")
            assert (stream.status, bytes(stream.body), stream.reset) == (200, b"\0\0\0\0\3one", None)
            assert ("grpc-status", "4") in stream.trailers
        wait_until(lambda: streams[0].reset == h2_frames.Error.CANCEL, "the server's stream is reset")
        # gRPC's own client keeps its deadline, too.
        with client(fairlead) as calls:
            started = calls.download(b"", timeout=0.5)
            assert failure(lambda: list(started))[0] == grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_client_s_cancellation_reaches_the_server(fairlead: Fairlead):
    cancelled = threading.Event()

    def download(message, context):
        context.add_callback(cancelled.set)
        yield b"one"
        cancelled.wait(SECONDS)

    with GrpcOrigin(download=download) as origin:
        serve(fairlead, origin.address)
        with client(fairlead) as calls:
            stream = calls.download(b"", timeout=SECONDS)
            assert next(stream) == b"one"
            stream.cancel()
            assert cancelled.wait(SECONDS)


def status(wire: H2Wire, stream: Stream, code: int) -> None:
    wire.respond(stream, 200, ("content-type", "application/grpc"), ("grpc-status", str(code)))


def unavailable(wire: H2Wire, stream: Stream) -> None:
    status(wire, stream, 14)


def test_a_call_is_made_again_where_its_status_says_so(fairlead: Fairlead):
    bodies = []

    def keep_and_refuse(wire: H2Wire, stream: Stream) -> None:
        bodies.append(bytes(stream.body))
        unavailable(wire, stream)

    with H2Origin(answering_with(keep_and_refuse)) as refusing, GrpcOrigin(unary=lambda message, context: message) as good:
        serve(
            fairlead,
            refusing.address,
            good.address,
            rule={"grpc_retry": {"statuses": ["UNAVAILABLE"]}},
        )
        with client(fairlead) as calls:
            for number in range(20):
                assert calls.unary(b"call %d" % number, timeout=SECONDS) == b"call %d" % number
        assert len(bodies) >= 5
        assert all(body.startswith(b"\0\0\0\0") and b"call " in body for body in bodies)
        assert fairlead.metrics()["fairlead_retries_total"] == len(bodies)


@pytest.mark.parametrize(
    "case, retry, expected",
    [
        ("other statuses are passed on", {"statuses": ["INTERNAL"], "max_retries": 5}, 1),
        ("as often as it may", {"statuses": ["INTERNAL", "UNAVAILABLE"], "max_retries": 4}, 5),
        ("once by default", {"statuses": ["UNAVAILABLE"]}, 2),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_a_call_is_made_again_only_so_often(fairlead: Fairlead, case: str, retry: dict, expected: int):
    asked = []

    def refuse(wire: H2Wire, stream: Stream) -> None:
        asked.append(stream)
        unavailable(wire, stream)

    with H2Origin(answering_with(refuse)) as origin:
        serve(fairlead, origin.address, rule={"grpc_retry": retry})
        with client(fairlead) as calls:
            assert failure(lambda: calls.unary(b"x", timeout=SECONDS))[0] == grpc.StatusCode.UNAVAILABLE
        assert len(asked) == expected


def test_a_call_whose_body_is_large_is_not_made_again(fairlead: Fairlead):
    asked = []

    def refuse(wire: H2Wire, stream: Stream) -> None:
        asked.append(stream)
        unavailable(wire, stream)

    with H2Origin(answering_with(refuse)) as origin:
        serve(fairlead, origin.address, rule={"grpc_retry": {"statuses": ["UNAVAILABLE"]}})
        with client(fairlead) as calls:
            assert failure(lambda: calls.unary(b"x" * 200_000, timeout=SECONDS))[0] == grpc.StatusCode.UNAVAILABLE
        assert len(asked) == 1


def test_a_body_that_was_sent_is_sent_again_to_who_has_not_begun(fairlead: Fairlead):
    bodies = []

    def refuse_first(wire: H2Wire, stream: Stream) -> None:
        bodies.append(bytes(stream.body))
        if len(bodies) == 1:
            wire.send(h2_frames.rst_stream(stream.id, h2_frames.Error.REFUSED_STREAM))
        else:
            wire.respond(stream, body=b"taken")

    with H2Origin(answering_with(refuse_first)) as origin:
        serve(fairlead, origin.address)
        with H2Wire.connect(fairlead.listener()) as wire:
            stream = wire.exchange(request("/", method="POST"), body=b"b" * 60_000)
            assert (stream.status, bytes(stream.body)) == (200, b"taken")
    assert bodies == [b"b" * 60_000] * 2


def test_answers_by_http_status_pass(fairlead: Fairlead):
    with H2Origin(answering(429, ("retry-after", "1"))) as origin:
        serve(fairlead, origin.address)
        with client(fairlead) as calls:
            assert failure(lambda: calls.unary(b"x", timeout=SECONDS))[0] == grpc.StatusCode.UNAVAILABLE
