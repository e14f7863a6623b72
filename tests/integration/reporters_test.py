"""Who may report: Reporter resources, and what a connection proves: a certificate, a token, a unix user."""

import hashlib
import os
import queue
import socket
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.support import api, configs
from tests.support.certificates import Authority, Identity
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench

REFUSED = 'fairlead_health_reports_refused_total{reason="%s"}'


def reporter(identity: str, *proofs: dict[str, Any], backends: tuple[str, ...] = ("*",), **fields: Any) -> dict[str, Any]:
    return {
        "upsert_reporter": {"id": identity, "identities": list(proofs), "backends": list(backends), **fields},
    }


def digest(token: str) -> dict[str, str]:
    return {"token_sha256": hashlib.sha256(token.encode()).hexdigest()}


THIS_USER = {"unix_uid": os.geteuid()}
ANOTHER_USER = {"unix_uid": os.geteuid() + 1}


class Stream:
    """HealthIngest.Report over a channel."""

    def __init__(self, channel: grpc.Channel, token: str | None = None):
        self._outgoing: queue.Queue = queue.Queue()
        metadata = [("authorization", f"Bearer {token}")] if token else []
        stub = api.services.HealthIngestStub(channel)
        self._answers = stub.Report(iter(self._outgoing.get, None), metadata=metadata)

    def report(self, name: str, server: str = "web/w1", status: str = "UP") -> str:
        """Empty, or why it was refused."""
        backend, _, server = server.partition("/")
        claim = {"backend": backend, "server": server, "status": status, "reporter": name}
        self._outgoing.put(api.message(api.health.HealthReportBatch, {"reports": [claim]}))
        answer = next(self._answers)
        return answer.errors[0].message if answer.errors else ""

    def close(self) -> None:
        self._outgoing.put(None)


@pytest.fixture
def unix_channel(fairlead: Fairlead) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(fairlead.control) as channel:
        yield channel


@pytest.fixture
def site(fairlead: Fairlead) -> None:
    with fairlead.connect() as control:
        state = configs.site({"id": "w1", "address": "127.0.0.1:1"})
        state["backends"].append(configs.backend("api", [{"id": "a1", "address": "127.0.0.1:2"}]))
        control.replace(state)


def apply(fairlead: Fairlead, *operations: dict[str, Any]) -> None:
    with fairlead.connect() as control:
        control.apply(*operations)


def test_everybody_may_report_until_there_is_a_reporter(fairlead: Fairlead, site: None):
    assert fairlead.report("report web/w1 up reporter=anybody") == ["ok"]
    apply(fairlead, reporter("probe-a", THIS_USER))
    (answer,) = fairlead.report("report web/w1 up reporter=anybody")
    uid = os.geteuid()
    assert answer == f'error reporter "anybody": no reporter of this name has an identity of unix user {uid}'
    assert fairlead.metrics()[REFUSED % "stranger"] == 1
    apply(fairlead, {"remove_reporter": "probe-a"})
    assert fairlead.report("report web/w1 up reporter=anybody") == ["ok"]


def test_what_a_stranger_said_before_ends_with_the_first_reporter(fairlead: Fairlead, site: None):
    assert fairlead.report("report web/w1 down reporter=anybody ttl=1h") == ["ok"]
    fairlead.wait_for_health("web", "w1", "DOWN")
    apply(fairlead, reporter("probe-a", THIS_USER))
    fairlead.wait_for_health("web", "w1", "UNKNOWN")


def test_a_unix_user_is_known_over_lines_and_over_grpc(fairlead: Fairlead, site: None, unix_channel: grpc.Channel):
    apply(fairlead, reporter("mine", THIS_USER), reporter("yours", ANOTHER_USER))
    assert fairlead.report("report web/w1 up reporter=mine") == ["ok"]
    assert "no reporter of this name" in fairlead.report("report web/w1 up reporter=yours")[0]
    stream = Stream(unix_channel)
    assert stream.report("mine") == ""
    assert "no reporter of this name" in stream.report("yours")
    stream.close()
    assert fairlead.metrics()[REFUSED % "stranger"] == 2


def test_a_reporter_speaks_for_its_backends_alone(fairlead: Fairlead, site: None):
    apply(fairlead, reporter("mine", THIS_USER, backends=("web", "team-*")))
    assert fairlead.report("report web/w1 up reporter=mine", "report api/a1 up reporter=mine") == [
        "ok",
        'error reporter "mine": does not speak for backend "api"',
    ]
    assert fairlead.metrics()[REFUSED % "foreign_backend"] == 1
    # A backend that there is none of is told apart only to who may speak for it.
    assert fairlead.report("report team-x/w1 up reporter=mine") == ['error server "team-x/w1": no such server']
    assert fairlead.metrics()[REFUSED % "no_such_server"] == 1


