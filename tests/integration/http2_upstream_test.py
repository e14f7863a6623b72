"""HTTP/2 toward servers: streams of many clients on few connections, with HTTP/1 clients."""

import threading

import pytest

from tests.support import configs, h2_frames
from tests.support.fairlead import Fairlead
from tests.support.h2_frames import Error, Kind, Setting
from tests.support.h2_origin import H2Origin, answering, answering_with
from tests.support.h2_wire import H2Wire, Stream
from tests.support.kernel_buffers import most_of_a_connection
from tests.support.nghttpd import Nghttpd
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Closed, Wire, get


def serve(fairlead: Fairlead, *servers: dict, http2: dict | None = None, **fields) -> None:
    if http2 is not None:
        fields["http2"] = http2
    with fairlead.connect() as control:
        control.replace(configs.site(*servers, protocol="HTTP2", **fields))


def server(origin: H2Origin, identity: str = "s", **fields) -> dict:
    return {"id": identity, "address": origin.address, **fields}


def connections(fairlead: Fairlead) -> float:
    return fairlead.metrics()["fairlead_upstream_http2_connections"]


@pytest.fixture
def one_worker(bench: Workbench, io: str) -> Fairlead:
    return Fairlead(bench, io, workers=1)


class Gate:
    """A script that holds all requests back until it is opened, and keeps them."""

    def __init__(self, count: int, **response):
        self._count = count
        self._response = response
        self.heads: list = []
        self.opened = threading.Event()

    def __call__(self, wire: H2Wire) -> None:
        streams = [wire.accept_stream() for _ in range(self._count)]
        self.heads += [stream.head for stream in streams]
        self.opened.wait(20)
        for stream in streams:
            wire.respond(stream, 200, **self._response)
        wire.read_to_end()


def test_clients_share_a_connection(one_worker: Fairlead):
    gate = Gate(20, body=b"shared")
    with H2Origin(gate) as origin:
        serve(one_worker, server(origin))
        wires = [one_worker.open() for _ in range(20)]
        for number, wire in enumerate(wires):
            wire.send(get(f"/{number}"))
        wait_until(lambda: len(gate.heads) == 20, "all requests are there, on one connection")
        gate.opened.set()
        for wire in wires:
            response = wire.read_response()
            assert (response.status, response.body) == (200, b"shared")
        assert origin.connections == 1
        assert connections(one_worker) == 1
    assert {dict(head)[":path"] for head in gate.heads} == {f"/{number}" for number in range(20)}


def test_what_a_server_is_sent(one_worker: Fairlead):
    heads = []

    def answer(wire: H2Wire, stream: Stream) -> None:
        heads.append((stream.head, bytes(stream.body), stream.trailers))
        wire.respond(stream, 200, ("x-answer", "1"))

    with H2Origin(answering_with(answer)) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as wire:
            wire.send(
                "POST /a?b HTTP/1.1\r\nHost: test\r\nX-Mixed: 1\r\nConnection: x-gone\r\nX-Gone: 1\r\nTE: trailers\r\n"
                "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"
            )
            response = wire.read_response()
            assert (response.status, response.get("x-answer")) == (200, "1")
    ((head, body, trailers),) = heads
    assert head[:4] == [(":method", "POST"), (":scheme", "http"), (":path", "/a?b"), (":authority", "test")]
    assert sorted(head[4:]) == [("te", "trailers"), ("trailer", "X-T"), ("x-mixed", "1")]
    assert (body, trailers) == (b"abc", [("x-t", "1")])


