"""Several controllers on one etcd: one leads, and when it goes, however it goes, the proxies do not notice.

A lease of etcd lives for 2 s at least: LEASE. It looks for those that are over each 0.5 s.
"""

import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.support import configs
from tests.support.controlplane_mock import ControlplaneMock
from tests.support.etcd import Etcd, store
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.origin import Origin
from tests.support.processes import Workbench
from tests.support.waiting import settled, wait_until

# The loop has no part in these: one backend is enough.
IO = "epoll"
LEASE = 2
# Proxies pause before they dial all again: for a tenth of the time that they have been without a controller (docs/API.md),
# which is 10 s after four failovers in a row, as conversations of less than 10 s do not make that begin anew.
PAUSE_SECONDS = 1.0
# From the leader's death to a proxy that the next one serves: the lease, the time in which etcd notices, that pause, and what
# a busy machine adds.
FAILOVER_SECONDS = LEASE + 0.5 + PAUSE_SECONDS + 1.5
# So that a proxy whose controller is paused soon leaves it.
HEARTBEATS = ("--heartbeat_interval=200ms", "--heartbeat_timeout=1s")


@pytest.fixture
def origin(start_origin) -> Origin:
    return start_origin("w1")


@pytest.fixture
def etcd(bench: Workbench) -> Etcd:
    return Etcd(bench)


@pytest.fixture
def site(etcd: Etcd, origin: Origin) -> Callable[[int], int]:
    """site(5): the document with this weight; returns the store's revision. It is there with weight 1 already."""

    def put(weight: int) -> int:
        return etcd.put("site.yaml", configs.site(origin.server(weight=weight)))

    put(1)
    return put


class Controllers:
    """Three of them, named a, b and c, on one store."""

    def __init__(self, bench: Workbench, *members: Etcd, flags: tuple[str, ...] = ()):
        self._bench = bench
        self._store = store(*members)
        self._flags = flags
        self.all = {name: self._start(name) for name in "abc"}

    def _start(self, name: str, address: str | None = None) -> ControlplaneMock:
        return ControlplaneMock(
            self._bench,
            None,
            f"--store={self._store}",
            f"--name={name}",
            f"--lease_ttl={LEASE}",
            *self._flags,
            address=address,
            name=f"ctl-{name}",
        )

    def restart(self, controller: ControlplaneMock) -> ControlplaneMock:
        name = controller.name.removeprefix("ctl-")
        self.all[name] = self._start(name, controller.address)
        return self.all[name]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(controller.address for controller in self.all.values())

    def _leading(self) -> list[ControlplaneMock]:
        return [entry for entry in self.all.values() if entry.process.is_running() and role(entry) == "LEADING"]

    def leader(self, other_than: ControlplaneMock | None = None) -> ControlplaneMock:
        """The one that leads, once there is one."""

        def others() -> list[ControlplaneMock]:
            return [entry for entry in self._leading() if entry is not other_than]

        return wait_until(others, "somebody leads")[0]

    def followers(self) -> list[ControlplaneMock]:
        leader = self.leader()
        return [entry for entry in self.all.values() if entry is not leader]


def role(controller: ControlplaneMock) -> str:
    return controller.status().get("store", {}).get("role", "")


def file_error(controller: ControlplaneMock) -> str:
    """Why the documents as they are now are not served."""
    return controller.status().get("file_error", "")


def epoch(controller: ControlplaneMock) -> int:
    return int(controller.status()["store"]["leader_epoch"])


def start_proxies(bench: Workbench, controllers: Controllers, count: int = 3) -> list[Fairlead]:
    """Each dials the controllers in an order of its own."""
    addresses = controllers.addresses
    return [
        Fairlead(
            bench,
            IO,
            workers=1,
            controllers=addresses[number % 3 :] + addresses[: number % 3],
            flags=HEARTBEATS,
            name=f"edge-{number}",
        )
        for number in range(count)
    ]


def weight(proxy: Fairlead) -> int:
    backends = proxy.status()["backends"]
    return backends[0]["servers"][0]["weight"] if backends else 0


