"""TCP listeners: connections are balanced to servers, and passed on as they are."""

import hashlib
import signal
import threading
import time

import pytest

from tests.support import configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.kernel_buffers import most_of_a_connection
from tests.support.ports import closed_port, own_host
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire


def listener(identity: str = "db", backend: str = "db", address: str = "127.0.0.1:0", **tcp) -> dict:
    return {"id": identity, "address": address, "tcp": {"backend": backend, **tcp}}


def site(*servers: dict, tcp: dict | None = None, **fields) -> dict:
    return {"listeners": [listener(**(tcp or {}))], "backends": [configs.backend("db", servers, **fields)]}


def replace(fairlead: Fairlead, snapshot: dict) -> None:
    with fairlead.connect() as control:
        control.replace(snapshot)


def echo(wire: Wire) -> None:
    while data := wire.socket.recv(65536):
        wire.send(data)


class Waiting:
    """A script that hands its connections to the test, which closes them."""

    def __init__(self):
        self.wires: list[Wire] = []
        self._done = threading.Event()

    def __call__(self, wire: Wire) -> None:
        self.wires.append(wire)
        self._done.wait(60)

    def take(self) -> Wire:
        return wait_until(lambda: self.wires and self.wires.pop(0), "a connection comes to the server")

    def end(self) -> None:
        self._done.set()


@pytest.fixture
def server():
    script = Waiting()
    with ScriptedOrigin(script) as origin:
        origin.take = script.take
        yield origin
        script.end()


def described(origin: ScriptedOrigin, identity: str = "s", **fields) -> dict:
    return {"id": identity, "address": origin.address, **fields}


def naming(name: bytes):
    """A server that says its name and ends."""
    return ScriptedOrigin(lambda wire: wire.send(name))


def test_bytes_go_both_ways_as_they_are(fairlead: Fairlead):
    data = bytes(range(256)) * 40_000
    with ScriptedOrigin(echo) as origin:
        replace(fairlead, site(described(origin)))
        with fairlead.open("db") as wire:
            threading.Thread(target=lambda: (wire.send(data), wire.finish_writing())).start()
            received = wire.take_rest()
            assert len(received) == len(data)
            assert hashlib.sha256(received).digest() == hashlib.sha256(data).digest()
    metrics = fairlead.metrics()
    assert metrics['fairlead_listener_received_bytes_total{listener="db"}'] == len(data)
    assert metrics['fairlead_listener_sent_bytes_total{listener="db"}'] == len(data)
    wait_until(lambda: fairlead.metrics()['fairlead_listener_open_connections{listener="db"}'] == 0, "it is closed")
    assert fairlead.metrics()['fairlead_listener_connections_accepted_total{listener="db"}'] == 1


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "unix"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "unix"])
def test_every_kind_of_address(bench: Workbench, fairlead: Fairlead, address: str, host: str):
    listen = f"unix:{bench.directory}/listener" if address == "unix" else address
    with ScriptedOrigin(echo, f"unix:{bench.directory}/origin" if host == "unix" else host) as origin:
        replace(fairlead, site(described(origin), tcp={"address": listen}))
        with fairlead.open("db") as wire:
            wire.send(b"hello")
            assert wire.take(5) == b"hello"
            wire.finish_writing()
            assert wire.take_rest() == b""


def test_a_client_that_ends_first_hears_the_rest(fairlead: Fairlead, server):
    replace(fairlead, site(described(server)))
    with fairlead.open("db") as client:
        peer = server.take()
        client.send(b"question")
        client.finish_writing()
        assert peer.take_rest() == b"question"
        assert client.stays_open()
        peer.send(b"answer")
        assert client.take(6) == b"answer"
        peer.close()
        assert client.take_rest() == b""


def test_a_server_that_ends_first_hears_the_rest(fairlead: Fairlead, server):
    replace(fairlead, site(described(server)))
    with fairlead.open("db") as client:
        peer = server.take()
        peer.send(b"banner")
        peer.finish_writing()
        assert client.take_rest() == b"banner"
        assert peer.stays_open()
        client.send(b"last words")
        assert peer.take(10) == b"last words"
        client.close()
        assert peer.take_rest() == b""


def test_a_client_that_has_said_all_before_the_server_is_there(fairlead: Fairlead, server):
    replace(fairlead, site(described(server)))
    with fairlead.open("db") as client:
        client.send(b"all")
        client.finish_writing()
        peer = server.take()
        assert peer.take_rest() == b"all"
        peer.send(b"done")
        peer.close()
        assert client.take_rest() == b"done"


def is_reset(wire: Wire) -> bool:
    try:
        return wire.socket.recv(1) is None
    except ConnectionResetError:
        return True


