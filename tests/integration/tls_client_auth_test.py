"""Clients that show certificates: who is let in, and what servers, rules and logs hear of them."""

import ssl
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from tests.support import configs
from tests.support.access_log import AccessLogFile
from tests.support.certificates import Authority, Identity
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

NAME = "www.example.org"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def clients() -> Authority:
    return Authority("Clients")


@pytest.fixture(scope="module")
def alice(clients: Authority) -> Identity:
    return clients.leaf(
        "alice.example.org", subject="alice", for_clients=True, uris=["spiffe://example.org/a,b", "urn:x"]
    )


@pytest.fixture
def requests() -> list:
    return []


@pytest.fixture
def origin(requests: list):
    def answer(wire: Wire) -> None:
        while True:
            requests.append(wire.read_request())
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedOrigin(answer) as started:
        yield started


def site(origin: ScriptedOrigin, authority: Authority, clients: Authority, crls: str = "", **client_auth: Any) -> dict:
    snapshot = configs.site({"id": "s", "address": origin.address})
    snapshot["listeners"][0]["tls"] = {"certificates": ["c"], "client_auth": {"trust": "clients", **client_auth}}
    snapshot["certificates"] = [authority.leaf(NAME).resource("c")]
    snapshot["trust_bundles"] = [{"id": "clients", "roots": {"inline_string": clients.roots}}]
    if crls:
        snapshot["trust_bundles"][0]["crls"] = {"inline_string": crls}
    return snapshot


def apply(fairlead: Fairlead, snapshot: dict) -> None:
    with fairlead.connect() as control:
        control.replace(snapshot)


def ask(fairlead: Fairlead, authority: Authority, identity: Identity | None, request: str = get("/"), **options: Any):
    context = authority.client_context(identity=identity)
    for option, value in options.items():
        setattr(context, option, value)
    plain = Wire.connect(fairlead.listener())
    with Wire(context.wrap_socket(plain.socket, server_hostname=NAME)) as wire:
        return wire.request(request)


def refusal(fairlead: Fairlead, authority: Authority, identity: Identity | None, **options: Any) -> str:
    with pytest.raises(ssl.SSLError) as refused:
        ask(fairlead, authority, identity, **options)
    return str(refused.value).lower().replace("_", " ")


def certificate_failures(fairlead: Fairlead) -> float:
    return fairlead.metrics()['fairlead_listener_tls_failures_total{listener="web",cause="certificate"}']


VERSIONS = [
    {"maximum_version": ssl.TLSVersion.TLSv1_2},
    {"minimum_version": ssl.TLSVersion.TLSv1_3},
]


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_required_lets_in_whom_the_bundle_vouches_for(fairlead: Fairlead, origin, authority, clients, alice, version):
    apply(fairlead, site(origin, authority, clients, mode="REQUIRED"))
    assert ask(fairlead, authority, alice, **version).status == 200
    missing = "handshake failure" if version is VERSIONS[0] else "certificate required"
    assert missing in refusal(fairlead, authority, None, **version)
    assert "unknown ca" in refusal(fairlead, authority, authority.leaf("x", for_clients=True), **version)
    assert "certificate expired" in refusal(
        fairlead, authority, clients.leaf("x", for_clients=True, days=-1), **version
    )
    wait_until(lambda: certificate_failures(fairlead) == 3, "refusals to be counted")


def test_a_servers_certificate_is_no_clients(fairlead: Fairlead, origin, authority, clients):
    apply(fairlead, site(origin, authority, clients, mode="REQUIRED"))
    assert "unsupported certificate" in refusal(fairlead, authority, clients.leaf("x"))


def test_optional_lets_in_who_shows_none_but_nobody_with_a_bad_one(fairlead, origin, authority, clients, alice):
    apply(fairlead, site(origin, authority, clients, mode="OPTIONAL"))
    assert ask(fairlead, authority, None).status == 200
    assert ask(fairlead, authority, alice).status == 200
    assert "unknown ca" in refusal(fairlead, authority, authority.leaf("x", for_clients=True))


