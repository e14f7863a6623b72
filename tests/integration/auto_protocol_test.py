"""Backend.protocol AUTO: each connection speaks what its server chooses by ALPN, servers differ, and change their minds."""

import base64
import threading
from collections.abc import Callable

import grpc
import pytest

from tests.support import configs, h2_frames
from tests.support.alpn_origin import HTTP1, HTTP2, AlpnOrigin
from tests.support.certificates import Authority, Identity
from tests.support.fairlead import Fairlead
from tests.support.grpc_peers import GrpcClient, GrpcOrigin
from tests.support.h2_frames import Error, Setting
from tests.support.h2_wire import H2Wire, connect_websocket
from tests.support.nginx import Nginx
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.websocket import accept_value
from tests.support.wire import Closed, Wire, get

NAME = "web.internal"
UPGRADE = get(
    "/chat", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}",
)  # fmt: skip


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Servers")


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Identity:
    return authority.leaf(NAME, "127.0.0.1", "localhost")


@pytest.fixture
def one_worker(bench: Workbench, io: str) -> Fairlead:
    return Fairlead(bench, io, workers=1)


def serve(fairlead: Fairlead, authority: Authority, *servers: object, **fields) -> None:
    """All requests go to these servers: origins, or what the API says of them."""
    described = [
        entry if isinstance(entry, dict) else {"id": f"s{number}", "address": entry.address}
        for number, entry in enumerate(servers)
    ]
    site = configs.site(*described, **{"protocol": "AUTO", "tls": {"server_name": NAME, "trust": "servers"}, **fields})
    site["trust_bundles"] = [configs.trust_bundle("servers", authority.roots)]
    with fairlead.connect() as control:
        control.replace(site)


def ask_at_once(fairlead: Fairlead, count: int) -> list[bytes]:
    """What that many clients get who all ask before any has been answered."""
    wires = [fairlead.open() for _ in range(count)]
    for wire in wires:
        wire.send(get("/"))
    bodies = []
    for wire in wires:
        response = wire.read_response()
        assert response.status == 200, (response.start_line, response.body)
        bodies.append(response.body)
        wire.close()
    return bodies


def nginx(bench: Workbench, identity: Identity, *, http2: bool, name: str) -> Nginx:
    chain, key = identity.write(bench.directory, name)
    return Nginx(
        bench,
        f"ssl_certificate {chain}; ssl_certificate_key {key};"
        ' location / { return 200 "$server_protocol $connection $connection_requests"; }',
        listen="ssl http2" if http2 else "ssl",
        name=name,
    )


@pytest.mark.parametrize(("http2", "said"), [(True, b"HTTP/2.0"), (False, b"HTTP/1.1")])
def test_a_real_server_of_either_kind(
    bench: Workbench, one_worker: Fairlead, authority: Authority, identity: Identity, http2: bool, said: bytes
):
    serve(one_worker, authority, nginx(bench, identity, http2=http2, name="nginx"))
    with one_worker.open() as wire:
        answers = [wire.request(get("/")).body.split() for _ in range(5)]
    assert {answer[0] for answer in answers} == {said}
    assert [answer[2] for answer in answers] == [b"1", b"2", b"3", b"4", b"5"], "one connection for all"
    assert one_worker.metrics()["fairlead_upstream_http2_connections"] == http2


def test_servers_of_one_backend_differ(bench: Workbench, fairlead: Fairlead, authority: Authority, identity: Identity):
    both = [nginx(bench, identity, http2=http2, name=f"nginx{http2}") for http2 in (False, True)]
    serve(fairlead, authority, *both)
    answers = [body.split()[0] for _ in range(10) for body in ask_at_once(fairlead, 10)]
    assert sorted(set(answers)) == [b"HTTP/1.1", b"HTTP/2.0"]
    assert 40 <= answers.count(b"HTTP/2.0") <= 60


def test_a_server_without_alpn_speaks_http1(one_worker: Fairlead, authority: Authority, identity: Identity):
    with AlpnOrigin(identity, None) as origin:
        serve(one_worker, authority, origin)
        assert ask_at_once(one_worker, 10) == [b"http/1.1 "] * 10
        assert set(origin.spoken) == {None}


