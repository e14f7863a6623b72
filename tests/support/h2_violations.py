"""What breaks HTTP/2 itself, by RFC 9113 and RFC 7541, and what only looks as if it did."""

import dataclasses

from tests.support import h2_frames
from tests.support.h2_frames import FIRST_WINDOW, LARGEST_FRAME, LARGEST_WINDOW, Error, Flag, Kind, Setting, frame

GET = [(":method", "GET"), (":scheme", "http"), (":authority", "test"), (":path", "/")]
POST = [(":method", "POST"), *GET[1:]]
GET_BLOCK = h2_frames.block(*GET)
POST_BLOCK = h2_frames.block(*POST)


@dataclasses.dataclass
class Violation:
    # Behind the client's preface and SETTINGS; its streams are 1 and above.
    frames: bytes
    # Of GOAWAY or of RST_STREAM on stream 1.
    codes: tuple[Error, ...]


def _violation(code: Error | tuple[Error, ...], *frames: bytes) -> Violation:
    return Violation(b"".join(frames), code if isinstance(code, tuple) else (code,))


_OPEN = h2_frames.headers(1, POST_BLOCK, end=False)
_WHOLE = h2_frames.headers(1, GET_BLOCK)
_PROTOCOL, _SIZE, _FLOW = Error.PROTOCOL_ERROR, Error.FRAME_SIZE_ERROR, Error.FLOW_CONTROL_ERROR
_CLOSED, _COMPRESSION = Error.STREAM_CLOSED, Error.COMPRESSION_ERROR


def _setting(name: int, value: int, code: Error) -> Violation:
    return _violation(code, h2_frames.settings({name: value}))


def _block(*octets: bytes) -> Violation:
    return _violation(_COMPRESSION, h2_frames.headers(1, b"".join(octets)))


