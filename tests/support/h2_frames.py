"""HTTP/2 by hand (RFC 9113, RFC 7541): frames and header blocks as bytes, also those that nobody should send."""

import dataclasses
import enum
import struct
from collections.abc import Iterable

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FIRST_WINDOW = 65_535
LARGEST_WINDOW = 2**31 - 1
LARGEST_FRAME = 16_384

Text = str | bytes


class Kind(enum.IntEnum):
    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9
    PRIORITY_UPDATE = 16  # RFC 9218


class Flag(enum.IntFlag):
    NONE = 0
    END_STREAM = 1
    ACK = 1
    END_HEADERS = 4
    PADDED = 8
    PRIORITY = 0x20


class Error(enum.IntEnum):
    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class Setting(enum.IntEnum):
    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6
    ENABLE_CONNECT_PROTOCOL = 8  # RFC 8441
    NO_RFC7540_PRIORITIES = 9  # RFC 9218


@dataclasses.dataclass
class Frame:
    """A frame as it came; `kind` is a Kind, or the number of one that is none."""

    kind: int
    flags: int
    stream: int
    payload: bytes

    def __str__(self) -> str:
        kind = Kind(self.kind).name if self.kind in list(Kind) else self.kind
        return f"{kind} {self.flags:#x} on {self.stream}: {self.payload[:40]!r} of {len(self.payload)}"

    def has(self, flag: Flag) -> bool:
        return bool(self.flags & flag)

    def contents(self) -> bytes:
        """The payload of DATA or HEADERS without padding and priority."""
        begin, end = 0, len(self.payload)
        if self.has(Flag.PADDED):
            begin, end = 1, end - self.payload[0]
        if self.kind == Kind.HEADERS and self.has(Flag.PRIORITY):
            begin += 5
        return self.payload[begin:end]


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"", *, length: int | None = None) -> bytes:
    """`length`: what the frame says of itself, where that is a lie."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(values: dict[int, int] | Iterable[tuple[int, int]] = ()) -> bytes:
    pairs = values.items() if isinstance(values, dict) else values
    return frame(Kind.SETTINGS, payload=b"".join(struct.pack(">HI", name, value) for name, value in pairs))


def settings_ack() -> bytes:
    return frame(Kind.SETTINGS, Flag.ACK)


def ping(opaque: bytes = b"8 bytes.", *, ack: bool = False) -> bytes:
    return frame(Kind.PING, Flag.ACK if ack else 0, payload=opaque)


def rst_stream(stream: int, code: int = Error.CANCEL) -> bytes:
    return frame(Kind.RST_STREAM, stream=stream, payload=struct.pack(">I", code))


def goaway(last: int, code: int = Error.NO_ERROR, debug: bytes = b"") -> bytes:
    return frame(Kind.GOAWAY, payload=struct.pack(">II", last, code) + debug)


def window_update(stream: int, increment: int) -> bytes:
    return frame(Kind.WINDOW_UPDATE, stream=stream, payload=struct.pack(">I", increment))


def priority(stream: int, depends_on: int = 0, weight: int = 15) -> bytes:
    return frame(Kind.PRIORITY, stream=stream, payload=struct.pack(">IB", depends_on, weight))


def data(stream: int, body: bytes = b"", *, end: bool = False, padding: int | None = None) -> bytes:
    flags = Flag.END_STREAM if end else Flag.NONE
    if padding is None:
        return frame(Kind.DATA, flags, stream, body)
    return frame(Kind.DATA, flags | Flag.PADDED, stream, bytes([padding]) + body + bytes(padding))


def headers(stream: int, block: bytes, *, end: bool = True, end_headers: bool = True) -> bytes:
    flags = (Flag.END_STREAM if end else Flag.NONE) | (Flag.END_HEADERS if end_headers else Flag.NONE)
    return frame(Kind.HEADERS, flags, stream, block)


def continuation(stream: int, block: bytes, *, end_headers: bool = True) -> bytes:
    return frame(Kind.CONTINUATION, Flag.END_HEADERS if end_headers else 0, stream, block)


def headers_in_frames(stream: int, block: bytes, *, end: bool = True, size: int = LARGEST_FRAME) -> bytes:
    """HEADERS, and as many CONTINUATIONs as it takes."""
    pieces = [block[at : at + size] for at in range(0, len(block), size)] or [b""]
    last = len(pieces) - 1
    made = headers(stream, pieces[0], end=end, end_headers=last == 0)
    return made + b"".join(continuation(stream, piece, end_headers=at == last) for at, piece in enumerate(pieces) if at)


def hpack_integer(value: int, prefix_bits: int, first: int = 0) -> bytes:
    """RFC 7541 §5.1; `first` are the bits in front of the prefix."""
    most = (1 << prefix_bits) - 1
    if value < most:
        return bytes([first | value])
    made = bytearray([first | most])
    value -= most
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def _octets(text: Text) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def literal(name: Text, value: Text, *, indexed: bool = False) -> bytes:
    """A field in plain octets, whatever they are (RFC 7541 §6.2): by itself it needs and changes no table; `indexed` adds it
    to the dynamic one."""
    name, value = _octets(name), _octets(value)
    kind = b"\x40" if indexed else b"\x00"
    return kind + hpack_integer(len(name), 7) + name + hpack_integer(len(value), 7) + value


def indexed(index: int) -> bytes:
    """A field of the tables (RFC 7541 §6.1): 1 to 61 static, 62 the latest of the dynamic ones."""
    return hpack_integer(index, 7, 0x80)


def table_size(size: int) -> bytes:
    """A dynamic table size update (RFC 7541 §6.3)."""
    return hpack_integer(size, 5, 0x20)


def block(*fields: tuple[Text, Text]) -> bytes:
    return b"".join(literal(name, value) for name, value in fields)