def test_requests_share_the_connection_of_a_server_of_http2(one_worker: Fairlead, authority: Authority, identity: Identity):
    with AlpnOrigin(identity, HTTP2) as origin:
        serve(one_worker, authority, origin)
        for _ in range(3):
            assert ask_at_once(one_worker, 50) == [b"h2 "] * 50
        assert origin.spoken == [HTTP2], "also of those that came while it was not known what it speaks"
        assert one_worker.metrics()["fairlead_retries_total"] == 0


def test_requests_to_a_server_of_http1_wait_for_each_other_once_at_most(
    one_worker: Fairlead, authority: Authority, identity: Identity
):
    together = threading.Barrier(10)

    def answer(wire: Wire) -> None:
        while True:
            wire.read_request()
            together.wait(20)
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with AlpnOrigin(identity, HTTP1, on_http1=answer) as origin:
        serve(one_worker, authority, origin)
        # Each needs a connection of its own, or none is ever answered.
        for _ in range(3):
            assert ask_at_once(one_worker, 10) == [b"ok"] * 10
        assert len(origin.spoken) == 10
        assert one_worker.metrics()["fairlead_retries_total"] == 0, "to wait in vain is no failed attempt"
        assert not origin.errors


@pytest.mark.parametrize("protocol", [HTTP1, HTTP2])
def test_no_more_connections_than_allowed(one_worker: Fairlead, authority: Authority, identity: Identity, protocol: str):
    with AlpnOrigin(identity, protocol) as origin:
        server = {"id": "s", "address": origin.address, "max_connections": 2}
        serve(one_worker, authority, server, limits={"queue_length": 100, "queue_timeout": "20s"}, http2={"max_concurrent_streams": 4})
        for _ in range(3):
            assert ask_at_once(one_worker, 50) == [f"{protocol} ".encode()] * 50
        assert len(origin.spoken) <= 2


def test_a_server_may_be_deployed_anew(one_worker: Fairlead, authority: Authority, identity: Identity):
    with AlpnOrigin(identity, HTTP1) as origin:
        serve(one_worker, authority, origin, pool={"idle_timeout": "0.05s"})
        for protocol in (HTTP1, HTTP2, HTTP1, None, HTTP2):
            origin.choose(protocol)
            idle = 'fairlead_server_open_connections{backend="web",server="s0"}'
            wait_until(lambda: one_worker.metrics().get(idle, 0) == 0, "the old connections have gone")
            assert set(ask_at_once(one_worker, 20)) == {f"{protocol or HTTP1} ".encode()}


def test_none_is_lost_however_often_a_server_changes_its_mind(fairlead: Fairlead, authority: Authority, identity: Identity):
    """As behind a balancer of connections whose servers differ."""
    with AlpnOrigin(identity, HTTP1, HTTP2, None, HTTP2, HTTP2, HTTP1, None) as origin:
        serve(fairlead, authority, origin, pool={"max_idle_connections": 0})
        for _ in range(10):
            ask_at_once(fairlead, 40)
        assert {HTTP1, HTTP2, None} == set(origin.spoken)
        wait_until(lambda: fairlead.metrics()["fairlead_upstream_http2_connections"] == 0, "all connections have ended")


def test_a_body_is_sent_whatever_is_spoken(fairlead: Fairlead, authority: Authority, identity: Identity):
    body = bytes(range(256)) * 4_000
    with AlpnOrigin(identity, HTTP1, HTTP2) as origin:
        serve(fairlead, authority, origin, pool={"max_idle_connections": 0})

        def post(path: str) -> None:
            with fairlead.open() as wire:
                head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                sender = threading.Thread(target=lambda: wire.send(head + body))
                sender.start()
                answers.append(wire.read_response().body)
                sender.join()

        answers: list[bytes] = []
        clients = [threading.Thread(target=post, args=(f"/{number}",)) for number in range(12)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert {answer.partition(b" ")[2] for answer in answers} == {body}
        assert len(answers) == 12


def test_what_a_server_refuses_is_sent_again(one_worker: Fairlead, authority: Authority, identity: Identity):
    refused = threading.Event()

    def refuse_once(wire: H2Wire) -> None:
        for stream in wire.accept_streams():
            if not refused.is_set():
                refused.set()
                wire.send(h2_frames.rst_stream(stream.id, Error.REFUSED_STREAM))
            else:
                wire.respond(stream, 200, body=bytes(stream.body))

    with AlpnOrigin(identity, HTTP2, on_http2=refuse_once) as origin:
        serve(one_worker, authority, origin)
        with one_worker.open() as wire:
            response = wire.request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
            assert (response.status, response.body) == (200, b"body")


def echo_upgraded(wire: Wire) -> None:
    """A WebSocket server, as far as it matters here; its last word is close_notify, so that its end is none by force."""
    while True:
        request = wire.read_request()
        if request.get("upgrade") is None:
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            continue
        accepted = accept_value(request.get("sec-websocket-key") or "")
        wire.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Accept: {accepted}\r\n\r\n"
        )
        try:
            while True:
                wire.send(wire.take(1))
        except Closed:
            wire.socket.unwrap()
            return


