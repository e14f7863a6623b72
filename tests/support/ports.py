"""Ports that nothing listens on, and addresses that nobody else uses."""

import pathlib
import random
import socket

_FIRST = 10_000


def own_host() -> str:
    """An address of this machine's loopback for the caller alone: nobody takes a port of it that becomes free."""
    draw = random.SystemRandom().randrange
    return f"127.{draw(1, 255)}.{draw(1, 255)}.{draw(1, 255)}"


def closed_port() -> str:
    """An address on which nothing listens. The system gives its port to no connection and no port 0, so that who is told
    it can still listen there a moment later."""
    end = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(_FIRST, end)
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return f"127.0.0.1:{port}"
        except OSError:
            continue
