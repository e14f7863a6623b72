"""How reports become decisions, through the built proxy: quorums, holds, fail-safe (docs/HEALTH.md)."""

import json
import os
from typing import Any

import pytest

from tests.support import api, configs
from tests.support.fairlead import Fairlead
from tests.support.waiting import wait_until

FAIL_SAFE = 'fairlead_backend_fail_safe{backend="web"}'


def use(fairlead: Fairlead, servers: int = 1, **health: Any) -> None:
    entries = [{"id": f"w{i}", "address": f"127.0.0.1:{i}"} for i in range(1, servers + 1)]
    with fairlead.connect() as control:
        control.replace(configs.site(*entries, health=health))


def say(fairlead: Fairlead, status: str, *reporters: str, server: str = "w1", ttl: str = "1h") -> None:
    lines = [f"report web/{server} {status} reporter={name} ttl={ttl}" for name in reporters]
    assert fairlead.report(*lines) == ["ok"] * len(lines)


def health(fairlead: Fairlead, server: str = "w1") -> str:
    return fairlead.server_status("web", server)["health"]


def test_a_quorum_of_reporters_takes_a_server_out_and_brings_it_back(fairlead: Fairlead):
    use(fairlead, down={"votes": 2}, up={"votes": 2})
    say(fairlead, "up", "a", "b")
    assert fairlead.wait_for_health("web", "w1", "UP")["decided_by"] == "b, a"
    say(fairlead, "down", "a", "c")
    assert fairlead.wait_for_health("web", "w1", "DOWN")["decided_by"] == "c, a"
    say(fairlead, "unknown", "c")
    say(fairlead, "up", "a")
    fairlead.wait_for_health("web", "w1", "UP")


def test_one_failure_domain_takes_nothing_out(fairlead: Fairlead):
    use(fairlead, down={"votes": 2, "failure_domains": 2})
    uid = os.geteuid()
    zones = {"a1": "zone-a", "a2": "zone-a", "b1": "zone-b"}
    with fairlead.connect() as control:
        control.apply(
            *(
                {
                    "upsert_reporter": {
                        "id": name,
                        "identities": [{"unix_uid": uid}],
                        "failure_domain": zone,
                        "backends": ["web"],
                    }
                }
                for name, zone in zones.items()
            )
        )
    say(fairlead, "up", "b1")
    fairlead.wait_for_health("web", "w1", "UP")
    say(fairlead, "down", "a1", "a2")
    assert health(fairlead) == "UP"
    say(fairlead, "down", "b1")
    fairlead.wait_for_health("web", "w1", "DOWN")


def test_a_decision_is_kept_for_a_while_when_all_reporters_are_silent(fairlead: Fairlead):
    use(fairlead, keep_last="3s")
    say(fairlead, "down", "a", ttl="10ms")
    kept = fairlead.wait_for_health("web", "w1", "DOWN")
    wait_until(
        lambda: fairlead.server_status("web", "w1")["reason"] == "held by keep_last, would be UNKNOWN",
        lambda: f"it is kept: {kept}",
    )
    fairlead.wait_for_health("web", "w1", "UNKNOWN")


def test_the_fail_safe_holds_back_and_tells(fairlead: Fairlead):
    use(fairlead, 10, fail_safe={"max_share": 0.3, "within": "3600s"})
    assert fairlead.metrics()[FAIL_SAFE] == 0
    for i in range(1, 11):
        say(fairlead, "down", "confused", server=f"w{i}")
    wait_until(lambda: fairlead.metrics()[FAIL_SAFE] == 7, "seven decisions are held back")
    for server in ("w1", "w2", "w3"):
        fairlead.wait_for_health("web", server, "DOWN")
    assert {health(fairlead, f"w{i}") for i in range(4, 11)} == {"UNKNOWN"}
    assert fairlead.server_status("web", "w4")["reason"] == "held by fail_safe, would be DOWN"
    wait_until(
        lambda: 'backend "web": fail-safe: reports have taken 3 of 10 servers out' in fairlead.process.stderr(),
        lambda: f"the log tells: {fairlead.process.stderr()}",
    )
    with fairlead.connect() as control:  # more servers in service: more room
        control.apply(*(configs.upsert_server("web", {"id": f"x{i}", "address": f"127.0.0.1:{i + 50}"}) for i in range(4)))
    fairlead.wait_for_health("web", "w4", "DOWN")
    for i in range(5, 11):
        say(fairlead, "up", "confused", server=f"w{i}")
    wait_until(lambda: fairlead.metrics()[FAIL_SAFE] == 0, "it is over")
    wait_until(lambda: 'backend "web": fail-safe: over after' in fairlead.process.stderr(), "the log tells that it is over")


