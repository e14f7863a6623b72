"""--access_log: each request leaves one entry, whatever becomes of it."""

import contextlib
import datetime
import re
import socket
import threading

import pytest

from tests.support import configs, h2_frames
from tests.support.access_log import AccessLogFile, apply, outcome, picked, site
from tests.support.fairlead import Fairlead
from tests.support.h2_frames import PREFACE, Setting
from tests.support.h2_wire import H2Wire, request
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get


@pytest.fixture
def log(bench: Workbench) -> AccessLogFile:
    return AccessLogFile(bench.directory / "access.log")


@pytest.fixture
def fairlead(bench: Workbench, io: str, log: AccessLogFile) -> Fairlead:
    """A proxy that logs to that file. One worker, whose lines stand in their order."""
    return Fairlead(bench, io, workers=1, flags=(f"--access_log=file:{log.path}",))


# What an entry says.


def test_an_entry_says_all_of_a_request(fairlead: Fairlead, log: AccessLogFile, start_origin):
    origin = start_origin("w1")
    apply(fairlead, site(origin.server()))
    before = datetime.datetime.now(datetime.timezone.utc)
    with fairlead.open() as wire:
        client = "{}:{}".format(*wire.socket.getsockname())
        fields = 'Referer: http://a/"x"\r\nX-Request-Id: id-1\r\nUser-Agent: agent/1.0'
        for _ in range(2):
            assert wire.request(get("/a?b=c&d=%20", fields)).body == b"w1\n"
    first, second = log.wait(2)
    assert 0 <= (datetime.datetime.fromisoformat(first["time"].replace("Z", "+00:00")) - before).total_seconds() < 30
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first["time"])
    times = {name: value for name, value in first.items() if name.endswith("_us")}
    assert {name: value for name, value in first.items() if name not in times and name != "time"} == {
        "type": "http",
        "listener": "web",
        "revision": 1,
        "route_table": "main",
        "virtual_host": "all",
        "rule": "all",
        "backend": "web",
        "server": "w1",
        "server_address": origin.address,
        "attempts": 1,
        "reused": False,
        "client": client,
        "peer": client,
        "method": "GET",
        "authority": "test",
        "path": "/a?b=c&d=%20",
        "protocol": "HTTP/1.1",
        "server_name": None,
        "tls_version": None,
        "tls_cipher": None,
        "tls_resumed": None,
        "tls_early_data": None,
        "tls_client_subject": None,
        "status": 200,
        "bytes_received": 0,
        "bytes_sent": 3,
        "request_id": "id-1",
        "user_agent": "agent/1.0",
        "referer": 'http://a/"x"',
        "decided_by": "server",
        "reason": None,
        "detail": None,
    }
    assert all(isinstance(value, int) and value >= 0 for value in times.values()), times
    parts = ["request_head_us", "queue_us", "connect_us", "response_head_us", "response_body_us"]
    assert sum(times[part] for part in parts) <= times["total_us"] + len(parts)
    assert second["reused"] is True
    assert second["connect_us"] < 1_000_000


def test_times_say_where_a_request_spent_them(fairlead: Fairlead, log: AccessLogFile, start_origin):
    apply(fairlead, site(start_origin("w1").server()))
    with fairlead.open() as wire:
        assert wire.request(get("/delay/300ms")).status == 200
    entry = log.wait(1)[0]
    assert 300_000 <= entry["response_head_us"] <= entry["total_us"] < 20_000_000


def test_bodies_are_counted_without_their_framing(fairlead: Fairlead, log: AccessLogFile, start_origin):
    apply(fairlead, site(start_origin("w1").server()))
    with fairlead.open() as wire:
        wire.send(get("/echo", "Transfer-Encoding: chunked", method="POST") + "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n")
        assert wire.read_response().body == b"hello!"
        wire.send(get("/", method="HEAD"))
        assert wire.read_head().status == 200
    posted, head = log.wait(2)
    assert picked(posted, "method", "bytes_received", "bytes_sent") == ("POST", 6, 6)
    assert picked(head, "method", "bytes_received", "bytes_sent", "status") == ("HEAD", 0, 0, 200)


def test_an_answer_of_the_proxy_counts_its_body(fairlead: Fairlead, log: AccessLogFile):
    apply(fairlead, site())
    with fairlead.open() as wire:
        body = wire.request(get("/")).body
    assert log.wait(1)[0]["bytes_sent"] == len(body)


