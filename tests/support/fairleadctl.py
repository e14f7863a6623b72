"""The operator's tool as a process."""

import dataclasses
import json
import os
import subprocess
from typing import Any

from tests.support.binaries import binary


@dataclasses.dataclass
class Outcome:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def fairleadctl(address: str, *arguments: str, stdin: str = "") -> Outcome:
    """Runs it to its end; `address` goes by FAIRLEAD_ADDRESS."""
    result = subprocess.run(
        [binary("fairleadctl"), *arguments],
        env={**os.environ, "FAIRLEAD_ADDRESS": address},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Outcome(result.returncode, result.stdout, result.stderr)
