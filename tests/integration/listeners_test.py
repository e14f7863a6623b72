"""Listeners come, change and go at run time."""

import socket

import pytest

from tests.support import configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.origin import Origin
from tests.support.ports import own_host
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    """Behind the listener "web", on whose address no other program comes to listen when it does not any more."""
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server(), http={"address": f"{own_host()}:0"}))
    return started


def is_refused(address: str) -> bool:
    try:
        with Wire.connect(address):
            return False
    except ConnectionRefusedError:
        return True


def test_boots_with_nothing(fairlead: Fairlead):
    status = fairlead.status()
    assert (status["revision"], status["listeners"], status["backends"]) == (0, [], [])


def test_one_more_listener_serves_at_once(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.apply({"upsert_listener": configs.listener("second")})
    with fairlead.open("second") as wire:
        assert wire.request(get("/")).status == 200
    with fairlead.open("web") as wire:
        assert wire.request(get("/")).status == 200


def test_listens_on_ipv6(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.apply({"upsert_listener": configs.listener("six", "[::1]:0")})
    assert fairlead.listener("six").startswith("[::1]:")
    with fairlead.open("six") as wire:
        assert wire.request(get("/")).status == 200


def test_a_removed_listener_refuses_connections(fairlead: Fairlead, origin: Origin):
    address = fairlead.listener()
    with fairlead.connect() as control:
        control.apply({"remove_listener": "web"})
    assert is_refused(address)
    assert fairlead.status()["listeners"] == []


def test_a_request_under_way_outlives_its_listener(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/delay/300ms"))
        wait_until(lambda: origin.stats()["requests"] == 1, "the request is there")
        with fairlead.connect() as control:
            control.apply({"remove_listener": "web"})
        assert wire.read_response().body == b"late\n"


def test_a_new_address_opens_before_the_old_one_closes(fairlead: Fairlead, origin: Origin):
    old = fairlead.listener()
    with fairlead.open() as wire:
        wire.send(get("/delay/300ms"))
        wait_until(lambda: origin.stats()["requests"] == 1, "the request is there")
        with fairlead.connect() as control:
            control.apply({"upsert_listener": configs.listener(address="127.0.0.2:0")})
        assert fairlead.listener().startswith("127.0.0.2:")
        assert is_refused(old)
        assert wire.read_response().body == b"late\n"
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200


def test_other_settings_keep_the_socket_and_its_connections(fairlead: Fairlead, origin: Origin, start_origin):
    other = start_origin("w2")
    address = fairlead.listener()
    with fairlead.open() as wire, fairlead.connect() as control:
        assert wire.request(get("/")).get("x-origin") == "w1"
        control.apply(
            {"upsert_backend": configs.backend("other")},
            configs.upsert_server("other", other.server()),
            {"upsert_route_table": configs.route_table(configs.rule("all", "other"), identity="second")},
            {"upsert_listener": configs.listener(address=f"{address.rpartition(':')[0]}:0", route_table="second")},
        )
        assert fairlead.listener() == address
        assert wire.request(get("/")).get("x-origin") == "w2"


def test_an_address_in_use_rejects_the_whole(fairlead: Fairlead, origin: Origin):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = "127.0.0.1:%d" % taken.getsockname()[1]
        before = fairlead.status()
        with fairlead.connect() as control:
            rejected = control.reject(
                {"upsert_listener": configs.listener("good")},
                {"upsert_listener": configs.listener("busy", busy)},
                configs.upsert_server("web", {"id": "w9", "address": "127.0.0.1:9"}),
            )
    assert violations(rejected) == {'listeners["busy"].address': "BIND_FAILED"}
    assert busy in rejected.violations[0].message
    after = fairlead.status()
    assert after["revision"] == before["revision"]
    assert after["fingerprint"] == before["fingerprint"]
    assert [listener["id"] for listener in after["listeners"]] == ["web"]
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200


def test_nothing_stays_bound_of_a_rejected_transaction(fairlead: Fairlead, origin: Origin):
    host = own_host()
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server((host, 0)) as probe:
        busy = "127.0.0.1:%d" % taken.getsockname()[1]
        free = "%s:%d" % probe.getsockname()
        probe.close()
        with fairlead.connect() as control:
            control.reject(
                {"upsert_listener": configs.listener("free", free)}, {"upsert_listener": configs.listener("busy", busy)}
            )
        assert is_refused(free)


def test_an_address_that_is_not_ours_is_rejected(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        # TEST-NET-1 (RFC 5737): no machine has it.
        rejected = control.reject({"upsert_listener": configs.listener("far", "192.0.2.1:80")})
    assert violations(rejected) == {'listeners["far"].address': "BIND_FAILED"}


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.0.0.1:99999", "10.0.0.300:80", "localhost:80", ":80", "x"])
def test_an_address_that_is_none_is_rejected(fairlead: Fairlead, origin: Origin, address: str):
    with fairlead.connect() as control:
        rejected = control.reject({"upsert_listener": configs.listener("bad", address)})
    assert violations(rejected) == {'listeners["bad"].address': "INVALID_ARGUMENT"}


def test_two_listeners_of_one_address_are_rejected(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        rejected = control.reject({"upsert_listener": configs.listener("twin", fairlead.listener())})
    assert set(violations(rejected)) == {'listeners["twin"].address'}


def test_an_address_passes_from_one_listener_to_another(fairlead: Fairlead, origin: Origin):
    address = fairlead.listener()
    with fairlead.connect() as control:
        control.apply({"remove_listener": "web"}, {"upsert_listener": configs.listener("heir", address)})
    assert fairlead.listener("heir") == address
    with fairlead.open("heir") as wire:
        assert wire.request(get("/")).status == 200


def test_a_dry_run_binds_for_a_moment_only(fairlead: Fairlead, origin: Origin):
    with socket.create_server((own_host(), 0)) as probe:
        free = "%s:%d" % probe.getsockname()
    with fairlead.connect() as control:
        applied = control.apply({"upsert_listener": configs.listener("dry", free)}, dry_run=True)
        assert applied.dry_run
    assert is_refused(free)


def test_listeners_that_come_and_go_disturb_nobody(fairlead: Fairlead, bench: Workbench, origin: Origin):
    hammer = Hammer(bench, fairlead.listener(), "--connections=16")
    hammer.wait_for_progress(100)
    with fairlead.connect() as control:
        for number in range(50):
            control.apply({"upsert_listener": configs.listener("guest", header_timeout=f"{number + 1}s")})
            with fairlead.open("guest") as wire:
                assert wire.request(get("/")).status == 200
            control.apply({"remove_listener": "guest"})
    hammer.wait_for_progress(100)
    assert_no_failure(hammer.stop())


def test_every_worker_accepts(bench: Workbench, io: str, start_origin):
    fairlead = Fairlead(bench, io, workers=4)
    origin = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server()))
    wires = [fairlead.open() for _ in range(64)]
    for wire in wires:
        assert wire.request(get("/")).status == 200
    counts = [worker["open_connections"] for worker in fairlead.status()["workers"]]
    assert len(counts) == 4
    assert sum(counts) >= 64
    assert all(counts)
