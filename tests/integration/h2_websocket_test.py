"""WebSocket over HTTP/2 (RFC 8441): extended CONNECT on one side or both, and a stream that becomes a tunnel."""

import base64
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.support import configs, h2_frames
from tests.support.fairlead import Fairlead
from tests.support.h2_frames import Error, Setting
from tests.support.h2_origin import H2Origin
from tests.support.h2_wire import H2Wire, Stream, connect_websocket, request
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.websocket import accept_value
from tests.support.wire import Message, Wire, get

SERVERS = ["HTTP/1.1", "h2c"]


class EchoingOrigins:
    """A WebSocket server of each protocol that sends back every byte, keeps what it was asked, and ends when the client does."""

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.streams: list[Stream] = []
        self.ended = threading.Semaphore(0)
        self.by_protocol = {
            "HTTP/1.1": ScriptedOrigin(self._http1),
            "h2c": H2Origin(self._http2, settings={Setting.ENABLE_CONNECT_PROTOCOL: 1}),
        }

    def _http1(self, wire: Wire) -> None:
        while True:
            asked = wire.read_request()
            self.asked.append(asked)
            key = asked.get("sec-websocket-key")
            if key is None:
                wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain")
                continue
            wire.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Accept: {accept_value(key)}\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
            )
            try:
                while wire.buffer or wire._fill():
                    wire.send(wire.take(len(wire.buffer)))
            finally:
                self.ended.release()
            return

    def _http2(self, wire: H2Wire) -> None:
        tunnels: list[Stream] = []
        try:
            while True:
                while wire.unclaimed:
                    stream = wire.unclaimed.pop(0)
                    self.streams.append(stream)
                    if stream.get(":protocol") is None:
                        wire.respond(stream, body=b"plain")
                    else:
                        wire.send_head(stream, [(":status", "200"), ("sec-websocket-protocol", "chat")])
                        tunnels.append(stream)
                for stream in list(tunnels):
                    body = bytes(stream.body)
                    stream.body.clear()
                    if stream.reset is None and (body or stream.ended):
                        wire.send_body(stream, body, end=stream.ended)
                    if stream.is_over:
                        tunnels.remove(stream)
                        self.ended.release()
                if not wire.unclaimed and not any(stream.body for stream in tunnels):
                    wire.step()
        finally:
            for _ in tunnels:
                self.ended.release()


@pytest.fixture
def origins() -> Iterator[EchoingOrigins]:
    made = EchoingOrigins()
    yield made
    for origin in made.by_protocol.values():
        origin.__exit__()
        assert not origin.errors


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, fairlead: Fairlead, origins: EchoingOrigins) -> str:
    serve(fairlead, origins, request.param)
    return request.param


def serve(fairlead: Fairlead, origins: EchoingOrigins, server: str, **rule) -> None:
    address = origins.by_protocol[server].address
    site = configs.site({"id": "w1", "address": address}, protocol="HTTP2" if server == "h2c" else "HTTP1")
    site["route_tables"] = [configs.route_table(configs.rule("all", "web", **rule))]
    with fairlead.connect() as control:
        control.replace(site)


def open_tunnel(wire: H2Wire, *fields: tuple[str, str]) -> Stream:
    wire.wait(lambda: wire.peer_settings, "SETTINGS")
    assert wire.peer_settings[Setting.ENABLE_CONNECT_PROTOCOL] == 1
    stream = wire.open(connect_websocket("/chat?x=y", *fields), end=False)
    wire.wait(lambda: stream.head or stream.is_over, "an answer")
    return stream


def expect_echo(wire: H2Wire, stream: Stream, body: bytes) -> None:
    before = len(stream.body)
    wire.send_body(stream, body, end=False)
    wire.wait(lambda: len(stream.body) >= before + len(body), "it comes back")
    assert bytes(stream.body[before:]) == body


def test_a_stream_becomes_a_tunnel(fairlead: Fairlead, origins: EchoingOrigins, server: str):
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = open_tunnel(wire, ("sec-websocket-protocol", "chat, superchat"), ("origin", "http://test"))
        assert stream.status == 200
        assert stream.get("sec-websocket-protocol") == "chat"
        names = {name for name, _ in stream.head or []}
        assert not names & {"connection", "upgrade", "sec-websocket-accept", "transfer-encoding", "content-length"}
        for body in (b"\x81\x05hello", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)), b"0\r\n\r\n", bytes(500_000)):
            expect_echo(wire, stream, body)
        # Other streams of the connection go on.
        assert bytes(wire.exchange().body) == b"plain"
        expect_echo(wire, stream, b"more")
        wire.send(h2_frames.data(stream.id, end=True))
        assert wire.finish(stream).reset is None
        assert origins.ended.acquire(timeout=20)
        assert bytes(wire.exchange().body) == b"plain"


