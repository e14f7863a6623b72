"""The PROXY protocol, versions 1 and 2, from clients and toward servers."""

import socket
import struct

import pytest

from tests.support import configs
from tests.support.access_log import AccessLogFile
from tests.support.fairlead import Fairlead
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("!BH", kind, len(value)) + value


def v2(source: tuple[str, int], destination: tuple[str, int], tlvs: bytes = b"", *, checksum: bool = False) -> bytes:
    family = socket.AF_INET6 if ":" in source[0] else socket.AF_INET
    rest = b"".join(socket.inet_pton(family, host) for host, _ in (source, destination))
    rest += struct.pack("!HH", source[1], destination[1]) + tlvs
    if checksum:
        rest += tlv(3, bytes(4))
    header = SIGNATURE + struct.pack("!BBH", 0x21, 0x21 if family == socket.AF_INET6 else 0x11, len(rest)) + rest
    return header[:-4] + struct.pack("!I", crc32c(header)) if checksum else header


def read_v2(wire: Wire) -> tuple[bytes, bytes]:
    """A whole header and its TLVs."""
    head = wire.take(16)
    assert head.startswith(SIGNATURE)
    rest = wire.take(struct.unpack("!H", head[14:])[0])
    return head + rest, rest[{0x00: 0, 0x11: 12, 0x21: 36}[head[13]] :]


class Server:
    """Hands the test what its connections begin with; answers requests where `http`."""

    def __init__(self, version: int | None = None, http: bool = False):
        self.headers: list[bytes] = []
        self.tlvs: list[bytes] = []
        self.data: list[bytes] = []
        self._version = version
        self._http = http

    def __call__(self, wire: Wire) -> None:
        if self._version == 1:
            self.headers.append(wire.take_through(b"\r\n"))
        elif self._version == 2:
            header, tlvs = read_v2(wire)
            self.headers.append(header)
            self.tlvs.append(tlvs)
        if not self._http:
            self.data.append(wire.take_rest())
            return
        while True:
            request = wire.read_request()
            self.data.append(request.target.encode())
            wire.send(ANSWER)


TRUST_LOOPBACK = {"trusted_sources": ["127.0.0.0/8", "::1/128", "unix"]}


def http_site(origin: ScriptedOrigin, proxy_protocol: dict | None, address: str = "127.0.0.1:0", **backend) -> dict:
    site = configs.site({"id": "s", "address": origin.address}, http={"address": address}, **backend)
    if proxy_protocol is not None:
        site["listeners"][0]["proxy_protocol"] = proxy_protocol
    return site


def tcp_site(origin: ScriptedOrigin, proxy_protocol: dict | None, address: str = "127.0.0.1:0", **backend) -> dict:
    listener = {"id": "web", "address": address, "tcp": {"backend": "web"}}
    if proxy_protocol is not None:
        listener["proxy_protocol"] = proxy_protocol
    return {
        "listeners": [listener],
        "backends": [configs.backend("web", [{"id": "s", "address": origin.address}], **backend)],
    }


def replace(fairlead: Fairlead, site: dict) -> None:
    with fairlead.connect() as control:
        control.replace(site)


def counter(fairlead: Fairlead, name: str) -> float:
    return fairlead.metrics()[f'fairlead_listener_proxy_header_{name}_total{{listener="web"}}']


HEADERS = {
    "v1": b"PROXY TCP4 203.0.113.9 198.51.100.2 12345 443\r\n",
    "v1 IPv6": b"PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n",
    "v1 unknown": b"PROXY UNKNOWN ffff::1 whatever\r\n",
    "v2": v2(("203.0.113.9", 12345), ("198.51.100.2", 443)),
    "v2 IPv6": v2(("2001:db8::1", 12345), ("2001:db8::2", 443)),
    "v2 checksum": v2(("203.0.113.9", 12345), ("198.51.100.2", 443), tlv(2, b"www.example.org"), checksum=True),
    "v2 local": SIGNATURE + b"\x20\x00\x00\x00",
    "v2 unspec": SIGNATURE + b"\x21\x00\x00\x00",
    "v2 largest": v2(("203.0.113.9", 1), ("198.51.100.2", 2), tlv(0xEA, b"x" * 65520)),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_http_goes_on_behind_the_header(fairlead: Fairlead, header: bytes):
    server = Server(http=True)
    with ScriptedOrigin(server) as origin:
        replace(fairlead, http_site(origin, TRUST_LOOPBACK))
        with fairlead.open() as wire:
            wire.send(header + get("/first").encode())
            assert wire.read_response().status == 200
            assert wire.request(get("/second")).status == 200
    assert server.data == [b"/first", b"/second"]


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "unix"])
def test_headers_come_by_every_kind_of_address(bench: Workbench, fairlead: Fairlead, address: str):
    listen = f"unix:{bench.directory}/s" if address == "unix" else address
    server = Server(version=1)
    with ScriptedOrigin(server) as origin:
        replace(fairlead, tcp_site(origin, TRUST_LOOPBACK, listen, send_proxy_protocol="V1"))
        with fairlead.open() as wire:
            wire.send(HEADERS["v1"] + b"data")
            wire.finish_writing()
            assert wire.take_rest() == b""
        assert (server.headers, server.data) == ([HEADERS["v1"]], [b"data"])


