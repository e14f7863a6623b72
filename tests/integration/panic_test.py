"""LoadBalancing.panic_threshold: when too few servers are eligible, health is not looked at."""

from collections import Counter
from typing import Any

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.waiting import wait_until
from tests.support.wire import get

POLICIES = ["ROUND_ROBIN", "LEAST_REQUEST", "RANDOM"]


def serve(fairlead: Fairlead, start_origin, policy: str, threshold: float | None) -> Any:
    servers = [start_origin(f"w{i}").server() for i in range(4)]
    site = configs.site(*servers, policy=policy)
    if threshold is not None:
        site["backends"][0]["load_balancing"]["panic_threshold"] = threshold
    control = fairlead.connect()
    control.replace(site)
    return control


def answering(fairlead: Fairlead) -> Counter[str]:
    names: Counter[str] = Counter()
    for _ in range(5):
        with fairlead.open() as wire:
            for _ in range(20):
                answer = wire.request(get("/"))
                names[answer.get("x-origin") or str(answer.status)] += 1
    return names


def in_panic(fairlead: Fairlead) -> bool:
    return fairlead.metrics()['fairlead_backend_panic{backend="web"}'] == 1


@pytest.mark.parametrize("policy", POLICIES)
def test_below_the_threshold_all_take_requests(fairlead: Fairlead, start_origin, policy: str):
    with serve(fairlead, start_origin, policy, 0.5) as control:
        for name in ["w0", "w1"]:
            control.apply(configs.set_health("web", name, "DOWN"))
        assert set(answering(fairlead)) == {"w2", "w3"}
        assert not in_panic(fairlead)

        control.apply(configs.set_health("web", "w2", "DOWN"))
        assert in_panic(fairlead)
        assert set(answering(fairlead)) == {"w0", "w1", "w2", "w3"}
        assert fairlead.metrics()['fairlead_backend_panic_requests_total{backend="web"}'] == 100
        assert fairlead.status()["backends"][0]["panic"] is True

        control.apply(configs.set_health("web", "w0", "UP"))
        assert not in_panic(fairlead)
        assert set(answering(fairlead)) == {"w0", "w3"}
        assert fairlead.metrics()['fairlead_backend_panic_requests_total{backend="web"}'] == 100


def test_without_a_threshold_the_last_healthy_server_takes_all(fairlead: Fairlead, start_origin):
    with serve(fairlead, start_origin, "ROUND_ROBIN", None) as control:
        for name in ["w0", "w1", "w2"]:
            control.apply(configs.set_health("web", name, "DOWN"))
        assert set(answering(fairlead)) == {"w3"}
        control.apply(configs.set_health("web", "w3", "DOWN"))
        assert set(answering(fairlead)) == {"503"}


def test_panic_is_about_health_and_not_about_what_an_operator_wants(fairlead: Fairlead, start_origin):
    with serve(fairlead, start_origin, "ROUND_ROBIN", 0.9) as control:
        addresses = {server["id"]: server["address"] for server in fairlead.status()["backends"][0]["servers"]}
        control.apply(
            configs.upsert_server("web", {"id": "w0", "address": addresses["w0"], "admin_state": "MAINT"}),
            configs.upsert_server("web", {"id": "w1", "address": addresses["w1"], "admin_state": "DRAIN"}),
            configs.upsert_server("web", {"id": "w2", "address": addresses["w2"], "weight": 0}),
            configs.set_health("web", "w3", "DOWN"),
        )
        assert in_panic(fairlead)
        assert set(answering(fairlead)) == {"w3"}


def test_reports_begin_and_end_panic(fairlead: Fairlead, start_origin):
    with serve(fairlead, start_origin, "ROUND_ROBIN", 0.5):
        for name in ["w0", "w1", "w2"]:
            assert fairlead.report(f"report web/{name} down ttl=100s reporter=probe seq=1") == ["ok"]
        wait_until(lambda: in_panic(fairlead), "panic")
        assert set(answering(fairlead)) == {"w0", "w1", "w2", "w3"}
        assert fairlead.report("report web/w0 up ttl=100s reporter=probe seq=2") == ["ok"]
        wait_until(lambda: not in_panic(fairlead), "the end of panic")
        assert set(answering(fairlead)) == {"w0", "w3"}


def test_the_threshold_changes_with_its_backend(fairlead: Fairlead, start_origin):
    with serve(fairlead, start_origin, "ROUND_ROBIN", None) as control:
        control.apply(configs.set_health("web", "w0", "DOWN"))
        for threshold, panic in [(0.75, False), (0.76, True), (1, True), (0, False)]:
            balancing = {"policy": "ROUND_ROBIN", "panic_threshold": threshold}
            control.apply({"upsert_backend": {"id": "web", "load_balancing": balancing}})
            assert in_panic(fairlead) == panic
            assert (answering(fairlead)["w0"] > 0) == panic