def test_a_server_of_http1_is_asked_for_an_upgrade(fairlead: Fairlead, origins: EchoingOrigins):
    """RFC 8441 §5: what HTTP/1.1 needs besides is made by who changes the version."""
    serve(fairlead, origins, "HTTP/1.1")
    with H2Wire.connect(fairlead.listener()) as wire:
        open_tunnel(wire, ("sec-websocket-protocol", "chat"), ("x", "y"))
        open_tunnel(wire)
    asked, second = origins.asked
    assert asked.start_line == "GET /chat?x=y HTTP/1.1"
    assert asked.get("host") == "test"
    assert asked.get("upgrade") == "websocket"
    assert "upgrade" in asked.connection_options()
    assert asked.get("sec-websocket-version") == "13"
    assert (asked.get("sec-websocket-protocol"), asked.get("x")) == ("chat", "y")
    assert len(base64.b64decode(asked.get("sec-websocket-key") or "")) == 16
    assert asked.get("sec-websocket-key") != second.get("sec-websocket-key")
    assert not {name for name, _ in asked.fields if name.startswith(":")}
    assert asked.get("content-length") is None and asked.get("transfer-encoding") is None


def test_a_server_of_http2_is_asked_by_extended_connect(fairlead: Fairlead, origins: EchoingOrigins):
    serve(fairlead, origins, "h2c")
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    with fairlead.open() as wire:
        wire.send(
            get("/chat?x=y", "Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Key: {key}",
                "Sec-WebSocket-Version: 13", "X: y")
        )
        head = wire.read_head()
        assert head.status == 101
        assert head.get("upgrade") == "websocket"
        assert "upgrade" in head.connection_options()
        # The client's own key is answered (RFC 6455 §4.1), by the proxy: HTTP/2 has none.
        assert head.get("sec-websocket-accept") == accept_value(key)
        assert head.get("sec-websocket-protocol") == "chat"
        for body in (b"hello", bytes(300_000)):
            wire.send(body)
            assert wire.take(len(body)) == body
        wire.finish_writing()
        assert wire.is_closed()
    (asked,) = origins.streams
    pseudo = {name: value for name, value in asked.head or [] if name.startswith(":")}
    assert pseudo == {
        ":method": "CONNECT",
        ":protocol": "websocket",
        ":scheme": "http",
        ":authority": "test",
        ":path": "/chat?x=y",
    }
    names = {name for name, _ in asked.head or []}
    assert not names & {"connection", "upgrade", "sec-websocket-key", "host"}
    assert (asked.get("sec-websocket-version"), asked.get("x")) == ("13", "y")


@pytest.mark.parametrize("server_first", [False, True])
def test_each_direction_ends_on_its_own(fairlead: Fairlead, server_first: bool):
    def script(wire: Wire) -> None:
        key = wire.read_request().get("sec-websocket-key") or ""
        wire.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Accept: {accept_value(key)}\r\n\r\n"
        )
        if server_first:
            wire.send(b"x" * 300_000)
            wire.finish_writing()
            assert wire.take_rest() == b"last words"
        else:
            assert wire.take_rest() == b"last words"
            wire.send(b"x" * 300_000)
        ended.set()

    ended = threading.Event()
    with ScriptedOrigin(script) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}))
        with H2Wire.connect(fairlead.listener()) as wire:
            stream = open_tunnel(wire)
            if server_first:
                wire.wait(lambda: stream.ended, "the server's end")
                assert len(stream.body) == 300_000
                wire.send_body(stream, b"last words")
            else:
                wire.send_body(stream, b"last words")
                wire.wait(lambda: stream.ended, "the server's end")
                assert len(stream.body) == 300_000
            assert ended.wait(20)
            assert stream.reset is None
        assert not origin.errors


def test_a_reset_ends_the_tunnel(fairlead: Fairlead, origins: EchoingOrigins, server: str):
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = open_tunnel(wire)
        expect_echo(wire, stream, b"hello")
        wire.send(h2_frames.rst_stream(stream.id))
        assert origins.ended.acquire(timeout=20)
        assert bytes(wire.exchange().body) == b"plain"
        wait_until(lambda: fairlead.metrics()["fairlead_active_tunnels"] == 0, "the tunnel has ended")


def test_a_server_that_breaks_off_resets_the_stream(fairlead: Fairlead):
    """RFC 8441 §5: a TCP reset is a stream's reset with CANCEL."""

    def script(wire: Wire) -> None:
        key = wire.read_request().get("sec-websocket-key") or ""
        wire.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Accept: {accept_value(key)}\r\n\r\n"
        )
        wire.take(5)
        wire.reset()

    with ScriptedOrigin(script) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}))
        with H2Wire.connect(fairlead.listener()) as wire:
            stream = open_tunnel(wire)
            wire.send_body(stream, b"hello", end=False)
            wire.finish(stream)
            assert (stream.ended, stream.reset) == (False, Error.CANCEL)
            assert not wire.goaways


# Refusals.


def test_a_refusal_is_an_ordinary_answer(fairlead: Fairlead):
    def script(wire: Wire) -> None:
        while True:
            wire.read_request()
            wire.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    with ScriptedOrigin(script) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}))
        with H2Wire.connect(fairlead.listener()) as wire:
            stream = wire.finish(open_tunnel(wire))
            assert (stream.status, bytes(stream.body)) == (403, b"no")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
    ],
    ids=["no key", "another's key", "another protocol", "200"],
)
def test_an_answer_that_is_no_acceptance_makes_no_tunnel(fairlead: Fairlead, answer: bytes):
    """A 2xx to extended CONNECT would be one (RFC 8441 §5), but a 200 of HTTP/1.1 to GET is none."""

    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send(answer)
        wire.take_rest()

    with ScriptedOrigin(script) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}))
        with H2Wire.connect(fairlead.listener()) as wire:
            stream = wire.finish(open_tunnel(wire))
            assert stream.status == 502
            assert b"poison" not in stream.body


