"""Server.max_requests and Server.max_connections: what servers see at a time, over all workers."""

import contextlib
import threading

import pytest

from tests.support import configs
from tests.support.counting_origin import CountingOrigin
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

QUEUE = {"queue_length": 1000, "queue_timeout": "20s"}


@pytest.fixture(params=[1, 3], ids=["1_worker", "3_workers"])
def fleet(bench: Workbench, io: str, request: pytest.FixtureRequest) -> Fairlead:
    return Fairlead(bench, io, workers=request.param)


@pytest.fixture
def three_workers(bench: Workbench, io: str) -> Fairlead:
    return Fairlead(bench, io, workers=3)


def hammer(bench: Workbench, fairlead: Fairlead, requests: int, connections: int) -> Hammer:
    return Hammer(bench, fairlead.listener(), f"--connections={connections}", f"--requests={requests}", "--timeout=30s")


def test_requests_at_a_server_are_never_more_than_its_limit(bench: Workbench, fleet: Fairlead):
    with CountingOrigin(hold=0.001) as origin, fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=4), limits=QUEUE))
        assert_no_failure(hammer(bench, fleet, 1500, 24).result())
        assert origin.peak_active == 4
        assert origin.served == 1500
        metrics = fleet.metrics()
        assert metrics['fairlead_server_limit_reached_total{backend="web",server="origin"}'] > 0
        assert metrics['fairlead_backend_queued_total{backend="web"}'] > 0
        assert metrics['fairlead_backend_queue_length{backend="web"}'] == 0


def test_connections_to_a_server_are_never_more_than_its_limit(bench: Workbench, fleet: Fairlead):
    with CountingOrigin(hold=0.001) as origin, fleet.connect() as control:
        control.replace(configs.site(origin.server(max_connections=4), limits=QUEUE))
        assert_no_failure(hammer(bench, fleet, 1500, 24).result())
        assert origin.peak_connections == 4
        assert origin.served == 1500


# New connections to clients all the time, so that work moves from worker to worker.
def test_one_connection_serves_all_workers(fleet: Fairlead):
    with CountingOrigin() as origin, fleet.connect() as control:
        control.replace(configs.site(origin.server(max_connections=1), limits=QUEUE))
        statuses: list[int] = []

        def ask() -> None:
            for _ in range(60):
                with fleet.open() as wire:
                    statuses.append(wire.request(get("/")).status)

        clients = [threading.Thread(target=ask) for _ in range(6)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert statuses == [200] * 360
        assert origin.peak_connections == 1
        assert origin.peak_active == 1


def test_an_idle_connection_of_another_worker_starves_nobody(three_workers: Fairlead):
    with CountingOrigin() as origin, three_workers.connect() as control:
        control.replace(configs.site(origin.server(max_connections=1)))  # and nobody may wait
        for _ in range(40):
            with three_workers.open() as wire:
                assert wire.request(get("/")).status == 200
        assert origin.peak_connections == 1
        assert three_workers.server_status("web", "origin")["open_connections"] == 1


def test_without_a_queue_one_more_is_refused(fleet: Fairlead):
    with CountingOrigin(hold=None) as origin, fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=2)))
        held = [fleet.open() for _ in range(2)]
        for wire in held:
            wire.send(get("/"))
        origin.wait_for_active(2)
        for _ in range(6):
            with fleet.open() as wire:
                refused = wire.request(get("/"))
                assert refused.status == 503
                assert refused.body.endswith(b'all servers of backend "web" are at their limits\n')
        assert fleet.metrics()['fairlead_backend_queue_overflows_total{backend="web"}'] == 6
        origin.release(2)
        for wire in held:
            assert wire.read_response().status == 200
            wire.close()
        origin.release(6)
        for _ in range(6):
            with fleet.open() as wire:
                assert wire.request(get("/")).status == 200


def test_a_full_server_leaves_its_share_to_the_others(fleet: Fairlead):
    with CountingOrigin("full", hold=None) as full, CountingOrigin("free") as free, fleet.connect() as control:
        control.replace(configs.site(full.server(max_requests=1), free.server()))
        held: list[Wire] = []
        while full.active == 0:
            held.append(fleet.open())
            held[-1].send(get("/"))
            wait_until(lambda: full.active + free.served == len(held), "each request to be somewhere")
        for _ in range(20):
            with fleet.open() as wire:
                assert wire.request(get("/")).get("x-origin") == "free"
        full.release(1000)
        assert {wire.read_response().get("x-origin") for wire in held[-1:]} == {"full"}

        def is_back() -> bool:
            with fleet.open() as wire:
                return wire.request(get("/")).get("x-origin") == "full"

        wait_until(is_back, "the server to take its share again")