def test_responses_as_clients_of_http1_get_them(one_worker: Fairlead):
    def answer(wire: H2Wire, stream: Stream) -> None:
        path = dict(stream.head)[":path"]
        if path == "/trailers":
            wire.send_head(stream, [(":status", "200")])
            wire.send_body(stream, b"abc", end=False)
            wire.send_head(stream, [("x-sum", "1")], end=True)
        elif path == "/interim":
            wire.send_head(stream, [(":status", "103"), ("link", "x")])
            wire.respond(stream, 200, ("content-length", "2"), body=b"ok")
        elif path == "/head":
            wire.send_head(stream, [(":status", "200"), ("content-length", "5")], end=True)
        else:
            wire.respond(stream, 204)

    with H2Origin(answering_with(answer)) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as wire:
            response = wire.request(get("/trailers", "TE: trailers"))
            assert (response.body, response.get("transfer-encoding")) == (b"abc", "chunked")
            wire.send(get("/interim"))
            assert wire.read_response(informational=True).status == 103
            assert wire.read_response().get("content-length") == "2"
            response = wire.request(get("/head", method="HEAD"), "HEAD")
            assert (response.get("content-length"), response.body) == ("5", b"")
            assert wire.request(get("/nothing")).status == 204
        assert origin.connections == 1


def test_one_more_than_a_connection_takes_opens_another(one_worker: Fairlead):
    gate = Gate(3)
    with H2Origin(gate) as origin:
        serve(one_worker, server(origin), http2={"max_concurrent_streams": 3})
        wires = [one_worker.open() for _ in range(9)]
        for wire in wires:
            wire.send(get("/"))
        wait_until(lambda: len(gate.heads) == 9, "three on each connection")
        gate.opened.set()
        assert all(wire.read_response().status == 200 for wire in wires)
        assert origin.connections == 3


def test_the_servers_own_limit_holds(one_worker: Fairlead):
    with H2Origin(answering(body=b"first"), settings={Setting.MAX_CONCURRENT_STREAMS: 2}) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as wire:
            assert wire.request(get("/")).body == b"first"  # its SETTINGS are known
    gate = Gate(2)
    with H2Origin(gate, settings={Setting.MAX_CONCURRENT_STREAMS: 2}) as origin:
        serve(one_worker, server(origin))
        wires = [one_worker.open() for _ in range(2)]
        wires[0].send(get("/"))
        wait_until(lambda: origin.connections == 1 and connections(one_worker) == 1, "the connection stands")
        wires[1].send(get("/"))
        wait_until(lambda: len(gate.heads) == 2, "two are on it")
        third = one_worker.open()
        third.send(get("/"))
        wait_until(lambda: origin.connections == 2, "the third is on another")
        fourth = one_worker.open()
        fourth.send(get("/"))
        wait_until(lambda: len(gate.heads) == 4, "with the fourth")
        gate.opened.set()
        assert all(wire.read_response().status == 200 for wire in [*wires, third, fourth])


def test_a_slow_client_stops_its_own_stream_and_nobody_elses(one_worker: Fairlead):
    size = 30_000_000
    with H2Origin(bodies_by_size) as origin:
        serve(one_worker, server(origin), timeouts={"idle": "60s"})
        before = one_worker.resident_kib()
        slow = [one_worker.open(receive_buffer=4096) for _ in range(20)]
        for wire in slow:
            wire.send(get(f"/{size}"))
        with one_worker.open() as quick:
            wait_until(lambda: quick.request(get("/0")).status == 200 and _in_flight(one_worker) >= 20, "all are there")
            for _ in range(100):
                assert len(quick.request(get("/300000")).body) == 300_000
        assert origin.connections == 1
        assert one_worker.resident_kib() - before < 20 * 600
        with slow[0] as wire:
            assert len(wire.read_response().body) == size
        for wire in slow[1:]:
            wire.close()


def _in_flight(fairlead: Fairlead) -> float:
    return fairlead.metrics()["fairlead_active_requests"]


def bodies_by_size(wire: H2Wire) -> None:
    """A script: each request is answered with as many bytes as its path says, all at the same time, as windows allow."""
    seen: set[int] = set()
    left: dict[int, int] = {}
    while True:
        for stream in list(wire.streams.values()):
            if stream.ended and stream.id not in seen:
                seen.add(stream.id)
                left[stream.id] = int(stream.get(":path")[1:])
                wire.send_head(stream, [(":status", "200")])
            if stream.reset is not None:
                left.pop(stream.id, None)
            while stream.id in left:
                size = min(left[stream.id], h2_frames.LARGEST_FRAME, wire.window, stream.window)
                last = size == left[stream.id]
                if size <= 0 and not last:
                    break
                wire.send(h2_frames.data(stream.id, b"x" * size, end=last))
                wire.window -= size
                stream.window -= size
                left[stream.id] -= size
                if last:
                    del left[stream.id]
        wire.step()