@pytest.mark.parametrize("kind", ["chooses HTTP/1.1", "has HTTP/2 without RFC 8441", "has HTTP/2 with RFC 8441"])
@pytest.mark.parametrize("client", ["HTTP/1.1", "HTTP/2"])
def test_websockets_reach_servers_of_all_kinds(
    fairlead: Fairlead, authority: Authority, identity: Identity, kind: str, client: str
):
    """What a server's HTTP/2 can't carry goes to it by HTTP/1.1, as browsers have it."""

    def echo_stream(wire: H2Wire) -> None:
        while True:
            stream = wire.accept_stream()
            assert stream.get(":scheme") == "https"
            if stream.get(":protocol") is None:
                wire.finish(stream)
                wire.respond(stream, 200)
                continue
            assert settings, "it was not told that it may ask so"
            wire.send_head(stream, [(":status", "200")])
            wire.wait(lambda: len(stream.body) == 5, "what the client says")
            wire.send_body(stream, bytes(stream.body), end=False)

    settings = {Setting.ENABLE_CONNECT_PROTOCOL: 1} if kind.endswith("with RFC 8441") else {}
    # A server of HTTP/2 takes HTTP/1.1 from those that don't offer more.
    choices = (HTTP1,) if kind == "chooses HTTP/1.1" else (HTTP2,)
    with AlpnOrigin(identity, *choices, settings=settings, on_http1=echo_upgraded, on_http2=echo_stream) as origin:
        serve(fairlead, authority, origin)
        for _ in range(3):
            ask_at_once(fairlead, 1)
            if client == "HTTP/1.1":
                with fairlead.open() as wire:
                    wire.send(UPGRADE)
                    head = wire.read_head()
                    assert head.status == 101, head
                    wire.send(b"hello")
                    assert wire.take(5) == b"hello"
            else:
                with H2Wire.connect(fairlead.listener()) as wire:
                    wire.wait(lambda: wire.peer_settings, "SETTINGS")
                    stream = wire.open(connect_websocket("/chat"), end=False)
                    wire.send_body(stream, b"hello", end=False)  # at once
                    wire.wait(lambda: len(stream.body) == 5 or stream.is_over, "what was said")
                    assert bytes(stream.body) == b"hello"
        assert not origin.errors
        assert fairlead.metrics()["fairlead_upstream_failures_total"] == 0


def test_an_upgrade_that_nobody_takes_fails(fairlead: Fairlead, authority: Authority, identity: Identity):
    """Where HTTP/2 was demanded, there is no way around it; see http2_upstream_test."""
    with AlpnOrigin(identity, HTTP2) as origin:
        serve(fairlead, authority, origin, protocol="HTTP2")
        with fairlead.open() as wire:
            assert wire.request(UPGRADE).status == 502
    # A server that does not let itself be asked by HTTP/1.1 either.
    with AlpnOrigin(identity, HTTP2, on_http1=lambda wire: None) as origin:
        serve(fairlead, authority, origin)
        with fairlead.open() as wire:
            assert wire.request(UPGRADE).status == 502


def test_calls_of_grpc(fairlead: Fairlead, authority: Authority, identity: Identity):
    def both(messages, context):
        for message in messages:
            yield message.upper()
        context.set_trailing_metadata((("seen", "all"),))

    credentials = grpc.ssl_server_credentials([(identity.key.encode(), identity.chain.encode())])
    with GrpcOrigin(credentials=credentials, unary=lambda message, context: message[::-1], both=both) as origin:
        serve(fairlead, authority, origin)
        with GrpcClient(fairlead.listener()) as calls:
            assert calls.unary(b"abc", timeout=20) == b"cba"
            stream = calls.both(iter([b"a", b"b"]), timeout=20)
            assert list(stream) == [b"A", b"B"]
            assert ("seen", "all") in [tuple(entry) for entry in stream.trailing_metadata()]


