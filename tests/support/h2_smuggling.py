"""Requests of HTTP/2 that would be something else, or two, in HTTP/1: each is refused, and nothing of it reaches a server
(RFC 9113 §8, §10.3; "HTTP/2: The Sequel is Always Worse")."""

import dataclasses
from collections.abc import Callable

import hpack

from tests.support import h2_frames
from tests.support.h2_frames import Text

Pair = tuple[Text, Text]

SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"
# Behind CR LF in a field, the rest of a head and a second request.
SPLIT = f"\r\n\r\n{SMUGGLED}"


@dataclasses.dataclass
class Refused:
    """A stream that is malformed, in frames made for its number."""

    frames: Callable[[int], bytes]
    # Statuses that may be said in place of RST_STREAM PROTOCOL_ERROR.
    statuses: tuple[int, ...] = (400,)
    # What is wrong comes behind the head: that much may reach a server, but never a whole request.
    behind_head: bool = False


def pseudo(**changes: Text | None) -> list[Pair]:
    """The pseudo-header fields of a GET; `changes` by name, None leaves one out."""
    fields: dict[str, Text | None] = {"method": "GET", "scheme": "http", "authority": "test", "path": "/evil"} | changes
    return [(f":{name}", value) for name, value in fields.items() if value is not None]


def head(*fields: Pair, statuses: tuple[int, ...] = (400,)) -> Refused:
    """A request of these fields without a body."""
    block = h2_frames.block(*fields)
    return Refused(lambda stream: h2_frames.headers_in_frames(stream, block), statuses)


def get(*fields: Pair) -> Refused:
    """These behind a good GET's pseudo-header fields."""
    return head(*pseudo(), *fields)


def post(*fields: Pair, body: bytes = b"", behind_head: bool = True) -> Refused:
    """A POST of these fields with that body."""
    block = h2_frames.block(*pseudo(method="POST"), *fields)

    def frames(stream: int) -> bytes:
        return h2_frames.headers(stream, block, end=False) + h2_frames.data(stream, body, end=True)

    return Refused(frames, behind_head=behind_head)


def trailers(*fields: Pair, end: bool = True, length: str | None = None) -> Refused:
    """These behind the body of a good POST."""
    lengths = [("content-length", length)] if length else []
    block = h2_frames.block(*pseudo(method="POST"), *lengths)
    section = h2_frames.block(*fields)

    def frames(stream: int) -> bytes:
        first = h2_frames.headers(stream, block, end=False) + h2_frames.data(stream, b"body")
        return first + h2_frames.headers(stream, section, end=end)

    return Refused(frames, behind_head=True)


def blocks(made: bytes) -> Refused:
    return Refused(lambda stream: h2_frames.headers(stream, made))


NAMES = {
    "empty": get(("", "x")),
    "empty, with a line in its value": get(("", f"x{SPLIT}")),
    "CR LF": get(("x: y\r\nz", "x")),
    "CR LF and a request": get((f"x: y{SPLIT}x", "x")),
    "LF": get(("x\nz", "x")),
    "CR": get(("x\rz", "x")),
    "NUL": get(("x\0z", "x")),
    "NUL behind a known name": get(("content-length\0", "0")),
    "a colon in it": get(("transfer-encoding:chunked", "x")),
    "a colon at its end": get(("transfer-encoding:", "chunked")),
    "a colon and a space in it": get(("transfer-encoding: chunked\r\nx", "y")),
    "a space in it": get(("x y", "x")),
    "a space before it": get((" transfer-encoding", "chunked")),
    "a space behind it": get(("transfer-encoding ", "chunked")),
    "a tab behind it": get(("transfer-encoding\t", "chunked")),
    "a vertical tab behind it": get(("transfer-encoding\x0b", "chunked")),
    "a space alone": get((" ", "x")),
    "a letter in upper case": get(("X-evil", "x")),
    "upper case, to hide a forbidden one": get(("Transfer-Encoding", "chunked")),
    "upper case, to hide a length": get(("Content-Length", "5")),
    "a letter beyond ASCII": get(("x-\xe9", "x")),
    "soft hyphen": get(("transfer\xad-encoding", "chunked")),
    "DEL": get(("x\x7f", "x")),
    "control character": get(("x\x01", "x")),
    "parentheses": get(("x(y)", "x")),
    "a comma": get(("x,y", "x")),
    "a slash": get(("x/y", "x")),
    "an equals sign": get(("x=y", "x")),
    "quotes": get(('"x"', "x")),
    "a request line": get(("get /smuggled http/1.1", "x")),
    "a status line": get(("http/1.1 200 ok", "x")),
}

