"""controlplane_mock as a process, on a YAML file of the test's, or one of several on a store."""

import json
import os
import pathlib
from typing import Any

import yaml

from tests.support.binaries import binary
from tests.support.processes import Workbench
from tests.support.waiting import wait_until


class ControlplaneMock:
    """Without a snapshot it has no file: the flags say what it serves."""

    def __init__(
        self,
        bench: Workbench,
        snapshot: dict[str, Any] | None,
        *flags: str,
        address: str = "127.0.0.1:0",
        name: str = "controlplane_mock",
    ):
        self.file = bench.directory / f"{name}.yaml"
        self._status_file = bench.directory / f"{name}.status"
        self._status_file.unlink(missing_ok=True)  # of one that ran before
        files = []
        if snapshot is not None:
            self.write(snapshot)
            files.append(str(self.file))
        self.name = name
        command = [binary("controlplane_mock"), f"--status_file={self._status_file}", *flags]
        if address:
            command.append(f"--listen={address}")
        self.process = bench.start([*command, *files], name)
        self.address = self.process.wait_for_line(r"^listening on (\S+)$")[1]

    def write(self, snapshot: dict[str, Any] | str) -> None:
        """Puts other contents in place of the file's, in one step."""
        text = snapshot if isinstance(snapshot, str) else yaml.safe_dump(snapshot, sort_keys=False)
        write_in_one_step(self.file, text)

    def status(self) -> dict[str, Any]:
        """What --status_file holds."""
        return json.loads(self._status_file.read_text()) if self._status_file.exists() else {}

    def proxy(self, node_id: str = "fairlead") -> dict[str, Any]:
        """What it says of one proxy; {} for one that it does not know."""
        return next((proxy for proxy in self.status().get("proxies", ()) if proxy["node_id"] == node_id), {})

    def wait_until_served(self, node_id: str = "fairlead") -> dict[str, Any]:
        """Until that proxy serves what the file says."""

        def is_served() -> bool:
            proxy = self.proxy(node_id)
            return bool(proxy) and proxy["state"] == "CONNECTED" and proxy.get("up_to_date", False)

        wait_until(is_served, lambda: f"{node_id} is up to date; it is {self.proxy(node_id)}")
        return self.proxy(node_id)

    def lines(self, containing: str) -> list[str]:
        """The lines of its log that hold that."""
        return [line for line in self.process.stdout().splitlines() if containing in line]


def write_in_one_step(path: pathlib.Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    os.replace(temporary, path)
