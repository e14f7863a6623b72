"""What a proxy holds for each idle connection, server and backend: resident memory before and after many more."""

import contextlib
import dataclasses
import socket
import ssl
import statistics
import sys
import time

from bench.peers import Peer, Peers
from tests.support.descriptors import allow_descriptors
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

IDLE_CONNECTIONS = 8_000
SERVERS = 10_000
BACKENDS = 2_000
SERVERS_OF_EACH = 4
IDLE_TLS_CONNECTIONS = 4_000
_STILL_SECONDS = 1.0
# One for all: a context of its own for each would be most of this process's memory.
_CLIENT_TLS = ssl.create_default_context()
_CLIENT_TLS.check_hostname = False
_CLIENT_TLS.verify_mode = ssl.CERT_NONE


@dataclasses.dataclass
class Footprint:
    """Of one proxy, in bytes each."""

    idle_connection: float
    server: float
    backend: float


def measure_footprint(peers: Peers, name: str) -> Footprint:
    return Footprint(
        idle_connection=_idle_connection(peers, name),
        server=measure_server(peers, name, SERVERS),
        backend=measure_backend(peers, name, BACKENDS),
    )


def measure_server(peers: Peers, name: str, servers: int) -> float:
    """Bytes of each of so many in one backend."""
    return _of_more(peers, name, {"more_servers": _servers(name, 0, servers)}) / servers


def measure_backend(peers: Peers, name: str, backends: int) -> float:
    """Bytes of each of so many, with their SERVERS_OF_EACH servers."""
    return _of_more(peers, name, {"more_backends": "".join(_backend(name, number) for number in range(backends))}) / backends


def measure_idle_tls(peers: Peers, name: str) -> float:
    """Bytes of a connection that has had a request over TLS and is kept."""
    return _idle_connection(peers, name, "tls", IDLE_TLS_CONNECTIONS)


def _connect(address: str, mode: str) -> Wire:
    if mode != "tls":
        return Wire.connect(address)
    host, _, port = address.rpartition(":")
    return Wire(_CLIENT_TLS.wrap_socket(socket.create_connection((host, int(port)), timeout=20)))


def _idle_connection(peers: Peers, name: str, mode: str = "http", connections: int = IDLE_CONNECTIONS) -> float:
    """One that has had a request and is kept."""
    allow_descriptors(2 * connections + 3000)
    peer = peers.start(name, mode, connections=connections + 1000)
    with contextlib.ExitStack() as held:

        def open_idle() -> None:
            wire = held.enter_context(_connect(peer.address, mode))
            if wire.request(get("/")).status != 200:
                sys.exit(f"{name}: a request went wrong")

        for _ in range(500):  # what only the first connections cost
            open_idle()
        before = peer.process.resident_kib()
        for _ in range(connections):
            open_idle()
        growth = peer.process.resident_kib() - before
    peer.process.kill()
    return growth * 1024 / connections


def _of_more(peers: Peers, name: str, more: dict[str, str]) -> float:
    """By how many bytes a proxy is larger with `more`: a Fairlead after a change, the others started with it."""
    peer = peers.start(name)
    before = peer.process.resident_kib()
    if peer.is_fairlead:
        peers.apply(peer, more)
        larger: Peer = peer
    else:
        larger = peers.start(name, more=more)
    growth = _settled_kib(larger) - before
    for started in {peer.process, larger.process}:
        started.kill()
    return growth * 1024


def _settled_kib(peer: Peer) -> int:
    """What it holds for good: a Fairlead gives back half a second later what it needed for the change itself."""
    held = peer.process.resident_kib()
    since = time.monotonic()

    def is_still() -> bool:
        nonlocal held, since
        if (now := peer.process.resident_kib()) != held:
            held, since = now, time.monotonic()
        return time.monotonic() - since > _STILL_SECONDS

    wait_until(is_still, f"the memory of {peer.name} is still")
    return held


def _address(number: int) -> tuple[str, int]:
    """Of a server that nobody asks for anything."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}", 80


def _servers(name: str, first: int, count: int) -> str:
    return "".join(_server(name, number) for number in range(first, first + count))


def _server(name: str, number: int) -> str:
    host, port = _address(number)
    if name == "nginx":
        return f"\n    server {host}:{port};"
    if name == "haproxy":
        return f"\n  server s{number} {host}:{port}"
    if name == "envoy":
        address = f'{{socket_address: {{address: "{host}", port_value: {port}}}}}'
        return f"\n              - endpoint: {{address: {address}}}"
    return f'\n      - {{id: s{number}, address: "{host}:{port}"}}'


def _backend(name: str, number: int) -> str:
    servers = _servers(name, number * SERVERS_OF_EACH, SERVERS_OF_EACH)
    if name == "nginx":
        return f"  upstream b{number} {{{servers}\n  }}\n"
    if name == "haproxy":
        return f"backend b{number}\n  balance roundrobin{servers}\n"
    if name == "envoy":
        head = f"    - name: b{number}\n      type: STATIC\n      load_assignment:\n        cluster_name: b{number}\n"
        return f"{head}        endpoints:\n          - lb_endpoints:{servers}\n"
    return f"  - id: b{number}\n    servers:{servers}\n"


def print_footprints(by_peer: dict[str, list[Footprint]]) -> None:
    """Medians, and each by that of the best of the others."""
    fields = [field.name for field in dataclasses.fields(Footprint)]
    medians = {
        name: {field: statistics.median(getattr(taken, field) for taken in footprints) for field in fields}
        for name, footprints in by_peer.items()
    }
    others = [of for name, of in medians.items() if not name.startswith("fairlead")]
    best = {field: min(of[field] for of in others) for field in fields}
    print(f"\nMemory in bytes each: {IDLE_CONNECTIONS} idle connections, {SERVERS} servers of one backend, ", end="")
    print(f"{BACKENDS} backends of {SERVERS_OF_EACH}")
    print(f"{'':<18}" + "".join(f"{heading:>17}{'ratio':>7}" for heading in ("idle connection", "server", "backend")))
    for name, of in medians.items():
        print(f"{name:<18}" + "".join(f"{of[field]:>17.0f}{of[field] / best[field]:>7.2f}" for field in fields))


def print_idle_tls(by_peer: dict[str, list[float]]) -> None:
    """Medians, and each by that of the best of the others."""
    medians = {name: statistics.median(taken) for name, taken in by_peer.items()}
    best = min(bytes_each for name, bytes_each in medians.items() if not name.startswith("fairlead"))
    print(f"\nMemory in bytes for each of {IDLE_TLS_CONNECTIONS} idle TLS connections")
    print(f"{'':<18}{'idle connection':>17}{'ratio':>7}")
    for name, bytes_each in medians.items():
        print(f"{name:<18}{bytes_each:>17.0f}{bytes_each / best:>7.2f}")
