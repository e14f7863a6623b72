"""--max_buffer_bytes: many who read and send slowly take no more memory than that; nothing new begins while it is short,
what had begun ends, and service comes back by itself."""

import contextlib
import socket
import threading
from collections.abc import Callable

import pytest

from tests.support import configs
from tests.support.binaries import binary
from tests.support.fairlead import Fairlead
from tests.support.pattern import matches
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

MIB = 1024 * 1024
BUDGET = 8 * MIB
# What a process with its heap's own needs may take besides: fragments, connections, kernel buffers are not counted.
SLACK = 14 * MIB


def start(bench: Workbench, io: str, budget: int = BUDGET) -> Fairlead:
    return Fairlead(bench, io, workers=1, flags=(f"--max_buffer_bytes={budget}",))


def refused(fairlead: Fairlead) -> float:
    return fairlead.metrics()['fairlead_limit_reached_total{limit="max_buffer_bytes"}']


def buffered(fairlead: Fairlead) -> float:
    return fairlead.metrics()["fairlead_buffer_bytes"]


class Crowd:
    """Clients that ask for so many bytes each and read nothing."""

    def __init__(self, fairlead: Fairlead, size: int):
        self._address = fairlead.listener()
        self._size = size
        self.wires: list[Wire] = []

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_) -> None:
        for wire in self.wires:
            wire.close()

    def grow(self, count: int) -> None:
        for _ in range(count):
            wire = Wire.connect(self._address, receive_buffer=4096)
            with contextlib.suppress(OSError):  # refused before it had asked
                wire.send(get(f"/stream/{self._size}"))
            self.wires.append(wire)

    def drop_refused(self) -> None:
        refused = [wire for wire in self.wires if _is_refused(wire)]
        for wire in refused:
            wire.close()
            self.wires.remove(wire)


def _is_refused(wire: Wire) -> bool:
    try:
        return not wire.socket.recv(12, socket.MSG_PEEK | socket.MSG_DONTWAIT).startswith(b"HTTP/1.1 200")
    except BlockingIOError:
        return False
    except OSError:
        return True


def grow_until(crowd: Crowd, condition: Callable[[], bool], what: str) -> None:
    """Where the budget is spent the crowd takes what becomes free."""

    def holds() -> bool:
        crowd.grow(20)
        crowd.drop_refused()
        return condition()

    wait_until(holds, what)


FULL = b"503 Service Unavailable: the proxy's buffers are full\n"


def test_slow_readers_are_held_to_the_budget_and_finish(bench: Workbench, io: str, start_origin):
    fairlead = start(bench, io)
    origin = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server()))
    size = 8 * MIB
    with fairlead.open() as kept, Crowd(fairlead, size) as first:
        assert kept.request(get("/")).status == 200
        before = fairlead.resident_kib() * 1024
        first.grow(10)
        wait_until(lambda: buffered(fairlead) > 10 * 32 * 1024, "the first are served")
        with Crowd(fairlead, size) as crowd:
            crowd.grow(600)
            grow_until(crowd, lambda: refused(fairlead) > 0, "the budget is spent")
            # The admin side answers, and is ready.
            assert fairlead.admin_get("/live")[0] == 200
            assert fairlead.admin_get("/ready")[0] == 200
            assert fairlead.metrics()["fairlead_max_buffer_bytes"] == BUDGET
            assert buffered(fairlead) < BUDGET + SLACK / 2
            assert fairlead.resident_kib() * 1024 - before < BUDGET + SLACK
            # A request on a connection that stood before is answered, and its connection ends.
            answers = []

            def is_refused() -> bool:
                answers.append(kept.request(get("/")))
                return answers[-1].status == 503

            grow_until(crowd, is_refused, "a request is refused")
            assert answers[-1].body == FULL
            assert "close" in answers[-1].connection_options()
            assert kept.is_closed()

            # So is a new connection, whatever it asks.
            def is_refused_at_once() -> bool:
                with fairlead.open() as new:
                    return not new.stays_open(0.1) and new.read_response().body == FULL

            grow_until(crowd, is_refused_at_once, "a connection is refused")
            # Those who were there first are served to the end.
            for wire in first.wires[:5]:
                response = wire.read_response()
                assert response.status == 200
                assert len(response.body) == size
                assert matches(0, response.body)
            wait_until(lambda: "buffers are full (--max_buffer_bytes)" in fairlead.process.stderr(), "it says so")
        # The crowd has left: service comes back by itself.
        # Far below the limit: of those who left, some may still take what becomes free until the proxy knows.
        wait_until(lambda: buffered(fairlead) < BUDGET / 2, "buffers are free again")
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
        for wire in first.wires[5:]:
            assert matches(0, wire.read_response().body)
    lines = [line for line in fairlead.process.stderr().splitlines() if "buffers are full" in line]
    assert len(lines) < 20


