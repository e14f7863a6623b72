"""What an access log says."""

import json
import pathlib
from typing import Any

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.waiting import wait_until

Entry = dict[str, Any]


def apply(fairlead: Fairlead, snapshot: dict[str, Any]) -> None:
    with fairlead.connect() as control:
        control.replace(snapshot)


def site(*servers: Entry, access_log: Entry | None = None, http: Entry | None = None, **fields: Any) -> Entry:
    """configs.site, with what is logged of its listener."""
    snapshot = configs.site(*servers, http=http, **fields)
    if access_log is not None:
        snapshot["listeners"][0]["access_log"] = access_log
    return snapshot


def picked(entry: Entry, *names: str) -> tuple:
    return tuple(entry[name] for name in names)


def outcome(entry: Entry) -> tuple:
    """What the client got, and who decided it."""
    return picked(entry, "status", "decided_by", "reason")


def parse(text: bytes) -> list[Entry]:
    """JSON of each line; the last one has to be whole, too."""
    assert not text or text.endswith(b"\n"), f"a line is torn: {text[-200:]!r}"
    return [json.loads(line.decode("utf-8")) for line in text.split(b"\n")[:-1]]


class AccessLogFile:
    """A file of JSON lines, which a proxy writes."""

    def __init__(self, path: pathlib.Path):
        self.path = path

    def lines(self) -> list[bytes]:
        """The lines that are there, whole ones alone."""
        if not self.path.exists():
            return []
        return self.path.read_bytes().split(b"\n")[:-1]

    def entries(self) -> list[Entry]:
        return [json.loads(line.decode("utf-8")) for line in self.lines()]

    def wait(self, count: int) -> list[Entry]:
        """All entries, once there are that many; no more than that may be there."""
        wait_until(lambda: len(self.lines()) >= count, lambda: f"{count} entries; there are {self.lines()}")
        entries = self.entries()
        assert len(entries) == count, entries
        return entries
