"""Certificates and trust bundles as resources: what is rejected, what is told of them, and how they change under load."""

import base64
import datetime
import ssl
import threading
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from tests.support import configs
from tests.support.certificates import Authority, Identity
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import fairleadctl
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NAME = "www.example.org"


def answer(wire: Wire) -> None:
    while True:
        wire.read_request()
        wire.send(ANSWER)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def origin():
    with ScriptedOrigin(answer) as started:
        yield started


def site(origin: ScriptedOrigin, identity: Identity, **tls: Any) -> dict:
    snapshot = configs.site({"id": "s", "address": origin.address})
    snapshot["listeners"][0]["tls"] = {"certificates": ["site"], **tls}
    snapshot["certificates"] = [identity.resource("site")]
    return snapshot


def certificate(chain: str, key: str, **fields: Any) -> dict:
    return {"id": "c", "chain": {"inline_string": chain}, "key": {"inline_string": key}, **fields}


def reasons(rejected: Any) -> dict[str, str]:
    """What was wrong, by path."""
    return {violation.path: violation.message for violation in rejected.violations}


def rejected_certificate(fairlead: Fairlead, resource: dict) -> dict[str, str]:
    with fairlead.connect() as control:
        return reasons(control.reject({"upsert_certificate": resource}))


def secure(fairlead: Fairlead, context: ssl.SSLContext, name: str = NAME) -> Wire:
    return Wire(context.wrap_socket(Wire.connect(fairlead.listener()).socket, server_hostname=name))


def serial_shown(fairlead: Fairlead, authority: Authority) -> int:
    with secure(fairlead, authority.client_context()) as wire:
        return x509.load_der_x509_certificate(wire.socket.getpeercert(binary_form=True)).serial_number


def ocsp_response(authority: Authority, identity: Identity, good: bool = True, days: int = 1) -> bytes:
    now = datetime.datetime.utcnow()
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=identity.certificate,
        issuer=authority.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD if good else ocsp.OCSPCertStatus.REVOKED,
        this_update=now - datetime.timedelta(days=3),
        next_update=now + datetime.timedelta(days=days),
        revocation_time=None if good else now,
        revocation_reason=None,
    )
    signed = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, authority.certificate).sign(
        authority._key, hashes.SHA256()
    )
    return signed.public_bytes(serialization.Encoding.DER)


def test_what_is_no_certificate_is_rejected_by_path(fairlead: Fairlead, authority: Authority):
    good = authority.leaf(NAME)
    other = authority.leaf(NAME)
    cases = {
        "no PEM": (certificate("nonsense", good.key), {"certificates[\"c\"].chain": "has no CERTIFICATE in PEM"}),
        "torn PEM": (certificate(good.chain[:200], good.key), {"certificates[\"c\"].chain": "malformed PEM"}),
        "a key for a chain": (certificate(good.key, good.key), {"certificates[\"c\"].chain": "has a PRIVATE KEY where"}),
        "another's key": (certificate(good.chain, other.key), {"certificates[\"c\"].key": "is not the certificate's"}),
        "no key": (certificate(good.chain, good.chain), {"certificates[\"c\"].key": "is no private key in PEM"}),
        "nothing": ({"id": "c"}, {"certificates[\"c\"].chain": "missing", "certificates[\"c\"].key": "missing"}),
        "an expired one": (
            authority.leaf(NAME, days=-1).resource("c"), {"certificates[\"c\"].chain": "the certificate expired on 20"}
        ),
        "a weak key": (
            authority.leaf(NAME, kind="rsa1024").resource("c"), {"certificates[\"c\"].key": "is of RSA with 1024 bits"}
        ),
        "a chain of strangers": (
            certificate(good.chain + Authority("Stranger").roots, good.key),
            {"certificates[\"c\"].chain": 'certificate 2 of the chain, of "CN=Stranger", did not sign it'},
        ),
        "a chain in the wrong order": (
            certificate(authority.roots + good.chain, good.key),
            {"certificates[\"c\"].chain": "did not sign it", "certificates[\"c\"].key": "is not the certificate's"},
        ),
        "a file": (
            {"id": "c", "chain": {"file": "/etc/passwd"}, "key": {"inline_string": good.key}},
            {"certificates[\"c\"].chain.file": "the proxy reads no file"},
        ),
        "an encrypted key": (
            certificate(
                good.chain,
                good.private_key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.BestAvailableEncryption(b"secret"),
                ).decode(),
            ),
            {"certificates[\"c\"].key": "is encrypted"},
        ),
        "no OCSP response": (
            certificate(good.chain, good.key, ocsp_response={"inline_string": "x"}),
            {"certificates[\"c\"].ocsp_response": "is no OCSP response in DER"},
        ),
    }
    for what, (resource, expected) in cases.items():
        found = rejected_certificate(fairlead, resource)
        assert found.keys() == expected.keys(), what
        for path, text in expected.items():
            assert text in found[path], what


