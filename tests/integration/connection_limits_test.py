"""How many connections a listener takes, in all workers together, and of one source."""

import socket
import threading

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def origin():
    with ScriptedOrigin(answering(ANSWER)) as started:
        yield started


def apply(fairlead: Fairlead, origin: ScriptedOrigin, address: str = "127.0.0.1:0", **limits) -> None:
    site = configs.site({"id": "s", "address": origin.address})
    site["listeners"] = [{**configs.listener(address=address), **limits}]
    with fairlead.connect() as control:
        control.replace(site)


def connect_from(source: str, address: str) -> Wire:
    host, _, port = address.rpartition(":")
    connected = socket.create_connection((host.strip("[]"), int(port)), source_address=(source, 0))
    return Wire(connected)


def is_taken(wire: Wire) -> bool:
    """Whether a request on it is answered; else it was closed."""
    try:
        wire.send(get("/"))
        return wire.socket.recv(65536).startswith(b"HTTP/1.1 200")
    except (ConnectionResetError, BrokenPipeError):
        return False


def refused(fairlead: Fairlead, what: str = "refused_connections") -> float:
    return fairlead.metrics()[f'fairlead_listener_{what}_total{{listener="web"}}']


def test_one_more_than_the_limit_is_closed_at_once(bench: Workbench, io: str, origin):
    fairlead = Fairlead(bench, io, workers=4)
    apply(fairlead, origin, max_connections=10)
    wires = [fairlead.open() for _ in range(10)]
    assert all(is_taken(wire) for wire in wires)
    for number in range(1, 4):
        with fairlead.open() as wire:
            assert not is_taken(wire)
        assert refused(fairlead) == number
    for wire in wires[:3]:
        wire.close()
    wait_until(lambda: fairlead.metrics()["fairlead_open_connections"] == 7, "three have ended")
    again = [fairlead.open() for _ in range(3)]
    assert all(is_taken(wire) for wire in again)
    with fairlead.open() as wire:
        assert not is_taken(wire)


def test_the_limit_is_exact_however_many_come_at_once(bench: Workbench, io: str, origin):
    fairlead = Fairlead(bench, io, workers=4)
    apply(fairlead, origin, max_connections=50)
    address = fairlead.listener()
    taken: list[Wire] = []
    lock = threading.Lock()

    def open_many() -> None:
        for _ in range(40):
            wire = Wire.connect(address)
            if is_taken(wire):
                with lock:
                    taken.append(wire)

    threads = [threading.Thread(target=open_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 50
    assert fairlead.metrics()["fairlead_open_connections"] == 50
    assert refused(fairlead) == 8 * 40 - 50


def test_a_changed_limit_holds_at_once_and_cuts_nobody_off(fairlead: Fairlead, origin):
    apply(fairlead, origin)
    wires = [fairlead.open() for _ in range(4)]
    assert all(is_taken(wire) for wire in wires)
    apply(fairlead, origin, max_connections=2)
    assert all(is_taken(wire) for wire in wires)
    with fairlead.open() as wire:
        assert not is_taken(wire)
    apply(fairlead, origin, max_connections=5)
    with fairlead.open() as wire:
        assert is_taken(wire)


def test_each_source_has_a_limit_of_its_own(bench: Workbench, io: str, origin):
    fairlead = Fairlead(bench, io, workers=4)
    apply(fairlead, origin, max_connections_per_source=3)
    address = fairlead.listener()
    wires = [connect_from("127.0.0.1", address) for _ in range(3)]
    assert all(is_taken(wire) for wire in wires)
    with connect_from("127.0.0.1", address) as wire:
        assert not is_taken(wire)
    assert refused(fairlead, "refused_source_connections") == 1
    others = [connect_from("127.0.0.2", address) for _ in range(3)]
    assert all(is_taken(wire) for wire in others)
    with connect_from("127.0.0.2", address) as wire:
        assert not is_taken(wire)
    wires.pop().close()
    wait_until(lambda: fairlead.metrics()["fairlead_open_connections"] == 5, "one has ended")
    with connect_from("127.0.0.1", address) as wire:
        assert is_taken(wire)


def test_a_source_is_known_by_its_proxy_header(fairlead: Fairlead, origin):
    apply(
        fairlead, origin, max_connections_per_source=1, proxy_protocol={"trusted_sources": ["127.0.0.0/8"]}
    )
    wires = []

    def open_as(source: str) -> bool:
        wire = fairlead.open()
        wires.append(wire)
        wire.send(f"PROXY TCP4 {source} 198.51.100.1 1 2\r\n")
        return is_taken(wire)

    assert open_as("192.0.2.1")
    assert not open_as("192.0.2.1")
    assert open_as("192.0.2.2")


def test_an_ipv6_network_is_one_source(fairlead: Fairlead, origin):
    apply(fairlead, origin, max_connections_per_source=1, proxy_protocol={"trusted_sources": ["127.0.0.0/8"]})
    wires = []

    def open_as(source: str) -> bool:
        wire = fairlead.open()
        wires.append(wire)
        wire.send(f"PROXY TCP6 {source} 2001:db8::1 1 2\r\n")
        return is_taken(wire)

    assert open_as("2001:db8:1:2::1")
    assert not open_as("2001:db8:1:2:ffff::9")
    assert open_as("2001:db8:1:3::1")


def test_unix_sockets_have_no_source(bench: Workbench, fairlead: Fairlead, origin):
    apply(fairlead, origin, f"unix:{bench.directory}/s", max_connections_per_source=1)
    wires = [fairlead.open() for _ in range(3)]
    assert all(is_taken(wire) for wire in wires)


def test_limits_hold_for_tcp_too(fairlead: Fairlead, origin):
    with fairlead.connect() as control:
        control.replace(
            {
                "listeners": [
                    {"id": "web", "address": "127.0.0.1:0", "tcp": {"backend": "web"}, "max_connections": 1}
                ],
                "backends": [configs.backend("web", [{"id": "s", "address": origin.address}])],
            }
        )
    with fairlead.open() as first, fairlead.open() as second:
        assert [is_taken(first), is_taken(second)] == [True, False]
    assert refused(fairlead) == 1
