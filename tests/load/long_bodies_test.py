"""Bodies of any length pass through a bounded memory, whichever side is slow."""

from collections.abc import Callable

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.origin import Origin
from tests.support.pattern import PERIOD, matches, pattern
from tests.support.processes import Workbench
from tests.support.wire import Wire, get

pytestmark = pytest.mark.load

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE
# Of one exchange, both its streams together.
MOST_KIB_BUFFERED = 1024


@pytest.fixture
def origin(fairlead: Fairlead, bench: Workbench, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server()))
    # Blocks that stay with the loops' pools, and with io_uring, once used.
    warm_up = ("--connections=8", "--requests=64", "--method=POST", "--path=/echo", f"--body_bytes={MEBIBYTE}")
    assert_no_failure(Hammer(bench, fairlead.listener(), *warm_up, name="warm-up").result())
    return started


def growth_kib(fairlead: Fairlead, run: Callable[[], None]) -> int:
    """By how much the proxy's memory grows at most while `run` runs."""
    fairlead.process.reset_peak()
    before = fairlead.resident_kib()
    run()
    return fairlead.process.peak_resident_kib() - before


def take_pattern(wire: Wire, position: int, length: int) -> None:
    """Checks that the next bytes are the pattern's from `position` on."""
    for begin in range(position, position + length, MEBIBYTE):
        size = min(MEBIBYTE, position + length - begin)
        assert matches(begin, wire.take(size))


def test_a_gibibyte_down(fairlead: Fairlead, origin: Origin):
    def download() -> None:
        with fairlead.open() as wire:
            wire.send(get(f"/stream/{GIBIBYTE}"))
            assert wire.read_head().get("content-length") == str(GIBIBYTE)
            take_pattern(wire, 0, GIBIBYTE)

    assert growth_kib(fairlead, download) < MOST_KIB_BUFFERED


def test_a_gibibyte_up(fairlead: Fairlead, origin: Origin):
    whole_periods = pattern(16 * PERIOD)

    def upload() -> None:
        with fairlead.open() as wire:
            wire.send(get("/upload", f"Content-Length: {GIBIBYTE}", method="PUT"))
            for begin in range(0, GIBIBYTE, len(whole_periods)):
                wire.send(whole_periods[: GIBIBYTE - begin])
            assert wire.read_response().body == b'{"bytes": %d, "is_pattern": true}\n' % GIBIBYTE

    assert growth_kib(fairlead, upload) < MOST_KIB_BUFFERED


def test_answers_to_slow_readers_wait_at_the_origin(fairlead: Fairlead, bench: Workbench, origin: Origin):
    readers, read_per_second, seconds = 50, 10_000, 3
    # So much that neither kernel's buffers nor the proxy's hold all of it.
    size = 8 * MEBIBYTE
    wires: list[Wire] = []

    def read_slowly() -> None:
        """Ten kilobytes a second each, while others are served; those set the pace."""
        wires.extend(fairlead.open(receive_buffer=4096) for _ in range(readers))
        for wire in wires:
            wire.send(get(f"/stream/{size}"))
            wire.read_head()
        others = Hammer(bench, fairlead.listener(), "--connections=8", "--rate=500")
        for tenth in range(seconds * 10):
            others.wait_for_progress(50)
            for wire in wires:
                take_pattern(wire, tenth * read_per_second // 10, read_per_second // 10)
        assert_no_failure(others.stop())

    assert growth_kib(fairlead, read_slowly) < readers * MOST_KIB_BUFFERED
    # And nothing was lost on the way.
    taken = seconds * read_per_second
    for wire in wires[:5]:
        take_pattern(wire, taken, size - taken)
    for wire in wires:
        wire.close()
