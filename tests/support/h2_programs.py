"""curl, nghttp, h2load and nghttpd, as their authors made them."""

import json
import pathlib
import re
import subprocess

from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import Wire


def run(*command: str, cwd: pathlib.Path | None = None, seconds: float = 60) -> str:
    """What it prints; it must end with 0."""
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace", timeout=seconds)
    assert ran.returncode == 0, f"{command} ended with {ran.returncode}: {ran.stderr} {ran.stdout[-2000:]}"
    return ran.stdout


def curl(*arguments: str, cwd: pathlib.Path | None = None) -> str:
    return run("curl", "--silent", "--show-error", "--noproxy", "*", *arguments, cwd=cwd)


def h2load(*arguments: str) -> dict[str, int]:
    """Its counts: total, started, done, succeeded, failed, errored, timeout, and 2xx to 5xx."""
    said = run("h2load", *arguments, seconds=100)
    counts = {}
    for line in re.findall(r"^(?:requests|status codes): (.*)$", said, re.MULTILINE):
        counts |= {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", line)}
    assert "total" in counts, said
    return counts


class Nghttpd:
    """Serves the workbench's directory, echoing uploads; with a certificate's files (chain and key) over TLS."""

    def __init__(
        self,
        bench: Workbench,
        *flags: str,
        certificate: tuple[pathlib.Path, pathlib.Path] | None = None,
        name: str = "nghttpd",
    ):
        host, _, port = closed_port().rpartition(":")
        self.address = f"{host}:{port}"
        where = [port] if certificate is None else [port, str(certificate[1]), str(certificate[0])]
        plain = ["--no-tls"] if certificate is None else []
        bench.start(
            [
                "/usr/sbin/nghttpd",
                *plain,
                "--echo-upload",
                f"--address={host}",
                f"--htdocs={bench.directory}",
                *flags,
                *where,
            ],
            name,
        )
        wait_until(self._is_up, "nghttpd listens")

    def _is_up(self) -> bool:
        try:
            Wire.connect(self.address).close()
            return True
        except ConnectionRefusedError:
            return False


def nghttp_statistics(*arguments: str, cwd: pathlib.Path) -> list[dict]:
    """A HAR entry for each request."""
    run("nghttp", "--null-out", "--har=har.json", *arguments, cwd=cwd)
    return json.loads((cwd / "har.json").read_text())["log"]["entries"]