def test_a_server_that_takes_no_body_stops_its_client_alone(one_worker: Fairlead):
    def script(wire: H2Wire) -> None:
        wire.gives_window = False
        upload = wire.accept_stream()
        wire.wait(lambda: len(upload.body) == 65_535, "its window is used up")
        for stream in wire.accept_streams():
            wire.respond(stream, 200, body=b"%d" % len(upload.body))
            if stream is upload:
                return

    with H2Origin(script) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as uploader, one_worker.open() as other:
            uploader.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n")
            sent = uploader.send_until_blocked(b"x" * 65536, 100_000_000)
            assert sent < most_of_a_connection() + 2**20
            assert other.request(get("/")).body == b"65535"
        assert origin.connections == 1


def test_a_client_that_leaves_resets_its_stream_alone(one_worker: Fairlead):
    streams = []

    def script(wire: H2Wire) -> None:
        first, second = wire.accept_stream(), wire.accept_stream()
        streams.append(first)
        wire.wait(lambda: first.reset is not None, "the first is reset")
        wire.respond(second, 200, body=b"fine")
        wire.read_to_end()

    with H2Origin(script) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as other:
            leaver = one_worker.open()
            leaver.send(get("/leaves"))
            wait_until(lambda: _in_flight(one_worker) == 1, "one is there")
            other.send(get("/stays"))
            wait_until(lambda: streams, "both are")
            leaver.reset()
            assert other.read_response().body == b"fine"
    assert streams[0].reset == Error.CANCEL


def test_a_reset_before_the_response_is_a_502_and_within_it_a_cut(one_worker: Fairlead):
    def answer(wire: H2Wire, stream: Stream) -> None:
        if stream.get(":path") == "/within":
            wire.send_head(stream, [(":status", "200"), ("content-length", "9")])
            wire.send(h2_frames.data(stream.id, b"part"))
        if stream.get(":path") != "/fine":
            wire.send(h2_frames.rst_stream(stream.id, Error.INTERNAL_ERROR))
        else:
            wire.respond(stream, body=b"fine")

    with H2Origin(answering_with(answer)) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as wire:
            response = wire.request(get("/before"))
            assert (response.status, b"INTERNAL_ERROR" in response.body) == (502, True)
            wire.send(get("/within"))
            with pytest.raises((Closed, OSError)):
                wire.read_response()
        with one_worker.open() as wire:
            assert wire.request(get("/fine")).body == b"fine"
        assert origin.connections == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_server_refused_is_sent_again_whatever_the_method(one_worker: Fairlead, method: str):
    refused = []

    def answer(wire: H2Wire, stream: Stream) -> None:
        if not refused:
            refused.append(stream)
            wire.send(h2_frames.rst_stream(stream.id, Error.REFUSED_STREAM))
        else:
            wire.respond(stream, body=b"second")

    with H2Origin(answering_with(answer)) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as wire:
            text = f"{method} / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n"
            assert wire.request(text).body == b"second"
    assert one_worker.metrics()["fairlead_upstream_refused_streams_total"] == 1
    assert one_worker.metrics()["fairlead_upstream_failures_total"] == 0


def test_a_server_that_refuses_for_ever_is_a_502(one_worker: Fairlead):
    refuse = answering_with(lambda wire, stream: wire.send(h2_frames.rst_stream(stream.id, Error.REFUSED_STREAM)))
    with H2Origin(refuse) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as wire:
            assert wire.request(get("/")).status == 502
    assert one_worker.metrics()["fairlead_upstream_refused_streams_total"] == 11


