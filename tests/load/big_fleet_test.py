"""The cost of a change follows its own size, not the size of the fleet."""

import statistics

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead

pytestmark = pytest.mark.load


def test_one_weight_among_twenty_thousand_servers_costs_about_as_much_as_among_twenty(bench):
    milliseconds = {}
    for size in (20, 20_000):
        fairlead = Fairlead(bench, "auto", name=f"fairlead-{size}")
        servers = [{"id": f"s{n}", "address": f"127.0.0.1:{1 + n % 60_000}"} for n in range(size)]
        with fairlead.connect() as control:
            control.replace(configs.site(*servers))
            durations = []
            for weight in range(2, 102):
                applied = control.apply(configs.upsert_server("web", {**servers[size // 2], "weight": weight}))
                durations.append(applied.duration.ToMicroseconds() / 1000)
        milliseconds[size] = statistics.median(durations)
        fairlead.process.kill()
    # Ten times is far from the thousand times of a change that costs as much as the fleet.
    assert milliseconds[20_000] < 10 * milliseconds[20] + 1, milliseconds