def is_turned_away(fairlead: Fairlead) -> bool:
    """Whether a new connection is reset, which may be seen while connecting already."""
    try:
        with fairlead.open("db") as wire:
            return is_reset(wire)
    except ConnectionResetError:
        return True


def test_a_reset_is_passed_on(fairlead: Fairlead, server):
    replace(fairlead, site(described(server)))
    for first, second in ((0, 1), (1, 0)):
        client = fairlead.open("db")
        ends = (client, server.take())
        ends[0].send(b"x")
        ends[1].take(1)
        ends[first].reset()
        assert is_reset(ends[second])
        ends[second].close()


def test_a_slow_reader_holds_its_sender(fairlead: Fairlead, server):
    replace(fairlead, site(described(server)))
    with fairlead.open("db", receive_buffer=4096) as client:
        peer = server.take()
        before = fairlead.resident_kib()
        # Kernel buffers on both sides of the proxy, and little more.
        most = 2 * most_of_a_connection() + 1_000_000
        sent = peer.send_until_blocked(b"x" * 65536, 2 * most)
        assert sent < most
        assert fairlead.resident_kib() - before < 8_000
        peer.finish_writing()
        assert len(client.take_rest()) == sent


def test_connections_are_balanced_by_weight(fairlead: Fairlead):
    with naming(b"a") as a, naming(b"b") as b:
        replace(fairlead, site(described(a, "a", weight=3), described(b, "b", weight=1)))
        names = []
        for _ in range(64):
            with fairlead.open("db") as wire:
                names.append(wire.take_rest())
        assert 40 <= names.count(b"a") <= 56
        assert names.count(b"a") + names.count(b"b") == 64


def test_health_and_admin_states_decide_who_is_picked(fairlead: Fairlead):
    with naming(b"a") as a, naming(b"b") as b:
        replace(fairlead, site(described(a, "a"), described(b, "b")))

        def names() -> set[bytes]:
            found = set()
            for _ in range(8):
                with fairlead.open("db") as wire:
                    found.add(wire.take_rest())
            return found

        assert names() == {b"a", b"b"}
        with fairlead.connect() as control:
            control.apply(configs.set_health("db", "a", "DOWN"))
            assert names() == {b"b"}
            control.apply(configs.set_health("db", "a", "UP"))
            assert names() == {b"a", b"b"}
            control.apply(configs.upsert_server("db", described(b, "b", admin_state="DRAIN")))
            assert names() == {b"a"}


def test_a_server_that_refuses_is_passed_over(fairlead: Fairlead):
    with naming(b"a") as a:
        replace(fairlead, site(described(a, "a"), {"id": "gone", "address": closed_port()}))
        for _ in range(8):
            with fairlead.open("db") as wire:
                assert wire.take_rest() == b"a"
    assert fairlead.metrics()["fairlead_retries_total"] > 0


def test_a_client_that_no_server_takes_is_reset(fairlead: Fairlead):
    replace(fairlead, site({"id": "gone", "address": closed_port()}))
    assert is_turned_away(fairlead)
    assert fairlead.metrics()['fairlead_server_connect_failures_total{backend="db",server="gone"}'] == 3
    assert fairlead.metrics()["fairlead_upstream_failures_total"] == 1
    replace(fairlead, site())
    assert is_turned_away(fairlead)
    assert fairlead.metrics()["fairlead_no_eligible_server_total"] == 1


def test_drain_lets_connections_live_and_maint_ends_them(fairlead: Fairlead, server):
    replace(fairlead, site(described(server)))
    with fairlead.open("db") as client, fairlead.connect() as control:
        peer = server.take()
        control.apply(configs.upsert_server("db", described(server, admin_state="DRAIN")))
        client.send(b"still here")
        assert peer.take(10) == b"still here"
        assert fairlead.server_status("db", "s")["active_requests"] == 1
        control.apply(configs.upsert_server("db", described(server, admin_state="MAINT")))
        assert is_reset(client)
        assert is_reset(peer)
        wait_until(lambda: fairlead.server_status("db", "s")["active_requests"] == 0, "it counts as active no more")


def test_a_connection_outlives_every_change(fairlead: Fairlead, server):
    # Nobody else comes to listen there when this listener does not any more.
    own_address = f"{own_host()}:0"
    replace(fairlead, site(described(server), tcp={"address": own_address}))
    address = fairlead.listener("db")
    with fairlead.open("db") as client, fairlead.connect() as control:
        peer = server.take()
        for change in (
            {"upsert_listener": listener(address=own_address, idle_timeout="30s")},
            configs.upsert_server("db", described(server, weight=7)),
            configs.remove_server("db", "s"),
            {"remove_listener": "db"},
            {"remove_backend": "db"},
        ):
            control.apply(change)
            client.send(b"ping")
            assert peer.take(4) == b"ping"
            peer.send(b"pong")
            assert client.take(4) == b"pong"
        with pytest.raises(ConnectionRefusedError):
            Wire.connect(address)


