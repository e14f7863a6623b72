"""One end of an HTTP/2 connection, frame by frame: what is sent is exactly what the test says."""

import collections
import contextlib
import dataclasses
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import hpack

from tests.support import h2_frames
from tests.support.h2_frames import FIRST_WINDOW, LARGEST_FRAME, PREFACE, Flag, Frame, Kind, Setting
from tests.support.waiting import DEADLINE_SECONDS
from tests.support.wire import Closed, Wire

Fields = list[tuple[str, str]]


def request(path: str = "/", *fields: tuple[str, str], method: str = "GET", authority: str = "test") -> Fields:
    """The fields of a request; `fields` are its regular ones."""
    return [(":method", method), (":scheme", "http"), (":authority", authority), (":path", path), *fields]


def connect_websocket(path: str = "/", *fields: tuple[str, str], authority: str = "test") -> Fields:
    """RFC 8441 §5."""
    special = [(":method", "CONNECT"), (":protocol", "websocket"), *request(path, authority=authority)[1:]]
    return [*special, ("sec-websocket-version", "13"), *fields]


@dataclasses.dataclass
class Stream:
    """A stream, and all that has come on it."""

    id: int
    # What may be sent on it.
    window: int
    # Of a request, or of a response that is no 1xx.
    head: Fields | None = None
    interim: list[Fields] = dataclasses.field(default_factory=list)
    body: bytearray = dataclasses.field(default_factory=bytearray)
    trailers: Fields = dataclasses.field(default_factory=list)
    # The other side has ended it in order.
    ended: bool = False
    # The code that the other side has reset it with.
    reset: int | None = None

    @property
    def is_over(self) -> bool:
        return self.ended or self.reset is not None

    @property
    def status(self) -> int:
        assert self.head is not None, f"no response: {self}"
        return int(self.get(":status") or 0)

    def all(self, name: str) -> list[str]:
        return [value for field, value in self.head or [] if field == name]

    def get(self, name: str) -> str | None:
        """The value of the one field of that name; None without one."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None


class H2Wire:
    """A client's or a server's end. Nothing is read but while a method waits for something; then SETTINGS and PING are
    acknowledged, and what DATA took of the windows is given back, unless the three attributes say otherwise.
    """

    def __init__(self, wire: Wire, *, is_client: bool):
        self.wire = wire
        self.is_client = is_client
        self.acknowledges_settings = True
        self.acknowledges_pings = True
        self.gives_window = True
        self.streams: dict[int, Stream] = {}
        self.peer_settings: dict[int, int] = {}
        self.settings_acknowledged = 0
        # What may be sent on all streams together.
        self.window = FIRST_WINDOW
        # (last stream, code, debug data) of each GOAWAY that came.
        self.goaways: list[tuple[int, int, bytes]] = []
        self.ping_answers: list[bytes] = []
        self.received: collections.deque[Frame] = collections.deque(maxlen=4096)
        self.encoder = hpack.Encoder()
        self._decoder = hpack.Decoder(max_header_list_size=2**24)
        self._block: tuple[Frame, bytearray] | None = None
        # Streams that the other side has opened and that accept_stream() has not returned yet.
        self.unclaimed: list[Stream] = []
        self._next_stream = 1 if is_client else 2

    @classmethod
    def connect(
        cls, address: str, *, tls: ssl.SSLContext | None = None, settings: dict[int, int] | None = None, **options: Any
    ) -> "H2Wire":
        """A client's end, with its preface and SETTINGS sent; over TLS "h2" must be what ALPN chooses."""
        wire = Wire.connect(address, **options)
        if tls is not None:
            secured = tls.wrap_socket(wire.socket, server_hostname="test")
            assert secured.selected_alpn_protocol() == "h2", secured.selected_alpn_protocol()
            wire = Wire(secured)
        made = cls(wire, is_client=True)
        made.send(PREFACE + h2_frames.settings(settings or {}))
        return made

    @classmethod
    def accept(cls, wire: Wire, settings: dict[int, int] | None = None) -> "H2Wire":
        """A server's end of a connection whose client has sent its preface."""
        made = cls(wire, is_client=False)
        preface = wire.take(len(PREFACE))
        assert preface == PREFACE, f"not the preface of HTTP/2: {preface!r}"
        made.send(h2_frames.settings(settings or {}))
        return made

    def __enter__(self) -> "H2Wire":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.wire.close()

    # --- Sending

    def send(self, *frames: bytes) -> None:
        """Frames, or any other bytes."""
        self.wire.send(b"".join(frames))

    def new_stream(self) -> Stream:
        """A stream of the next number, of which nothing has been sent yet."""
        stream = Stream(self._next_stream, self.peer_settings.get(Setting.INITIAL_WINDOW_SIZE, FIRST_WINDOW))
        self._next_stream += 2
        self.streams[stream.id] = stream
        return stream

    def open(self, fields: Fields | None = None, *, end: bool = True) -> Stream:
        """Sends a request, by literals alone, without a body or the beginning of one."""
        stream = self.new_stream()
        self.send_head(stream, fields or request(), end=end)
        return stream

    def send_head(self, stream: Stream, fields: Fields, *, end: bool = False) -> None:
        """A head or trailers."""
        self.send(h2_frames.headers_in_frames(stream.id, h2_frames.block(*fields), end=end))

    def send_body(self, stream: Stream, body: bytes, *, end: bool = True) -> None:
        """In DATA of the usual size, within the windows, waiting for them where they are used up. Returns early where the
        stream is reset."""
        position = 0
        while position < len(body):
            size = min(len(body) - position, LARGEST_FRAME, self.window, stream.window)
            if size <= 0:
                if stream.reset is not None:
                    return
                self.step()
                continue
            last = position + size == len(body)
            self.send(h2_frames.data(stream.id, body[position : position + size], end=end and last))
            position += size
            self.window -= size
            stream.window -= size
        if not body and end:
            self.send(h2_frames.data(stream.id, end=True))

    def fill_window(self, stream: Stream, quiet_seconds: float = 0.5) -> int:
        """Sends a body until the other side has given no window for a while; returns how many bytes that were."""
        sent = 0
        while True:
            if (size := min(self.window, stream.window)) > 0:
                self.send_body(stream, bytes(size), end=False)
                sent += size
            try:
                self.step(quiet_seconds)
            except TimeoutError:
                if min(self.window, stream.window) == 0:
                    return sent

    def respond(self, stream: Stream, status: int = 200, *fields: tuple[str, str], body: bytes = b"") -> None:
        """A whole response."""
        self.send_head(stream, [(":status", str(status)), *fields], end=not body)
        if body:
            self.send_body(stream, body)

    # --- Receiving

    def read_frame(self, seconds: float = DEADLINE_SECONDS) -> Frame:
        """The next frame, of which nothing else is done; TimeoutError without one in time, Closed at the end."""
        buffer = self.wire.buffer
        deadline = time.monotonic() + seconds
        while len(buffer) < 9 or len(buffer) < 9 + int.from_bytes(buffer[:3], "big"):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no frame within {seconds} s")
            self.wire.socket.settimeout(left)
            try:
                if not self.wire._fill():
                    raise Closed(bytes(buffer))
            finally:
                self.wire.socket.settimeout(DEADLINE_SECONDS)
        size = int.from_bytes(buffer[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", buffer[3:9])
        payload = bytes(buffer[9 : 9 + size])
        del buffer[: 9 + size]
        return Frame(kind, flags, stream & 0x7FFFFFFF, payload)

    def step(self, seconds: float = DEADLINE_SECONDS) -> Frame:
        """The next frame, after all is done that it asks for."""
        came = self.read_frame(seconds)
        self.received.append(came)
        if self._block or came.kind in (Kind.HEADERS, Kind.CONTINUATION):
            self._take_block(came)
        elif came.kind == Kind.DATA:
            self._take_data(came)
        elif came.kind == Kind.SETTINGS:
            self._take_settings(came)
        elif came.kind == Kind.PING:
            if came.has(Flag.ACK):
                self.ping_answers.append(came.payload)
            elif self.acknowledges_pings:
                self._reply(h2_frames.ping(came.payload, ack=True))
        elif came.kind == Kind.RST_STREAM:
            self._stream(came.stream).reset = int.from_bytes(came.payload, "big")
        elif came.kind == Kind.GOAWAY:
            last, code = struct.unpack(">II", came.payload[:8])
            self.goaways.append((last, code, came.payload[8:]))
        elif came.kind == Kind.WINDOW_UPDATE:
            increment = int.from_bytes(came.payload, "big")
            if came.stream == 0:
                self.window += increment
            else:
                self._stream(came.stream).window += increment
        return came

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS) -> Any:
        """Takes frames until `condition` is true; returns its value."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            left = deadline - time.monotonic()
            try:
                if left <= 0:
                    raise TimeoutError
                self.step(left)
            except (TimeoutError, Closed) as reason:
                if isinstance(reason, Closed) and not self.is_client:
                    raise  # a script may end with its connection
                raise AssertionError(f"{what}, before {reason!r}; {self.describe()}") from reason
        return value

    def describe(self) -> str:
        """What has come last, for messages."""
        return f"last frames {[str(came) for came in list(self.received)[-8:]]}, GOAWAYs {self.goaways}"

    def finish(self, *streams: Stream) -> Stream:
        """Waits until they are over; returns the first."""
        self.wait(lambda: all(stream.is_over for stream in streams), f"streams {[s.id for s in streams if not s.is_over]} end")
        return streams[0]

    def exchange(self, fields: Fields | None = None, body: bytes | None = None) -> Stream:
        """A whole request and its response."""
        stream = self.open(fields, end=body is None)
        if body is not None:
            self.send_body(stream, body)
        return self.finish(stream)

    def accept_stream(self, seconds: float = DEADLINE_SECONDS) -> Stream:
        """The next stream that the client has opened, with its head."""
        return self.wait(lambda: self.unclaimed and self.unclaimed.pop(0), "a stream is opened", seconds)

    def accept_streams(self) -> Iterator[Stream]:
        """All streams, each with its whole request, until the connection ends."""
        while True:
            whole = next((stream for stream in self.unclaimed if stream.is_over), None)
            if whole is None:
                self.step()
            else:
                self.unclaimed.remove(whole)
                yield whole

    def synchronize(self) -> None:
        """A PING there and back: what was sent before has been read."""
        opaque = b"sync%04d" % len(self.ping_answers)
        self.send(h2_frames.ping(opaque))
        self.wait(lambda: opaque in self.ping_answers, "the PING is answered")

    def read_to_end(self, seconds: float = DEADLINE_SECONDS) -> tuple[int, int] | None:
        """Takes frames until the other side closes; returns the last stream and the code of its last GOAWAY, None without one."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                left = deadline - time.monotonic()
                assert left > 0, f"it stays open; {self.describe()}"
                self.step(left)
        except TimeoutError:
            raise AssertionError(f"it stays open; {self.describe()}") from None
        except Closed:
            return self.goaways[-1][:2] if self.goaways else None

    # --- What came

    def _reply(self, *frames: bytes) -> None:
        """The other side may be closing; what it has sent is still to be read."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send(*frames)

    def _stream(self, identity: int) -> Stream:
        if identity not in self.streams:
            window = self.peer_settings.get(Setting.INITIAL_WINDOW_SIZE, FIRST_WINDOW)
            self.streams[identity] = Stream(identity, window)
            self.unclaimed.append(self.streams[identity])
        return self.streams[identity]

    def _take_block(self, came: Frame) -> None:
        if self._block is None:
            assert came.kind == Kind.HEADERS, f"CONTINUATION without HEADERS: {came}"
            self._block = (came, bytearray(came.contents()))
        else:
            begin, octets = self._block
            assert (came.kind, came.stream) == (Kind.CONTINUATION, begin.stream), f"within a header block: {came}"
            octets += came.payload
        if not came.has(Flag.END_HEADERS):
            return
        begin, octets = self._block
        self._block = None
        decoded = self._decoder.decode(bytes(octets), raw=True)
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in decoded]
        stream = self._stream(begin.stream)
        if stream.head is not None:
            stream.trailers = fields
        elif self.is_client and dict(fields).get(":status", "").startswith("1"):
            stream.interim.append(fields)
        else:
            stream.head = fields
        stream.ended = stream.ended or begin.has(Flag.END_STREAM)

    def _take_data(self, came: Frame) -> None:
        stream = self._stream(came.stream)
        stream.body += came.contents()
        stream.ended = stream.ended or came.has(Flag.END_STREAM)
        if self.gives_window and came.payload:
            updates = [h2_frames.window_update(0, len(came.payload))]
            if not stream.is_over:
                updates.append(h2_frames.window_update(stream.id, len(came.payload)))
            self._reply(*updates)

    def _take_settings(self, came: Frame) -> None:
        if came.has(Flag.ACK):
            self.settings_acknowledged += 1
            return
        for name, value in struct.iter_unpack(">HI", came.payload):
            if name == Setting.INITIAL_WINDOW_SIZE:
                change = value - self.peer_settings.get(name, FIRST_WINDOW)
                for stream in self.streams.values():
                    stream.window += change
            self.peer_settings[name] = value
        if self.acknowledges_settings:
            self._reply(h2_frames.settings_ack())
