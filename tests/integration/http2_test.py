"""HTTP/2 toward clients (RFC 9113) without TLS, as real clients speak it; frame by frame in the h2_… tests."""

import re
import subprocess

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.h2_wire import H2Wire, request
from tests.support.origin import Origin
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server()))
    return started


def serve(fairlead: Fairlead, origin: ScriptedOrigin, **http) -> None:
    with fairlead.connect() as control:
        control.replace(configs.site({"id": "scripted", "address": origin.address}, http=http))


def curl(fairlead: Fairlead, path: str, *options: str) -> str:
    command = ["curl", "--silent", "--show-error", "--max-time", "30", *options, f"http://{fairlead.listener()}{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_curl_speaks_either_protocol_at_one_listener(fairlead: Fairlead, origin: Origin):
    assert curl(fairlead, "/", "--http2-prior-knowledge", "--write-out", "%{http_version}") == "w1\n2"
    assert curl(fairlead, "/", "--http1.1", "--write-out", "%{http_version}") == "w1\n1.1"
    assert fairlead.metrics()["fairlead_http2_connections_total"] == 1
    # RFC 9113 §3.1: the upgrade of HTTP/1.1 is obsolete, and is not taken.
    assert curl(fairlead, "/", "--http2", "--write-out", "%{http_version}") == "w1\n1.1"


def test_curl_sends_bodies_and_reads_trailers_and_hints(fairlead: Fairlead, origin: Origin):
    assert curl(fairlead, "/echo", "--http2-prior-knowledge", "--data", "hello") == "hello"
    shown = curl(fairlead, "/trailers", "--http2-prior-knowledge", "--include")
    assert re.search(r"^x-\S*: ", shown.split("\n\n")[-1], re.MULTILINE | re.IGNORECASE) or "trailer" in shown.lower()
    assert "HTTP/2 103" in curl(fairlead, "/1xx", "--http2-prior-knowledge", "--include")
    assert curl(fairlead, "/", "--http2-prior-knowledge", "--head").startswith("HTTP/2 200")


def test_h2load_gets_every_answer(fairlead: Fairlead, origin: Origin):
    command = ["h2load", "-c8", "-m32", "-n4000", f"http://{fairlead.listener()}/"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert "4000 succeeded, 0 failed, 0 errored, 0 timeout" in output
    assert fairlead.metrics()["fairlead_active_requests"] == 0


def test_nghttp_uploads(fairlead: Fairlead, origin: Origin, tmp_path):
    (tmp_path / "body").write_bytes(b"0123456789" * 100_000)
    command = ["nghttp", f"--data={tmp_path}/body", "--timeout=10", f"http://{fairlead.listener()}/echo"]
    assert subprocess.run(command, check=True, capture_output=True, timeout=20).stdout == b"0123456789" * 100_000


def test_the_others_finish_while_the_first_takes_its_time(fairlead: Fairlead, origin: Origin):
    with H2Wire.connect(fairlead.listener()) as wire:
        slow = wire.open(request("/delay/4s"))
        others = [wire.open(request("/")) for _ in range(49)]
        wire.finish(*others)
        assert slow.head is None
        assert all(bytes(other.body) == b"w1\n" for other in others)
        assert wire.finish(slow).status == 200


def test_removing_the_server_fails_no_stream(fairlead: Fairlead, origin: Origin, start_origin):
    other = start_origin("w2")
    with H2Wire.connect(fairlead.listener()) as wire, fairlead.connect() as control:
        slow = [wire.open(request("/delay/2s")) for _ in range(20)]
        wait_until(lambda: fairlead.metrics()["fairlead_active_requests"] == 20, "the requests are under way")
        control.apply(configs.upsert_server("web", other.server()), configs.remove_server("web", "w1"))
        wire.finish(*slow)
        assert [stream.status for stream in slow] == [200] * 20
        assert bytes(wire.exchange().body) == b"w2\n"


def test_removing_the_listener_finishes_its_streams_and_says_goodbye(fairlead: Fairlead, origin: Origin):
    with H2Wire.connect(fairlead.listener()) as wire, fairlead.connect() as control:
        slow = wire.open(request("/delay/2s"))
        wait_until(lambda: fairlead.metrics()["fairlead_active_requests"] == 1, "the request is under way")
        control.apply({"remove_listener": "web"})
        assert wire.finish(slow).status == 200
        assert wire.read_to_end() == (slow.id, 0)
        assert [last for last, _, _ in wire.goaways] == [2**31 - 1, slow.id]


def test_the_server_sees_http_1_1(fairlead: Fairlead):
    seen: list = []

    def script(wire: Wire) -> None:
        seen.append(wire.read_request())
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: x\r\nConnection: keep-alive\r\nX-A: b\r\n\r\nok")

    with ScriptedOrigin(script) as scripted:
        serve(fairlead, scripted)
        with H2Wire.connect(fairlead.listener()) as wire:
            stream = wire.exchange(request("/a?b", ("cookie", "a=b"), ("x-y", "z"), ("cookie", "c=d"), authority="Example.com"))
    assert seen[0].head == b"GET /a?b HTTP/1.1\r\nHost: Example.com\r\nx-y: z\r\ncookie: a=b; c=d\r\n\r\n"
    assert bytes(stream.body) == b"ok"
    assert stream.get("x-a") == "b"
    assert stream.get("connection") is stream.get("keep-alive") is None


def test_http2_can_be_off(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server(), http={"http2": {"off": True}}))
    with fairlead.open() as wire:
        wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert wire.read_head().status in (400, 505)
    assert curl(fairlead, "/", "--http1.1") == "w1\n"


def test_http2_can_be_all_that_is_spoken(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server(), http={"http2": {"only": True}}))
    with fairlead.open() as wire:
        wire.send(get("/"))
        assert not wire.take_rest().startswith(b"HTTP/1")
    assert curl(fairlead, "/", "--http2-prior-knowledge") == "w1\n"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 23])
