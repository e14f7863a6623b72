"""An origin of HTTP/1 that keeps every byte that reaches it."""

from tests.support.hostile_case import own_answer
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire


class RecordingOrigin(ScriptedOrigin):
    """Answers every request with its target, and keeps every byte that comes."""

    def __init__(self) -> None:
        self.received = bytearray()
        # Requests that came whole, and connections that have ended.
        self.whole = 0
        self.ended = 0
        super().__init__(self._answer)

    def _answer(self, wire: Wire) -> None:
        recording = _RecordingWire(wire.socket, self.received)
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
