"""Health from three sides, in one table: operations, HealthIngest.Report, the line protocol."""

import queue
import socket
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.support import api, configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.waiting import wait_until
from tests.support.wire import get


@pytest.fixture
def servers(fairlead: Fairlead, start_origin) -> dict[str, Origin]:
    started = {name: start_origin(name) for name in ("w1", "w2")}
    with fairlead.connect() as control:
        control.replace(configs.site(*(origin.server() for origin in started.values())))
    return started


def who_answers(fairlead: Fairlead, count: int = 20) -> set[str | int | None]:
    with fairlead.open() as wire:
        responses = [wire.request(get("/")) for _ in range(count)]
        return {response.get("x-origin") or response.status for response in responses}


class Reporter:
    """A stream of HealthIngest.Report."""

    def __init__(self, fairlead: Fairlead):
        self._channel = grpc.insecure_channel(fairlead.control)
        self._outgoing: queue.Queue = queue.Queue()
        self._answers = api.services.HealthIngestStub(self._channel).Report(iter(self._outgoing.get, None))
        self._batches = 0

    def report(self, *reports: dict[str, Any]) -> Any:
        self._batches += 1
        fields = {"batch_id": self._batches, "reports": list(reports)}
        self._outgoing.put(api.message(api.health.HealthReportBatch, fields))
        answer = next(self._answers)
        assert answer.batch_id == self._batches
        return answer

    def close(self) -> None:
        self._outgoing.put(None)
        self._channel.close()


@pytest.fixture
def reporter(fairlead: Fairlead) -> Iterator[Reporter]:
    opened = Reporter(fairlead)
    yield opened
    opened.close()


def claim(server: str, status: str, reporter: str = "probe", **fields: Any) -> dict[str, Any]:
    return {"backend": "web", "server": server, "status": status, "reporter": reporter, **fields}


def test_unknown_is_eligible_unless_the_backend_says_otherwise(fairlead: Fairlead, servers: dict[str, Origin]):
    assert who_answers(fairlead) == {"w1", "w2"}
    assert fairlead.server_status("web", "w1")["health"] == "UNKNOWN"
    strict = configs.backend("web", health={"unknown_is_eligible": False})
    with fairlead.connect() as control:
        control.apply({"upsert_backend": strict})
        assert who_answers(fairlead) == {503}
        control.apply(configs.set_health("web", "w1", "UP"))
        assert who_answers(fairlead) == {"w1"}
        control.apply({"upsert_backend": configs.backend("web")})
        assert who_answers(fairlead) == {"w1", "w2"}


class TestController:
    """Health set by transactions."""

    def test_down_is_not_picked_and_says_why_and_by_whom(self, fairlead: Fairlead, servers: dict[str, Origin]):
        with fairlead.connect() as control:
            control.apply(configs.set_health("web", "w2", "DOWN", "smoke"))
        assert who_answers(fairlead) == {"w1"}
        status = fairlead.server_status("web", "w2")
        assert (status["health"], status["eligible"]) == ("DOWN", False)
        assert (status["decided_by"], status["reason"]) == ("controller", "smoke")

    def test_degraded_is_picked(self, fairlead: Fairlead, servers: dict[str, Origin]):
        with fairlead.connect() as control:
            control.apply(configs.set_health("web", "w2", "DEGRADED"))
        assert who_answers(fairlead) == {"w1", "w2"}
        assert fairlead.server_status("web", "w2")["health"] == "DEGRADED"

    def test_unknown_takes_the_word_back(self, fairlead: Fairlead, servers: dict[str, Origin]):
        with fairlead.connect() as control:
            before = fairlead.status()["fingerprint"]
            control.apply(configs.set_health("web", "w2", "DOWN"))
            assert fairlead.status()["fingerprint"] != before
            control.apply(configs.set_health("web", "w2", "UNKNOWN"))
            assert fairlead.status()["fingerprint"] == before
        assert who_answers(fairlead) == {"w1", "w2"}

    def test_survives_a_change_of_the_server(self, fairlead: Fairlead, servers: dict[str, Origin]):
        with fairlead.connect() as control:
            control.apply(configs.set_health("web", "w2", "DOWN"))
            control.apply(configs.upsert_server("web", servers["w2"].server(weight=7)))
        assert fairlead.server_status("web", "w2")["health"] == "DOWN"

    def test_for_a_server_that_is_not_there_is_rejected(self, fairlead: Fairlead, servers: dict[str, Origin]):
        with fairlead.connect() as control:
            rejected = control.reject(configs.set_health("web", "w9", "DOWN"))
        assert set(violations(rejected).values()) == {"NOT_FOUND"}

    def test_goes_with_the_server(self, fairlead: Fairlead, servers: dict[str, Origin]):
        with fairlead.connect() as control:
            control.apply(configs.set_health("web", "w2", "DOWN"))
            control.apply(configs.remove_server("web", "w2"))
            control.apply(configs.upsert_server("web", servers["w2"].server()))
        assert fairlead.server_status("web", "w2")["health"] == "UNKNOWN"