def test_a_listener_may_change_its_protocol(fairlead: Fairlead, server):
    replace(fairlead, site(described(server)))
    address = fairlead.listener("db")
    with fairlead.open("db") as client, fairlead.connect() as control:
        peer = server.take()
        control.apply(
            {"upsert_route_table": configs.route_table()}, {"upsert_listener": configs.listener("db", "127.0.0.1:0")}
        )
        assert fairlead.listener("db") == address
        client.send(b"as before")
        assert peer.take(9) == b"as before"
        with fairlead.open("db") as other:
            assert other.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 404


def test_an_idle_connection_is_closed(fairlead: Fairlead, server):
    replace(fairlead, site(described(server), tcp={"idle_timeout": "1s"}))
    with fairlead.open("db") as client:
        peer = server.take()
        begin = time.monotonic()
        client.send(b"x")
        assert peer.take(1) == b"x"
        assert client.take_rest() == b""
        assert 0.95 < time.monotonic() - begin < 10
        assert peer.take_rest() == b""
    assert fairlead.metrics()["fairlead_idle_timeouts_total"] == 1


def test_a_backend_in_use_stays_and_one_that_is_missing_is_named(fairlead: Fairlead, server):
    replace(fairlead, site(described(server)))
    with fairlead.connect() as control:
        assert violations(control.reject({"remove_backend": "db"})) == {'backends["db"]': "IN_USE"}
        assert violations(control.reject({"upsert_listener": listener("x", "missing")})) == {
            'listeners["x"].tcp.backend': "NOT_FOUND"
        }


def test_sigterm_lets_connections_end(fairlead: Fairlead, server):
    replace(fairlead, site(described(server)))
    with fairlead.open("db") as client:
        peer = server.take()
        fairlead.process.send_signal(signal.SIGTERM)
        wait_until(lambda: fairlead.admin_get("/ready")[0] == 503, "it drains")
        client.send(b"ping")
        assert peer.take(4) == b"ping"
        peer.send(b"bye")
        peer.close()
        assert client.take_rest() == b"bye"
    assert fairlead.process.wait_exit() == 0


def test_the_drain_timeout_ends_connections(bench: Workbench, io: str, server):
    fairlead = Fairlead(bench, io, flags=("--drain_timeout=200ms",))
    replace(fairlead, site(described(server)))
    with fairlead.open("db") as client:
        server.take()
        fairlead.process.send_signal(signal.SIGTERM)
        fairlead.process.wait_exit()
        assert is_reset(client)


def test_many_connections_at_once_lose_nothing(fairlead: Fairlead):
    with ScriptedOrigin(echo) as origin:
        replace(fairlead, site(described(origin), policy="LEAST_REQUEST"))
        wires = [fairlead.open("db") for _ in range(200)]
        for number, wire in enumerate(wires):
            wire.send(b"%d;" % number)
        for number, wire in enumerate(wires):
            assert wire.take_through(b";") == b"%d;" % number
            wire.finish_writing()
            assert wire.take_rest() == b""
            wire.close()
    wait_until(lambda: fairlead.metrics()["fairlead_open_connections"] == 0, "all are closed")
    wait_until(lambda: fairlead.server_status("db", "s")["active_requests"] == 0, "none counts as active")


def test_a_connection_waits_where_the_server_is_at_its_limit(fairlead: Fairlead, server):
    limited = described(server, max_connections=1)
    replace(fairlead, site(limited, limits={"queue_length": 1, "queue_timeout": "20s"}))
    with fairlead.open("db") as first:
        peer = server.take()
        first.send(b"1")
        assert peer.take(1) == b"1"
        second = fairlead.open("db")
        second.send(b"2")
        wait_until(
            lambda: fairlead.metrics()['fairlead_backend_queue_length{backend="db"}'] == 1, "the second one waits"
        )
        # A third finds the queue full.
        assert is_turned_away(fairlead)
        assert server.connections == 1
        first.close()
        peer.close()
        assert server.take().take(1) == b"2"
        second.close()


def test_a_connection_waits_no_longer_than_it_may(fairlead: Fairlead, server):
    limited = described(server, max_connections=1)
    replace(fairlead, site(limited, limits={"queue_length": 1, "queue_timeout": "0.2s"}))
    with fairlead.open("db") as first:
        peer = server.take()
        assert is_turned_away(fairlead)
        first.send(b"1")
        assert peer.take(1) == b"1"