# They end the connection.
OF_CONNECTION: dict[str, Violation] = {
    # §6.1, §5.1
    "DATA on stream 0": _violation(_PROTOCOL, h2_frames.data(0, b"x")),
    "DATA on an idle stream": _violation(_PROTOCOL, h2_frames.data(1, b"x", end=True)),
    "DATA padded beyond its end": _violation(_PROTOCOL, _OPEN, frame(Kind.DATA, Flag.PADDED, 1, b"\x05abc")),
    "DATA of padding that has no length": _violation((_PROTOCOL, _SIZE), _OPEN, frame(Kind.DATA, Flag.PADDED, 1)),
    # §6.2, §5.1.1
    "HEADERS on stream 0": _violation(_PROTOCOL, h2_frames.headers(0, GET_BLOCK)),
    "HEADERS on a stream of the server's": _violation(_PROTOCOL, h2_frames.headers(2, GET_BLOCK)),
    "HEADERS on a stream below the last": _violation(
        (_PROTOCOL, _CLOSED), h2_frames.headers(5, GET_BLOCK), h2_frames.headers(3, GET_BLOCK)
    ),
    "HEADERS padded beyond their end": _violation(
        _PROTOCOL, frame(Kind.HEADERS, Flag.PADDED | Flag.END_HEADERS | Flag.END_STREAM, 1, b"\xff" + GET_BLOCK)
    ),
    "HEADERS too short for their priority": _violation(
        (_PROTOCOL, _SIZE), frame(Kind.HEADERS, Flag.PRIORITY | Flag.END_HEADERS | Flag.END_STREAM, 1, b"\0\0")
    ),
    # §6.3
    "PRIORITY on stream 0": _violation(_PROTOCOL, h2_frames.priority(0)),
    # §6.4
    "RST_STREAM on stream 0": _violation(_PROTOCOL, h2_frames.rst_stream(0)),
    "RST_STREAM on an idle stream": _violation(_PROTOCOL, h2_frames.rst_stream(1)),
    "RST_STREAM of 3 bytes": _violation(_SIZE, _OPEN, frame(Kind.RST_STREAM, 0, 1, b"\0\0\0")),
    "RST_STREAM of 5 bytes": _violation(_SIZE, _OPEN, frame(Kind.RST_STREAM, 0, 1, b"\0\0\0\0\0")),
    # §6.5
    "SETTINGS on a stream": _violation(_PROTOCOL, frame(Kind.SETTINGS, 0, 1)),
    "SETTINGS of 5 bytes": _violation(_SIZE, frame(Kind.SETTINGS, payload=b"\0\3\0\0\0")),
    "an acknowledgement that has a payload": _violation(_SIZE, frame(Kind.SETTINGS, Flag.ACK, 0, b"\0\3\0\0\0\x64")),
    "ENABLE_PUSH of 2": _setting(Setting.ENABLE_PUSH, 2, _PROTOCOL),
    "INITIAL_WINDOW_SIZE of 2^31": _setting(Setting.INITIAL_WINDOW_SIZE, 2**31, _FLOW),
    "MAX_FRAME_SIZE of 16,383": _setting(Setting.MAX_FRAME_SIZE, 16_383, _PROTOCOL),
    "MAX_FRAME_SIZE of 2^24": _setting(Setting.MAX_FRAME_SIZE, 2**24, _PROTOCOL),
    # §6.6, §8.4
    "PUSH_PROMISE": _violation(_PROTOCOL, _OPEN, frame(Kind.PUSH_PROMISE, Flag.END_HEADERS, 1, b"\0\0\0\2" + GET_BLOCK)),
    # §6.7
    "PING on a stream": _violation(_PROTOCOL, frame(Kind.PING, 0, 1, bytes(8))),
    "PING of 7 bytes": _violation(_SIZE, frame(Kind.PING, payload=bytes(7))),
    "PING of 9 bytes": _violation(_SIZE, frame(Kind.PING, payload=bytes(9))),
    # §6.8
    "GOAWAY on a stream": _violation(_PROTOCOL, frame(Kind.GOAWAY, 0, 1, bytes(8))),
    "GOAWAY of 7 bytes": _violation(_SIZE, frame(Kind.GOAWAY, payload=bytes(7))),
    # §6.9
    "WINDOW_UPDATE of 0 for the connection": _violation(_PROTOCOL, h2_frames.window_update(0, 0)),
    "WINDOW_UPDATE of 3 bytes": _violation(_SIZE, frame(Kind.WINDOW_UPDATE, payload=b"\0\0\1")),
    "WINDOW_UPDATE on an idle stream": _violation(_PROTOCOL, h2_frames.window_update(1, 1)),
    "a window of the connection beyond 2^31 - 1": _violation(
        _FLOW, h2_frames.window_update(0, LARGEST_WINDOW), h2_frames.window_update(0, LARGEST_WINDOW)
    ),
    "a stream's window beyond 2^31 - 1 by SETTINGS": _violation(
        _FLOW,
        _OPEN,
        h2_frames.window_update(1, LARGEST_WINDOW - FIRST_WINDOW),
        h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: FIRST_WINDOW + 1}),
    ),
    "PRIORITY_UPDATE for stream 0": _violation(_PROTOCOL, frame(Kind.PRIORITY_UPDATE, payload=b"\0\0\0\0u=1")),
    "PRIORITY_UPDATE on a stream": _violation(_PROTOCOL, _OPEN, frame(Kind.PRIORITY_UPDATE, 0, 1, b"\0\0\0\1u=1")),
    # §6.10, §4.3
    "CONTINUATION without HEADERS": _violation(_PROTOCOL, h2_frames.continuation(1, GET_BLOCK)),
    "CONTINUATION on stream 0": _violation(_PROTOCOL, h2_frames.continuation(0, GET_BLOCK)),
    "CONTINUATION behind a whole block": _violation(_PROTOCOL, _OPEN, h2_frames.continuation(1, b"")),
    "CONTINUATION of another stream": _violation(
        _PROTOCOL, h2_frames.headers(1, GET_BLOCK, end_headers=False), h2_frames.continuation(3, b"")
    ),
    "DATA within a block": _violation(
        _PROTOCOL, h2_frames.headers(1, POST_BLOCK, end=False, end_headers=False), h2_frames.data(1, b"x")
    ),
    "PING within a block": _violation(_PROTOCOL, h2_frames.headers(1, GET_BLOCK, end_headers=False), h2_frames.ping()),
    "an unknown frame within a block": _violation(
        _PROTOCOL, h2_frames.headers(1, GET_BLOCK, end_headers=False), frame(0xFA, 0, 1, b"x")
    ),
    "HEADERS within a block": _violation(
        _PROTOCOL, h2_frames.headers(1, GET_BLOCK, end_headers=False), h2_frames.headers(3, GET_BLOCK)
    ),
    # §4.2
    "HEADERS beyond the frame size": _violation(_SIZE, h2_frames.headers(1, GET_BLOCK + b"\0\1x\x7f" + bytes(20_000))),
    "SETTINGS beyond the frame size": _violation(_SIZE, frame(Kind.SETTINGS, payload=bytes(LARGEST_FRAME + 2))),
    "PING of 2^24 - 1 bytes": _violation(_SIZE, frame(Kind.PING, length=2**24 - 1)),
    "an unknown frame beyond the frame size": _violation(_SIZE, frame(0xFA, payload=bytes(LARGEST_FRAME + 1))),
    "HTTP/1.1": _violation((_SIZE, _PROTOCOL), b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"),
    # RFC 7541
    "index 0": _block(b"\x80"),
    "an index beyond the tables": _block(h2_frames.indexed(62)),
    "an index of 2^31": _block(h2_frames.hpack_integer(2**31, 7, 0x80)),
    "an integer that never ends": _block(b"\xff" + b"\x80" * 200 + b"\x01"),
    "an integer cut off": _block(GET_BLOCK + b"\xff"),
    "a name cut off": _block(GET_BLOCK + b"\0\x05ab"),
    "a value cut off": _block(GET_BLOCK + b"\0\1x\x05ab"),
    "a value longer than all memory": _block(GET_BLOCK + b"\0\1x" + h2_frames.hpack_integer(2**40, 7)),
    "Huffman's padding of more than 7 bits": _block(GET_BLOCK + b"\0\1x\x82\xff\xff"),
    "Huffman's padding of zeroes": _block(GET_BLOCK + b"\0\1x\x81\x00"),
    "Huffman's end of string": _block(GET_BLOCK + b"\0\1x\x84\xff\xff\xff\xff"),
    "a table beyond the setting": _block(h2_frames.table_size(2**20) + GET_BLOCK),
    "a table size behind a field": _block(GET_BLOCK + h2_frames.table_size(0)),
}

