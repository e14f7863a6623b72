"""The HTTP/2 ends are held against real peers: what nghttpd, curl and Python's h2 understand is HTTP/2."""

import ssl
import subprocess

import h2.config
import h2.connection
import pytest

from tests.support import h2_frames
from tests.support.certificates import Authority
from tests.support.h2_frames import Error, Kind, Setting
from tests.support.h2_programs import Nghttpd
from tests.support.h2_origin import H2Origin, answering_with
from tests.support.h2_wire import H2Wire, Stream, request
from tests.support.pattern import pattern
from tests.support.processes import Workbench


@pytest.fixture
def nghttpd(bench: Workbench) -> Nghttpd:
    (bench.directory / "body").write_bytes(pattern(300_000))
    return Nghttpd(bench)


def test_a_client_reads_what_nghttpd_sends(nghttpd: Nghttpd):
    with H2Wire.connect(nghttpd.address) as wire:
        first, missing = wire.open(request("/body")), wire.open(request("/missing"))
        wire.finish(first, missing)
        assert (first.status, bytes(first.body)) == (200, pattern(300_000))
        assert missing.status == 404
        wire.synchronize()
        assert wire.settings_acknowledged == 1


def test_a_client_keeps_to_the_windows(nghttpd: Nghttpd):
    with H2Wire.connect(nghttpd.address) as wire:
        echoed = wire.exchange(request("/", ("content-length", "300000"), method="POST"), pattern(300_000))
        assert bytes(echoed.body) == pattern(300_000)


def test_a_client_that_gives_no_window_gets_no_more_than_the_first(nghttpd: Nghttpd):
    with H2Wire.connect(nghttpd.address, settings={Setting.INITIAL_WINDOW_SIZE: 1000}) as wire:
        wire.gives_window = False
        stream = wire.open(request("/body"))
        wire.wait(lambda: len(stream.body) == 1000, "a window's worth has come")
        wire.synchronize()
        assert len(stream.body) == 1000
        wire.send(h2_frames.window_update(stream.id, 500))
        wire.wait(lambda: len(stream.body) == 1500, "more has come")


def test_nghttpd_refuses_what_is_malformed(nghttpd: Nghttpd):
    with H2Wire.connect(nghttpd.address) as wire:
        wire.send(h2_frames.data(0, b"x"))
        assert wire.read_to_end() == (0, Error.PROTOCOL_ERROR)
    with H2Wire.connect(nghttpd.address) as wire:
        wire.send(h2_frames.headers(1, b"\xff\xff\xff\xff\xff\xff"))
        assert wire.read_to_end()[1] == Error.COMPRESSION_ERROR
    with H2Wire.connect(nghttpd.address) as wire:
        stream = wire.open(request("/", ("Upper-Case", "x")))
        assert wire.finish(stream).reset == Error.PROTOCOL_ERROR


def test_a_block_in_many_frames_is_one(nghttpd: Nghttpd):
    with H2Wire.connect(nghttpd.address) as wire:
        block = h2_frames.block(*request("/body")) + h2_frames.literal("x", "y" * 300, indexed=True)
        stream = wire.new_stream()
        wire.send(h2_frames.headers_in_frames(stream.id, block, size=70))
        assert wire.finish(stream).status == 200
        other = wire.new_stream()
        wire.send(h2_frames.headers(other.id, h2_frames.block(*request("/missing")) + h2_frames.indexed(62)))
        assert wire.finish(other).status == 404


def _echo(wire: H2Wire, stream: Stream) -> None:
    wire.send_head(stream, [(":status", "103"), ("link", "</x>")])
    wire.send_head(stream, [(":status", "200"), ("x-method", stream.get(":method") or "")])
    wire.send_body(stream, bytes(stream.body), end=False)
    wire.send_head(stream, [("x-trailer", "end")], end=True)


def test_curl_understands_a_scripted_origin(bench: Workbench):
    (bench.directory / "upload").write_bytes(pattern(300_000))
    with H2Origin(_echo_all) as origin:
        ran = subprocess.run(
            ["curl", "-sS", "-i", "--http2-prior-knowledge", "--data-binary", "@upload", f"http://{origin.address}/"],
            cwd=bench.directory,
            capture_output=True,
            timeout=20,
        )
        assert ran.stderr == b""
        head, _, body = ran.stdout.partition(b"HTTP/2 200 \r\n")[2].partition(b"\r\n\r\n")
        assert b"x-method: POST" in head
        assert body.startswith(pattern(300_000))
        assert origin.errors == []


_echo_all = answering_with(_echo)


def test_curl_understands_a_scripted_origin_over_tls(bench: Workbench):
    authority = Authority()
    context = authority.intermediate().leaf("localhost").server_context("h2")
    (bench.directory / "root.pem").write_text(authority.roots)
    with H2Origin(_echo_all, tls=context) as origin:
        port = origin.address.rpartition(":")[2]
        ran = subprocess.run(
            ["curl", "-sS", "--http2", "--ipv4", "--cacert", "root.pem", "-d", "hello", f"https://localhost:{port}/"],
            cwd=bench.directory,
            capture_output=True,
            timeout=20,
        )
        assert (ran.stdout, ran.stderr) == (b"hello", b"")


def test_both_ends_over_tls_with_certificates_of_both():
    authority = Authority()
    context = authority.leaf("test", kind="rsa2048").server_context("h2")
    context.load_verify_locations(cadata=authority.roots)
    context.verify_mode = ssl.CERT_REQUIRED
    with H2Origin(_echo_all, tls=context) as origin:
        client = authority.leaf(for_clients=True, subject="somebody")
        with H2Wire.connect(origin.address, tls=authority.client_context("h2", identity=client)) as wire:
            answer = wire.exchange(request("/", method="POST"), pattern(200_000))
            assert bytes(answer.body) == pattern(200_000)
            assert answer.interim == [[(":status", "103"), ("link", "</x>")]]
            assert answer.trailers == [("x-trailer", "end")]
        assert origin.errors == []


def test_every_frame_is_what_another_reader_takes_it_for():
    reader = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, validate_inbound_headers=False))
    reader.initiate_connection()
    sent = b"".join(
        [
            h2_frames.PREFACE,
            h2_frames.settings({Setting.MAX_FRAME_SIZE: 20_000}),
            h2_frames.ping(),
            h2_frames.headers_in_frames(1, h2_frames.block(*request("/", ("x", "y" * 200))), end=False, size=50),
            h2_frames.data(1, b"body", padding=9),
            h2_frames.window_update(1, 7),
            h2_frames.priority(3, depends_on=1, weight=200),
            h2_frames.rst_stream(1, Error.CANCEL),
            h2_frames.goaway(0, Error.NO_ERROR, b"bye"),
        ]
    )
    names = [type(event).__name__ for event in reader.receive_data(sent)]
    assert names == [
        "RemoteSettingsChanged",
        "PingReceived",
        "RequestReceived",
        "DataReceived",
        "WindowUpdated",
        "PriorityUpdated",
        "StreamReset",
        "ConnectionTerminated",
    ]


def test_unknown_kinds_have_no_name():
    assert str(h2_frames.Frame(0xFA, 0, 0, b"x")).startswith("250 ")
    assert str(h2_frames.Frame(Kind.PING, 0, 0, b"x")).startswith("PING ")
