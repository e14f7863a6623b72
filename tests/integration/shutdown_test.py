"""SIGTERM drains: nothing new is taken, what runs is finished, and the process ends."""

import signal
import time
from collections.abc import Iterator

import pytest

from tests.support import configs
from tests.support.counting_origin import CountingOrigin
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.origin import Origin
from tests.support.ports import own_host
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server()))
    return started


@pytest.fixture
def holding(fairlead: Fairlead) -> Iterator[CountingOrigin]:
    """A server that answers when the test says so, as the proxy's only one."""
    with CountingOrigin(hold=None) as started:
        # Nobody else comes to listen on that address when the proxy does not any more.
        with fairlead.connect() as control:
            control.replace(configs.site(started.server(), http={"address": f"{own_host()}:0"}))
        yield started


def is_refused(address: str) -> bool:
    try:
        with Wire.connect(address):
            return False
    except ConnectionResetError:
        return False  # it came while the socket closed
    except ConnectionRefusedError:
        return True


def test_ends_at_once_when_nothing_runs(fairlead: Fairlead, origin: Origin):
    begin = time.monotonic()
    assert fairlead.process.terminate() == 0
    assert time.monotonic() - begin < 5


def test_ends_when_it_was_given_nothing(fairlead: Fairlead):
    assert fairlead.process.terminate() == 0


def test_an_idle_connection_does_not_hold_it_up(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200
        assert fairlead.process.terminate() == 0
        assert wire.is_closed()


def test_finishes_what_runs_says_close_and_takes_nothing_new(fairlead: Fairlead, holding: CountingOrigin):
    address = fairlead.listener()
    with fairlead.open() as wire:
        wire.send(get("/"))
        holding.wait_for_active(1)
        fairlead.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(address), "new connections are refused")
        assert fairlead.process.is_running()
        holding.release()
        response = wire.read_response()
        assert (response.status, response.body) == (200, b"ok")
        assert "close" in response.connection_options()
        assert wire.is_closed()
    assert fairlead.process.wait_exit() == 0


def test_a_listener_that_comes_while_it_drains_refuses_its_clients(fairlead: Fairlead, holding: CountingOrigin):
    with fairlead.open() as wire, fairlead.connect() as control:
        address = fairlead.listener()
        wire.send(get("/"))
        holding.wait_for_active(1)
        fairlead.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(address), "new connections are refused")
        late = {"id": "late", "address": f"{own_host()}:0", "http": {"route_table": "main"}}
        control.apply({"upsert_listener": late})
        wait_until(lambda: is_refused(fairlead.listener("late")), "those of a new listener, too: nobody accepts them")
        holding.release()
        assert wire.read_response().status == 200
    assert fairlead.process.wait_exit() == 0


def test_is_live_but_not_ready_while_it_drains(fairlead: Fairlead, holding: CountingOrigin):
    with fairlead.open() as wire:
        wire.send(get("/"))
        holding.wait_for_active(1)
        fairlead.process.send_signal(signal.SIGTERM)
        wait_until(lambda: fairlead.admin_get("/ready")[0] == 503, "it is not ready any more")
        assert fairlead.admin_get("/live")[0] == 200
        holding.release()
        assert wire.read_response().status == 200


def test_ends_at_the_drain_timeout_whatever_runs(bench: Workbench, io: str, start_origin):
    fairlead = Fairlead(bench, io, flags=("--drain_timeout=300ms",))
    origin = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server()))
    with fairlead.open() as wire:
        wire.send(get("/delay/60s"))
        wait_until(lambda: origin.stats()["requests"] == 1, "the request is there")
        begin = time.monotonic()
        fairlead.process.send_signal(signal.SIGTERM)
        fairlead.process.wait_exit()
        assert 0.2 < time.monotonic() - begin < 10


def test_sigint_does_the_same(fairlead: Fairlead, origin: Origin):
    fairlead.process.send_signal(signal.SIGINT)
    assert fairlead.process.wait_exit() == 0


def test_under_load_no_request_that_was_taken_fails(bench: Workbench, fairlead: Fairlead, origin: Origin):
    hammer = Hammer(bench, fairlead.listener(), "--connections=32")
    hammer.wait_for_progress(500)
    fairlead.process.send_signal(signal.SIGTERM)
    assert fairlead.process.wait_exit() == 0
    result = hammer.stop()
    # Once it is gone nothing can be connected: that alone may fail.
    result["failure_kinds"].pop("connect", None)
    result["failures"] = sum(kind["count"] for kind in result["failure_kinds"].values())
    assert_no_failure(result)
