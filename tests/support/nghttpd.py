"""nghttpd as a real origin of HTTP/2: files of a directory of the test's, and bodies sent back."""

import pathlib
import socket

from tests.support.ports import closed_port
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until


class Nghttpd:
    """Speaks HTTP/2 by prior knowledge, or by TLS with this certificate and key; serves what is put into `root`, and sends a request's body back."""

    def __init__(self, bench: Workbench, *flags: str, name: str = "nghttpd", tls: tuple[pathlib.Path, pathlib.Path] | None = None):
        self.root = bench.directory / f"{name}.root"
        self.root.mkdir()
        self.address = closed_port()
        port = self.address.rpartition(":")[2]
        command = ["nghttpd", "--address=127.0.0.1", "--echo-upload", f"--htdocs={self.root}", *flags]
        command += [port, str(tls[1]), str(tls[0])] if tls else ["--no-tls", port]
        self.process: Process = bench.start(command, name)
        wait_until(self._listens, f"{name} listens")

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", int(self.address.rpartition(":")[2])), timeout=5).close()
        except ConnectionRefusedError:
            return False
        return True

    def server(self, identity: str = "nghttpd", **fields) -> dict:
        return {"id": identity, "address": self.address, **fields}