@pytest.mark.parametrize("name", ["v1", "v2 checksum"])
def test_a_header_may_come_byte_by_byte(fairlead: Fairlead, name: str):
    server = Server()
    with ScriptedOrigin(server) as origin:
        replace(fairlead, tcp_site(origin, TRUST_LOOPBACK))
        with fairlead.open() as wire:
            for byte in HEADERS[name] + b"data":
                wire.send(bytes([byte]))
            wire.finish_writing()
            assert wire.take_rest() == b""
    assert server.data == [b"data"]


def is_closed(wire: Wire) -> bool:
    try:
        return wire.take_rest() == b""
    except OSError:
        return True


BAD = {
    "none": get("/").encode(),
    "v1 cut": b"PROXY TCP4 1.2.3.4\r\n",
    "v1 endless": b"PROXY UNKNOWN " + b"x" * 200,
    "v1 line feed": b"PROXY UNKNOWN\n",
    "v2 version": SIGNATURE + b"\x31",
    "v2 family": SIGNATURE + b"\x21\x51\x00\x00",
    "v2 addresses": SIGNATURE + b"\x21\x11\x00\x04aaaa",
    "v2 TLV": v2(("1.2.3.4", 1), ("1.2.3.4", 2), b"\x02\x00\x09cut"),
    "v2 checksum": v2(("1.2.3.4", 1), ("1.2.3.4", 2), tlv(3, b"\0\0\0\0")),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_connection_without_a_valid_header_is_closed(fairlead: Fairlead, bad: bytes):
    server = Server(http=True)
    with ScriptedOrigin(server) as origin:
        replace(fairlead, http_site(origin, TRUST_LOOPBACK))
        with fairlead.open() as wire:
            wire.send(bad)
            assert is_closed(wire)
        assert counter(fairlead, "errors") == 1
        assert origin.connections == 0
        assert fairlead.metrics()["fairlead_open_connections"] == 0


def test_the_word_of_others_is_not_taken(fairlead: Fairlead):
    with ScriptedOrigin(Server(http=True)) as origin:
        replace(fairlead, http_site(origin, {"trusted_sources": ["10.0.0.0/8", "::1/128", "unix"]}))
        with fairlead.open() as wire:
            assert is_closed(wire)
        assert counter(fairlead, "untrusted") == 1
        replace(fairlead, http_site(origin, TRUST_LOOPBACK))
        with fairlead.open() as wire:
            wire.send(HEADERS["v1"] + get("/").encode())
            assert wire.read_response().status == 200


def test_a_header_has_its_time(fairlead: Fairlead):
    with ScriptedOrigin(Server(http=True)) as origin:
        replace(fairlead, http_site(origin, {**TRUST_LOOPBACK, "timeout": "0.2s"}))
        with fairlead.open() as wire:
            wire.send(b"PROXY TCP4 1.2.3.4 ")
            assert is_closed(wire)
        assert counter(fairlead, "timeouts") == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_servers_are_told_of_the_peer(fairlead: Fairlead, host: str):
    one, two = Server(version=1), Server(version=2)
    with ScriptedOrigin(one) as first, ScriptedOrigin(two) as second:
        replace(fairlead, tcp_site(first, None, f"{host}:0", send_proxy_protocol="V1"))
        for server in (one, two):
            if server is two:
                replace(fairlead, tcp_site(second, None, f"{host}:0", send_proxy_protocol="V2"))
            with fairlead.open() as wire:
                own, peer = wire.socket.getsockname()[:2], wire.socket.getpeername()[:2]
                wire.send(b"data")
                wire.finish_writing()
                assert wire.take_rest() == b""
            if server is one:
                protocol = "TCP4" if host == "127.0.0.1" else "TCP6"
                expected = f"PROXY {protocol} {own[0]} {peer[0]} {own[1]} {peer[1]}\r\n".encode()
            else:
                expected = v2(own, peer, checksum=True)
            assert (server.headers, server.data) == ([expected], [b"data"])


def test_a_server_that_speaks_first_has_its_header_already(fairlead: Fairlead):
    def banner(wire: Wire) -> None:
        wire.take_through(b"\r\n")
        wire.send(b"220 ready\r\n")

    with ScriptedOrigin(banner) as origin:
        replace(fairlead, tcp_site(origin, None, send_proxy_protocol="V1"))
        with fairlead.open() as wire:
            assert wire.take_rest() == b"220 ready\r\n"


def test_tlvs_go_on_with_version_2_alone(fairlead: Fairlead):
    tlvs = tlv(2, b"www.example.org") + tlv(0xEA, b"\x01vpce-0123")
    source, destination = ("203.0.113.9", 12345), ("198.51.100.2", 443)
    server = Server(version=2)
    with ScriptedOrigin(server) as origin:
        replace(fairlead, tcp_site(origin, TRUST_LOOPBACK, send_proxy_protocol="V2"))
        with fairlead.open() as wire:
            wire.send(v2(source, destination, tlvs, checksum=True))
            wire.finish_writing()
            assert wire.take_rest() == b""
    assert server.headers == [v2(source, destination, tlvs, checksum=True)]


def test_clients_of_unix_sockets_are_unknown(bench: Workbench, fairlead: Fairlead):
    server = Server(version=1)
    with ScriptedOrigin(server) as origin:
        replace(fairlead, tcp_site(origin, None, f"unix:{bench.directory}/s", send_proxy_protocol="V1"))
        with fairlead.open() as wire:
            wire.finish_writing()
            assert wire.take_rest() == b""
    assert server.headers == [b"PROXY UNKNOWN\r\n"]


def test_http_connections_with_a_header_are_not_shared(fairlead: Fairlead):
    server = Server(version=1, http=True)
    with ScriptedOrigin(server) as origin:
        replace(fairlead, http_site(origin, None, send_proxy_protocol="V1"))
        expected = []
        with fairlead.open() as one, fairlead.open() as other:
            for wire in (one, other, one):
                assert wire.request(get("/")).status == 200
                own, peer = wire.socket.getsockname(), wire.socket.getpeername()
                expected.append(f"PROXY TCP4 {own[0]} {peer[0]} {own[1]} {peer[1]}\r\n".encode())
        assert set(server.headers) == set(expected)
        assert len(server.data) == 3


def test_a_retry_sends_the_header_again(fairlead: Fairlead):
    server = Server(version=1)
    with ScriptedOrigin(server) as origin:
        site = tcp_site(origin, TRUST_LOOPBACK, send_proxy_protocol="V1")
        site["backends"][0]["servers"].append({"id": "gone", "address": closed_port()})
        replace(fairlead, site)
        for _ in range(4):
            with fairlead.open() as wire:
                wire.send(HEADERS["v1"] + b"data")
                wire.finish_writing()
                assert wire.take_rest() == b""
        wait_until(lambda: len(server.data) == 4, "all four")
    assert set(server.headers) == {HEADERS["v1"]}
    assert set(server.data) == {b"data"}


def test_the_access_log_tells_client_and_peer_apart(bench: Workbench, io: str):
    log = AccessLogFile(bench.directory / "access.log")
    fairlead = Fairlead(bench, io, flags=(f"--access_log=file:{log.path}",))
    with ScriptedOrigin(Server(http=True)) as origin:
        replace(fairlead, http_site(origin, TRUST_LOOPBACK))
        with fairlead.open() as wire:
            own = "{}:{}".format(*wire.socket.getsockname())
            wire.send(HEADERS["v1"] + get("/").encode())
            assert wire.read_response().status == 200
        [entry] = log.wait(1)
    assert (entry["client"], entry["peer"]) == ("203.0.113.9:12345", own)


def test_x_forwarded_for_names_the_client_that_the_header_names(fairlead: Fairlead):
    fields = []

    def server(wire: Wire) -> None:
        fields.append(wire.read_request().get("x-forwarded-for"))
        wire.send(ANSWER)

    with ScriptedOrigin(server) as origin:
        site = http_site(origin, TRUST_LOOPBACK)
        site["listeners"][0]["http"]["forwarding"] = {"x_forwarded_for": True}
        replace(fairlead, site)
        with fairlead.open() as wire:
            wire.send(HEADERS["v1"] + get("/").encode())
            assert wire.read_response().status == 200
    assert fields == ["203.0.113.9"]
