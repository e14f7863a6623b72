"""Connections to servers: pooled, replaced when they are stale, given up when servers misbehave."""

import threading

import pytest

from tests.support import configs
from tests.support.counting_origin import CountingOrigin
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.ports import closed_port, own_host
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.waiting import wait_until
from tests.support.wire import Closed, Wire, get


def serve(fairlead: Fairlead, *servers: dict, **fields) -> None:
    with fairlead.connect() as control:
        control.replace(configs.site(*servers, **fields))


def scripted_server(origin: ScriptedOrigin, identity: str = "scripted") -> dict:
    return {"id": identity, "address": origin.address}


def test_requests_of_one_client_share_a_connection(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")
    serve(fairlead, origin.server())
    with fairlead.open() as wire:
        for _ in range(100):
            assert wire.request(get("/")).status == 200
    stats = origin.stats()
    assert (stats["requests"], stats["connections"]) == (100, 1)


def test_clients_that_come_and_go_share_a_connection(bench: Workbench, io: str, start_origin):
    fairlead = Fairlead(bench, io, workers=1)
    origin = start_origin("w1")
    serve(fairlead, origin.server())
    for _ in range(50):
        with fairlead.open() as wire:
            assert wire.request(get("/", "Connection: close")).status == 200
    stats = origin.stats()
    assert (stats["requests"], stats["connections"]) == (50, 1)


def test_a_connection_is_shared_only_after_the_whole_response(bench: Workbench, io: str):
    fairlead = Fairlead(bench, io, workers=1)
    first_is_there, other_is_answered = threading.Event(), threading.Event()
    accepted = []

    def script(wire: Wire) -> None:
        accepted.append(wire)
        is_first = len(accepted) == 1
        while True:
            wire.read_request()
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha")
            if is_first:
                first_is_there.set()
                other_is_answered.wait(20)
            wire.send("lf")

    with ScriptedOrigin(script) as origin:
        serve(fairlead, scripted_server(origin))
        with fairlead.open() as slow, fairlead.open() as quick:
            slow.send(get("/"))
            assert first_is_there.wait(20)
            assert quick.request(get("/")).body == b"half"
            other_is_answered.set()
            assert slow.read_response().body == b"half"
            for wire in (slow, quick):
                assert wire.request(get("/")).body == b"half"
    assert len(accepted) == 2


def test_a_pool_keeps_no_more_than_it_may(bench: Workbench, io: str):
    fairlead = Fairlead(bench, io, workers=1)
    with CountingOrigin(hold=None) as origin:
        serve(fairlead, origin.server(), pool={"max_idle_connections": 2})
        wires = [fairlead.open() for _ in range(8)]
        for wire in wires:
            wire.send(get("/"))
        origin.wait_for_active(8)
        origin.release(8)
        for wire in wires:
            assert wire.read_response().status == 200
        wait_until(
            lambda: fairlead.server_status("web", "origin")["open_connections"] == 2, "all but two idle ones are closed"
        )


def test_an_idle_connection_is_let_go_after_its_time(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")
    serve(fairlead, origin.server(), pool={"idle_timeout": "0.2s"})
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200
        wait_until(lambda: origin.stats()["open_connections"] == 0, "the idle connection is closed")
        assert wire.request(get("/")).status == 200


def test_a_connection_that_the_server_ends_is_not_used_again(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")
    serve(fairlead, origin.server())
    with fairlead.open() as wire:
        for _ in range(20):
            assert wire.request(get("/close")).status == 200
    assert origin.stats()["connections"] == 20


def test_a_connection_that_the_server_ends_without_a_word_fails_no_request(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")
    serve(fairlead, origin.server())
    with fairlead.open() as wire:
        for _ in range(50):
            # The close comes at any time: before the next request, with it, or after it was sent.
            assert wire.request(get("/close-quietly")).status == 200
    assert origin.stats()["malformed"] == []


def test_a_server_that_restarts_fails_no_later_request(fairlead: Fairlead, bench: Workbench, start_origin):
    # Nobody else comes to listen there meanwhile.
    origin = start_origin("w1", f"--listen={own_host()}:0")
    serve(fairlead, origin.server())
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200
        origin.process.kill()
        Origin(bench, "w1", f"--listen={origin.address}")
        assert wire.request(get("/")).status == 200


def test_a_post_is_never_sent_twice(fairlead: Fairlead):
    received = []

    def script(wire: Wire) -> None:
        received.append(wire.read_request().method)
        if len(received) == 1:
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            received.append(wire.read_request().method)

    with ScriptedOrigin(script) as origin:
        serve(fairlead, scripted_server(origin))
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 200
            wire.send(get("/", "Content-Length: 2", method="POST") + "hi")
            assert wire.read_response().status == 502
    assert received == ["GET", "POST"]


def test_a_server_that_drops_every_request_is_502(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")
    serve(fairlead, origin.server())
    with fairlead.open() as wire:
        for path in ("/drop", "/reset"):
            response = wire.request(get(path))
            assert response.status == 502
        assert wire.request(get("/")).status == 200


def test_where_nothing_listens_another_server_is_tried(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")
    serve(fairlead, origin.server(), {"id": "gone", "address": closed_port()})
    with fairlead.open() as wire:
        for _ in range(20):
            assert wire.request(get("/")).status == 200
        wire.send(get("/upload", "Content-Length: 2", method="POST") + "hi")
        assert wire.read_response().status == 200


def test_where_nothing_listens_anywhere_is_an_error_with_a_reason(fairlead: Fairlead):
    serve(fairlead, {"id": "gone", "address": closed_port()}, {"id": "gone-too", "address": closed_port()})
    with fairlead.open() as wire:
        for _ in range(3):
            response = wire.request(get("/"))
            assert response.status in (502, 503)
            assert response.body.strip()


def test_a_server_that_is_too_slow_is_504(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")
    # Long enough for a server that is only busy.
    serve(fairlead, origin.server(), timeouts={"response": "1s"})
    with fairlead.open() as wire:
        assert wire.request(get("/delay/10s")).status == 504
    with fairlead.open() as wire:
        assert wire.request(get("/delay/10ms")).status == 200


def test_a_rule_has_its_own_patience(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")
    site = configs.site(origin.server())
    site["route_tables"] = [
        configs.route_table(
            configs.rule("short", "web", match={"path_prefix": "/delay/"}, timeout="0.2s"), configs.rule("rest", "web")
        )
    ]
    with fairlead.connect() as control:
        control.replace(site)
    with fairlead.open() as wire:
        assert wire.request(get("/delay/10s")).status == 504


def test_a_response_that_stops_is_cut_after_its_time(fairlead: Fairlead):
    ended = threading.Event()

    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        wire.take_rest()
        ended.set()

    with ScriptedOrigin(script) as origin:
        serve(fairlead, scripted_server(origin), timeouts={"idle": "0.2s"})
        with fairlead.open() as wire:
            wire.send(get("/"))
            assert wire.read_head().status == 200
            assert wire.take_rest() == b"hello"
        assert ended.wait(20)


BAD_RESPONSES = {
    "no status": b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "NUL": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "bare CR": b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
    "folded line": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "space before a colon": b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, magic\r\n\r\n",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000,
    "101 that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("response", BAD_RESPONSES.values(), ids=BAD_RESPONSES.keys())
def test_a_malformed_response_is_502(fairlead: Fairlead, response: bytes):
    with ScriptedOrigin(answering(response)) as origin:
        serve(fairlead, scripted_server(origin))
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 502


def test_bytes_behind_a_response_are_never_another_clients(fairlead: Fairlead):
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
    with ScriptedOrigin(answering(good + poison)) as origin:
        serve(fairlead, scripted_server(origin))
        for _ in range(20):
            with fairlead.open() as wire:
                assert wire.request(get("/")).body == b"good"


def test_a_bad_chunk_from_a_server_cuts_the_response(fairlead: Fairlead):
    with ScriptedOrigin(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n")) as origin:
        serve(fairlead, scripted_server(origin))
        with fairlead.open() as wire:
            wire.send(get("/"))
            try:
                assert wire.read_response().status == 502
            except Closed as closed:
                assert b"0\r\n\r\n" not in closed.got


def test_a_client_that_leaves_early_frees_its_server(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")
    serve(fairlead, origin.server())
    with fairlead.open() as wire:
        wire.send(get("/delay/60s"))
        wait_until(lambda: origin.stats()["requests"] == 1, "the request is there")
    wait_until(lambda: fairlead.server_status("web", "w1")["active_requests"] == 0, "it counts as active no more")
