"""Changes that can't hurt: looked at before, on trial, taken back, and refused for what they would do."""

import time

import pytest
import yaml

from tests.support import configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.origin import Origin
from tests.support.ports import own_host
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import get

# Which loop the workers run on has no part in these.
IO = "epoll"

DONE, REJECTED, USAGE = 0, 1, 2


@pytest.fixture
def proxy(bench: Workbench) -> Fairlead:
    return Fairlead(bench, IO)


@pytest.fixture
def origin(proxy: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with proxy.connect() as control:
        # Nobody else comes to listen on its address while it does not.
        control.replace(configs.site(started.server(weight=100), http={"address": f"{own_host()}:0"}))
    return started


def weight_of_w1(proxy: Fairlead) -> int:
    with proxy.connect() as control:
        return control.get(without_status=True).config.backends[0].servers[0].weight


class TestHistory:
    def test_tells_who_when_and_why(self, proxy: Fairlead, origin: Origin, ctl):
        began = time.time() * 1000
        ctl("server", "weight", "web/w1", "7", "--author=anna", "--comment=more for w1", "--id=change-7")
        entries = ctl("history", "-o", "json").json()["entries"]
        assert [int(entry["revision"]) for entry in entries] == [2, 1]
        entry = entries[0]
        assert (entry["author"], entry["comment"], entry["transaction_id"]) == ("anna", "more for w1", "change-7")
        assert entry["source"] == "unix"
        assert began - 1000 <= int(entry["time_ms"]) <= time.time() * 1000 + 1000
        assert entry["fingerprint"] == proxy.status()["fingerprint"]

    def test_is_a_table_for_people(self, origin: Origin, ctl):
        ctl("server", "weight", "web/w1", "7", "--author=anna", "--comment=why not")
        header, newest, oldest = ctl("history").out.splitlines()
        assert header.split() == ["REVISION", "TIME", "AUTHOR", "FROM", "CHANGES", "NOTE", "TRANSACTION", "COMMENT"]
        assert newest.split()[0] == "2" and "anna" in newest and "+0 ~1 -0" in newest and newest.endswith("why not")
        assert oldest.split()[0] == "1"
        assert len(ctl("history", "--limit=1").out.splitlines()) == 2

    def test_shows_what_changed_between_two_revisions(self, origin: Origin, ctl):
        ctl("server", "weight", "web/w1", "7")
        ctl("server", "add", "web/w2", "127.0.0.1:9")
        outcome = ctl("diff", "1", "3")
        assert outcome.code == REJECTED  # there are differences
        assert "web/w1" in outcome.out and "web/w2" in outcome.out
        assert ctl("diff", "2", "2").code == DONE
        assert "web/w2" not in ctl("diff", "1", "2").out

    def test_says_what_it_does_not_know(self, origin: Origin, ctl):
        outcome = ctl("diff", "1", "9")
        assert outcome.code == REJECTED
        assert "revision 9" in outcome.err
        assert ctl("diff", "one", "2").code == USAGE
        assert ctl("history", "--limit=none").code == USAGE


class TestRollback:
    def test_goes_back_as_one_more_revision(self, proxy: Fairlead, origin: Origin, ctl):
        before = proxy.status()["fingerprint"]
        ctl("server", "weight", "web/w1", "7")
        ctl("server", "add", "web/w2", "127.0.0.1:9")
        outcome = ctl("rollback", "1")
        assert (outcome.code, outcome.err) == (DONE, "")
        assert "applied revision 4" in outcome.out
        assert proxy.status()["fingerprint"] == before
        assert "back to 1" in ctl("history").out

    def test_a_listener_comes_back_with_its_address(self, proxy: Fairlead, origin: Origin, ctl):
        with proxy.connect() as control:
            control.apply({"remove_listener": "web"})
        assert ctl("rollback", "1").code == DONE
        with proxy.open() as wire:
            assert wire.request(get("/")).status == 200

    def test_to_what_is_not_known_is_refused(self, origin: Origin, ctl):
        outcome = ctl("rollback", "5")
        assert outcome.code == REJECTED
        assert outcome.err.startswith("rollback_to: revision 5 can't be returned to")

    def test_disturbs_no_request(self, bench: Workbench, proxy: Fairlead, origin: Origin, ctl, start_origin):
        other = start_origin("w2")
        hammer = Hammer(bench, proxy.listener(), "--connections=8")
        hammer.wait_for_progress(100)
        for _ in range(10):
            with proxy.connect() as control:
                base = control.get(without_status=True).revision
                control.apply(configs.upsert_server("web", other.server()))
                control.apply({"remove_server": {"backend": "web", "server": "w1"}})
            assert ctl("rollback", str(base)).code == DONE
        hammer.wait_for_progress(100)
        assert_no_failure(hammer.stop())


class TestTrial:
    def test_what_nobody_confirms_is_changed_back_without_its_controller(self, proxy: Fairlead, origin: Origin, ctl):
        before = proxy.status()["fingerprint"]
        outcome = ctl("server", "weight", "web/w1", "7", "--confirm_within=1s", "--id=bold")
        assert outcome.code == DONE
        wait_until(lambda: proxy.status()["revision"] == 3, "the revision before comes back")
        assert proxy.status()["fingerprint"] == before
        assert [line.split()[0] for line in ctl("history").out.splitlines()[1:]] == ["3", "2", "1"]
        assert "reverted" in ctl("history").out

    def test_what_is_confirmed_stands(self, proxy: Fairlead, origin: Origin, ctl):
        ctl("server", "weight", "web/w1", "7", "--confirm_within=24h", "--id=bold")
        assert "revision 2, by transaction bold of" in ctl("status").out
        outcome = ctl("confirm", "bold")
        assert (outcome.code, outcome.out) == (DONE, "revision 2 stands\n")
        assert "on trial" not in ctl("status").out
        assert weight_of_w1(proxy) == 7
        assert ctl("confirm", "other").code == REJECTED

    def test_meanwhile_nothing_else_is_changed_but_health(self, proxy: Fairlead, origin: Origin, ctl):
        ctl("server", "weight", "web/w1", "7", "--confirm_within=24h", "--id=bold")
        refused = ctl("server", "weight", "web/w1", "8")
        assert refused.code == REJECTED
        assert "revision 2" in refused.err and '"bold"' in refused.err and "on trial" in refused.err
        with proxy.connect() as control:
            control.apply({"set_health": {"backend": "web", "server": "w1", "status": "UP"}})
        assert ctl("health", "report", "web/w1", "up").code == DONE
        assert ctl("rollback", "1").code == DONE
        assert weight_of_w1(proxy) == 100
        assert ctl("server", "weight", "web/w1", "8").code == DONE

    def test_flags_that_are_wrong(self, origin: Origin, ctl):
        assert ctl("server", "weight", "web/w1", "7", "--confirm_within=soon").code == USAGE
        outcome = ctl("server", "weight", "web/w1", "7", "--confirm_within=10ms")
        assert outcome.code == REJECTED
        assert outcome.err.startswith("confirm_within: less than 1 s")


class TestPreconditions:
    @pytest.fixture
    def fleet(self, proxy: Fairlead) -> None:
        servers = [{"id": f"w{number}", "address": "127.0.0.1:9"} for number in range(10)]
        with proxy.connect() as control:
            control.replace(configs.site(*servers))

    def test_a_change_that_takes_too_much_capacity_is_refused_with_the_figures(self, proxy: Fairlead, fleet, ctl):
        outcome = ctl("server", "drain", "web/w0", "web/w1", "web/w2", "--min_eligible_share=0.8")
        assert outcome.code == REJECTED
        assert "7 of 10 servers would be eligible (0.7), below 0.8; now 10 of 10 are" in outcome.err
        assert proxy.status()["revision"] == 1
        assert ctl("server", "drain", "web/w0", "web/w1", "--min_eligible_share=0.8").code == DONE

    def test_a_file_that_empties_a_backend_is_refused(self, bench: Workbench, proxy: Fairlead, fleet, ctl):
        path = bench.directory / "empty.yaml"
        path.write_text(yaml.safe_dump(configs.site()))
        outcome = ctl("apply", "-f", str(path), "--max_servers_removed=3")
        assert outcome.code == REJECTED
        assert "10 servers would be removed, more than 3" in outcome.err

    def test_every_one_that_fails_is_named_by_its_path(self, proxy: Fairlead, fleet):
        with proxy.connect() as control:
            rejected = control.reject(
                {"remove_server": {"backend": "web", "server": "w0"}},
                preconditions=[
                    {"min_eligible_share": 1},
                    {"max_servers_removed": 0},
                    {"resource": {"kind": "backend", "id": "web", "fingerprint": "00"}},
                ],
            )
        assert violations(rejected) == {
            "preconditions[0].min_eligible_share": "PRECONDITION_FAILED",
            "preconditions[1].max_servers_removed": "PRECONDITION_FAILED",
            "preconditions[2].resource": "PRECONDITION_FAILED",
        }


class TestImpact:
    def test_a_dry_run_says_what_it_would_mean(self, proxy: Fairlead, origin: Origin, ctl):
        with proxy.open() as wire:
            wire.send(get("/delay/10s"))
            wait_until(lambda: origin.stats()["requests"] == 1, "the request is there")
            impact = ctl("server", "maint", "web/w1", "--dry_run", "-o", "json").json()["impact"]
            (backend,) = impact["backends"]
            assert backend["before"] == {"servers": 1, "eligible_servers": 1, "eligible_weight": "100"}
            assert backend["after"]["eligible_servers"] == 0
            assert backend["ended_requests"] == 1
            text = ctl("server", "maint", "web/w1", "--dry_run").out
            assert "backend web: 1 of 1 servers eligible -> 0 of 1" in text and "1 requests are cut off" in text
        assert proxy.status()["revision"] == 1

    def test_of_a_listener_that_goes(self, proxy: Fairlead, origin: Origin):
        with proxy.open() as wire, proxy.connect() as control:
            assert wire.request(get("/")).status == 200
            applied = control.apply({"remove_listener": "web"}, dry_run=True)
            (listener,) = applied.impact.listeners
            assert (listener.id, listener.drained_connections) == ("web", 1)
