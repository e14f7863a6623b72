"""TLS passed through a TCP listener without decryption, to the server that is for the name that the client asks for."""

import socket
import ssl
import subprocess
import threading

import pytest

from tests.support import configs
from tests.support.access_log import AccessLogFile
from tests.support.certificates import Authority
from tests.support.fairlead import Fairlead
from tests.support.nginx import Nginx
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire

OPENSSL = "/usr/bin/openssl"


def site(*routes: tuple[str, dict], backend: str = "", **tcp) -> dict:
    """Each route is a backend's id and server, for the names "ID.example" and "*.ID.example"; `backend` is for the rest."""
    listener = {"id": "tls", "address": "127.0.0.1:0", "tcp": {"backend": backend, **tcp}}
    listener["tcp"]["sni_routes"] = [
        {"server_names": [f"{identity}.example", f"*.{identity}.example"], "backend": identity}
        for identity, _ in routes
        if identity != backend
    ]
    return {"listeners": [listener], "backends": [configs.backend(identity, [server]) for identity, server in routes]}


def apply(fairlead: Fairlead, snapshot: dict) -> None:
    with fairlead.connect() as control:
        control.replace(snapshot)


def counted(fairlead: Fairlead, name: str) -> float:
    return fairlead.metrics()[f'fairlead_listener_{name}_total{{listener="tls"}}']


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def https(bench: Workbench, authority: Authority, identity: str) -> Nginx:
    """A real server that answers with its name, by a certificate of its own."""
    chain, key = authority.leaf(f"{identity}.example", f"*.{identity}.example").write(bench.directory, identity)
    tls = f"ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;"
    body = f'location / {{ return 200 "{identity} asked for $ssl_server_name\\n"; }}'
    return Nginx(bench, tls + body, name=identity, listen="ssl")


def ask(fairlead: Fairlead, authority: Authority, name: str, request: bytes = b"GET / HTTP/1.0\r\n\r\n") -> bytes:
    """One request over TLS to that name, whose certificate is verified."""
    context = authority.client_context()
    host, _, port = fairlead.listener("tls").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=name) as wrapped:
            wrapped.sendall(request)
            answer = b""
            while data := wrapped.recv(65536):
                answer += data
            return answer


def test_real_servers_get_the_connections_for_their_names(bench: Workbench, fairlead: Fairlead, authority: Authority):
    servers = {identity: https(bench, authority, identity) for identity in ("red", "blue")}
    described = [(identity, {"id": "s", "address": nginx.address}) for identity, nginx in servers.items()]
    apply(fairlead, site(*described))
    for name in ("red.example", "a.red.example", "blue.example", "B.Blue.Example"):
        identity = name.lower().removesuffix(".example").rpartition(".")[2]
        answer = ask(fairlead, authority, name)
        assert answer.endswith(f"{identity} asked for {name}\n".encode()), answer
    with pytest.raises((ConnectionError, ssl.SSLError)):
        ask(fairlead, authority, "green.example")
    assert counted(fairlead, "no_sni_route") == 1


def test_openssls_client_resumes_with_the_server_itself(bench: Workbench, fairlead: Fairlead, authority: Authority):
    nginx = https(bench, authority, "red")
    apply(fairlead, site(("red", {"id": "s", "address": nginx.address})))
    session = bench.directory / "session"
    for version in ("-tls1_2", "-tls1_3"):
        for flag in ("-sess_out", "-sess_in"):
            result = subprocess.run(
                [OPENSSL, "s_client", "-connect", fairlead.listener("tls"), "-servername", "red.example", version]
                + [flag, str(session), "-ign_eof"],
                input=b"GET / HTTP/1.0\r\n\r\n",
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert b"red asked for red.example" in result.stdout, result.stderr
            assert (b"Reused, TLSv1" in result.stdout) == (flag == "-sess_in")


@pytest.mark.parametrize("record_size", [1, 100, 16384])
def test_what_comes_is_passed_on_byte_for_byte(fairlead: Fairlead, record_size: int):
    received = []

    def keep(wire: Wire) -> None:
        received.append(wire.take_rest())
        wire.send(b"heard")

    hello = client_hello("red.example")
    message = hello[5:]
    parts = [message[at : at + record_size] for at in range(0, len(message), record_size)]
    sent = b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in parts) + bytes(range(256)) * 500
    with ScriptedOrigin(keep) as origin:
        apply(fairlead, site(("red", {"id": "s", "address": origin.address})))
        with fairlead.open("tls") as wire:
            threading.Thread(target=lambda: (wire.send(sent), wire.finish_writing())).start()
            assert wire.take_rest() == b"heard"
        assert received == [sent]


