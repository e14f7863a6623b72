"""TLS toward servers: who is believed, what is shown, what is kept, and what becomes of what goes wrong."""

import socket
import ssl
import threading

import pytest

from tests.support import configs
from tests.support.access_log import AccessLogFile
from tests.support.certificates import Authority, Identity
from tests.support.control_session import Rejection
from tests.support.fairlead import Fairlead
from tests.support.nghttpd import Nghttpd
from tests.support.nginx import Nginx
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NAME = "web.internal"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Servers")


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Identity:
    return authority.leaf(NAME, "127.0.0.1")


def site(address: str, authority: Authority | None, *certificates: dict, tls: dict | None = None, **fields) -> dict:
    """All requests go to one server by TLS, which is checked against `authority` where there is one."""
    described = {"server_name": NAME, **(tls or {})}
    snapshot = configs.site({"id": "s1", "address": address}, **fields)
    if authority is not None:
        described["trust"] = "servers"
        snapshot["trust_bundles"] = [{"id": "servers", "roots": {"inline_string": authority.roots}}]
    if certificates:
        snapshot["certificates"] = list(certificates)
    snapshot["backends"][0]["tls"] = {key: value for key, value in described.items() if value is not None}
    return snapshot


def apply(fairlead: Fairlead, snapshot: dict) -> None:
    with fairlead.connect() as control:
        control.replace(snapshot)


def counted(fairlead: Fairlead, name: str) -> float:
    return fairlead.metrics()[f'fairlead_backend_tls_{name}_total{{backend="web"}}']


def tls_origin(identity: Identity, script=None, **settings) -> ScriptedOrigin:
    context = identity.server_context()
    for name, value in settings.items():
        setattr(context, name, value)
    return ScriptedOrigin(script or answering(ANSWER), tls=context)


def failure(bench: Workbench, io: str, snapshot: dict) -> tuple[str, Fairlead]:
    """What the access log says of a request that is answered 502."""
    log = AccessLogFile(bench.directory / "access.log")
    fairlead = Fairlead(bench, io, workers=1, flags=(f"--access_log=file:{log.path}",))
    apply(fairlead, snapshot)
    with fairlead.open() as wire:
        response = wire.request(get("/"))
        assert response.status == 502
    line = log.wait(1)[0]
    assert (line["status"], line["reason"], line["decided_by"]) == (502, "tls_failed", "proxy")
    assert counted(fairlead, "failures") == line["attempts"]
    assert counted(fairlead, "handshakes") == 0
    return line["detail"], fairlead


def nginx(bench: Workbench, identity: Identity, *directives: str) -> Nginx:
    chain, key = identity.write(bench.directory, "nginx")
    body = '"$ssl_server_name $ssl_protocol $ssl_session_reused $ssl_client_s_dn\\n"'
    tls = f"ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;"
    return Nginx(bench, f"{tls} {' '.join(directives)} location / {{ return 200 {body}; }}", listen="ssl")


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_real_server_is_asked_by_its_name(
    bench: Workbench, io: str, authority: Authority, identity: Identity, version: str
):
    chain, key = identity.write(bench.directory, "nginx")
    server = Nginx(
        bench,
        f"ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols {version};"
        ' location / { return 200 "$ssl_server_name $ssl_protocol $connection_requests\\n"; }',
        listen="ssl",
    )
    fairlead = Fairlead(bench, io, workers=1)
    apply(fairlead, site(server.address, authority))
    with fairlead.open() as wire:
        for count in range(1, 6):
            assert wire.request(get("/")).body == f"{NAME} {version} {count}\n".encode(), "one connection for all"
    assert (counted(fairlead, "handshakes"), counted(fairlead, "failures")) == (1, 0)


