"""Requests of HTTP/2 that are strange but have one meaning, and what a server of HTTP/1.1 is sent of each, with its field
names in lower case."""

import dataclasses
from collections.abc import Callable

import hpack

from tests.support import h2_frames
from tests.support.h2_smuggling import SMUGGLED, Pair, pseudo


@dataclasses.dataclass
class Passed:
    frames: Callable[[int], bytes]
    reaches: bytes


def whole(fields: list[Pair], reaches: bytes) -> Passed:
    """Without a body."""
    return Passed(lambda stream: h2_frames.headers(stream, h2_frames.block(*fields)), reaches)


def get(*fields: Pair, lines: bytes = b"", path: str = "/evil") -> Passed:
    return whole([*pseudo(path=path), *fields], b"GET %s HTTP/1.1\r\nhost: test\r\n%s\r\n" % (path.encode("latin-1"), lines))


def kept(*fields: Pair) -> Passed:
    """These fields pass as they are."""
    return get(*fields, lines=b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in fields))


def post(*fields: Pair, lines: bytes, body: bytes, sends: Callable[[int], bytes]) -> Passed:
    block = h2_frames.block(*pseudo(method="POST"), *fields)
    reaches = b"POST /evil HTTP/1.1\r\nhost: test\r\n" + lines + b"\r\n" + body
    return Passed(lambda stream: h2_frames.headers(stream, block, end=False) + sends(stream), reaches)


def in_a_chunk(body: bytes, trailers: bytes = b"") -> bytes:
    return b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailers)


_REQUEST = SMUGGLED.encode()
_CHUNKED = b"transfer-encoding: chunked\r\n"

CASES: dict[str, Passed] = {
    "a field of every character that a name may have": kept(("!#$%&'*+-.^_`|~0a", "x")),
    "an empty value": kept(("x", "")),
    "a tab in a value": kept(("x", "y\tz")),
    "a colon in a value": kept(("x", "y: z")),
    "letters beyond ASCII in a value": kept(("x", "\xc3\xa9\xff")),
    "a request line in a value": kept(("x", "GET /smuggled HTTP/1.1")),
    "escaped CR LF in a value": kept(("x", "%0d%0aHost: evil")),
    "two fields of one name": kept(("x", "y"), ("x", "z")),
    "underscores in place of hyphens": kept(("content_length", "5")),
    "a host of the same name": get(("host", "test")),
    "a host alone": whole([*pseudo(authority=None), ("host", "test")], b"GET /evil HTTP/1.1\r\nhost: test\r\n\r\n"),
    "a host behind other fields": whole(
        [*pseudo(authority=None), ("x", "y"), ("host", "test")], b"GET /evil HTTP/1.1\r\nhost: test\r\nx: y\r\n\r\n"
    ),
    "te: trailers": get(("te", "trailers"), lines=b"te: trailers\r\nconnection: TE\r\n"),
    "crumbs of a cookie": get(
        ("cookie", "a=b"), ("x", "y"), ("cookie", "c=d"), ("cookie", "e=f"), lines=b"x: y\r\ncookie: a=b; c=d; e=f\r\n"
    ),
    "pseudo-header fields in another order": whole(
        list(reversed(pseudo())), b"GET /evil HTTP/1.1\r\nhost: test\r\n\r\n"
    ),
    "by the dynamic table": Passed(
        lambda stream: h2_frames.headers(
            stream, h2_frames.block(*pseudo()) + h2_frames.literal("x", "y", indexed=True) + h2_frames.indexed(62)
        ),
        b"GET /evil HTTP/1.1\r\nhost: test\r\nx: y\r\nx: y\r\n\r\n",
    ),
    "by Huffman's code": Passed(
        lambda stream: h2_frames.headers(
            stream, hpack.Encoder().encode([*pseudo(), ("x", "letters of all kinds: \x7b|}")], huffman=True)
        ),
        b"GET /evil HTTP/1.1\r\nhost: test\r\nx: letters of all kinds: {|}\r\n\r\n",
    ),
    "padding and a priority": Passed(
        lambda stream: h2_frames.frame(
            h2_frames.Kind.HEADERS,
            h2_frames.Flag.END_STREAM
            | h2_frames.Flag.END_HEADERS
            | h2_frames.Flag.PADDED
            | h2_frames.Flag.PRIORITY,
            stream,
            b"\x26\0\0\0\0\x0f" + h2_frames.block(*pseudo()) + _REQUEST,
        ),
        b"GET /evil HTTP/1.1\r\nhost: test\r\n\r\n",
    ),
    "a method in lower case": whole(pseudo(method="get"), b"get /evil HTTP/1.1\r\nhost: test\r\n\r\n"),
    "a method of every character": whole(
        pseudo(method="!#$%&'*+-.^_`|~0aA"), b"!#$%&'*+-.^_`|~0aA /evil HTTP/1.1\r\nhost: test\r\n\r\n"
    ),
    "the method of the preface": whole(pseudo(method="PRI"), b"PRI /evil HTTP/1.1\r\nhost: test\r\n\r\n"),
    "a star with OPTIONS": whole(
        pseudo(method="OPTIONS", path="*"), b"OPTIONS * HTTP/1.1\r\nhost: test\r\n\r\n"
    ),
    "two slashes": get(path="//evil/"),
    "a URI in a path": get(path="/http://evil/"),
    "escapes in a path": get(path="/%20%0d%0aHost:%20evil"),
    "quotes and brackets in a path": get(path='/"<>[]{}|^`\\'),
    "a query alone behind a slash": get(path="/?a b".replace(" ", "+")),
    "a scheme in upper case": whole(pseudo(scheme="HTTP"), b"GET /evil HTTP/1.1\r\nhost: test\r\n\r\n"),
    "a length": post(
        ("content-length", str(len(_REQUEST))),
        lines=b"content-length: %d\r\n" % len(_REQUEST),
        body=_REQUEST,
        sends=lambda stream: h2_frames.data(stream, _REQUEST, end=True),
    ),
    "a length with padding": post(
        ("content-length", "4"),
        lines=b"content-length: 4\r\n",
        body=b"body",
        sends=lambda stream: h2_frames.data(stream, b"body", end=True, padding=255),
    ),
    "a length, and the end apart": post(
        ("content-length", "4"),
        lines=b"content-length: 4\r\n",
        body=b"body",
        sends=lambda stream: h2_frames.data(stream, b"body") + h2_frames.data(stream, end=True),
    ),
    "a length with zeroes before it": post(
        ("content-length", "0004"),
        lines=b"content-length: 4\r\n",
        body=b"body",
        sends=lambda stream: h2_frames.data(stream, b"body", end=True),
    ),
    "a body that is a request": post(
        lines=_CHUNKED, body=in_a_chunk(_REQUEST), sends=lambda stream: h2_frames.data(stream, _REQUEST, end=True)
    ),
    "a body that ends chunks": post(
        lines=_CHUNKED,
        body=in_a_chunk(b"0\r\n\r\n" + _REQUEST),
        sends=lambda stream: h2_frames.data(stream, b"0\r\n\r\n" + _REQUEST, end=True),
    ),
    "trailers": post(
        lines=_CHUNKED,
        body=in_a_chunk(b"body", b"x: y\r\n"),
        sends=lambda stream: h2_frames.data(stream, b"body") + h2_frames.headers(stream, h2_frames.block(("x", "y"))),
    ),
}