@pytest.mark.parametrize("protocol", ["other", "h2c", "HTTP/1.1", "connect-udp"])
def test_what_the_rule_does_not_allow_is_refused(fairlead: Fairlead, origins: EchoingOrigins, server: str, protocol: str):
    with H2Wire.connect(fairlead.listener()) as wire:
        fields = [(name, protocol if name == ":protocol" else value) for name, value in connect_websocket("/chat")]
        stream = wire.finish(wire.open(fields, end=False))
        assert stream.reset == Error.PROTOCOL_ERROR or stream.status in (400, 403, 405, 501)
        assert bytes(wire.exchange().body) == b"plain"
    assert len(origins.asked) + len(origins.streams) == 1


def test_a_rule_may_forbid_upgrades(fairlead: Fairlead, origins: EchoingOrigins):
    serve(fairlead, origins, "HTTP/1.1", upgrades=["none"])
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = wire.finish(open_tunnel(wire))
        assert stream.status in (400, 403, 405, 501)
    assert origins.asked == []


def test_a_server_that_knows_no_extended_connect_is_not_asked(fairlead: Fairlead):
    """RFC 8441 §3: it must not be sent before the server's SETTINGS allow it."""
    asked: list[Stream] = []

    def script(wire: H2Wire) -> None:
        for stream in wire.accept_streams():
            asked.append(stream)
            wire.respond(stream, body=b"plain")

    with H2Origin(script) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": origin.address}, protocol="HTTP2"))
        with H2Wire.connect(fairlead.listener()) as wire:
            for _ in range(2):  # before its SETTINGS are known, and after
                stream = wire.finish(open_tunnel(wire))
                assert stream.status in (501, 502)
            assert bytes(wire.exchange().body) == b"plain"
    assert [stream.get(":method") for stream in asked] == ["GET"]


def test_plain_connect_needs_a_rule_that_allows_it(fairlead: Fairlead, origins: EchoingOrigins, server: str):
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = wire.finish(wire.open([(":method", "CONNECT"), (":authority", "test:80")], end=False))
        assert stream.status == 405
        assert bytes(wire.exchange().body) == b"plain"


def _tunnel_http1(wire: Wire) -> None:
    asked = wire.read_head()
    assert asked.start_line == "CONNECT test:80 HTTP/1.1"
    wire.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while wire.buffer or wire._fill():
        wire.send(wire.take(len(wire.buffer)))


def _tunnel_http2(wire: H2Wire) -> None:
    stream = wire.accept_stream()
    assert [field for field in stream.head or [] if field[0][0] == ":"] == [(":method", "CONNECT"), (":authority", "test:80")]
    wire.send_head(stream, [(":status", "200")])
    sent = 0
    while not stream.ended or sent < len(stream.body):
        if sent == len(stream.body):
            wire.step()
        come = bytes(stream.body[sent:])
        wire.send_body(stream, come, end=False)
        sent += len(come)
    wire.send(h2_frames.data(stream.id, end=True))


@pytest.mark.parametrize("make", [lambda: ScriptedOrigin(_tunnel_http1), lambda: H2Origin(_tunnel_http2)], ids=SERVERS)
def test_plain_connect_makes_a_tunnel(fairlead: Fairlead, make: Callable[[], ScriptedOrigin]):
    with make() as origin:
        protocol = "HTTP2" if isinstance(origin, H2Origin) else "HTTP1"
        site = configs.site({"id": "w1", "address": origin.address}, protocol=protocol)
        site["route_tables"] = [configs.route_table(configs.rule("all", "web", allow_connect=True))]
        with fairlead.connect() as control:
            control.replace(site)
        with H2Wire.connect(fairlead.listener()) as wire:
            stream = wire.open([(":method", "CONNECT"), (":authority", "test:80")], end=False)
            wire.wait(lambda: stream.head, "an answer")
            assert stream.status == 200
            expect_echo(wire, stream, b"hello")
            expect_echo(wire, stream, bytes(300_000))
            wire.send(h2_frames.data(stream.id, end=True))
            assert wire.finish(stream).reset is None
        assert not origin.errors


def test_an_upgrade_is_no_request_of_http2(fairlead: Fairlead, origins: EchoingOrigins):
    """RFC 9113 §8.6: HTTP/2 has no Upgrade; what is asked for as in HTTP/1.1 is malformed."""
    serve(fairlead, origins, "HTTP/1.1")
    with H2Wire.connect(fairlead.listener()) as wire:
        stream = wire.exchange(request("/chat", ("upgrade", "websocket"), ("connection", "upgrade")))
        assert stream.reset == Error.PROTOCOL_ERROR or stream.status == 400
    assert origins.asked == []
