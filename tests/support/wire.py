"""HTTP/1 on a raw socket, byte by byte: what is sent is exactly what the test says."""

import dataclasses
import socket
import time

from tests.support.waiting import DEADLINE_SECONDS


@dataclasses.dataclass
class Message:
    """A request or a response as it came."""

    start_line: str
    fields: list[tuple[str, str]]
    head: bytes
    body: bytes = b""
    trailers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    # The sizes of the chunks of a chunked body.
    chunks: list[int] = dataclasses.field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.start_line.split(" ")[1])

    @property
    def method(self) -> str:
        return self.start_line.split(" ")[0]

    @property
    def target(self) -> str:
        return self.start_line.split(" ")[1]

    def all(self, name: str) -> list[str]:
        """The values of every field of that name."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """The value of the one field of that name; None without one."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None

    def connection_options(self) -> set[str]:
        return {option.strip().lower() for value in self.all("connection") for option in value.split(",")}


class Closed(Exception):
    """The other side closed where more was due; `got` is what came before."""

    def __init__(self, got: bytes):
        super().__init__(f"closed after {got[:200]!r}")
        self.got = got


class Wire:
    """One end of a connection."""

    def __init__(self, connected: socket.socket):
        self.socket = connected
        self.socket.settimeout(DEADLINE_SECONDS)
        self.buffer = bytearray()

    @classmethod
    def connect(cls, address: str, receive_buffer: int | None = None) -> "Wire":
        """To "IP:port" or "unix:/path"; a small receive buffer makes a reader that the sender soon has to wait for."""
        is_unix = address.startswith("unix:")
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        created = socket.socket(
            socket.AF_UNIX if is_unix else socket.AF_INET6 if ":" in host else socket.AF_INET
        )
        if receive_buffer:
            created.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        created.settimeout(DEADLINE_SECONDS)
        created.connect(address[len("unix:") :] if is_unix else (host, int(port)))
        if not is_unix:
            created.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(created)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Closes with a reset in place of an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data: bytes | str) -> None:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def finish_writing(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def _fill(self) -> bool:
        """Reads more into the buffer; False when the other side has closed, orderly or not."""
        try:
            data = self.socket.recv(256 * 1024)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def take(self, count: int) -> bytes:
        """Exactly so many bytes."""
        while len(self.buffer) < count:
            if not self._fill():
                raise Closed(bytes(self.buffer))
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def take_through(self, end: bytes) -> bytes:
        """Up to and with the first `end`."""
        while (found := self.buffer.find(end)) < 0:
            if not self._fill():
                raise Closed(bytes(self.buffer))
        return self.take(found + len(end))

    def take_rest(self) -> bytes:
        """All that comes until the other side closes."""
        while self._fill():
            pass
        return self.take(len(self.buffer))

    def read_head(self) -> Message:
        head = self.take_through(b"\r\n\r\n")
        start_line, *lines = head[:-4].decode("latin-1").split("\r\n")
        return Message(start_line, [_field(line) for line in lines], head)

    def read_request(self) -> Message:
        """A whole request, with its body."""
        request = self.read_head()
        if request.get("transfer-encoding"):
            self._read_chunks(request)
        else:
            request.body = self.take(int(request.get("content-length") or 0))
        return request

    def read_response(self, method: str = "GET", *, informational: bool = False) -> Message:
        """A whole response to a request of that method; 1xx are passed over unless they are asked for."""
        while True:
            response = self.read_head()
            if response.status >= 200 or informational:
                break
        if method == "HEAD" or response.status < 200 or response.status in (204, 304):
            return response
        if response.get("transfer-encoding"):
            self._read_chunks(response)
        elif (length := response.get("content-length")) is not None:
            response.body = self.take(int(length))
        else:
            response.body = self.take_rest()
        return response

    def request(self, text: bytes | str, method: str = "GET") -> Message:
        """Sends it and reads the response."""
        self.send(text)
        return self.read_response(method)

    def _read_chunks(self, message: Message) -> None:
        body = bytearray()
        while True:
            size = int(self.take_through(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            message.chunks.append(size)
            body += self.take(size)
            assert self.take(2) == b"\r\n"
        while (line := self.take_through(b"\r\n")) != b"\r\n":
            message.trailers.append(_field(line[:-2].decode("latin-1")))
        message.body = bytes(body)

    def is_closed(self) -> bool:
        """Waits for the other side to close, and says whether it did so before sending anything more."""
        return not self.buffer and not self._fill()

    def stays_open(self, seconds: float = 0.2) -> bool:
        """Whether nothing comes for that long, not even the end."""
        self.socket.settimeout(seconds)
        try:
            self._fill()
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(DEADLINE_SECONDS)

    def send_until_blocked(self, data: bytes, at_most: int, quiet_seconds: float = 1.0) -> int:
        """Sends `data` again and again until the other side takes no more for a while; returns how many bytes it took."""
        sent = 0
        again = memoryview(data)
        self.socket.settimeout(quiet_seconds)
        begin = time.monotonic()
        try:
            while sent < at_most and time.monotonic() < begin + 60:
                # On from where the last one ended, which may have been anywhere in it.
                sent += self.socket.send(again[sent % len(data) :])
        except TimeoutError:
            pass
        finally:
            self.socket.settimeout(DEADLINE_SECONDS)
        return sent


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip(" \t")


def get(path: str, *lines: str, host: str = "test", version: str = "1.1", method: str = "GET") -> str:
    """The text of a request without a body; `lines` are further fields."""
    return f"{method} {path} HTTP/{version}\r\n" + "".join(f"{line}\r\n" for line in (f"Host: {host}", *lines)) + "\r\n"
