"""The proxies whose servers change all the time, each by the interface that it has for that."""

import re
import socket
import time
import urllib.request
from collections.abc import Sequence

from bench.controller import BACKEND, CHANGES, HASH_POLICIES, Controller, Pace, added_servers, address_of
from bench.peers import Peers
from tests.support.waiting import settled

KINDS = tuple(CHANGES)
# A second, of changes at a steady rate. Not in step with requests, which a connection of h2load sends each 10 ms: else
# either all of them or none meet the controller, which shares their core.
TRANSACTIONS = 125


class Fairlead:
    """One with that many servers in a backend that no request goes to, and its controller."""

    NAME = "fairlead"

    def __init__(self, peers: Peers, servers: int, policy: str = "ROUND_ROBIN"):
        self.peer = peers.start("fairlead io_uring", flags=["--health_listen=127.0.0.1:0"])
        self._admin = self._address("admin")
        self.control = self._address("control")
        self.health = self._address("health")
        self.controller = Controller(self.control)
        # Its tables follow changes a while later; of a large Maglev, ten times its making.
        self._still_seconds = 3.0 if policy in HASH_POLICIES else 0.0
        if servers:
            self.controller.apply(added_servers(servers, policy))

    def _address(self, kind: str) -> str:
        return self.peer.process.wait_for_line(rf"^{kind} listening on (\S+)$")[1]

    def cpu_seconds(self) -> float:
        """That it has used, when all is done that it was asked for."""
        return settled(self.peer.process.cpu_seconds, quiet_seconds=self._still_seconds, seconds=600)

    def change(self, kind: str, numbers: Sequence[int], state: int, together: int) -> None:
        """Changes these servers, `together` in a transaction, and waits until all is applied."""
        make = CHANGES[kind]
        bodies = [
            b"".join(make(number, state) for number in numbers[first : first + together])
            for first in range(0, len(numbers), together)
        ]
        for body in bodies:
            self.controller.apply(body)

    def pace(self, kind: str, servers: int, a_second: int, seconds: float) -> Pace:
        """Changes servers at that rate, in so many transactions."""
        each = a_second // TRANSACTIONS
        bodies = [
            b"".join(CHANGES[kind](number % servers, state) for number in range(first, first + each))
            for state in (1, 0)
            for first in range(0, servers, each)
        ]
        return self.controller.pace(bodies, each, 1 / TRANSACTIONS, seconds)

    def adoptions(self) -> tuple[int, int]:
        """How often its worker has gone over to a revision, and how often that took over 1 ms."""
        with urllib.request.urlopen(f"http://{self._admin}/metrics") as page:
            text = page.read().decode()
        count = re.search(r"^fairlead_adoption_seconds_count (\d+)", text, re.MULTILINE)
        quick = re.search(r'^fairlead_adoption_seconds_bucket\{le="0.001"\} (\d+)', text, re.MULTILINE)
        return int(count[1]), int(count[1]) - int(quick[1])

    def stop(self) -> None:
        self.controller.close()
        self.peer.process.kill()


class HAProxy:
    """The same; its operators' interface is its stats socket, which takes a line of commands at a time."""

    NAME = "haproxy"
    # What makes the change of a server to one of two states, 1 first. Its `set server … health` is refused for servers
    # that it does not check itself; `state` does as much.
    _CHANGES = {
        "health": lambda number, state: f"set server {BACKEND}/s{number} state {'maint' if state else 'ready'}",
        "weight": lambda number, state: f"set weight {BACKEND}/s{number} {5 + state}",
        "add, remove": lambda number, state: (
            f"add server {BACKEND}/more{number} {address_of(number)}" if state else f"del server {BACKEND}/more{number}"
        ),
    }
    _ANSWERS = ("", "New server registered.", "Server deleted.")
    _MOST_TOGETHER = 150  # a line is at most 16 KiB

    def __init__(self, peers: Peers, servers: int):
        lines = "".join(f"  server s{number} {address_of(number)}\n" for number in range(servers))
        self.peer = peers.start("haproxy", more={"more_backends": f"backend {BACKEND}\n  balance leastconn\n{lines}"})
        self._socket = peers.stats_socket(self.peer)

    def cpu_seconds(self) -> float:
        return self.peer.process.cpu_seconds()

    def change(self, kind: str, numbers: Sequence[int], state: int, together: int) -> None:
        make = self._CHANGES[kind]
        together = min(together, self._MOST_TOGETHER)
        for first in range(0, len(numbers), together):
            self._run([make(number, state) for number in numbers[first : first + together]])

    def pace(self, kind: str, servers: int, a_second: int, seconds: float) -> Pace:
        each = a_second // TRANSACTIONS
        make = self._CHANGES[kind]
        lines = [
            [make(number % servers, state) for number in range(first, first + each)]
            for state in (1, 0)
            for first in range(0, servers, each)
        ]
        begin = time.perf_counter()
        late = sent = 0
        while (due := sent / TRANSACTIONS) < seconds:
            if (early := begin + due - time.perf_counter()) > 0:
                time.sleep(early)
            elif early < -0.1:
                late += 1
            for first in range(0, each, self._MOST_TOGETHER):
                self._run(lines[sent % len(lines)][first : first + self._MOST_TOGETHER])
            sent += 1
        return Pace(sent * each, time.perf_counter() - begin, late)

    def _run(self, commands: Sequence[str]) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._socket)
            connection.sendall(";".join(commands).encode() + b"\n")
            answer = b""
            while received := connection.recv(65536):
                answer += received
        for line in answer.decode().splitlines():
            if line not in self._ANSWERS:
                raise AssertionError(f"haproxy says {line}")

    def stop(self) -> None:
        self.peer.process.kill()