def test_secrets_appear_only_where_they_are_named(fairlead: Fairlead, log: AccessLogFile):
    response = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: secret=s3t\r\nServer: one\r\nX-Two: a\r\nx-two: b\r\nContent-Length: 0\r\n\r\n"
    )
    fields = "Authorization: Basic c3VwZXI=\r\nCookie: c00k\r\nProxy-Authorization: pr0xy\r\nX-Trace: 7"
    with ScriptedOrigin(answering(response)) as origin:
        server = {"id": "s", "address": origin.address}
        apply(fairlead, site(server))
        with fairlead.open() as wire:
            assert wire.request(get("/", fields)).status == 200
            log.wait(1)
            apply(
                fairlead,
                site(
                    server,
                    access_log={
                        "request_headers": ["Authorization", "x-trace", "x-none"],
                        "response_headers": ["X-Two", "server"],
                    },
                ),
            )
            assert wire.request(get("/", fields)).status == 200
    text = b"\n".join(log.lines()[:1])
    assert not re.search(rb"c3VwZXI|c00k|pr0xy|s3t", text)
    named = log.wait(2)[1]
    assert {name: value for name, value in named.items() if "_header." in name} == {
        "request_header.authorization": "Basic c3VwZXI=",
        "request_header.x-trace": "7",
        "request_header.x-none": None,
        "response_header.x-two": "a, b",
        "response_header.server": "one",
    }
    assert not re.search(rb"c00k|pr0xy|s3t", log.lines()[1])


def test_a_listener_may_have_a_format_or_no_log(fairlead: Fairlead, log: AccessLogFile, start_origin):
    origin = start_origin("w1")
    form = '%{client} "%{method} %{path}" %{status} %{reason} 100%% %{request_header.x-a}'
    apply(fairlead, site(origin.server(), access_log={"format": form, "request_headers": ["X-A"]}))
    with fairlead.open() as wire:
        client = "{}:{}".format(*wire.socket.getsockname())
        assert wire.request(get("/x", 'X-A: a"b\\c')).status == 200
        wait_until(log.lines, "the line is there")
        assert log.lines() == [f'{client} "GET /x" 200 - 100% a\\x22b\\x5cc'.encode()]
        apply(fairlead, site(origin.server(), access_log={"off": True}))
        assert wire.request(get("/unseen")).status == 200
        apply(fairlead, site(origin.server(), access_log={"format": "%{path}"}))
        assert wire.request(get("/seen")).status == 200
        wait_until(lambda: len(log.lines()) == 2, "the next line is there")
        assert log.lines()[1] == b"/seen"


def test_an_unknown_field_is_refused_with_those_that_are_known(fairlead: Fairlead):
    with fairlead.connect() as control:
        violation = control.reject_snapshot(site(access_log={"format": "%{nothing}"})).violations[0]
    assert violation.path == 'listeners["web"].access_log.format'
    assert violation.message.startswith('unknown field "nothing"; known are time, type, listener')


HOSTILE = {
    "quote and JSON": b'/"},{"status":200}',
    "backslashes": b"/\\\\\"\\n",
    "every visible byte": bytes(range(0x21, 0x7F)).replace(b"#", b""),
}


