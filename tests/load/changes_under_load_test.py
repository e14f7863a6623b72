"""Changes of every kind while requests run: nobody who could be served fails, nobody reaches what is gone."""

import random
import time

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.origin import Origin
from tests.support.processes import Workbench

pytestmark = pytest.mark.load

CHANGES = 100
REQUESTS = 10_000


class Fleet:
    """Servers of the backend "web": w0 always takes requests, the others come and go."""

    def __init__(self, fairlead: Fairlead, origins: list[Origin], chance: random.Random):
        self._fairlead = fairlead
        self._control = fairlead.connect()
        self._chance = chance
        self._away = {origin.name: origin for origin in origins[1:]}
        self._present: dict[str, Origin] = {}
        # When the removal of a server was acknowledged, and when it was about to be added again.
        self.absences: dict[str, list[tuple[int, int | None]]] = {name: [] for name in self._away}
        self.kinds: dict[str, int] = {}
        self._control.replace(configs.site(origins[0].server()))

    def close(self) -> None:
        self._control.close()

    def change(self) -> None:
        """One change, of a kind that is possible now."""
        kinds = [self._add] if not self._present else [self._remove, self._drain, self._weigh, self._flip, self._report]
        if self._away and self._present:
            kinds += [self._add, self._add]
        kind = self._chance.choice(kinds)
        self.kinds[kind.__name__] = self.kinds.get(kind.__name__, 0) + 1
        kind()

    def _any(self) -> Origin:
        return self._present[self._chance.choice(sorted(self._present))]

    def _upsert(self, origin: Origin, **fields) -> None:
        self._control.apply(configs.upsert_server("web", origin.server(**fields)))

    def _add(self) -> None:
        origin = self._away.pop(self._chance.choice(sorted(self._away)))
        absences = self.absences[origin.name]
        if absences:
            absences[-1] = (absences[-1][0], time.monotonic_ns())
        self._upsert(origin, weight=self._chance.randint(1, 5))
        self._present[origin.name] = origin

    def _remove(self) -> None:
        origin = self._any()
        self._control.apply(configs.remove_server("web", origin.name))
        self.absences[origin.name].append((time.monotonic_ns(), None))
        self._away[origin.name] = self._present.pop(origin.name)

    def _drain(self) -> None:
        self._upsert(self._any(), admin_state="DRAIN")

    def _weigh(self) -> None:
        self._upsert(self._any(), weight=self._chance.randint(0, 10))

    def _flip(self) -> None:
        self._control.apply(configs.set_health("web", self._any().name, self._chance.choice(["UP", "DOWN"])))

    def _report(self) -> None:
        status = self._chance.choice(["up", "down", "degraded"])
        assert self._fairlead.report(f"report web/{self._any().name} {status} reporter=probe ttl=60s") == ["ok"]


@pytest.mark.parametrize("policy", ["ROUND_ROBIN", "LEAST_REQUEST", "RANDOM"])
def test_no_request_fails_and_none_reaches_a_removed_server(
    fairlead: Fairlead, bench: Workbench, start_origin, policy: str
):
    origins = [start_origin(f"w{number}") for number in range(6)]
    fleet = Fleet(fairlead, origins, random.Random(policy))
    with fairlead.connect() as control:
        control.apply({"upsert_backend": configs.backend("web", policy=policy)})
    hammer = Hammer(bench, fairlead.listener(), "--connections=64")
    for _ in range(CHANGES):
        hammer.wait_for_progress(REQUESTS // CHANGES)
        fleet.change()
    hammer.wait_for_progress(200)
    result = hammer.stop()
    fleet.close()

    assert_no_failure(result)
    assert result["requests"] >= REQUESTS
    assert set(result["origins"]) == {origin.name for origin in origins}
    assert sum(fleet.kinds.values()) == CHANGES and len(fleet.kinds) == 6
    for exchange in hammer.exchanges():
        for removed, added in fleet.absences.get(exchange.origin, ()):
            # Begun after the removal was acknowledged, answered before the server was to come back.
            is_late = exchange.start_ns > removed and (added is None or exchange.end_ns < added)
            assert not is_late, f"{exchange} reached a server removed at {removed}"
    for origin in origins:
        assert origin.stats()["malformed"] == []


def test_a_thousand_rotations_of_a_fleet_of_one(fairlead: Fairlead, bench: Workbench, start_origin):
    # The only server is replaced in one transaction, again and again: there is always one, never two.
    origins = [start_origin("a"), start_origin("b")]
    with fairlead.connect() as control:
        control.replace(configs.site(origins[0].server()))
        hammer = Hammer(bench, fairlead.listener(), "--connections=16")
        hammer.wait_for_progress(100)
        for number in range(1000):
            leaving, coming = origins[number % 2], origins[(number + 1) % 2]
            control.apply(configs.remove_server("web", leaving.name), configs.upsert_server("web", coming.server()))
        hammer.wait_for_progress(100)
    result = hammer.stop()
    assert_no_failure(result)
    assert set(result["origins"]) == {"a", "b"}
