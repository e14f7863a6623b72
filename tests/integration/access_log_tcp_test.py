"""--access_log: a line for each connection of a TCP listener."""

import pytest

from tests.support import configs
from tests.support.access_log import AccessLogFile, apply, picked
from tests.support.fairlead import Fairlead
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire


@pytest.fixture
def log(bench: Workbench) -> AccessLogFile:
    return AccessLogFile(bench.directory / "access.log")


@pytest.fixture
def fairlead(bench: Workbench, io: str, log: AccessLogFile) -> Fairlead:
    """A proxy that logs to that file. One worker, whose lines stand in their order."""
    return Fairlead(bench, io, workers=1, flags=(f"--access_log=file:{log.path}",))


def tcp_site(*servers: dict, **listener) -> dict:
    return {
        "listeners": [{"id": "web", "address": "127.0.0.1:0", "tcp": {"backend": "db"}, **listener}],
        "backends": [configs.backend("db", servers)],
    }


def echo(wire: Wire) -> None:
    wire.send(wire.take_rest() + b"!")


def connect_in_vain(fairlead: Fairlead) -> None:
    """A connection that is reset, maybe before connect returns."""
    try:
        with fairlead.open() as wire:
            assert wire.take_rest() == b""
    except ConnectionResetError:
        pass


def test_a_connection_says_all_of_itself(fairlead: Fairlead, log: AccessLogFile):
    with ScriptedOrigin(echo) as origin:
        apply(fairlead, tcp_site({"id": "s1", "address": origin.address}))
        with fairlead.open() as wire:
            client = "{}:{}".format(*wire.socket.getsockname())
            wire.send("hello")
            wire.finish_writing()
            assert wire.take_rest() == b"hello!"
        entry = log.wait(1)[0]
    times = [entry.pop(name) for name in ("queue_us", "connect_us", "total_us")]
    assert all(time >= 0 for time in times) and sum(times[:2]) <= times[2] + 2
    assert entry.pop("time")
    assert entry == {
        "type": "tcp",
        "listener": "web",
        "revision": 1,
        "backend": "db",
        "server": "s1",
        "server_address": origin.address,
        "attempts": 1,
        "client": client,
        "peer": client,
        "server_name": None,
        "tls_version": None,
        "tls_cipher": None,
        "tls_resumed": None,
        "tls_client_subject": None,
        "bytes_received": 5,
        "bytes_sent": 6,
        "decided_by": "server",
        "reason": None,
        "detail": None,
    }


def test_a_connection_that_no_server_takes(fairlead: Fairlead, log: AccessLogFile):
    apply(fairlead, tcp_site())
    connect_in_vain(fairlead)
    address = closed_port()
    apply(fairlead, tcp_site({"id": "gone", "address": address}))
    connect_in_vain(fairlead)
    none, refused = log.wait(2)
    assert picked(none, "decided_by", "reason", "server", "attempts") == ("proxy", "no_eligible_server", None, 0)
    assert picked(refused, "decided_by", "reason", "detail") == ("proxy", "connect_failed", "Connection refused")
    assert picked(refused, "server", "server_address", "attempts", "connect_us") == ("gone", address, 3, None)


def test_a_connection_that_is_idle_or_broken_off(fairlead: Fairlead, log: AccessLogFile):
    with ScriptedOrigin(lambda wire: wire.take_rest()) as origin:
        apply(fairlead, tcp_site({"id": "s", "address": origin.address}, tcp={"backend": "db", "idle_timeout": "0.2s"}))
        with fairlead.open() as wire:
            assert wire.take_rest() == b""
        assert picked(log.wait(1)[0], "decided_by", "reason") == ("proxy", "idle_timeout")
    with ScriptedOrigin(lambda wire: (wire.take(1), wire.reset())) as origin:
        apply(fairlead, tcp_site({"id": "s", "address": origin.address}))
        with fairlead.open() as wire:
            wire.send("x")
            assert wire.take_rest() == b""
        assert picked(log.wait(2)[1], "decided_by", "reason") == ("server", "connection_reset")


def test_the_peer_is_told_beside_the_client_of_a_proxy_header(fairlead: Fairlead, log: AccessLogFile):
    with ScriptedOrigin(echo) as origin:
        server = {"id": "s1", "address": origin.address}
        apply(fairlead, tcp_site(server, proxy_protocol={"trusted_sources": ["127.0.0.1/32"]}))
        with fairlead.open() as wire:
            peer = "{}:{}".format(*wire.socket.getsockname())
            wire.send("PROXY TCP4 192.0.2.9 192.0.2.1 1234 80\r\nhi")
            wire.finish_writing()
            assert wire.take_rest() == b"hi!"
        entry = log.wait(1)[0]
    assert picked(entry, "client", "peer", "bytes_received") == ("192.0.2.9:1234", peer, 2)


def test_a_format_may_tell_of_connections(fairlead: Fairlead, log: AccessLogFile):
    apply(fairlead, tcp_site(access_log={"format": "%{type} %{reason} %{status}"}))
    connect_in_vain(fairlead)
    wait_until(log.lines, "the line is there")
    assert log.lines() == [b"tcp no_eligible_server -"]