def test_rules_that_change_hold_at_once(fairlead: Fairlead):
    use(fairlead, down={"votes": 2})
    say(fairlead, "up", "b")
    say(fairlead, "down", "a")
    fairlead.wait_for_health("web", "w1", "UP")
    use(fairlead, down={"votes": 1})
    fairlead.wait_for_health("web", "w1", "DOWN")
    use(fairlead)
    fairlead.wait_for_health("web", "w1", "DOWN")  # the word that came last
    with fairlead.connect() as control:
        control.apply(configs.set_health("web", "w1", "UP"))
    fairlead.wait_for_health("web", "w1", "UP")


@pytest.mark.parametrize("admin_state", ["DRAIN", "MAINT"])
def test_admin_states_are_another_matter(fairlead: Fairlead, admin_state: str):
    use(fairlead, down={"votes": 2})
    server = {"id": "w1", "address": "127.0.0.1:1", "admin_state": admin_state}
    with fairlead.connect() as control:
        control.apply(configs.upsert_server("web", server))
    say(fairlead, "down", "a", "b")
    status = fairlead.wait_for_health("web", "w1", "DOWN")
    assert (status["admin_state"], status["eligible"]) == (admin_state, False)
    with fairlead.connect() as control:
        control.apply(configs.upsert_server("web", {"id": "w1", "address": "127.0.0.1:1"}))
    assert fairlead.server_status("web", "w1")["eligible"] is False
    say(fairlead, "unknown", "a")
    say(fairlead, "up", "b")
    fairlead.wait_for_health("web", "w1", "UP")
    assert fairlead.server_status("web", "w1")["eligible"] is True


class TestExplanation:
    """/status/servers/… and ToProxy.get_explanation."""

    def explain(self, fairlead: Fairlead, server: str = "w1") -> dict[str, Any]:
        code, body = fairlead.admin_get(f"/status/servers/web/{server}")
        assert code == 200, body
        return json.loads(body)

    def test_the_page_tells_votes_rule_decision_and_what_would_change_it(self, fairlead: Fairlead):
        use(fairlead, down={"votes": 2, "failure_domains": 2}, min_down="10s")
        say(fairlead, "up", "b")
        fairlead.wait_for_health("web", "w1", "UP")
        assert fairlead.report('report web/w1 down reporter=a ttl=60s seq=7 incarnation=3 reason="refused"') == ["ok"]
        told = self.explain(fairlead)
        assert (told["health"], told["decided_by"], told["eligible"]) == ("UP", "b", True)
        assert told["rule"] == "DOWN by 2 votes from 2 failure domains, UP by 1 vote; min_down 10s"
        assert told["down"] == {"votes": 1, "failure_domains": 1}
        first, second = told["votes"]
        assert (first["reporter"], first["vote"], first["counts"], first["reason"]) == ("a", "DOWN", True, "refused")
        assert (first["sequence"], first["incarnation"]) == (7, 3)
        assert 0 <= first["age_ms"] < 20_000
        assert 40_000 < first["left_ms"] <= 60_000
        assert second["reporter"] == "b"
        assert "DOWN by 1 more vote, from another failure domain" in told["would_change"]
        assert [(past["from"], past["to"]) for past in told["decisions"]] == [("UNKNOWN", "UP")]
        say(fairlead, "down", "b")
        fairlead.wait_for_health("web", "w1", "DOWN")
        say(fairlead, "up", "b")
        held = self.explain(fairlead)["held"]
        assert (held["by"], held["would_be"]) == ("min_down", "UP")
        assert 0 < held["left_ms"] <= 10_000

    def test_controllers_are_told_the_same(self, fairlead: Fairlead):
        use(fairlead, down={"votes": 2})
        say(fairlead, "down", "a")
        with fairlead.connect() as control:
            control.apply(configs.set_health("web", "w1", "UP", "it was looked at"))
            control.send(
                get_explanation=api.control.GetExplanation(request_id="why", backend="web", server="w1")
            )
            told = control.receive("explanation")
            assert (told.request_id, told.decided_by, told.revision) == ("why", "controller", 2)
            assert (told.controller.reason, told.controller.overruled) == ("it was looked at", False)
            assert [(vote.reporter, vote.counts, vote.why_not) for vote in told.votes] == [
                ("a", False, "it came before the controller's word")
            ]
            control.send(get_explanation=api.control.GetExplanation(backend="web", server="w9"))
            assert control.receive("explanation").error == 'server "web/w9": no such server'

    @pytest.mark.parametrize("path", ["web/w9", "nowhere/w1", "web", "web/w1/more", ""])
    def test_what_is_not_there_is_404(self, fairlead: Fairlead, path: str):
        use(fairlead)
        assert fairlead.admin_get(f"/status/servers/{path}")[0] == 404
