"""fairlead_prober, as a process."""

import json
import re
import subprocess
from typing import Any

from tests.support import unix_http
from tests.support.binaries import binary
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until


class Prober:
    """A prober that has said where it listens. Its admin socket, and its peers', are in the workbench's directory.

    `config` and `servers` become its files; `peers` are the names of all probers, which hear each other by unix sockets. Its id is
    `identity`, or the name.
    """

    def __init__(
        self,
        bench: Workbench,
        name: str,
        *flags: str,
        config: dict[str, Any] | None = None,
        servers: dict[str, Any] | None = None,
        peers: tuple[str, ...] = (),
        identity: str = "",
        wrapper: tuple[str, ...] = (),
    ):
        self.name = name
        self._config = bench.directory / f"{name}.checks.yaml"
        self._servers = bench.directory / f"{name}.servers.yaml"
        more = []
        if config is not None:
            self.write_config(config)
            more.append(f"--config={self._config}")
        if servers is not None:
            self.write_servers(servers)
            more.append(f"--servers={self._servers}")
        if peers:
            more.append(f"--peer_listen=unix:{bench.directory}/{name}.peer")
            more.append("--peers=" + ",".join(f"unix:{bench.directory}/{peer}.peer" for peer in peers))
        admin = f"--admin_listen=unix:{bench.directory}/{name}.admin"
        command = [*wrapper, binary("fairlead_prober"), f"--id={identity or name}", admin, *more, *flags]
        self.process: Process = bench.start(command, name)
        self._admin = self.process.wait_for_line(r"^admin listening on unix:(\S+)$")[1]

    def write_config(self, config: dict[str, Any]) -> None:
        self._config.write_text(json.dumps(config))

    def write_servers(self, servers: dict[str, Any]) -> None:
        self._servers.write_text(json.dumps(servers))

    def get(self, path: str) -> tuple[int, str]:
        """The status and body of a page."""
        return unix_http.get(self._admin, path)

    def metrics(self) -> dict[str, float]:
        """Values by name with labels, as they stand in /metrics."""
        lines = (line for line in self.get("/metrics")[1].splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def share(self) -> dict[str, dict[str, Any]]:
        """What /servers says, by "web/w1"."""
        entries = json.loads(self.get("/servers")[1])
        return {f"{entry['backend']}/{entry['server']}": entry for entry in entries}

    def wait_for(self, server: str, state: str, outcome: str = "") -> dict[str, Any]:
        """Waits until it believes that of a server of its share, and its last check ended in that way (a pattern)."""
        found: dict[str, Any] = {}

        def has_come() -> bool:
            found.update(self.share().get(server, {}))
            return found.get("state") == state and re.search(outcome, found.get("outcome", "")) is not None

        wait_until(has_come, lambda: f"{server} {state} by {outcome!r}; it is {found}")
        return found


def check_once(*flags: str, environment: dict[str, str] | None = None) -> tuple[int, list[list[str]], str]:
    """--once: the exit code, the table's rows without its head, and what stands on stderr."""
    result = subprocess.run(
        [binary("fairlead_prober"), "--once", *flags], capture_output=True, text=True, timeout=60, env=environment
    )
    rows = [re.split(r"\s{3,}", line) for line in result.stdout.splitlines()[1:]]
    return result.returncode, rows, result.stderr
