"""The small controller: serves files, sends what changed, plays scenarios, misbehaves."""

import pytest
import yaml

from tests.support import configs
from tests.support.binaries import REPOSITORY
from tests.support.controlplane_mock import ControlplaneMock, write_in_one_step
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.origin import Origin
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import get

# The loop has no part in these: one backend is enough.
IO = "epoll"


@pytest.fixture
def origin(start_origin) -> Origin:
    return start_origin("w1")


@pytest.fixture
def mock(bench: Workbench, origin: Origin) -> ControlplaneMock:
    return ControlplaneMock(bench, configs.site(origin.server()))


@pytest.fixture
def proxy(bench: Workbench, mock: ControlplaneMock) -> Fairlead:
    started = Fairlead(bench, IO, controllers=(mock.address,))
    mock.wait_until_served()
    return started


def serves(fairlead: Fairlead) -> bool:
    with fairlead.open() as wire:
        return wire.request(get("/")).status == 200


def test_an_empty_proxy_gets_the_file(mock: ControlplaneMock, proxy: Fairlead):
    assert serves(proxy)
    assert mock.proxy()["revision"] in (1, "1")
    assert mock.proxy()["fingerprint"] == proxy.status()["fingerprint"] == mock.status()["desired_fingerprint"]


def test_an_edit_is_sent_at_once_and_only_the_edit(mock: ControlplaneMock, proxy: Fairlead, origin: Origin):
    before = proxy.status()["fingerprint"]
    mock.write(configs.site(origin.server(weight=5)))
    mock.wait_until_served()
    assert proxy.status()["fingerprint"] != before
    assert proxy.server_status("web", "w1")["weight"] == 5
    assert len(mock.lines("1 operation on revision 1")) == 1


def test_a_file_that_is_no_good_is_named_and_the_last_good_state_stays(
    mock: ControlplaneMock, proxy: Fairlead, origin: Origin
):
    before = proxy.status()["fingerprint"]
    mock.write("backends:\n  - id: web\n    wieght: 5\n")
    wait_until(lambda: mock.status().get("file_error"), "the file's error is known")
    assert "wieght" in mock.status()["file_error"]
    assert "3" in mock.status()["file_error"]  # the line
    assert proxy.status()["fingerprint"] == before
    mock.write(configs.site(origin.server(weight=6)))
    wait_until(lambda: proxy.server_status("web", "w1")["weight"] == 6, "the next good file is served")


def test_what_the_proxy_refuses_is_shown(mock: ControlplaneMock, proxy: Fairlead, origin: Origin):
    mock.write(configs.site(origin.server(weight=70_000)))
    wait_until(lambda: mock.proxy().get("last_error"), "the rejection is known")
    mock.wait_for_lines('backends["web"].servers["w1"].weight')
    assert serves(proxy)


@pytest.mark.parametrize("io", ["io_uring", "epoll"])
def test_killed_and_restarted_it_sends_nothing_and_traffic_does_not_notice(
    bench: Workbench, mock: ControlplaneMock, origin: Origin, io: str
):
    proxy = Fairlead(bench, io, controllers=(mock.address,))
    mock.wait_until_served()
    hammer = Hammer(bench, proxy.listener(), "--connections=8")
    hammer.wait_for_progress(200)
    before = proxy.status()
    mock.process.kill()
    hammer.wait_for_progress(200)
    again = ControlplaneMock(bench, configs.site(origin.server()), address=mock.address)
    again.wait_until_served()
    hammer.wait_for_progress(200)
    assert_no_failure(hammer.stop())
    after = proxy.status()
    assert (after["revision"], after["fingerprint"]) == (before["revision"], before["fingerprint"])
    again.wait_for_lines("fingerprint matches: nothing to send")
    assert not again.lines("sending")


def test_restarted_on_another_file_it_sends_the_new_state(
    bench: Workbench, mock: ControlplaneMock, proxy: Fairlead, origin: Origin
):
    mock.process.kill()
    again = ControlplaneMock(bench, configs.site(origin.server(weight=9)), address=mock.address)
    again.wait_until_served()
    assert proxy.server_status("web", "w1")["weight"] == 9


def test_what_an_operator_changed_is_set_right(mock: ControlplaneMock, proxy: Fairlead, origin: Origin):
    with proxy.connect() as operator:
        operator.apply(configs.upsert_server("web", origin.server(weight=3)))
    mock.write(configs.site(origin.server(weight=4), {"id": "w2", "address": "127.0.0.1:9", "weight": 0}))
    mock.wait_until_served()
    assert proxy.server_status("web", "w1")["weight"] == 4, "the file has won"


def test_several_proxies_at_once(bench: Workbench, mock: ControlplaneMock, origin: Origin):
    proxies = [Fairlead(bench, IO, controllers=(mock.address,), name=f"edge-{number}") for number in range(3)]
    for number in range(3):
        mock.wait_until_served(f"edge-{number}")
    mock.write(configs.site(origin.server(weight=8)))
    for proxy in proxies:
        wait_until(lambda: proxy.server_status("web", "w1")["weight"] == 8, "each has the edit")
    assert {entry["node_id"] for entry in mock.status()["proxies"]} == {"edge-0", "edge-1", "edge-2"}