def test_goaway_sends_on_what_was_not_begun_and_finishes_what_was(one_worker: Fairlead):
    connections_seen = []

    def script(wire: H2Wire) -> None:
        connections_seen.append(wire)
        if len(connections_seen) > 1:
            return answering(body=b"elsewhere")(wire)
        taken = wire.accept_stream()
        refused = wire.accept_stream()
        wire.send(h2_frames.goaway(taken.id))
        wire.respond(taken, body=b"taken")
        assert refused.id > taken.id
        wire.read_to_end()

    with H2Origin(script) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as first, one_worker.open() as second:
            first.send(get("/taken"))
            wait_until(lambda: _in_flight(one_worker) == 1 and connections(one_worker) == 1, "the first is there")
            second.send("POST /refused HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n")
            assert first.read_response().body == b"taken"
            assert second.read_response().body == b"elsewhere"
        assert origin.connections == 2
        assert not origin.errors


def test_removing_a_server_fails_no_stream(one_worker: Fairlead):
    gate = Gate(10, body=b"drained")
    with H2Origin(gate) as origin, H2Origin(answering(body=b"other")) as other:
        serve(one_worker, server(origin))
        wires = [one_worker.open() for _ in range(10)]
        for wire in wires:
            wire.send(get("/"))
        wait_until(lambda: len(gate.heads) == 10, "all are there")
        with one_worker.connect() as control:
            control.apply(configs.remove_server("web", "s"), configs.upsert_server("web", server(other, "t")))
        with one_worker.open() as wire:
            assert wire.request(get("/")).body == b"other"
        gate.opened.set()
        assert all(wire.read_response().body == b"drained" for wire in wires)
        wait_until(lambda: connections(one_worker) == 1, "the removed server's connection is closed")


def test_maint_ends_streams_and_drain_does_not(one_worker: Fairlead):
    gate = Gate(2, body=b"drained")
    with H2Origin(gate) as origin:
        serve(one_worker, server(origin))
        wires = [one_worker.open() for _ in range(2)]
        for wire in wires:
            wire.send(get("/"))
        wait_until(lambda: len(gate.heads) == 2, "both are there")
        with one_worker.connect() as control:
            control.apply(configs.upsert_server("web", server(origin, admin_state="DRAIN")))
            gate.opened.set()
            assert all(wire.read_response().body == b"drained" for wire in wires)
            control.apply(configs.upsert_server("web", server(origin, admin_state="MAINT")))
            wait_until(lambda: connections(one_worker) == 0, "the connection is closed")


def test_other_settings_make_new_connections_and_drain_the_old(one_worker: Fairlead):
    gate = Gate(1, body=b"old")
    second = answering(body=b"new")
    scripts = [gate, second, second]
    with H2Origin(lambda wire: scripts.pop(0)(wire)) as origin:
        serve(one_worker, server(origin))
        old = one_worker.open()
        old.send(get("/"))
        wait_until(lambda: gate.heads, "it is there")
        serve(one_worker, server(origin), http2={"stream_window": 100_000})
        with one_worker.open() as wire:
            assert wire.request(get("/")).body == b"new"
        gate.opened.set()
        assert old.read_response().body == b"old"
        wait_until(lambda: connections(one_worker) == 1, "the old connection is closed")
        assert origin.connections == 2


def test_from_http1_to_http2_and_back(one_worker: Fairlead, start_origin):
    http1 = start_origin("h1")
    with H2Origin(answering(body=b"h2\n")) as http2, one_worker.connect() as control:
        control.replace(configs.site(http1.server()))
        with one_worker.open() as wire:
            assert wire.request(get("/")).body == b"h1\n"
            serve(one_worker, server(http2))
            assert wire.request(get("/")).body == b"h2\n"
            wait_until(lambda: http1.stats()["open_connections"] == 0, "the connections of HTTP/1 are closed")
            control.replace(configs.site(http1.server()))
            assert wire.request(get("/")).body == b"h1\n"
            wait_until(lambda: connections(one_worker) == 0, "the connections of HTTP/2 are closed")