VALUES = {
    "CR LF and a field": get(("x", "y\r\ntransfer-encoding: chunked")),
    "CR LF and a request": get(("x", f"y{SPLIT}")),
    "CR LF at the end": get(("x", "y\r\n")),
    "CR LF alone": get(("x", "\r\n")),
    "LF and a field": get(("x", "y\ntransfer-encoding: chunked")),
    "LF and a request": get(("x", "y\n\nGET /smuggled HTTP/1.1\nHost: test\n\n")),
    "LF at the begin": get(("x", "\ny")),
    "CR": get(("x", "y\rz")),
    "CR at the end": get(("x", "y\r")),
    "NUL": get(("x", "y\0z")),
    "NUL alone": get(("x", "\0")),
    "control character": get(("x", "\x01")),
    "escape sequence": get(("x", "\x1b[31m")),
    "DEL": get(("x", "\x7f")),
    "a space before it": get(("x", " y")),
    "a space behind it": get(("x", "y ")),
    "a tab behind it": get(("x", "y\t")),
    "a space alone": get(("x", " ")),
    "CR LF in a cookie": get(("cookie", f"a=b{SPLIT}")),
    "CR LF in the second crumb of a cookie": get(("cookie", "a=b"), ("cookie", "c=d\r\nx: y")),
    "CR LF in user-agent, by the static table": blocks(
        h2_frames.block(*pseudo()) + b"\x0f\x2b" + h2_frames.hpack_integer(5, 7) + b"a\r\nb:"
    ),
    "CR LF by Huffman's code": blocks(
        h2_frames.block(*pseudo()) + hpack.Encoder().encode([(b"x", b"y\r\ntransfer-encoding: chunked")], huffman=True)
    ),
    "CR LF by the dynamic table": Refused(
        lambda stream: h2_frames.headers(
            stream, h2_frames.block(*pseudo()) + h2_frames.literal("x", "y\r\nz: a", indexed=True) + h2_frames.indexed(62)
        )
    ),
    "CR LF, never to be indexed": blocks(h2_frames.block(*pseudo()) + b"\x10\x01x\x06y\r\nz:a"),
}

FORBIDDEN = {
    "connection": get(("connection", "keep-alive")),
    "connection: close": get(("connection", "close")),
    "connection, naming a field": get(("connection", "content-length"), ("content-length", "0")),
    "an empty connection": get(("connection", "")),
    "keep-alive": get(("keep-alive", "timeout=5")),
    "proxy-connection": get(("proxy-connection", "keep-alive")),
    "upgrade": get(("upgrade", "websocket")),
    "upgrade to HTTP/2": get(("upgrade", "h2c"), ("http2-settings", "AAMAAABkAAQAAP__")),
    "connection and upgrade": get(("connection", "upgrade"), ("upgrade", "websocket")),
    "transfer-encoding: chunked": get(("transfer-encoding", "chunked")),
    "transfer-encoding: identity": get(("transfer-encoding", "identity")),
    "an empty transfer-encoding": get(("transfer-encoding", "")),
    "transfer-encoding by the static table": blocks(h2_frames.block(*pseudo()) + b"\x0f\x2a\x07chunked"),
    "transfer-encoding by Huffman's code": blocks(
        h2_frames.block(*pseudo()) + hpack.Encoder().encode([(b"transfer-encoding", b"chunked")], huffman=True)
    ),
    "transfer-encoding with a body of a chunk": post(
        ("transfer-encoding", "chunked"), body=f"0\r\n\r\n{SMUGGLED}".encode(), behind_head=False
    ),
    "transfer-encoding and content-length": post(
        ("transfer-encoding", "chunked"), ("content-length", "4"), body=b"0\r\n\r", behind_head=False
    ),
    "te: gzip": get(("te", "gzip")),
    "te: chunked": get(("te", "chunked")),
    "te: trailers and more": get(("te", "trailers, chunked")),
    "two te": get(("te", "trailers"), ("te", "gzip")),
}