def take_proxy_header(headers: list[bytes]) -> Callable[[Wire], None]:
    def take(wire: Wire) -> None:
        # Not a byte more than the header: what follows is for TLS.
        header = b""
        while not header.endswith(b"\r\n"):
            header += wire.socket.recv(1)
        headers.append(header)

    return take


@pytest.mark.parametrize(
    ("protocol", "chosen"), [("AUTO", HTTP1), ("AUTO", HTTP2), ("AUTO", None), ("HTTP2", HTTP2)]
)
def test_a_proxy_header_goes_in_front_of_tls(
    one_worker: Fairlead, authority: Authority, identity: Identity, protocol: str, chosen: str | None
):
    headers: list[bytes] = []
    with AlpnOrigin(identity, chosen, before_tls=take_proxy_header(headers)) as origin:
        serve(one_worker, authority, origin, protocol=protocol, send_proxy_protocol="V1")
        for count in (1, 2, 3):
            with one_worker.open() as wire:
                host, port = wire.socket.getsockname()
                assert wire.request(get("/")).body == f"{chosen or HTTP1} ".encode()
                assert headers[-1].startswith(f"PROXY TCP4 {host} 127.0.0.1 {port} ".encode())
            assert len(headers) == count, "each request has a connection of its own"
        # None is told of another's client.
        wires = [one_worker.open() for _ in range(10)]
        for wire in wires:
            wire.send(get("/"))
        for wire in wires:
            assert wire.read_response().status == 200
        ports = {int(header.split()[4]) for header in headers[3:]}
        assert ports == {wire.socket.getsockname()[1] for wire in wires}


def test_tcp_connections_offer_nothing(fairlead: Fairlead, authority: Authority, identity: Identity):
    with AlpnOrigin(identity, HTTP2) as origin:
        site = configs.site({"id": "s", "address": origin.address}, protocol="AUTO", tls={"server_name": NAME, "trust": "r"})
        site["trust_bundles"] = [configs.trust_bundle("r", authority.roots)]
        site["listeners"] = [{"id": "raw", "address": "127.0.0.1:0", "tcp": {"backend": "web"}}]
        site["route_tables"] = []
        with fairlead.connect() as control:
            control.replace(site)
        with fairlead.open("raw") as wire:
            assert wire.request(get("/")).body == b"http/1.1 "
        assert origin.spoken == [None]


def test_how_it_is_spoken_can_be_changed_under_load(fairlead: Fairlead, authority: Authority, identity: Identity):
    with AlpnOrigin(identity, HTTP2) as origin:
        # A server that has both, as most do: it takes HTTP/1.1 where no more is offered.
        for context in origin._contexts.values():
            context.set_alpn_protocols([HTTP2, HTTP1])
        serve(fairlead, authority, origin)
        over = threading.Event()
        failed: list[object] = []
        answered: list[int] = []

        def ask() -> None:
            while not over.is_set():
                try:
                    with fairlead.open() as wire:
                        for _ in range(5):
                            response = wire.request(get("/"))
                            if response.status != 200:
                                failed.append(response)
                            answered.append(response.status)
                except OSError as error:
                    failed.append(error)

        clients = [threading.Thread(target=ask) for _ in range(8)]
        for client in clients:
            client.start()
        for _ in range(8):
            for protocol in ("HTTP1", "AUTO", "HTTP2", "AUTO"):
                serve(fairlead, authority, origin, protocol=protocol)
                # More than can have been under way before.
                enough = len(answered) + 2 * len(clients)
                wait_until(lambda enough=enough: len(answered) >= enough or failed, "they go on")
        over.set()
        for client in clients:
            client.join()
        assert not failed
        assert {None, HTTP2} <= set(origin.spoken)


def test_in_the_clear_there_is_nothing_to_choose_by(fairlead: Fairlead):
    with fairlead.connect() as control:
        rejected = control.reject_snapshot(configs.site({"id": "s", "address": "127.0.0.1:1"}, protocol="AUTO"))
    (violation,) = rejected.violations
    assert violation.path == 'backends["web"].protocol'
    assert "AUTO without tls" in violation.message


def test_a_connection_that_cannot_be_made_is_everybodys(one_worker: Fairlead, authority: Authority, identity: Identity):
    serve(one_worker, authority, {"id": "gone", "address": closed_port()})
    wires = [one_worker.open() for _ in range(5)]
    for wire in wires:
        wire.send(get("/"))
    assert {wire.read_response().status for wire in wires} == {502}
