"""The load client (tests/support/hammer) as a process."""

import dataclasses
import json
import signal
from typing import Any

from tests.support.binaries import binary
from tests.support.processes import Workbench
from tests.support.waiting import wait_until


@dataclasses.dataclass
class LoggedExchange:
    """One request of a hammer; times are of CLOCK_MONOTONIC."""

    start_ns: int
    end_ns: int
    status: int
    origin: str
    path: str
    tag: str
    result: str


class Hammer:
    """Runs until its requests are done, or until stop()."""

    def __init__(self, bench: Workbench, target: str, *flags: str, name: str = "hammer"):
        self.name = name
        self._log = bench.directory / f"{name}.log"
        self.process = bench.start(
            [binary("hammer"), f"--target={target}", f"--tag={name}-", f"--log={self._log}", "--progress", *flags], name
        )

    def done(self) -> int:
        """How many requests it has finished, as it said last."""
        for line in reversed(self.process.stdout().splitlines()):
            if line.startswith('{"progress": ') and line.endswith("}"):
                return json.loads(line)["progress"]
        return 0

    def wait_for_progress(self, requests: int, seconds: float = 60) -> None:
        """Until so many more have finished than have now."""
        goal = self.done() + requests
        wait_until(lambda: self.done() >= goal, lambda: f"{goal} requests of {self.name}; {self.done()} done", seconds)

    def stop(self) -> dict[str, Any]:
        """Lets what is under way finish; returns the result."""
        self.process.send_signal(signal.SIGTERM)
        return self.result()

    def result(self, seconds: float = 100) -> dict[str, Any]:
        """Waits for the end; its counts; see Tally::ToJson."""
        code = self.process.wait_exit(seconds)
        assert code in (0, 1), f"{self.name} could not run: {self.process.stderr()}"
        return json.loads(self.process.stdout().splitlines()[-1])

    def exchanges(self) -> list[LoggedExchange]:
        """Every request of it that has ended, in the order of their ends. Complete after stop() or result()."""
        exchanges = []
        for line in self._log.read_text().splitlines():
            start, end, status, origin, path, tag, result = line.split(" ")
            exchanges.append(LoggedExchange(int(start), int(end), int(status), origin, path, tag, result))
        return exchanges


def assert_no_failure(result: dict[str, Any]) -> None:
    assert result["failures"] == 0, json.dumps(result["failure_kinds"], indent=1)
