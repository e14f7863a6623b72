"""A thousand clients that are slow on purpose, by slowhttptest: the others are served on, and memory stays bounded. How much
later they are answered is for bench/slow_clients to say, where the proxy has a core to itself."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.processes import Workbench
from tests.support.slow_attack import SlowAttack
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.load, pytest.mark.timeout(300)]

ATTACKERS = 1000


@pytest.mark.parametrize(
    ("kind", "path", "most_kib"),
    [("headers", "/", 8), ("body", "/upload", 24), ("read", "/stream/200000", 180)],
)
def test_good_clients_are_served_on(
    fairlead: Fairlead, bench: Workbench, start_origin, kind: str, path: str, most_kib: int
):
    """`most_kib` is what one attacker may cost in memory."""
    with fairlead.connect() as control:
        control.replace(configs.site(start_origin("w1").server()))
    address = fairlead.listener()

    def serve_good_clients(name: str) -> None:
        flags = ("--connections=16", "--rate=500", "--requests=1000")
        assert_no_failure(Hammer(bench, address, *flags, name=name).result())

    def attacking() -> int:
        return int(fairlead.metrics()["fairlead_open_connections"])

    serve_good_clients("before")  # what only the first requests cost
    kib_before = fairlead.resident_kib()
    fairlead.process.reset_peak()
    attack = SlowAttack(bench, kind, f"http://{address}{path}", ATTACKERS, seconds=60)
    wait_until(lambda: attacking() >= ATTACKERS, lambda: f"{ATTACKERS} attackers; there are {attacking()}")
    serve_good_clients("among-attackers")
    assert attacking() >= 0.9 * ATTACKERS, "the attack has ended before the good clients did"
    attack.stop()
    wait_until(lambda: attacking() == 0, "the attackers are gone")
    serve_good_clients("after")
    assert fairlead.process.peak_resident_kib() - kib_before < ATTACKERS * most_kib