def seen_epoch(proxy: Fairlead) -> int:
    """The highest leader_epoch that it has seen."""
    with proxy.connect() as session:
        return session.hello.leader_epoch


def wait_for_weight(proxies: list[Fairlead], wanted: int) -> None:
    wait_until(
        lambda: all(weight(proxy) == wanted for proxy in proxies),
        lambda: f"all have weight {wanted}; they have {[weight(proxy) for proxy in proxies]}",
    )


def test_one_of_three_leads_and_the_key_says_so(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd)
    leader = controllers.leader()
    record = etcd.leader()
    assert record == {"name": leader.name.removeprefix("ctl-"), "listening_on": leader.address}
    for follower in controllers.followers():
        wait_until(lambda: role(follower) == "FOLLOWING", "the others follow")
        wait_until(lambda: follower.status()["store"]["leader_address"] == leader.address, "they know whom")
        assert epoch(follower) == epoch(leader)


def test_proxies_find_the_leader_wherever_it_stands_in_their_list(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd)
    leader = controllers.leader()
    started = time.monotonic()
    proxies = start_proxies(bench, controllers)
    wait_for_weight(proxies, 1)
    assert time.monotonic() - started < FAILOVER_SECONDS
    for number in range(3):
        leader.wait_until_served(f"edge-{number}")
    for follower in controllers.followers():
        assert not follower.lines("sending")


def test_an_edit_in_the_store_is_sent_at_once_and_only_the_edit(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd)
    leader = controllers.leader()
    proxies = start_proxies(bench, controllers, 1)
    wait_for_weight(proxies, 1)
    site(7)
    wait_for_weight(proxies, 7)
    wait_until(lambda: leader.lines("1 operation on revision 1"), "its log says what it sent")


def test_documents_are_one_state_and_what_is_wrong_in_one_is_named(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd)
    leader = controllers.leader()
    proxies = start_proxies(bench, controllers, 1)
    wait_for_weight(proxies, 1)
    etcd.put("more/backend.yaml", {"backends": [configs.backend("more")]})
    wait_until(lambda: len(proxies[0].status()["backends"]) == 2, "the second document is served")

    etcd.put("more/backend.yaml", "backends:\n  - id: more\n    polcy: x\n")
    wait_until(lambda: "polcy" in file_error(leader), "the fault is known")
    assert "/fairlead/config/more/backend.yaml:3: " in file_error(leader)
    etcd.delete("--prefix", "/fairlead/config/")
    wait_until(lambda: "no document" in file_error(leader), "their absence is known")
    assert len(proxies[0].status()["backends"]) == 2

    site(3)
    wait_until(lambda: len(proxies[0].status()["backends"]) == 1, "the next good state is served")
    wait_until(lambda: file_error(leader) == "", "nothing is wrong any more")
    etcd.put("site.yaml", "{}")
    wait_until(lambda: not proxies[0].status()["backends"], "an empty document says that nothing is to be served")


def test_who_has_nothing_to_serve_does_not_lead(bench: Workbench, etcd: Etcd, origin: Origin):
    etcd.put("site.yaml", "no: yaml of ours")
    controllers = Controllers(bench, etcd)
    for controller in controllers.all.values():
        wait_until(lambda: file_error(controller), "the fault is known")
        wait_until(lambda: role(controller) == "STANDING_BY", "it does not stand for election")
    etcd.put("site.yaml", configs.site(origin.server()))
    controllers.leader()


class Edits:
    """Writes one weight after another, each one more, as fast as etcdctl goes, until stop()."""

    def __init__(self, site: Callable[[int], int]):
        self.written = 1
        self._site = site
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ends.is_set():
            self._site(self.written + 1)
            self.written += 1

    def stop(self) -> int:
        """The last one."""
        self._ends.set()
        self._thread.join()
        return self.written


