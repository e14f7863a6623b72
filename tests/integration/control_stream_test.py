"""The conversation with controllers: dialled, kept alive, given up, and found again."""

import os
import socket
import stat
import time

import grpc
import pytest

from tests.support import api, configs
from tests.support.binaries import binary
from tests.support.controller_server import ControllerServer
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import get

# The loop has no part in these: one backend is enough.
IO = "epoll"

QUICK = ("--heartbeat_interval=100ms", "--heartbeat_timeout=500ms")
# For who is to be kept, however busy the machine is.
PATIENT = ("--heartbeat_interval=200ms", "--heartbeat_timeout=3s")


@pytest.fixture
def origin(start_origin) -> Origin:
    return start_origin("w1")


def serves(fairlead: Fairlead) -> bool:
    with fairlead.open() as wire:
        return wire.request(get("/")).status == 200


def test_hello_comes_first_and_says_who_it_is(bench: Workbench):
    with ControllerServer() as controller:
        Fairlead(bench, IO, controllers=(controller.address,), flags=("--zone=z1",), name="proxy-7")
        hello = controller.wait_for_session().hello
        assert (hello.protocol_version, hello.node_id, hello.zone) == (1, "proxy-7", "z1")
        assert hello.version
        assert (hello.revision, hello.leader_epoch) == (0, 0)
        assert len(hello.fingerprint) == 32
        assert 0 < hello.heartbeat_interval_ms < hello.heartbeat_timeout_ms


def test_takes_a_snapshot_from_the_controller_that_it_dialled(bench: Workbench, origin: Origin):
    with ControllerServer() as controller:
        fairlead = Fairlead(bench, IO, controllers=(controller.address,))
        applied = controller.wait_for_session().apply("first", configs.site(origin.server()))
        assert applied.revision == 1
        assert serves(fairlead)


def test_goes_on_serving_and_comes_back_with_its_revision_and_fingerprint(bench: Workbench, origin: Origin):
    with ControllerServer() as controller:
        fairlead = Fairlead(bench, IO, controllers=(controller.address,))
        applied = controller.wait_for_session().apply("first", configs.site(origin.server()), leader_epoch=3)
        address = controller.address
    assert serves(fairlead)
    with ControllerServer(address=address) as again:
        hello = again.wait_for_session().hello
        assert (hello.revision, hello.fingerprint, hello.leader_epoch) == (1, applied.fingerprint, 3)
        assert serves(fairlead)


def test_a_controller_that_is_away_at_first_is_found_when_it_comes(bench: Workbench):
    address = closed_port()
    fairlead = Fairlead(bench, IO, controllers=(address,))
    assert fairlead.status()["revision"] == 0
    with ControllerServer(address=address) as controller:
        controller.wait_for_session()


def test_the_next_controller_is_tried_when_one_is_away(bench: Workbench):
    with ControllerServer() as second:
        Fairlead(bench, IO, controllers=(closed_port(), second.address))
        second.wait_for_session()


def test_another_controller_takes_over_when_one_dies(bench: Workbench, origin: Origin):
    with ControllerServer() as first, ControllerServer() as second:
        fairlead = Fairlead(bench, IO, controllers=(first.address, second.address))
        wait_until(lambda: first.sessions or second.sessions, "a controller is found")
        leader, other = (first, second) if first.sessions else (second, first)
        applied = leader.wait_for_session().apply("first", configs.site(origin.server()))
        leader.stop()
        hello = other.wait_for_session().hello
        assert (hello.revision, hello.fingerprint) == (1, applied.fingerprint)
        assert other.sessions[-1].apply("second", {}).revision == 2
        assert fairlead.status()["revision"] == 2


def test_a_stream_that_ends_is_dialled_again(bench: Workbench):
    with ControllerServer() as controller:
        Fairlead(bench, IO, controllers=(controller.address,))
        for count in range(1, 4):
            controller.wait_for_session(count).end()
        controller.wait_for_session(4)


