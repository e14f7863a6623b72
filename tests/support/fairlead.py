"""The proxy under test, as a process."""

import http.client
import json
import socket
from typing import Any

from tests.support.binaries import binary
from tests.support.control_session import ControlSession
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until
from tests.support.wire import Wire


class Fairlead:
    """A fairlead that has said where it listens. Its control and health sockets are in the workbench's directory.

    `wrapper` is a command that becomes the proxy, in its own process.
    """

    def __init__(
        self,
        bench: Workbench,
        io: str,
        *,
        workers: int = 2,
        controllers: tuple[str, ...] = (),
        flags: tuple[str, ...] = (),
        name: str = "fairlead",
        wrapper: tuple[str, ...] = (),
    ):
        self.io = io
        control_flags = (f"--control={','.join(controllers)}",) if controllers else ()
        self.process: Process = bench.start(
            [
                *wrapper,
                binary("fairlead"),
                f"--io={io}",
                f"--workers={workers}",
                f"--node_id={name}",
                "--admin_listen=127.0.0.1:0",
                f"--control_listen=unix:{bench.directory}/{name}.control",
                f"--health_listen=unix:{bench.directory}/{name}.health",
                *control_flags,
                *flags,
            ],
            name,
        )
        self.admin = self.process.wait_for_line(r"^admin listening on (\S+)$")[1]
        self.control = self.process.wait_for_line(r"^control listening on (\S+)$")[1]
        self.health = self.process.wait_for_line(r"^health listening on (\S+)$")[1]

    def connect(self) -> ControlSession:
        """A new conversation with it."""
        return ControlSession(self.control)

    def admin_get(self, path: str) -> tuple[int, str]:
        """The status and body of its admin page."""
        connection = http.client.HTTPConnection(self.admin, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        """GET /status."""
        code, body = self.admin_get("/status")
        assert code == 200, body
        return json.loads(body)

    def metrics(self) -> dict[str, float]:
        """GET /metrics: values by name with labels, as they stand there."""
        code, body = self.admin_get("/metrics")
        assert code == 200, body
        lines = (line for line in body.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def listener(self, identity: str = "web") -> str:
        """The address that this listener is bound to."""
        for listener in self.status()["listeners"]:
            if listener["id"] == identity:
                return listener["bound_address"]
        raise AssertionError(f"no listener {identity}")

    def server_status(self, backend: str, server: str) -> dict[str, Any]:
        """What /status says about one server."""
        for described in self.status()["backends"]:
            if described["id"] == backend:
                return next(entry for entry in described["servers"] if entry["id"] == server)
        raise AssertionError(f"no backend {backend}")

    def wait_for_health(self, backend: str, server: str, health: str) -> dict[str, Any]:
        """Waits until a server's health is that, and returns what /status says about it then."""
        found: dict[str, Any] = {}

        def has_come() -> bool:
            found.update(self.server_status(backend, server))
            return found["health"] == health

        wait_until(has_come, lambda: f"{backend}/{server} {health}; it is {found}")
        return found

    def open(self, listener: str = "web", **options: Any) -> Wire:
        """A client's connection to one of its listeners."""
        return Wire.connect(self.listener(listener), **options)

    def report(self, *lines: str) -> list[str]:
        """Sends lines of the health protocol over its socket; returns the answers."""
        kind, _, place = self.health.partition(":")
        if kind == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(place)
        else:
            host, _, port = self.health.rpartition(":")
            connection = socket.create_connection((host, int(port)))
        with connection:
            connection.settimeout(20)
            connection.sendall("".join(f"{line}\n" for line in lines).encode())
            answers = connection.makefile()
            return [answers.readline().rstrip("\n") for _ in lines]

    def resident_kib(self) -> int:
        return self.process.resident_kib()
