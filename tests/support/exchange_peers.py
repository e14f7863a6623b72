"""Clients and servers of HTTP/1.1 and HTTP/2, in the clear and over TLS, that play their parts of an Exchange."""

import contextlib
import dataclasses
import itertools
import ssl

from tests.support import h2_frames
from tests.support.exchange_model import (
    EXCHANGES,
    REQUEST_TRAILERS,
    RESPONSE_TRAILERS,
    Abort,
    Body,
    Exchange,
    Seen,
    Trailers,
)
from tests.support.h2_frames import Error
from tests.support.h2_origin import H2Origin
from tests.support.h2_wire import H2Wire, Stream
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Closed, Message, Wire

_numbers = itertools.count(1)
# How long a server's connection may have nothing to do, while its test is busy with others.
_IDLE_SECONDS = 3600.0


@dataclasses.dataclass
class Asked:
    """What a server has seen of one request."""

    exchange: Exchange
    seen: Seen = dataclasses.field(default_factory=Seen)
    # All is seen that comes of it.
    over: bool = False


class Servers:
    """What the servers of a test have seen, by the number of the request."""

    def __init__(self) -> None:
        self._asked: dict[str, list[Asked]] = {}

    def begin(self, fields: Message | Stream) -> Asked:
        asked = Asked(EXCHANGES[fields.get("x-exchange") or ""])
        self._asked.setdefault(fields.get("x-number") or "", []).append(asked)
        return asked

    def wait_for_begin(self, number: str) -> None:
        """Until the head of this request has come."""
        wait_until(lambda: number in self._asked, f"request {number} at a server")

    def wait_for(self, number: str) -> Asked:
        """The last time that this request came, once it is over."""
        wait_until(lambda: self._asked.get(number) and self._asked[number][-1].over, f"request {number} at the server")
        return self._asked[number][-1]

    def http1(self, tls: ssl.SSLContext | None = None) -> ScriptedOrigin:
        return ScriptedOrigin(self._serve_http1, tls=tls)

    def http2(self, tls: ssl.SSLContext | None = None) -> H2Origin:
        return H2Origin(self._serve_http2, tls=tls)

    def _serve_http1(self, wire: Wire) -> None:
        while True:
            head = wire.read_head()
            asked = self.begin(head)
            try:
                if not self._answer_http1(wire, head, asked):
                    return
            finally:
                asked.over = True

    def _answer_http1(self, wire: Wire, head: Message, asked: Asked) -> bool:
        exchange, response = asked.exchange, asked.exchange.response
        if not exchange.early_answer:
            _read_http1(wire, head, asked.seen)
            if not asked.seen.whole or exchange.abort == Abort.SERVER_BEFORE_HEAD:
                return False
        if exchange.interim:
            wire.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        wire.send(f"HTTP/1.1 {exchange.status} Whatever\r\n" + _http1_framing(response, exchange.status) + "\r\n")
        if exchange.method == "HEAD":
            return True
        if exchange.abort == Abort.SERVER_IN_BODY:
            wire.send(_http1_piece(response, response.half()))
            return False
        if exchange.abort == Abort.CLIENT_IN_RESPONSE:
            wire.send(_http1_piece(response, response.half()))
            wire.take_rest()  # until the other side has closed
            return False
        wire.send(_http1_piece(response, response.octets))
        wire.send(_http1_end(response, RESPONSE_TRAILERS if exchange.response_trailers else []))
        if exchange.early_answer:
            _read_http1(wire, head, asked.seen)
        return not exchange.early_answer

    def _serve_http2(self, wire: H2Wire) -> None:
        while True:
            stream = wire.accept_stream(_IDLE_SECONDS)
            asked = self.begin(stream)
            try:
                self._answer_http2(wire, stream, asked)
            finally:
                _copy_http2(stream, asked.seen)
                asked.over = True

    def _answer_http2(self, wire: H2Wire, stream: Stream, asked: Asked) -> None:
        exchange, response = asked.exchange, asked.exchange.response
        if not exchange.early_answer:
            wire.finish(stream)
            if stream.reset is not None:
                return
            if exchange.abort == Abort.SERVER_BEFORE_HEAD:
                wire.send(h2_frames.rst_stream(stream.id, Error.INTERNAL_ERROR))
                return
        if exchange.interim:
            wire.send_head(stream, [(":status", "103"), ("link", "</x>")])
        head = [(":status", str(exchange.status)), *_length(response)]
        end_at_head = exchange.method == "HEAD" or not response.is_there
        wire.send_head(stream, head, end=end_at_head)
        if end_at_head:
            return
        if exchange.abort in (Abort.SERVER_IN_BODY, Abort.CLIENT_IN_RESPONSE):
            wire.send_body(stream, response.half(), end=False)
            if exchange.abort == Abort.SERVER_IN_BODY:
                wire.send(h2_frames.rst_stream(stream.id, Error.INTERNAL_ERROR))
            else:
                wire.wait(lambda: stream.reset is not None, "the stream is reset")
            return
        wire.send_body(stream, response.octets, end=not exchange.response_trailers)
        if exchange.response_trailers:
            wire.send_head(stream, RESPONSE_TRAILERS, end=True)


