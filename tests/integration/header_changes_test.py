"""Rules that change fields on their way; byte for byte, as servers and clients see them."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire, get

CHANGES = {
    "remove": ["X-Secret", "x-GONE"],
    "set": [{"name": "X-Set", "value": "new"}, {"name": "X-New", "value": "a, b"}],
    "add": [{"name": "X-Set", "value": "second"}, {"name": "X-Added", "value": ""}],
}

RESPONSE = (
    b"HTTP/1.1 200 Fine\r\nServer: s\r\nX-Secret: 1\r\nX-Keep: 1\r\nx-set: old\r\nX-Gone: 1\r\nX-Set: older\r\n"
    b"Date: today\r\nContent-Length: 2\r\n\r\nok"
)


@pytest.fixture
def heads() -> list[bytes]:
    """The heads of all requests that reached the origin."""
    return []


@pytest.fixture
def origin(heads: list[bytes]):
    def script(wire: Wire) -> None:
        while True:
            request = wire.read_request()
            heads.append(request.head)
            if request.target == "/hints":
                wire.send(b"HTTP/1.1 103 Early Hints\r\nX-Secret: 1\r\n\r\n")
            wire.send(b"HTTP/1.1 304 Not Modified\r\nX-Gone: 1\r\n\r\n" if request.target == "/304" else RESPONSE)

    with ScriptedOrigin(script) as started:
        yield started


@pytest.fixture
def changing(fairlead: Fairlead, origin: ScriptedOrigin) -> Fairlead:
    rules = [
        configs.rule("plain", "web", match={"path": "/plain"}),
        configs.rule("all", "web", request_headers=CHANGES, response_headers=CHANGES),
    ]
    with fairlead.connect() as control:
        control.replace(
            configs.site({"id": "s", "address": origin.address}) | {"route_tables": [configs.route_table(*rules)]}
        )
    return fairlead


REQUEST_FIELDS = ("X-First: 1", "x-secret: 2", "X-SET: old", "X-Gone: 3", "X-Set: older", "X-Last: 4")


def test_a_servers_request_has_the_changes(changing: Fairlead, heads: list[bytes]):
    with changing.open() as wire:
        for _ in range(2):
            assert wire.request(get("/a", *REQUEST_FIELDS)).status == 200
    expected = (
        b"GET /a HTTP/1.1\r\nHost: test\r\nX-First: 1\r\nX-Last: 4\r\n"
        b"X-Set: new\r\nX-New: a, b\r\nX-Set: second\r\nX-Added: \r\n\r\n"
    )
    assert heads == [expected, expected]


def test_a_clients_response_has_the_changes(changing: Fairlead):
    with changing.open() as wire:
        for _ in range(2):
            response = wire.request(get("/a"))
            assert response.head == (
                b"HTTP/1.1 200 Fine\r\nServer: s\r\nX-Keep: 1\r\nDate: today\r\n"
                b"X-Set: new\r\nX-New: a, b\r\nX-Set: second\r\nX-Added: \r\nContent-Length: 2\r\n\r\n"
            )
            assert response.body == b"ok"
        assert wire.request(get("/304")).head.startswith(b"HTTP/1.1 304 Not Modified\r\nX-Set: new\r\n")


def test_other_rules_requests_are_left_alone(changing: Fairlead, heads: list[bytes]):
    with changing.open() as wire:
        wire.request(get("/a"))
        assert wire.request(get("/plain", *REQUEST_FIELDS)).head + b"ok" == RESPONSE
        wire.request(get("/a"))
    assert heads[1] == ("GET /plain HTTP/1.1\r\nHost: test\r\n" + "\r\n".join(REQUEST_FIELDS) + "\r\n\r\n").encode()


def test_interim_responses_and_the_proxys_own_errors_are_left_alone(changing: Fairlead):
    with changing.open() as wire:
        wire.send(get("/hints"))
        assert wire.read_response(informational=True).head == b"HTTP/1.1 103 Early Hints\r\nX-Secret: 1\r\n\r\n"
        assert wire.read_response().get("x-new") == "a, b"
    with changing.connect() as control:
        control.apply(configs.remove_server("web", "s"))
    with changing.open() as wire:
        response = wire.request(get("/a"))
        assert (response.status, response.get("x-new")) == (503, None)


def test_what_frames_a_message_cannot_be_taken_out_by_naming_it_in_connection(changing: Fairlead, heads: list[bytes]):
    with changing.open() as wire:
        request = get("/a", "Connection: X-Set, X-New, X-First", "X-First: 1", "Content-Length: 2", method="POST")
        assert wire.request(request + "ok").status == 200
    assert heads == [
        b"POST /a HTTP/1.1\r\nHost: test\r\nX-Set: new\r\nX-New: a, b\r\nX-Set: second\r\nX-Added: \r\n"
        b"Content-Length: 2\r\n\r\n"
    ]
