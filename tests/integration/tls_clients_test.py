"""Clients and servers of TLS that others have made: openssl, curl, nghttp, h2load, grpcio, websockets; nghttpd, nginx."""

import asyncio
import re
import subprocess

import grpc
import pytest
import websockets

from tests.support import configs
from tests.support.certificates import Authority, Identity
from tests.support.fairlead import Fairlead
from tests.support.grpc_origin import SERVICE, GrpcOrigin
from tests.support.h2_programs import Nghttpd, curl, h2load, nghttp_statistics, run
from tests.support.h2_wire import H2Wire, request
from tests.support.nginx import Nginx
from tests.support.origin import Origin
from tests.support.pattern import pattern
from tests.support.processes import Workbench
from tests.support.wire import Wire, get

SIZE = 3_000_000


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Identity:
    """What the listener shows, below an intermediate."""
    return authority.intermediate().leaf("localhost", "test", "127.0.0.1")


@pytest.fixture
def origin(fairlead: Fairlead, start_origin, identity: Identity) -> Origin:
    started = start_origin("w1")
    serve(fairlead, configs.site(started.server()), identity)
    return started


@pytest.fixture
def roots(bench: Workbench, authority: Authority) -> str:
    path = bench.directory / "roots.pem"
    path.write_text(authority.roots)
    return str(path)


def serve(fairlead: Fairlead, site: dict, identity: Identity, **tls) -> None:
    with fairlead.connect() as control:
        control.replace(configs.over_tls(site, identity.resource("web"), **tls))


def url(fairlead: Fairlead, path: str = "/") -> str:
    return f"https://localhost:{fairlead.listener().rpartition(':')[2]}{path}"


def s_client(fairlead: Fairlead, *flags: str, sends: bytes = b"") -> str:
    """What openssl says of a connection, which it ends when it has sent these bytes."""
    ran = subprocess.run(
        ["openssl", "s_client", "-connect", fairlead.listener(), *flags], input=sends, capture_output=True, timeout=20
    )
    return ran.stdout.decode(errors="replace") + ran.stderr.decode(errors="replace")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("offers, chosen", [("h2,http/1.1", "h2"), ("http/1.1,h2", "h2"), ("http/1.1", "http/1.1")])
def test_alpn_chooses_http2_where_it_can(fairlead: Fairlead, origin: Origin, roots: str, version: str, offers: str, chosen: str):
    said = s_client(fairlead, version, "-alpn", offers, "-servername", "localhost", "-CAfile", roots, "-verify_return_error")
    assert f"ALPN protocol: {chosen}" in said
    assert "Verify return code: 0 (ok)" in said


def test_who_offers_nothing_speaks_http1(fairlead: Fairlead, origin: Origin, roots: str):
    said = s_client(fairlead, "-CAfile", roots, "-ign_eof", sends=get("/", "Connection: close").encode())
    assert "No ALPN negotiated" in said
    assert "HTTP/1.1 200" in said


def test_who_offers_only_what_nobody_speaks_is_refused(fairlead: Fairlead, origin: Origin):
    """RFC 7301 §3.2: no_application_protocol."""
    assert re.search("no.application.protocol|alert number 120", s_client(fairlead, "-alpn", "spdy/3"))


def test_http2_off_offers_http1_alone(fairlead: Fairlead, start_origin, identity: Identity, roots: str):
    serve(fairlead, configs.site(start_origin("w1").server(), http={"http2": {"off": True}}), identity)
    assert "ALPN protocol: http/1.1" in s_client(fairlead, "-alpn", "h2,http/1.1")
    assert curl("--http2", "--cacert", roots, "-o", "/dev/null", "-w", "%{http_version}", url(fairlead)) == "1.1"


@pytest.mark.parametrize("flags", [["-tls1"], ["-tls1_1"], ["-ssl3"]])
def test_old_versions_are_refused(fairlead: Fairlead, origin: Origin, flags: list[str]):
    said = s_client(fairlead, *flags, "-cipher", "ALL:@SECLEVEL=0")
    assert "Server certificate" not in said.replace("no peer certificate", "")
    assert "Cipher is (NONE)" in said or "Unknown option" in said or "unknown option" in said


def test_modern_is_tls_1_3_alone(fairlead: Fairlead, start_origin, identity: Identity):
    serve(fairlead, configs.site(start_origin("w1").server()), identity, policy="MODERN")
    assert "Cipher is (NONE)" in s_client(fairlead, "-tls1_2")
    assert "TLSv1.3" in s_client(fairlead, "-tls1_3")