def test_it_dials_a_proxy_that_listens(bench: Workbench, origin: Origin):
    proxy = Fairlead(bench, IO)
    mock = ControlplaneMock(bench, configs.site(origin.server()), f"--dial={proxy.control}")
    mock.wait_until_served()
    assert serves(proxy)


def test_a_directory_of_files_is_one_state(bench: Workbench, origin: Origin):
    directory = bench.directory / "state"
    directory.mkdir()
    site = configs.site(origin.server())
    for kind, resources in site.items():
        (directory / f"{kind}.yaml").write_text(yaml.safe_dump({kind: resources}))
    mock = ControlplaneMock(bench, {}, str(directory))
    proxy = Fairlead(bench, IO, controllers=(mock.address,))
    mock.wait_until_served()
    assert serves(proxy)
    more = {"backends": [configs.backend("more")]}
    write_in_one_step(directory / "more.yaml", yaml.safe_dump(more))
    wait_until(lambda: len(proxy.status()["backends"]) == 2, "the new file is served")


def test_the_quickstarts_example_applies_as_it_stands(bench: Workbench):
    snapshot = yaml.safe_load((REPOSITORY / "docs/examples/quickstart.yaml").read_text())
    snapshot["listeners"][0]["address"] = "127.0.0.1:0"  # its own may be busy here
    mock = ControlplaneMock(bench, snapshot)
    proxy = Fairlead(bench, IO, controllers=(mock.address,))
    mock.wait_until_served()
    status = proxy.server_status("web", "w2")
    assert (status["health"], status["reason"], status["decided_by"]) == ("DOWN", "connection refused", "controller")


class TestScenario:
    def scenario(self, bench: Workbench, *steps: dict) -> str:
        path = bench.directory / "scenario.yaml"
        path.write_text(yaml.safe_dump({"steps": list(steps)}))
        return f"--scenario={path}"

    def test_plays_a_timeline_and_its_expectations(self, bench: Workbench, origin: Origin):
        scenario = self.scenario(
            bench,
            {"at": "0.1s", "weight": {"backend": "web", "server": "w1", "weight": 5}},
            {"expect": {"event": "APPLIED", "revision": 2}},
            {"at": "0.3s", "health": {"backend": "web", "server": "w1", "status": "DOWN", "reason": "scenario"}},
            {"expect": {"event": "APPLIED", "revision": 3}},
            {"transaction": {"operations": [configs.remove_server("web", "w9")]}},
            {"expect": {"event": "REJECTED", "code": "NOT_FOUND", "path": "w9"}},
        )
        mock = ControlplaneMock(bench, configs.site(origin.server()), scenario, "--exit_after_scenario")
        proxy = Fairlead(bench, IO, controllers=(mock.address,))
        assert mock.process.wait_exit() == 0, mock.process.stdout()
        status = proxy.server_status("web", "w1")
        assert (status["weight"], status["health"], status["reason"]) == (5, "DOWN", "scenario")

    def test_says_by_its_exit_code_that_an_expectation_failed(self, bench: Workbench, origin: Origin):
        scenario = self.scenario(
            bench,
            {"weight": {"backend": "web", "server": "w1", "weight": 5}},
            {"expect": {"event": "REJECTED", "within": "0.5s"}},
        )
        mock = ControlplaneMock(bench, configs.site(origin.server()), scenario, "--exit_after_scenario")
        Fairlead(bench, IO, controllers=(mock.address,))
        assert mock.process.wait_exit() == 1


class TestMisbehaviour:
    @pytest.mark.parametrize(
        "kind",
        [
            "drop_stream",
            "repeat_id",
            "reuse_id",
            "stale_epoch",
            "garbage",
            "unknown_message",
            "many_violations",
            "unparsable_bytes",
            "silence",
            "flood",
            "half_snapshot",
        ],
    )
    def test_does_the_proxy_no_harm(self, bench: Workbench, origin: Origin, kind: str):
        mock = ControlplaneMock(bench, configs.site(origin.server()), f"--misbehave={kind}")
        proxy = Fairlead(bench, IO, controllers=(mock.address,), flags=("--heartbeat_interval=200ms", "--heartbeat_timeout=1s"))
        wait_until(lambda: proxy.status()["revision"] >= 1, "the proxy serves the first state")
        hammer = Hammer(bench, proxy.listener(), "--connections=4", "--rate=500")
        hammer.wait_for_progress(500)
        mock.process.kill()
        # An honest controller afterwards finds it in order.
        honest = ControlplaneMock(bench, configs.site(origin.server(weight=2)), address=mock.address)
        honest.wait_until_served()
        assert proxy.server_status("web", "w1")["weight"] == 2
        assert_no_failure(hammer.stop())
