"""Rules that ask servers for something else than the client named; byte for byte, as servers see it."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire, get

RULES = [
    ({"path_prefix": "/api/"}, {"path_prefix": "/"}),
    ({"path_prefix": "/v1"}, {"path_prefix": "/v2", "host": "internal.example:81"}),
    ({"path": "/exact"}, {"path_prefix": "/other/path"}),
    ({"path_prefix": "/users/"}, {"path_regex": {"pattern": "^/users/([0-9]+)/(.*)", "substitution": r"/\2/of/\1"}}),
    ({"path_prefix": "/cut"}, {"path_regex": {"pattern": "^/cut", "substitution": ""}}),
    ({"path_prefix": "/twice"}, {"path_regex": {"pattern": "a+", "substitution": r"<\0>"}}),
    ({"path_prefix": "/grow"}, {"path_regex": {"pattern": ".*", "substitution": r"\0" * 20}}),
    ({}, {"host": "named.example"}),
]

CASES = [
    ("/api/users/7?x=/api/", "/users/7?x=/api/", "test"),
    ("/api/", "/", "test"),
    ("/v1/a?b", "/v2/a?b", "internal.example:81"),
    ("/v1", "/v2", "internal.example:81"),
    ("/exact?a=%20", "/other/path?a=%20", "test"),
    ("/users/12/orders/3?users/1/2", "/orders/3/of/12?users/1/2", "test"),
    ("/users/me/orders", "/users/me/orders", "test"),
    ("/cut/a", "/a", "test"),
    ("/cut", "/", "test"),
    ("/cuts", "/s", "test"),
    ("/twice/aa/aa", "/twice/<aa>/aa", "test"),
    ("/rest%2F?q", "/rest%2F?q", "named.example"),
]


@pytest.fixture
def heads() -> list[bytes]:
    """The heads of all requests that reached the origin."""
    return []


@pytest.fixture
def rewriting(fairlead: Fairlead, heads: list[bytes]):
    def script(wire: Wire) -> None:
        while True:
            heads.append(wire.read_request().head)
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with ScriptedOrigin(script) as origin:
        rules = [configs.rule(f"r{i}", "web", match=match, rewrite=new) for i, (match, new) in enumerate(RULES)]
        with fairlead.connect() as control:
            control.replace(
                configs.site({"id": "s", "address": origin.address}) | {"route_tables": [configs.route_table(*rules)]}
            )
        yield fairlead


def test_servers_see_the_new_target_and_host_and_all_else_as_it_was(rewriting: Fairlead, heads: list[bytes]):
    with rewriting.open() as wire:
        for target, _, _ in CASES:
            assert wire.request(get(target, "X-Path: /api/", method="DELETE")).status == 200
    assert heads == [
        f"DELETE {target} HTTP/1.1\r\nHost: {host}\r\nX-Path: /api/\r\n\r\n".encode() for _, target, host in CASES
    ]


def test_a_body_goes_with_it(rewriting: Fairlead, heads: list[bytes]):
    with rewriting.open() as wire:
        wire.send(get("/api/a", "Content-Length: 5", method="PUT") + "hello")
        assert wire.read_response().status == 200
    assert heads == [b"PUT /a HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n"]


def test_the_star_of_options_stays(rewriting: Fairlead, heads: list[bytes]):
    with rewriting.open() as wire:
        assert wire.request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status == 200
    assert heads == [b"OPTIONS * HTTP/1.1\r\nHost: named.example\r\n\r\n"]


def test_a_request_without_a_host_gets_the_rules(rewriting: Fairlead, heads: list[bytes]):
    with rewriting.open() as wire:
        wire.send("GET /any HTTP/1.0\r\n\r\n")
        assert wire.read_response().status == 200
    assert heads == [b"GET /any HTTP/1.1\r\nHost: named.example\r\n\r\n"]


def test_a_target_that_gets_too_long_is_refused(rewriting: Fairlead, heads: list[bytes]):
    with rewriting.open() as wire:
        response = wire.request(get("/grow" + 3_000 * "x"))
        assert (response.status, response.get("connection")) == (200, None)
        assert wire.request(get("/grow" + 4_000 * "x")).status == 414
        assert wire.request(get("/api/a")).status == 200
    assert len(heads) == 2
    assert heads[0].split(b" ")[1] == 20 * (b"/grow" + 3_000 * b"x")


def test_a_retry_is_rewritten_all_the_same(fairlead: Fairlead, heads: list[bytes]):
    """The first answer closes the connection that the second request finds in the pool."""

    def script(wire: Wire) -> None:
        heads.append(wire.read_request().head)
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        wire.read_head()

    with ScriptedOrigin(script) as origin, fairlead.connect() as control:
        rule = configs.rule("r", "web", match={"path_prefix": "/a"}, rewrite={"path_prefix": "/b", "host": "c"})
        control.replace(
            configs.site({"id": "s", "address": origin.address}) | {"route_tables": [configs.route_table(rule)]}
        )
        with fairlead.open() as wire:
            assert [wire.request(get("/a1")).status, wire.request(get("/a2")).status] == [200, 200]
    assert heads == [f"GET /b{i} HTTP/1.1\r\nHost: c\r\n\r\n".encode() for i in (1, 2)]