def test_ocsp_responses_are_the_certificates_own_and_good(fairlead: Fairlead, origin, authority: Authority):
    good, other = authority.leaf(NAME), authority.leaf(NAME)
    for response, text in [
        (ocsp_response(authority, other), "is not of this certificate"),
        (ocsp_response(authority, good, good=False), "does not say that the certificate is good"),
        (ocsp_response(authority, good, days=-1), "has expired"),
    ]:
        with fairlead.connect() as control:
            resource = {**good.resource("c"), "ocsp_response": {"inline_bytes": base64.b64encode(response).decode()}}
            assert text in reasons(control.reject({"upsert_certificate": resource}))['certificates["c"].ocsp_response']


def test_a_chain_with_intermediates_is_shown(fairlead: Fairlead, origin, authority: Authority):
    identity = authority.intermediate().leaf(NAME)
    with fairlead.connect() as control:
        control.replace(site(origin, identity))
    with secure(fairlead, authority.client_context()) as wire:
        assert wire.request(get("/")).status == 200


def test_trust_bundles_are_checked(fairlead: Fairlead, authority: Authority):
    with fairlead.connect() as control:
        found = reasons(
            control.reject(
                {"upsert_trust_bundle": {"id": "t", "roots": {"inline_string": "x"}, "crls": {"inline_string": "y"}}}
            )
        )
    assert found['trust_bundles["t"].roots'] == "has no CERTIFICATE in PEM"
    assert found['trust_bundles["t"].crls'] == "has no X509 CRL in PEM"


def test_what_is_in_use_stays(fairlead: Fairlead, origin, authority: Authority):
    snapshot = site(origin, authority.leaf(NAME), client_auth={"mode": "OPTIONAL", "trust": "clients"})
    snapshot["trust_bundles"] = [{"id": "clients", "roots": {"inline_string": authority.roots}}]
    with fairlead.connect() as control:
        control.replace(snapshot)
        found = reasons(control.reject({"remove_certificate": "site"}, {"remove_trust_bundle": "clients"}))
        assert found == {
            'certificates["site"]': 'still referred to by listener "web"',
            'trust_bundles["clients"]': 'still referred to by listener "web"',
        }
        found = reasons(control.reject({"remove_certificate": "x"}, {"remove_trust_bundle": "y"}))
        assert found == {'certificates["x"]': "no such certificate", 'trust_bundles["y"]': "no such trust bundle"}
        control.apply({"remove_listener": "web"}, {"remove_certificate": "site"}, {"remove_trust_bundle": "clients"})


def test_listeners_name_what_there_is(fairlead: Fairlead, origin, authority: Authority):
    snapshot = site(origin, authority.leaf(NAME), client_auth={"mode": "REQUIRED"}, handshake_timeout="0s")
    snapshot["listeners"][0]["tls"]["certificates"] = ["site", "site", "other"]
    with fairlead.connect() as control:
        found = reasons(control.reject_snapshot(snapshot))
    assert found == {
        'listeners["web"].tls.certificates[1]': 'twice in this listener: "site"',
        'listeners["web"].tls.certificates[2]': 'no certificate "other" at the end of the transaction',
        'listeners["web"].tls.client_auth.trust': "missing; want the id of a trust bundle",
        'listeners["web"].tls.handshake_timeout': "not 1 ms to 24 h: 0s",
    }


