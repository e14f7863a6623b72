"""`fairleadctl explain`, and the way from a line of the access log to who decided it (docs/HEALTH.md)."""

import time
from typing import Any

import pytest

from tests.support import configs
from tests.support.access_log import AccessLogFile
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import Outcome, fairleadctl
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import get

# Which loop the workers run on has no part in these.
IO = "epoll"


@pytest.fixture
def log(bench: Workbench) -> AccessLogFile:
    return AccessLogFile(bench.directory / "access.log")


@pytest.fixture
def fairlead(bench: Workbench, log: AccessLogFile) -> Fairlead:
    return Fairlead(bench, IO, flags=(f"--access_log=file:{log.path}",))


def explain(fairlead: Fairlead, name: str, *arguments: str) -> Outcome:
    return fairleadctl(fairlead.control, "explain", name, *arguments)


def use(fairlead: Fairlead, **health: Any) -> None:
    with fairlead.connect() as control:
        control.replace(configs.site({"id": "w1", "address": "127.0.0.1:1"}, health=health))


def say(fairlead: Fairlead, status: str, reporter: str, more: str = "") -> None:
    assert fairlead.report(f"report web/w1 {status} reporter={reporter} ttl=1h {more}") == ["ok"]


def test_it_tells_people_votes_rule_decision_and_what_would_change_it(fairlead: Fairlead):
    use(fairlead, down={"votes": 2}, min_up="3600s")
    say(fairlead, "up", "probe-b")
    fairlead.wait_for_health("web", "w1", "UP")
    say(fairlead, "down", "probe-a", 'seq=7 incarnation=3 reason="connection refused"')
    outcome = explain(fairlead, "web/w1")
    assert (outcome.code, outcome.err) == (0, "")
    lines = [line.split() for line in outcome.out.splitlines()]
    assert lines[0] == ["SERVER", "HEALTH", "SINCE", "AT_REVISION", "BY", "ADMIN_STATE", "WEIGHT", "ELIGIBLE", "REASON"]
    assert lines[1][:2] + lines[1][3:] == ["web/w1", "UP", "1", "probe-b", "READY", "1", "yes", "-"]
    assert "rule          DOWN by 2 votes, UP by 1 vote; min_up 3600s\n" in outcome.out
    assert "votes say     UP (DOWN: 1 vote from 1 failure domain; UP: 1 vote from 1 failure domain)\n" in outcome.out
    assert "DOWN by 1 more vote\n" in outcome.out
    (vote,) = (line for line in lines if line[:1] == ["probe-a"])
    assert vote[1:4] == ["probe-a", "1", "DOWN"]
    assert vote[6:] == ["3", "7", "yes", "connection", "refused"]
    say(fairlead, "down", "probe-c")
    wait_until(
        lambda: "held          by min_up, would be DOWN, for another 59m" in explain(fairlead, "web/w1").out,
        lambda: f"it is held: {explain(fairlead, 'web/w1').out}",
    )
    (decision,) = (line.split() for line in outcome.out.splitlines() if " UNKNOWN   UP " in line)
    assert decision[2:] == ["UNKNOWN", "UP", "1", "probe-b"]


def test_programs_get_the_same_as_json_from_it_and_from_the_page(fairlead: Fairlead):
    use(fairlead, down={"votes": 2}, up={"votes": 2}, fail_safe={"max_share": 0.5, "within": "60s"})
    say(fairlead, "down", "probe-a", "seq=7 incarnation=3")
    told = explain(fairlead, "web/w1", "-o", "json").json()
    assert (told["health"], told["votes_say"], told["since_revision"]) == ("UNKNOWN", "UNKNOWN", "0")
    assert told["fail_safe"] == {"in_service": 1, "limit": 1, "taken": 0, "held": 0}
    assert (told["votes"][0]["sequence"], told["votes"][0]["incarnation"]) == ("7", "3")
    say(fairlead, "down", "probe-b")
    fairlead.wait_for_health("web", "w1", "DOWN")
    told = explain(fairlead, "web/w1", "--output=json").json()
    code, body = fairlead.admin_get("/status/servers/web/w1")
    assert code == 200
    for part in ('"since_revision":1', '"revision":1', '"time_ms":', '"decided_by":"probe-b, probe-a"'):
        assert part in body.replace(": ", ":"), body
    assert (told["since_revision"], told["decided_by"], told["eligible"]) == ("1", "probe-b, probe-a", False)
    assert abs(int(told["time_ms"]) / 1000 - time.time()) < 60


