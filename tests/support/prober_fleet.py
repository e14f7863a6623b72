"""A fleet on a network of namespaces: 3 probers, 3 proxies, 20 servers, any of which are killed, stopped, cut off, and come back.
It knows what is true, and sees whether what every proxy decides agrees with that."""

import json
import random
import signal
import time
from collections.abc import Iterable
from typing import Any

from tests.support import unix_http
from tests.support.binaries import binary
from tests.support.certificates import Authority
from tests.support.control_session import ControlSession
from tests.support.network import Network
from tests.support.origin import Origin
from tests.support.prober import Prober
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until

PROBERS = ("p1", "p2", "p3")
PROXIES = ("x1", "x2", "x3")
MACHINES = ("m1", "m2", "m3", "m4", "m5")  # four servers each
PORTS = (8001, 8002, 8003, 8004)
# Both ways of doing I/O, in one fleet.
IO = {"p1": "auto", "p2": "epoll", "p3": "auto", "x1": "auto", "x2": "epoll", "x3": "auto"}

# I, R, T, fall and rise of every check, P and X of every prober (docs/PROBER.md).
INTERVAL, RETRY, TIMEOUT, FALL, RISE, TTL = 1.0, 0.2, 0.5, 2, 2, 6.0
PEER_TIMEOUT, PROXY_TIMEOUT = 0.8, 1.0
CHECK = {
    "interval": f"{INTERVAL}s",
    "retry_interval": f"{RETRY}s",
    "timeout": f"{TIMEOUT}s",
    "fall": FALL,
    "rise": RISE,
    "ttl": f"{TTL}s",
    "http": {"path": "/"},
}
# The bounds, as written there.
DECIDED = 1.1 * INTERVAL + (FALL - 1) * 1.1 * RETRY + FALL * TIMEOUT
PROBER_GONE = 1.25 * PEER_TIMEOUT + INTERVAL / 2
LINK_GONE = 1.25 * PROXY_TIMEOUT + 0.25 * PEER_TIMEOUT + INTERVAL / 2
PROXY_BACK = PROXY_TIMEOUT + 2.0
PROBER_BACK = PEER_TIMEOUT + INTERVAL / 2 + PROXY_BACK
# All at once, and what a busy machine adds: these tests run alone, but everything in them shares the processors.
BOUND = DECIDED + max(PROBER_GONE, LINK_GONE, PROXY_BACK, PROBER_BACK)
GRACE = 4.0
# Of a server that answers again, alone.
UP_AGAIN = 1.1 * INTERVAL + (RISE - 1) * 1.1 * RETRY + RISE * TIMEOUT
# How long it is watched that nothing changes any more.
QUIET = 1.2