# They end stream 1, and need not end more.
OF_STREAM: dict[str, Violation] = {
    # §6.9
    "WINDOW_UPDATE of 0": _violation(_PROTOCOL, _OPEN, h2_frames.window_update(1, 0)),
    "a window beyond 2^31 - 1": _violation(_FLOW, _OPEN, h2_frames.window_update(1, LARGEST_WINDOW)),
    # §6.3
    "PRIORITY of 4 bytes": _violation(_SIZE, _OPEN, frame(Kind.PRIORITY, 0, 1, bytes(4))),
    # §5.1, half-closed (remote); "/held" is not answered before the end
    "DATA behind the end": _violation(_CLOSED, _WHOLE, h2_frames.data(1, b"x")),
    "HEADERS behind the end": _violation((_CLOSED, _PROTOCOL), _WHOLE, h2_frames.headers(1, h2_frames.block(("x", "y")))),
    # §8.1
    "trailers that don't end the stream": _violation(
        _PROTOCOL, _OPEN, h2_frames.headers(1, h2_frames.block(("x", "y")), end=False)
    ),
    # §4.2
    "DATA beyond the frame size": _violation(_SIZE, _OPEN, h2_frames.data(1, bytes(LARGEST_FRAME + 1))),
}

# They are nothing to complain of.
HARMLESS: dict[str, bytes] = {
    # §5.5, §4.1
    "an unknown frame": frame(0xFA, 0xFF, 0, b"whatever"),
    "an unknown frame on an idle stream": frame(0xFA, 0xFF, 99, b"whatever"),
    "unknown flags": frame(Kind.PING, 0xFE, 0, b"8 bytes."),
    "the reserved bit": frame(Kind.PING, 0, 0x80000000, b"8 bytes."),
    # §6.5.2
    "unknown settings": h2_frames.settings({0xFAFA: 1, 0: 0, 0xFFFF: 0xFFFFFFFF}),
    "empty SETTINGS": h2_frames.settings(),
    "a setting twice": h2_frames.settings([(Setting.MAX_FRAME_SIZE, 2**24 - 1), (Setting.MAX_FRAME_SIZE, 16_384)]),
    "the largest of all settings": h2_frames.settings(
        {
            Setting.HEADER_TABLE_SIZE: 0xFFFFFFFF,
            Setting.MAX_CONCURRENT_STREAMS: 0xFFFFFFFF,
            Setting.INITIAL_WINDOW_SIZE: LARGEST_WINDOW,
            Setting.MAX_FRAME_SIZE: 2**24 - 1,
            Setting.MAX_HEADER_LIST_SIZE: 0xFFFFFFFF,
        }
    ),
    "the smallest of them": h2_frames.settings({Setting.HEADER_TABLE_SIZE: 0, Setting.MAX_CONCURRENT_STREAMS: 0}),
    # §5.3.2, RFC 9218 §7.1
    "PRIORITY on an idle stream": h2_frames.priority(101, 99),
    "PRIORITY in a circle": h2_frames.priority(101, 103) + h2_frames.priority(103, 101),
    "PRIORITY_UPDATE": frame(Kind.PRIORITY_UPDATE, payload=b"\0\0\0\x65u=7"),
    "PRIORITY_UPDATE of nonsense": frame(Kind.PRIORITY_UPDATE, payload=b"\0\0\0\x65\xff=;,("),
    # §6.9
    "a window that SETTINGS make the largest": _OPEN
    + h2_frames.window_update(1, LARGEST_WINDOW - FIRST_WINDOW)
    + h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: FIRST_WINDOW - 1})
    + h2_frames.settings({Setting.INITIAL_WINDOW_SIZE: FIRST_WINDOW}),
    "the largest window": h2_frames.window_update(0, LARGEST_WINDOW - 65_535),
    # §5.1: frames on a stream that has just been reset are on their way when the reset comes
    "WINDOW_UPDATE and RST_STREAM on a closed stream": b"".join(
        [_OPEN, h2_frames.rst_stream(1), h2_frames.window_update(1, 1), h2_frames.rst_stream(1), h2_frames.priority(1)]
    ),
    "an empty block behind another": h2_frames.headers(1, GET_BLOCK, end_headers=False) + h2_frames.continuation(1, b""),
    "a block cut at a field's middle": h2_frames.headers(1, GET_BLOCK[:10], end_headers=False)
    + h2_frames.continuation(1, GET_BLOCK[10:]),
    "padding": _OPEN + h2_frames.data(1, padding=0) + h2_frames.data(1, b"x", padding=255, end=True),
    "a table of no size": h2_frames.headers(1, h2_frames.table_size(0) + GET_BLOCK),
    "a table of no size, and of the usual": h2_frames.headers(1, h2_frames.table_size(0) + h2_frames.table_size(4096) + GET_BLOCK),
}
