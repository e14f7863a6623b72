"""Fields of one hop do not reach the next (RFC 9110 §7.6.1), byte for byte, in both directions."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire, get

HEAD = "GET / HTTP/1.1\r\nHost: test\r\n"
POST = "POST / HTTP/1.1\r\nHost: test\r\n"

# What a client sends, and what the server is to read.
REQUESTS = {
    "each of them": (
        HEAD + "A: 1\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\n"
        "Trailer: X\r\nUpgrade: foo\r\nHTTP2-Settings: x\r\nB: 2\r\n\r\n",
        HEAD + "A: 1\r\nB: 2\r\n\r\n",
    ),
    "what Connection names, in any case, in several fields": (
        HEAD + "X-One: 1\r\nConnection: x-one,X-TWO , , close\r\nx-two: 2\r\nX-Three: 3\r\nconnection: x-four\r\n"
        "X-Four: 4\r\nX-FOUR: 4\r\nX-Fou: 5\r\n\r\n",
        HEAD + "X-Three: 3\r\nX-Fou: 5\r\n\r\n",
    ),
    "named without being there": (HEAD + "Connection: x-one\r\nA: 1\r\n\r\n", HEAD + "A: 1\r\n\r\n"),
    "not Host": (HEAD + "Connection: Host\r\n\r\n", HEAD + "\r\n"),
    "not the length of a body": (
        POST + "Connection: Content-Length\r\nContent-Length: 2\r\n\r\nok",
        POST + "Content-Length: 2\r\n\r\nok",
    ),
    "not a body's coding": (
        POST + "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        POST + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ),
    "not an expectation": (
        POST + "Connection: Expect\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
        POST + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
    ),
    "trailers are welcome on the next hop, too": (
        HEAD + "Connection: TE\r\nTE: trailers, gzip;q=0.5\r\n\r\n",
        HEAD + "TE: trailers\r\nConnection: TE\r\n\r\n",
    ),
    "whatever end-to-end field it names goes": (
        HEAD + "Connection: Cookie, Authorization\r\nCookie: a\r\nAuthorization: b\r\nA: 1\r\n\r\n",
        HEAD + "A: 1\r\n\r\n",
    ),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_requests(fairlead: Fairlead, case: str):
    sent, expected = REQUESTS[case]
    read: list[bytes] = []

    def script(wire: Wire) -> None:
        read.append(wire.take(len(expected)))
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        read.append(wire.take_rest())

    with ScriptedOrigin(script) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "scripted", "address": origin.address}))
        with fairlead.open() as wire:
            assert wire.request(sent).status == 200
            assert read == [expected.encode()]


DATE = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

# What a server answers to GET, and what the client is to read.
RESPONSES = {
    "each of them": (
        f"HTTP/1.1 200 OK\r\n{DATE}A: 1\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
        "TE: x\r\nTrailer: X\r\nUpgrade: foo\r\nContent-Length: 2\r\nB: 2\r\n\r\nok",
        f"HTTP/1.1 200 OK\r\n{DATE}A: 1\r\nB: 2\r\nContent-Length: 2\r\n\r\nok",
    ),
    "what Connection names": (
        f"HTTP/1.1 200 OK\r\n{DATE}Connection: X-One, close, x-two\r\nX-One: 1\r\nX-TWO: 2\r\nX-Three: 3\r\n"
        "Content-Length: 2\r\n\r\nok",
        f"HTTP/1.1 200 OK\r\n{DATE}X-Three: 3\r\nContent-Length: 2\r\n\r\nok",
    ),
    "not the length": (
        f"HTTP/1.1 200 OK\r\n{DATE}Connection: Content-Length\r\nContent-Length: 2\r\n\r\nok",
        f"HTTP/1.1 200 OK\r\n{DATE}Content-Length: 2\r\n\r\nok",
    ),
    "not the coding": (
        f"HTTP/1.1 200 OK\r\n{DATE}Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        f"HTTP/1.1 200 OK\r\n{DATE}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ),
    "end-to-end fields": (
        f"HTTP/1.1 200 OK\r\n{DATE}Connection: Set-Cookie\r\nSet-Cookie: a\r\nContent-Length: 2\r\n\r\nok",
        f"HTTP/1.1 200 OK\r\n{DATE}Content-Length: 2\r\n\r\nok",
    ),
    "of interim responses": (
        f"HTTP/1.1 103 Early Hints\r\nConnection: X-One\r\nX-One: 1\r\nLink: a\r\nKeep-Alive: 1\r\n\r\n"
        f"HTTP/1.1 200 OK\r\n{DATE}Content-Length: 2\r\n\r\nok",
        f"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n{DATE}Content-Length: 2\r\n\r\nok",
    ),
}


@pytest.mark.parametrize("case", RESPONSES)
def test_responses(fairlead: Fairlead, case: str):
    answer, expected = RESPONSES[case]

    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send(answer)
        wire.take_rest()

    with ScriptedOrigin(script) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "scripted", "address": origin.address}))
        with fairlead.open() as wire:
            wire.send(get("/", "Connection: close"))
            got = wire.take_rest().decode()
    # The client wanted to close.
    head, separator, body = expected.rpartition("\r\n\r\n") if "chunked" not in expected else expected.partition("\r\n\r\n")
    assert got == f"{head}\r\nConnection: close{separator}{body}"