def test_limits_change_under_load(bench: Workbench, fleet: Fairlead):
    with CountingOrigin(hold=0.001) as origin, fleet.connect() as control:
        control.replace(configs.site(origin.server(max_requests=3, max_connections=5), limits=QUEUE))
        load = hammer(bench, fleet, 100_000, 24)
        load.wait_for_progress(100)
        for limits in [
            {"max_requests": 7},
            {"max_requests": 2},
            {"max_connections": 3},
            {},
            {"max_connections": 6, "max_requests": 6},
            {"max_connections": 1},
            {"max_requests": 5, "max_connections": 5},
        ]:
            control.apply(configs.upsert_server("web", origin.server(**limits)))
            # What began by the old limits ends in its own time.
            most = min(limits.values(), default=24)
            wait_until(lambda: fleet.server_status("web", "origin")["active_requests"] <= most, f"at most {most} requests")
            if "max_connections" in limits:
                wait_until(
                    lambda: fleet.server_status("web", "origin")["open_connections"] <= limits["max_connections"],
                    f"at most {limits['max_connections']} connections",
                )
            origin.reset_peaks()
            served = origin.served
            wait_until(lambda: origin.served >= served + 150, "requests by the new limits")
            assert origin.peak_active <= most
            assert origin.peak_active >= min(most, 2), "the limit is used"
            if "max_connections" in limits:
                assert origin.peak_connections <= limits["max_connections"]
        assert_no_failure(load.stop())
    # Nothing was counted twice, or forgotten.
    server = fleet.server_status("web", "origin")
    assert server["active_requests"] == 0


def test_places_come_back_from_clients_that_leave(three_workers: Fairlead):
    with CountingOrigin(hold=None) as origin, three_workers.connect() as control:
        control.replace(configs.site(origin.server(max_requests=2, max_connections=2), limits=QUEUE))
        for _ in range(10):
            wires = [three_workers.open() for _ in range(4)]
            for wire in wires:
                wire.send(get("/"))
            wait_until(lambda: three_workers.server_status("web", "origin")["active_requests"] == 2, "two at the server")
            for wire in wires:
                wire.reset()
            wait_until(
                lambda: three_workers.server_status("web", "origin")["active_requests"] == 0
                and three_workers.metrics()['fairlead_backend_queue_length{backend="web"}'] == 0,
                "all of them to be gone",
            )
        origin.release(1000)
        with three_workers.open() as wire:
            assert wire.request(get("/")).status == 200
        assert origin.peak_connections <= 2


def test_a_request_that_waits_is_served_as_soon_as_any_worker_frees_a_place(three_workers: Fairlead):
    with CountingOrigin(hold=None) as origin, three_workers.connect() as control:
        control.replace(configs.site(origin.server(max_requests=1), limits=QUEUE))
        answered: list[int] = []

        def ask() -> None:
            with three_workers.open() as wire:
                answered.append(wire.request(get("/")).status)

        clients = [threading.Thread(target=ask) for _ in range(12)]
        for client in clients:
            client.start()
        for served in range(12):
            origin.wait_for_active(1)
            origin.release()
            wait_until(lambda: origin.served == served + 1, "the answer")
        for client in clients:
            client.join()
        assert answered == [200] * 12
        assert origin.peak_active == 1


def tcp_site(*servers: dict, **fields) -> dict:
    return {
        "listeners": [{"id": "tcp", "address": "127.0.0.1:0", "tcp": {"backend": "web"}}],
        "backends": [configs.backend("web", servers, **fields)],
    }


@pytest.mark.parametrize("limit", ["max_connections", "max_requests"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_tcp_connections_are_held_to_limits_and_wait_in_the_queue(fleet: Fairlead, limit: str, how: str):
    with CountingOrigin(hold=0.001) as origin, fleet.connect() as control:
        control.replace(tcp_site(origin.server(**{limit: 3}), limits=QUEUE))
        address = fleet.listener("tcp")
        statuses: list[int] = []

        def ask() -> None:
            for _ in range(30):
                wire = Wire.connect(address)
                statuses.append(wire.request(get("/")).status)
                getattr(wire, how)()

        clients = [threading.Thread(target=ask) for _ in range(9)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert statuses == [200] * 270
        assert origin.peak_connections == 3
        assert fleet.metrics()['fairlead_backend_queued_total{backend="web"}'] > 0
        wait_until(
            lambda: fleet.server_status("web", "origin")["open_connections"] == 0
            and fleet.server_status("web", "origin")["active_requests"] == 0,
            "all of them to be gone",
        )


def test_without_a_queue_one_more_tcp_connection_is_reset(fleet: Fairlead):
    with CountingOrigin(hold=None) as origin, fleet.connect() as control:
        control.replace(tcp_site(origin.server(max_connections=1)))
        with Wire.connect(fleet.listener("tcp")) as first:
            first.send(get("/"))
            origin.wait_for_active(1)
            for _ in range(6):
                # The reset may come before the client knows that it is connected.
                with contextlib.suppress(ConnectionResetError), Wire.connect(fleet.listener("tcp")) as refused:
                    assert refused.is_closed()
            origin.release()
            assert first.read_response().status == 200
        assert origin.peak_connections == 1
