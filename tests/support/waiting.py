"""Waiting for what must come to be, never for time to pass."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

# Long, because machines may be slow and busy: a test that passes never waits for it.
DEADLINE_SECONDS = 20.0


def settled(value: Callable[[], Value], quiet_seconds: float = 0.3, seconds: float = DEADLINE_SECONDS) -> Value:
    """What `value` is once it has not changed for that long: for what stops growing, and says so to nobody."""
    deadline = time.monotonic() + seconds
    last, since = value(), time.monotonic()
    while time.monotonic() < since + quiet_seconds:
        assert time.monotonic() < deadline, f"it still changes after {seconds} s"
        time.sleep(0.005)
        if (now := value()) != last:
            last, since = now, time.monotonic()
    return last


def wait_until(
    condition: Callable[[], Value], what: str | Callable[[], str], seconds: float = DEADLINE_SECONDS
) -> Value:
    """Returns the first true value of `condition`; AssertionError with `what` was waited for after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.005)
