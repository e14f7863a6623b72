"""fairlead_prober with one proxy: what is checked, what is found, what is reported."""

import signal

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.ports import closed_port
from tests.support.prober import Prober
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.waiting import wait_until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

FAST = {"interval": "100ms", "timeout": "80ms", "ttl": "1s"}
HTTP = {"defaults": {**FAST, "http": {"path": "/health"}}}


def wait_for_reason(proxy: Fairlead, name: str, health: str, reason: str) -> None:
    """Waits until a server is that for this reason. On a busy machine a check may end by its timeout, and the next one tells."""
    found: dict = {}

    def has_come() -> bool:
        found.update(proxy.server_status("web", name))
        return (found["health"], found["reason"]) == (health, reason)

    wait_until(has_come, lambda: f"{name} {health} by {reason!r}; it is {found}")


def server(name: str, address: str) -> dict:
    return {"id": name, "address": address}


@pytest.fixture
def flipping():
    """A server that answers what `flipping.answer` says now."""

    class Flipping(ScriptedOrigin):
        answer = OK

    origin = Flipping(lambda wire: answering(origin.answer)(wire))
    with origin:
        yield origin


def test_servers_of_a_file_are_checked_and_reported(bench: Workbench, fairlead: Fairlead, flipping) -> None:
    servers = configs.site(server("w1", flipping.address), server("w2", closed_port()))
    with fairlead.connect() as control:
        control.replace(servers)
    Prober(bench, "probe-a", f"--proxies={fairlead.control}", config=HTTP, servers={"backends": servers["backends"]})
    up = fairlead.wait_for_health("web", "w1", "UP")
    assert (up["decided_by"], up["reason"]) == ("probe-a", "HTTP 200")
    wait_for_reason(fairlead, "w2", "DOWN", "connect: refused")
    flipping.answer = BUSY
    wait_for_reason(fairlead, "w1", "DOWN", "HTTP 503, 200-399 wanted")
    flipping.answer = OK
    fairlead.wait_for_health("web", "w1", "UP")


def test_servers_are_learnt_from_the_proxy_as_they_come_and_go(bench: Workbench, fairlead: Fairlead, flipping) -> None:
    prober = Prober(bench, "probe-a", f"--proxies={fairlead.control}", config={"defaults": FAST})
    with fairlead.connect() as control:
        control.replace(configs.site(server("w1", flipping.address)))
        fairlead.wait_for_health("web", "w1", "UP")
        control.apply(configs.upsert_server("web", server("w2", closed_port())))
        fairlead.wait_for_health("web", "w2", "DOWN")
        # Another address is another server to a check.
        control.apply(configs.upsert_server("web", server("w2", flipping.address)))
        assert fairlead.wait_for_health("web", "w2", "UP")["reason"] == "connected"
        control.apply(configs.remove_server("web", "w1"))
        wait_until(lambda: set(prober.share()) == {"web/w2"}, "w1 is forgotten")


def test_a_dead_prober_decides_nothing_once_its_leases_are_over(bench: Workbench, fairlead: Fairlead, flipping) -> None:
    prober = Prober(bench, "probe-a", f"--proxies={fairlead.control}", config={"defaults": FAST})
    with fairlead.connect() as control:
        control.replace(configs.site(server("w1", flipping.address), server("w2", closed_port())))
    fairlead.wait_for_health("web", "w1", "UP")
    fairlead.wait_for_health("web", "w2", "DOWN")
    prober.process.kill()
    fairlead.wait_for_health("web", "w1", "UNKNOWN")
    fairlead.wait_for_health("web", "w2", "UNKNOWN")
    # Another incarnation is believed again.
    Prober(bench, "probe-a", f"--proxies={fairlead.control}", config={"defaults": FAST})
    fairlead.wait_for_health("web", "w1", "UP")


def test_a_proxy_that_starts_anew_is_told_everything(bench: Workbench, io: str, flipping) -> None:
    site = configs.site(server("w1", flipping.address))
    first = Fairlead(bench, io, name="proxy")
    with first.connect() as control:
        control.replace(site)
    prober = Prober(bench, "probe-a", f"--proxies={first.control}", config={"defaults": FAST}, servers={"backends": site["backends"]})
    first.wait_for_health("web", "w1", "UP")
    first.process.kill()
    wait_until(lambda: prober.get("/healthz")[0] == 503, "it reaches no proxy")
    second = Fairlead(bench, io, name="proxy")
    with second.connect() as control:
        control.replace(site)
    second.wait_for_health("web", "w1", "UP")
    wait_until(lambda: prober.get("/healthz") == (200, "ok\n"), "it knows that it reaches a proxy")


def test_a_proxy_that_is_away_holds_no_other_up(bench: Workbench, fairlead: Fairlead, io: str, flipping) -> None:
    other = Fairlead(bench, io, name="other")
    nobody = closed_port()
    site = configs.site(server("w1", flipping.address))
    for proxy in (fairlead, other):
        with proxy.connect() as control:
            control.replace(site)
    prober = Prober(bench, "probe-a", f"--proxies={nobody},{other.control},{fairlead.control}", config=HTTP)
    for proxy in (fairlead, other):
        proxy.wait_for_health("web", "w1", "UP")
    other.process.send_signal(signal.SIGSTOP)
    try:
        flipping.answer = BUSY
        fairlead.wait_for_health("web", "w1", "DOWN")
        reached = f'fairlead_prober_proxy_reached{{proxy="{other.control}"}}'
        wait_until(lambda: prober.metrics()[reached] == 0, "the one that stands still is given up")
    finally:
        other.process.send_signal(signal.SIGCONT)
    other.wait_for_health("web", "w1", "DOWN")


def test_files_are_read_again_by_sighup_and_bad_ones_are_not_taken(bench: Workbench, fairlead: Fairlead, flipping) -> None:
    site = configs.site(server("w1", flipping.address), server("w2", closed_port()))
    with fairlead.connect() as control:
        control.replace(site)
    prober = Prober(bench, "probe-a", f"--proxies={fairlead.control}", config=HTTP)
    fairlead.wait_for_health("web", "w1", "UP")
    prober.write_config({"defaults": {**FAST, "http": {"status": ["200-99"]}}})
    prober.process.send_signal(signal.SIGHUP)
    fault = 'defaults.http.status[0]: want a status code or a range ("204", "200-399"), not "200-99"'
    wait_until(lambda: fault in prober.process.stderr(), "the fault is told")
    assert "files not taken" in prober.process.stderr()
    prober.write_config({"defaults": {**FAST, "http": {"status": ["204"]}}})
    prober.process.send_signal(signal.SIGHUP)
    wait_for_reason(fairlead, "w1", "DOWN", "HTTP 200, 204 wanted")
    # What is not checked any more is withdrawn.
    prober.write_config({"backends": [{"id": "web", "skip": True}]})
    prober.process.send_signal(signal.SIGHUP)
    fairlead.wait_for_health("web", "w1", "UNKNOWN")
    fairlead.wait_for_health("web", "w2", "UNKNOWN")