@pytest.mark.parametrize("target", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_bytes_of_a_client_break_a_line(fairlead: Fairlead, log: AccessLogFile, start_origin, target: bytes):
    apply(fairlead, site(start_origin("w1").server()))
    agent = b"a\xff\xc3\xbc\xe2\x80\xae\xc2\x9b\t\"z\\"
    path = target if target.startswith(b"/") else b"/" + target
    with fairlead.open() as wire:
        wire.send(b"GET " + path + b" HTTP/1.1\r\nHost: test.example\r\nUser-Agent: " + agent + b"\r\n\r\n")
        assert wire.read_response().status in (200, 404)
    entry = log.wait(1)[0]
    assert entry["path"] == path.decode()
    assert entry["user_agent"] == 'a\\xffü\u202e\u009b\t"z\\'
    assert b"\x1b" not in log.lines()[0] and b"\xc2\x9b" not in log.lines()[0]


def test_bytes_that_no_request_may_have_are_logged_without_harm(fairlead: Fairlead, log: AccessLogFile):
    apply(fairlead, site())
    refused = [
        b"GET /a\xff\x1b[2J HTTP/1.1\r\nHost: a\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\"}\nb\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]
    for request in refused:
        with fairlead.open() as wire:
            wire.send(request)
            assert wire.read_response().status == 400
    for entry in log.wait(len(refused)):
        assert outcome(entry) == (400, "proxy", "malformed_request")
        assert entry["detail"]


# What became of the request.


def test_a_request_that_nobody_routes_says_so(fairlead: Fairlead, log: AccessLogFile):
    snapshot = site()
    snapshot["route_tables"] = [
        configs.route_table(configs.rule("api", "web", match={"path_prefix": "/api/"}), domains=["test"])
    ]
    apply(fairlead, snapshot)
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 404
        assert wire.request(b"GET / HTTP/1.1\r\nHost: other\r\n\r\n").status == 404
        assert wire.request(get("/api/x")).status == 503
    no_route, no_host, no_server = log.wait(3)
    assert outcome(no_route) == (404, "proxy", "no_route")
    assert picked(no_route, "route_table", "virtual_host", "rule", "backend") == ("main", "all", None, None)
    assert outcome(no_host) == (404, "proxy", "no_virtual_host")
    assert picked(no_host, "route_table", "virtual_host", "authority") == ("main", None, "other")
    assert outcome(no_server) == (503, "proxy", "no_eligible_server")
    assert picked(no_server, "rule", "backend", "server", "attempts", "reused") == ("api", "web", None, 0, None)


def test_a_server_that_cannot_be_reached(fairlead: Fairlead, log: AccessLogFile):
    address = closed_port()
    apply(fairlead, site({"id": "gone", "address": address}))
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 502
    entry = log.wait(1)[0]
    assert outcome(entry) == (502, "proxy", "connect_failed")
    assert picked(entry, "server", "server_address", "attempts", "detail") == ("gone", address, 3, "Connection refused")
    assert entry["connect_us"] is None and entry["response_head_us"] is None


def test_a_server_that_does_not_take_connections(fairlead: Fairlead, log: AccessLogFile):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = "127.0.0.1:%d" % full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(full.getsockname())
        apply(fairlead, site({"id": "full", "address": address}, timeouts={"connect": "0.1s"}))
        with fairlead.open() as wire:
            assert wire.request(get("/")).status == 504
        for connection in waiting:
            connection.close()
    assert outcome(log.wait(1)[0]) == (504, "proxy", "connect_timeout")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (b"", (502, "proxy", "server_closed")),
        (b"nonsense\r\n\r\n", (502, "proxy", "response_malformed")),
        (b"HTTP/1.1 200", (502, "proxy", "response_truncated")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", (200, "server", "response_truncated")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nz", (200, "server", "response_malformed")),
    ],
    ids=["nothing", "nonsense", "half a head", "half a body", "a bad chunk"],
)
def test_a_server_that_fails(fairlead: Fairlead, log: AccessLogFile, response: bytes, expected: tuple):
    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send(response)

    with ScriptedOrigin(script) as origin:
        apply(fairlead, site({"id": "bad", "address": origin.address}))
        with fairlead.open() as wire:
            wire.send(get("/"))
            wire.take_rest() if expected[0] == 200 else wire.read_response()
    entry = log.wait(1)[0]
    assert outcome(entry) == expected
    assert entry["server"] == "bad"


def test_servers_and_clients_that_are_too_slow(fairlead: Fairlead, log: AccessLogFile, start_origin):
    http = {"header_timeout": "1s"}
    timeouts = {"response": "0.2s", "idle": "0.2s"}
    apply(fairlead, site(start_origin("w1").server(), http=http, timeouts=timeouts))
    with fairlead.open() as wire:
        assert wire.request(get("/delay/10s")).status == 504
    with fairlead.open() as wire:
        wire.send(get("/upload", "Content-Length: 5", method="POST") + "he")
        assert wire.read_response().status == 408
    with fairlead.open() as wire:
        wire.send("GET /slow HTTP/1.1\r\nHost: te")
        assert wire.read_response().status == 408
    late, body, head = log.wait(3)
    assert outcome(late) == (504, "proxy", "response_timeout")
    assert late["total_us"] >= 150_000  # timers count whole milliseconds from the beginning of the turn that set them
    assert outcome(body) == (408, "proxy", "request_body_timeout")
    assert picked(body, "bytes_received", "request_body_us") == (2, None)
    assert outcome(head) == (408, "proxy", "header_timeout")
    assert picked(head, "method", "path", "authority", "server") == ("GET", "/slow", None, None)


def test_a_response_that_does_not_go_on(fairlead: Fairlead, log: AccessLogFile):
    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        wire.take_rest()

    with ScriptedOrigin(script) as origin:
        apply(fairlead, site({"id": "s", "address": origin.address}, timeouts={"idle": "0.2s"}))
        with fairlead.open() as wire:
            wire.send(get("/"))
            wire.take_rest()
    entry = log.wait(1)[0]
    assert outcome(entry) == (200, "proxy", "idle_timeout")
    assert entry["bytes_sent"] == 5


