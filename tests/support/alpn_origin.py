"""An origin over TLS that speaks HTTP/1.1 or HTTP/2, by connection, as it is told to choose by ALPN."""

import itertools
import ssl
import threading
from collections.abc import Callable

from tests.support.certificates import Identity
from tests.support.h2_wire import H2Wire
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire

HTTP1 = "http/1.1"
HTTP2 = "h2"


class AlpnOrigin(ScriptedOrigin):
    """Answers every request with what its connection speaks, a space and the request's body. Connections to come choose
    `protocols`, in turn, again and again; None is a server without ALPN. What was agreed upon is in `spoken`.

    `on_http1` and `on_http2` serve connections in place of that. `before_tls` gets each connection first.
    """

    def __init__(
        self,
        identity: Identity,
        *protocols: str | None,
        settings: dict[int, int] | None = None,
        on_http1: Callable[[Wire], None] | None = None,
        on_http2: Callable[[H2Wire], None] | None = None,
        before_tls: Callable[[Wire], None] | None = None,
    ):
        self._contexts = {None: identity.server_context(), **{p: identity.server_context(p) for p in (HTTP1, HTTP2)}}
        self._lock = threading.Lock()
        self._settings = settings
        self._on_http1 = on_http1 or _answer_http1
        self._on_http2 = on_http2 or _answer_http2
        self._before_tls = before_tls
        self.spoken: list[str | None] = []
        self.choose(*protocols)
        super().__init__(self._shake_hands)

    def choose(self, *protocols: str | None) -> None:
        self._choices = itertools.cycle(protocols)

    def _shake_hands(self, wire: Wire) -> None:
        with self._lock:
            context: ssl.SSLContext = self._contexts[next(self._choices)]
        if self._before_tls is not None:
            self._before_tls(wire)
        with Wire(context.wrap_socket(wire.socket, server_side=True)) as secure:
            protocol = secure.socket.selected_alpn_protocol()
            self.spoken.append(protocol)
            if protocol == HTTP2:
                self._on_http2(H2Wire.accept(secure, self._settings))
            else:
                self._on_http1(secure)


def _answer_http1(wire: Wire) -> None:
    while True:
        body = b"http/1.1 " + wire.read_request().body
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def _answer_http2(wire: H2Wire) -> None:
    for stream in wire.accept_streams():
        if stream.reset is None:
            wire.respond(stream, 200, body=b"h2 " + bytes(stream.body))