@pytest.mark.parametrize(
    "cipher", ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "NULL", "aNULL", "3DES", "RC4"]
)
def test_weak_ciphers_are_refused(fairlead: Fairlead, origin: Origin, cipher: str):
    """Mozilla's "intermediate": ECDHE or DHE with an AEAD; also what RFC 9113 Appendix A forbids to HTTP/2."""
    said = s_client(fairlead, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert "Cipher is (NONE)" in said or "no cipher match" in said


def test_nobody_renegotiates(fairlead: Fairlead, origin: Origin):
    """RFC 9113 §9.2.1, and an attack on the processor since CVE-2011-1473."""
    said = s_client(fairlead, "-tls1_2", sends=b"R\n")
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said


def test_nothing_is_compressed(fairlead: Fairlead, origin: Origin):
    """CRIME; RFC 9113 §9.2.1."""
    assert "Compression: NONE" in s_client(fairlead, "-tls1_2", "-comp")


def test_curl(fairlead: Fairlead, origin: Origin, bench: Workbench, roots: str):
    body = pattern(SIZE)
    (bench.directory / "large").write_bytes(body)
    for flag, version in (("--http2", "2"), ("--http1.1", "1.1")):
        common = [flag, "--cacert", roots, "--ipv4"]
        said = curl(*common, "-o", "got", "-w", "%{http_version} %{http_code}", url(fairlead, f"/stream/{SIZE}"), cwd=bench.directory)
        assert said == f"{version} 200"
        assert (bench.directory / "got").read_bytes() == body
        said = curl(*common, "--data-binary", "@large", "-o", "got", "-w", "%{http_code}", url(fairlead, "/echo"), cwd=bench.directory)
        assert said == "200"
        assert (bench.directory / "got").read_bytes() == body


def test_nghttp(fairlead: Fairlead, origin: Origin, bench: Workbench):
    entries = nghttp_statistics("--multiply=50", url(fairlead, "/stream/100000"), cwd=bench.directory)
    assert [entry["response"]["status"] for entry in entries] == [200] * 50


@pytest.mark.parametrize("flags", [["--max-concurrent-streams=32"], ["--h1"]], ids=["h2", "http/1.1"])
def test_h2load_loses_nothing(fairlead: Fairlead, origin: Origin, flags: list[str]):
    counts = h2load("--requests=10000", "--clients=8", *flags, url(fairlead))
    assert (counts["succeeded"], counts["2xx"], counts["failed"], counts["errored"]) == (10_000, 10_000, 0, 0)
    assert origin.stats()["malformed"] == []


def test_grpc(fairlead: Fairlead, authority: Authority, identity: Identity):
    with GrpcOrigin() as server:
        serve(fairlead, configs.site({"id": "w1", "address": server.address}, protocol="HTTP2"), identity)
        credentials = grpc.ssl_channel_credentials(authority.roots.encode())
        with grpc.secure_channel(url(fairlead, "").removeprefix("https://"), credentials) as channel:
            assert channel.unary_unary(f"/{SERVICE}/Unary")(b"hello", timeout=20) == b"HELLO"
            counted = list(channel.unary_stream(f"/{SERVICE}/Count")(b"100", timeout=20))
            assert len(counted) == 100


def test_a_websocket_client(fairlead: Fairlead, authority: Authority, identity: Identity):
    async def talk() -> None:
        async def echo(connection) -> None:
            async for message in connection:
                await connection.send(message)

        async with websockets.serve(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            site = configs.site({"id": "w1", "address": f"127.0.0.1:{port}"})
            await asyncio.to_thread(serve, fairlead, site, identity)
            context = authority.client_context()
            async with websockets.connect(url(fairlead, "/chat").replace("https", "wss"), ssl=context) as connection:
                for message in ("hello", b"\0\1\2", "x" * 300_000):
                    await connection.send(message)
                    assert await connection.recv() == message

    asyncio.run(asyncio.wait_for(talk(), 30))


def test_what_is_no_tls_is_closed(fairlead: Fairlead, origin: Origin):
    with Wire.connect(fairlead.listener()) as wire:
        wire.send(get("/"))
        answer = wire.take_rest()
    # An alert, or nothing; no HTTP.
    assert answer == b"" or answer[0] == 21
    assert origin.requests() == []


def test_x_forwarded_proto_tells_of_tls_whatever_scheme_says(fairlead: Fairlead, start_origin, authority: Authority, identity: Identity):
    server = start_origin("w1").server()
    serve(fairlead, configs.site(server, http={"forwarding": {"x_forwarded_proto": True}}), identity)
    with H2Wire.connect(fairlead.listener(), tls=authority.client_context("h2")) as wire:
        for scheme in ("http", "https"):
            fields = [(name, scheme if name == ":scheme" else value) for name, value in request("/headers")]
            assert b"x-forwarded-proto: https" in bytes(wire.exchange(fields).body).lower()


def test_a_truncated_answer_is_no_whole_one(fairlead: Fairlead, authority: Authority, identity: Identity, start_origin):
    """A cut (no close_notify) of what has no length: HTTP/1.1 clients are sent chunks, HTTP/2's get a reset."""
    serve(fairlead, configs.site(start_origin("w1").server()), identity)
    with H2Wire.connect(fairlead.listener(), tls=authority.client_context("h2")) as wire:
        stream = wire.exchange(request("/cut/1000"))
        assert not stream.ended and stream.reset is not None
        assert wire.exchange().status == 200


# Servers.


def _to_server(address: str, authority: Authority, **fields) -> dict:
    site = configs.site({"id": "w1", "address": address}, tls={"server_name": "test", "trust": "roots"}, **fields)
    site["trust_bundles"] = [configs.trust_bundle("roots", authority.roots)]
    return site


@pytest.fixture
def files(bench: Workbench) -> bytes:
    body = pattern(SIZE)
    (bench.directory / "large").write_bytes(body)
    (bench.directory / "small").write_text("small\n")
    return body


def expect_files(fairlead: Fairlead, bench: Workbench, files: bytes) -> None:
    for flag in ("--http1.1", "--http2-prior-knowledge"):
        base = f"http://{fairlead.listener()}"
        assert curl(flag, "-o", "got", "-w", "%{http_code}", f"{base}/large", cwd=bench.directory) == "200"
        assert (bench.directory / "got").read_bytes() == files
        assert curl(flag, f"{base}/small") == "small\n"


def test_nghttpd_as_a_server(fairlead: Fairlead, bench: Workbench, authority: Authority, files: bytes):
    certificate = authority.leaf("test").write(bench.directory, "server")
    with fairlead.connect() as control:
        control.replace(_to_server(Nghttpd(bench, certificate=certificate).address, authority, protocol="HTTP2"))
    expect_files(fairlead, bench, files)


@pytest.mark.parametrize("listen, protocol", [("ssl http2", "HTTP2"), ("ssl http2", "HTTP1"), ("ssl", "HTTP1")])
def test_nginx_as_a_server(
    fairlead: Fairlead, bench: Workbench, authority: Authority, files: bytes, listen: str, protocol: str
):
    chain, key = authority.leaf("test", kind="rsa2048").write(bench.directory, "server")
    nginx = Nginx(bench, f"root {bench.directory}; ssl_certificate {chain}; ssl_certificate_key {key};", listen=listen)
    with fairlead.connect() as control:
        control.replace(_to_server(nginx.address, authority, protocol=protocol))
    expect_files(fairlead, bench, files)
    counts = h2load("--requests=2000", "--clients=4", "--max-concurrent-streams=20", f"http://{fairlead.listener()}/small")
    assert (counts["succeeded"], counts["2xx"]) == (2000, 2000)


def test_a_server_without_http2_is_502_where_it_must_speak_it(
    fairlead: Fairlead, bench: Workbench, authority: Authority, files: bytes
):
    chain, key = authority.leaf("test").write(bench.directory, "server")
    nginx = Nginx(bench, f"root {bench.directory}; ssl_certificate {chain}; ssl_certificate_key {key};", listen="ssl")
    with fairlead.connect() as control:
        control.replace(_to_server(nginx.address, authority, protocol="HTTP2"))
    with fairlead.open() as wire:
        assert wire.request(get("/small")).status == 502


@pytest.mark.parametrize(
    "make",
    [
        lambda authority: authority.leaf("other"),
        lambda authority: authority.leaf("test", days=-1),
        lambda authority: Authority().leaf("test"),
        lambda authority: authority.leaf("test", for_clients=True),
        lambda authority: authority.leaf("*.test"),
        lambda authority: authority.leaf("127.0.0.1"),
        lambda authority: authority.leaf(subject="test"),
    ],
    ids=["another name", "expired", "another root", "a client's", "a wildcard below", "an address", "a common name alone"],
)
def test_a_server_whose_certificate_is_not_good_is_not_spoken_to(fairlead: Fairlead, bench: Workbench, authority: Authority, make):
    (bench.directory / "small").write_text("small\n")
    address = Nghttpd(bench, certificate=make(authority).write(bench.directory, "server")).address
    with fairlead.connect() as control:
        control.replace(_to_server(address, authority, protocol="HTTP2"))
    with fairlead.open() as wire:
        response = wire.request(get("/small"))
        assert response.status == 502
        assert b"small" not in response.body


def test_a_server_may_ask_for_a_certificate(fairlead: Fairlead, bench: Workbench, authority: Authority, files: bytes):
    chain, key = authority.leaf("test").write(bench.directory, "server")
    (bench.directory / "roots.pem").write_text(authority.roots)
    nginx = Nginx(
        bench,
        f"root {bench.directory}; ssl_certificate {chain}; ssl_certificate_key {key};"
        f"ssl_verify_client on; ssl_client_certificate {bench.directory}/roots.pem;",
        listen="ssl http2",
    )
    site = _to_server(nginx.address, authority, protocol="HTTP2")
    with fairlead.connect() as control:
        control.replace(site)
        with fairlead.open() as wire:
            assert wire.request(get("/small")).status == 400
        client = authority.leaf(for_clients=True, subject="fairlead")
        site["certificates"] = [client.resource("client")]
        site["backends"][0]["tls"]["certificate"] = "client"
        control.replace(site)
    expect_files(fairlead, bench, files)


def test_trust_is_the_system_s_where_none_is_named(fairlead: Fairlead, bench: Workbench, authority: Authority):
    (bench.directory / "small").write_text("small\n")
    address = Nghttpd(bench, certificate=authority.leaf("test").write(bench.directory, "server")).address
    for tls, status in (({"server_name": "test"}, 502), ({"insecure_skip_verify": True}, 200)):
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": address}, tls=tls, protocol="HTTP2"))
        with fairlead.open() as wire:
            assert wire.request(get("/small")).status == status
