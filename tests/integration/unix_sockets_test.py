"""Unix sockets, beside IPv4 and IPv6, on both sides of the proxy."""

import os
import pathlib
import signal
import socket
import stat

import pytest

from tests.support import configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "unix"])
@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "unix"])
def test_every_kind_of_address_on_each_side(bench: Workbench, fairlead: Fairlead, address: str, host: str):
    listen = f"unix:{bench.directory}/listener" if address == "unix" else address
    with ScriptedOrigin(answering(ANSWER), f"unix:{bench.directory}/origin" if host == "unix" else host) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "s", "address": origin.address}, http={"address": listen}))
        with fairlead.open() as wire:
            for _ in range(3):
                assert wire.request(get("/")).body == b"ok"
        assert not origin.errors


def test_a_server_on_a_unix_socket_is_kept_alive_and_missed(bench: Workbench, fairlead: Fairlead):
    path = bench.directory / "origin"
    with ScriptedOrigin(answering(ANSWER), f"unix:{path}") as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "s", "address": origin.address}))
        for _ in range(3):
            with fairlead.open() as wire:
                assert wire.request(get("/")).status == 200
        assert origin.connections <= 2  # one for each worker
    with fairlead.connect() as control:
        control.apply(configs.upsert_server("web", {"id": "s", "address": f"unix:{bench.directory}/missing"}))
    with fairlead.open() as wire:
        answer = wire.request(get("/"))
        assert (answer.status, b"No such file" in answer.body) == (502, True)


def test_the_file_comes_and_goes_with_its_listener(bench: Workbench, fairlead: Fairlead):
    path = bench.directory / "s"
    with ScriptedOrigin(answering(ANSWER)) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "s", "address": origin.address}))
            control.apply({"upsert_listener": configs.listener("local", f"unix:{path}")})
            assert mode(path) == 0o600
            assert fairlead.listener("local") == f"unix:{path}"
            with Wire.connect(f"unix:{path}") as wire:
                assert wire.request(get("/")).status == 200
                control.apply({"upsert_listener": {**configs.listener("local", f"unix:{path}"), "unix_mode": "0666"}})
                assert mode(path) == 0o666
                assert wire.request(get("/")).status == 200, "the connection lives on"
                control.apply({"upsert_listener": configs.listener("local", f"unix:{path}2")})
                assert not path.exists()
                assert wire.request(get("/")).status == 200, "the connection lives on"
            with Wire.connect(f"unix:{path}2") as wire:
                assert wire.request(get("/")).status == 200
            control.apply({"remove_listener": "local"})
            assert not pathlib.Path(f"{path}2").exists()
            control.apply({"upsert_listener": configs.listener("local", f"unix:{path}")})
        with Wire.connect(f"unix:{path}") as wire:
            assert wire.request(get("/")).status == 200
        assert fairlead.process.terminate() == 0
        assert not path.exists()


def test_another_programs_socket_is_left_alone(bench: Workbench, fairlead: Fairlead):
    path = bench.directory / "s"
    with ScriptedOrigin(answering(ANSWER), f"unix:{path}") as other:
        with fairlead.connect() as control:
            control.replace(configs.site())
            rejected = control.reject({"upsert_listener": configs.listener("local", other.address)})
            assert violations(rejected) == {'listeners["local"].address': "BIND_FAILED"}
            assert rejected.violations[0].message == f"cannot listen on unix:{path}: Address already in use"
        with Wire.connect(other.address) as wire:
            assert wire.request(get("/")).body == b"ok"


def test_a_program_that_takes_the_place_over_keeps_it(bench: Workbench, fairlead: Fairlead):
    path = bench.directory / "s"
    with fairlead.connect() as control:
        control.replace(configs.site())
        control.apply({"upsert_listener": configs.listener("local", f"unix:{path}")})
    path.unlink()
    with ScriptedOrigin(answering(ANSWER), f"unix:{path}") as other:
        with fairlead.connect() as control:
            control.apply({"remove_listener": "local"})
        with Wire.connect(other.address) as wire:
            assert wire.request(get("/")).body == b"ok"


def test_a_file_that_a_killed_proxy_left_is_replaced(bench: Workbench, io: str):
    path = bench.directory / "s"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    fairlead = Fairlead(bench, io)
    with ScriptedOrigin(answering(ANSWER)) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "s", "address": origin.address}, http={"address": f"unix:{path}"}))
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200


def test_all_workers_take_connections_of_a_unix_socket(bench: Workbench, io: str):
    fairlead = Fairlead(bench, io, workers=2)
    with ScriptedOrigin(answering(ANSWER)) as origin:
        with fairlead.connect() as control:
            control.replace(
                configs.site({"id": "s", "address": origin.address}, http={"address": f"unix:{bench.directory}/s"})
            )
        wires = [fairlead.open() for _ in range(64)]
        for wire in wires:
            assert wire.request(get("/")).status == 200
        assert sum(worker["open_connections"] for worker in fairlead.status()["workers"]) == 64


def test_its_file_goes_as_soon_as_it_drains(bench: Workbench, fairlead: Fairlead):
    path = bench.directory / "s"

    def slow(wire: Wire) -> None:
        wire.read_request()
        wire.take(1)

    with ScriptedOrigin(slow) as origin:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "s", "address": origin.address}, http={"address": f"unix:{path}"}))
        with fairlead.open() as wire:
            wire.send(get("/"))
            wait_until(lambda: origin.connections == 1, "the request is there")
            fairlead.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not path.exists(), "the file is gone")
            with ScriptedOrigin(answering(ANSWER), f"unix:{path}") as successor:
                fairlead.process.send_signal(signal.SIGTERM)
                fairlead.process.wait_exit()
                with Wire.connect(successor.address) as other:
                    assert other.request(get("/")).status == 200
