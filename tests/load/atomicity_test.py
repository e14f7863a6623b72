"""A transaction that changes several things changes them at once: no request ever sees a mix."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.processes import Workbench

pytestmark = pytest.mark.load

SWAPS = 1000


def test_servers_and_routes_swapped_a_thousand_times(fairlead: Fairlead, bench: Workbench, start_origin):
    blue, green = start_origin("blue"), start_origin("green")

    def layout(swapped: bool) -> list[dict]:
        """/blue leads to blue and /green to green either way: by backend x and y, or by y and x."""
        first, second = ("y", "x") if swapped else ("x", "y")
        coming = {first: blue, second: green}
        leaving = {first: green, second: blue}
        operations = []
        for backend, origin in coming.items():
            operations.append(configs.remove_server(backend, leaving[backend].name))
            operations.append(configs.upsert_server(backend, origin.server()))
        return [{"upsert_route_table": table(first, second)}, *operations]

    def table(first: str, second: str) -> dict:
        return configs.route_table(
            configs.rule("blue", first, match={"path_prefix": "/blue"}),
            configs.rule("green", second, match={"path_prefix": "/green"}),
        )

    with fairlead.connect() as control:
        control.replace(
            {
                "listeners": [configs.listener()],
                "route_tables": [table("x", "y")],
                "backends": [configs.backend("x", [blue.server()]), configs.backend("y", [green.server()])],
            }
        )
        expectations = ["--path=/blue", "--path=/green", "--expect_origin=blue", "--expect_origin=green"]
        hammer = Hammer(bench, fairlead.listener(), "--connections=32", *expectations)
        hammer.wait_for_progress(100)
        for number in range(SWAPS):
            control.apply(*layout(swapped=number % 2 == 0))
        hammer.wait_for_progress(100)
    result = hammer.stop()
    assert_no_failure(result)
    assert fairlead.status()["revision"] == SWAPS + 1
    assert result["origins"]["blue"] > 100 and result["origins"]["green"] > 100


def test_addresses_swapped_between_two_backends(fairlead: Fairlead, bench: Workbench, start_origin):
    # The same servers by id, with their addresses exchanged; pooled connections to the old ones must not be used.
    blue, green = start_origin("blue"), start_origin("green")

    def snapshot(swapped: bool) -> dict:
        first, second = ("y", "x") if swapped else ("x", "y")
        addresses = {first: blue.address, second: green.address}
        rules = [
            configs.rule("blue", first, match={"path_prefix": "/blue"}),
            configs.rule("green", second, match={"path_prefix": "/green"}),
        ]
        backends = [configs.backend(name, [{"id": "only", "address": addresses[name]}]) for name in ("x", "y")]
        return {
            "listeners": [configs.listener()],
            "route_tables": [configs.route_table(*rules)],
            "backends": backends,
        }

    with fairlead.connect() as control:
        control.replace(snapshot(False))
        expectations = ["--path=/blue", "--path=/green", "--expect_origin=blue", "--expect_origin=green"]
        hammer = Hammer(bench, fairlead.listener(), "--connections=32", *expectations)
        hammer.wait_for_progress(100)
        for number in range(SWAPS):
            control.replace(snapshot(number % 2 == 0))
        hammer.wait_for_progress(100)
    assert_no_failure(hammer.stop())
