"""HAProxy's runtime API over a socket: as scripts speak it, and a real HAProxy to hold answers against."""

import contextlib
import shutil
import socket

from tests.support.processes import Workbench
from tests.support.waiting import wait_until


def connect(address: str) -> socket.socket:
    """To "unix:PATH" or "HOST:PORT"."""
    kind, _, place = address.partition(":")
    if kind == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(place)
    else:
        host, _, port = address.rpartition(":")
        connection = socket.create_connection((host, int(port)))
    connection.settimeout(20)
    return connection


def ask(address: str, *lines: str) -> str:
    """Sends lines and reads until the other side closes, as scripts do: without a word that this was all."""
    with connect(address) as connection:
        connection.sendall("".join(f"{line}\n" for line in lines).encode())
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received.decode()


class Interactive:
    """A connection in interactive mode."""

    def __init__(self, address: str):
        self._connection = connect(address)
        assert self.say("prompt") == ""

    def say(self, line: str) -> str:
        """The answer up to the next prompt."""
        self._connection.sendall(f"{line}\n".encode())
        received = b""
        while not received.endswith(b"\n> "):
            piece = self._connection.recv(65536)
            assert piece, f"closed after {received!r}"
            received += piece
        return received[: -len(b"\n> ")].decode()

    def quit(self) -> str:
        self._connection.sendall(b"quit\n")
        return self._connection.recv(100).decode()

    def __enter__(self) -> "Interactive":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def parse_servers_state(text: str) -> dict[str, dict[str, str]]:
    """By "backend/server", each server's columns by name."""
    version, head, *lines = text.rstrip("\n").split("\n")
    assert version == "1"
    names = head.removeprefix("# ").split(" ")
    servers = [dict(zip(names, line.split(" "), strict=True)) for line in lines]
    return {f"{server['be_name']}/{server['srv_name']}": server for server in servers}


class HAProxy:
    """A real one with the backend "web" of servers without checks, and its runtime API at `address`."""

    def __init__(self, bench: Workbench, servers: dict[str, str]):
        path = bench.directory / "haproxy.sock"
        config = bench.directory / "haproxy.cfg"
        lines = [f"  server {name} {place} weight 10" for name, place in servers.items()]
        config.write_text(
            f"global\n  stats socket {path} mode 600 level admin\n"
            "defaults\n  mode http\n  timeout client 1m\n  timeout server 1m\n  timeout connect 5s\n"
            "backend web\n  balance roundrobin\n" + "\n".join(lines) + "\n"
        )
        bench.start([shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", str(config)], "haproxy")
        self.address = f"unix:{path}"

        def answers() -> bool:
            with contextlib.suppress(OSError):
                return ask(self.address, "show servers state web").startswith("1\n")
            return False

        wait_until(answers, "HAProxy answers")