def test_a_preface_in_pieces_is_recognized(fairlead: Fairlead, origin: Origin, size: int):
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    with fairlead.open() as wire:
        for piece in (preface[:size], preface[size:]):
            wire.send(piece)
            wait_until(lambda: True, "")
        wire.send(b"\0\0\0\4\0\0\0\0\0")
        assert wire.take(9)[3] == 4, "SETTINGS"


def test_methods_that_begin_like_the_preface_are_http_1(fairlead: Fairlead, origin: Origin):
    for method in ("P", "PR", "PRI", "PROPFIND", "PRINT", "PUT"):
        with fairlead.open() as wire:
            wire.send(method[:1])
            wire.send(f"{method[1:]} / HTTP/1.1\r\nHost: test\r\n\r\n")
            if method != "PRI":
                assert wire.read_head().status in (200, 405, 501)


def test_an_old_connection_is_asked_to_end(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server(), http={"http2": {"max_connection_age": "1s"}}))
    with H2Wire.connect(fairlead.listener()) as wire:
        assert wire.exchange().status == 200
        assert wire.read_to_end()[1] == 0
        assert wire.goaways[0][0] == 2**31 - 1


def test_a_silent_client_is_pinged_and_given_up(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server(), http={"http2": {"ping_interval": "1s", "ping_timeout": "0.2s"}}))
    with H2Wire.connect(fairlead.listener()) as wire:
        wire.acknowledges_pings = False
        assert wire.exchange().status == 200
        wait_until(lambda: fairlead.metrics()['fairlead_limit_reached_total{limit="http2.ping_timeout"}'] == 1, "it is given up")


def test_an_idle_connection_ends_with_a_goodbye(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server(), http={"idle_timeout": "1s"}))
    with H2Wire.connect(fairlead.listener()) as wire:
        assert wire.exchange().status == 200
        assert wire.read_to_end() == (1, 0)
