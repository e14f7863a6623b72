"""Early data (0-RTT): what is served before a TLS handshake is over, what waits, and what servers hear of it (RFC 8470)."""

import base64
import contextlib
import os
import pathlib
import socket
import subprocess
import threading
from typing import Any

import pytest

from tests.support import configs
from tests.support.access_log import AccessLogFile
from tests.support.certificates import Authority, Identity
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.openssl import OPENSSL, Visit, s_client
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire

NAME = "www.example.org"


def http1(method: str = "GET", target: str = "/", *fields: str, body: str = "", close: bool = True) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {NAME}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Authority().leaf(NAME)


@pytest.fixture
def requests() -> list:
    return []


@pytest.fixture
def origin(requests: list):
    def answer(wire: Wire) -> None:
        while True:
            request = wire.read_request()
            requests.append(request)
            status = "425 Too Early" if request.target == "/425" else "200 OK"
            wire.send(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok".encode())

    with ScriptedOrigin(answer) as started:
        yield started


def site(origin: ScriptedOrigin, identity: Identity, **tls: Any) -> dict:
    snapshot = configs.site({"id": "s", "address": origin.address})
    return configs.over_tls(snapshot, identity.resource("c"), **{"early_data": True, **tls})


def serve(fairlead: Fairlead, snapshot: dict) -> None:
    with fairlead.connect() as control:
        control.replace(snapshot)


class Client:
    """openssl s_client, which comes twice: for a ticket, and with early data."""

    def __init__(self, fairlead: Fairlead, directory: pathlib.Path, *arguments: str):
        self._fairlead = fairlead
        self._session = directory / "session"
        self._early = directory / "early"
        self._arguments = ("-servername", NAME, *arguments)

    def take_ticket(self, request: bytes = http1()) -> Visit:
        made = s_client(
            self._fairlead.listener(), *self._arguments, "-sess_out", self._session, request=request
        )
        assert "Max Early Data: 16384" in made.output, made.output
        return made

    def come_back(self, early: bytes, request: bytes = b"") -> Visit:
        self._early.write_bytes(early)
        arguments = ("-sess_in", self._session, "-early_data", self._early)
        # The proxy gets the early data with the ClientHello: what it reads late may well come with the handshake's end.
        return s_client(Recorder(self._fairlead.listener()).address, *self._arguments, *arguments, request=request)


@pytest.fixture
def client(fairlead: Fairlead, tmp_path: pathlib.Path) -> Client:
    return Client(fairlead, tmp_path)


def outcomes(fairlead: Fairlead) -> dict[str, float]:
    name = "fairlead_listener_tls_early_data_total"
    metrics = fairlead.metrics()
    return {
        outcome: count
        for outcome in ("taken", "replayed", "no_room", "refused")
        if (count := metrics[f'{name}{{listener="web",outcome="{outcome}"}}'])
    }


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_what_is_safe_is_served_at_once_and_servers_are_told(fairlead, client, origin, identity, requests, method):
    serve(fairlead, site(origin, identity))
    client.take_ticket()
    made = client.come_back(http1(method, "/early"))
    assert (made.resumed, made.early_data) == (True, "accepted")
    assert "200 OK" in made.output
    assert [(request.method, request.target) for request in requests] == [("GET", "/"), (method, "/early")]
    assert [request.get("Early-Data") for request in requests] == [None, "1"]
    assert outcomes(fairlead) == {"taken": 1}


def test_early_data_is_off_by_default(fairlead, tmp_path, origin, identity):
    serve(fairlead, site(origin, identity, early_data=False))
    made = s_client(fairlead.listener(), "-servername", NAME, request=http1())
    assert "Max Early Data: 0" in made.output


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_what_is_not_safe_waits_for_the_handshake(fairlead, client, origin, identity, requests, method):
    serve(fairlead, site(origin, identity))
    client.take_ticket()
    made = client.come_back(http1(method, "/early", body="some words"))
    assert made.early_data == "accepted"
    assert "200 OK" in made.output
    assert (requests[1].method, requests[1].body) == (method, b"some words")
    assert requests[1].get("Early-Data") is None, "it is no recording: its client has finished the handshake"


def test_a_change_of_protocol_waits(fairlead, client, origin, identity, requests):
    serve(fairlead, site(origin, identity))
    client.take_ticket()
    fields = ("Upgrade: websocket", "Connection: upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAA")
    made = client.come_back(http1("GET", "/early", *fields, close=False), http1())
    assert made.early_data == "accepted"
    wait_until(lambda: len(requests) > 1, "it to come")
    assert requests[1].get("Early-Data") is None


def test_requests_keep_their_order_on_a_connection(fairlead, client, origin, identity, requests):
    serve(fairlead, site(origin, identity))
    client.take_ticket()
    early = http1("GET", "/1", close=False) + http1("POST", "/2", close=False, body="x") + http1("GET", "/3")
    made = client.come_back(early)
    assert made.output.count("200 OK") == 3
    assert [request.target for request in requests[1:]] == ["/1", "/2", "/3"]
    assert [request.get("Early-Data") for request in requests[1:]] == ["1", None, None]


def test_a_body_may_come_in_part_early(fairlead, client, origin, identity, requests):
    serve(fairlead, site(origin, identity))
    client.take_ticket()
    body = "b" * 40_000
    request = http1("POST", "/early", body=body)
    client.come_back(request[:9_000], request[9_000:])
    assert requests[1].body == body.encode()


def test_clients_words_are_passed_on(fairlead, client, origin, identity, requests):
    """A client that is a proxy itself says that it is early (RFC 8470 §5.1): waiting is no help against that."""
    serve(fairlead, site(origin, identity))
    client.take_ticket(http1("POST", "/", "Early-Data: 1", body="x"))
    client.come_back(http1("GET", "/", "Early-Data: 1"))
    client.come_back(http1("GET", "/", "Connection: Early-Data"))
    assert [request.all("Early-Data") for request in requests] == [["1"], ["1"], ["1"]]


def test_too_early_is_passed_on(fairlead, client, origin, identity, requests):
    serve(fairlead, site(origin, identity))
    client.take_ticket()
    assert "425 Too Early" in client.come_back(http1("GET", "/425")).output
    assert len(requests) == 2, "the client decides whether to ask again (RFC 8470 §5.2)"


def test_a_rule_can_not_hide_that_a_request_is_early(fairlead, client, origin, identity, requests):
    snapshot = site(origin, identity)
    rule = snapshot["route_tables"][0]["virtual_hosts"][0]["rules"][0]
    rule["request_headers"] = {"remove": ["Early-Data"]}
    serve(fairlead, snapshot)
    client.take_ticket()
    client.come_back(http1())
    assert requests[1].get("Early-Data") == "1"


def test_over_http2(fairlead, tmp_path, origin, identity, requests):
    """Streams are held each for itself."""

    def request(stream: int, method: str, path: str) -> bytes:
        fields = [(":method", method), (":scheme", "https"), (":authority", NAME), (":path", path)]
        return h2_request(stream, fields)

    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
    serve(fairlead, site(origin, identity))
    client = Client(fairlead, tmp_path, "-alpn", "h2")
    goodbye = frame(7, 0, 0, bytes(8))
    client.take_ticket(preface + goodbye)
    early = preface + request(1, "POST", "/1") + request(3, "GET", "/3") + request(5, "DELETE", "/5")
    made = client.come_back(early, goodbye)
    assert made.early_data == "accepted"
    wait_until(lambda: len(requests) == 3, lambda: f"three requests; {requests}")
    told = {request.target: request.get("Early-Data") for request in requests}
    assert told == {"/1": None, "/3": "1", "/5": None}


def test_the_access_log_tells_of_it(bench: Workbench, io: str, tmp_path, origin, identity):
    log = AccessLogFile(bench.directory / "access.log")
    fairlead = Fairlead(bench, io, flags=(f"--access_log=file:{log.path}",))
    serve(fairlead, site(origin, identity))
    client = Client(fairlead, tmp_path)
    client.take_ticket()
    client.come_back(http1("GET", "/early", close=False) + http1("POST", "/waits", body="x"))
    told = {entry["path"]: entry["tls_early_data"] for entry in log.wait(3)}
    assert told == {"/": False, "/early": True, "/waits": False}


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def h2_request(stream: int, fields: list[tuple[str, str]]) -> bytes:
    """HEADERS with END_STREAM and END_HEADERS, without HPACK's tables."""
    block = b"".join(
        b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in fields
    )
    return frame(1, 0x5, stream, block)


class Recorder:
    """Stands between a client and the proxy, and keeps what the client has sent first; `silent`: passes on no more than
    that, so that the handshake never ends."""

    def __init__(self, target: str, *, silent: bool = False):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listening.getsockname()[1]
        self.first = b""
        self.said_goodbye = threading.Event()
        self._target = target
        self._silent = silent
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        host, port = self._target.rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.settimeout(20)
        # ClientHello and early data are one flight.
        while not has_application_data(self.first):
            self.first += client.recv(65536)
        server.sendall(self.first)
        if self._silent:
            server.settimeout(20)
            with contextlib.suppress(ConnectionResetError):
                while server.recv(65536):
                    pass
            self.said_goodbye.set()
            client.close()
            return
        threading.Thread(target=pump, args=(client, server), daemon=True).start()
        pump(server, client)


def has_application_data(records: bytes) -> bool:
    """Whether a whole record of that type is among them (RFC 8446 §5.1)."""
    while len(records) >= 5 and len(records) >= (end := 5 + int.from_bytes(records[3:5], "big")):
        if records[0] == 23:
            return True
        records = records[end:]
    return False


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def come_back_by(address: str, directory: pathlib.Path, early: bytes) -> subprocess.Popen:
    (directory / "early").write_bytes(early)
    arguments = ("-sess_in", directory / "session", "-early_data", directory / "early", "-servername", NAME, "-ign_eof")
    return subprocess.Popen(
        [OPENSSL, "s_client", "-connect", address, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )


def test_a_recording_is_not_played_again(fairlead, client, tmp_path, origin, identity, requests):
    serve(fairlead, site(origin, identity))
    client.take_ticket()
    recorder = Recorder(fairlead.listener())
    out, _ = come_back_by(recorder.address, tmp_path, http1("GET", "/early")).communicate(timeout=20)
    assert b"Early data was accepted" in out
    assert len(requests) == 2
    # Whatever worker it comes to.
    for played in range(1, 5):
        with fairlead.open() as wire:
            wire.send(recorder.first)
            assert wire.socket.recv(1), "the server's part of a handshake, in which early data is refused"
        wait_until(lambda: outcomes(fairlead).get("replayed") == played, lambda: f"it to be counted; {outcomes(fairlead)}")
    assert len(requests) == 2
    assert outcomes(fairlead) == {"taken": 1, "replayed": 4}


def test_who_does_not_finish_the_handshake_gets_nothing_done(fairlead, client, tmp_path, origin, identity, requests):
    serve(fairlead, site(origin, identity, handshake_timeout="0.5s"))
    client.take_ticket()
    recorder = Recorder(fairlead.listener(), silent=True)
    visitor = come_back_by(recorder.address, tmp_path, http1("POST", "/early", body="x"))
    assert recorder.said_goodbye.wait(20)
    visitor.communicate(timeout=20)
    assert [request.method for request in requests] == ["GET"]
    assert fairlead.metrics()['fairlead_listener_tls_handshake_timeouts_total{listener="web"}'] == 1
    wait_until(
        lambda: fairlead.metrics()['fairlead_listener_open_connections{listener="web"}'] == 0, "no connection"
    )


def test_a_fleets_tickets_are_no_earlier_than_its_memory(fairlead, client, origin, identity, requests):
    """Another process, or the one before, may have seen them: early data waits until what it saw is stale."""

    snapshot = site(origin, identity, ticket_keys="fleet")
    key = {"key": {"inline_bytes": base64.b64encode(os.urandom(80)).decode()}}
    snapshot["ticket_keys"] = [{"id": "fleet", "keys": [key]}]
    serve(fairlead, snapshot)
    client.take_ticket()
    made = client.come_back(http1("GET", "/early"), http1("GET", "/late"))
    assert (made.resumed, made.early_data) == (True, "rejected")
    assert [request.target for request in requests] == ["/", "/late"]
    assert outcomes(fairlead) == {"no_room": 1}


def test_clients_are_known_by_the_session(bench, fairlead, tmp_path, origin, identity, requests):
    clients = Authority("Clients")
    chain, key = clients.leaf("alice", for_clients=True).write(bench.directory, "alice")
    snapshot = site(
        origin, identity, client_auth={"mode": "REQUIRED", "trust": "clients", "forward_headers": True}
    )
    snapshot["trust_bundles"] = [configs.trust_bundle("clients", clients.roots)]
    serve(fairlead, snapshot)
    client = Client(fairlead, tmp_path, "-cert", str(chain), "-key", str(key))
    client.take_ticket()
    assert client.come_back(http1()).early_data == "accepted"
    assert [request.get("X-Client-Cert-Subject") for request in requests] == ["CN=alice"] * 2
    assert requests[1].get("Early-Data") == "1"


def test_a_listener_of_tcp_can_not_tell(fairlead, origin, identity):
    snapshot = site(origin, identity)
    listener = snapshot["listeners"][0]
    del listener["http"]
    listener["tcp"] = {"backend": "web"}
    with fairlead.connect() as control:
        assert violations(control.reject_snapshot(snapshot)) == {'listeners["web"].tls.early_data': "INVALID_ARGUMENT"}