def test_dialling_again_backs_off(bench: Workbench):
    # A peer that takes each connection and drops it. Pauses are random, between 0 and a bound that doubles from 0.1 s: at
    # the first bound, for ever, 3 s would see sixty of them.
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(20)
        Fairlead(bench, IO, controllers=("127.0.0.1:%d" % trap.getsockname()[1],))
        dialled = 0
        begin = time.monotonic()
        while time.monotonic() - begin < 3:
            accepted, _ = trap.accept()
            accepted.close()
            dialled += 1
    assert 3 <= dialled <= 25


def test_both_sides_send_heartbeats(bench: Workbench):
    with ControllerServer(heartbeat_seconds=0.1) as controller:
        Fairlead(bench, IO, controllers=(controller.address,), flags=PATIENT)
        session = controller.wait_for_session()
        wait_until(lambda: len(session.heartbeats) >= 20, "heartbeats of the proxy, for longer than its patience")
        assert session.heartbeats == sorted(set(session.heartbeats))
        assert not session.is_over


def test_a_silent_controller_is_given_up_and_dialled_again(bench: Workbench, origin: Origin):
    with ControllerServer(heartbeat_seconds=None) as controller:
        # Time enough to be given something first.
        flags = ("--heartbeat_interval=100ms", "--heartbeat_timeout=3s")
        fairlead = Fairlead(bench, IO, controllers=(controller.address,), flags=flags)
        session = controller.wait_for_session()
        session.apply("first", configs.site(origin.server()))
        controller.wait_for_session(2)
        assert serves(fairlead)


def test_a_silent_client_of_control_listen_is_let_go(bench: Workbench):
    fairlead = Fairlead(bench, IO, flags=QUICK)
    with fairlead.connect() as control:
        try:
            while control.receive_any() is not None:
                pass
        except grpc.RpcError as error:
            assert error.code() != grpc.StatusCode.OK
        assert control.heartbeats


def test_a_client_of_control_listen_that_sends_heartbeats_stays(bench: Workbench):
    fairlead = Fairlead(bench, IO, flags=PATIENT)
    with fairlead.connect() as control:
        for sequence in range(1, 20):  # for longer than its patience
            control.send(heartbeat=api.control.Heartbeat(sequence=sequence))
            wait_until(lambda: len(control.heartbeats) >= sequence, "another heartbeat of the proxy")
        assert control.get().revision == 0


def test_two_controllers_at_once_are_taken_one_after_another(bench: Workbench, origin: Origin):
    with ControllerServer() as controller:
        fairlead = Fairlead(bench, IO, controllers=(controller.address,))
        controller.wait_for_session().apply("first", configs.site(origin.server()))
        with fairlead.connect() as control:
            assert control.hello.revision == 1
            assert control.apply(configs.upsert_server("web", origin.server(weight=2))).revision == 2
        assert controller.sessions[0].apply("second", {}).revision == 3


def test_the_control_socket_is_its_owners_alone(bench: Workbench):
    fairlead = Fairlead(bench, IO)
    assert stat.S_IMODE(os.stat(fairlead.control.removeprefix("unix:")).st_mode) == 0o600


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:7000"])
def test_control_beyond_loopback_is_refused_without_mtls(bench: Workbench, address: str):
    process = bench.start([binary("fairlead"), f"--control_listen={address}"], "refused")
    assert process.wait_exit() not in (0, None)
    assert "mTLS" in process.stderr() or "TLS" in process.stderr()


def test_a_socket_left_behind_by_a_killed_proxy_is_taken_over(bench: Workbench):
    first = Fairlead(bench, IO)
    first.process.kill()
    second = Fairlead(bench, IO)
    with second.connect() as control:
        assert control.hello.revision == 0


def test_garbage_on_the_control_socket_harms_nobody(bench: Workbench):
    fairlead = Fairlead(bench, IO)
    with fairlead.connect() as control:
        for data in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(1000), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100):
            with socket.socket(socket.AF_UNIX) as wire:
                wire.connect(fairlead.control.removeprefix("unix:"))
                wire.sendall(data)
        assert control.get().revision == 0
