"""A thousand clients that are slow on purpose cost the others nothing: slowhttptest against the proxy."""

import statistics

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.processes import Workbench
from tests.support.slow_attack import SlowAttack
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.load, pytest.mark.timeout(300)]

ATTACKERS = 1000
# How much later good clients may be answered under attack, at the 99th percentile.
MOST_RATIO = 2.0
# The machine is not always quiet. Where the median of these rounds is too high, as many more are measured, twice at
# most, and the median of all of them decides. A request that fails is a failure at once.
ROUNDS = 3
MOST_ROUNDS = 9
# The attackers run on the proxy's own cores: whoever waits for one of them waits for a turn of the scheduler. Times below
# that tell nothing of the proxy; how they compare on a quiet machine is for a benchmark to say.
SCHEDULER_US = 5_000


class Clients:
    """Good clients, at a steady rate."""

    def __init__(self, bench: Workbench, address: str):
        self._bench = bench
        self._address = address
        self._phases = 0

    def p99_us(self) -> int:
        """Of one phase, in which all must be served."""
        self._phases += 1
        flags = ("--connections=16", "--rate=500", "--requests=1000")
        result = Hammer(self._bench, self._address, *flags, name=f"clients-{self._phases}").result()
        assert_no_failure(result)
        return result["latency_us"]["p99"]


@pytest.mark.parametrize(
    ("kind", "path", "most_kib"),
    [("headers", "/", 8), ("body", "/upload", 24), ("read", "/stream/200000", 180)],
)
def test_good_clients_do_not_notice(
    fairlead: Fairlead, bench: Workbench, start_origin, kind: str, path: str, most_kib: int
):
    """`most_kib` is what one attacker may cost in memory."""
    with fairlead.connect() as control:
        control.replace(configs.site(start_origin("w1").server()))
    address = fairlead.listener()
    clients = Clients(bench, address)
    clients.p99_us()  # what only the first requests cost

    def attacking() -> int:
        return int(fairlead.metrics()["fairlead_open_connections"])

    def attacked_p99_us(number: int) -> int:
        attack = SlowAttack(bench, kind, f"http://{address}{path}", ATTACKERS, seconds=60, name=f"attack-{number}")
        wait_until(lambda: attacking() >= ATTACKERS, lambda: f"{ATTACKERS} attackers; there are {attacking()}")
        p99 = clients.p99_us()
        assert attacking() >= 0.9 * ATTACKERS, "the attack has ended before the measurement did"
        attack.stop()
        wait_until(lambda: attacking() == 0, "the attackers are gone")
        return p99

    kib_before = fairlead.resident_kib()
    fairlead.process.reset_peak()
    ratios: list[float] = []
    while len(ratios) < ROUNDS or (statistics.median(ratios) > MOST_RATIO and len(ratios) < MOST_ROUNDS):
        for number in range(len(ratios), len(ratios) + ROUNDS):
            # In turns: neither always comes first.
            if number % 2 == 0:
                quiet, attacked = clients.p99_us(), attacked_p99_us(number)
            else:
                attacked, quiet = attacked_p99_us(number), clients.p99_us()
            print(f"{kind}: p99 {quiet} µs without, {attacked} µs with {ATTACKERS} attackers")
            ratios.append(attacked / max(quiet, SCHEDULER_US))
    assert statistics.median(ratios) <= MOST_RATIO, ratios
    assert fairlead.process.peak_resident_kib() - kib_before < ATTACKERS * most_kib
