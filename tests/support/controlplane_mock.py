"""controlplane_mock as a process, on a YAML file of the test's, or one of several on a store."""

import json
import os
import pathlib
from typing import Any

import yaml

from tests.support.binaries import binary
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.waiting import wait_until


class ControlplaneMock:
    """Without a snapshot it has no file: the flags say what it serves."""

    def __init__(
        self,
        bench: Workbench,
        snapshot: dict[str, Any] | None,
        *flags: str,
        address: str | None = None,
        name: str = "controlplane_mock",
    ):
        """Listens at `address`; where that is left out, at one that it can be restarted at; at none with ""."""
        self.file = bench.directory / f"{name}.yaml"
        self._status_file = bench.directory / f"{name}.status"
        self._status_file.unlink(missing_ok=True)  # of one that ran before
        self._desired_before: str | None = None
        files = []
        if snapshot is not None:
            self.write(snapshot)
            files.append(str(self.file))
        self.name = name
        command = [binary("controlplane_mock"), f"--status_file={self._status_file}", *flags]
        if address is None:
            address = closed_port()
        if address:
            command.append(f"--listen={address}")
        self.process = bench.start([*command, *files], name)
        self.address = self.process.wait_for_line(r"^listening on (\S+)$")[1]

    def write(self, snapshot: dict[str, Any] | str) -> None:
        """Puts other contents in place of the file's, in one step: others than it serves."""
        self._desired_before = self.status().get("desired_fingerprint")
        text = snapshot if isinstance(snapshot, str) else yaml.safe_dump(snapshot, sort_keys=False)
        write_in_one_step(self.file, text)

    def status(self) -> dict[str, Any]:
        """What --status_file holds."""
        return json.loads(self._status_file.read_text()) if self._status_file.exists() else {}

    def proxy(self, node_id: str = "fairlead") -> dict[str, Any]:
        """What it says of one proxy; {} for one that it does not know."""
        return _proxy(self.status(), node_id)

    def wait_until_served(self, node_id: str = "fairlead") -> dict[str, Any]:
        """Until that proxy serves what the file says, as write() has left it; the log tells all of it then. Returns what the
        status says of the proxy."""
        found: dict[str, Any] = {}

        def is_served() -> bool:
            status = self.status()
            found.clear()
            found.update(_proxy(status, node_id))
            is_read = status.get("desired_fingerprint") != self._desired_before
            return is_read and found.get("state") == "CONNECTED" and found.get("up_to_date", False)

        wait_until(is_served, lambda: f"{node_id} is up to date; it is {found}")
        return found

    def lines(self, containing: str) -> list[str]:
        """The lines of its log that hold that, so far; of what it has just done they may still be missing."""
        whole_lines = self.process.stdout().rpartition("\n")[0]
        return [line for line in whole_lines.splitlines() if containing in line]

    def wait_for_lines(self, containing: str, count: int = 1) -> list[str]:
        """The same, once there are that many."""
        return wait_until(
            lambda: len(found := self.lines(containing)) >= count and found,
            lambda: f"{count} lines with {containing!r} in {self.process.stdout()}",
        )


def _proxy(status: dict[str, Any], node_id: str) -> dict[str, Any]:
    return next((proxy for proxy in status.get("proxies", ()) if proxy["node_id"] == node_id), {})


def write_in_one_step(path: pathlib.Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    os.replace(temporary, path)