def test_large_bodies_go_both_ways(fairlead: Fairlead, authority: Authority, identity: Identity):
    body = bytes(range(256)) * 20_000

    def echo(wire: Wire) -> None:
        request = wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body) + request.body)

    with tls_origin(identity, echo) as origin:
        apply(fairlead, site(origin.address, authority))
        with fairlead.open() as wire:
            head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            threading.Thread(target=lambda: wire.send(head + body)).start()
            response = wire.read_response()
        assert (response.status, response.body) == (200, body)


def test_sessions_are_resumed(bench: Workbench, io: str, authority: Authority, identity: Identity):
    server = nginx(bench, identity)
    fairlead = Fairlead(bench, io, workers=1)
    apply(fairlead, site(server.address, authority, pool={"max_idle_connections": 0}))
    answers = []
    for _ in range(4):
        with fairlead.open() as wire:
            answers.append(wire.request(get("/")).body.split()[2])
    assert answers == [b".", b"r", b"r", b"r"]
    assert (counted(fairlead, "handshakes"), counted(fairlead, "resumptions")) == (4, 3)


def test_a_certificate_is_shown_to_who_asks(bench: Workbench, io: str, authority: Authority, identity: Identity):
    clients = Authority("Clients")
    (bench.directory / "clients.pem").write_text(clients.roots)
    server = nginx(bench, identity, f"ssl_client_certificate {bench.directory}/clients.pem;", "ssl_verify_client on;")
    fairlead = Fairlead(bench, io, workers=1)
    apply(fairlead, site(server.address, authority))
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 400, "nginx says so itself"
    proxy = clients.leaf("proxy", for_clients=True).resource("proxy")
    apply(fairlead, site(server.address, authority, proxy, tls={"certificate": "proxy"}))
    with fairlead.open() as wire:
        assert wire.request(get("/")).body.endswith(b" CN=proxy\n")


def test_a_server_that_demands_a_certificate_in_vain(bench: Workbench, io: str, authority: Authority, identity: Identity):
    clients = Authority("Clients")
    with tls_origin(identity, verify_mode=ssl.CERT_REQUIRED, maximum_version=ssl.TLSVersion.TLSv1_2) as origin:
        origin._tls.load_verify_locations(cadata=clients.roots)
        detail, _ = failure(bench, io, site(origin.address, authority))
        assert detail == "the peer refused it: handshake failure"


def test_an_address_may_stand_for_the_name(fairlead: Fairlead, bench: Workbench, authority: Authority, identity: Identity):
    server = nginx(bench, identity)
    apply(fairlead, site(server.address, authority, tls={"server_name": "127.0.0.1"}))
    with fairlead.open() as wire:
        assert wire.request(get("/")).body.startswith(b" TLSv1.3"), "an address is not asked for"


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("another name", "ostname mismatch"),
        ("another authority", "unable to get local issuer certificate"),
        ("self-signed", "self-signed certificate"),
        ("expired", "certificate has expired"),
        ("for clients", "certificate purpose"),
        ("by the system's roots", "unable to get local issuer certificate"),
    ],
)
def test_who_is_not_believed(bench: Workbench, io: str, authority: Authority, case: str, said: str):
    trust: Authority | None = authority
    if case == "another name":
        shown = authority.leaf("other.internal")
    elif case == "another authority":
        shown = Authority("Somebody").leaf(NAME)
    elif case == "self-signed":
        somebody = Authority("Somebody")
        shown = Identity(somebody.certificate, somebody._key)
    elif case == "expired":
        shown = authority.leaf(NAME, days=-2)
    elif case == "for clients":
        shown = authority.leaf(NAME, for_clients=True)
    else:
        shown, trust = authority.leaf(NAME), None
    with tls_origin(shown) as origin:
        detail, fairlead = failure(bench, io, site(origin.address, trust))
        assert said in detail
        assert origin.connections == 3, "three servers may be tried, or one three times"
        # Whoever wants to may believe anybody.
        apply(fairlead, site(origin.address, None, tls={"insecure_skip_verify": True, "server_name": None}))
        with fairlead.open() as wire:
            assert wire.request(get("/")).body == b"ok"


