"""Whether this system has io_uring: containers often forbid it, and old kernels lack it."""

import ctypes
import functools
import os

_IO_URING_SETUP = 425  # on every architecture


@functools.cache
def is_available() -> bool:
    parameters = ctypes.create_string_buffer(256)  # struct io_uring_params, zeroed, and room
    descriptor = ctypes.CDLL(None, use_errno=True).syscall(_IO_URING_SETUP, 1, parameters)
    if descriptor < 0:
        return False
    os.close(descriptor)
    return True