LENGTHS = {
    "more than the body": post(("content-length", "40"), body=b"body"),
    "one more than the body": post(("content-length", "5"), body=b"body"),
    "one less than the body": post(("content-length", "3"), body=b"body"),
    "less than the body, which goes on with a request": post(("content-length", "4"), body=b"body" + SMUGGLED.encode()),
    "zero before a body": post(("content-length", "0"), body=SMUGGLED.encode()),
    "without a body": get(("content-length", "5")),
    "without a body but its end": post(("content-length", "5")),
    "twice": post(("content-length", "4"), ("content-length", "4"), body=b"body", behind_head=False),
    "twice, unlike": post(("content-length", "4"), ("content-length", "0"), body=b"body", behind_head=False),
    "twice, the first of zero": post(("content-length", "0"), ("content-length", "4"), body=b"body", behind_head=False),
    "a list": post(("content-length", "4, 4"), body=b"body", behind_head=False),
    "empty": post(("content-length", ""), body=b"body", behind_head=False),
    "with a plus": post(("content-length", "+4"), body=b"body", behind_head=False),
    "with a minus": post(("content-length", "-4"), body=b"body", behind_head=False),
    "in hexadecimal digits": post(("content-length", "0x4"), body=b"body", behind_head=False),
    "with an exponent": post(("content-length", "4e0"), body=b"body", behind_head=False),
    "with a fraction": post(("content-length", "4.0"), body=b"body", behind_head=False),
    "with a space in it": post(("content-length", "4 4"), body=b"body", behind_head=False),
    "with a space before it": post(("content-length", " 4"), body=b"body", behind_head=False),
    "with a line behind it": post(("content-length", f"0{SPLIT}"), body=b"body", behind_head=False),
    "of 2^64 + 4": post(("content-length", "18446744073709551620"), body=b"body", behind_head=False),
    "of 2^63": post(("content-length", "9223372036854775808"), body=b"body"),
    "of thirty digits": post(("content-length", "9" * 30), body=b"body", behind_head=False),
}

PSEUDO = {
    "no :method": head(*pseudo(method=None)),
    "no :scheme": head(*pseudo(scheme=None)),
    "no :path": head(*pseudo(path=None)),
    "neither :authority nor host": head(*pseudo(authority=None)),
    "none at all": head(("host", "test")),
    "empty :method": head(*pseudo(method="")),
    "empty :scheme": head(*pseudo(scheme="")),
    "empty :path": head(*pseudo(path="")),
    "empty :authority": head(*pseudo(authority="")),
    "two :method": head(*pseudo(), (":method", "POST")),
    "the same :method twice": head(*pseudo(), (":method", "GET")),
    "two :scheme": head(*pseudo(), (":scheme", "https")),
    "two :authority": head(*pseudo(), (":authority", "evil")),
    "two :path": head(*pseudo(), (":path", "/other")),
    "unknown": head(*pseudo(), (":evil", "x")),
    "a colon alone": head(*pseudo(), (":", "x")),
    "a response's": head(*pseudo(), (":status", "200")),
    "in upper case": head(*pseudo(path=None), (":Path", "/evil")),
    "with a space behind it": head(*pseudo(path=None), (":path ", "/evil")),
    ":protocol with GET": head(*pseudo(), (":protocol", "websocket")),
    ":method behind a field": head(*pseudo(method=None), ("x", "y"), (":method", "GET")),
    ":path behind a field": head(*pseudo(path=None), ("x", "y"), (":path", "/evil")),
    ":authority behind a field": head(*pseudo(authority=None), ("x", "y"), (":authority", "test")),
    ":path again behind a field": head(*pseudo(), ("x", "y"), (":path", "/other")),
}