class TestReports:
    """HealthIngest.Report."""

    def test_take_a_server_out_and_bring_it_back(self, fairlead: Fairlead, servers, reporter: Reporter):
        answer = reporter.report(claim("w2", "DOWN", reason="503 from /health"))
        assert (answer.accepted, list(answer.errors)) == (1, [])
        status = fairlead.wait_for_health("web", "w2", "DOWN")
        assert (status["decided_by"], status["reason"]) == ("probe", "503 from /health")
        wait_until(lambda: who_answers(fairlead) == {"w1"}, "w2 is not picked")
        reporter.report(claim("w2", "UP"))
        wait_until(lambda: who_answers(fairlead) == {"w1", "w2"}, "w2 is picked again")

    def test_do_not_make_a_revision(self, fairlead: Fairlead, servers, reporter: Reporter):
        before = fairlead.status()
        reporter.report(claim("w2", "DOWN"))
        after = fairlead.status()
        assert (after["revision"], after["fingerprint"]) == (before["revision"], before["fingerprint"])

    def test_expire_to_unknown(self, fairlead: Fairlead, servers, reporter: Reporter):
        reporter.report(claim("w2", "DOWN", ttl="2s"))
        assert fairlead.wait_for_health("web", "w2", "DOWN")["expires_in_ms"] <= 2_000
        fairlead.wait_for_health("web", "w2", "UNKNOWN")
        wait_until(lambda: who_answers(fairlead) == {"w1", "w2"}, "w2 is picked again")

    def test_keep_a_server_up_only_while_they_live(self, fairlead: Fairlead, servers, reporter: Reporter):
        with fairlead.connect() as control:
            control.apply({"upsert_backend": configs.backend("web", health={"unknown_is_eligible": False})})
        reporter.report(claim("w1", "UP", ttl="60s"), claim("w2", "UP", ttl="0.3s"))
        wait_until(lambda: who_answers(fairlead) == {"w1"}, "w2's report has expired")

    def test_of_an_older_sequence_never_win(self, fairlead: Fairlead, servers, reporter: Reporter):
        assert reporter.report(claim("w2", "DOWN", sequence=7)).accepted == 1
        for stale in (6, 7):
            answer = reporter.report(claim("w2", "UP", sequence=stale))
            assert answer.accepted == 0
            assert answer.errors[0].index == 0
            assert "stale" in answer.errors[0].message
        assert fairlead.wait_for_health("web", "w2", "DOWN")["eligible"] is False
        assert reporter.report(claim("w2", "UP", sequence=8)).accepted == 1
        fairlead.wait_for_health("web", "w2", "UP")

    def test_of_an_older_sequence_stay_stale_after_expiry(self, fairlead: Fairlead, servers, reporter: Reporter):
        reporter.report(claim("w2", "DOWN", sequence=7, ttl="2s"))
        fairlead.wait_for_health("web", "w2", "DOWN")
        fairlead.wait_for_health("web", "w2", "UNKNOWN")
        assert reporter.report(claim("w2", "DOWN", sequence=6)).accepted == 0
        assert fairlead.server_status("web", "w2")["health"] == "UNKNOWN"

    def test_of_a_new_incarnation_begin_anew(self, fairlead: Fairlead, servers, reporter: Reporter):
        reporter.report(claim("w2", "UP", sequence=100, incarnation=1))
        assert reporter.report(claim("w2", "DOWN", sequence=1, incarnation=2)).accepted == 1
        assert reporter.report(claim("w2", "UP", sequence=101, incarnation=1)).accepted == 0
        fairlead.wait_for_health("web", "w2", "DOWN")

    def test_of_two_reporters_the_last_decides_until_it_expires(self, fairlead: Fairlead, servers, reporter: Reporter):
        reporter.report(claim("w2", "UP", "near", ttl="60s"))
        reporter.report(claim("w2", "DOWN", "far", ttl="2s"))
        assert fairlead.wait_for_health("web", "w2", "DOWN")["decided_by"] == "far"
        assert fairlead.wait_for_health("web", "w2", "UP")["decided_by"] == "near"

    def test_win_over_the_controllers_word_while_they_live(self, fairlead: Fairlead, servers, reporter: Reporter):
        with fairlead.connect() as control:
            control.apply(configs.set_health("web", "w2", "DOWN", "by hand"))
        reporter.report(claim("w2", "UP", ttl="2s"))
        fairlead.wait_for_health("web", "w2", "UP")
        assert fairlead.wait_for_health("web", "w2", "DOWN")["decided_by"] == "controller"

    def test_that_are_withdrawn_say_nothing(self, fairlead: Fairlead, servers, reporter: Reporter):
        reporter.report(claim("w2", "DOWN"))
        fairlead.wait_for_health("web", "w2", "DOWN")
        reporter.report(claim("w2", "UNKNOWN"))
        fairlead.wait_for_health("web", "w2", "UNKNOWN")

    def test_that_are_bad_are_named_and_the_others_taken(self, fairlead: Fairlead, servers, reporter: Reporter):
        answer = reporter.report(
            claim("w9", "DOWN"),
            claim("w1", "DOWN"),
            claim("w1", "UP", ""),
            claim("w1", "UP", "controller"),
            claim("w1", "UP", ttl="0.001s"),
            claim("w1", "UP", reason="x" * 300),
        )
        assert answer.accepted == 1
        assert [error.index for error in answer.errors] == [0, 2, 3, 4, 5]
        assert "no such server" in answer.errors[0].message
        fairlead.wait_for_health("web", "w1", "DOWN")

    def test_of_a_reporter_that_goes_away_live_on(self, fairlead: Fairlead, servers):
        leaving = Reporter(fairlead)
        leaving.report(claim("w2", "DOWN", ttl="60s"))
        leaving.close()
        wait_until(lambda: who_answers(fairlead) == {"w1"}, "only w1 answers")
        assert fairlead.server_status("web", "w2")["health"] == "DOWN"

    def test_live_on_through_other_transactions(self, fairlead: Fairlead, servers, reporter: Reporter):
        reporter.report(claim("w2", "DOWN", ttl="60s"))
        fairlead.wait_for_health("web", "w2", "DOWN")
        with fairlead.connect() as control:
            control.replace(configs.site(*(origin.server(weight=3) for origin in servers.values())))
        assert fairlead.server_status("web", "w2")["health"] == "DOWN"
        assert who_answers(fairlead) == {"w1"}

    def test_may_come_ten_thousand_at_once(self, fairlead: Fairlead, servers, reporter: Reporter):
        answer = reporter.report(*(claim("w2", "UP" if n % 2 else "DOWN", sequence=n + 1) for n in range(10_000)))
        assert answer.accepted == 10_000
        fairlead.wait_for_health("web", "w2", "UP")


