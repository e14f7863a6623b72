"""Changes of a whole fleet: prepared by every proxy, switched to at one time, or by none."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import api, configs
from tests.support.control_session import violations
from tests.support.controlplane_mock import ControlplaneMock
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.origin import Origin
from tests.support.processes import Workbench
from tests.support.waiting import wait_until

# Which loop the workers run on has no part in these.
IO = "epoll"

NAMES = ("edge-1", "edge-2", "edge-3")
# Of machines that do much else at the same time.
GENEROUS_MS = 2_000


@pytest.fixture
def origins(start_origin: Callable[..., Origin]) -> tuple[Origin, Origin]:
    return start_origin("old"), start_origin("new")


class Fleet:
    """Three proxies, each in a directory of its own, and their controller, which has them serve an origin."""

    def __init__(self, bench: Workbench, origin: Origin, *flags: str):
        self.mock = ControlplaneMock(bench, configs.site(origin.server()), "--fleet_commit", *flags)
        self.directories = {name: bench.directory / name for name in NAMES}
        self.proxies = [self._start(bench, name) for name in NAMES]
        for name in NAMES:
            self.mock.wait_until_served(name)

    def _start(self, bench: Workbench, name: str) -> Fairlead:
        self.directories[name].mkdir()
        wrapper = ("env", f"--chdir={self.directories[name]}")
        return Fairlead(bench, IO, controllers=(self.mock.address,), name=name, wrapper=wrapper)

    def wait_for(self, text: str) -> str:
        """The first line of the controller that holds it."""
        return self.mock.wait_for_lines(text)[0]

    def revisions(self) -> list[int]:
        return [int(proxy.status()["revision"]) for proxy in self.proxies]

    def prepared(self) -> list[float]:
        return [proxy.metrics()["fairlead_prepared_transactions"] for proxy in self.proxies]

    def wait_until_nothing_is_prepared(self) -> None:
        wait_until(lambda: self.prepared() == [0, 0, 0], lambda: f"nothing is prepared; it is {self.prepared()}")


@pytest.fixture
def start_fleet(bench: Workbench, origins: tuple[Origin, Origin]) -> Iterator[Callable[..., Fleet]]:
    yield lambda *flags: Fleet(bench, origins[0], *flags)


def milliseconds(line: str, before: str) -> float:
    return float(re.search(rf"([\d.]+) ms {before}", line)[1])


class TestTogether:
    def test_all_switch_at_one_time_under_traffic(self, bench: Workbench, start_fleet, origins):
        fleet = start_fleet("--fleet_lead=300ms")
        hammers = [
            Hammer(bench, proxy.listener(), "--connections=2", name=f"hammer-{name}")
            for name, proxy in zip(NAMES, fleet.proxies)
        ]
        for hammer in hammers:
            hammer.wait_for_progress(50)
        fleet.mock.write(configs.site(origins[1].server()))
        line = fleet.wait_for("proxies switched within")
        assert "3 of 3 proxies" in line
        assert milliseconds(line, "of each other") < GENEROUS_MS
        assert milliseconds(line, "late") < GENEROUS_MS
        for name in NAMES:
            fleet.mock.wait_until_served(name)
        for hammer in hammers:
            hammer.wait_for_progress(50)
            assert_no_failure(hammer.stop())
        # What clients saw: the last that was asked of the old origin, and the first that the new one answered.
        last_old = [max(e.start_ns for e in hammer.exchanges() if e.origin == "old") for hammer in hammers]
        first_new = [min(e.end_ns for e in hammer.exchanges() if e.origin == "new") for hammer in hammers]
        assert max(last_old) - min(first_new) < GENEROUS_MS * 1e6
        assert fleet.revisions() == [2, 2, 2]
        for proxy in fleet.proxies:
            assert proxy.metrics()["fairlead_commit_lateness_seconds"] < GENEROUS_MS / 1000

    def test_what_came_of_health_meanwhile_is_kept(self, start_fleet, origins):
        fleet = start_fleet("--fleet_pause=5s")
        fleet.mock.write(configs.site({**origins[0].server(), "weight": 7}))
        fleet.wait_for("all are prepared")
        proxy = fleet.proxies[0]
        assert proxy.report("report web/old down reporter=probe ttl=60s") == ["ok"]
        proxy.wait_for_health("web", "old", "DOWN")
        with fleet.proxies[1].connect() as control:
            control.apply(configs.set_health("web", "old", "DOWN", "by hand"))
            rejected = control.reject(configs.upsert_server("web", origins[1].server()))
            assert violations(rejected) == {"": "PREPARED"}
        fleet.wait_for("3 of 3 proxies switched")
        for changed in fleet.proxies[:2]:
            server = changed.server_status("web", "old")
            assert (server["weight"], server["health"]) == (7, "DOWN")


class TestNobody:
    def test_where_one_cannot_prepare_nobody_switches(self, start_fleet, origins):
        fleet = start_fleet()
        in_the_way = fleet.directories["edge-2"] / "more"
        in_the_way.write_text("a file that is no socket")
        changed = configs.site(origins[1].server())
        # To each proxy this is a path of its own.
        changed["listeners"].append(configs.listener("more", "unix:/proc/self/cwd/more"))
        fleet.mock.write(changed)
        fleet.wait_for("nobody switches (aborted on edge-1, edge-3):")
        (why,) = fleet.mock.wait_for_lines("can't prepare: listeners")
        assert "edge-2" in why and "Address already in use" in why
        fleet.wait_until_nothing_is_prepared()
        assert fleet.revisions() == [1, 1, 1]
        # Nothing is left of it: the same change is made, once it can be.
        in_the_way.unlink()
        fleet.mock.write(changed)
        fleet.wait_for("3 of 3 proxies switched")

    def test_a_proxy_that_dies_in_between_stops_it(self, start_fleet, origins):
        fleet = start_fleet("--fleet_pause=60s")
        fleet.mock.write(configs.site(origins[1].server()))
        fleet.wait_for("all are prepared")
        assert fleet.prepared() == [1, 1, 1]
        fleet.proxies.pop(1).process.kill()
        fleet.wait_for("nobody switches (aborted on edge-1, edge-3)")
        fleet.wait_for("  edge-2 was lost")
        wait_until(lambda: fleet.prepared() == [0, 0], "nothing is prepared")
        assert fleet.revisions() == [1, 1]

    def test_where_the_controller_dies_the_holds_end_by_themselves(self, start_fleet, origins):
        fleet = start_fleet("--fleet_hold=1s", "--fleet_pause=4s")
        fleet.mock.write(configs.site(origins[1].server()))
        fleet.wait_for("all are prepared")
        fleet.mock.process.kill()
        assert fleet.prepared() == [1, 1, 1]
        fleet.wait_until_nothing_is_prepared()
        assert fleet.revisions() == [1, 1, 1]
        with fleet.proxies[0].connect() as control:
            control.apply(configs.upsert_server("web", origins[1].server()))

    def test_a_deposed_leader_commits_nothing(self, start_fleet, origins):
        fleet = start_fleet("--leader_epoch=5", "--fleet_hold=1s", "--fleet_pause=5s")
        fleet.mock.write(configs.site(origins[1].server()))
        fleet.wait_for("all are prepared")
        for proxy in fleet.proxies:
            with proxy.connect() as control:  # the next leader, who comes too early, and is known from then on
                control.reject(configs.upsert_server("web", origins[1].server()), leader_epoch=6)
        fleet.wait_for("not all switched")
        assert len(fleet.mock.wait_for_lines("did not commit: leader_epoch: 5 is below 6", 3)) == 3
        fleet.wait_until_nothing_is_prepared()
        assert fleet.revisions() == [1, 1, 1]


class TestByHand:
    def test_another_controller_finishes_what_one_began(self, start_fleet, origins):
        fleet = start_fleet("--fleet_pause=60s")
        fleet.mock.write(configs.site(origins[1].server()))
        fleet.wait_for("all are prepared")
        fleet.mock.process.kill()
        for proxy in fleet.proxies:
            with proxy.connect() as control:
                prepared = control.get().prepared
                assert (prepared.author, prepared.revision) == ("controlplane_mock", 2)
                control.send(commit=api.control.Commit(transaction_id=prepared.transaction_id))
                assert control.receive("applied").revision == 2


@pytest.fixture
def proxy(bench: Workbench) -> Fairlead:
    return Fairlead(bench, IO)


class TestTool:
    @pytest.fixture
    def served(self, proxy: Fairlead, origins) -> Fairlead:
        with proxy.connect() as control:
            control.replace(configs.site(origins[0].server(weight=100)))
        return proxy

    def weight(self, proxy: Fairlead) -> Any:
        return proxy.server_status("web", "old")["weight"]

    def test_prepares_and_commits(self, served: Fairlead, ctl):
        outcome = ctl("server", "weight", "web/old", "7", "--prepare", "--id=t", "--author=anna")
        assert outcome.code == 0
        assert re.fullmatch(r"prepared revision 2 as transaction t, held until \S+Z\n", outcome.out)
        assert "transaction t of anna (from unix) is prepared, and held until " in ctl("status").out
        assert self.weight(served) == 100
        other = ctl("server", "weight", "web/old", "8")
        assert other.code == 1 and 'transaction "t" of "anna" is prepared' in other.err
        outcome = ctl("commit", "t")
        assert (outcome.code, outcome.err) == (0, "") and outcome.out.startswith("applied revision 2: ")
        assert self.weight(served) == 7
        assert "prepared" not in ctl("status").out

    def test_aborts(self, served: Fairlead, ctl):
        ctl("server", "weight", "web/old", "7", "--prepare", "--id=t", "--hold_for=1h")
        outcome = ctl("abort", "t")
        assert (outcome.code, outcome.out) == (0, "dropped; still serving revision 1\n")
        assert ctl("commit", "t").err.startswith("aborted, from unix\n")
        ctl("server", "weight", "web/old", "7", "--prepare", "--id=t2")
        ctl("commit", "t2")
        outcome = ctl("abort", "t2")
        assert outcome.code == 1 and "too late" in outcome.err

    def test_commits_at_a_time(self, served: Fairlead, ctl):
        ctl("server", "weight", "web/old", "7", "--prepare", "--id=t")
        outcome = ctl("commit", "t", "--at=2000-01-01T00:00:00Z")  # which has passed
        assert outcome.code == 0
        ctl("server", "weight", "web/old", "8", "--prepare", "--id=t2")
        assert ctl("commit", "t2", "--at=2100-01-01T00:00:00Z").err.startswith("at_us: more than an hour ahead")
        assert ctl("commit", "t2", "--at=soon").code == 2
        assert ctl("server", "weight", "web/old", "8", "--hold_for=5s").code == 2