METHODS = {
    "a request line": head(*pseudo(method="GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\nGET")),
    "a target": head(*pseudo(method="GET /smuggled")),
    "a space behind it": head(*pseudo(method="GET ")),
    "a space before it": head(*pseudo(method=" GET")),
    "a tab in it": head(*pseudo(method="GE\tT")),
    "CR LF": head(*pseudo(method="GET\r\n")),
    "NUL": head(*pseudo(method="GET\0")),
    "a colon": head(*pseudo(method="GET:")),
    "parentheses": head(*pseudo(method="(GET)")),
    "a letter beyond ASCII": head(*pseudo(method="G\xc9T")),
    "long": head(*pseudo(method="A" * 33), statuses=(400, 501)),
    "CONNECT with a path": head(*pseudo(method="CONNECT"), statuses=(400,)),
    "CONNECT without an authority": head((":method", "CONNECT")),
    "CONNECT with :scheme": head((":method", "CONNECT"), (":authority", "test:80"), (":scheme", "http")),
    ":protocol without :path": head(*pseudo(method="CONNECT", path=None), (":protocol", "websocket")),
    ":protocol without :scheme": head(*pseudo(method="CONNECT", scheme=None), (":protocol", "websocket")),
    ":protocol with CR LF": head(*pseudo(method="CONNECT"), (":protocol", f"websocket{SPLIT}")),
    ":protocol with a comma": head(*pseudo(method="CONNECT"), (":protocol", "websocket, h2c"), statuses=(400, 501)),
    "an empty :protocol": head(*pseudo(method="CONNECT"), (":protocol", ""), statuses=(400, 501)),
    "two :protocol": head(*pseudo(method="CONNECT"), (":protocol", "websocket"), (":protocol", "websocket")),
}

PATHS = {
    "a version": head(*pseudo(path="/evil HTTP/1.1")),
    "a version and a request": head(*pseudo(path="/evil HTTP/1.1\r\nHost: test\r\n\r\nGET /smuggled")),
    "a space": head(*pseudo(path="/e vil")),
    "a space alone": head(*pseudo(path=" ")),
    "a space behind it": head(*pseudo(path="/evil ")),
    "a space before it": head(*pseudo(path=" /evil")),
    "a tab": head(*pseudo(path="/e\tvil")),
    "CR": head(*pseudo(path="/e\rvil")),
    "LF": head(*pseudo(path="/e\nvil")),
    "NUL": head(*pseudo(path="/e\0vil")),
    "DEL": head(*pseudo(path="/e\x7fvil")),
    "control character": head(*pseudo(path="/e\x01vil")),
    "a letter beyond ASCII": head(*pseudo(path="/\xe9")),
    "a fragment": head(*pseudo(path="/evil#fragment")),
    "a fragment alone": head(*pseudo(path="#")),
    "no slash": head(*pseudo(path="evil")),
    "a query alone": head(*pseudo(path="?evil")),
    "another authority": head(*pseudo(path="@evil/")),
    "absolute": head(*pseudo(path="http://evil/")),
    "absolute, of its own authority": head(*pseudo(path="http://test/evil")),
    "authority form": head(*pseudo(path="test:80")),
    "a star with GET": head(*pseudo(path="*")),
    "a star and more": head(*pseudo(method="OPTIONS", path="*/evil")),
    "a backslash": head(*pseudo(path="\\evil")),
    "longer than the limit": head(*pseudo(path="/" + "a" * 9000), statuses=(414,)),
}

