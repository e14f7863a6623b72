"""The programs of the quickstart: origins, a controller on a YAML file, an empty fairlead that dials it."""

import http.client
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
from typing import Any

from tests.support.binaries import REPOSITORY, binary
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until

EXAMPLE = REPOSITORY / "docs/examples/quickstart.yaml"


class Unexpected(Exception):
    """What was promised did not happen."""


class BusyPort(Exception):
    """Somebody else has an address that the example names."""


def say(text: str = "") -> None:
    print(text, flush=True)


def _is_free(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_server((host, int(port))):
            return True
    except OSError:
        return False


class Stage:
    """Everything that runs, in a directory of its own. Its YAML file is a copy: the example stays as it is."""

    def __init__(self, directory: pathlib.Path):
        self._directory = directory
        self._bench = Workbench(directory)
        self.file = directory / "quickstart.yaml"
        self.requests = 0
        self.failures = 0

    def start(self, any_ports: bool) -> None:
        """Starts all programs, on the example's addresses or, with `any_ports`, on free ones in their place."""
        text = EXAMPLE.read_text()
        named = re.findall(r"127\.0\.0\.1:\d+", text)
        if any_ports:
            with_free_ports = {address: self._free_address() for address in named}
            for address, free in with_free_ports.items():
                text = text.replace(address, free)
        elif busy := [address for address in named if not _is_free(address)]:
            raise BusyPort(f"in use by another program: {', '.join(busy)}")
        self.original = text
        self.file.write_text(text)
        self.listener = re.search(r"id: web\s+address: (\S+)", text)[1]
        self.servers = dict(re.findall(r'\{id: (\w+), address: "([^"]+)"', text))

        for name, address in self.servers.items():
            self.start_origin(name, address)
        self._controller = self._start("controlplane_mock", "--listen=127.0.0.1:0", str(self.file))
        self.controller = self._controller.wait_for_line(r"listening on (\S+)")[1]
        self._control = f"unix:{self._directory}/control"
        self._fairlead = self._start(
            "fairlead",
            f"--control={self.controller}",
            f"--control_listen={self._control}",
            f"--health_listen=unix:{self._directory}/health",
            "--admin_listen=127.0.0.1:0",
        )
        self.admin = self._fairlead.wait_for_line(r"^admin listening on (\S+)$")[1]

    @staticmethod
    def _free_address() -> str:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            return "127.0.0.1:%d" % probe.getsockname()[1]

    def _start(self, program: str, *flags: str, name: str | None = None) -> Process:
        say(f"    $ {program} {shlex.join(flags)}")
        return self._bench.start([binary(program), *flags], name or program)

    def start_origin(self, name: str, address: str = "127.0.0.1:0") -> str:
        """A demo web server that says its name; returns its address."""
        process = self._start("origin", f"--name={name}", f"--listen={address}", name=name)
        return process.wait_for_line(r"^listening on (\S+)$")[1]

    def close(self) -> None:
        for process in reversed(self._bench.processes):
            if process.is_running():
                process.send_signal(signal.SIGTERM)
        for process in self._bench.processes:
            try:
                process.wait_exit(5)
            except AssertionError:
                process.kill()

    def logs(self) -> dict[str, str]:
        return self._bench.logs(2000)

    # What the proxy says.

    def status(self) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self.admin, timeout=10)
        try:
            connection.request("GET", "/status")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def server(self, name: str) -> dict[str, Any] | None:
        """What /status says of a server of the backend "web"; None when there is none of that name."""
        web = next(backend for backend in self.status()["backends"] if backend["id"] == "web")
        return next((server for server in web["servers"] if server["id"] == name), None)

    def wait_for_revision(self, revision: int) -> int:
        """Until at least that revision is in force; returns which one is."""
        wait_until(lambda: self.status()["revision"] >= revision, f"revision {revision} is in force")
        return self.status()["revision"]

    # What is done to it.

    def edit(self, old: str, new: str) -> int:
        """Changes the file as an editor would, shows the lines, and waits for the proxy to serve it."""
        text = self.file.read_text()
        if text.count(old) != 1:
            raise Unexpected(f"{self.file} should hold this once:\n{old}")
        say(f"    edit {self.file.name}:")
        for line in old.splitlines():
            if line not in new.splitlines():
                say(f"      -{line}")
        for line in new.splitlines():
            if line not in old.splitlines():
                say(f"      +{line}")
        return self.write(text.replace(old, new))

    def write(self, text: str) -> int:
        """Replaces the file in one step, and waits for the next revision, which it returns."""
        before = self.status()["revision"]
        temporary = self.file.with_name(".quickstart.yaml.new")
        temporary.write_text(text)
        os.replace(temporary, self.file)
        return self.wait_for_revision(before + 1)

    def fairleadctl(self, *arguments: str, expected_code: int = 0) -> str:
        """Runs the operator's tool and shows what it says."""
        say(f"    $ fairleadctl {shlex.join(arguments)}")
        result = subprocess.run(
            [binary("fairleadctl"), *arguments],
            env={**os.environ, "FAIRLEAD_ADDRESS": self._control},
            capture_output=True,
            text=True,
            timeout=30,
        )
        for line in (result.stdout + result.stderr).splitlines():
            say(f"      {line}")
        if result.returncode != expected_code:
            raise Unexpected(f"exit code {result.returncode}, not {expected_code}")
        return result.stdout + result.stderr

    # Requests.

    def load(self, name: str, *flags: str) -> Process:
        """Requests until stop_load, every response checked; not faster than a small machine can bear beside the rest."""
        base = [binary("hammer"), f"--target={self.listener}", "--connections=8", "--rate=2000", "--progress"]
        return self._bench.start([*base, *flags], name)

    def stop_load(self, load: Process) -> dict[str, Any]:
        load.send_signal(signal.SIGTERM)
        return self._count(load)

    def _count(self, load: Process) -> dict[str, Any]:
        load.wait_exit(60)
        result = json.loads(load.stdout().splitlines()[-1])
        self.requests += result["requests"]
        self.failures += result["failures"]
        if result["failures"]:
            raise Unexpected(f"requests failed: {json.dumps(result['failure_kinds'])}")
        return result

    def ask(self, path: str, count: int) -> dict[str, int]:
        """Sends so many requests; returns how many each origin answered."""
        flags = [f"--target={self.listener}", f"--path={path}", f"--requests={count}"]
        load = self._bench.start([binary("hammer"), *flags], f"ask-{self.requests}")
        answered = self._count(load)["origins"]
        shares = ", ".join(f"{name} {number}" for name, number in sorted(answered.items()))
        say(f"    {count} requests for {path}: {shares}")
        return answered


def expect(what: bool, promise: str) -> None:
    """Holds the story to what it says."""
    if not what:
        raise Unexpected(promise)
    say(f"    ✓ {promise}")


def fail(message: str) -> None:
    print(f"quickstart: {message}", file=sys.stderr)
