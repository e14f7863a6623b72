"""An origin of HTTP/2 that does, frame by frame, what a test tells it to."""

import ssl
from collections.abc import Callable

from tests.support.h2_wire import H2Wire, Stream
from tests.support.scripted_origin import ScriptedOrigin

Script = Callable[[H2Wire], None]


class H2Origin(ScriptedOrigin):
    """Runs `script` with each connection whose client has sent the preface of HTTP/2, after SETTINGS of these values; see
    ScriptedOrigin. With `tls`, a connection is closed unless ALPN has chosen "h2"."""

    def __init__(
        self,
        script: Script,
        *,
        settings: dict[int, int] | None = None,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ):
        super().__init__(lambda wire: script(H2Wire.accept(wire, settings)), host, tls)


def answering(status: int = 200, *fields: tuple[str, str], body: bytes = b"") -> Script:
    """A script that answers every request, as soon as it is whole, with the same."""
    return answering_with(lambda wire, stream: wire.respond(stream, status, *fields, body=body))


def answering_with(answer: Callable[[H2Wire, Stream], None]) -> Script:
    """A script that lets `answer` do so with each whole request."""

    def script(wire: H2Wire) -> None:
        for stream in wire.accept_streams():
            if stream.reset is None:
                answer(wire, stream)

    return script