class Fleet:
    """Everything, and what is true of it. Each server is checked by `replicas` probers; `health` are the backend's rules; with
    `domains`, by prober, each is a Reporter resource in that failure domain, known by its certificate."""

    def __init__(
        self,
        bench: Workbench,
        network: Network,
        replicas: int = 2,
        health: dict[str, Any] | None = None,
        domains: dict[str, str] | None = None,
    ):
        self._bench = bench
        self._network = network
        self._replicas = replicas
        self._health = health or {}
        self._domains = domains or {}
        authority = Authority()
        (bench.directory / "ca.pem").write_text(authority.roots)
        (bench.directory / "peers.key").write_text("a secret of all the probers\n")
        authority.leaf(*(network.address(proxy) for proxy in PROXIES)).write(bench.directory, "proxy")
        for prober in PROBERS:
            authority.leaf(_name_of(prober), for_clients=True).write(bench.directory, prober)
        self._origins: dict[str, Origin] = {}
        self._proxies: dict[str, Process] = {}
        self._probers: dict[str, Prober] = {}
        self.stopped: set[str] = set()  # servers that hang
        self.unplugged: set[str] = set()
        self.cut: set[tuple[str, str]] = set()
        self.servers = {f"{machine}-{port}": (machine, port) for machine in MACHINES for port in PORTS}
        self.dead: set[str] = set()
        for server in self.servers:
            self._start_server(server)
        for proxy in PROXIES:
            self._start_proxy(proxy)
        for prober in PROBERS:
            self._start_prober(prober)

    # --- starting

    def _start_server(self, server: str) -> None:
        machine, port = self.servers[server]
        listen = f"--listen={self._network.address(machine)}:{port}"
        self._origins[server] = Origin(self._bench, server, listen, wrapper=self._network.on(machine))

    def _tls(self, prefix: str, name: str) -> tuple[str, ...]:
        here = self._bench.directory
        return (f"--{prefix}ca={here}/ca.pem", f"--{prefix}cert={here}/{name}.pem", f"--{prefix}key={here}/{name}.key")

    def _start_proxy(self, proxy: str) -> None:
        here = self._bench.directory
        self._proxies[proxy] = self._bench.start(
            [
                *self._network.on(proxy),
                binary("fairlead"),
                f"--io={IO[proxy]}",
                "--workers=1",
                f"--node_id={proxy}",
                f"--admin_listen=unix:{here}/{proxy}.admin",
                f"--control_listen=unix:{here}/{proxy}.control,{self._network.address(proxy)}:9900",
                *self._tls("control_", "proxy"),
            ],
            proxy,
        )
        self._proxies[proxy].wait_for_line(r"^control listening on 10\.")
        servers = [
            {"id": server, "address": f"{self._network.address(machine)}:{port}"}
            for server, (machine, port) in self.servers.items()
        ]
        # As a controller would that has been waiting for it.
        with ControlSession(f"unix:{here}/{proxy}.control") as control:
            control.replace(
                {
                    "backends": [{"id": "web", "servers": servers, "health": self._health}],
                    "reporters": [_reporter(prober, domain) for prober, domain in self._domains.items()],
                }
            )

    def _start_prober(self, prober: str) -> None:
        address = self._network.address
        self._probers[prober] = Prober(
            self._bench,
            prober,
            "--proxies=" + ",".join(f"{address(proxy)}:9900" for proxy in PROXIES),
            *self._tls("", prober),
            f"--replicas={self._replicas}",
            f"--peer_listen={address(prober)}:9910",
            "--peers=" + ",".join(f"{address(peer)}:9910" for peer in PROBERS),
            f"--peer_key={self._bench.directory}/peers.key",
            f"--peer_timeout={PEER_TIMEOUT}s",
            f"--proxy_timeout={PROXY_TIMEOUT}s",
            f"--io={IO[prober]}",
            config={"defaults": CHECK},
            wrapper=self._network.on(prober),
        )

    # --- what is done to it

    def kill(self, name: str) -> None:
        self.dead.add(name)
        if name in self._origins:
            self._origins[name].process.kill()
        elif name in self._proxies:
            self._proxies[name].kill()
        else:
            self._probers[name].process.kill()

    def stop(self, server: str) -> None:
        self.stopped.add(server)
        self._origins[server].process.send_signal(signal.SIGSTOP)

    def harm_servers(self, draw: random.Random) -> None:
        """Three die, and two hang."""
        unharmed = draw.sample(sorted(self.servers), 5)
        for server in unharmed[:3]:
            self.kill(server)
        for server in unharmed[3:]:
            self.stop(server)

    def unplug(self, machine: str) -> None:
        self.unplugged.add(machine)
        self._network.unplug(machine)

    def plug_in(self, machine: str) -> None:
        self.unplugged.remove(machine)
        self._network.plug_in(machine)

    def cut_off(self, prober: str, other: str) -> None:
        self.cut.add((prober, other))
        self._network.cut(prober, other)

    def blind(self, prober: str) -> None:
        """It reaches no server any more, but everybody else."""
        for machine in MACHINES:
            self.cut_off(prober, machine)

    def restart(self, prober: str) -> None:
        """It dies without a word, and is there again."""
        self._probers[prober].process.kill()
        self._start_prober(prober)

    def heal(self) -> None:
        """All is well again."""
        for pair in self.cut:
            self._network.mend(*pair)
        for machine in self.unplugged:
            self._network.plug_in(machine)
        self.revive_servers()
        for name in self.dead:
            if name in PROXIES:
                self._start_proxy(name)
            else:
                self._start_prober(name)
        for what in (self.cut, self.unplugged, self.dead):
            what.clear()

    def revive_servers(self) -> None:
        for server in self.stopped - self.dead:
            self._origins[server].process.send_signal(signal.SIGCONT)
        for server in self.dead & self.servers.keys():
            self._start_server(server)
        self.dead -= self.servers.keys()
        self.stopped.clear()

    # --- what is true, and what is decided

    def truth(self) -> dict[str, str]:
        """By server: what a proxy that some prober reaches should know."""
        down = self.dead | self.stopped
        return {
            server: "DOWN" if server in down or machine in self.unplugged else "UP"
            for server, (machine, _) in self.servers.items()
        }

    def reaches(self, proxy: str) -> bool:
        """Whether any prober does."""
        if proxy in self.unplugged:
            return False
        gone = self.dead | self.unplugged
        return any(prober not in gone and (prober, proxy) not in self.cut for prober in PROBERS)

    def decisions(self, proxy: str) -> dict[str, str]:
        code, body = unix_http.get(f"{self._bench.directory}/{proxy}.admin", "/status")
        assert code == 200
        return {server["id"]: server["health"] for server in json.loads(body)["backends"][0]["servers"]}

    def differences(self) -> list[str]:
        """Where decisions are not what is true; of a proxy that nobody reaches, what is decided though nobody says so."""
        found = []
        truth = self.truth()
        for proxy in PROXIES:
            if proxy in self.dead:
                continue
            reached = self.reaches(proxy)
            for server, decided in self.decisions(proxy).items():
                wanted = truth[server] if reached else "UNKNOWN"
                if decided != wanted:
                    found.append(f"{proxy}: {server} is {decided}, {wanted} is true")
        return found

    def explain(self, proxy: str, server: str) -> dict[str, Any]:
        code, body = unix_http.get(f"{self._bench.directory}/{proxy}.admin", f"/status/servers/web/{server}")
        assert code == 200
        return json.loads(body)

    def vote(self, proxy: str, server: str, prober: str) -> dict[str, Any]:
        """What that prober has said there; {}: nothing."""
        votes = self.explain(proxy, server)["votes"]
        return next((vote for vote in votes if vote["reporter"] == prober), {})

    def wait_for_votes(self, prober: str, wanted: str, servers: Iterable[str], proxies: Iterable[str] = PROXIES) -> None:
        """Until these proxies have heard that from it, of these servers."""
        missing = [(proxy, server) for proxy in proxies for server in servers]

        def all_are_there() -> bool:
            missing[:] = [pair for pair in missing if self.vote(*pair, prober).get("vote") != wanted]
            return not missing

        wait_until(all_are_there, lambda: f"{prober} says {wanted} of {missing[:8]}")

    def turns_to_down(self, servers: Iterable[str], since: float = 0) -> list[str]:
        """Where any of these was decided to be DOWN since that time, by time.monotonic()."""
        return [
            f"{proxy}: {server}, {turn['ago_ms']} ms ago by {turn['decided_by']}"
            for proxy in PROXIES
            for server in servers
            for turn in self.explain(proxy, server)["decisions"]
            if turn["to"] == "DOWN" and time.monotonic() - turn["ago_ms"] / 1000 > since
        ]

    def agrees_within(self, seconds: float) -> None:
        """Sees that all decisions agree with the truth before that time is over, and from then on stay so."""
        deadline = time.monotonic() + seconds
        last, right_since = self.differences(), time.monotonic()
        while last or time.monotonic() < right_since + QUIET:
            if last:
                assert time.monotonic() < deadline, f"{len(last)} decisions are wrong: {last[:8]}; {self}"
                right_since = time.monotonic()
            last = self.differences()

    def __str__(self) -> str:
        return f"dead {self.dead}, stopped {self.stopped}, unplugged {self.unplugged}, cut {self.cut}"


def _name_of(prober: str) -> str:
    return f"{prober}.probers.example"


def _reporter(prober: str, domain: str) -> dict[str, Any]:
    identities = [{"certificate_name": _name_of(prober)}]
    return {"id": prober, "identities": identities, "failure_domain": domain, "backends": ["web"]}
