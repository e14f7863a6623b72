"""A reporter that floods is held back by its own connection, and harms no other (docs/HEALTH.md)."""

import contextlib
import queue
import socket
import threading
import time
from typing import Any

import grpc
import pytest

from tests.support import api, configs
from tests.support.fairlead import Fairlead
from tests.support.waiting import settled, wait_until

# Of a machine that does much else.
MOST_SECONDS = 10


@pytest.fixture
def site(fairlead: Fairlead) -> None:
    with fairlead.connect() as control:
        control.replace(configs.site(*({"id": f"w{i}", "address": f"127.0.0.1:{i + 1}"} for i in range(100))))


def seconds_of_a_report(fairlead: Fairlead, status: str) -> float:
    """From saying it to seeing it decided."""
    begin = time.monotonic()
    assert fairlead.report(f"report web/w0 {status} reporter=calm ttl=60s") == ["ok"]
    fairlead.wait_for_health("web", "w0", status.upper())
    return time.monotonic() - begin


def test_lines_whose_answers_are_not_read_stop_their_own_connection_alone(fairlead: Fairlead, site: None):
    before = fairlead.resident_kib()
    line = b"report web/w1 up reporter=flood ttl=60s\n" * 1000
    with socket.socket(socket.AF_UNIX) as flood:
        flood.connect(fairlead.health.removeprefix("unix:"))
        flood.settimeout(1)
        sent = 0
        # It is stopped when nothing is taken for a second, though it never ends.
        with pytest.raises(TimeoutError):
            while sent < 256 << 20:
                sent += flood.send(line)
            raise AssertionError("nobody holds it back")
        assert seconds_of_a_report(fairlead, "down") < MOST_SECONDS
        assert seconds_of_a_report(fairlead, "up") < MOST_SECONDS
        assert fairlead.resident_kib() - before < 16 << 10


def batch_of(reports: int, server: str = "w1") -> Any:
    """A message of so many reports of "flood" on that server."""
    report = {"backend": "web", "server": server, "status": "UP", "reporter": "flood", "ttl": "60s"}
    return api.message(api.health.HealthReportBatch, {"reports": [report] * reports})


class Flood:
    """A gRPC connection that brings the same batch again and again, as fast as it is taken."""

    def __init__(self, fairlead: Fairlead, batch: Any):
        self._batch = batch.SerializeToString()  # once: this side is not to be the slower one
        self._over = threading.Event()
        self._channel = grpc.insecure_channel(fairlead.control, options=[("grpc.use_local_subchannel_pool", 1)])
        self.sent = 0  # the one that is on its way among them
        report = self._channel.stream_stream(
            "/fairlead.v1.HealthIngest/Report", response_deserializer=api.health.HealthReportAnswer.FromString
        )
        self.answers = report(self._endless())

    def _endless(self) -> Any:
        while not self._over.is_set():
            self.sent += 1
            yield self._batch

    def __enter__(self) -> "Flood":
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self.answers.cancel()
        self._channel.close()


def test_floods_over_grpc_are_answered_batch_by_batch_and_others_are_heard(fairlead: Fairlead, site: None):
    batch = batch_of(10_000)
    with contextlib.ExitStack() as floods, fairlead.connect() as control:
        taken: queue.Queue = queue.Queue()

        def read(flood: Flood) -> None:
            try:
                for answer in flood.answers:
                    taken.put(answer.accepted)
            except grpc.RpcError:
                pass

        for _ in range(4):
            flood = floods.enter_context(Flood(fairlead, batch))
            threading.Thread(target=read, args=(flood,), daemon=True).start()
        for weight in range(1, 4):
            assert taken.get(timeout=60) == 10_000
            assert seconds_of_a_report(fairlead, "down") < MOST_SECONDS
            assert seconds_of_a_report(fairlead, "up") < MOST_SECONDS
            control.apply(configs.upsert_server("web", {"id": "w2", "address": "127.0.0.1:3", "weight": weight}))
    wait_until(lambda: fairlead.status()["revision"] == 4, "it still answers")


def test_batches_whose_answers_are_not_read_stop_their_own_connection_alone(fairlead: Fairlead, site: None):
    before = fairlead.resident_kib()
    # Each is answered by an error, so that answers are long.
    with Flood(fairlead, batch_of(10_000, server="nobody")) as flood:
        wait_until(lambda: flood.sent > 1, "it floods")
        # It is stopped when nothing is taken for two seconds, though it never ends.
        held_back = settled(lambda: flood.sent, quiet_seconds=2, seconds=60)
        assert seconds_of_a_report(fairlead, "down") < MOST_SECONDS
        assert seconds_of_a_report(fairlead, "up") < MOST_SECONDS
        assert fairlead.resident_kib() - before < 64 << 10
        # It was held back, no more: it goes on when its answers are read.
        for answer in flood.answers:
            assert len(answer.errors) == 10_000
            if flood.sent > held_back + 2:
                break