AUTHORITIES = {
    "user information": head(*pseudo(authority="evil@test")),
    "user and password": head(*pseudo(authority="a:b@test")),
    "a path": head(*pseudo(authority="test/evil")),
    "a query": head(*pseudo(authority="test?evil")),
    "a fragment": head(*pseudo(authority="test#evil")),
    "a backslash": head(*pseudo(authority="test\\@evil")),
    "a space": head(*pseudo(authority="test evil")),
    "a space before it": head(*pseudo(authority=" test")),
    "a comma": head(*pseudo(authority="test, evil")),
    "CR LF": head(*pseudo(authority="test\r\nX: y")),
    "CR LF and a request": head(*pseudo(authority=f"test{SPLIT}")),
    "NUL": head(*pseudo(authority="test\0")),
    "a letter beyond ASCII": head(*pseudo(authority="t\xe9st")),
    "a port that is none": head(*pseudo(authority="test:evil")),
    "two ports": head(*pseudo(authority="test:80:81")),
    "a port beyond 65535": head(*pseudo(authority="test:65536")),
    "half an address": head(*pseudo(authority="[::1")),
    "a colon alone": head(*pseudo(authority=":80")),
    "a URI": head(*pseudo(authority="http://test")),
    "a host of another name": get(("host", "evil")),
    "a host of another port": get(("host", "test:81")),
    "an empty host": get(("host", "")),
    "two hosts": get(("host", "test"), ("host", "evil")),
    "two hosts without :authority": head(*pseudo(authority=None), ("host", "test"), ("host", "evil")),
    "a host with user information": head(*pseudo(authority=None), ("host", "evil@test")),
    "a host with a space": head(*pseudo(authority=None), ("host", "test evil")),
    "a host with CR LF": head(*pseudo(authority=None), ("host", f"test{SPLIT}")),
    "an empty host alone": head(*pseudo(authority=None), ("host", "")),
}

SCHEMES = {
    "a URI": head(*pseudo(scheme="http://evil/?")),
    "CR LF": head(*pseudo(scheme="http\r\nX: y")),
    "a space": head(*pseudo(scheme="http ")),
    "a letter beyond ASCII": head(*pseudo(scheme="htt\xfe")),
    "NUL": head(*pseudo(scheme="http\0")),
    "another": head(*pseudo(scheme="ftp")),
}

TRAILERS = {
    ":path": trailers((":path", "/other")),
    ":method": trailers((":method", "GET")),
    ":status": trailers((":status", "200")),
    "a pseudo-header field behind a field": trailers(("x", "y"), (":path", "/other")),
    "upper case": trailers(("X", "y")),
    "empty name": trailers(("", "y")),
    "CR LF in a value": trailers(("x", f"y{SPLIT}")),
    "CR LF in a name": trailers(("x: y\r\nz", "y")),
    "LF in a value": trailers(("x", "y\nz: a")),
    "NUL in a value": trailers(("x", "\0")),
    "a colon in a name": trailers(("x:", "y")),
    "a space behind a name": trailers(("x ", "y")),
    "transfer-encoding": trailers(("transfer-encoding", "chunked")),
    "connection": trailers(("connection", "close")),
    "upgrade": trailers(("upgrade", "websocket")),
    "keep-alive": trailers(("keep-alive", "x")),
    "without an end": trailers(("x", "y"), end=False),
    "before the body is whole": trailers(("x", "y"), length="40"),
}

CASES: dict[str, Refused] = {
    f"{group}: {name}": case
    for group, cases in {
        "name": NAMES,
        "value": VALUES,
        "forbidden": FORBIDDEN,
        "content-length": LENGTHS,
        "pseudo": PSEUDO,
        "method": METHODS,
        "path": PATHS,
        "authority": AUTHORITIES,
        "scheme": SCHEMES,
        "trailers": TRAILERS,
    }.items()
    for name, case in cases.items()
}
