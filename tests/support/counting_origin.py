"""An origin that notes how much of it is used at a time."""

import select
import socket
import threading

from tests.support.waiting import wait_until
from tests.support.wire import Closed, Wire


class CountingOrigin:
    """Answers requests after `hold` seconds each, or where that is None, one by one as a test lets them go (release).

    Its peaks are what it saw at worst: a request counts from when it was read until its answer is about to be sent, a
    connection from when it was accepted until its end could be read.
    """

    def __init__(self, name: str = "origin", hold: float | None = 0.0):
        self.name = name
        self._hold = hold
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = "127.0.0.1:%d" % self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._permits = threading.Semaphore(0)
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self.active = 0
        self.served = 0
        self.accepted = 0
        self.peak_active = 0
        self.peak_connections = 0
        self.targets: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "CountingOrigin":
        return self

    def __exit__(self, *_) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._closing.set()
        self.release(10_000)

    def server(self, **fields) -> dict:
        return {"id": self.name, "address": self.address, **fields}

    def release(self, requests: int = 1) -> None:
        """Lets so many requests be answered."""
        self._permits.release(requests)

    def wait_for_active(self, requests: int) -> None:
        wait_until(lambda: self.active == requests, lambda: f"{requests} requests at {self.name}; {self.active} are")

    def reset_peaks(self) -> None:
        with self._lock:
            self.peak_active = self.active
            self.peak_connections = 0

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                # Those whose end has come, but whose thread has not read it, are closed.
                poll = select.poll()
                for connection in self._open:
                    poll.register(connection, select.POLLRDHUP)
                ended = len(poll.poll(0))
                self._open.add(accepted)
                self.accepted += 1
                self.peak_connections = max(self.peak_connections, len(self._open) - ended)
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        wire = Wire(accepted)
        accepted.settimeout(None)
        try:
            while True:
                request = wire.read_request()
                with self._lock:
                    self.active += 1
                    self.targets.append(request.target)
                    self.peak_active = max(self.peak_active, self.active)
                if self._hold is None:
                    self._permits.acquire()
                elif self._hold > 0:
                    self._closing.wait(self._hold)
                with self._lock:
                    self.active -= 1
                    self.served += 1
                head = f"HTTP/1.1 200 OK\r\nX-Origin: {self.name}\r\nContent-Length: 2\r\n\r\n"
                wire.send(head + "ok")
        except (Closed, OSError):
            pass
        finally:
            with self._lock:
                self._open.discard(accepted)
            wire.close()