def send_until_cut(wire: Wire, size: int) -> None:
    try:
        wire.send(bytes(size))
    except OSError:
        pass


def test_a_server_that_does_not_read(fairlead: Fairlead, log: AccessLogFile):
    given_up = threading.Event()

    def script(wire: Wire) -> None:
        wire.read_head()
        given_up.wait(20)

    with ScriptedOrigin(script) as origin:
        apply(fairlead, site({"id": "s", "address": origin.address}, timeouts={"idle": "1s"}))
        with fairlead.open() as wire:
            size = 64 * 1024 * 1024
            wire.send(get("/", f"Content-Length: {size}", method="POST"))
            sender = threading.Thread(target=send_until_cut, args=(wire, size))
            sender.start()
            entry = log.wait(1)[0]
            given_up.set()
        sender.join()
    assert outcome(entry) == (504, "proxy", "request_stalled")
    assert 0 < entry["bytes_received"] < size


def test_a_server_that_is_taken_out_of_service(fairlead: Fairlead, log: AccessLogFile, start_origin):
    origin = start_origin("w1")
    apply(fairlead, site(origin.server()))
    with fairlead.open() as wire:
        wire.send(get("/delay/60s", "Content-Length: 1", method="POST") + "x")
        wait_until(lambda: origin.stats()["requests"] == 1, "the request is there")
        apply(fairlead, site(origin.server(admin_state="MAINT")))
        assert wire.read_response().status == 502
    entry = log.wait(1)[0]
    assert outcome(entry) == (502, "proxy", "server_abandoned")
    assert picked(entry, "revision", "server") == (1, "w1"), "it belongs to the revision that it was served by"


def test_clients_that_leave(fairlead: Fairlead, log: AccessLogFile, start_origin):
    origin = start_origin("w1")
    apply(fairlead, site(origin.server()))
    with fairlead.open() as wire:
        wire.send("GET /half HTTP/1.1\r\nHo")
    assert outcome(log.wait(1)[0]) == (None, "client", "client_disconnected")
    assert picked(log.wait(1)[0], "method", "path", "protocol", "attempts") == ("GET", "/half", None, 0)
    wire = fairlead.open()
    wire.send(get("/delay/60s"))
    wait_until(lambda: origin.stats()["requests"] == 1, "the request is there")
    wire.reset()
    assert outcome(log.wait(2)[1]) == (None, "client", "client_disconnected")
    wire = fairlead.open()
    wire.send(get("/stream/100000000"))
    assert wire.read_head().status == 200
    wire.take(100_000)
    wire.reset()
    entry = log.wait(3)[2]
    assert outcome(entry) == (200, "client", "client_disconnected")
    assert 100_000 <= entry["bytes_sent"] < 100_000_000


def test_clients_that_do_not_read(fairlead: Fairlead, log: AccessLogFile, start_origin):
    origin = start_origin("w1")
    apply(fairlead, site(origin.server(), timeouts={"idle": "1s"}))
    with Wire.connect(fairlead.listener(), receive_buffer=4096) as wire:
        wire.send(get("/stream/100000000"))
        assert outcome(log.wait(1)[0]) == (200, "proxy", "reader_timeout")


def test_a_body_that_is_too_large(fairlead: Fairlead, log: AccessLogFile, start_origin):
    apply(fairlead, site(start_origin("w1").server(), http={"max_body_bytes": 10}))
    with fairlead.open() as wire:
        wire.send(get("/upload", "Content-Length: 11", method="POST"))
        assert wire.read_response().status == 413
    entry = log.wait(1)[0]
    assert outcome(entry) == (413, "proxy", "body_too_large")
    assert entry["attempts"] == 0


def test_a_connection_without_a_request_leaves_no_entry(fairlead: Fairlead, log: AccessLogFile, start_origin):
    apply(fairlead, site(start_origin("w1").server()))
    fairlead.open().close()
    with fairlead.open() as wire:
        assert wire.request(get("/one")).status == 200
    wait_until(lambda: fairlead.metrics()["fairlead_open_connections"] == 0, "both have gone")
    assert [entry["path"] for entry in log.wait(1)] == ["/one"]