class Http1Client:
    """Each exchange on the connection of the one before, as long as that is open."""

    def __init__(self, address: str, tls: ssl.SSLContext | None = None):
        self._address = address
        self._tls = tls
        self._wire: Wire | None = None

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _connected(self) -> Wire:
        wire = Wire.connect(self._address)
        if self._tls is not None:
            secured = self._tls.wrap_socket(wire.socket, server_hostname="test")
            assert secured.selected_alpn_protocol() in ("http/1.1", None)
            wire = Wire(secured)
        return wire

    def play(self, path: str, name: str, servers: Servers) -> tuple[str, Seen]:
        """Returns the request's number and what came of it."""
        exchange, number, seen = EXCHANGES[name], str(next(_numbers)), Seen()
        if self._wire is None:
            self._wire = self._connected()
        wire, body = self._wire, exchange.request
        wire.send(
            f"{exchange.method} {path} HTTP/1.1\r\nHost: test\r\nTE: trailers\r\nConnection: TE\r\n"
            f"X-Exchange: {name}\r\nX-Number: {number}\r\n{_http1_framing(body)}\r\n"
        )
        if exchange.early_answer or exchange.abort == Abort.CLIENT_IN_REQUEST:
            wire.send(_http1_piece(body, body.half()))
        else:
            wire.send(_http1_piece(body, body.octets))
            wire.send(_http1_end(body, REQUEST_TRAILERS if exchange.request_trailers else []))
        if exchange.abort == Abort.CLIENT_IN_REQUEST:
            servers.wait_for_begin(number)
            self.close()
            return number, seen
        head = wire.read_head()
        while head.status < 200:
            seen.interim.append(head.status)
            head = wire.read_head()
        seen.status = head.status
        if exchange.abort == Abort.CLIENT_IN_RESPONSE:
            wire.take(1)
            # An orderly end would only say that no further request comes (RFC 9112 §9.6).
            wire.reset()
            self._wire = None
            return number, seen
        has_none = exchange.method == "HEAD" or head.status in (204, 304)
        if has_none:
            seen.whole = True
        else:
            _read_http1(wire, head, seen, is_response=True)
        if exchange.early_answer:
            with contextlib.suppress(OSError):  # the proxy may have closed
                wire.send(_http1_piece(body, body.octets[len(body.half()) :]) + _http1_end(body, []))
        if not seen.whole or exchange.early_answer or "close" in head.connection_options():
            self.close()
        return number, seen


