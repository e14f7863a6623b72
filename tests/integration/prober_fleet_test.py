"""Several fairlead_probers: how they share servers out, and how soon a share moves (docs/PROBER.md has the bounds)."""

import time
from collections.abc import Iterator

import pytest

from tests.support import configs
from tests.support.certificates import Authority
from tests.support.fairlead import Fairlead
from tests.support.ports import closed_port
from tests.support.prober import Prober
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until

NAMES = ("probe-a", "probe-b", "probe-c")
SERVERS = 60
INTERVAL = 2.0
CHECKS = {"defaults": {"interval": "2s", "timeout": "1s", "ttl": "8s"}}
PEER_TIMEOUT = 0.4
# A busy machine's part in what is measured; far from a lease, whose end would come after 8 s.
GRACE = 3.0


@pytest.fixture
def origin() -> Iterator[ScriptedOrigin]:
    with ScriptedOrigin(lambda wire: None) as server:
        yield server


@pytest.fixture
def site(origin: ScriptedOrigin) -> dict:
    return configs.site(*({"id": f"w{i}", "address": origin.address} for i in range(SERVERS)))


def start(bench: Workbench, name: str, *flags: str, replicas: int = 1) -> Prober:
    flags = (f"--replicas={replicas}", f"--peer_timeout={int(PEER_TIMEOUT * 1000)}ms", *flags)
    return Prober(bench, name, *flags, config=CHECKS, peers=NAMES)


def checkers(probers: list[Prober]) -> dict[str, list[str]]:
    """By server: who checks it."""
    found: dict[str, list[str]] = {f"web/w{i}": [] for i in range(SERVERS)}
    for prober in probers:
        for server in prober.share():
            found[server].append(prober.name)
    return found


def wait_for_replicas(probers: list[Prober], replicas: int) -> dict[str, list[str]]:
    seen: dict[str, list[str]] = {}

    def shared_out() -> bool:
        seen.update(checkers(probers))
        everybody = {name for names in seen.values() for name in names}
        return len(everybody) == len(probers) and all(len(names) == replicas for names in seen.values())

    wait_until(shared_out, lambda: f"each by {replicas}: {seen}")
    return seen


@pytest.mark.parametrize("replicas", [1, 2])
def test_servers_are_shared_out(bench: Workbench, fairlead: Fairlead, site: dict, replicas: int) -> None:
    with fairlead.connect() as control:
        control.replace(site)
    probers = [start(bench, name, f"--proxies={fairlead.control}", replicas=replicas) for name in NAMES]
    wait_for_replicas(probers, replicas)
    due = SERVERS * replicas / 3
    for prober in probers:
        # Who does not hear the others for a moment, on a busy machine, takes all for that long.
        wait_until(lambda: due * 0.4 < len(prober.share()) < due * 1.7, lambda: f"about {due}: {len(prober.share())}")
        wait_until(lambda: prober.metrics()["fairlead_prober_peers"] == 2, "it hears both others")


def test_the_share_of_a_killed_prober_is_checked_by_the_others_within_one_interval(
    bench: Workbench, fairlead: Fairlead, site: dict
) -> None:
    with fairlead.connect() as control:
        control.replace(site)
    probers = [start(bench, name, f"--proxies={fairlead.control}") for name in NAMES]
    before = wait_for_replicas(probers, 1)
    for i in range(SERVERS):
        fairlead.wait_for_health("web", f"w{i}", "UP")
    lost = probers.pop()
    orphans = [server for server, names in before.items() if names == [lost.name]]
    assert orphans
    lost.process.kill()
    killed = time.monotonic()

    def all_are_reported() -> bool:
        status = {f"web/{entry['id']}": entry for entry in fairlead.status()["backends"][0]["servers"]}
        return all(status[server]["decided_by"] != lost.name for server in orphans)

    wait_until(all_are_reported, "the others speak of its servers")
    assert time.monotonic() - killed < INTERVAL + GRACE
    after = wait_for_replicas(probers, 1)
    for server, names in before.items():
        assert names == [lost.name] or after[server] == names, "what was not the lost one's stays where it is"
    # And nothing was unknown for a moment: the dead one's leases outlived the change.
    assert {entry["health"] for entry in fairlead.status()["backends"][0]["servers"]} == {"UP"}
    # It comes back, and takes what was its.
    probers.append(start(bench, lost.name, f"--proxies={fairlead.control}"))
    wait_until(lambda: checkers(probers) == before, "all is as it was")


def test_a_prober_that_stops_says_so(bench: Workbench, fairlead: Fairlead, site: dict) -> None:
    with fairlead.connect() as control:
        control.replace(site)
    one, two = (start(bench, name, f"--proxies={fairlead.control}") for name in NAMES[:2])
    wait_for_replicas([one, two], 1)
    assert two.process.terminate() == 0
    wait_for_replicas([one], 1)


def test_to_a_proxy_that_one_prober_cannot_reach_the_other_reports_all(
    bench: Workbench, fairlead: Fairlead, io: str, site: dict
) -> None:
    other = Fairlead(bench, io, name="other")
    for proxy in (fairlead, other):
        with proxy.connect() as control:
            control.replace(site)
    both = start(bench, "probe-a", f"--proxies={fairlead.control},{other.control}")
    one = start(bench, "probe-b", f"--proxies={fairlead.control}")
    wait_until(lambda: len(both.share()) == SERVERS, "it is alone with the second proxy")
    wait_until(lambda: 0 < len(one.share()) < SERVERS, "the other counts on it for a part")
    for i in range(SERVERS):
        other.wait_for_health("web", f"w{i}", "UP")


def test_two_of_one_name_are_told(bench: Workbench, fairlead: Fairlead, site: dict) -> None:
    with fairlead.connect() as control:
        control.replace(site)
    first = start(bench, "probe-a", f"--proxies={fairlead.control}")
    twin = Prober(bench, "probe-b", f"--proxies={fairlead.control}", identity="probe-a", peers=NAMES)
    wait_until(lambda: "another prober has this one's id" in first.process.stderr() + twin.process.stderr(), "it is told")


def test_over_mutual_tls(bench: Workbench, io: str, origin: ScriptedOrigin) -> None:
    authority = Authority()
    (bench.directory / "ca.pem").write_text(authority.roots)
    authority.leaf("127.0.0.1", "proxy.test").write(bench.directory, "proxy")
    authority.leaf(subject="probe-a", for_clients=True).write(bench.directory, "probe")

    def flags(prefix: str, name: str) -> tuple[str, ...]:
        here = bench.directory
        return (f"--{prefix}ca={here}/ca.pem", f"--{prefix}cert={here}/{name}.pem", f"--{prefix}key={here}/{name}.key")

    proxy = Fairlead(bench, io, flags=("--control_listen=127.0.0.1:0", *flags("control_", "proxy")))
    address = proxy.process.wait_for_line(r"^control listening on (127\S+)$")[1]
    with proxy.connect() as control:
        control.replace(configs.site({"id": "w1", "address": origin.address}, {"id": "w2", "address": closed_port()}))
    Prober(bench, "probe-a", f"--proxies={address}", *flags("", "probe"), config=CHECKS)
    assert proxy.wait_for_health("web", "w1", "UP")["decided_by"] == "probe-a"
    proxy.wait_for_health("web", "w2", "DOWN")
    # Without a certificate it is refused, and says what may be the reason.
    stranger = Prober(bench, "stranger", f"--proxies={address}", config=CHECKS)
    wait_until(lambda: "it may want mTLS" in stranger.process.stderr(), "the reason is told")
