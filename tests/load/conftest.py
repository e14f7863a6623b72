"""What load tests need besides."""

import pytest

from tests.support.descriptors import allow_descriptors


@pytest.fixture(scope="session", autouse=True)
def many_descriptors() -> None:
    """Thousands of connections have two ends in this process and in those that it starts."""
    allow_descriptors(12_000)
