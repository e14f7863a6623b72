"""CONNECT (RFC 9110 §9.3.6): refused, unless a rule is for it; then a tunnel through a server that takes it."""

import pytest

from tests.support import configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

CONNECT = "CONNECT db.internal:5432 HTTP/1.1\r\nHost: db.internal:5432\r\n\r\n"


def serve(fairlead: Fairlead, origin: ScriptedOrigin, *rules: dict, domains=("*",)) -> None:
    snapshot = configs.site({"id": "scripted", "address": origin.address})
    snapshot["route_tables"] = [configs.route_table(*rules, domains=domains)]
    with fairlead.connect() as control:
        control.replace(snapshot)


ALLOWED = configs.rule("tunnels", "web", allow_connect=True)
PLAIN = configs.rule("plain", "web")


def connecting(answer: bytes, seen: list):
    def script(wire: Wire) -> None:
        while True:
            seen.append(wire.read_request())
            wire.send(answer)
            if seen[-1].method == "CONNECT" and answer.split(b" ")[1].startswith(b"2"):
                while wire.buffer or wire._fill():
                    wire.send(wire.take(len(wire.buffer)))
                return

    return script


@pytest.mark.parametrize(
    "rules, domains",
    [
        ([PLAIN], ["*"]),
        ([], ["*"]),
        ([ALLOWED], ["elsewhere.internal"]),
        ([configs.rule("path", "web", match={"path_prefix": "/"})], ["*"]),
    ],
)
def test_is_refused_unless_a_rule_is_for_it(fairlead: Fairlead, rules: list, domains: list):
    seen: list = []
    with ScriptedOrigin(connecting(b"HTTP/1.1 200 OK\r\n\r\n", seen)) as origin:
        serve(fairlead, origin, *rules, domains=domains)
        with fairlead.open() as wire:
            response = wire.request(CONNECT + get("/smuggled"))
            assert response.status == 405
            assert "CONNECT" not in response.get("allow").split(", ") and "GET" in response.get("allow").split(", ")
            # What follows may be a tunnel's bytes, and is not read as requests.
            assert wire.is_closed()
    assert not seen


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 Connection established\r\nX-A: b\r\n\r\n",
        b"HTTP/1.1 200 Connection established\r\nX-A: b\r\nContent-Length: 7\r\n\r\n",
        b"HTTP/1.1 200 Connection established\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n",
        b"HTTP/1.0 200 Connection established\r\nX-A: b\r\n\r\n",
    ],
)
def test_a_2xx_makes_a_tunnel_whatever_it_announces(fairlead: Fairlead, answer: bytes):
    seen: list = []
    with ScriptedOrigin(connecting(answer, seen)) as origin:
        serve(fairlead, origin, PLAIN, ALLOWED)
        with fairlead.open() as wire:
            wire.send(CONNECT + "early")
            head = wire.read_head()
            assert (head.start_line, head.get("x-a")) == ("HTTP/1.1 200 Connection established", "b")
            assert {name.lower() for name, _ in head.fields} == {"x-a", "date"}
            assert wire.take(5) == b"early"
            wire.send(get("/"))
            assert wire.take(len(get("/"))) == get("/").encode()
            assert fairlead.metrics()["fairlead_active_tunnels"] == 1
            wire.finish_writing()
            assert wire.is_closed()
        wait_until(lambda: fairlead.metrics()["fairlead_active_tunnels"] == 0, "the tunnel has ended")
    assert seen[0].head == CONNECT.encode()


def test_the_authority_decides_and_is_sent_on(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(connecting(b"HTTP/1.1 200 OK\r\n\r\n", seen)) as origin:
        serve(fairlead, origin, ALLOWED, domains=["db.internal"])
        with fairlead.open() as wire:
            wire.send("CONNECT DB.internal:5432 HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: 0\r\n\r\n")
            assert wire.read_head().status == 200
    assert seen[0].head == b"CONNECT DB.internal:5432 HTTP/1.1\r\nHost: DB.internal:5432\r\n\r\n"


def test_other_statuses_are_ordinary_answers(fairlead: Fairlead):
    seen: list = []
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno"
    with ScriptedOrigin(connecting(answer, seen)) as origin:
        serve(fairlead, origin, ALLOWED)
        for _ in range(2):
            with fairlead.open() as wire:
                response = wire.request(CONNECT + get("/smuggled"))
                assert (response.status, response.body) == (407, b"no")
                assert "close" in response.connection_options()
                assert wire.is_closed()
    assert [request.method for request in seen] == ["CONNECT", "CONNECT"]


@pytest.mark.parametrize(
    "request_text",
    [
        "CONNECT /path HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT db.internal HTTP/1.1\r\nHost: db.internal\r\n\r\n",
        "CONNECT http://db.internal:80/ HTTP/1.1\r\nHost: db.internal\r\n\r\n",
        "CONNECT db.internal:5432 HTTP/1.1\r\nHost: db.internal:5432\r\nContent-Length: 5\r\n\r\nhello",
        "CONNECT db.internal:5432 HTTP/1.1\r\nHost: db.internal:5432\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_connect_is_400(fairlead: Fairlead, request_text: str):
    seen: list = []
    with ScriptedOrigin(connecting(b"HTTP/1.1 200 OK\r\n\r\n", seen)) as origin:
        serve(fairlead, origin, ALLOWED)
        with fairlead.open() as wire:
            assert wire.request(request_text).status == 400
            assert wire.is_closed()
    assert not seen


def test_connect_needs_a_rule_without_a_path(fairlead: Fairlead):
    with ScriptedOrigin(lambda wire: None) as origin:
        snapshot = configs.site({"id": "scripted", "address": origin.address})
        snapshot["route_tables"] = [
            configs.route_table(configs.rule("a", "web", match={"path_prefix": "/a"}, allow_connect=True))
        ]
        with fairlead.connect() as control:
            rejected = control.reject_snapshot(snapshot)
            assert any(place.endswith('rules["a"].allow_connect') for place in violations(rejected))
