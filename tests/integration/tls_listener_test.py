"""TLS that ends at a listener: handshakes, versions, names, protocols, and what servers and logs hear of it."""

import re
import ssl
import subprocess
from typing import Any

import pytest

from tests.support import configs
from tests.support.access_log import AccessLogFile
from tests.support.certificates import Authority, Identity
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

OPENSSL = "/usr/bin/openssl"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Identity:
    return authority.leaf("www.example.org", "127.0.0.1")


@pytest.fixture
def requests() -> list:
    return []


@pytest.fixture
def origin(requests: list):
    def answer(wire: Wire) -> None:
        while True:
            requests.append(wire.read_request())
            wire.send(ANSWER)

    with ScriptedOrigin(answer) as started:
        yield started


def site(origin: ScriptedOrigin, *identities: Identity, http: dict | None = None, **tls: Any) -> dict:
    names = [f"c{i}" for i in range(len(identities))]
    snapshot = configs.site({"id": "s", "address": origin.address}, http=http)
    snapshot["listeners"][0]["tls"] = {"certificates": names, **tls}
    snapshot["certificates"] = [one.resource(name) for name, one in zip(names, identities)]
    return snapshot


def tcp_site(origin: ScriptedOrigin, identity: Identity) -> dict:
    return {
        "listeners": [
            {"id": "web", "address": "127.0.0.1:0", "tcp": {"backend": "web"}, "tls": {"certificates": ["c"]}}
        ],
        "backends": [configs.backend("web", [{"id": "s", "address": origin.address}])],
        "certificates": [identity.resource("c")],
    }


def apply(fairlead: Fairlead, snapshot: dict) -> None:
    with fairlead.connect() as control:
        control.replace(snapshot)


def secure(fairlead: Fairlead, context: ssl.SSLContext, name: str | None = "www.example.org", begin: bytes = b"") -> Wire:
    """A connection whose handshake is done; `begin` goes before it, in the clear."""
    plain = Wire.connect(fairlead.listener())
    if begin:
        plain.send(begin)
    return Wire(context.wrap_socket(plain.socket, server_hostname=name))


def refusal(fairlead: Fairlead, context: ssl.SSLContext, name: str = "www.example.org") -> str:
    """Why the server refuses it: with TLS 1.3 a client learns of that only when it reads."""
    try:
        with secure(fairlead, context, name) as wire:
            wire.send(get("/"))
            wire.socket.recv(1)
    except ssl.SSLError as error:
        return str(error)
    return ""


def counted(fairlead: Fairlead, name: str, labels: str = "") -> float:
    return fairlead.metrics()[f'fairlead_listener_tls_{name}_total{{listener="web"{labels}}}']


def counts(fairlead: Fairlead, name: str, labels: str, expected: float) -> None:
    """Waits for that count: clients may learn of what is counted before it is."""
    wait_until(lambda: counted(fairlead, name, labels) == expected, lambda: f"{expected} {name} {labels}")


def s_client(fairlead: Fairlead, *arguments: str) -> str:
    command = [OPENSSL, "s_client", "-connect", fairlead.listener(), *arguments]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=20, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_requests_go_through(fairlead: Fairlead, origin, requests, authority, identity, version):
    apply(fairlead, site(origin, identity, http={"forwarding": {"x_forwarded_proto": True, "forwarded": True}}))
    context = authority.client_context("http/1.1")
    context.minimum_version = context.maximum_version = version
    with secure(fairlead, context) as wire:
        assert wire.socket.selected_alpn_protocol() == "http/1.1"
        assert wire.request(get("/first", host="www.example.org")).status == 200
        assert wire.request(get("/second", host="www.example.org")).status == 200
    assert [request.target for request in requests] == ["/first", "/second"]
    assert requests[0].get("X-Forwarded-Proto") == "https"
    assert requests[0].get("Forwarded").endswith(";proto=https")
    label = "TLSv1.2" if version == ssl.TLSVersion.TLSv1_2 else "TLSv1.3"
    assert counted(fairlead, "handshakes", f',version="{label}"') == 1


