"""A reporter that floods is held back by its own connection, and harms no other (docs/HEALTH.md)."""

import queue
import socket
import threading
import time
from typing import Any

import grpc
import pytest

from tests.support import api, configs
from tests.support.fairlead import Fairlead
from tests.support.waiting import wait_until

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


def test_a_flood_over_grpc_is_answered_batch_by_batch_and_others_are_heard(fairlead: Fairlead, site: None):
    reports = [
        {"backend": "web", "server": f"w{1 + i % 99}", "status": "UP", "reporter": "flood", "ttl": "60s"}
        for i in range(10_000)
    ]
    batch = api.message(api.health.HealthReportBatch, {"reports": reports})
    over = threading.Event()

    def endless() -> Any:
        while not over.is_set():
            yield batch

    with grpc.insecure_channel(fairlead.control) as channel:
        answers = api.services.HealthIngestStub(channel).Report(endless())
        taken: queue.Queue = queue.Queue()

        def read() -> None:
            try:
                for answer in answers:
                    taken.put(answer.accepted)
            except grpc.RpcError:
                pass

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(3):
            assert taken.get(timeout=60) == 10_000
            assert seconds_of_a_report(fairlead, "down") < MOST_SECONDS
            assert seconds_of_a_report(fairlead, "up") < MOST_SECONDS
        over.set()
        answers.cancel()
        reader.join()
    wait_until(lambda: fairlead.status()["revision"] == 1, "it still answers")
