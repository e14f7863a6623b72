"""What every test gets: a workbench of its own, and a proxy for each way of doing I/O."""

import pathlib
from collections.abc import Callable, Iterator

import pytest

from tests.support import io_uring
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.processes import Workbench


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Shows what the programs said, where a test fails."""
    outcome = yield
    report = outcome.get_result()
    bench = getattr(item, "funcargs", {}).get("bench")
    if report.failed and isinstance(bench, Workbench):
        report.sections += [(f"end of {name}", text) for name, text in bench.logs().items()]


@pytest.fixture
def bench(tmp_path: pathlib.Path) -> Iterator[Workbench]:
    """A directory and processes that end with the test. A program that dies by itself fails the test."""
    workbench = Workbench(tmp_path)
    yield workbench
    died = workbench.close()
    assert not died, f"died by themselves: {', '.join(died)}"


@pytest.fixture(scope="module", params=["io_uring", "epoll"])
def io(request: pytest.FixtureRequest) -> str:
    """Both backends of the loop, one after the other."""
    if request.param == "io_uring" and not io_uring.is_available():
        pytest.skip("this system has no io_uring")
    return request.param


@pytest.fixture
def fairlead(bench: Workbench, io: str) -> Fairlead:
    """An empty proxy."""
    return Fairlead(bench, io)


@pytest.fixture
def start_origin(bench: Workbench) -> Callable[..., Origin]:
    """start_origin("w1", …flags): an origin of that name."""
    return lambda name, *flags: Origin(bench, name, *flags)
