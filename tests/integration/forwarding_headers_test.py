"""What servers are told of where a request came from, and whose word is taken for it (HttpListener.forwarding)."""

import re

import pytest

from tests.support import configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire, get

FORGED = (
    "X-Forwarded-For: 6.6.6.6",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: forged.example",
    "X-Forwarded-Port: 443",
    "X_Forwarded_For: 6.6.6.6",
    "X-Real-IP: 6.6.6.6",
    "Forwarded: for=6.6.6.6;host=forged.example;proto=https",
    "X-Request-Id: forged",
)
EVERYTHING = {
    "x_forwarded_for": True,
    "x_forwarded_proto": True,
    "x_forwarded_host": True,
    "forwarded": True,
    "via": "edge",
}


def serve(fairlead: Fairlead, origin: ScriptedOrigin, forwarding: dict | None, address: str = "127.0.0.1:0") -> None:
    http = {"forwarding": forwarding} if forwarding is not None else {}
    with fairlead.connect() as control:
        control.replace(configs.site({"id": "scripted", "address": origin.address}, http={"address": address, **http}))


def seeing(seen: list, fields: str = ""):
    def script(wire: Wire) -> None:
        while True:
            seen.append(wire.read_request())
            wire.send(f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{fields}\r\nok")

    return script


def lines_of(request) -> list[str]:
    return request.head.decode().split("\r\n")[2:-2]  # behind Host


# The listener's settings, a request's lines, and what the server is to be sent of them.
CASES = {
    "absent: passed on": (None, FORGED, list(FORGED)),
    "empty: nobody is trusted": ({}, FORGED, []),
    "trusted: kept": ({"trusted_proxies": ["127.0.0.0/8"]}, FORGED, list(FORGED)),
    "another network is trusted": ({"trusted_proxies": ["10.0.0.0/8", "::/0", "unix"]}, FORGED, []),
    "anew": (
        EVERYTHING,
        FORGED,
        [
            "X-Forwarded-For: 127.0.0.1",
            "X-Forwarded-Proto: http",
            "X-Forwarded-Host: test",
            "Forwarded: for=127.0.0.1;host=test;proto=http",
            "Via: 1.1 edge",
        ],
    ),
    "appended": (
        {**EVERYTHING, "trusted_proxies": ["127.0.0.1"]},
        ("X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1;proto=https", "X-Forwarded-Proto: https",
         "X-Forwarded-Host: outer", "Via: 1.0 outer", "X-Forwarded-For: 10.0.0.1"),
        [
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: outer",
            "Via: 1.0 outer",
            "X-Forwarded-For: 192.0.2.1, 10.0.0.1, 127.0.0.1",
            "Forwarded: for=192.0.2.1;proto=https, for=127.0.0.1;host=test;proto=http",
            "Via: 1.1 edge",
        ],
    ),
    "Connection cannot remove what the proxy writes": (
        EVERYTHING,
        ("Connection: X-Forwarded-For, Forwarded, Via, X-Forwarded-Host, X-Hop", "X-Hop: 1", "Via: 1.1 gone", *FORGED),
        [
            "X-Forwarded-For: 127.0.0.1",
            "X-Forwarded-Proto: http",
            "X-Forwarded-Host: test",
            "Forwarded: for=127.0.0.1;host=test;proto=http",
            "Via: 1.1 edge",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_server_is_sent(fairlead: Fairlead, case: str):
    forwarding, lines, expected = CASES[case]
    seen: list = []
    with ScriptedOrigin(seeing(seen)) as origin:
        serve(fairlead, origin, forwarding)
        with fairlead.open() as wire:
            assert wire.request(get("/", *lines)).status == 200
    assert lines_of(seen[0]) == expected


def test_ipv6_addresses_and_ports_are_quoted(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(seeing(seen)) as origin:
        serve(fairlead, origin, EVERYTHING, "[::1]:0")
        with fairlead.open() as wire:
            assert wire.request(get("/", host="test:8080")).status == 200
    assert lines_of(seen[0])[0] == "X-Forwarded-For: ::1"
    assert 'Forwarded: for="[::1]";host="test:8080";proto=http' in lines_of(seen[0])


def test_via_goes_both_ways_and_names_the_version_received(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(seeing(seen, "Via: 1.1 inner\r\n")) as origin:
        serve(fairlead, origin, {"via": "edge"})
        with fairlead.open() as wire:
            response = wire.request(get("/", version="1.0"))
    assert seen[0].all("via") == ["1.0 edge"]
    assert response.all("via") == ["1.1 inner", "1.1 edge"]


def test_each_request_gets_an_id_that_the_response_carries(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(seeing(seen, "X-Request-Id: the server's own\r\n")) as origin:
        serve(fairlead, origin, {"x_request_id": True})
        with fairlead.open() as wire:
            ids = [wire.request(get("/", "X-Request-Id: forged")).get("x-request-id") for _ in range(20)]
            assert ids == [request.get("x-request-id") for request in seen]
            assert len(set(ids)) == 20
            assert all(re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", i) for i in ids)
            # Also a response that the proxy makes itself.
            assert wire.request("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").get("x-request-id")


def test_a_trusted_proxys_id_is_kept(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(seeing(seen)) as origin:
        serve(fairlead, origin, {"x_request_id": True, "trusted_proxies": ["127.0.0.1/32"]})
        with fairlead.open() as wire:
            assert wire.request(get("/", "x-request-id: abc")).get("x-request-id") == "abc"
    assert seen[0].get("x-request-id") == "abc"


def test_upgrades_carry_it_too(fairlead: Fairlead):
    seen: list = []

    def script(wire: Wire) -> None:
        seen.append(wire.read_request())
        wire.send("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin, EVERYTHING)
        with fairlead.open() as wire:
            wire.send(get("/", "Connection: upgrade", "Upgrade: websocket", *FORGED))
            assert wire.read_head().get("via") == "1.1 edge"
    assert seen[0].all("x-forwarded-for") == ["127.0.0.1"]


def test_settings_change_without_disturbing_connections(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(seeing(seen)) as origin:
        serve(fairlead, origin, None)
        with fairlead.open() as wire:
            assert wire.request(get("/", "X-Forwarded-For: 6.6.6.6")).status == 200
            serve(fairlead, origin, {"x_forwarded_for": True})
            assert wire.request(get("/", "X-Forwarded-For: 6.6.6.6")).status == 200
    assert [request.all("x-forwarded-for") for request in seen] == [["6.6.6.6"], ["127.0.0.1"]]


def test_what_makes_no_sense_is_rejected(fairlead: Fairlead):
    with ScriptedOrigin(seeing([])) as origin, fairlead.connect() as control:
        rejected = control.reject_snapshot(
            configs.site(
                {"id": "scripted", "address": origin.address},
                http={"forwarding": {"via": "two words", "trusted_proxies": ["10.0.0.0/33", "localhost"]}},
            )
        )
    assert set(violations(rejected)) == {
        'listeners["web"].http.forwarding.via',
        'listeners["web"].http.forwarding.trusted_proxies[0]',
        'listeners["web"].http.forwarding.trusted_proxies[1]',
    }