def test_the_revoked_stay_outside_at_once(fairlead: Fairlead, origin, authority, clients, alice):
    bob = clients.leaf("bob", for_clients=True)
    snapshot = site(origin, authority, clients, mode="REQUIRED", crls=clients.revoke())
    apply(fairlead, snapshot)
    context = authority.client_context(identity=bob)
    with Wire(context.wrap_socket(Wire.connect(fairlead.listener()).socket, server_hostname=NAME)) as wire:
        assert wire.request(get("/")).status == 200
        session = wire.socket.session
    with fairlead.connect() as control:
        control.apply(
            {
                "upsert_trust_bundle": {
                    "id": "clients",
                    "roots": {"inline_string": clients.roots},
                    "crls": {"inline_string": clients.revoke(bob)},
                }
            }
        )
    assert "certificate revoked" in refusal(fairlead, authority, bob)
    assert ask(fairlead, authority, alice).status == 200
    # Nor by a session from before.
    with pytest.raises(ssl.SSLError):
        plain = Wire.connect(fairlead.listener())
        with Wire(context.wrap_socket(plain.socket, server_hostname=NAME, session=session)) as wire:
            wire.request(get("/"))


def test_servers_hear_who_it_is(fairlead: Fairlead, origin, requests, authority, clients, alice):
    apply(fairlead, site(origin, authority, clients, mode="OPTIONAL", forward_headers=True))
    forged = get("/", "X-Client-Cert-Subject: CN=root", "x_client_cert_san: DNS:x", "X-Client-CERT-anything: x")
    ask(fairlead, authority, alice, forged)
    ask(fairlead, authority, None, forged)
    known, unknown = requests
    assert known.get("X-Client-Cert-Subject") == "CN=alice"
    assert known.get("X-Client-Cert-SAN") == (
        "DNS:alice.example.org, URI:spiffe://example.org/a%2Cb, URI:urn:x"
    )
    fingerprint = known.get("X-Client-Cert-Fingerprint")
    assert fingerprint == alice.certificate.fingerprint(hashes.SHA256()).hex()
    for request in (known, unknown):
        assert request.get("x_client_cert_san") is None
        assert request.get("X-Client-CERT-anything") is None
    assert not [name for name, _ in unknown.fields if "client" in name.lower()]


def test_forged_fields_go_even_where_nothing_is_told(fairlead: Fairlead, origin, requests, authority, clients, alice):
    apply(fairlead, site(origin, authority, clients, mode="REQUIRED"))
    ask(fairlead, authority, alice, get("/", "X-Client-Cert-Subject: CN=root"))
    assert requests[0].get("X-Client-Cert-Subject") is None


def test_rules_match_clients(fairlead: Fairlead, origin, authority, clients, alice):
    snapshot = site(origin, authority, clients, mode="OPTIONAL")

    def answers(identity: str, status: int, **match: Any) -> dict:
        return {"id": identity, "match": {"client_certificate": match}, "respond": {"status": status}}

    snapshot["route_tables"][0]["virtual_hosts"][0]["rules"] = [
        answers("wildcard", 201, sans=["*.example.org"], subject="CN=bob"),
        answers("uri", 202, sans=["spiffe://example.org/a,b"]),
        answers("subject", 203, subject="CN=carol"),
        answers("any", 206),
        {"id": "rest", "respond": {"status": 401}},
    ]
    apply(fairlead, snapshot)
    for identity, status in [
        (alice, 202),
        (clients.leaf("x.example.org", subject="bob", for_clients=True), 201),
        (clients.leaf("x.y.example.org", subject="bob", for_clients=True), 206),
        (clients.leaf("x.org", subject="carol", for_clients=True), 203),
        (None, 401),
    ]:
        assert ask(fairlead, authority, identity).status == status


def test_matches_are_checked(fairlead: Fairlead, origin, authority, clients):
    snapshot = site(origin, authority, clients, mode="OPTIONAL")
    snapshot["listeners"][0]["tls"]["client_auth"] = {"forward_headers": True}
    snapshot["route_tables"][0]["virtual_hosts"][0]["rules"][0]["match"] = {
        "client_certificate": {"sans": [""], "subject": "x" * 5000}
    }
    with fairlead.connect() as control:
        found = violations(control.reject_snapshot(snapshot))
    place = 'route_tables["main"].virtual_hosts["all"].rules["all"].match.client_certificate'
    assert set(found) == {
        f"{place}.sans[0]", f"{place}.subject", 'listeners["web"].tls.client_auth.forward_headers'
    }


def test_the_access_log_tells_the_subject(bench: Workbench, io: str, origin, authority, clients, alice):
    log = AccessLogFile(bench.directory / "access.log")
    fairlead = Fairlead(bench, io, flags=(f"--access_log=file:{log.path}",))
    apply(fairlead, site(origin, authority, clients, mode="REQUIRED"))
    ask(fairlead, authority, alice)
    assert log.wait(1)[0]["tls_client_subject"] == "CN=alice"