def test_a_token_is_shown_by_a_line_or_by_metadata(fairlead: Fairlead, site: None, unix_channel: grpc.Channel):
    apply(fairlead, reporter("probe-a", digest("another")), reporter("probe-b", digest("secret")))
    report = "report web/w1 up reporter=probe-b"
    answers = fairlead.report(report, "auth wrong", report, "auth secret", report, "auth wrong", report)
    assert [answer[:5] for answer in answers] == ["error", "ok", "error", "ok", "ok", "ok", "error"]
    for token, taken in ((None, False), ("wrong", False), ("secret", True)):
        stream = Stream(unix_channel, token)
        assert (stream.report("probe-b") == "") == taken
        stream.close()


def test_tokens_are_told_nowhere(fairlead: Fairlead, site: None):
    apply(fairlead, reporter("probe-a", digest("open-sesame")))
    answers = fairlead.report("auth open-sesame", "auth open sesame", "auth", "report web/w1 up reporter=probe-b")
    assert answers[0] == "ok"
    assert answers[1] == answers[2] == "error auth: want exactly one word, the token"
    assert not any("sesame" in answer for answer in answers)
    assert "sesame" not in fairlead.process.stderr()
    with fairlead.connect() as control:
        rejected = control.reject(reporter("x", {"token_sha256": "sesame"}))
    assert "sesame" not in str(rejected)
    assert violations(rejected) == {'reporters["x"].identities[0].token_sha256': "INVALID_ARGUMENT"}


class TlsSockets:
    """A proxy whose control and health sockets speak TLS."""

    def __init__(self, bench: Workbench, io: str, authority: Authority):
        roots = bench.directory / "ca.pem"
        roots.write_text(authority.roots)
        chain, key = authority.leaf("127.0.0.1").write(bench.directory, "proxy")
        self.roots = authority.roots.encode()
        tls = [
            f"--{prefix}_{name}={path}"
            for prefix in ("control", "health")
            for name, path in (("ca", roots), ("cert", chain), ("key", key))
        ]
        self.fairlead = Fairlead(
            bench,
            io,
            flags=(
                "--control_listen=127.0.0.1:0",
                "--health_listen=127.0.0.1:0",
                *tls,
            ),
            name="tls",
        )
        process = self.fairlead.process
        self.control = process.wait_for_line(r"^control listening on (127\S+)$")[1]
        self.health = process.wait_for_line(r"^health listening on (127\S+)$")[1]

    def channel(self, identity: Identity) -> grpc.Channel:
        credentials = grpc.ssl_channel_credentials(self.roots, identity.key.encode(), identity.chain.encode())
        return grpc.secure_channel(self.control, credentials)

    def line(self, authority: Authority, identity: Identity, line: str) -> str:
        host, _, port = self.health.rpartition(":")
        context = authority.client_context(identity=identity)
        with (
            socket.create_connection((host, int(port)), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            connection.sendall(line.encode() + b"\n")
            return connection.makefile().readline().rstrip("\n")


class TestCertificates:
    @pytest.fixture
    def authority(self) -> Authority:
        return Authority("Operations")

    @pytest.fixture
    def sockets(self, bench: Workbench, io: str, authority: Authority) -> TlsSockets:
        sockets = TlsSockets(bench, io, authority)
        with sockets.fairlead.connect() as control:
            control.replace(configs.site({"id": "w1", "address": "127.0.0.1:1"}))
            control.apply(
                reporter("probe-a", {"certificate_name": "Probe-A.example.org"}),
                reporter("probe-b", {"certificate_name": "192.0.2.7"}, {"certificate_name": "probe-b.example.org"}),
            )
        return sockets

    def test_a_certificates_name_is_known_over_lines_and_over_grpc(self, sockets: TlsSockets, authority: Authority):
        identity = authority.leaf("probe-a.example.org", for_clients=True)
        assert sockets.line(authority, identity, "report web/w1 up reporter=probe-a") == "ok"
        refused = sockets.line(authority, identity, "report web/w1 up reporter=probe-b")
        assert refused == (
            'error reporter "probe-b": no reporter of this name has an identity of certificate "probe-a.example.org"'
        )
        with sockets.channel(identity) as channel:
            stream = Stream(channel)
            assert stream.report("probe-a") == ""
            assert stream.report("probe-b") == refused.removeprefix("error ")
            stream.close()
        assert sockets.fairlead.metrics()[REFUSED % "stranger"] == 2

    def test_any_identity_of_a_reporter_will_do(self, sockets: TlsSockets, authority: Authority):
        for name in ("192.0.2.7", "probe-b.example.org"):
            identity = authority.leaf(name, for_clients=True)
            assert sockets.line(authority, identity, "report web/w1 up reporter=probe-b") == "ok"

    def test_unix_users_of_the_same_proxy_have_no_certificate(self, sockets: TlsSockets):
        (answer,) = sockets.fairlead.report("report web/w1 up reporter=probe-a")
        assert answer.endswith(f"no reporter of this name has an identity of unix user {os.geteuid()}")