def test_revoked_certificates_are_not_believed(bench: Workbench, io: str, authority: Authority, identity: Identity):
    other = authority.leaf(NAME)
    crls = {"inline_string": authority.revoke(identity)}
    with tls_origin(identity) as revoked, tls_origin(other) as good:
        snapshot = site(good.address, authority)
        snapshot["trust_bundles"][0]["crls"] = crls
        snapshot["backends"][0]["servers"][0]["address"] = revoked.address
        detail, fairlead = failure(bench, io, snapshot)
        assert "certificate revoked" in detail
        snapshot["backends"][0]["servers"][0]["address"] = good.address
        apply(fairlead, snapshot)
        with fairlead.open() as wire:
            assert wire.request(get("/")).body == b"ok"


def test_modern_servers_alone(bench: Workbench, io: str, authority: Authority, identity: Identity):
    with tls_origin(identity, maximum_version=ssl.TLSVersion.TLSv1_2) as origin:
        detail, fairlead = failure(bench, io, site(origin.address, authority, tls={"policy": "MODERN"}))
        assert "version" in detail
        apply(fairlead, site(origin.address, authority))
        with fairlead.open() as wire:
            assert wire.request(get("/")).body == b"ok"


def test_another_server_is_tried_where_one_fails(bench: Workbench, io: str, authority: Authority, identity: Identity):
    with tls_origin(authority.leaf("other.internal")) as bad, tls_origin(identity) as good:
        fairlead = Fairlead(bench, io, workers=1)
        snapshot = site(bad.address, authority)
        snapshot["backends"][0]["servers"].append({"id": "s2", "address": good.address})
        apply(fairlead, snapshot)
        for _ in range(4):
            with fairlead.open() as wire:
                assert wire.request(get("/")).body == b"ok"
        assert counted(fairlead, "failures") > 0
        failures = fairlead.metrics()['fairlead_server_connect_failures_total{backend="web",server="s1"}']
        assert failures == counted(fairlead, "failures")