def test_leaders_are_killed_under_traffic_and_edits_and_no_request_fails(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd)
    proxies = start_proxies(bench, controllers)
    wait_for_weight(proxies, 1)
    hammers = [
        Hammer(bench, proxy.listener(), "--connections=2", "--rate=200", name=f"hammer-{number}")
        for number, proxy in enumerate(proxies)
    ]
    edits = Edits(site)
    epochs = []
    try:
        for _ in range(4):
            for hammer in hammers:
                hammer.wait_for_progress(20)
            leader = controllers.leader()
            epochs.append(epoch(leader))
            leader.process.kill()
            killed, served_by_it = time.monotonic(), edits.written + 1
            wait_until(lambda: all(weight(proxy) > served_by_it for proxy in proxies), "the next one serves all")
            assert time.monotonic() - killed < FAILOVER_SECONDS
            controllers.restart(leader)
    finally:
        last = edits.stop()
    wait_for_weight(proxies, last)
    for hammer in hammers:
        assert_no_failure(hammer.stop())
    assert epochs == sorted(set(epochs))
    fingerprints = {proxy.status()["fingerprint"] for proxy in proxies}
    assert len(fingerprints) == 1
    leader = controllers.leader()
    wait_until(lambda: fingerprints == {leader.status()["desired_fingerprint"]}, "it is what the leader wants")
    assert not any(controller.lines("rejected") for controller in controllers.all.values())


def test_a_leader_that_is_told_to_end_resigns_at_once(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd, flags=("--lease_ttl=60",))
    proxies = start_proxies(bench, controllers)
    wait_for_weight(proxies, 1)
    leader = controllers.leader()
    leader.process.send_signal(signal.SIGTERM)
    # Long before its lease would have been over.
    successor = controllers.leader(other_than=leader)
    for number in range(3):
        successor.wait_until_served(f"edge-{number}")
    assert leader.process.wait_exit() == 0
    assert epoch(successor) > epoch(leader)


@pytest.mark.parametrize("who_dials", ["the proxy", "the controller"])
def test_a_leader_that_was_paused_writes_nothing_when_it_wakes(bench: Workbench, etcd: Etcd, site, who_dials: str):
    if who_dials == "the proxy":
        controllers = Controllers(bench, etcd)
        proxies = start_proxies(bench, controllers)
    else:
        # They outlast the pause on the stream of the paused one.
        proxies = [Fairlead(bench, IO, workers=1, name=f"edge-{number}") for number in range(3)]
        controllers = Controllers(bench, etcd, flags=("--dial=" + ",".join(proxy.control for proxy in proxies),))
    wait_for_weight(proxies, 1)
    paused = controllers.leader()
    # What it has sent until now is in its log, too.
    wait_until(lambda: len(paused.lines(": applied")) >= len(proxies), "it has heard all answers")
    paused.process.send_signal(signal.SIGSTOP)
    site(5)
    successor = controllers.leader(other_than=paused)
    wait_for_weight(proxies, 5)
    said_before = len(paused.lines("sending"))
    paused.process.send_signal(signal.SIGCONT)
    wait_until(lambda: role(paused) == "FOLLOWING", "it knows that it is deposed")
    site(6)
    wait_for_weight(proxies, 6)
    assert len(paused.lines("sending")) == said_before
    # If it wrote all the same, it would be refused.
    deposed = ControlplaneMock(
        bench,
        configs.site({"id": "w1", "address": "127.0.0.1:9"}),
        f"--dial={proxies[0].control}",
        f"--leader_epoch={epoch(successor) - 1}",
        name="deposed",
    )
    wait_until(lambda: deposed.lines("STALE_LEADER_EPOCH"), "its write is refused")
    assert weight(proxies[0]) == 6


def test_the_next_leader_shows_its_epoch_though_it_has_nothing_to_change(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd)
    proxies = start_proxies(bench, controllers, 1)
    wait_for_weight(proxies, 1)
    first = controllers.leader()
    revision = proxies[0].status()["revision"]
    first.process.kill()
    second = controllers.leader(other_than=first)
    wait_until(lambda: second.lines("proxy edge-0: applied"), "the proxy has seen its epoch")
    assert second.lines("leader epoch")
    assert seen_epoch(proxies[0]) == epoch(second)
    assert proxies[0].status()["revision"] == revision


