"""Rules that answer by themselves, byte for byte."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.wire import get

LARGE = "0123456789abcdef" * 4096  # 64 KiB

ANSWERS = {
    "/text": {"status": 200, "body": "hello\n"},
    "/json": {"status": 503, "body": '{"error": "später"}', "content_type": "application/json"},
    "/empty": {"status": 404},
    "/none": {"status": 204},
    "/reset": {"status": 205},
    "/same": {"status": 304},
    "/odd": {"status": 599, "body": "odd"},
    "/large": {"status": 200, "body": LARGE},
}


@pytest.fixture
def answering(fairlead: Fairlead) -> Fairlead:
    """Without any backend."""
    rules = [
        {"id": f"r{i}", "match": {"path": path}, "respond": answer} for i, (path, answer) in enumerate(ANSWERS.items())
    ]
    rules[1]["response_headers"] = {
        "set": [{"name": "Retry-After", "value": "5"}, {"name": "content-type", "value": "application/problem+json"}],
        "add": [{"name": "X-Two", "value": "1"}, {"name": "X-Two", "value": "2"}],
    }
    with fairlead.connect() as control:
        control.replace({"listeners": [configs.listener()], "route_tables": [configs.route_table(*rules)]})
    return fairlead


CASES = [
    ("GET", "/text", "200 OK", ["Content-Type: text/plain; charset=utf-8"], 6, b"hello\n"),
    ("HEAD", "/text", "200 OK", ["Content-Type: text/plain; charset=utf-8"], 6, b""),
    ("LINK", "/text", "200 OK", ["Content-Type: text/plain; charset=utf-8"], 6, b"hello\n"),
    ("GET", "/empty", "404 Not Found", [], 0, b""),
    ("GET", "/none", "204 No Content", [], None, b""),
    ("GET", "/reset", "205 Reset Content", [], 0, b""),
    ("GET", "/same", "304 Not Modified", [], None, b""),
    ("GET", "/odd", "599 ", ["Content-Type: text/plain; charset=utf-8"], 3, b"odd"),
    ("GET", "/large", "200 OK", ["Content-Type: text/plain; charset=utf-8"], len(LARGE), LARGE.encode()),
    (
        "GET",
        "/json",
        "503 Service Unavailable",
        ["Retry-After: 5", "content-type: application/problem+json", "X-Two: 1", "X-Two: 2"],
        20,
        '{"error": "später"}'.encode(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]} {case[1]}" for case in CASES])
def test_an_answer_is_what_the_rule_says(answering: Fairlead, case: tuple):
    method, path, status, fields, length, body = case
    with answering.open() as wire:
        # Thrice on one connection: each response ends where the next begins.
        for _ in range(3):
            response = wire.request(get(path, method=method), method)
            lines = [f"HTTP/1.1 {status}", *fields, f"Date: {response.get('date')}"]
            if length is not None:
                lines.append(f"Content-Length: {length}")
            assert response.head.decode() == "\r\n".join(lines) + "\r\n\r\n"
            assert response.body == body


def test_a_client_of_http_1_0_gets_it_and_the_end(answering: Fairlead):
    with answering.open() as wire:
        wire.send("GET /text HTTP/1.0\r\n\r\n")
        response = wire.read_response()
        assert (response.body, response.get("connection"), wire.is_closed()) == (b"hello\n", "close", True)
    with answering.open() as wire:
        wire.send("GET /text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert wire.read_response().get("connection") == "keep-alive"
        assert wire.request(get("/text")).body == b"hello\n"


def test_pipelined_requests_are_answered_in_their_order(answering: Fairlead):
    with answering.open() as wire:
        wire.send(100 * (get("/text") + get("/none") + get("/empty")))
        statuses = [wire.read_response().status for _ in range(300)]
    assert statuses == 100 * [200, 204, 404]


def test_a_body_that_is_still_coming_is_dropped(answering: Fairlead):
    with answering.open() as wire:
        wire.send(get("/text", "Content-Length: 200000", method="POST") + "x" * 1000)
        assert wire.read_response().body == b"hello\n"
        wire.send("x" * 199_000 + get("/none"))
        assert wire.read_response().status == 204


def test_behind_an_error_a_body_that_is_still_coming_ends_the_connection(answering: Fairlead):
    with answering.open() as wire:
        wire.send(get("/empty", "Content-Length: 1000000", method="POST") + "x" * 1000)
        response = wire.read_response()
        assert (response.status, response.get("connection")) == (404, "close")
        assert wire.is_closed()


def test_no_body_is_asked_for(answering: Fairlead):
    with answering.open() as wire:
        wire.send(get("/text", "Content-Length: 5", "Expect: 100-continue", method="PUT"))
        response = wire.read_response(informational=True)
        assert (response.status, response.body) == (200, b"hello\n")


def test_answers_change_while_a_connection_stays(answering: Fairlead):
    with answering.connect() as control, answering.open() as wire:
        for i in range(20):
            rule = {"id": "r", "respond": {"status": 200, "body": f"answer {i}"}}
            control.apply({"upsert_route_table": configs.route_table(rule)})
            assert wire.request(get("/")).body == f"answer {i}".encode()
