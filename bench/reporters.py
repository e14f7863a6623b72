"""Reporters that say how servers are as fast as they are asked to, over many connections: what they say is made
beforehand, as bytes."""

import asyncio
import dataclasses
import itertools
import multiprocessing
import random
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import grpc

from bench.churned import Fairlead
from bench.controller import BACKEND
from tests.support import api, configs
from tests.support.control_session import ControlSession

CONNECTIONS = 100
REPORTERS = ("lines", "grpc")
# Reports of a connection that come together.
_TOGETHER = {"lines": 10, "grpc": 100}
_LATE_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Load:
    kind: str  # of REPORTERS
    servers: int
    percent: int  # of reports that change the decision on their server
    a_second: int
    seconds: float

    def pieces(self, connection: int) -> list[bytes]:
        """What one connection sends in turns: it has its own part of the servers, calls all of them UP, then some of
        them DOWN, and so on."""
        together = _TOGETHER[self.kind]
        mine = range(connection, self.servers, CONNECTIONS)
        make = _lines if self.kind == "lines" else _batch
        return [
            make(connection, mine[first : first + together], percent)
            for percent in (0, self.percent)
            for first in range(0, len(mine), together)
        ]

    def interval(self) -> float:
        """From one piece of a connection to its next, in seconds."""
        return CONNECTIONS * _TOGETHER[self.kind] / self.a_second

    def rounds(self) -> tuple[int, int]:
        """How many pieces each connection sends to begin with, once about all servers, and how many then."""
        first = -(-self.servers // CONNECTIONS // _TOGETHER[self.kind])
        return first, round(self.seconds / self.interval())


@dataclasses.dataclass
class Sample:
    """How it went, without its beginning."""

    reports: int
    seconds: float
    cpu_seconds: float  # of the proxy
    late: int  # pieces that were sent over 100 ms behind their time
    decided_after: list[float]  # seconds from a report on another backend until all workers go by it


def _status(number: int, percent: int) -> str:
    return "down" if number // CONNECTIONS % 100 < percent else "up"


def _lines(connection: int, numbers: range, percent: int) -> bytes:
    return b"".join(
        (
            f"report {BACKEND}/s{number} {_status(number, percent)} ttl=30s "
            f'reporter=probe-{connection} reason="200 OK"\n'
        ).encode()
        for number in numbers
    )


def _batch(connection: int, numbers: range, percent: int) -> bytes:
    batch = api.health.HealthReportBatch()
    for number in numbers:
        report = batch.reports.add(
            backend=BACKEND, server=f"s{number}", reporter=f"probe-{connection}", reason="200 OK"
        )
        report.status = api.health.Health.Status.Value(_status(number, percent).upper())
        report.ttl.seconds = 30
    return batch.SerializeToString()


def measure_load(fairlead: Fairlead, load: Load) -> Sample:
    """The load comes from another process, while this one brings a report now and then and waits for its effect."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    address = fairlead.health if load.kind == "lines" else fairlead.control
    reporters = context.Process(target=_bring_load, args=(load, address, there), daemon=True)
    reporters.start()
    there.close()
    here.recv()  # all servers are known
    begin, cpu_begin = time.perf_counter(), fairlead.peer.process.cpu_seconds()
    decided_after = measure_decisions(fairlead, here.poll)
    reports, late = here.recv()
    seconds, cpu_seconds = time.perf_counter() - begin, fairlead.peer.process.cpu_seconds() - cpu_begin
    reporters.join()
    return Sample(reports, seconds, cpu_seconds, late, decided_after)


def measure_decisions(fairlead: Fairlead, is_over: Callable[[], bool]) -> list[float]:
    """How long each took from its report until all workers went by it, in seconds."""
    decided_after = []
    with _Calm(fairlead) as calm:
        while not is_over():
            decided_after.append(calm.report())
            time.sleep(random.uniform(0.005, 0.025))  # at no set time of the proxy's
    return decided_after


class _Calm:
    """A reporter of one server of a backend of its own, who watches what comes of it."""

    _BACKEND = "calm"

    def __init__(self, fairlead: Fairlead):
        self._control = ControlSession(fairlead.control)
        self._control.apply(
            {"upsert_backend": configs.backend(self._BACKEND)},
            configs.upsert_server(self._BACKEND, {"id": "c", "address": "127.0.0.1:1"}),
        )
        only_this = api.control.StateFilter(without_config=True, backends=[self._BACKEND])
        self._control.send(watch=api.control.Watch(filter=only_this))
        is_down = self._tells("down")  # of an earlier one
        host, _, port = fairlead.health.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._statuses = itertools.cycle(("up", "down") if is_down else ("down", "up"))

    def __enter__(self) -> "_Calm":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()
        self._control.close()

    def report(self) -> float:
        """Changes what is known of the server; returns how long it took all workers to go by it."""
        status = next(self._statuses)
        self._control.send(heartbeat=api.control.Heartbeat())
        begin = time.perf_counter()
        self._socket.sendall(f"report {self._BACKEND}/c {status} reporter=calm\n".encode())
        while not self._tells(status):
            pass
        seconds = time.perf_counter() - begin
        if (answer := self._socket.recv(65536)) != b"ok\n":
            raise AssertionError(f"the proxy says {answer.decode()}")
        return seconds

    def _tells(self, status: str) -> bool:
        report = self._control.receive("state_report")
        return any(api.health.Health.Status.Name(server.health) == status.upper() for server in report.servers)


def _bring_load(load: Load, address: str, parent: Connection) -> None:
    """The other process: says when the measurement begins, and at its end the reports and how many pieces were late."""
    if load.kind == "lines":
        _bring_lines(load, address, parent)
    else:
        asyncio.run(_bring_batches(load, address, parent))


class _Pace:
    """The times at which the pieces of all connections are due, spread evenly."""

    def __init__(self, load: Load):
        self._interval = load.interval()
        self.begin = time.perf_counter()
        self.late = 0

    def wait_seconds(self, number: int, connection: int) -> float:
        """Until this connection's piece of that number is due; 0: now."""
        due = self.begin + (number + connection / CONNECTIONS) * self._interval
        early = due - time.perf_counter()
        self.late += early < -_LATE_SECONDS
        return max(early, 0)


class _LineReporter:
    def __init__(self, load: Load, address: str, connection: int):
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._pieces = itertools.cycle(load.pieces(connection))
        self._waiting = 0  # answers that have not come

    def report(self) -> None:
        piece = next(self._pieces)
        self._socket.sendall(piece)
        self._waiting += piece.count(b"\n")

    def take_answers(self, flags: int = socket.MSG_DONTWAIT) -> None:
        try:
            answers = self._socket.recv(65536, flags)
        except BlockingIOError:
            return
        if answers.strip(b"ok\n") or not answers:
            raise AssertionError(f"the proxy says {answers.decode()}")
        self._waiting -= answers.count(b"\n")

    def finish(self) -> None:
        while self._waiting:
            self.take_answers(flags=0)


def _bring_lines(load: Load, address: str, parent: Connection) -> None:
    reporters = [_LineReporter(load, address, connection) for connection in range(CONNECTIONS)]

    def bring(rounds: int) -> _Pace:
        pace = _Pace(load)
        for number, (connection, reporter) in itertools.product(range(rounds), enumerate(reporters)):
            if early := pace.wait_seconds(number, connection):
                time.sleep(early)
            reporter.take_answers()
            reporter.report()
        for reporter in reporters:
            reporter.finish()
        return pace

    first, rounds = load.rounds()
    bring(first)
    parent.send(None)
    pace = bring(rounds)
    parent.send((rounds * CONNECTIONS * _TOGETHER[load.kind], pace.late))


async def _bring_batches(load: Load, address: str, parent: Connection) -> None:
    options = [("grpc.use_local_subchannel_pool", 1)]  # a connection for each
    channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(CONNECTIONS)]
    calls = [
        channel.stream_stream(
            "/fairlead.v1.HealthIngest/Report", response_deserializer=api.health.HealthReportAnswer.FromString
        )()
        for channel in channels
    ]
    pieces = [itertools.cycle(load.pieces(connection)) for connection in range(CONNECTIONS)]

    async def bring_one(pace: _Pace, connection: int, rounds: int) -> None:
        for number in range(rounds):
            if early := pace.wait_seconds(number, connection):
                await asyncio.sleep(early)
            await calls[connection].write(next(pieces[connection]))
            answer = await calls[connection].read()
            if answer.accepted != _TOGETHER[load.kind]:
                raise AssertionError(f"the proxy says {str(answer)[:500]}")

    async def bring(rounds: int) -> _Pace:
        pace = _Pace(load)
        await asyncio.gather(*(bring_one(pace, connection, rounds) for connection in range(CONNECTIONS)))
        return pace

    first, rounds = load.rounds()
    await bring(first)
    parent.send(None)
    pace = await bring(rounds)
    parent.send((rounds * CONNECTIONS * _TOGETHER[load.kind], pace.late))
    for channel in channels:
        await channel.close()
