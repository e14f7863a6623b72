"""Ports that nothing listens on."""

import socket


def closed_port() -> str:
    """An address on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return "127.0.0.1:%d" % probe.getsockname()[1]