@pytest.mark.parametrize(
    "script",
    [
        lambda wire: wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        lambda wire: wire.send(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"),
        lambda wire: wire.send(b"\x15\x03\x03\x00\x02\x02\x28"),
        lambda wire: wire.send(bytes(range(256)) * 100),
        lambda wire: wire.send(b"\x16\x03\x03\xff\xff" + b"\x02" * 65535),
        lambda wire: wire.take(5),
        lambda wire: (wire.take(5), wire.reset()),
    ],
    ids=["http", "empty hello", "alert", "garbage", "long record", "end", "reset"],
)
def test_what_is_no_tls_fails_the_request_alone(bench: Workbench, io: str, authority: Authority, script):
    with ScriptedOrigin(script) as origin:
        failure(bench, io, site(origin.address, authority))


def test_a_server_that_is_not_there_is_no_fault_of_tls(bench: Workbench, io: str, authority: Authority):
    log = AccessLogFile(bench.directory / "access.log")
    fairlead = Fairlead(bench, io, workers=1, flags=(f"--access_log=file:{log.path}",))
    apply(fairlead, site(closed_port(), authority))
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 502
    assert (log.wait(1)[0]["reason"], log.wait(1)[0]["detail"]) == ("connect_failed", "Connection refused")
    assert counted(fairlead, "failures") == 0


def test_a_handshake_has_the_time_of_connecting(bench: Workbench, io: str, authority: Authority):
    done = threading.Event()
    with ScriptedOrigin(lambda wire: done.wait(60)) as origin:
        fairlead = Fairlead(bench, io, workers=1)
        apply(fairlead, site(origin.address, authority, timeouts={"connect": "0.1s"}))
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 504
        assert fairlead.metrics()['fairlead_limit_reached_total{limit="timeouts.connect"}'] == 3
        done.set()


def test_a_response_that_is_cut_is_told_from_one_that_ends(fairlead: Fairlead, authority: Authority, identity: Identity):
    def whole(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        wire.socket.unwrap()

    def cut(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\n\r\nbeginning")
        # Without close_notify: anybody could have done it.
        plain = socket.socket(fileno=wire.socket.detach())
        plain.shutdown(socket.SHUT_RDWR)
        plain.close()

    with tls_origin(identity, whole) as origin:
        apply(fairlead, site(origin.address, authority))
        with fairlead.open() as wire:
            assert wire.request(get("/")).body == b"all of it"
    with tls_origin(identity, cut) as origin:
        apply(fairlead, site(origin.address, authority))
        with fairlead.open() as wire:
            wire.send(get("/"))
            received = b""
            try:
                while data := wire.socket.recv(65536):
                    received += data
            except ConnectionResetError:
                pass
            assert not received.endswith(b"0\r\n\r\n"), "the client is not told that this was all"


def test_idle_connections_end_with_the_settings_that_made_them(
    bench: Workbench, io: str, authority: Authority, identity: Identity
):
    fairlead = Fairlead(bench, io, workers=1)
    with tls_origin(identity) as origin:
        snapshot = site(origin.address, authority)

        def ask(connections: int) -> None:
            apply(fairlead, snapshot)
            with fairlead.open() as wire:
                assert wire.request(get("/")).body == b"ok"
            assert origin.connections == connections

        ask(1)
        ask(1)
        # Another setting of the same backend has nothing to do with it.
        snapshot["backends"][0]["timeouts"] = {"response": "7s"}
        ask(1)
        snapshot["backends"][0]["tls"]["policy"] = "MODERN"
        ask(2)
        # What is named changes, the backend does not.
        snapshot["trust_bundles"][0]["roots"] = {"inline_string": authority.roots + Authority("More").roots}
        ask(3)
        snapshot["trust_bundles"][0]["roots"] = {"inline_string": Authority("Another").roots}
        apply(fairlead, snapshot)
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 502, "the one that was trusted is no more"


def test_tcp_connections_go_on_by_tls(fairlead: Fairlead, authority: Authority, identity: Identity):
    data = bytes(range(256)) * 4_000
    received = []

    def read_then_answer(wire: Wire) -> None:
        got = b""
        while piece := wire.socket.recv(65536):
            got += piece
        received.append(got)
        wire.send(got[::-1])
        wire.socket.unwrap()

    with tls_origin(identity, read_then_answer) as origin:
        snapshot = site(origin.address, authority)
        snapshot["listeners"] = [{"id": "db", "address": "127.0.0.1:0", "tcp": {"backend": "web"}}]
        snapshot["route_tables"] = []
        apply(fairlead, snapshot)
        with fairlead.open("db") as wire:
            threading.Thread(target=lambda: (wire.send(data), wire.finish_writing())).start()
            assert wire.take_rest() == data[::-1]
        assert received == [data]
    with tls_origin(authority.leaf("other.internal")) as origin:
        snapshot["backends"][0]["servers"][0]["address"] = origin.address
        apply(fairlead, snapshot)
        with fairlead.open("db") as wire:
            assert wire.is_closed()
        assert counted(fairlead, "failures") == 3


@pytest.mark.parametrize("version", ["V1", "V2"])
@pytest.mark.parametrize("kind", ["http", "tcp"])
def test_a_proxy_header_goes_in_front_of_tls(
    fairlead: Fairlead, authority: Authority, identity: Identity, version: str, kind: str
):
    headers = []

    def serve(wire: Wire) -> None:
        # Not a byte more than the header: what follows is for TLS.
        header = wire.socket.recv(16, socket.MSG_WAITALL)
        if version == "V1":
            while not header.endswith(b"\r\n"):
                header += wire.socket.recv(1)
        else:
            header += wire.socket.recv(int.from_bytes(header[14:], "big"), socket.MSG_WAITALL)
        headers.append(header)
        secure = Wire(identity.server_context().wrap_socket(wire.socket, server_side=True))
        answering(ANSWER)(secure)

    with ScriptedOrigin(serve) as origin:
        snapshot = site(origin.address, authority, send_proxy_protocol=version)
        snapshot["listeners"].append({"id": "raw", "address": "127.0.0.1:0", "tcp": {"backend": "web"}})
        apply(fairlead, snapshot)
        for count in (1, 2):
            with fairlead.open("raw" if kind == "tcp" else "web") as wire:
                own = wire.socket.getsockname()
                assert wire.request(get("/")).body == b"ok"
            assert len(headers) == count
            if version == "V1":
                assert headers[-1].startswith(f"PROXY TCP4 {own[0]} 127.0.0.1 {own[1]} ".encode())
            else:
                assert headers[-1][16:20] == socket.inet_aton(own[0])


def test_http2_must_be_chosen(bench: Workbench, io: str, authority: Authority, identity: Identity):
    chain, key = identity.write(bench.directory, "h2")
    server = Nghttpd(bench, tls=(chain, key))
    fairlead = Fairlead(bench, io, workers=1)
    apply(fairlead, site(server.address, authority, protocol="HTTP2"))
    with fairlead.open() as wire:
        for _ in range(3):
            assert wire.request(get("/index.html")).status in (200, 404)
    assert counted(fairlead, "handshakes") == 1


def test_a_server_without_http2_fails(bench: Workbench, io: str, authority: Authority, identity: Identity):
    with tls_origin(identity) as origin:
        detail, _ = failure(bench, io, site(origin.address, authority, protocol="HTTP2"))
        assert "did not choose h2" in detail


@pytest.mark.parametrize(
    ("tls", "path"),
    [
        ({"server_name": None}, "tls.server_name"),
        ({"server_name": "a b"}, "tls.server_name"),
        ({"trust": "nowhere"}, "tls.trust"),
        ({"certificate": "nowhere"}, "tls.certificate"),
        ({"insecure_skip_verify": True, "trust": "servers"}, "tls.trust"),
    ],
)
def test_what_is_wrong_is_told_by_its_path(fairlead: Fairlead, authority: Authority, tls: dict, path: str):
    snapshot = site("127.0.0.1:1", authority)
    snapshot["backends"][0]["tls"].update(tls)
    snapshot["backends"][0]["tls"] = {k: v for k, v in snapshot["backends"][0]["tls"].items() if v is not None}
    with fairlead.connect() as control:
        rejected = control.reject_snapshot(snapshot)
        assert [violation.path for violation in rejected.violations] == [f'backends["web"].{path}']


def test_what_a_backend_names_can_not_be_removed(fairlead: Fairlead, authority: Authority):
    proxy = authority.leaf("proxy", for_clients=True).resource("proxy")
    with fairlead.connect() as control:
        control.replace(site("127.0.0.1:1", authority, proxy, tls={"certificate": "proxy"}))
        for operation, path in (
            ({"remove_trust_bundle": "servers"}, 'trust_bundles["servers"]'),
            ({"remove_certificate": "proxy"}, 'certificates["proxy"]'),
        ):
            rejected = control.reject(operation)
            assert [(violation.path, "backend" in violation.message) for violation in rejected.violations] == [(path, True)]
        control.apply({"upsert_backend": {"id": "web"}}, {"remove_trust_bundle": "servers"}, {"remove_certificate": "proxy"})


def test_rejections_leave_all_as_it_was(fairlead: Fairlead, authority: Authority, identity: Identity):
    with tls_origin(identity) as origin:
        apply(fairlead, site(origin.address, authority))
        snapshot = site(origin.address, authority, tls={"certificate": "nowhere"})
        with pytest.raises(Rejection):
            apply(fairlead, snapshot)
        with fairlead.open() as wire:
            assert wire.request(get("/")).body == b"ok"
        wait_until(lambda: counted(fairlead, "handshakes") == 1, "a handshake is counted")
