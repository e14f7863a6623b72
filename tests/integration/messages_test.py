"""What becomes of a message on its way through (RFC 9110, RFC 9112)."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.wire import Wire, get


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server()))
    return started


def serve(fairlead: Fairlead, origin: ScriptedOrigin) -> None:
    with fairlead.connect() as control:
        control.replace(configs.site({"id": "scripted", "address": origin.address}))


def test_a_response_to_head_has_a_length_but_no_body(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        response = wire.request(get("/", method="HEAD"), "HEAD")
        assert (response.status, response.get("content-length")) == (200, "3")
        assert wire.request(get("/chunked", method="HEAD"), "HEAD").status == 200
        # The next response begins where it should.
        assert wire.request(get("/")).body == b"w1\n"


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_a_body_ends_with_its_head(fairlead: Fairlead, origin: Origin, status: int):
    with fairlead.open() as wire:
        response = wire.request(get(f"/status/{status}"))
        assert response.status == status
        assert response.get("transfer-encoding") is None
        if status == 204:
            assert response.get("content-length") is None  # RFC 9110 §8.6
        assert wire.request(get("/")).body == b"w1\n"


def test_statuses_pass_through(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        for status in (200, 201, 299, 301, 404, 418, 500, 599):
            assert wire.request(get(f"/status/{status}")).status == status


def test_chunks_and_trailers_come_through_to_the_client(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        response = wire.request(get("/trailers", "TE: trailers"))
        assert response.body == b"body\n"
        assert [(name.lower(), value) for name, value in response.trailers] == [
            ("x-first", "1"),
            ("x-second", "two words"),
        ]


def test_chunks_and_trailers_come_through_to_the_origin(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/echo", "Transfer-Encoding: chunked", "TE: trailers", "Trailer: X-Sum", method="POST"))
        wire.send("5;name=value\r\nhello\r\n")
        wire.send("6\r\n world\r\n0\r\nX-Sum: 42\r\n\r\n")
        response = wire.read_response()
        assert response.body == b"hello world"
        assert [(name.lower(), value) for name, value in response.trailers] == [("x-sum", "42")]
    assert origin.stats()["malformed"] == []


def test_a_field_that_frames_is_not_taken_from_trailers(fairlead: Fairlead):
    # RFC 9110 §6.5.1: fields for framing, routing or authentication must not come in trailers.
    heads: list[bytes] = []

    def script(wire: Wire) -> None:
        request = wire.read_request()
        heads.append(request.head)
        trailers = "".join(f"{name}: {value};" for name, value in request.trailers).lower()
        body = trailers.encode()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    with ScriptedOrigin(script) as scripted:
        serve(fairlead, scripted)
        with fairlead.open() as wire:
            wire.send(get("/", "Transfer-Encoding: chunked", method="POST"))
            wire.send("1\r\na\r\n0\r\nContent-Length: 5\r\nHost: evil\r\nX-Good: 1\r\n\r\n")
            response = wire.read_response()
            if response.status == 200:
                assert b"content-length" not in response.body
                assert b"host" not in response.body
            else:
                assert response.status == 400


def test_a_body_until_close_comes_through(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        response = wire.request(get("/stream-until-close/100000"))
        assert len(response.body) == 100_000


def test_early_hints_come_before_the_response(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/1xx"))
        hints = wire.read_response(informational=True)
        assert hints.status == 103
        assert hints.get("link") == "</style.css>; rel=preload"
        assert wire.read_response(informational=True).status == 200


def test_http_1_0_hears_no_1xx(fairlead: Fairlead, origin: Origin):
    # RFC 9110 §15.2: a server must not send a 1xx to an HTTP/1.0 client.
    with fairlead.open() as wire:
        wire.send(get("/1xx", version="1.0"))
        assert wire.read_response(informational=True).status == 200


def test_expect_is_answered_before_the_body_is_sent(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        for _ in range(3):
            wire.send(get("/echo", "Content-Length: 5", "Expect: 100-continue", method="PUT"))
            assert wire.read_response(informational=True).status == 100
            wire.send("hello")
            response = wire.read_response(informational=True)
            assert (response.status, response.body) == (200, b"hello")


def test_a_refused_expectation_is_heard_at_once(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/refuse-expect", "Content-Length: 5", "Expect: 100-continue", method="PUT"))
        assert wire.read_response(informational=True).status in (100, 417)


def test_expect_with_the_body_sent_at_once_is_served(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        wire.send(get("/echo", "Content-Length: 5", "Expect: 100-continue", method="PUT") + "hello")
        assert wire.read_response().body == b"hello"
        assert wire.request(get("/")).body == b"w1\n"


def test_fields_of_one_hop_stay_there(fairlead: Fairlead, origin: Origin):
    # RFC 9110 §7.6.1.
    with fairlead.open() as wire:
        response = wire.request(
            get(
                "/headers",
                "Connection: keep-alive, X-Mine",
                "Keep-Alive: timeout=5",
                "Proxy-Connection: keep-alive",
                "X-Mine: secret",
                "X-Other: stays",
            )
        )
    sent = response.body.decode().lower()
    assert "x-other: stays" in sent
    assert "x-mine: secret" not in sent
    assert "keep-alive: timeout" not in sent
    assert "proxy-connection" not in sent
    assert "host: test" in sent


def test_fields_of_one_hop_do_not_come_back(fairlead: Fairlead):
    response = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Mine, keep-alive\r\nX-Mine: 1\r\n"
        b"Keep-Alive: timeout=5\r\nX-Other: stays\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nok"
    )
    with ScriptedOrigin(answering(response)) as scripted:
        serve(fairlead, scripted)
        with fairlead.open() as wire:
            answer = wire.request(get("/"))
    assert answer.get("x-mine") is None
    assert answer.get("keep-alive") is None
    assert answer.get("x-other") == "stays"
    assert answer.all("set-cookie") == ["a=1", "b=2"]


def test_a_target_in_absolute_form_is_served(fairlead: Fairlead, origin: Origin):
    # RFC 9112 §3.2.2: its authority takes the place of Host.
    with fairlead.open() as wire:
        response = wire.request("GET http://test/headers HTTP/1.1\r\nHost: other\r\n\r\n")
        assert response.status == 200
        assert b"host: test\r\n" in response.body.lower()


def test_unusual_methods_pass(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        for method in ("OPTIONS", "DELETE", "PATCH", "PROPFIND", "X-OWN"):
            response = wire.request(get("/headers", method=method))
            assert response.body.startswith(method.encode() + b" /headers HTTP/1.1\r\n")


def test_every_byte_that_a_value_may_hold_passes(fairlead: Fairlead, origin: Origin):
    value = bytes(range(0x21, 0x7F)) + bytes(range(0x80, 0x100))
    with fairlead.open() as wire:
        response = wire.request(b"GET /headers HTTP/1.1\r\nHost: test\r\nX-Bytes: a\t " + value + b"\r\n\r\n")
        assert b": a\t " + value + b"\r\n" in response.body


def test_the_query_and_odd_paths_are_not_touched(fairlead: Fairlead, origin: Origin):
    with fairlead.open() as wire:
        for target in ("/headers?a=b&c=%20d", "/headers?", "/headers?/../x"):
            assert wire.request(get(target)).body.startswith(f"GET {target} HTTP/1.1\r\n".encode())
