"""Requests made to be read differently by two readers: refused, and never forwarded (RFC 9112 §11.2)."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.waiting import wait_until
from tests.support.wire import Closed, get

# What a second, smuggled request would be.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"

BAD_HEADS = {
    "bare LF after the request line": b"GET / HTTP/1.1\nHost: test\r\n\r\n",
    "bare LF after a field": b"GET / HTTP/1.1\r\nHost: test\nX: y\r\n\r\n",
    "bare LF at the end": b"GET / HTTP/1.1\r\nHost: test\r\n\n",
    "only bare LF": b"GET / HTTP/1.1\nHost: test\n\n",
    "bare CR in a value": b"GET / HTTP/1.1\r\nHost: test\r\nX: a\rb\r\n\r\n",
    "bare CR in the request line": b"GET /\r HTTP/1.1\r\nHost: test\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nHost: test\r\nX: a\0b\r\n\r\n",
    "NUL in a name": b"GET / HTTP/1.1\r\nHost: test\r\nX\0: a\r\n\r\n",
    "NUL in the target": b"GET /a\0b HTTP/1.1\r\nHost: test\r\n\r\n",
    "control character in a value": b"GET / HTTP/1.1\r\nHost: test\r\nX: a\x01b\r\n\r\n",
    "DEL in a value": b"GET / HTTP/1.1\r\nHost: test\r\nX: a\x7fb\r\n\r\n",
    "folded line": b"GET / HTTP/1.1\r\nHost: test\r\nX: a\r\n b\r\n\r\n",
    "folded line with tab": b"GET / HTTP/1.1\r\nHost: test\r\nX: a\r\n\tb\r\n\r\n",
    "folded first field": b"GET / HTTP/1.1\r\n X: a\r\nHost: test\r\n\r\n",
    "space before a colon": b"GET / HTTP/1.1\r\nHost: test\r\nX : a\r\n\r\n",
    "tab before a colon": b"GET / HTTP/1.1\r\nHost: test\r\nX\t: a\r\n\r\n",
    "space in a name": b"GET / HTTP/1.1\r\nHost: test\r\nX Y: a\r\n\r\n",
    "empty name": b"GET / HTTP/1.1\r\nHost: test\r\n: a\r\n\r\n",
    "field without a colon": b"GET / HTTP/1.1\r\nHost: test\r\nX\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\nX: a\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: test\r\nHost: test\r\n\r\n",
    "two different Hosts": b"GET / HTTP/1.1\r\nHost: test\r\nhOST: evil\r\n\r\n",
    "Host with a space": b"GET / HTTP/1.1\r\nHost: te st\r\n\r\n",
    "Host with a path": b"GET / HTTP/1.1\r\nHost: test/path\r\n\r\n",
    "Host with user information": b"GET / HTTP/1.1\r\nHost: a@test\r\n\r\n",
    "two spaces in the request line": b"GET  / HTTP/1.1\r\nHost: test\r\n\r\n",
    "space at the end of the request line": b"GET / HTTP/1.1 \r\nHost: test\r\n\r\n",
    "tab in the request line": b"GET\t/ HTTP/1.1\r\nHost: test\r\n\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: test\r\n\r\n",
    "no version": b"GET /\r\nHost: test\r\n\r\n",
    "lower-case version": b"GET / http/1.1\r\nHost: test\r\n\r\n",
    "version of three digits": b"GET / HTTP/1.10\r\nHost: test\r\n\r\n",
    "bad method": b"G(T / HTTP/1.1\r\nHost: test\r\n\r\n",
    "target without a slash": b"GET evil HTTP/1.1\r\nHost: test\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "the same length twice": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a list of lengths": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1, 1\r\n\r\na",
    "length with a sign": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: +1\r\n\r\na",
    "negative length": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\na",
    "length in hex": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0x1\r\n\r\na",
    "length beyond 64 bits": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 18446744073709551617\r\n\r\na",
    "empty length": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length:\r\n\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "chunked twice": b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "almost chunked": b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked behind a control character": b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: \x0bchunked\r\n\r\n"
    b"0\r\n\r\n",
    "empty transfer coding": b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
    "chunks of HTTP/1.0": b"POST / HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a response": b"HTTP/1.1 200 OK\r\nHost: test\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n\r\n",
}

BAD_CHUNKS = {
    "no digits": b"\r\nabc\r\n0\r\n\r\n",
    "not hex": b"g\r\nabc\r\n0\r\n\r\n",
    "with a sign": b"+3\r\nabc\r\n0\r\n\r\n",
    "with 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "beyond 64 bits": b"10000000000000003\r\nabc\r\n0\r\n\r\n",
    "bare LF after the size": b"3\nabc\r\n0\r\n\r\n",
    "bare CR in an extension": b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    "bare LF in an extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "longer than it says": b"3\r\nabcd\r\n0\r\n\r\n",
    "space before the size": b" 3\r\nabc\r\n0\r\n\r\n",
    "bare LF after the data": b"3\r\nabc\n0\r\n\r\n",
    "bad trailer": b"3\r\nabc\r\n0\r\nX : y\r\n\r\n",
    "folded trailer": b"3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n",
}


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server()))
    return started


@pytest.mark.parametrize("head", BAD_HEADS.values(), ids=BAD_HEADS.keys())
def test_a_bad_head_is_refused_and_nothing_is_forwarded(fairlead: Fairlead, origin: Origin, head: bytes):
    with fairlead.open() as wire:
        wire.send(head + SMUGGLED)
        response = wire.read_response()
        assert response.status == 400
        assert "close" in response.connection_options()
        assert wire.is_closed()
    stats = origin.stats()
    assert (stats["requests"], stats["malformed"]) == (0, [])


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9", "HTTP/3.0"])
def test_another_version_is_refused(fairlead: Fairlead, origin: Origin, version: str):
    with fairlead.open() as wire:
        wire.send(f"GET / {version}\r\nHost: test\r\n\r\n".encode() + SMUGGLED)
        # RFC 9110 §15.6.6 has 505 for it.
        assert wire.read_response().status in (400, 505)
        assert wire.is_closed()
    assert origin.stats()["requests"] == 0


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
def test_bad_chunks_end_the_connection_and_no_whole_request_is_forwarded(
    fairlead: Fairlead, origin: Origin, chunks: bytes
):
    with fairlead.open() as wire:
        wire.send(get("/upload", "Transfer-Encoding: chunked", method="POST").encode() + chunks + SMUGGLED)
        try:
            response = wire.read_response()
            assert response.status == 400
            assert "close" in response.connection_options()
        except Closed as closed:
            assert closed.got == b""
        assert wire.is_closed()
    # The head may have been forwarded before the bad chunk came: the origin must see its request cut off.
    wait_until(lambda: origin.stats()["open_connections"] == 0, "the connection to the origin is closed")
    stats = origin.stats()
    assert stats["malformed"] == []
    assert stats["cut"] == stats["requests"]
    assert "/smuggled" not in {request.target for request in origin.requests()}


def test_a_head_that_is_too_large_is_431(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/", "X-Large: " + "a" * 40_000))
        assert wire.read_response().status == 431
        assert wire.is_closed()
    assert origin.stats()["requests"] == 0


def test_a_head_with_too_many_fields_is_431(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/", *(f"X-{number}: a" for number in range(150))))
        assert wire.read_response().status == 431
        assert wire.is_closed()
    assert origin.stats()["requests"] == 0


def test_a_large_head_within_the_limit_passes(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        response = wire.request(get("/headers", "X-Large: " + "a" * 30_000, *(f"X-{n}: b" for n in range(90))))
        assert response.status == 200
        assert b"a" * 30_000 in response.body


def test_other_connections_do_not_notice(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as good:
        for head in BAD_HEADS.values():
            with fairlead.open() as wire:
                wire.send(head)
                wire.take_rest()
            assert good.request(get("/")).status == 200