class TestLines:
    """The line protocol."""

    def test_take_a_server_out_and_bring_it_back(self, fairlead: Fairlead, servers):
        assert fairlead.report('report web/w2 down ttl=10s reporter=probe-a seq=12 reason="503 Busy"') == ["ok"]
        status = fairlead.wait_for_health("web", "w2", "DOWN")
        assert (status["decided_by"], status["reason"]) == ("probe-a", "503 Busy")
        wait_until(lambda: who_answers(fairlead) == {"w1"}, "w2 is not picked")
        assert fairlead.report("report web/w2 up ttl=10s reporter=probe-a seq=13") == ["ok"]
        wait_until(lambda: who_answers(fairlead) == {"w1", "w2"}, "w2 is picked again")

    def test_expire(self, fairlead: Fairlead, servers):
        assert fairlead.report("report web/w2 down ttl=2s reporter=probe-a") == ["ok"]
        fairlead.wait_for_health("web", "w2", "DOWN")
        fairlead.wait_for_health("web", "w2", "UNKNOWN")

    def test_are_answered_one_by_one_in_order(self, fairlead: Fairlead, servers):
        answers = fairlead.report(
            "report web/w2 up reporter=a seq=5",
            "report web/w2 up reporter=a seq=5",
            "report web/w9 up reporter=a",
            "report web/w2 sideways reporter=a",
            "nonsense",
            "report web/w1 degraded reporter=a",
        )
        assert [answer.split(" ")[0] for answer in answers] == ["ok", "error", "error", "error", "error", "ok"]
        assert "stale" in answers[1]
        assert "web/w9" in answers[2]

    def test_share_the_table_with_the_stream(self, fairlead: Fairlead, servers, reporter: Reporter):
        assert fairlead.report("report web/w2 down reporter=probe seq=5") == ["ok"]
        assert reporter.report(claim("w2", "UP", sequence=5)).accepted == 0
        assert reporter.report(claim("w2", "UP", sequence=6)).accepted == 1

    def test_that_never_end_do_not_fill_memory(self, fairlead: Fairlead, servers):
        before = fairlead.resident_kib()
        with socket.socket(socket.AF_UNIX) as endless:
            endless.connect(fairlead.health.removeprefix("unix:"))
            endless.settimeout(2)
            try:
                for _ in range(1000):
                    endless.sendall(b"a" * 65_536)
            except OSError:
                pass  # refused at some point: as it should be
        assert fairlead.resident_kib() - before < 16 * 1024
        assert fairlead.report("report web/w2 up reporter=a") == ["ok"]


def test_lines_over_tcp(bench, io, start_origin):
    fairlead = Fairlead(bench, io, flags=("--health_listen=127.0.0.1:0",))
    if fairlead.health.startswith("unix:"):
        fairlead.health = fairlead.process.wait_for_line(r"^health listening on (127\.\S+)$")[1]
    origin = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server()))
    assert fairlead.report("report web/w1 down reporter=tcp") == ["ok"]
    assert fairlead.wait_for_health("web", "w1", "DOWN")["decided_by"] == "tcp"