def test_an_idle_connection_is_let_go_after_its_time_with_goaway(one_worker: Fairlead):
    ends = []

    def script(wire: H2Wire) -> None:
        wire.respond(wire.accept_stream())
        ends.append(wire.read_to_end())

    with H2Origin(script) as origin:
        serve(one_worker, server(origin), pool={"idle_timeout": "0.2s"})
        with one_worker.open() as wire:
            assert wire.request(get("/")).status == 200
        wait_until(lambda: ends, "the connection is closed")
    assert ends == [(0, Error.NO_ERROR)]


def test_a_server_that_does_not_answer_pings_is_given_up(one_worker: Fairlead):
    def script(wire: H2Wire) -> None:
        wire.acknowledges_pings = False
        wire.read_to_end()

    with H2Origin(script) as origin:
        serve(one_worker, server(origin), http2={"ping_interval": "1s", "ping_timeout": "0.1s"})
        with one_worker.open() as wire:
            assert wire.request(get("/")).status == 502
        assert origin.connections == 1
    assert one_worker.metrics()['fairlead_limit_reached_total{limit="server_ping_timeout"}'] == 1


def test_a_server_that_answers_pings_may_think(one_worker: Fairlead):
    def script(wire: H2Wire) -> None:
        stream = wire.accept_stream()
        wire.wait(lambda: [came for came in wire.received if came.kind == Kind.PING][1:], "two PINGs have come")
        wire.respond(stream, body=b"thought")
        wire.read_to_end()

    with H2Origin(script) as origin:
        serve(one_worker, server(origin), http2={"ping_interval": "1s", "ping_timeout": "3s"})
        with one_worker.open() as wire:
            assert wire.request(get("/")).body == b"thought"


def test_limits_of_a_server_hold_for_streams(one_worker: Fairlead):
    gate = Gate(2, body=b"first")
    with H2Origin(lambda wire: gate(wire)) as origin:
        serve(one_worker, server(origin, max_requests=2, max_connections=1), limits={"queue_length": 10})
        wires = [one_worker.open() for _ in range(4)]
        for wire in wires[:2]:
            wire.send(get("/"))
        wait_until(lambda: len(gate.heads) == 2, "two are there")
        for wire in wires[2:]:
            wire.send(get("/"))
        wait_until(lambda: _in_flight(one_worker) == 4, "two wait")
        assert len(gate.heads) == 2
        gate.opened.set()
        assert [wire.read_response().status for wire in wires[:2]] == [200, 200]
        assert origin.connections == 1


def test_a_connection_that_begins_with_a_proxy_header_serves_one_request(one_worker: Fairlead):
    headers = []

    def script(wire: Wire) -> None:
        headers.append(wire.take_through(b"\r\n"))
        answering(body=b"ok")(H2Wire.accept(wire))

    with ScriptedOrigin(script) as origin:
        serve(one_worker, {"id": "s", "address": origin.address}, send_proxy_protocol="V1")
        with one_worker.open() as wire:
            for _ in range(3):
                assert wire.request(get("/")).body == b"ok"
        assert origin.connections == 3
        wait_until(lambda: connections(one_worker) == 0, "all are closed")
    assert all(header.startswith(b"PROXY TCP4 127.0.0.1 ") for header in headers)


def test_connections_that_cannot_be_made(one_worker: Fairlead):
    serve(one_worker, {"id": "gone", "address": closed_port()})
    wires = [one_worker.open() for _ in range(5)]
    for wire in wires:
        wire.send(get("/"))
    assert all(wire.read_response().status == 502 for wire in wires)


def test_a_server_that_speaks_http1_is_a_502(one_worker: Fairlead, start_origin):
    serve(one_worker, start_origin("h1").server())
    with one_worker.open() as wire:
        assert wire.request(get("/")).status == 502
        assert wire.request(get("/")).status == 502


