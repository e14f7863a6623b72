"""Answers of servers of HTTP/2 that are no answers (RFC 9113 §8), and servers that break the connection itself."""

from collections.abc import Callable

from tests.support import h2_frames
from tests.support.h2_frames import Error, Flag, Kind, Setting, Text, frame

Frames = Callable[[int], bytes]

# What an answer that belongs to nobody would say.
POISON = b"poison"
_SPLIT = "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


def head(*fields: tuple[Text, Text], body: bytes = b"evil", end: bool = True) -> Frames:
    """A head of these fields, and a body."""
    block = h2_frames.block(*fields)
    if not body:
        return lambda stream: h2_frames.headers_in_frames(stream, block, end=end)
    return lambda stream: h2_frames.headers_in_frames(stream, block, end=False) + h2_frames.data(stream, body, end=end)


def good(*fields: tuple[Text, Text], body: bytes = b"evil", end: bool = True) -> Frames:
    """A head that would be good, with these fields."""
    return head((":status", "200"), *fields, body=body, end=end)


def status(text: str) -> Frames:
    return head((":status", text))


# The head itself is bad: nothing of it is passed on.
NO_HEADS: dict[str, Frames] = {
    "no :status": head(("x", "y")),
    "no field at all": head(),
    "empty :status": status(""),
    ":status of letters": status("abc"),
    ":status of two digits": status("20"),
    ":status of four digits": status("2000"),
    ":status with a sign": status("+20"),
    ":status with a reason": status("200 OK"),
    ":status with CR LF": status(f"200 OK{_SPLIT}"),
    ":status 000": status("000"),
    ":status 099": status("099"),
    ":status 600": status("600"),
    "two :status": head((":status", "200"), (":status", "404")),
    ":status behind a field": head(("x", "y"), (":status", "200")),
    ":Status": head((":Status", "200")),
    "a request's pseudo-header field": head((":status", "200"), (":path", "/")),
    "an unknown pseudo-header field": head((":status", "200"), (":evil", "x")),
    "a request's head": head((":method", "GET"), (":scheme", "http"), (":authority", "test"), (":path", "/")),
    "an empty name": good(("", "x")),
    "a name in upper case": good(("Content-Length", "4")),
    "CR LF in a name": good(("x: y\r\nz", "x")),
    "a colon in a name": good(("transfer-encoding: chunked", "x")),
    "a space in a name": good(("x y", "x")),
    "a space behind a name": good(("transfer-encoding ", "chunked")),
    "NUL in a name": good(("x\0", "x")),
    "a letter beyond ASCII in a name": good(("x\xe9", "x")),
    "CR LF in a value": good(("x", f"y{_SPLIT}")),
    "CR in a value": good(("x", "y\rz")),
    "LF in a value": good(("x", "y\nz: a")),
    "NUL in a value": good(("x", "y\0")),
    "control character in a value": good(("x", "\x01")),
    "a space before a value": good(("x", " y")),
    "CR LF in a cookie": good(("set-cookie", f"a=b{_SPLIT}")),
    "connection": good(("connection", "close")),
    "connection, naming content-length": good(("connection", "content-length"), ("content-length", "4")),
    "keep-alive": good(("keep-alive", "timeout=5")),
    "proxy-connection": good(("proxy-connection", "close")),
    "upgrade": good(("upgrade", "websocket")),
    "transfer-encoding": good(("transfer-encoding", "chunked"), body=b"0\r\n\r\n"),
    "transfer-encoding: identity": good(("transfer-encoding", "identity")),
    "content-length of letters": good(("content-length", "four")),
    "an empty content-length": good(("content-length", "")),
    "a negative content-length": good(("content-length", "-4")),
    "content-length with a sign": good(("content-length", "+4")),
    "content-length of a list": good(("content-length", "4, 4")),
    "two content-length": good(("content-length", "4"), ("content-length", "4")),
    "two unlike content-length": good(("content-length", "4"), ("content-length", "5")),
    "content-length of 2^64 + 4": good(("content-length", "18446744073709551620")),
    "content-length without a body": good(("content-length", "4"), body=b""),
    # RFC 9113 §8.6
    "status 101": head((":status", "101"), body=b""),
    "status 101 with more to come": head((":status", "101"), body=b"", end=False),
    "an interim response that ends the stream": head((":status", "103"), body=b""),
    "two interim responses, the second ending": lambda stream: head((":status", "103"), body=b"", end=False)(stream)
    + head((":status", "100"), body=b"")(stream),
    "DATA behind an interim response": head((":status", "103"), body=b"evil"),
    "DATA first": lambda stream: h2_frames.data(stream, b"evil", end=True),
    "a head larger than the limit": good(("x", "y" * 70_000)),
    "a name larger than the limit": good(("x" * 70_000, "y")),
    "more fields than the limit": good(*[("x", "y")] * 150),
    "a reset": lambda stream: h2_frames.rst_stream(stream, Error.INTERNAL_ERROR),
    "a reset for nothing": lambda stream: h2_frames.rst_stream(stream, Error.NO_ERROR),
    "a reset of an unknown code": lambda stream: h2_frames.rst_stream(stream, 0xFADE),
}


