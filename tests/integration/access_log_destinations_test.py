"""--access_log: where lines go, and that their writing holds nobody up."""

import json
import os
import pathlib
import re
import signal
import socket
import time

import pytest

from tests.support.access_log import AccessLogFile, apply, outcome, parse, site
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import get

DROPPED = "fairlead_access_log_dropped_total"
WRITTEN = "fairlead_access_log_written_total"
ERRORS = "fairlead_access_log_write_errors_total"


@pytest.fixture
def log(bench: Workbench) -> AccessLogFile:
    return AccessLogFile(bench.directory / "access.log")


@pytest.fixture
def fairlead(bench: Workbench, io: str, log: AccessLogFile) -> Fairlead:
    """A proxy that logs to that file."""
    return Fairlead(bench, io, flags=(f"--access_log=file:{log.path}",))


def test_rotation_loses_no_line(fairlead: Fairlead, log: AccessLogFile, bench: Workbench, start_origin):
    apply(fairlead, site(start_origin("w1").server()))
    hammer = Hammer(bench, fairlead.listener(), "--connections=8")
    parts = []
    for number in range(5):
        hammer.wait_for_progress(200)
        part = pathlib.Path(f"{log.path}.{number}")
        log.path.rename(part)
        parts.append(part)
        fairlead.process.send_signal(signal.SIGHUP)
        wait_until(log.path.exists, "the file is made anew")
    result = hammer.stop()
    assert_no_failure(result)
    assert fairlead.process.terminate() == 0
    entries = [entry for part in [*parts, log.path] for entry in parse(part.read_bytes())]
    assert len(entries) == result["requests"]
    assert all(entry["status"] == 200 for entry in entries)
    assert log.path.stat().st_mode & 0o777 == 0o640


def test_what_is_buffered_is_written_before_the_end(fairlead: Fairlead, log: AccessLogFile, start_origin):
    apply(fairlead, site(start_origin("w1").server()))
    with fairlead.open() as wire:
        for _ in range(200):
            assert wire.request(get("/")).status == 200
    assert fairlead.process.terminate() == 0
    assert len(parse(log.path.read_bytes())) == 200


def test_requests_that_the_drain_cuts_are_logged(bench: Workbench, io: str, log: AccessLogFile, start_origin):
    fairlead = Fairlead(bench, io, flags=(f"--access_log=file:{log.path}", "--drain_timeout=100ms"))
    origin = start_origin("w1")
    apply(fairlead, site(origin.server()))
    with fairlead.open() as wire:
        wire.send(get("/delay/60s"))
        wait_until(lambda: origin.stats()["requests"] == 1, "the request is there")
        assert fairlead.process.terminate() == 0
    assert outcome(log.wait(1)[0]) == (None, "proxy", "shutdown")


def ask(fairlead: Fairlead, count: int) -> None:
    """So many requests, answered at once."""
    with fairlead.open() as wire:
        for _ in range(count):
            assert wire.request(get("/", "User-Agent: " + "u" * 1900)).status == 200


def test_a_fifo_without_a_reader_stops_nobody(bench: Workbench, io: str, log: AccessLogFile, start_origin):
    os.mkfifo(log.path)
    fairlead = Fairlead(bench, io, workers=1, flags=(f"--access_log=file:{log.path}",))
    apply(fairlead, site(start_origin("w1").server()))
    ask(fairlead, 600)  # more than the buffer's 1 MiB
    wait_until(lambda: fairlead.metrics()[ERRORS] > 0, "the error is counted")
    metrics = fairlead.metrics()
    assert metrics[DROPPED] > 0 and metrics[WRITTEN] == 0
    told = "access log: can't be written: No such device or address"
    wait_until(lambda: told in fairlead.process.stderr(), "the error is told")

    reader = os.open(log.path, os.O_RDONLY)
    received = bytearray()
    while received.count(b"\n") < 600 - metrics[DROPPED]:
        received += os.read(reader, 1 << 20)
    assert len(parse(bytes(received))) == 600 - metrics[DROPPED]
    os.close(reader)  # and it goes again
    ask(fairlead, 10)
    wait_until(lambda: fairlead.metrics()[ERRORS] > metrics[ERRORS], "the error is counted")
    assert fairlead.process.terminate() == 0


