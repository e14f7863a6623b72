"""3 probers, 3 proxies, 20 servers on a network of namespaces: any of them are killed, stopped, cut off, and come back. In
each round, what every proxy decides must agree with the truth within the bounds that docs/PROBER.md writes down, and
stay so.

Not here: a prober that is cut off from servers, but not from proxies. Its votes are wrong, and the proxy's quorum is there
to overrule them."""

import json
import random
import signal
import time
from collections.abc import Iterator

import pytest

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
# All at once, and what a busy machine adds.
BOUND = DECIDED + max(PROBER_GONE, LINK_GONE, PROXY_BACK, PROBER_BACK)
GRACE = 2.0
# How long it is watched that nothing changes any more.
QUIET = 1.2


class Fleet:
    """Everything, and what is true of it."""

    def __init__(self, bench: Workbench, network: Network):
        self._bench = bench
        self._network = network
        authority = Authority()
        (bench.directory / "ca.pem").write_text(authority.roots)
        (bench.directory / "peers.key").write_text("a secret of all the probers\n")
        authority.leaf(*(network.address(proxy) for proxy in PROXIES)).write(bench.directory, "proxy")
        authority.leaf(subject="prober", for_clients=True).write(bench.directory, "prober")
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
            control.replace({"backends": [{"id": "web", "servers": servers}]})

    def _start_prober(self, prober: str) -> None:
        address = self._network.address
        self._probers[prober] = Prober(
            self._bench,
            prober,
            "--proxies=" + ",".join(f"{address(proxy)}:9900" for proxy in PROXIES),
            *self._tls("", "prober"),
            "--replicas=2",
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

    def unplug(self, machine: str) -> None:
        self.unplugged.add(machine)
        self._network.unplug(machine)

    def cut_off(self, prober: str, other: str) -> None:
        self.cut.add((prober, other))
        self._network.cut(prober, other)

    def heal(self) -> None:
        """All is well again."""
        for pair in self.cut:
            self._network.mend(*pair)
        for machine in self.unplugged:
            self._network.plug_in(machine)
        for server in self.stopped - self.dead:
            self._origins[server].process.send_signal(signal.SIGCONT)
        for name in self.dead:
            if name in self._origins:
                self._start_server(name)
            elif name in PROXIES:
                self._start_proxy(name)
            else:
                self._start_prober(name)
        for what in (self.cut, self.unplugged, self.stopped, self.dead):
            what.clear()

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


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network(*PROBERS, *PROXIES, *MACHINES)
    yield made
    made.close()


@pytest.fixture
def fleet(bench: Workbench, network: Network) -> Fleet:
    started = Fleet(bench, network)
    started.agrees_within(PROBER_BACK + INTERVAL + GRACE)
    return started


def harm_servers(fleet: Fleet, draw: random.Random) -> None:
    unharmed = draw.sample(sorted(fleet.servers), 6)
    for server in unharmed[:3]:
        fleet.kill(server)
    for server in unharmed[3:5]:
        fleet.stop(server)


def harm_machine(fleet: Fleet, draw: random.Random) -> None:
    fleet.unplug(draw.choice(MACHINES))


def kill_prober(fleet: Fleet, draw: random.Random) -> None:
    fleet.kill(draw.choice(PROBERS))


def isolate_prober(fleet: Fleet, draw: random.Random) -> None:
    """It sees nothing but itself: all servers down, and nobody to tell."""
    fleet.unplug(draw.choice(PROBERS))


def kill_proxy(fleet: Fleet, draw: random.Random) -> None:
    fleet.kill(draw.choice(PROXIES))


def cut_links(fleet: Fleet, draw: random.Random) -> None:
    """Each proxy loses the word of one prober or two."""
    for proxy in PROXIES:
        for prober in draw.sample(PROBERS, draw.choice((1, 2))):
            fleet.cut_off(prober, proxy)


def part_probers(fleet: Fleet, draw: random.Random) -> None:
    """They can't hear each other, but all else."""
    one, other = draw.sample(PROBERS, 2)
    fleet.cut_off(one, other)


HARMS = (
    (harm_servers,),
    (kill_prober, harm_servers),
    (isolate_prober, harm_servers),
    (cut_links, harm_servers),
    (part_probers, kill_proxy, harm_servers),
    (harm_machine, kill_prober),
)


def test_decisions_agree_with_the_truth_within_the_bounds(fleet: Fleet) -> None:
    draw = random.Random(20)
    for harms in HARMS:
        for harm in harms:
            harm(fleet, draw)
        fleet.agrees_within(BOUND + GRACE)
        fleet.heal()
        fleet.agrees_within(BOUND + GRACE)


def test_a_proxy_that_no_prober_reaches_knows_nothing_and_then_everything(fleet: Fleet) -> None:
    fleet.unplug("x1")
    assert fleet.reaches("x2") and not fleet.reaches("x1")
    fleet.agrees_within(TTL + GRACE)
    fleet.heal()
    fleet.agrees_within(PROXY_BACK + INTERVAL / 2 + GRACE)


def test_an_isolated_prober_that_comes_back_says_nothing_false(fleet: Fleet) -> None:
    """While it was cut off it saw every server down. Nobody ever hears of that."""
    for prober in PROBERS:
        fleet.unplug(prober)
    # Long enough for it to have made up its mind.
    unknown = {server: "UNKNOWN" for server in fleet.servers}
    wait_until(lambda: all(fleet.decisions(proxy) == unknown for proxy in PROXIES), "leases are over", TTL + GRACE)
    fleet.heal()
    deadline = time.monotonic() + BOUND + GRACE
    seen: set[str] = set()
    while time.monotonic() < deadline and fleet.differences():
        for proxy in PROXIES:
            seen |= set(fleet.decisions(proxy).values())
    assert not fleet.differences()
    assert "DOWN" not in seen
