"""Ports that nothing listens on, and addresses that nobody else uses."""

import os
import pathlib
import random
import socket

_FIRST = 10_000

_given: set[int] = set()


def own_host() -> str:
    """An address of this machine's loopback for the caller alone: nobody takes a port of it that becomes free."""
    draw = random.SystemRandom().randrange
    return f"127.{draw(1, 255)}.{draw(1, 255)}.{draw(1, 255)}"


def closed_port() -> str:
    """An address on which nothing listens. The system gives its port to no connection and no port 0, and nobody is given it
    twice: who is told it can still listen there a moment later, or again after a restart."""
    ports = _own_ports()
    while True:
        port = random.SystemRandom().choice(ports)
        if port in _given:
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        _given.add(port)
        return f"127.0.0.1:{port}"


def _own_ports() -> range:
    """Those of this process: pytest-xdist runs several at a time."""
    end = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = max(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), worker + 1)
    return range(_FIRST + worker, end, workers)
