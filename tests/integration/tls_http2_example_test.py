"""docs/examples/tls-http2.yaml, as it stands but for addresses that may be busy here."""

import json
import subprocess
from concurrent import futures

import grpc
import pytest

from tests.support.binaries import REPOSITORY
from tests.support.certificates import Authority
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import fairleadctl
from tests.support.origin import Origin
from tests.support.processes import Workbench

SERVERS = Authority("Servers")
CLIENTS = Authority("Clients")
SITE = Authority("Site")


def unary(message: bytes, context: grpc.ServicerContext) -> bytes:
    """Says who calls, by the certificate that was shown."""
    names = context.auth_context().get("x509_common_name", [])
    return b"%s from %s" % (message, b",".join(names))


@pytest.fixture
def grpc_origin():
    """A server of gRPC that takes calls of the proxy alone, by its certificate."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(unary)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo.v1.Service", handlers),))
    identity = SERVERS.leaf("grpc.internal")
    credentials = grpc.ssl_server_credentials(
        [(identity.key.encode(), identity.chain.encode())], SERVERS.roots.encode(), require_client_auth=True
    )
    yield f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}", server.start()
    server.stop(0).wait()


@pytest.fixture
def example(bench: Workbench, fairlead: Fairlead, grpc_origin, start_origin) -> Fairlead:
    """Applied, with its servers and its files."""
    web: Origin = start_origin("w1")
    text = (REPOSITORY / "docs/examples/tls-http2.yaml").read_text()
    for old, new in (
        ("127.0.0.1:8443", "127.0.0.1:0"),
        ("127.0.0.1:8080", "127.0.0.1:0"),
        ("127.0.0.1:9101", grpc_origin[0]),
        ("127.0.0.1:9102", grpc_origin[0]),
        ("127.0.0.1:9001", web.address),
    ):
        assert old in text
        text = text.replace(old, new)
    for name, identity in (
        ("rsa", SITE.leaf("localhost", "127.0.0.1", kind="rsa2048")),
        ("ecdsa", SITE.leaf("localhost", "127.0.0.1")),
        ("proxy", SERVERS.leaf("the-proxy", for_clients=True)),
    ):
        (bench.directory / f"{name}.crt").write_text(identity.chain)
        (bench.directory / f"{name}.key").write_text(identity.key)
    (bench.directory / "clients-ca.crt").write_text(CLIENTS.roots)
    (bench.directory / "servers-ca.crt").write_text(SERVERS.roots)
    (bench.directory / "site-ca.crt").write_text(SITE.roots)
    path = bench.directory / "tls-http2.yaml"
    path.write_text(text)
    outcome = fairleadctl(fairlead.control, "apply", "-f", str(path))
    assert (outcome.code, outcome.err) == (0, "")
    return fairlead


def curl(bench: Workbench, *arguments: str) -> dict:
    """What came: the body, the protocol and the status."""
    flags = ["--silent", "--show-error", "--cacert", str(bench.directory / "site-ca.crt"), "--max-time", "20"]
    wanted = '\n{"version": "%{http_version}", "status": %{response_code}}'
    done = subprocess.run(["curl", *flags, "-w", wanted, *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    body, _, result = done.stdout.rpartition("\n")
    return {"body": body, **json.loads(result)}


def test_both_listeners_speak_both_protocols(bench: Workbench, example: Fairlead):
    secure, plain = f"https://{example.listener('secure')}/", f"http://{example.listener('plain')}/"
    for arguments, version in (
        (("--http2", secure), "2"),
        (("--http1.1", secure), "1.1"),
        (("--http2-prior-knowledge", plain), "2"),
        (("--http1.1", plain), "1.1"),
    ):
        assert curl(bench, *arguments) == {"body": "w1\n", "version": version, "status": 200}


@pytest.mark.parametrize(("cipher", "kind"), [("ECDHE-RSA-AES128-GCM-SHA256", "rsa"), ("ECDHE-ECDSA-AES128-GCM-SHA256", "ecdsa")])
def test_either_certificate_is_shown_to_those_who_can_take_it(
    bench: Workbench, example: Fairlead, cipher: str, kind: str
):
    flags = ("--tls-max", "1.2", "--ciphers", cipher)
    assert curl(bench, *flags, f"https://{example.listener('secure')}/")["status"] == 200, kind


def test_a_client_certificate_is_optional_but_must_be_good(bench: Workbench, example: Fairlead):
    url = f"https://{example.listener('secure')}/"
    good_chain, good_key = CLIENTS.leaf("someone", for_clients=True).write(bench.directory, "good")
    assert curl(bench, "--cert", str(good_chain), "--key", str(good_key), url)["status"] == 200
    bad_chain, bad_key = SITE.leaf("stranger", for_clients=True).write(bench.directory, "bad")
    command = ["curl", "--silent", "--insecure", "--cert", str(bad_chain), "--key", str(bad_key), url]
    assert subprocess.run(command, capture_output=True, timeout=30).returncode != 0


def test_calls_go_to_servers_that_know_the_proxy_by_its_certificate(example: Fairlead):
    credentials = grpc.ssl_channel_credentials(SITE.roots.encode())
    with grpc.secure_channel(example.listener("secure"), credentials) as channel:
        call = channel.unary_unary("/demo.v1.Service/Echo")
        assert call(b"hello", timeout=20) == b"hello from the-proxy"