def test_curl_verifies_and_is_answered(bench: Workbench, fairlead: Fairlead, origin, authority, identity):
    apply(fairlead, site(origin, identity))
    roots = bench.directory / "roots.pem"
    roots.write_text(authority.roots)
    url = f"https://{fairlead.listener()}/"
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--http1.1", "--cacert", roots, "--max-time", "20", url, url],
        capture_output=True, timeout=30, check=True,
    )
    assert done.stdout == b"okok"


def test_http2_is_chosen_by_alpn(bench: Workbench, fairlead: Fairlead, origin, requests, authority, identity):
    snapshot = site(origin, identity, http={"forwarding": {"x_forwarded_proto": True}})
    apply(fairlead, snapshot)
    roots = bench.directory / "roots.pem"
    roots.write_text(authority.roots)
    command = ["curl", "--silent", "--show-error", "--cacert", roots, "--max-time", "20", "-w", "%{http_version} "]
    url = f"https://{fairlead.listener()}/"
    done = subprocess.run([*command, "--http2", url, url], capture_output=True, timeout=30, check=True)
    assert done.stdout == b"ok2 ok2 "
    assert requests[0].get("X-Forwarded-Proto") == "https"
    snapshot["listeners"][0]["http"]["http2"] = {"off": True}
    apply(fairlead, snapshot)
    done = subprocess.run([*command, "--http2", url], capture_output=True, timeout=30, check=True)
    assert done.stdout == b"ok1.1 "


@pytest.mark.parametrize("arguments", [("-tls1",), ("-tls1_1",)])
def test_old_versions_are_refused(fairlead: Fairlead, origin, identity, arguments):
    apply(fairlead, site(origin, identity))
    out = s_client(fairlead, *arguments, "-cipher", "DEFAULT@SECLEVEL=0")
    assert "alert protocol version" in out
    counts(fairlead, "failures", ',cause="version"', 1)


def test_the_modern_policy_takes_nothing_below_1_3(fairlead: Fairlead, origin, authority, identity):
    apply(fairlead, site(origin, identity, policy="MODERN"))
    assert "alert protocol version" in s_client(fairlead, "-tls1_2")
    with secure(fairlead, authority.client_context()) as wire:
        assert wire.socket.version() == "TLSv1.3"


def test_weak_ciphers_are_refused(fairlead: Fairlead, origin, authority):
    apply(fairlead, site(origin, authority.leaf("www.example.org", kind="rsa2048")))
    for cipher in ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256"]:
        assert "handshake failure" in s_client(fairlead, "-tls1_2", "-cipher", cipher), cipher
    counts(fairlead, "failures", ',cause="cipher"', 4)


def test_names_choose_certificates(fairlead: Fairlead, origin, authority):
    names = ["first.example.org", "*.example.org", "deep.sub.example.org", "*.sub.example.org"]
    apply(fairlead, site(origin, *[authority.leaf(name, subject=name) for name in names]))
    for asked, expected in {
        "first.example.org": "first.example.org",
        "FIRST.Example.ORG": "first.example.org",
        "other.example.org": "*.example.org",
        "deep.sub.example.org": "deep.sub.example.org",
        "x.sub.example.org": "*.sub.example.org",
        "x.y.sub.example.org": "first.example.org",  # a wildcard is one label
        "example.org": "first.example.org",
        "elsewhere.net": "first.example.org",
    }.items():
        out = s_client(fairlead, "-servername", asked)
        assert re.search(r"subject=CN = (\S+)", out)[1] == expected, asked
    assert re.search(r"subject=CN = (\S+)", s_client(fairlead, "-noservername"))[1] == "first.example.org"


