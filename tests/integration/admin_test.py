"""The admin pages: /live, /ready, /metrics, /status."""

import re

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.wire import Wire, get


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server(weight=7, labels={"rack": "r1"})))
    return started


def test_live_from_the_start_ready_with_the_first_revision(fairlead: Fairlead, start_origin):
    assert fairlead.admin_get("/live")[0] == 200
    assert fairlead.admin_get("/ready")[0] == 503
    with fairlead.connect() as control:
        control.replace(configs.site(start_origin("w1").server()))
    assert fairlead.admin_get("/ready")[0] == 200


def test_other_pages_are_404(fairlead: Fairlead):
    assert fairlead.admin_get("/nothing")[0] == 404


def test_status_tells_the_whole_story(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        for _ in range(5):
            wire.request(get("/"))
        status = fairlead.status()
    assert status["revision"] == 1
    assert re.fullmatch("[0-9a-f]{32}", status["fingerprint"])
    assert [worker["revision"] for worker in status["workers"]] == [1, 1]
    (backend,) = status["backends"]
    assert backend["id"] == "web"
    (server,) = backend["servers"]
    assert (server["id"], server["address"], server["weight"]) == ("w1", origin.address, 7)
    assert (server["admin_state"], server["health"], server["eligible"]) == ("READY", "UNKNOWN", True)
    assert (server["active_requests"], server["total_requests"]) == (0, 5)


def test_metrics_are_prometheus_text_with_types_and_help(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        for _ in range(5):
            assert wire.request(get("/")).status == 200
    with Wire.connect(fairlead.admin) as wire:
        response = wire.request(get("/metrics"))
    assert response.status == 200
    assert (response.get("content-type") or "").startswith("text/plain; version=0.0.4")
    described: dict[str, set[str]] = {"HELP": set(), "TYPE": set()}
    names = set()
    sample = re.compile(r'([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? (?:[-+.\deE]+|NaN|[+-]Inf)')
    seen = set()
    for line in response.body.decode().splitlines():
        if line.startswith("#"):
            _, kind, name, _ = line.split(" ", 3)
            assert name not in described[kind], f"{kind} of {name} twice"
            described[kind].add(name)
            continue
        match = sample.fullmatch(line)
        assert match, line
        assert line.rpartition(" ")[0] not in seen, f"{line} twice"
        seen.add(line.rpartition(" ")[0])
        names.add(re.sub("_(bucket|sum|count)$", "", match[1]))
    assert names
    assert all(name.startswith("fairlead_") or name.startswith("process_") for name in names)
    assert names <= described["TYPE"]
    assert names <= described["HELP"]


def test_metrics_count_requests(fairlead: Fairlead, origin: Origin):
    before = fairlead.metrics()
    with fairlead.open() as wire:
        for _ in range(7):
            wire.request(get("/"))
    after = fairlead.metrics()
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert any("request" in name and "total" in name and difference == 7 for name, difference in grown.items())


def test_the_pages_stand_a_bad_client(fairlead: Fairlead):
    for data in (b"\0\1\2\r\n\r\n", b"GET /status HTTP/1.1\r\nHost : x\r\n\r\n", b"POST /status HTTP/1.1\r\n\r\n"):
        with Wire.connect(fairlead.admin) as wire:
            wire.send(data)
            wire.finish_writing()
            assert b"HTTP/1.1 2" not in wire.take_rest()
    assert fairlead.admin_get("/live")[0] == 200