def test_a_stderr_that_nobody_reads_stops_nobody(bench: Workbench, io: str, start_origin):
    fifo = bench.directory / "stderr.fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    wrapper = ("sh", "-c", f'exec "$0" "$@" 2>{fifo}')
    fairlead = Fairlead(bench, io, workers=1, flags=("--access_log=stderr",), wrapper=wrapper)
    apply(fairlead, site(start_origin("w1").server()))
    ask(fairlead, 700)  # more than the pipe's 64 KiB and the buffer's 1 MiB
    wait_until(lambda: fairlead.metrics()[DROPPED] > 0, "what finds no room is counted")
    os.set_blocking(reader, True)
    received = bytearray()
    while received.count(b"\n") < 700 - fairlead.metrics()[DROPPED]:
        received += os.read(reader, 1 << 20)
    assert len(parse(bytes(received))) == 700 - fairlead.metrics()[DROPPED]
    os.close(reader)
    assert fairlead.process.terminate() == 0


def test_it_ends_in_time_though_its_log_takes_nothing(bench: Workbench, io: str, log: AccessLogFile, start_origin):
    os.mkfifo(log.path)
    reader = os.open(log.path, os.O_RDONLY | os.O_NONBLOCK)
    fairlead = Fairlead(bench, io, workers=1, flags=(f"--access_log=file:{log.path}",))
    apply(fairlead, site(start_origin("w1").server()))
    ask(fairlead, 100)
    begin = time.monotonic()
    assert fairlead.process.terminate() == 0
    assert time.monotonic() - begin < 15
    assert re.search(r"access log: \d+ lines were not written", fairlead.process.stderr())
    os.close(reader)


def test_lines_go_to_stdout_beside_what_the_program_says(bench: Workbench, io: str, start_origin):
    fairlead = Fairlead(bench, io, flags=("--access_log=stdout",))
    apply(fairlead, site(start_origin("w1").server()))
    with fairlead.open() as wire:
        assert wire.request(get("/out")).status == 200
    assert fairlead.process.terminate() == 0
    lines = fairlead.process.stdout().splitlines()
    assert [json.loads(line)["path"] for line in lines if line.startswith("{")] == ["/out"]
    assert any(line.startswith("control listening on") for line in lines)


def test_a_full_disk_is_counted_and_stops_nobody(bench: Workbench, io: str, start_origin):
    fairlead = Fairlead(bench, io, flags=("--access_log=file:/dev/full",))
    apply(fairlead, site(start_origin("w1").server()))
    ask(fairlead, 10)
    wait_until(lambda: fairlead.metrics()[ERRORS] >= 2, "it is tried again")
    assert fairlead.metrics()[WRITTEN] == 0
    assert fairlead.process.stderr().count("No space left on device") == 1
    assert fairlead.process.terminate() == 0


@pytest.mark.parametrize("kind", ["udp", "unix"])
def test_syslog(bench: Workbench, io: str, start_origin, kind: str):
    path = bench.directory / "syslog"
    with socket.socket(socket.AF_INET if kind == "udp" else socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0) if kind == "udp" else str(path))
        server.settimeout(20)
        place = "127.0.0.1:%d" % server.getsockname()[1] if kind == "udp" else f"unix:{path}"
        fairlead = Fairlead(bench, io, flags=(f"--access_log=syslog:{place}",))
        apply(fairlead, site(start_origin("w1").server()))
        with fairlead.open() as wire:
            for number in range(3):
                assert wire.request(get(f"/{number}")).status == 200
        for number in range(3):
            datagram = server.recv(100_000).decode()
            header, _, line = datagram.partition("{")
            if kind == "udp":
                form = r"<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ fairlead (\d+) access - "
            else:
                form = r"<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d fairlead\[(\d+)\]: "
            found = re.fullmatch(form, header)
            assert found and int(found[1]) == fairlead.process.pid, header
            assert json.loads("{" + line)["path"] == f"/{number}"
        wait_until(lambda: fairlead.metrics()[WRITTEN] == 3, "they are counted")


def test_a_file_that_cannot_be_made_is_said_at_the_start(bench: Workbench, io: str):
    with pytest.raises(AssertionError):
        Fairlead(bench, io, flags=("--access_log=file:/none/access.log",))
    process = bench.processes[-1]
    assert process.wait_exit() == 1
    assert "--access_log: /none/access.log: No such file or directory" in process.stderr()


def test_sighup_harms_nobody_who_logs_nothing(bench: Workbench, io: str):
    fairlead = Fairlead(bench, io)
    fairlead.process.send_signal(signal.SIGHUP)
    assert fairlead.status()["revision"] == 0
