"""What /metrics counts, for whom, and for how long."""

import pathlib
import re
import threading


from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

DOCUMENTATION = pathlib.Path(__file__).parents[2] / "docs" / "METRICS.md"

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSING = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

LISTENER = '{listener="web"}'
RULE = '{route_table="main",virtual_host="all",rule="all"}'
BACKEND = '{backend="web"}'
SERVER = '{backend="web",server="w1"}'


def site(address: str, *, timeouts: configs.Fields | None = None, **server) -> configs.Fields:
    return configs.site({"id": "w1", "address": address, **server}, **({"timeouts": timeouts} if timeouts else {}))


def with_code(labels: str, code: str) -> str:
    return labels[:-1] + f',code="{code}"}}'


def expect(fairlead: Fairlead, **values: float) -> None:
    """Waits until these metrics, by name without "fairlead_", and labels by kind, are what is said.

    A response may be with its client before the worker has counted its end.
    """
    wanted = {}
    for name, value in values.items():
        name, _, code = name.partition("__")
        labels = {"listener": LISTENER, "rule": RULE, "backend": BACKEND, "server": SERVER}[name.partition("_")[0]]
        wanted["fairlead_" + name + (with_code(labels, code) if code else labels)] = value
    found: dict[str, float | None] = {}

    def hold() -> bool:
        page = fairlead.metrics()
        found.update({name: page.get(name) for name in wanted})
        return found == wanted

    wait_until(hold, lambda: f"{wanted}; it is {found}")


def test_every_request_is_counted_for_its_listener_rule_backend_and_server(fairlead: Fairlead):
    def script(wire: Wire) -> None:
        while True:
            wire.send(CLOSING if wire.read_request().target == "/broken" else OK)

    with ScriptedOrigin(script) as origin, fairlead.connect() as control:
        control.replace(site(origin.address))
        with fairlead.open() as wire:
            for _ in range(4):
                assert wire.request(get("/")).status == 200
            assert wire.request(get("/broken")).status == 503
        expect(
            fairlead,
            listener_requests_total=5,
            listener_responses_total__2xx=4,
            listener_responses_total__5xx=1,
            listener_active_requests=0,
            listener_failures_total=0,
            listener_connections_accepted_total=1,
            listener_request_duration_seconds_count=5,
            rule_requests_total=5,
            rule_responses_total__2xx=4,
            rule_responses_total__5xx=1,
            rule_active_requests=0,
            rule_request_duration_seconds_count=5,
            backend_requests_total=5,
            backend_responses_total__2xx=4,
            backend_responses_total__5xx=1,
            backend_active_requests=0,
            backend_retries_total=0,
            backend_response_time_seconds_count=5,
            server_requests_total=5,
            server_responses_total__2xx=4,
            server_responses_total__5xx=1,
            server_connections_total=1,
            server_response_time_seconds_count=5,
        )


def test_bytes_are_counted_to_the_last_one(fairlead: Fairlead):
    request = get("/", "Connection: close")
    seen = []

    def script(wire: Wire) -> None:
        seen.append(wire.read_request())
        wire.send(OK)

    with ScriptedOrigin(script) as origin, fairlead.connect() as control:
        control.replace(site(origin.address))
        with fairlead.open() as wire:
            wire.send(request)
            answer = wire.take_rest()
        expect(
            fairlead,
            listener_received_bytes_total=len(request),
            listener_sent_bytes_total=len(answer),
            backend_received_bytes_total=len(OK),
            server_received_bytes_total=len(OK),
            backend_sent_bytes_total=len(seen[0].head),
            server_sent_bytes_total=len(seen[0].head),
        )


def test_a_server_that_refuses_is_tried_three_times_and_fails_once(fairlead: Fairlead):
    with fairlead.connect() as control:
        control.replace(site(closed_port()))
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 502
    expect(
        fairlead,
        listener_failures_total=1,
        listener_responses_total__5xx=1,
        rule_failures_total=1,
        rule_responses_total__5xx=1,
        rule_request_duration_seconds_count=1,
        backend_requests_total=3,
        backend_retries_total=2,
        backend_failures_total=3,
        backend_connect_failures_total=3,
        backend_response_time_seconds_count=0,
        server_failures_total=3,
        server_connect_failures_total=3,
    )


def test_a_server_that_does_not_answer_is_a_timeout_of_known_length(fairlead: Fairlead):
    silent = threading.Event()
    with ScriptedOrigin(lambda wire: silent.wait(20)) as origin, fairlead.connect() as control:
        control.replace(site(origin.address, timeouts={"response": "0.2s"}))
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 504
        silent.set()
        expect(
            fairlead,
            rule_failures_total=1,
            rule_request_duration_seconds_count=1,
            backend_timeouts_total=1,
            server_timeouts_total=1,
            server_failures_total=0,
            server_requests_total=1,
        )
        page = fairlead.metrics()
        # Timers count whole milliseconds: up to one less than was asked for.
        assert 0.199 <= page["fairlead_rule_request_duration_seconds_sum" + RULE] < 20
        assert page["fairlead_rule_request_duration_seconds_bucket" + RULE[:-1] + ',le="0.1"}'] == 0


