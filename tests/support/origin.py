"""The demo origin (tests/support/origin) as a process."""

import dataclasses
import http.client
import json
from typing import Any

from tests.support.binaries import binary
from tests.support.processes import Workbench


@dataclasses.dataclass
class LoggedRequest:
    """A request that reached an origin; `at_ns` is of CLOCK_MONOTONIC, as time.monotonic_ns() tells it."""

    at_ns: int
    connection: int
    method: str
    target: str
    tag: str


class Origin:
    def __init__(self, bench: Workbench, name: str, *flags: str, wrapper: tuple[str, ...] = ()):
        """`wrapper` is a command that becomes the origin, in its own process."""
        self.name = name
        self._log = bench.directory / f"{name}.log"
        self.process = bench.start([*wrapper, binary("origin"), f"--name={name}", f"--log={self._log}", *flags], name)
        self.address = self.process.wait_for_line(r"^listening on (\S+)$")[1]

    def stats(self) -> dict[str, Any]:
        """Its counts; see Journal::ToJson."""
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request("GET", "/stats")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def requests(self) -> list[LoggedRequest]:
        """All requests that have reached it, in order."""
        lines = self._log.read_text().splitlines()
        return [
            LoggedRequest(int(at), int(connection), method, target, tag)
            for at, connection, method, target, tag in (line.split(" ") for line in lines)
        ]

    def server(self, **fields: Any) -> dict[str, Any]:
        """It as a server of a backend, with its name as id."""
        return {"id": self.name, "address": self.address, **fields}
