"""BackendLimits: what becomes of requests when all servers are at their limits."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from tests.support import configs
from tests.support.counting_origin import CountingOrigin
from tests.support.fairlead import Fairlead
from tests.support.kernel_buffers import most_of_a_connection
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

LONG = {"queue_length": 100, "queue_timeout": "60s"}


def waiting(fairlead: Fairlead) -> int:
    return int(fairlead.metrics()['fairlead_backend_queue_length{backend="web"}'])


def queued(fairlead: Fairlead) -> int:
    """How many had to wait so far."""
    return int(fairlead.metrics()['fairlead_backend_queued_total{backend="web"}'])


def wait_for_waiting(fairlead: Fairlead, count: int) -> None:
    wait_until(lambda: waiting(fairlead) == count, lambda: f"{count} to wait; {waiting(fairlead)} do")


@contextlib.contextmanager
def holder(fairlead: Fairlead, origin: CountingOrigin) -> Iterator[Wire]:
    """A request that has the only place."""
    with fairlead.open() as wire:
        wire.send(get("/holder"))
        origin.wait_for_active(1)
        yield wire


def send(fairlead: Fairlead, text: str) -> Wire:
    """A request that has come to wait."""
    before = waiting(fairlead)
    wire = fairlead.open()
    wire.send(text)
    wait_for_waiting(fairlead, before + 1)
    return wire


@pytest.fixture
def origin() -> Iterator[CountingOrigin]:
    with CountingOrigin(hold=None) as started:
        yield started


@pytest.fixture(params=[1, 3], ids=["1_worker", "3_workers"])
def fleet(bench: Workbench, io: str, request: pytest.FixtureRequest) -> Fairlead:
    return Fairlead(bench, io, workers=request.param)


def test_requests_are_served_in_the_order_of_their_coming(fleet: Fairlead, origin: CountingOrigin):
    with fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=1), limits=LONG))
    with holder(fleet, origin) as first:
        wires = []
        for i in range(12):
            wires.append(send(fleet, get(f"/{i}")))
            # Then the other workers know of it, too.
            wait_until(lambda: queued(fleet) == i + 1, "it counts as queued")
            # What comes within 10 ms has come at the same time, where there are several workers.
            came = time.monotonic()
            wait_until(lambda: time.monotonic() > came + 0.015, "15 ms to pass")
        origin.release(13)
        for wire in [first, *wires]:
            assert wire.read_response().status == 200
            wire.close()
    assert origin.targets == ["/holder", *(f"/{i}" for i in range(12))]
    assert queued(fleet) == 12


def test_no_more_wait_than_the_queue_is_long(fleet: Fairlead, origin: CountingOrigin):
    with fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=1), limits={**LONG, "queue_length": 3}))
    with holder(fleet, origin):
        wires = [send(fleet, get("/")) for _ in range(3)]
        for _ in range(6):
            with fleet.open() as refused:
                answer = refused.request(get("/"))
                assert answer.status == 503
                assert answer.body.endswith(b'all servers of backend "web" are at their limits, and its queue is full\n')
        origin.release(4)
        for wire in wires:
            assert wire.read_response().status == 200
            wire.close()
    assert fleet.metrics()['fairlead_backend_queue_overflows_total{backend="web"}'] == 6


def test_whoever_waits_too_long_is_answered_503(fleet: Fairlead, origin: CountingOrigin):
    with fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=1), limits={"queue_length": 9, "queue_timeout": "0.3s"}))
    with holder(fleet, origin) as first:
        for _ in range(2):
            # A worker's clock may stand at the moment of the connection when the request comes.
            begin = time.monotonic()
            with fleet.open() as wire:
                answer = wire.request(get("/"))
                assert answer.status == 503
                assert answer.body.endswith(b'no server of backend "web" had room before the queue\'s timeout\n')
                assert 0.29 <= time.monotonic() - begin < 5
                # The connection goes on.
                origin.release()
                assert first.read_response().status == 200
                origin.release()
                assert wire.request(get("/")).status == 200
                first.send(get("/"))
                origin.wait_for_active(1)
        origin.release()
        first.read_response()
    metrics = fleet.metrics()
    assert metrics['fairlead_backend_queue_timeouts_total{backend="web"}'] == 2
    assert metrics['fairlead_backend_queue_wait_seconds_total{backend="web"}'] >= 0.6


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_client_that_leaves_waits_no_more(fleet: Fairlead, origin: CountingOrigin, how: str):
    with fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=1), limits=LONG))
    with holder(fleet, origin) as first:
        leaving = send(fleet, get("/leaves"))
        staying = send(fleet, get("/stays"))
        getattr(leaving, how)()
        wait_for_waiting(fleet, 1)
        origin.release(2)
        assert first.read_response().status == 200
        assert staying.read_response().status == 200
        staying.close()
    assert origin.targets == ["/holder", "/stays"]
    assert fleet.metrics()["fairlead_client_aborts_total"] == 1


def test_a_body_is_held_back_while_its_request_waits(fleet: Fairlead, origin: CountingOrigin):
    size = most_of_a_connection() + 2 * 1024 * 1024
    with fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=1), limits=LONG))
    with holder(fleet, origin) as first:
        wire = send(fleet, get("/body", f"Content-Length: {size}", method="POST"))
        # What the kernel's buffers and 64 KiB of the proxy's own take, and no more.
        sent = wire.send_until_blocked(b"x" * 65536, at_most=size)
        assert sent < size
        origin.release(2)
        assert first.read_response().status == 200
        wire.send(b"x" * (size - sent))
        assert wire.read_response().status == 200
        wire.close()


def test_those_who_wait_take_what_a_change_brings(fleet: Fairlead, origin: CountingOrigin):
    with CountingOrigin("late") as late, fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=1), limits=LONG))
        with holder(fleet, origin):
            wires = [send(fleet, get(f"/{i}")) for i in range(6)]
            control.apply(configs.upsert_server("web", late.server(max_requests=1)))
            for wire in wires:
                assert wire.read_response().get("x-origin") == "late"
                wire.close()
            assert late.peak_active == 1
            control.apply(configs.remove_server("web", "late"))

            wires = [send(fleet, get(f"/{i}")) for i in range(3)]
            control.apply(configs.upsert_server("web", origin.server(max_requests=3)))
            origin.wait_for_active(3)
            assert waiting(fleet) == 1
            origin.release(4)
            for wire in wires:
                assert wire.read_response().status == 200
                wire.close()


def test_a_server_that_becomes_healthy_takes_those_who_wait(fleet: Fairlead, origin: CountingOrigin):
    with CountingOrigin("sick") as sick, fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=1), sick.server(), limits=LONG))
        control.apply(configs.set_health("web", "sick", "DOWN"))
        with holder(fleet, origin):
            wires = [send(fleet, get(f"/{i}")) for i in range(4)]
            control.apply(configs.set_health("web", "sick", "UP"))
            for wire in wires:
                assert wire.read_response().get("x-origin") == "sick"
                wire.close()
            origin.release()


def test_nobody_waits_for_a_backend_without_an_eligible_server(fleet: Fairlead, origin: CountingOrigin):
    with fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=1), limits=LONG))
        with holder(fleet, origin) as first:
            wires = [send(fleet, get(f"/{i}")) for i in range(5)]
            control.apply(configs.set_health("web", "origin", "DOWN"))
            for wire in wires:
                answer = wire.read_response()
                assert answer.status == 503
                assert answer.body.endswith(b'no eligible server in backend "web"\n')
                wire.close()
            origin.release()
            assert first.read_response().status == 200, "what runs goes on"


def test_those_who_wait_are_routed_by_the_newest_revision(fleet: Fairlead, origin: CountingOrigin):
    with CountingOrigin("other") as other, fleet.connect() as control:
        site = configs.site(origin.server(max_requests=1), limits=LONG)
        control.replace(site)
        with holder(fleet, origin) as first:
            wires = [send(fleet, get(f"/{i}")) for i in range(4)]
            # The route goes elsewhere, and the backend is no more.
            site["route_tables"] = [configs.route_table(configs.rule("all", "other"))]
            site["backends"] = [configs.backend("other", [other.server()])]
            control.replace(site)
            for wire in wires:
                assert wire.read_response().get("x-origin") == "other"
                wire.close()
            origin.release()
            assert first.read_response().get("x-origin") == "origin"


def test_a_retry_waits_too(fleet: Fairlead, origin: CountingOrigin):
    with fleet.connect() as control:
        refusing = {"id": "refusing", "address": "127.0.0.1:1", "max_requests": 1}
        control.replace(configs.site(origin.server(max_requests=1), refusing, limits=LONG))
        wires = [fleet.open() for _ in range(6)]
        for wire in wires:
            wire.send(get("/"))
        origin.release(6)
        for wire in wires:
            assert wire.read_response().status in (200, 502)
            wire.close()
        wait_for_waiting(fleet, 0)
        assert fleet.server_status("web", "origin")["active_requests"] == 0
        assert fleet.server_status("web", "refusing")["active_requests"] == 0
        assert origin.peak_active <= 1