REFUSED = {
    "no Host": (b"GET /x HTTP/1.1\r\n\r\n", 400, "malformed_request", "/x"),
    "no version": (b"GET /x\r\n\r\n", 400, "malformed_request", "/x"),
    "HTTP/2.0": (b"GET /x HTTP/2.0\r\n\r\n", 505, "malformed_request", "/x"),
    "a long target": (b"GET /" + b"y" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long", "/" + "y" * 8191),
    "a large head": (b"GET /x HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40000 + b"\r\n\r\n", 431, "header_too_large", "/x"),
    "many fields": (b"GET /x HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431, "header_too_large", "/x"),
    "an expectation": (b"GET /x HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, "malformed_request", "/x"),
    "a bad chunk": (
        b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
        "malformed_request",
        "/x",
    ),
}


@pytest.mark.parametrize(("request_bytes", "status", "reason", "path"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_request_is_logged_as_far_as_it_was_understood(
    fairlead: Fairlead, log: AccessLogFile, start_origin, request_bytes: bytes, status: int, reason: str, path: str
):
    apply(fairlead, site(start_origin("w1").server()))
    with fairlead.open() as wire:
        wire.send(request_bytes)
        response = wire.read_response()
        assert response.status == status
    entry = log.wait(1)[0]
    assert outcome(entry) == (status, "proxy", reason)
    assert picked(entry, "method", "bytes_sent") == (request_bytes.split(b" ")[0].decode(), len(response.body))
    assert entry["detail"] in response.body.decode()
    assert entry["path"] == path


@pytest.mark.parametrize("how", ["reset", "close", "a rule", "header_timeout", "request_timeout"])
def test_a_head_of_http2_that_is_cut_off_is_logged_as_far_as_it_came(
    fairlead: Fairlead, log: AccessLogFile, start_origin, how: str
):
    times = {"header_timeout": "0.5s"} if how == "header_timeout" else {"request_timeout": "0.5s"}
    apply(fairlead, site(start_origin("w1").server(), http=times, access_log={"request_headers": ["x"]}))
    fields = h2_frames.block(*request("/long", ("x", "y" * 100), ("user-agent", "agent/1.0")))
    # No window: what would be answered stays where it is, and so does the stream.
    with H2Wire.connect(fairlead.listener(), settings={Setting.INITIAL_WINDOW_SIZE: 0}) as wire:
        head = h2_frames.headers(1, fields, end_headers=False)
        wire.send(head)
        received = 'fairlead_listener_received_bytes_total{listener="web"}'
        wait_until(lambda: fairlead.metrics()[received] > len(PREFACE) + len(head), "it has come")
        if how == "reset":
            wire.wire.reset()
        elif how == "a rule":
            wire.send(h2_frames.ping())
        elif how.endswith("timeout"):
            (entry,) = log.wait(1)
            # The rest comes too late for anybody, and may not find the exchange that was waiting for it.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                wire.send(h2_frames.continuation(1, h2_frames.block(("x", "late"))))
    (entry,) = log.wait(1)
    assert picked(entry, "path", "request_header.x", "user_agent") == ("/long", "y" * 100, "agent/1.0")
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200


def test_the_time_in_a_queue(fairlead: Fairlead, log: AccessLogFile, start_origin):
    origin = start_origin("w1")
    limits = {"queue_length": 1, "queue_timeout": "0.3s"}
    apply(fairlead, site(origin.server(max_requests=1), limits=limits))
    with fairlead.open() as busy, fairlead.open() as waiting:
        busy.send(get("/delay/10s"))
        wait_until(lambda: origin.stats()["requests"] == 1, "the server is busy")
        assert waiting.request(get("/")).status == 503
        entry = log.wait(1)[0]
    assert outcome(entry) == (503, "proxy", "queue_timeout")
    assert 250_000 <= entry["queue_us"] <= entry["total_us"]
    assert entry["server"] is None


def test_a_tunnel_is_told_at_its_end(fairlead: Fairlead, log: AccessLogFile):
    def script(wire: Wire) -> None:
        wire.read_head()
        wire.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
        wire.send(wire.take(5) + b"!")
        wire.take_rest()

    with ScriptedOrigin(script) as origin:
        apply(fairlead, site({"id": "s", "address": origin.address}))
        with fairlead.open() as wire:
            wire.send(get("/chat", "Upgrade: websocket", "Connection: upgrade"))
            assert wire.read_head().status == 101
            wire.send("hello")
            assert wire.take(6) == b"hello!"
            assert log.lines() == []
            wire.finish_writing()
            assert wire.take_rest() == b""
        entry = log.wait(1)[0]
    assert outcome(entry) == (101, "server", None)
    assert picked(entry, "path", "bytes_received", "bytes_sent", "server") == ("/chat", 5, 6, "s")
