"""An origin that does, byte for byte, what a test tells it to."""

import socket
import ssl
import threading
from collections.abc import Callable

from tests.support.wire import Closed, Wire


class ScriptedOrigin:
    """Runs `script` with each connection that comes, in a thread of its own, and closes it afterwards.

    A script may end by any error of the connection; another error is kept in `errors`. Listens on a port of its own of
    `host`, or on "unix:/path". With `tls`, the script gets the connection once the handshake is done.
    """

    def __init__(self, script: Callable[[Wire], None], host: str = "127.0.0.1", tls: ssl.SSLContext | None = None):
        self._script = script
        self._tls = tls
        if host.startswith("unix:"):
            self._listening = socket.socket(socket.AF_UNIX)
            self._listening.bind(host[len("unix:") :])
            self._listening.listen(1024)
            self.address = host
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listening = socket.create_server((host, 0), family=family, backlog=1024)
            port = self._listening.getsockname()[1]
            self.address = f"[{host}]:{port}" if family == socket.AF_INET6 else f"{host}:{port}"
        self.connections = 0
        self.errors: list[BaseException] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "ScriptedOrigin":
        return self

    def __exit__(self, *_) -> None:
        # shutdown wakes the accept; close alone would not.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            if accepted.family != socket.AF_UNIX:
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(Wire(accepted),), daemon=True).start()

    def _serve(self, wire: Wire) -> None:
        try:
            if self._tls is not None:
                wire = Wire(self._tls.wrap_socket(wire.socket, server_side=True))
            self._script(wire)
        except (Closed, OSError):
            pass
        except BaseException as error:
            self.errors.append(error)
        finally:
            wire.close()


def answering(response: bytes) -> Callable[[Wire], None]:
    """A script that answers every request with the same bytes."""

    def script(wire: Wire) -> None:
        while True:
            wire.read_request()
            wire.send(response)

    return script