def test_the_kind_of_key_is_what_the_client_can_take(fairlead: Fairlead, origin, authority):
    rsa = authority.leaf("www.example.org", kind="rsa2048")
    ecdsa = authority.leaf("www.example.org", kind="p256")
    other = authority.leaf("other.example.org", kind="rsa2048")
    apply(fairlead, site(origin, rsa, ecdsa, other))
    for arguments, bits in [
        ((), "256 bit"),
        (("-tls1_2",), "256 bit"),
        (("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "2048 bit"),
        (("-sigalgs", "RSA-PSS+SHA256"), "2048 bit"),
        (("-servername", "other.example.org"), "2048 bit"),
        (("-servername", "other.example.org", "-tls1_2"), "2048 bit"),
        (("-noservername",), "256 bit"),
    ]:
        named = "-noservername" in arguments or "-servername" in arguments
        out = s_client(fairlead, *arguments, *(() if named else ("-servername", "www.example.org")))
        assert f"Server public key is {bits}" in out, arguments


def test_a_client_of_other_protocols_alone_is_refused(fairlead: Fairlead, origin, authority, identity):
    apply(fairlead, site(origin, identity))
    assert "no application protocol" in refusal(fairlead, authority.client_context("smtp")).lower().replace("_", " ")
    counts(fairlead, "failures", ',cause="protocol"', 1)
    with secure(fairlead, authority.client_context()) as wire:  # without ALPN
        assert wire.request(get("/")).status == 200


def test_what_is_no_tls_is_refused(fairlead: Fairlead, origin, identity):
    apply(fairlead, site(origin, identity))
    with fairlead.open() as wire:
        wire.send(get("/"))
        wire.take_rest()
    counts(fairlead, "failures", ',cause="malformed"', 1)
    with fairlead.open():
        pass
    wait_until(lambda: counted(fairlead, "failures", ',cause="closed"') == 1, "the client that left to be counted")


def test_a_handshake_takes_no_longer_than_it_may(fairlead: Fairlead, origin, identity):
    apply(fairlead, site(origin, identity, handshake_timeout="0.2s"))
    with fairlead.open() as wire:
        wire.send(b"\x16\x03\x01")
        assert wire.take_rest() == b""
    assert counted(fairlead, "handshake_timeouts") == 1
    wait_until(lambda: fairlead.metrics()['fairlead_listener_open_connections{listener="web"}'] == 0, "no connection")


def test_sessions_are_resumed(fairlead: Fairlead, origin, authority, identity):
    apply(fairlead, site(origin, identity))
    for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
        context = authority.client_context()
        context.minimum_version = context.maximum_version = version
        with secure(fairlead, context) as wire:
            assert wire.request(get("/")).status == 200
            session = wire.socket.session
        # Whichever worker it comes to.
        for _ in range(4):
            plain = Wire.connect(fairlead.listener())
            with Wire(context.wrap_socket(plain.socket, server_hostname="www.example.org", session=session)) as wire:
                assert wire.socket.session_reused
                assert wire.request(get("/")).status == 200
    assert counted(fairlead, "resumed", ',by="ticket"') == 8


def test_the_end_of_a_connection_is_said(fairlead: Fairlead, origin, authority, identity):
    apply(fairlead, site(origin, identity))
    with secure(fairlead, authority.client_context()) as wire:
        wire.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert wire.read_response().status == 200
        assert wire.socket.recv(1) == b""  # close_notify: else an SSLEOFError


def test_large_bodies_go_both_ways(fairlead: Fairlead, authority, identity):
    body = bytes(range(256)) * 40_000

    def echo(wire: Wire) -> None:
        request = wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body) + request.body)

    with ScriptedOrigin(echo) as origin:
        apply(fairlead, site(origin, identity))
        with secure(fairlead, authority.client_context()) as wire:
            wire.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert wire.read_response().body == body