def client_hello(name: str | None) -> bytes:
    """As Python's OpenSSL writes it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname = False
    connection = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


def test_without_a_name_the_listeners_backend_is_asked(fairlead: Fairlead):
    def say(wire: Wire) -> None:
        wire.take(5)
        wire.send(b"the rest")

    with ScriptedOrigin(say) as origin:
        server = {"id": "s", "address": origin.address}
        apply(fairlead, site(("rest", server), ("red", {"id": "s", "address": "127.0.0.1:1"}), backend="rest"))
        for name in (None, "other.example"):
            with fairlead.open("tls") as wire:
                wire.send(client_hello(name))
                assert wire.take_rest() == b"the rest"


def test_what_is_no_tls_is_closed_and_told(bench: Workbench, io: str):
    log = AccessLogFile(bench.directory / "access.log")
    # One worker, whose lines stand in their order.
    fairlead = Fairlead(bench, io, workers=1, flags=(f"--access_log=file:{log.path}",))
    with ScriptedOrigin(lambda wire: wire.take_rest()) as origin:
        apply(fairlead, site(("red", {"id": "s", "address": origin.address})))
        for bytes_sent in (b"GET / HTTP/1.1\r\n\r\n", client_hello("red.example")[:50], client_hello("green.example")):
            with fairlead.open("tls") as wire:
                wire.send(bytes_sent)
                if bytes_sent.startswith(b"\x16") and len(bytes_sent) == 50:
                    wire.finish_writing()
                assert wire.is_closed()
        with fairlead.open("tls") as wire:
            wire.send(client_hello("red.example"))
            wire.finish_writing()
            assert wire.take_rest() == b""
        lines = log.wait(4)
    told = [(line["server_name"], line["backend"], line["reason"], line["detail"]) for line in lines]
    assert told == [
        (None, None, "client_hello_malformed", "no TLS handshake"),
        (None, None, "client_hello_malformed", "it was not finished"),
        ("green.example", None, "no_sni_route", None),
        ("red.example", "red", None, None),
    ]
    assert counted(fairlead, "client_hello_errors") == 2


def test_routes_change_without_touching_connections(fairlead: Fairlead):
    def echo(wire: Wire) -> None:
        while data := wire.socket.recv(65536):
            wire.send(data)

    hello = client_hello("red.example")
    with ScriptedOrigin(echo) as first, ScriptedOrigin(echo) as second:
        servers = [(name, {"id": "s", "address": origin.address}) for name, origin in (("red", first), ("blue", second))]
        apply(fairlead, site(*servers))
        with fairlead.open("tls") as old:
            old.send(hello)
            assert old.take(len(hello)) == hello
            snapshot = site(*servers)
            routes = snapshot["listeners"][0]["tcp"]["sni_routes"]
            routes[0]["backend"] = "blue"
            apply(fairlead, snapshot)
            with fairlead.open("tls") as new:
                new.send(hello)
                assert new.take(len(hello)) == hello
                assert [origin.connections for origin in (first, second)] == [1, 1]
            old.send(b"still there")
            assert old.take(11) == b"still there"


def test_a_backend_that_a_route_needs_stays(fairlead: Fairlead):
    apply(fairlead, site(("red", {"id": "s", "address": "127.0.0.1:1"})))
    with fairlead.connect() as control:
        rejected = control.reject({"remove_backend": "red"})
        assert [violation.path for violation in rejected.violations] == ['backends["red"]']
        control.apply({"remove_listener": "tls"}, {"remove_backend": "red"})
    wait_until(lambda: not fairlead.status()["backends"], "the backend is gone")