def test_a_response_that_is_cut_short_is_a_failure_after_all(fairlead: Fairlead):
    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

    with ScriptedOrigin(script) as origin, fairlead.connect() as control:
        control.replace(site(origin.address))
        with fairlead.open() as wire:
            wire.send(get("/"))
            wire.take_rest()
        expect(
            fairlead,
            listener_failures_total=1,
            rule_failures_total=1,
            rule_responses_total__2xx=1,
            server_failures_total=1,
            server_responses_total__2xx=1,
            server_requests_total=1,
        )


def test_a_client_that_leaves_is_nobody_elses_failure(fairlead: Fairlead):
    asked = threading.Event()
    left = threading.Event()

    def script(wire: Wire) -> None:
        wire.read_request()
        asked.set()
        left.wait(20)

    with ScriptedOrigin(script) as origin, fairlead.connect() as control:
        control.replace(configs.site({"id": "w1", "address": origin.address}))
        wire = fairlead.open()
        wire.send(get("/"))
        assert asked.wait(20)
        expect(fairlead, listener_active_requests=1, rule_active_requests=1, backend_active_requests=1)
        wire.reset()
        expect(
            fairlead,
            listener_client_aborts_total=1,
            listener_active_requests=0,
            rule_client_aborts_total=1,
            rule_failures_total=0,
            rule_active_requests=0,
            rule_request_duration_seconds_count=1,
            backend_active_requests=0,
            server_failures_total=0,
            server_active_requests=0,
        )
        left.set()


def test_a_backend_without_servers_counts_whom_it_turned_away(fairlead: Fairlead):
    with fairlead.connect() as control:
        control.replace(configs.site())
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 503
    expect(fairlead, backend_no_eligible_server_total=1, backend_requests_total=0, rule_responses_total__5xx=1)


def test_counters_stay_with_what_changes_and_begin_anew_with_what_comes_back(fairlead: Fairlead):
    with ScriptedOrigin(answering(OK)) as origin, fairlead.connect() as control:
        control.replace(site(origin.address))
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
        expect(fairlead, server_requests_total=1)

        changed = site(origin.address, weight=7)
        changed["listeners"][0]["http"]["header_timeout"] = "5s"
        changed["route_tables"][0]["virtual_hosts"][0]["rules"][0]["timeout"] = "9s"
        changed["backends"][0]["load_balancing"]["policy"] = "LEAST_REQUEST"
        control.replace(changed)
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
        expect(
            fairlead,
            listener_requests_total=2,
            rule_requests_total=2,
            rule_request_duration_seconds_count=2,
            backend_requests_total=2,
            backend_response_time_seconds_count=2,
            server_requests_total=2,
        )

        control.replace({})
        names = set(fairlead.metrics())
        assert not {name for name in names if re.match("fairlead_(listener|rule|backend|server)_", name)}

        control.replace(site(origin.address))
        expect(
            fairlead,
            listener_requests_total=0,
            rule_requests_total=0,
            rule_request_duration_seconds_count=0,
            backend_requests_total=0,
            server_requests_total=0,
        )
        # A server that leaves takes its series along; its backend's stay.
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
        control.apply(configs.remove_server("web", "w1"))
        assert "fairlead_server_requests_total" + SERVER not in fairlead.metrics()
        expect(fairlead, backend_requests_total=1)


def test_servers_can_be_left_out(bench: Workbench, io: str):
    fairlead = Fairlead(bench, io, flags=("--server_metrics=off",))
    with ScriptedOrigin(answering(OK)) as origin, fairlead.connect() as control:
        control.replace(site(origin.address))
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
        expect(fairlead, backend_requests_total=1)
    assert not any(name.startswith("fairlead_server_") for name in fairlead.metrics())
    assert fairlead.metrics()['fairlead_backend_servers{backend="web",state="eligible"}'] == 1


def test_the_documentation_lists_what_is_there(bench: Workbench, io: str):
    state = bench.directory / "state"
    state.mkdir(mode=0o700)
    fairlead = Fairlead(bench, io, flags=(f"--state_dir={state}",))
    with ScriptedOrigin(answering(OK)) as origin, fairlead.connect() as control:
        control.replace(site(origin.address))
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
    described = dict(re.findall(r"^\| `(\w+)` \| (counter|gauge|histogram) \|", DOCUMENTATION.read_text(), re.MULTILINE))
    shown = dict(re.findall(r"^# TYPE (\w+) (\w+)$", fairlead.admin_get("/metrics")[1], re.MULTILINE))
    assert shown == described
