"""Upgrades (RFC 9110 §7.8): a connection that changes its protocol is a tunnel, a refusal an ordinary response."""

import asyncio
import signal
import threading

import pytest
import websockets

from tests.support import configs, h2_frames
from tests.support.fairlead import Fairlead
from tests.support.h2_frames import Setting
from tests.support.h2_origin import H2Origin
from tests.support.h2_wire import H2Wire
from tests.support.kernel_buffers import most_of_a_connection
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Closed, Wire, get

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
UPGRADE = get("/chat", "Connection: Upgrade", "Upgrade: websocket")
# In the kernel's buffers on both sides of the proxy, and a little in the proxy.
MOST_UNDER_WAY = 2 * most_of_a_connection() + 1024 * 1024


def serve(fairlead: Fairlead, origin: ScriptedOrigin, rule: dict | None = None, **backend) -> None:
    snapshot = configs.site({"id": "scripted", "address": origin.address}, **backend)
    snapshot["route_tables"][0]["virtual_hosts"][0]["rules"][0].update(rule or {})
    with fairlead.connect() as control:
        control.replace(snapshot)


def switching(then=lambda wire: wire.take_rest(), seen: list | None = None):
    """A script that changes the protocol and goes on with `then`; every request is kept in `seen`."""

    def script(wire: Wire) -> None:
        request = wire.read_request()
        if seen is not None:
            seen.append(request)
        wire.send(SWITCHING)
        then(wire)

    return script


def echo(wire: Wire) -> None:
    """Sends back what comes, until the client's end, and only then ends itself."""
    while True:
        if not wire.buffer and not wire._fill():
            return
        wire.send(wire.take(len(wire.buffer)))


def open_tunnel(fairlead: Fairlead, **options) -> Wire:
    wire = fairlead.open(**options)
    wire.send(UPGRADE)
    assert wire.read_head().status == 101
    return wire