def test_without_a_tight_budget_the_same_crowd_takes_more(bench: Workbench, io: str, start_origin):
    """The measure of the test above: it would fail without a budget."""
    fairlead = start(bench, io, 1024 * MIB)
    origin = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server()))
    before = fairlead.resident_kib() * 1024
    with Crowd(fairlead, 8 * MIB) as crowd:
        crowd.grow(650)
        wait_until(
            lambda: fairlead.resident_kib() * 1024 - before > BUDGET + SLACK,
            lambda: f"{(fairlead.resident_kib() * 1024 - before) / MIB} MiB are taken",
        )
    assert refused(fairlead) == 0


def test_bodies_that_a_server_does_not_take_are_held_to_the_budget(bench: Workbench, io: str):
    fairlead = start(bench, io)

    release = threading.Event()

    def script(wire: Wire) -> None:
        wire.take_through(b"\r\n\r\n")
        release.wait(60)
        wire.take_rest()

    with ScriptedOrigin(script) as origin, contextlib.ExitStack() as stack:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "held", "address": origin.address}))
        before = fairlead.resident_kib() * 1024
        address = fairlead.listener()
        for number in range(400):
            wire = stack.enter_context(Wire.connect(address))
            wire.socket.setblocking(False)
            with contextlib.suppress(OSError):
                wire.socket.send(get("/", "Content-Length: 100000000", method="POST").encode() + b"a" * 100_000)
                wire.socket.send(b"a" * 4_000_000)
            if number % 20 == 19 and refused(fairlead):
                break
        assert fairlead.resident_kib() * 1024 - before < BUDGET + SLACK
        assert fairlead.admin_get("/ready")[0] == 200
        release.set()
    wait_until(lambda: buffered(fairlead) < BUDGET / 2, "buffers are free again")


def test_heads_that_come_in_pieces_count(bench: Workbench, io: str, start_origin):
    fairlead = start(bench, io)
    with fairlead.connect() as control:
        control.replace(
            configs.site(start_origin("w1").server(), http={"max_header_bytes": 65536, "header_timeout": "60s"})
        )
    address = fairlead.listener()
    idle = buffered(fairlead)
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire.connect(address)) for _ in range(100)]
        for part in range(3):
            for wire in wires:
                wire.send(("GET / HTTP/1.1\r\nHost: test\r\n" if part == 0 else "") + "X: " + "a" * 15_000 + "\r\n")
            expected = (part + 1) * 100 * 15_000
            wait_until(lambda: buffered(fairlead) - idle > expected * 0.8, f"{expected} bytes of heads are counted")
    wait_until(lambda: buffered(fairlead) - idle < MIB, "they are gone")


@pytest.mark.parametrize("flag", ["1", "7MiB", "x"])
def test_a_budget_that_is_none_is_refused_at_the_start(bench: Workbench, io: str, flag: str):
    process = bench.start(
        [
            binary("fairlead"),
            f"--io={io}",
            "--workers=1",
            f"--control_listen=unix:{bench.directory}/c",
            f"--max_buffer_bytes={flag}",
        ],
        "refused",
    )
    assert process.wait_exit() != 0
    assert "--max_buffer_bytes" in process.stderr()