def test_the_store_goes_and_comes_back(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd)
    proxies = start_proxies(bench, controllers)
    wait_for_weight(proxies, 1)
    hammer = Hammer(bench, proxies[0].listener(), "--connections=2", "--rate=200")
    leader = controllers.leader()

    etcd.kill()
    wait_until(lambda: role(leader) == "STANDING_BY", "nobody can be sure to lead")
    wait_until(lambda: leader.status()["store"]["error"], "it says why")
    hammer.wait_for_progress(100)
    etcd.start()
    etcd.wait_until_up()

    controllers.leader()
    site(9)
    wait_for_weight(proxies, 9)
    assert_no_failure(hammer.stop())
    assert not any(controller.lines("rejected") for controller in controllers.all.values())


def test_a_store_that_comes_back_soon_changes_nobodys_part(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd, flags=("--lease_ttl=10",))
    proxies = start_proxies(bench, controllers)
    wait_for_weight(proxies, 1)
    leader = controllers.leader()
    under = epoch(leader)
    etcd.kill()
    wait_until(lambda: all(entry.status()["store"]["error"] for entry in controllers.all.values()), "all have noticed")
    etcd.start()
    etcd.wait_until_up()
    site(9)
    wait_for_weight(proxies, 9)
    assert (controllers.leader(), epoch(leader)) == (leader, under)
    # The watch went on where it was.
    assert not leader.lines("reading anew")


def test_what_was_compacted_away_is_read_anew(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd)
    proxies = start_proxies(bench, controllers)
    wait_for_weight(proxies, 1)
    follower = controllers.followers()[0]
    follower.process.send_signal(signal.SIGSTOP)
    etcd.kill()  # so that the follower has to come again
    etcd.start()
    etcd.wait_until_up()
    for number in range(5):
        site(20 + number)
    etcd.ctl("compact", str(etcd.revision()))
    wait_for_weight(proxies, 24)
    follower.process.send_signal(signal.SIGCONT)
    wait_until(lambda: follower.lines("reading anew"), "it has missed something")
    wanted = controllers.leader(other_than=follower).status()["desired_fingerprint"]
    wait_until(lambda: follower.status()["desired_fingerprint"] == wanted, "it has caught up")


def test_members_of_the_stores_cluster_may_go_one_after_another(bench: Workbench, origin: Origin):
    members = Etcd.cluster(bench)
    members[0].put("site.yaml", configs.site(origin.server(weight=1)))
    # With time for the cluster's own election.
    controllers = Controllers(bench, *members, flags=("--lease_ttl=10",))
    proxies = start_proxies(bench, controllers)
    wait_for_weight(proxies, 1)
    under = epoch(controllers.leader())
    for number, member in enumerate(members):
        member.kill()
        members[number - 1].wait_until_up()  # they have elected a leader of theirs, if it was that
        members[number - 1].put("site.yaml", configs.site(origin.server(weight=5 + number)))
        wait_for_weight(proxies, 5 + number)
        member.start()
        member.wait_until_up()
    assert epoch(controllers.leader()) == under
    assert not any(controller.lines("rejected") for controller in controllers.all.values())


def test_an_operator_may_depose_the_leader_and_keep_the_place(bench: Workbench, etcd: Etcd, site):
    controllers = Controllers(bench, etcd)
    proxies = start_proxies(bench, controllers)
    wait_for_weight(proxies, 1)
    first = epoch(controllers.leader())
    etcd.ctl("put", "/fairlead/leader", "maintenance until noon")
    for controller in controllers.all.values():
        wait_until(lambda: role(controller) == "FOLLOWING", "nobody leads")
        wait_until(lambda: controller.status()["store"]["leader"] == "maintenance until noon", "who is in its place")
    site(4)
    assert settled(lambda: [weight(proxy) for proxy in proxies]) == [1, 1, 1]
    etcd.delete("/fairlead/leader")
    wait_for_weight(proxies, 4)
    assert epoch(controllers.leader()) > first
