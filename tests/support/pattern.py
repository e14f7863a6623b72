"""The contents of generated bodies: tests/support/peer/pattern.h in Python."""

import functools

PERIOD = 65521


@functools.cache
def _two_periods() -> bytes:
    letters = bytearray()
    state = 1
    for _ in range(PERIOD):
        state = (state * 1103515245 + 12345) & 0xFFFFFFFF
        letters.append(ord("a") + (state >> 16) % 26)
    return bytes(letters) * 2


def pattern(length: int, position: int = 0) -> bytes:
    """`length` bytes of it from `position` on."""
    offset = position % PERIOD
    repeated = _two_periods() * (1 + (offset + length) // (2 * PERIOD))
    return repeated[offset : offset + length]


def matches(position: int, data: bytes) -> bool:
    """Whether `data` is what the pattern holds from `position` on."""
    return data == pattern(len(data), position)
