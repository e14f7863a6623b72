"""Thousands of connections that are kept for later cost little memory, and the others nothing."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.processes import Workbench
from tests.support.wire import Wire, get

pytestmark = pytest.mark.load

HELD = 5000
MOST_KIB_EACH = 0.6


def test_five_thousand_kept_connections_while_others_are_served(fairlead: Fairlead, bench: Workbench, start_origin):
    with fairlead.connect() as control:
        control.replace(configs.site(start_origin("w1").server(), http={"idle_timeout": "600s"}))
    address = fairlead.listener()

    def open_idle() -> Wire:
        wire = Wire.connect(address)
        assert wire.request(get("/")).status == 200
        return wire

    # What only the first requests cost is not the connections'.
    first = [open_idle() for _ in range(200)]
    kib_before = fairlead.resident_kib()
    held = [open_idle() for _ in range(HELD)]
    kib_each = (fairlead.resident_kib() - kib_before) / HELD
    assert fairlead.metrics()["fairlead_open_connections"] == len(first) + HELD

    result = Hammer(bench, address, "--connections=32", "--requests=10000").result()
    assert_no_failure(result)
    for wire in first + held:
        assert wire.request(get("/")).status == 200
        wire.close()
    assert kib_each <= MOST_KIB_EACH