def test_a_connect_through_http2_is_a_tunnel(one_worker: Fairlead):
    def script(wire: H2Wire) -> None:
        stream = wire.accept_stream()
        assert stream.head == [(":method", "CONNECT"), (":authority", "far:443")], stream.head
        wire.send_head(stream, [(":status", "200")])
        wire.wait(lambda: bytes(stream.body) == b"ping", "its bytes come")
        wire.send_body(stream, b"pong", end=True)
        wire.wait(lambda: stream.ended, "it ends")
        wire.read_to_end()

    with H2Origin(script) as origin:
        with one_worker.connect() as control:
            site = configs.site(server(origin), protocol="HTTP2")
            site["route_tables"] = [configs.route_table(configs.rule("all", "web", allow_connect=True))]
            control.replace(site)
        with one_worker.open() as wire:
            wire.send("CONNECT far:443 HTTP/1.1\r\nHost: far:443\r\n\r\n")
            assert wire.read_head().status == 200
            wire.send(b"ping")
            assert wire.take(4) == b"pong"
            wire.finish_writing()
            assert wire.take_rest() == b""
        assert not origin.errors


def test_nghttpd_serves_files_and_sends_bodies_back(bench: Workbench, fairlead: Fairlead):
    origin = Nghttpd(bench)
    (origin.root / "file").write_bytes(b"f" * 1_000_000)
    serve(fairlead, origin.server())
    with fairlead.open() as wire:
        assert wire.request(get("/file")).body == b"f" * 1_000_000
        assert wire.request(get("/missing")).status == 404
        body = "b" * 300_000
        for framing in (f"Content-Length: {len(body)}\r\n\r\n{body}", f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n\r\n"):
            response = wire.request(f"POST /echo HTTP/1.1\r\nHost: test\r\n{framing}")
            assert (response.status, response.body) == (200, body.encode())
        response = wire.request(get("/file", method="HEAD"), "HEAD")
        assert (response.status, response.get("content-length")) == (200, "1000000")


UPGRADE = (
    "GET /chat HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def test_a_websocket_of_http1_becomes_an_extended_connect(one_worker: Fairlead):
    heads = []

    def script(wire: H2Wire) -> None:
        stream = wire.accept_stream()
        heads.append(stream.head)
        wire.send_head(stream, [(":status", "200"), ("sec-websocket-protocol", "x")])
        wire.wait(lambda: bytes(stream.body) == b"ping", "its bytes come")
        wire.send_body(stream, b"pong", end=False)
        wire.wait(lambda: stream.ended, "it ends")
        wire.send_body(stream, b"", end=True)
        wire.read_to_end()

    with H2Origin(script, settings={Setting.ENABLE_CONNECT_PROTOCOL: 1}) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as wire:
            wire.send(UPGRADE)
            head = wire.read_head()
            assert (head.status, head.get("upgrade")) == (101, "websocket")
            assert head.get("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
            assert head.get("sec-websocket-protocol") == "x"
            wire.send(b"ping")
            assert wire.take(4) == b"pong"
            wire.finish_writing()
            assert wire.take_rest() == b""
        assert not origin.errors
    assert heads[0] == [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":path", "/chat"),
        (":authority", "test"),
        ("sec-websocket-version", "13"),
    ]


def test_a_websocket_to_a_server_that_takes_none_is_refused(one_worker: Fairlead):
    refuse = answering(403, body=b"no")
    with H2Origin(refuse) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as wire:
            assert wire.request(UPGRADE).status == 502
        with one_worker.open() as wire:
            assert wire.request(get("/")).status == 403


def test_a_websocket_that_is_refused_gets_the_servers_answer(one_worker: Fairlead):
    def script(wire: H2Wire) -> None:
        wire.respond(wire.accept_stream(), 403, body=b"no")
        wire.read_to_end()

    with H2Origin(script, settings={Setting.ENABLE_CONNECT_PROTOCOL: 1}) as origin:
        serve(one_worker, server(origin))
        with one_worker.open() as wire:
            response = wire.request(UPGRADE)
            assert (response.status, response.body) == (403, b"no")