def test_the_request_is_forwarded_anew_and_then_bytes_pass_both_ways(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(switching(echo, seen)) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            wire.send(
                get("/chat", "Connection: keep-alive, Upgrade, X-Hop", "Upgrade: websocket", "X-Hop: 1", "X-End: 2",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "TE: trailers")
            )
            assert wire.read_head().head == SWITCHING
            assert seen[0].head == (
                b"GET /chat HTTP/1.1\r\nHost: test\r\nX-End: 2\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
            )
            # Nothing is taken for a request any more.
            for data in (b"\x81\x05hello", get("/").encode(), b"0\r\n\r\n", bytes(range(256))):
                wire.send(data)
                assert wire.take(len(data)) == data
            metrics = fairlead.metrics()
            assert metrics["fairlead_active_tunnels"] == metrics["fairlead_active_requests"] == 1
            wire.finish_writing()
            assert wire.is_closed()
        wait_until(lambda: fairlead.metrics()["fairlead_active_requests"] == 0, "the tunnel has ended")
        assert fairlead.metrics()["fairlead_tunnels_total"] == 1


def test_bytes_that_come_before_the_101_are_held_until_the_tunnel_stands(fairlead: Fairlead):
    answered = threading.Event()
    first: list[bytes] = []

    def script(wire: Wire) -> None:
        wire.read_request()
        first.append(bytes(wire.buffer))
        assert wire.stays_open()
        answered.set()
        wire.send(SWITCHING + b"hi")
        assert wire.take(5) == b"early"

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            wire.send(UPGRADE + "early")
            assert wire.read_head().status == 101
            assert answered.is_set() and first == [b""]
            assert wire.take(2) == b"hi"
            assert wire.is_closed()
        assert not origin.errors


@pytest.mark.parametrize("client_first", [True, False])
def test_each_direction_ends_on_its_own(fairlead: Fairlead, client_first: bool):
    def script(wire: Wire) -> None:
        if client_first:
            assert wire.take_rest() == b"last words"
            wire.send(b"x" * 300_000)
        else:
            wire.send(b"x" * 300_000)
            wire.finish_writing()
            assert wire.take_rest() == b"last words"
        ended.set()

    ended = threading.Event()
    with ScriptedOrigin(switching(script)) as origin:
        serve(fairlead, origin)
        with open_tunnel(fairlead) as wire:
            if client_first:
                wire.send(b"last words")
                wire.finish_writing()
                assert wire.take_rest() == b"x" * 300_000
            else:
                assert wire.take_rest() == b"x" * 300_000
                wire.send(b"last words")
                wire.finish_writing()
            assert ended.wait(20)
        assert not origin.errors


def test_the_last_bytes_reach_a_server_that_reads_slowly(fairlead: Fairlead):
    size = 8_000_000
    go_on = threading.Event()
    received: list[int] = []

    def script(wire: Wire) -> None:
        wire.finish_writing()
        go_on.wait(20)
        received.append(len(wire.take_rest()))

    with ScriptedOrigin(switching(script)) as origin:
        serve(fairlead, origin)
        with open_tunnel(fairlead) as wire:
            sender = threading.Thread(target=lambda: (wire.send(b"y" * size), wire.finish_writing()))
            sender.start()
            go_on.set()
            sender.join(20)
            wait_until(lambda: received == [size], lambda: f"all {size} bytes arrive; {received}")
        assert not origin.errors


def test_a_reader_that_stops_stops_the_writer(fairlead: Fairlead):
    taken: list[int] = []

    def script(wire: Wire) -> None:
        taken.append(wire.send_until_blocked(b"z" * 65_536, 2 * MOST_UNDER_WAY))

    before = fairlead.resident_kib()
    with ScriptedOrigin(switching(script)) as origin:
        serve(fairlead, origin)
        with open_tunnel(fairlead, receive_buffer=4096) as wire:
            wait_until(lambda: taken, "the server can send no more")
            assert taken[0] < MOST_UNDER_WAY
            assert fairlead.resident_kib() - before < 16 * 1024
            total = taken[0]
            while total > 0:
                total -= len(wire.take(min(total, 65_536)))


def test_a_writer_that_floods_a_server_that_reads_nothing_is_stopped(fairlead: Fairlead):
    done = threading.Event()
    with ScriptedOrigin(switching(lambda wire: done.wait(60))) as origin:
        serve(fairlead, origin)
        before = fairlead.resident_kib()
        with open_tunnel(fairlead) as wire:
            assert wire.send_until_blocked(b"z" * 65_536, 2 * MOST_UNDER_WAY) < MOST_UNDER_WAY
            assert fairlead.resident_kib() - before < 16 * 1024
        done.set()


def test_a_websocket_that_both_sides_end_at_once_is_over(fairlead: Fairlead):
    """The client has ended its side before the tunnel stands, and the server ends its own with the answer."""

    def script(wire: H2Wire) -> None:
        stream = wire.accept_stream()
        head = h2_frames.block((":status", "200"))
        wire.send(h2_frames.headers(stream.id, head, end=False) + h2_frames.data(stream.id, b"bye", end=True))
        wire.wait(lambda: stream.is_over, "the other direction ends")
        wire.read_to_end()

    with H2Origin(script, settings={Setting.ENABLE_CONNECT_PROTOCOL: 1}) as origin:
        serve(fairlead, origin, protocol="HTTP2")
        with fairlead.open() as wire:
            wire.send(get("/", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
            wire.finish_writing()
            assert wire.take_rest().endswith(b"\r\n\r\nbye")
        for gauge in ("fairlead_active_requests", "fairlead_active_tunnels"):
            wait_until(lambda gauge=gauge: fairlead.metrics()[gauge] == 0, f"{gauge} is 0")
        assert not origin.errors


def test_a_refusal_is_an_ordinary_response_and_the_connection_is_kept(fairlead: Fairlead):
    def script(wire: Wire) -> None:
        while True:
            wire.read_request()
            wire.send(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            for _ in range(3):
                response = wire.request(UPGRADE)
                assert (response.status, response.body) == (403, b"no")
        assert origin.connections == 1
        assert fairlead.metrics()["fairlead_tunnels_total"] == 0


def test_426_names_the_protocol_that_is_required(fairlead: Fairlead):
    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: upgrade\r\n"
                  b"Upgrade: h2c, websocket\r\n\r\n")

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            response = wire.request(get("/"))
            assert (response.status, response.get("upgrade")) == (426, "websocket")
            assert response.connection_options() == {"upgrade"}


# Fields of a request, the rule's `upgrades`, and the Upgrade field that the server is to see.
NOT_AND_WHAT = {
    "h2c": (["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"], None, None),
    "HTTP2-Settings that Connection does not name": (["HTTP2-Settings: AAMAAABkAAQAAP__"], None, None),
    "another protocol": (["Connection: Upgrade", "Upgrade: tcp"], None, None),
    "without Connection": (["Upgrade: websocket"], None, None),
    "websocket where none may": (["Connection: Upgrade", "Upgrade: websocket"], ["none"], None),
    "websocket where another may": (["Connection: Upgrade", "Upgrade: websocket"], ["tcp"], None),
    "the one of several that may": (["Connection: Upgrade", "Upgrade: h2c, TCP, websocket"], ["tcp"], "TCP"),
    "one with a version": (["Connection: upgrade", "Upgrade: SPDY/3.1"], ["spdy/3.1"], "SPDY/3.1"),
    "in several fields": (["Connection: upgrade", "Upgrade: a", "Upgrade: websocket"], None, "websocket"),
}


@pytest.mark.parametrize("case", NOT_AND_WHAT)
def test_only_upgrades_that_are_allowed_are_forwarded(fairlead: Fairlead, case: str):
    lines, upgrades, expected = NOT_AND_WHAT[case]
    seen: list = []

    def script(wire: Wire) -> None:
        while True:
            seen.append(wire.read_request())
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin, {"upgrades": upgrades} if upgrades else None)
        with fairlead.open() as wire:
            assert wire.request(get("/", *lines)).body == b"ok"
            assert wire.request(get("/")).body == b"ok"
    assert seen[0].get("upgrade") == expected
    assert seen[0].connection_options() == ({"upgrade"} if expected else set())
    assert seen[0].get("http2-settings") is None


def test_http_1_0_does_not_upgrade(fairlead: Fairlead):
    seen: list = []

    def script(wire: Wire) -> None:
        seen.append(wire.read_request())
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            assert wire.request(get("/", "Connection: Upgrade", "Upgrade: websocket", version="1.0")).status == 200
    assert seen[0].get("upgrade") is None


# What a request asks for, and the answer that changes to something else.
WRONG_101 = {
    "nobody asked": (get("/"), SWITCHING),
    "another protocol": (UPGRADE, b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
    "two protocols": (UPGRADE, b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n\r\n"),
    "no protocol": (UPGRADE, b"HTTP/1.1 101 x\r\nConnection: upgrade\r\n\r\n"),
    "no Connection": (UPGRADE, b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n"),
    "asked for what may not be": (get("/", "Connection: upgrade", "Upgrade: tcp"),
                                  b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n"),
    "before the request was whole": ("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                                     "Content-Length: 5\r\n\r\n1", SWITCHING),
}


@pytest.mark.parametrize("case", WRONG_101)
def test_a_change_that_was_not_asked_for_is_502(fairlead: Fairlead, case: str):
    request, answer = WRONG_101[case]

    def script(wire: Wire) -> None:
        wire.read_head()
        wire.send(answer + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
        wire.take_rest()

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            response = wire.request(request)
            assert response.status == 502
            assert b"bad" not in response.body
        assert fairlead.metrics()["fairlead_tunnels_total"] == 0


def test_a_request_with_a_body_may_upgrade(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(switching(echo, seen)) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            wire.send("POST /exec HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\ntunnel")
            assert wire.read_head().status == 101
            assert wire.take(6) == b"tunnel"
            assert seen[0].body == b"body"


def test_interim_responses_come_first(fairlead: Fairlead):
    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + SWITCHING)
        echo(wire)

    with ScriptedOrigin(script) as origin:
        serve(fairlead, origin)
        with fairlead.open() as wire:
            wire.send(UPGRADE)
            assert [wire.read_head().status, wire.read_head().status] == [103, 101]
            wire.send(b"ping")
            assert wire.take(4) == b"ping"


def test_a_tunnel_without_a_byte_is_closed_after_its_time(fairlead: Fairlead):
    ended = threading.Event()

    def script(wire: Wire) -> None:
        try:
            wire.take_rest()
        finally:
            ended.set()

    with ScriptedOrigin(switching(script)) as origin:
        serve(fairlead, origin, timeouts={"tunnel_idle": "3s", "idle": "0.5s", "response": "1s"})
        with open_tunnel(fairlead) as wire:
            for _ in range(3):
                assert wire.stays_open(1.2)  # beyond the other times, and together beyond the tunnel's
                wire.send(b"x")
            assert wire.is_closed()
        assert ended.wait(20)
        assert fairlead.metrics()['fairlead_limit_reached_total{limit="timeouts.tunnel_idle"}'] == 1


def test_a_tunnel_survives_revisions(fairlead: Fairlead):
    with ScriptedOrigin(switching(echo)) as origin, ScriptedOrigin(echo) as other:
        serve(fairlead, origin)
        with open_tunnel(fairlead) as wire:
            serve(fairlead, other)
            with fairlead.connect() as control:
                control.replace({"listeners": [], "route_tables": [], "backends": []})
            wire.send(b"still here")
            assert wire.take(10) == b"still here"


def test_maintenance_cuts_tunnels(fairlead: Fairlead):
    broken: list[BaseException | None] = []

    def script(wire: Wire) -> None:
        try:
            wire.take(1)
        except (Closed, OSError) as error:
            broken.append(error)

    with ScriptedOrigin(switching(script)) as origin:
        serve(fairlead, origin)
        with open_tunnel(fairlead) as wire:
            with fairlead.connect() as control:
                control.apply(configs.upsert_server(
                    "web", {"id": "scripted", "address": origin.address, "admin_state": "MAINT"}))
            assert wire.is_closed()
            wait_until(lambda: broken, "the server hears of it")


@pytest.mark.parametrize("by", ["client", "server"])
def test_a_reset_goes_through(fairlead: Fairlead, by: str):
    seen: list[str] = []

    def script(wire: Wire) -> None:
        if by == "server":
            wire.reset()
            return
        try:
            wire.socket.recv(1)
        except ConnectionResetError:
            seen.append("reset")

    with ScriptedOrigin(switching(script)) as origin:
        serve(fairlead, origin)
        wire = open_tunnel(fairlead)
        if by == "client":
            wire.reset()
            wait_until(lambda: seen == ["reset"], "the server hears of it")
        else:
            with pytest.raises(ConnectionResetError):
                wire.socket.recv(1)
        wait_until(lambda: fairlead.metrics()["fairlead_active_tunnels"] == 0, "nothing is left of it")


def test_a_tunnel_drains_until_the_drain_timeout(bench: Workbench, io: str):
    fairlead = Fairlead(bench, io, flags=("--drain_timeout=2s",))
    with ScriptedOrigin(switching(echo)) as origin:
        serve(fairlead, origin)
        with open_tunnel(fairlead) as wire:
            fairlead.process.send_signal(signal.SIGTERM)
            wire.send(b"still here")
            assert wire.take(10) == b"still here"
            assert wire.is_closed()
            assert fairlead.process.wait_exit() == 0


def test_a_tunnel_that_ends_lets_a_draining_proxy_end(bench: Workbench, io: str):
    fairlead = Fairlead(bench, io, flags=("--drain_timeout=60s",))
    with ScriptedOrigin(switching(echo)) as origin:
        serve(fairlead, origin)
        with open_tunnel(fairlead) as wire:
            fairlead.process.send_signal(signal.SIGTERM)
            wire.finish_writing()
            assert wire.is_closed()
            assert fairlead.process.wait_exit() == 0


def test_a_real_client_talks_to_a_real_server(fairlead: Fairlead):
    async def talk() -> None:
        async def answer(connection) -> None:
            async for message in connection:
                await connection.send(message)

        async with websockets.serve(answer, "127.0.0.1", 0, max_size=None) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.to_thread(serve_port, port)
            address = await asyncio.to_thread(fairlead.listener)
            async with websockets.connect(f"ws://{address}/chat", max_size=None) as client:
                for message in ("hello", "", "ü" * 1000, b"\0" * 70_000, "x" * 1_000_000):
                    await client.send(message)
                    assert await asyncio.wait_for(client.recv(), 20) == message
                pong = await client.ping()
                await asyncio.wait_for(pong, 20)
            assert client.close_code == 1000

    def serve_port(port: int) -> None:
        with fairlead.connect() as control:
            control.replace(configs.site({"id": "ws", "address": f"127.0.0.1:{port}"}))

    asyncio.run(talk())
