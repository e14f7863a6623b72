"""Rules that redirect: status and Location, byte for byte."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.wire import get

RULES = [
    ({"path": "/moved"}, {"path": "/here"}),
    ({"path": "/moved-for-good"}, {"path": "/here", "status": 301, "strip_query": True}),
    ({"path_prefix": "/v1/"}, {"path_prefix": "/v2/", "status": 308}),
    ({"path_prefix": "/strip"}, {"path_prefix": "/", "status": 307}),
    ({"path_prefix": "/tls"}, {"scheme": "https", "status": 301}),
    ({"path_prefix": "/host"}, {"host": "other.example:8443", "status": 303}),
    ({"path_prefix": "/all/"}, {"scheme": "https", "host": "new.example", "path_prefix": "/x/", "strip_query": True}),
    ({"path_regex": "/any/.*"}, {"scheme": "https"}),
]

CASES = [
    ("/moved", 302, "/here"),
    ("/moved?a=1&b=%0d%0a", 302, "/here?a=1&b=%0d%0a"),
    ("/moved?", 302, "/here?"),
    ("/moved-for-good?a=1", 301, "/here"),
    ("/v1/users/7?x", 308, "/v2/users/7?x"),
    ("/v1/", 308, "/v2/"),
    ("/v1/%0d%0aSet-Cookie:%20a", 308, "/v2/%0d%0aSet-Cookie:%20a"),
    ("/tls/a?b=c", 301, "https://site.example/tls/a?b=c"),
    ("/tls//evil.example/", 301, "https://site.example/tls//evil.example/"),
    ("/host/a", 303, "http://other.example:8443/host/a"),
    ("/all/a?b", 302, "https://new.example/x/a"),
    ("/any/thing", 302, "https://site.example/any/thing"),
    # What would name another host becomes a path of this one (RFC 3986 §4.2).
    ("/strip/evil.example", 307, "/evil.example"),
    ("/strip//evil.example/a", 307, "/evil.example/a"),
    ("/strip///evil.example", 307, "/evil.example"),
    ("/strip\\evil.example", 307, "/evil.example"),
    ("/strip/\\evil.example", 307, "/evil.example"),
    ("/strip", 307, "/"),
    ("/stripped", 307, "/ped"),
]


@pytest.fixture
def redirecting(fairlead: Fairlead) -> Fairlead:
    """Without any backend."""
    rules = [{"id": f"r{i}", "match": match, "redirect": redirect} for i, (match, redirect) in enumerate(RULES)]
    with fairlead.connect() as control:
        control.replace({"listeners": [configs.listener()], "route_tables": [configs.route_table(*rules)]})
    return fairlead


def test_locations_are_made_of_the_requests_and_the_rules_own_parts(redirecting: Fairlead):
    with redirecting.open() as wire:
        got = []
        for target, _, _ in CASES:
            response = wire.request(get(target, host="site.example:8080"))
            got.append((target, response.status, response.get("location")))
            assert (response.body, response.get("connection")) == (b"", None)
    assert got == CASES


def test_a_redirect_is_a_whole_response(redirecting: Fairlead):
    with redirecting.open() as wire:
        for method in ("GET", "HEAD", "DELETE"):
            response = wire.request(get("/moved", method=method), method)
            date = response.get("date")
            assert response.head == (
                f"HTTP/1.1 302 Found\r\nLocation: /here\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode()
            )


def test_an_absolute_target_names_the_host(redirecting: Fairlead):
    with redirecting.open() as wire:
        wire.send("GET http://a.example:81/tls HTTP/1.1\r\nHost: b.example\r\n\r\n")
        assert wire.read_response().get("location") == "https://a.example/tls"
        assert wire.request(get("/tls", host="[::1]:8080")).get("location") == "https://[::1]/tls"


def test_a_request_without_a_host_has_nowhere_to_be_redirected_to(redirecting: Fairlead):
    with redirecting.open() as wire:
        wire.send("GET /tls HTTP/1.0\r\n\r\n")
        response = wire.read_response()
        assert (response.status, wire.is_closed()) == (400, True)
    with redirecting.open() as wire:
        wire.send("GET /moved HTTP/1.0\r\n\r\n")
        response = wire.read_response()
        assert (response.status, response.get("location"), wire.is_closed()) == (302, "/here", True)


def test_the_connection_goes_on_behind_a_request_with_a_body(redirecting: Fairlead):
    with redirecting.open() as wire:
        wire.send(get("/moved", "Content-Length: 10", method="POST") + "first")
        assert wire.read_response().status == 302
        wire.send("after" + get("/v1/a"))
        assert wire.read_response().get("location") == "/v2/a"
        chunked = get("/moved", "Transfer-Encoding: chunked", method="POST") + "3\r\nabc\r\n0\r\n\r\n"
        for _ in range(3):
            wire.send(chunked)
        assert [wire.read_response().status for _ in range(3)] == [302] * 3


def test_redirects_are_counted(redirecting: Fairlead):
    before = redirecting.metrics()
    with redirecting.open() as wire:
        wire.request(get("/moved"))
    after = redirecting.metrics()
    grown = {name for name, value in after.items() if "responses" in name and value == before.get(name, 0) + 1}
    assert any('"3xx"' in name for name in grown), grown
