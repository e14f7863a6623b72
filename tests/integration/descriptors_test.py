"""Out of descriptors: what is there is served, the admin side answers, and it ends by itself."""

import contextlib
import threading

import pytest

from tests.support import configs
from tests.support.binaries import binary
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

LIMIT = 160


@pytest.fixture
def fairlead(bench: Workbench, io: str) -> Fairlead:
    """One that may have few descriptors, and at the start even fewer."""
    return Fairlead(bench, io, workers=1, wrapper=("prlimit", f"--nofile=100:{LIMIT}"))


def exhausted(fairlead: Fairlead) -> float:
    return fairlead.metrics()['fairlead_limit_reached_total{limit="descriptors"}']


@contextlib.contextmanager
def crowd(fairlead: Fairlead):
    """Clients that connect and say nothing, until the proxy accepts no more."""
    address = fairlead.listener()
    with contextlib.ExitStack() as stack:
        for _ in range(2 * LIMIT // 10):
            for _ in range(10):
                stack.enter_context(Wire.connect(address))
            if exhausted(fairlead):
                break
        wait_until(lambda: exhausted(fairlead) > 0, "it accepts no more")
        # Descriptors that the admin side had meanwhile are free again: these take them before whoever comes later.
        for _ in range(10):
            stack.enter_context(Wire.connect(address))
        yield


def test_the_soft_limit_is_raised_to_the_hard_one(fairlead: Fairlead):
    assert fairlead.metrics()["process_max_fds"] == LIMIT


def test_connections_that_are_there_are_served_and_others_wait(fairlead: Fairlead, start_origin):
    site = configs.site(start_origin("w1").server(), http={"header_timeout": "60s"})
    with fairlead.connect() as control:
        control.replace(site)
    with fairlead.open() as first, contextlib.ExitStack() as later:
        assert first.request(get("/")).status == 200  # its server's connection is in the pool
        with crowd(fairlead):
            waiting = later.enter_context(fairlead.open())
            waiting.send(get("/"))
            for _ in range(5):
                assert first.request(get("/")).status == 200
            # The admin side has its own, and so have controllers and reporters.
            for page in ("/live", "/ready", "/status", "/metrics"):
                assert fairlead.admin_get(page)[0] == 200
            with fairlead.connect() as control:
                control.replace(site)
            assert fairlead.report("report web/w1 up ttl=10s reporter=test seq=1") == ["ok"]
            assert fairlead.metrics()["process_open_fds"] < LIMIT
            assert waiting.stays_open()
            wait_until(lambda: "no descriptors left (RLIMIT_NOFILE)" in fairlead.process.stderr(), "it says so")
        # The crowd has left; whoever waited is served.
        assert waiting.read_response().status == 200
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
    assert fairlead.process.stderr().count("no descriptors left") < 20


def test_clients_that_take_all_they_can_get_leave_some_for_servers(fairlead: Fairlead, start_origin):
    with fairlead.connect() as control:
        control.replace(configs.site(start_origin("w1").server(), http={"header_timeout": "60s"}))
    with fairlead.open() as early:  # no connection to its server is in the pool
        with crowd(fairlead):
            for _ in range(5):
                assert early.request(get("/")).status == 200


def test_a_transaction_whose_listeners_would_take_all_is_refused(fairlead: Fairlead, start_origin):
    site = configs.site(start_origin("w1").server())
    many = [configs.listener(f"l{number}") for number in range(LIMIT)]
    with fairlead.connect() as control:
        control.replace(site)
        rejected = control.reject_snapshot({**site, "listeners": [*site["listeners"], *many]})
    refused = {violation.path: violation.message for violation in rejected.violations}
    assert "is for connections" in refused[f'listeners["l{LIMIT - 1}"].address']
    assert 'listeners["l0"].address' not in refused
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200


def test_where_there_are_too_few_it_says_so_and_does_not_start(bench: Workbench, io: str):
    command = ["prlimit", "--nofile=40:40", binary("fairlead"), f"--io={io}", "--workers=1", "--control_listen=unix:x"]
    process = bench.start(command, "fairlead-with-few")
    assert process.wait_exit() == 1
    assert "RLIMIT_NOFILE (ulimit -n, LimitNOFILE=) is 40: 1 workers need 48 or more" in process.stderr()


def test_requests_that_find_no_descriptor_for_a_server_are_503_and_lose_nothing(fairlead: Fairlead):
    release = threading.Event()

    def script(wire: Wire) -> None:
        while True:
            wire.read_request()
            release.wait(60)
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedOrigin(script) as origin, contextlib.ExitStack() as stack:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "slow", "address": origin.address}, http={"header_timeout": "60s"}))
        free = LIMIT - LIMIT // 8 - int(fairlead.metrics()["process_open_fds"])
        # So many that each has its descriptor, but not one more for a server.
        wires = [stack.enter_context(fairlead.open()) for _ in range(free * 2 // 3)]
        for wire in wires:
            wire.send(get("/"))
        wait_until(lambda: exhausted(fairlead) > 0, "descriptors are exhausted")
        for page in ("/live", "/ready", "/metrics"):
            assert fairlead.admin_get(page)[0] == 200
        release.set()
        responses = [wire.read_response() for wire in wires]
        assert {response.status for response in responses} == {200, 503}
        for response in responses:
            if response.status == 503:
                assert response.body == b"503 Service Unavailable: the proxy has no descriptors left\n"
        # Connections that were refused one live on.
        for wire in wires:
            assert wire.request(get("/")).status == 200