class Http2Client:
    """All exchanges on one connection, which is made for the first of them: it may be long until then."""

    def __init__(self, address: str, tls: ssl.SSLContext | None = None):
        self._address = address
        self._tls = tls
        self._wire: H2Wire | None = None
        self._scheme = "http" if tls is None else "https"

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def play(self, path: str, name: str, servers: Servers) -> tuple[str, Seen]:
        """As Http1Client's."""
        exchange, number, seen = EXCHANGES[name], str(next(_numbers)), Seen()
        if self._wire is None:
            self._wire = H2Wire.connect(self._address, tls=self._tls)
        wire, body = self._wire, exchange.request
        pseudo = [(":method", exchange.method), (":scheme", self._scheme), (":authority", "test"), (":path", path)]
        fields = [*pseudo, ("te", "trailers"), ("x-exchange", name), ("x-number", number), *_length(body)]
        stream = wire.open(fields, end=not body.is_there)
        if body.is_there:
            if exchange.early_answer or exchange.abort == Abort.CLIENT_IN_REQUEST:
                wire.send_body(stream, body.half(), end=False)
            else:
                wire.send_body(stream, body.octets, end=not exchange.request_trailers)
                if exchange.request_trailers:
                    wire.send_head(stream, REQUEST_TRAILERS, end=True)
        if exchange.abort == Abort.CLIENT_IN_REQUEST:
            servers.wait_for_begin(number)
            wire.send(h2_frames.rst_stream(stream.id))
            return number, seen
        if exchange.abort == Abort.CLIENT_IN_RESPONSE:
            wire.wait(lambda: stream.body, "the body begins")
            wire.send(h2_frames.rst_stream(stream.id))
            return number, seen
        wire.finish(stream)
        if exchange.early_answer and stream.reset is None:
            wire.send(h2_frames.data(stream.id, body.octets[len(body.half()) :], end=True))
        assert stream.reset in (None, Error.NO_ERROR) or not stream.ended
        _copy_http2(stream, seen)
        if stream.head is not None:
            seen.status = stream.status
        seen.interim = [int(dict(fields)[":status"]) for fields in stream.interim]
        return number, seen


def _length(body: Body) -> Trailers:
    return [("content-length", str(body.size))] if body.has_length else []


def _copy_http2(stream: Stream, seen: Seen) -> None:
    seen.body, seen.trailers, seen.whole = bytes(stream.body), list(stream.trailers), stream.ended


def _http1_framing(body: Body, status: int = 200) -> str:
    if body.has_length:
        return f"Content-Length: {body.size}\r\n"
    if body.is_streamed:
        return "Transfer-Encoding: chunked\r\n"
    # A response without either would go on to the connection's end.
    return "" if status == 204 else "Content-Length: 0\r\n"


def _http1_piece(body: Body, octets: bytes) -> bytes:
    if not octets or body.has_length:
        return octets
    return b"%x\r\n%s\r\n" % (len(octets), octets)


def _http1_end(body: Body, trailers: Trailers) -> bytes:
    if not body.is_streamed:
        return b""
    return b"0\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in trailers) + b"\r\n"


def _read_http1(wire: Wire, head: Message, seen: Seen, *, is_response: bool = False) -> None:
    """What comes of a body until its end, or that of the connection."""
    body = bytearray()
    try:
        if head.get("transfer-encoding"):
            while size := int(wire.take_through(b"\r\n"), 16):
                _take(wire, size, body)
                assert wire.take(2) == b"\r\n"
            while (line := wire.take_through(b"\r\n")) != b"\r\n":
                name, _, value = line.decode().partition(":")
                seen.trailers.append((name.lower(), value.strip()))
        elif (length := head.get("content-length")) is not None:
            _take(wire, int(length), body)
        elif is_response:
            raise AssertionError("a response whose end can't be told from a cut")
        seen.whole = True
    except (Closed, ConnectionResetError):
        pass
    finally:
        seen.body = bytes(body)


def _take(wire: Wire, size: int, into: bytearray) -> None:
    try:
        into += wire.take(size)
    except Closed as closed:
        into += closed.got
        raise