def test_it_comes_behind_a_proxy_header(fairlead: Fairlead, origin, requests, authority, identity):
    snapshot = site(origin, identity, http={"forwarding": {"x_forwarded_for": True}})
    snapshot["listeners"][0]["proxy_protocol"] = {"trusted_sources": ["127.0.0.1"]}
    apply(fairlead, snapshot)
    header = b"PROXY TCP4 203.0.113.9 198.51.100.2 12345 443\r\n"
    with secure(fairlead, authority.client_context(), begin=header) as wire:
        assert wire.request(get("/")).status == 200
    assert requests[0].get("X-Forwarded-For") == "203.0.113.9"


def test_limits_of_connections_count_handshakes(fairlead: Fairlead, origin, authority, identity):
    snapshot = site(origin, identity)
    snapshot["listeners"][0]["max_connections"] = 1
    apply(fairlead, snapshot)
    with fairlead.open():
        wait_until(lambda: fairlead.metrics()['fairlead_listener_open_connections{listener="web"}'] == 1, "it to count")
        with fairlead.open() as refused:
            assert refused.take_rest() == b""


def test_tls_ends_before_a_tcp_backend(fairlead: Fairlead, authority, identity):
    def shout(wire: Wire) -> None:
        wire.send(wire.take(5).upper())

    with ScriptedOrigin(shout) as origin:
        apply(fairlead, tcp_site(origin, identity))
        with secure(fairlead, authority.client_context("anything")) as wire:
            assert wire.socket.selected_alpn_protocol() is None
            wire.send(b"hello")
            assert wire.take_rest() == b"HELLO"


def test_tcp_carries_half_closes_by_close_notify(fairlead: Fairlead, authority, identity):
    def shout(wire: Wire) -> None:
        wire.send(wire.take_rest().upper())

    with ScriptedOrigin(shout) as origin:
        apply(fairlead, tcp_site(origin, identity))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = authority.client_context().wrap_bio(incoming, outgoing, server_hostname="www.example.org")
        with fairlead.open() as wire:

            def step(what):
                while True:
                    try:
                        done = what()
                    except ssl.SSLWantReadError:
                        done = None
                    if data := outgoing.read():
                        wire.send(data)
                    if done is not None:
                        return done
                    incoming.write(wire.socket.recv(65536))

            step(lambda: tls.do_handshake() or True)
            step(lambda: tls.write(b"hello"))
            try:
                tls.unwrap()
            except ssl.SSLWantReadError:
                pass
            wire.send(outgoing.read())
            # OpenSSL reads no data after its own close_notify by `unwrap`; a plain read still does.
            assert step(lambda: tls.read(5)) == b"HELLO"


def test_redirects_keep_the_scheme(fairlead: Fairlead, origin, authority, identity):
    snapshot = site(origin, identity)
    snapshot["route_tables"] = [
        {"id": "main", "virtual_hosts": [{"id": "all", "domains": ["*"], "rules": [
            {"id": "r", "redirect": {"host": "new.example.org"}}]}]}
    ]
    snapshot["listeners"].append(configs.listener("plain"))
    apply(fairlead, snapshot)
    with secure(fairlead, authority.client_context()) as wire:
        assert wire.request(get("/x")).get("Location") == "https://new.example.org/x"
    with fairlead.open("plain") as wire:
        assert wire.request(get("/x")).get("Location") == "http://new.example.org/x"


def test_the_access_log_tells_of_it(bench: Workbench, io: str, origin, authority, identity):
    log = AccessLogFile(bench.directory / "access.log")
    fairlead = Fairlead(bench, io, flags=(f"--access_log=file:{log.path}",))
    apply(fairlead, site(origin, identity))
    with secure(fairlead, authority.client_context()) as wire:
        assert wire.request(get("/")).status == 200
    (entry,) = log.wait(1)
    assert entry["server_name"] == "www.example.org"
    assert entry["tls_version"] == "TLSv1.3"
    assert entry["tls_cipher"] == "TLS_AES_128_GCM_SHA256"
    assert entry["tls_resumed"] is False
    assert entry["tls_early_data"] is False
    assert entry["tls_client_subject"] is None