def test_keys_are_never_told_but_count(fairlead: Fairlead, origin, authority: Authority):
    identity = authority.leaf(NAME)
    with fairlead.connect() as control, fairlead.connect() as watcher:
        watcher.send(watch={"request_id": "w"})
        watcher.receive("state_report")
        applied = control.replace(site(origin, identity))
        seen = watcher.receive("state_report")
        state = control.get()
        assert state.fingerprint == applied.fingerprint
        for told in (state, seen):
            assert told.config.certificates[0].chain.inline_string == identity.chain
            assert not told.config.certificates[0].HasField("key")
            assert list(told.certificates[0].names) == [NAME]
            assert "PRIVATE KEY" not in str(told)
        # The same once more is no change.
        assert control.apply({"upsert_certificate": identity.resource("site")}).changed == 0
        control.apply({"upsert_certificate": authority.leaf(NAME).resource("site")})
        control.send(get={"request_id": "earlier", "revision": state.revision})
        earlier = control.receive("state_report")
        assert earlier.fingerprint == state.fingerprint
        assert earlier.config.certificates[0].chain.inline_string == identity.chain
        assert "PRIVATE KEY" not in str(earlier)


def test_a_rollback_brings_back_the_certificate_before(fairlead: Fairlead, origin, authority: Authority):
    first, second = authority.leaf(NAME), authority.leaf(NAME)
    with fairlead.connect() as control:
        revision = control.replace(site(origin, first)).revision
        control.apply({"upsert_certificate": second.resource("site")})
        assert serial_shown(fairlead, authority) == second.certificate.serial_number
        control.transact({"id": "back", "rollback_to": revision})
    wait_until(
        lambda: serial_shown(fairlead, authority) == first.certificate.serial_number, "the first certificate again"
    )


def test_a_changed_certificate_is_shown_at_once_and_disturbs_nobody(fairlead: Fairlead, origin, authority: Authority):
    first = authority.leaf(NAME)
    with fairlead.connect() as control:
        control.replace(site(origin, first))
        with secure(fairlead, authority.client_context()) as live:
            assert live.request(get("/")).status == 200
            second = authority.leaf(NAME, kind="rsa2048")
            applied = control.apply({"upsert_certificate": second.resource("site")})
            assert (applied.added, applied.changed, applied.removed) == (0, 1, 0)
            assert serial_shown(fairlead, authority) == second.certificate.serial_number
            assert live.request(get("/")).status == 200


def test_reloading_under_load_loses_nothing(fairlead: Fairlead, origin, authority: Authority):
    identities = [authority.leaf(NAME) for _ in range(3)]
    with fairlead.connect() as control:
        control.replace(site(origin, identities[0]))
    done = threading.Event()
    failures: list[str] = []
    served = [0]

    def client(keep_alive: bool) -> None:
        context = authority.client_context()
        wire = None
        while not done.is_set():
            try:
                wire = wire or secure(fairlead, context)
                assert wire.request(get("/")).status == 200
                served[0] += 1
                if not keep_alive:
                    wire = wire.close()
            except Exception as error:  # pylint: disable=broad-except
                failures.append(repr(error))
                return

    clients = [threading.Thread(target=client, args=(keep_alive,)) for keep_alive in (True, True, False, False)]
    for thread in clients:
        thread.start()
    with fairlead.connect() as control:
        for i in range(60):
            control.apply({"upsert_certificate": identities[i % 3].resource("site")})
    wait_until(lambda: served[0] > 50 or failures, "requests to be served")
    done.set()
    for thread in clients:
        thread.join()
    assert not failures


def test_expiry_is_told(fairlead: Fairlead, origin, authority: Authority):
    soon, later = authority.leaf(NAME, days=5), authority.leaf("later.example.org", days=300, kind="rsa2048")
    snapshot = site(origin, soon)
    snapshot["certificates"].append(later.resource("later"))
    with fairlead.connect() as control:
        control.replace(snapshot)
    end = soon.certificate.not_valid_after.replace(tzinfo=datetime.timezone.utc)
    metric = 'fairlead_certificate_expiry_timestamp_seconds{certificate="site"}'
    assert fairlead.metrics()[metric] == int(end.timestamp())
    shown = fairleadctl(fairlead.control, "get", "certificates")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0].split() == ["CERTIFICATE", "NAMES", "KEY", "EXPIRES"]
    assert any(line.split()[:3] == ["site", NAME, "ECDSA"] and f"{end:%Y-%m-%d}" in line for line in lines)
    assert any(line.split()[:3] == ["later", "later.example.org", "RSA"] for line in lines)
    assert "certificate site expires in 4 days" in shown.err
    assert "later" not in shown.err
