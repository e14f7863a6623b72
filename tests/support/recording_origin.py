"""An origin of HTTP/1 that keeps every byte that reaches it."""

from tests.support.hostile_case import own_answer
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire


class RecordingOrigin(ScriptedOrigin):
    """Answers every request with its target, and keeps every byte that comes, by connection."""

    def __init__(self) -> None:
        self._received: list[bytearray] = []
        # Requests that came whole, and connections that have ended.
        self.whole = 0
        self.ended = 0
        super().__init__(self._answer)

    @property
    def received(self) -> bytes:
        """All that has come so far. What was sent to be answered is here before its answer, anything else maybe later."""
        return b"".join(self._received)

    def mark(self) -> list[int]:
        """Where what has come so far ends."""
        return [len(received) for received in self._received]

    def since(self, mark: list[int], holding: bytes = b"") -> bytes:
        """What has come since then, on the connection that this stands in; on all, if `holding` is empty."""
        kept = list(self._received)
        begins = mark + [0] * (len(kept) - len(mark))
        came = [bytes(received[begin:]) for received, begin in zip(kept, begins, strict=True)]
        return b"".join(piece for piece in came if holding in piece)

    def _answer(self, wire: Wire) -> None:
        received = bytearray()
        self._received.append(received)
        recording = _RecordingWire(wire.socket, received)
        try:
            while True:
                request = recording.read_request()
                self.whole += 1
                recording.send(own_answer(request.target))
        finally:
            self.ended += 1


class _RecordingWire(Wire):
    def __init__(self, connected, received: bytearray):
        super().__init__(connected)
        self._received = received

    def _fill(self) -> bool:
        before = len(self.buffer)
        more = super()._fill()
        self._received += self.buffer[before:]
        return more
