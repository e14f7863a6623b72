from collections.abc import Iterator

import pytest

from tests.support.network import Network
from tests.support.prober_fleet import MACHINES, PROBERS, PROXIES


@pytest.fixture
def network() -> Iterator[Network]:
    """For a Fleet."""
    made = Network(*PROBERS, *PROXIES, *MACHINES)
    yield made
    made.close()
