"""The proxies that are compared, and the origin behind them, as processes with one worker each."""

import dataclasses
import pathlib
import subprocess
from collections.abc import Iterable, Mapping

from bench.machine import Machine
from bench.programs import REPOSITORY
from bench.protocols import MODES, Certificate, Mode, answers, parts
from tests.support.ports import closed_port
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until

_CONFIGURATIONS = REPOSITORY / "bench/configurations"
_FILES = {"empty": 0, "10k": 10_000, "200k": 200_000, "1M": 1_000_000}
_CONTROL_FLAGS = ("--workers=1", "--admin_listen=127.0.0.1:0")

NAMES = ("fairlead io_uring", "fairlead epoll", "nginx", "haproxy", "envoy")


@dataclasses.dataclass
class Peer:
    name: str
    address: str
    process: Process

    @property
    def is_fairlead(self) -> bool:
        return self.name.startswith("fairlead")


class Peers:
    """Starts them. `fairlead` is the directory of its programs, `envoy` that program or None: then it is left out."""

    def __init__(self, bench: Workbench, machine: Machine, fairlead: pathlib.Path, envoy: pathlib.Path | None):
        self._bench = bench
        self._machine = machine
        self._fairlead = fairlead
        self._envoy = envoy
        self._started = 0
        self.certificate = Certificate(bench.directory)  # of those that are started from now on
        self.h2c_origin = closed_port()
        self.origin = self._start_origin()

    def names(self) -> list[str]:
        return [name for name in NAMES if name != "envoy" or self._envoy]

    def start_all(self, mode: str) -> list[Peer]:
        """Each that serves so (protocols.MODES)."""
        return [self.start(name, mode) for name in self.names() if MODES[mode].serves(name)]

    def start(
        self,
        name: str,
        mode: str = "http",
        *,
        more: Mapping[str, str] | None = None,
        connections: int = 4096,
        wrapper: Iterable[str] = (),
        flags: Iterable[str] = (),
    ) -> Peer:
        """One that answers. `more` fills in `more_servers` and `more_backends`, `connections` bounds those at a time
        where the proxy wants to know, `wrapper` is a command that runs the proxy, `flags` are a fairlead's own."""
        self._started += 1
        unique = f"{name.replace(' ', '-')}-{self._started}"
        address = closed_port()
        template = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg", "envoy": "envoy.yaml"}.get(name, "fairlead.yaml")
        path = self._fill(template, unique, address, connections, MODES[mode], more or {})
        if name.startswith("fairlead"):
            process = self._start_fairlead(unique, name.split()[1], path, wrapper, flags)
        else:
            process = self._bench.start(self._machine.for_proxy(*wrapper, *self._command(name, path)), unique)
        wait_until(lambda: answers(address, MODES[mode]) or not process.is_running(), f"{name} answers", seconds=60)
        if not process.is_running():
            raise AssertionError(f"{name} has ended: {process.stderr()}")
        return Peer(name, address, process)

    def stats_socket(self, peer: Peer) -> str:
        """Where a HAProxy takes commands."""
        return f"{self._bench.directory}/{peer.process.name}.stats"

    def apply(self, peer: Peer, more: Mapping[str, str]) -> None:
        """Changes what a Fairlead serves to the same with `more`."""
        path = self._fill("fairlead.yaml", f"{peer.process.name}-more", peer.address, 0, MODES["http"], more)
        self._apply(peer.process.name, path)

    def _start_origin(self) -> str:
        files = self._bench.directory / "files"
        files.mkdir()
        for name, size in _FILES.items():
            (files / name).write_bytes(b"x" * size)
        address = closed_port()
        # Itself where others have their origin.
        self.origin = address
        path = self._fill("origin.conf", "origin", address, 16_384, Mode(templates=""), {})
        self._bench.start(self._machine.for_load(*self._command("nginx", path)), "origin")
        wait_until(lambda: answers(address, Mode()), "the origin answers")
        return address

    def _fill(
        self, template: str, unique: str, address: str, connections: int, mode: Mode, more: Mapping[str, str]
    ) -> pathlib.Path:
        """A configuration with this run's addresses and directory."""
        path = self._bench.directory / f"{unique}{pathlib.Path(template).suffix}"
        values = {
            **parts(mode, self.certificate),
            "h2c_origin": self.h2c_origin,
            "more_servers": "",
            "more_backends": "",
            "name": unique,
            "directory": self._bench.directory,
            "connections": connections,
            **more,
        }
        origin = self.h2c_origin if mode.origin == "h2c" else self.origin
        for key, value in (("address", address), ("origin", origin)):
            values[key] = value
            values[f"{key}_host"], _, values[f"{key}_port"] = value.rpartition(":")
        path.write_text((_CONFIGURATIONS / mode.templates / template).read_text().format(**values))
        return path

    def _command(self, name: str, path: pathlib.Path) -> list[str]:
        if name == "nginx":
            return ["/usr/sbin/nginx", "-p", str(self._bench.directory), "-c", str(path)]
        if name == "haproxy":
            return ["/usr/sbin/haproxy", "-f", str(path)]
        flags = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
        return [str(self._envoy), "-c", str(path), *flags]

    def _control(self, unique: str) -> str:
        return f"unix:{self._bench.directory}/{unique}.control"

    def _start_fairlead(
        self, unique: str, io: str, configuration: pathlib.Path, wrapper: Iterable[str], flags: Iterable[str]
    ) -> Process:
        own_flags = [*_CONTROL_FLAGS, f"--io={io}", f"--control_listen={self._control(unique)}"]
        command = [*wrapper, str(self._fairlead / "dataplane/fairlead"), *own_flags, *flags]
        process = self._bench.start(self._machine.for_proxy(*command), unique)
        process.wait_for_line(r"^control listening on ", seconds=60)
        self._apply(unique, configuration)
        return process

    def _apply(self, unique: str, configuration: pathlib.Path) -> None:
        tool = [str(self._fairlead / "ctl/fairleadctl"), "apply", f"--address={self._control(unique)}"]
        subprocess.run([*tool, "-f", str(configuration)], check=True, stdout=subprocess.DEVNULL)
