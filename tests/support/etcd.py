"""A real etcd, and what an operator does to it with etcdctl."""

import dataclasses
import json
import pathlib
import subprocess
from typing import Any

import yaml

from tests.support.ports import closed_port
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until


@dataclasses.dataclass
class EtcdTls:
    """Files in PEM: by which etcd shows who it is and knows its clients, and by which etcdctl does."""

    ca: pathlib.Path
    server: tuple[pathlib.Path, pathlib.Path]  # a certificate and its key
    client: tuple[pathlib.Path, pathlib.Path]


def store(*members: "Etcd") -> str:
    """For --store: these members of one cluster."""
    return f"etcd://{','.join(member.address for member in members)}{Etcd.PREFIX}"


class Etcd:
    """One member. Its data outlives kill(). etcd knows no port 0: free ones are looked for, and if somebody was faster,
    others."""

    PREFIX = "/fairlead"

    def __init__(self, bench: Workbench, name: str = "etcd", tls: EtcdTls | None = None):
        """With `tls` it serves clients by it alone, and only those that show a certificate."""
        while True:
            self._prepare(bench, name, tls)
            self.start()
            if wait_until(self._is_up_or_ended, f"{name} runs") and self.process.is_running():
                return
            self._assert_port_was_taken()

    @classmethod
    def cluster(cls, bench: Workbench, size: int = 3) -> list["Etcd"]:
        """So many members of one cluster."""
        attempt = 0
        while True:
            attempt += 1
            members = [cls.__new__(cls) for _ in range(size)]
            for number, member in enumerate(members):
                member._prepare(bench, f"etcd-{attempt}-{number}")
            peers = ",".join(member._as_peer() for member in members)
            for member in members:
                member._peers = peers
                member.start()
            if all(wait_until(member._is_up_or_ended, "it runs") and member.process.is_running() for member in members):
                return members
            for member in members:
                member.kill() if member.process.is_running() else member._assert_port_was_taken()

    def _prepare(self, bench: Workbench, name: str, tls: EtcdTls | None = None) -> None:
        self._bench, self._name, self._tls = bench, name, tls
        self.address, self._peer_address = closed_port(), closed_port()
        self._peers = self._as_peer()

    def _as_peer(self) -> str:
        return f"{self._name}=http://{self._peer_address}"

    def _assert_port_was_taken(self) -> None:
        assert self.process.wait_exit() and "address already in use" in self.process.stderr(), "etcd failed"

    def start(self) -> None:
        """Anew, on the same data and ports."""
        peer = f"http://{self._peer_address}"
        client = self._url()
        self.process: Process = self._bench.start(
            [
                "etcd",
                f"--name={self._name}",
                f"--data-dir={self._bench.directory}/{self._name}.data",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster={self._peers}",
                *self._tls_flags(),
            ],
            self._name,
        )

    def wait_until_up(self) -> None:
        """Until it answers, and has a majority of the cluster with it."""
        wait_until(lambda: self._ctl("get", "none").returncode == 0, f"{self._name} answers")

    def kill(self) -> None:
        self.process.kill()

    def ctl(self, *arguments: str, stdin: str = "") -> str:
        """etcdctl; what it prints."""
        done = self._ctl(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def put(self, name: str, document: dict[str, Any] | str) -> int:
        """Writes a document for the controllers; returns the store's revision with it."""
        text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
        answer = self.ctl("put", f"{self.PREFIX}/config/{name}", "-w", "json", stdin=text)
        return json.loads(answer)["header"]["revision"]

    def delete(self, *arguments: str) -> None:
        self.ctl("del", *arguments)

    def revision(self) -> int:
        return json.loads(self.ctl("get", "none", "-w", "json"))["header"]["revision"]

    def leader(self) -> dict[str, Any]:
        """What the leader's key says; {} if nobody leads."""
        text = self.ctl("get", f"{self.PREFIX}/leader", "--print-value-only").strip()
        return json.loads(text) if text else {}

    def _ctl(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        tls = []
        if self._tls is not None:
            certificate, key = self._tls.client
            # Whatever name is in its certificate: that is for those to look at whose tests these are.
            tls = ["--insecure-skip-tls-verify", f"--cert={certificate}", f"--key={key}"]
        command = ["etcdctl", f"--endpoints={self._url()}", "--command-timeout=5s", *tls, *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=30)

    def _url(self) -> str:
        return f"{'http' if self._tls is None else 'https'}://{self.address}"

    def _tls_flags(self) -> list[str]:
        if self._tls is None:
            return []
        certificate, key = self._tls.server
        own = [f"--cert-file={certificate}", f"--key-file={key}"]
        return [*own, "--client-cert-auth", f"--trusted-ca-file={self._tls.ca}"]

    def _is_up_or_ended(self) -> bool:
        return not self.process.is_running() or self._ctl("get", "none").returncode == 0