def _behind(*frames: Callable[[int], bytes], length: int | None = None) -> Frames:
    """Frames behind a good head and the beginning of a body."""
    fields = [("content-length", str(length))] if length is not None else []
    begin = good(*fields, body=b"evil", end=False)
    return lambda stream: begin(stream) + b"".join(make(stream) for make in frames)


def _trailers(*fields: tuple[Text, Text], end: bool = True) -> Frames:
    return _behind(lambda stream: h2_frames.headers(stream, h2_frames.block(*fields), end=end))


def _data(body: bytes = b"", end: bool = True) -> Callable[[int], bytes]:
    return lambda stream: h2_frames.data(stream, body, end=end)


# The head is good, what follows is not: whatever has been passed on, the client can't take it for a whole answer.
NO_ENDS: dict[str, Frames] = {
    "one byte less than content-length": _behind(_data(), length=5),
    "a body where content-length is 0": good(("content-length", "0")),
    "more DATA than the window": _behind(_data(bytes(16_384), end=False), *[_data(bytes(16_384), end=False)] * 100),
    "less than content-length, and trailers": _behind(
        lambda stream: h2_frames.headers(stream, h2_frames.block(("x", "y"))), length=5
    ),
    "a reset": _behind(lambda stream: h2_frames.rst_stream(stream, Error.INTERNAL_ERROR)),
    "a reset for nothing": _behind(lambda stream: h2_frames.rst_stream(stream, Error.NO_ERROR)),
    "a cancellation": _behind(lambda stream: h2_frames.rst_stream(stream, Error.CANCEL)),
    "a late refusal": _behind(lambda stream: h2_frames.rst_stream(stream, Error.REFUSED_STREAM)),
    "trailers with :status": _trailers((":status", "200")),
    "trailers with :path": _trailers((":path", "/")),
    "trailers in upper case": _trailers(("X", "y")),
    "trailers with CR LF": _trailers(("x", f"y{_SPLIT}")),
    "trailers with CR LF in a name": _trailers(("x: y\r\nz", "y")),
    "trailers with NUL": _trailers(("x", "\0")),
    "trailers with connection": _trailers(("connection", "close")),
    "trailers with transfer-encoding": _trailers(("transfer-encoding", "chunked")),
    "trailers that do not end": _trailers(("x", "y"), end=False),
    "a second head": _trailers((":status", "200"), ("content-length", "6"), end=False),
}

# What has a good length, and more than that: a client that counts has had the whole before that shows.
TOO_LONG: dict[str, Frames] = {
    "one byte more than content-length": _behind(_data(b"x"), length=4),
    "much more than content-length": _behind(_data(POISON), length=4),
    "an answer more than content-length": _behind(_data(_SPLIT.encode()), length=4),
}

# The connection is broken by it. The server is told so, and what was under way on it fails.
BROKEN_CONNECTIONS: dict[str, tuple[Frames, tuple[Error, ...]]] = {
    "PUSH_PROMISE": (
        lambda stream: frame(
            Kind.PUSH_PROMISE,
            Flag.END_HEADERS,
            stream,
            b"\0\0\0\2" + h2_frames.block((":method", "GET"), (":scheme", "http"), (":authority", "test"), (":path", "/")),
        ),
        (Error.PROTOCOL_ERROR,),
    ),
    "HEADERS on a stream of its own": (
        lambda _: h2_frames.headers(2, h2_frames.block((":status", "200"))),
        (Error.PROTOCOL_ERROR,),
    ),
    "HEADERS on a stream that nobody opened": (
        lambda _: h2_frames.headers(9_999, h2_frames.block((":status", "200"))),
        (Error.PROTOCOL_ERROR,),
    ),
    "DATA on a stream that nobody opened": (lambda _: h2_frames.data(9_999, POISON), (Error.PROTOCOL_ERROR,)),
    "DATA on stream 0": (lambda _: h2_frames.data(0, POISON), (Error.PROTOCOL_ERROR,)),
    "a header block that can't be decoded": (lambda stream: h2_frames.headers(stream, b"\x80"), (Error.COMPRESSION_ERROR,)),
    "a frame larger than allowed": (
        lambda stream: h2_frames.headers(stream, h2_frames.block((":status", "200")), end=False)
        + h2_frames.data(stream, bytes(20_000)),
        (Error.FRAME_SIZE_ERROR,),
    ),
    "SETTINGS with ENABLE_PUSH": (lambda _: h2_frames.settings({Setting.ENABLE_PUSH: 1}), (Error.PROTOCOL_ERROR,)),
    "SETTINGS with a window of 2^31": (
        lambda _: h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: 2**31}),
        (Error.FLOW_CONTROL_ERROR,),
    ),
    "WINDOW_UPDATE of 0": (lambda _: h2_frames.window_update(0, 0), (Error.PROTOCOL_ERROR,)),
    "a window beyond 2^31 - 1": (lambda _: h2_frames.window_update(0, 2**31 - 1) * 2, (Error.FLOW_CONTROL_ERROR,)),
    "CONTINUATION without HEADERS": (lambda stream: h2_frames.continuation(stream, b""), (Error.PROTOCOL_ERROR,)),
    "HTTP/1.1": (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", (Error.FRAME_SIZE_ERROR, Error.PROTOCOL_ERROR)),
}