def test_it_says_what_is_not_there_and_what_would_be_right(fairlead: Fairlead):
    use(fairlead)
    outcome = explain(fairlead, "wbe/w1")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == 'no backend "wbe"; did you mean "web"? see fairleadctl get backends\n'
    outcome = explain(fairlead, "web/w9")
    assert outcome.code == 1
    assert outcome.err.startswith('no server "web/w9";')
    assert outcome.err.endswith("see fairleadctl get servers web\n")
    outcome = explain(fairlead, "web")
    assert (outcome.code, outcome.err) == (2, 'expected BACKEND/SERVER, not "web"\n')
    outcome = explain(fairlead, "web/w1", "web/w2")
    assert (outcome.code, outcome.err) == (2, "too many arguments; usage: fairleadctl explain BACKEND/SERVER\n")


def test_decisions_are_told_with_their_revision_after_a_restart_too(bench: Workbench):
    state = (f"--state_dir={bench.directory}/state",)
    (bench.directory / "state").mkdir(mode=0o700)
    fairlead = Fairlead(bench, IO, flags=state)
    use(fairlead)
    say(fairlead, "down", "probe-a")
    fairlead.wait_for_health("web", "w1", "DOWN")
    with fairlead.connect() as control:
        assert control.apply(configs.upsert_server("web", {"id": "w2", "address": "127.0.0.1:2"})).revision == 2
    wait_until(lambda: (bench.directory / "state/votes").exists(), "it is saved")
    assert fairlead.process.terminate() == 0
    told = explain(Fairlead(bench, IO, flags=state, name="again"), "web/w1", "-o", "json").json()
    assert (told["health"], told["since_revision"], told["revision"]) == ("DOWN", "1", "2")


def decision_at(told: dict[str, Any], entry_time: str) -> dict[str, Any]:
    """The one that stood when the access log's entry began."""
    for decision in told["decisions"]:  # the newest first
        at = (int(told["time_ms"]) - int(decision["ago_ms"])) / 1000
        # Both clocks are told in milliseconds: what is nearer than that is not told apart.
        if time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}" <= entry_time:
            return decision
    raise AssertionError(f"no decision before {entry_time}: {told['decisions']}")


def test_a_line_of_the_access_log_leads_to_who_made_its_revision_and_who_let_its_server_be_picked(
    fairlead: Fairlead, log: AccessLogFile, start_origin
):
    origins = {name: start_origin(name) for name in ("w1", "w2")}

    def wait_for_the_clocks() -> None:
        begin = time.monotonic()
        wait_until(lambda: time.monotonic() - begin > 0.05, "the clocks have gone on")

    def request(entries: int) -> None:
        # At a moment that the clocks tell apart from what was before and from what comes.
        wait_for_the_clocks()
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
        log.wait(entries)
        wait_for_the_clocks()

    def report(server: str, status: str, reporter: str) -> None:
        assert fairlead.report(f"report web/{server} {status} reporter={reporter} ttl=1h") == ["ok"]
        fairlead.wait_for_health("web", server, status.upper())

    with fairlead.connect() as control:
        control.replace(configs.site(origins["w1"].server(weight=7)), author="alice", comment="the first")
    report("w1", "up", "probe-a")
    request(1)
    # Another health, and another revision, in which it is w2's turn.
    report("w1", "down", "probe-b")
    with fairlead.connect() as control:
        control.apply(configs.upsert_server("web", origins["w2"].server(weight=9)), author="bob", comment="one more")
    report("w2", "up", "probe-c")
    request(2)
    # What is now tells nothing of that any more.
    report("w2", "down", "probe-d")
    with fairlead.connect() as control:
        control.apply(configs.upsert_server("web", origins["w2"].server(weight=1)), author="carol")

    expected = [("w1", 1, "alice", "the first", "7", "probe-a", 1), ("w2", 2, "bob", "one more", "9", "probe-c", 2)]
    history = fairleadctl(fairlead.control, "history", "-o", "json").json()["entries"]
    for entry, (server, revision, author, comment, weight, reporter, decided_at) in zip(log.wait(2), expected):
        assert (entry["server"], entry["revision"]) == (server, revision)
        (made,) = (one for one in history if int(one["revision"]) == entry["revision"])
        assert (made["author"], made["comment"]) == (author, comment)
        then = fairleadctl(fairlead.control, "get", "servers", f"web/{server}", f"--revision={entry['revision']}").out
        assert weight in then.split()
        decision = decision_at(explain(fairlead, f"web/{server}", "-o", "json").json(), entry["time"])
        assert (decision["to"], decision["decided_by"]) == ("UP", reporter)
        assert int(decision["revision"]) == decided_at
