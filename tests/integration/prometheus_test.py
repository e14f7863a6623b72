"""A real Prometheus understands /metrics."""

import pytest

from tests.support import configs, prometheus
from tests.support.fairlead import Fairlead
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.prometheus import Prometheus
from tests.support.waiting import wait_until
from tests.support.wire import get


@pytest.fixture
def busy(fairlead: Fairlead, start_origin) -> Fairlead:
    """A proxy that has answered 20 requests, and failed one."""
    site = configs.site(start_origin("w1").server())
    site["route_tables"][0]["virtual_hosts"][0]["rules"].insert(
        0, configs.rule("broken", "broken", match={"path": "/broken"})
    )
    site["backends"].append(configs.backend("broken", [{"id": "b1", "address": closed_port()}]))
    with fairlead.connect() as control:
        control.replace(site)
    with fairlead.open() as wire:
        for _ in range(20):
            assert wire.request(get("/")).status == 200
        assert wire.request(get("/broken")).status == 502
    return fairlead


def expect(server: Prometheus, expression: str, value: float) -> None:
    """Waits until that is what the expression is: a scrape that takes too long, on a busy machine, has no values."""
    wait_until(lambda: server.query(expression) == value, lambda: f"{expression} == {value}; {server.target()}")


def test_prometheus_scrapes_every_sample_and_computes_with_them(bench: Workbench, busy: Fairlead):
    server = Prometheus(bench, busy.admin)
    # All of a page are taken, or none.
    expect(server, "scrape_samples_scraped", len(busy.metrics()))
    expect(server, "sum(fairlead_listener_requests_total)", 21)
    expect(server, 'fairlead_rule_responses_total{rule="broken",code="5xx"}', 1)
    expect(server, 'fairlead_server_connect_failures_total{backend="broken",server="b1"}', 3)
    # Bounds are labels that are compared as numbers: "+Inf" and "0.0005" must be understood.
    buckets = 'sum by (le) (fairlead_backend_response_time_seconds_bucket{backend="web"})'
    quantile = wait_until(lambda: server.query(f"histogram_quantile(0.5, {buckets})"), "a quantile")
    assert 0 < quantile <= 60
    expect(server, 'fairlead_server_response_time_seconds_count{server="w1"}', 20)

    with busy.open() as wire:
        assert wire.request(get("/")).status == 200
    expect(server, "sum(fairlead_listener_requests_total)", 22)
    rate = "sum(rate(fairlead_listener_request_duration_seconds_count[1m]))"
    wait_until(lambda: (server.query(rate) or 0) > 0, "a rate of requests")
    wait_until(lambda: server.target()["lastError"] == "", lambda: f"a scrape without an error: {server.target()}")


def test_promtool_has_nothing_to_say(busy: Fairlead):
    assert prometheus.check(busy.admin_get("/metrics")[1]) == ""


def test_promtool_would_have_something_to_say():
    assert prometheus.check("# TYPE requests counter\nrequests 1\n") != ""
